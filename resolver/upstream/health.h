/* SPDX-License-Identifier: MIT */
/* What was learnt about a provider from how its attempts ended: how long answers take, how often
 * they fail, and whether it is worth asking at all. Knows no attempt and no clock: the time is
 * handed in. */
#ifndef RESOLVER_UPSTREAM_HEALTH_H
#define RESOLVER_UPSTREAM_HEALTH_H

#include "resolver/bytes.h"

enum health_state {
    HEALTH_CLOSED,    /* asked as usual */
    HEALTH_OPEN,      /* set aside: 1 s, doubling to 30 s */
    HEALTH_HALF_OPEN, /* set aside, and due to be tried out by one attempt */
    HEALTH_QUIET,     /* asked us to wait (Retry-After) */
};

struct health {
    uint64_t mean_us;   /* what an answer takes; 0: not known yet */
    uint64_t spread_us; /* mean deviation of that */
    uint64_t usual_us;  /* the same over a long time */
    unsigned slow_in_row;
    uint32_t error_ppm; /* decaying share of failures */
    unsigned failures_in_row;
    uint32_t open_s; /* how long it is, or was, set aside; kept until it has held out for as long */
    bool is_open;
    uint64_t opened_us, open_until_us, closed_us;
    uint64_t quiet_until_us;
    uint32_t churn; /* connections made of late, in sixteenths */
    uint64_t churn_us;
    bool has_lasted;       /* a connection has served twice since it was set aside */
    uint64_t connected_us; /* when one made since then first served; 0: none yet */
    uint64_t n_good, n_failed;
};

/* "closed", "open", "half-open" or "quiet". */
const char *health_word(enum health_state state);
enum health_state health_state(const struct health *health, uint64_t now_us);

/* An answer came after so long, over a connection that was `made` for it or one that was there.
 *
 * Three in a row that took four times as long as usual, and 50 ms, set the provider aside. So do
 * more than sixteen connections at a rate of more than one a second and more than one in sixteen
 * answers: it closes them as fast as they are made, and everybody waits for handshakes.
 *
 * One that is set aside comes back with an answer that was asked for since and not slow, once a
 * connection has served twice: each alone looks well where all are closed after one reply. */
void health_good(struct health *health, uint64_t took_us, bool made, uint64_t now_us);
/* No usable answer came. Three in a row set the provider aside, and so does an error share of more
 * than a third. */
void health_failed(struct health *health, uint64_t now_us);
/* A reply came that is no answer, which may be what the name deserves: of one that is well it says
 * nothing, and one that is set aside is left in peace for a second more. */
void health_unsure(struct health *health, uint64_t now_us);
/* The provider asked for silence. */
void health_quiet(struct health *health, uint32_t wait_s, uint64_t now_us);
/* The network is another one: what was learnt on the old one is forgotten, counts and silence asked
 * for aside. */
void health_forget(struct health *health);

/* About the p95 of what an answer takes, from the mean and the deviation as RFC 6298 section 2
 * does, within the bounds; half of max_us before anything is known. */
uint64_t health_patience_us(const struct health *health, uint64_t min_us, uint64_t max_us);
/* What asking it costs a client, for comparison: its latency, made worse by its failures. 0 before
 * anything is known. */
uint64_t health_cost(const struct health *health);

#endif
