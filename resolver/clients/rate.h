/* SPDX-License-Identifier: MIT */
/* How often each client network is answered: a bucket of tokens, kept as the one time at which it
 * would be full again. Shared by all workers, without locks.
 *
 * Bound: RATE_ROWS x RATE_BUCKETS times of eight octets, however many clients there are. No address
 * is kept: a network has a bucket in each row, by a keyed hash, and is over its rate only when all
 * of them say so. Two networks that share one bucket therefore do not hurt each other. */
#ifndef RESOLVER_CLIENTS_RATE_H
#define RESOLVER_CLIENTS_RATE_H

#include "resolver/clients/address.h"

enum { RATE_ROWS = 2, RATE_BUCKETS = 8192 };

struct rate_params {
    uint32_t per_s; /* > 0 */
    uint32_t burst; /* > 0 */
    uint32_t ipv4_bits, ipv6_bits;
};

struct rate;

/* `secret`: 16 random octets. gives NULL without memory. */
struct rate *rate_new(const struct rate_params *params, const uint8_t secret[16]);
/* Takes NULL; returns NULL. */
struct rate *rate_free(struct rate *rate);

/* Takes a token of the client's network; false when there is none. Any thread. */
bool rate_take(struct rate *rate, const struct client_address *client, uint64_t now_us);

#endif
