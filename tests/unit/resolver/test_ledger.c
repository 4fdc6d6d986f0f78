/* SPDX-License-Identifier: MIT */
#include "resolver/audit/ledger.h"

#include "tests/unit/fake_port.h"
#include "tests/unit/said.h"
#include "tests/unit/suite.h"

#include <stdio.h>
#include <stdlib.h>

#define SECOND UINT64_C(1000000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

static struct fake_port clock_port;
static struct ledger *ledger;
static struct ledger_view view;

static void set_up(void)
{
    fake_port_init(&clock_port, 7);
    ledger = ledger_new(600);
    ck_assert_ptr_nonnull(ledger);
}

static void tear_down(void)
{
    ck_assert_ptr_null(ledger_free(ledger));
    port_done(&clock_port.port);
}

static struct ledger_now now(void)
{
    return (struct ledger_now){&clock_port.port, (int64_t)(clock_port.now_us / SECOND)};
}

static void pass(uint64_t us)
{
    fake_port_advance(&clock_port, us);
}

static struct ledger_subject subject_of(const char *name, const char *artefact)
{
    struct ledger_subject subject = {
        .network = "home",
        .server = "192.0.2.53",
        .finding = FINDING_HIJACK_BOGON,
        .rule = RULE_P2,
        .question = {.type = TYPE_A, .class = CLASS_IN},
    };
    if (artefact != NULL) {
        subject.artefact = address_of(artefact);
    }
    if (name != NULL) {
        ck_assert_int_eq(name_from_text(name, &subject.question.name), 0);
    }
    return subject;
}

static enum ledger_event met(const char *name, const char *artefact)
{
    struct ledger_subject subject = subject_of(name, artefact);
    struct ledger_now at = now();
    return ledger_confirmed(ledger, &at, &subject, &view);
}

static enum ledger_event good(const char *name)
{
    struct ledger_subject subject = subject_of(name, NULL);
    struct ledger_now at = now();
    return ledger_consistent(ledger, &at, &subject, &view);
}

static enum ledger_event summary(void)
{
    struct ledger_now at = now();
    return ledger_summary(ledger, &at, &view);
}

START_TEST(the_same_lie_is_told_once_for_each_network_resolver_and_finding)
{
    struct ledger_subject subject = subject_of("a.example", "10.0.0.1");
    struct ledger_now at = now();
    ck_assert_int_eq(ledger_confirmed(ledger, &at, &subject, &view), LEDGER_DETECT);
    ck_assert_int_eq(ledger_confirmed(ledger, &at, &subject, &view), LEDGER_QUIET);
    strcpy(subject.network, "hotel");
    ck_assert_int_eq(ledger_confirmed(ledger, &at, &subject, &view), LEDGER_DETECT);
    strcpy(subject.server, "192.0.2.54");
    ck_assert_int_eq(ledger_confirmed(ledger, &at, &subject, &view), LEDGER_DETECT);
    subject.finding = FINDING_INJECTION;
    ck_assert_int_eq(ledger_confirmed(ledger, &at, &subject, &view), LEDGER_DETECT);
    ck_assert_int_eq(ledger_confirmed(ledger, &at, &subject, &view), LEDGER_QUIET);
}
END_TEST

START_TEST(another_address_for_the_same_name_and_another_name_for_the_same_address_are_no_news)
{
    ck_assert_int_eq(met("a.example", "10.0.0.1"), LEDGER_DETECT);
    ck_assert_int_eq(met("a.example", "10.0.0.2"), LEDGER_QUIET);
    ck_assert_int_eq(met("b.example", "10.0.0.1"), LEDGER_QUIET);
    ck_assert_int_eq(met("c.example", "10.0.0.3"), LEDGER_DETECT);
}
END_TEST

START_TEST(three_names_of_one_address_are_told_as_a_cluster_once_with_five_at_most)
{
    char name[32];
    ck_assert_int_eq(met("n0.example", "10.0.0.1"), LEDGER_DETECT);
    ck_assert_int_eq(met("n1.example", "10.0.0.1"), LEDGER_QUIET);
    ck_assert_int_eq(met("n2.example", "10.0.0.1"), LEDGER_CLUSTER);
    ck_assert_uint_eq(view.n_samples, 3);
    for (unsigned i = 3; i < 200; i++) {
        snprintf(name, sizeof name, "n%u.example", i);
        ck_assert_int_eq(met(name, "10.0.0.1"), LEDGER_QUIET);
    }
    pass(10 * MINUTE);
    ck_assert_int_eq(summary(), LEDGER_REPEAT);
    ck_assert_uint_eq(view.n_samples, LEDGER_SAMPLES_MAX);
    ck_assert_uint_eq(view.n_names, LEDGER_NAMES_MAX);
    ck_assert_uint_eq(view.n_met, 200);
}
END_TEST

START_TEST(what_goes_on_is_summed_up_after_10_minutes_an_hour_and_every_day)
{
    uint64_t told_at[8] = {0}, began_us = clock_port.now_us;
    size_t n = 0;
    ck_assert_int_eq(met("a.example", "10.0.0.1"), LEDGER_DETECT);
    for (unsigned i = 0; i < 3 * 24 * 12 + 1; i++) {
        pass(5 * MINUTE);
        ck_assert_int_eq(met("a.example", "10.0.0.1"), LEDGER_QUIET);
        if (summary() == LEDGER_REPEAT) {
            told_at[n++] = clock_port.now_us - began_us;
        }
        ck_assert_int_eq(summary(), LEDGER_QUIET);
    }
    ck_assert_uint_eq(n, 5);
    ck_assert_uint_eq(told_at[0], 10 * MINUTE);
    ck_assert_uint_eq(told_at[1], HOUR);
    ck_assert_uint_eq(told_at[2], DAY);
    ck_assert_uint_eq(told_at[4], 3 * DAY);
}
END_TEST

START_TEST(a_summary_without_news_is_not_told)
{
    ck_assert_int_eq(met("a.example", "10.0.0.1"), LEDGER_DETECT);
    pass(2 * DAY);
    ck_assert_int_eq(summary(), LEDGER_QUIET);
}
END_TEST

START_TEST(it_is_over_after_three_good_checks_over_ten_minutes_and_may_come_again)
{
    ck_assert_int_eq(met("a.example", "10.0.0.1"), LEDGER_DETECT);
    for (unsigned i = 0; i < 5; i++) {
        ck_assert_int_eq(good("a.example"), LEDGER_QUIET); /* many, but not long enough */
    }
    pass(9 * MINUTE);
    ck_assert_int_eq(good("a.example"), LEDGER_QUIET);
    pass(MINUTE);
    ck_assert_int_eq(good("b.example"), LEDGER_QUIET); /* that was not it */
    ck_assert_int_eq(good("a.example"), LEDGER_CLEAR);
    ck_assert_uint_eq(view.n_met, 1);
    ck_assert_int_eq(good("a.example"), LEDGER_QUIET);
    ck_assert_uint_eq(ledger_n_open(ledger), 0);
    ck_assert_int_eq(met("a.example", "10.0.0.1"), LEDGER_DETECT);
}
END_TEST

START_TEST(two_good_checks_or_one_bad_between_do_not_end_it)
{
    ck_assert_int_eq(met("a.example", "10.0.0.1"), LEDGER_DETECT);
    good("a.example");
    pass(11 * MINUTE);
    ck_assert_int_eq(good("a.example"), LEDGER_QUIET);
    ck_assert_int_eq(met("a.example", "10.0.0.1"), LEDGER_QUIET);
    pass(11 * MINUTE);
    ck_assert_int_eq(good("a.example"), LEDGER_QUIET);
    ck_assert_int_eq(good("a.example"), LEDGER_QUIET);
    ck_assert_int_eq(good("a.example"), LEDGER_QUIET);
    pass(10 * MINUTE);
    ck_assert_int_eq(good("a.example"), LEDGER_CLEAR);
}
END_TEST

START_TEST(what_is_about_no_name_ends_by_its_finding)
{
    ck_assert_int_eq(met(NULL, "62.138.238.45"), LEDGER_DETECT);
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_int_eq(good(NULL), LEDGER_QUIET);
        pass(5 * MINUTE);
    }
    ck_assert_int_eq(good(NULL), LEDGER_CLEAR);
}
END_TEST

START_TEST(no_more_than_ten_alerts_an_hour_and_one_line_that_says_so)
{
    char name[32], artefact[32];
    unsigned n_detect = 0, n_overflow = 0;
    for (unsigned i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "n%u.example", i);
        snprintf(artefact, sizeof artefact, "10.0.0.%u", i);
        enum ledger_event event = met(name, artefact);
        n_detect += event == LEDGER_DETECT;
        n_overflow += event == LEDGER_OVERFLOW;
    }
    ck_assert_uint_eq(n_detect, LEDGER_ALERTS_AN_HOUR);
    ck_assert_uint_eq(n_overflow, 1);
    /* What was held back is told when there is room again and it is met again. */
    pass(HOUR);
    ck_assert_int_eq(met("n39.example", "10.0.0.39"), LEDGER_DETECT);
    ck_assert_int_eq(met("n0.example", "10.0.0.0"), LEDGER_QUIET);
}
END_TEST

START_TEST(a_full_ledger_forgets_what_was_met_longest_ago)
{
    char name[32], artefact[32];
    for (unsigned i = 0; i <= LEDGER_INCIDENTS_MAX; i++) {
        snprintf(name, sizeof name, "n%u.example", i);
        snprintf(artefact, sizeof artefact, "10.0.%u.1", i);
        met(name, artefact);
        pass(HOUR);
    }
    ck_assert_uint_eq(ledger_n_open(ledger), LEDGER_INCIDENTS_MAX);
    ck_assert_int_eq(met("n1.example", "10.0.1.1"), LEDGER_QUIET);
    ck_assert_int_eq(met("n0.example", "10.0.0.1"), LEDGER_DETECT);
}
END_TEST

static bool follow(struct ledger_subject *ret_subject)
{
    struct ledger_now at = now();
    return ledger_follow(ledger, &at, "home", "192.0.2.53", ret_subject);
}

START_TEST(an_open_incident_is_looked_at_soon_and_then_ever_more_rarely)
{
    struct ledger_subject subject;
    ck_assert(!follow(&subject));
    met("a.example", "10.0.0.1");
    met("b.example", "10.0.0.1");
    ck_assert(!follow(&subject));
    unsigned n_first_hour = 0, n_day = 0;
    for (unsigned minute = 0; minute < 24 * 60; minute++) {
        pass(MINUTE);
        if (follow(&subject)) {
            n_first_hour += minute < 60;
            n_day++;
            met("a.example", "10.0.0.1");
        }
    }
    ck_assert_uint_ge(n_first_hour, 2);
    ck_assert_uint_le(n_day, 20);
    good("a.example");
    pass(4 * MINUTE);
    ck_assert(follow(&subject)); /* is it over? then soon again */
    ck_assert_uint_eq(subject.finding, FINDING_HIJACK_BOGON);
    struct ledger_now at = now();
    pass(DAY);
    ck_assert(!ledger_follow(ledger, &at, "hotel", "192.0.2.53", &subject));
}
END_TEST

START_TEST(verdicts_are_kept_with_their_evidence_the_newest_first_and_not_more_than_fit)
{
    for (unsigned i = 0; i < LEDGER_RING_MAX + 10; i++) {
        struct ledger_record record = {.verdict = VERDICT_PROBABLE, .unix_s = i};
        ck_assert_int_ge(asprintf(&record.evidence, "{\"n\":%u}", i), 0);
        ledger_keep(ledger, &record);
    }
    static struct ledger_record records[LEDGER_RING_MAX + 10];
    size_t n = ledger_records(ledger, records, LEDGER_RING_MAX + 10);
    ck_assert_uint_eq(n, LEDGER_RING_MAX);
    ck_assert_int_eq(records[0].unix_s, LEDGER_RING_MAX + 9);
    ck_assert_str_eq(records[0].evidence, "{\"n\":265}");
    ck_assert_int_eq(records[n - 1].unix_s, 10);
    for (size_t i = 0; i < n; i++) {
        free(records[i].evidence);
    }
    ck_assert_uint_eq(ledger_records(ledger, records, 2), 2);
    free(records[0].evidence);
    free(records[1].evidence);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        the_same_lie_is_told_once_for_each_network_resolver_and_finding,
        another_address_for_the_same_name_and_another_name_for_the_same_address_are_no_news,
        three_names_of_one_address_are_told_as_a_cluster_once_with_five_at_most,
        what_goes_on_is_summed_up_after_10_minutes_an_hour_and_every_day,
        a_summary_without_news_is_not_told,
        it_is_over_after_three_good_checks_over_ten_minutes_and_may_come_again,
        two_good_checks_or_one_bad_between_do_not_end_it,
        what_is_about_no_name_ends_by_its_finding,
        no_more_than_ten_alerts_an_hour_and_one_line_that_says_so,
        a_full_ledger_forgets_what_was_met_longest_ago,
        an_open_incident_is_looked_at_soon_and_then_ever_more_rarely,
        verdicts_are_kept_with_their_evidence_the_newest_first_and_not_more_than_fit,
    };
    return suite_run("ledger", tests, sizeof tests / sizeof tests[0], set_up, tear_down);
}
