/* SPDX-License-Identifier: MIT */
#include "resolver/audit/asking.h"

#include <assert.h>

enum {
    LOCAL_TIMEOUT_MS = 2000,
    CONTROLS_TIMEOUT_S = 10, /* longer than any query's budget */
};

static struct asking *asking_of_timer(struct port_timer *timer)
{
    return (struct asking *)(void *)((char *)timer - offsetof(struct asking, timer));
}

static void try_local(struct asking *asking);

static void stop_legs(struct asking *asking);

static void forget_answers(struct asking *asking)
{
    asking->answer = answer_unref(asking->answer);
    for (unsigned i = 0; i < AUDIT_CONTROLS_MAX; i++) {
        asking->controls[i].answer = answer_unref(asking->controls[i].answer);
    }
}

static bool keeps(const struct asking *asking)
{
    return asking->want_do || asking->keeps;
}

static void finish(struct asking *asking)
{
    stop_legs(asking);
    asking->on_done(asking);
}

/* The end from inside a beginning: told a turn later, or at once when there is no memory for that.
 */
static void finish_soon(struct asking *asking)
{
    struct port *port = asking->asker->port;
    if (port_timer_start(port, &asking->timer, port_now_us(port)) < 0) {
        finish(asking);
    }
}

static void on_timer(struct port_timer *timer)
{
    finish(asking_of_timer(timer));
}

void asking_init(struct asking *asking, const struct asker *asker,
                 void (*on_done)(struct asking *asking), void *ctx)
{
    *asking = (struct asking){.asker = asker, .on_done = on_done, .ctx = ctx};
    asking->timer.on_fire = on_timer;
}

/* Reads a reply of the local resolver as it is: its TTLs are evidence. */
static void read_local(struct asking *asking, struct bytes message)
{
    struct answer_expect expect = {
        .question = &asking->question,
        .id = -1,
        .allow_tc = true,
        .now_us = port_now_us(asking->asker->port),
        .max_ttl_s = INT32_MAX,
        .negative_max_ttl_s = INT32_MAX,
    };
    owned(answer_unrefp) struct answer *answer = NULL;
    if (answer_read(message, &expect, &answer) == ANSWER_OK) {
        said_read(answer, asking->question.type, &asking->local);
        answer_unref(asking->answer);
        asking->answer = keeps(asking) ? answer_ref(answer) : NULL;
    }
}

static void on_local(struct plain_call *call, enum plain_result result, struct bytes message,
                     uint32_t rtt_us)
{
    struct asking *asking = (struct asking *)(void *)((char *)call - offsetof(struct asking, call));
    asking->local_live = false;
    if (result == PLAIN_REPLIED) {
        read_local(asking, message);
        asking->local.rtt_us = rtt_us;
        asking->local.over_tcp = asking->tcp;
    }
    bool truncated = asking->local.answered && asking->local.truncated && !asking->tcp;
    if (asking->n_tries_left > 0 && (!asking->local.answered || truncated)) {
        asking->tcp = truncated;
        try_local(asking);
        return;
    }
    finish(asking);
}

static void try_local(struct asking *asking)
{
    struct plain_request request = {
        .server = asking->server,
        .question = &asking->question,
        .tcp = asking->tcp,
        .want_do = asking->want_do,
        .timeout_ms = LOCAL_TIMEOUT_MS,
    };
    asking->n_tries_left--;
    asking->call.on_done = on_local;
    if (plain_ask(asking->asker->plain, &request, &asking->call) < 0) {
        finish_soon(asking);
        return;
    }
    asking->local_live = true;
}

void asking_local(struct asking *asking, const char *server, unsigned n_tries)
{
    assert(!asking->local_live && asking->n_live == 0 && n_tries > 0);
    forget_answers(asking);
    asking->local = (struct said){.ede = EDE_NONE};
    asking->server = server;
    asking->n_tries_left = n_tries;
    asking->tcp = false;
    try_local(asking);
}

void asking_local_tcp(struct asking *asking, const char *server)
{
    assert(!asking->local_live && asking->n_live == 0);
    asking->local = (struct said){.ede = EDE_NONE};
    asking->server = server;
    asking->n_tries_left = 1;
    asking->tcp = true;
    try_local(asking);
}

static void on_control(struct audit_ask *ask, const struct answer *answer)
{
    struct asking_control *control =
        (struct asking_control *)(void *)((char *)ask - offsetof(struct asking_control, ask));
    struct asking *asking = control->asking;
    assert(control->live);
    control->live = false;
    asking->n_live--;
    said_read(answer, asking->question.type, &control->said);
    if (keeps(asking) && answer != NULL) {
        control->answer = answer_ref(answer);
    }
    if (asking->n_live == 0) {
        finish(asking);
    }
}

void asking_controls(struct asking *asking)
{
    assert(!asking->local_live && asking->n_live == 0);
    const struct asker *asker = asking->asker;
    forget_answers(asking);
    for (unsigned i = 0; i < asker->n_controls; i++) {
        struct asking_control *control = &asking->controls[i];
        *control = (struct asking_control){.asking = asking, .said = {.ede = EDE_NONE}};
        control->ask.on_done = on_control;
        control->ask.want_do = asking->want_do;
        int failure = asker->door.ask_control(asker->door.ctx, i, &asking->question, &control->ask);
        control->live = failure >= 0;
        asking->n_live += control->live;
    }
    if (asking->n_live == 0) {
        finish_soon(asking);
        return;
    }
    uint64_t until_us = port_now_us(asker->port) + (uint64_t)CONTROLS_TIMEOUT_S * 1000000;
    /* Without memory for the timer the door's own time-outs must do. */
    (void)port_timer_start(asker->port, &asking->timer, until_us);
}

static void stop_legs(struct asking *asking)
{
    const struct asker *asker = asking->asker;
    port_timer_stop(asker->port, &asking->timer);
    if (asking->local_live) {
        asking->local_live = false;
        plain_cancel(asker->plain, &asking->call);
    }
    for (unsigned i = 0; i < asker->n_controls; i++) {
        struct asking_control *control = &asking->controls[i];
        if (control->live) {
            control->live = false;
            asker->door.cancel_control(asker->door.ctx, &control->ask);
        }
    }
    asking->n_live = 0;
}

void asking_stop(struct asking *asking)
{
    stop_legs(asking);
    forget_answers(asking);
}
