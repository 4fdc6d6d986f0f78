/* SPDX-License-Identifier: MIT */
/* The pool with a provider of Oblivious DoH: the test is its relay and its target. */
#include "resolver/upstream/pool.h"
#include "tests/unit/fake_exchange.h"
#include "tests/unit/fake_plain.h"
#include "tests/unit/fake_port.h"
#include "tests/unit/messages.h"
#include "tests/unit/odoh_target.h"
#include "tests/unit/resolver/maker.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <stdio.h>

enum { S = 1000000, RELAY = 0, TARGET = POOL_MAX };

static const char *const addresses[] = {"192.0.2.1"}, *const servers[] = {"192.0.2.53"};
static struct provider_params provider;

static struct fake_port fake_port;
static struct fake_exchange fake;
static struct plain *plain;
static struct pool *pool;
static struct odoh_target target, next_target;
static struct question question;

static struct {
    unsigned n;
    enum attempt_verdict verdict;
    struct answer *answer;
    char detail[160];
} ended;

static void on_end(void *ctx, struct attempt_end *end)
{
    (void)ctx;
    ended.n++;
    ended.verdict = end->verdict;
    answer_unref(ended.answer);
    ended.answer = end->answer;
    snprintf(ended.detail, sizeof ended.detail, "%s", end->detail);
}

static void make_pool(void)
{
    struct pool_params params = {
        .providers = &provider,
        .n_providers = 1,
        .max_attempts = 8,
        .patience_max_ms = 500,
        .bootstrap = plain,
        .max_ttl_s = 86400,
        .negative_max_ttl_s = 3600,
    };
    pool = pool_new(&params, &fake_port.port, &fake.exchange);
    ck_assert_ptr_nonnull(pool);
}

static void respond(void *ctx, const struct plain_request *request, struct fake_plain_reply *reply)
{
    (void)ctx;
    struct test_response response = {
        .name = "t.example", .type = request->question->type, .ttl_s = 300, .address = 0xc0000207};
    response.rcode = request->question->type == TYPE_A ? RCODE_NOERROR : RCODE_NXDOMAIN;
    reply->result = PLAIN_REPLIED;
    reply->rtt_us = 1000;
    reply->n = test_response_write(&response, reply->at);
}

static void set_up(void)
{
    uint8_t seed[HPKE_KEY] = {1}, next_seed[HPKE_KEY] = {2};
    memset(&ended, 0, sizeof ended);
    fake_port_init(&fake_port, 3);
    fake_exchange_init(&fake);
    plain = plain_new(&fake_port.port, servers, 1);
    plain->respond = respond;
    odoh_target_init(&target, bytes_of(seed, sizeof seed));
    odoh_target_init(&next_target, bytes_of(next_seed, sizeof next_seed));
    question = (struct question){.type = TYPE_A, .class = CLASS_IN};
    ck_assert_int_eq(name_from_text("www.example.com", &question.name), 0);
    provider = (struct provider_params){
        .name = "o",
        .protocol = PROTOCOL_ODOH,
        .endpoint = {.url = "https://relay.example/p?targethost=t.example&targetpath=%2Fq",
                     .addresses = addresses,
                     .n_addresses = 1},
        .odoh.target = {.id = TARGET,
                        .url = "https://t.example/.well-known/odohconfigs",
                        .addresses = addresses,
                        .n_addresses = 1},
    };
}

static void tear_down(void)
{
    ended.answer = answer_unref(ended.answer);
    pool = pool_free(pool);
    plain = plain_free(plain);
    port_done(&fake_port.port);
}

static struct attempt *start_again(bool fresh)
{
    struct attempt *attempt = NULL;
    struct attempt_wish wish = {.question = &question, .fresh = fresh, .on_end = on_end};
    ck_assert_int_eq(attempt_start(pool, &wish, &attempt), 0);
    return attempt;
}

static struct attempt *start(void)
{
    return start_again(false);
}

static void reply_with(unsigned status, const char *media_type, struct bytes body)
{
    struct exchange_reply reply = {.result = EXCHANGE_DONE,
                                   .status = status,
                                   .media_type = media_type,
                                   .body = body,
                                   .detail = ""};
    fake_exchange_end(&fake, &reply);
}

static void give_configs(const struct odoh_target *of)
{
    ck_assert_uint_eq(fake.live[0].provider, TARGET);
    ck_assert_int_eq(fake.live[0].method, EXCHANGE_GET);
    reply_with(200, "application/octet-stream", bytes_of(of->configs, sizeof of->configs));
}

/* What the target makes of the oldest question under way. */
static struct odoh_pending open_question(const struct odoh_target *by)
{
    struct odoh_pending pending;
    ck_assert_uint_gt(fake.n_live, 0);
    ck_assert_uint_eq(fake.live[0].provider, RELAY);
    ck_assert_str_eq(fake.live[0].media_type, "application/oblivious-dns-message");
    ck_assert(odoh_target_open(by, bytes_of(fake.live[0].body, fake.live[0].n_body), &pending));
    return pending;
}

static void answer_by(const struct odoh_target *by)
{
    struct odoh_pending pending = open_question(by);
    struct test_response response = {
        .name = "www.example.com", .type = TYPE_A, .ttl_s = 300, .address = 0x01020304};
    uint8_t wire[512], reply[1024];
    size_t n = test_response_write(&response, wire);
    n = odoh_target_answer(&pending, bytes_of(wire, n), 20, reply);
    reply_with(200, "application/oblivious-dns-message", bytes_of(reply, n));
}

/* A pool that has its key and has answered once. */
static void make_settled_pool(void)
{
    make_pool();
    start();
    give_configs(&target);
    answer_by(&target);
    ck_assert_int_eq(ended.verdict, ATTEMPT_ANSWERED);
    ended.n = 0;
}

START_TEST(question_waits_for_the_key_and_is_then_answered_through_the_relay)
{
    make_pool();
    start();
    start();
    ck_assert_uint_eq(fake.n_live, 1); /* both wait for one fetch */
    give_configs(&target);
    ck_assert_uint_eq(fake.n_live, 2);
    answer_by(&target);
    answer_by(&target);
    ck_assert_uint_eq(ended.n, 2);
    ck_assert_int_eq(ended.verdict, ATTEMPT_ANSWERED);
    ck_assert_uint_eq(ended.answer->n_answers, 1);
}
END_TEST

START_TEST(message_in_the_question_has_id_0_and_no_padding_of_its_own)
{
    make_pool();
    start();
    give_configs(&target);
    struct odoh_pending pending = open_question(&target);
    struct bytes message = odoh_target_message(&pending);
    ck_assert_uint_eq(bytes_read_u16(message.at), 0);
    /* Header, name, type and class, and an OPT without options. */
    ck_assert_uint_eq(message.n, 12 + 17 + 4 + 11);
    ck_assert_uint_eq(pending.n_plain, 128 + 4);
    ck_assert_ptr_null(strstr((const char *)fake.live[0].target, "www"));
    answer_by(&target);
}
END_TEST

START_TEST(target_that_does_not_know_its_key_any_more_is_asked_for_the_next)
{
    static const struct {
        unsigned status;
        const char *media_type;
    } refusals[] = {{401, ""}, {200, "application/oblivious-dns-message"}, {200, ""}};
    make_settled_pool();
    for (size_t i = 0; i < 3; i++) {
        const struct odoh_target *next = i % 2 == 0 ? &next_target : &target;
        fake_port_advance(&fake_port, 10 * S);
        start();
        reply_with(refusals[i].status, refusals[i].media_type, (struct bytes){0});
        ck_assert_int_eq(ended.verdict, ATTEMPT_RETRY_SAME);
        start_again(true);
        give_configs(next);
        answer_by(next);
        ck_assert_int_eq(ended.verdict, ATTEMPT_ANSWERED);
    }
}
END_TEST

START_TEST(second_refusal_in_a_row_sends_the_query_elsewhere_without_a_second_fetch)
{
    make_settled_pool();
    fake_port_advance(&fake_port, 10 * S);
    start();
    reply_with(401, "", (struct bytes){0});
    start_again(true);
    give_configs(&target);
    reply_with(401, "", (struct bytes){0});
    ck_assert_int_eq(ended.verdict, ATTEMPT_RETRY_NEXT);
    ck_assert_str_eq(ended.detail, "o: the target does not know the key that it gave");
    start();
    ck_assert_uint_eq(fake.n_live, 1);
    ck_assert_uint_eq(fake.live[0].provider, RELAY);
    answer_by(&target);
}
END_TEST

START_TEST(keys_are_fetched_once_in_ten_seconds_at_most)
{
    struct attempt *attempt;
    struct attempt_wish wish = {.question = &question, .on_end = on_end};
    make_pool();
    start();
    reply_with(500, "", (struct bytes){0});
    ck_assert_uint_eq(ended.n, 1);
    ck_assert_int_eq(ended.verdict, ATTEMPT_RETRY_NEXT);
    ck_assert_str_eq(ended.detail, "o: what it needs first could not be fetched");
    for (int i = 0; i < 9; i++) {
        ck_assert_int_eq(attempt_start(pool, &wish, &attempt), -EAGAIN);
        fake_port_advance(&fake_port, 1 * S);
    }
    ck_assert_uint_eq(fake.n_live, 0);
    fake_port_advance(&fake_port, 1 * S);
    start();
    give_configs(&target);
    answer_by(&target);
    ck_assert_int_eq(ended.verdict, ATTEMPT_ANSWERED);
}
END_TEST

START_TEST(garbage_instead_of_keys_is_no_key)
{
    make_pool();
    start();
    reply_with(200, "text/html", bytes_of("<html>", 6));
    ck_assert_int_eq(ended.verdict, ATTEMPT_RETRY_NEXT);
}
END_TEST

START_TEST(key_is_fetched_anew_each_day_beside_the_questions)
{
    make_settled_pool();
    fake_port_advance(&fake_port, UINT64_C(21) * 3600 * S);
    start();
    ck_assert_uint_eq(fake.n_live, 1);
    answer_by(&target);
    fake_port_advance(&fake_port, UINT64_C(3) * 3600 * S);
    start(); /* the fetch goes first, the question does not wait for it */
    ck_assert_uint_eq(fake.n_live, 2);
    give_configs(&next_target);
    answer_by(&target);
    start();
    answer_by(&next_target);
    ck_assert_uint_eq(ended.n, 3);
    ck_assert_int_eq(ended.verdict, ATTEMPT_ANSWERED);
}
END_TEST

START_TEST(refresh_that_fails_leaves_the_old_key)
{
    make_settled_pool();
    fake_port_advance(&fake_port, UINT64_C(24) * 3600 * S);
    start();
    reply_with(503, "", (struct bytes){0});
    answer_by(&target);
    start();
    ck_assert_uint_eq(fake.n_live, 1);
    answer_by(&target);
    ck_assert_int_eq(ended.verdict, ATTEMPT_ANSWERED);
}
END_TEST

START_TEST(attempt_with_the_former_key_only_tries_again)
{
    make_settled_pool();
    fake_port_advance(&fake_port, 10 * S);
    start();
    start();
    reply_with(401, "", (struct bytes){0});
    start_again(true);
    ck_assert_uint_eq(fake.n_live, 2); /* the other question, and the fetch */
    struct fake_call other = fake.live[0];
    fake.live[0] = fake.live[1];
    fake.live[1] = other;
    give_configs(&next_target);
    reply_with(401, "", (struct bytes){0}); /* the other question comes back late */
    ck_assert_int_eq(ended.verdict, ATTEMPT_RETRY_SAME);
    answer_by(&next_target);
    start_again(true);
    ck_assert_uint_eq(fake.n_live, 1);
    answer_by(&next_target);
    ck_assert_int_eq(ended.verdict, ATTEMPT_ANSWERED);
}
END_TEST

START_TEST(credentials_that_the_relay_wants_are_not_taken_for_a_key)
{
    static const struct {
        const char *proxy_status;
        enum attempt_verdict verdict;
    } cases[] = {
        {"relay.example; error=http_request_denied", ATTEMPT_RETRY_NEXT},
        {"relay.example; received-status=401", ATTEMPT_RETRY_SAME},
    };
    make_settled_pool();
    for (size_t i = 0; i < 2; i++) {
        struct exchange_reply reply = {.result = EXCHANGE_DONE,
                                       .status = 401,
                                       .media_type = "",
                                       .proxy_status = cases[i].proxy_status,
                                       .detail = ""};
        fake_port_advance(&fake_port, 10 * S);
        start();
        fake_exchange_end(&fake, &reply);
        ck_assert_int_eq(ended.verdict, cases[i].verdict);
    }
}
END_TEST

START_TEST(other_replies_send_the_query_elsewhere_and_say_why)
{
    static const struct {
        unsigned status;
        const char *media_type, *body, *detail;
    } cases[] = {
        {400, "", "", "o: the target could not read the question"},
        {403, "", "", "o: the relay does not forward to this target"},
        {404, "", "", "o: HTTP status 404"},
        {429, "", "", "o: HTTP status 429"},
        {502, "", "", "o: the relay could not reach the target"},
        {302, "", "", "o: HTTP status 302"},
        {200, "application/dns-message", "xxx",
         "o: media type is not application/oblivious-dns-message"},
        {200, "application/oblivious-dns-message", "xxx",
         "o: the reply is not sealed for this question"},
    };
    make_settled_pool();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        start();
        reply_with(cases[i].status, cases[i].media_type,
                   bytes_of(cases[i].body, strlen(cases[i].body)));
        ck_assert_int_eq(ended.verdict, ATTEMPT_RETRY_NEXT);
        ck_assert_str_eq(ended.detail, cases[i].detail);
    }
}
END_TEST

START_TEST(reply_to_another_question_is_not_believed)
{
    make_settled_pool();
    start();
    start();
    struct odoh_pending other = open_question(&target);
    struct fake_call first = fake.live[0];
    fake.live[0] = fake.live[1];
    fake.live[1] = first;
    uint8_t reply[256];
    size_t n = odoh_target_answer(&other, bytes_of("message", 7), 0, reply);
    reply_with(200, "application/oblivious-dns-message", bytes_of(reply, n));
    ck_assert_str_eq(ended.detail, "o: the reply is not sealed for this question");
    answer_by(&target);
}
END_TEST

START_TEST(key_of_a_file_is_used_and_nothing_is_fetched)
{
    provider.odoh.configs = bytes_of(target.configs, sizeof target.configs);
    make_pool();
    start();
    answer_by(&target);
    ck_assert_int_eq(ended.verdict, ATTEMPT_ANSWERED);
    fake_port_advance(&fake_port, UINT64_C(48) * 3600 * S);
    start();
    reply_with(401, "", (struct bytes){0});
    ck_assert_int_eq(ended.verdict, ATTEMPT_RETRY_NEXT);
    ck_assert_str_eq(ended.detail, "o: the target does not know the key of odoh-configs-file");
    ck_assert_uint_eq(fake.n_live, 0);
}
END_TEST

START_TEST(address_of_the_target_is_looked_up_before_its_key_is_fetched)
{
    provider.odoh.target.addresses = NULL;
    provider.odoh.target.n_addresses = 0;
    make_pool();
    start();
    ck_assert_uint_eq(fake.n_live, 0);
    ck_assert_uint_gt(plain->n_asked, 0);
    fake_port_advance(&fake_port, 1 * S);
    ck_assert_uint_eq(fake.n_live, 1);
    ck_assert_uint_eq(fake.live[0].n_addresses, 1);
    give_configs(&target);
    answer_by(&target);
    ck_assert_int_eq(ended.verdict, ATTEMPT_ANSWERED);
}
END_TEST

START_TEST(question_that_is_given_up_leaves_nothing_behind)
{
    make_pool();
    attempt_free(start(), false); /* while it waits for the key */
    give_configs(&target);
    ck_assert_uint_eq(fake.n_live, 0);
    attempt_free(start(), false); /* while it waits for its answer */
    ck_assert_uint_eq(fake.n_live, 0);
    ck_assert_uint_eq(ended.n, 0);
    fake_port_advance(&fake_port, UINT64_C(24) * 3600 * S);
    attempt_free(start(), false);
    ck_assert_uint_eq(fake.n_live, 1); /* the fetch; the pool ends it */
}
END_TEST

/* ---- keys in the target's HTTPS record ---- */

/* The provider and, beside it, one of DNS over HTTPS that can be asked. */
static struct provider_params two[2];

static void make_pool_of_two(void)
{
    provider.odoh.configs_dns = true;
    two[0] = provider;
    two[1] = (struct provider_params){
        .name = "d",
        .endpoint = {
            .id = 1, .url = "https://d.example/q", .addresses = addresses, .n_addresses = 1}};
    struct pool_params params = {.providers = two,
                                 .n_providers = 2,
                                 .max_attempts = 8,
                                 .patience_max_ms = 500,
                                 .max_ttl_s = 86400,
                                 .negative_max_ttl_s = 3600};
    pool = pool_new(&params, &fake_port.port, &fake.exchange);
    ck_assert_ptr_nonnull(pool);
}

/* Answers the oldest question, which is for t.example HTTPS at the other provider, with a record
 * that has this parameter behind one that every client knows. */
static void give_record(uint16_t priority, uint16_t key, struct bytes value)
{
    static const uint8_t asked[] = "\1t\7example\0\0\101\0\1";
    static struct maker m;
    uint8_t rdata[256];
    struct buf b = buf_over(rdata, sizeof rdata);
    ck_assert_uint_eq(fake.live[0].provider, 1);
    ck_assert_mem_eq(fake.live[0].body + MESSAGE_HEADER, asked, sizeof asked - 1);
    buf_put_u16(&b, priority);
    buf_put(&b, "\0\0\1\0\3\2h2", 8); /* ".", alpn=h2 */
    buf_put_u16(&b, key);
    buf_put_u16(&b, (uint16_t)value.n);
    buf_put(&b, value.at, value.n);
    maker_begin(&m, FLAG_QR | FLAG_RD | FLAG_RA, "t.example", TYPE_HTTPS);
    maker_put_name(&m, "t.example");
    maker_put_fixed(&m, ANSWER, TYPE_HTTPS, 300, bytes_of(rdata, b.n));
    reply_with(200, "application/dns-message", maker_message(&m));
}

START_TEST(key_in_the_https_record_is_used_and_nothing_is_fetched)
{
    make_pool_of_two();
    start();
    start();
    ck_assert_uint_eq(fake.n_live, 1);
    give_record(1, ODOH_SVC_PARAM, bytes_of(target.configs, sizeof target.configs));
    ck_assert_uint_eq(fake.n_live, 2);
    answer_by(&target);
    answer_by(&target);
    ck_assert_int_eq(ended.verdict, ATTEMPT_ANSWERED);
    /* Refused, and the record not yet changed: the target itself is asked. */
    fake_port_advance(&fake_port, UINT64_C(11) * S);
    start();
    reply_with(401, "", bytes_of("", 0));
    ck_assert_int_eq(ended.verdict, ATTEMPT_RETRY_SAME);
    start_again(true);
    give_record(1, ODOH_SVC_PARAM, bytes_of(target.configs, sizeof target.configs));
    give_configs(&next_target);
    answer_by(&next_target);
    ck_assert_int_eq(ended.verdict, ATTEMPT_ANSWERED);
}
END_TEST

START_TEST(target_is_asked_itself_when_its_record_has_no_key_or_nobody_tells)
{
    static const uint8_t garbage[] = {0, 9, 1};
    const struct bytes good = bytes_of(target.configs, sizeof target.configs);
    for (unsigned i = 0; i < 4; i++) {
        make_pool_of_two();
        start();
        switch (i) {
        case 0:
            give_record(1, 7, good);
            break;
        case 1:
            give_record(1, ODOH_SVC_PARAM, bytes_of(garbage, sizeof garbage));
            break;
        case 2:
            reply_with(200, "application/dns-message", bytes_of(garbage, sizeof garbage));
            break;
        default:
            reply_with(500, "", bytes_of("", 0));
        }
        give_configs(&target);
        answer_by(&target);
        ck_assert_int_eq(ended.verdict, ATTEMPT_ANSWERED);
        ended.verdict = 0;
        pool = pool_free(pool);
    }
    provider.odoh.configs_dns = true;
    make_pool(); /* there is no other provider */
    start();
    give_configs(&target);
    answer_by(&target);
    ck_assert_int_eq(ended.verdict, ATTEMPT_ANSWERED);
}
END_TEST

START_TEST(question_for_the_key_ends_with_the_pool)
{
    make_pool_of_two();
    attempt_free(start(), false);
    ck_assert_uint_eq(fake.n_live, 1);
    pool = pool_free(pool);
    ck_assert_uint_eq(fake.n_live, 0);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        question_waits_for_the_key_and_is_then_answered_through_the_relay,
        message_in_the_question_has_id_0_and_no_padding_of_its_own,
        target_that_does_not_know_its_key_any_more_is_asked_for_the_next,
        second_refusal_in_a_row_sends_the_query_elsewhere_without_a_second_fetch,
        keys_are_fetched_once_in_ten_seconds_at_most,
        garbage_instead_of_keys_is_no_key,
        key_is_fetched_anew_each_day_beside_the_questions,
        refresh_that_fails_leaves_the_old_key,
        attempt_with_the_former_key_only_tries_again,
        credentials_that_the_relay_wants_are_not_taken_for_a_key,
        other_replies_send_the_query_elsewhere_and_say_why,
        reply_to_another_question_is_not_believed,
        key_of_a_file_is_used_and_nothing_is_fetched,
        address_of_the_target_is_looked_up_before_its_key_is_fetched,
        question_that_is_given_up_leaves_nothing_behind,
        key_in_the_https_record_is_used_and_nothing_is_fetched,
        target_is_asked_itself_when_its_record_has_no_key_or_nobody_tells,
        question_for_the_key_ends_with_the_pool,
    };
    return suite_run("odoh_driver", tests, sizeof tests / sizeof tests[0], set_up, tear_down);
}
