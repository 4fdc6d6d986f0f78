/* SPDX-License-Identifier: MIT */
#include "resolver/cache/failures.h"

#include "resolver/siphash.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { WAYS = 4, SETS = FAILURES / WAYS };

/* An entry is remembered for as long again as it was kept, so that the next failure is known to
 * follow it. hold_s 0: none. */
struct entry {
    uint64_t hash;
    uint64_t until_us;
    uint32_t hold_s;
    struct failure failure;
};

struct failures {
    uint8_t secret[16];
    uint32_t max_s;
    atomic_bool any; /* since the last flush: mostly there is none, and no lock to take */
    pthread_mutex_t lock;
    struct entry entries[FAILURES];
};

struct failures *failures_new(uint32_t max_s, const uint8_t secret[16])
{
    struct failures *f =
        calloc(1, sizeof *f); /* fresh pages: what is not written takes no memory */
    if (f == NULL) {
        return NULL;
    }
    memcpy(f->secret, secret, sizeof f->secret);
    f->max_s = max_s;
    pthread_mutex_init(&f->lock, NULL);
    return f;
}

struct failures *failures_free(struct failures *f)
{
    if (f != NULL) {
        pthread_mutex_destroy(&f->lock);
        free(f);
    }
    return NULL;
}

static uint64_t hash_of(const struct failures *f, const struct cache_key *key)
{
    uint64_t rest = (uint64_t)key->route << 48 | (uint64_t)key->question->class << 32 |
                    (uint64_t)key->question->type << 2 | (key->want_do ? 2u : 0u) |
                    (key->want_cd ? 1u : 0u);
    return siphash13(f->secret, name_bytes(&key->question->name)) ^
           rest * UINT64_C(0x9e3779b97f4a7c15);
}

/* lends the entry of that hash; NULL when there is none. Under the lock. */
static struct entry *find(struct failures *f, uint64_t hash)
{
    struct entry *set = &f->entries[hash % SETS * WAYS];
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].hold_s != 0 && set[i].hash == hash) {
            return &set[i];
        }
    }
    return NULL;
}

static struct entry *make_room(struct failures *f, uint64_t hash)
{
    struct entry *set = &f->entries[hash % SETS * WAYS], *first = set;
    for (size_t i = 1; i < WAYS; i++) {
        first = set[i].until_us < first->until_us ? &set[i] : first;
    }
    return first;
}

bool failures_find(struct failures *f, const struct cache_key *key, uint64_t now_us,
                   struct failure *ret_failure)
{
    if (!atomic_load_explicit(&f->any, memory_order_relaxed)) {
        return false;
    }
    uint64_t hash = hash_of(f, key);
    pthread_mutex_lock(&f->lock);
    const struct entry *entry = find(f, hash);
    bool kept = entry != NULL && now_us < entry->until_us;
    if (kept) {
        *ret_failure = entry->failure;
    }
    pthread_mutex_unlock(&f->lock);
    return kept;
}

void failures_note(struct failures *f, const struct cache_key *key, enum failure_of whose,
                   const struct failure *failure, uint64_t now_us)
{
    uint32_t max_s =
        whose == FAILURE_OF_PATH && f->max_s > FAILURES_PATH_MAX_S ? FAILURES_PATH_MAX_S : f->max_s;
    uint64_t hash = hash_of(f, key);
    pthread_mutex_lock(&f->lock);
    atomic_store_explicit(&f->any, true, memory_order_relaxed);
    struct entry *entry = find(f, hash);
    uint32_t hold_s = 1;
    if (entry == NULL) {
        entry = make_room(f, hash);
    } else if (now_us < entry->until_us + entry->hold_s * UINT64_C(1000000)) {
        hold_s = 2 * entry->hold_s < max_s ? 2 * entry->hold_s : max_s;
    }
    *entry = (struct entry){hash, now_us + hold_s * UINT64_C(1000000), hold_s, *failure};
    pthread_mutex_unlock(&f->lock);
}

void failures_forget(struct failures *f, const struct cache_key *key)
{
    if (!atomic_load_explicit(&f->any, memory_order_relaxed)) {
        return;
    }
    uint64_t hash = hash_of(f, key);
    pthread_mutex_lock(&f->lock);
    struct entry *entry = find(f, hash);
    if (entry != NULL) {
        *entry = (struct entry){0};
    }
    pthread_mutex_unlock(&f->lock);
}

void failures_flush(struct failures *f)
{
    pthread_mutex_lock(&f->lock);
    if (atomic_load_explicit(&f->any, memory_order_relaxed)) {
        for (size_t i = 0; i < FAILURES; i++) {
            f->entries[i].hold_s = 0;
        }
        atomic_store_explicit(&f->any, false, memory_order_relaxed);
    }
    pthread_mutex_unlock(&f->lock);
}
