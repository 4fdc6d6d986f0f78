/* SPDX-License-Identifier: MIT */
/* Which records of an upstream's message belong to the question: those the CNAME/DNAME chain
 * reaches (PROMISES K2), and the authority above and beside it. Private to answer.h's room. */
#ifndef RESOLVER_WIRE_CHAIN_H
#define RESOLVER_WIRE_CHAIN_H

#include "resolver/wire/response.h"

enum { CHAIN_LINKS_MAX = 16 };

/* Sets `kept` of every record. Returns ANSWER_OK or ANSWER_BAD_CHAIN; *ret_has_asked: whether a
 * record of the asked type is among the kept. */
int chain_keep(struct response *response, const struct answer_expect *expect, bool *ret_has_asked);

#endif
