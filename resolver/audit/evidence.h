/* SPDX-License-Identifier: MIT */
/* What one party said to one question, reduced to what the judge looks at. Pure. */
#ifndef RESOLVER_AUDIT_EVIDENCE_H
#define RESOLVER_AUDIT_EVIDENCE_H

#include "resolver/audit/address.h"
#include "resolver/audit/audit.h"

/* Zeroed: nothing was said. */
struct said {
    bool answered;  /* a well-formed reply to the question came */
    bool filters;   /* this party withholds names by policy, as configured */
    bool truncated; /* TC: there would have been more */
    uint16_t flags;
    uint16_t rcode;
    int16_t ede;
    uint32_t ttl_s; /* lowest of the addresses' TTLs */
    uint32_t rtt_us;
    size_t n; /* addresses of the asked type at the end of the chain */
    struct address at[AUDIT_ADDRESSES_MAX];
};

/* Reads `answer` (NULL: nothing was said) to a question for `type`. Of more than
 * AUDIT_ADDRESSES_MAX addresses the first are kept, but a bogon is never left out. */
void said_read(const struct answer *answer, uint16_t type, struct said *ret_said);

bool said_has(const struct said *said, const struct address *address);
/* The first bogon; NULL when there is none. Lent by `said`. */
const struct address *said_bogon(const struct said *said);
/* The first address of `a` that `b` has too; NULL when there is none. Lent by `a`. */
const struct address *said_common(const struct said *a, const struct said *b);
bool said_gives_addresses(const struct said *said);

/* A control that tells of the world and not of a policy of its own (HIJACK §3.0): not one that
 * filters by configuration, by EDE 15, 16 or 17, or by the address 0.0.0.0 or ::. */
bool said_bears_witness(const struct said *said);

#endif
