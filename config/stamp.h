/* SPDX-License-Identifier: MIT */
/* DNS stamps: what must be known of a provider in one sdns:// text (draft-denis-dns-stamps). Read
 * are those of DoH, of Oblivious DoH targets and of their relays. Pure. */
#ifndef CONFIG_STAMP_H
#define CONFIG_STAMP_H

#include "resolver/bytes.h"

enum { STAMP_TEXT_MAX = 1024, STAMP_FIELD_MAX = 255 };

enum stamp_protocol {
    STAMP_DOH = 0x02,
    STAMP_ODOH_TARGET = 0x05,
    STAMP_ODOH_RELAY = 0x85,
};

struct stamp {
    enum stamp_protocol protocol;
    bool dnssec, no_logs, no_filter;    /* what the operator says of itself */
    unsigned n_hashes;                  /* of certificates in its chain */
    char address[STAMP_FIELD_MAX + 1];  /* a literal without port and brackets; "": look it up */
    char host[STAMP_FIELD_MAX + 1 + 6]; /* the name, with a port when it is not 443 */
    char path[STAMP_FIELD_MAX + 1];
};

/* NULL when all is well, else what is wrong with it. */
const char *stamp_read(const char *text, struct stamp *ret_stamp);

#endif
