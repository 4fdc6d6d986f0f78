/* SPDX-License-Identifier: MIT */
/* The addresses of a provider that the configuration gives none for: asked of the local resolvers
 * in plain DNS. A lie there is harmless: TLS proves the provider. Never asks ourselves.
 *
 * Addresses once found stay in use until others are found. Bounds: BOOTSTRAP_ADDRESSES_MAX
 * addresses, one round of questions at a time, at most one each BOOTSTRAP_PAUSE_S. */
#ifndef RESOLVER_UPSTREAM_BOOTSTRAP_H
#define RESOLVER_UPSTREAM_BOOTSTRAP_H

#include "resolver/plain.h"

enum { BOOTSTRAP_ADDRESSES_MAX = 8, BOOTSTRAP_PAUSE_S = 10, BOOTSTRAP_KEEP_S = 300 };

struct bootstrap;

/* What was found; an array that never changes, lent until bootstrap_free(). */
struct bootstrap_found {
    const char *const *addresses;
    size_t n_addresses;
};

/* `on_done` is called at the end of each round, found or not, never from inside bootstrap_ask().
 * gives a bootstrap for the host of `url`; NULL without memory. */
struct bootstrap *bootstrap_new(struct port *port, struct plain *plain, const char *url,
                                void (*on_done)(void *ctx), void *ctx);
struct bootstrap *bootstrap_free(struct bootstrap *bootstrap);

/* Starts a round unless one is under way or it is too soon. False when none is under way. */
bool bootstrap_ask(struct bootstrap *bootstrap);
/* The network is another one: asks at once, however short ago the last round was. */
void bootstrap_ask_anew(struct bootstrap *bootstrap);
/* True when what is known is old enough to be asked again. */
bool bootstrap_is_old(const struct bootstrap *bootstrap);
struct bootstrap_found bootstrap_found(const struct bootstrap *bootstrap);

/* True when the URL's host is a name, not a literal address. Writes it to *ret_host. */
bool bootstrap_host_of(const char *url, struct name *ret_host);

#endif
