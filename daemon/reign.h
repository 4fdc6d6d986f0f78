/* SPDX-License-Identifier: MIT */
/* What is in force: the generation that answers, those that drain behind it after a reload, and
 * what outlives them all: sockets, cache, ledger, kept state. Knows how one generation follows
 * another, and says what came of it; signals and who asks for a reload are the daemon's. Main
 * thread. Bound: REIGN_OLD_MAX generations drain at a time. */
#ifndef DAEMON_REIGN_H
#define DAEMON_REIGN_H

#include "daemon/generation.h"
#include "daemon/loop.h"
#include "daemon/loopguard.h"
#include "daemon/outlets.h"
#include "daemon/statefile.h"
#include "resolver/audit/ledger.h"

enum { REIGN_OLD_MAX = 4 };

struct reign_params {
    const char *path; /* of the configuration; lent, like the loop, for the reign's life */
    struct loop *loop;
    void (*on_drained)(void *ctx); /* after reign_stop(): all generations have ended */
    void *ctx;
};

struct reign {
    const char *path;
    struct loop *loop;
    uv_async_t ended;
    struct sockets sockets;
    struct cache *cache;
    struct claims *claims;
    struct ledger *ledger;
    struct statefile *state;
    struct cache_params cache_params;
    uint8_t policy_secret[16];
    uint8_t client_secret[16]; /* stays over reloads: so do the cookies made with it */
    struct outlets outlets;
    struct loopguard loopguard;
    struct generation *current;            /* NULL before reign_begin() and after reign_end() */
    struct generation *old[REIGN_OLD_MAX]; /* draining after a reload */
    size_t n_old;
    struct generation *next;                        /* reads its lists, and is current after that */
    atomic_int lists;                               /* its: an enum of reign.c, set by its thread */
    bool starting;                                  /* `current` reads its first files */
    bool failed;                                    /* it could not be started after that */
    bool reload_waits;                              /* for that, or for room among the old */
    struct traffic_counts past[TRAFFIC_TRANSPORTS]; /* of generations that ended */
    bool stopping;
    void (*on_drained)(void *ctx);
    void *ctx;
};

void reign_init(struct reign *reign, const struct reign_params *params);
/* Takes `config`; opens everything and makes its generation. False with the reason logged.
 * *ret_control: the control socket that was handed over, given; -1 when none was. */
bool reign_begin(struct reign *reign, struct config *config, int *ret_control);
/* Starts the threads, and says that we are ready, when it is known who is to learn of which name;
 * until then questions wait in the sockets. False with the reason logged; `failed`, and on_drained,
 * when that comes about later. */
bool reign_start(struct reign *reign);
/* Puts what the file says in force; a bad file changes nothing. */
void reign_reload(struct reign *reign);
/* Nothing new is accepted, and what is pending is answered. */
void reign_stop(struct reign *reign);
/* Joins and frees, when all is drained or nothing was started; its handle is closed when the loop
 * has run once more. */
void reign_end(struct reign *reign);
/* Closes the sockets, once the loop has run for the last time. */
void reign_done(struct reign *reign);

/* The network is another one, or this machine has slept. */
void reign_change_network(struct reign *reign, bool slept);
/* As generation_look_for_locals(); 0: not any more. */
unsigned reign_look_for_locals(struct reign *reign);
bool reign_is_alive(struct reign *reign);
/* Has somebody been answered, and does nobody wait? */
bool reign_has_answered(const struct reign *reign);
/* What came and what became of it, for those who read the journal after an end. */
void reign_say_traffic(struct reign *reign);

#endif
