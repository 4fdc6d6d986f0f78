/* SPDX-License-Identifier: MIT */
/* Clients choose the names: what they can choose must not cost others a provider. */
#include "tests/unit/pool_rig.h"

enum { SILENCE_US = 1100000 };

/* A name of this site is asked for from now on; each time another one. */
static void ask_site(unsigned site)
{
    static unsigned n;
    char text[64];
    snprintf(text, sizeof text, "n%u.site%u.com", n++, site);
    ck_assert_int_eq(name_from_text(text, &question.name), 0);
}

static void replies(unsigned provider, uint16_t rcode)
{
    char text[NAME_MAX_TEXT];
    name_to_text(&question.name, text);
    start(provider);
    answer_with(text, rcode);
}

static bool is_aside(unsigned provider)
{
    return pool_is_aside(pool, provider);
}

START_TEST(names_that_all_providers_fail_set_nobody_aside)
{
    static const uint16_t rcodes[] = {RCODE_SERVFAIL, RCODE_REFUSED, RCODE_NOTIMP};
    for (unsigned i = 0; i < 99; i++) {
        ask_site(i % 7);
        replies(0, rcodes[i % 3]);
        ck_assert(ended.is_unsure);
        replies(1, rcodes[i % 3]);
        ck_assert(!is_aside(0) && !is_aside(1));
    }
    struct upstream_state state;
    pool_state(pool, 0, &state);
    ck_assert_uint_eq(state.n_failed, 99);
    ck_assert_uint_eq(state.failures_in_row, 0);
}
END_TEST

START_TEST(replies_that_fail_their_checks_for_chosen_names_set_nobody_aside)
{
    for (unsigned i = 0; i < 30; i++) {
        ask_site(i % 7);
        start(0);
        fake_exchange_answer(&fake, bytes_of("no message", 10));
        ck_assert(ended.is_unsure);
        start(0);
        end_with_status(502, 0);
        ck_assert(ended.is_unsure && !is_aside(0));
    }
}
END_TEST

START_TEST(what_is_about_the_provider_or_its_way_is_never_the_names_fault)
{
    start(0);
    end_with(EXCHANGE_UNTRUSTED);
    ck_assert(!ended.is_unsure);
    start(0);
    end_with(EXCHANGE_UNREACHABLE);
    ck_assert(!ended.is_unsure);
    start(0);
    end_with_status(429, 0);
    ck_assert(!ended.is_unsure);
    ck_assert(is_aside(0));
}
END_TEST

START_TEST(provider_that_fails_what_another_answers_is_set_aside_by_the_names_of_three_sites)
{
    for (unsigned site = 0; site < 3; site++) {
        ck_assert(!is_aside(0));
        ask_site(site);
        replies(0, RCODE_SERVFAIL);
        pool_contradict(pool, 1, &question);
    }
    ck_assert(is_aside(0) && !is_aside(1));
}
END_TEST

/* Who owns a name can make its servers fail one provider and answer another. */
START_TEST(names_of_one_site_set_nobody_aside_though_another_provider_answers_them)
{
    for (unsigned i = 0; i < 50; i++) {
        ask_site(100);
        replies(0, RCODE_NOERROR);
        ask_site(i % 2);
        replies(0, RCODE_SERVFAIL);
        pool_contradict(pool, 1, &question);
        ck_assert(!is_aside(0));
    }
    fake_port_advance(&fake_port, 61 * S); /* a minute later it counts once more */
    ask_site(0);
    struct upstream_state before, after;
    pool_state(pool, 0, &before);
    pool_contradict(pool, 1, &question);
    pool_state(pool, 0, &after);
    ck_assert_uint_eq(after.n_failed, before.n_failed + 1);
}
END_TEST

/* All questions of an hour may be of one zone. */
START_TEST(
    provider_that_fails_all_that_another_answers_is_set_aside_though_the_names_are_of_one_site)
{
    ask_site(100);
    replies(0, RCODE_NOERROR);
    for (unsigned i = 0; i < 3; i++) {
        ck_assert(!is_aside(0));
        ask_site(0);
        replies(0, RCODE_SERVFAIL);
        pool_contradict(pool, 1, &question);
    }
    ck_assert(is_aside(0) && !is_aside(1));
}
END_TEST

START_TEST(provider_that_fails_the_names_of_many_sites_in_a_row_is_set_aside_whoever_else_does)
{
    for (unsigned site = 0; site < 9; site++) {
        ask_site(site);
        replies(0, RCODE_REFUSED);
        ck_assert(!is_aside(0));
    }
    ask_site(9);
    replies(0, RCODE_REFUSED);
    ck_assert(is_aside(0));
}
END_TEST

START_TEST(answer_between_failures_begins_their_row_anew)
{
    for (unsigned site = 0; site < 30; site++) {
        ask_site(site);
        replies(0, site % 7 == 6 ? RCODE_NOERROR : RCODE_SERVFAIL);
        ck_assert(!is_aside(0));
    }
}
END_TEST

START_TEST(one_set_aside_that_fails_the_name_it_is_tried_out_with_rests_for_a_second_more)
{
    struct pool_wish wish = {.route = pool_default_route(pool), .question = &question};
    for (unsigned i = 0; i < 3; i++) {
        start(0);
        end_with(EXCHANGE_UNREACHABLE);
    }
    for (unsigned i = 0; i < 5; i++) {
        fake_port_advance(&fake_port, 1 * S);
        ck_assert_int_eq(pool_next(pool, &wish), 1);
        ck_assert_uint_eq(fake.n_live, 1);
        answer_with("www.example.com", RCODE_SERVFAIL);
        ck_assert_int_eq(pool_next(pool, &wish), 1);
        ck_assert_uint_eq(fake.n_live, 0); /* not tried out again at once */
    }
    fake_port_advance(&fake_port, 1 * S);
    ck_assert_int_eq(pool_next(pool, &wish), 1);
    answer_with("www.example.com", RCODE_NOERROR);
    ck_assert(!is_aside(0));
}
END_TEST

/* A name of this site stays without a reply, and another is answered meanwhile. */
static void be_slow_for(unsigned site, bool others_are_answered)
{
    ask_site(site);
    struct attempt *slow = start(0);
    fake_port_advance(&fake_port, SILENCE_US);
    if (others_are_answered) {
        struct fake_call call = fake.live[0];
        memmove(fake.live, fake.live + 1, sizeof fake.live[0] * (fake.n_live - 1));
        fake.n_live--; /* the oldest is the one that stays */
        ask_site(100);
        replies(0, RCODE_NOERROR);
        fake.live[fake.n_live++] = call;
    }
    attempt_free(slow, true);
}

START_TEST(names_whose_servers_are_dead_set_nobody_aside_while_others_are_answered)
{
    for (unsigned i = 0; i < 20; i++) {
        be_slow_for(i % 2, true);
        ck_assert(!is_aside(0));
    }
}
END_TEST

START_TEST(provider_that_answers_nobody_is_set_aside_whatever_the_names_are)
{
    for (unsigned i = 0; i < 3; i++) {
        be_slow_for(1, false);
    }
    ck_assert(is_aside(0));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        names_that_all_providers_fail_set_nobody_aside,
        replies_that_fail_their_checks_for_chosen_names_set_nobody_aside,
        what_is_about_the_provider_or_its_way_is_never_the_names_fault,
        provider_that_fails_what_another_answers_is_set_aside_by_the_names_of_three_sites,
        names_of_one_site_set_nobody_aside_though_another_provider_answers_them,
        provider_that_fails_all_that_another_answers_is_set_aside_though_the_names_are_of_one_site,
        provider_that_fails_the_names_of_many_sites_in_a_row_is_set_aside_whoever_else_does,
        answer_between_failures_begins_their_row_anew,
        one_set_aside_that_fails_the_name_it_is_tried_out_with_rests_for_a_second_more,
        names_whose_servers_are_dead_set_nobody_aside_while_others_are_answered,
        provider_that_answers_nobody_is_set_aside_whatever_the_names_are,
    };
    return suite_run("doubts", tests, sizeof tests / sizeof tests[0], set_up, tear_down);
}
