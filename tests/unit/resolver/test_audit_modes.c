/* SPDX-License-Identifier: MIT */
/* What is looked at in which mode, and how much of it. */
#include "resolver/audit/patrol.h"
#include "resolver/audit/popular.h"
#include "tests/unit/audit_world.h"
#include "tests/unit/suite.h"

#include <pthread.h>
#include <stdio.h>

START_TEST(names_that_are_not_public_never_reach_the_local_resolver)
{
    start();
    pass(10);
    size_t before = world.n_asked;
    tell("intranet", "5.6.7.8");
    tell("printer.local", "5.6.7.8");
    tell("1.0.0.10.in-addr.arpa", "5.6.7.8");
    pass(60);
    ck_assert_uint_eq(world.n_asked, before);
}
END_TEST

START_TEST(a_full_queue_drops_the_newcomer_and_wakes_only_once)
{
    start();
    struct question question = question_for("honest.example.net", TYPE_A);
    struct answer *answer = answer_for(&question, "5.6.7.8");
    for (size_t i = 0; i < AUDIT_QUEUE_MAX + 10; i++) {
        audit_tell(world.audit, &question, answer);
    }
    ck_assert_uint_eq(world.n_wakes, 1);
    ck_assert_uint_eq(counts().n_told, AUDIT_QUEUE_MAX + 10);
    ck_assert_uint_eq(counts().n_dropped, 10);
    audit_drain(world.audit);
    ck_assert_uint_eq(atomic_load(&answer->n_refs), 1);
    audit_tell(world.audit, &question, answer);
    ck_assert_uint_eq(world.n_wakes, 2);
    audit_drain(world.audit);
    answer_unref(answer);
}
END_TEST

START_TEST(other_types_classes_and_errors_are_not_told)
{
    start();
    struct question question = question_for("honest.example.net", TYPE_A);
    struct answer *answer = answer_for(&question, "5.6.7.8");
    struct answer *error = answer_for(&question, "SERVFAIL");
    audit_tell(world.audit, &question, error);
    question.type = TYPE_MX;
    audit_tell(world.audit, &question, answer);
    question.type = TYPE_A;
    question.class = CLASS_CH;
    audit_tell(world.audit, &question, answer);
    ck_assert_uint_eq(counts().n_told, 0);
    ck_assert_uint_eq(world.n_wakes, 0);
    answer_unref(answer);
    answer_unref(error);
}
END_TEST

START_TEST(more_names_than_places_wait_and_more_than_the_budget_are_dropped)
{
    start();
    pass(10);
    for (unsigned i = 0; i < 200; i++) {
        char name[64];
        snprintf(name, sizeof name, "host%u.example.net", i);
        struct question question = question_for(name, TYPE_A);
        struct answer *answer = answer_for(&question, "NXDOMAIN");
        audit_tell(world.audit, &question, answer);
        answer_unref(answer);
    }
    audit_drain(world.audit);
    pass(60);
    struct audit_counts now = counts();
    ck_assert_uint_eq(now.n_told, 200);
    ck_assert_uint_ge(now.n_consistent, 50);
    ck_assert_uint_le(now.n_consistent, 60);
    ck_assert_uint_eq(now.n_consistent - 1 + now.n_dropped, 200);
}
END_TEST

START_TEST(mode_off_asks_nobody_and_wants_nothing)
{
    world.params.mode = AUDIT_OFF;
    world.rewrite = "62.138.238.45";
    start();
    tell("news.example.net", "5.6.7.8");
    fake_port_advance(&world.clock, 24 * HOUR);
    ck_assert_uint_eq(world.n_asked, 0);
    ck_assert_uint_eq(world.n_wakes, 0);
    ck_assert_uint_eq(world.n_alerts, 0);
}
END_TEST

START_TEST(without_local_resolver_nothing_is_asked)
{
    world.params.n_servers = 0;
    start();
    tell("news.example.net", "5.6.7.8");
    fake_port_advance(&world.clock, HOUR);
    ck_assert_uint_eq(world.n_asked, 0);
}
END_TEST

START_TEST(canary_mode_asks_nothing_that_clients_ask)
{
    world.params.mode = AUDIT_CANARY;
    start();
    tell("news.example.net", "5.6.7.8");
    fake_port_advance(&world.clock, 2 * HOUR);
    ck_assert_uint_eq(times_asked("news.example.net."), 0);
    ck_assert_uint_eq(world.n_wakes, 0);
    ck_assert_uint_eq(counts().n_told, 0);
    /* One every 2 to 5 minutes, and the probe's four. */
    ck_assert_uint_ge(world.n_asked, 24 + 4);
    ck_assert_uint_le(world.n_asked, 60 + 4);
}
END_TEST

START_TEST(no_more_than_six_hundred_names_an_hour_are_checked)
{
    enum { N = 3000 };
    static char texts[N][24];
    static const char *names[N];
    for (unsigned i = 0; i < N; i++) {
        snprintf(texts[i], sizeof texts[i], "h%u.example.net", i);
        names[i] = texts[i];
    }
    world.params.mode = AUDIT_WATCHLIST;
    world.params.watchlist = names;
    world.params.n_watchlist = N;
    world.params.interval_s = 2;
    start();
    for (unsigned i = 0; i < 3600; i++) {
        pass(1);
        world.n_asked = 0;
    }
    ck_assert_uint_ge(counts().n_checked, 550);
    ck_assert_uint_le(counts().n_checked, 600 + 2); /* and the probe */
    ck_assert_uint_gt(counts().n_dropped, 0);
}
END_TEST

START_TEST(a_hijacked_name_of_the_watchlist_is_found)
{
    const char *const names[] = {"Honest.example.net", "news.example.net."};
    world.params.mode = AUDIT_WATCHLIST;
    world.params.watchlist = names;
    world.params.n_watchlist = 2;
    start();
    pass(1200);
    ck_assert_uint_eq(n_alerts_of("detect"), 1);
    assert_says(world.alerts[0].message, "news.example.net A");
}
END_TEST

static void start_sampling(double share)
{
    world.params.mode = AUDIT_SAMPLE;
    world.params.sample = share;
    start();
}

START_TEST(sampled_questions_are_checked_30_to_600_seconds_later)
{
    start_sampling(1.0);
    tell("github.com", "NXDOMAIN");
    pass(29);
    ck_assert_uint_eq(times_asked("github.com."), 0);
    pass(572);
    ck_assert_uint_eq(times_asked("github.com."), 1);
}
END_TEST

START_TEST(sample_shows_the_local_resolver_no_name_that_is_not_popular)
{
    start_sampling(1.0);
    tell("honest.example.net", "5.6.7.8");
    tell("my-company.github.com", "NXDOMAIN");
    tell("www.github.com", "NXDOMAIN");
    pass(1200);
    ck_assert_uint_eq(times_asked("honest.example.net."), 0);
    ck_assert_uint_eq(times_asked("my-company.github.com."), 0);
    ck_assert_uint_eq(times_asked("www.github.com."), 1);
}
END_TEST

START_TEST(sampled_name_is_looked_at_once_a_day)
{
    start_sampling(1.0);
    for (unsigned i = 0; i < 23; i++) {
        tell("github.com", "NXDOMAIN");
        pass(3600);
    }
    ck_assert_uint_eq(times_asked("github.com."), 1);
    pass(2 * 3600);
    tell("github.com", "NXDOMAIN");
    pass(601);
    ck_assert_uint_eq(times_asked("github.com."), 2);
}
END_TEST

START_TEST(a_sampled_name_that_found_no_place_is_sampled_when_it_is_asked_again)
{
    size_t n;
    const char *const *names = popular_names(&n);
    ck_assert_uint_gt(n, PATROL_LATER_MAX);
    start_sampling(1.0);
    for (size_t i = 0; i <= PATROL_LATER_MAX; i++) {
        tell(names[i], "NXDOMAIN");
    }
    ck_assert_uint_eq(counts().n_dropped, 1);
    char last[80];
    snprintf(last, sizeof last, "%s.", names[PATROL_LATER_MAX]);
    pass(601);
    ck_assert_uint_eq(times_asked(last), 0);
    tell(names[PATROL_LATER_MAX], "NXDOMAIN");
    pass(601);
    ck_assert_uint_eq(times_asked(last), 1);
}
END_TEST

START_TEST(a_sample_is_about_the_share_that_was_wished)
{
    size_t n, n_sampled = 0;
    const char *const *names = popular_names(&n);
    start_sampling(0.25);
    for (size_t i = 0; i < n; i++) {
        tell(names[i], "NXDOMAIN");
        pass(15);
    }
    pass(600);
    for (size_t i = 0; i < n; i++) {
        char text[80];
        snprintf(text, sizeof text, "%s.", names[i]);
        n_sampled += times_asked(text) > 0;
    }
    ck_assert_uint_ge(n_sampled, n * 3 / 20);
    ck_assert_uint_le(n_sampled, n * 7 / 20);
}
END_TEST

START_TEST(the_auditor_can_end_with_everything_under_way)
{
    world.rewrite = "62.138.238.45";
    start();
    fake_port_advance(&world.clock, 2 * SECOND + 35000);
    tell("news.example.net", "5.6.7.8");
    fake_port_advance(&world.clock, 35000);
    tell("cdn.example.net", "9.10.11.12");
    tell("honest.example.net", "5.6.7.8");
    struct question question = question_for("waiting.example.net", TYPE_A);
    struct answer *answer = answer_for(&question, "5.6.7.8");
    audit_tell(world.audit, &question, answer);
    answer_unref(answer);
}
END_TEST

static void *tell_often(void *arg)
{
    (void)arg;
    struct question question = question_for("honest.example.net", TYPE_A);
    struct answer *answer = answer_for(&question, "5.6.7.8");
    for (unsigned i = 0; i < 20000; i++) {
        audit_tell(world.audit, &question, answer);
    }
    answer_unref(answer);
    return NULL;
}

START_TEST(any_thread_may_tell)
{
    start();
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, tell_often, NULL), 0);
    }
    for (unsigned i = 0; i < 1000; i++) {
        audit_drain(world.audit);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    audit_drain(world.audit);
    ck_assert_uint_eq(counts().n_told, 80000);
    pass(60);
    ck_assert_uint_eq(times_asked("honest.example.net."), 1);
}
END_TEST

START_TEST(names_that_one_user_alone_has_never_reach_the_local_resolver)
{
    static const char *const personal[] = {
        "a7f03b9c1e5d8f20.push.example.net",
        "0123456789abcdef0123456789abcdef.example.net",
        "x1y2z3a4b5c6d7e8f9g0.track.example.org",
    };
    static const char *const public[] = {
        "www.example.net",
        "d2hxk3jf9a0b7q.cdn.example.net",
        "2024-photographs.example.net",
        "internationalisation.example.net",
    };
    start();
    pass(3);
    size_t n_before = world.n_asked;
    for (size_t i = 0; i < 3; i++) {
        tell(personal[i], "5.6.7.8");
    }
    pass(60);
    ck_assert_uint_eq(world.n_asked, n_before);
    for (size_t i = 0; i < 4; i++) {
        tell(public[i], "5.6.7.8");
        ck_assert_msg(world.n_asked > n_before, "%s", public[i]);
        n_before = world.n_asked;
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        names_that_are_not_public_never_reach_the_local_resolver,
        a_full_queue_drops_the_newcomer_and_wakes_only_once,
        other_types_classes_and_errors_are_not_told,
        more_names_than_places_wait_and_more_than_the_budget_are_dropped,
        mode_off_asks_nobody_and_wants_nothing,
        without_local_resolver_nothing_is_asked,
        canary_mode_asks_nothing_that_clients_ask,
        no_more_than_six_hundred_names_an_hour_are_checked,
        a_hijacked_name_of_the_watchlist_is_found,
        sampled_questions_are_checked_30_to_600_seconds_later,
        sample_shows_the_local_resolver_no_name_that_is_not_popular,
        sampled_name_is_looked_at_once_a_day,
        a_sampled_name_that_found_no_place_is_sampled_when_it_is_asked_again,
        a_sample_is_about_the_share_that_was_wished,
        the_auditor_can_end_with_everything_under_way,
        any_thread_may_tell,
        names_that_one_user_alone_has_never_reach_the_local_resolver,
    };
    return suite_run("audit_modes", tests, sizeof tests / sizeof tests[0], audit_world_set_up,
                     audit_world_tear_down);
}
