/* SPDX-License-Identifier: MIT */
/* The judge: evidence in, verdict and rule out. Pure: no I/O, no clock, no score. A comparison only
 * ever exonerates; only an artefact that proves itself, met twice, accuses (HIJACK §3).
 *
 * Rules so far: gates G1 (name not eligible), G2 (captive network), G3 (resolver unusable), G4 (too
 * few witnesses); exoneration S1 (any common answer); accusations P2 (a bogon for a public name)
 * and P3 (answers for names that do not exist). */
#ifndef RESOLVER_AUDIT_JUDGE_H
#define RESOLVER_AUDIT_JUDGE_H

#include "resolver/audit/evidence.h"

enum {
    JUDGE_MEETINGS_MAX = 2, /* an artefact counts as proved when it was met so often */
    JUDGE_PROBE_NAMES = 3,  /* random names of one P3 run */
};

/* In order of weight: HIJACK §3.5. */
enum verdict {
    VERDICT_NO_DATA = 1, /* too little was heard to say anything */
    VERDICT_INELIGIBLE,
    VERDICT_UNUSABLE,
    VERDICT_CONSISTENT,
    VERDICT_STALE,
    VERDICT_DOWNGRADE,
    VERDICT_INCONCLUSIVE, /* different, which proves nothing */
    VERDICT_SUSPECTED,
    VERDICT_PROBABLE, /* an artefact, but not (yet) proof */
    VERDICT_FILTERED_DECLARED,
    VERDICT_CONFIRMED,
};

/* The rule that decided. */
enum rule { RULE_NONE, RULE_G1, RULE_G2, RULE_G3, RULE_G4, RULE_S1, RULE_P2, RULE_P3 };

/* What was found, from PROBABLE up. */
enum finding {
    FINDING_NONE,
    FINDING_HIJACK_BOGON,
    FINDING_FILTERED_LOCAL_OR_ISP, /* by the ISP, or by the user's own filter: no alert */
    FINDING_NXDOMAIN_REWRITE,
};

struct judgement {
    enum verdict verdict;
    enum rule rule;
    enum finding finding;
    struct address artefact; /* with a finding */
    size_t n_witnesses;      /* controls that bear the finding out, at every meeting */
};

/* One name asked everywhere at about the same time. */
struct judge_meeting {
    struct said local;
    struct said controls[AUDIT_CONTROLS_MAX];
    size_t n_controls; /* 0: not asked yet */
};

struct judge_case {
    struct question question; /* A or AAAA, class IN, in lower case */
    bool local_may_filter;    /* the user's own filter may stand behind the local resolver */
    struct said told; /* what a client was given over HTTPS: it exonerates, but is no witness */
    struct judge_meeting meetings[JUDGE_MEETINGS_MAX];
    size_t n_meetings;
    bool sandwiched;          /* the control name was asked too */
    struct said control_name; /* what the local resolver says for it */
};

/* May the name be judged (G1)? Not single labels, private or special-use suffixes, reverse names.
 */
bool judge_is_eligible(const struct question *question);

struct judgement judge(const struct judge_case *evidence);

/* P3: random names that cannot exist. names[i] stands under another top-level domain than names[j]
 * when their `tld` differ. */
struct judge_probe_name {
    unsigned tld;
    struct judge_meeting meeting;
};
struct judge_probe_run {
    struct judge_probe_name names[JUDGE_PROBE_NAMES];
    struct said control_name; /* a name that exists, as the local resolver says it */
};
struct judge_probe {
    bool local_may_filter;
    struct judge_probe_run runs[JUDGE_MEETINGS_MAX];
    size_t n_runs;
};

struct judgement judge_probe(const struct judge_probe *evidence);

/* True when a second meeting can turn the judgement into CONFIRMED. */
bool judgement_wants_recheck(const struct judgement *judgement, size_t n_meetings);

/* "CONFIRMED", "P2", "HIJACK_BOGON": the words of alerts and reports; for ever. */
const char *verdict_word(enum verdict verdict);
const char *rule_word(enum rule rule);
const char *finding_word(enum finding finding);

#endif
