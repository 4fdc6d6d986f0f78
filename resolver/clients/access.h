/* SPDX-License-Identifier: MIT */
/* Who may ask: the longest prefix that holds a client's address decides. */
#ifndef RESOLVER_CLIENTS_ACCESS_H
#define RESOLVER_CLIENTS_ACCESS_H

#include "resolver/clients/address.h"

struct access_rule {
    uint8_t at[16]; /* IPv4 behind the prefix of mapped addresses */
    unsigned bits;  /* of the 128 */
    bool allow;
};

struct access;

/* gives the table of `n` rules (borrowed during the call); NULL without memory. Of two rules for
 * the same prefix the later one counts. */
struct access *access_new(const struct access_rule *rules, size_t n);
/* Takes NULL; returns NULL. */
struct access *access_free(struct access *access);

/* What no rule names is allowed when it is this host's own, and nobody else. */
bool access_allows(const struct access *access, const struct client_address *client);

/* "192.0.2.0/24", "2001:db8::1": a rule's prefix. False with the reason. */
bool access_read_prefix(const char *text, struct access_rule *ret_rule, const char **ret_why);

#endif
