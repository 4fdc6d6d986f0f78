/* SPDX-License-Identifier: MIT */
/* Answers remembered, by (name, type, class, DO, CD, route). Shared by all workers: split into
 * shards, each under its own lock, held for a lookup or a link only. Keyed hash (SipHash-1-3, K8).
 * Evicts by SIEVE: an entry that was never asked again goes before one that was (scan-resistant),
 * an expired one before all. Expired entries are kept for max_stale_s (RFC 8767).
 *
 * Does not know upstreams or clients. Bound: params.size_bytes for
 * answers, nodes and buckets together (± 5 %). An answer larger than a quarter of a shard is not
 * kept. */
#ifndef RESOLVER_CACHE_CACHE_H
#define RESOLVER_CACHE_CACHE_H

#include "resolver/wire/answer.h"

struct cache;
struct failures;

enum cache_prefetch { CACHE_PREFETCH_NO, CACHE_PREFETCH_YES /* CACHE_DUE is said */ };

struct cache_params {
    size_t size_bytes; /* 0: nothing is kept */
    uint32_t min_ttl_s;
    uint32_t max_ttl_s;
    uint32_t negative_max_ttl_s;
    uint32_t max_stale_s; /* how long after its TTL an answer may still be lent; 0: not at all */
    bool renew_stale;     /* cache_hold() begins max_stale_s anew: what is asked for stays */
    enum cache_prefetch prefetch;
    uint32_t failure_max_ttl_s; /* for failures_new(); 0 counts as 1 */
};

/* How answers past their TTL are given (RFC 8767 section 5); for who asks the cache. */
struct cache_stale {
    uint32_t after_ms;  /* a client waits so long for a fresh one first; 0: not at all, the asking
                           goes on without it */
    uint32_t ttl_s;     /* what a client is told of their TTLs */
    uint32_t recheck_s; /* after a failure they are given for so long without asking */
};

enum { CACHE_ROUTES = 128 };

struct cache_key {
    const struct question *question; /* name in lower case */
    bool want_do;
    bool want_cd;
    uint8_t route; /* whom it is asked of: a number, below CACHE_ROUTES */
};

struct cache_counts {
    uint64_t n_hits, n_misses, n_stale, n_stored, n_evicted, n_expired;
    size_t n_entries, used_bytes;
};

/* `secret` keys the hash: 16 unpredictable octets. gives a cache, or NULL without memory. */
struct cache *cache_new(const struct cache_params *params, const uint8_t secret[16]);
struct cache *cache_free(struct cache *cache);

enum cache_state {
    CACHE_NONE,  /* nothing is known */
    CACHE_FRESH, /* within its TTL */
    CACHE_DUE,   /* the same, asked for again and again, and 90 % of the TTL have passed, more or
                    less by chance: who is told should ask for it anew. One is told. */
    CACHE_STALE, /* past its TTL: better than no answer (RFC 8767) */
    CACHE_HELD,  /* stale, and it was lately tried in vain to get a fresh one: cache_hold() */
};

/* gives a reference to the answer for `key` and says what it is worth; NULL with CACHE_NONE. */
struct answer *cache_take(struct cache *cache, const struct cache_key *key, uint64_t now_us,
                          enum cache_state *ret_state);

/* From now on until `until_us` a stale answer for `key` is CACHE_HELD: RFC 8767 section 5's failure
 * recheck timer. */
void cache_hold(struct cache *cache, const struct cache_key *key, uint64_t now_us,
                uint64_t until_us);

/* Remembers `answer` (the cache takes a reference of its own) in place of what was there for the
 * key. One that cannot be kept (ttl_s 0, too large, no memory) leaves nothing there: what it
 * supersedes would be told as stale. */
void cache_put(struct cache *cache, const struct cache_key *key, const struct answer *answer);

/* lends what is kept of questions without an answer (failures.h), as long as the cache lives. */
struct failures *cache_failures(const struct cache *cache);

/* Failures too. */
void cache_flush(struct cache *cache);
void cache_count(struct cache *cache, struct cache_counts *ret_counts);

#endif
