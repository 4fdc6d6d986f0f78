/* SPDX-License-Identifier: MIT */
#include "resolver/audit/counts.h"

#define MINUTE_US UINT64_C(60000000)
#define HOUR_US   (60 * MINUTE_US)

void counts_add_verdict(struct audit_counters *counters, enum verdict verdict)
{
    counts_add(&counters->n_checked);
    switch (verdict) {
    case VERDICT_CONSISTENT:
        counts_add(&counters->n_consistent);
        return;
    case VERDICT_STALE:
    case VERDICT_DOWNGRADE:
    case VERDICT_INCONCLUSIVE:
    case VERDICT_SUSPECTED:
        counts_add(&counters->n_inconclusive);
        return;
    case VERDICT_PROBABLE:
    case VERDICT_FILTERED_DECLARED:
        counts_add(&counters->n_probable);
        return;
    case VERDICT_CONFIRMED:
        counts_add(&counters->n_confirmed);
        return;
    case VERDICT_NO_DATA:
    case VERDICT_INELIGIBLE:
    case VERDICT_UNUSABLE:
        return;
    }
}

uint64_t counts_life_us(enum verdict verdict)
{
    switch (verdict) {
    case VERDICT_CONSISTENT:
    case VERDICT_INELIGIBLE:
        return HOUR_US;
    case VERDICT_STALE:
    case VERDICT_DOWNGRADE:
    case VERDICT_INCONCLUSIVE:
    case VERDICT_SUSPECTED:
        return 6 * HOUR_US;
    case VERDICT_PROBABLE:
    case VERDICT_FILTERED_DECLARED:
    case VERDICT_CONFIRMED:
        return 10 * MINUTE_US;
    case VERDICT_NO_DATA:
    case VERDICT_UNUSABLE:
        break;
    }
    return MINUTE_US;
}

void counts_read(const struct audit_counters *counters, struct audit_counts *ret_counts)
{
    *ret_counts = (struct audit_counts){
        .n_told = atomic_load_explicit(&counters->n_told, memory_order_relaxed),
        .n_dropped = atomic_load_explicit(&counters->n_dropped, memory_order_relaxed),
        .n_checked = atomic_load_explicit(&counters->n_checked, memory_order_relaxed),
        .n_consistent = atomic_load_explicit(&counters->n_consistent, memory_order_relaxed),
        .n_inconclusive = atomic_load_explicit(&counters->n_inconclusive, memory_order_relaxed),
        .n_probable = atomic_load_explicit(&counters->n_probable, memory_order_relaxed),
        .n_confirmed = atomic_load_explicit(&counters->n_confirmed, memory_order_relaxed),
    };
}
