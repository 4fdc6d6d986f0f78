/* SPDX-License-Identifier: MIT */
#include "resolver/audit/judge.h"

#include "tests/unit/said.h"
#include "tests/unit/suite.h"

#include <stdlib.h>

static struct question question_for(const char *name, uint16_t type)
{
    struct question question = {.type = type, .class = CLASS_IN};
    ck_assert_int_eq(name_from_text(name, &question.name), 0);
    name_lower(&question.name);
    return question;
}

/* One row: what the local resolver and two or three controls say, at both meetings alike. */
struct row {
    const char *local;
    const char *controls[3]; /* NULL: there are no more */
};

static struct judge_case case_of(const struct row *row, size_t n_meetings)
{
    struct judge_case evidence = {.n_meetings = n_meetings};
    for (size_t m = 0; m < n_meetings; m++) {
        struct judge_meeting *meeting = &evidence.meetings[m];
        meeting->local = said_of(row->local);
        for (size_t i = 0; i < 3 && row->controls[i] != NULL; i++) {
            meeting->controls[meeting->n_controls++] = said_of(row->controls[i]);
        }
    }
    bool v6 = n_meetings > 0 && evidence.meetings[0].local.n > 0 &&
              evidence.meetings[0].local.at[0].n == 16;
    evidence.question = question_for("www.example.net", v6 ? TYPE_AAAA : TYPE_A);
    return evidence;
}

static struct judgement judge_row(const struct row *row, size_t n_meetings)
{
    struct judge_case evidence = case_of(row, n_meetings);
    return judge(&evidence);
}

static void expect_row(const struct row *row, enum verdict verdict, enum rule rule)
{
    struct judgement got = judge_row(row, JUDGE_MEETINGS_MAX);
    ck_assert_msg(got.verdict == verdict && got.rule == rule, "%s / %s: %s %s", row->local,
                  row->controls[0], verdict_word(got.verdict), rule_word(got.rule));
}

START_TEST(a_common_address_exonerates_whatever_else_is_said)
{
    const struct row rows[] = {
        {"198.18.5.7", {"198.18.5.7", "198.18.5.7"}},
        {"1.2.3.4 5.6.7.8", {"9.9.9.10", "5.6.7.8 9.9.9.11"}},
        {"10.0.0.1", {"10.0.0.1", "5.6.7.8"}},
        {"10.0.0.1 5.6.7.8", {"5.6.7.8", "5.6.7.9"}},
        {"0.0.0.0", {"0.0.0.0", "5.6.7.8", "5.6.7.8"}},
        {"2606:4700::1", {"2606:4700::1", "2606:4700::2"}},
        {"NXDOMAIN", {"NXDOMAIN", "NXDOMAIN"}},
        {"NODATA", {"NODATA", "NODATA"}},
        {"5.6.7.8", {"5.6.7.8", ""}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        expect_row(&rows[i], VERDICT_CONSISTENT, RULE_S1);
    }
}
END_TEST

START_TEST(what_the_client_was_told_exonerates_before_any_witness_is_asked)
{
    struct row row = {"5.6.7.8", {NULL}};
    struct judge_case evidence = case_of(&row, 1);
    evidence.told = said_of("5.6.7.9 5.6.7.8");
    struct judgement got = judge(&evidence);
    ck_assert_int_eq(got.verdict, VERDICT_CONSISTENT);
}
END_TEST

START_TEST(an_overlap_at_the_second_meeting_exonerates_the_first)
{
    struct row row = {"10.0.0.1", {"5.6.7.8", "5.6.7.8"}};
    struct judge_case evidence = case_of(&row, 2);
    evidence.meetings[1].local = said_of("5.6.7.8");
    ck_assert_int_eq(judge(&evidence).verdict, VERDICT_CONSISTENT);
}
END_TEST

START_TEST(addresses_that_merely_differ_prove_nothing)
{
    const struct row rows[] = {
        {"31.13.70.36", {"31.13.64.35", "31.13.91.36"}},
        {"36.86.63.182", {"5.6.7.8", "5.6.7.8"}},
        {"64:ff9b::506:708", {"2606:4700::1", "2606:4700::1"}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        expect_row(&rows[i], VERDICT_INCONCLUSIVE, RULE_NONE);
    }
}
END_TEST

static const char *const bogons_v4[] = {
    "0.0.0.0",     "0.1.2.3",        "10.10.34.34",     "100.64.0.1",     "100.127.255.255",
    "127.0.0.1",   "169.254.1.1",    "172.16.0.1",      "172.31.255.255", "192.0.2.1",
    "192.168.1.1", "198.51.100.7",   "203.0.113.9",     "224.0.0.1",      "239.255.255.250",
    "240.0.0.1",   "243.185.187.39", "255.255.255.255",
};
static const char *const bogons_v6[] = {
    "::",      "::1",         "fc00::1",  "fdff::1",     "fe80::1",        "febf::1",
    "2001::1", "2001:0:1::1", "ff02::fb", "2001:db8::1", "::ffff:5.6.7.8", "::ffff:10.0.0.1",
};
static const char *const globals[] = {
    "1.1.1.1",          "9.255.255.255",   "11.0.0.1",   "100.63.255.255",  "100.128.0.1",
    "128.0.0.1",        "172.15.255.255",  "172.32.0.1", "192.0.3.1",       "192.169.0.1",
    "198.51.101.1",     "223.255.255.255", "2001:1::1",  "2001:4860::8888", "2606:4700::1",
    "64:ff9b::102:304", "2001:db9::1",     "2a00::1",
};

START_TEST(bogons_are_told_from_addresses_that_can_be_public)
{
    for (size_t i = 0; i < sizeof bogons_v4 / sizeof bogons_v4[0]; i++) {
        struct address a = address_of(bogons_v4[i]);
        ck_assert_msg(address_is_bogon(&a), "%s", bogons_v4[i]);
    }
    for (size_t i = 0; i < sizeof bogons_v6 / sizeof bogons_v6[0]; i++) {
        struct address a = address_of(bogons_v6[i]);
        ck_assert_msg(address_is_bogon(&a), "%s", bogons_v6[i]);
    }
    for (size_t i = 0; i < sizeof globals / sizeof globals[0]; i++) {
        struct address a = address_of(globals[i]);
        ck_assert_msg(!address_is_bogon(&a), "%s", globals[i]);
    }
}
END_TEST

START_TEST(a_bogon_met_twice_is_a_confirmed_hijack)
{
    for (size_t i = 0; i < sizeof bogons_v4 / sizeof bogons_v4[0]; i++) {
        struct row row = {bogons_v4[i], {"5.6.7.8", "5.6.7.9"}};
        expect_row(&row, VERDICT_CONFIRMED, RULE_P2);
    }
    for (size_t i = 0; i < sizeof bogons_v6 / sizeof bogons_v6[0]; i++) {
        struct row row = {bogons_v6[i], {"2606:4700::1", "2606:4700::2"}};
        expect_row(&row, VERDICT_CONFIRMED, RULE_P2);
    }
}
END_TEST

START_TEST(the_judgement_names_artefact_finding_and_witnesses)
{
    struct row row = {"5.5.5.5 10.0.0.1", {"5.6.7.8", "5.6.7.9", "5.6.7.8"}};
    struct judgement got = judge_row(&row, 2);
    struct address artefact = address_of("10.0.0.1");
    ck_assert(address_equal(&got.artefact, &artefact));
    ck_assert_int_eq(got.finding, FINDING_HIJACK_BOGON);
    ck_assert_str_eq(finding_word(got.finding), "HIJACK_BOGON");
    ck_assert_uint_eq(got.n_witnesses, 3);
}
END_TEST

START_TEST(a_bogon_met_once_is_probable_and_wants_to_be_met_again)
{
    struct row row = {"10.0.0.1", {"5.6.7.8", "5.6.7.9"}};
    struct judgement got = judge_row(&row, 1);
    ck_assert_int_eq(got.verdict, VERDICT_PROBABLE);
    ck_assert(judgement_wants_recheck(&got, 1));
    ck_assert(!judgement_wants_recheck(&got, 2));
}
END_TEST

START_TEST(a_bogon_gone_at_the_second_meeting_proves_nothing)
{
    struct row row = {"10.0.0.1", {"5.6.7.8", "5.6.7.9"}};
    struct judge_case evidence = case_of(&row, 2);
    evidence.meetings[1].local = said_of("5.5.5.5");
    ck_assert_int_eq(judge(&evidence).verdict, VERDICT_INCONCLUSIVE);
}
END_TEST

START_TEST(a_bogon_through_what_may_be_the_users_own_filter_is_no_hijack)
{
    struct row row = {"0.0.0.0", {"5.6.7.8", "5.6.7.9"}};
    struct judge_case evidence = case_of(&row, 2);
    evidence.local_may_filter = true;
    struct judgement got = judge(&evidence);
    ck_assert_int_eq(got.verdict, VERDICT_PROBABLE);
    ck_assert_int_eq(got.finding, FINDING_FILTERED_LOCAL_OR_ISP);
    ck_assert(!judgement_wants_recheck(&got, 1));
}
END_TEST

START_TEST(a_name_that_is_bogus_by_its_owners_will_is_no_hijack)
{
    struct row row = {"192.168.7.7", {"192.168.7.8", "5.6.7.9"}};
    expect_row(&row, VERDICT_INCONCLUSIVE, RULE_NONE);
}
END_TEST

START_TEST(too_few_or_quarrelling_witnesses_confirm_nothing)
{
    const struct {
        struct row row;
        enum verdict verdict;
    } rows[] = {
        {{"10.0.0.1", {"5.6.7.8", NULL}}, VERDICT_PROBABLE},
        {{"10.0.0.1", {"5.6.7.8", ""}}, VERDICT_PROBABLE},
        {{"10.0.0.1", {"5.6.7.8", "SERVFAIL"}}, VERDICT_PROBABLE},
        {{"10.0.0.1", {"", ""}}, VERDICT_NO_DATA},
        {{"10.0.0.1", {NULL}}, VERDICT_NO_DATA},
        {{"10.0.0.1", {"5.6.7.8", "5.6.7.8", "NXDOMAIN"}}, VERDICT_NO_DATA},
        {{"10.0.0.1", {"NXDOMAIN", "NXDOMAIN"}}, VERDICT_INCONCLUSIVE},
        {{"10.0.0.1", {"NODATA", "NODATA"}}, VERDICT_INCONCLUSIVE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct judgement got = judge_row(&rows[i].row, 2);
        ck_assert_msg(got.verdict == rows[i].verdict, "row %zu: %s", i, verdict_word(got.verdict));
    }
}
END_TEST

START_TEST(a_control_that_filters_is_no_witness)
{
    struct row row = {"10.0.0.1", {"5.6.7.8", "5.6.7.9"}};
    for (int16_t ede = 15; ede <= 17; ede++) {
        struct judge_case evidence = case_of(&row, 2);
        evidence.meetings[1].controls[0].ede = ede;
        ck_assert_int_eq(judge(&evidence).verdict, VERDICT_PROBABLE);
    }
    struct judge_case by_config = case_of(&row, 2);
    by_config.meetings[0].controls[1].filters = true;
    ck_assert_int_eq(judge(&by_config).verdict, VERDICT_PROBABLE);

    struct row by_address = {"10.0.0.1", {"5.6.7.8", "0.0.0.0"}};
    ck_assert_int_eq(judge_row(&by_address, 2).verdict, VERDICT_PROBABLE);
    struct row two_left = {"10.0.0.1", {"5.6.7.8", "0.0.0.0", "5.6.7.9"}};
    expect_row(&two_left, VERDICT_CONFIRMED, RULE_P2);
}
END_TEST

START_TEST(what_the_client_was_told_is_no_witness)
{
    struct row row = {"10.0.0.1", {"5.6.7.8", NULL}};
    struct judge_case evidence = case_of(&row, 2);
    evidence.told = said_of("5.6.7.9");
    ck_assert_int_eq(judge(&evidence).verdict, VERDICT_PROBABLE);
}
END_TEST

START_TEST(an_unusable_resolver_is_not_judged)
{
    struct row silent = {"", {"5.6.7.8", "5.6.7.8"}};
    expect_row(&silent, VERDICT_UNUSABLE, RULE_G3);
    struct row row = {"NODATA", {"5.6.7.8", "5.6.7.8"}};
    struct judge_case evidence = case_of(&row, 2);
    evidence.meetings[0].local.flags = FLAG_QR; /* RA=0: it does not resolve for us */
    ck_assert_int_eq(judge(&evidence).verdict, VERDICT_UNUSABLE);
}
END_TEST

START_TEST(an_address_from_a_resolver_that_does_not_resolve_is_probable_at_most)
{
    struct row row = {"10.0.0.1", {"5.6.7.8", "5.6.7.8"}};
    struct judge_case evidence = case_of(&row, 2);
    evidence.meetings[0].local.flags = FLAG_QR;
    ck_assert_int_eq(judge(&evidence).verdict, VERDICT_PROBABLE);
}
END_TEST

START_TEST(a_resolver_that_fails_the_control_name_is_not_judged)
{
    const char *const fails[] = {"", "SERVFAIL", "REFUSED", "NXDOMAIN", "NODATA"};
    struct row row = {"10.0.0.1", {"5.6.7.8", "5.6.7.8"}};
    for (size_t i = 0; i < sizeof fails / sizeof fails[0]; i++) {
        struct judge_case evidence = case_of(&row, 2);
        evidence.sandwiched = true;
        evidence.control_name = said_of(fails[i]);
        struct judgement got = judge(&evidence);
        ck_assert_int_eq(got.verdict, VERDICT_UNUSABLE);
        ck_assert_int_eq(got.rule, RULE_G3);
    }
}
END_TEST

START_TEST(a_network_that_gives_one_address_for_everything_is_captive)
{
    struct row row = {"10.0.0.1", {"5.6.7.8", "5.6.7.8"}};
    struct judge_case evidence = case_of(&row, 2);
    evidence.sandwiched = true;
    evidence.control_name = said_of("10.0.0.1");
    struct judgement got = judge(&evidence);
    ck_assert_int_eq(got.verdict, VERDICT_UNUSABLE);
    ck_assert_int_eq(got.rule, RULE_G2);
}
END_TEST

START_TEST(names_that_are_not_public_are_not_judged)
{
    const char *const ineligible[] = {
        ".",
        "localhost",
        "intranet",
        "printer.local",
        "nas.lan",
        "a.home.arpa",
        "1.0.0.127.in-addr.arpa",
        "x.ip6.arpa",
        "git.corp",
        "tv.home",
        "a.internal",
        "example.test",
        "x.invalid",
        "foo.localhost",
        "abc.onion",
        "NAS.LAN",
        "a.alt",
        "pc.localdomain",
    };
    const char *const eligible[] = {"example.com", "www.local.example.net", "lan.example.org",
                                    "home.com", "xn--p1ai.xn--p1ai"};
    for (size_t i = 0; i < sizeof ineligible / sizeof ineligible[0]; i++) {
        struct row row = {"10.0.0.1", {"5.6.7.8", "5.6.7.8"}};
        struct judge_case evidence = case_of(&row, 2);
        evidence.question = question_for(ineligible[i], TYPE_A);
        ck_assert_msg(judge(&evidence).rule == RULE_G1, "%s", ineligible[i]);
    }
    for (size_t i = 0; i < sizeof eligible / sizeof eligible[0]; i++) {
        struct question question = question_for(eligible[i], TYPE_AAAA);
        ck_assert_msg(judge_is_eligible(&question), "%s", eligible[i]);
    }
    struct question mx = question_for("example.com", TYPE_MX);
    ck_assert(!judge_is_eligible(&mx));
}
END_TEST

/* A run of the probe in which the three names are answered so. */
struct probe_row {
    const char *names[JUDGE_PROBE_NAMES];
    const char *control_name;
    const char *witnesses[2];
};

static struct judge_probe probe_of(const struct probe_row *row, size_t n_runs)
{
    struct judge_probe evidence = {.n_runs = n_runs};
    for (size_t r = 0; r < n_runs; r++) {
        struct judge_probe_run *run = &evidence.runs[r];
        run->control_name = said_of(row->control_name);
        for (unsigned i = 0; i < JUDGE_PROBE_NAMES; i++) {
            run->names[i].tld = i;
            run->names[i].meeting.local = said_of(row->names[i]);
            for (size_t k = 0; k < 2 && row->witnesses[k] != NULL; k++) {
                run->names[i].meeting.controls[k] = said_of(row->witnesses[k]);
                run->names[i].meeting.n_controls++;
            }
        }
    }
    return evidence;
}

static const struct probe_row rewritten = {
    {"62.138.238.45 62.138.239.45", "62.138.239.45 62.138.238.45", "NXDOMAIN"},
    "93.184.216.34",
    {"NXDOMAIN", "NXDOMAIN"},
};

static enum verdict probe_verdict(const struct probe_row *row)
{
    struct judge_probe evidence = probe_of(row, 2);
    return judge_probe(&evidence).verdict;
}

START_TEST(addresses_for_names_that_do_not_exist_are_a_confirmed_rewrite)
{
    struct judge_probe evidence = probe_of(&rewritten, 2);
    struct judgement got = judge_probe(&evidence);
    ck_assert_int_eq(got.verdict, VERDICT_CONFIRMED);
    ck_assert_int_eq(got.rule, RULE_P3);
    ck_assert_int_eq(got.finding, FINDING_NXDOMAIN_REWRITE);
    ck_assert_uint_eq(got.n_witnesses, 2);
}
END_TEST

START_TEST(a_rewrite_met_once_is_probable)
{
    struct judge_probe evidence = probe_of(&rewritten, 1);
    struct judgement got = judge_probe(&evidence);
    ck_assert_int_eq(got.verdict, VERDICT_PROBABLE);
    ck_assert(judgement_wants_recheck(&got, 1));
}
END_TEST

START_TEST(one_name_or_names_of_one_tld_are_no_rewrite)
{
    struct probe_row one = rewritten;
    one.names[1] = "NXDOMAIN";
    ck_assert_int_eq(probe_verdict(&one), VERDICT_INCONCLUSIVE);
    struct probe_row different = rewritten;
    different.names[1] = "8.8.4.4";
    ck_assert_int_eq(probe_verdict(&different), VERDICT_INCONCLUSIVE);

    struct judge_probe same_tld = probe_of(&rewritten, 2);
    same_tld.runs[0].names[1].tld = 0;
    ck_assert_int_ne(judge_probe(&same_tld).verdict, VERDICT_CONFIRMED);
}
END_TEST

START_TEST(an_honest_resolver_is_consistent_and_a_broken_one_is_not_judged)
{
    struct probe_row honest = {{"NXDOMAIN", "NXDOMAIN", "NXDOMAIN"}, "93.184.216.34", {NULL}};
    ck_assert_int_eq(probe_verdict(&honest), VERDICT_CONSISTENT);
    struct probe_row silent = {{"", "", ""}, "", {NULL}};
    ck_assert_int_eq(probe_verdict(&silent), VERDICT_UNUSABLE);
    struct probe_row refusing = {{"REFUSED", "REFUSED", "REFUSED"}, "REFUSED", {NULL}};
    ck_assert_int_eq(probe_verdict(&refusing), VERDICT_INCONCLUSIVE);
}
END_TEST

START_TEST(a_captive_portal_is_no_rewrite)
{
    struct probe_row captive = rewritten;
    captive.names[2] = rewritten.names[0];
    captive.control_name = "62.138.238.45";
    struct judge_probe evidence = probe_of(&captive, 2);
    struct judgement got = judge_probe(&evidence);
    ck_assert_int_eq(got.verdict, VERDICT_UNUSABLE);
    ck_assert_int_eq(got.rule, RULE_G2);
}
END_TEST

START_TEST(a_rewrite_needs_a_working_control_name_and_two_witnesses)
{
    struct probe_row no_control = rewritten;
    no_control.control_name = "SERVFAIL";
    ck_assert_int_eq(probe_verdict(&no_control), VERDICT_UNUSABLE);
    struct probe_row one_witness = rewritten;
    one_witness.witnesses[1] = "";
    ck_assert_int_eq(probe_verdict(&one_witness), VERDICT_PROBABLE);
    struct probe_row no_witness = rewritten;
    no_witness.witnesses[0] = no_witness.witnesses[1] = "SERVFAIL";
    ck_assert_int_eq(probe_verdict(&no_witness), VERDICT_NO_DATA);
    struct probe_row exists = rewritten;
    exists.witnesses[1] = "5.6.7.8";
    ck_assert_int_eq(probe_verdict(&exists), VERDICT_NO_DATA);
}
END_TEST

START_TEST(a_filter_that_allows_only_some_names_is_no_rewrite)
{
    struct probe_row allowlist = rewritten;
    allowlist.names[0] = allowlist.names[1] = "0.0.0.0";
    struct judge_probe evidence = probe_of(&allowlist, 2);
    evidence.local_may_filter = true;
    struct judgement got = judge_probe(&evidence);
    ck_assert_int_eq(got.verdict, VERDICT_PROBABLE);
    ck_assert_int_eq(got.finding, FINDING_FILTERED_LOCAL_OR_ISP);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_common_address_exonerates_whatever_else_is_said,
        what_the_client_was_told_exonerates_before_any_witness_is_asked,
        an_overlap_at_the_second_meeting_exonerates_the_first,
        addresses_that_merely_differ_prove_nothing,
        bogons_are_told_from_addresses_that_can_be_public,
        a_bogon_met_twice_is_a_confirmed_hijack,
        the_judgement_names_artefact_finding_and_witnesses,
        a_bogon_met_once_is_probable_and_wants_to_be_met_again,
        a_bogon_gone_at_the_second_meeting_proves_nothing,
        a_bogon_through_what_may_be_the_users_own_filter_is_no_hijack,
        a_name_that_is_bogus_by_its_owners_will_is_no_hijack,
        too_few_or_quarrelling_witnesses_confirm_nothing,
        a_control_that_filters_is_no_witness,
        what_the_client_was_told_is_no_witness,
        an_unusable_resolver_is_not_judged,
        an_address_from_a_resolver_that_does_not_resolve_is_probable_at_most,
        a_resolver_that_fails_the_control_name_is_not_judged,
        a_network_that_gives_one_address_for_everything_is_captive,
        names_that_are_not_public_are_not_judged,
        addresses_for_names_that_do_not_exist_are_a_confirmed_rewrite,
        a_rewrite_met_once_is_probable,
        one_name_or_names_of_one_tld_are_no_rewrite,
        an_honest_resolver_is_consistent_and_a_broken_one_is_not_judged,
        a_captive_portal_is_no_rewrite,
        a_rewrite_needs_a_working_control_name_and_two_witnesses,
        a_filter_that_allows_only_some_names_is_no_rewrite,
    };
    return suite_run("judge", tests, sizeof tests / sizeof tests[0], NULL, NULL);
}
