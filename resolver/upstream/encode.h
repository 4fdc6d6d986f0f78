/* SPDX-License-Identifier: MIT */
/* Octets as text that fits a URL or a JSON string, and back. Pure. Appending functions set the
 * buffer's overflow; they put no NUL. */
#ifndef RESOLVER_UPSTREAM_ENCODE_H
#define RESOLVER_UPSTREAM_ENCODE_H

#include "resolver/bytes.h"

/* Lower case. */
void encode_hex(struct bytes octets, struct buf *out);
/* RFC 3986 §2.1: everything but unreserved characters as %XX. */
void encode_url(struct bytes octets, struct buf *out);
void encode_text(const char *text, struct buf *out);
void encode_number(int64_t number, struct buf *out);

/* Either case, an even number of digits. -EINVAL, -EMSGSIZE. */
int decode_hex(struct bytes text, struct buf *out);
/* RFC 4648 §4 with its padding; line ends are passed over. -EINVAL, -EMSGSIZE. */
int decode_base64(struct bytes text, struct buf *out);

#endif
