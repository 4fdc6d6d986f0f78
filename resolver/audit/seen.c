/* SPDX-License-Identifier: MIT */
#include "resolver/audit/seen.h"

uint64_t seen_key(const struct seen *seen, uint64_t so_far, struct bytes part)
{
    /* FNV-1a from a secret start, its length mixed in so that parts do not run into another. */
    uint64_t hash = (so_far ^ seen->secret ^ 0xcbf29ce484222325u) + part.n;
    for (size_t i = 0; i < part.n; i++) {
        hash = (hash ^ part.at[i]) * 0x100000001b3u;
    }
    hash ^= hash >> 32;
    hash *= 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 29;
}

bool seen_has(const struct seen *seen, uint64_t key, uint64_t now_us)
{
    const struct seen_entry *set = seen->at[key % SEEN_SETS];
    for (size_t i = 0; i < SEEN_WAYS; i++) {
        if (set[i].key == key && set[i].until_us > now_us) {
            return true;
        }
    }
    return false;
}

void seen_put(struct seen *seen, uint64_t key, uint64_t until_us)
{
    struct seen_entry *set = seen->at[key % SEEN_SETS];
    struct seen_entry *place = &set[0];
    for (size_t i = 0; i < SEEN_WAYS; i++) {
        if (set[i].key == key && set[i].until_us != 0) {
            place = &set[i];
            break;
        }
        if (set[i].until_us < place->until_us) {
            place = &set[i];
        }
    }
    *place = (struct seen_entry){.key = key, .until_us = until_us};
}

void seen_forget(struct seen *seen, uint64_t key)
{
    struct seen_entry *set = seen->at[key % SEEN_SETS];
    for (size_t i = 0; i < SEEN_WAYS; i++) {
        if (set[i].key == key) {
            set[i].until_us = 0;
        }
    }
}
