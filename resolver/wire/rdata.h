/* SPDX-License-Identifier: MIT */
/* RDATA by type: where it holds names, whether it is well-formed, and how it is written anew
 * (RFC 1035 §3.3, RFC 3597 §4, RFC 9460 §2.2). RDATA of a type that is not in the table is opaque.
 * Private to answer.h's room. */
#ifndef RESOLVER_WIRE_RDATA_H
#define RESOLVER_WIRE_RDATA_H

#include "resolver/wire/compress.h"

enum { RECORD_NONE = 0xffff };

/* One record of an upstream's message; names are nodes of its struct names. `first`, `last` and
 * `next` are indexes: the first record of its RRset, which knows the last, and the one behind it.
 */
struct record {
    uint16_t owner;
    uint16_t type;
    uint16_t class;
    uint16_t covered;  /* RRSIG: the type it signs */
    uint16_t rdata_at; /* in the upstream's message */
    uint16_t n_rdata;
    uint16_t target; /* the first name in the RDATA, NAMES_NONE without */
    uint16_t ttl_at; /* in the message being written */
    uint16_t first;
    uint16_t last;
    uint16_t next;
    uint32_t ttl_s;
    bool in_answer; /* else in authority */
    bool kept;
};

/* Checks the RDATA and fills in covered and target. False when it is malformed. */
bool rdata_check(struct names *names, struct record *record);

/* Writes RDLENGTH and RDATA of a record that was checked. */
void rdata_write(struct names *names, const struct record *record, struct buf *out);

#endif
