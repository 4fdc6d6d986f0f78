/* SPDX-License-Identifier: MIT */
/* The judge: evidence in, verdict and rule out. Pure: no I/O, no clock, no score. A comparison only
 * ever exonerates; only an artefact that proves itself, met twice, accuses (HIJACK §3).
 *
 * doc/evidence.md says what each field of the evidence is; doc/verdicts.md what each verdict, rule
 * and finding means. Bounds: as the arrays below; time is linear in them. */
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

/* The rule that decided: gates G, exonerations S, artefacts P, staleness ST (HIJACK §3), and the
 * kinds of narrowing T10 to T12 (HIJACK §1). */
enum rule {
    RULE_NONE,
    RULE_G1,
    RULE_G2,
    RULE_G3,
    RULE_G4,
    RULE_S1,
    RULE_P2,
    RULE_P3,
    RULE_G5,
    RULE_G6,
    RULE_S2,
    RULE_S3,
    RULE_S4,
    RULE_S5,
    RULE_S6,
    RULE_S9,
    RULE_P1,
    RULE_P4,
    RULE_P5,
    RULE_P6,
    RULE_P7,
    RULE_P8,
    RULE_P9,
    RULE_P10,
    RULE_P11,
    RULE_ST1,
    RULE_ST2,
    RULE_ST3,
    RULE_ST4,
    RULE_T10,
    RULE_T11,
    RULE_T12,
    RULE_N3,   /* who is said to be in charge of the zone is not */
    RULE_WEAK, /* two or more weak signals */
    N_RULES,
};

/* What was found. */
enum finding {
    FINDING_NONE,
    FINDING_HIJACK_BOGON,
    FINDING_FILTERED_LOCAL_OR_ISP, /* by the ISP, or by the user's own filter: no alert */
    FINDING_NXDOMAIN_REWRITE,
    FINDING_HIJACK_REDIRECT,  /* to an address that is not the name's: P1, P7, P10 */
    FINDING_INJECTION,        /* someone on the path answers faster */
    FINDING_PATH_INTERCEPTED, /* port 53 does not reach whom it is sent to */
    FINDING_HIJACK_FORGED,    /* a signed answer was altered */
    FINDING_BLOCKED_NEGATIVE, /* a name that exists is said not to */
    FINDING_FILTERED_DECLARED,
    FINDING_CAPTIVE,               /* with UNUSABLE: a portal answers for everything */
    FINDING_ISP_RESOLVER_UNUSABLE, /* with UNUSABLE */
    FINDING_REBIND,                /* with CONSISTENT: the owner himself gives a private address */
    FINDING_TLS_INTERCEPTED_BY_LOCAL_ROOT,
    FINDING_STALE_DECLARED,
    FINDING_STALE_TTL,
    FINDING_STALE_SIGNATURE,
    FINDING_STALE_LAG,
    FINDING_STALE_HARMFUL, /* and the old address does not serve the name any more */
    FINDING_AAAA_FILTERED,
    FINDING_HTTPS_STRIPPED,
    FINDING_ECH_STRIPPED,
    FINDING_TYPE_UNSUPPORTED, /* of every name: an old forwarder */
    FINDING_DNSSEC_STRIPPED,
    N_FINDINGS,
};

/* Independent kinds of evidence (HIJACK §3.5); a set. */
enum family {
    FAMILY_MESSAGE = 1,   /* P2 P6 P7 P8 */
    FAMILY_PATH = 2,      /* P4 P5 P9 */
    FAMILY_ENDPOINT = 4,  /* P1 */
    FAMILY_BEHAVIOUR = 8, /* P3 P10 P11 */
};

struct judgement {
    enum verdict verdict;
    enum rule rule;
    enum finding finding;
    unsigned families;       /* of all artefacts that were met, the deciding one's too */
    bool wants_recheck;      /* met again, it may be proved */
    uint32_t again_s;        /* so long after the first meeting it may; 0: no sooner helps */
    bool via_foreign_as;     /* S9: TLS passes, in an AS that no control named */
    struct address artefact; /* n == 0: none, or it is no address */
    size_t n_witnesses;      /* controls that bear the finding out, at every meeting */
};

/* One name asked everywhere at about the same time. */
struct judge_meeting {
    uint64_t at_us; /* 0: not told */
    struct said local;
    struct said controls[AUDIT_CONTROLS_MAX];
    size_t n_controls;  /* 0: not asked yet */
    struct said second; /* P4: another reply to the same query of `local`; answered: there was */
    struct said direct; /* the name put to a public resolver on port 53; answered: it was */
    struct certificate certificate; /* at the local resolver's address */
};

/* What is known of the network and of this machine (G2, G5, G6). */
struct judge_network {
    uint32_t changed_s; /* since the last change of link, route or lease; 0: unknown, long ago */
    bool captive;
    bool clock_is_wrong;           /* before the build, or never set */
    unsigned n_control_failures;   /* unrelated names whose TLS failed at the controls in 10 min */
    uint32_t asns[AUDIT_ASNS_MAX]; /* of the access network and of the local resolver */
    size_t n_asns;
};

/* What is remembered of the name. */
struct judge_history {
    struct address known[AUDIT_ADDRESSES_MAX]; /* S2: told over HTTPS in 7 days, or passed TLS */
    size_t n_known;
    unsigned n_names; /* P10: unrelated registrable names with the artefact in 24 h, this one too */
    /* P1: an address of the answer was first given so long ago, when honest copies of an older
     * answer had at most so long to live; 0: now. */
    uint32_t given_s, given_life_s;
    uint32_t usual_rtt_us; /* of the local resolver; 0: unknown */
    /* ST2: the most the name's TTL was over HTTPS, of so many samples of so many providers. */
    uint32_t ttl_s;
    unsigned n_ttl_samples, n_ttl_providers;
    /* ST4: addresses that HTTPS gave until `gone_s` ago, and does not since; with what TTL. */
    struct address old[AUDIT_ADDRESSES_MAX];
    size_t n_old;
    uint32_t gone_s, old_ttl_s;
    unsigned n_lag_tries; /* so often only old addresses were given since */
    uint32_t refresh_s;   /* ST5: of the zone of replies with serials */
};

/* P11: what surrounds a negative answer. */
struct judge_negative {
    unsigned n_tries; /* that ended so, over all transports */
    bool over_udp, over_tcp;
    struct said sibling; /* a random name below the name, as the local resolver says it; answered:
                          * it was asked */
};

/* N3, ST5: what the SOA of the name's zone says. */
struct judge_zone {
    struct name name;    /* of the zone, in lower case; n == 0: not asked, or not told */
    struct name primary; /* its first server, in lower case */
    uint32_t serial, refresh_s;
};

struct judge_case {
    struct question question; /* A or AAAA, class IN, in lower case */
    bool local_may_filter;    /* the user's own filter may stand behind the local resolver */
    struct said told; /* what a client was given over HTTPS: it exonerates, but is no witness */
    struct judge_meeting meetings[JUDGE_MEETINGS_MAX];
    size_t n_meetings;
    uint64_t gap_us;        /* meetings less apart count as one, when both say when; 0: never */
    bool sandwiched;        /* the control name was asked too */
    bool doubles;           /* and the same reply to that came twice: the path sends things twice */
    bool control_is_absent; /* the control name does not exist: NXDOMAIN is what is due */
    struct said control_name; /* what the local resolver says for it */
    struct judge_network network;
    struct judge_history history;
    struct judge_negative negative;
    struct address dns64; /* S6: the prefix that ipv4only.arpa tells; n == 0: none */
    unsigned dns64_bits;
    struct said v4; /* S6: the name's A records over HTTPS, for an AAAA question */
    bool a_is_fine; /* T10: the local resolver's A records of the name were exonerated */
    struct judge_zone local_zone, control_zones[AUDIT_CONTROLS_MAX];
    enum https_records local_https, control_https;
    bool https_of_others_is_absent; /* T11: two unrelated names lack theirs too */
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
    struct judge_network network;
    bool local_may_filter;
    struct judge_probe_run runs[JUDGE_MEETINGS_MAX];
    size_t n_runs;
};

struct judgement judge_probe(const struct judge_probe *evidence);

/* P5 and P9: does port 53 reach whom it is sent to? */
enum path_signal {
    SIGNAL_WHOAMI = 1, /* a name that tells the AS the question came from */
    SIGNAL_CHAOS,      /* id.server, hostname.bind, version.bind */
    SIGNAL_DNSSEC,     /* a name with a broken signature */
    SIGNAL_V6ONLY,     /* a zone whose servers have IPv6 only */
    SIGNAL_NXDOMAIN,   /* a name that does not exist */
    SIGNAL_TRUNCATION, /* an answer that must be truncated: weak */
    SIGNAL_CASE,       /* the case of the question: weak */
    N_SIGNALS,
};

enum {
    JUDGE_PATH_SIGNALS_MAX = 16,
    JUDGE_PATH_TEXT_MAX = 64,
    JUDGE_INJECTION_TRIES = 3,
};

/* A question put to a public resolver on port 53, and what is due: by the same operator over HTTPS,
 * or by what most networks hear. Without that, what two operators have in common tells: no two ask
 * from one network (whoami), nor do their servers have one name (CHAOS). */
struct judge_path_signal {
    enum path_signal signal;
    struct address target; /* the public resolver */
    unsigned operator;     /* whose it is: equal for addresses of one operator; 0: not known */
    struct said got[JUDGE_MEETINGS_MAX];
    char text[JUDGE_MEETINGS_MAX][JUDGE_PATH_TEXT_MAX]; /* of the TXT record; "": none */
    size_t n_got;
    struct said due;
    char due_text[JUDGE_PATH_TEXT_MAX]; /* how the text ends; "": not looked at */
};

/* A question sent to an address where no DNS can be. */
struct judge_path_try {
    struct address target;
    bool replied; /* with a DNS reply to the question */
    bool icmp;    /* and, or instead, an ICMP error came */
};

struct judge_path {
    struct judge_network network;
    struct judge_path_signal signals[JUDGE_PATH_SIGNALS_MAX];
    size_t n_signals;
    struct judge_path_try tries[JUDGE_INJECTION_TRIES];
    size_t n_tries;
};

struct judgement judge_path(const struct judge_path *evidence);

/* True when a second meeting can turn the judgement into CONFIRMED. */
bool judgement_wants_recheck(const struct judgement *judgement, size_t n_meetings);

/* "CONFIRMED", "P2", "HIJACK_BOGON": the words of alerts and reports; for ever. */
const char *verdict_word(enum verdict verdict);
const char *rule_word(enum rule rule);
const char *finding_word(enum finding finding);
/* "message endpoint": the set's words in order, "" for none. Returns `out`. */
enum { JUDGE_FAMILIES_TEXT_MAX = 40 };
const char *families_text(unsigned families, char out[JUDGE_FAMILIES_TEXT_MAX]);

#endif
