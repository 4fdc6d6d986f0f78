/* SPDX-License-Identifier: MIT */
/* Does what the local resolver is asked come back to us? A stub on this machine, or a box in the
 * network, may ask us in its turn, whatever its address is: then its answers are our own, and prove
 * nothing. It is asked for a random name of this process below example.com, which tells nobody
 * anything; whoever answers clients says which names came that had to be asked of providers.
 *
 * Decides nothing. One is asked at a time; it always ends. */
#ifndef RESOLVER_AUDIT_ECHO_H
#define RESOLVER_AUDIT_ECHO_H

#include "resolver/audit/asking.h"

#include <stdatomic.h>

struct echo {
    bool asking_now;
    char server[PLAIN_SERVER_TEXT_MAX];
    struct name tail; /* what all names of this process end with; never changes */
    atomic_bool heard;
    struct asking asking;
    void (*on_done)(struct echo *echo);
    void *ctx;
};

/* Sets it up, and dices the name. Before other threads know of it. */
void echo_init(struct echo *echo, const struct asker *asker, void (*on_done)(struct echo *echo),
               void *ctx);
/* Asks `server` (copied) once; not while it is under way. */
void echo_begin(struct echo *echo, const char *server);
/* Harmless when idle. on_done does not come. */
void echo_stop(struct echo *echo);

/* Any thread: is it a name of ours? Cheap. */
bool echo_is_ours(const struct echo *echo, const struct name *name);
/* Any thread: a client asks for that name. Cheap. */
void echo_hear(struct echo *echo, const struct name *name);
/* In on_done: did it come back? */
bool echo_was_heard(const struct echo *echo);

#endif
