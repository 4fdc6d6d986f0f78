/* SPDX-License-Identifier: MIT */
/* A token bucket on a given clock. Pure. */
#ifndef RESOLVER_AUDIT_BUDGET_H
#define RESOLVER_AUDIT_BUDGET_H

#include "resolver/bytes.h"

/* Credit in µs: one thing costs `cost_us`, `most_us` can be saved up. */
struct budget {
    uint64_t cost_us, most_us, credit_us, last_us;
};

static inline void budget_init(struct budget *budget, uint64_t now_us, uint64_t cost_us,
                               unsigned burst)
{
    uint64_t most_us = cost_us * burst;
    *budget = (struct budget){cost_us, most_us, most_us, now_us};
}

static inline bool budget_take(struct budget *budget, uint64_t now_us)
{
    uint64_t earned_us = now_us - budget->last_us;
    uint64_t missing_us = budget->most_us - budget->credit_us;
    budget->credit_us += earned_us < missing_us ? earned_us : missing_us;
    budget->last_us = now_us;
    if (budget->credit_us < budget->cost_us) {
        return false;
    }
    budget->credit_us -= budget->cost_us;
    return true;
}

/* What was taken was not used. */
static inline void budget_give_back(struct budget *budget)
{
    budget->credit_us += budget->cost_us;
}

#endif
