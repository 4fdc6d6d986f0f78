/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/breadth.h"

uint64_t breadth_note(struct breadth *b, size_t n_live, bool needs, uint64_t now_us)
{
    if (n_live < BREADTH_MANY) {
        b->many_since_us = 0;
    } else if (b->many_since_us == 0) {
        b->many_since_us = now_us;
    }
    bool is_long = b->many_since_us != 0 && now_us - b->many_since_us >= BREADTH_LONG_US;
    if (is_long || needs) {
        b->until_us = now_us + BREADTH_STAYS_US;
    }
    return b->until_us;
}
