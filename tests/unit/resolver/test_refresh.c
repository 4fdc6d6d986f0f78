/* SPDX-License-Identifier: MIT */
/* Queries that outlive their client, and queries that another worker answers. */
#include "resolver/wire/compose.h"
#include "tests/unit/messages.h"
#include "tests/unit/query_world.h"
#include "tests/unit/suite.h"

#include <malloc.h>

static const char stale_name[] = "stale.example.com";
enum { S = 1000000 };

/* stale_name was answered once, and its TTL of a minute has passed. */
static void grow_stale(void)
{
    ask(CLIENTS - 1, stale_name);
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good(stale_name, 60));
    fake_port_advance(&world.port, 70 * S);
}

START_TEST(fresh_answer_in_time_is_preferred_to_a_stale_one)
{
    grow_stale();
    ck_assert_int_eq(ask(0, stale_name), RESOLVER_PENDING);
    fake_port_advance(&world.port, S);
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good(stale_name, 60));
    ck_assert_uint_eq(rcode_of(0), RCODE_NOERROR);
    ck_assert_int_eq(ede_of(0), EDE_NONE);
}
END_TEST

START_TEST(client_waits_its_time_then_gets_the_stale_answer_and_the_asking_goes_on)
{
    struct resolver_counts counts;
    grow_stale();
    ask(0, stale_name);
    ask(1, stale_name);
    fake_port_advance(&world.port, STALE_MS * 1000 - 1000);
    ck_assert_uint_eq(world.clients[0].n_replies, 0);
    fake_port_advance(&world.port, 2000);
    for (size_t i = 0; i < 2; i++) {
        ck_assert_uint_eq(rcode_of(i), RCODE_NOERROR);
        ck_assert_uint_eq(n_answers_of(i), 1);
        ck_assert_int_eq(ede_of(i), EDE_STALE);
    }
    resolver_count(world.resolver, &counts);
    ck_assert_uint_eq(counts.n_live, 0);
    ck_assert_uint_eq(counts.n_refreshing, 1);
    ck_assert_int_eq(ask(2, stale_name), RESOLVER_ANSWERED); /* that wait was enough for all */
    ck_assert_int_eq(ede_of(2), EDE_STALE);
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good(stale_name, 60));
    ck_assert_int_eq(ask(3, stale_name), RESOLVER_ANSWERED);
    ck_assert_int_eq(ede_of(3), EDE_NONE);
}
END_TEST

START_TEST(k5_failure_gives_the_stale_answer_at_once_and_is_not_tried_again_for_half_a_minute)
{
    grow_stale();
    ask(0, stale_name);
    fake_pool_end(&world.pool, ATTEMPT_RETRY_NEXT, servfail(stale_name));
    fake_pool_end(&world.pool, ATTEMPT_RETRY_NEXT, NULL);
    ck_assert_uint_eq(rcode_of(0), RCODE_NOERROR);
    ck_assert_int_eq(ede_of(0), EDE_STALE);
    fake_port_advance(&world.port, 28 * S);
    ck_assert_int_eq(ask(1, stale_name), RESOLVER_ANSWERED);
    ck_assert_int_eq(ede_of(1), EDE_STALE);
    fake_port_advance(&world.port, 3 * S);
    ck_assert_int_eq(ask(2, stale_name), RESOLVER_PENDING);
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good(stale_name, 60));
    ck_assert_int_eq(ede_of(2), EDE_NONE);
}
END_TEST

/* The resolver again, with stale answers given so. */
static void give_stale(struct cache_stale stale)
{
    struct resolver_params params = {
        .query_timeout_ms = BUDGET_MS, .stale = stale, .max_queries = MAX_QUERIES};
    world.resolver = resolver_free(world.resolver);
    world.resolver = resolver_new(&params, port(), world.cache, &world.pool, &world.audit);
}

START_TEST(stale_answer_is_given_at_once_where_clients_do_not_wait_and_asked_for_behind_it)
{
    struct resolver_counts counts;
    give_stale((struct cache_stale){.after_ms = 0, .ttl_s = 30, .recheck_s = 30});
    grow_stale();
    for (size_t i = 0; i < 2; i++) {
        ck_assert_int_eq(ask(i, stale_name), RESOLVER_ANSWERED);
        ck_assert_uint_eq(rcode_of(i), RCODE_NOERROR);
        ck_assert_int_eq(ede_of(i), EDE_STALE);
        ck_assert_uint_eq(world.pool.n_live, 1);
    }
    resolver_count(world.resolver, &counts);
    ck_assert_uint_eq(counts.n_stale, 2);
    ck_assert_uint_eq(counts.n_refreshing, 1);
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good(stale_name, 60));
    ck_assert_int_eq(ask(2, stale_name), RESOLVER_ANSWERED);
    ck_assert_int_eq(ede_of(2), EDE_NONE);
}
END_TEST

START_TEST(asking_behind_a_stale_answer_that_fails_is_not_tried_again_before_its_time)
{
    give_stale((struct cache_stale){.after_ms = 0, .ttl_s = 30, .recheck_s = 10});
    grow_stale();
    ask(0, stale_name);
    fake_pool_end(&world.pool, ATTEMPT_RETRY_NEXT, servfail(stale_name));
    fake_pool_end(&world.pool, ATTEMPT_RETRY_NEXT, NULL);
    fake_port_advance(&world.port, 8 * S);
    ck_assert_int_eq(ask(1, stale_name), RESOLVER_ANSWERED);
    ck_assert_int_eq(ede_of(1), EDE_STALE);
    ck_assert_uint_eq(world.pool.n_live, 0);
    fake_port_advance(&world.port, 3 * S);
    ck_assert_int_eq(ask(2, stale_name), RESOLVER_ANSWERED);
    ck_assert_int_eq(ede_of(2), EDE_STALE);
    ck_assert_uint_eq(world.pool.n_live, 1);
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good(stale_name, 60));
    ck_assert_int_eq(ask(3, stale_name), RESOLVER_ANSWERED);
    ck_assert_int_eq(ede_of(3), EDE_NONE);
}
END_TEST

START_TEST(stale_answers_have_the_ttl_and_the_patience_of_the_configuration)
{
    give_stale((struct cache_stale){.after_ms = 500, .ttl_s = 7, .recheck_s = 30});
    grow_stale();
    ask(0, stale_name);
    fake_port_advance(&world.port, 499000);
    ck_assert_uint_eq(world.clients[0].n_replies, 0);
    fake_port_advance(&world.port, 2000);
    ck_assert_int_eq(ede_of(0), EDE_STALE);
    size_t ttl_at = MESSAGE_HEADER + sizeof stale_name + 1 + 4 + 6;
    ck_assert_uint_eq(bytes_read_u32(world.clients[0].at + ttl_at), 7);
}
END_TEST

START_TEST(question_without_rd_gets_nothing_stale_and_refreshes_nothing)
{
    struct test_query query = {.id = 1000, .name = stale_name, .type = TYPE_A};
    uint8_t at[512];
    size_t n = test_query_write(&query, at);
    ask(1, stale_name);
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good(stale_name, 1000));
    ask(2, stale_name);
    fake_port_advance(&world.port, 950 * S);
    ck_assert_int_eq(ask_bytes(0, bytes_of(at, n)), RESOLVER_ANSWERED);
    ck_assert_uint_eq(rcode_of(0), RCODE_NOERROR);
    ck_assert_uint_eq(world.pool.n_live, 0);
    world.clients[0].n_replies = 0;
    fake_port_advance(&world.port, 100 * S);
    ck_assert_int_eq(ask_bytes(0, bytes_of(at, n)), RESOLVER_ANSWERED);
    ck_assert_uint_eq(rcode_of(0), RCODE_REFUSED);
    ck_assert_uint_eq(world.pool.n_live, 0);
}
END_TEST

START_TEST(stale_answer_too_old_is_none)
{
    grow_stale();
    fake_port_advance(&world.port, UINT64_C(86400) * S);
    ask(0, stale_name);
    fake_pool_end(&world.pool, ATTEMPT_RETRY_NEXT, NULL);
    fake_pool_end(&world.pool, ATTEMPT_RETRY_NEXT, NULL);
    ck_assert_uint_eq(rcode_of(0), RCODE_SERVFAIL);
}
END_TEST

START_TEST(popular_answer_near_its_end_is_asked_for_again_by_one_and_nobody_waits)
{
    ask(0, "www.example.com");
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good("www.example.com", 1000));
    fake_port_advance(&world.port, 870 * S);
    ck_assert_int_eq(ask(1, "www.example.com"), RESOLVER_ANSWERED);
    ck_assert_uint_eq(world.pool.n_live, 0);
    fake_port_advance(&world.port, 51 * S);
    for (size_t i = 2; i < 5; i++) {
        ck_assert_int_eq(ask(i, "www.example.com"), RESOLVER_ANSWERED);
        ck_assert_int_eq(ede_of(i), EDE_NONE);
        ck_assert_uint_eq(world.pool.n_live, 1);
    }
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good("www.example.com", 1000));
    fake_port_advance(&world.port, 100 * S);
    ck_assert_int_eq(ask(5, "www.example.com"), RESOLVER_ANSWERED);
    ck_assert_int_eq(ede_of(5), EDE_NONE);
    ck_assert_uint_eq(world.pool.n_live, 0);
}
END_TEST

START_TEST(answer_that_nobody_asked_for_again_is_not_prefetched)
{
    ask(0, "www.example.com");
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good("www.example.com", 1000));
    fake_port_advance(&world.port, 950 * S);
    ck_assert_int_eq(ask(1, "www.example.com"), RESOLVER_ANSWERED);
    ck_assert_uint_eq(world.pool.n_live, 0);
}
END_TEST

static const char v4_only[] = "four.example.com";

static enum resolver_outcome ask_aaaa(size_t i)
{
    struct test_query query = {
        .id = (uint16_t)(1000 + i), .flags = FLAG_RD, .name = v4_only, .type = TYPE_AAAA};
    uint8_t at[512];
    return ask_bytes(i, bytes_of(at, test_query_write(&query, at)));
}

static struct answer *no_aaaa(uint32_t ttl_s)
{
    struct question question = {.type = TYPE_AAAA, .class = CLASS_IN};
    struct reply_local nothing = {.rcode = RCODE_NOERROR, .ttl_s = ttl_s, .ede = EDE_NONE};
    struct answer *answer = NULL;
    name_from_text(v4_only, &question.name);
    ck_assert_int_eq(compose_local(&question, &nothing, port_now_us(port()), &answer), 0);
    return answer;
}

static void make_addresses_of_others(void)
{
    static const uint8_t secret[16] = {3};
    struct policy_params params = {.dns64 = POLICY_DNS64_PREFIX};
    struct policy_teller teller = {.tell = NULL};
    struct policy *policy;
    ck_assert(dns64_prefix_parse("64:ff9b::/96", &params.dns64_prefix));
    ck_assert_int_eq(policy_load(&params, POLICY_FILELESS, secret, &teller, &policy), 0);
    resolver_set_policy(world.resolver, policy);
}

/* What a query asks for itself is counted from its client's depth; a refresh has no client. */
START_TEST(refresh_of_an_answer_made_of_another_is_made_of_another_too)
{
    mallopt(M_PERTURB, 0x55);
    make_addresses_of_others();
    ask_aaaa(0);
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, no_aaaa(1000));
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good(v4_only, 9000));
    ck_assert_uint_eq(rcode_of(0), RCODE_NOERROR);
    ck_assert_uint_eq(n_answers_of(0), 1);
    fake_port_advance(&world.port, 870 * S);
    ck_assert_int_eq(ask_aaaa(1), RESOLVER_ANSWERED);
    fake_port_advance(&world.port, 51 * S);
    ask(2, "one.example.com"); /* these take what memory was used before */
    ask(3, "two.example.com");
    ck_assert_int_eq(ask_aaaa(4), RESOLVER_ANSWERED);
    ck_assert_uint_eq(world.pool.n_live, 3);
    fake_pool_end_at(&world.pool, 2,
                     (struct attempt_end){.verdict = ATTEMPT_ANSWERED, .answer = no_aaaa(1000)});
    fake_port_advance(&world.port, 200 * S);
    ck_assert_int_eq(ask_aaaa(5), RESOLVER_ANSWERED);
    ck_assert_uint_eq(n_answers_of(5), 1);
    mallopt(M_PERTURB, 0);
}
END_TEST

static void on_deep_reply(const struct resolver_client *client, struct bytes reply)
{
    (void)client;
    (void)reply;
}

/* As a query asks that was itself asked for another one, and so on: the last that may. */
static enum resolver_outcome ask_aaaa_deep(void)
{
    struct test_query query = {.flags = FLAG_RD, .name = v4_only, .type = TYPE_AAAA};
    struct resolver_client client = {.on_reply = on_deep_reply, .chase = {.depth = 8}};
    uint8_t at[512], reply[1232];
    struct buf out = buf_over(reply, sizeof reply);
    return resolver_ask(world.resolver, bytes_of(at, test_query_write(&query, at)), &client, &out);
}

/* Else questions that lead to one another would go on without an end, each as a refresh. */
START_TEST(refresh_is_as_deep_as_the_question_that_led_to_it)
{
    make_addresses_of_others();
    ask_aaaa(0);
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, no_aaaa(1000));
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good(v4_only, 9000));
    fake_port_advance(&world.port, 870 * S);
    ck_assert_int_eq(ask_aaaa(1), RESOLVER_ANSWERED);
    fake_port_advance(&world.port, 51 * S);
    ck_assert_int_eq(ask_aaaa_deep(), RESOLVER_ANSWERED);
    ck_assert_uint_eq(world.pool.n_live, 1);
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, no_aaaa(1000));
    fake_port_advance(&world.port, 200 * S);
    ck_assert_int_eq(ask_aaaa(2), RESOLVER_PENDING);
}
END_TEST

START_TEST(refresh_that_fails_is_nobodys_business)
{
    ask(0, "www.example.com");
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good("www.example.com", 1000));
    ask(1, "www.example.com");
    fake_port_advance(&world.port, 930 * S);
    ask(2, "www.example.com");
    ck_assert_uint_eq(world.pool.n_live, 1);
    fake_port_advance(&world.port, BUDGET_MS * 1000 + 1);
    ck_assert_uint_eq(world.pool.n_live, 0);
    ck_assert_int_eq(ask(3, "www.example.com"), RESOLVER_ANSWERED);
    ck_assert_uint_eq(rcode_of(3), RCODE_NOERROR);
}
END_TEST

/* Another worker: its own resolver and providers, the same cache and claims. */
static struct {
    struct pool pool;
    struct resolver *resolver;
    struct claims *claims;
    bool woken;
} other;

static void on_wake(void *ctx)
{
    *(bool *)ctx = true;
}

/* Client i asks there. */
static enum resolver_outcome ask_other(size_t i, const char *name)
{
    struct resolver *own = world.resolver;
    world.resolver = other.resolver;
    enum resolver_outcome outcome = ask(i, name);
    world.resolver = own;
    return outcome;
}

static void start_other(void)
{
    static const uint8_t secret[16] = {1};
    memset(&other, 0, sizeof other);
    other.claims = claims_new(secret);
    other.pool.n_providers = 2;
    struct resolver_params params = {
        .query_timeout_ms = BUDGET_MS,
        .stale = {.after_ms = STALE_MS, .ttl_s = 30, .recheck_s = 30},
        .max_queries = MAX_QUERIES,
        .claims = other.claims,
        .wake = on_wake,
        .wake_ctx = &other.woken,
    };
    static bool nobody;
    other.resolver = resolver_new(&params, port(), world.cache, &other.pool, &world.audit);
    world.resolver = resolver_free(world.resolver);
    params.wake_ctx = &nobody;
    world.resolver = resolver_new(&params, port(), world.cache, &world.pool, &world.audit);
}

static void stop_other(void)
{
    other.resolver = resolver_free(other.resolver);
    world.resolver = resolver_free(world.resolver);
    other.claims = claims_free(other.claims);
}

START_TEST(two_workers_ask_once_for_the_same_and_both_clients_are_told)
{
    start_other();
    ask(0, "www.example.com");
    ask_other(1, "www.example.com");
    ask_other(2, "www.example.com");
    ck_assert_uint_eq(other.pool.n_started, 0);
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good("www.example.com", 60));
    ck_assert(other.woken);
    ck_assert_uint_eq(world.clients[1].n_replies, 0);
    resolver_on_woken(other.resolver);
    for (size_t i = 0; i < 3; i++) {
        ck_assert_uint_eq(rcode_of(i), RCODE_NOERROR);
        ck_assert_uint_eq(n_answers_of(i), 1);
    }
    ck_assert_uint_eq(world.audit.n_told, 1);
    stop_other();
}
END_TEST

START_TEST(when_the_worker_that_asked_failed_the_others_are_told_so)
{
    start_other();
    ask(0, "www.example.com");
    ask_other(1, "www.example.com");
    fake_pool_end(&world.pool, ATTEMPT_RETRY_NEXT, NULL);
    fake_pool_end(&world.pool, ATTEMPT_RETRY_NEXT, NULL);
    ck_assert_uint_eq(rcode_of(0), RCODE_SERVFAIL);
    resolver_on_woken(other.resolver);
    ck_assert_uint_eq(other.pool.n_started, 0);
    ck_assert_uint_eq(rcode_of(1), RCODE_SERVFAIL);
    ck_assert_int_eq(ede_of(1), EDE_CACHED_ERROR);
    stop_other();
}
END_TEST

START_TEST(when_the_worker_that_asked_ends_the_next_asks_itself)
{
    start_other();
    ask(0, "www.example.com");
    ask_other(1, "www.example.com");
    world.resolver = resolver_free(world.resolver);
    ck_assert_uint_eq(rcode_of(0), RCODE_SERVFAIL);
    resolver_on_woken(other.resolver);
    ck_assert_uint_eq(other.pool.n_live, 1);
    fake_pool_end(&other.pool, ATTEMPT_ANSWERED, good("www.example.com", 60));
    ck_assert_uint_eq(rcode_of(1), RCODE_NOERROR);
    stop_other();
}
END_TEST

START_TEST(who_waits_for_another_worker_keeps_its_own_deadline)
{
    start_other();
    ask(0, "www.example.com");
    fake_port_advance(&world.port, S);
    ask_other(1, "www.example.com");
    fake_port_advance(&world.port, (BUDGET_MS - 1000) * 1000 + 1);
    ck_assert_uint_eq(rcode_of(0), RCODE_SERVFAIL);
    ck_assert_uint_eq(world.clients[1].n_replies, 0);
    fake_port_advance(&world.port, S);
    ck_assert_uint_eq(rcode_of(1), RCODE_SERVFAIL);
    stop_other();
}
END_TEST

static void check_identity(const struct resolver *resolver)
{
    struct resolver_counts counts;
    resolver_count(resolver, &counts);
    ck_assert_uint_eq(counts.n_received, counts.n_answered + counts.n_dropped + counts.n_live);
    ck_assert_uint_le(counts.n_live + counts.n_refreshing, MAX_QUERIES);
}

START_TEST(whatever_happens_to_two_workers_each_query_is_answered_exactly_once)
{
    unsigned n_asked = 0, n_replies = 0;
    start_other();
    for (int i = 0; i < 20000; i++) {
        if (port_random_below(port(), 2) == 0) {
            shake(&world.pool, ask, &n_asked);
        } else {
            shake(&other.pool, ask_other, &n_asked);
        }
        if (port_random_below(port(), 3) == 0) {
            resolver_on_woken(port_random_below(port(), 2) == 0 ? world.resolver : other.resolver);
        }
        check_identity(world.resolver);
        check_identity(other.resolver);
    }
    stop_other();
    for (size_t i = 0; i < CLIENTS; i++) {
        n_replies += world.clients[i].n_replies;
    }
    ck_assert_uint_eq(n_replies, n_asked);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        fresh_answer_in_time_is_preferred_to_a_stale_one,
        client_waits_its_time_then_gets_the_stale_answer_and_the_asking_goes_on,
        k5_failure_gives_the_stale_answer_at_once_and_is_not_tried_again_for_half_a_minute,
        stale_answer_is_given_at_once_where_clients_do_not_wait_and_asked_for_behind_it,
        asking_behind_a_stale_answer_that_fails_is_not_tried_again_before_its_time,
        stale_answers_have_the_ttl_and_the_patience_of_the_configuration,
        question_without_rd_gets_nothing_stale_and_refreshes_nothing,
        stale_answer_too_old_is_none,
        popular_answer_near_its_end_is_asked_for_again_by_one_and_nobody_waits,
        answer_that_nobody_asked_for_again_is_not_prefetched,
        refresh_of_an_answer_made_of_another_is_made_of_another_too,
        refresh_is_as_deep_as_the_question_that_led_to_it,
        refresh_that_fails_is_nobodys_business,
        two_workers_ask_once_for_the_same_and_both_clients_are_told,
        when_the_worker_that_asked_failed_the_others_are_told_so,
        when_the_worker_that_asked_ends_the_next_asks_itself,
        who_waits_for_another_worker_keeps_its_own_deadline,
        whatever_happens_to_two_workers_each_query_is_answered_exactly_once,
    };
    return suite_run("refresh", tests, sizeof tests / sizeof tests[0], world_set_up,
                     world_tear_down);
}
