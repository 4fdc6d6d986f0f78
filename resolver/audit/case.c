/* SPDX-License-Identifier: MIT */
/* The way of a case:
 *   LOCAL       the local resolver is asked (2 tries). Common with what the client was told: over.
 *   CONTROLS    all witnesses are asked. No artefact: over.
 *   SANDWICHED  the local resolver is asked for the control name. Broken or captive: over.
 *   RESTING     recheck_us; then LOCAL and CONTROLS once more, and the verdict stands.
 * At most 4 questions to the local resolver: 2, 1 and 1. */
#include "resolver/audit/case.h"

#include <assert.h>
#include <stdio.h>

enum { FIRST_TRIES = 2, RECHECK_TRIES = 1 };

static struct judge_meeting *last_meeting(struct audit_case *one)
{
    return &one->evidence.meetings[one->evidence.n_meetings - 1];
}

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

static void meet(struct audit_case *one)
{
    bool again = one->evidence.n_meetings > 0;
    one->met_us[one->evidence.n_meetings++] = port_now_us(one->asking.asker->port);
    one->state = CASE_LOCAL;
    one->asking.question = one->evidence.question;
    asking_local(&one->asking, one->server, again ? RECHECK_TRIES : FIRST_TRIES);
}

static void after_local(struct audit_case *one)
{
    last_meeting(one)->local = one->asking.local;
    one->judgement = judge(&one->evidence);
    /* Without a control at this meeting all that can end the case is a gate or what is common. */
    if (one->judgement.rule == RULE_G3 || one->judgement.rule == RULE_S1) {
        end(one);
        return;
    }
    one->state = CASE_CONTROLS;
    asking_controls(&one->asking);
}

static void rest(struct audit_case *one)
{
    struct port *port = one->asking.asker->port;
    one->state = CASE_RESTING;
    if (port_timer_start(port, &one->rest, port_now_us(port) + one->recheck_us) < 0) {
        end(one);
    }
}

static void after_controls(struct audit_case *one)
{
    struct judge_meeting *meeting = last_meeting(one);
    meeting->n_controls = one->asking.asker->n_controls;
    for (size_t i = 0; i < meeting->n_controls; i++) {
        meeting->controls[i] = one->asking.controls[i].said;
    }
    one->judgement = judge(&one->evidence);
    if (!judgement_wants_recheck(&one->judgement, one->evidence.n_meetings)) {
        end(one);
        return;
    }
    one->state = CASE_SANDWICHED;
    case_control_question(&one->asking.question);
    asking_local(&one->asking, one->server, 1);
}

static void after_sandwich(struct audit_case *one)
{
    one->evidence.sandwiched = true;
    one->evidence.control_name = one->asking.local;
    one->judgement = judge(&one->evidence);
    if (judgement_wants_recheck(&one->judgement, one->evidence.n_meetings)) {
        rest(one);
    } else {
        end(one);
    }
}

static void on_asked(struct asking *asking)
{
    struct audit_case *one = asking->ctx;
    switch (one->state) {
    case CASE_LOCAL:
        after_local(one);
        return;
    case CASE_CONTROLS:
        after_controls(one);
        return;
    case CASE_SANDWICHED:
        after_sandwich(one);
        return;
    case CASE_IDLE:
    case CASE_RESTING:
        break;
    }
    assert(false);
}

static void on_rested(struct port_timer *timer)
{
    meet((struct audit_case *)(void *)((char *)timer - offsetof(struct audit_case, rest)));
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
    one->rest = (struct port_timer){.on_fire = on_rested};
    asking_init(&one->asking, begin->asker, on_asked, one);
    meet(one);
}

void case_stop(struct audit_case *one)
{
    if (one->state != CASE_IDLE) {
        one->state = CASE_IDLE;
        port_timer_stop(one->asking.asker->port, &one->rest);
        asking_stop(&one->asking);
    }
}
