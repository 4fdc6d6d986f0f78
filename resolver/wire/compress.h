/* SPDX-License-Identifier: MIT */
/* The names of one upstream message as a tree, read once each and written anew with compression
 * (RFC 1035 §4.1.4). A node is a label and its parent; a name is a node, and the same name is the
 * same node, so that comparing names is comparing numbers. Private to answer.h's room.
 *
 * Knows no records. Cost: linear in the message whatever its pointers do (PROMISES M6), because a
 * place that was read is never read again. Bounds: a node an octet of the message, HOPS_MAX
 * pointers a name, PROBES_MAX steps a look-up; what exceeds them was made to, and is malformed. */
#ifndef RESOLVER_WIRE_COMPRESS_H
#define RESOLVER_WIRE_COMPRESS_H

#include "resolver/wire/name.h"

enum { NAMES_NONE = 0, NAMES_ROOT = 1 };

/* A name. `out`: where its labels stand in the message being written, case and all; `out_loose`:
 * the same, but its end is the question's, which takes each client's case. 0: nowhere. */
struct names_node {
    uint16_t parent;
    uint16_t folded; /* the same name in lower case: itself, when it is */
    uint16_t label_at;
    uint16_t next; /* in its bucket */
    uint16_t out;
    uint16_t out_loose;
    uint8_t n_octets;
    uint8_t marks; /* the user's, 0 at first */
};

struct names_memo;

struct names {
    struct bytes message;
    struct names_node *nodes;
    size_t n_nodes;
    size_t room;
    struct names_memo *memos;
    size_t n_memos;
    uint16_t *buckets;
    unsigned bucket_shift;
    size_t question_end; /* in the message being written: where the question's name ends */
};

/* `message` is lent for the names' life; at most 65,535 octets. -ENOMEM. */
int names_init(struct names *names, struct bytes message);
void names_done(struct names *names);

/* Reads a name like name_read(). `c` is over the message, or its first part, which bounds the name
 * in place but not what it points at. NAMES_NONE, and the cursor failed, when it is malformed. */
uint16_t names_read(struct names *names, struct cursor *c);

/* The same name in lower case. */
static inline uint16_t names_folded(const struct names *names, uint16_t node)
{
    return names->nodes[node].folded;
}

static inline struct names_node *names_at(struct names *names, uint16_t node)
{
    return &names->nodes[node];
}

/* How a name is written. An owner is compressed against the question whatever its case, and else
 * only where the case is the same; RDATA only where the octets can never change. */
enum names_style { NAMES_PLAIN, NAMES_RDATA, NAMES_OWNER };

/* `out` must be the message from its first octet on. */
void names_write(struct names *names, uint16_t node, enum names_style style, struct buf *out);

/* Writes the question's name, in lower case and uncompressed, before any other. */
void names_write_question(struct names *names, uint16_t node, struct buf *out);

#endif
