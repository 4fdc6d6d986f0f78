/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/idle.h"
#include "tests/unit/suite.h"

enum { S = 1000000 };

static struct idle idle;

static void set_up(void)
{
    idle = (struct idle){0};
}

static void tear_down(void)
{
}

START_TEST(nothing_is_too_long_before_two_connections_rested_alike)
{
    ck_assert(idle_too_long_us(&idle) == UINT64_MAX);
    idle_note_closed(&idle, 10 * S, 100 * S);
    ck_assert(idle_too_long_us(&idle) == UINT64_MAX);
    idle_note_closed(&idle, 30 * S, 200 * S);
    ck_assert(idle_too_long_us(&idle) == UINT64_MAX);
    idle_note_closed(&idle, 31 * S, 300 * S);
    ck_assert_uint_lt(idle_too_long_us(&idle), 30 * S);
    ck_assert_uint_gt(idle_too_long_us(&idle), 27 * S);
}
END_TEST

START_TEST(short_limit_leaves_a_time_in_which_a_connection_is_used_again)
{
    idle_note_closed(&idle, 1 * S, 100 * S);
    idle_note_closed(&idle, 1 * S, 200 * S);
    ck_assert_uint_gt(idle_too_long_us(&idle), S / 2);
    ck_assert_uint_le(idle_too_long_us(&idle), 3 * S / 4);
}
END_TEST

START_TEST(what_ends_at_once_says_nothing_of_rest)
{
    idle_note_closed(&idle, 20 * S, 100 * S);
    idle_note_closed(&idle, 20 * S, 100 * S + 1);
    ck_assert(idle_too_long_us(&idle) == UINT64_MAX);
}
END_TEST

START_TEST(connection_that_hardly_rested_says_nothing)
{
    idle_note_closed(&idle, S / 2, 100 * S);
    idle_note_closed(&idle, S / 2, 200 * S);
    ck_assert(idle_too_long_us(&idle) == UINT64_MAX);
}
END_TEST

START_TEST(provider_that_becomes_more_patient_is_believed)
{
    idle_note_closed(&idle, 10 * S, 100 * S);
    idle_note_closed(&idle, 10 * S, 200 * S);
    idle_note_closed(&idle, 60 * S, 300 * S);
    ck_assert_uint_lt(idle_too_long_us(&idle), 10 * S);
    idle_note_closed(&idle, 60 * S, 400 * S);
    ck_assert_uint_gt(idle_too_long_us(&idle), 50 * S);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        nothing_is_too_long_before_two_connections_rested_alike,
        short_limit_leaves_a_time_in_which_a_connection_is_used_again,
        what_ends_at_once_says_nothing_of_rest,
        connection_that_hardly_rested_says_nothing,
        provider_that_becomes_more_patient_is_believed,
    };
    return suite_run("idle", tests, sizeof tests / sizeof tests[0], set_up, tear_down);
}
