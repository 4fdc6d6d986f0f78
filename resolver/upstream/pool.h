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
#include "resolver/upstream/health.h"
#include "resolver/upstream/kept.h"

#include <stdatomic.h>

enum { POOL_MAX = 17 /* sixteen as configured, and the local resolvers */ };

enum pool_strategy {
    POOL_FAILOVER, /* in configured order */
    POOL_FASTEST,  /* the better of two drawn at random; now and then the other beside it */
    POOL_RACE,     /* several at once, in configured order */
    POOL_SPREAD,   /* by the name asked for, so that no provider sees everything */
};

struct pool_params {
    const struct provider_params *providers; /* borrowed for the pool's life */
    size_t n_providers;                      /* 1 … POOL_MAX */
    size_t max_attempts;
    enum pool_strategy strategy;
    uint32_t n_race;           /* with POOL_RACE: how many at once */
    size_t max_in_flight;      /* attempts at one provider while others have room; 0: no matter */
    size_t max_serial;         /* the same where a connection takes one request at a time */
    uint32_t patience_max_ms;  /* for pool_patience_us() */
    const atomic_uint *barred; /* bit i: provider i is a server that leads back to us, and is not
                                  asked; borrowed for the pool's life; NULL: none does */
    struct plain
        *bootstrap; /* borrowed; finds the addresses of providers that have none; may be NULL */
    const struct kept *kept; /* borrowed by pool_new(): where they were good before; may be NULL */
    /* A host was reached at these for the first time; may be NULL. */
    void (*on_reached)(void *ctx, const char *host, const char *const *addresses, size_t n);
    void *on_reached_ctx;
    /* A provider was well and has just been set aside, or does not take our credentials, and why,
     * for a person; may be NULL. */
    void (*on_aside)(void *ctx, unsigned provider, const char *name, const char *why);
    void *on_aside_ctx;
    bool minimal;                                      /* for answer_read() … */
    uint32_t min_ttl_s, max_ttl_s, negative_max_ttl_s; /* … as well */
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
    bool want_do, want_cd;
    bool races;  /* beside others, which are asked at this moment too: only who is well */
    bool beside; /* others have been asked and may answer yet: nobody who asked for silence */
};

/* The provider to try next: of those on the route that are not in `tried`, are well and have room,
 * the one that the strategy prefers; failing that, one that has no room, then one that was set
 * aside (health.h): so long as any is left, somebody is asked. One that asked for silence is asked
 * once a second at most, and only if it is the last and nothing else is under way. -ENOENT when
 * nobody is left, -EAGAIN when nobody is but who asked for silence. Before them all comes one that
 * is being asked for the name's other address family, if its reply tells of both.
 *
 * A provider set aside whose time is up is tried out with this question beside the one chosen:
 * no query waits for that. */
int pool_next(struct pool *pool, const struct pool_wish *wish);

/* How many providers are asked at once for a new query, if so many are well: 1 but for POOL_RACE.
 */
unsigned pool_at_once(const struct pool *pool);

/* How long an attempt at `provider` is usually over: about its p95 (health.h); 10 ms at least,
 * patience_max_ms at most, half of that before anything is known. */
uint64_t pool_patience_us(const struct pool *pool, unsigned provider);

/* May a query that `provider` has left waiting for `silent_us` ask another one too? Yes, while
 * such second attempts are few (one in eight of what was asked lately), or when nothing at all has
 * been heard from that provider for a while, or so late an answer would count as its failure. */
bool pool_may_hedge(struct pool *pool, unsigned provider, uint64_t silent_us);

/* It has just failed more than once, or is set aside: what broke there had better be asked
 * elsewhere, if there is anybody. */
bool pool_is_shaky(const struct pool *pool, unsigned provider);

/* Packets to it get lost, so that its requests are spread over several connections: one that is
 * late may be sent to it again on another. */
bool pool_is_spread(const struct pool *pool, unsigned provider);
/* It is asked over HTTP, where a request can get lost though its connection lives. Plain DNS
 * repeats its datagram by itself. */
bool pool_asks_over_http(const struct pool *pool, unsigned provider);
/* Whether a whole reply of it has come since then. */
bool pool_was_heard(const struct pool *pool, unsigned provider, uint64_t since_us);

/* What was asked then waits its turn, as far as can be seen: much is under way there, and nothing
 * that was asked later is answered yet. Asked twice it would but make the line longer. */
bool pool_is_in_line(const struct pool *pool, unsigned provider, uint64_t began_us);

/* It is set aside, or asked for silence. */
bool pool_is_aside(const struct pool *pool, unsigned provider);

/* The network is another one: what was learnt on the old one is forgotten, addresses are asked for
 * again, and attempts under way end with RETRY_SAME, as their connections are shut down. */
void pool_change_network(struct pool *pool);
/* Only the local resolvers are others: providers whose addresses are not known ask again. */
void pool_change_locals(struct pool *pool);

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
    unsigned turn;         /* its wish's */
    struct answer *answer; /* with ANSWERED: given to the callback (one reference). With RETRY_NEXT
                              it may hold SERVFAIL, REFUSED or NOTIMP, which tell why, or an
                              unexplained NODATA, the best there is if all fail */
    struct answer *other;  /* given, where the reply told of the name's other address family as
                              well, and for certain; NULL else. Whatever the verdict is */
    bool of_path;          /* it failed on the way: the provider itself has said nothing */
    bool was_doubted;      /* no whole reply came, and meanwhile attempt_doubt() may have given up
                              its connection */
    enum ede ede;          /* why not: 22 unreachable, 23 network, 24 invalid data … */
    const char *detail;    /* one line for a person, borrowed during the call */
    bool is_unsure;        /* the name may deserve it: see pool_contradict() */
};

/* These providers (a mask) failed the question in a way that is_unsure, and another one has now
 * answered it: their own failures after all; once for each site, so long as they answer others. */
void pool_contradict(struct pool *pool, unsigned providers, const struct question *question);

/* Starts an attempt; `on_end` is called once, never from inside attempt_start, with the attempt
 * already freed. gives *ret_attempt, to be freed (= cancelled) until on_end. -ENOMEM, -EBUSY at
 * max_attempts, -ENOTSUP when that provider cannot be asked this, -ESHUTDOWN while it wants to be
 * asked nothing, -ENOSYS when an algorithm for it is missing, or why the request could not be built
 * otherwise. */
struct attempt_wish {
    const struct question *question; /* borrowed until the end */
    unsigned provider;
    bool want_do, want_cd;
    bool fresh; /* on a new connection */
    bool renew; /* on one that takes the place of those there are, if these are found to swallow */
    const struct attempt *apart_from; /* on another connection than this one; NULL: no matter */
    unsigned turn; /* which of several at once at the same provider; the asker's own number */
    void (*on_end)(void *ctx, struct attempt_end *end);
    void *ctx;
};
int attempt_start(struct pool *pool, const struct attempt_wish *wish, struct attempt **ret_attempt);
/* Takes NULL; returns NULL. A cancelled attempt says nothing about its provider. With `listen` (it
 * has been silent for longer than its provider usually is, or has lost a race) it is not cancelled
 * while there is room: the pool waits for its end, so as to learn whether the provider is slow or
 * dead. */
struct attempt *attempt_free(struct attempt *attempt, bool listen);

/* The attempt has been silent for longer than its provider usually is: a connection that shows no
 * sign of life is given up, and the attempt then ends with RETRY_SAME. */
void attempt_doubt(struct attempt *attempt);

/* What an attempt's end means; pure. `found` is a driver_class, or the failure of reading the
 * reply; `rcode` is the answer's. `was_fresh`: the connection was new; `was_again`: it is itself
 * the second try that AGAIN or CLOCK call for. */
enum attempt_verdict attempt_judge(enum exchange_result result, int found, uint16_t rcode,
                                   bool was_fresh, bool was_again);

/* What a provider said that was not believed: counted, for whoever watches over it. */
enum upstream_refusal {
    REFUSAL_MALFORMED,      /* not one well-formed DNS message */
    REFUSAL_NOT_A_RESPONSE, /* a query, or another opcode */
    REFUSAL_WRONG_QUESTION, /* an answer to what was not asked */
    REFUSAL_TRUNCATED,      /* TC where it cannot be */
    REFUSAL_CHAIN,          /* aliases in a circle, or too many */
    REFUSAL_TOO_LARGE,      /* more octets than a reply may have */
    REFUSAL_NO_REPLY,       /* another media type, no JSON of its protocol: no reply */
    REFUSAL_RCODE,          /* an rcode that is no end of what was asked: BADVERS, 13 … */
    UPSTREAM_REFUSALS,
};
/* "malformed" … */
const char *upstream_refusal_word(enum upstream_refusal refusal);

/* Where a provider's addresses come from. */
enum upstream_addresses {
    ADDRESSES_NONE,
    ADDRESSES_IN_URL,
    ADDRESSES_CONFIGURED,
    ADDRESSES_PRESET,
    ADDRESSES_KEPT,
    ADDRESSES_LOOKED_UP,
    ADDRESSES_BY_PROVIDER,
    ADDRESSES_BY_VENDOR, /* the provider itself named others */
};
/* "configured", "looked-up" …: for people and machines, for ever. */
const char *upstream_addresses_word(enum upstream_addresses source);

/* What is known of provider i, for status output; strings are lent by the configuration. */
struct upstream_state {
    const char *name;
    enum health_state health;
    bool down; /* anything but closed */
    uint64_t n_sent, n_good, n_failed;
    uint64_t n_refused[UPSTREAM_REFUSALS];
    unsigned failures_in_row;
    uint32_t error_ppm;
    uint64_t latency_us, patience_us;
    size_t n_live;
    const char *const *addresses; /* lent until the pool is freed */
    size_t n_addresses;
    enum upstream_addresses source;
    bool wants_get;
    const char *trouble;     /* why it failed last, NULL once it is good again; lent for ever */
    enum exchange_http http; /* spoken last on this network */
};
/* "http/2" …: for people and machines, for ever. */
const char *upstream_http_word(enum exchange_http http);
void pool_state(const struct pool *pool, unsigned provider, struct upstream_state *ret_state);

#endif
