/* SPDX-License-Identifier: MIT */
/* The addresses of a provider that the configuration gives none for. A round asks, one after the
 * other and without waiting for those that are silent: the local resolvers in plain DNS (a lie
 * there is harmless: TLS proves the provider) and other providers whose addresses are known, these
 * first when one of them has answered lately. Never asks ourselves.
 *
 * What a round finds is in use until another one finds others. Addresses that have been proved good
 * are gone back to when those found later are not: whoever lies about them must not keep us away.
 *
 * Bounds: BOOTSTRAP_ADDRESSES_MAX addresses, one round at a time of BOOTSTRAP_SOURCES_MAX sources,
 * BOOTSTRAP_LEGS of them asked at once; a round at most each BOOTSTRAP_PAUSE_S, each
 * BOOTSTRAP_HURRY_S while nothing is known. */
#ifndef RESOLVER_UPSTREAM_BOOTSTRAP_H
#define RESOLVER_UPSTREAM_BOOTSTRAP_H

#include "resolver/plain.h"
#include "resolver/wire/answer.h"

enum {
    BOOTSTRAP_ADDRESSES_MAX = 8,
    BOOTSTRAP_SOURCES_MAX = 16,
    BOOTSTRAP_LEGS = 3,
    BOOTSTRAP_STAGGER_MS = 300,
    BOOTSTRAP_HURRY_S = 1,
    BOOTSTRAP_PAUSE_S = 10,
    BOOTSTRAP_KEEP_S = 300,
    BOOTSTRAP_LENT_S = 300, /* no request takes so long */
};

struct bootstrap;

enum bootstrap_source {
    BOOTSTRAP_NOWHERE,  /* none are known */
    BOOTSTRAP_KEPT,     /* they were good before the daemon was started */
    BOOTSTRAP_PLAIN,    /* a local resolver said so */
    BOOTSTRAP_PROVIDER, /* another provider said so */
};

/* What was found; an array that never changes, lent until BOOTSTRAP_LENT_S after another was found,
 * or bootstrap_free(). */
struct bootstrap_found {
    const char *const *addresses;
    size_t n_addresses;
    enum bootstrap_source source;
};

/* One question to another provider, embedded in its owner. `on_done` is called once unless
 * cancelled, never from inside ask(); `answer` is borrowed, NULL when there is none. */
struct bootstrap_asked {
    void (*on_done)(struct bootstrap_asked *asked, const struct answer *answer);
    void *handle;
};

/* The way to other providers. */
struct bootstrap_door {
    void *ctx;
    /* How many can be asked at the moment; *ret_good when the first of them has answered lately. */
    size_t (*count)(void *ctx, bool *ret_good);
    /* Asks the i-th of them; a failure when it cannot be asked. */
    int (*ask)(void *ctx, size_t i, const struct question *question, struct bootstrap_asked *asked);
    void (*cancel)(void *ctx, struct bootstrap_asked *asked);
};

struct bootstrap_params {
    struct port *port;          /* borrowed for the bootstrap's life, as all below */
    struct plain *plain;        /* NULL: no local resolvers */
    struct bootstrap_door door; /* without `count`: no other providers */
    const char *url;            /* borrowed by bootstrap_new() */
    const char *const *kept;    /* the same: addresses that were good before, to begin with */
    size_t n_kept;
    /* At the end of each round, found or not, never from inside another function here. */
    void (*on_done)(void *ctx);
    void *ctx;
};

/* gives a bootstrap for the host of `url`; NULL without memory. */
struct bootstrap *bootstrap_new(const struct bootstrap_params *params);
struct bootstrap *bootstrap_free(struct bootstrap *bootstrap);

/* Starts a round unless one is under way or it is too soon. False when none is under way. */
bool bootstrap_ask(struct bootstrap *bootstrap);
/* The network or its resolvers are others: a round is begun now, and the one under way, whose
 * questions went to the old ones, is given up for it. */
void bootstrap_ask_anew(struct bootstrap *bootstrap);
/* True when what is known is old enough to be asked again. */
bool bootstrap_is_old(const struct bootstrap *bootstrap);
struct bootstrap_found bootstrap_found(const struct bootstrap *bootstrap);

/* The provider has proved itself at these addresses (bootstrap_found().addresses as they were when
 * it was asked). Once others were proved, only a connection made for it counts: an older one may
 * lead to those. True the first time, when they are worth keeping. */
bool bootstrap_note_good(struct bootstrap *bootstrap, const char *const *addresses, bool connected);
/* Nobody was there, or somebody else. True when other addresses are in use now. */
bool bootstrap_note_bad(struct bootstrap *bootstrap, const char *const *addresses);

/* True when the URL's host is a name, not a literal address. Writes it to *ret_host. */
bool bootstrap_host_of(const char *url, struct name *ret_host);

#endif
