/* SPDX-License-Identifier: MIT */
/* One name under examination: asks, has it judged, and asks again when an artefact was met. Knows
 * no budget, no alert and no other case. */
#ifndef RESOLVER_AUDIT_CASE_H
#define RESOLVER_AUDIT_CASE_H

#include "resolver/audit/asking.h"
#include "resolver/audit/judge.h"

enum case_state {
    CASE_IDLE,
    CASE_LOCAL,      /* the local resolver is asked */
    CASE_CONTROLS,   /* what the client was told does not exonerate: witnesses are asked */
    CASE_SANDWICHED, /* an artefact: does the local resolver work at all? */
    CASE_RESTING,    /* until it is met again */
};

struct audit_case {
    enum case_state state;
    struct judge_case evidence;
    struct judgement judgement; /* when it has ended */
    char server[PLAIN_SERVER_TEXT_MAX];
    uint64_t recheck_us;
    uint64_t met_us[JUDGE_MEETINGS_MAX]; /* when each meeting was */
    struct asking asking;
    struct port_timer rest;
    void (*on_end)(struct audit_case *one); /* the case is idle again and may be begun anew */
    void *ctx;
};

/* `question`, `told` (NULL: no client was told anything) and `server` are copied. The other fields
 * must be set: recheck_us, on_end, ctx. */
struct case_begin {
    const struct asker *asker;
    const struct question *question;
    const struct said *told;
    const char *server;
    bool local_may_filter;
};
void case_begin(struct audit_case *one, const struct case_begin *begin);
/* Harmless when idle. on_end does not come. */
void case_stop(struct audit_case *one);

/* The name that every honest resolver knows: example.com, type A. */
void case_control_question(struct question *ret_question);

#endif
