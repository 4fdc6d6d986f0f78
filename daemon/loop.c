/* SPDX-License-Identifier: MIT */
#include "daemon/loop.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

enum { LATE_US = 1000000 };

struct port_watch {
    uv_poll_t poll;
    struct loop *loop;
    int fd;
    unsigned events;
    void (*on_ready)(void *ctx, int fd, unsigned events);
    void *ctx;
};

static struct loop *loop_of(struct port *port)
{
    return (struct loop *)port;
}

static void on_timer(uv_timer_t *timer);

/* libuv's clock stands still while the machine sleeps, ours does not: a timer whose time came
 * meanwhile would be late by all that was left of its wait, and everything set after it too. */
static void loop_catch_up(struct loop *loop)
{
    uv_timer_start(&loop->timer, on_timer, 0, 0);
    loop->armed_us = loop->now_us;
}

void loop_tick(struct loop *loop)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    loop->now_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
    if (loop->now_us > loop->armed_us && loop->now_us - loop->armed_us > LATE_US) {
        loop_catch_up(loop);
    }
}

static uint64_t loop_now_us(struct port *port)
{
    return loop_of(port)->now_us;
}

static void on_timer(uv_timer_t *timer)
{
    struct loop *loop = timer->data;
    loop->armed_us = PORT_NEVER;
    loop_tick(loop);
    port_run_timers(&loop->port);
}

/* A later wish leaves the timer as it is: it fires once for nothing, which is cheaper than to move
 * it with every query. */
static void loop_wake_at(struct port *port, uint64_t at_us)
{
    struct loop *loop = loop_of(port);
    if (at_us >= loop->armed_us) {
        return;
    }
    loop_tick(loop);
    uv_update_time(&loop->uv);
    uint64_t wait_us = at_us > loop->now_us ? at_us - loop->now_us : 0;
    uv_timer_start(&loop->timer, on_timer, (wait_us + 999) / 1000, 0);
    loop->armed_us = at_us;
}

static int uv_events(unsigned events)
{
    return (events & PORT_READ ? UV_READABLE : 0) | (events & PORT_WRITE ? UV_WRITABLE : 0);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct port_watch *watch = poll->data;
    unsigned ready = 0;
    if (status < 0 || (events & UV_READABLE)) {
        ready |= PORT_READ;
    }
    if (status < 0 || (events & UV_WRITABLE)) {
        ready |= PORT_WRITE;
    }
    if (status < 0) {
        /* libuv has stopped the handle; whether the descriptor is done with is its owner's to say.
         */
        uv_poll_start(poll, uv_events(watch->events), on_poll);
    }
    loop_tick(watch->loop);
    watch->on_ready(watch->ctx, watch->fd, ready);
}

static int loop_watch(struct port *port, int fd, unsigned events, struct port_watch **ret_watch,
                      void (*on_ready)(void *ctx, int fd, unsigned events), void *ctx)
{
    struct loop *loop = loop_of(port);
    struct port_watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL) {
        return -ENOMEM;
    }
    int failure = uv_poll_init(&loop->uv, &watch->poll, fd);
    if (failure < 0) {
        free(watch);
        return failure;
    }
    watch->poll.data = watch;
    watch->loop = loop;
    watch->fd = fd;
    watch->events = events;
    watch->on_ready = on_ready;
    watch->ctx = ctx;
    uv_poll_start(&watch->poll, uv_events(events), on_poll);
    *ret_watch = watch;
    return 0;
}

static int loop_rewatch(struct port_watch *watch, unsigned events)
{
    watch->events = events;
    return uv_poll_start(&watch->poll, uv_events(events), on_poll);
}

static void on_watch_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void loop_unwatch(struct port_watch *watch)
{
    uv_close((uv_handle_t *)&watch->poll, on_watch_closed);
}

static void loop_random(struct port *port, void *at, size_t n)
{
    (void)port;
    uint8_t *to = at;
    while (n > 0) {
        ssize_t got = getrandom(to, n, 0);
        if (got < 0) {
            /* Only EINTR can happen once the pool is filled. */
            assert(errno == EINTR);
            continue;
        }
        to += got;
        n -= (size_t)got;
    }
}

static int64_t loop_wall_s(struct port *port)
{
    (void)port;
    return time(NULL);
}

static const struct port_ops loop_ops = {
    .now_us = loop_now_us,
    .wall_s = loop_wall_s,
    .wake_at = loop_wake_at,
    .watch = loop_watch,
    .rewatch = loop_rewatch,
    .unwatch = loop_unwatch,
    .random = loop_random,
};

int loop_init(struct loop *loop)
{
    memset(loop, 0, sizeof *loop);
    int failure = uv_loop_init(&loop->uv);
    if (failure < 0) {
        return failure;
    }
    uv_timer_init(&loop->uv, &loop->timer);
    loop->timer.data = loop;
    loop->armed_us = PORT_NEVER;
    loop_tick(loop);
    port_init(&loop->port, &loop_ops);
    return 0;
}

void loop_done(struct loop *loop)
{
    uv_close((uv_handle_t *)&loop->timer, NULL);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    int left = uv_loop_close(&loop->uv);
    assert(left == 0);
    port_done(&loop->port);
}
