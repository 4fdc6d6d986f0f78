/* SPDX-License-Identifier: MIT */
/* Messages that tests send and receive, built by hand so that wire code is not its own judge. */
#ifndef TESTS_UNIT_MESSAGES_H
#define TESTS_UNIT_MESSAGES_H

#include "resolver/wire/answer.h"

/* A query: id, flags as given, one question of class IN, an OPT of `edns_size` unless that is 0. */
struct test_query {
    uint16_t id;
    uint16_t flags;
    const char *name;
    uint16_t type;
    uint16_t edns_size;
    bool want_do;
};
size_t test_query_write(const struct test_query *query, uint8_t out[512]);

/* A response with rcode and, with NOERROR, one A record of the question's name. */
struct test_response {
    const char *name;
    uint16_t type;
    uint16_t rcode;
    uint32_t ttl_s;
    uint32_t address; /* host order */
};
size_t test_response_write(const struct test_response *response, uint8_t out[512]);

/* The same read into an answer (one reference), made at `now_us`. */
struct answer *test_answer(const struct test_response *response, uint64_t now_us);

#endif
