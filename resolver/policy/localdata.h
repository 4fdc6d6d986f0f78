/* SPDX-License-Identifier: MIT */
/* Names that are answered from our own records: from the configuration, hosts files and policy
 * zones. Immutable once made. What a name has from one source, no later source adds to.
 *
 * Kept are whole names; keyed hash. Bounds: LOCALDATA_BYTES_MAX, LOCALDATA_RECORDS_MAX a name. */
#ifndef RESOLVER_POLICY_LOCALDATA_H
#define RESOLVER_POLICY_LOCALDATA_H

#include "resolver/wire/message.h"

enum { LOCALDATA_BYTES_MAX = 1 << 30, LOCALDATA_RECORDS_MAX = 64 };

enum localdata_source { LOCALDATA_CONFIG, LOCALDATA_HOSTS, LOCALDATA_ZONE };

/* What a name is besides its records. */
enum localdata_kind { LOCALDATA_RECORDS, LOCALDATA_NXDOMAIN, LOCALDATA_NODATA };

struct localdata;

struct localdata_owner {
    struct bytes name; /* wire form, lower case */
    bool wildcard;     /* what lies below the name, not the name */
    enum localdata_source source;
};

struct localdata_record {
    uint16_t type;
    uint32_t ttl_s;
    struct bytes rdata;
};

/* gives NULL without memory. `secret`: 16 unpredictable octets. */
struct localdata *localdata_new(const uint8_t secret[16]);
/* Takes NULL; returns NULL. */
struct localdata *localdata_free(struct localdata *data);

/* 1: added; 0: the name is another source's, has that record, or is full. -ENOMEM, -E2BIG. */
int localdata_add(struct localdata *data, const struct localdata_owner *owner,
                  const struct localdata_record *record);
/* Says that the name has no records. The same outcomes. */
int localdata_deny(struct localdata *data, const struct localdata_owner *owner,
                   enum localdata_kind kind);

struct localdata_found {
    enum localdata_kind kind;
    enum localdata_source source;
    size_t n_records;   /* put into the room */
    struct bytes alias; /* the target of its CNAME; {NULL, 0} without. One that begins with "*" is
                           told whatever the type is: to be put behind the asked name */
    uint32_t alias_ttl_s;
};

/* Finds the records of a name: those of `type` (ANY: all) are put into `room` as struct reply_local
 * has them, as far as they fit. False when nothing is known of the name. */
bool localdata_find(const struct localdata *data, const struct localdata_owner *owner,
                    uint16_t type, struct buf *room, struct localdata_found *ret_found);

/* True for "*.garden.": what stands behind the star is to be put behind the asked name. */
bool localdata_is_pattern(struct bytes target);

size_t localdata_count(const struct localdata *data);
size_t localdata_bytes(const struct localdata *data);

#endif
