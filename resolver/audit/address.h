/* SPDX-License-Identifier: MIT */
/* Addresses as DNS answers carry them, and the ranges that no public name can have. Pure. */
#ifndef RESOLVER_AUDIT_ADDRESS_H
#define RESOLVER_AUDIT_ADDRESS_H

#include "resolver/bytes.h"

enum { ADDRESS_TEXT_MAX = 46 };

/* In network order; n is 4 or 16, 0 for none. */
struct address {
    uint8_t n;
    uint8_t at[16];
};

bool address_equal(const struct address *a, const struct address *b);

/* 0.0.0.0 or :: */
bool address_is_unspecified(const struct address *address);
bool address_is_loopback(const struct address *address);

/* Private (RFC 1918, RFC 4193), loopback or link-local: what stands there may be the user's own. */
bool address_is_private(const struct address *address);

/* Cannot be where a public name lives (HIJACK T6): private, loopback, link-local, shared (RFC
 * 6598), documentation, multicast, reserved; in IPv6 also Teredo and IPv4-mapped. */
bool address_is_bogon(const struct address *address);

/* Reads the address of a server text as plain_new() takes it; port and scope are left aside. False
 * when there is none. */
bool address_from_server(const char *server, struct address *ret_address);

/* Returns `out`. */
const char *address_to_text(const struct address *address, char out[ADDRESS_TEXT_MAX]);

#endif
