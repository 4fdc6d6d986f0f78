/* SPDX-License-Identifier: MIT */
/* Tells when the machine is on another network, or was asleep: the kernel says that addresses,
 * links or routes have changed (rtnetlink), and the two clocks of which one stands still during
 * suspend have come apart. What counts is what the network then looks like, not that something was
 * said: an address that is only renewed is no other network.
 *
 * Knows nothing of who wants to know. One wake-up each NETWORK_LOOK_MS. */
#ifndef DAEMON_NETWORK_H
#define DAEMON_NETWORK_H

#include <stdbool.h>
#include <uv.h>

enum { NETWORK_LOOK_MS = 2000, NETWORK_SETTLE_MS = 100, NETWORK_ASLEEP_MS = 1000 };

struct network_params {
    void (*on_change)(void *ctx, bool slept);
    /* How long the machine has been asleep altogether, and what its network looks like; NULL: as
     * its clocks say, network_fingerprint(). */
    int64_t (*asleep_ms)(void *ctx);
    uint64_t (*fingerprint)(void *ctx);
    void *ctx;
};

struct network {
    uv_poll_t poll;
    uv_timer_t look, settle;
    int fd; /* -1: the kernel tells us nothing; suspend is still seen */
    uint64_t seen;
    int64_t asleep_ms;
    struct network_params params;
};

/* Watches on `loop` until network_close(). */
void network_open(struct network *network, uv_loop_t *loop, const struct network_params *params);
/* Looks now, and tells what is new: as each NETWORK_LOOK_MS by itself. */
void network_look(struct network *network);
/* Its handles are closed when the loop has run once more. */
void network_close(struct network *network);

/* A number for what the network looks like: addresses of links that are up, and default routes. */
uint64_t network_fingerprint(void);

#endif
