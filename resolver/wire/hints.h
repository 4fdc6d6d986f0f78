/* SPDX-License-Identifier: MIT */
/* The parameters of SVCB and HTTPS records (RFC 9460) that are addresses of one family. The data
 * given here was checked (rdata.c): a plain name, keys in increasing order. */
#ifndef RESOLVER_WIRE_HINTS_H
#define RESOLVER_WIRE_HINTS_H

#include "resolver/wire/message.h"

/* RFC 9460 section 14.3.2 */
enum hint { HINT_NONE = 0, HINT_IPV4 = 4, HINT_IPV6 = 6 };

bool hints_has(struct bytes rdata, enum hint hint);
/* Puts the data without the hint. False, and nothing of use is put, when "mandatory" names it: no
 * client may use such a record without (section 8). */
bool hints_put_without(struct bytes rdata, enum hint hint, struct buf *out);

#endif
