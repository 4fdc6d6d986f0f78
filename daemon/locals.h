/* SPDX-License-Identifier: MIT */
/* The local resolvers of this machine, found anew when the network changes: what the configuration
 * says, or what local.h finds, less what leads back to us: our own listeners and our providers. */
#ifndef DAEMON_LOCALS_H
#define DAEMON_LOCALS_H

#include "daemon/sockets.h"
#include "resolver/audit/local.h"

struct locals;

/* `config` is borrowed for its life, `sockets` during the call; `root` ("" for the system) stands
 * before every path. gives the locals, found; NULL without memory. */
struct locals *locals_new(const struct config *config, const struct sockets *sockets,
                          const char *root);
struct locals *locals_free(struct locals *locals);

/* Any thread: looks whether anything has changed since it was looked last, and finds anew if so.
 * Returns how often what is found was another since the beginning: whoever was told another number
 * has something new to take. */
uint64_t locals_refresh(struct locals *locals);

/* Any thread: copies what is found at the moment. */
void locals_snapshot(struct locals *locals, struct local_resolvers *ret_found);
/* Any thread: copies the identity of the network, as far as it is known by now. */
void locals_network(struct locals *locals, struct local_network *ret_network);

/* All of them, those in use first: the provider's address may be asked of whoever knows it. */
size_t locals_all(const struct local_resolvers *found, const char *ret_servers[LOCAL_MAX]);
/* Picks the servers in use out of `found`, which lends them; returns how many. */
size_t locals_in_use(const struct local_resolvers *found,
                     const char *ret_servers[AUDIT_SERVERS_MAX]);

#endif
