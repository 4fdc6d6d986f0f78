/* SPDX-License-Identifier: MIT */
#include "resolver/resolver.h"
#include "tests/unit/fake_pool.h"
#include "tests/unit/fake_port.h"
#include "tests/unit/messages.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    CLIENTS = 64,
    BUDGET_MS = 4000,
    HEDGE_MS = FAKE_POOL_PATIENCE_MS,
    STALE_MS = 1800,
    MAX_QUERIES = 32
};

/* The auditor, in place of resolver/audit: how often it was told. */
struct audit {
    unsigned n_told;
};

void audit_tell(struct audit *audit, const struct question *question, const struct answer *answer)
{
    (void)question;
    (void)answer;
    audit->n_told++;
}

/* Everything a query lives in, and what its clients were told. */
static struct {
    struct fake_port port;
    struct pool pool;
    struct cache *cache;
    struct resolver *resolver;
    struct audit audit;
    struct {
        unsigned n_replies;
        size_t n;
        uint8_t at[4096];
    } clients[CLIENTS];
} world;

static struct port *port(void)
{
    return &world.port.port;
}

static void set_up(void)
{
    static const uint8_t secret[16] = {1};
    struct cache_params cache = {
        .size_bytes = 1 << 20,
        .max_ttl_s = 86400,
        .negative_max_ttl_s = 3600,
        .max_stale_s = 86400,
        .prefetch = CACHE_PREFETCH_YES,
    };
    struct resolver_params params = {
        .query_timeout_ms = BUDGET_MS, .stale_after_ms = STALE_MS, .max_queries = MAX_QUERIES};
    memset(&world, 0, sizeof world);
    fake_port_init(&world.port, 7);
    world.pool.n_providers = 2;
    world.cache = cache_new(&cache, secret);
    world.resolver = resolver_new(&params, port(), world.cache, &world.pool, &world.audit);
    ck_assert_ptr_nonnull(world.resolver);
}

static void tear_down(void)
{
    world.resolver = resolver_free(world.resolver);
    world.cache = cache_free(world.cache);
    ck_assert_uint_eq(world.pool.n_live, 0);
    port_done(port());
}

static void keep_reply(size_t client, struct bytes reply)
{
    world.clients[client].n_replies++;
    world.clients[client].n = reply.n;
    memcpy(world.clients[client].at, reply.at, reply.n);
}

static void on_reply(const struct resolver_client *client, struct bytes reply)
{
    size_t i;
    memcpy(&i, client->room, sizeof i);
    keep_reply(i, reply);
}

static enum resolver_outcome ask_bytes(size_t i, struct bytes message)
{
    struct resolver_client client = {.on_reply = on_reply};
    memcpy(client.room, &i, sizeof i);
    uint8_t at[1232];
    struct buf out = buf_over(at, sizeof at);
    enum resolver_outcome outcome = resolver_ask(world.resolver, message, &client, &out);
    if (outcome == RESOLVER_ANSWERED) {
        keep_reply(i, bytes_of(at, out.n));
    }
    return outcome;
}

/* Client i asks with an ID of its own, so that a mix-up shows. */
static enum resolver_outcome ask(size_t i, const char *name)
{
    struct test_query query = {.id = (uint16_t)(1000 + i),
                               .flags = FLAG_RD,
                               .name = name,
                               .type = TYPE_A,
                               .edns_size = 1232};
    uint8_t at[512];
    return ask_bytes(i, bytes_of(at, test_query_write(&query, at)));
}

static struct answer *good(const char *name, uint32_t ttl_s)
{
    struct test_response response = {
        .name = name, .type = TYPE_A, .ttl_s = ttl_s, .address = 0x08080404};
    return test_answer(&response, port_now_us(port()));
}

static struct answer *servfail(const char *name)
{
    struct test_response response = {.name = name, .type = TYPE_A, .rcode = RCODE_SERVFAIL};
    return test_answer(&response, port_now_us(port()));
}

static unsigned rcode_of(size_t i)
{
    ck_assert_uint_eq(world.clients[i].n_replies, 1);
    ck_assert_uint_eq(bytes_read_u16(world.clients[i].at), 1000 + i);
    return bytes_read_u16(world.clients[i].at + 2) & FLAG_RCODE;
}

static unsigned n_answers_of(size_t i)
{
    return bytes_read_u16(world.clients[i].at + 6);
}

/* The EDE info-code in the reply's OPT, which is its last record; -1 without one. */
static int ede_of(size_t i)
{
    const uint8_t *at = world.clients[i].at;
    for (size_t k = MESSAGE_HEADER; k + 17 <= world.clients[i].n; k++) {
        if (at[k] == 0 && bytes_read_u16(at + k + 1) == TYPE_OPT &&
            bytes_read_u16(at + k + 11) == EDNS_OPTION_EDE) {
            return bytes_read_u16(at + k + 15);
        }
    }
    return -1;
}

START_TEST(miss_is_asked_once_and_its_answer_reaches_the_client)
{
    ck_assert_int_eq(ask(0, "www.example.com"), RESOLVER_PENDING);
    ck_assert_uint_eq(world.pool.n_live, 1);
    ck_assert_uint_eq(world.pool.live[0]->wish.provider, 0);
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good("www.example.com", 300));
    ck_assert_uint_eq(rcode_of(0), RCODE_NOERROR);
    ck_assert_uint_eq(n_answers_of(0), 1);
}
END_TEST

START_TEST(second_client_is_answered_from_the_cache_at_once)
{
    ask(0, "www.example.com");
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good("www.example.com", 300));
    ck_assert_int_eq(ask(1, "WWW.example.COM"), RESOLVER_ANSWERED);
    ck_assert_uint_eq(rcode_of(1), RCODE_NOERROR);
    ck_assert_uint_eq(world.pool.n_started, 1);
    ck_assert_mem_eq(world.clients[1].at + MESSAGE_HEADER, "\3WWW\7example\3COM", 17);
}
END_TEST

START_TEST(auditor_is_told_of_what_was_learnt_once_however_many_ask)
{
    ask(0, "www.example.com");
    ask(1, "www.example.com");
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good("www.example.com", 300));
    ask(2, "www.example.com");
    ck_assert_uint_eq(world.audit.n_told, 1);
}
END_TEST

START_TEST(expired_answer_is_asked_again)
{
    ask(0, "www.example.com");
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good("www.example.com", 5));
    fake_port_advance(&world.port, 6000000);
    ck_assert_int_eq(ask(1, "www.example.com"), RESOLVER_PENDING);
    ck_assert_uint_eq(world.pool.n_started, 2);
}
END_TEST

START_TEST(same_question_under_way_is_asked_once_and_each_keeps_id_and_case)
{
    ask(0, "www.example.com");
    ask(1, "wWw.example.com");
    ask(2, "www.EXAMPLE.com");
    ck_assert_uint_eq(world.pool.n_started, 1);
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good("www.example.com", 0));
    for (size_t i = 0; i < 3; i++) {
        ck_assert_uint_eq(rcode_of(i), RCODE_NOERROR);
        ck_assert_uint_eq(n_answers_of(i), 1);
    }
    ck_assert_mem_eq(world.clients[1].at + MESSAGE_HEADER, "\3wWw", 4);
    ck_assert_mem_eq(world.clients[2].at + MESSAGE_HEADER, "\3www\7EXAMPLE", 12);
}
END_TEST

START_TEST(ttl_0_is_shared_by_waiters_but_not_kept)
{
    ask(0, "www.example.com");
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good("www.example.com", 0));
    ck_assert_int_eq(ask(1, "www.example.com"), RESOLVER_PENDING);
}
END_TEST

START_TEST(cd_and_do_are_questions_of_their_own)
{
    uint8_t at[512];
    struct test_query query = {
        .id = 1001, .flags = FLAG_RD | FLAG_CD, .name = "a.example", .type = TYPE_A};
    ask(0, "a.example");
    ask_bytes(1, bytes_of(at, test_query_write(&query, at)));
    query = (struct test_query){.id = 1002,
                                .flags = FLAG_RD,
                                .name = "a.example",
                                .type = TYPE_A,
                                .edns_size = 1232,
                                .want_do = true};
    ask_bytes(2, bytes_of(at, test_query_write(&query, at)));
    ck_assert_uint_eq(world.pool.n_started, 3);
    ck_assert(world.pool.live[1]->wish.want_cd && !world.pool.live[0]->wish.want_cd);
    ck_assert(world.pool.live[2]->wish.want_do && !world.pool.live[1]->wish.want_do);
}
END_TEST

START_TEST(failed_provider_is_followed_by_the_next)
{
    ask(0, "www.example.com");
    fake_pool_end(&world.pool, ATTEMPT_RETRY_NEXT, NULL);
    ck_assert_uint_eq(world.pool.live[0]->wish.provider, 1);
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good("www.example.com", 300));
    ck_assert_uint_eq(rcode_of(0), RCODE_NOERROR);
}
END_TEST

START_TEST(lost_connection_is_retried_once_on_a_fresh_one)
{
    ask(0, "www.example.com");
    fake_pool_end(&world.pool, ATTEMPT_RETRY_SAME, NULL);
    ck_assert_uint_eq(world.pool.live[0]->wish.provider, 0);
    ck_assert(world.pool.live[0]->wish.fresh);
    fake_pool_end(&world.pool, ATTEMPT_RETRY_SAME, NULL);
    ck_assert_uint_eq(world.pool.live[0]->wish.provider, 1);
    ck_assert(!world.pool.live[0]->wish.fresh);
}
END_TEST

START_TEST(all_providers_failing_is_servfail_with_the_first_reason)
{
    ask(0, "www.example.com");
    fake_pool_end(&world.pool, ATTEMPT_RETRY_NEXT, NULL);
    fake_pool_end(&world.pool, ATTEMPT_RETRY_NEXT, NULL);
    ck_assert_uint_eq(rcode_of(0), RCODE_SERVFAIL);
    ck_assert_int_eq(ede_of(0), EDE_NETWORK);
}
END_TEST

START_TEST(upstreams_own_servfail_is_given_when_nobody_has_better)
{
    ask(0, "www.example.com");
    fake_pool_end(&world.pool, ATTEMPT_RETRY_NEXT, servfail("www.example.com"));
    fake_pool_end(&world.pool, ATTEMPT_RETRY_NEXT, NULL);
    ck_assert_uint_eq(rcode_of(0), RCODE_SERVFAIL);
}
END_TEST

START_TEST(second_providers_answer_beats_the_firsts_servfail)
{
    ask(0, "www.example.com");
    fake_pool_end(&world.pool, ATTEMPT_RETRY_NEXT, servfail("www.example.com"));
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good("www.example.com", 60));
    ck_assert_uint_eq(rcode_of(0), RCODE_NOERROR);
    ck_assert_int_eq(ask(1, "www.example.com"), RESOLVER_ANSWERED);
}
END_TEST

START_TEST(silent_provider_is_joined_by_the_next_and_the_first_good_answer_wins)
{
    ask(0, "www.example.com");
    fake_port_advance(&world.port, HEDGE_MS * 1000 + 1);
    ck_assert_uint_eq(world.pool.n_live, 2);
    fake_pool_end_at(&world.pool, 1,
                     (struct attempt_end){.verdict = ATTEMPT_ANSWERED,
                                          .answer = good("www.example.com", 60),
                                          .detail = ""});
    ck_assert_uint_eq(rcode_of(0), RCODE_NOERROR);
    ck_assert_uint_eq(world.pool.n_live, 0);
    ck_assert_uint_eq(world.pool.n_timed_out, 1);
}
END_TEST

START_TEST(silent_attempt_is_doubted_again_and_again_while_there_is_no_other_provider)
{
    world.pool.n_providers = 1;
    ask(0, "www.example.com");
    fake_port_advance(&world.port, HEDGE_MS * 1000 - 1);
    ck_assert_uint_eq(world.pool.n_doubts, 0);
    fake_port_advance(&world.port, 2);
    ck_assert_uint_eq(world.pool.n_doubts, 1);
    fake_port_advance(&world.port, HEDGE_MS * 1000 + 1);
    ck_assert_uint_eq(world.pool.n_doubts, 2);
    fake_pool_end(&world.pool, ATTEMPT_RETRY_SAME, NULL);
    ck_assert(world.pool.live[0]->wish.fresh);
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good("www.example.com", 60));
    ck_assert_uint_eq(rcode_of(0), RCODE_NOERROR);
}
END_TEST

START_TEST(late_answer_of_the_first_still_wins_and_the_second_is_not_blamed)
{
    ask(0, "www.example.com");
    fake_port_advance(&world.port, HEDGE_MS * 1000 + 1);
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good("www.example.com", 60));
    ck_assert_uint_eq(rcode_of(0), RCODE_NOERROR);
    ck_assert_uint_eq(world.pool.n_cancelled, 1);
    ck_assert_uint_eq(world.pool.n_timed_out, 0);
}
END_TEST

START_TEST(silence_of_all_ends_at_the_deadline_with_servfail)
{
    ask(0, "www.example.com");
    fake_port_advance(&world.port, BUDGET_MS * 1000 - 1000);
    ck_assert_uint_eq(world.clients[0].n_replies, 0);
    fake_port_advance(&world.port, 2000);
    ck_assert_uint_eq(rcode_of(0), RCODE_SERVFAIL);
    ck_assert_int_eq(ede_of(0), EDE_NO_REACHABLE);
    ck_assert_uint_eq(world.pool.n_live, 0);
}
END_TEST

START_TEST(pool_that_takes_no_attempt_answers_servfail_at_once)
{
    world.pool.start_fails = -EBUSY;
    ck_assert_int_eq(ask(0, "www.example.com"), RESOLVER_ANSWERED);
    ck_assert_uint_eq(rcode_of(0), RCODE_SERVFAIL);
    ck_assert_int_eq(ede_of(0), EDE_NOT_READY);
}
END_TEST

START_TEST(question_without_rd_never_leaves_the_host)
{
    uint8_t at[512];
    struct test_query query = {.id = 1000, .name = "www.example.com", .type = TYPE_A};
    struct bytes message = bytes_of(at, test_query_write(&query, at));
    ck_assert_int_eq(ask_bytes(0, message), RESOLVER_ANSWERED);
    ck_assert_uint_eq(rcode_of(0), RCODE_REFUSED);
    ck_assert_uint_eq(world.pool.n_started, 0);
}
END_TEST

START_TEST(response_and_fragment_are_dropped_without_a_reply)
{
    uint8_t at[512];
    struct test_query query = {
        .id = 1000, .flags = FLAG_QR | FLAG_RD, .name = "www.example.com", .type = TYPE_A};
    struct bytes message = bytes_of(at, test_query_write(&query, at));
    ck_assert_int_eq(ask_bytes(0, message), RESOLVER_DROPPED);
    ck_assert_int_eq(ask_bytes(0, bytes_of(at, 11)), RESOLVER_DROPPED);
}
END_TEST

START_TEST(over_the_bound_the_newcomer_gets_servfail_and_the_others_their_answers)
{
    char name[32];
    for (size_t i = 0; i < MAX_QUERIES; i++) {
        snprintf(name, sizeof name, "n%zu.example", i);
        ck_assert_int_eq(ask(i, name), RESOLVER_PENDING);
    }
    ck_assert_int_eq(ask(MAX_QUERIES, "late.example"), RESOLVER_ANSWERED);
    ck_assert_uint_eq(rcode_of(MAX_QUERIES), RCODE_SERVFAIL);
    for (size_t i = 0; i < MAX_QUERIES; i++) {
        snprintf(name, sizeof name, "n%zu.example", i);
        fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good(name, 60));
        ck_assert_uint_eq(rcode_of(i), RCODE_NOERROR);
    }
}
END_TEST

START_TEST(ending_the_resolver_answers_whoever_waits)
{
    ask(0, "www.example.com");
    ask(1, "www.example.com");
    ask(2, "other.example");
    world.resolver = resolver_free(world.resolver);
    for (size_t i = 0; i < 3; i++) {
        ck_assert_uint_eq(rcode_of(i), RCODE_SERVFAIL);
    }
}
END_TEST

static void count_drained(void *ctx)
{
    ++*(unsigned *)ctx;
}

START_TEST(drained_is_said_once_the_last_query_ended)
{
    unsigned n_drained = 0;
    resolver_drain(world.resolver, count_drained, &n_drained);
    ck_assert_uint_eq(n_drained, 1);
    ask(0, "www.example.com");
    resolver_drain(world.resolver, count_drained, &n_drained);
    ck_assert_uint_eq(n_drained, 1);
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good("www.example.com", 300));
    ck_assert_uint_eq(n_drained, 2);
}
END_TEST

/* One thing happens to the world, by the dice. */
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

START_TEST(failure_gives_the_stale_answer_at_once_and_is_not_tried_again_for_half_a_minute)
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

static void shake(unsigned *ret_n_asked)
{
    static const enum attempt_verdict ends[] = {ATTEMPT_ANSWERED, ATTEMPT_RETRY_SAME,
                                                ATTEMPT_RETRY_NEXT, ATTEMPT_GIVE_UP};
    char name[32];
    switch (port_random_below(port(), 4)) {
    case 0:
    case 1:
        snprintf(name, sizeof name, "n%u.example", port_random_below(port(), 12));
        ask(port_random_below(port(), CLIENTS), name);
        ++*ret_n_asked;
        break;
    case 2:
        if (world.pool.n_live > 0) {
            size_t i = port_random_below(port(), (uint32_t)world.pool.n_live);
            struct attempt_end end = {.verdict = ends[port_random_below(port(), 4)], .detail = "x"};
            char text[NAME_MAX_TEXT];
            name_to_text(&world.pool.live[i]->wish.question->name, text);
            end.answer = end.verdict == ATTEMPT_ANSWERED ? good(text, 1) : NULL;
            fake_pool_end_at(&world.pool, i, end);
        }
        break;
    default:
        fake_port_advance(&world.port, port_random_below(port(), 700000));
    }
}

START_TEST(whatever_happens_each_query_is_answered_exactly_once)
{
    unsigned n_asked = 0, n_replies = 0;
    for (int i = 0; i < 20000; i++) {
        shake(&n_asked);
        struct resolver_counts counts;
        resolver_count(world.resolver, &counts);
        ck_assert_uint_eq(counts.n_received, n_asked);
        ck_assert_uint_eq(counts.n_received, counts.n_answered + counts.n_dropped + counts.n_live);
        ck_assert_uint_le(counts.n_live + counts.n_refreshing, MAX_QUERIES);
    }
    fake_port_advance(&world.port, BUDGET_MS * 1000 + 1);
    for (size_t i = 0; i < CLIENTS; i++) {
        n_replies += world.clients[i].n_replies;
    }
    ck_assert_uint_eq(n_replies, n_asked);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        miss_is_asked_once_and_its_answer_reaches_the_client,
        second_client_is_answered_from_the_cache_at_once,
        auditor_is_told_of_what_was_learnt_once_however_many_ask,
        expired_answer_is_asked_again,
        same_question_under_way_is_asked_once_and_each_keeps_id_and_case,
        ttl_0_is_shared_by_waiters_but_not_kept,
        cd_and_do_are_questions_of_their_own,
        failed_provider_is_followed_by_the_next,
        lost_connection_is_retried_once_on_a_fresh_one,
        all_providers_failing_is_servfail_with_the_first_reason,
        upstreams_own_servfail_is_given_when_nobody_has_better,
        second_providers_answer_beats_the_firsts_servfail,
        silent_provider_is_joined_by_the_next_and_the_first_good_answer_wins,
        silent_attempt_is_doubted_again_and_again_while_there_is_no_other_provider,
        late_answer_of_the_first_still_wins_and_the_second_is_not_blamed,
        silence_of_all_ends_at_the_deadline_with_servfail,
        pool_that_takes_no_attempt_answers_servfail_at_once,
        question_without_rd_never_leaves_the_host,
        response_and_fragment_are_dropped_without_a_reply,
        over_the_bound_the_newcomer_gets_servfail_and_the_others_their_answers,
        ending_the_resolver_answers_whoever_waits,
        drained_is_said_once_the_last_query_ended,
        whatever_happens_each_query_is_answered_exactly_once,
        fresh_answer_in_time_is_preferred_to_a_stale_one,
        client_waits_its_time_then_gets_the_stale_answer_and_the_asking_goes_on,
        failure_gives_the_stale_answer_at_once_and_is_not_tried_again_for_half_a_minute,
        stale_answer_too_old_is_none,
        popular_answer_near_its_end_is_asked_for_again_by_one_and_nobody_waits,
        answer_that_nobody_asked_for_again_is_not_prefetched,
        refresh_that_fails_is_nobodys_business,
    };
    return suite_run("query", tests, sizeof tests / sizeof tests[0], set_up, tear_down);
}
