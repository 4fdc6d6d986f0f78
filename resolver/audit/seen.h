/* SPDX-License-Identifier: MIT */
/* What was dealt with already, and until when: keys only, in a table of fixed size. When it is full
 * what ends first goes first. Keys are hashes under a secret; that two things share one costs a
 * check, nothing else. */
#ifndef RESOLVER_AUDIT_SEEN_H
#define RESOLVER_AUDIT_SEEN_H

#include "resolver/audit/audit.h"

enum { SEEN_WAYS = 4, SEEN_SETS = AUDIT_SEEN_MAX / SEEN_WAYS };

struct seen {
    uint64_t secret;
    struct seen_entry {
        uint64_t key;
        uint64_t until_us; /* 0: free */
    } at[SEEN_SETS][SEEN_WAYS];
};

/* A key of `part`, to be chained: start with 0. */
uint64_t seen_key(const struct seen *seen, uint64_t so_far, struct bytes part);
bool seen_has(const struct seen *seen, uint64_t key, uint64_t now_us);
void seen_put(struct seen *seen, uint64_t key, uint64_t until_us);
void seen_forget(struct seen *seen, uint64_t key);

#endif
