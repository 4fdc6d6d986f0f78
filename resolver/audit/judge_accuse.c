/* SPDX-License-Identifier: MIT */
/* The artefacts P1, P2, P4, P6, P7, P8, P10 and P11 of one name's case (HIJACK §3.4), as a table:
 * what must hold at each meeting, and how far it can go. What fails at one meeting fails. */
#include "resolver/audit/judge_parts.h"

enum { P10_NAMES = 3, P11_TRIES = 3 };

struct artefact {
    enum rule rule;
    enum finding finding;
    enum family family;
    /* An exoneration of the address ends it (P1, P7, P10, P11); P2 ends by S1, S2 and S5 only. */
    enum { ENDED_BY_ANY, ENDED_BY_ANSWER, STANDS } ended;
    bool alone; /* needs no witness: it describes the message or the path */
    /* Does the meeting show it? *ret_artefact may be left as it is: the first address. */
    bool (*meets)(const struct judge_case *evidence, const struct judge_meeting *meeting,
                  struct address *ret_artefact);
    /* The most that can come of it, however often it is met. NULL: CONFIRMED. */
    enum verdict (*most)(const struct judge_case *evidence);
};

static bool all_meetings(const struct judge_case *evidence,
                         bool (*holds)(const struct judge_meeting *meeting))
{
    for (size_t m = 0; m < evidence->n_meetings; m++) {
        if (!holds(&evidence->meetings[m])) {
            return false;
        }
    }
    return true;
}

/* "Nowhere" and "here" are what any filter says: no list can tell whose. */
static bool is_generic(const struct address *address)
{
    return address_is_unspecified(address) || address_is_loopback(address);
}

static bool is_block_address(const struct said *said)
{
    return said->fingerprint >= FINGERPRINT_ISP && said->n > 0 && !is_generic(&said->at[0]);
}

static bool local_is_block_address(const struct judge_meeting *meeting)
{
    return is_block_address(&meeting->local);
}

static bool local_is_recursive(const struct judge_meeting *meeting)
{
    return (meeting->local.flags & FLAG_RA) != 0;
}

static bool is_silent(const struct judge_meeting *meeting)
{
    return !meeting->local.answered;
}

/* A public resolver on port 53, asked past the local one, gives the same bogon. */
static bool direct_is_same_bogon(const struct judge_meeting *meeting)
{
    const struct address *bogon = said_bogon(&meeting->local);
    return bogon != NULL && meeting->direct.answered && said_has(&meeting->direct, bogon);
}

/* P1: no address that was tried is the name's, and a control's is. */
static bool is_elsewhere(const struct said *local)
{
    size_t n = 0;
    for (size_t i = 0; i < local->n; i++) {
        if (local->tls[i] == TLS_UNTRIED) {
            continue;
        }
        if (local->tls[i] != TLS_WRONG_NAME && local->tls[i] != TLS_UNTRUSTED) {
            return false;
        }
        n++;
    }
    return n > 0;
}

struct handshakes {
    size_t n_ok, n_tried;
};

static struct handshakes count_handshakes(const struct judge_meeting *meeting)
{
    struct handshakes count = {0};
    for (size_t c = 0; c < meeting->n_controls; c++) {
        const struct said *control = &meeting->controls[c];
        for (size_t i = 0; i < control->n && said_bears_witness(control); i++) {
            count.n_ok += control->tls[i] == TLS_OK;
            count.n_tried += control->tls[i] != TLS_UNTRIED;
        }
    }
    return count;
}

static bool controls_pass_tls(const struct judge_meeting *meeting)
{
    return count_handshakes(meeting).n_ok > 0;
}

/* With handshakes that failed at the controls nothing is said; untried there it is half a proof,
 * and only a certificate of someone else makes it that. */
static bool meets_p1(const struct judge_case *evidence, const struct judge_meeting *meeting,
                     struct address *ret_artefact)
{
    (void)ret_artefact;
    const struct said *local = &meeting->local;
    if (judge_gate_tls(&evidence->network) != RULE_NONE || !said_gives_addresses(local) ||
        said_bogon(local) != NULL || !is_elsewhere(local)) {
        return false;
    }
    struct handshakes at_controls = count_handshakes(meeting);
    if (at_controls.n_tried > 0) {
        return at_controls.n_ok > 0;
    }
    return memchr(local->tls, TLS_WRONG_NAME, local->n) != NULL;
}

static enum verdict most_p1(const struct judge_case *evidence)
{
    return all_meetings(evidence, controls_pass_tls) ? VERDICT_CONFIRMED : VERDICT_PROBABLE;
}

static bool meets_p2(const struct judge_case *evidence, const struct judge_meeting *meeting,
                     struct address *ret_artefact)
{
    (void)evidence;
    const struct address *bogon = said_bogon(&meeting->local);
    if (bogon == NULL || meeting->local.rcode != RCODE_NOERROR ||
        judge_witnesses(meeting).has_bogon) {
        return false;
    }
    *ret_artefact = *bogon;
    return true;
}

static bool bogon_is_proved_foreign(const struct judge_case *evidence)
{
    return all_meetings(evidence, local_is_block_address) ||
           all_meetings(evidence, direct_is_same_bogon);
}

static enum verdict most_p2(const struct judge_case *evidence)
{
    bool proved = bogon_is_proved_foreign(evidence);
    bool plain = !evidence->local_may_filter && all_meetings(evidence, local_is_recursive);
    return proved || plain ? VERDICT_CONFIRMED : VERDICT_PROBABLE;
}

static bool any_control(const struct judge_meeting *meeting, const struct said *local,
                        bool (*holds)(const struct said *local, const struct said *control))
{
    for (size_t i = 0; i < meeting->n_controls; i++) {
        if (said_bears_witness(&meeting->controls[i]) && holds(local, &meeting->controls[i])) {
            return true;
        }
    }
    return false;
}

static bool is_borne_out(const struct said *local, const struct said *control)
{
    return judge_agree(local, control) || judge_same_network(local, control);
}

/* A reply of the name's: as a witness says it, or as was known, or where TLS passes. */
static bool is_good(const struct judge_case *evidence, const struct judge_meeting *meeting,
                    const struct said *said)
{
    bool passes = judge_gate_tls(&evidence->network) == RULE_NONE &&
                  memchr(said->tls, TLS_OK, said->n) != NULL;
    return passes || any_control(meeting, said, is_borne_out) || judge_is_known(evidence, said);
}

/* P4: two replies that cannot both be the server's. Copies, and neighbours that a balancer chose
 * anew, are not that; nor two that are both the name's, which a network that sends questions twice
 * may get. Where it does so, what is known of neither proves nothing. */
static bool meets_p4(const struct judge_case *evidence, const struct judge_meeting *meeting,
                     struct address *ret_artefact)
{
    const struct said *a = &meeting->local, *b = &meeting->second;
    bool a_gives = said_gives_addresses(a), b_gives = said_gives_addresses(b);
    if (!a->answered || !b->answered || (!a_gives && !b_gives) || said_common(a, b) != NULL ||
        judge_same_network(a, b)) {
        return false;
    }
    bool both = a_gives && b_gives;
    if (!both && a->rcode != RCODE_NXDOMAIN && b->rcode != RCODE_NXDOMAIN) {
        return false;
    }
    bool a_good = is_good(evidence, meeting, a), b_good = is_good(evidence, meeting, b);
    bool a_bogus = said_bogon(a) != NULL, b_bogus = said_bogon(b) != NULL;
    const struct said *forged = b_bogus || (a_good && !b_good) ? b : a;
    if (said_gives_addresses(forged)) {
        *ret_artefact = forged->at[0];
    }
    bool unlike = both && a_bogus != b_bogus && !(a_good && b_good);
    bool apart = a_good != b_good || (both && !a_good && judge_other_network(a, b));
    return unlike || (apart && !evidence->doubles);
}

static bool is_verified(const struct said *local, const struct said *control)
{
    (void)local;
    return control->signature == SIGNATURE_VALID;
}

/* A part of what a witness gives: a resolver that picks for its clients breaks the signature. */
static bool is_selection(const struct said *local, const struct said *control)
{
    for (size_t i = 0; i < local->n; i++) {
        if (!said_has(control, &local->at[i])) {
            return false;
        }
    }
    return local->n > 0 && local->n < control->n;
}

static bool meets_p6(const struct judge_case *evidence, const struct judge_meeting *meeting,
                     struct address *ret_artefact)
{
    (void)evidence;
    (void)ret_artefact;
    return meeting->local.answered && meeting->local.signature == SIGNATURE_INVALID &&
           !any_control(meeting, &meeting->local, is_selection) &&
           any_control(meeting, &meeting->local, is_verified);
}

static bool has_fingerprint(const struct said *local, const struct said *control)
{
    (void)local;
    return control->fingerprint > FINGERPRINT_NOISY;
}

static bool meets_p7(const struct judge_case *evidence, const struct judge_meeting *meeting,
                     struct address *ret_artefact)
{
    (void)evidence;
    (void)ret_artefact;
    const struct said *local = &meeting->local;
    if (!said_gives_addresses(local) || is_generic(&local->at[0]) ||
        local->fingerprint <= FINGERPRINT_NOISY || any_control(meeting, local, has_fingerprint)) {
        return false;
    }
    /* An injector's pool holds real addresses: not without a look at whose they are. */
    return local->fingerprint != FINGERPRINT_POOL || judge_witnesses(meeting).n_global > 0;
}

static enum verdict most_p7(const struct judge_case *evidence)
{
    return all_meetings(evidence, local_is_block_address) ? VERDICT_CONFIRMED : VERDICT_PROBABLE;
}

/* P8. Refused outright, with or without a reason, may be all that this resolver ever says. */
static bool meets_p8(const struct judge_case *evidence, const struct judge_meeting *meeting,
                     struct address *ret_artefact)
{
    (void)ret_artefact;
    const struct said *local = &meeting->local;
    if (!local->answered || (local->rcode == RCODE_REFUSED && !evidence->sandwiched)) {
        return false;
    }
    return local->ede == EDE_FORGED || (local->ede >= EDE_BLOCKED && local->ede <= EDE_PROHIBITED);
}

static enum verdict most_p8(const struct judge_case *evidence)
{
    (void)evidence;
    return VERDICT_FILTERED_DECLARED;
}

static bool meets_p10(const struct judge_case *evidence, const struct judge_meeting *meeting,
                      struct address *ret_artefact)
{
    (void)ret_artefact;
    return said_gives_addresses(&meeting->local) && said_bogon(&meeting->local) == NULL &&
           evidence->history.n_names >= P10_NAMES;
}

static enum verdict most_probable(const struct judge_case *evidence)
{
    (void)evidence;
    return VERDICT_PROBABLE;
}

static bool is_soft_negative(const struct said *said)
{
    bool no_such = said->rcode == RCODE_NOERROR || said->rcode == RCODE_NXDOMAIN;
    return said->answered && no_such && said->n == 0 && !said->truncated;
}

static bool is_hard_negative(const struct said *said)
{
    return !said->answered || said->rcode == RCODE_SERVFAIL || said->rcode == RCODE_REFUSED;
}

static bool is_soft(const struct judge_meeting *meeting)
{
    return is_soft_negative(&meeting->local);
}

static bool has_ede(const struct said *local, const struct said *control)
{
    (void)local;
    return control->ede != EDE_NONE;
}

static bool meets_p11(const struct judge_case *evidence, const struct judge_meeting *meeting,
                      struct address *ret_artefact)
{
    const struct said *local = &meeting->local;
    *ret_artefact = (struct address){0};
    if (evidence->question.type != TYPE_A) {
        return false;
    }
    /* A zone that the controls have trouble with is broken, not blocked. */
    bool broken = local->rcode == RCODE_SERVFAIL && any_control(meeting, local, has_ede);
    return is_soft_negative(local) || (is_hard_negative(local) && !broken);
}

static bool sibling_differs(const struct judge_case *evidence)
{
    const struct said *sibling = &evidence->negative.sibling;
    const struct said *local = &evidence->meetings[0].local;
    return sibling->answered && (sibling->rcode != local->rcode ||
                                 sibling->lacks_soa != local->lacks_soa || sibling->n > 0);
}

/* What honest resolvers say too, of one name alone: with the SOA that is due, or by who gives none
 * with any denial, what a cache remembers from before there was such a name or data; half a chain;
 * a failure with its reason. */
static bool may_be_honest(const struct judge_case *evidence, const struct judge_meeting *meeting)
{
    const struct said *local = &meeting->local, *sibling = &evidence->negative.sibling;
    bool remembered = local->has_serial || sibling->lacks_soa;
    return is_soft_negative(local) ? remembered || local->cname.n > 0 : local->ede != EDE_NONE;
}

static enum verdict most_p11(const struct judge_case *evidence)
{
    const struct judge_negative *negative = &evidence->negative;
    if (!evidence->sandwiched) {
        return all_meetings(evidence, is_soft) ? VERDICT_PROBABLE : VERDICT_SUSPECTED;
    }
    bool weak = false;
    for (size_t m = 0; m < evidence->n_meetings; m++) {
        const struct judge_meeting *meeting = &evidence->meetings[m];
        weak = weak || is_silent(meeting) || may_be_honest(evidence, meeting);
    }
    bool tried = negative->n_tries >= P11_TRIES && negative->over_udp && negative->over_tcp;
    bool proved = !weak && tried && sibling_differs(evidence);
    return proved && !evidence->local_may_filter ? VERDICT_CONFIRMED : VERDICT_PROBABLE;
}

/* In the order in which they name the verdict when more than one is met. */
static const struct artefact artefacts[] = {
    {RULE_P1, FINDING_HIJACK_REDIRECT, FAMILY_ENDPOINT, ENDED_BY_ANY, false, meets_p1, most_p1},
    {RULE_P2, FINDING_HIJACK_BOGON, FAMILY_MESSAGE, ENDED_BY_ANSWER, false, meets_p2, most_p2},
    {RULE_P4, FINDING_INJECTION, FAMILY_PATH, STANDS, true, meets_p4, NULL},
    {RULE_P6, FINDING_HIJACK_FORGED, FAMILY_MESSAGE, STANDS, false, meets_p6, NULL},
    {RULE_P7, FINDING_HIJACK_REDIRECT, FAMILY_MESSAGE, ENDED_BY_ANY, false, meets_p7, most_p7},
    {RULE_P8, FINDING_FILTERED_DECLARED, FAMILY_MESSAGE, STANDS, true, meets_p8, most_p8},
    {RULE_P11, FINDING_BLOCKED_NEGATIVE, FAMILY_BEHAVIOUR, ENDED_BY_ANY, false, meets_p11,
     most_p11},
    {RULE_P10, FINDING_HIJACK_REDIRECT, FAMILY_BEHAVIOUR, ENDED_BY_ANY, false, meets_p10,
     most_probable},
};

static bool is_ended(const struct artefact *artefact, const struct judgement *exonerated)
{
    enum rule by = exonerated->rule;
    if (exonerated->verdict == 0 || artefact->ended == STANDS) {
        return false;
    }
    return artefact->ended == ENDED_BY_ANY || by == RULE_S1 || by == RULE_S2 || by == RULE_S5;
}

/* Is it met at every meeting, and how many witnesses bear it out at each? P7 by a list's word
 * needs none to be probable. */
static bool is_met(const struct artefact *artefact, const struct judge_case *evidence,
                   struct judgement *found)
{
    found->n_witnesses = AUDIT_CONTROLS_MAX;
    for (size_t m = 0; m < evidence->n_meetings; m++) {
        const struct judge_meeting *meeting = &evidence->meetings[m];
        struct judge_witnesses w = judge_witnesses(meeting);
        struct address at = meeting->local.n > 0 ? meeting->local.at[0] : (struct address){0};
        bool listed = artefact->rule == RULE_P7;
        bool borne_out =
            artefact->alone || (!w.disagree && (w.n_global > 0 || (listed && w.n == 0)));
        if (!borne_out || !artefact->meets(evidence, meeting, &at)) {
            return false;
        }
        found->n_witnesses = w.n_global < found->n_witnesses ? w.n_global : found->n_witnesses;
        found->artefact = m == 0 ? at : found->artefact;
    }
    return true;
}

/* A negative answer, or a bogon, may be the user's own filter's. */
static bool may_be_own_filter(const struct artefact *artefact, const struct judge_case *evidence)
{
    if (!evidence->local_may_filter) {
        return false;
    }
    return artefact->rule == RULE_P11 ||
           (artefact->rule == RULE_P2 && !bogon_is_proved_foreign(evidence));
}

static struct judgement weigh(const struct artefact *artefact, const struct judge_case *evidence)
{
    struct judgement found = judge_decide(VERDICT_PROBABLE, artefact->rule);
    if (!is_met(artefact, evidence, &found)) {
        return (struct judgement){0};
    }
    found.finding = artefact->finding;
    found.families = artefact->family;
    enum verdict most = artefact->most != NULL ? artefact->most(evidence) : VERDICT_CONFIRMED;
    bool proved =
        judge_n_met(evidence) >= JUDGE_MEETINGS_MAX && (artefact->alone || found.n_witnesses >= 2);
    if (artefact->rule == RULE_P1 && proved && most == VERDICT_CONFIRMED) {
        found.again_s = judge_copy_s(evidence);
        proved = found.again_s == 0;
    }
    found.verdict = most == VERDICT_CONFIRMED && !proved ? VERDICT_PROBABLE : most;
    found.wants_recheck = most == VERDICT_CONFIRMED || artefact->rule == RULE_P11;
    if (may_be_own_filter(artefact, evidence)) {
        found.finding = FINDING_FILTERED_LOCAL_OR_ISP;
        found.wants_recheck = false;
    }
    return found;
}

/* P10: what is probable of one address and holds for many names is proved, unless they may all have
 * moved away from it just now. Not so for the block
 * page of a filter that the user may have chosen. */
static void promote(const struct judge_case *evidence, struct judgement *found, bool has_cluster)
{
    bool about_address = found->rule == RULE_P1 || found->rule == RULE_P7;
    if (has_cluster && about_address && found->verdict == VERDICT_PROBABLE &&
        !evidence->local_may_filter && found->n_witnesses >= 2) {
        bool moved = found->rule == RULE_P1 && judge_copy_s(evidence) != 0;
        bool proved = judge_n_met(evidence) >= JUDGE_MEETINGS_MAX && !moved;
        found->verdict = proved ? VERDICT_CONFIRMED : VERDICT_PROBABLE;
        found->rule = proved ? RULE_P10 : found->rule;
        found->wants_recheck = true;
    }
}

struct judgement judge_accuse(const struct judge_case *evidence, const struct judgement *exonerated)
{
    struct judgement best = {0};
    unsigned families = 0;
    bool has_cluster = false;
    for (size_t i = 0; i < sizeof artefacts / sizeof artefacts[0]; i++) {
        if (is_ended(&artefacts[i], exonerated)) {
            continue;
        }
        struct judgement found = weigh(&artefacts[i], evidence);
        if (found.verdict >= VERDICT_PROBABLE) {
            families |= found.families;
            has_cluster = has_cluster || found.rule == RULE_P10;
        }
        best = found.verdict > best.verdict ? found : best;
    }
    promote(evidence, &best, has_cluster);
    best.families |= families;
    return best;
}
