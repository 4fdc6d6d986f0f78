/* SPDX-License-Identifier: MIT */
/* N3: who is in charge of the name's zone, by the local resolver and by the witnesses? All
 * witnesses are asked for its SOA, and where two tell it, the local resolver: one question, and
 * again if it is silent. Decides nothing. */
#ifndef RESOLVER_AUDIT_SOA_H
#define RESOLVER_AUDIT_SOA_H

#include "resolver/audit/asking.h"
#include "resolver/audit/judge.h"

enum soa_step { SOA_IDLE, SOA_CONTROLS, SOA_LOCAL };

struct soa_look {
    enum soa_step step;
    struct asker *asker;
    struct asking asking;
    const char *server;
    struct judge_case *evidence;
    unsigned n_asked; /* of the local resolver */
    void (*on_done)(struct soa_look *look);
    void *ctx;
};

void soa_init(struct soa_look *look, struct asker *asker, void (*on_done)(struct soa_look *look),
              void *ctx);
/* `server` and `evidence` are borrowed until the end; what was found is written into the evidence.
 */
void soa_begin(struct soa_look *look, const char *server, struct judge_case *evidence);
/* Harmless when idle. on_done does not come. */
void soa_stop(struct soa_look *look);

/* Reads the zone of an answer to a question for an SOA: that of the answer, or of a denial's
 * authority. Not where the name leads elsewhere: `zone` speaks of the name itself. */
void soa_read(const struct answer *answer, struct judge_zone *ret_zone);

#endif
