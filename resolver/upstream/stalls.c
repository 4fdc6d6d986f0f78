/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/stalls.h"

enum {
    STALL = 256,
    STALLS_TO_SPREAD = 6,
    SPREAD_US = 60 * 1000000,
    LATE_US = 8000,     /* and half of the least time: less is no stall */
    PATIENCE_US = 1000, /* and a sixteenth */
    NEAR_US = 4000,     /* hardly a path to lose packets on: what is late waits for a processor */
    COMPANY = 3,        /* so many under way, or nobody could have overtaken it */
    FORGET = 1024,
};

static void learn_least(struct stalls *s, uint64_t took_us)
{
    if (s->least_us == 0 || took_us <= s->least_us) {
        s->least_us = took_us + 1;
    } else {
        s->least_us += (took_us - s->least_us) / FORGET;
    }
}

/* What one lost packet holds up is told by several replies at once: that is one stall. */
static bool is_stall(const struct stalls *s, uint64_t began_us, size_t n_live, uint64_t now_us)
{
    bool is_late =
        s->least_us >= NEAR_US && now_us - began_us > s->least_us + s->least_us / 2 + LATE_US;
    bool is_overtaken = s->answered_us > began_us;
    return is_late && !is_overtaken && n_live >= COMPANY && now_us - s->stalled_us >= s->least_us;
}

void stalls_note(struct stalls *s, uint64_t began_us, size_t n_live, uint64_t now_us)
{
    s->level -= s->level > 0;
    if (is_stall(s, began_us, n_live, now_us)) {
        s->stalled_us = now_us;
        s->level += STALL;
    }
    if (s->level >= STALLS_TO_SPREAD * STALL) {
        s->level = 0;
        s->until_us = now_us + SPREAD_US;
    }
    learn_least(s, now_us - began_us);
    s->answered_us = began_us > s->answered_us ? began_us : s->answered_us;
}

bool stalls_spread(const struct stalls *s, uint64_t now_us)
{
    return now_us < s->until_us;
}

uint64_t stalls_patience_us(const struct stalls *s)
{
    return s->least_us + s->least_us / 16 + PATIENCE_US;
}
