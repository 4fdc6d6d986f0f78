/* SPDX-License-Identifier: MIT */
/* Where a client asks from, in one form for both families. Knows no policy. */
#ifndef RESOLVER_CLIENTS_ADDRESS_H
#define RESOLVER_CLIENTS_ADDRESS_H

#include "resolver/bytes.h"

#include <sys/socket.h>

enum client_kind {
    CLIENT_UNIX, /* no address: the socket's mode says who may come */
    CLIENT_IPV4, /* in at[12..15], behind the prefix of mapped addresses (RFC 4291 §2.5.5.2) */
    CLIENT_IPV6,
};

struct client_address {
    enum client_kind kind;
    bool is_own; /* this host's: loopback, or the very address the query was sent to */
    uint8_t at[16];
};

/* `to` is the address the client asked at (NULL: not known); ports do not matter. IPv4 in IPv6
 * (::ffff:a.b.c.d) counts as IPv4. */
void client_address_set(struct client_address *ret_address, const struct sockaddr *from,
                        const struct sockaddr *to);

/* Clears all but the first `bits` of the 128. */
void client_address_mask(uint8_t at[16], unsigned bits);

#endif
