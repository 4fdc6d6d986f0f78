/* SPDX-License-Identifier: MIT */
#include "resolver/cache/failures.h"
#include "tests/unit/fake_pool.h"
#include "tests/unit/query_world.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <stdio.h>

enum { S = 1000000 };

static const char name[] = "failing.example.com";

/* Every provider that is asked ends so; takes nothing. */
static void all_fail(struct answer *(*make)(const char *name))
{
    while (world.pool.n_live > 0) {
        fake_pool_end(&world.pool, ATTEMPT_RETRY_NEXT, make != NULL ? make(name) : NULL);
    }
}

static uint64_t now(void)
{
    return port_now_us(port());
}

START_TEST(k4_failing_name_costs_hardly_any_questions_however_many_ask)
{
    ask(0, name);
    all_fail(servfail);
    unsigned n_first = world.pool.n_started;
    for (size_t i = 0; i < 1000; i++) {
        ck_assert_int_eq(ask(1 + i % 60, name), RESOLVER_ANSWERED);
        fake_port_advance(&world.port, 999);
    }
    ck_assert_uint_eq(world.pool.n_started, n_first);
    ck_assert_uint_le(n_first, 5);
    world.clients[1].n_replies = 1;
    ck_assert_uint_eq(rcode_of(1), RCODE_SERVFAIL);
    ck_assert_int_eq(ede_of(1), EDE_CACHED_ERROR);
    fake_port_advance(&world.port, 2000);
    ck_assert_int_eq(ask(62, name), RESOLVER_PENDING);
    all_fail(servfail);
}
END_TEST

/* How long a failure at this moment is kept, in seconds. */
static unsigned kept_s(struct answer *(*make)(const char *name))
{
    unsigned kept = 0;
    ck_assert_int_eq(ask(0, name), RESOLVER_PENDING);
    all_fail(make);
    while (ask(1, name) == RESOLVER_ANSWERED) {
        fake_port_advance(&world.port, S);
        kept++;
    }
    all_fail(make);
    return kept;
}

START_TEST(failures_in_a_row_are_kept_longer_each_time_up_to_the_bound)
{
    ask(0, name);
    all_fail(servfail);
    fake_port_advance(&world.port, S);
    /* kept_s() ends with a failure of its own: every second one is looked at */
    ck_assert_uint_eq(kept_s(servfail), 2);
    fake_port_advance(&world.port, 4 * S);
    ck_assert_uint_eq(kept_s(servfail), 8);
    fake_port_advance(&world.port, 16 * S);
    ck_assert_uint_eq(kept_s(servfail), 30);
    fake_port_advance(&world.port, 61 * S);
    ck_assert_uint_eq(kept_s(servfail), 1); /* long ago: the first again */
}
END_TEST

START_TEST(silence_of_the_providers_is_kept_for_two_seconds_at_most)
{
    static const unsigned wanted[] = {1, 2, 2};
    struct question question = {.type = TYPE_A, .class = CLASS_IN};
    name_from_text(name, &question.name);
    struct cache_key key = {.question = &question};
    struct failures *failures = cache_failures(world.cache);
    struct failure failure = {.text = "silent"}, found;
    for (size_t i = 0; i < 3; i++) {
        failures_note(failures, &key, FAILURE_OF_PATH, &failure, now());
        fake_port_advance(&world.port, wanted[i] * S - 1);
        ck_assert(failures_find(failures, &key, now(), &found));
        ck_assert_str_eq(found.text, "silent");
        fake_port_advance(&world.port, 1);
        ck_assert(!failures_find(failures, &key, now(), &found));
    }
}
END_TEST

START_TEST(answer_ends_the_row)
{
    ask(0, name);
    all_fail(servfail);
    fake_port_advance(&world.port, S);
    ask(1, name);
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good(name, 1));
    fake_port_advance(&world.port, 86402ull * S);
    ck_assert_uint_eq(kept_s(servfail), 1);
}
END_TEST

START_TEST(other_types_do_and_cd_are_other_questions)
{
    struct question question = {.type = TYPE_A, .class = CLASS_IN};
    name_from_text(name, &question.name);
    struct cache_key key = {.question = &question};
    struct failures *failures = cache_failures(world.cache);
    struct failure failure = {.text = "refused"}, found;
    failures_note(failures, &key, FAILURE_OF_NAME, &failure, now());
    ck_assert(failures_find(failures, &key, now(), &found));
    ck_assert_str_eq(found.text, "refused");
    key.want_do = true;
    ck_assert(!failures_find(failures, &key, now(), &found));
    key.want_do = false;
    key.want_cd = true;
    ck_assert(!failures_find(failures, &key, now(), &found));
    key.want_cd = false;
    question.type = TYPE_AAAA;
    ck_assert(!failures_find(failures, &key, now(), &found));
    question.type = TYPE_A;
    cache_flush(world.cache);
    ck_assert(!failures_find(failures, &key, now(), &found));
}
END_TEST

START_TEST(want_of_room_here_is_no_failure_of_the_question)
{
    world.pool.start_fails = -EBUSY;
    ask(0, name);
    ck_assert_uint_eq(rcode_of(0), RCODE_SERVFAIL);
    world.pool.start_fails = 0;
    ck_assert_int_eq(ask(1, name), RESOLVER_PENDING);
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good(name, 1));
}
END_TEST

START_TEST(more_failures_than_places_forget_the_oldest_and_harm_nobody)
{
    struct question question = {.type = TYPE_A, .class = CLASS_IN};
    struct cache_key key = {.question = &question};
    struct failures *failures = cache_failures(world.cache);
    struct failure failure = {.text = ""}, found;
    unsigned n_kept = 0;
    for (unsigned i = 0; i < 2 * 3 * FAILURES; i++) {
        char text[32];
        snprintf(text, sizeof text, "n%u.example", i % (3 * FAILURES));
        name_from_text(text, &question.name);
        if (i < 3 * FAILURES) {
            failures_note(failures, &key, FAILURE_OF_NAME, &failure, now());
        } else {
            n_kept += failures_find(failures, &key, now(), &found);
        }
    }
    ck_assert_uint_le(n_kept, FAILURES);
    ck_assert_uint_gt(n_kept, FAILURES / 2);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        k4_failing_name_costs_hardly_any_questions_however_many_ask,
        failures_in_a_row_are_kept_longer_each_time_up_to_the_bound,
        silence_of_the_providers_is_kept_for_two_seconds_at_most,
        answer_ends_the_row,
        other_types_do_and_cd_are_other_questions,
        want_of_room_here_is_no_failure_of_the_question,
        more_failures_than_places_forget_the_oldest_and_harm_nobody,
    };
    return suite_run("failures", tests, sizeof tests / sizeof tests[0], world_set_up,
                     world_tear_down);
}
