/* SPDX-License-Identifier: MIT */
/* What was learnt about a provider, and the pool's insides. Private to pool.c and attempt.c. */
#ifndef RESOLVER_UPSTREAM_UPSTREAM_H
#define RESOLVER_UPSTREAM_UPSTREAM_H

#include "resolver/upstream/bootstrap.h"
#include "resolver/upstream/pool.h"

struct upstream {
    struct pool *pool;
    const struct provider_params *params;
    struct exchange_endpoint endpoint; /* the configured one, with the addresses found */
    const struct driver *driver;
    struct driver_memory memory;
    struct exchange_call errand;
    bool errand_runs;
    struct bootstrap *bootstrap; /* NULL: the addresses are given */
    struct attempt *waiting;     /* for an address or an errand, oldest last */
    uint64_t n_sent, n_good, n_failed;
    unsigned failures_in_row;
    uint64_t down_until_us;
    uint32_t down_s;    /* how long the last time */
    uint64_t heard_us;  /* when it replied last, whatever it said */
    uint64_t mean_us;   /* what an answer takes; 0: not known yet */
    uint64_t spread_us; /* mean deviation of that */
    bool suspect;       /* its connection may be dead: the next attempt takes a fresh one */
};

struct attempt {
    struct exchange_call call; /* first */
    struct upstream *upstream;
    struct question question;
    bool want_do, want_cd, fresh;
    bool again; /* the second try at this provider */
    bool waits; /* for an address or an errand */
    bool lost;  /* waited in vain: its end is about to be told */
    void *kept; /* the driver's, for this question */
    uint64_t began_us;
    void (*on_end)(void *ctx, struct attempt_end *end);
    void *ctx;
    struct attempt *next; /* free or waiting */
};

struct pool {
    struct pool_params params;
    struct port *port;
    struct exchange *exchange;
    struct pool_route route; /* the default one */
    struct upstream upstreams[POOL_MAX];
    struct attempt *free;
    size_t n_live;
};

/* An attempt ended well or badly; a bad one may put the provider down. */
void upstream_note_good(struct upstream *upstream, uint64_t took_us);
void upstream_note_failed(struct upstream *upstream);
/* The provider asked for silence (Retry-After). */
void upstream_note_busy(struct upstream *upstream, uint32_t wait_s);

/* The bootstrap's round or an errand has ended: go on with those that wait, or end them. */
void attempts_resume(struct upstream *upstream);

/* Starts the driver's errand when there is one to run. True while no question can be built. */
bool errand_run(struct upstream *upstream);
/* Ends the errand that is under way, if any. */
void errand_cancel(struct upstream *upstream);

#endif
