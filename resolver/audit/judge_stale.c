/* SPDX-License-Identifier: MIT */
/* ST1 to ST4 (ST5 supports ST4): old content, each by a proof of its own. T10 to T12: content held
 * back. And the weak signals. None of these accuses. */
#include "resolver/audit/judge_parts.h"

enum {
    TTL_SAMPLES = 5,
    TTL_PROVIDERS = 2,
    TTL_SLACK_S = 60,
    LAG_TRIES = 3,
    GONE_LEAST_S = 600,
};

static bool all_meetings(const struct judge_case *evidence,
                         bool (*holds)(const struct judge_case *evidence,
                                       const struct judge_meeting *meeting))
{
    for (size_t m = 0; m < evidence->n_meetings; m++) {
        if (!holds(evidence, &evidence->meetings[m])) {
            return false;
        }
    }
    return evidence->n_meetings > 0;
}

static bool any_control(const struct judge_meeting *meeting,
                        bool (*holds)(const struct said *local, const struct said *control))
{
    for (size_t i = 0; i < meeting->n_controls; i++) {
        if (said_bears_witness(&meeting->controls[i]) &&
            holds(&meeting->local, &meeting->controls[i])) {
            return true;
        }
    }
    return false;
}

static bool is_declared(const struct judge_case *evidence)
{
    for (size_t m = 0; m < evidence->n_meetings; m++) {
        const struct said *local = &evidence->meetings[m].local;
        if (local->answered && (local->ede == EDE_STALE || local->ede == EDE_STALE_NXDOMAIN)) {
            return true;
        }
    }
    return false;
}

static bool exceeds_history(const struct judge_history *history, uint32_t ttl_s)
{
    uint64_t most = history->ttl_s;
    return history->n_ttl_samples >= TTL_SAMPLES && history->n_ttl_providers >= TTL_PROVIDERS &&
           2 * (uint64_t)ttl_s > 3 * most && ttl_s > most + TTL_SLACK_S;
}

/* The TTL is above the authoritative one: the signed one, or the most that was ever seen. */
static bool is_extended(const struct judge_case *evidence, const struct judge_meeting *meeting)
{
    const struct said *local = &meeting->local;
    if (!said_gives_addresses(local)) {
        return false;
    }
    if (local->original_ttl_s != 0) {
        return local->ttl_s > local->original_ttl_s;
    }
    return exceeds_history(&evidence->history, local->ttl_s);
}

static bool is_newer(const struct said *local, const struct said *control)
{
    return control->signature == SIGNATURE_VALID && local->inception_s != 0 &&
           control->inception_s > local->inception_s;
}

static bool has_expired(const struct judge_case *evidence, const struct judge_meeting *meeting)
{
    (void)evidence;
    return meeting->local.answered && meeting->local.signature == SIGNATURE_EXPIRED &&
           any_control(meeting, is_newer);
}

static bool is_old(const struct judge_case *evidence, const struct judge_meeting *meeting)
{
    const struct judge_history *history = &evidence->history;
    const struct said *local = &meeting->local;
    size_t n = 0;
    for (size_t i = 0; i < history->n_old; i++) {
        n += said_has(local, &history->old[i]);
    }
    return said_gives_addresses(local) && n == local->n;
}

static bool lags(const struct judge_case *evidence)
{
    const struct judge_history *history = &evidence->history;
    uint64_t twice = 2 * (uint64_t)history->old_ttl_s;
    uint64_t gone = twice > GONE_LEAST_S ? twice : GONE_LEAST_S;
    bool often = history->n_lag_tries >= LAG_TRIES || judge_zone_is_behind(evidence);
    return history->n_old > 0 && often && history->gone_s >= gone &&
           history->gone_s > (uint64_t)history->old_ttl_s + TTL_SLACK_S &&
           all_meetings(evidence, is_old);
}

bool judge_may_lag(const struct judge_case *evidence)
{
    return evidence->history.n_old > 0 && all_meetings(evidence, is_old) && !lags(evidence);
}

static bool control_passes(const struct said *local, const struct said *control)
{
    (void)local;
    return memchr(control->tls, TLS_OK, control->n) != NULL;
}

/* The old addresses do not serve the name any more, and the new do. */
static bool is_harmful(const struct judge_case *evidence, const struct judge_meeting *meeting)
{
    if (judge_gate_tls(&evidence->network) != RULE_NONE) {
        return false;
    }
    const struct said *local = &meeting->local;
    size_t n_failed = 0;
    for (size_t i = 0; i < local->n; i++) {
        if (local->tls[i] == TLS_OK) {
            return false;
        }
        n_failed += local->tls[i] != TLS_UNTRIED;
    }
    return n_failed > 0 && any_control(meeting, control_passes);
}

static struct judgement stale(enum rule rule, enum finding finding)
{
    struct judgement found = judge_decide(VERDICT_STALE, rule);
    found.finding = finding;
    return found;
}

struct judgement judge_stale(const struct judge_case *evidence)
{
    if (lags(evidence)) {
        bool harmful = all_meetings(evidence, is_harmful);
        return stale(RULE_ST4, harmful ? FINDING_STALE_HARMFUL : FINDING_STALE_LAG);
    }
    if (all_meetings(evidence, has_expired)) {
        return stale(RULE_ST3, FINDING_STALE_SIGNATURE);
    }
    if (is_declared(evidence)) {
        return stale(RULE_ST1, FINDING_STALE_DECLARED);
    }
    bool twice = judge_n_met(evidence) >= JUDGE_MEETINGS_MAX;
    if (twice && all_meetings(evidence, is_extended)) {
        return stale(RULE_ST2, FINDING_STALE_TTL);
    }
    return (struct judgement){0};
}

bool judge_may_be_stale(const struct judge_case *evidence)
{
    return judge_n_met(evidence) < JUDGE_MEETINGS_MAX && all_meetings(evidence, is_extended);
}

static struct judgement narrowed(enum rule rule, enum finding finding)
{
    struct judgement found = judge_decide(VERDICT_DOWNGRADE, rule);
    found.finding = finding;
    return found;
}

/* IPv6 addresses held back while IPv4 is fine: old boxes do that. */
static bool lacks_aaaa(const struct judge_case *evidence, const struct judge_meeting *meeting)
{
    (void)evidence;
    const struct said *local = &meeting->local;
    struct judge_witnesses w = judge_witnesses(meeting);
    bool held_back =
        local->n == 0 && (local->rcode == RCODE_NOERROR || local->rcode == RCODE_SERVFAIL);
    return local->answered && held_back && !local->truncated && w.n_global > 0 && !w.disagree;
}

struct judgement judge_narrowed_address(const struct judge_case *evidence)
{
    if (evidence->question.type == TYPE_AAAA && evidence->a_is_fine &&
        all_meetings(evidence, lacks_aaaa)) {
        return narrowed(RULE_T10, FINDING_AAAA_FILTERED);
    }
    return (struct judgement){0};
}

static bool has_signature(const struct said *local, const struct said *control)
{
    (void)local;
    return control->signature == SIGNATURE_VALID;
}

static bool lost_signatures(const struct judge_case *evidence, const struct judge_meeting *meeting)
{
    (void)evidence;
    return meeting->local.answered && meeting->local.signature == SIGNATURE_ABSENT &&
           any_control(meeting, has_signature);
}

struct judgement judge_narrowed(const struct judge_case *evidence)
{
    enum https_records local = evidence->local_https, control = evidence->control_https;
    if (control == HTTPS_ECH && local == HTTPS_PLAIN) {
        return narrowed(RULE_T11, FINDING_ECH_STRIPPED);
    }
    if ((control == HTTPS_ECH || control == HTTPS_PLAIN) && local == HTTPS_ABSENT) {
        return narrowed(RULE_T11, evidence->https_of_others_is_absent ? FINDING_TYPE_UNSUPPORTED
                                                                      : FINDING_HTTPS_STRIPPED);
    }
    if (all_meetings(evidence, lost_signatures)) {
        return narrowed(RULE_T12, FINDING_DNSSEC_STRIPPED);
    }
    return (struct judgement){0};
}

static bool is_authoritative(const struct judge_case *evidence, const struct judge_meeting *meeting)
{
    (void)evidence;
    return meeting->local.answered && (meeting->local.flags & FLAG_AA) != 0;
}

static bool is_hasty(const struct judge_case *evidence, const struct judge_meeting *meeting)
{
    return meeting->local.answered && meeting->local.rtt_us != 0 &&
           meeting->local.rtt_us < evidence->history.usual_rtt_us / 2;
}

static bool lacks_soa(const struct judge_case *evidence, const struct judge_meeting *meeting)
{
    (void)evidence;
    return meeting->local.answered && meeting->local.lacks_soa;
}

static bool lost_case(const struct judge_case *evidence, const struct judge_meeting *meeting)
{
    (void)evidence;
    return meeting->local.answered && meeting->local.case_lost;
}

static bool has_odd_ttl(const struct judge_case *evidence, const struct judge_meeting *meeting)
{
    return is_extended(evidence, meeting) ||
           (said_gives_addresses(&meeting->local) && meeting->local.ttl_s == 0 &&
            evidence->history.ttl_s > 0);
}

/* In an AS of nobody who owns a witness's. */
static bool is_unrelated(const struct judge_case *evidence, const struct judge_meeting *meeting)
{
    (void)evidence;
    size_t n = 0;
    for (size_t i = 0; i < meeting->n_controls; i++) {
        const struct said *control = &meeting->controls[i];
        if (!said_bears_witness(control)) {
            continue;
        }
        if (!judge_other_network(&meeting->local, control)) {
            return false;
        }
        n++;
    }
    return n > 0;
}

static bool is_in_noisy_list(const struct judge_case *evidence, const struct judge_meeting *meeting)
{
    (void)evidence;
    return meeting->local.fingerprint == FINGERPRINT_NOISY;
}

bool judge_is_made_there(const struct judge_case *evidence)
{
    return all_meetings(evidence, is_unrelated) &&
           (all_meetings(evidence, is_authoritative) || all_meetings(evidence, has_odd_ttl));
}

unsigned judge_n_weak(const struct judge_case *evidence)
{
    return (unsigned)all_meetings(evidence, is_authoritative) +
           (unsigned)all_meetings(evidence, is_hasty) +
           (unsigned)all_meetings(evidence, lacks_soa) +
           (unsigned)all_meetings(evidence, lost_case) +
           (unsigned)all_meetings(evidence, has_odd_ttl) +
           (unsigned)all_meetings(evidence, is_unrelated) +
           (unsigned)all_meetings(evidence, is_in_noisy_list);
}
