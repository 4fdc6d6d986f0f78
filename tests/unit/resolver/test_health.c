/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/health.h"
#include "tests/unit/suite.h"

enum { S = 1000000, MS = 1000 };

static struct health h;

static void set_up(void)
{
    h = (struct health){0};
}

static void tear_down(void)
{
}

static void fails(unsigned n, uint64_t now_us)
{
    while (n-- > 0) {
        health_failed(&h, now_us);
    }
}

/* For how many seconds it is set aside from `now_us` on. */
static unsigned set_aside_s(uint64_t now_us)
{
    unsigned s = 0;
    while (health_state(&h, now_us + (uint64_t)s * S) == HEALTH_OPEN) {
        s++;
    }
    return s;
}

START_TEST(three_failures_in_a_row_set_it_aside_and_one_answer_ends_that)
{
    fails(2, 10 * S);
    ck_assert_int_eq(health_state(&h, 10 * S), HEALTH_CLOSED);
    fails(1, 10 * S);
    ck_assert_int_eq(health_state(&h, 10 * S), HEALTH_OPEN);
    ck_assert_int_eq(health_state(&h, 11 * S), HEALTH_HALF_OPEN);
    health_good(&h, 5 * MS, false, 11 * S);
    ck_assert_int_eq(health_state(&h, 11 * S), HEALTH_CLOSED);
}
END_TEST

START_TEST(failure_of_the_try_out_doubles_the_time_up_to_30_s)
{
    static const unsigned expected[] = {1, 2, 4, 8, 16, 30, 30};
    uint64_t now_us = 10 * S;
    fails(2, now_us);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        fails(1, now_us);
        ck_assert_uint_eq(set_aside_s(now_us), expected[i]);
        fails(5, now_us); /* those were under way: they change nothing */
        ck_assert_uint_eq(set_aside_s(now_us), expected[i]);
        now_us += (uint64_t)expected[i] * S;
    }
}
END_TEST

START_TEST(one_that_comes_back_only_to_fail_again_is_set_aside_for_longer)
{
    fails(3, 10 * S);
    health_good(&h, 5 * MS, false, 11 * S);
    fails(3, 11 * S);
    ck_assert_uint_eq(set_aside_s(11 * S), 2);
    health_good(&h, 5 * MS, false, 13 * S);
    fails(3, 20 * S); /* it held out for more than twice as long */
    ck_assert_uint_eq(set_aside_s(20 * S), 1);
}
END_TEST

START_TEST(failures_between_answers_set_it_aside_when_they_are_more_than_a_third)
{
    for (unsigned i = 0; i < 100; i++) {
        fails(1, 10 * S);
        for (unsigned k = 0; k < 4; k++) {
            health_good(&h, 5 * MS, false, 10 * S);
        }
    }
    ck_assert_int_eq(health_state(&h, 10 * S), HEALTH_CLOSED);
    for (unsigned i = 0; i < 20 && health_state(&h, 10 * S) == HEALTH_CLOSED; i++) {
        health_good(&h, 5 * MS, false, 10 * S);
        fails(2, 10 * S);
    }
    ck_assert_int_eq(health_state(&h, 10 * S), HEALTH_OPEN);
}
END_TEST

/* A reply every 2 ms, each `per_connection`-th on a new connection, for a second. */
static void replies(unsigned per_connection, uint64_t from_us)
{
    for (unsigned i = 0; i < 500; i++) {
        health_good(&h, 5 * MS, i % per_connection == 0, from_us + (uint64_t)i * 2 * MS);
    }
}

START_TEST(provider_that_closes_after_every_reply_is_set_aside_until_a_connection_serves_twice)
{
    replies(100, 10 * S);
    ck_assert_int_eq(health_state(&h, 11 * S), HEALTH_CLOSED);
    replies(1, 11 * S);
    ck_assert_int_eq(health_state(&h, 12 * S), HEALTH_OPEN);
    for (unsigned i = 0; i < 2; i++) { /* two try-outs, each on a connection of its own */
        ck_assert_int_eq(health_state(&h, 13 * S), HEALTH_HALF_OPEN);
        health_good(&h, 5 * MS, true, 13 * S + i * 10 * MS);
    }
    ck_assert_uint_eq(set_aside_s(13 * S + 10 * MS), 2);
    health_good(&h, 5 * MS, true, 16 * S);
    health_good(&h, 5 * MS, false, 16 * S + 10 * MS);
    ck_assert_int_eq(health_state(&h, 16 * S + 10 * MS), HEALTH_CLOSED);
}
END_TEST

START_TEST(provider_whose_connections_broke_is_back_only_when_one_has_served_twice)
{
    fails(3, 10 * S);
    health_good(&h, 5 * MS, true, 11 * S);
    ck_assert_int_eq(health_state(&h, 11 * S), HEALTH_HALF_OPEN);
    health_good(&h, 9 * MS, false, 11 * S + 3 * MS); /* asked for together with the first one */
    health_good(&h, 9 * MS, true, 11 * S + 3 * MS);
    ck_assert_int_eq(health_state(&h, 11 * S + 3 * MS), HEALTH_HALF_OPEN);
    health_good(&h, 5 * MS, true, 11 * S + 10 * MS);
    ck_assert_uint_eq(set_aside_s(11 * S + 10 * MS), 2);
    health_good(&h, 5 * MS, true, 12 * S); /* before its time, nobody else being there */
    health_good(&h, 5 * MS, false, 12 * S + 10 * MS);
    ck_assert_int_eq(health_state(&h, 12 * S + 10 * MS), HEALTH_CLOSED);
}
END_TEST

START_TEST(
    provider_that_is_asked_seldom_may_close_its_connection_between_the_answers_that_bring_it_back)
{
    fails(3, 10 * S);
    health_good(&h, 5 * MS, true, 20 * S);
    ck_assert_int_eq(health_state(&h, 20 * S), HEALTH_HALF_OPEN);
    health_good(&h, 5 * MS, true, 30 * S);
    ck_assert_int_eq(health_state(&h, 30 * S), HEALTH_CLOSED);
}
END_TEST

START_TEST(connection_for_each_of_few_questions_or_a_burst_of_connections_is_no_fault)
{
    for (unsigned i = 0; i < 100; i++) {
        health_good(&h, 5 * MS, true, (10 + i) * S);
    }
    for (unsigned i = 0; i < 12; i++) {
        health_good(&h, 5 * MS, true, 120 * S);
    }
    ck_assert_int_eq(health_state(&h, 120 * S), HEALTH_CLOSED);
}
END_TEST

START_TEST(silence_that_was_asked_for_is_kept_even_when_the_network_changes)
{
    health_quiet(&h, 20, 10 * S);
    health_quiet(&h, 5, 10 * S);
    fails(3, 10 * S);
    health_forget(&h);
    ck_assert_int_eq(health_state(&h, 29 * S), HEALTH_QUIET);
    ck_assert_int_eq(health_state(&h, 30 * S), HEALTH_CLOSED);
    ck_assert_uint_eq(h.n_failed, 3);
}
END_TEST

START_TEST(patience_is_what_answers_usually_take_within_its_bounds)
{
    ck_assert_uint_eq(health_patience_us(&h, 10 * MS, 500 * MS), 250 * MS);
    for (int i = 0; i < 50; i++) {
        health_good(&h, 150 * MS, false, 10 * S);
    }
    ck_assert_uint_ge(health_patience_us(&h, 10 * MS, 500 * MS), 150 * MS);
    ck_assert_uint_le(health_patience_us(&h, 10 * MS, 500 * MS), 160 * MS);
    for (int i = 0; i < 50; i++) {
        health_good(&h, 1 * MS, false, 10 * S);
    }
    ck_assert_uint_eq(health_patience_us(&h, 10 * MS, 500 * MS), 10 * MS);
    for (int i = 0; i < 50; i++) {
        health_good(&h, 2 * S, false, 10 * S);
    }
    ck_assert_uint_eq(health_patience_us(&h, 10 * MS, 500 * MS), 500 * MS);
}
END_TEST

START_TEST(three_answers_in_a_row_that_are_slow_for_it_set_it_aside_and_a_long_time_is_usual)
{
    for (int i = 0; i < 50; i++) {
        health_good(&h, 20 * MS, false, 10 * S);
    }
    health_good(&h, 900 * MS, false, 10 * S);
    health_good(&h, 900 * MS, false, 10 * S);
    ck_assert_int_eq(health_state(&h, 10 * S), HEALTH_CLOSED);
    health_good(&h, 900 * MS, false, 10 * S);
    ck_assert_uint_eq(set_aside_s(10 * S), 1);
    health_good(&h, 900 * MS, false, 11 * S); /* the try-out is slow too */
    ck_assert_uint_eq(set_aside_s(11 * S), 2);
    health_good(&h, 25 * MS, false, 13 * S);
    ck_assert_int_eq(health_state(&h, 13 * S), HEALTH_CLOSED);
    for (int i = 0; i < 2000; i++) {
        health_good(&h, 300 * MS, false, 20 * S);
    }
    for (int i = 0; i < 10; i++) {
        health_good(&h, 300 * MS, false, 61 * S);
    }
    ck_assert_int_eq(health_state(&h, 61 * S), HEALTH_CLOSED);
}
END_TEST

START_TEST(answer_to_what_was_asked_before_does_not_bring_it_back)
{
    fails(3, 10 * S);
    health_good(&h, 200 * MS, false, 10 * S + 100 * MS);
    ck_assert_uint_eq(set_aside_s(10 * S), 1);
    health_good(&h, 50 * MS, false, 10 * S + 100 * MS);
    ck_assert_int_eq(health_state(&h, 10 * S + 100 * MS), HEALTH_CLOSED);
}
END_TEST

START_TEST(failures_make_a_fast_provider_dearer_than_a_slow_one_that_works)
{
    struct health works = {0};
    ck_assert_uint_eq(health_cost(&h), 0);
    for (int i = 0; i < 50; i++) {
        health_good(&h, 10 * MS, false, 10 * S);
        health_good(&works, 20 * MS, false, 10 * S);
    }
    ck_assert_uint_lt(health_cost(&h), health_cost(&works));
    fails(2, 10 * S);
    ck_assert_uint_gt(health_cost(&h), health_cost(&works));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        three_failures_in_a_row_set_it_aside_and_one_answer_ends_that,
        failure_of_the_try_out_doubles_the_time_up_to_30_s,
        one_that_comes_back_only_to_fail_again_is_set_aside_for_longer,
        failures_between_answers_set_it_aside_when_they_are_more_than_a_third,
        provider_that_closes_after_every_reply_is_set_aside_until_a_connection_serves_twice,
        provider_whose_connections_broke_is_back_only_when_one_has_served_twice,
        provider_that_is_asked_seldom_may_close_its_connection_between_the_answers_that_bring_it_back,
        connection_for_each_of_few_questions_or_a_burst_of_connections_is_no_fault,
        silence_that_was_asked_for_is_kept_even_when_the_network_changes,
        patience_is_what_answers_usually_take_within_its_bounds,
        three_answers_in_a_row_that_are_slow_for_it_set_it_aside_and_a_long_time_is_usual,
        answer_to_what_was_asked_before_does_not_bring_it_back,
        failures_make_a_fast_provider_dearer_than_a_slow_one_that_works,
    };
    return suite_run("health", tests, sizeof tests / sizeof tests[0], set_up, tear_down);
}
