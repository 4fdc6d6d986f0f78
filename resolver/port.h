/* SPDX-License-Identifier: MIT */
/* The seam to the outside of a thread: time, timers, file descriptors, random bytes. One port
 * belongs to one thread and is never shared. The daemon's port stands on libuv (daemon/loop.c); the
 * tests' port has a virtual clock and scripted dice.
 *
 * Time is CLOCK_BOOTTIME in microseconds: it moves on during suspend and never jumps with the wall
 * clock. Bounds: none of its own; a timer belongs to its owner, who bounds how many there are. */
#ifndef RESOLVER_PORT_H
#define RESOLVER_PORT_H

#include "resolver/bytes.h"

struct port;
struct port_timer;
struct port_watch;

enum { PORT_READ = 1, PORT_WRITE = 2 };

#define PORT_NEVER UINT64_MAX

/* What a backend provides. */
struct port_ops {
    /* Microseconds, monotonic; may be cached for one turn of the loop. */
    uint64_t (*now_us)(struct port *port);
    /* Unix time in seconds: for signatures that the other side's clock judges, and for nothing
     * else, because it jumps. */
    int64_t (*wall_s)(struct port *port);
    /* Asks to be woken at `at_us` (PORT_NEVER: not at all); the backend then calls
     * port_run_timers(). Replaces the previous wish. */
    void (*wake_at)(struct port *port, uint64_t at_us);
    /* Starts watching `fd`. `on_ready` gets PORT_READ | PORT_WRITE as they apply; on an error
     * condition both. gives: the watch, to be ended by unwatch before fd is closed. */
    int (*watch)(struct port *port, int fd, unsigned events, struct port_watch **ret_watch,
                 void (*on_ready)(void *ctx, int fd, unsigned events), void *ctx);
    int (*rewatch)(struct port_watch *watch, unsigned events);
    void (*unwatch)(struct port_watch *watch);
    /* Unpredictable bytes (getrandom(2)); cannot fail. */
    void (*random)(struct port *port, void *at, size_t n);
};

/* Embedded in its owner; zeroed before first use. `on_fire` may start or stop any timer, this one
 * included, and may free the owner. */
struct port_timer {
    void (*on_fire)(struct port_timer *timer);
    uint64_t at_us;
    size_t slot; /* place in the heap + 1; 0 = not running */
};

struct port {
    const struct port_ops *ops;
    struct port_timer **heap;
    size_t n_timers;
    size_t room;
};

void port_init(struct port *port, const struct port_ops *ops);
/* Every timer must have been stopped. */
void port_done(struct port *port);

static inline uint64_t port_now_us(struct port *port)
{
    return port->ops->now_us(port);
}

static inline int64_t port_wall_s(struct port *port)
{
    return port->ops->wall_s(port);
}

/* Starts or moves `timer` to fire at `at_us` (absolute). Takes memory the first time; when there is
 * none: -ENOMEM, and the timer does not run. */
int port_timer_start(struct port *port, struct port_timer *timer, uint64_t at_us);
void port_timer_stop(struct port *port, struct port_timer *timer);

/* Fires what is due, in order of time, then asks to be woken for the next one. For backends. */
void port_run_timers(struct port *port);

/* A number in [0, below) without bias; below > 0. */
uint32_t port_random_below(struct port *port, uint32_t below);

#endif
