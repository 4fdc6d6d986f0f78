/* SPDX-License-Identifier: MIT */
/* The order of the judgement (HIJACK §3.5), first match:
 *   1. G1 to G3: may anything be said at all?
 *   2. S1 to S6, S9: is the answer shown to be honest? It ends what is about the address.
 *   3. G2, G3 by the control name: a portal, or a resolver that is broken, unless exonerated.
 *   4. P: the weightiest artefact that every meeting shows.
 *   5. G4: are there witnesses, and of one mind?
 *   6. ST, T: old or narrowed content explains the rest.
 *   7. A zone of somebody else's (N3), or weak signals, two or more: SUSPECTED. Otherwise the
 * answers just differ: INCONCLUSIVE. */
#include "resolver/audit/judge_parts.h"

#include <assert.h>

struct judge_witnesses judge_witnesses(const struct judge_meeting *meeting)
{
    struct judge_witnesses w = {0};
    uint16_t rcode = 0;
    for (size_t i = 0; i < meeting->n_controls; i++) {
        const struct said *said = &meeting->controls[i];
        if (!said_bears_witness(said)) {
            continue;
        }
        w.disagree = w.disagree || (w.n > 0 && said->rcode != rcode);
        rcode = said->rcode;
        w.n++;
        w.n_nxdomain += said->rcode == RCODE_NXDOMAIN;
        bool has_bogon = said_bogon(said) != NULL;
        w.has_bogon = w.has_bogon || has_bogon;
        w.n_global += said_gives_addresses(said) && !has_bogon;
    }
    return w;
}

/* G4. Whatever fails at one meeting fails the case. */
static bool lacks_witnesses(const struct judge_case *evidence)
{
    for (size_t m = 0; m < evidence->n_meetings; m++) {
        struct judge_witnesses w = judge_witnesses(&evidence->meetings[m]);
        if (w.n == 0 || w.disagree) {
            return true;
        }
    }
    return false;
}

static bool witnesses_are_empty(const struct judge_case *evidence)
{
    for (size_t m = 0; m < evidence->n_meetings; m++) {
        if (judge_witnesses(&evidence->meetings[m]).n_global == 0) {
            return true;
        }
    }
    return false;
}

static bool has_handshake(const struct judge_case *evidence, enum tls_outcome outcome)
{
    for (size_t m = 0; m < evidence->n_meetings; m++) {
        const struct said *local = &evidence->meetings[m].local;
        if (memchr(local->tls, (int)outcome, local->n) != NULL) {
            return true;
        }
    }
    return false;
}

static struct judgement inconclusive(const struct judge_case *evidence)
{
    struct judgement found = judge_decide(VERDICT_INCONCLUSIVE, RULE_NONE);
    enum rule gate = judge_gate_tls(&evidence->network);
    if (gate != RULE_NONE) {
        found.rule = gate;
    } else if (has_handshake(evidence, TLS_LOCAL_ROOT)) {
        found.rule = RULE_S9;
        found.finding = FINDING_TLS_INTERCEPTED_BY_LOCAL_ROOT;
    } else if (witnesses_are_empty(evidence)) {
        found.rule = RULE_G4;
    }
    return found;
}

/* Exonerated, and neither the message nor the path shows anything. */
static struct judgement judge_honest(const struct judge_case *evidence,
                                     const struct judgement *exonerated)
{
    struct judgement found = judge_stale(evidence);
    if (found.verdict == 0) {
        found = judge_narrowed(evidence);
    }
    if (found.verdict == 0) {
        found = *exonerated;
    }
    if (found.verdict != VERDICT_STALE) {
        found.wants_recheck = judge_may_be_stale(evidence);
    }
    return found;
}

static struct judgement judge_unexplained(const struct judge_case *evidence)
{
    struct judgement found = judge_stale(evidence);
    /* A TTL of his own may be all that is odd of a cache; not with an address of his own. */
    bool by_ttl = found.rule == RULE_ST2 || found.verdict == 0;
    if (by_ttl && judge_is_made_there(evidence) && !witnesses_are_empty(evidence)) {
        found = judge_decide(VERDICT_PROBABLE, RULE_WEAK);
        found.finding = FINDING_HIJACK_REDIRECT;
        found.artefact = evidence->meetings[0].local.at[0];
        return found;
    }
    if (found.verdict == 0) {
        found = judge_narrowed_address(evidence);
    }
    if (found.verdict != 0) {
        return found;
    }
    if (judge_zone_is_foreign(evidence)) {
        return judge_decide(VERDICT_SUSPECTED, RULE_N3);
    }
    return judge_n_weak(evidence) >= 2 ? judge_decide(VERDICT_SUSPECTED, RULE_WEAK)
                                       : inconclusive(evidence);
}

struct judgement judge(const struct judge_case *evidence)
{
    assert(evidence->n_meetings <= JUDGE_MEETINGS_MAX);
    struct judgement found = judge_gate(evidence);
    if (found.verdict != 0) {
        return found;
    }
    struct judgement exonerated = judge_exonerate(evidence);
    struct judgement gate = judge_gate_sandwich(evidence);
    if (gate.verdict != 0) {
        return exonerated.verdict != 0 ? judge_honest(evidence, &exonerated) : gate;
    }
    struct judgement accused = judge_accuse(evidence, &exonerated);
    if (accused.verdict >= VERDICT_PROBABLE) {
        return accused;
    }
    if (exonerated.verdict != 0) {
        return judge_honest(evidence, &exonerated);
    }
    if (lacks_witnesses(evidence)) {
        return judge_decide(VERDICT_NO_DATA, RULE_G4);
    }
    found = judge_unexplained(evidence);
    return found.verdict >= VERDICT_INCONCLUSIVE && accused.verdict > found.verdict ? accused
                                                                                    : found;
}

bool judgement_wants_recheck(const struct judgement *judgement, size_t n_meetings)
{
    /* Of what is honest or narrowed, the TTL was met once (ST2). */
    bool explained =
        judgement->verdict == VERDICT_CONSISTENT || judgement->verdict == VERDICT_DOWNGRADE;
    bool enough = judgement->n_witnesses >= 2 || judgement->rule == RULE_P4 || explained;
    return judgement->wants_recheck && enough && judgement->verdict != VERDICT_CONFIRMED &&
           n_meetings < JUDGE_MEETINGS_MAX;
}
