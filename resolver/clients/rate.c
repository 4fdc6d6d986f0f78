/* SPDX-License-Identifier: MIT */
#include "resolver/clients/rate.h"

#include "resolver/siphash.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { IPV4_BEFORE = 96 };

struct rate {
    struct rate_params params;
    uint64_t token_us, full_us; /* to win back one token, and all of them */
    uint8_t secret[16];
    _Atomic uint64_t full_at_us[RATE_ROWS][RATE_BUCKETS];
};

struct rate *rate_new(const struct rate_params *params, const uint8_t secret[16])
{
    struct rate *r = calloc(1, sizeof *r);
    if (r != NULL) {
        r->params = *params;
        r->token_us = 1000000 / params->per_s;
        r->full_us = r->token_us * params->burst;
        memcpy(r->secret, secret, sizeof r->secret);
    }
    return r;
}

struct rate *rate_free(struct rate *rate)
{
    free(rate);
    return NULL;
}

static uint64_t hash_of(const struct rate *r, const struct client_address *client)
{
    uint8_t network[16];
    unsigned bits =
        client->kind == CLIENT_IPV4 ? IPV4_BEFORE + r->params.ipv4_bits : r->params.ipv6_bits;
    memcpy(network, client->at, sizeof network);
    client_address_mask(network, bits);
    return siphash13(r->secret, bytes_of(network, sizeof network));
}

/* A token less: the bucket is full so much later. A race between workers loses one token at most.
 */
static void spend(struct rate *r, _Atomic uint64_t *full_at_us, uint64_t now_us)
{
    uint64_t at_us = atomic_load_explicit(full_at_us, memory_order_relaxed);
    at_us = (at_us > now_us ? at_us : now_us) + r->token_us;
    atomic_store_explicit(full_at_us, at_us, memory_order_relaxed);
}

bool rate_take(struct rate *r, const struct client_address *client, uint64_t now_us)
{
    uint64_t hash = hash_of(r, client);
    _Atomic uint64_t *buckets[RATE_ROWS];
    bool has_token = false;
    for (size_t i = 0; i < RATE_ROWS; i++) {
        buckets[i] = &r->full_at_us[i][(hash >> (32 * i)) % RATE_BUCKETS];
        uint64_t at_us = atomic_load_explicit(buckets[i], memory_order_relaxed);
        has_token = has_token || at_us + r->token_us <= now_us + r->full_us;
    }
    for (size_t i = 0; i < RATE_ROWS && has_token; i++) {
        spend(r, buckets[i], now_us);
    }
    return has_token;
}
