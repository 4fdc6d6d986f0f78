/* SPDX-License-Identifier: MIT */
/* The judge's rooms, for judge*.c only: each looks at the evidence for one kind of reason, and
 * judge.c asks them in order. All pure. */
#ifndef RESOLVER_AUDIT_JUDGE_PARTS_H
#define RESOLVER_AUDIT_JUDGE_PARTS_H

#include "resolver/audit/judge.h"

static inline struct judgement judge_decide(enum verdict verdict, enum rule rule)
{
    return (struct judgement){.verdict = verdict, .rule = rule};
}

/* Is the party's answer one that a working resolver gives (G3)? RA=0 without an address is not. */
bool judge_local_is_usable(const struct said *local);

/* G2 of the network as a whole; a zero verdict when nothing is in the way. */
struct judgement judge_gate_network(const struct judge_network *network);
/* G1, G2, G3, before anything is compared; a zero verdict when nothing is in the way. */
struct judgement judge_gate(const struct judge_case *evidence);
/* G2 and G3 by the control name; a zero verdict when it is as it should be, or was not asked. */
struct judgement judge_gate_sandwich(const struct judge_case *evidence);
/* G5, G6: why no handshake counts; RULE_NONE when handshakes count. */
enum rule judge_gate_tls(const struct judge_network *network);

/* P1: an honest copy of what the local resolver says is gone so long after the first meeting; 0: it
 * can be none any more. */
uint32_t judge_copy_s(const struct judge_case *evidence);
/* So long lives an honest copy of the name's old addresses, as far as the meeting tells: as long as
 * the local resolver or any control says that such answers live. */
uint32_t judge_copy_life_s(const struct judge_meeting *meeting);

/* The meetings that count: those too close together are one. */
size_t judge_n_met(const struct judge_case *evidence);

/* What the witnesses of one meeting say together. */
struct judge_witnesses {
    size_t n;        /* that bear witness */
    size_t n_global; /* of these: with addresses, all of them global */
    size_t n_nxdomain;
    bool disagree; /* on the rcode */
    bool has_bogon;
};
struct judge_witnesses judge_witnesses(const struct judge_meeting *meeting);

/* Does the local resolver say what this party says (S1)? */
bool judge_agree(const struct said *local, const struct said *control);
/* A common network: /24 or /48 of a global address, an AS, or ASes of one owner (S4). */
bool judge_same_network(const struct said *a, const struct said *b);
/* Labels of the zone that a name is registered under. */
unsigned judge_n_registrable(const struct name *name);
/* That zone as a hash: names of one zone are related. */
uint64_t judge_zone_hash(const struct name *name);
/* Both origin ASes known, and of different owners. */
bool judge_other_network(const struct said *a, const struct said *b);
/* Is an address of it known to be the name's (S2)? */
bool judge_is_known(const struct judge_case *evidence, const struct said *local);
/* S1 to S6 and S9: CONSISTENT, or a zero verdict. */
struct judgement judge_exonerate(const struct judge_case *evidence);

/* The weightiest artefact that is met at every meeting; a zero verdict when there is none. What is
 * about the address is left aside for what `exonerated` is. */
struct judgement judge_accuse(const struct judge_case *evidence,
                              const struct judgement *exonerated);

/* ST1 to ST4; a zero verdict when nothing proves staleness. */
struct judgement judge_stale(const struct judge_case *evidence);
/* Are all addresses old ones, and is what supports ST4 worth to be asked for? */
bool judge_may_lag(const struct judge_case *evidence);
/* Would one more meeting prove it (ST2)? */
bool judge_may_be_stale(const struct judge_case *evidence);
/* T10, which explains a missing address; T11 and T12, which explain nothing else. */
struct judgement judge_narrowed_address(const struct judge_case *evidence);
struct judgement judge_narrowed(const struct judge_case *evidence);
/* Does every meeting show an answer that no cache can have from the owner, for its AA or its TTL,
 * and that leads to a network that is no witness's? */
bool judge_is_made_there(const struct judge_case *evidence);
/* How many independent weak signals every meeting shows; they never add up to an accusation. */
unsigned judge_n_weak(const struct judge_case *evidence);

/* N3: is the zone's primary server, as the local resolver has it, nobody's whom a witness names? */
bool judge_zone_is_foreign(const struct judge_case *evidence);
/* ST5: is what the local resolver has of the zone more than one version old, for longer than its
 * secondaries may wait? */
bool judge_zone_is_behind(const struct judge_case *evidence);

/* Are the two ASes of one owner? */
bool asn_same_owner(uint32_t a, uint32_t b);

#endif
