/* SPDX-License-Identifier: MIT */
/* IPv4 addresses inside IPv6 ones (RFC 6052), and which prefix they stand behind here (RFC 7050).
 * Pure. */
#ifndef RESOLVER_POLICY_DNS64_H
#define RESOLVER_POLICY_DNS64_H

#include "resolver/wire/answer.h"

enum { DNS64_RANGES_MAX = 16 };

struct dns64_prefix {
    uint8_t at[16];
    uint8_t bits; /* 32, 40, 48, 56, 64 or 96; 0: there is none */
};

/* "64:ff9b::/96". False when it is no such prefix, or has bits set behind its length. */
bool dns64_prefix_parse(const char *text, struct dns64_prefix *ret_prefix);
/* Puts an IPv4 address behind the prefix. */
void dns64_embed(const struct dns64_prefix *prefix, const uint8_t v4[4], uint8_t ret_v6[16]);
/* False for a private address behind the well-known prefix: translators drop what is sent there
 * (RFC 6052 section 3.1). */
bool dns64_may_embed(const struct dns64_prefix *prefix, const uint8_t v4[4]);
/* The IPv4 address inside; false when the address is not behind the prefix. */
bool dns64_extract(const struct dns64_prefix *prefix, const uint8_t v6[16], uint8_t ret_v4[4]);
/* The prefix that an answer to ipv4only.arpa AAAA shows; bits 0 when it shows none. */
struct dns64_prefix dns64_discover(const struct answer *answer);

/* True for the name in ip6.arpa of one whole address: that address. */
bool dns64_is_reverse(const struct name *name, uint8_t ret_v6[16]);
/* The name in in-addr.arpa of the address inside an ip6.arpa name; false when it is not behind the
 * prefix. */
bool dns64_reverse(const struct dns64_prefix *prefix, const struct name *name,
                   struct name *ret_name);

/* Addresses that count as none (RFC 6147 section 5.1.4), beside the IPv4-mapped ones, which never
 * count. */
struct dns64_range {
    uint8_t at[16];
    uint8_t bits;
};
struct dns64_ranges {
    struct dns64_range at[DNS64_RANGES_MAX];
    size_t n;
};
/* "2001:db8::/32". False when it is none. */
bool dns64_range_parse(const char *text, struct dns64_range *ret_range);

/* Whether an address counts. `unusable` NULL: there are no such ranges. */
bool dns64_is_usable(const uint8_t v6[16], const struct dns64_ranges *unusable);
/* True when the answer gives an AAAA that counts, and when it gives one that does not. */
bool dns64_has_address(const struct answer *answer, const struct dns64_ranges *unusable);
bool dns64_has_unusable(const struct answer *answer, const struct dns64_ranges *unusable);

#endif
