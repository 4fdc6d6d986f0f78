/* SPDX-License-Identifier: MIT */
/* Answers that are but the beginning of a chain: the query asks for the rest itself. */
#include "tests/unit/messages.h"
#include "tests/unit/query_world.h"
#include "tests/unit/resolver/maker.h"
#include "tests/unit/suite.h"

static struct maker m;

static struct answer *read_made(const char *name)
{
    struct question question = {.name = made_name(name), TYPE_A, CLASS_IN};
    struct answer_expect expect = {.question = &question,
                                   .id = -1,
                                   .now_us = port_now_us(port()),
                                   .max_ttl_s = 86400,
                                   .negative_max_ttl_s = 3600};
    struct answer *answer;
    ck_assert_int_eq(answer_read(maker_message(&m), &expect, &answer), ANSWER_OK);
    return answer;
}

/* `name` is `target`, and no more is said. */
static struct answer *beginning(const char *name, const char *target)
{
    maker_begin(&m, FLAG_QR | FLAG_RA, name, TYPE_A);
    maker_put_alias(&m, ANSWER, (struct head){name, TYPE_CNAME, 300}, target);
    return read_made(name);
}

/* The name that the provider is asked for now. */
static const char *asked(void)
{
    static char text[NAME_MAX_TEXT];
    ck_assert_uint_eq(world.pool.n_live, 1);
    name_to_text(&world.pool.live[0]->wish.question->name, text);
    return text;
}

START_TEST(rest_of_a_chain_is_asked_for_and_the_whole_is_kept)
{
    ck_assert_int_eq(ask(0, "www.example.com"), RESOLVER_PENDING);
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, beginning("www.example.com", "a.Other.example"));
    ck_assert_str_eq(asked(), "a.other.example.");
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, beginning("a.other.example", "b.third.example"));
    ck_assert_str_eq(asked(), "b.third.example.");
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good("b.third.example", 60));
    ck_assert_uint_eq(rcode_of(0), RCODE_NOERROR);
    ck_assert_uint_eq(n_answers_of(0), 3);
    ck_assert_int_eq(ask(1, "www.example.com"), RESOLVER_ANSWERED);
    ck_assert_uint_eq(n_answers_of(1), 3);
    fake_port_advance(&world.port, 61 * 1000000);
    ck_assert_int_eq(ask(2, "www.example.com"), RESOLVER_PENDING); /* the shortest TTL counts */
}
END_TEST

START_TEST(those_that_wait_for_the_same_are_told_the_whole_too)
{
    ask(0, "www.example.com");
    ask(1, "www.example.com");
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, beginning("www.example.com", "a.other.example"));
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good("a.other.example", 60));
    for (size_t i = 0; i < 2; i++) {
        ck_assert_uint_eq(rcode_of(i), RCODE_NOERROR);
        ck_assert_uint_eq(n_answers_of(i), 2);
    }
}
END_TEST

START_TEST(chain_whose_end_nobody_tells_is_servfail)
{
    ask(0, "www.example.com");
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, beginning("www.example.com", "a.other.example"));
    fake_pool_end(&world.pool, ATTEMPT_RETRY_NEXT, servfail("a.other.example"));
    fake_pool_end(&world.pool, ATTEMPT_RETRY_NEXT, NULL);
    ck_assert_uint_eq(rcode_of(0), RCODE_SERVFAIL);
    ck_assert_uint_eq(n_answers_of(0), 0);
}
END_TEST

START_TEST(chain_whose_end_nobody_tells_is_not_asked_for_again_at_once)
{
    ask(0, "www.example.com");
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, beginning("www.example.com", "a.other.example"));
    fake_pool_end(&world.pool, ATTEMPT_RETRY_NEXT, NULL);
    fake_pool_end(&world.pool, ATTEMPT_RETRY_NEXT, NULL);
    ck_assert_int_eq(ede_of(0), EDE_NETWORK);
    ck_assert_int_eq(ask(1, "www.example.com"), RESOLVER_ANSWERED);
    ck_assert_uint_eq(rcode_of(1), RCODE_SERVFAIL);
    ck_assert_int_eq(ede_of(1), EDE_CACHED_ERROR);
    fake_port_advance(&world.port, 3 * 1000000);
    ck_assert_int_eq(ask(2, "www.example.com"), RESOLVER_PENDING);
}
END_TEST

/* www.example.com was a whole chain once, whose TTL of a minute has passed. */
static void grow_stale(void)
{
    ask(CLIENTS - 1, "www.example.com");
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, beginning("www.example.com", "a.other.example"));
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good("a.other.example", 60));
    fake_port_advance(&world.port, 70 * 1000000);
}

static void expect_stale_whole(size_t i)
{
    ck_assert_uint_eq(rcode_of(i), RCODE_NOERROR);
    ck_assert_uint_eq(n_answers_of(i), 2);
    ck_assert_int_eq(ede_of(i), EDE_STALE);
}

/* Nobody tells anything about a name that was never known: there is no stale answer for it. */
static void end_nowhere(void)
{
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, beginning("www.example.com", "new.other.example"));
    ck_assert_str_eq(asked(), "new.other.example.");
    fake_pool_end(&world.pool, ATTEMPT_RETRY_NEXT, servfail("new.other.example"));
    fake_pool_end(&world.pool, ATTEMPT_RETRY_NEXT, NULL);
}

START_TEST(k5_stale_whole_is_told_when_the_end_of_a_chain_cannot_be_had)
{
    grow_stale();
    ask(0, "www.example.com");
    ask(1, "www.example.com");
    end_nowhere();
    expect_stale_whole(0);
    expect_stale_whole(1);
    ck_assert_int_eq(ask(2, "www.example.com"), RESOLVER_ANSWERED); /* tried in vain lately */
    expect_stale_whole(2);
    fake_port_advance(&world.port, 31 * 1000000);
    ck_assert_int_eq(ask(3, "www.example.com"), RESOLVER_PENDING);
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, beginning("www.example.com", "b.other.example"));
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good("b.other.example", 60));
    ck_assert_int_eq(ede_of(3), EDE_NONE);
}
END_TEST

START_TEST(k5_stale_whole_is_told_to_who_has_waited_long_enough_for_the_end_of_a_chain)
{
    grow_stale();
    ask(0, "www.example.com");
    fake_port_advance(&world.port, (STALE_MS - 800) * 1000);
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, beginning("www.example.com", "new.other.example"));
    fake_port_advance(&world.port, 799 * 1000);
    ck_assert_uint_eq(world.clients[0].n_replies, 0);
    fake_port_advance(&world.port, 2 * 1000);
    expect_stale_whole(0);
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good("new.other.example", 60));
    ck_assert_uint_eq(world.clients[0].n_replies, 1);
    ck_assert_int_eq(ask(1, "www.example.com"), RESOLVER_ANSWERED);
    ck_assert_int_eq(ede_of(1), EDE_NONE);
    ck_assert_uint_eq(n_answers_of(1), 2);
}
END_TEST

START_TEST(k5_stale_whole_is_told_when_the_end_of_a_chain_does_not_come_at_all)
{
    struct resolver_counts counts;
    grow_stale();
    ask(0, "www.example.com");
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, beginning("www.example.com", "new.other.example"));
    fake_port_advance(&world.port, (BUDGET_MS + 10) * 1000);
    expect_stale_whole(0);
    resolver_count(world.resolver, &counts);
    ck_assert_uint_eq(counts.n_live + counts.n_refreshing, 0);
    ck_assert_int_eq(ask(1, "www.example.com"), RESOLVER_ANSWERED);
    expect_stale_whole(1);
}
END_TEST

START_TEST(chain_with_a_stale_end_says_so_and_is_not_kept_as_fresh)
{
    ask(0, "a.other.example");
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good("a.other.example", 60));
    fake_port_advance(&world.port, 70 * 1000000);
    for (size_t i = 1; i < 3; i++) {
        ck_assert_int_eq(ask(i, "www.example.com"), RESOLVER_PENDING);
        fake_pool_end(&world.pool, ATTEMPT_ANSWERED,
                      beginning("www.example.com", "a.other.example"));
        if (i == 1) {
            fake_pool_end(&world.pool, ATTEMPT_RETRY_NEXT, NULL);
            fake_pool_end(&world.pool, ATTEMPT_RETRY_NEXT, NULL);
        }
        expect_stale_whole(i);
    }
}
END_TEST

START_TEST(stale_whole_is_preferred_to_a_chain_with_a_stale_end_and_asked_for_again_later)
{
    grow_stale();
    ask(0, "a.other.example");
    fake_pool_end(&world.pool, ATTEMPT_RETRY_NEXT, NULL);
    fake_pool_end(&world.pool, ATTEMPT_RETRY_NEXT, NULL);
    ck_assert_int_eq(ask(1, "www.example.com"), RESOLVER_PENDING);
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, beginning("www.example.com", "a.other.example"));
    expect_stale_whole(1);
    ck_assert_int_eq(ask(2, "www.example.com"), RESOLVER_ANSWERED);
    expect_stale_whole(2);
}
END_TEST

START_TEST(rest_of_a_chain_has_the_time_that_is_left_and_no_more)
{
    ask(0, "www.example.com");
    fake_port_advance(&world.port, (BUDGET_MS - 500) * 1000);
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, beginning("www.example.com", "a.other.example"));
    fake_port_advance(&world.port, 501 * 1000);
    ck_assert_uint_eq(rcode_of(0), RCODE_SERVFAIL);
    ck_assert_uint_eq(n_answers_of(0), 0);
}
END_TEST

/* a.example is b.example, which is a.example. */
static void go_round(void)
{
    unsigned n = 0;
    ask(0, "a.example");
    while (world.clients[0].n_replies == 0) {
        bool is_a = strcmp(asked(), "a.example.") == 0;
        ck_assert_uint_lt(n++, 20);
        fake_pool_end(&world.pool, ATTEMPT_ANSWERED,
                      is_a ? beginning("a.example", "b.example")
                           : beginning("b.example", "a.example"));
    }
}

START_TEST(chain_that_leads_back_to_its_own_question_ends)
{
    go_round();
    ck_assert_uint_eq(rcode_of(0), RCODE_SERVFAIL);
    ck_assert_uint_eq(world.pool.n_live, 0);
}
END_TEST

/* The queries of the chain that goes round had depths: a refresh has none, whichever's place it
 * takes. */
START_TEST(refresh_follows_a_chain_as_its_client_did)
{
    static const char name[] = "www.example.com";
    ask(1, name);
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, beginning(name, "a.other.example"));
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good("a.other.example", 1000));
    ask(2, name);
    fake_port_advance(&world.port, 277 * 1000000);
    go_round();
    ck_assert_int_eq(ask(3, name), RESOLVER_ANSWERED);
    ck_assert_uint_eq(world.pool.n_live, 1);
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, beginning(name, "b.other.example"));
    ck_assert_uint_eq(world.pool.n_live, 1);
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good("b.other.example", 1000));
    fake_port_advance(&world.port, 100 * 1000000);
    ck_assert_int_eq(ask(4, name), RESOLVER_ANSWERED);
    ck_assert_uint_eq(n_answers_of(4), 2);
}
END_TEST

START_TEST(chain_with_a_word_about_its_end_is_whole)
{
    ask(0, "www.example.com");
    maker_begin(&m, FLAG_QR | FLAG_RA, "www.example.com", TYPE_A);
    maker_put_alias(&m, ANSWER, (struct head){"www.example.com", TYPE_CNAME, 300},
                    "a.other.example");
    struct made soa = {0};
    made_add_name(&soa, "ns.other.example");
    made_add_name(&soa, "host.other.example");
    made_add(&soa, "\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5", 20);
    maker_put(&m, AUTHORITY, (struct head){"other.example", TYPE_SOA, 60}, made_bytes(&soa));
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, read_made("www.example.com"));
    ck_assert_uint_eq(rcode_of(0), RCODE_NOERROR);
    ck_assert_uint_eq(n_answers_of(0), 1);
}
END_TEST

START_TEST(chain_of_ttl_0_with_its_end_is_not_asked_for_again)
{
    ask(0, "www.example.com");
    maker_begin(&m, FLAG_QR | FLAG_RA, "www.example.com", TYPE_A);
    maker_put_alias(&m, ANSWER, (struct head){"www.example.com", TYPE_CNAME, 0}, "a.other.example");
    maker_put_a(&m, ANSWER, "a.other.example", 0);
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, read_made("www.example.com"));
    ck_assert_uint_eq(n_answers_of(0), 2);
    ck_assert_uint_eq(world.pool.n_live, 0);
}
END_TEST

START_TEST(names_that_point_at_servers_in_place_of_an_answer_are_referrals)
{
    for (unsigned i = 0; i < 4; i++) {
        maker_begin(&m, (uint16_t)(FLAG_QR | (i == 1 ? FLAG_AA : 0)), "www.example.com", TYPE_A);
        if (i == 2) {
            maker_put_a(&m, ANSWER, "www.example.com", 60);
        }
        if (i != 3) {
            maker_put_alias(&m, AUTHORITY, (struct head){"com", TYPE_NS, 60}, "ns.example");
        }
        owned(answer_unrefp) struct answer *answer = read_made("www.example.com");
        ck_assert_int_eq(answer_is_referral(answer), i == 0);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        rest_of_a_chain_is_asked_for_and_the_whole_is_kept,
        those_that_wait_for_the_same_are_told_the_whole_too,
        chain_whose_end_nobody_tells_is_servfail,
        chain_whose_end_nobody_tells_is_not_asked_for_again_at_once,
        k5_stale_whole_is_told_when_the_end_of_a_chain_cannot_be_had,
        k5_stale_whole_is_told_to_who_has_waited_long_enough_for_the_end_of_a_chain,
        k5_stale_whole_is_told_when_the_end_of_a_chain_does_not_come_at_all,
        chain_with_a_stale_end_says_so_and_is_not_kept_as_fresh,
        stale_whole_is_preferred_to_a_chain_with_a_stale_end_and_asked_for_again_later,
        rest_of_a_chain_has_the_time_that_is_left_and_no_more,
        chain_that_leads_back_to_its_own_question_ends,
        refresh_follows_a_chain_as_its_client_did,
        chain_with_a_word_about_its_end_is_whole,
        chain_of_ttl_0_with_its_end_is_not_asked_for_again,
        names_that_point_at_servers_in_place_of_an_answer_are_referrals,
    };
    return suite_run("chain_rest", tests, sizeof tests / sizeof tests[0], world_set_up,
                     world_tear_down);
}
