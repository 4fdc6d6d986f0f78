/* SPDX-License-Identifier: MIT */
/* The TLS stage of one meeting (HIJACK S9, P1): first an address that a witness named, and only if
 * that one proves to be the name, those that the local resolver named, and those of a second reply
 * (P4); not those that a witness names too. Fills in said.tls and the
 * certificate; decides nothing.
 *
 * Never connects to an address that no public name can have, nor to one of
 * this machine's, nor to a known sinkhole. Bounds:
 * PROVING_ADDRESSES addresses of each reply, PROVING_A_MINUTE handshakes over all cases.
 */
#ifndef RESOLVER_AUDIT_PROVING_H
#define RESOLVER_AUDIT_PROVING_H

#include "resolver/audit/asking.h"
#include "resolver/audit/judge.h"

enum { PROVING_ADDRESSES = 2, PROVING_A_MINUTE = 6, PROVING_WAITS_MAX = 20 };

/* Embedded in its owner. */
struct proving {
    struct asker *asker;
    struct judge_meeting *meeting; /* lent until the end */
    struct question question;
    struct audit_proof proof;
    struct port_timer timer;
    bool live;
    struct said *said; /* whose address is under test */
    size_t at;
    size_t n_tried; /* of its addresses so far */
    unsigned n_waits;
    void (*on_done)(struct proving *proving);
    void *ctx;
};

void proving_init(struct proving *proving, struct asker *asker,
                  void (*on_done)(struct proving *proving), void *ctx);
/* Is there anything to prove at this meeting, and is it allowed? */
bool proving_is_worth(const struct asker *asker, const struct judge_meeting *meeting);
void proving_begin(struct proving *proving, const struct question *question,
                   struct judge_meeting *meeting);
/* on_done does not come. */
void proving_stop(struct proving *proving);

#endif
