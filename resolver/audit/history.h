/* SPDX-License-Identifier: MIT */
/* What was learnt of names: the addresses HTTPS gave (S2), the most its TTLs were (ST2), a change
 * that was witnessed (ST4), and which address the local resolver gives for how many unrelated names
 * (P10). Feeds the judge; decides nothing.
 *
 * A change counts as witnessed only where the old set was the same at HISTORY_STABLE checks in a
 * row, by every witness, and the new one shares nothing with it: what a content network gives and
 * takes every minute is no change. Bounds: HISTORY_NAMES names, HISTORY_ARTEFACTS addresses; the
 * least recently used goes. */
#ifndef RESOLVER_AUDIT_HISTORY_H
#define RESOLVER_AUDIT_HISTORY_H

#include "resolver/audit/judge.h"

enum {
    HISTORY_NAMES = 512,
    HISTORY_POOL = 8, /* addresses of one name */
    HISTORY_ARTEFACTS = 128,
    HISTORY_STABLE = 3,
};

struct history;

/* gives the history, NULL without memory. */
struct history *history_new(void);
struct history *history_free(struct history *history);

/* The witnesses of a meeting have spoken about the name. */
void history_note_controls(struct history *history, const struct question *question,
                           const struct judge_meeting *meeting, uint64_t now_us);
/* A case has ended: was the local resolver's answer honest, and if not, what was its address? */
void history_note_end(struct history *history, const struct judge_case *evidence,
                      const struct judgement *judgement, uint64_t now_us);
/* What the judge may know about the name, and about the address that the local resolver gave. */
void history_tell(struct history *history, const struct judge_case *evidence, uint64_t now_us,
                  struct judge_history *ret_history);
/* T10: the local resolver's A records of the name were fine within a day. */
bool history_a_is_fine(struct history *history, const struct name *name, uint64_t now_us);

#endif
