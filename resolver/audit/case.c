/* SPDX-License-Identifier: MIT */
/* The way of a case:
 *   LOCAL       the local resolver is asked (2 tries). Common with what the client was told: over.
 *               Silent: over, unless it answers for the control name.
 *   CONTROLS    all witnesses are asked. Explained: over.
 *   …           what may tell more, as stages[] has it: each at most once a meeting, and the judge
 *               is heard after each; explained: over.
 *   RESTING     where meeting the artefact again would prove it: recheck_us, then LOCAL and all
 * that follows once more, and the verdict stands. Where that may still be an honest copy of what
 * was (P1), the second meeting is held once more when such a copy is gone. At most
 * CASE_QUESTIONS_MAX questions to the local resolver a meeting. */
#include "resolver/audit/case_parts.h"

#include "resolver/audit/knowledge.h"
#include "resolver/audit/translation.h"

#include <assert.h>
#include <stdio.h>

enum {
    FIRST_TRIES = 2,
    RECHECK_TRIES = 1,
    SIBLING_LETTERS = 16,
    STILL_US = 2100000,    /* so far apart tell two TTLs whether they run down */
    PATIENCE_S = 330,      /* so long a case is kept open for an honest copy to be gone, … */
    PATIENT_CASES_MAX = 4, /* … if there are not so many of them */
};

void case_control_question(struct question *ret_question)
{
    *ret_question = (struct question){.type = TYPE_A, .class = CLASS_IN};
    int failure = name_from_text("example.com", &ret_question->name);
    assert(failure == 0);
}

static void end(struct audit_case *one)
{
    case_stop(one);
    one->on_end(one);
}

static void hear_judge(struct audit_case *one)
{
    knowledge_add(one->asker, one->history, one->server, &one->evidence);
    one->judgement = judge(&one->evidence);
}

/* ---- stages ---- */

static void begin_prefix(struct audit_case *one);
static void begin_v4(struct audit_case *one);
static void begin_race(struct audit_case *one);
static void begin_tcp(struct audit_case *one);
static void begin_sibling(struct audit_case *one);
static void begin_direct(struct audit_case *one);
static void begin_proving(struct audit_case *one);
static void begin_signed(struct audit_case *one);
static void begin_https(struct audit_case *one);
static void begin_zone(struct audit_case *one);
static void begin_sandwich(struct audit_case *one);

/* In the order in which they are gone through. */
static const struct stage {
    enum case_state state;
    void (*begin)(struct audit_case *one);
} stages[] = {
    {CASE_PREFIX, begin_prefix},       {CASE_V4, begin_v4},
    {CASE_RACE, begin_race},           {CASE_TCP, begin_tcp},
    {CASE_SIBLING, begin_sibling},     {CASE_DIRECT, begin_direct},
    {CASE_PROVING, begin_proving},     {CASE_SIGNED, begin_signed},
    {CASE_HTTPS, begin_https},         {CASE_ZONE, begin_zone},
    {CASE_SANDWICHED, begin_sandwich},
};

static void rest(struct audit_case *one, uint64_t again_us)
{
    struct port *port = one->asker->port;
    uint64_t now_us = port_now_us(port);
    one->state = CASE_RESTING;
    if (port_timer_start(port, &one->rest, again_us > now_us ? again_us : now_us) < 0) {
        end(one);
    }
}

static uint64_t recheck_us(const struct audit_case *one)
{
    uint64_t again_us = one->met_us[0] + one->recheck_us;
    uint64_t still_us = one->evidence.meetings[0].at_us + STILL_US;
    return one->judgement.rule == RULE_P1 && still_us > again_us ? still_us : again_us;
}

/* What was met twice may be a copy from before the site moved. Where that takes long to be sure of,
 * the history has it, and the next case of the name will tell. */
static bool may_be_patient(const struct audit_case *one)
{
    uint32_t again_s = one->judgement.again_s;
    return again_s != 0 && again_s <= PATIENCE_S && one->asker->n_patient < PATIENT_CASES_MAX;
}

/* The last meeting is put off. */
static void be_patient(struct audit_case *one)
{
    one->patient = true;
    one->asker->n_patient++;
    one->evidence.n_meetings--;
    rest(one, one->evidence.meetings[0].at_us + one->judgement.again_s * UINT64_C(1000000));
}

/* Is there nothing that a closer look could change? Old content may turn out to be harmful, and
 * what lives for too long to be a lie. */
static bool is_over(const struct audit_case *one)
{
    switch (one->judgement.verdict) {
    case VERDICT_NO_DATA:
    case VERDICT_INELIGIBLE:
    case VERDICT_UNUSABLE:
        return true;
    case VERDICT_CONSISTENT:
    case VERDICT_DOWNGRADE:
        return one->depth == CASE_BRIEF;
    case VERDICT_STALE:
        return one->judgement.finding != FINDING_STALE_LAG &&
               one->judgement.finding != FINDING_STALE_TTL;
    case VERDICT_INCONCLUSIVE:
    case VERDICT_SUSPECTED:
    case VERDICT_PROBABLE:
    case VERDICT_FILTERED_DECLARED:
    case VERDICT_CONFIRMED:
        break;
    }
    return false;
}

static void go_on(struct audit_case *one)
{
    hear_judge(one);
    if (is_over(one)) {
        end(one);
        return;
    }
    for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++) {
        const struct stage *stage = &stages[i];
        if (case_wants(one, stage->state)) {
            one->done |= 1u << stage->state;
            one->state = stage->state;
            stage->begin(one);
            return;
        }
    }
    if (judgement_wants_recheck(&one->judgement, one->evidence.n_meetings)) {
        rest(one, recheck_us(one));
    } else if (may_be_patient(one)) {
        be_patient(one);
    } else {
        end(one);
    }
}

static void ask_local(struct audit_case *one, const struct question *question, unsigned n_tries)
{
    one->asking.question = *question;
    one->n_asked++;
    asking_local(&one->asking, one->server, n_tries);
}

/* ---- a meeting ---- */

static void meet(struct audit_case *one)
{
    size_t n = one->evidence.n_meetings++;
    uint64_t now_us = port_now_us(one->asker->port);
    one->met_us[n] = now_us;
    *case_meeting(one) = (struct judge_meeting){.at_us = now_us};
    one->state = CASE_LOCAL;
    one->done = 0;
    one->n_asked = 0;
    if (n > 0 && !case_is_negative(&one->evidence.meetings[0].local)) {
        begin_race(one);
    } else {
        ask_local(one, &one->evidence.question, n > 0 ? RECHECK_TRIES : FIRST_TRIES);
    }
}

static void begin_controls(struct audit_case *one)
{
    one->state = CASE_CONTROLS;
    one->asking.question = one->evidence.question;
    asking_controls(&one->asking);
}

static void note_try(struct audit_case *one, const struct said *said, bool tcp)
{
    struct judge_negative *negative = &one->evidence.negative;
    if (case_is_negative(said)) {
        negative->n_tries++;
        negative->over_udp = negative->over_udp || !tcp;
        negative->over_tcp = negative->over_tcp || tcp;
    }
}

/* Silence for one name is something else than silence (P11, at most probable). */
static bool wants_surroundings(struct audit_case *one)
{
    return !case_meeting(one)->local.answered && !one->evidence.sandwiched;
}

/* Without a control at this meeting all that can end the case is a gate or what is common. */
static void weigh_local(struct audit_case *one)
{
    hear_judge(one);
    if (wants_surroundings(one)) {
        one->state = CASE_SANDWICHED;
        begin_sandwich(one);
        return;
    }
    enum verdict verdict = one->judgement.verdict;
    /* What is honest by memory alone may be old: the witnesses tell. */
    bool honest = one->judgement.rule == RULE_S1 && one->depth == CASE_BRIEF;
    if (verdict == VERDICT_UNUSABLE || verdict == VERDICT_INELIGIBLE || honest) {
        end(one);
        return;
    }
    begin_controls(one);
}

static void after_local(struct audit_case *one)
{
    note_try(one, &case_meeting(one)->local, false);
    weigh_local(one);
}

static void take_controls(struct audit_case *one)
{
    struct judge_meeting *meeting = case_meeting(one);
    meeting->n_controls = one->asker->n_controls;
    for (size_t i = 0; i < meeting->n_controls; i++) {
        meeting->controls[i] = one->asking.controls[i].said;
    }
    history_note_controls(one->history, &one->evidence.question, meeting,
                          port_now_us(one->asker->port));
}

/* ---- closer looks ---- */

static void begin_prefix(struct audit_case *one)
{
    struct question question;
    translation_question(&question);
    ask_local(one, &question, 1);
}

/* Known until the network is another one. */
static void take_prefix(struct audit_case *one)
{
    struct asker *asker = one->asker;
    if (one->asking.local.answered) {
        asker->dns64 = (struct address){0};
        (void)translation_prefix(&one->asking.local, &asker->dns64, &asker->dns64_bits);
        snprintf(asker->dns64_server, sizeof asker->dns64_server, "%s", one->server);
    }
}

static void begin_v4(struct audit_case *one)
{
    one->asking.question = one->evidence.question;
    one->asking.question.type = TYPE_A;
    asking_controls(&one->asking);
}

static void take_v4(struct audit_case *one)
{
    for (size_t i = 0; i < one->asker->n_controls; i++) {
        const struct said *said = &one->asking.controls[i].said;
        if (said_bears_witness(said) && said->n > 0) {
            one->evidence.v4 = *said;
            return;
        }
    }
}

static void on_race(struct race *race);

static void begin_race(struct audit_case *one)
{
    one->done |= 1u << CASE_RACE;
    one->n_asked++;
    one->race.on_done = on_race;
    if (race_start(&one->race, one->asker->port, one->server, &one->evidence.question) < 0) {
        /* No socket: as ordinary questions go. */
        one->race.n_replies = 0;
        ask_local(one, &one->evidence.question, RECHECK_TRIES);
    }
}

static bool differs(const struct said *a, const struct said *b)
{
    return a->rcode != b->rcode || a->n != b->n || (a->n > 0 && said_common(a, b) == NULL);
}

static void take_control_name(struct audit_case *one, const struct said *said)
{
    one->evidence.sandwiched = true;
    one->evidence.control_name = *said;
}

/* The first reply stands for what the local resolver says, where another follows it. */
static void take_race(struct audit_case *one)
{
    struct judge_meeting *meeting = case_meeting(one);
    const struct race *race = &one->race;
    if (race->n_replies > 0 && one->state == CASE_LOCAL) {
        meeting->local = race->replies[0].said;
    }
    for (size_t i = 1; i < race->n_replies; i++) {
        if (differs(&race->replies[0].said, &race->replies[i].said)) {
            meeting->local = race->replies[0].said;
            meeting->second = race->replies[i].said;
            return;
        }
    }
}

/* Does the path send things twice? */
static void take_doubles(struct audit_case *one)
{
    const struct race *race = &one->race;
    if (race->n_replies > 0) {
        take_control_name(one, &race->replies[0].said);
    }
    one->evidence.doubles = race->n_copies > 0;
    for (size_t i = 1; i < race->n_replies && !one->evidence.doubles; i++) {
        one->evidence.doubles = !differs(&race->replies[0].said, &race->replies[i].said);
    }
}

static void on_race(struct race *race)
{
    struct audit_case *one =
        (struct audit_case *)(void *)((char *)race - offsetof(struct audit_case, race));
    if (one->state == CASE_SANDWICHED) {
        take_doubles(one);
        go_on(one);
        return;
    }
    take_race(one);
    if (one->state == CASE_LOCAL && case_meeting(one)->local.truncated) {
        begin_tcp(one);
    } else if (one->state == CASE_LOCAL) {
        after_local(one);
    } else {
        go_on(one);
    }
}

static void begin_tcp(struct audit_case *one)
{
    one->asking.question = one->evidence.question;
    one->n_asked++;
    asking_local_tcp(&one->asking, one->server);
}

/* A random label below the name. */
static void begin_sibling(struct audit_case *one)
{
    struct question sibling = one->evidence.question;
    struct port *port = one->asker->port;
    uint8_t label[1 + SIBLING_LETTERS] = {SIBLING_LETTERS};
    for (size_t i = 1; i < sizeof label; i++) {
        label[i] = (uint8_t)('a' + port_random_below(port, 26));
    }
    const struct name *name = &one->evidence.question.name;
    if (name->n + sizeof label > NAME_MAX_OCTETS) {
        go_on(one);
        return;
    }
    memcpy(sibling.name.at, label, sizeof label);
    memcpy(sibling.name.at + sizeof label, name->at, name->n);
    sibling.name.n = (uint8_t)(name->n + sizeof label);
    ask_local(one, &sibling, 1);
}

static void ask_direct(struct audit_case *one)
{
    asking_local(&one->asking, one->asker->public_servers[one->n_direct], 1);
}

static void begin_direct(struct audit_case *one)
{
    one->asking.question = one->evidence.question;
    one->n_direct = 0;
    ask_direct(one);
}

/* Where one is silent, as to whom this network lets nobody talk, the next one. */
static bool after_direct(struct audit_case *one)
{
    case_meeting(one)->direct = one->asking.local;
    if (one->asking.local.answered || ++one->n_direct >= one->asker->n_public_servers) {
        return true;
    }
    ask_direct(one);
    return false;
}

static void begin_proving(struct audit_case *one)
{
    proving_begin(&one->proving, &one->evidence.question, case_meeting(one));
}

static void on_proved(struct proving *proving)
{
    go_on(proving->ctx);
}

static void begin_signed(struct audit_case *one)
{
    signing_begin(&one->signing, &one->evidence.question, one->server, case_meeting(one));
}

static void on_signed(struct signing *signing)
{
    struct audit_case *one = signing->ctx;
    one->n_asked += signing->n_asked;
    go_on(one);
}

static void begin_https(struct audit_case *one)
{
    https_begin(&one->https, one->server, &one->evidence);
}

static void on_https(struct https_look *look)
{
    struct audit_case *one = look->ctx;
    one->n_asked += look->n_asked;
    go_on(one);
}

static void begin_zone(struct audit_case *one)
{
    soa_begin(&one->soa, one->server, &one->evidence);
}

static void on_zone(struct soa_look *look)
{
    struct audit_case *one = look->ctx;
    one->n_asked += look->n_asked;
    go_on(one);
}

/* After a second reply it is asked so that a second one of it would be seen, too. */
static void begin_sandwich(struct audit_case *one)
{
    struct question question;
    case_control_question(&question);
    if (case_meeting(one)->second.answered &&
        race_start(&one->race, one->asker->port, one->server, &question) == 0) {
        one->n_asked++;
        return;
    }
    ask_local(one, &question, case_meeting(one)->local.answered ? FIRST_TRIES : RECHECK_TRIES);
}

static void on_asked(struct asking *asking)
{
    struct audit_case *one = asking->ctx;
    switch (one->state) {
    case CASE_LOCAL:
        case_meeting(one)->local = asking->local;
        case_meeting(one)->at_us = port_now_us(one->asker->port);
        after_local(one);
        return;
    case CASE_CONTROLS:
        take_controls(one);
        break;
    case CASE_PREFIX:
        take_prefix(one);
        break;
    case CASE_V4:
        take_v4(one);
        break;
    case CASE_TCP:
        note_try(one, &asking->local, true);
        break;
    case CASE_SIBLING:
        one->evidence.negative.sibling = asking->local;
        break;
    case CASE_DIRECT:
        if (!after_direct(one)) {
            return;
        }
        break;
    case CASE_SANDWICHED:
        take_control_name(one, &asking->local);
        if (case_meeting(one)->n_controls == 0) {
            weigh_local(one);
            return;
        }
        break;
    case CASE_RACE: /* it had to go as ordinary questions do, and says nothing new */
        break;
    case CASE_IDLE:
    case CASE_PROVING:
    case CASE_SIGNED:
    case CASE_HTTPS:
    case CASE_ZONE:
    case CASE_RESTING:
        assert(false);
    }
    go_on(one);
}

static void lose_patience(struct audit_case *one)
{
    one->asker->n_patient -= one->patient;
    one->patient = false;
}

static void on_rested(struct port_timer *timer)
{
    struct audit_case *one =
        (struct audit_case *)(void *)((char *)timer - offsetof(struct audit_case, rest));
    lose_patience(one);
    meet(one);
}

void case_begin(struct audit_case *one, const struct case_begin *begin)
{
    assert(one->state == CASE_IDLE);
    one->evidence = (struct judge_case){
        .question = *begin->question,
        .local_may_filter = begin->local_may_filter,
    };
    if (begin->told != NULL) {
        one->evidence.told = *begin->told;
    }
    snprintf(one->server, sizeof one->server, "%s", begin->server);
    one->asker = begin->asker;
    one->depth = begin->depth;
    one->rest = (struct port_timer){.on_fire = on_rested};
    one->race.handle = NULL;
    asking_init(&one->asking, begin->asker, on_asked, one);
    proving_init(&one->proving, begin->asker, on_proved, one);
    signing_init(&one->signing, begin->asker, on_signed, one);
    https_init(&one->https, begin->asker, on_https, one);
    soa_init(&one->soa, begin->asker, on_zone, one);
    meet(one);
}

void case_stop(struct audit_case *one)
{
    if (one->state != CASE_IDLE) {
        one->state = CASE_IDLE;
        lose_patience(one);
        port_timer_stop(one->asker->port, &one->rest);
        race_cancel(&one->race);
        asking_stop(&one->asking);
        proving_stop(&one->proving);
        signing_stop(&one->signing);
        https_stop(&one->https);
        soa_stop(&one->soa);
    }
}
