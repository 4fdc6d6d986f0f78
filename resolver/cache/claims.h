/* SPDX-License-Identifier: MIT */
/* Which worker asks for what: the first to miss claims the question, the others wait for its
 * answer. Shared by all workers; what is heard goes into the mailbox of the waiting worker, whose
 * thread takes it from there.
 *
 * Knows neither upstreams nor clients. Bound: none of its own, a claim belongs to its query. */
#ifndef RESOLVER_CACHE_CLAIMS_H
#define RESOLVER_CACHE_CLAIMS_H

#include "resolver/cache/cache.h"

#include <pthread.h>

struct claims;
struct claim;

/* One a worker. `wake` is called from other threads, and must not wait: it has the worker's own
 * thread call mailbox_take(). */
struct mailbox {
    pthread_mutex_t lock;
    struct claim *first; /* oldest */
    struct claim **last;
    void (*wake)(void *ctx);
    void *ctx;
};

void mailbox_init(struct mailbox *mailbox, void (*wake)(void *ctx), void *ctx);
/* No claim may be left in it. */
void mailbox_done(struct mailbox *mailbox);

enum claim_state { CLAIM_HELD, CLAIM_WAITING, CLAIM_TOLD };

/* Embedded in a query; zeroed before first use. */
struct claim {
    bool live;              /* the owner's: taken and not ended */
    enum claim_state state; /* under the bucket's lock */
    struct cache_key key;   /* borrowed while the claim is live */
    uint64_t hash;
    struct mailbox *mailbox;
    struct answer *answer; /* once TOLD: one reference, NULL when there is none */
    struct claim *next;    /* in its bucket, among the waiting, or in the mailbox */
    struct claim *waiting; /* for this one, newest first */
};

/* gives NULL without memory. `secret` keys the hash: 16 unpredictable octets. */
struct claims *claims_new(const uint8_t secret[16]);
/* Every claim must have ended. */
struct claims *claims_free(struct claims *claims);

/* True: the question is `claim`'s to ask (HELD). False: another asks for it already; the claim
 * waits, and comes into `mailbox` when that one ends. */
bool claims_take(struct claims *claims, struct claim *claim, const struct cache_key *key,
                 struct mailbox *mailbox);

/* Ends a claim, live or not. One that was held tells those that wait for it, each with a
 * reference of its own to `answer` (borrowed; NULL: there is none, and they may ask themselves). */
void claims_end(struct claims *claims, struct claim *claim, struct answer *answer);

/* lends the oldest claim in the mailbox, ended; its answer is given. NULL when there is none. */
struct claim *mailbox_take(struct claims *claims, struct mailbox *mailbox);

#endif
