/* SPDX-License-Identifier: MIT */
/* A site that moves leaves its old address in honest caches until the TTL has run out, and whoever
 * has that address next shows a certificate of his own. So an address with another's certificate
 * proves nothing while it may be such a copy. */
#include "resolver/audit/judge_parts.h"

enum {
    STILL_LEAST_S = 2,
    STALE_TTL_S = 30, /* what caches give with answers that they keep past their time (RFC 8767) */
};

#define SECOND_US UINT64_C(1000000)

uint32_t judge_copy_life_s(const struct judge_meeting *meeting)
{
    uint32_t life_s = meeting->local.ttl_s;
    for (size_t i = 0; i < meeting->n_controls; i++) {
        const struct said *control = &meeting->controls[i];
        life_s = control->answered && control->ttl_s > life_s ? control->ttl_s : life_s;
    }
    return life_s < UINT32_MAX ? life_s : UINT32_MAX - 1;
}

/* The TTL of a copy runs down. One that stands still is that of an answer made anew each time. */
static bool stands_still(const struct judge_meeting *first, const struct judge_meeting *last)
{
    bool timed = first->at_us != 0 && last->at_us != 0;
    bool apart = !timed || last->at_us >= first->at_us + STILL_LEAST_S * SECOND_US;
    return apart && first->local.ttl_s == last->local.ttl_s && last->local.ttl_s != STALE_TTL_S;
}

uint32_t judge_copy_s(const struct judge_case *evidence)
{
    const struct judge_history *history = &evidence->history;
    const struct judge_meeting *first = &evidence->meetings[0];
    const struct judge_meeting *last = &evidence->meetings[evidence->n_meetings - 1];
    uint32_t life_s = judge_copy_life_s(first);
    bool outlived = history->given_s > history->given_life_s;
    bool run_out = first->at_us != 0 && last->at_us > first->at_us + life_s * SECOND_US;
    bool anew = evidence->n_meetings > 1 && (run_out || stands_still(first, last));
    return outlived || anew ? 0 : life_s + 1;
}
