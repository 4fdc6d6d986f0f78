/* SPDX-License-Identifier: MIT */
/* Rule by rule: what hits it, and what comes near and must not. */
#include "resolver/audit/judge.h"

#include "tests/unit/said.h"
#include "tests/unit/suite.h"

static struct question question_for(const char *name, uint16_t type)
{
    struct question question = {.type = type, .class = CLASS_IN};
    ck_assert_int_eq(name_from_text(name, &question.name), 0);
    return question;
}

/* The local resolver says one thing and two controls another, at both meetings alike. */
static struct judge_case case_with(const char *local, const char *control)
{
    struct judge_case c = {.n_meetings = 2, .dns64 = {0}};
    c.question = question_for("www.example.net", strchr(control, ':') ? TYPE_AAAA : TYPE_A);
    c.negative.sibling.ede = c.told.ede = c.control_name.ede = c.v4.ede = EDE_NONE;
    for (size_t m = 0; m < 2; m++) {
        c.meetings[m].local = said_of(local);
        c.meetings[m].controls[0] = c.meetings[m].controls[1] = said_of(control);
        c.meetings[m].n_controls = 2;
    }
    return c;
}

static struct judge_case different(void)
{
    return case_with("5.5.5.5", "93.184.216.34");
}

#define BOTH(c, stmt)                                                                           \
    for (struct judge_meeting *meeting = (c).meetings; meeting < (c).meetings + 2; meeting++) { \
        stmt;                                                                                   \
    }

static void expect(const struct judge_case *c, enum verdict verdict, enum rule rule,
                   enum finding finding)
{
    struct judgement got = judge(c);
    ck_assert_msg(got.verdict == verdict && got.rule == rule && got.finding == finding,
                  "%s %s %s, not %s %s %s", verdict_word(got.verdict), rule_word(got.rule),
                  finding_word(got.finding), verdict_word(verdict), rule_word(rule),
                  finding_word(finding));
}

static void sandwich(struct judge_case *c)
{
    c->sandwiched = true;
    c->control_name = said_of("93.184.216.99");
}

static void set_asns(struct judge_case *c, uint32_t local, uint32_t control)
{
    for (size_t m = 0; m < 2; m++) {
        c->meetings[m].local.asns[0] = local;
        c->meetings[m].local.n_asns = 1;
        for (size_t i = 0; i < 2; i++) {
            c->meetings[m].controls[i].asns[0] = control;
            c->meetings[m].controls[i].n_asns = 1;
        }
    }
}

static void set_tls(struct judge_case *c, enum tls_outcome local, enum tls_outcome control)
{
    for (size_t m = 0; m < 2; m++) {
        c->meetings[m].local.tls[0] = (uint8_t)local;
        c->meetings[m].controls[0].tls[0] = (uint8_t)control;
    }
}

static struct name name_of(const char *text)
{
    struct name name;
    ck_assert_int_eq(name_from_text(text, &name), 0);
    return name;
}

/* ---- gates ---- */

START_TEST(g2_an_unsettled_or_captive_network_is_not_judged)
{
    struct judge_case c = case_with("10.0.0.1", "93.184.216.34");
    c.network.changed_s = 29;
    expect(&c, VERDICT_NO_DATA, RULE_G2, FINDING_NONE);
    c.network.changed_s = 30;
    expect(&c, VERDICT_CONFIRMED, RULE_P2, FINDING_HIJACK_BOGON);
    c.network.captive = true;
    expect(&c, VERDICT_UNUSABLE, RULE_G2, FINDING_CAPTIVE);
    c = case_with("123.123.123.123", "93.184.216.34");
    expect(&c, VERDICT_UNUSABLE, RULE_G2, FINDING_CAPTIVE);
}
END_TEST

START_TEST(g3_silence_for_every_name_is_a_broken_resolver)
{
    struct judge_case c = case_with("", "93.184.216.34");
    expect(&c, VERDICT_UNUSABLE, RULE_G3, FINDING_ISP_RESOLVER_UNUSABLE);
    c.sandwiched = true;
    expect(&c, VERDICT_UNUSABLE, RULE_G3, FINDING_ISP_RESOLVER_UNUSABLE);
    sandwich(&c);
    expect(&c, VERDICT_PROBABLE, RULE_P11, FINDING_BLOCKED_NEGATIVE);
}
END_TEST

START_TEST(g5_and_g6_a_wrong_clock_or_trust_store_takes_handshakes_out)
{
    struct judge_case c = different();
    set_tls(&c, TLS_WRONG_NAME, TLS_OK);
    c.network.clock_is_wrong = true;
    expect(&c, VERDICT_INCONCLUSIVE, RULE_G5, FINDING_NONE);
    c.network.clock_is_wrong = false;
    c.network.n_control_failures = 4;
    expect(&c, VERDICT_INCONCLUSIVE, RULE_G6, FINDING_NONE);
    c.network.n_control_failures = 3;
    expect(&c, VERDICT_CONFIRMED, RULE_P1, FINDING_HIJACK_REDIRECT);
}
END_TEST

START_TEST(meetings_too_close_together_are_one)
{
    struct judge_case c = case_with("10.0.0.1", "93.184.216.34");
    c.gap_us = 30000000;
    c.meetings[0].at_us = 1000000;
    c.meetings[1].at_us = 30999999;
    expect(&c, VERDICT_PROBABLE, RULE_P2, FINDING_HIJACK_BOGON);
    c.meetings[1].at_us = 31000000;
    expect(&c, VERDICT_CONFIRMED, RULE_P2, FINDING_HIJACK_BOGON);
}
END_TEST

/* ---- exonerations ---- */

START_TEST(s2_what_was_learnt_before_exonerates)
{
    struct judge_case c = different();
    c.history.known[0] = address_of("5.5.5.5");
    c.history.n_known = 1;
    expect(&c, VERDICT_CONSISTENT, RULE_S2, FINDING_NONE);
    c.history.known[0] = address_of("5.5.5.6");
    expect(&c, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
}
END_TEST

START_TEST(s3_one_cname_zone_exonerates)
{
    const struct {
        const char *local, *control;
        bool consistent;
    } rows[] = {
        {"e1.g.cdn.example", "e1.g.cdn.example", true},
        {"a.fra.cdn.example", "b.lon.cdn.example", true},
        {"cdn.example", "edge.cdn.example", true},
        {"a.cdn.example", "a.block.example", false},
        {"a.foo.co.uk", "b.foo.co.uk", true},
        {"a.foo.co.uk", "a.bar.co.uk", false},
        {"a.foo.com", "a.bar.com", false},
        {"co.uk", "co.uk", true},
        {"x.co.uk", "co.uk", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct judge_case c = different();
        BOTH(c, meeting->local.cname = name_of(rows[i].local);
             meeting->controls[1].cname = name_of(rows[i].control));
        struct judgement got = judge(&c);
        ck_assert_msg((got.rule == RULE_S3) == rows[i].consistent, "%s %s: %s", rows[i].local,
                      rows[i].control, rule_word(got.rule));
    }
    struct judge_case one_sided = different();
    BOTH(one_sided, meeting->local.cname = name_of("a.cdn.example"));
    expect(&one_sided, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
}
END_TEST

START_TEST(s4_a_common_network_or_owner_exonerates_but_not_in_the_access_network)
{
    struct judge_case c = case_with("93.184.216.200", "93.184.216.34");
    expect(&c, VERDICT_CONSISTENT, RULE_S4, FINDING_NONE);
    c = case_with("93.184.217.34", "93.184.216.34");
    expect(&c, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
    c = case_with("2606:4700:1:2::1", "2606:4700:1:3::1");
    expect(&c, VERDICT_CONSISTENT, RULE_S4, FINDING_NONE);
    c = case_with("2606:4700:2::1", "2606:4700:1::1");
    expect(&c, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
    c = different();
    set_asns(&c, 64500, 64500);
    expect(&c, VERDICT_CONSISTENT, RULE_S4, FINDING_NONE);
    set_asns(&c, 16509, 14618); /* both of one owner */
    expect(&c, VERDICT_CONSISTENT, RULE_S4, FINDING_NONE);
    set_asns(&c, 0, 0);
    expect(&c, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
    set_asns(&c, 64500, 64501);
    expect(&c, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
    set_asns(&c, 64500, 64500);
    c.network.asns[0] = 64500;
    c.network.n_asns = 1;
    expect(&c, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
    set_tls(&c, TLS_OK, TLS_OK);
    expect(&c, VERDICT_CONSISTENT, RULE_S9, FINDING_NONE);
}
END_TEST

START_TEST(s5_a_valid_signature_exonerates)
{
    struct judge_case c = different();
    BOTH(c, meeting->local.signature = SIGNATURE_VALID);
    expect(&c, VERDICT_CONSISTENT, RULE_S5, FINDING_NONE);
}
END_TEST

START_TEST(s6_a_translated_address_is_the_one_it_translates)
{
    struct judge_case c = case_with("64:ff9b::5db8:d822", "2606:4700::1");
    c.dns64 = address_of("64:ff9b::");
    c.dns64_bits = 96;
    c.v4 = said_of("93.184.216.34");
    expect(&c, VERDICT_CONSISTENT, RULE_S6, FINDING_NONE);
    c.v4 = said_of("93.184.216.35");
    expect(&c, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
    c = case_with("2a00:1:2:3:5d:b8d8:2200:0", "2606:4700::1"); /* RFC 6052 §2.2: /64 */
    c.dns64 = address_of("2a00:1:2:3::");
    c.dns64_bits = 64;
    c.v4 = said_of("93.184.216.34");
    expect(&c, VERDICT_CONSISTENT, RULE_S6, FINDING_NONE);
    c.dns64.n = 0;
    expect(&c, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
}
END_TEST

START_TEST(s9_a_handshake_that_passes_exonerates_and_tells_of_a_foreign_network)
{
    struct judge_case c = different();
    set_tls(&c, TLS_OK, TLS_UNTRIED);
    set_asns(&c, 64500, 64501);
    struct judgement got = judge(&c);
    ck_assert_int_eq(got.rule, RULE_S9);
    ck_assert(got.via_foreign_as);
    set_asns(&c, 0, 64501);
    ck_assert(!judge(&c).via_foreign_as);
    set_tls(&c, TLS_LOCAL_ROOT, TLS_OK);
    expect(&c, VERDICT_INCONCLUSIVE, RULE_S9, FINDING_TLS_INTERCEPTED_BY_LOCAL_ROOT);
}
END_TEST

START_TEST(a_private_address_that_controls_give_too_is_rebinding)
{
    struct judge_case c = case_with("192.168.1.1", "192.168.1.1");
    expect(&c, VERDICT_CONSISTENT, RULE_S1, FINDING_REBIND);
}
END_TEST

/* ---- artefacts ---- */

START_TEST(p1_needs_every_local_address_elsewhere_and_a_control_that_passes)
{
    const struct {
        enum tls_outcome local, control;
        enum verdict verdict;
    } rows[] = {
        {TLS_WRONG_NAME, TLS_OK, VERDICT_CONFIRMED},
        {TLS_UNTRUSTED, TLS_OK, VERDICT_CONFIRMED},
        {TLS_EXPIRED, TLS_OK, VERDICT_INCONCLUSIVE},
        {TLS_FAILED, TLS_OK, VERDICT_INCONCLUSIVE},
        {TLS_UNTRIED, TLS_OK, VERDICT_INCONCLUSIVE},
        {TLS_FAILED, TLS_FAILED, VERDICT_INCONCLUSIVE},
        {TLS_WRONG_NAME, TLS_FAILED, VERDICT_INCONCLUSIVE},
        {TLS_WRONG_NAME, TLS_WRONG_NAME, VERDICT_INCONCLUSIVE},
        {TLS_UNTRUSTED, TLS_UNTRIED, VERDICT_INCONCLUSIVE},
        {TLS_WRONG_NAME, TLS_UNTRIED, VERDICT_PROBABLE},
        {TLS_LOCAL_ROOT, TLS_OK, VERDICT_INCONCLUSIVE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct judge_case c = different();
        set_tls(&c, rows[i].local, rows[i].control);
        struct judgement got = judge(&c);
        ck_assert_msg(got.verdict == rows[i].verdict, "row %zu: %s", i, verdict_word(got.verdict));
    }
    struct judge_case c = case_with("5.5.5.5 5.5.5.6", "93.184.216.34");
    set_tls(&c, TLS_WRONG_NAME, TLS_OK);
    BOTH(c, meeting->local.tls[1] = TLS_FAILED);
    expect(&c, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
    BOTH(c, meeting->local.tls[1] = TLS_OK);
    expect(&c, VERDICT_CONSISTENT, RULE_S9, FINDING_NONE);
    BOTH(c, meeting->local.tls[1] = TLS_UNTRUSTED);
    struct judgement got = judge(&c);
    ck_assert_int_eq(got.verdict, VERDICT_CONFIRMED);
    ck_assert_uint_eq(got.families, FAMILY_ENDPOINT);
    c.n_meetings = 1;
    expect(&c, VERDICT_PROBABLE, RULE_P1, FINDING_HIJACK_REDIRECT);
    c.n_meetings = 2;
    c.meetings[1].n_controls = 1;
    expect(&c, VERDICT_PROBABLE, RULE_P1, FINDING_HIJACK_REDIRECT);
}
END_TEST

START_TEST(p2_stands_beside_a_common_cname_or_network)
{
    struct judge_case c = case_with("10.10.34.34", "93.184.216.34");
    BOTH(c, meeting->local.cname = meeting->controls[0].cname = name_of("e.cdn.example"));
    expect(&c, VERDICT_CONFIRMED, RULE_P2, FINDING_HIJACK_BOGON);
    BOTH(c, meeting->local.signature = SIGNATURE_VALID);
    expect(&c, VERDICT_CONSISTENT, RULE_S5, FINDING_NONE);
}
END_TEST

START_TEST(p2_through_a_private_resolver_needs_a_list_or_a_direct_question)
{
    struct judge_case c = case_with("10.10.34.34", "93.184.216.34");
    c.local_may_filter = true;
    expect(&c, VERDICT_PROBABLE, RULE_P2, FINDING_FILTERED_LOCAL_OR_ISP);
    c.history.n_names = 5;
    expect(&c, VERDICT_PROBABLE, RULE_P2, FINDING_FILTERED_LOCAL_OR_ISP);
    BOTH(c, meeting->local.fingerprint = FINGERPRINT_PRODUCT);
    ck_assert_int_eq(judge(&c).verdict, VERDICT_PROBABLE);
    BOTH(c, meeting->local.fingerprint = FINGERPRINT_NATION);
    expect(&c, VERDICT_CONFIRMED, RULE_P2, FINDING_HIJACK_BOGON);
    BOTH(c, meeting->local.fingerprint = FINGERPRINT_NONE);
    BOTH(c, meeting->direct = said_of("10.10.34.34"));
    expect(&c, VERDICT_CONFIRMED, RULE_P2, FINDING_HIJACK_BOGON);
    BOTH(c, meeting->direct = said_of("93.184.216.34"));
    expect(&c, VERDICT_PROBABLE, RULE_P2, FINDING_FILTERED_LOCAL_OR_ISP);
    c = case_with("0.0.0.0", "93.184.216.34");
    c.local_may_filter = true;
    BOTH(c,
         meeting->local.fingerprint = FINGERPRINT_NATION); /* no list can tell whose 0.0.0.0 is */
    expect(&c, VERDICT_PROBABLE, RULE_P2, FINDING_FILTERED_LOCAL_OR_ISP);
}
END_TEST

START_TEST(p4_two_replies_that_cannot_both_be_true_are_an_injection)
{
    struct judge_case c = case_with("93.184.216.34", "93.184.216.34");
    BOTH(c, meeting->second = said_of("93.46.8.89"));
    struct judgement got = judge(&c);
    expect(&c, VERDICT_CONFIRMED, RULE_P4, FINDING_INJECTION);
    struct address forged = address_of("93.46.8.89");
    ck_assert(address_equal(&got.artefact, &forged));
    ck_assert_uint_eq(got.families, FAMILY_PATH);
    c.meetings[1].second = (struct said){0};
    expect(&c, VERDICT_CONSISTENT, RULE_S1, FINDING_NONE);
    c.n_meetings = 1;
    expect(&c, VERDICT_PROBABLE, RULE_P4, FINDING_INJECTION);
    got = judge(&c);
    ck_assert(judgement_wants_recheck(&got, 1));

    const char *const harmless[] = {"93.184.216.34", "93.184.216.77", "SERVFAIL", "NODATA"};
    for (size_t i = 0; i < 4; i++) {
        struct judge_case h = case_with("93.184.216.34", "93.184.216.34");
        BOTH(h, meeting->second = said_of(harmless[i]));
        expect(&h, VERDICT_CONSISTENT, RULE_S1, FINDING_NONE);
    }
    struct judge_case nx = case_with("NXDOMAIN", "93.184.216.34");
    BOTH(nx, meeting->second = said_of("93.184.216.34"));
    expect(&nx, VERDICT_CONFIRMED, RULE_P4, FINDING_INJECTION);
    /* Neither is known to be true: two faces of one balancer may be that. */
    struct judge_case neither = case_with("5.5.5.5", "93.184.216.34");
    BOTH(neither, meeting->second = said_of("6.6.6.6"));
    expect(&neither, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
    set_asns(&neither, 64500, 64501);
    BOTH(neither, meeting->second.asns[0] = 64502; meeting->second.n_asns = 1);
    expect(&neither, VERDICT_CONFIRMED, RULE_P4, FINDING_INJECTION);
    BOTH(neither, meeting->second.asns[0] = 64500);
    expect(&neither, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
}
END_TEST

START_TEST(p6_a_signature_that_does_not_fit_is_forgery_whatever_else_agrees)
{
    struct judge_case c = case_with("93.184.216.34", "93.184.216.34");
    BOTH(c, meeting->local.signature = SIGNATURE_INVALID);
    expect(&c, VERDICT_CONSISTENT, RULE_S1, FINDING_NONE); /* nobody verified it elsewhere */
    BOTH(c, meeting->controls[1].signature = SIGNATURE_VALID);
    expect(&c, VERDICT_CONFIRMED, RULE_P6, FINDING_HIJACK_FORGED);
    c.n_meetings = 1;
    expect(&c, VERDICT_PROBABLE, RULE_P6, FINDING_HIJACK_FORGED);
    c.n_meetings = 2;
    BOTH(c, meeting->local.signature = SIGNATURE_EXPIRED);
    expect(&c, VERDICT_CONSISTENT, RULE_S1, FINDING_NONE);
    BOTH(c, meeting->local.signature = SIGNATURE_ABSENT);
    expect(&c, VERDICT_DOWNGRADE, RULE_T12, FINDING_DNSSEC_STRIPPED);
}
END_TEST

START_TEST(p7_a_listed_block_address_is_proof_by_the_lists_scope)
{
    const struct {
        enum fingerprint fingerprint;
        enum verdict verdict;
    } rows[] = {
        {FINGERPRINT_NONE, VERDICT_INCONCLUSIVE}, {FINGERPRINT_NOISY, VERDICT_INCONCLUSIVE},
        {FINGERPRINT_LEARNED, VERDICT_PROBABLE},  {FINGERPRINT_PRODUCT, VERDICT_PROBABLE},
        {FINGERPRINT_POOL, VERDICT_PROBABLE},     {FINGERPRINT_ISP, VERDICT_CONFIRMED},
        {FINGERPRINT_NATION, VERDICT_CONFIRMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct judge_case c = different();
        BOTH(c, meeting->local.fingerprint = rows[i].fingerprint);
        struct judgement got = judge(&c);
        ck_assert_msg(got.verdict == rows[i].verdict, "row %zu: %s", i, verdict_word(got.verdict));
    }
    struct judge_case c = different();
    BOTH(c, meeting->local.fingerprint = FINGERPRINT_NATION);
    set_asns(&c, 32934, 32934); /* an injector's address that is the name's own network */
    expect(&c, VERDICT_CONSISTENT, RULE_S4, FINDING_NONE);
    set_asns(&c, 64500, 32934);
    expect(&c, VERDICT_CONFIRMED, RULE_P7, FINDING_HIJACK_REDIRECT);
    BOTH(c, meeting->controls[1].fingerprint = FINGERPRINT_NATION); /* a polluted control */
    expect(&c, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
    c = different();
    BOTH(c, meeting->local.fingerprint = FINGERPRINT_NATION; meeting->n_controls = 0);
    expect(&c, VERDICT_PROBABLE, RULE_P7, FINDING_HIJACK_REDIRECT);
    BOTH(c, meeting->local.fingerprint = FINGERPRINT_POOL);
    expect(&c, VERDICT_NO_DATA, RULE_G4, FINDING_NONE);
}
END_TEST

START_TEST(p8_an_answer_that_declares_itself_filtered_is_believed)
{
    for (int16_t ede = 0; ede < 30; ede++) {
        struct judge_case c = case_with("NXDOMAIN", "93.184.216.34");
        BOTH(c, meeting->local.ede = ede);
        bool declared = ede == 4 || (ede >= 15 && ede <= 18);
        struct judgement got = judge(&c);
        ck_assert_msg((got.verdict == VERDICT_FILTERED_DECLARED) == declared, "%d", ede);
    }
    struct judge_case acl = case_with("REFUSED", "93.184.216.34");
    BOTH(acl, meeting->local.ede = 18);
    ck_assert_int_lt(judge(&acl).verdict, VERDICT_PROBABLE);
    sandwich(&acl);
    expect(&acl, VERDICT_FILTERED_DECLARED, RULE_P8, FINDING_FILTERED_DECLARED);
    acl.control_name = said_of("REFUSED");
    expect(&acl, VERDICT_UNUSABLE, RULE_G3, FINDING_ISP_RESOLVER_UNUSABLE);
}
END_TEST

START_TEST(p10_one_address_for_many_names_lifts_what_is_probable_of_it)
{
    struct judge_case c = different();
    c.history.n_names = 2;
    expect(&c, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
    c.history.n_names = 3;
    expect(&c, VERDICT_PROBABLE, RULE_P10, FINDING_HIJACK_REDIRECT);
    BOTH(c, meeting->local.fingerprint = FINGERPRINT_POOL);
    expect(&c, VERDICT_CONFIRMED, RULE_P10, FINDING_HIJACK_REDIRECT);
    ck_assert_uint_eq(judge(&c).families, FAMILY_MESSAGE | FAMILY_BEHAVIOUR);
    c.n_meetings = 1;
    ck_assert_int_eq(judge(&c).verdict, VERDICT_PROBABLE);
    c.n_meetings = 2;
    c.local_may_filter = true;
    ck_assert_int_eq(judge(&c).verdict, VERDICT_PROBABLE);
    c.local_may_filter = false;
    set_tls(&c, TLS_OK, TLS_OK); /* the ISP's own cache */
    expect(&c, VERDICT_CONSISTENT, RULE_S9, FINDING_NONE);
}
END_TEST

static struct judge_case blocked(const char *word)
{
    struct judge_case c = case_with(word, "93.184.216.34");
    sandwich(&c);
    c.negative.n_tries = 3;
    c.negative.over_udp = c.negative.over_tcp = true;
    c.negative.sibling = said_of(strcmp(word, "NXDOMAIN") == 0 ? "NODATA" : "NXDOMAIN");
    return c;
}

START_TEST(p11_a_negative_answer_for_one_name_is_proved_by_what_surrounds_it)
{
    const char *const words[] = {"NXDOMAIN", "NODATA", "SERVFAIL", "REFUSED"};
    for (size_t i = 0; i < 4; i++) {
        struct judge_case c = blocked(words[i]);
        expect(&c, VERDICT_CONFIRMED, RULE_P11, FINDING_BLOCKED_NEGATIVE);
        c.sandwiched = false;
        ck_assert_int_eq(judge(&c).verdict, i < 2 ? VERDICT_PROBABLE : VERDICT_SUSPECTED);
        c = blocked(words[i]);
        c.negative.n_tries = 2;
        expect(&c, VERDICT_PROBABLE, RULE_P11, FINDING_BLOCKED_NEGATIVE);
        c = blocked(words[i]);
        c.negative.over_tcp = false;
        expect(&c, VERDICT_PROBABLE, RULE_P11, FINDING_BLOCKED_NEGATIVE);
        c = blocked(words[i]);
        c.negative.sibling = said_of(words[i]);
        expect(&c, VERDICT_PROBABLE, RULE_P11, FINDING_BLOCKED_NEGATIVE);
        c = blocked(words[i]);
        c.n_meetings = 1;
        expect(&c, VERDICT_PROBABLE, RULE_P11, FINDING_BLOCKED_NEGATIVE);
        c = blocked(words[i]);
        c.local_may_filter = true;
        expect(&c, VERDICT_PROBABLE, RULE_P11, FINDING_FILTERED_LOCAL_OR_ISP);
        c = blocked(words[i]);
        c.control_name = said_of("SERVFAIL");
        expect(&c, VERDICT_UNUSABLE, RULE_G3, FINDING_ISP_RESOLVER_UNUSABLE);
        c = blocked(words[i]);
        c.meetings[1].local = said_of("93.184.216.34");
        ck_assert_int_eq(judge(&c).verdict, VERDICT_CONSISTENT);
    }
    struct judge_case silent = blocked("");
    expect(&silent, VERDICT_PROBABLE, RULE_P11, FINDING_BLOCKED_NEGATIVE);
    struct judge_case broken = blocked("SERVFAIL");
    BOTH(broken, meeting->controls[0].ede = 22);
    expect(&broken, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
    struct judge_case absent = blocked("NODATA");
    absent.control_is_absent = true;
    absent.control_name = said_of("NXDOMAIN");
    expect(&absent, VERDICT_CONFIRMED, RULE_P11, FINDING_BLOCKED_NEGATIVE);
    struct judge_case remembered = blocked("NODATA"); /* by a cache, as its SOA may mean */
    BOTH(remembered, meeting->local.has_serial = true);
    expect(&remembered, VERDICT_PROBABLE, RULE_P11, FINDING_BLOCKED_NEGATIVE);
    remembered = blocked("NODATA");
    remembered.negative.sibling.lacks_soa = true;
    expect(&remembered, VERDICT_PROBABLE, RULE_P11, FINDING_BLOCKED_NEGATIVE);
    struct judge_case half = blocked("NODATA"); /* of a chain */
    BOTH(half, ck_assert_int_eq(name_from_text("edge.example.net", &meeting->local.cname), 0));
    expect(&half, VERDICT_PROBABLE, RULE_P11, FINDING_BLOCKED_NEGATIVE);
    struct judge_case reasoned = blocked("SERVFAIL");
    BOTH(reasoned, meeting->local.ede = 6); /* its signatures do not hold */
    expect(&reasoned, VERDICT_PROBABLE, RULE_P11, FINDING_BLOCKED_NEGATIVE);
    struct judge_case nothing = blocked("NXDOMAIN");
    BOTH(nothing, meeting->controls[0] = meeting->controls[1] = said_of("NODATA"));
    expect(&nothing, VERDICT_INCONCLUSIVE, RULE_G4, FINDING_NONE);
}
END_TEST

START_TEST(artefacts_of_two_families_are_told_together)
{
    struct judge_case c = case_with("10.10.34.34", "93.184.216.34");
    BOTH(c, meeting->second = said_of("93.184.216.34"));
    struct judgement got = judge(&c);
    char text[JUDGE_FAMILIES_TEXT_MAX];
    ck_assert_int_eq(got.rule, RULE_P2);
    ck_assert_str_eq(families_text(got.families, text), "message path");
}
END_TEST

/* ---- staleness and narrowing ---- */

START_TEST(st1_a_declared_stale_answer_is_stale)
{
    struct judge_case c = case_with("93.184.216.34", "93.184.216.34");
    BOTH(c, meeting->local.ede = 3);
    expect(&c, VERDICT_STALE, RULE_ST1, FINDING_STALE_DECLARED);
    c = different();
    BOTH(c, meeting->local.ede = 19);
    expect(&c, VERDICT_STALE, RULE_ST1, FINDING_STALE_DECLARED);
}
END_TEST

START_TEST(st2_a_ttl_above_the_owners_is_stale_when_it_is_proved)
{
    struct judge_case c = case_with("93.184.216.34", "93.184.216.34");
    BOTH(c, meeting->local.ttl_s = 301; meeting->local.original_ttl_s = 300);
    expect(&c, VERDICT_STALE, RULE_ST2, FINDING_STALE_TTL);
    BOTH(c, meeting->local.ttl_s = 300);
    expect(&c, VERDICT_CONSISTENT, RULE_S1, FINDING_NONE);
    BOTH(c, meeting->local.original_ttl_s = 0);
    c.history.ttl_s = 300;
    c.history.n_ttl_samples = 5;
    c.history.n_ttl_providers = 2;
    BOTH(c, meeting->local.ttl_s = 450);
    expect(&c, VERDICT_CONSISTENT, RULE_S1, FINDING_NONE);
    BOTH(c, meeting->local.ttl_s = 451);
    expect(&c, VERDICT_STALE, RULE_ST2, FINDING_STALE_TTL);
    c.n_meetings = 1;
    expect(&c, VERDICT_CONSISTENT, RULE_S1, FINDING_NONE);
    c.n_meetings = 2;
    c.history.n_ttl_samples = 4;
    expect(&c, VERDICT_CONSISTENT, RULE_S1, FINDING_NONE);
    c.history.n_ttl_samples = 5;
    c.history.n_ttl_providers = 1;
    expect(&c, VERDICT_CONSISTENT, RULE_S1, FINDING_NONE);
    c.history.n_ttl_providers = 2;
    c.history.ttl_s = 20;
    BOTH(c, meeting->local.ttl_s = 80); /* over one half more, but only a minute */
    expect(&c, VERDICT_CONSISTENT, RULE_S1, FINDING_NONE);
}
END_TEST

START_TEST(st3_an_expired_signature_is_stale_when_a_newer_one_exists)
{
    struct judge_case c = case_with("93.184.216.34", "93.184.216.34");
    BOTH(c, meeting->local.signature = SIGNATURE_EXPIRED; meeting->local.inception_s = 1000;
         meeting->controls[0].signature = SIGNATURE_VALID; meeting->controls[0].inception_s = 1001);
    expect(&c, VERDICT_STALE, RULE_ST3, FINDING_STALE_SIGNATURE);
    BOTH(c, meeting->controls[0].inception_s = 1000);
    expect(&c, VERDICT_CONSISTENT, RULE_S1, FINDING_NONE);
}
END_TEST

static struct judge_case lagging(void)
{
    struct judge_case c = different();
    c.history.old[0] = address_of("5.5.5.5");
    c.history.n_old = 1;
    c.history.old_ttl_s = 300;
    c.history.gone_s = 601;
    c.history.n_lag_tries = 3;
    return c;
}

START_TEST(st4_old_addresses_long_after_a_witnessed_change_are_stale)
{
    struct judge_case c = lagging();
    expect(&c, VERDICT_STALE, RULE_ST4, FINDING_STALE_LAG);
    set_tls(&c, TLS_FAILED, TLS_OK);
    expect(&c, VERDICT_STALE, RULE_ST4, FINDING_STALE_HARMFUL);
    set_tls(&c, TLS_OK, TLS_OK);
    expect(&c, VERDICT_STALE, RULE_ST4, FINDING_STALE_LAG);
    c = lagging();
    c.history.gone_s = 599;
    expect(&c, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
    c = lagging();
    c.history.old_ttl_s = 301;
    expect(&c, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
    c = lagging();
    c.history.n_lag_tries = 2;
    expect(&c, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
    BOTH(c, meeting->local.has_serial = meeting->controls[0].has_serial = true;
         meeting->local.serial = UINT32_MAX; meeting->controls[0].serial = 1); /* ST5, around 0 */
    c.history.refresh_s = 600;
    expect(&c, VERDICT_STALE, RULE_ST4, FINDING_STALE_LAG);
    BOTH(c, meeting->controls[0].serial = 0);
    expect(&c, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
    c = lagging();
    BOTH(c, meeting->local = said_of("5.5.5.5 6.6.6.6"));
    expect(&c, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
}
END_TEST

START_TEST(t10_missing_ipv6_addresses_are_a_downgrade_never_a_block)
{
    struct judge_case c = case_with("NODATA", "2606:4700::1");
    expect(&c, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
    c.a_is_fine = true;
    expect(&c, VERDICT_DOWNGRADE, RULE_T10, FINDING_AAAA_FILTERED);
    BOTH(c, meeting->local = said_of("SERVFAIL"));
    expect(&c, VERDICT_DOWNGRADE, RULE_T10, FINDING_AAAA_FILTERED);
    BOTH(c, meeting->local = said_of("2606:4700::1"));
    expect(&c, VERDICT_CONSISTENT, RULE_S1, FINDING_NONE);
}
END_TEST

START_TEST(t11_a_stripped_https_record_is_a_downgrade)
{
    struct judge_case c = case_with("93.184.216.34", "93.184.216.34");
    c.control_https = HTTPS_ECH;
    c.local_https = HTTPS_ECH;
    expect(&c, VERDICT_CONSISTENT, RULE_S1, FINDING_NONE);
    c.local_https = HTTPS_UNKNOWN;
    expect(&c, VERDICT_CONSISTENT, RULE_S1, FINDING_NONE);
    c.local_https = HTTPS_PLAIN;
    expect(&c, VERDICT_DOWNGRADE, RULE_T11, FINDING_ECH_STRIPPED);
    c.local_https = HTTPS_ABSENT;
    expect(&c, VERDICT_DOWNGRADE, RULE_T11, FINDING_HTTPS_STRIPPED);
    c.https_of_others_is_absent = true;
    expect(&c, VERDICT_DOWNGRADE, RULE_T11, FINDING_TYPE_UNSUPPORTED);
    c.control_https = HTTPS_ABSENT;
    expect(&c, VERDICT_CONSISTENT, RULE_S1, FINDING_NONE);
}
END_TEST

START_TEST(weak_signals_never_add_up_to_more_than_a_suspicion)
{
    struct judge_case c = different();
    set_asns(&c, 64500, 64501);
    expect(&c, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
    BOTH(c, meeting->local.case_lost = true);
    expect(&c, VERDICT_SUSPECTED, RULE_WEAK, FINDING_NONE);
    c.history.usual_rtt_us = 20000;
    c.history.ttl_s = 300;
    BOTH(c, meeting->local.flags |= FLAG_AA; meeting->local.rtt_us = 900;
         meeting->local.lacks_soa = true; meeting->local.fingerprint = FINGERPRINT_NOISY);
    expect(&c, VERDICT_SUSPECTED, RULE_WEAK, FINDING_NONE);
    struct judgement got = judge(&c);
    ck_assert(!judgement_wants_recheck(&got, 1));
}
END_TEST

/* ---- the path ---- */

static struct judge_path path_with(enum path_signal signal, const char *got, const char *due)
{
    struct judge_path p = {.n_signals = 1};
    struct judge_path_signal *s = &p.signals[0];
    *s = (struct judge_path_signal){
        .signal = signal, .target = address_of("8.8.8.8"), .operator= 1 };
    s->got[0] = s->got[1] = said_of(got);
    s->n_got = 2;
    s->due = said_of(due);
    return p;
}

static void expect_path(const struct judge_path *p, enum verdict verdict, enum rule rule)
{
    struct judgement got = judge_path(p);
    ck_assert_msg(got.verdict == verdict && got.rule == rule, "%s %s", verdict_word(got.verdict),
                  rule_word(got.rule));
}

static void add_signal(struct judge_path *p, const struct judge_path *other, unsigned operator)
{
    p->signals[p->n_signals] = other->signals[0];
    p->signals[p->n_signals++].operator= operator;
}

START_TEST(p9_two_kinds_of_signal_or_two_operators_prove_interception)
{
    struct judge_path p = path_with(SIGNAL_CHAOS, "NODATA", "SERVFAIL");
    expect_path(&p, VERDICT_PROBABLE, RULE_P9);
    struct judge_path again = path_with(SIGNAL_CHAOS, "REFUSED", "SERVFAIL");
    add_signal(&p, &again, 1); /* the same kind at the same operator */
    expect_path(&p, VERDICT_PROBABLE, RULE_P9);
    struct judge_path dnssec = path_with(SIGNAL_DNSSEC, "5.5.5.5", "SERVFAIL");
    add_signal(&p, &dnssec, 1);
    expect_path(&p, VERDICT_CONFIRMED, RULE_P9);
    p.signals[2].n_got = 1; /* met once */
    expect_path(&p, VERDICT_PROBABLE, RULE_P9);
    p.signals[2].n_got = 2;
    p.signals[2].got[1] = said_of("SERVFAIL"); /* gone when met again */
    expect_path(&p, VERDICT_PROBABLE, RULE_P9);
    p.signals[2].got[1] = said_of(""); /* lost */
    expect_path(&p, VERDICT_PROBABLE, RULE_P9);
    struct judge_path two = path_with(SIGNAL_CHAOS, "NODATA", "SERVFAIL");
    add_signal(&two, &again, 2);
    expect_path(&two, VERDICT_CONFIRMED, RULE_P9);
    two.network.changed_s = 1;
    expect_path(&two, VERDICT_NO_DATA, RULE_G2);
}
END_TEST

START_TEST(p9_each_signal_knows_what_is_odd_about_it)
{
    const struct {
        enum path_signal signal;
        const char *got, *due;
        bool odd;
    } rows[] = {
        {SIGNAL_CHAOS, "SERVFAIL", "SERVFAIL", false},
        {SIGNAL_CHAOS, "", "SERVFAIL", false},
        {SIGNAL_CHAOS, "REFUSED", "SERVFAIL", true},
        {SIGNAL_CHAOS, "REFUSED", "", false},
        {SIGNAL_DNSSEC, "1.1.1.9", "SERVFAIL", true},
        {SIGNAL_V6ONLY, "SERVFAIL", "NODATA", true},
        {SIGNAL_V6ONLY, "NODATA", "NODATA", false},
        {SIGNAL_NXDOMAIN, "1.2.3.9", "NXDOMAIN", true},
        {SIGNAL_NXDOMAIN, "NODATA", "NXDOMAIN", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct judge_path p = path_with(rows[i].signal, rows[i].got, rows[i].due);
        struct judgement got = judge_path(&p);
        ck_assert_msg((got.verdict == VERDICT_PROBABLE) == rows[i].odd, "row %zu: %s", i,
                      verdict_word(got.verdict));
    }
    struct judge_path whoami = path_with(SIGNAL_WHOAMI, "74.125.181.10", "74.125.0.1");
    struct judge_path_signal *s = &whoami.signals[0];
    s->due.asns[0] = 15169;
    s->due.n_asns = 1;
    expect_path(&whoami, VERDICT_CONSISTENT, RULE_P9); /* the AS is unknown */
    s->got[0].n_asns = s->got[1].n_asns = 1;
    s->got[0].asns[0] = s->got[1].asns[0] = 36040; /* the same owner */
    expect_path(&whoami, VERDICT_CONSISTENT, RULE_P9);
    s->got[0].asns[0] = s->got[1].asns[0] = 64500;
    expect_path(&whoami, VERDICT_PROBABLE, RULE_P9);

    struct judge_path id = path_with(SIGNAL_CHAOS, "NODATA", "NODATA");
    strcpy(id.signals[0].due_text, ".rrdns.pch.net");
    strcpy(id.signals[0].text[0], "res210.fra.rrdns.pch.net");
    strcpy(id.signals[0].text[1], "res211.fra.rrdns.pch.net");
    expect_path(&id, VERDICT_CONSISTENT, RULE_P9);
    strcpy(id.signals[0].text[0], "dnsmasq-2.76");
    strcpy(id.signals[0].text[1], "dnsmasq-2.76");
    expect_path(&id, VERDICT_PROBABLE, RULE_P9);
}
END_TEST

START_TEST(p9_two_operators_that_ask_from_one_network_are_one_interceptor)
{
    struct judge_path p = path_with(SIGNAL_WHOAMI, "62.1.1.1", "");
    struct judge_path other = path_with(SIGNAL_WHOAMI, "62.1.1.9", "");
    expect_path(&p, VERDICT_CONSISTENT, RULE_P9); /* nothing to compare with */
    add_signal(&p, &other, 1);                    /* the same operator's other address */
    expect_path(&p, VERDICT_CONSISTENT, RULE_P9);
    p.signals[1].operator= 0; /* whose it is is not known: perhaps the same operator's */
    expect_path(&p, VERDICT_CONSISTENT, RULE_P9);
    p.signals[1].operator= 2;
    expect_path(&p, VERDICT_CONFIRMED, RULE_P9);
    p.signals[0].n_got = p.signals[1].n_got = 1;
    expect_path(&p, VERDICT_PROBABLE, RULE_P9);
    p.signals[1].got[0] = said_of("74.125.1.1");
    expect_path(&p, VERDICT_CONSISTENT, RULE_P9);
}
END_TEST

START_TEST(p9_two_operators_whose_servers_have_one_name_are_one_interceptor)
{
    struct judge_path p = path_with(SIGNAL_CHAOS, "NODATA", "");
    add_signal(&p, &p, 2);
    expect_path(&p, VERDICT_CONSISTENT, RULE_P9); /* neither has a name */
    for (size_t i = 0; i < 2; i++) {
        strcpy(p.signals[i].text[0], "dnsmasq-2.76");
        strcpy(p.signals[i].text[1], "dnsmasq-2.76");
    }
    expect_path(&p, VERDICT_CONFIRMED, RULE_P9);
    strcpy(p.signals[1].text[1], "r1.fra"); /* the second time it was not so */
    strcpy(p.signals[0].text[1], "FRA");
    expect_path(&p, VERDICT_CONSISTENT, RULE_P9);
}
END_TEST

START_TEST(p9_weak_signals_alone_prove_nothing)
{
    struct judge_path p = path_with(SIGNAL_CASE, "1.1.1.9", "1.1.1.9");
    p.signals[0].got[0].case_lost = p.signals[0].got[1].case_lost = true;
    expect_path(&p, VERDICT_SUSPECTED, RULE_P9);
    struct judge_path tc = path_with(SIGNAL_TRUNCATION, "NODATA", "NODATA");
    tc.signals[0].due.truncated = true;
    add_signal(&p, &tc, 1);
    add_signal(&p, &tc, 2);
    expect_path(&p, VERDICT_SUSPECTED, RULE_P9);
}
END_TEST

START_TEST(p5_dns_from_an_address_where_none_can_be_is_interception)
{
    struct judge_path p = {.n_tries = 3};
    expect_path(&p, VERDICT_CONSISTENT, RULE_P5);
    p.tries[0] = (struct judge_path_try){address_of("192.0.2.1"), false, true};
    expect_path(&p, VERDICT_CONSISTENT, RULE_P5);
    p.tries[1] = (struct judge_path_try){address_of("198.51.100.1"), true, false};
    expect_path(&p, VERDICT_PROBABLE, RULE_P5);
    p.tries[2] = (struct judge_path_try){address_of("203.0.113.1"), true, true};
    expect_path(&p, VERDICT_CONFIRMED, RULE_P5);
    struct judge_path nothing = {0};
    expect_path(&nothing, VERDICT_NO_DATA, RULE_NONE);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        g2_an_unsettled_or_captive_network_is_not_judged,
        g3_silence_for_every_name_is_a_broken_resolver,
        g5_and_g6_a_wrong_clock_or_trust_store_takes_handshakes_out,
        meetings_too_close_together_are_one,
        s2_what_was_learnt_before_exonerates,
        s3_one_cname_zone_exonerates,
        s4_a_common_network_or_owner_exonerates_but_not_in_the_access_network,
        s5_a_valid_signature_exonerates,
        s6_a_translated_address_is_the_one_it_translates,
        s9_a_handshake_that_passes_exonerates_and_tells_of_a_foreign_network,
        a_private_address_that_controls_give_too_is_rebinding,
        p1_needs_every_local_address_elsewhere_and_a_control_that_passes,
        p2_stands_beside_a_common_cname_or_network,
        p2_through_a_private_resolver_needs_a_list_or_a_direct_question,
        p4_two_replies_that_cannot_both_be_true_are_an_injection,
        p6_a_signature_that_does_not_fit_is_forgery_whatever_else_agrees,
        p7_a_listed_block_address_is_proof_by_the_lists_scope,
        p8_an_answer_that_declares_itself_filtered_is_believed,
        p10_one_address_for_many_names_lifts_what_is_probable_of_it,
        p11_a_negative_answer_for_one_name_is_proved_by_what_surrounds_it,
        artefacts_of_two_families_are_told_together,
        st1_a_declared_stale_answer_is_stale,
        st2_a_ttl_above_the_owners_is_stale_when_it_is_proved,
        st3_an_expired_signature_is_stale_when_a_newer_one_exists,
        st4_old_addresses_long_after_a_witnessed_change_are_stale,
        t10_missing_ipv6_addresses_are_a_downgrade_never_a_block,
        t11_a_stripped_https_record_is_a_downgrade,
        weak_signals_never_add_up_to_more_than_a_suspicion,
        p9_two_kinds_of_signal_or_two_operators_prove_interception,
        p9_each_signal_knows_what_is_odd_about_it,
        p9_two_operators_that_ask_from_one_network_are_one_interceptor,
        p9_two_operators_whose_servers_have_one_name_are_one_interceptor,
        p9_weak_signals_alone_prove_nothing,
        p5_dns_from_an_address_where_none_can_be_is_interception,
    };
    return suite_run("judge_rules", tests, sizeof tests / sizeof tests[0], NULL, NULL);
}
