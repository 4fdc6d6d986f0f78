/* SPDX-License-Identifier: MIT */
#include "tests/unit/fake_port.h"

#include <errno.h>
#include <stdlib.h>

struct port_watch {
    struct fake_port *fake;
    struct port_watch *next;
    int fd;
    unsigned events;
    void (*on_ready)(void *ctx, int fd, unsigned events);
    void *ctx;
};

static struct fake_port *fake_of(struct port *port)
{
    return (struct fake_port *)port;
}

static uint64_t fake_now_us(struct port *port)
{
    return fake_of(port)->now_us;
}

static int64_t fake_wall_s(struct port *port)
{
    return FAKE_PORT_WALL_S + (int64_t)(fake_of(port)->now_us / 1000000);
}

static void fake_wake_at(struct port *port, uint64_t at_us)
{
    fake_of(port)->wake_us = at_us;
}

static int fake_watch(struct port *port, int fd, unsigned events, struct port_watch **ret_watch,
                      void (*on_ready)(void *ctx, int fd, unsigned events), void *ctx)
{
    struct fake_port *fake = fake_of(port);
    struct port_watch *watch = malloc(sizeof *watch);
    if (watch == NULL) {
        return -ENOMEM;
    }
    *watch = (struct port_watch){fake, fake->watches, fd, events, on_ready, ctx};
    fake->watches = watch;
    *ret_watch = watch;
    return 0;
}

static int fake_rewatch(struct port_watch *watch, unsigned events)
{
    watch->events = events;
    return 0;
}

static void fake_unwatch(struct port_watch *watch)
{
    struct port_watch **at = &watch->fake->watches;
    while (*at != watch) {
        at = &(*at)->next;
    }
    *at = watch->next;
    free(watch);
}

/* xorshift64*: the same dice in every run. */
static void fake_random(struct port *port, void *at, size_t n)
{
    struct fake_port *fake = fake_of(port);
    uint8_t *to = at;
    for (size_t i = 0; i < n; i++) {
        fake->dice ^= fake->dice >> 12;
        fake->dice ^= fake->dice << 25;
        fake->dice ^= fake->dice >> 27;
        to[i] = (uint8_t)((fake->dice * UINT64_C(2685821657736338717)) >> 56);
    }
}

void fake_port_init(struct fake_port *fake, uint64_t seed)
{
    static const struct port_ops ops = {
        .now_us = fake_now_us,
        .wall_s = fake_wall_s,
        .wake_at = fake_wake_at,
        .watch = fake_watch,
        .rewatch = fake_rewatch,
        .unwatch = fake_unwatch,
        .random = fake_random,
    };
    *fake = (struct fake_port){.now_us = 1000000, .wake_us = PORT_NEVER, .dice = seed | 1};
    port_init(&fake->port, &ops);
}

void fake_port_advance(struct fake_port *fake, uint64_t us)
{
    uint64_t end_us = fake->now_us + us;
    while (fake->wake_us <= end_us) {
        if (fake->wake_us > fake->now_us) {
            fake->now_us = fake->wake_us;
        }
        fake->wake_us = PORT_NEVER;
        port_run_timers(&fake->port);
    }
    fake->now_us = end_us;
}

bool fake_port_ready(struct fake_port *fake, int fd, unsigned events)
{
    for (struct port_watch *w = fake->watches; w != NULL; w = w->next) {
        if (w->fd == fd && (w->events & events) != 0) {
            w->on_ready(w->ctx, fd, w->events & events);
            return true;
        }
    }
    return false;
}
