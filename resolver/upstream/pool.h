/* SPDX-License-Identifier: MIT */
/* The providers and what was learnt about them, and attempts: one try of one question at one
 * provider. One pool a worker; nothing in it is shared.
 *
 * A pool says in which order providers are to be tried; it never waits, hedges or gives up: that is
 * the query's. Knows no cache and no client. Bounds: POOL_MAX providers, `max_attempts` live
 * attempts. */
#ifndef RESOLVER_UPSTREAM_POOL_H
#define RESOLVER_UPSTREAM_POOL_H

#include "resolver/plain.h"
#include "resolver/port.h"
#include "resolver/upstream/driver.h"

enum { POOL_MAX = 16 };

struct pool_params {
    const struct provider_params *providers; /* borrowed for the pool's life */
    size_t n_providers;                      /* 1 … POOL_MAX */
    size_t max_attempts;
    uint32_t patience_max_ms; /* for pool_patience_us() */
    struct plain
        *bootstrap; /* borrowed; finds the addresses of providers that have none; may be NULL */
    uint32_t min_ttl_s, max_ttl_s, negative_max_ttl_s; /* for answer_read() */
};

struct pool;
struct attempt;

/* gives a pool, NULL without memory. Borrows port and exchange for its life. */
struct pool *pool_new(const struct pool_params *params, struct port *port,
                      struct exchange *exchange);
/* Every attempt must have ended or been freed. */
struct pool *pool_free(struct pool *pool);

/* Who may be asked, bit i = provider i: one of `members`; when none of them is left that can serve
 * the question, one of `fallback`. */
struct pool_route {
    unsigned members, fallback;
};

/* The providers whose group this is (NULL: those without one), as a mask. */
unsigned pool_group(const struct provider_params *providers, size_t n_providers, const char *group);
/* All providers without a group, and no fallback. */
struct pool_route pool_default_route(const struct pool *pool);

struct pool_wish {
    struct pool_route route;
    unsigned tried; /* bit i = provider i */
    const struct question *question;
    bool want_do;
};

/* The provider to try next: the first of the route in configured order that is not in `tried` and
 * not held to be down; failing that the first not tried. -ENOENT when all were tried. A provider is
 * down for 1 s doubling to 30 s after 3 failures in a row; one success ends it. */
int pool_next(struct pool *pool, const struct pool_wish *wish);

/* How long an attempt at `provider` is usually over: about its p95, from the mean and the deviation
 * of what its answers took (as RFC 6298 does); 100 ms at least, patience_max_ms at most and before
 * anything is known. */
uint64_t pool_patience_us(const struct pool *pool, unsigned provider);

/* What the end of an attempt means for its query: a pure function of transport result, the
 * driver's class and the answer's rcode. */
enum attempt_verdict {
    ATTEMPT_ANSWERED = 1, /* answer is set */
    ATTEMPT_RETRY_SAME,   /* this provider again, once, on a fresh connection */
    ATTEMPT_RETRY_NEXT,   /* another provider */
    ATTEMPT_GIVE_UP,      /* no provider will do better */
};

struct attempt_end {
    enum attempt_verdict verdict;
    unsigned provider;     /* index */
    struct answer *answer; /* with ANSWERED: given to the callback (one reference). With RETRY_NEXT
                              it may hold a SERVFAIL/REFUSED answer, or an unexplained NODATA: the
                              best there is if all fail */
    enum ede ede;          /* why not: 22 unreachable, 23 network, 24 invalid data … */
    const char *detail;    /* one line for a person, borrowed during the call */
};

/* Starts an attempt; `on_end` is called once, never from inside attempt_start, with the attempt
 * already freed. gives *ret_attempt, to be freed (= cancelled) until on_end. -ENOMEM, -EBUSY at
 * max_attempts, -ENOTSUP when that provider cannot be asked this, or why the request could not be
 * built. */
struct attempt_wish {
    const struct question *question; /* borrowed until the end */
    unsigned provider;
    bool want_do, want_cd;
    bool fresh; /* on a new connection */
    void (*on_end)(void *ctx, struct attempt_end *end);
    void *ctx;
};
int attempt_start(struct pool *pool, const struct attempt_wish *wish, struct attempt **ret_attempt);
/* Takes NULL; returns NULL. A cancelled attempt says nothing about its provider unless `timed_out`.
 */
struct attempt *attempt_free(struct attempt *attempt, bool timed_out);

/* The attempt has been silent for longer than its provider usually is: a connection that shows no
 * sign of life is given up, and the attempt then ends with RETRY_SAME. */
void attempt_doubt(struct attempt *attempt);

/* What an attempt's end means; pure. `found` is a driver_class, or the failure of reading the
 * reply; `rcode` is the answer's. `was_fresh`: the connection was new; `was_again`: it is itself
 * the second try that AGAIN or CLOCK call for. */
enum attempt_verdict attempt_judge(enum exchange_result result, int found, uint16_t rcode,
                                   bool was_fresh, bool was_again);

/* What is known of provider i, for status output. */
struct upstream_state {
    const char *name;
    uint64_t n_sent, n_good, n_failed;
    unsigned failures_in_row;
    bool down;
};
void pool_state(const struct pool *pool, unsigned provider, struct upstream_state *ret_state);

#endif
