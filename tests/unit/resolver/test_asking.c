/* SPDX-License-Identifier: MIT */
#include "resolver/query.h"
#include "resolver/upstream/synth.h"
#include "tests/unit/messages.h"
#include "tests/unit/query_world.h"
#include "tests/unit/suite.h"

#include <errno.h>

/* The attempt in this place has the answer, and the first asker is told it. */
static void answer_at(unsigned place)
{
    fake_pool_end_at(&world.pool, place,
                     (struct attempt_end){.verdict = ATTEMPT_ANSWERED,
                                          .answer = good("www.example.com", 60),
                                          .detail = ""});
    ck_assert_uint_eq(rcode_of(0), RCODE_NOERROR);
}

START_TEST(failed_provider_is_followed_by_the_next)
{
    ask(0, "www.example.com");
    fake_pool_end(&world.pool, ATTEMPT_RETRY_NEXT, NULL);
    ck_assert_uint_eq(world.pool.live[0]->wish.provider, 1);
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good("www.example.com", 300));
    ck_assert_uint_eq(rcode_of(0), RCODE_NOERROR);
}
END_TEST

START_TEST(h9_lost_connection_is_retried_once_on_a_fresh_one)
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

START_TEST(
    what_broke_where_others_broke_too_is_asked_elsewhere_and_there_again_if_nobody_else_is_left)
{
    ask(0, "www.example.com");
    world.pool.shaky = 3;
    fake_pool_end(&world.pool, ATTEMPT_RETRY_SAME, NULL);
    ck_assert_uint_eq(world.pool.live[0]->wish.provider, 1);
    ck_assert(!world.pool.live[0]->wish.fresh);
    fake_pool_end(&world.pool, ATTEMPT_RETRY_SAME, NULL);
    ck_assert_uint_eq(world.pool.live[0]->wish.provider, 1);
    ck_assert(world.pool.live[0]->wish.fresh);
}
END_TEST

START_TEST(
    late_question_goes_again_by_another_connection_when_packets_get_lost_and_nobody_else_is_left)
{
    ask(0, "www.example.com");
    world.pool.spread = 3;
    fake_port_advance(&world.port, HEDGE_MS * 1000 + 1);
    ck_assert_uint_eq(world.pool.live[1]->wish.provider, 1);
    fake_pool_end_at(&world.pool, 0,
                     (struct attempt_end){.verdict = ATTEMPT_RETRY_NEXT, .detail = ""});
    ck_assert_uint_eq(world.pool.n_live, 2);
    ck_assert_uint_eq(world.pool.live[1]->wish.provider, 1);
    ck_assert_ptr_eq(world.pool.live[1]->wish.apart_from, world.pool.live[0]);
    fake_pool_end_at(&world.pool, 1,
                     (struct attempt_end){.verdict = ATTEMPT_RETRY_SAME, .detail = ""});
    ck_assert_uint_eq(world.pool.n_live, 1);
    ck_assert_ptr_null(world.pool.live[0]->wish.apart_from);
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good("www.example.com", 60));
    ck_assert_uint_eq(rcode_of(0), RCODE_NOERROR);
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

/* A provider says this and no more. */
static void end_with(enum rcode rcode, enum ede ede)
{
    struct answer *answer = servfail("www.example.com");
    answer->rcode = (uint16_t)rcode;
    answer->ede = (int16_t)ede;
    fake_pool_end(&world.pool, ATTEMPT_RETRY_NEXT, answer);
}

START_TEST(whatever_rcode_the_providers_fail_with_the_client_is_told_servfail_and_why)
{
    static const enum rcode rcodes[] = {RCODE_SERVFAIL, RCODE_REFUSED, RCODE_NOTIMP};
    for (size_t i = 0; i < 3; i++) {
        ask(i, "www.example.com");
        end_with(rcodes[i], EDE_NONE);
        end_with(rcodes[i], EDE_NONE);
        ck_assert_uint_eq(rcode_of(i), RCODE_SERVFAIL);
        ck_assert_int_eq(ede_of(i), EDE_NETWORK); /* what fake_pool_end() says */
        cache_flush(world.cache);
    }
}
END_TEST

START_TEST(provider_that_says_why_it_refuses_is_quoted_whoever_else_failed)
{
    ask(0, "www.example.com");
    fake_pool_end(&world.pool, ATTEMPT_RETRY_NEXT, NULL);
    end_with(RCODE_REFUSED, EDE_FILTERED);
    ck_assert_uint_eq(rcode_of(0), RCODE_SERVFAIL);
    ck_assert_int_eq(ede_of(0), EDE_FILTERED);
    cache_flush(world.cache);
    ask(1, "www.example.com");
    end_with(RCODE_REFUSED, EDE_CENSORED);
    end_with(RCODE_SERVFAIL, EDE_FILTERED);
    ck_assert_int_eq(ede_of(1), EDE_CENSORED);
}
END_TEST

START_TEST(provider_that_is_not_ready_is_not_asked_again_at_once_for_the_same)
{
    ask(0, "www.example.com");
    end_with(RCODE_SERVFAIL, EDE_NOT_READY);
    end_with(RCODE_SERVFAIL, EDE_NOT_READY);
    ck_assert_int_eq(ede_of(0), EDE_NOT_READY);
    ck_assert_int_eq(ask(1, "www.example.com"), RESOLVER_ANSWERED);
    ck_assert_int_eq(ede_of(1), EDE_CACHED_ERROR);
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

static void fail_unsure(void)
{
    fake_pool_end_at(&world.pool, 0,
                     (struct attempt_end){.verdict = ATTEMPT_RETRY_NEXT,
                                          .answer = servfail("www.example.com"),
                                          .is_unsure = true,
                                          .ede = EDE_NO_REACHABLE,
                                          .detail = "rcode SERVFAIL"});
}

START_TEST(answer_after_a_servfail_is_held_against_the_one_that_failed_and_a_second_servfail_is_not)
{
    ask(0, "www.example.com");
    fail_unsure();
    ck_assert_uint_eq(world.pool.contradicted, 0);
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good("www.example.com", 0));
    ck_assert_uint_eq(world.pool.contradicted, 1);
    world.pool.contradicted = 0;
    ask(1, "www.example.com");
    while (world.pool.n_live > 0) {
        fail_unsure();
    }
    ck_assert_uint_eq(rcode_of(1), RCODE_SERVFAIL);
    ck_assert_uint_eq(world.pool.contradicted, 0);
}
END_TEST

START_TEST(silent_provider_is_joined_by_the_next_and_the_first_good_answer_wins)
{
    ask(0, "www.example.com");
    fake_port_advance(&world.port, HEDGE_MS * 1000 + 1);
    ck_assert_uint_eq(world.pool.n_live, 2);
    answer_at(1);
    ck_assert_uint_eq(world.pool.n_live, 0);
    ck_assert_uint_eq(world.pool.n_late, 1);
}
END_TEST

START_TEST(loser_of_a_race_is_listened_to_and_does_not_try_again_where_others_broke)
{
    world.pool.at_once = 2;
    ask(0, "www.example.com");
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good("www.example.com", 60));
    ck_assert_uint_eq(world.pool.n_late, 1);
    ask(1, "b.example.com");
    ck_assert_uint_eq(world.pool.n_live, 2);
    world.pool.shaky = 2;
    fake_pool_end_at(&world.pool, 1,
                     (struct attempt_end){.verdict = ATTEMPT_RETRY_SAME, .detail = ""});
    ck_assert_uint_eq(world.pool.n_live, 1);
    ck_assert_uint_eq(world.pool.live[0]->wish.provider, 0);
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good("b.example.com", 60));
    ck_assert_uint_eq(rcode_of(1), RCODE_NOERROR);
}
END_TEST

START_TEST(silent_attempt_is_doubted_while_there_is_no_other_provider)
{
    world.pool.n_providers = 1;
    ask(0, "www.example.com");
    fake_port_advance(&world.port, HEDGE_MS * 1000 - 1);
    ck_assert_uint_eq(world.pool.n_doubts, 0);
    fake_port_advance(&world.port, 2);
    ck_assert_uint_eq(world.pool.n_doubts, 1);
    fake_pool_end(&world.pool, ATTEMPT_RETRY_SAME, NULL);
    ck_assert(world.pool.live[0]->wish.fresh);
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good("www.example.com", 60));
    ck_assert_uint_eq(rcode_of(0), RCODE_NOERROR);
}
END_TEST

START_TEST(request_that_all_are_silent_to_is_sent_once_more_to_the_first_that_answers_nobody)
{
    world.pool.n_providers = 2;
    ask(0, "www.example.com");
    fake_port_advance(&world.port, 990000);
    ck_assert_uint_eq(world.pool.n_live, 2);
    fake_port_advance(&world.port, 20000);
    ck_assert_uint_eq(world.pool.n_live, 3);
    ck_assert_uint_eq(world.pool.live[2]->wish.provider, 0);
    ck_assert_ptr_eq(world.pool.live[2]->wish.apart_from, world.pool.live[0]);
    ck_assert(world.pool.live[2]->wish.renew);
    fake_port_advance(&world.port, 2000000);
    ck_assert_uint_eq(world.pool.n_live, 3);
    answer_at(2);
}
END_TEST

START_TEST(request_that_all_are_silent_to_is_not_sent_again_while_they_answer_others)
{
    world.pool.n_providers = 2;
    ask(0, "www.example.com");
    fake_port_advance(&world.port, 900000);
    world.pool.heard_us = port_now_us(port());
    fake_port_advance(&world.port, 1000000);
    ck_assert_uint_eq(world.pool.n_live, 2);
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good("www.example.com", 60));
    ck_assert_uint_eq(rcode_of(0), RCODE_NOERROR);
}
END_TEST

START_TEST(request_that_got_lost_is_sent_twice_more_to_the_only_provider_by_ways_of_their_own)
{
    world.pool.n_providers = 1;
    ask(0, "www.example.com");
    fake_port_advance(&world.port, 900000);
    ck_assert_uint_eq(world.pool.n_live, 1);
    fake_port_advance(&world.port, 101000);
    ck_assert_uint_eq(world.pool.n_live, 2);
    ck_assert_ptr_eq(world.pool.live[1]->wish.apart_from, world.pool.live[0]);
    ck_assert(world.pool.live[1]->wish.renew); /* the connection may be what swallowed it */
    fake_port_advance(&world.port, 199000);
    unsigned n_doubts = world.pool.n_doubts;
    fake_port_advance(&world.port, 600000);
    ck_assert_uint_gt(world.pool.n_doubts, n_doubts);
    fake_port_advance(&world.port, 600000);
    ck_assert_uint_eq(world.pool.n_live, 2); /* nobody is answered: it is not the request */
    world.pool.heard_us = port_now_us(port());
    fake_port_advance(&world.port, 600000);
    ck_assert_uint_eq(world.pool.n_live, 3);
    ck_assert_ptr_eq(world.pool.live[2]->wish.apart_from, world.pool.live[1]);
    fake_port_advance(&world.port, 500000);
    ck_assert_uint_eq(world.pool.n_live, 3);
    fake_pool_end_at(&world.pool, 1,
                     (struct attempt_end){.verdict = ATTEMPT_RETRY_NEXT, .detail = ""});
    ck_assert_uint_eq(world.pool.n_live, 2);
    answer_at(1);
}
END_TEST

START_TEST(question_that_waits_its_turn_at_the_only_provider_is_not_asked_twice)
{
    world.pool.n_providers = 1;
    world.pool.in_line = 1;
    ask(0, "www.example.com");
    for (unsigned i = 0; i < 3; i++) {
        fake_port_advance(&world.port, 1000000);
        ck_assert_uint_eq(world.pool.n_started, 1);
    }
    world.pool.in_line = 0;
    fake_port_advance(&world.port, 500000);
    ck_assert_uint_eq(world.pool.n_started, 2);
}
END_TEST

static void lose(bool of_path)
{
    fake_pool_end_at(&world.pool, 0,
                     (struct attempt_end){.verdict = ATTEMPT_RETRY_NEXT,
                                          .of_path = of_path,
                                          .ede = EDE_NO_REACHABLE,
                                          .detail = "timed out"});
}

START_TEST(f26_attempt_lost_on_its_way_to_the_only_provider_is_made_again_while_there_is_time)
{
    world.pool.n_providers = 1;
    ask(0, "www.example.com");
    fake_pool_end(&world.pool, ATTEMPT_RETRY_SAME, NULL);
    fake_port_advance(&world.port, 990000);
    lose(true);
    ck_assert_uint_eq(world.pool.n_live, 1);
    ck_assert(!world.pool.live[0]->wish.fresh);
    fake_port_advance(&world.port, 990000);
    world.pool.heard_us = port_now_us(port());
    lose(true);
    ck_assert_uint_eq(world.pool.n_live, 1);
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good("www.example.com", 60));
    ck_assert_uint_eq(rcode_of(0), RCODE_NOERROR);
    ck_assert_uint_eq(world.pool.n_started, 4);
}
END_TEST

START_TEST(f26_attempt_in_place_of_a_lost_one_may_meet_a_connection_that_others_found_dead)
{
    world.pool.n_providers = 1;
    ask(0, "www.example.com");
    fake_pool_end(&world.pool, ATTEMPT_RETRY_SAME, NULL);
    fake_port_advance(&world.port, 990000);
    lose(true);
    fake_port_advance(&world.port, 60000);
    world.pool.heard_us = port_now_us(port());
    fake_pool_end_at(
        &world.pool, 0,
        (struct attempt_end){.verdict = ATTEMPT_RETRY_SAME, .of_path = true, .detail = ""});
    ck_assert_uint_eq(world.pool.n_live, 1);
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good("www.example.com", 60));
    ck_assert_uint_eq(rcode_of(0), RCODE_NOERROR);
}
END_TEST

START_TEST(f26_attempt_whose_connection_others_found_dead_is_made_again_however_young_it_is)
{
    world.pool.n_providers = 1;
    ask(0, "www.example.com");
    fake_pool_end(&world.pool, ATTEMPT_RETRY_SAME, NULL);
    fake_port_advance(&world.port, 50000);
    fake_pool_end_at(
        &world.pool, 0,
        (struct attempt_end){.verdict = ATTEMPT_RETRY_NEXT, .was_doubted = true, .detail = "lost"});
    ck_assert_uint_eq(world.pool.n_live, 1);
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good("www.example.com", 60));
    ck_assert_uint_eq(rcode_of(0), RCODE_NOERROR);
}
END_TEST

START_TEST(way_that_leads_nowhere_is_not_tried_again_and_again)
{
    world.pool.n_providers = 1;
    ask(0, "once.example.com");
    fake_port_advance(&world.port, 990000);
    lose(true);
    fake_port_advance(&world.port, 990000);
    lose(true); /* nobody was heard meanwhile */
    ck_assert_uint_eq(rcode_of(0), RCODE_SERVFAIL);
    ck_assert_uint_eq(world.pool.n_started, 2);
    world.pool.aside = 1;
    ask(1, "aside.example.com");
    fake_port_advance(&world.port, 990000);
    lose(true);
    ck_assert_uint_eq(rcode_of(1), RCODE_SERVFAIL);
    ck_assert_uint_eq(world.pool.n_started, 3);
}
END_TEST

START_TEST(failure_that_was_said_or_came_at_once_is_not_tried_again)
{
    world.pool.n_providers = 1;
    ask(0, "said.example.com");
    fake_port_advance(&world.port, 990000);
    lose(false);
    ck_assert_uint_eq(rcode_of(0), RCODE_SERVFAIL);
    ask(1, "refused.example.com");
    fake_port_advance(&world.port, 90000);
    lose(true);
    ck_assert_uint_eq(rcode_of(1), RCODE_SERVFAIL);
    ck_assert_uint_eq(world.pool.n_started, 2);
}
END_TEST

START_TEST(plain_dns_repeats_its_datagram_by_itself)
{
    world.pool.n_providers = 1;
    world.pool.plain = 1;
    ask(0, "www.example.com");
    fake_port_advance(&world.port, 1500000);
    ck_assert_uint_eq(world.pool.n_live, 1);
}
END_TEST

START_TEST(late_answer_of_the_first_still_wins_and_the_second_is_not_blamed)
{
    ask(0, "www.example.com");
    fake_port_advance(&world.port, HEDGE_MS * 1000 + 1);
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good("www.example.com", 60));
    ck_assert_uint_eq(rcode_of(0), RCODE_NOERROR);
    ck_assert_uint_eq(world.pool.n_cancelled, 1);
    ck_assert_uint_eq(world.pool.n_late, 0);
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

/* NODATA for want of better, of 30 s. */
static struct answer *unexplained(const char *name)
{
    struct question question = {.type = TYPE_A, .class = CLASS_IN};
    struct driver_found found = {0};
    struct answer_expect expect = {.question = &question,
                                   .now_us = world.port.now_us,
                                   .max_ttl_s = 60,
                                   .negative_max_ttl_s = 60};
    ck_assert_int_eq(name_from_text(name, &question.name), 0);
    ck_assert_int_eq(synth_absence(RCODE_NOERROR, 30, &expect, &found), DRIVER_OK);
    return found.answer;
}

START_TEST(unexplained_absence_is_told_and_kept_only_when_nobody_knows_better)
{
    ask(0, "www.example.com");
    fake_pool_end(&world.pool, ATTEMPT_RETRY_NEXT, unexplained("www.example.com"));
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good("www.example.com", 60));
    ck_assert_uint_eq(n_answers_of(0), 1);
    ask(1, "nowhere.example.com");
    fake_pool_end(&world.pool, ATTEMPT_RETRY_NEXT, unexplained("nowhere.example.com"));
    fake_pool_end(&world.pool, ATTEMPT_RETRY_NEXT, unexplained("nowhere.example.com"));
    ck_assert_uint_eq(rcode_of(1), RCODE_NOERROR);
    ck_assert_uint_eq(n_answers_of(1), 0);
    ck_assert_int_eq(ask(2, "nowhere.example.com"), RESOLVER_ANSWERED);
    fake_port_advance(&world.port, 31 * UINT64_C(1000000));
    ck_assert_int_eq(ask(3, "nowhere.example.com"), RESOLVER_PENDING);
}
END_TEST

static enum resolver_outcome ask_type(size_t i, uint16_t type)
{
    uint8_t at[512];
    struct test_query query = {.id = (uint16_t)(1000 + i),
                               .flags = FLAG_RD,
                               .name = "www.example.com",
                               .type = type,
                               .edns_size = 1232};
    return ask_bytes(i, bytes_of(at, test_query_write(&query, at)));
}

START_TEST(question_that_no_provider_takes_is_servfail_save_https_which_is_nodata)
{
    world.pool.start_fails = -ENOTSUP;
    ck_assert_int_eq(ask_type(0, TYPE_MX), RESOLVER_ANSWERED);
    ck_assert_uint_eq(rcode_of(0), RCODE_SERVFAIL);
    ck_assert_int_eq(ede_of(0), EDE_NOT_SUPPORTED);
    ck_assert_int_eq(ask_type(1, TYPE_HTTPS), RESOLVER_ANSWERED);
    ck_assert_uint_eq(rcode_of(1), RCODE_NOERROR);
    ck_assert_uint_eq(n_answers_of(1), 0);
}
END_TEST

START_TEST(pause_that_all_providers_asked_for_is_no_absence)
{
    world.pool.n_providers = 0;
    world.pool.is_quiet = true;
    world.resolver->params.unserved = UNSERVED_NOTIMP;
    static const uint16_t types[] = {TYPE_MX, TYPE_HTTPS};
    for (size_t i = 0; i < 2; i++) {
        ck_assert_int_eq(ask_type(i, types[i]), RESOLVER_ANSWERED);
        ck_assert_uint_eq(rcode_of(i), RCODE_SERVFAIL);
        ck_assert_int_eq(ede_of(i), EDE_NO_REACHABLE);
    }
}
END_TEST

START_TEST(question_that_no_provider_takes_is_answered_with_the_rcode_that_is_wanted)
{
    static const struct {
        enum resolver_unserved unserved;
        unsigned rcode;
    } cases[] = {{UNSERVED_NOTIMP, RCODE_NOTIMP}, {UNSERVED_REFUSED, RCODE_REFUSED}};
    world.pool.start_fails = -ENOTSUP;
    for (size_t i = 0; i < 2; i++) {
        world.resolver->params.unserved = cases[i].unserved;
        for (size_t n = 0; n < 2; n++) { /* the second time as well */
            ck_assert_int_eq(ask_type(3 * i + n, TYPE_MX), RESOLVER_ANSWERED);
            ck_assert_uint_eq(rcode_of(3 * i + n), cases[i].rcode);
            ck_assert_int_eq(ede_of(3 * i + n), EDE_NOT_SUPPORTED);
        }
        ck_assert_int_eq(ask_type(3 * i + 2, TYPE_HTTPS), RESOLVER_ANSWERED);
        ck_assert_uint_eq(rcode_of(3 * i + 2), RCODE_NOERROR);
    }
    /* What failed is no matter of the question. */
    world.pool.start_fails = -EBUSY;
    ck_assert_int_eq(ask_type(9, TYPE_MX), RESOLVER_ANSWERED);
    ck_assert_uint_eq(rcode_of(9), RCODE_SERVFAIL);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        failed_provider_is_followed_by_the_next,
        h9_lost_connection_is_retried_once_on_a_fresh_one,
        late_question_goes_again_by_another_connection_when_packets_get_lost_and_nobody_else_is_left,
        what_broke_where_others_broke_too_is_asked_elsewhere_and_there_again_if_nobody_else_is_left,
        all_providers_failing_is_servfail_with_the_first_reason,
        whatever_rcode_the_providers_fail_with_the_client_is_told_servfail_and_why,
        provider_that_says_why_it_refuses_is_quoted_whoever_else_failed,
        provider_that_is_not_ready_is_not_asked_again_at_once_for_the_same,
        second_providers_answer_beats_the_firsts_servfail,
        answer_after_a_servfail_is_held_against_the_one_that_failed_and_a_second_servfail_is_not,
        silent_provider_is_joined_by_the_next_and_the_first_good_answer_wins,
        loser_of_a_race_is_listened_to_and_does_not_try_again_where_others_broke,
        silent_attempt_is_doubted_while_there_is_no_other_provider,
        request_that_all_are_silent_to_is_sent_once_more_to_the_first_that_answers_nobody,
        request_that_all_are_silent_to_is_not_sent_again_while_they_answer_others,
        request_that_got_lost_is_sent_twice_more_to_the_only_provider_by_ways_of_their_own,
        question_that_waits_its_turn_at_the_only_provider_is_not_asked_twice,
        f26_attempt_lost_on_its_way_to_the_only_provider_is_made_again_while_there_is_time,
        f26_attempt_in_place_of_a_lost_one_may_meet_a_connection_that_others_found_dead,
        f26_attempt_whose_connection_others_found_dead_is_made_again_however_young_it_is,
        way_that_leads_nowhere_is_not_tried_again_and_again,
        failure_that_was_said_or_came_at_once_is_not_tried_again,
        plain_dns_repeats_its_datagram_by_itself,
        late_answer_of_the_first_still_wins_and_the_second_is_not_blamed,
        silence_of_all_ends_at_the_deadline_with_servfail,
        pool_that_takes_no_attempt_answers_servfail_at_once,
        unexplained_absence_is_told_and_kept_only_when_nobody_knows_better,
        question_that_no_provider_takes_is_servfail_save_https_which_is_nodata,
        pause_that_all_providers_asked_for_is_no_absence,
        question_that_no_provider_takes_is_answered_with_the_rcode_that_is_wanted,
    };
    return suite_run("asking", tests, sizeof tests / sizeof tests[0], world_set_up,
                     world_tear_down);
}
