/* SPDX-License-Identifier: MIT */
/* Which of the closer looks a case wants, at its present meeting. */
#include "resolver/audit/case_parts.h"

#include "resolver/audit/judge_parts.h"

#include <assert.h>

bool case_is_negative(const struct said *said)
{
    return said->answered && said->n == 0 && !said->truncated;
}

static bool has_questions_left(struct audit_case *one)
{
    return one->n_asked < CASE_QUESTIONS_MAX;
}

static bool is_first(struct audit_case *one)
{
    return one->evidence.n_meetings == 1;
}

/* An IPv6 address that nobody else has may be an IPv4 one behind this network's prefix. */
static bool wants_prefix(struct audit_case *one)
{
    return one->evidence.question.type == TYPE_AAAA && is_first(one) && has_questions_left(one) &&
           case_meeting(one)->local.n > 0 && strcmp(one->asker->dns64_server, one->server) != 0;
}

static bool wants_v4(struct audit_case *one)
{
    return one->evidence.question.type == TYPE_AAAA && one->evidence.dns64.n > 0 &&
           case_meeting(one)->local.n > 0;
}

/* At the second meeting the question itself was put so. */
static bool wants_race(struct audit_case *one)
{
    return is_first(one) && has_questions_left(one) && case_meeting(one)->local.answered;
}

static bool wants_tcp(struct audit_case *one)
{
    return is_first(one) && has_questions_left(one) &&
           case_is_negative(&case_meeting(one)->local) && one->evidence.question.type == TYPE_A;
}

/* A public resolver is asked only where a filter of the user's own may be behind it all. */
static bool wants_direct(struct audit_case *one)
{
    return one->evidence.local_may_filter && one->asker->n_public_servers > 0 &&
           said_bogon(&case_meeting(one)->local) != NULL;
}

static bool is_explained(const struct judgement *judgement)
{
    return judgement->verdict <= VERDICT_CONSISTENT || judgement->verdict == VERDICT_DOWNGRADE;
}

static bool wants_proving(struct audit_case *one)
{
    return !is_explained(&one->judgement) && proving_is_worth(one->asker, case_meeting(one));
}

/* Names of the patrol, and what all cheaper looks left over. Without a clock no signature can be
 * judged. The control name is asked for after it, whatever was asked before. */
static bool wants_signed(struct audit_case *one)
{
    const struct judge_case *evidence = &one->evidence;
    return one->n_asked + 1 < CASE_QUESTIONS_MAX && case_meeting(one)->local.n > 0 &&
           !evidence->network.clock_is_wrong;
}

/* Where the addresses are as they should be: else what is lied about is the name. */
static bool wants_https(struct audit_case *one)
{
    return one->evidence.question.type == TYPE_A && is_first(one) && has_questions_left(one) &&
           one->depth != CASE_BRIEF && is_explained(&one->judgement);
}

/* What is undecided; or content that may be old. */
static bool wants_zone(struct audit_case *one)
{
    bool undecided = !is_explained(&one->judgement) && one->judgement.verdict <= VERDICT_PROBABLE;
    return is_first(one) && one->n_asked + 1 < CASE_QUESTIONS_MAX &&
           said_gives_addresses(&case_meeting(one)->local) &&
           (undecided || judge_may_lag(&one->evidence));
}

/* An artefact, or a negative answer: those need to know whether the local resolver works at all. */
static bool wants_sandwich(struct audit_case *one)
{
    bool negative = case_is_negative(&case_meeting(one)->local);
    bool again = is_first(one) || negative;
    return again && has_questions_left(one) &&
           (judgement_wants_recheck(&one->judgement, one->evidence.n_meetings) || negative);
}

/* From which depth on a stage is for explained answers too. */
static enum case_depth depth_of(enum case_state stage)
{
    return stage == CASE_SIGNED || stage == CASE_HTTPS || stage == CASE_ZONE ? CASE_PATROL
                                                                             : CASE_THOROUGH;
}

static bool wants(struct audit_case *one, enum case_state stage)
{
    switch (stage) {
    case CASE_PREFIX:
        return wants_prefix(one);
    case CASE_V4:
        return wants_v4(one);
    case CASE_RACE:
        return wants_race(one);
    case CASE_TCP:
    case CASE_SIBLING:
        return wants_tcp(one);
    case CASE_DIRECT:
        return wants_direct(one);
    case CASE_PROVING:
        return wants_proving(one);
    case CASE_SIGNED:
        return wants_signed(one);
    case CASE_HTTPS:
        return wants_https(one);
    case CASE_ZONE:
        return wants_zone(one);
    case CASE_SANDWICHED:
        return wants_sandwich(one);
    case CASE_IDLE:
    case CASE_LOCAL:
    case CASE_CONTROLS:
    case CASE_RESTING:
        break;
    }
    assert(false);
    return false;
}

bool case_wants(struct audit_case *one, enum case_state stage)
{
    bool done = (one->done & 1u << stage) != 0;
    bool deep = !is_explained(&one->judgement) || one->depth >= depth_of(stage);
    return !done && deep && wants(one, stage);
}
