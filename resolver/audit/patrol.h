/* SPDX-License-Identifier: MIT */
/* Whose turn it is: names that are checked on a schedule of their own, one every few minutes, and
 * questions of clients that are checked a good while after they were asked (so that the local
 * resolver learns little from when it is asked). Knows no verdict. Bound: PATROL_LATER_MAX. */
#ifndef RESOLVER_AUDIT_PATROL_H
#define RESOLVER_AUDIT_PATROL_H

#include "resolver/audit/evidence.h"

enum { PATROL_LATER_MAX = 64 };

struct patrol_later {
    uint64_t at_us;
    struct question question;
    struct said told;
};

struct patrol {
    struct port *port;
    /* Borrowed during the call; `told` is NULL for a name of the list. */
    void (*on_due)(void *ctx, const struct question *question, const struct said *told);
    void *ctx;
    const char *const *names; /* presentation form */
    size_t n_names;
    uint32_t interval_s; /* from name to name, on the average */
    size_t next;
    bool lap_is_v6; /* A in one lap, AAAA in the next */
    struct port_timer turn;
    struct port_timer later_timer;
    size_t n_later;
    struct patrol_later later[PATROL_LATER_MAX];
};

/* Starts going round `names` (lent; may be none), at a random one of them. */
void patrol_init(struct patrol *patrol, struct port *port, const char *const *names,
                 size_t n_names);
void patrol_done(struct patrol *patrol);

/* Has the question come due in 30 … 600 s. False when there is no place for it. */
bool patrol_put_off(struct patrol *patrol, const struct question *question,
                    const struct said *told);

#endif
