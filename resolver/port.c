/* SPDX-License-Identifier: MIT */
/* Timers as a binary heap of pointers into their owners, earliest first. */
#include "resolver/port.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum { FIRST_ROOM = 64 };

void port_init(struct port *port, const struct port_ops *ops)
{
    *port = (struct port){.ops = ops};
}

void port_done(struct port *port)
{
    assert(port->n_timers == 0);
    free(port->heap);
    port->heap = NULL;
    port->room = 0;
}

static void put_at(struct port *port, size_t i, struct port_timer *timer)
{
    port->heap[i] = timer;
    timer->slot = i + 1;
}

static void sift_up(struct port *port, size_t i)
{
    struct port_timer *timer = port->heap[i];
    while (i > 0 && timer->at_us < port->heap[(i - 1) / 2]->at_us) {
        put_at(port, i, port->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    put_at(port, i, timer);
}

static void sift_down(struct port *port, size_t i)
{
    struct port_timer *timer = port->heap[i];
    for (;;) {
        size_t child = 2 * i + 1;
        if (child + 1 < port->n_timers && port->heap[child + 1]->at_us < port->heap[child]->at_us) {
            child++;
        }
        if (child >= port->n_timers || timer->at_us <= port->heap[child]->at_us) {
            break;
        }
        put_at(port, i, port->heap[child]);
        i = child;
    }
    put_at(port, i, timer);
}

static int make_room(struct port *port)
{
    if (port->n_timers < port->room) {
        return 0;
    }
    size_t room = port->room > 0 ? 2 * port->room : FIRST_ROOM;
    struct port_timer **heap = realloc(port->heap, room * sizeof heap[0]);
    if (heap == NULL) {
        return -ENOMEM;
    }
    port->heap = heap;
    port->room = room;
    return 0;
}

static void take_out(struct port *port, struct port_timer *timer)
{
    size_t i = timer->slot - 1;
    timer->slot = 0;
    struct port_timer *last = port->heap[--port->n_timers];
    if (last == timer) {
        return;
    }
    put_at(port, i, last);
    sift_up(port, i);
    sift_down(port, last->slot - 1);
}

static void ask_for_wake(struct port *port)
{
    port->ops->wake_at(port, port->n_timers > 0 ? port->heap[0]->at_us : PORT_NEVER);
}

int port_timer_start(struct port *port, struct port_timer *timer, uint64_t at_us)
{
    if (timer->slot != 0) {
        take_out(port, timer);
    }
    int failure = make_room(port);
    if (failure < 0) {
        return failure;
    }
    timer->at_us = at_us;
    put_at(port, port->n_timers++, timer);
    sift_up(port, port->n_timers - 1);
    if (timer->slot == 1) {
        ask_for_wake(port);
    }
    return 0;
}

void port_timer_stop(struct port *port, struct port_timer *timer)
{
    if (timer->slot != 0) {
        take_out(port, timer);
    }
}

void port_run_timers(struct port *port)
{
    uint64_t now_us = port_now_us(port);
    while (port->n_timers > 0 && port->heap[0]->at_us <= now_us) {
        struct port_timer *timer = port->heap[0];
        take_out(port, timer);
        timer->on_fire(timer);
    }
    ask_for_wake(port);
}

uint32_t port_random_below(struct port *port, uint32_t below)
{
    /* Numbers in the last, incomplete run of `below` would favour the small ones. */
    uint32_t limit = UINT32_MAX - UINT32_MAX % below;
    uint32_t n;
    do {
        port->ops->random(port, &n, sizeof n);
    } while (n >= limit);
    return n % below;
}
