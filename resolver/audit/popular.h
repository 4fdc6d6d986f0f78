/* SPDX-License-Identifier: MIT */
/* Names that very many people ask for: that somebody asks for one of them tells nothing about him.
 * The list is shipped, and the same for everybody. Pure. */
#ifndef RESOLVER_AUDIT_POPULAR_H
#define RESOLVER_AUDIT_POPULAR_H

#include "resolver/wire/name.h"

/* How many of them the patrol goes round: those that have been there for long, by HTTPS. */
enum { POPULAR_CANARIES = 50 };

/* In presentation form, the canaries first. Lent for ever. */
const char *const *popular_names(size_t *ret_n);
/* Is it one of them, with or without "www."? Names below them are not: they may be one's own. */
bool popular_has(const struct name *name);

#endif
