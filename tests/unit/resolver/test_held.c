/* SPDX-License-Identifier: MIT */
/* A provider that answers nobody is not sent more than so many questions at once. */
#include "tests/unit/pool_rig.h"

#include <errno.h>

enum { MOST = 2 };

static void set_up_narrow(void)
{
    set_up();
    pool = pool_free(pool);
    struct pool_params params = {
        .providers = providers,
        .n_providers = 2,
        .max_attempts = FAKE_EXCHANGE_LIVE,
        .max_in_flight = MOST,
        .patience_max_ms = 500,
        .max_ttl_s = 86400,
        .negative_max_ttl_s = 3600,
    };
    pool = pool_new(&params, &fake_port.port, &fake.exchange);
    ck_assert_ptr_nonnull(pool);
}

static void good(void)
{
    answer_with("www.example.com", RCODE_NOERROR);
}

/* As many as it should have are out, and nothing was heard for a while. */
static void hang(void)
{
    start(0);
    start(0);
    fake_port_advance(&fake_port, S);
}

START_TEST(provider_that_answers_is_sent_all_that_come)
{
    for (size_t i = 0; i < 4; i++) {
        start(0);
    }
    ck_assert_uint_eq(fake.n_live, 4);
    fake_port_advance(&fake_port, S);
    good();
    start(0);
    ck_assert_uint_eq(fake.n_live, 4);
    while (fake.n_live > 0) {
        good();
    }
}
END_TEST

START_TEST(questions_wait_while_a_provider_answers_nobody_and_all_go_on_once_it_does)
{
    hang();
    start(0);
    start(0);
    ck_assert_uint_eq(fake.n_live, MOST);
    start(1);
    ck_assert_uint_eq(fake.n_live, MOST + 1); /* the other provider's */
    good();
    ck_assert_uint_eq(fake.n_live, MOST + 2);
    while (fake.n_live > 0) {
        good();
    }
    ck_assert_uint_eq(ended.n, 5);
}
END_TEST

START_TEST(each_that_fails_lets_the_oldest_of_those_that_wait_go)
{
    hang();
    struct attempt *second = start(0), *third = start(0);
    attempt_free(second, false);
    struct attempt *fourth = start(0);
    end_with(EXCHANGE_BROKEN);
    ck_assert_uint_eq(fake.n_live, MOST);
    ck_assert_ptr_eq(fake.live[1].call, (struct exchange_call *)third);
    attempt_free(third, false);
    ck_assert_ptr_eq(fake.live[1].call, (struct exchange_call *)fourth);
    attempt_free(fourth, false);
    end_with(EXCHANGE_BROKEN);
    ck_assert_uint_eq(fake.n_live, 0);
}
END_TEST

START_TEST(one_that_was_never_sent_says_nothing_of_its_provider)
{
    hang();
    struct attempt *held = start(0);
    fake_port_advance(&fake_port, 2 * S);
    attempt_doubt(held);
    attempt_free(held, true);
    struct upstream_state state;
    pool_state(pool, 0, &state);
    ck_assert_uint_eq(state.n_failed, 0);
    ck_assert_uint_eq(state.n_live, MOST);
    ck_assert_uint_eq(fake.n_doubts, 0);
    good();
    good();
}
END_TEST

START_TEST(one_that_cannot_be_sent_waits_on)
{
    hang();
    struct attempt *held = start(0);
    start(0);
    fake.start_fails = -ENOMEM;
    good();
    ck_assert_uint_eq(fake.n_live, MOST - 1);
    fake.start_fails = 0;
    attempt_free(held, false);
    good();
    ck_assert_uint_eq(fake.n_live, 1);
    good();
    ck_assert_uint_eq(ended.n, 3);
}
END_TEST

START_TEST(who_is_overtaken_waits_in_no_line_and_where_little_is_under_way_there_is_none)
{
    uint64_t began_us = fake_port.now_us;
    start(0);
    ck_assert(!pool_is_in_line(pool, 0, began_us));
    while (fake.n_live < 17) {
        start(0);
    }
    ck_assert(pool_is_in_line(pool, 0, began_us));
    fake_port_advance(&fake_port, 1);
    start(0);
    good();
    ck_assert(pool_is_in_line(pool, 0, began_us)); /* one as old was answered */
    while (fake.n_live > 17) {
        good();
    }
    struct fake_call oldest = fake.live[0];
    fake.live[0] = fake.live[16];
    fake.live[16] = oldest;
    good();
    start(0);
    ck_assert(!pool_is_in_line(pool, 0, began_us));
    while (fake.n_live > 0) {
        good();
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        provider_that_answers_is_sent_all_that_come,
        questions_wait_while_a_provider_answers_nobody_and_all_go_on_once_it_does,
        each_that_fails_lets_the_oldest_of_those_that_wait_go,
        one_that_was_never_sent_says_nothing_of_its_provider,
        one_that_cannot_be_sent_waits_on,
        who_is_overtaken_waits_in_no_line_and_where_little_is_under_way_there_is_none,
    };
    return suite_run("held", tests, sizeof tests / sizeof tests[0], set_up_narrow, tear_down);
}
