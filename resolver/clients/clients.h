/* SPDX-License-Identifier: MIT */
/* Whom the resolver answers, and how much: access rules, rate limit, cookies. One for all workers;
 * nothing of it changes but the rate's buckets. A resolver without one answers everybody.
 *
 * Everything comes through resolver_ask(), whatever the transport: that is where this is asked. */
#ifndef RESOLVER_CLIENTS_CLIENTS_H
#define RESOLVER_CLIENTS_CLIENTS_H

#include "resolver/clients/access.h"
#include "resolver/clients/cookie.h"
#include "resolver/clients/rate.h"
#include "resolver/wire/message.h"

enum clients_denied { CLIENTS_DENIED_REFUSE, CLIENTS_DENIED_DROP };
enum clients_over { CLIENTS_OVER_TRUNCATE, CLIENTS_OVER_DROP };
enum clients_unproven { CLIENTS_UNPROVEN_ANSWER, CLIENTS_UNPROVEN_TRUNCATE };
enum clients_cookies { CLIENTS_COOKIES_AUTO, CLIENTS_COOKIES_ON, CLIENTS_COOKIES_OFF };

struct clients_params {
    const struct access_rule *allow, *deny; /* no allow: this host only */
    size_t n_allow, n_deny;
    enum clients_denied denied;
    struct rate_params rate; /* per_s 0: no limit */
    enum clients_over over;
    enum clients_unproven unproven;
    enum clients_cookies cookies; /* not AUTO in clients_new() */
    const char *cookie_secrets;   /* for cookie_keys_read(); NULL: random ones */
};

struct clients;

/* `secret`: random octets, the same again after a reload so that cookies stay good. Borrows
 * `params` during the call. gives NULL without memory. */
struct clients *clients_new(const struct clients_params *params, const uint8_t secret[16]);
/* Takes NULL; returns NULL. */
struct clients *clients_free(struct clients *clients);

/* Known from the address alone, before anything is read. */
enum clients_access { CLIENTS_ALLOWED = 1, CLIENTS_REFUSED, CLIENTS_UNHEARD };
enum clients_access clients_access(const struct clients *clients,
                                   const struct client_address *from);

/* What an allowed client gets for this query. */
enum clients_verdict {
    CLIENTS_SERVE = 1,
    CLIENTS_SERVE_SMALL, /* nothing larger than the query: it may not be who it says */
    CLIENTS_TRUNCATE,    /* an empty reply with TC: come again over TCP */
    CLIENTS_BAD_COOKIE,  /* BADCOOKIE: come again with the cookie in this reply */
    CLIENTS_DROP,
};

struct clients_moment {
    uint64_t now_us; /* the port's clock */
    uint32_t wall_s; /* Unix time */
    bool is_datagram;
};

/* Adds the COOKIE option of the reply to `message`. Any thread. */
enum clients_verdict clients_judge(struct clients *clients, const struct client_address *from,
                                   const struct clients_moment *moment,
                                   struct query_message *message);

#endif
