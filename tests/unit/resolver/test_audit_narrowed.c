/* SPDX-License-Identifier: MIT */
/* What a patrol looks for in answers that are honest at the first look: old or narrowed content. */
#include "tests/unit/audit_world.h"
#include "tests/unit/signed.h"
#include "tests/unit/suite.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const watched[] = {"www.one.com", "www.two.net", "www.three.org"};

/* The first `n` of the watched names, all honest. */
static void watch(size_t n)
{
    world.params.mode = AUDIT_WATCHLIST;
    world.params.watchlist = watched;
    world.params.n_watchlist = n;
    for (size_t i = 0; i < n; i++) {
        add_fact(watched[i], "5.6.7.8", "5.6.7.8");
    }
}

/* The newest verdict that was kept; NULL when there is none. Its evidence is not looked at. */
static const struct ledger_record *newest(void)
{
    static struct ledger_record record;
    if (ledger_records(world.ledger, &record, 1) == 0) {
        return NULL;
    }
    free(record.evidence);
    return &record;
}

static void assert_found(enum verdict verdict, enum rule rule, enum finding finding)
{
    const struct ledger_record *record = newest();
    ck_assert_ptr_nonnull(record);
    ck_assert_int_eq(record->verdict, verdict);
    ck_assert_str_eq(rule_word(record->subject.rule), rule_word(rule));
    ck_assert_str_eq(finding_word(record->subject.finding), finding_word(finding));
}

/* ---- records of type HTTPS ---- */

/* One name is looked at once. */
static void look_at_records(const char *local, const char *https)
{
    watch(1);
    fact_of(watched[0])->local_records = local;
    fact_of(watched[0])->https_records = https;
    start();
    pass(400);
}

START_TEST(https_records_that_the_local_resolver_holds_back_are_a_downgrade_without_alert)
{
    look_at_records(NULL, "plain");
    assert_found(VERDICT_DOWNGRADE, RULE_T11, FINDING_HTTPS_STRIPPED);
    ck_assert_uint_eq(world.n_records_asked, 1);
    ck_assert_uint_eq(world.n_alerts, 0);
}
END_TEST

START_TEST(keys_for_ech_that_are_taken_out_are_a_downgrade)
{
    look_at_records("plain", "ech");
    assert_found(VERDICT_DOWNGRADE, RULE_T11, FINDING_ECH_STRIPPED);
}
END_TEST

START_TEST(silence_for_the_type_of_a_name_that_is_answered_otherwise_is_a_downgrade)
{
    look_at_records("", "ech");
    assert_found(VERDICT_DOWNGRADE, RULE_T11, FINDING_HTTPS_STRIPPED);
    ck_assert_uint_eq(world.n_records_asked, 2); /* a datagram may get lost */
}
END_TEST

START_TEST(https_records_that_come_as_they_are_raise_nothing)
{
    look_at_records("ech", "ech");
    ck_assert_ptr_null(newest());
    ck_assert_uint_eq(world.n_records_asked, 1);
}
END_TEST

START_TEST(a_name_without_https_records_costs_the_local_resolver_no_question)
{
    look_at_records(NULL, NULL);
    ck_assert_ptr_null(newest());
    ck_assert_uint_eq(world.n_records_asked, 0);
}
END_TEST

/* One content network has such records and the other has none. */
START_TEST(https_records_of_another_content_network_say_nothing)
{
    watch(1);
    fact_of(watched[0])->https_records = "ech";
    fact_of(watched[0])->https_end = "www.one.cdn-a.net";
    fact_of(watched[0])->local_end = "www.one.cdn-b.net";
    start();
    pass(400);
    ck_assert_ptr_null(newest());
    ck_assert_uint_eq(world.n_records_asked, 1);
}
END_TEST

START_TEST(one_witness_alone_proves_no_https_records)
{
    world.params.n_controls = 1;
    look_at_records(NULL, "ech");
    ck_assert_ptr_null(newest());
}
END_TEST

START_TEST(who_lacks_https_records_of_three_unrelated_names_does_not_know_the_type)
{
    watch(3);
    for (size_t i = 0; i < 3; i++) {
        fact_of(watched[i])->local_records = "NOTIMP";
        fact_of(watched[i])->https_records = "plain";
    }
    start();
    pass(3600); /* the first lap may begin in its middle */
    assert_found(VERDICT_DOWNGRADE, RULE_T11, FINDING_TYPE_UNSUPPORTED);
}
END_TEST

START_TEST(clients_questions_are_not_looked_at_for_https_records)
{
    add_fact(watched[0], "5.6.7.8", "5.6.7.8");
    fact_of(watched[0])->https_records = "ech";
    start();
    pass(3);
    tell(watched[0], "5.6.7.8");
    pass(60);
    ck_assert_ptr_null(newest());
    ck_assert_uint_eq(times_asked("www.one.com."), 1);
}
END_TEST

/* ---- old content ---- */

START_TEST(a_ttl_above_what_https_ever_gave_is_told_for_information_when_met_twice)
{
    watch(1);
    fact_of(watched[0])->local_ttl_s = 86400;
    start();
    pass(3700); /* two witnesses, checked once an hour: five samples are not together yet */
    size_t n_before = world.n_alerts;
    pass(6 * 3700);
    ck_assert_uint_eq(n_before, 0);
    ck_assert_uint_eq(n_alerts_of("detect"), 1);
    ck_assert_str_eq(world.alerts[0].verdict, "STALE_TTL");
    assert_says(world.alerts[0].message, "DNS state STALE (ST2 stretched TTL)");
    assert_found(VERDICT_STALE, RULE_ST2, FINDING_STALE_TTL);
}
END_TEST

START_TEST(a_resolver_that_stretches_every_ttl_is_told_of_once)
{
    watch(3);
    for (size_t i = 0; i < 3; i++) {
        fact_of(watched[i])->local_ttl_s = 86400;
    }
    start();
    pass(20 * 3700);
    ck_assert_uint_eq(n_alerts_of("detect"), 1);
    ck_assert_uint_eq(n_alerts_of("cluster"), 0);
}
END_TEST

START_TEST(a_ttl_as_https_gives_it_is_asked_for_once_a_check)
{
    watch(1);
    start();
    pass(400);
    ck_assert_uint_eq(times_asked("www.one.com."), counts().n_checked - 1); /* but for the probe */
}
END_TEST

static void watch_signed(struct bytes local)
{
    static const char *const names[] = {"www.signed.example.net"};
    world.params.mode = AUDIT_WATCHLIST;
    world.params.watchlist = names;
    world.params.n_watchlist = 1;
    world.signed_control = bytes_of(signed_good, sizeof signed_good);
    world.signed_keys = bytes_of(signed_keys, sizeof signed_keys);
    world.signed_local = local;
    add_fact(names[0], "5.6.7.8 5.6.7.9", "5.6.7.8 5.6.7.9");
}

START_TEST(signatures_that_are_taken_out_of_an_honest_answer_are_a_downgrade)
{
    watch_signed(bytes_of(signed_bare, sizeof signed_bare));
    start();
    pass(400);
    assert_found(VERDICT_DOWNGRADE, RULE_T12, FINDING_DNSSEC_STRIPPED);
    ck_assert_uint_eq(world.n_alerts, 0);
}
END_TEST

/* Signed with 300 s. */
START_TEST(a_ttl_above_the_signed_one_is_proved_by_the_second_meeting)
{
    watch_signed(bytes_of(signed_good, sizeof signed_good));
    fact_of("www.signed.example.net")->local_ttl_s = 301;
    start();
    pass(400);
    assert_found(VERDICT_STALE, RULE_ST2, FINDING_STALE_TTL);
    ck_assert_uint_ge(world.n_signed_asked, 2); /* and when it is followed */
}
END_TEST

START_TEST(signatures_are_looked_at_for_names_of_the_patrol_that_agree)
{
    watch_signed(bytes_of(signed_good, sizeof signed_good));
    start();
    pass(400);
    ck_assert_ptr_null(newest());
    ck_assert_uint_eq(world.n_signed_asked, 1);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        https_records_that_the_local_resolver_holds_back_are_a_downgrade_without_alert,
        keys_for_ech_that_are_taken_out_are_a_downgrade,
        silence_for_the_type_of_a_name_that_is_answered_otherwise_is_a_downgrade,
        https_records_that_come_as_they_are_raise_nothing,
        a_name_without_https_records_costs_the_local_resolver_no_question,
        https_records_of_another_content_network_say_nothing,
        one_witness_alone_proves_no_https_records,
        who_lacks_https_records_of_three_unrelated_names_does_not_know_the_type,
        clients_questions_are_not_looked_at_for_https_records,
        a_ttl_above_what_https_ever_gave_is_told_for_information_when_met_twice,
        a_resolver_that_stretches_every_ttl_is_told_of_once,
        a_ttl_as_https_gives_it_is_asked_for_once_a_check,
        signatures_that_are_taken_out_of_an_honest_answer_are_a_downgrade,
        a_ttl_above_the_signed_one_is_proved_by_the_second_meeting,
        signatures_are_looked_at_for_names_of_the_patrol_that_agree,
    };
    return suite_run("audit_narrowed", tests, sizeof tests / sizeof tests[0], audit_world_set_up,
                     audit_world_tear_down);
}
