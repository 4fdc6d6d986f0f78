/* SPDX-License-Identifier: MIT */
/* P5 and P9: port 53 does not reach whom it is sent to (HIJACK §3.3 N7, N8). About the path, so no
 * control witnesses; one odd server is one signal, and two of different kinds, or at two
 * operators, are needed. */
#include "resolver/audit/judge_parts.h"

#include <assert.h>

enum { P5_REPLIES = 2 };

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), n_end = strlen(end);
    return n >= n_end && memcmp(text + n - n_end, end, n_end) == 0;
}

/* No two operators ask from one network, nor do their servers have one name. */
static bool is_same(const struct judge_path_signal *a, size_t i, const struct judge_path_signal *b,
                    size_t k)
{
    const struct said *one = &a->got[i], *other = &b->got[k];
    if (!one->answered || !other->answered || one->rcode != other->rcode) {
        return false;
    }
    if (a->signal == SIGNAL_WHOAMI) {
        return said_common(one, other) != NULL || judge_same_network(one, other);
    }
    return a->signal == SIGNAL_CHAOS && a->text[i][0] != '\0' &&
           strcmp(a->text[i], b->text[k]) == 0;
}

/* Does a resolver of another operator seem to be the very same? */
static bool is_shared(const struct judge_path *evidence, const struct judge_path_signal *signal,
                      size_t i)
{
    for (size_t s = 0; s < evidence->n_signals; s++) {
        const struct judge_path_signal *other = &evidence->signals[s];
        bool strangers =
            signal->operator!= 0 && other->operator!= 0 && other->operator!= signal->operator;
        bool comparable = strangers && other->signal == signal->signal;
        for (size_t k = 0; comparable && k < other->n_got; k++) {
            if (is_same(signal, i, other, k)) {
                return true;
            }
        }
    }
    return false;
}

/* Does the reply, if one came, differ from what is due? Silence is loss, never a difference. */
static bool is_not_due(const struct judge_path_signal *signal, size_t i)
{
    const struct said *got = &signal->got[i], *due = &signal->due;
    if (!got->answered || !due->answered) {
        return false;
    }
    switch (signal->signal) {
    case SIGNAL_WHOAMI:
        return judge_other_network(got, due);
    case SIGNAL_TRUNCATION:
        return got->rcode == RCODE_NOERROR && due->truncated && !got->truncated;
    case SIGNAL_CASE:
        return got->case_lost && !due->case_lost;
    case SIGNAL_NXDOMAIN:
        return due->rcode == RCODE_NXDOMAIN && said_gives_addresses(got);
    case SIGNAL_CHAOS:
    case SIGNAL_DNSSEC:
    case SIGNAL_V6ONLY:
    case N_SIGNALS:
        break;
    }
    return got->rcode != due->rcode || !ends_with(signal->text[i], signal->due_text);
}

static size_t count_odd(const struct judge_path *evidence, const struct judge_path_signal *signal)
{
    size_t n = 0;
    for (size_t i = 0; i < signal->n_got; i++) {
        n += is_not_due(signal, i) || is_shared(evidence, signal, i);
    }
    return n == signal->n_got ? n : 0;
}

static bool is_weak(enum path_signal signal)
{
    return signal == SIGNAL_TRUNCATION || signal == SIGNAL_CASE;
}

/* The kinds of signal that are odd at the operator, as a set; met at least `n_met` times each. */
static unsigned kinds_at(const struct judge_path *evidence, unsigned operator, size_t n_met)
{
    unsigned kinds = 0;
    for (size_t i = 0; i < evidence->n_signals; i++) {
        const struct judge_path_signal *signal = &evidence->signals[i];
        if (signal->operator== operator&& count_odd(evidence, signal) >= n_met) {
            /* All that is weak counts as one kind. */
            kinds |= 1U << (is_weak(signal->signal) ? 0 : signal->signal);
        }
    }
    return kinds;
}

enum { WEAK_KIND = 1U };

static unsigned count_bits(unsigned set)
{
    unsigned n = 0;
    for (; set != 0; set &= set - 1) {
        n++;
    }
    return n;
}

/* PROBABLE with a signal; CONFIRMED with two kinds at one operator, or any at two operators. */
static enum verdict weigh(const struct judge_path *evidence, size_t n_met)
{
    unsigned n_operators = 0, seen_operator = 0;
    bool two_kinds = false, any_weak = false;
    for (size_t i = 0; i < evidence->n_signals; i++) {
        unsigned operator= evidence->signals[i].operator;
        unsigned kinds = kinds_at(evidence, operator, n_met);
        unsigned strong = kinds & ~(unsigned)WEAK_KIND;
        any_weak = any_weak || kinds == WEAK_KIND;
        if (strong == 0) {
            continue;
        }
        two_kinds = two_kinds || count_bits(kinds) >= 2;
        n_operators += n_operators == 0 || operator!= seen_operator;
        seen_operator = operator;
    }
    if (two_kinds || n_operators >= 2) {
        return VERDICT_CONFIRMED;
    }
    if (n_operators == 1) {
        return VERDICT_PROBABLE;
    }
    return any_weak ? VERDICT_SUSPECTED : VERDICT_CONSISTENT;
}

static struct judgement found_path(enum verdict verdict, enum rule rule,
                                   const struct address *target)
{
    struct judgement found = judge_decide(verdict, rule);
    if (verdict >= VERDICT_PROBABLE) {
        found.finding = FINDING_PATH_INTERCEPTED;
        found.families = FAMILY_PATH;
        found.artefact = *target;
        found.wants_recheck = true;
    }
    return found;
}

static const struct address *odd_target(const struct judge_path *evidence)
{
    for (size_t i = 0; i < evidence->n_signals; i++) {
        const struct judge_path_signal *signal = &evidence->signals[i];
        if (count_odd(evidence, signal) > 0 && !is_weak(signal->signal)) {
            return &signal->target;
        }
    }
    return &evidence->signals[0].target;
}

static struct judgement judge_signals(const struct judge_path *evidence)
{
    enum verdict often = weigh(evidence, JUDGE_MEETINGS_MAX);
    if (often == VERDICT_CONFIRMED) {
        return found_path(often, RULE_P9, odd_target(evidence));
    }
    enum verdict once = weigh(evidence, 1);
    once = once > VERDICT_PROBABLE ? VERDICT_PROBABLE : once;
    return found_path(once, RULE_P9, odd_target(evidence));
}

static struct judgement judge_injection(const struct judge_path *evidence)
{
    size_t n = 0;
    const struct address *target = NULL;
    for (size_t i = 0; i < evidence->n_tries; i++) {
        if (evidence->tries[i].replied) {
            n++;
            target = target == NULL ? &evidence->tries[i].target : target;
        }
    }
    if (n == 0) {
        return judge_decide(VERDICT_CONSISTENT, RULE_P5);
    }
    return found_path(n >= P5_REPLIES ? VERDICT_CONFIRMED : VERDICT_PROBABLE, RULE_P5, target);
}

struct judgement judge_path(const struct judge_path *evidence)
{
    assert(evidence->n_signals <= JUDGE_PATH_SIGNALS_MAX);
    assert(evidence->n_tries <= JUDGE_INJECTION_TRIES);
    struct judgement found = judge_gate_network(&evidence->network);
    if (found.verdict != 0) {
        return found;
    }
    if (evidence->n_signals == 0 && evidence->n_tries == 0) {
        return judge_decide(VERDICT_NO_DATA, RULE_NONE);
    }
    if (evidence->n_tries > 0) {
        found = judge_injection(evidence);
    }
    if (evidence->n_signals > 0) {
        struct judgement by_signals = judge_signals(evidence);
        found = by_signals.verdict > found.verdict ? by_signals : found;
    }
    return found;
}
