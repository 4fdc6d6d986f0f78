/* SPDX-License-Identifier: MIT */
/* An exchange whose other side is the test: it keeps what was asked, and answers when told. */
#ifndef TESTS_UNIT_FAKE_EXCHANGE_H
#define TESTS_UNIT_FAKE_EXCHANGE_H

#include "resolver/exchange.h"

enum { FAKE_EXCHANGE_LIVE = 32 };

struct fake_call {
    struct exchange_call *call;
    unsigned provider;
    enum exchange_method method;
    bool fresh, renew, spread;
    const struct exchange_call *apart_from;
    size_t n_addresses;
    unsigned edition;
    const char *address; /* the first of them, lent by the endpoint; NULL: there is none */
    char target[2048];
    char media_type[64];
    char header[256]; /* "": none */
    uint8_t body[EXCHANGE_REQUEST_MAX];
    size_t n_body;
};

struct fake_exchange {
    struct exchange exchange;                  /* first */
    struct fake_call live[FAKE_EXCHANGE_LIVE]; /* oldest first */
    size_t n_live;
    unsigned n_cancelled;
    unsigned n_doubts;
    unsigned n_retired;
    uint64_t doubt_silent_us; /* of the last one */
    int start_fails;
    enum exchange_http http; /* of replies by fake_exchange_answer() */
};

void fake_exchange_init(struct fake_exchange *fake);
/* Ends the oldest live call. */
void fake_exchange_end(struct fake_exchange *fake, const struct exchange_reply *reply);
/* The same with HTTP 200, our media type and this body. */
void fake_exchange_answer(struct fake_exchange *fake, struct bytes body);

#endif
