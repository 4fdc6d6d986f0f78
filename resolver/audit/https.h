/* SPDX-License-Identifier: MIT */
/* T11: does the local resolver hold back a name's records of type HTTPS, or the keys in them? All
 * witnesses are asked for the type, and where they have such records, the local resolver: one
 * question, and again if it is silent. They must speak of the same: content networks differ in
 * whether they have such records, so the name must end at the same place for both. For which other
 * names it did so is remembered: who lacks them for all is an old forwarder. Decides nothing. */
#ifndef RESOLVER_AUDIT_HTTPS_H
#define RESOLVER_AUDIT_HTTPS_H

#include "resolver/audit/asking.h"
#include "resolver/audit/judge.h"

enum { HTTPS_OTHERS = 2 };

enum https_step { HTTPS_IDLE, HTTPS_CONTROLS, HTTPS_LOCAL };

struct https_look {
    enum https_step step;
    struct asker *asker;
    struct asking asking;
    struct question question; /* for the name's addresses */
    const char *server;
    struct judge_case *evidence;
    struct name end;  /* where the witnesses' name ends; n == 0: no CNAME */
    unsigned n_asked; /* of the local resolver */
    void (*on_done)(struct https_look *look);
    void *ctx;
};

void https_init(struct https_look *look, struct asker *asker,
                void (*on_done)(struct https_look *look), void *ctx);
/* `server` and `evidence` are borrowed until the end; what was found is written into the evidence,
 * and remembered by the asker. */
void https_begin(struct https_look *look, const char *server, struct judge_case *evidence);
/* Harmless when idle. on_done does not come. */
void https_stop(struct https_look *look);

#endif
