/* SPDX-License-Identifier: MIT */
/* Names that one user alone has: a token for a session, a device, a tracker. In no mode are they
 * shown to the local resolver (HIJACK §3.7). A guess by their looks; pure. */
#ifndef RESOLVER_AUDIT_PERSONAL_H
#define RESOLVER_AUDIT_PERSONAL_H

#include "resolver/wire/name.h"

/* Does a label look diced: PERSONAL_LONG octets or more, or PERSONAL_SHORT with PERSONAL_DIGITS
 * digits between letters? */
enum { PERSONAL_LONG = 32, PERSONAL_SHORT = 16, PERSONAL_DIGITS = 4 };
bool personal_looks(const struct name *name);

#endif
