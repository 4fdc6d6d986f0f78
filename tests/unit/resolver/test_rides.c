/* SPDX-License-Identifier: MIT */
/* One request to a service that tells both families answers whoever asks for either. */
#include "resolver/upstream/pool.h"
#include "tests/unit/fake_exchange.h"
#include "tests/unit/fake_port.h"
#include "tests/unit/suite.h"

#include <arpa/inet.h>
#include <stdio.h>

#define BOTH                                                                                     \
    "{\"host\":\"www.example.com\",\"ips\":[\"192.0.2.1\"],\"ipsv6\":[\"2001:db8::1\"],\"ttl\":" \
    "57}"
#define NOBODY "{\"host\":\"www.example.com\",\"ips\":[],\"ttl\":57}"

enum { N = 8, S = 1000000, VENDOR = 0, DOH = 1 };

static const char *const addresses[] = {"192.0.2.1"};
static const struct provider_params providers[] = {
    {.name = "vendor",
     .protocol = PROTOCOL_ALIYUN,
     .account = {.id = "1", .fixed_addresses = true},
     .endpoint = {.id = 0, .url = "https://v.example", .addresses = addresses, .n_addresses = 1}},
    {.name = "doh",
     .endpoint = {.id = 1, .url = "https://d.example/q", .addresses = addresses, .n_addresses = 1}},
};

static struct fake_port fake_port;
static struct fake_exchange fake;
static struct pool *pool;

/* One that asks: its attempt, and how that ended. */
static struct asker {
    struct attempt *attempt;
    struct question question;
    unsigned n_ended;
    struct attempt_end end;
    char text[INET6_ADDRSTRLEN]; /* the first address of the answer */
    bool retries;                /* asks again when told to */
    struct asker *takes_along;   /* whose attempt it frees when it is told its own end */
} askers[N];

static void start(unsigned i, unsigned provider, const char *name, uint16_t type);

static void on_end(void *ctx, struct attempt_end *end)
{
    struct asker *asker = ctx;
    asker->attempt = NULL;
    asker->n_ended++;
    answer_unref(asker->end.answer);
    answer_unref(asker->end.other);
    asker->end = *end;
    asker->text[0] = '\0';
    struct answer_record record;
    if (end->answer != NULL && end->answer->n_answers > 0) {
        struct answer_walk walk = answer_walk(end->answer);
        ck_assert(answer_next(&walk, &record));
        ck_assert_uint_eq(record.type, asker->question.type);
        inet_ntop(record.type == TYPE_A ? AF_INET : AF_INET6, record.rdata.at, asker->text,
                  sizeof asker->text);
    }
    if (asker->takes_along != NULL) {
        asker->takes_along->attempt = attempt_free(asker->takes_along->attempt, false);
    }
    if (asker->retries && end->verdict == ATTEMPT_RETRY_SAME) {
        asker->retries = false;
        start((unsigned)(asker - askers), end->provider, "www.example.com", asker->question.type);
    }
}

static void start(unsigned i, unsigned provider, const char *name, uint16_t type)
{
    struct asker *asker = &askers[i];
    asker->question = (struct question){.type = type, .class = CLASS_IN};
    ck_assert_int_eq(name_from_text(name, &asker->question.name), 0);
    struct attempt_wish wish = {.question = &asker->question,
                                .provider = provider,
                                .fresh = asker->n_ended > 0,
                                .on_end = on_end,
                                .ctx = asker};
    ck_assert_int_eq(attempt_start(pool, &wish, &asker->attempt), 0);
}

static void leave(unsigned i, bool late)
{
    askers[i].attempt = attempt_free(askers[i].attempt, late);
}

static void set_up(void)
{
    memset(askers, 0, sizeof askers);
    fake_port_init(&fake_port, 3);
    fake_exchange_init(&fake);
    struct pool_params params = {
        .providers = providers,
        .n_providers = 2,
        .max_attempts = 64,
        .patience_max_ms = 500,
        .max_ttl_s = 86400,
        .negative_max_ttl_s = 3600,
    };
    pool = pool_new(&params, &fake_port.port, &fake.exchange);
    ck_assert_ptr_nonnull(pool);
}

static void tear_down(void)
{
    for (unsigned i = 0; i < N; i++) {
        leave(i, false);
        answer_unref(askers[i].end.answer);
        answer_unref(askers[i].end.other);
    }
    pool = pool_free(pool);
    ck_assert_uint_eq(fake.n_live, 0);
    port_done(&fake_port.port);
}

static void reply(unsigned status, const char *body)
{
    struct exchange_reply said = {.result = EXCHANGE_DONE,
                                  .status = status,
                                  .media_type = "application/json",
                                  .body = bytes_of(body, strlen(body)),
                                  .detail = ""};
    fake_exchange_end(&fake, &said);
}

static void was_told(unsigned i, enum attempt_verdict verdict, const char *address)
{
    ck_assert_uint_eq(askers[i].n_ended, 1);
    ck_assert_int_eq(askers[i].end.verdict, verdict);
    ck_assert_str_eq(askers[i].text, address);
}

static struct upstream_state vendor(void)
{
    struct upstream_state state;
    pool_state(pool, VENDOR, &state);
    return state;
}

START_TEST(both_families_are_asked_for_once)
{
    start(0, VENDOR, "www.example.com", TYPE_AAAA);
    start(1, VENDOR, "WWW.example.com", TYPE_A);
    start(2, VENDOR, "www.example.com", TYPE_A);
    ck_assert_uint_eq(fake.n_live, 1);
    reply(200, BOTH);
    was_told(0, ATTEMPT_ANSWERED, "2001:db8::1");
    was_told(1, ATTEMPT_ANSWERED, "192.0.2.1");
    was_told(2, ATTEMPT_ANSWERED, "192.0.2.1");
    ck_assert_uint_eq(askers[0].end.other->n_answers, 1);
    ck_assert_uint_eq(vendor().n_sent, 1);
    ck_assert_uint_eq(vendor().n_good, 1);
    ck_assert_uint_eq(vendor().n_live, 0);
}
END_TEST

START_TEST(what_is_not_the_same_question_is_asked_for_itself)
{
    start(0, VENDOR, "www.example.com", TYPE_A);
    start(1, VENDOR, "www.example.com", TYPE_A);
    start(2, VENDOR, "ww2.example.com", TYPE_AAAA);
    start(3, DOH, "www.example.com", TYPE_A);
    start(4, DOH, "www.example.com", TYPE_AAAA);
    ck_assert_uint_eq(fake.n_live, 5);
}
END_TEST

START_TEST(reply_that_is_over_carries_nobody)
{
    start(0, VENDOR, "www.example.com", TYPE_A);
    reply(200, BOTH);
    start(1, VENDOR, "www.example.com", TYPE_AAAA);
    ck_assert_uint_eq(fake.n_live, 1);
}
END_TEST

START_TEST(second_try_on_a_fresh_connection_does_not_ride_on_an_old_one)
{
    start(0, VENDOR, "www.example.com", TYPE_A);
    askers[1].n_ended = 1; /* this asker wants a fresh one */
    start(1, VENDOR, "www.example.com", TYPE_AAAA);
    ck_assert_uint_eq(fake.n_live, 2);
    ck_assert(fake.live[1].fresh);
}
END_TEST

START_TEST(nobody_rides_on_a_request_that_only_tries_the_provider_out)
{
    struct question question = {.type = TYPE_A, .class = CLASS_IN};
    struct attempt_wish alone = {.question = &question, .provider = VENDOR};
    struct attempt *attempt;
    ck_assert_int_eq(name_from_text("www.example.com", &question.name), 0);
    ck_assert_int_eq(attempt_start(pool, &alone, &attempt), 0);
    start(0, VENDOR, "www.example.com", TYPE_AAAA);
    ck_assert_uint_eq(fake.n_live, 2);
    attempt_free(attempt, false);
    reply(200, BOTH);
    was_told(0, ATTEMPT_ANSWERED, "2001:db8::1");
}
END_TEST

START_TEST(request_goes_on_for_whoever_is_left)
{
    start(0, VENDOR, "www.example.com", TYPE_A);
    start(1, VENDOR, "www.example.com", TYPE_AAAA);
    start(2, VENDOR, "www.example.com", TYPE_AAAA);
    leave(0, false);
    leave(2, false);
    ck_assert_uint_eq(fake.n_live, 1);
    reply(200, BOTH);
    was_told(1, ATTEMPT_ANSWERED, "2001:db8::1");
    ck_assert_uint_eq(askers[0].n_ended + askers[2].n_ended, 0);
    ck_assert_uint_eq(askers[1].end.other->n_answers, 1);
}
END_TEST

START_TEST(request_ends_with_the_last_that_waits_for_it)
{
    start(0, VENDOR, "www.example.com", TYPE_A);
    start(1, VENDOR, "www.example.com", TYPE_AAAA);
    leave(0, false);
    leave(1, false);
    ck_assert_uint_eq(fake.n_live, 0);
    ck_assert_uint_eq(fake.n_cancelled, 1);
    start(0, VENDOR, "www.example.com", TYPE_A);
    ck_assert_uint_eq(fake.n_live, 1);
}
END_TEST

START_TEST(late_request_that_the_pool_listens_to_still_carries)
{
    start(0, VENDOR, "www.example.com", TYPE_A);
    start(1, VENDOR, "www.example.com", TYPE_AAAA);
    fake_port_advance(&fake_port, S / 4);
    leave(0, true);
    start(2, VENDOR, "www.example.com", TYPE_AAAA);
    ck_assert_uint_eq(fake.n_live, 1);
    fake_port_advance(&fake_port, 5 * S); /* the pool listens no more, but they do */
    ck_assert_uint_eq(fake.n_live, 1);
    ck_assert_uint_eq(vendor().n_failed, 1);
    reply(200, BOTH);
    was_told(1, ATTEMPT_ANSWERED, "2001:db8::1");
    was_told(2, ATTEMPT_ANSWERED, "2001:db8::1");
}
END_TEST

START_TEST(refusal_is_one_failure_and_told_to_all)
{
    start(0, VENDOR, "www.example.com", TYPE_A);
    start(1, VENDOR, "www.example.com", TYPE_AAAA);
    reply(403, "{\"code\":\"InvalidSignature\"}");
    was_told(0, ATTEMPT_RETRY_NEXT, "");
    was_told(1, ATTEMPT_RETRY_NEXT, "");
    ck_assert_int_eq(askers[1].end.ede, EDE_NETWORK);
    ck_assert_uint_eq(vendor().n_failed, 1);
    ck_assert_str_eq(vendor().trouble, "InvalidSignature");
    start(2, VENDOR, "www.example.com", TYPE_A);
    reply(403, "");
    ck_assert_str_eq(vendor().trouble, "it does not take our credentials");
    start(2, VENDOR, "www.example.com", TYPE_A);
    reply(200, NOBODY); /* no failure of its own, and nothing good */
    ck_assert_str_eq(vendor().trouble, "it does not take our credentials");
    start(2, VENDOR, "www.example.com", TYPE_A);
    reply(200, BOTH);
    ck_assert_ptr_null(vendor().trouble);
}
END_TEST

START_TEST(clock_is_set_once_and_both_are_asked_for_again_in_one_request)
{
    askers[0].retries = askers[1].retries = true;
    start(0, VENDOR, "www.example.com", TYPE_A);
    start(1, VENDOR, "www.example.com", TYPE_AAAA);
    reply(403, "{\"code\":\"SignatureExpired\"}");
    ck_assert_uint_eq(fake.n_live, 1);
    reply(200, BOTH);
    ck_assert_str_eq(askers[0].text, "192.0.2.1");
    ck_assert_str_eq(askers[1].text, "2001:db8::1");
}
END_TEST

START_TEST(whoever_is_told_may_end_the_others)
{
    for (unsigned first = 0; first < 3; first++) {
        for (unsigned i = 0; i < 3; i++) {
            memset(&askers[i], 0, sizeof askers[i]);
            start(i, VENDOR, "www.example.com", i == 0 ? TYPE_A : TYPE_AAAA);
        }
        /* Riders are told first, the latest before the others. */
        askers[2].takes_along = &askers[first];
        reply(200, BOTH);
        for (unsigned i = 0; i < 3; i++) {
            ck_assert_uint_eq(askers[i].n_ended, i != first || first == 2);
            answer_unref(askers[i].end.answer);
            answer_unref(askers[i].end.other);
            askers[i].end = (struct attempt_end){0};
        }
        ck_assert_uint_eq(vendor().n_live, 0);
    }
}
END_TEST

START_TEST(absence_without_a_reason_is_told_but_not_handed_on)
{
    start(0, VENDOR, "www.example.com", TYPE_A);
    start(1, VENDOR, "www.example.com", TYPE_AAAA);
    reply(200, NOBODY);
    for (unsigned i = 0; i < 2; i++) {
        was_told(i, ATTEMPT_RETRY_NEXT, "");
        ck_assert_uint_eq(askers[i].end.answer->rcode, RCODE_NOERROR);
        ck_assert_ptr_null(askers[i].end.other);
    }
}
END_TEST

START_TEST(provider_that_is_asked_already_is_chosen_for_the_other_family)
{
    struct question question = {.type = TYPE_AAAA, .class = CLASS_IN};
    ck_assert_int_eq(name_from_text("www.example.com", &question.name), 0);
    struct pool_wish wish = {.route = {.members = 3}, .question = &question};
    struct provider_params turned[2] = {providers[1], providers[0]};
    turned[0].endpoint.id = 0;
    turned[1].endpoint.id = 1;
    pool = pool_free(pool);
    struct pool_params params = {.providers = turned,
                                 .n_providers = 2,
                                 .max_attempts = 64,
                                 .patience_max_ms = 500,
                                 .max_ttl_s = 86400,
                                 .negative_max_ttl_s = 3600};
    pool = pool_new(&params, &fake_port.port, &fake.exchange);
    ck_assert_int_eq(pool_next(pool, &wish), 0);
    start(0, 1, "www.example.com", TYPE_A);
    ck_assert_int_eq(pool_next(pool, &wish), 1);
    wish.tried = 2;
    ck_assert_int_eq(pool_next(pool, &wish), 0);
    wish.tried = 0;
    wish.want_do = true;
    ck_assert_int_eq(pool_next(pool, &wish), 0);
    leave(0, false);
    pool = pool_free(pool);
    set_up();
}
END_TEST

static unsigned dice(unsigned below)
{
    return (unsigned)port_random_below(&fake_port.port, below);
}

/* One thing happens, by the dice. */
static void shake(void)
{
    static const char *const bodies[] = {BOTH, NOBODY, "{\"code\":\"SignatureExpired\"}", "<html>"};
    unsigned i = dice(N);
    switch (dice(4)) {
    case 0:
    case 1:
        if (askers[i].attempt == NULL) {
            answer_unref(askers[i].end.answer);
            answer_unref(askers[i].end.other);
            askers[i] = (struct asker){.retries = dice(2) == 0,
                                       .takes_along = dice(3) == 0 ? &askers[dice(N)] : NULL};
            start(i, dice(4) == 0 ? DOH : VENDOR,
                  dice(2) == 0 ? "a.example.com" : "www.example.com",
                  dice(2) == 0 ? TYPE_A : TYPE_AAAA);
        }
        return;
    case 2:
        if (fake.n_live > 0) {
            reply(dice(5) == 0 ? 403 : 200, bodies[dice(4)]);
        }
        return;
    default:
        fake_port_advance(&fake_port, dice(S));
        leave(i, dice(2) == 0);
    }
}

START_TEST(whatever_comes_and_goes_nothing_is_lost_or_told_twice)
{
    for (unsigned n = 0; n < 20000 && fake.n_live < FAKE_EXCHANGE_LIVE - 2; n++) {
        shake();
        for (unsigned i = 0; i < N; i++) {
            ck_assert_uint_le(askers[i].n_ended, 2);
        }
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        both_families_are_asked_for_once,
        what_is_not_the_same_question_is_asked_for_itself,
        reply_that_is_over_carries_nobody,
        second_try_on_a_fresh_connection_does_not_ride_on_an_old_one,
        nobody_rides_on_a_request_that_only_tries_the_provider_out,
        request_goes_on_for_whoever_is_left,
        request_ends_with_the_last_that_waits_for_it,
        late_request_that_the_pool_listens_to_still_carries,
        refusal_is_one_failure_and_told_to_all,
        clock_is_set_once_and_both_are_asked_for_again_in_one_request,
        whoever_is_told_may_end_the_others,
        absence_without_a_reason_is_told_but_not_handed_on,
        provider_that_is_asked_already_is_chosen_for_the_other_family,
        whatever_comes_and_goes_nothing_is_lost_or_told_twice,
    };
    return suite_run("rides", tests, sizeof tests / sizeof tests[0], set_up, tear_down);
}
