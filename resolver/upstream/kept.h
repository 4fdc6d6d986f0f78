/* SPDX-License-Identifier: MIT */
/* Where providers known by name alone were reached last: a small table and its text, one line a
 * host, the one learnt last first. Opens no file.
 *
 * Bounds: KEPT_MAX hosts, KEPT_ADDRESSES_MAX addresses each; a text of KEPT_TEXT_MAX octets. */
#ifndef RESOLVER_UPSTREAM_KEPT_H
#define RESOLVER_UPSTREAM_KEPT_H

#include "resolver/bytes.h"

#include <netinet/in.h>

enum {
    KEPT_MAX = 32,
    KEPT_ADDRESSES_MAX = 8,
    KEPT_HOST_MAX = 256,
    KEPT_TEXT_MAX = 24 * 1024,
};

struct kept_host {
    char host[KEPT_HOST_MAX]; /* "dns.example." in lower case */
    char address[KEPT_ADDRESSES_MAX][INET6_ADDRSTRLEN];
    size_t n;
};

struct kept {
    struct kept_host at[KEPT_MAX];
    size_t n;
};

/* The host was reached at one of these. True when that changes the table. */
bool kept_put(struct kept *kept, const char *host, const char *const *addresses, size_t n);
/* NULL when nothing is known. */
const struct kept_host *kept_find(const struct kept *kept, const char *host);

/* False, and an empty table, when anything in the text is not as kept_write() writes it. */
bool kept_read(struct bytes text, struct kept *ret_kept);
/* Returns the octets written. */
size_t kept_write(const struct kept *kept, char out[KEPT_TEXT_MAX]);

#endif
