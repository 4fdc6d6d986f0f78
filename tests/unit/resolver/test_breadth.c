/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/breadth.h"
#include "tests/unit/suite.h"

enum { S = 1000000, MS = 1000 };

static struct breadth breadth;

static void set_up(void)
{
    breadth = (struct breadth){0};
}

static void tear_down(void)
{
}

static bool is_wide(size_t n_live, bool needs, uint64_t now_us)
{
    return breadth_note(&breadth, n_live, needs, now_us) > now_us;
}

START_TEST(burst_of_thousands_makes_no_more_connections_than_it_begins_with)
{
    for (unsigned i = 1; i <= 5000; i++) {
        ck_assert(!is_wide(i, false, 10 * S + i * MS / 50));
    }
}
END_TEST

START_TEST(many_under_way_for_long_may_have_all_connections)
{
    for (unsigned i = 0; i < 500; i++) {
        ck_assert(!is_wide(400, false, 10 * S + i * MS));
    }
    ck_assert(is_wide(400, false, 10 * S + 500 * MS));
    ck_assert(is_wide(1, false, 11 * S));
    ck_assert(!is_wide(1, false, 10 * S + 500 * MS + BREADTH_STAYS_US));
}
END_TEST

START_TEST(few_between_begin_the_time_anew)
{
    ck_assert(!is_wide(BREADTH_MANY, false, 10 * S));
    ck_assert(!is_wide(BREADTH_MANY - 1, false, 10 * S + 400 * MS));
    ck_assert(!is_wide(BREADTH_MANY, false, 10 * S + 450 * MS));
    ck_assert(!is_wide(BREADTH_MANY, false, 10 * S + 800 * MS));
    ck_assert(is_wide(BREADTH_MANY, false, 10 * S + 950 * MS));
}
END_TEST

START_TEST(where_each_request_needs_a_connection_there_may_be_all_at_once)
{
    ck_assert(is_wide(1, true, 10 * S));
    ck_assert(is_wide(1, false, 11 * S));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        burst_of_thousands_makes_no_more_connections_than_it_begins_with,
        many_under_way_for_long_may_have_all_connections,
        few_between_begin_the_time_anew,
        where_each_request_needs_a_connection_there_may_be_all_at_once,
    };
    return suite_run("breadth", tests, sizeof tests / sizeof tests[0], set_up, tear_down);
}
