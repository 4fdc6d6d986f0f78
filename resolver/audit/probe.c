/* SPDX-License-Identifier: MIT */
/* The way of a probe:
 *   LOCAL     two random names and a third, under two top-level domains and a third, and the
 *             control name go to the local resolver.
 *   CONTROLS  when two of them were given a common address: the same names go to all witnesses.
 *   RESTING   recheck_us; then once more with new names, and the verdict stands. */
#include "resolver/audit/probe.h"

#include "resolver/audit/case.h"

#include <assert.h>
#include <stdio.h>

enum { LABEL_LETTERS = 20, LOCAL_TRIES = 2 };

/* None of them has a wildcard; org is signed. */
static const char *const tlds[JUDGE_PROBE_NAMES] = {"com", "net", "org"};

static struct judge_probe_run *last_run(struct probe *probe)
{
    return &probe->evidence.runs[probe->evidence.n_runs - 1];
}

static void random_question(struct port *port, const char *tld, struct question *ret_question)
{
    char text[LABEL_LETTERS + 8];
    for (size_t i = 0; i < LABEL_LETTERS; i++) {
        text[i] = (char)('a' + (int)port_random_below(port, 26));
    }
    text[LABEL_LETTERS] = '.';
    memcpy(text + LABEL_LETTERS + 1, tld, strlen(tld) + 1);
    *ret_question = (struct question){.type = TYPE_A, .class = CLASS_IN};
    int failure = name_from_text(text, &ret_question->name);
    assert(failure == 0);
}

static void end(struct probe *probe)
{
    probe_stop(probe);
    probe->on_end(probe);
}

static void run(struct probe *probe)
{
    size_t n = probe->evidence.n_runs++;
    probe->met_us[n] = port_now_us(probe->asker->port);
    probe->state = PROBE_LOCAL;
    probe->n_waiting = JUDGE_PROBE_NAMES + 1; /* the names, and the control name */
    for (unsigned i = 0; i < JUDGE_PROBE_NAMES; i++) {
        struct question *question = &probe->names[n][i];
        random_question(probe->asker->port, tlds[i], question);
        last_run(probe)->names[i].tld = i;
        probe->askings[i].question = *question;
    }
    case_control_question(&probe->control_asking.question);
    asking_local(&probe->control_asking, probe->server, LOCAL_TRIES);
    for (size_t i = 0; i < JUDGE_PROBE_NAMES; i++) {
        asking_local(&probe->askings[i], probe->server, LOCAL_TRIES);
    }
}

static void rest(struct probe *probe)
{
    struct port *port = probe->asker->port;
    probe->state = PROBE_RESTING;
    if (port_timer_start(port, &probe->rest, port_now_us(port) + probe->recheck_us) < 0) {
        end(probe);
    }
}

static void after_local(struct probe *probe)
{
    struct judge_probe_run *run_now = last_run(probe);
    for (size_t i = 0; i < JUDGE_PROBE_NAMES; i++) {
        run_now->names[i].meeting.local = probe->askings[i].local;
    }
    run_now->control_name = probe->control_asking.local;
    probe->judgement = judge_probe(&probe->evidence);
    /* Only a rewrite leaves a question for witnesses. */
    if (probe->judgement.rule != RULE_G4) {
        end(probe);
        return;
    }
    probe->state = PROBE_CONTROLS;
    probe->n_waiting = JUDGE_PROBE_NAMES;
    for (size_t i = 0; i < JUDGE_PROBE_NAMES; i++) {
        asking_controls(&probe->askings[i]);
    }
}

static void after_controls(struct probe *probe)
{
    for (size_t i = 0; i < JUDGE_PROBE_NAMES; i++) {
        struct judge_meeting *meeting = &last_run(probe)->names[i].meeting;
        meeting->n_controls = probe->asker->n_controls;
        for (size_t k = 0; k < meeting->n_controls; k++) {
            meeting->controls[k] = probe->askings[i].controls[k].said;
        }
    }
    probe->judgement = judge_probe(&probe->evidence);
    if (judgement_wants_recheck(&probe->judgement, probe->evidence.n_runs)) {
        rest(probe);
    } else {
        end(probe);
    }
}

static void on_asked(struct asking *asking)
{
    struct probe *probe = asking->ctx;
    assert(probe->n_waiting > 0);
    if (--probe->n_waiting > 0) {
        return;
    }
    if (probe->state == PROBE_LOCAL) {
        after_local(probe);
    } else {
        assert(probe->state == PROBE_CONTROLS);
        after_controls(probe);
    }
}

static void on_rested(struct port_timer *timer)
{
    run((struct probe *)(void *)((char *)timer - offsetof(struct probe, rest)));
}

void probe_begin(struct probe *probe, const char *server, bool local_may_filter)
{
    assert(probe->state == PROBE_IDLE);
    probe->evidence = (struct judge_probe){.local_may_filter = local_may_filter};
    snprintf(probe->server, sizeof probe->server, "%s", server);
    probe->rest = (struct port_timer){.on_fire = on_rested};
    for (size_t i = 0; i < JUDGE_PROBE_NAMES; i++) {
        asking_init(&probe->askings[i], probe->asker, on_asked, probe);
    }
    asking_init(&probe->control_asking, probe->asker, on_asked, probe);
    run(probe);
}

void probe_stop(struct probe *probe)
{
    if (probe->state == PROBE_IDLE) {
        return;
    }
    probe->state = PROBE_IDLE;
    port_timer_stop(probe->asker->port, &probe->rest);
    for (size_t i = 0; i < JUDGE_PROBE_NAMES; i++) {
        asking_stop(&probe->askings[i]);
    }
    asking_stop(&probe->control_asking);
}
