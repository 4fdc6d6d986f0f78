/* SPDX-License-Identifier: MIT */
/* Shards of chained buckets. A node stands in the headroom of its answer, one piece of memory with
 * it, and holds no key of its own: the question stands in the answer's wire form, in lower case,
 * and is compared there.
 *
 * SIEVE (Zhang et al., NSDI 2024): nodes stand in order of arrival; a hit only marks its node. To
 * make room a hand walks from the oldest to the newest, forgives marked nodes once, and takes the
 * first that is unmarked or expired. What is asked for once goes before what is asked for again. */
#include "resolver/cache/cache.h"

#include "resolver/cache/failures.h"
#include "resolver/siphash.h"

#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

enum {
    SHARDS_MAX = 64,
    SHARD_MIN_BYTES = 256 * 1024,
    BYTES_A_BUCKET = 256, /* about what an entry weighs */
    CHUNK_OVERHEAD = 8,   /* malloc's own, beside the usable size */
    WEIGHT_MAX = (1 << 20) - 1,
    HAND_STEPS_MAX = 128, /* a lock is never held for longer than so many nodes take */
};

struct node {
    struct node *chain;
    struct node *older, *newer;
    uint32_t hash;
    uint32_t held_until_s;
    uint32_t renewed_s;   /* when it was found again that nothing better is to be had; 0: never */
    uint32_t weight : 20; /* an answer is 64 KiB and its offsets at the most */
    uint32_t route : 7;
    bool want_do : 1, want_cd : 1;
    bool asked : 1; /* again, since the hand came by */
    bool told : 1;  /* somebody, that it is due */
};
_Static_assert(sizeof(struct node) <= ANSWER_HEADROOM, "a node stands in front of its answer");

struct shard {
    _Alignas(64) pthread_mutex_t lock;
    uint64_t n_hits; /* beside the lock: a hit writes to this line of memory alone */
    _Alignas(64) struct node **buckets; /* its part of the cache's */
    size_t n_buckets;                   /* a power of two */
    struct node *oldest, *newest, *hand;
    size_t limit_bytes;
    struct cache_counts counts; /* used_bytes includes the buckets */
};

struct cache {
    uint8_t secret[16];
    uint64_t max_stale_us;
    bool renew_stale;
    bool prefetch;
    struct failures *failures;
    struct node **buckets; /* of all shards: pages that nobody wrote to take no memory */
    size_t n_buckets;
    size_t n_shards; /* a power of two */
    struct shard shards[];
};

static struct answer *answer_of(const struct node *node)
{
    return answer_behind((void *)(uintptr_t)node);
}

static size_t power_of_two_up_to(size_t n)
{
    size_t power = 1;
    while (2 * power <= n) {
        power *= 2;
    }
    return power;
}

/* ---- a shard's nodes; all under its lock ---- */

static void list_add(struct shard *s, struct node *node)
{
    node->older = s->newest;
    node->newer = NULL;
    *(s->newest != NULL ? &s->newest->newer : &s->oldest) = node;
    s->newest = node;
}

static void list_remove(struct shard *s, struct node *node)
{
    if (s->hand == node) {
        s->hand = node->newer;
    }
    *(node->older != NULL ? &node->older->newer : &s->oldest) = node->newer;
    *(node->newer != NULL ? &node->newer->older : &s->newest) = node->older;
}

static struct node **bucket_of(struct shard *s, uint32_t hash)
{
    return &s->buckets[hash & (s->n_buckets - 1)];
}

/* Takes the node out; it goes onto `list` by its chain, to be freed when the lock is not held. */
static void node_remove(struct shard *s, struct node *node, struct node **list)
{
    struct node **at = bucket_of(s, node->hash);
    while (*at != node) {
        at = &(*at)->chain;
    }
    *at = node->chain;
    list_remove(s, node);
    s->counts.n_entries--;
    s->counts.used_bytes -= node->weight;
    node->chain = *list;
    *list = node;
}

static void free_nodes(struct node *list)
{
    while (list != NULL) {
        struct node *node = list;
        list = node->chain;
        answer_yield_headroom(answer_of(node));
        answer_unref(answer_of(node));
    }
}

static bool node_matches(const struct node *node, uint32_t hash, const struct cache_key *key)
{
    if (node->hash != hash || node->want_do != key->want_do || node->want_cd != key->want_cd ||
        node->route != key->route) {
        return false;
    }
    const struct question *q = key->question;
    const uint8_t *at = answer_wire(answer_of(node)).at + MESSAGE_HEADER;
    return memcmp(at, q->name.at, q->name.n) == 0 && bytes_read_u16(at + q->name.n) == q->type &&
           bytes_read_u16(at + q->name.n + 2) == q->class;
}

static struct node *find(struct shard *s, uint32_t hash, const struct cache_key *key)
{
    struct node *node = *bucket_of(s, hash);
    while (node != NULL && !node_matches(node, hash, key)) {
        node = node->chain;
    }
    return node;
}

static void evict_one(struct shard *s, uint64_t now_us, struct node **list)
{
    for (int step = 0;; step++) {
        struct node *node = s->hand != NULL ? s->hand : s->oldest;
        bool expired = answer_left_s(answer_of(node), now_us) == 0;
        if (expired || !node->asked || step == HAND_STEPS_MAX) {
            *(expired ? &s->counts.n_expired : &s->counts.n_evicted) += 1;
            s->hand = node;
            node_remove(s, node, list);
            return;
        }
        node->asked = false;
        s->hand = node->newer;
    }
}

/* ---- the whole ---- */

static struct shard *shard_of(struct cache *cache, const struct cache_key *key, uint32_t *ret_hash)
{
    uint64_t hash = siphash13(cache->secret, name_bytes(&key->question->name));
    hash ^= (uint64_t)key->question->type * UINT64_C(0x9e3779b97f4a7c15);
    *ret_hash = (uint32_t)hash;
    return &cache->shards[(hash >> 32) & (cache->n_shards - 1)];
}

static size_t count_shards(size_t size_bytes)
{
    size_t n = power_of_two_up_to(size_bytes / SHARD_MIN_BYTES + 1);
    return n < SHARDS_MAX ? n : SHARDS_MAX;
}

static void shard_init(struct shard *s, size_t limit_bytes, struct node **buckets, size_t n_buckets)
{
    pthread_mutex_init(&s->lock, NULL);
    s->limit_bytes = limit_bytes;
    s->buckets = buckets;
    s->n_buckets = n_buckets;
    s->counts.used_bytes = n_buckets * sizeof buckets[0];
}

struct cache *cache_new(const struct cache_params *params, const uint8_t secret[16])
{
    size_t n_shards = count_shards(params->size_bytes), limit_bytes = params->size_bytes / n_shards;
    size_t n_buckets = power_of_two_up_to(limit_bytes / BYTES_A_BUCKET + 1);
    size_t n_bytes = sizeof(struct cache) + n_shards * sizeof(struct shard);
    struct cache *cache = aligned_alloc(64, (n_bytes + 63) & ~(size_t)63);
    if (cache == NULL) {
        return NULL;
    }
    memset(cache, 0, n_bytes);
    memcpy(cache->secret, secret, sizeof cache->secret);
    cache->max_stale_us = (uint64_t)params->max_stale_s * 1000000;
    cache->renew_stale = params->renew_stale;
    cache->prefetch = params->prefetch == CACHE_PREFETCH_YES;
    cache->n_shards = n_shards;
    cache->n_buckets = n_shards * n_buckets;
    void *buckets = mmap(NULL, cache->n_buckets * sizeof cache->buckets[0], PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cache->failures =
        failures_new(params->failure_max_ttl_s > 0 ? params->failure_max_ttl_s : 1, secret);
    if (buckets == MAP_FAILED || cache->failures == NULL) {
        if (buckets != MAP_FAILED) {
            munmap(buckets, cache->n_buckets * sizeof cache->buckets[0]);
        }
        failures_free(cache->failures);
        free(cache);
        return NULL;
    }
    cache->buckets = buckets;
    for (size_t i = 0; i < n_shards; i++) {
        shard_init(&cache->shards[i], limit_bytes, cache->buckets + i * n_buckets, n_buckets);
    }
    return cache;
}

struct cache *cache_free(struct cache *cache)
{
    if (cache == NULL) {
        return NULL;
    }
    cache_flush(cache);
    for (size_t i = 0; i < cache->n_shards; i++) {
        pthread_mutex_destroy(&cache->shards[i].lock);
    }
    munmap(cache->buckets, cache->n_buckets * sizeof cache->buckets[0]);
    failures_free(cache->failures);
    free(cache);
    return NULL;
}

struct failures *cache_failures(const struct cache *cache)
{
    return cache->failures;
}

/* A name that many ask for falls due at a time of its own, and not with all that came with it:
 * somewhere between 88 % and 92 % of its TTL, as its hash has it. */
static bool is_due(const struct node *node, uint32_t left_s)
{
    return node->asked && !node->told &&
           left_s * UINT64_C(1000) <= answer_of(node)->ttl_s * (uint64_t)(80 + node->hash % 41);
}

static bool is_kept_stale(const struct cache *cache, const struct node *node, uint64_t now_us)
{
    const struct answer *answer = answer_of(node);
    uint64_t ended_us = answer->made_us + answer->ttl_s * UINT64_C(1000000);
    uint64_t renewed_us = node->renewed_s * UINT64_C(1000000);
    return now_us < (renewed_us > ended_us ? renewed_us : ended_us) + cache->max_stale_us;
}

static enum cache_state judge_node(const struct cache *cache, struct shard *s, struct node *node,
                                   uint64_t now_us)
{
    uint32_t left_s = answer_left_s(answer_of(node), now_us);
    if (left_s == 0) {
        s->counts.n_stale++;
        return now_us / 1000000 < node->held_until_s ? CACHE_HELD : CACHE_STALE;
    }
    s->n_hits++;
    if (cache->prefetch && is_due(node, left_s)) {
        node->told = true;
        return CACHE_DUE;
    }
    return CACHE_FRESH;
}

struct answer *cache_take(struct cache *cache, const struct cache_key *key, uint64_t now_us,
                          enum cache_state *ret_state)
{
    uint32_t hash;
    struct node *removed = NULL;
    struct answer *answer = NULL;
    struct shard *s = shard_of(cache, key, &hash);
    *ret_state = CACHE_NONE;
    pthread_mutex_lock(&s->lock);
    struct node *node = find(s, hash, key);
    if (node != NULL && !is_kept_stale(cache, node, now_us)) {
        s->counts.n_expired++;
        node_remove(s, node, &removed);
        node = NULL;
    }
    if (node != NULL) {
        *ret_state = judge_node(cache, s, node, now_us);
        if (!node->asked) {
            node->asked = true; /* what is not written is not fetched from another core */
        }
        answer = answer_ref(answer_of(node));
    } else {
        s->counts.n_misses++;
    }
    pthread_mutex_unlock(&s->lock);
    free_nodes(removed);
    return answer;
}

void cache_hold(struct cache *cache, const struct cache_key *key, uint64_t now_us,
                uint64_t until_us)
{
    uint32_t hash;
    struct shard *s = shard_of(cache, key, &hash);
    pthread_mutex_lock(&s->lock);
    struct node *node = find(s, hash, key);
    if (node != NULL) {
        node->held_until_s = (uint32_t)(until_us / 1000000);
        node->renewed_s = cache->renew_stale ? (uint32_t)(now_us / 1000000) : 0;
    }
    pthread_mutex_unlock(&s->lock);
}

/* gives a node with `answer` behind it; NULL without memory. */
static struct node *node_new(const struct cache_key *key, uint32_t hash,
                             const struct answer *answer)
{
    struct answer *kept = answer_claim_headroom(answer);
    if (kept == NULL) {
        return NULL;
    }
    struct node *node = answer_headroom(kept);
    *node = (struct node){
        .hash = hash,
        .weight = (uint32_t)(malloc_usable_size(node) + CHUNK_OVERHEAD) & WEIGHT_MAX,
        .want_do = key->want_do,
        .want_cd = key->want_cd,
        .route = key->route & (CACHE_ROUTES - 1u),
    };
    return node;
}

/* Under the lock. */
static void link_node(struct shard *s, struct node *node)
{
    struct node **bucket = bucket_of(s, node->hash);
    node->chain = *bucket;
    *bucket = node;
    list_add(s, node);
    s->counts.n_entries++;
    s->counts.n_stored++;
    s->counts.used_bytes += node->weight;
}

void cache_put(struct cache *cache, const struct cache_key *key, const struct answer *answer)
{
    uint32_t hash;
    struct node *removed = NULL;
    struct shard *s = shard_of(cache, key, &hash);
    struct node *node = answer->ttl_s > 0 ? node_new(key, hash, answer) : NULL;
    if (node != NULL && node->weight > s->limit_bytes / 4) {
        free_nodes(node);
        node = NULL;
    }
    pthread_mutex_lock(&s->lock);
    struct node *old = find(s, hash, key);
    if (old != NULL) {
        if (node != NULL) {
            node->asked = old->asked;
        }
        node_remove(s, old, &removed);
    }
    while (node != NULL && s->oldest != NULL &&
           s->counts.used_bytes + node->weight > s->limit_bytes) {
        evict_one(s, answer->made_us, &removed);
    }
    if (node != NULL) {
        link_node(s, node);
    }
    pthread_mutex_unlock(&s->lock);
    free_nodes(removed);
}

void cache_flush(struct cache *cache)
{
    failures_flush(cache->failures);
    for (size_t i = 0; i < cache->n_shards; i++) {
        struct shard *s = &cache->shards[i];
        struct node *removed = NULL;
        pthread_mutex_lock(&s->lock);
        while (s->oldest != NULL) {
            node_remove(s, s->oldest, &removed);
        }
        pthread_mutex_unlock(&s->lock);
        free_nodes(removed);
    }
}

void cache_count(struct cache *cache, struct cache_counts *ret_counts)
{
    struct cache_counts sum = {0};
    for (size_t i = 0; i < cache->n_shards; i++) {
        struct shard *s = &cache->shards[i];
        pthread_mutex_lock(&s->lock);
        sum.n_hits += s->n_hits;
        sum.n_misses += s->counts.n_misses;
        sum.n_stale += s->counts.n_stale;
        sum.n_stored += s->counts.n_stored;
        sum.n_evicted += s->counts.n_evicted;
        sum.n_expired += s->counts.n_expired;
        sum.n_entries += s->counts.n_entries;
        sum.used_bytes += s->counts.used_bytes;
        pthread_mutex_unlock(&s->lock);
    }
    *ret_counts = sum;
}
