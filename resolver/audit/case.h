/* SPDX-License-Identifier: MIT */
/* One name under examination: asks, has it judged, looks closer where that may tell more, and asks
 * again when an artefact was met. Knows no alert and no other case. */
#ifndef RESOLVER_AUDIT_CASE_H
#define RESOLVER_AUDIT_CASE_H

#include "resolver/audit/history.h"
#include "resolver/audit/https.h"
#include "resolver/audit/proving.h"
#include "resolver/audit/race.h"
#include "resolver/audit/signing.h"
#include "resolver/audit/soa.h"

enum case_state {
    CASE_IDLE,
    CASE_LOCAL,      /* the local resolver is asked */
    CASE_CONTROLS,   /* what the client was told does not exonerate: witnesses are asked */
    CASE_PREFIX,     /* does the local resolver make IPv6 addresses of IPv4 ones? */
    CASE_V4,         /* the witnesses' IPv4 addresses, where IPv6 ones may be made of them */
    CASE_RACE,       /* does a second reply come to the same question? */
    CASE_TCP,        /* a negative answer, over TCP? */
    CASE_SIBLING,    /* and for a name that cannot exist below it? */
    CASE_DIRECT,     /* what does a public resolver say on port 53? */
    CASE_SIGNED,     /* do the signatures hold? */
    CASE_PROVING,    /* who stands at the addresses? */
    CASE_HTTPS,      /* are records of another type held back? */
    CASE_ZONE,       /* who is in charge of its zone? */
    CASE_SANDWICHED, /* an artefact: does the local resolver work at all? */
    CASE_RESTING,    /* until it is met again */
};

/* How closely an answer is looked at that is honest at the first look. */
enum case_depth {
    CASE_BRIEF,    /* not at all: over */
    CASE_PATROL,   /* for old or narrowed content: its signatures, TTL, HTTPS records */
    CASE_THOROUGH, /* and for a second reply */
};

struct audit_case {
    enum case_state state;
    struct judge_case evidence;
    struct judgement judgement; /* when it has ended */
    char server[PLAIN_SERVER_TEXT_MAX];
    enum case_depth depth;
    unsigned done;    /* stages of this meeting, a bit each */
    size_t n_direct;  /* public resolvers asked, this meeting */
    unsigned n_asked; /* questions to the local resolver, this meeting */
    uint64_t recheck_us;
    uint64_t met_us[JUDGE_MEETINGS_MAX]; /* when each meeting was */
    bool patient;                        /* it rests until an honest copy is gone */
    struct asker *asker;
    struct history *history;
    struct asking asking;
    struct race race;
    struct proving proving;
    struct signing signing;
    struct https_look https;
    struct soa_look soa;
    struct port_timer rest;
    void (*on_end)(struct audit_case *one); /* the case is idle again and may be begun anew */
    void *ctx;
};

/* `question`, `told` (NULL: no client was told anything) and `server` are copied. The other fields
 * must be set: recheck_us, history, on_end, ctx. */
struct case_begin {
    struct asker *asker;
    const struct question *question;
    const struct said *told;
    const char *server;
    bool local_may_filter;
    enum case_depth depth;
};
void case_begin(struct audit_case *one, const struct case_begin *begin);
/* Harmless when idle. on_end does not come. */
void case_stop(struct audit_case *one);

/* The name that every honest resolver knows: example.com, type A. */
void case_control_question(struct question *ret_question);

#endif
