/* SPDX-License-Identifier: MIT */
/* How long a provider lets a connection rest before it closes it, learnt from when it did. Pure;
 * the owner brings the time. */
#ifndef RESOLVER_UPSTREAM_IDLE_H
#define RESOLVER_UPSTREAM_IDLE_H

#include <stdbool.h>
#include <stdint.h>

/* Zeroed before first use, and to forget. */
struct idle {
    uint64_t limit_us;   /* 0: not known */
    uint64_t guess_us;   /* what the last one rested: believed when another says the same */
    uint64_t guessed_us; /* when that was */
};

/* The other side closed a connection that had rested for so long. */
void idle_note_closed(struct idle *idle, uint64_t rested_us, uint64_t now_us);
/* One that has rested for so long may be closed before what is sent on it arrives; UINT64_MAX while
 * nothing is known. */
uint64_t idle_too_long_us(const struct idle *idle);

#endif
