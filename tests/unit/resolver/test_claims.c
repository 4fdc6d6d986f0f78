/* SPDX-License-Identifier: MIT */
#include "resolver/cache/claims.h"
#include "tests/unit/messages.h"
#include "tests/unit/suite.h"

#include <stdlib.h>

static const uint8_t secret[16] = {42};

static struct claims *claims;
static struct mailbox here, there;
static unsigned n_woken;
static struct question www, mail;

static void on_wake(void *ctx)
{
    (void)ctx;
    n_woken++;
}

static void set_up(void)
{
    n_woken = 0;
    claims = claims_new(secret);
    ck_assert_ptr_nonnull(claims);
    mailbox_init(&here, on_wake, NULL);
    mailbox_init(&there, on_wake, NULL);
    www = (struct question){.type = TYPE_A, .class = CLASS_IN};
    ck_assert_int_eq(name_from_text("www.example.com", &www.name), 0);
    mail = www;
    ck_assert_int_eq(name_from_text("mail.example.com", &mail.name), 0);
}

static void tear_down(void)
{
    mailbox_done(&here);
    mailbox_done(&there);
    claims = claims_free(claims);
}

static struct cache_key key_of(const struct question *question)
{
    return (struct cache_key){.question = question};
}

static bool take(struct claim *claim, const struct question *question, struct mailbox *mailbox)
{
    struct cache_key key = key_of(question);
    *claim = (struct claim){0};
    return claims_take(claims, claim, &key, mailbox);
}

static struct answer *answer_of(const char *name)
{
    struct test_response response = {.name = name, .type = TYPE_A, .ttl_s = 60, .address = 1};
    return test_answer(&response, 0);
}

START_TEST(first_may_ask_and_its_answer_comes_to_those_that_wait)
{
    struct claim first, second, third, other;
    owned(answer_unrefp) struct answer *answer = answer_of("www.example.com");
    ck_assert(take(&first, &www, &here));
    ck_assert(!take(&second, &www, &there));
    ck_assert(!take(&third, &www, &there));
    ck_assert(take(&other, &mail, &there));
    ck_assert_ptr_null(mailbox_take(claims, &there));
    claims_end(claims, &first, answer);
    ck_assert_uint_eq(n_woken, 2);
    for (int i = 0; i < 2; i++) {
        struct claim *told = mailbox_take(claims, &there);
        ck_assert(told == &second || told == &third);
        ck_assert_ptr_eq(told->answer, answer);
        ck_assert(!told->live);
        answer_unref(told->answer);
    }
    ck_assert_ptr_null(mailbox_take(claims, &there));
    claims_end(claims, &other, NULL);
    ck_assert_uint_eq(n_woken, 2);
}
END_TEST

START_TEST(without_an_answer_one_of_those_that_waited_may_ask)
{
    struct claim first, second, third;
    ck_assert(take(&first, &www, &here));
    ck_assert(!take(&second, &www, &there));
    claims_end(claims, &first, NULL);
    ck_assert_ptr_eq(mailbox_take(claims, &there), &second);
    ck_assert_ptr_null(second.answer);
    ck_assert(take(&second, &www, &there));
    ck_assert(!take(&third, &www, &here));
    claims_end(claims, &third, NULL);
    claims_end(claims, &second, NULL);
}
END_TEST

START_TEST(who_stops_waiting_is_told_nothing)
{
    struct claim first, second, third;
    ck_assert(take(&first, &www, &here));
    ck_assert(!take(&second, &www, &there));
    ck_assert(!take(&third, &www, &there));
    claims_end(claims, &second, NULL);
    claims_end(claims, &second, NULL);
    claims_end(claims, &first, NULL);
    ck_assert_ptr_eq(mailbox_take(claims, &there), &third);
    ck_assert_ptr_null(mailbox_take(claims, &there));
}
END_TEST

START_TEST(mail_of_who_ended_meanwhile_is_thrown_away_with_its_answer)
{
    struct claim first, second, third;
    struct answer *answer = answer_of("www.example.com");
    ck_assert(take(&first, &www, &here));
    ck_assert(!take(&second, &www, &there));
    ck_assert(!take(&third, &www, &there));
    claims_end(claims, &first, answer);
    claims_end(claims, &third, NULL);
    ck_assert_ptr_eq(mailbox_take(claims, &there), &second);
    answer_unref(second.answer);
    ck_assert_uint_eq(atomic_load(&answer->n_refs), 1);
    answer_unref(answer);
}
END_TEST

START_TEST(keys_differ_by_type_class_do_and_cd)
{
    struct question other_type = www, other_class = www;
    other_type.type = TYPE_AAAA;
    other_class.class = 3;
    struct cache_key keys[] = {key_of(&www),
                               key_of(&other_type),
                               key_of(&other_class),
                               {.question = &www, .want_do = true},
                               {.question = &www, .want_cd = true}};
    struct claim at[5] = {0};
    for (size_t i = 0; i < 5; i++) {
        ck_assert(claims_take(claims, &at[i], &keys[i], &here));
    }
    for (size_t i = 0; i < 5; i++) {
        claims_end(claims, &at[i], NULL);
    }
}
END_TEST

enum { THREADS = 4, ROUNDS = 20000 };

static atomic_uint n_asking, n_asked;

/* Each thread wants the same answer again and again; only one at a time may ask for it. */
static void *want_it(void *arg)
{
    struct mailbox *own = arg;
    owned(answer_unrefp) struct answer *answer = answer_of("www.example.com");
    for (int i = 0; i < ROUNDS; i++) {
        struct claim claim;
        struct claim *told = NULL;
        if (take(&claim, &www, own)) {
            ck_assert_uint_eq(atomic_fetch_add(&n_asking, 1), 0);
            atomic_fetch_add(&n_asked, 1);
            atomic_fetch_sub(&n_asking, 1);
            claims_end(claims, &claim, answer);
            continue;
        }
        for (int polls = 0; told == NULL && polls < i % 50; polls++) {
            told = mailbox_take(claims, own);
        }
        if (told != NULL) {
            ck_assert_ptr_eq(told, &claim);
            answer_unref(told->answer);
        }
        claims_end(claims, &claim, NULL);
    }
    return NULL;
}

static void wake_nobody(void *ctx)
{
    (void)ctx;
}

START_TEST(threads_ask_one_at_a_time_and_lose_nothing)
{
    pthread_t threads[THREADS];
    struct mailbox boxes[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        mailbox_init(&boxes[i], wake_nobody, NULL);
        ck_assert_int_eq(pthread_create(&threads[i], NULL, want_it, &boxes[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        mailbox_done(&boxes[i]);
    }
    ck_assert_uint_ge(atomic_load(&n_asked), 1);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        first_may_ask_and_its_answer_comes_to_those_that_wait,
        without_an_answer_one_of_those_that_waited_may_ask,
        who_stops_waiting_is_told_nothing,
        mail_of_who_ended_meanwhile_is_thrown_away_with_its_answer,
        keys_differ_by_type_class_do_and_cd,
        threads_ask_one_at_a_time_and_lose_nothing,
    };
    return suite_run("claims", tests, sizeof tests / sizeof tests[0], set_up, tear_down);
}
