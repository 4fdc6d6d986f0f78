/* SPDX-License-Identifier: MIT */
/* N3 and ST5: what the SOA of a name's zone tells, and when it is asked for. */
#include "resolver/audit/soa.h"
#include "tests/unit/audit_message.h"
#include "tests/unit/audit_world.h"
#include "tests/unit/suite.h"

#include <stdlib.h>

static const char *const theirs = "example.net ns1.example.net 7";

static void check(const char *local_zone, const char *https_zone)
{
    add_fact("www.example.net", "62.1.1.1", "5.6.7.8");
    fact_of("www.example.net")->local_zone = local_zone;
    fact_of("www.example.net")->https_zone = https_zone;
    start();
    pass(3);
    tell("www.example.net", "5.6.7.8");
    pass(120);
}

/* The rule of the last verdict that is kept; RULE_NONE when there is none. */
static enum rule kept_rule(void)
{
    struct ledger_record record = {.evidence = NULL};
    size_t n = ledger_records(world.ledger, &record, 1);
    free(record.evidence);
    return n > 0 ? record.subject.rule : RULE_NONE;
}

START_TEST(zone_in_somebody_elses_hands_is_a_strong_sign_and_no_alert)
{
    check("www.example.net ns1.isp-page.org 1", theirs);
    ck_assert_int_eq(kept_rule(), RULE_N3);
    ck_assert_uint_eq(world.n_alerts, 0);
    ck_assert_uint_eq(counts().n_confirmed + counts().n_probable, 0);
    ck_assert_uint_eq(world.n_zones_asked, 1);
}
END_TEST

START_TEST(zone_that_both_sides_know_is_no_sign)
{
    check("example.net ns2.example.net 5", theirs);
    ck_assert_int_eq(kept_rule(), RULE_NONE);
    ck_assert_uint_eq(counts().n_inconclusive, 1);
}
END_TEST

START_TEST(zone_that_the_local_resolver_does_not_tell_is_no_sign)
{
    check(NULL, theirs);
    ck_assert_int_eq(kept_rule(), RULE_NONE);
    ck_assert_uint_eq(world.n_zones_asked, 1);
}
END_TEST

START_TEST(local_resolver_is_not_asked_for_a_zone_that_no_witness_tells)
{
    check("example.net ns1.isp-page.org 1", NULL);
    ck_assert_uint_eq(world.n_zones_asked, 0);
}
END_TEST

START_TEST(zone_of_what_is_explained_is_not_asked_for)
{
    add_fact("www.example.net", "5.6.7.8", "5.6.7.8");
    fact_of("www.example.net")->https_zone = theirs;
    start();
    pass(3);
    tell("www.example.net", "5.6.7.8");
    pass(60);
    ck_assert_uint_eq(world.n_zones_asked, 0);
}
END_TEST

START_TEST(with_its_zone_a_case_costs_four_questions_a_meeting_all_the_same)
{
    add_fact("www.example.net", "62.1.1.1", "5.6.7.8");
    fact_of("www.example.net")->https_zone = fact_of("www.example.net")->local_zone = theirs;
    world.tls = true;
    add_stand("62.1.1.1", TLS_WRONG_NAME);
    add_stand("5.6.7.8", TLS_OK);
    start();
    pass(3);
    size_t before = world.n_asked;
    tell("www.example.net", "5.6.7.8");
    pass(20);
    ck_assert_uint_le(world.n_asked - before, 4);
    ck_assert_uint_eq(world.n_zones_asked, 1);
    pass(60);
    ck_assert_uint_eq(world.n_alerts, 1);
    ck_assert_uint_eq(world.n_zones_asked, 1); /* the second meeting does without */
}
END_TEST

/* Three visits, the name moves, two visits: one too few for ST4 alone. */
static void lag(const char *local_zone)
{
    static const char *const names[] = {"moved.example.net"};
    add_fact("moved.example.net", "8.8.4.100", "8.8.4.100");
    struct fact *fact = fact_of("moved.example.net");
    fact->local_zone = local_zone;
    fact->https_zone = theirs;
    world.params.mode = AUDIT_WATCHLIST;
    world.params.watchlist = names;
    world.params.n_watchlist = 1;
    world.params.interval_s = 3700;
    start();
    while (times_asked("moved.example.net.") < 10) {
        pass(600);
    }
    fact->https = "5.6.7.100";
    for (unsigned i = 0; i < 70 && n_alerts_of("detect") == 0; i++) {
        pass(600);
    }
}

START_TEST(zone_that_is_versions_behind_supports_that_a_change_was_not_followed)
{
    lag("example.net ns1.example.net 5");
    ck_assert_uint_eq(n_alerts_of("detect"), 1);
    assert_says(world.alerts[0].message, "DNS state STALE (ST4");
    ck_assert_uint_ge(world.n_zones_asked, 1);
}
END_TEST

START_TEST(zone_is_read_from_the_answer_or_a_denial_and_not_across_a_chain)
{
    struct question question = question_for("www.example.net", TYPE_SOA);
    uint8_t message[FAKE_PLAIN_REPLY_MAX];
    struct judge_zone zone;
    size_t n = audit_message_zone(&question, "Example.net NS1.example.net 4000000000", message);
    struct answer_expect expect = {.question = &question, .id = -1, .max_ttl_s = 86400};
    struct answer *answer = NULL;
    ck_assert_int_eq(answer_read(bytes_of(message, n), &expect, &answer), ANSWER_OK);
    soa_read(answer, &zone);
    struct question wanted = question_for("example.net", TYPE_SOA);
    struct question primary = question_for("ns1.example.net", TYPE_A);
    ck_assert(name_equal(&zone.name, &wanted.name) && name_equal(&zone.primary, &primary.name));
    ck_assert_mem_eq(zone.name.at, wanted.name.at, wanted.name.n);
    ck_assert_uint_eq(zone.serial, 4000000000);
    ck_assert_uint_eq(zone.refresh_s, AUDIT_MESSAGE_REFRESH_S);
    answer_unref(answer);
    soa_read(NULL, &zone);
    ck_assert_uint_eq(zone.name.n, 0);
    struct said chain = {.flags = FLAG_RA, .cname = wanted.name};
    question.type = TYPE_A;
    n = audit_message(&question, &chain, message);
    ck_assert_int_eq(answer_read(bytes_of(message, n), &expect, &answer), ANSWER_OK);
    soa_read(answer, &zone);
    ck_assert_uint_eq(zone.name.n, 0);
    answer_unref(answer);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        zone_in_somebody_elses_hands_is_a_strong_sign_and_no_alert,
        zone_that_both_sides_know_is_no_sign,
        zone_that_the_local_resolver_does_not_tell_is_no_sign,
        local_resolver_is_not_asked_for_a_zone_that_no_witness_tells,
        zone_of_what_is_explained_is_not_asked_for,
        with_its_zone_a_case_costs_four_questions_a_meeting_all_the_same,
        zone_that_is_versions_behind_supports_that_a_change_was_not_followed,
        zone_is_read_from_the_answer_or_a_denial_and_not_across_a_chain,
    };
    return suite_run("audit_zone", tests, sizeof tests / sizeof tests[0], audit_world_set_up,
                     audit_world_tear_down);
}
