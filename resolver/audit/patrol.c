/* SPDX-License-Identifier: MIT */
#include "resolver/audit/patrol.h"

enum {
    LATER_LEAST_S = 30,
    LATER_SPREAD_S = 570,
};

static uint64_t after_s(struct patrol *patrol, uint32_t least_s, uint32_t spread_s)
{
    uint64_t wait_s = least_s + port_random_below(patrol->port, spread_s + 1);
    return port_now_us(patrol->port) + wait_s * 1000000;
}

/* After 4/7 to 10/7 of the interval; the first time after 1/10 to 19/20. Without memory for the
 * timer the patrol stands still: nothing is lost but a check. */
static void start_turn(struct patrol *patrol, bool first)
{
    uint32_t least_s = first ? patrol->interval_s / 10 : patrol->interval_s * 4 / 7;
    uint32_t spread_s = patrol->interval_s * 6 / 7;
    if (patrol->n_names > 0) {
        (void)port_timer_start(patrol->port, &patrol->turn, after_s(patrol, least_s, spread_s));
    }
}

static void on_turn(struct port_timer *timer)
{
    struct patrol *patrol =
        (struct patrol *)(void *)((char *)timer - offsetof(struct patrol, turn));
    start_turn(patrol, false);
    struct question question = {
        .type = patrol->lap_is_v6 ? TYPE_AAAA : TYPE_A,
        .class = CLASS_IN,
    };
    const char *text = patrol->names[patrol->next++];
    if (patrol->next == patrol->n_names) {
        patrol->next = 0;
        patrol->lap_is_v6 = !patrol->lap_is_v6;
    }
    if (name_from_text(text, &question.name) == 0) {
        name_lower(&question.name);
        patrol->on_due(patrol->ctx, &question, NULL);
    }
}

static void start_later(struct patrol *patrol)
{
    uint64_t at_us = PORT_NEVER;
    for (size_t i = 0; i < patrol->n_later; i++) {
        at_us = patrol->later[i].at_us < at_us ? patrol->later[i].at_us : at_us;
    }
    if (patrol->n_later == 0) {
        port_timer_stop(patrol->port, &patrol->later_timer);
    } else {
        (void)port_timer_start(patrol->port, &patrol->later_timer, at_us);
    }
}

static void on_later(struct port_timer *timer)
{
    struct patrol *patrol =
        (struct patrol *)(void *)((char *)timer - offsetof(struct patrol, later_timer));
    uint64_t now_us = port_now_us(patrol->port);
    for (size_t i = 0; i < patrol->n_later;) {
        if (patrol->later[i].at_us > now_us) {
            i++;
            continue;
        }
        struct patrol_later due = patrol->later[i];
        patrol->later[i] = patrol->later[--patrol->n_later];
        patrol->on_due(patrol->ctx, &due.question, &due.told);
    }
    start_later(patrol);
}

void patrol_init(struct patrol *patrol, struct port *port, const char *const *names, size_t n_names)
{
    patrol->port = port;
    patrol->names = names;
    patrol->n_names = n_names;
    patrol->turn.on_fire = on_turn;
    patrol->later_timer.on_fire = on_later;
    if (n_names > 0) {
        patrol->next = port_random_below(port, (uint32_t)n_names);
        start_turn(patrol, true);
    }
}

void patrol_done(struct patrol *patrol)
{
    port_timer_stop(patrol->port, &patrol->turn);
    port_timer_stop(patrol->port, &patrol->later_timer);
    patrol->n_later = 0;
}

bool patrol_put_off(struct patrol *patrol, const struct question *question, const struct said *told)
{
    if (patrol->n_later == PATROL_LATER_MAX) {
        return false;
    }
    patrol->later[patrol->n_later++] = (struct patrol_later){
        .at_us = after_s(patrol, LATER_LEAST_S, LATER_SPREAD_S),
        .question = *question,
        .told = *told,
    };
    start_later(patrol);
    return true;
}
