/* SPDX-License-Identifier: MIT */
/* Whom the pool asks, by strategy and by how providers do; the dice have a seed. */
#include "resolver/upstream/pool.h"
#include "tests/unit/fake_exchange.h"
#include "tests/unit/fake_port.h"
#include "tests/unit/messages.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <stdio.h>

enum { S = 1000000, MS = 1000, N = 4, DRAWS = 1000, ALL = (1u << N) - 1 };

#define PROVIDER(i, its_name)                        \
    {                                                \
        .name = its_name, .endpoint = {              \
            .id = i,                                 \
            .url = "https://" its_name ".example/q", \
            .addresses = addresses,                  \
            .n_addresses = 1                         \
        }                                            \
    }

static const char *const addresses[] = {"192.0.2.1"};
static const struct provider_params providers[N] = {PROVIDER(0, "one"), PROVIDER(1, "two"),
                                                    PROVIDER(2, "three"), PROVIDER(3, "four")};

static struct fake_port fake_port;
static struct fake_exchange fake;
static struct pool *pool;
static struct question question;
static struct answer *last;
static unsigned n_told;
static char told[128];

static void on_aside(void *ctx, unsigned provider, const char *name, const char *why)
{
    (void)ctx;
    n_told++;
    snprintf(told, sizeof told, "%u %s %s", provider, name, why);
}

static void use(enum pool_strategy strategy)
{
    struct pool_params params = {
        .providers = providers,
        .n_providers = N,
        .max_attempts = 16,
        .strategy = strategy,
        .n_race = 3,
        .max_in_flight = 2,
        .max_serial = 1,
        .patience_max_ms = 500,
        .max_ttl_s = 86400,
        .negative_max_ttl_s = 3600,
        .on_aside = on_aside,
    };
    pool = pool_free(pool);
    pool = pool_new(&params, &fake_port.port, &fake.exchange);
    ck_assert_ptr_nonnull(pool);
}

static void ask_for(const char *name)
{
    question = (struct question){.type = TYPE_A, .class = CLASS_IN};
    ck_assert_int_eq(name_from_text(name, &question.name), 0);
}

static void set_up(void)
{
    fake_port_init(&fake_port, 3);
    fake_port.now_us = 100 * S;
    n_told = 0;
    fake_exchange_init(&fake);
    ask_for("www.example.com");
    use(POOL_FAILOVER);
}

static void tear_down(void)
{
    pool = pool_free(pool);
    last = answer_unref(last);
    port_done(&fake_port.port);
}

static int next_of(unsigned tried)
{
    struct pool_wish wish = {
        .route = pool_default_route(pool), .tried = tried, .question = &question};
    return pool_next(pool, &wish);
}

static void on_end(void *ctx, struct attempt_end *end)
{
    (void)ctx;
    answer_unref(last);
    last = end->answer;
}

static struct attempt *start(unsigned provider)
{
    struct attempt *attempt = NULL;
    struct attempt_wish wish = {.question = &question, .provider = provider, .on_end = on_end};
    ck_assert_int_eq(attempt_start(pool, &wish, &attempt), 0);
    return attempt;
}

static void answer_now(void)
{
    struct test_response response = {
        .name = "www.example.com", .type = TYPE_A, .ttl_s = 300, .address = 0x01020304};
    uint8_t wire[512];
    fake_exchange_answer(&fake, bytes_of(wire, test_response_write(&response, wire)));
}

static void fail_now(void)
{
    struct exchange_reply reply = {
        .result = EXCHANGE_UNREACHABLE, .media_type = "", .detail = "why"};
    fake_exchange_end(&fake, &reply);
}

static void make_fail(unsigned provider)
{
    for (int i = 0; i < 3; i++) {
        start(provider);
        fail_now();
    }
}

static void make_take(unsigned provider, uint64_t us)
{
    for (int i = 0; i < 20; i++) {
        start(provider);
        fake_port_advance(&fake_port, us);
        answer_now();
    }
}

static struct upstream_state state_of(unsigned provider)
{
    struct upstream_state state;
    pool_state(pool, provider, &state);
    return state;
}

START_TEST(failover_keeps_the_configured_order)
{
    ck_assert_int_eq(next_of(0), 0);
    ck_assert_int_eq(next_of(1), 1);
    ck_assert_int_eq(next_of(3), 2);
    make_take(0, 400 * MS);
    make_take(1, 20 * MS);
    ck_assert_int_eq(next_of(0), 0);
    ck_assert_uint_eq(pool_at_once(pool), 1);
}
END_TEST

START_TEST(race_asks_as_many_at_once_as_configured)
{
    use(POOL_RACE);
    ck_assert_uint_eq(pool_at_once(pool), 3);
    ck_assert_int_eq(next_of(0), 0);
    ck_assert_int_eq(next_of(1), 1);
}
END_TEST

START_TEST(race_asks_at_once_only_those_that_are_well)
{
    use(POOL_RACE);
    make_fail(1);
    struct pool_wish wish = {.route = pool_default_route(pool),
                             .tried = ALL & ~2u,
                             .question = &question,
                             .races = true};
    ck_assert_int_eq(pool_next(pool, &wish), -ENOENT);
    wish.tried = 1;
    ck_assert_int_eq(pool_next(pool, &wish), 2);
    ck_assert_int_eq(next_of(ALL & ~2u), 1);
}
END_TEST

START_TEST(fastest_mostly_takes_the_fast_never_the_slowest_and_tries_all_beside)
{
    static const uint64_t takes_ms[N] = {40, 10, 80, 20};
    unsigned n[N] = {0}, n_beside[N] = {0};
    use(POOL_FASTEST);
    for (unsigned i = 0; i < N; i++) {
        make_take(i, takes_ms[i] * MS);
    }
    for (unsigned i = 0; i < DRAWS; i++) {
        n[next_of(0)]++;
        fake_port_advance(&fake_port, 100 * MS);
        if (fake.n_live > 0) {
            unsigned beside = (unsigned)fake.live[0].provider;
            n_beside[beside]++;
            answer_now();
            make_take(beside, takes_ms[beside] * MS);
        }
    }
    ck_assert_uint_gt(n[1], n[3]);
    ck_assert_uint_gt(n[3], n[0]);
    ck_assert_uint_gt(n[1], DRAWS * 40 / 100);
    ck_assert_uint_eq(n[2], 0);
    ck_assert(n_beside[0] > 0 && n_beside[2] > 0 && n_beside[3] > 0);
    ck_assert_uint_lt(n_beside[0] + n_beside[2] + n_beside[3], DRAWS * 6 / 100);
}
END_TEST

START_TEST(fastest_asks_beside_ten_times_a_second_at_most_and_only_what_is_new)
{
    use(POOL_FASTEST);
    for (unsigned i = 0; i < N; i++) {
        make_take(i, (i + 1) * 10 * MS);
    }
    fake_port_advance(&fake_port, S);
    for (unsigned i = 0; i < DRAWS; i++) {
        next_of(1u << 1);
    }
    ck_assert_uint_eq(fake.n_live, 0);
    unsigned n_beside = 0;
    for (unsigned i = 0; i < DRAWS; i++) {
        next_of(0);
        for (; fake.n_live > 0; n_beside++) {
            answer_now();
        }
    }
    ck_assert_uint_ge(n_beside, 1);
    ck_assert_uint_le(n_beside, N);
}
END_TEST

START_TEST(spread_gives_each_site_one_provider_and_each_provider_its_share_of_sites)
{
    unsigned n[N] = {0};
    use(POOL_SPREAD);
    for (unsigned i = 0; i < DRAWS; i++) {
        char name[64];
        snprintf(name, sizeof name, "site%u.example", i);
        ask_for(name);
        int provider = next_of(0);
        n[provider]++;
        snprintf(name, sizeof name, "www.a.SITE%u.example", i);
        ask_for(name);
        ck_assert_int_eq(next_of(0), provider);
    }
    for (unsigned i = 0; i < N; i++) {
        ck_assert_uint_gt(n[i], DRAWS / N * 8 / 10);
        ck_assert_uint_lt(n[i], DRAWS / N * 12 / 10);
    }
}
END_TEST

START_TEST(spread_does_not_take_all_of_co_uk_for_one_site)
{
    unsigned seen = 0;
    use(POOL_SPREAD);
    for (unsigned i = 0; i < 50; i++) {
        char name[64];
        snprintf(name, sizeof name, "www.shop%u.co.uk", i);
        ask_for(name);
        seen |= 1u << next_of(0);
    }
    ck_assert_uint_eq(seen, ALL);
}
END_TEST

START_TEST(spread_moves_only_the_sites_of_a_provider_that_fails)
{
    int before[DRAWS];
    char name[64];
    use(POOL_SPREAD);
    for (unsigned i = 0; i < DRAWS; i++) {
        snprintf(name, sizeof name, "site%u.example", i);
        ask_for(name);
        before[i] = next_of(0);
    }
    ask_for("www.example.com");
    make_fail(2);
    for (unsigned i = 0; i < DRAWS; i++) {
        snprintf(name, sizeof name, "site%u.example", i);
        ask_for(name);
        ck_assert(before[i] == 2 ? next_of(0) != 2 : next_of(0) == before[i]);
    }
}
END_TEST

START_TEST(provider_with_as_much_under_way_as_it_should_is_passed_over_while_others_have_room)
{
    struct attempt *live[2 * N];
    for (unsigned i = 0; i < 2 * N; i++) {
        ck_assert_int_eq(next_of(0), (int)(i / 2));
        live[i] = start(i / 2);
    }
    ck_assert_int_eq(next_of(0), 0);
    for (unsigned i = 0; i < 2 * N; i++) {
        attempt_free(live[i], false);
    }
}
END_TEST

START_TEST(provider_that_speaks_http_1_has_less_room_and_is_spread_until_the_network_is_another)
{
    fake.http = EXCHANGE_HTTP1;
    start(0);
    answer_now();
    ck_assert_int_eq(state_of(0).http, EXCHANGE_HTTP1);
    struct attempt *live = start(0);
    ck_assert(fake.live[0].spread);
    ck_assert_int_eq(next_of(0), 1);
    attempt_free(live, false);
    pool_change_network(pool);
    ck_assert_int_eq(state_of(0).http, EXCHANGE_HTTP_UNKNOWN);
    live = start(0);
    ck_assert(!fake.live[0].spread);
    ck_assert_int_eq(next_of(0), 0);
    attempt_free(live, false);
}
END_TEST

START_TEST(provider_that_speaks_http_2_again_has_its_room_again)
{
    fake.http = EXCHANGE_HTTP1;
    start(0);
    answer_now();
    fake.http = EXCHANGE_HTTP2;
    start(0);
    answer_now();
    struct attempt *live = start(0);
    ck_assert_int_eq(next_of(0), 0);
    attempt_free(live, false);
}
END_TEST

START_TEST(provider_set_aside_is_tried_out_once_beside_the_one_that_works)
{
    make_fail(0);
    ck_assert_int_eq(next_of(0), 1);
    ck_assert_uint_eq(fake.n_live, 0);
    fake_port_advance(&fake_port, 1 * S);
    ck_assert_int_eq(next_of(0), 1);
    ck_assert_int_eq(next_of(0), 1);
    ck_assert_uint_eq(fake.n_live, 1);
    ck_assert_uint_eq(fake.live[0].provider, 0);
    ck_assert(fake.live[0].fresh);
    answer_now();
    ck_assert_int_eq(next_of(0), 0);
}
END_TEST

START_TEST(why_a_provider_is_set_aside_is_told_once)
{
    make_fail(1);
    make_fail(1);
    ck_assert_uint_eq(n_told, 1);
    ck_assert_str_eq(told, "1 two why");
    make_take(2, 20 * MS);
    make_take(2, 200 * MS);
    ck_assert_uint_eq(n_told, 2);
    ck_assert_str_eq(told, "2 three slower than ever, or no connection lasts");
}
END_TEST

START_TEST(provider_that_has_become_much_slower_is_passed_over_until_it_is_as_before)
{
    make_take(0, 20 * MS);
    make_take(0, 200 * MS);
    ck_assert_int_eq(next_of(0), 1);
    fake_port_advance(&fake_port, 30 * S);
    ck_assert_int_eq(next_of(0), 1);
    ck_assert_uint_eq(fake.n_live, 1);
    fake_port_advance(&fake_port, 20 * MS);
    answer_now();
    ck_assert_int_eq(next_of(0), 0);
}
END_TEST

START_TEST(silent_try_out_is_a_failure_after_a_second)
{
    make_fail(0);
    fake_port_advance(&fake_port, 1 * S);
    next_of(0);
    ck_assert_uint_eq(fake.n_live, 1);
    fake_port_advance(&fake_port, 1 * S);
    ck_assert_uint_eq(fake.n_live, 0);
    ck_assert_int_eq(state_of(0).health, HEALTH_OPEN);
    ck_assert_uint_eq(state_of(0).n_failed, 4);
}
END_TEST

START_TEST(pool_that_is_freed_ends_its_try_outs)
{
    make_fail(0);
    fake_port_advance(&fake_port, 1 * S);
    next_of(0);
    pool = pool_free(pool);
    ck_assert_uint_eq(fake.n_live, 0);
    ck_assert_uint_eq(fake.n_cancelled, 1);
}
END_TEST

START_TEST(last_one_that_asked_for_silence_is_asked_once_a_second)
{
    for (unsigned i = 0; i < N; i++) {
        start(i);
        struct exchange_reply busy = {.result = EXCHANGE_DONE,
                                      .status = 503,
                                      .media_type = "text/html",
                                      .retry_after_s = 60,
                                      .detail = ""};
        fake_exchange_end(&fake, &busy);
    }
    ck_assert_int_eq(next_of(0), -EAGAIN);
    fake_port_advance(&fake_port, 1 * S);
    struct pool_wish late = {
        .route = pool_default_route(pool), .question = &question, .beside = true};
    ck_assert_int_eq(pool_next(pool, &late), -EAGAIN);
    ck_assert_int_eq(next_of(0), 0);
    start(0);
    fail_now();
    ck_assert_int_eq(next_of(ALL & ~1u), -EAGAIN);
    ck_assert_int_eq(next_of(0), 1);
}
END_TEST

START_TEST(hedges_are_one_in_eight_unless_a_provider_is_silent)
{
    unsigned n_hedges = 0;
    for (unsigned i = 0; i < DRAWS; i++) {
        start(0);
        answer_now();
        n_hedges += pool_may_hedge(pool, 0, 50 * MS);
    }
    ck_assert_uint_ge(n_hedges, DRAWS / 8 - 1);
    ck_assert_uint_le(n_hedges, DRAWS / 8 + 1);
    ck_assert(!pool_may_hedge(pool, 0, 150 * MS));
    fake_port_advance(&fake_port, 200 * MS);
    ck_assert(pool_may_hedge(pool, 0, 150 * MS));
    start(0);
    answer_now();
    while (pool_may_hedge(pool, 0, 50 * MS)) { /* others are answered: what is left of the credit */
    }
    ck_assert(pool_may_hedge(pool, 0, 300 * MS));
}
END_TEST

START_TEST(late_attempt_is_listened_to_and_a_slow_answer_is_no_failure)
{
    make_take(0, 20 * MS);
    uint64_t before_us = state_of(0).latency_us;
    struct attempt *late = start(0);
    fake_port_advance(&fake_port, 50 * MS);
    attempt_free(late, true);
    ck_assert_uint_eq(fake.n_live, 1);
    fake_port_advance(&fake_port, 50 * MS);
    answer_now();
    ck_assert_uint_eq(state_of(0).n_failed, 0);
    ck_assert_uint_gt(state_of(0).latency_us, before_us);
}
END_TEST

START_TEST(late_attempt_that_stays_silent_is_a_failure_and_its_connection_is_doubted)
{
    make_take(0, 20 * MS);
    struct attempt *late = start(0);
    fake_port_advance(&fake_port, 50 * MS);
    attempt_free(late, true);
    fake_port_advance(&fake_port, 250 * MS);
    ck_assert_uint_eq(fake.n_live, 0);
    ck_assert_uint_eq(fake.n_doubts, 1);
    ck_assert_uint_eq(state_of(0).n_failed, 1);
    start(0);
    ck_assert(fake.live[0].fresh);
    answer_now();
}
END_TEST

START_TEST(another_network_forgets_what_was_learnt_and_retires_all_connections)
{
    make_take(1, 20 * MS);
    make_fail(0);
    pool_change_network(pool);
    ck_assert_uint_eq(fake.n_retired, 1);
    ck_assert_int_eq(next_of(0), 0);
    ck_assert_uint_eq(pool_patience_us(pool, 1), 250 * MS);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        failover_keeps_the_configured_order,
        race_asks_as_many_at_once_as_configured,
        race_asks_at_once_only_those_that_are_well,
        fastest_mostly_takes_the_fast_never_the_slowest_and_tries_all_beside,
        fastest_asks_beside_ten_times_a_second_at_most_and_only_what_is_new,
        spread_gives_each_site_one_provider_and_each_provider_its_share_of_sites,
        spread_does_not_take_all_of_co_uk_for_one_site,
        spread_moves_only_the_sites_of_a_provider_that_fails,
        provider_with_as_much_under_way_as_it_should_is_passed_over_while_others_have_room,
        provider_that_speaks_http_1_has_less_room_and_is_spread_until_the_network_is_another,
        provider_that_speaks_http_2_again_has_its_room_again,
        provider_set_aside_is_tried_out_once_beside_the_one_that_works,
        why_a_provider_is_set_aside_is_told_once,
        provider_that_has_become_much_slower_is_passed_over_until_it_is_as_before,
        silent_try_out_is_a_failure_after_a_second,
        pool_that_is_freed_ends_its_try_outs,
        last_one_that_asked_for_silence_is_asked_once_a_second,
        hedges_are_one_in_eight_unless_a_provider_is_silent,
        late_attempt_is_listened_to_and_a_slow_answer_is_no_failure,
        late_attempt_that_stays_silent_is_a_failure_and_its_connection_is_doubted,
        another_network_forgets_what_was_learnt_and_retires_all_connections,
    };
    return suite_run("choose", tests, sizeof tests / sizeof tests[0], set_up, tear_down);
}
