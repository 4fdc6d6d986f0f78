/* SPDX-License-Identifier: MIT */
/* The P3 probe: does the local resolver give addresses for random names that cannot exist? It tells
 * nobody what a user resolves. One runs at a time; a rewrite that was met is met again, with new
 * names, before the verdict stands. */
#ifndef RESOLVER_AUDIT_PROBE_H
#define RESOLVER_AUDIT_PROBE_H

#include "resolver/audit/asking.h"
#include "resolver/audit/judge.h"

enum probe_state {
    PROBE_IDLE,
    PROBE_LOCAL,    /* names and the control name are put to the local resolver */
    PROBE_CONTROLS, /* and, when two names had the same answer, to the witnesses */
    PROBE_RESTING,
};

struct probe {
    enum probe_state state;
    struct judge_probe evidence;
    struct judgement judgement; /* when it has ended */
    struct question names[JUDGE_MEETINGS_MAX][JUDGE_PROBE_NAMES];
    char server[PLAIN_SERVER_TEXT_MAX];
    const struct asker *asker;
    uint64_t recheck_us;
    uint64_t met_us[JUDGE_MEETINGS_MAX];
    size_t n_waiting;
    struct asking askings[JUDGE_PROBE_NAMES];
    struct asking control_asking;
    struct port_timer rest;
    void (*on_end)(struct probe *probe); /* idle again */
    void *ctx;
};

/* The fields asker, recheck_us, on_end and ctx must be set. `server` is copied. */
void probe_begin(struct probe *probe, const char *server, bool local_may_filter);
/* Harmless when idle. on_end does not come. */
void probe_stop(struct probe *probe);

#endif
