/* SPDX-License-Identifier: MIT */
/* What the control API says: each path of it, answered in JSON from what the daemon's rooms know.
 * Runs on the main thread; waits for workers WORKER_REPORT_MS at most. Shows no secret, and no name
 * that anybody asked for but those of verdicts (/v1/hijacks). */
#ifndef DAEMON_STATUS_H
#define DAEMON_STATUS_H

#include "daemon/control.h"
#include "daemon/generation.h"

/* What it looks at; all borrowed. */
struct status_view {
    const struct sockets *sockets;
    struct cache *cache;
    struct generation *generation;
    struct ledger *ledger;
    uint64_t uptime_s;
};

/* Answers what is asked for: 404 for an unknown path, 405 for the wrong method, 400 for a bad
 * argument, each with {"error": …}. */
void status_answer(const struct status_view *view, const struct control_request *request,
                   struct control_answer *ret_answer);

#endif
