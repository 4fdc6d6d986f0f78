/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/stalls.h"
#include "tests/unit/suite.h"

enum { S = 1000000, MS = 1000 };

static struct stalls s;
static uint64_t now_us;

static void set_up(void)
{
    s = (struct stalls){0};
    now_us = 100 * (uint64_t)S;
}

static void tear_down(void)
{
}

/* `n` questions, one a millisecond, each answered after `took_ms`. */
static void usual(unsigned n, unsigned took_ms)
{
    for (unsigned i = 0; i < n; i++) {
        now_us += MS;
        stalls_note(&s, now_us - took_ms * MS, 20, now_us);
    }
}

/* Nothing for 40 ms, and then all that had been asked for. */
static void stall(size_t n_live)
{
    now_us += 40 * MS;
    for (unsigned i = 0; i < 40; i++) {
        stalls_note(&s, now_us - (60 - i) * MS, n_live, now_us);
    }
}

START_TEST(several_stalls_spread_the_requests_for_a_minute)
{
    usual(100, 20);
    for (unsigned i = 0; i < 16; i++) {
        ck_assert(i >= 5 || !stalls_spread(&s, now_us));
        stall(20);
        usual(60, 20);
    }
    ck_assert(stalls_spread(&s, now_us));
    ck_assert_uint_ge(stalls_patience_us(&s), 21 * MS);
    ck_assert_uint_le(stalls_patience_us(&s), 26 * MS);
    ck_assert(!stalls_spread(&s, now_us + 60 * (uint64_t)S));
}
END_TEST

START_TEST(provider_that_is_slow_for_some_names_while_it_answers_others_loses_no_packets)
{
    for (unsigned i = 0; i < 1000; i++) {
        usual(3, 20);
        now_us += MS;
        stalls_note(&s, now_us - 90 * MS, 20, now_us);
    }
    ck_assert(!stalls_spread(&s, now_us));
}
END_TEST

START_TEST(slow_answer_that_nothing_could_have_overtaken_is_no_stall)
{
    usual(100, 20);
    for (unsigned i = 0; i < 100; i++) {
        stall(1);
    }
    ck_assert(!stalls_spread(&s, now_us));
}
END_TEST

START_TEST(provider_next_door_is_busy_and_loses_no_packets)
{
    usual(100, 2);
    for (unsigned i = 0; i < 100; i++) {
        stall(20);
        usual(60, 2);
    }
    ck_assert(!stalls_spread(&s, now_us));
}
END_TEST

START_TEST(few_stalls_among_many_replies_are_forgotten)
{
    for (unsigned i = 0; i < 50; i++) {
        usual(300, 20);
        stall(20);
    }
    ck_assert(!stalls_spread(&s, now_us));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        several_stalls_spread_the_requests_for_a_minute,
        provider_that_is_slow_for_some_names_while_it_answers_others_loses_no_packets,
        slow_answer_that_nothing_could_have_overtaken_is_no_stall,
        provider_next_door_is_busy_and_loses_no_packets,
        few_stalls_among_many_replies_are_forgotten,
    };
    return suite_run("stalls", tests, sizeof tests / sizeof tests[0], set_up, tear_down);
}
