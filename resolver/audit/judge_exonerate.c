/* SPDX-License-Identifier: MIT */
/* S1 to S6 and S9: what shows that an answer is honest. Any one, at any meeting, is enough. */
#include "resolver/audit/judge_parts.h"

/* S1: a common address, or the same rcode and both empty. */
bool judge_agree(const struct said *local, const struct said *control)
{
    if (!control->answered) {
        return false;
    }
    if (said_common(local, control) != NULL) {
        return true;
    }
    bool negative = local->rcode == RCODE_NOERROR || local->rcode == RCODE_NXDOMAIN;
    return local->answered && negative && !local->truncated && local->n == 0 && control->n == 0 &&
           local->rcode == control->rcode;
}

static bool has_asn(const uint32_t *asns, size_t n, uint32_t asn)
{
    for (size_t i = 0; i < n; i++) {
        if (asns[i] == asn) {
            return true;
        }
    }
    return false;
}

static bool same_owner(const struct said *a, const struct said *b)
{
    for (size_t i = 0; i < a->n_asns; i++) {
        for (size_t k = 0; k < b->n_asns; k++) {
            if (asn_same_owner(a->asns[i], b->asns[k])) {
                return true;
            }
        }
    }
    return false;
}

static bool same_prefix(const struct address *a, const struct address *b)
{
    return a->n == b->n && a->n != 0 && memcmp(a->at, b->at, a->n == 4 ? 3 : 6) == 0 &&
           !address_is_bogon(a) && !address_is_bogon(b);
}

bool judge_same_network(const struct said *a, const struct said *b)
{
    for (size_t i = 0; i < a->n; i++) {
        for (size_t k = 0; k < b->n; k++) {
            if (same_prefix(&a->at[i], &b->at[k])) {
                return true;
            }
        }
    }
    return same_owner(a, b);
}

static bool knows_asns(const struct said *said)
{
    for (size_t i = 0; i < said->n_asns; i++) {
        if (said->asns[i] != 0) {
            return true;
        }
    }
    return false;
}

bool judge_other_network(const struct said *a, const struct said *b)
{
    return knows_asns(a) && knows_asns(b) && !judge_same_network(a, b);
}

/* Labels of the zone that a name is registered under, guessed without a list: two, or three below
 * "co.uk" and its like. Too many labels exonerate less, never accuse. */
unsigned judge_n_registrable(const struct name *name)
{
    struct name tail = *name, above;
    while (name_n_labels(&tail) > 2) {
        name_parent(&tail, &above);
        tail = above;
    }
    bool short_second = tail.at[0] <= 3;
    bool country = tail.at[0] + 1 < tail.n && tail.at[tail.at[0] + 1] == 2;
    return short_second && country ? 3 : 2;
}

uint64_t judge_zone_hash(const struct name *name)
{
    struct name zone = *name, above;
    unsigned n_labels = judge_n_registrable(name);
    while (name_n_labels(&zone) > n_labels) {
        name_parent(&zone, &above);
        zone = above;
    }
    name_lower(&zone);
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (size_t i = 0; i < zone.n; i++) {
        hash = (hash ^ zone.at[i]) * UINT64_C(0x100000001b3);
    }
    return hash | 1;
}

static bool same_zone(const struct name *a, const struct name *b)
{
    if (a->n == 0 || b->n == 0) {
        return false;
    }
    if (name_equal(a, b)) {
        return true;
    }
    struct name zone = *a, above;
    unsigned n_labels = judge_n_registrable(a);
    if (name_n_labels(a) < n_labels) {
        return false;
    }
    while (name_n_labels(&zone) > n_labels) {
        name_parent(&zone, &above);
        zone = above;
    }
    return name_within(b, &zone);
}

static bool by_answer(const struct judge_case *evidence, const struct said *local,
                      const struct said *control)
{
    (void)evidence;
    return judge_agree(local, control);
}

static bool by_cname(const struct judge_case *evidence, const struct said *local,
                     const struct said *control)
{
    (void)evidence;
    return said_gives_addresses(local) && control->answered &&
           same_zone(&local->cname, &control->cname);
}

/* Block pages stand beside genuine caches in the access network: there TLS must tell. */
static bool by_network(const struct judge_case *evidence, const struct said *local,
                       const struct said *control)
{
    const struct judge_network *network = &evidence->network;
    for (size_t i = 0; i < local->n_asns; i++) {
        if (has_asn(network->asns, network->n_asns, local->asns[i])) {
            return false;
        }
    }
    return said_gives_addresses(local) && said_gives_addresses(control) &&
           judge_same_network(local, control);
}

/* The address inside an IPv6 address under the prefix (RFC 6052 §2.2); n == 0: not under it. */
static struct address embedded(const struct address *address, const struct address *prefix,
                               unsigned bits)
{
    struct address v4 = {0};
    size_t at = bits / 8;
    if (address->n != 16 || prefix->n != 16 || bits % 8 != 0 || at < 4 || at > 12 ||
        memcmp(address->at, prefix->at, at) != 0) {
        return v4;
    }
    for (size_t i = 0; i < 4; i++) {
        at += at == 8; /* octet 8 is reserved */
        v4.at[i] = address->at[at++];
    }
    v4.n = 4;
    return v4;
}

static bool is_translated(const struct judge_case *evidence, const struct said *local)
{
    for (size_t i = 0; i < local->n; i++) {
        struct address v4 = embedded(&local->at[i], &evidence->dns64, evidence->dns64_bits);
        if (v4.n != 0 && said_has(&evidence->v4, &v4)) {
            return true;
        }
    }
    return false;
}

bool judge_is_known(const struct judge_case *evidence, const struct said *local)
{
    for (size_t i = 0; i < evidence->history.n_known; i++) {
        if (said_has(local, &evidence->history.known[i])) {
            return true;
        }
    }
    return false;
}

static bool passes_tls(const struct judge_case *evidence, const struct said *local)
{
    if (judge_gate_tls(&evidence->network) != RULE_NONE) {
        return false;
    }
    for (size_t i = 0; i < local->n; i++) {
        if (local->tls[i] == TLS_OK && !address_is_bogon(&local->at[i])) {
            return true;
        }
    }
    return false;
}

static bool by_any(const struct judge_case *evidence, const struct said *local,
                   bool (*by)(const struct judge_case *evidence, const struct said *local,
                              const struct said *control))
{
    if (by(evidence, local, &evidence->told)) {
        return true;
    }
    for (size_t m = 0; m < evidence->n_meetings; m++) {
        const struct judge_meeting *meeting = &evidence->meetings[m];
        for (size_t i = 0; i < meeting->n_controls; i++) {
            if (by(evidence, local, &meeting->controls[i])) {
                return true;
            }
        }
    }
    return false;
}

static bool is_signed_well(const struct judge_case *evidence, const struct said *local)
{
    (void)evidence;
    return local->answered && local->signature == SIGNATURE_VALID;
}

static bool is_foreign(const struct judge_case *evidence, const struct said *local)
{
    bool compared = false;
    for (size_t m = 0; m < evidence->n_meetings; m++) {
        const struct judge_meeting *meeting = &evidence->meetings[m];
        for (size_t i = 0; i < meeting->n_controls; i++) {
            const struct said *control = &meeting->controls[i];
            compared = compared || (knows_asns(local) && knows_asns(control));
            if (judge_same_network(local, control)) {
                return false;
            }
        }
    }
    return compared;
}

static enum rule exonerate_one(const struct judge_case *evidence, const struct said *local)
{
    if (by_any(evidence, local, by_answer)) {
        return RULE_S1;
    }
    if (judge_is_known(evidence, local)) {
        return RULE_S2;
    }
    if (is_signed_well(evidence, local)) {
        return RULE_S5;
    }
    if (passes_tls(evidence, local)) {
        return RULE_S9;
    }
    if (by_any(evidence, local, by_cname)) {
        return RULE_S3;
    }
    if (by_any(evidence, local, by_network)) {
        return RULE_S4;
    }
    return is_translated(evidence, local) ? RULE_S6 : RULE_NONE;
}

/* A private address that a control gives too: the owner's will, and a trap for browsers (T16). */
static bool is_rebinding(const struct judge_meeting *meeting)
{
    for (size_t i = 0; i < meeting->n_controls; i++) {
        const struct said *control = &meeting->controls[i];
        const struct address *common = said_common(&meeting->local, control);
        if (common != NULL && address_is_private(common) && said_bears_witness(control)) {
            return true;
        }
    }
    return false;
}

/* The order of exonerate_one() is that of weight: S1, S2 and S5 speak for the very answer. */
static unsigned weight(enum rule rule)
{
    static const enum rule order[] = {RULE_S1, RULE_S2, RULE_S5, RULE_S9,
                                      RULE_S3, RULE_S4, RULE_S6};
    unsigned i = 0;
    while (i < sizeof order / sizeof order[0] && order[i] != rule) {
        i++;
    }
    return i;
}

struct judgement judge_exonerate(const struct judge_case *evidence)
{
    struct judgement found = {0};
    for (size_t m = 0; m < evidence->n_meetings; m++) {
        const struct judge_meeting *meeting = &evidence->meetings[m];
        enum rule rule = exonerate_one(evidence, &meeting->local);
        if (rule != RULE_NONE && (found.verdict == 0 || weight(rule) < weight(found.rule))) {
            found = judge_decide(VERDICT_CONSISTENT, rule);
            found.finding = is_rebinding(meeting) ? FINDING_REBIND : FINDING_NONE;
            found.via_foreign_as = rule == RULE_S9 && is_foreign(evidence, &meeting->local);
        }
    }
    return found;
}
