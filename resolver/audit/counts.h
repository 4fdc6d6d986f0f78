/* SPDX-License-Identifier: MIT */
/* How often what came of it; any thread may read. And how long a verdict stands. */
#ifndef RESOLVER_AUDIT_COUNTS_H
#define RESOLVER_AUDIT_COUNTS_H

#include "resolver/audit/judge.h"

#include <stdatomic.h>

struct audit_counters {
    atomic_uint_fast64_t n_told, n_dropped, n_checked, n_consistent, n_inconclusive, n_probable,
        n_confirmed;
};

static inline void counts_add(atomic_uint_fast64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

void counts_add_verdict(struct audit_counters *counters, enum verdict verdict);
void counts_read(const struct audit_counters *counters, struct audit_counts *ret_counts);

/* How long a verdict stands before the name may be checked again (HIJACK §3.7). */
uint64_t counts_life_us(enum verdict verdict);

#endif
