/* SPDX-License-Identifier: MIT */
/* Domain names in uncompressed wire form (RFC 1035 §3.1): length-prefixed labels, the root label at
 * the end; at most 255 octets, labels at most 63. Case is kept unless a function says otherwise;
 * "case" is ASCII case only (RFC 4343). */
#ifndef RESOLVER_WIRE_NAME_H
#define RESOLVER_WIRE_NAME_H

#include "resolver/wire/cursor.h"

enum {
    NAME_MAX_OCTETS = 255,
    NAME_MAX_TEXT = 1016, /* 254 octets at "\DDD" each, with the NUL */
};

struct name {
    uint8_t n; /* octets used, root label included; a valid name has n >= 1 */
    uint8_t at[NAME_MAX_OCTETS];
};

static inline struct bytes name_bytes(const struct name *name)
{
    return bytes_of(name->at, name->n);
}

/* Reads a name that must not be compressed (a query's question: PROMISES M5). False, and the cursor
 * failed, on a pointer, an extended label type, more than 255 octets, or the end of the bytes. */
bool name_read_plain(struct cursor *c, struct name *ret_name);

/* Reads a name that may be compressed (RFC 1035 §4.1.4). Each pointer must point strictly before
 * the place the previous run of labels began, so that a name costs at most one pass over the
 * message. The cursor ends after the name in place. False, and the cursor failed, when it is
 * malformed. */
bool name_read(struct cursor *c, struct name *ret_name);

/* ASCII letters to lower case, in place. */
void name_lower(struct name *name);

/* Equal but for case. */
bool name_equal(const struct name *a, const struct name *b);

/* True when `name` is `zone` or lies below it, case aside. */
bool name_within(const struct name *name, const struct name *zone);

/* Labels without the root: "www.example.com." has 3, "." has 0. */
unsigned name_n_labels(const struct name *name);

/* Drops the first label; the root stays the root. */
void name_parent(const struct name *name, struct name *ret_parent);

/* From presentation form (RFC 1035 §5.1, RFC 4343 §2.1): "\." and "\DDD" escapes; with or without
 * the last dot; "." is the root. -EINVAL: empty or oversize label, name too long, bad escape. */
int name_from_text(const char *text, struct name *ret_name);

/* To presentation form with the last dot; bytes outside printable ASCII, space, and the characters
 * . ; \ ( ) " @ $ escaped, so that the result is safe in a log. Writes at most NAME_MAX_TEXT bytes
 * with the NUL; returns `out`. */
const char *name_to_text(const struct name *name, char out[NAME_MAX_TEXT]);

#endif
