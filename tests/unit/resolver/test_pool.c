/* SPDX-License-Identifier: MIT */
/* The pool and its attempts, with an exchange that says what the test wants. */
#include "tests/unit/pool_rig.h"

#include <errno.h>

/* The next provider of the default route. */
static int next_after(unsigned tried)
{
    struct pool_wish wish = {
        .route = pool_default_route(pool), .tried = tried, .question = &question};
    return pool_next(pool, &wish);
}

START_TEST(good_answer_is_given_and_the_provider_is_thought_well_of)
{
    start(0);
    answer_with("www.example.com", RCODE_NOERROR);
    ck_assert_int_eq(ended.verdict, ATTEMPT_ANSWERED);
    ck_assert_uint_eq(ended.answer->n_answers, 1);
    struct upstream_state state;
    pool_state(pool, 0, &state);
    ck_assert_uint_eq(state.n_sent, 1);
    ck_assert_uint_eq(state.n_good, 1);
}
END_TEST

START_TEST(answer_to_another_question_is_not_believed)
{
    start(0);
    answer_with("www.example.net", RCODE_NOERROR);
    ck_assert_int_eq(ended.verdict, ATTEMPT_RETRY_NEXT);
    ck_assert_ptr_null(ended.answer);
    ck_assert_int_eq(ended.ede, EDE_INVALID_DATA);
    ck_assert_str_eq(ended.detail, "one: answer to another question");
}
END_TEST

START_TEST(garbage_and_wrong_media_types_are_not_believed)
{
    start(0);
    fake_exchange_answer(&fake, bytes_of("<html>login</html>", 18));
    ck_assert_int_eq(ended.verdict, ATTEMPT_RETRY_NEXT);
    start(0);
    end_with_status(200, 0);
    ck_assert_int_eq(ended.verdict, ATTEMPT_RETRY_NEXT);
    ck_assert_int_eq(ended.ede, EDE_INVALID_DATA);
    ck_assert_str_eq(ended.detail, "one: media type is not application/dns-message");
}
END_TEST

START_TEST(servfail_is_handed_on_but_another_provider_is_to_be_asked)
{
    start(0);
    answer_with("www.example.com", RCODE_SERVFAIL);
    ck_assert_int_eq(ended.verdict, ATTEMPT_RETRY_NEXT);
    ck_assert_uint_eq(ended.answer->rcode, RCODE_SERVFAIL);
}
END_TEST

START_TEST(rcodes_about_our_own_message_are_kept_from_the_client)
{
    static const uint16_t rcodes[] = {RCODE_FORMERR, RCODE_FORMERR, RCODE_NOTAUTH, 13};
    for (size_t i = 0; i < sizeof rcodes / sizeof rcodes[0]; i++) {
        start(0);
        answer_with("www.example.com", rcodes[i]);
        /* FORMERR: first it is asked again without EDNS. */
        ck_assert_int_eq(ended.verdict, i == 0 ? ATTEMPT_RETRY_SAME : ATTEMPT_RETRY_NEXT);
        ck_assert_ptr_null(ended.answer);
    }
}
END_TEST

START_TEST(h3_nxdomain_is_an_answer)
{
    start(0);
    answer_with("www.example.com", RCODE_NXDOMAIN);
    ck_assert_int_eq(ended.verdict, ATTEMPT_ANSWERED);
}
END_TEST

START_TEST(what_an_end_means_is_a_table)
{
    enum { SAME = ATTEMPT_RETRY_SAME, NEXT = ATTEMPT_RETRY_NEXT, GOOD = ATTEMPT_ANSWERED };
    static const struct {
        enum exchange_result result;
        int found;
        uint16_t rcode;
        bool was_fresh, was_again;
        int verdict;
    } cases[] = {
        {EXCHANGE_UNREACHABLE, 0, 0, false, false, NEXT},
        {EXCHANGE_UNTRUSTED, 0, 0, false, false, NEXT},
        {EXCHANGE_TLS_FAILED, 0, 0, false, false, NEXT},
        {EXCHANGE_BROKEN, 0, 0, false, false, SAME},
        {EXCHANGE_BROKEN, 0, 0, true, false, NEXT},
        {EXCHANGE_TOO_LARGE, 0, 0, false, false, NEXT},
        {EXCHANGE_DONE, DRIVER_OK, RCODE_NOERROR, false, false, GOOD},
        {EXCHANGE_DONE, DRIVER_OK, RCODE_NXDOMAIN, false, false, GOOD},
        {EXCHANGE_DONE, DRIVER_OK, RCODE_SERVFAIL, false, false, NEXT},
        {EXCHANGE_DONE, DRIVER_OK, RCODE_REFUSED, false, false, NEXT},
        {EXCHANGE_DONE, DRIVER_NODATA, RCODE_NOERROR, false, false, GOOD},
        {EXCHANGE_DONE, DRIVER_NXDOMAIN, RCODE_NXDOMAIN, false, false, GOOD},
        {EXCHANGE_DONE, DRIVER_UNKNOWN_EMPTY, RCODE_NOERROR, false, false, NEXT},
        {EXCHANGE_DONE, DRIVER_AUTH, 0, false, false, NEXT},
        {EXCHANGE_DONE, DRIVER_NOT_SERVED, 0, false, false, NEXT},
        {EXCHANGE_DONE, DRIVER_SERVER, 0, false, false, NEXT},
        {EXCHANGE_DONE, DRIVER_RATE, 0, false, false, NEXT},
        {EXCHANGE_DONE, DRIVER_PARSE, 0, false, false, NEXT},
        {EXCHANGE_DONE, DRIVER_CLOCK, 0, false, false, SAME},
        {EXCHANGE_DONE, DRIVER_CLOCK, 0, true, true, NEXT},
        {EXCHANGE_DONE, DRIVER_AGAIN, 0, true, false, SAME},
        {EXCHANGE_DONE, DRIVER_AGAIN, 0, true, true, NEXT},
        {EXCHANGE_DONE, -ENOMEM, 0, false, false, NEXT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ck_assert_msg(attempt_judge(cases[i].result, cases[i].found, cases[i].rcode,
                                    cases[i].was_fresh,
                                    cases[i].was_again) == (enum attempt_verdict)cases[i].verdict,
                      "case %zu", i);
    }
}
END_TEST

START_TEST(provider_that_fails_three_times_is_passed_over_until_it_is_well_again)
{
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(next_after(0), 0);
        start(0);
        end_with(EXCHANGE_UNREACHABLE);
    }
    ck_assert_int_eq(next_after(0), 1);
    ck_assert_int_eq(next_after(2), 0);
    fake_port_advance(&fake_port, 1 * S);
    ck_assert_int_eq(next_after(0), 1);
    answer_with("www.example.com", RCODE_NOERROR); /* of the try-out */
    ck_assert_int_eq(next_after(0), 0);
}
END_TEST

START_TEST(all_down_still_means_somebody_is_asked)
{
    for (int i = 0; i < 6; i++) {
        start((unsigned)i % 2);
        end_with(EXCHANGE_UNREACHABLE);
    }
    ck_assert_int_eq(next_after(0), 0);
    ck_assert_int_eq(next_after(1), 1);
    ck_assert_int_eq(next_after(3), -ENOENT);
}
END_TEST

START_TEST(h10_retry_after_is_kept_but_not_for_ever)
{
    start(0);
    end_with_status(503, 4000000);
    ck_assert_int_eq(next_after(0), 1);
    fake_port_advance(&fake_port, UINT64_C(299) * S);
    ck_assert_int_eq(next_after(0), 1);
    fake_port_advance(&fake_port, 1 * S);
    ck_assert_int_eq(next_after(0), 0);
}
END_TEST

START_TEST(post_that_is_not_taken_becomes_get_for_good)
{
    start(0);
    ck_assert_int_eq(fake.live[0].method, EXCHANGE_POST);
    end_with_status(405, 0);
    ck_assert_int_eq(ended.verdict, ATTEMPT_RETRY_SAME);
    start(0);
    ck_assert_int_eq(fake.live[0].method, EXCHANGE_GET);
    answer_with("www.example.com", RCODE_NOERROR);
    start(0);
    ck_assert_int_eq(fake.live[0].method, EXCHANGE_GET);
    answer_with("www.example.com", RCODE_NOERROR);
}
END_TEST

static bool has_edns(void)
{
    ck_assert_uint_ge(fake.live[0].n_body, MESSAGE_HEADER);
    return fake.live[0].body[11] == 1; /* ARCOUNT */
}

static void say_formerr(void)
{
    static const uint8_t formerr[MESSAGE_HEADER] = {0, 0, 0x81, 0x80 | RCODE_FORMERR};
    fake_exchange_answer(&fake, bytes_of(formerr, sizeof formerr));
}

START_TEST(provider_that_knows_no_edns_is_asked_again_without_and_so_from_then_on)
{
    start(0);
    ck_assert(has_edns());
    say_formerr();
    ck_assert_int_eq(ended.verdict, ATTEMPT_RETRY_SAME);
    for (int i = 0; i < 2; i++) {
        start(0);
        ck_assert(!has_edns());
        answer_with("www.example.com", RCODE_NOERROR);
        ck_assert_int_eq(ended.verdict, ATTEMPT_ANSWERED);
    }
    pool_change_network(pool);
    start(0);
    ck_assert(has_edns());
    answer_with("www.example.com", RCODE_NOERROR);
}
END_TEST

START_TEST(provider_that_finds_messages_bad_without_edns_too_is_asked_with_it_again)
{
    start(0);
    end_with_status(400, 0);
    ck_assert_int_eq(ended.verdict, ATTEMPT_RETRY_SAME);
    start(0);
    ck_assert(!has_edns());
    end_with_status(400, 0);
    ck_assert_int_eq(ended.verdict, ATTEMPT_RETRY_NEXT);
    start(0);
    ck_assert(has_edns());
    answer_with("www.example.com", RCODE_NOERROR);
}
END_TEST

START_TEST(attempt_that_was_too_slow_makes_the_next_take_a_fresh_connection)
{
    struct attempt *slow = start(0);
    fake_port_advance(&fake_port, 1 * S);
    attempt_free(slow, true);
    ck_assert_uint_eq(fake.n_cancelled, 1);
    start(0);
    ck_assert(fake.live[0].fresh);
    ck_assert(fake.live[0].renew);
    answer_with("www.example.com", RCODE_NOERROR);
    start(0);
    ck_assert(!fake.live[0].fresh);
    ck_assert(!fake.live[0].renew);
    answer_with("www.example.com", RCODE_NOERROR);
    struct attempt *unwanted = start(0);
    attempt_free(unwanted, false);
    start(0);
    ck_assert(!fake.live[0].fresh);
    answer_with("www.example.com", RCODE_NOERROR);
}
END_TEST

/* One answer that three later questions wait behind. */
static void stall_once(void)
{
    for (unsigned i = 0; i < 4; i++) {
        start(0);
    }
    fake_port_advance(&fake_port, 60000);
    for (unsigned i = 0; i < 4; i++) {
        answer_with("www.example.com", RCODE_NOERROR);
    }
}

START_TEST(requests_are_spread_and_patience_is_short_once_packets_get_lost)
{
    for (unsigned i = 0; i < 10; i++) {
        start(0);
        ck_assert(!fake.live[0].spread);
        fake_port_advance(&fake_port, 20000);
        answer_with("www.example.com", RCODE_NOERROR);
    }
    for (unsigned i = 0; i < 8; i++) {
        stall_once();
    }
    ck_assert(pool_is_spread(pool, 0));
    ck_assert(!pool_is_spread(pool, 1));
    ck_assert_uint_le(pool_patience_us(pool, 0), 25000);
    struct attempt *first = start(0), *second;
    struct attempt_wish wish = {
        .question = &question, .provider = 0, .on_end = on_end, .apart_from = first};
    ck_assert_int_eq(attempt_start(pool, &wish, &second), 0);
    ck_assert(fake.live[0].spread && fake.live[1].spread);
    ck_assert_ptr_null(fake.live[0].apart_from);
    ck_assert_ptr_eq(fake.live[1].apart_from, fake.live[0].call);
    attempt_free(second, false);
    attempt_free(first, false);
}
END_TEST

START_TEST(more_attempts_than_allowed_are_refused)
{
    struct attempt *attempts[MAX_ATTEMPTS], *more;
    struct attempt_wish wish = {.question = &question, .on_end = on_end};
    for (int i = 0; i < MAX_ATTEMPTS; i++) {
        attempts[i] = start(0);
    }
    ck_assert_int_eq(attempt_start(pool, &wish, &more), -EBUSY);
    for (int i = 0; i < MAX_ATTEMPTS; i++) {
        attempt_free(attempts[i], false);
    }
    ck_assert_uint_eq(ended.n, 0);
}
END_TEST

START_TEST(exchange_that_cannot_start_leaves_nothing_behind)
{
    struct attempt *attempt;
    struct attempt_wish wish = {.question = &question, .on_end = on_end};
    fake.start_fails = -ENOMEM;
    for (int i = 0; i < 2 * MAX_ATTEMPTS; i++) {
        ck_assert_int_eq(attempt_start(pool, &wish, &attempt), -ENOMEM);
    }
    ck_assert_uint_eq(ended.n, 0);
}
END_TEST

START_TEST(doubt_tells_the_exchange_for_how_long_the_attempt_has_been_silent)
{
    struct attempt *attempt = start(0);
    fake_port_advance(&fake_port, 120000);
    attempt_doubt(attempt);
    ck_assert_uint_eq(fake.n_doubts, 1);
    ck_assert_uint_eq(fake.doubt_silent_us, 120000);
    attempt_free(attempt, false);
}
END_TEST

START_TEST(of_many_that_doubt_at_once_one_speaks_for_all_but_for_a_shorter_silence)
{
    struct attempt *one = start(0);
    fake_port_advance(&fake_port, 50000);
    struct attempt *other = start(0);
    fake_port_advance(&fake_port, 150000);
    attempt_doubt(one);
    attempt_doubt(one);
    ck_assert_uint_eq(fake.n_doubts, 1);
    attempt_doubt(other);
    ck_assert_uint_eq(fake.n_doubts, 2);
    ck_assert_uint_eq(fake.doubt_silent_us, 150000);
    attempt_doubt(one);
    ck_assert_uint_eq(fake.n_doubts, 2);
    fake_port_advance(&fake_port, 10000);
    attempt_doubt(one);
    ck_assert_uint_eq(fake.n_doubts, 3);
    attempt_free(one, false);
    attempt_free(other, false);
}
END_TEST

START_TEST(end_says_whether_a_doubt_may_have_cost_the_connection)
{
    static const struct {
        enum exchange_result result;
        bool may;
    } ends[] = {
        {EXCHANGE_UNREACHABLE, true}, {EXCHANGE_TLS_FAILED, true}, {EXCHANGE_BROKEN, true},
        {EXCHANGE_UNTRUSTED, false},  {EXCHANGE_TOO_LARGE, false},
    };
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        fake_port_advance(&fake_port, 1000);
        start(0);
        struct attempt *late = start(0);
        fake_port_advance(&fake_port, 120000);
        attempt_doubt(late);
        end_with(ends[i].result);
        ck_assert_int_eq(ended.was_doubted, ends[i].may);
        attempt_free(late, false);
    }
    fake_port_advance(&fake_port, 1000);
    start(0);
    end_with(EXCHANGE_BROKEN);
    ck_assert(!ended.was_doubted);
}
END_TEST

START_TEST(timed_out_attempt_makes_the_connection_suspect_only_if_the_provider_was_silent)
{
    start(0);
    struct attempt *slow = start(0);
    fake_port_advance(&fake_port, 1 * S);
    answer_with("www.example.com", RCODE_NOERROR);
    attempt_free(slow, true);
    start(0);
    ck_assert(!fake.live[0].fresh);
    answer_with("www.example.com", RCODE_NOERROR);
    fake_port_advance(&fake_port, 1000);
    slow = start(0);
    fake_port_advance(&fake_port, 1 * S);
    attempt_free(slow, true);
    start(0);
    ck_assert(fake.live[0].fresh);
    answer_with("www.example.com", RCODE_NOERROR);
}
END_TEST

START_TEST(route_keeps_to_its_members_and_then_to_its_fallback)
{
    struct pool_wish wish = {.route = {.members = 2}, .question = &question};
    ck_assert_int_eq(pool_next(pool, &wish), 1);
    wish.tried = 2;
    ck_assert_int_eq(pool_next(pool, &wish), -ENOENT);
    wish.route.fallback = 1;
    ck_assert_int_eq(pool_next(pool, &wish), 0);
    wish.tried = 3;
    ck_assert_int_eq(pool_next(pool, &wish), -ENOENT);
}
END_TEST

START_TEST(providers_of_a_group_are_on_no_route_that_does_not_name_it)
{
    static const struct provider_params all[] = {
        {.group = NULL}, {.group = "a"}, {.group = "b"}, {.group = "a"}, {.group = NULL}};
    ck_assert_uint_eq(pool_group(all, 5, NULL), 0x11);
    ck_assert_uint_eq(pool_group(all, 5, "a"), 0xa);
    ck_assert_uint_eq(pool_group(all, 5, "b"), 0x4);
    ck_assert_uint_eq(pool_group(all, 5, "c"), 0);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        good_answer_is_given_and_the_provider_is_thought_well_of,
        answer_to_another_question_is_not_believed,
        garbage_and_wrong_media_types_are_not_believed,
        servfail_is_handed_on_but_another_provider_is_to_be_asked,
        rcodes_about_our_own_message_are_kept_from_the_client,
        h3_nxdomain_is_an_answer,
        what_an_end_means_is_a_table,
        provider_that_fails_three_times_is_passed_over_until_it_is_well_again,
        all_down_still_means_somebody_is_asked,
        h10_retry_after_is_kept_but_not_for_ever,
        post_that_is_not_taken_becomes_get_for_good,
        provider_that_knows_no_edns_is_asked_again_without_and_so_from_then_on,
        provider_that_finds_messages_bad_without_edns_too_is_asked_with_it_again,
        attempt_that_was_too_slow_makes_the_next_take_a_fresh_connection,
        requests_are_spread_and_patience_is_short_once_packets_get_lost,
        more_attempts_than_allowed_are_refused,
        exchange_that_cannot_start_leaves_nothing_behind,
        doubt_tells_the_exchange_for_how_long_the_attempt_has_been_silent,
        of_many_that_doubt_at_once_one_speaks_for_all_but_for_a_shorter_silence,
        end_says_whether_a_doubt_may_have_cost_the_connection,
        timed_out_attempt_makes_the_connection_suspect_only_if_the_provider_was_silent,
        route_keeps_to_its_members_and_then_to_its_fallback,
        providers_of_a_group_are_on_no_route_that_does_not_name_it,
    };
    return suite_run("pool", tests, sizeof tests / sizeof tests[0], set_up, tear_down);
}
