/* SPDX-License-Identifier: MIT */
/* All that depends on one configuration: workers and auditor. A reload makes a new generation
 * beside the old one, which drains and ends. Made and freed on the main thread. */
#ifndef DAEMON_GENERATION_H
#define DAEMON_GENERATION_H

#include "daemon/sockets.h"
#include "daemon/traffic.h"
#include "daemon/worker.h"
#include "resolver/cache/claims.h"

struct generation;
struct statefile;

struct generation_params {
    struct config *config;         /* taken, on success */
    const struct sockets *sockets; /* borrowed by generation_new() */
    struct cache *cache;           /* borrowed for the generation's life */
    struct claims *claims;         /* the same */
    const uint8_t *client_secret;  /* 16 random octets, borrowed by generation_new() */
    struct ledger *ledger;         /* the same: what was alerted outlives a reload */
    struct statefile *state;       /* borrowed for the generation's life */
    size_t n_workers;
    const uint8_t *policy_secret; /* 16 octets, borrowed by generation_new() */
    void (*on_ended)(void *ctx);  /* any thread: a worker has ended */
    /* Any thread, after generation_load(): these files have been read, or not all can be. */
    void (*on_loaded)(void *ctx, bool good);
    void *ctx;
};

/* gives a generation that listens, its threads not started; NULL with the reason. */
struct generation *generation_new(const struct generation_params *params, const char **ret_detail);
/* Reads files of names beforehand, all or those that routes are made of: `on_loaded` is told. False
 * when there are none, or without a thread for them; else generation_start() has nothing left to
 * read. */
bool generation_load(struct generation *generation, enum policy_extent first);
int generation_start(struct generation *generation);
/* Asks all workers to drain. */
void generation_drain(struct generation *generation);
/* True once all workers have ended. */
bool generation_has_ended(const struct generation *generation);
/* Joins what was started (all workers must have been told to drain) and frees. Takes NULL; returns
 * NULL. */
struct generation *generation_free(struct generation *generation);

const struct config *generation_config(const struct generation *generation);
/* Adds what each transport saw to the TRAFFIC_TRANSPORTS counts. Any thread, while the generation
 * lives. */
void generation_add_traffic(const struct generation *generation, struct traffic_counts *counts);
/* What the auditor has done; false when there is none. */
bool generation_count_audit(const struct generation *generation, struct audit_counts *ret_counts);

/* How much the policy in force knows. Any thread. */
void generation_count_policy(const struct generation *generation, struct policy_counts *ret_counts);
/* What the workers say, summed up. Those that do not come round are silent. */
struct generation_report {
    size_t n_workers, n_silent;
    struct resolver_counts queries;
    struct upstream_state providers[POOL_MAX];
    size_t n_providers;
};
void generation_report(struct generation *generation, struct generation_report *ret_report);
/* The network is another one: workers and auditor make their connections anew. Not after
 * generation_drain(). */
void generation_change_network(struct generation *generation);
/* Other local resolvers, found since, are those that are asked from now on. Returns in how many ms
 * to look again. Not after generation_drain(). */
enum { GENERATION_LOCALS_MS = 5000, GENERATION_LOCALS_NEEDED_MS = 1000 };
unsigned generation_look_for_locals(struct generation *generation);
/* These providers (bit i) lead back to us, and are not asked from now on. */
void generation_bar(struct generation *generation, unsigned providers);
/* Every worker's loop has come round since this was called last. */
bool generation_is_alive(struct generation *generation);
/* Where the local resolvers were found at the start: "configuration", "NetworkManager" …, or NULL
 * when there are none. */
const char *generation_local_source(const struct generation *generation);
size_t generation_n_local(const struct generation *generation);
/* lends the local resolvers as they are known at any time, for the generation's life. */
struct locals;
struct locals *generation_locals(struct generation *generation);

#endif
