/* SPDX-License-Identifier: MIT */
/* A pool whose providers say what the test says: linked in place of resolver/upstream/pool.c and
 * attempt.c, so that a query's life is tested alone. */
#ifndef TESTS_UNIT_FAKE_POOL_H
#define TESTS_UNIT_FAKE_POOL_H

#include "resolver/upstream/pool.h"

enum { FAKE_POOL_LIVE = 64, FAKE_POOL_PATIENCE_MS = 500 };

struct attempt {
    struct pool *pool;
    struct attempt_wish wish;
};

struct pool {
    unsigned n_providers;
    struct attempt *live[FAKE_POOL_LIVE]; /* oldest first */
    size_t n_live;
    unsigned n_started;   /* over all */
    unsigned n_cancelled; /* freed before their end … */
    unsigned n_late;      /* … and were late */
    unsigned n_doubts;
    unsigned at_once;                              /* 0: 1 */
    unsigned shaky, spread, plain, aside, in_line; /* masks */
    bool no_hedges;
    bool is_quiet;         /* those that are left have asked for silence */
    uint64_t heard_us;     /* from all providers */
    unsigned contradicted; /* a mask: failed what another answered */
    int start_fails;       /* what attempt_start() returns instead of starting; 0: starts */
};

/* Ends the oldest live attempt; takes `answer`. */
void fake_pool_end(struct pool *pool, enum attempt_verdict verdict, struct answer *answer);
/* Ends live attempt i with a reason. */
void fake_pool_end_at(struct pool *pool, size_t i, struct attempt_end end);

#endif
