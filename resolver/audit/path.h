/* SPDX-License-Identifier: MIT */
/* The injection probe (HIJACK N7, P5): a question for the control name goes to addresses of the
 * documentation networks, where no DNS can be. Whoever answers sits on the path. Tells nobody what
 * a user resolves. One runs at a time. */
#ifndef RESOLVER_AUDIT_PATH_H
#define RESOLVER_AUDIT_PATH_H

#include "resolver/audit/asking.h"
#include "resolver/audit/judge.h"
#include "resolver/audit/race.h"

struct path_probe {
    const struct asker *asker;
    char server[PLAIN_SERVER_TEXT_MAX]; /* the local resolver in force meanwhile */
    struct judge_path evidence;
    struct judgement judgement; /* when it has ended */
    struct race races[JUDGE_INJECTION_TRIES];
    size_t n_waiting; /* 0: idle */
    void (*on_end)(struct path_probe *probe);
    void *ctx;
};

/* The fields asker, on_end and ctx must be set. Without any route nothing is begun: false. */
bool path_begin(struct path_probe *probe, const char *server);
/* Harmless when idle. on_end does not come. */
void path_stop(struct path_probe *probe);

#endif
