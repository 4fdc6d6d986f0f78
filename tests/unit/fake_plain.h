/* SPDX-License-Identifier: MIT */
/* Plain DNS without a network: the test says what each server answers to each question. Linked
 * instead of resolver/plain.c. */
#ifndef TESTS_UNIT_FAKE_PLAIN_H
#define TESTS_UNIT_FAKE_PLAIN_H

#include "resolver/plain.h"

enum { FAKE_PLAIN_REPLY_MAX = 1024 };

struct fake_plain_reply {
    enum plain_result result; /* PLAIN_TIMED_OUT comes at the call's time-out */
    uint32_t rtt_us;          /* the others come so much later */
    size_t n;
    uint8_t at[FAKE_PLAIN_REPLY_MAX];
};

struct plain {
    struct port *port;
    const char *const *servers;
    size_t n_servers, n_preferred;
    /* To be set: writes the reply to a request. */
    void (*respond)(void *ctx, const struct plain_request *request, struct fake_plain_reply *reply);
    void *ctx;
    int failure; /* of the next plain_ask(); stays until changed */
    size_t n_asked;
    size_t n_live;
};

#endif
