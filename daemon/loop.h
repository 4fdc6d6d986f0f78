/* SPDX-License-Identifier: MIT */
/* A thread's event loop: the port (resolver/port.h) on libuv. Knows no DNS. The clock is read once
 * a wake-up: whoever is called by libuv calls loop_tick() first. */
#ifndef DAEMON_LOOP_H
#define DAEMON_LOOP_H

#include "resolver/port.h"

#include <uv.h>

struct loop {
    struct port port; /* first: the port's backend is found by it */
    uv_loop_t uv;
    uv_timer_t timer;
    uint64_t now_us;
    uint64_t armed_us; /* when the timer will fire; PORT_NEVER: not at all */
};

/* 0 or a failure of libuv's (negative errno). */
int loop_init(struct loop *loop);
/* Closes what is left on the loop and runs it until that has happened. */
void loop_done(struct loop *loop);

void loop_tick(struct loop *loop);

#endif
