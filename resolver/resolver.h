/* SPDX-License-Identifier: MIT */
/* The façade of the resolver: ask, and be answered. One resolver a worker, on that worker's port;
 * only the cache and the auditor behind it are shared.
 *
 * Every question asked is answered exactly once, or was dropped by rule (PROMISES M1, M2; access
 * and rate, when so configured). Bounds: params.max_queries live queries; over it the newcomer is
 * answered from the cache, else SERVFAIL. */
#ifndef RESOLVER_RESOLVER_H
#define RESOLVER_RESOLVER_H

#include "resolver/audit/audit.h"
#include "resolver/cache/claims.h"
#include "resolver/clients/clients.h"
#include "resolver/policy/policy.h"
#include "resolver/upstream/pool.h"
#include "resolver/wire/reply.h"

struct resolver;

/* What a question is answered with that no provider takes (PROVIDERS §11). */
enum resolver_unserved { UNSERVED_SERVFAIL, UNSERVED_NOTIMP, UNSERVED_REFUSED };

struct resolver_params {
    uint32_t query_timeout_ms; /* the budget of one query; a stub gives up after 5 s */
    enum resolver_unserved unserved;
    struct cache_stale stale;
    size_t max_queries;
    struct clients *clients;         /* borrowed; NULL: everybody may ask, as much as they like */
    const struct pool_route *routes; /* borrowed; route i + 1 of a policy is routes[i] */
    size_t n_routes;
    struct claims *claims;   /* borrowed; shared by all that ask for the same cache; NULL: alone */
    void (*wake)(void *ctx); /* with claims: from any thread, for resolver_on_woken() */
    void *wake_ctx;
};

/* Of a query that asks for itself; all zero: a client's. */
struct resolver_chase {
    unsigned depth;  /* how deep that goes */
    bool makes_aaaa; /* it makes AAAA records of what it is told (DNS64) */
};

/* Who asked: kept by value until the answer. `on_reply` is called once when resolver_ask() said
 * PENDING; the reply is borrowed during the call. `room` is the listener's to use. */
struct resolver_client {
    void (*on_reply)(const struct resolver_client *client, struct bytes reply);
    void *listener;
    size_t reply_limit; /* octets; 0: by the query's EDNS size and our UDP cap */
    /* Who it is: lent during resolver_ask(). Needed where resolver_params has clients. */
    const struct client_address *from;
    bool is_stream;
    struct resolver_chase chase;
    uint16_t keepalive_ds; /* of a stream: how long it may be idle (RFC 7828), in 100 ms */
    _Alignas(8) uint8_t room[96];
};

enum resolver_outcome {
    RESOLVER_ANSWERED = 1, /* the reply was put into `out` */
    RESOLVER_PENDING,      /* client->on_reply will be called */
    RESOLVER_DROPPED,      /* by rule: no reply, ever */
    RESOLVER_GARBLED,      /* the same, over a stream alone: no message, or not one */
    RESOLVER_DENIED,       /* the same: who asks may not */
    RESOLVER_LIMITED,      /* the same: it asks too often */
    RESOLVER_BLOCKED,      /* the same: a policy zone wants it so */
};

/* Counters of one resolver. The identity (PROMISES §5.1):
 * n_received = n_answered + n_dropped + n_live. */
struct resolver_counts {
    uint64_t n_received, n_answered, n_dropped, n_servfail, n_coalesced, n_hedged;
    uint64_t n_blocked;   /* told that a list blocks the name, or dropped for that */
    uint64_t n_rebinding; /* answers withheld by the rebinding guard */
    uint64_t n_stale;     /* answered with a stale answer */
    size_t n_live;
    size_t n_refreshing; /* queries that no client waits for any more */
};

/* Borrows port, cache, pool and audit (may be NULL) for its life. gives NULL without memory. */
struct resolver *resolver_new(const struct resolver_params *params, struct port *port,
                              struct cache *cache, struct pool *pool, struct audit *audit);
/* Live queries are answered SERVFAIL (EDE 14 not ready) first. */
struct resolver *resolver_free(struct resolver *resolver);

/* What is decided from now on: takes the policy (one reference); NULL: the defaults. */
void resolver_set_policy(struct resolver *resolver, struct policy *policy);

/* Asks. `message` is borrowed during the call; `out` takes the reply when there is one at once:
 * REPLY_ERROR_MAX octets of room at least (a longer reply that does not fit goes out truncated).
 * `client` is copied when the answer has to wait. */
enum resolver_outcome resolver_ask(struct resolver *resolver, struct bytes message,
                                   const struct resolver_client *client, struct buf *out);

/* After params.wake, on the resolver's own thread: what other resolvers learnt is taken over. */
void resolver_on_woken(struct resolver *resolver);

/* Calls on_drained once no query is live any more; at once, from inside, when none is. */
void resolver_drain(struct resolver *resolver, void (*on_drained)(void *ctx), void *ctx);
void resolver_count(const struct resolver *resolver, struct resolver_counts *ret_counts);

#endif
