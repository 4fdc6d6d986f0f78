/* SPDX-License-Identifier: MIT */
/* Any octets as a provider's reply to a question: what becomes an answer is one that reads again,
 * and each class brings an answer or none as the contract says. */
#ifndef TESTS_FUZZ_DRIVING_H
#define TESTS_FUZZ_DRIVING_H

#include "resolver/upstream/drivers.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t no_time(struct port *port)
{
    (void)port;
    return 0;
}

static int64_t no_date(struct port *port)
{
    (void)port;
    return 1700000000;
}

static inline void check_answer(const struct answer *answer, const struct question *question)
{
    struct answer_expect expect = {
        .question = question, .id = -1, .max_ttl_s = UINT32_MAX, .negative_max_ttl_s = UINT32_MAX};
    struct answer *again = NULL;
    assert(answer_read(answer_wire(answer), &expect, &again) == ANSWER_OK);
    answer_unref(again);
}

static inline void check_class(int class, const struct answer *answer)
{
    switch ((enum driver_class) class) {
    case DRIVER_OK:
    case DRIVER_NODATA:
    case DRIVER_NXDOMAIN:
    case DRIVER_UNKNOWN_EMPTY:
        assert(answer != NULL);
        assert(class != DRIVER_UNKNOWN_EMPTY || answer->rcode == RCODE_NOERROR);
        return;
    case DRIVER_AUTH:
    case DRIVER_NOT_SERVED:
    case DRIVER_SERVER:
    case DRIVER_CLOCK:
    case DRIVER_RATE:
    case DRIVER_PARSE:
    case DRIVER_AGAIN:
        assert(answer == NULL);
        return;
    }
    assert(false);
}

/* Reads `body` as the reply to www.example.com of that type. */
static inline void drive(const struct driver *driver, const struct provider_params *provider,
                         uint16_t type, unsigned status, struct bytes body)
{
    static const struct port_ops ops = {.now_us = no_time, .wall_s = no_date};
    struct port port = {.ops = &ops};
    struct question question = {.type = type, .class = CLASS_IN};
    struct driver_memory memory = {0};
    struct driver_found found = {0};
    struct driver_call call = {.provider = provider,
                               .endpoint = &provider->endpoint,
                               .question = &question,
                               .memory = &memory,
                               .port = &port};
    struct answer_expect expect = {.question = &question, .max_ttl_s = 86400};
    struct exchange_reply reply = {.result = EXCHANGE_DONE,
                                   .status = status,
                                   .media_type = "application/json",
                                   .body = body,
                                   .detail = ""};
    int failure = name_from_text("www.example.com", &question.name);
    assert(failure == 0);
    if (driver->open != NULL && driver->open(provider, &memory) < 0) {
        return;
    }
    int class = driver->read(&call, &reply, &expect, &found);
    check_class(class, found.answer);
    if (found.answer != NULL) {
        check_answer(found.answer, &question);
    }
    if (found.other.class != 0) {
        check_class(found.other.class, found.other.answer);
    }
    if (found.other.answer != NULL) {
        question.type = question_other_family(type);
        check_answer(found.other.answer, &question);
    }
    answer_unref(found.other.answer);
    answer_unref(found.answer);
    if (driver->errand_done != NULL) {
        (void)driver->errand_done(&call, &reply);
    }
    if (driver->close != NULL) {
        driver->close(&memory);
    }
}

#endif
