/* SPDX-License-Identifier: MIT */
/* Everything a query lives in, with providers, clock and auditor played by the test. */
#ifndef TESTS_UNIT_QUERY_WORLD_H
#define TESTS_UNIT_QUERY_WORLD_H

#include "resolver/resolver.h"
#include "tests/unit/fake_pool.h"
#include "tests/unit/fake_port.h"

enum {
    CLIENTS = 64,
    BUDGET_MS = 4000,
    HEDGE_MS = FAKE_POOL_PATIENCE_MS,
    STALE_MS = 1800,
    MAX_QUERIES = 32
};

/* The auditor, in place of resolver/audit: how often it was told. */
struct audit {
    unsigned n_told;
};

/* Everything a query lives in, and what its clients were told. */
struct query_world {
    struct fake_port port;
    struct pool pool;
    struct cache *cache;
    struct resolver *resolver;
    struct audit audit;
    struct {
        unsigned n_replies;
        size_t n;
        uint8_t at[4096];
    } clients[CLIENTS];
};

extern struct query_world world;

void world_set_up(void);
void world_tear_down(void);
struct port *port(void);

enum resolver_outcome ask_bytes(size_t i, struct bytes message);
/* Client i asks for an A record, with an ID of its own, so that a mix-up shows. */
enum resolver_outcome ask(size_t i, const char *name);

/* Answers as of now. */
struct answer *good(const char *name, uint32_t ttl_s);
struct answer *servfail(const char *name);

/* What client i was told; it must have been told once. */
unsigned rcode_of(size_t i);
unsigned n_answers_of(size_t i);
/* The EDE info-code in the reply's OPT, which is its last record; -1 without one. */
int ede_of(size_t i);

/* One thing happens, by the dice: a client asks by `ask_it`, an attempt of `pool` ends, time
 * passes. */
void shake(struct pool *pool, enum resolver_outcome (*ask_it)(size_t i, const char *name),
           unsigned *n_asked);

#endif
