/* SPDX-License-Identifier: MIT */
/* How many connections each client holds, over all workers. An IPv6 client is its /64: one host has
 * as many addresses there as it likes. Bound: `max` clients, which is the bound of connections. */
#ifndef DAEMON_TALLY_H
#define DAEMON_TALLY_H

#include "resolver/clients/address.h"

struct tally;

/* gives NULL without memory. */
struct tally *tally_new(size_t max);
/* Takes NULL; returns NULL. */
struct tally *tally_free(struct tally *tally);

/* The key a client is counted under. */
void tally_key(const struct client_address *client, uint8_t ret_key[16]);
/* Any thread. Returns how many there are now, this one included. */
unsigned tally_add(struct tally *tally, const uint8_t key[16]);
/* One that was counted is gone. */
void tally_remove(struct tally *tally, const uint8_t key[16]);

#endif
