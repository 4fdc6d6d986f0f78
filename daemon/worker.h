/* SPDX-License-Identifier: MIT */
/* A worker: one thread, one loop, its own sockets, exchange, pool and resolver. Shares the cache,
 * the claims and the auditor with the others, and nothing else. Made and freed by the main thread;
 * drains on request, and says when it has ended. */
#ifndef DAEMON_WORKER_H
#define DAEMON_WORKER_H

#include "daemon/locals.h"
#include "daemon/sockets.h"
#include "daemon/statefile.h"
#include "daemon/tally.h"
#include "daemon/traffic.h"
#include "resolver/resolver.h"
#include "resolver/upstream/pool.h"

#include <stdatomic.h>

struct worker;

struct worker_params {
    size_t index;
    const struct config *config;   /* borrowed for the worker's life */
    const struct sockets *sockets; /* borrowed by worker_new() */
    struct cache *cache;           /* borrowed for the worker's life */
    struct claims *claims;         /* the same; NULL for a worker that is alone */
    struct audit *audit;           /* the same; may be NULL */
    struct locals *locals;         /* the same: who is asked for providers' addresses */
    struct statefile *state;       /* the same: where they were good before */
    atomic_uint *n_connections;
    _Atomic uint64_t *aside_said_us; /* when it was last said that providers are set aside */
    const atomic_uint *barred;       /* as pool.h has it */
    struct tally *tally;             /* borrowed for the worker's life */
    struct clients *clients;         /* the same; NULL: everybody may ask */
    struct policy *policy;           /* one reference, taken on success */
    void (*on_ended)(void *ctx);     /* called on the worker's thread as its last act */
    void *ctx;
};

/* gives a worker that listens already; NULL with a failure's text. */
struct worker *worker_new(const struct worker_params *params, const char **ret_detail);
/* Starts its thread. */
int worker_start(struct worker *worker);
/* Any thread: stop listening, answer what is pending within DRAIN_MS, end. Harmless when said
 * twice. */
enum { WORKER_DRAIN_MS = 2000 };
void worker_drain(struct worker *worker);
/* Joins the thread (after worker_drain()) and frees. Takes NULL; returns NULL. */
struct worker *worker_free(struct worker *worker);

/* Adds what each transport saw to the TRAFFIC_TRANSPORTS counts. Any thread. */
void worker_add_traffic(const struct worker *worker, struct traffic_counts *counts);

/* Any thread, until worker_free(): another policy is in force. Takes one reference. */
void worker_set_policy(struct worker *worker, struct policy *policy);

/* What only its own thread may look at. */
struct worker_report {
    struct resolver_counts queries;
    struct upstream_state providers[POOL_MAX];
    size_t n_providers;
};
/* Main thread, between worker_start() and worker_drain(): asks the worker and waits for what it
 * says, WORKER_REPORT_MS at most. False when its loop did not come round. */
enum { WORKER_REPORT_MS = 500 };
bool worker_report(struct worker *worker, struct worker_report *ret_report);

/* Has its loop come round since this was called last? Asks it to do so again. Not after
 * worker_drain(). */
bool worker_is_beating(struct worker *worker);

/* Any thread, not after worker_drain(): the network is another one. */
void worker_change_network(struct worker *worker);
/* The same: the local resolvers are others, the network is not. */
void worker_change_locals(struct worker *worker);

#endif
