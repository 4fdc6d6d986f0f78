/* SPDX-License-Identifier: MIT */
/* Where does port 53 lead? Tells nobody what a user resolves; one probe runs at a time.
 *   P5  (HIJACK N7): a question for the control name goes to addresses of the documentation
 *       networks, where no DNS can be. Whoever answers sits on the path.
 *   P9  (HIJACK N8): public resolvers are asked which address their questions come from, and for
 *       their own name. What the same operator says over HTTPS, where it is a witness, is what is
 *       due. What was odd is asked once more before the verdict stands.
 * A whoami answer with our own address is no evidence: it is no resolver that asked. */
#ifndef RESOLVER_AUDIT_PATH_H
#define RESOLVER_AUDIT_PATH_H

#include "resolver/audit/asking.h"
#include "resolver/audit/judge.h"
#include "resolver/audit/race.h"

enum {
    PATH_KINDS = 2, /* of questions to a public resolver */
    PATH_SIGNALS_MAX = AUDIT_PUBLIC_MAX * PATH_KINDS,
};

enum path_state { PATH_IDLE, PATH_ASKING, PATH_RESTING };

/* What an operator says over HTTPS. */
struct path_due {
    struct audit_ask ask;
    struct path_probe *probe;
    bool live;
};

struct path_probe {
    enum path_state state;
    const struct asker *asker;
    uint64_t recheck_us;
    char server[PLAIN_SERVER_TEXT_MAX]; /* the local resolver in force meanwhile */
    struct judge_path evidence;
    struct judgement judgement; /* when it has ended */
    struct race races[JUDGE_INJECTION_TRIES];
    /* Of all that were asked; the evidence has those that were heard of. */
    size_t n_signals, n_rounds;
    struct judge_path_signal signals[PATH_SIGNALS_MAX];
    struct race signal_races[PATH_SIGNALS_MAX];
    struct path_due dues[PATH_SIGNALS_MAX];
    size_t n_waiting;
    struct port_timer rest;
    void (*on_end)(struct path_probe *probe); /* idle again */
    void *ctx;
};

/* The fields asker, recheck_us, on_end and ctx must be set. Without any route nothing is begun:
 * false. */
bool path_begin(struct path_probe *probe, const char *server);
/* Harmless when idle. on_end does not come. */
void path_stop(struct path_probe *probe);

#endif
