/* SPDX-License-Identifier: MIT */
#include "resolver/audit/path.h"

#include "resolver/audit/case.h"
#include "resolver/audit/network.h"
#include "resolver/audit/public.h"

#include <assert.h>
#include <stdio.h>

/* RFC 5737: one of each network. */
static const char *const nowhere[JUDGE_INJECTION_TRIES] = {"192.0.2.1", "198.51.100.1",
                                                           "203.0.113.1"};

/* What public resolvers are asked: every honest one finds both out by itself. */
static const struct kind {
    enum path_signal signal;
    const char *name;
    uint16_t class;
} kinds[PATH_KINDS] = {
    {SIGNAL_WHOAMI, "o-o.myaddr.l.google.com", CLASS_IN},
    {SIGNAL_CHAOS, "id.server", CLASS_CH},
};

static struct question question_of(const struct kind *kind)
{
    struct question question = {.type = TYPE_TXT, .class = kind->class};
    int failure = name_from_text(kind->name, &question.name);
    assert(failure == 0);
    return question;
}

/* ---- the end of a round ---- */

static void end(struct path_probe *probe)
{
    path_stop(probe);
    probe->on_end(probe);
}

static void rest(struct path_probe *probe)
{
    struct port *port = probe->asker->port;
    probe->state = PATH_RESTING;
    if (port_timer_start(port, &probe->rest, port_now_us(port) + probe->recheck_us) < 0) {
        end(probe);
    }
}

static bool was_heard(const struct judge_path_signal *signal)
{
    for (size_t i = 0; i < signal->n_got; i++) {
        if (signal->got[i].answered) {
            return true;
        }
    }
    return false;
}

/* What nobody answered is no evidence, of honesty neither. */
static void collect(struct path_probe *probe)
{
    struct judge_path *evidence = &probe->evidence;
    evidence->network = network_of(probe->asker, probe->server);
    evidence->n_signals = 0;
    for (size_t i = 0; i < probe->n_signals; i++) {
        if (was_heard(&probe->signals[i])) {
            evidence->signals[evidence->n_signals++] = probe->signals[i];
        }
    }
}

static void finish_one(struct path_probe *probe)
{
    assert(probe->n_waiting > 0);
    if (--probe->n_waiting > 0) {
        return;
    }
    collect(probe);
    probe->judgement = judge_path(&probe->evidence);
    bool again = probe->judgement.verdict == VERDICT_PROBABLE && probe->n_rounds == 1;
    if (again && probe->evidence.n_signals > 0) {
        rest(probe);
    } else {
        end(probe);
    }
}

/* ---- addresses where no DNS can be ---- */

static void on_race(struct race *race)
{
    struct path_probe *probe = race->ctx;
    struct judge_path_try *one = &probe->evidence.tries[race - probe->races];
    one->replied = race->n_replies > 0;
    one->icmp = race->n_icmp > 0;
    finish_one(probe);
}

/* A network that uses documentation addresses itself may have a resolver at one. */
static bool is_no_documentation(const struct address *own)
{
    return !address_is_bogon(own) || address_is_private(own);
}

static void begin_nowhere(struct path_probe *probe)
{
    struct question question;
    case_control_question(&question);
    probe->evidence.n_tries = JUDGE_INJECTION_TRIES;
    for (size_t i = 0; i < JUDGE_INJECTION_TRIES; i++) {
        struct race *race = &probe->races[i];
        bool good = address_from_server(nowhere[i], &probe->evidence.tries[i].target);
        assert(good);
        race->on_done = on_race;
        race->ctx = probe;
        race->may_send = is_no_documentation;
        probe->n_waiting += race_start(race, probe->asker->port, nowhere[i], &question) == 0;
    }
}

/* ---- public resolvers ---- */

static void look_up_asns(const struct asker *asker, struct said *said)
{
    for (size_t i = 0; asker->door.origin_as != NULL && i < said->n; i++) {
        uint32_t asn = asker->door.origin_as(asker->door.ctx, &said->at[i]);
        if (asn != 0 && said->n_asns < AUDIT_ASNS_MAX) {
            said->asns[said->n_asns++] = asn;
        }
    }
}

static void on_signal(struct race *race)
{
    struct path_probe *probe = race->ctx;
    struct judge_path_signal *signal = &probe->signals[race - probe->signal_races];
    size_t n = signal->n_got++;
    signal->got[n] = (struct said){.ede = EDE_NONE};
    if (race->n_replies > 0 && !said_has(&race->replies[0].said, &race->own)) {
        signal->got[n] = race->replies[0].said;
        look_up_asns(probe->asker, &signal->got[n]);
        snprintf(signal->text[n], sizeof signal->text[n], "%s", race->replies[0].text);
    }
    finish_one(probe);
}

static void begin_signal(struct path_probe *probe, size_t i)
{
    const struct asker *asker = probe->asker;
    struct judge_path_signal *signal = &probe->signals[i];
    struct race *race = &probe->signal_races[i];
    struct question question = question_of(&kinds[i % PATH_KINDS]);
    race->on_done = on_signal;
    race->ctx = probe;
    if (race_start(race, asker->port, asker->public_servers[i / PATH_KINDS], &question) == 0) {
        probe->n_waiting++;
    } else {
        signal->got[signal->n_got++] = (struct said){.ede = EDE_NONE};
    }
}

static void init_signal(struct path_probe *probe, size_t i)
{
    struct judge_path_signal *signal = &probe->signals[i];
    *signal = (struct judge_path_signal){
        .signal = kinds[i % PATH_KINDS].signal,
        .due = {.ede = EDE_NONE},
    };
    bool good = address_from_server(probe->asker->public_servers[i / PATH_KINDS], &signal->target);
    assert(good);
    signal->operator= public_operator_of_address(&signal->target);
}

/* ---- what is due ---- */

/* The zone that a host name stands in; what is no host name has no end to compare: the same
 * operator's next server says "FRA" as well as "AMS". */
static const char *end_of(const char *text)
{
    const char *last = strrchr(text, '.');
    for (const char *p = last; p != NULL && p > text; p--) {
        if (p != last && *p == '.') {
            return p;
        }
    }
    return "";
}

/* Of CHAOS only a server's name is worth comparing: an operator may well answer such questions on
 * port 53 only. Of whoami the network that it asks from. */
static void take_due(const struct path_probe *probe, const struct answer *answer,
                     struct judge_path_signal *signal)
{
    char text[SAID_TEXT_MAX];
    said_text(answer, text);
    if (answer->rcode != RCODE_NOERROR || text[0] == '\0') {
        return;
    }
    said_read(answer, TYPE_TXT, &signal->due);
    if (signal->signal == SIGNAL_WHOAMI) {
        look_up_asns(probe->asker, &signal->due);
    } else {
        snprintf(signal->due_text, sizeof signal->due_text, "%s", end_of(text));
    }
}

static void on_due(struct audit_ask *ask, const struct answer *answer)
{
    struct path_due *due =
        (struct path_due *)(void *)((char *)ask - offsetof(struct path_due, ask));
    struct path_probe *probe = due->probe;
    due->live = false;
    if (answer != NULL) {
        take_due(probe, answer, &probe->signals[due - probe->dues]);
    }
    finish_one(probe);
}

/* The witness of the operator; n_controls when there is none. */
static unsigned control_of(const struct asker *asker, unsigned operator)
{
    unsigned i = 0;
    while (i < asker->n_controls &&
           (asker->control_operators == NULL || asker->control_operators[i] != operator)) {
        i++;
    }
    return operator!= PUBLIC_OPERATOR_UNKNOWN ? i : asker->n_controls;
}

/* Without an operator's own witness, what another operator says must do. */
static void begin_due(struct path_probe *probe, size_t i)
{
    const struct asker *asker = probe->asker;
    struct path_due *due = &probe->dues[i];
    unsigned control = control_of(asker, probe->signals[i].operator);
    if (control == asker->n_controls) {
        return;
    }
    struct question question = question_of(&kinds[i % PATH_KINDS]);
    *due = (struct path_due){.ask = {.on_done = on_due}, .probe = probe};
    due->live = asker->door.ask_control(asker->door.ctx, control, &question, &due->ask) >= 0;
    probe->n_waiting += due->live;
}

/* ---- rounds ---- */

static void ask_public(struct path_probe *probe)
{
    probe->state = PATH_ASKING;
    probe->n_rounds++;
    for (size_t i = 0; i < probe->n_signals; i++) {
        begin_signal(probe, i);
    }
}

static void on_rested(struct port_timer *timer)
{
    struct path_probe *probe =
        (struct path_probe *)(void *)((char *)timer - offsetof(struct path_probe, rest));
    ask_public(probe);
    if (probe->n_waiting == 0) {
        end(probe);
    }
}

bool path_begin(struct path_probe *probe, const char *server)
{
    assert(probe->state == PATH_IDLE);
    snprintf(probe->server, sizeof probe->server, "%s", server);
    probe->evidence = (struct judge_path){0};
    probe->rest = (struct port_timer){.on_fire = on_rested};
    probe->n_rounds = 0;
    probe->n_signals = probe->asker->n_public_servers * PATH_KINDS;
    begin_nowhere(probe);
    for (size_t i = 0; i < probe->n_signals; i++) {
        init_signal(probe, i);
    }
    ask_public(probe);
    for (size_t i = 0; i < probe->n_signals; i++) {
        begin_due(probe, i);
    }
    if (probe->n_waiting == 0) {
        probe->state = PATH_IDLE;
    }
    return probe->n_waiting > 0;
}

void path_stop(struct path_probe *probe)
{
    if (probe->state == PATH_IDLE) {
        return;
    }
    probe->state = PATH_IDLE;
    probe->n_waiting = 0;
    port_timer_stop(probe->asker->port, &probe->rest);
    for (size_t i = 0; i < JUDGE_INJECTION_TRIES; i++) {
        race_cancel(&probe->races[i]);
    }
    for (size_t i = 0; i < PATH_SIGNALS_MAX; i++) {
        race_cancel(&probe->signal_races[i]);
    }
    for (size_t i = 0; i < PATH_SIGNALS_MAX; i++) {
        if (probe->dues[i].live) {
            probe->dues[i].live = false;
            probe->asker->door.cancel_control(probe->asker->door.ctx, &probe->dues[i].ask);
        }
    }
}
