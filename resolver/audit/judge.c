/* SPDX-License-Identifier: MIT */
/* The order of the judgement (HIJACK §3.5):
 *   1. G1: is the name eligible at all?
 *   2. G3: is the local resolver usable?
 *   3. S1: any common answer, at any meeting, with any control or what the client was told.
 *   4. G2, G3: the control name around the case: captive network, broken resolver.
 *   5. G4: are there witnesses, and of one mind?
 *   6. P2: a bogon, at every meeting. Once: PROBABLE. Twice: CONFIRMED.
 *   7. Otherwise the answers just differ: INCONCLUSIVE. */
#include "resolver/audit/judge.h"

#include <assert.h>

static const char *const ineligible_suffixes[] = {
    "alt", "arpa",  "corp",      "home",        "internal", "invalid",
    "lan", "local", "localhost", "localdomain", "onion",    "test",
};

static struct judgement decide(enum verdict verdict, enum rule rule)
{
    return (struct judgement){.verdict = verdict, .rule = rule};
}

/* The last label in lower case, as text; "" when it does not look like a word. */
static void last_label(const struct name *name, char out[64])
{
    struct name rest = *name;
    while (name_n_labels(&rest) > 1) {
        struct name parent;
        name_parent(&rest, &parent);
        rest = parent;
    }
    name_lower(&rest);
    size_t n = rest.at[0];
    memcpy(out, rest.at + 1, n);
    out[n] = '\0';
}

bool judge_is_eligible(const struct question *question)
{
    if (question->class != CLASS_IN) {
        return false;
    }
    if (question->type != TYPE_A && question->type != TYPE_AAAA) {
        return false;
    }
    if (name_n_labels(&question->name) < 2) {
        return false;
    }
    char tld[64];
    last_label(&question->name, tld);
    for (size_t i = 0; i < sizeof ineligible_suffixes / sizeof ineligible_suffixes[0]; i++) {
        if (strcmp(tld, ineligible_suffixes[i]) == 0) {
            return false;
        }
    }
    return true;
}

static bool local_is_usable(const struct said *local)
{
    return local->answered && (local->flags & FLAG_RA) != 0;
}

/* S1 between two parties: a common address, or the same rcode and both empty. */
static bool agree(const struct said *local, const struct said *control)
{
    if (!control->answered) {
        return false;
    }
    if (said_common(local, control) != NULL) {
        return true;
    }
    bool negative = local->rcode == RCODE_NOERROR || local->rcode == RCODE_NXDOMAIN;
    return negative && !local->truncated && local->n == 0 && control->n == 0 &&
           local->rcode == control->rcode;
}

static bool agrees_with_any(const struct said *local, const struct judge_case *evidence)
{
    if (agree(local, &evidence->told)) {
        return true;
    }
    for (size_t m = 0; m < evidence->n_meetings; m++) {
        const struct judge_meeting *meeting = &evidence->meetings[m];
        for (size_t i = 0; i < meeting->n_controls; i++) {
            if (agree(local, &meeting->controls[i])) {
                return true;
            }
        }
    }
    return false;
}

static bool is_exonerated(const struct judge_case *evidence)
{
    for (size_t m = 0; m < evidence->n_meetings; m++) {
        if (agrees_with_any(&evidence->meetings[m].local, evidence)) {
            return true;
        }
    }
    return false;
}

/* What the witnesses of one meeting say together. */
struct witnesses {
    size_t n;        /* that bear witness */
    size_t n_global; /* of these: with addresses, all of them global */
    size_t n_nxdomain;
    bool disagree; /* on the rcode */
    bool has_bogon;
};

static struct witnesses count_witnesses(const struct judge_meeting *meeting)
{
    struct witnesses w = {0};
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

/* G2 and G3 by the control name; 0 verdict when it is as it should be or was not asked. */
static struct judgement judge_sandwich(const struct judge_case *evidence)
{
    if (!evidence->sandwiched) {
        return (struct judgement){0};
    }
    for (size_t m = 0; m < evidence->n_meetings; m++) {
        if (said_common(&evidence->meetings[m].local, &evidence->control_name) != NULL) {
            return decide(VERDICT_UNUSABLE, RULE_G2);
        }
    }
    if (!said_gives_addresses(&evidence->control_name)) {
        return decide(VERDICT_UNUSABLE, RULE_G3);
    }
    return (struct judgement){0};
}

static struct judgement found_bogon(const struct judge_case *evidence, size_t n_witnesses)
{
    const struct said *first = &evidence->meetings[0].local;
    struct judgement found = decide(VERDICT_PROBABLE, RULE_P2);
    found.finding = FINDING_HIJACK_BOGON;
    found.artefact = *said_bogon(first);
    found.n_witnesses = n_witnesses;
    if (evidence->local_may_filter) {
        found.finding = FINDING_FILTERED_LOCAL_OR_ISP;
    } else if (n_witnesses >= 2 && evidence->n_meetings == JUDGE_MEETINGS_MAX) {
        found.verdict = VERDICT_CONFIRMED;
    }
    return found;
}

/* G4 and P2, meeting by meeting; whatever fails at one meeting fails the case. */
static struct judgement judge_bogon(const struct judge_case *evidence)
{
    size_t n_witnesses = AUDIT_CONTROLS_MAX;
    for (size_t m = 0; m < evidence->n_meetings; m++) {
        const struct judge_meeting *meeting = &evidence->meetings[m];
        struct witnesses w = count_witnesses(meeting);
        if (w.n == 0 || w.disagree) {
            return decide(VERDICT_NO_DATA, RULE_G4);
        }
        bool has_artefact = meeting->local.rcode == RCODE_NOERROR && said_bogon(&meeting->local);
        if (!has_artefact || w.has_bogon || w.n_global == 0) {
            return decide(VERDICT_INCONCLUSIVE, w.n_global == 0 ? RULE_G4 : RULE_NONE);
        }
        n_witnesses = w.n_global < n_witnesses ? w.n_global : n_witnesses;
    }
    return found_bogon(evidence, n_witnesses);
}

struct judgement judge(const struct judge_case *evidence)
{
    assert(evidence->n_meetings <= JUDGE_MEETINGS_MAX);
    if (!judge_is_eligible(&evidence->question)) {
        return decide(VERDICT_INELIGIBLE, RULE_G1);
    }
    if (evidence->n_meetings == 0) {
        return decide(VERDICT_NO_DATA, RULE_NONE);
    }
    for (size_t m = 0; m < evidence->n_meetings; m++) {
        if (!local_is_usable(&evidence->meetings[m].local)) {
            return decide(VERDICT_UNUSABLE, RULE_G3);
        }
    }
    if (is_exonerated(evidence)) {
        return decide(VERDICT_CONSISTENT, RULE_S1);
    }
    struct judgement gate = judge_sandwich(evidence);
    return gate.verdict != 0 ? gate : judge_bogon(evidence);
}

/* Two names of the run, under different top-level domains, that got a common address: the
 * signature of a rewrite. */
struct rewrite {
    const struct judge_probe_name *a, *b;
    const struct address *address; /* NULL: no rewrite */
};

static struct rewrite find_rewrite(const struct judge_probe_run *run)
{
    for (size_t i = 0; i < JUDGE_PROBE_NAMES; i++) {
        for (size_t j = i + 1; j < JUDGE_PROBE_NAMES; j++) {
            const struct judge_probe_name *a = &run->names[i], *b = &run->names[j];
            const struct said *said_a = &a->meeting.local, *said_b = &b->meeting.local;
            if (a->tld == b->tld || !said_gives_addresses(said_a) ||
                !said_gives_addresses(said_b)) {
                continue;
            }
            const struct address *common = said_common(said_a, said_b);
            if (common != NULL) {
                return (struct rewrite){a, b, common};
            }
        }
    }
    return (struct rewrite){0};
}

/* A run without the signature: honest when every name was said not to exist. */
static struct judgement judge_unmarked_run(const struct judge_probe_run *run)
{
    size_t n_answered = 0, n_nxdomain = 0;
    for (size_t i = 0; i < JUDGE_PROBE_NAMES; i++) {
        const struct said *said = &run->names[i].meeting.local;
        n_answered += local_is_usable(said);
        n_nxdomain += local_is_usable(said) && said->rcode == RCODE_NXDOMAIN;
    }
    if (n_answered < 2) {
        return decide(VERDICT_UNUSABLE, RULE_G3);
    }
    return decide(n_nxdomain == n_answered ? VERDICT_CONSISTENT : VERDICT_INCONCLUSIVE, RULE_P3);
}

/* The lesser count of NXDOMAIN witnesses of the two names; 0 when any witness knows a name. */
static size_t count_nxdomain(const struct rewrite *rewrite)
{
    struct witnesses a = count_witnesses(&rewrite->a->meeting);
    struct witnesses b = count_witnesses(&rewrite->b->meeting);
    if (a.n != a.n_nxdomain || b.n != b.n_nxdomain) {
        return 0;
    }
    return a.n < b.n ? a.n : b.n;
}

static struct judgement judge_run(const struct judge_probe_run *run, bool may_filter)
{
    struct rewrite rewrite = find_rewrite(run);
    if (rewrite.address == NULL) {
        return judge_unmarked_run(run);
    }
    /* The control name must be as elsewhere. If it too gets a rewritten address, nobody gets
     * anything else on this network: a captive portal, not a rewrite. */
    if (said_common(&run->control_name, &rewrite.a->meeting.local) != NULL ||
        said_common(&run->control_name, &rewrite.b->meeting.local) != NULL) {
        return decide(VERDICT_UNUSABLE, RULE_G2);
    }
    if (!said_gives_addresses(&run->control_name) || said_bogon(&run->control_name) != NULL) {
        return decide(VERDICT_UNUSABLE, RULE_G3);
    }
    size_t n_witnesses = count_nxdomain(&rewrite);
    if (n_witnesses == 0) {
        return decide(VERDICT_NO_DATA, RULE_G4);
    }
    struct judgement found = decide(VERDICT_PROBABLE, RULE_P3);
    /* A filter that lets only listed names pass says "nowhere", or an address of its own. */
    bool filtered = address_is_unspecified(rewrite.address) || address_is_private(rewrite.address);
    bool own_filter = may_filter && filtered;
    found.finding = own_filter ? FINDING_FILTERED_LOCAL_OR_ISP : FINDING_NXDOMAIN_REWRITE;
    found.artefact = *rewrite.address;
    found.n_witnesses = n_witnesses;
    return found;
}

struct judgement judge_probe(const struct judge_probe *evidence)
{
    assert(evidence->n_runs <= JUDGE_MEETINGS_MAX);
    struct judgement first = {0};
    size_t n_witnesses = AUDIT_CONTROLS_MAX;
    for (size_t i = 0; i < evidence->n_runs; i++) {
        struct judgement run = judge_run(&evidence->runs[i], evidence->local_may_filter);
        if (run.verdict != VERDICT_PROBABLE) {
            return run;
        }
        n_witnesses = run.n_witnesses < n_witnesses ? run.n_witnesses : n_witnesses;
        first = i == 0 ? run : first;
    }
    if (evidence->n_runs == 0) {
        return decide(VERDICT_NO_DATA, RULE_NONE);
    }
    first.n_witnesses = n_witnesses;
    bool proved = evidence->n_runs == JUDGE_MEETINGS_MAX && n_witnesses >= 2 &&
                  first.finding == FINDING_NXDOMAIN_REWRITE;
    if (proved) {
        first.verdict = VERDICT_CONFIRMED;
    }
    return first;
}

bool judgement_wants_recheck(const struct judgement *judgement, size_t n_meetings)
{
    return judgement->verdict == VERDICT_PROBABLE && judgement->n_witnesses >= 2 &&
           judgement->finding != FINDING_FILTERED_LOCAL_OR_ISP && n_meetings < JUDGE_MEETINGS_MAX;
}

const char *verdict_word(enum verdict verdict)
{
    switch (verdict) {
    case VERDICT_NO_DATA:
        return "NO_DATA";
    case VERDICT_INELIGIBLE:
        return "INELIGIBLE";
    case VERDICT_UNUSABLE:
        return "UNUSABLE";
    case VERDICT_CONSISTENT:
        return "CONSISTENT";
    case VERDICT_STALE:
        return "STALE";
    case VERDICT_DOWNGRADE:
        return "DOWNGRADE";
    case VERDICT_INCONCLUSIVE:
        return "INCONCLUSIVE";
    case VERDICT_SUSPECTED:
        return "SUSPECTED";
    case VERDICT_PROBABLE:
        return "PROBABLE";
    case VERDICT_FILTERED_DECLARED:
        return "FILTERED_DECLARED";
    case VERDICT_CONFIRMED:
        return "CONFIRMED";
    }
    assert(false);
    return "";
}

const char *rule_word(enum rule rule)
{
    static const char *const words[N_RULES] = {
        [RULE_NONE] = "",   [RULE_G1] = "G1",     [RULE_G2] = "G2",   [RULE_G3] = "G3",
        [RULE_G4] = "G4",   [RULE_S1] = "S1",     [RULE_P2] = "P2",   [RULE_P3] = "P3",
        [RULE_G5] = "G5",   [RULE_G6] = "G6",     [RULE_S2] = "S2",   [RULE_S3] = "S3",
        [RULE_S4] = "S4",   [RULE_S5] = "S5",     [RULE_S6] = "S6",   [RULE_S9] = "S9",
        [RULE_P1] = "P1",   [RULE_P4] = "P4",     [RULE_P5] = "P5",   [RULE_P6] = "P6",
        [RULE_P7] = "P7",   [RULE_P8] = "P8",     [RULE_P9] = "P9",   [RULE_P10] = "P10",
        [RULE_P11] = "P11", [RULE_ST1] = "ST1",   [RULE_ST2] = "ST2", [RULE_ST3] = "ST3",
        [RULE_ST4] = "ST4", [RULE_ST5] = "ST5",   [RULE_T10] = "T10", [RULE_T11] = "T11",
        [RULE_T12] = "T12", [RULE_WEAK] = "WEAK",
    };
    return words[rule];
}

const char *finding_word(enum finding finding)
{
    static const char *const words[N_FINDINGS] = {
        [FINDING_NONE] = "NONE",
        [FINDING_HIJACK_BOGON] = "HIJACK_BOGON",
        [FINDING_FILTERED_LOCAL_OR_ISP] = "FILTERED_LOCAL_OR_ISP",
        [FINDING_NXDOMAIN_REWRITE] = "NXDOMAIN_REWRITE",
        [FINDING_HIJACK_REDIRECT] = "HIJACK_REDIRECT",
        [FINDING_INJECTION] = "INJECTION",
        [FINDING_PATH_INTERCEPTED] = "PATH_INTERCEPTED",
        [FINDING_HIJACK_FORGED] = "HIJACK_FORGED",
        [FINDING_BLOCKED_NEGATIVE] = "BLOCKED_NEGATIVE",
        [FINDING_FILTERED_DECLARED] = "FILTERED_DECLARED",
        [FINDING_CAPTIVE] = "CAPTIVE",
        [FINDING_ISP_RESOLVER_UNUSABLE] = "ISP_RESOLVER_UNUSABLE",
        [FINDING_REBIND] = "REBIND",
        [FINDING_TLS_INTERCEPTED_BY_LOCAL_ROOT] = "TLS_INTERCEPTED_BY_LOCAL_ROOT",
        [FINDING_STALE_DECLARED] = "STALE_DECLARED",
        [FINDING_STALE_TTL] = "STALE_TTL",
        [FINDING_STALE_SIGNATURE] = "STALE_SIGNATURE",
        [FINDING_STALE_LAG] = "STALE_LAG",
        [FINDING_STALE_HARMFUL] = "STALE_HARMFUL",
        [FINDING_AAAA_FILTERED] = "AAAA_FILTERED",
        [FINDING_HTTPS_STRIPPED] = "HTTPS_STRIPPED",
        [FINDING_ECH_STRIPPED] = "ECH_STRIPPED",
        [FINDING_TYPE_UNSUPPORTED] = "TYPE_UNSUPPORTED",
        [FINDING_DNSSEC_STRIPPED] = "DNSSEC_STRIPPED",
    };
    return words[finding];
}

const char *families_text(unsigned families, char out[JUDGE_FAMILIES_TEXT_MAX])
{
    static const char *const words[] = {"message", "path", "endpoint", "behaviour"};
    out[0] = '\0';
    for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++) {
        if ((families & 1U << i) != 0) {
            strcat(out, out[0] != '\0' ? " " : "");
            strcat(out, words[i]);
        }
    }
    return out;
}
