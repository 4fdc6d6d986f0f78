/* SPDX-License-Identifier: MIT */
/* The rebinding guard (PROMISES S6): a public name must not lead into the own network, or a page
 * from outside talks to the printer with a browser's help. Pure. */
#ifndef RESOLVER_POLICY_GUARD_H
#define RESOLVER_POLICY_GUARD_H

#include "resolver/wire/answer.h"

/* True when an address of the answer section (A, AAAA, and the hints of SVCB and HTTPS) is one that
 * no public name has: private, loopback, link-local, shared or unspecified. */
bool guard_finds(const struct answer *answer);

/* Whether an IPv4 address is such a one. */
bool guard_is_inner_v4(const uint8_t address[4]);

#endif
