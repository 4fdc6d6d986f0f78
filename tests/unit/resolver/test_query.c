/* SPDX-License-Identifier: MIT */
#include "tests/unit/messages.h"
#include "tests/unit/query_world.h"
#include "tests/unit/suite.h"

#include <stdio.h>

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

START_TEST(k6_ttl_0_is_shared_by_waiters_but_not_kept)
{
    ask(0, "www.example.com");
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good("www.example.com", 0));
    ck_assert_int_eq(ask(1, "www.example.com"), RESOLVER_PENDING);
}
END_TEST

START_TEST(e9_cd_and_do_are_questions_of_their_own)
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

START_TEST(k9_question_without_rd_never_leaves_the_host)
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

/* More of one client must not take from another what needs nobody's time. */
START_TEST(over_the_bound_what_is_known_is_still_told_and_nothing_more_is_taken_on)
{
    char name[32];
    enum { LATE = MAX_QUERIES + 1, STALE_S = 20 };
    ask(0, "known.example");
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good("known.example", 300));
    ask(1, "stale.example");
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good("stale.example", STALE_S));
    fake_port_advance(&world.port, (uint64_t)STALE_S * 1000000);
    unsigned n_before = world.pool.n_started;
    for (size_t i = 0; i < MAX_QUERIES; i++) {
        snprintf(name, sizeof name, "n%zu.example", i);
        ck_assert_int_eq(ask(i + 2, name), RESOLVER_PENDING);
    }
    for (unsigned round = 0; round < 3; round++) {
        world.clients[LATE + 1].n_replies = world.clients[LATE + 2].n_replies = 0;
        world.clients[LATE + 3].n_replies = 0;
        ck_assert_int_eq(ask(LATE + 1, "known.example"), RESOLVER_ANSWERED);
        ck_assert_uint_eq(n_answers_of(LATE + 1), 1);
        ck_assert_int_eq(ask(LATE + 2, "stale.example"), RESOLVER_ANSWERED);
        ck_assert_uint_eq(n_answers_of(LATE + 2), 1);
        ck_assert_int_eq(ede_of(LATE + 2), EDE_STALE);
        ck_assert_int_eq(ask(LATE + 3, "unknown.example"), RESOLVER_ANSWERED);
        ck_assert_uint_eq(rcode_of(LATE + 3), RCODE_SERVFAIL);
        ck_assert_int_eq(ede_of(LATE + 3), EDE_NOT_READY);
    }
    ck_assert_uint_eq(world.pool.n_started, n_before + MAX_QUERIES);
    for (size_t i = 0; i < MAX_QUERIES; i++) {
        snprintf(name, sizeof name, "n%zu.example", i);
        fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good(name, 60));
        ck_assert_uint_eq(rcode_of(i + 2), RCODE_NOERROR);
    }
    ck_assert_int_eq(ask(LATE + 4, "unknown.example"),
                     RESOLVER_PENDING); /* no failure of its own */
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good("unknown.example", 60));
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

START_TEST(whatever_happens_each_query_is_answered_exactly_once)
{
    unsigned n_asked = 0, n_replies = 0;
    for (int i = 0; i < 20000; i++) {
        shake(&world.pool, ask, &n_asked);
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
        k6_ttl_0_is_shared_by_waiters_but_not_kept,
        e9_cd_and_do_are_questions_of_their_own,
        k9_question_without_rd_never_leaves_the_host,
        response_and_fragment_are_dropped_without_a_reply,
        over_the_bound_the_newcomer_gets_servfail_and_the_others_their_answers,
        over_the_bound_what_is_known_is_still_told_and_nothing_more_is_taken_on,
        ending_the_resolver_answers_whoever_waits,
        drained_is_said_once_the_last_query_ended,
        whatever_happens_each_query_is_answered_exactly_once,
    };
    return suite_run("query", tests, sizeof tests / sizeof tests[0], world_set_up, world_tear_down);
}
