/* SPDX-License-Identifier: MIT */
/* A pool of two providers, with an exchange that says what the test wants. */
#ifndef TESTS_UNIT_POOL_RIG_H
#define TESTS_UNIT_POOL_RIG_H

#include "resolver/upstream/pool.h"
#include "tests/unit/fake_exchange.h"
#include "tests/unit/fake_port.h"
#include "tests/unit/messages.h"
#include "tests/unit/suite.h"

#include <stdio.h>

enum { S = 1000000, MAX_ATTEMPTS = 8 };

static const char *const addresses[] = {"192.0.2.1"};
static const struct provider_params providers[] = {
    {.name = "one",
     .endpoint =
         {.id = 0, .url = "https://one.example/q", .addresses = addresses, .n_addresses = 1}},
    {.name = "two",
     .protocol = PROTOCOL_DOH_GET,
     .endpoint =
         {.id = 1, .url = "https://two.example/q", .addresses = addresses, .n_addresses = 1}},
};

static struct fake_port fake_port;
static struct fake_exchange fake;
static struct pool *pool;
static struct question question;

/* What the last attempt's end said. */
static struct {
    unsigned n;
    enum attempt_verdict verdict;
    struct answer *answer;
    enum ede ede;
    char detail[160];
    bool was_doubted;
    bool is_unsure;
} ended;

static inline void on_end(void *ctx, struct attempt_end *end)
{
    (void)ctx;
    ended.n++;
    ended.verdict = end->verdict;
    ended.ede = end->ede;
    ended.was_doubted = end->was_doubted;
    ended.is_unsure = end->is_unsure;
    answer_unref(ended.answer);
    ended.answer = end->answer;
    snprintf(ended.detail, sizeof ended.detail, "%s", end->detail);
}

static inline void set_up(void)
{
    memset(&ended, 0, sizeof ended);
    fake_port_init(&fake_port, 3);
    fake_exchange_init(&fake);
    question = (struct question){.type = TYPE_A, .class = CLASS_IN};
    ck_assert_int_eq(name_from_text("www.example.com", &question.name), 0);
    struct pool_params params = {
        .providers = providers,
        .n_providers = 2,
        .max_attempts = MAX_ATTEMPTS,
        .patience_max_ms = 500,
        .max_ttl_s = 86400,
        .negative_max_ttl_s = 3600,
    };
    pool = pool_new(&params, &fake_port.port, &fake.exchange);
    ck_assert_ptr_nonnull(pool);
}

static inline void tear_down(void)
{
    ended.answer = answer_unref(ended.answer);
    pool = pool_free(pool);
    port_done(&fake_port.port);
}

static inline struct attempt *start(unsigned provider)
{
    struct attempt *attempt = NULL;
    struct attempt_wish wish = {.question = &question, .provider = provider, .on_end = on_end};
    ck_assert_int_eq(attempt_start(pool, &wish, &attempt), 0);
    return attempt;
}

static inline void answer_with(const char *name, uint16_t rcode)
{
    struct test_response response = {
        .name = name, .type = TYPE_A, .rcode = rcode, .ttl_s = 300, .address = 0x01020304};
    uint8_t wire[512];
    fake_exchange_answer(&fake, bytes_of(wire, test_response_write(&response, wire)));
}

static inline void end_with(enum exchange_result result)
{
    struct exchange_reply reply = {.result = result, .media_type = "", .detail = "why"};
    fake_exchange_end(&fake, &reply);
}

static inline void end_with_status(unsigned status, uint32_t retry_after_s)
{
    struct exchange_reply reply = {.result = EXCHANGE_DONE,
                                   .status = status,
                                   .media_type = "text/html",
                                   .retry_after_s = retry_after_s,
                                   .detail = ""};
    fake_exchange_end(&fake, &reply);
}

#endif
