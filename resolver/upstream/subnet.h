/* SPDX-License-Identifier: MIT */
/* The client subnet that a provider is told (RFC 7871), by configuration alone: nothing of it
 * without, and never a whole address. */
#ifndef RESOLVER_UPSTREAM_SUBNET_H
#define RESOLVER_UPSTREAM_SUBNET_H

#include "resolver/upstream/provider.h"

enum subnet_form {
    SUBNET_ADDRESS,     /* 192.0.2.0 */
    SUBNET_WITH_LENGTH, /* 192.0.2.0/24 */
};

enum { SUBNET_OPTION_MAX = 20 };
enum { SUBNET_V4_MAX = 24, SUBNET_V6_MAX = 56, SUBNET_TEXT_MAX = 64 };

/* "192.0.2.0/24", "2001:db8::/48". -EINVAL when it is no subnet, -ERANGE when it is longer than /24
 * or /56, -EDOM when bits are set behind its length. */
int subnet_read(const char *text, struct provider_subnet *ret_subnet);
/* The subnet of the address this host would speak from, if that is a public one; else none. */
void subnet_from_here(struct provider_subnet *ret_subnet);
/* Appends `before` and the subnet; nothing when there is none. One of length 0 asks to tell nobody
 * (RFC 7871 §7.1.2): as an address alone it would say something else, and is left out. */
void subnet_put(const struct provider_subnet *subnet, const char *before, enum subnet_form form,
                struct buf *out);
/* The data of an EDNS option that tells it (RFC 7871 §6), written to `room`; {NULL, 0} when there
 * is none. */
struct bytes subnet_option(const struct provider_subnet *subnet, uint8_t room[SUBNET_OPTION_MAX]);

#endif
