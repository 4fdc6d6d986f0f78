/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/idle.h"

enum {
    REST_MIN_US = 1000000, /* who closes sooner has other reasons than rest */
    MARGIN_US = 250000,    /* and a sixteenth: what is sent must arrive before */
    LIKENESS = 8,          /* two differ by such a part at most */
};

static bool is_alike(uint64_t a, uint64_t b)
{
    uint64_t less = a < b ? a : b, more = a < b ? b : a;
    return more - less <= less / LIKENESS;
}

/* Two must say the same, one after the other: a provider that restarts closes connections that have
 * rested for any time, but all at once. */
void idle_note_closed(struct idle *idle, uint64_t rested_us, uint64_t now_us)
{
    bool at_once = idle->guess_us != 0 && now_us - idle->guessed_us < REST_MIN_US;
    if (rested_us < REST_MIN_US || at_once) {
        return;
    }
    if (idle->guess_us != 0 && is_alike(idle->guess_us, rested_us)) {
        idle->limit_us = rested_us < idle->guess_us ? rested_us : idle->guess_us;
    }
    idle->guess_us = rested_us;
    idle->guessed_us = now_us;
}

uint64_t idle_too_long_us(const struct idle *idle)
{
    return idle->limit_us == 0 ? UINT64_MAX : idle->limit_us - idle->limit_us / 16 - MARGIN_US;
}
