/* SPDX-License-Identifier: MIT */
/* Gates G1 to G6: when nothing may be said at all, or nothing from handshakes. */
#include "resolver/audit/judge_parts.h"

enum { SETTLE_S = 30, CONTROL_FAILURES_MAX = 3 };

static const char *const ineligible_suffixes[] = {
    "alt", "arpa",  "corp",      "home",        "internal", "invalid",
    "lan", "local", "localhost", "localdomain", "onion",    "test",
};

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

bool judge_local_is_usable(const struct said *local)
{
    return local->answered && ((local->flags & FLAG_RA) != 0 || local->n > 0);
}

struct judgement judge_gate_network(const struct judge_network *network)
{
    if (network->captive) {
        struct judgement captive = judge_decide(VERDICT_UNUSABLE, RULE_G2);
        captive.finding = FINDING_CAPTIVE;
        return captive;
    }
    bool settling = network->changed_s != 0 && network->changed_s < SETTLE_S;
    return settling ? judge_decide(VERDICT_NO_DATA, RULE_G2) : (struct judgement){0};
}

enum rule judge_gate_tls(const struct judge_network *network)
{
    if (network->clock_is_wrong) {
        return RULE_G5;
    }
    return network->n_control_failures > CONTROL_FAILURES_MAX ? RULE_G6 : RULE_NONE;
}

static struct judgement unusable(enum rule rule)
{
    struct judgement found = judge_decide(VERDICT_UNUSABLE, rule);
    found.finding = rule == RULE_G2 ? FINDING_CAPTIVE : FINDING_ISP_RESOLVER_UNUSABLE;
    return found;
}

/* The address that portals in boxes answer with out of the box. */
static bool gives_portal_address(const struct said *said)
{
    static const struct address portal = {.n = 4, .at = {123, 123, 123, 123}};
    return said_has(said, &portal);
}

static bool control_name_is_fine(const struct judge_case *evidence)
{
    const struct said *said = &evidence->control_name;
    if (evidence->control_is_absent) {
        return said->answered && said->rcode == RCODE_NXDOMAIN;
    }
    return said_gives_addresses(said);
}

struct judgement judge_gate(const struct judge_case *evidence)
{
    if (!judge_is_eligible(&evidence->question)) {
        return judge_decide(VERDICT_INELIGIBLE, RULE_G1);
    }
    struct judgement network = judge_gate_network(&evidence->network);
    if (network.verdict != 0) {
        return network;
    }
    if (evidence->n_meetings == 0) {
        return judge_decide(VERDICT_NO_DATA, RULE_NONE);
    }
    for (size_t m = 0; m < evidence->n_meetings; m++) {
        const struct said *local = &evidence->meetings[m].local;
        if (gives_portal_address(local)) {
            return unusable(RULE_G2);
        }
        /* Silence for one name only is something (P11), if other names are answered. */
        bool silent_for_this =
            !local->answered && evidence->sandwiched && control_name_is_fine(evidence);
        if (!judge_local_is_usable(local) && !silent_for_this) {
            return unusable(RULE_G3);
        }
    }
    return (struct judgement){0};
}

struct judgement judge_gate_sandwich(const struct judge_case *evidence)
{
    if (!evidence->sandwiched) {
        return (struct judgement){0};
    }
    for (size_t m = 0; m < evidence->n_meetings; m++) {
        if (said_common(&evidence->meetings[m].local, &evidence->control_name) != NULL) {
            return unusable(RULE_G2);
        }
    }
    return control_name_is_fine(evidence) ? (struct judgement){0} : unusable(RULE_G3);
}

size_t judge_n_met(const struct judge_case *evidence)
{
    const struct judge_meeting *first = &evidence->meetings[0], *second = &evidence->meetings[1];
    if (evidence->n_meetings < 2 || first->at_us == 0 || second->at_us == 0) {
        return evidence->n_meetings;
    }
    uint64_t apart_us =
        second->at_us > first->at_us ? second->at_us - first->at_us : first->at_us - second->at_us;
    return apart_us < evidence->gap_us ? 1 : evidence->n_meetings;
}
