/* SPDX-License-Identifier: MIT */
/* An open table with linear probing: a slot without connections is empty, and what stands behind
 * one that empties moves up, so that no mark of the dead is needed. */
#include "daemon/tally.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

enum { IPV6_CLIENT_BITS = 64 };

struct tally_slot {
    uint8_t key[16];
    unsigned n; /* 0: empty */
};

struct tally {
    pthread_mutex_t lock;
    size_t max, n_clients;
    size_t mask;
    struct tally_slot slots[];
};

struct tally *tally_new(size_t max)
{
    size_t n_slots = 16;
    while (n_slots < 2 * max) {
        n_slots *= 2;
    }
    struct tally *t = calloc(1, sizeof *t + n_slots * sizeof t->slots[0]);
    if (t == NULL || pthread_mutex_init(&t->lock, NULL) != 0) {
        free(t);
        return NULL;
    }
    t->max = max;
    t->mask = n_slots - 1;
    return t;
}

struct tally *tally_free(struct tally *t)
{
    if (t != NULL) {
        pthread_mutex_destroy(&t->lock);
        free(t);
    }
    return NULL;
}

void tally_key(const struct client_address *client, uint8_t ret_key[16])
{
    memcpy(ret_key, client->at, 16);
    if (client->kind == CLIENT_IPV6 && !client->is_own) {
        client_address_mask(ret_key, IPV6_CLIENT_BITS);
    }
}

/* The table is twice as large as it is ever full, and who is let in is not many: no secret needed.
 */
static size_t home_of(const struct tally *t, const uint8_t key[16])
{
    uint64_t h = 0;
    for (size_t i = 0; i < 16; i++) {
        h = (h ^ key[i]) * UINT64_C(0x100000001b3);
    }
    return (size_t)(h ^ h >> 32) & t->mask;
}

/* The key's slot, or the empty one where it would stand. */
static size_t find(const struct tally *t, const uint8_t key[16])
{
    size_t i = home_of(t, key);
    while (t->slots[i].n > 0 && memcmp(t->slots[i].key, key, 16) != 0) {
        i = (i + 1) & t->mask;
    }
    return i;
}

unsigned tally_add(struct tally *t, const uint8_t key[16])
{
    pthread_mutex_lock(&t->lock);
    struct tally_slot *slot = &t->slots[find(t, key)];
    assert(slot->n > 0 || t->n_clients < t->max);
    t->n_clients += slot->n == 0;
    memcpy(slot->key, key, 16);
    unsigned n = ++slot->n;
    pthread_mutex_unlock(&t->lock);
    return n;
}

/* Closes the gap at `hole`: what would be missed behind it moves up. */
static void close_gap(struct tally *t, size_t hole)
{
    for (size_t i = (hole + 1) & t->mask; t->slots[i].n > 0; i = (i + 1) & t->mask) {
        size_t home = home_of(t, t->slots[i].key);
        bool reaches_hole = ((i - home) & t->mask) >= ((i - hole) & t->mask);
        if (reaches_hole) {
            t->slots[hole] = t->slots[i];
            t->slots[i].n = 0;
            hole = i;
        }
    }
}

void tally_remove(struct tally *t, const uint8_t key[16])
{
    pthread_mutex_lock(&t->lock);
    size_t i = find(t, key);
    assert(t->slots[i].n > 0);
    if (--t->slots[i].n == 0) {
        t->n_clients--;
        close_gap(t, i);
    }
    pthread_mutex_unlock(&t->lock);
}
