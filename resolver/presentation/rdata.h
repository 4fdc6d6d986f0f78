/* SPDX-License-Identifier: MIT */
/* RDATA in presentation form as wire form. ldns parses; what it would read leniently (numbers that
 * wrap, units, "@", relative names) is refused before, because a guess is worse than no answer.
 *
 * Taken: A, AAAA, CNAME, NS, PTR, DNAME, MX, SRV, SOA, TXT, SPF, CAA, DS, CDS, DNSKEY, CDNSKEY,
 * SVCB, HTTPS; and of any type the generic form "\# n hex" (RFC 3597 §5). All names are absolute.
 */
#ifndef RESOLVER_PRESENTATION_RDATA_H
#define RESOLVER_PRESENTATION_RDATA_H

#include "resolver/bytes.h"

enum { RDATA_TEXT_MAX = 16384 };

/* Appends to `out`. -EINVAL when the text is not certain to mean what it says, or is longer than
 * RDATA_TEXT_MAX; -EMSGSIZE when it does not fit; -ENOMEM. */
int rdata_from_text(uint16_t type, struct bytes text, struct buf *out);
/* True for types that have a presentation form taken here. */
bool rdata_has_text(uint16_t type);

#endif
