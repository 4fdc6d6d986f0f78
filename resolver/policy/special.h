/* SPDX-License-Identifier: MIT */
/* Special-use names (PROMISES S1 to S3): RFC 6761, 6303, 6762, 7686, 7793, 8375, 8880, 9031,
 * 9140, 9462, 9476, 9665.
 * Pure, and quick about names that are none: one look at the last label. */
#ifndef RESOLVER_POLICY_SPECIAL_H
#define RESOLVER_POLICY_SPECIAL_H

#include "resolver/wire/message.h"

enum special {
    SPECIAL_NONE = 0,
    SPECIAL_LOCALHOST,
    SPECIAL_ABSENT,    /* does not exist outside, or must not be asked for there */
    SPECIAL_TEST,      /* the same, unless it is switched */
    SPECIAL_CANARY,    /* use-application-dns.net: the same */
    SPECIAL_DELEGATED, /* the same, but for its delegation: addresses of private use, home.arpa */
    SPECIAL_IPV4ONLY,  /* ipv4only.arpa: the local network's own answer is wanted */
};

struct special_zone {
    uint8_t at;    /* where in the name the zone begins */
    uint8_t depth; /* labels */
    const char *why;
};

/* What `name` (lower case) is. *ret_zone is written unless it is SPECIAL_NONE. */
enum special special_find(const struct name *name, struct special_zone *ret_zone);

#endif
