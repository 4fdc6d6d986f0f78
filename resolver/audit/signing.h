/* SPDX-License-Identifier: MIT */
/* Are the signatures of what the local resolver says those of the zone (P6, S5, ST2, ST3, T12)? The
 * witnesses are asked with DO=1; where the name is signed, they are asked for the signer's keys,
 * and the local resolver for the name with DO=1. A key is trusted that every witness gives and says
 * to have validated (AD); the chain above it is theirs to vouch for. One question to the local
 * resolver, two to each witness. */
#ifndef RESOLVER_AUDIT_SIGNING_H
#define RESOLVER_AUDIT_SIGNING_H

#include "resolver/audit/asking.h"
#include "resolver/audit/judge.h"

enum signing_step { SIGNING_IDLE, SIGNING_CONTROLS, SIGNING_KEYS, SIGNING_LOCAL };

struct signing {
    enum signing_step step;
    struct asking asking;
    struct question question;
    struct name signer;
    const char *server;
    struct judge_meeting *meeting;
    struct answer *controls[AUDIT_CONTROLS_MAX];
    struct answer *keys[AUDIT_CONTROLS_MAX];
    unsigned n_asked; /* of the local resolver */
    void (*on_done)(struct signing *signing);
    void *ctx;
};

void signing_init(struct signing *signing, const struct asker *asker,
                  void (*on_done)(struct signing *signing), void *ctx);
/* `server` and `meeting` are borrowed until the end; the signatures' fields of the meeting are
 * written. */
void signing_begin(struct signing *signing, const struct question *question, const char *server,
                   struct judge_meeting *meeting);
/* Harmless when idle. on_done does not come. */
void signing_stop(struct signing *signing);

#endif
