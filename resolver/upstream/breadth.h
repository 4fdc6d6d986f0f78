/* SPDX-License-Identifier: MIT */
/* How many connections to one provider may be opened: few for a burst, which is over before more
 * of them would help and costs a handshake each; all that are allowed when many requests are under
 * way for long, or each needs one of its own. Pure; the owner brings the time. */
#ifndef RESOLVER_UPSTREAM_BREADTH_H
#define RESOLVER_UPSTREAM_BREADTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    BREADTH_MANY = 16,           /* so many under way … */
    BREADTH_LONG_US = 500000,    /* … for so long are no burst */
    BREADTH_STAYS_US = 10000000, /* after the last reason */
};

/* Zeroed before first use. */
struct breadth {
    uint64_t many_since_us; /* 0: they are few */
    uint64_t until_us;
};

/* A request begins, as one of n_live. `needs`: each has a connection to itself. Returns until when
 * all connections that are allowed may be opened; that may be past. */
uint64_t breadth_note(struct breadth *breadth, size_t n_live, bool needs, uint64_t now_us);

#endif
