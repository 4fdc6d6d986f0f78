/* SPDX-License-Identifier: MIT */
/* P3: the local resolver has addresses for names that cannot exist. */
#include "resolver/audit/judge_parts.h"

#include <assert.h>

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
        n_answered += judge_local_is_usable(said);
        n_nxdomain += judge_local_is_usable(said) && said->rcode == RCODE_NXDOMAIN;
    }
    if (n_answered < 2) {
        return judge_decide(VERDICT_UNUSABLE, RULE_G3);
    }
    return judge_decide(n_nxdomain == n_answered ? VERDICT_CONSISTENT : VERDICT_INCONCLUSIVE,
                        RULE_P3);
}

/* The lesser count of NXDOMAIN witnesses of the two names; 0 when any witness knows a name. */
static size_t count_nxdomain(const struct rewrite *rewrite)
{
    struct judge_witnesses a = judge_witnesses(&rewrite->a->meeting);
    struct judge_witnesses b = judge_witnesses(&rewrite->b->meeting);
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
        struct judgement captive = judge_decide(VERDICT_UNUSABLE, RULE_G2);
        captive.finding = FINDING_CAPTIVE;
        return captive;
    }
    if (!said_gives_addresses(&run->control_name) || said_bogon(&run->control_name) != NULL) {
        return judge_decide(VERDICT_UNUSABLE, RULE_G3);
    }
    size_t n_witnesses = count_nxdomain(&rewrite);
    if (n_witnesses == 0) {
        return judge_decide(VERDICT_NO_DATA, RULE_G4);
    }
    struct judgement found = judge_decide(VERDICT_PROBABLE, RULE_P3);
    /* A filter that lets only listed names pass says "nowhere", or an address of its own. */
    bool filtered = address_is_unspecified(rewrite.address) || address_is_private(rewrite.address);
    bool own_filter = may_filter && filtered;
    found.finding = own_filter ? FINDING_FILTERED_LOCAL_OR_ISP : FINDING_NXDOMAIN_REWRITE;
    found.artefact = *rewrite.address;
    found.families = FAMILY_BEHAVIOUR;
    found.n_witnesses = n_witnesses;
    found.wants_recheck = !own_filter;
    return found;
}

struct judgement judge_probe(const struct judge_probe *evidence)
{
    assert(evidence->n_runs <= JUDGE_MEETINGS_MAX);
    struct judgement gate = judge_gate_network(&evidence->network);
    if (gate.verdict != 0) {
        return gate;
    }
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
        return judge_decide(VERDICT_NO_DATA, RULE_NONE);
    }
    first.n_witnesses = n_witnesses;
    bool proved = evidence->n_runs == JUDGE_MEETINGS_MAX && n_witnesses >= 2 &&
                  first.finding == FINDING_NXDOMAIN_REWRITE;
    if (proved) {
        first.verdict = VERDICT_CONFIRMED;
    }
    return first;
}
