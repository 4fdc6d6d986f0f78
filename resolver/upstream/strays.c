/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/upstream.h"

#include <assert.h>

enum { TRY_OUT_US = 1000000 };

static struct attempt *attempt_of(struct port_timer *timer)
{
    return (struct attempt *)((char *)timer - offsetof(struct attempt, timer));
}

/* Silent for too long: that is known now, and a dead connection is given up. */
static void on_silent(struct port_timer *timer)
{
    struct attempt *a = attempt_of(timer);
    attempt_doubt(a);
    upstream_note_silent(a->upstream, &a->question, a->began_us);
    attempt_free(a, false);
}

static bool keep(struct attempt *a, uint64_t until_us)
{
    struct pool *pool = a->upstream->pool;
    a->on_end = NULL;
    a->timer = (struct port_timer){.on_fire = on_silent};
    if (pool->n_strays == STRAYS_MAX || port_timer_start(pool->port, &a->timer, until_us) < 0) {
        return false;
    }
    a->is_stray = true;
    pool->strays[pool->n_strays++] = a;
    return true;
}

bool stray_adopt(struct attempt *a)
{
    return keep(a, a->began_us + upstream_silence_us(a->upstream));
}

void stray_forget(struct attempt *a)
{
    struct upstream *u = a->upstream;
    struct pool *pool = u->pool;
    size_t i = 0;
    while (pool->strays[i] != a) {
        i++;
    }
    pool->strays[i] = pool->strays[--pool->n_strays];
    port_timer_stop(pool->port, &a->timer);
    a->is_stray = false;
    u->try_out = u->try_out == a ? NULL : u->try_out;
}

/* One at a time. */
static void send_out(struct upstream *u, const struct pool_wish *wish, bool fresh)
{
    struct pool *pool = u->pool;
    struct attempt_wish try_it = {
        .question = wish->question,
        .provider = (unsigned)(u - pool->upstreams),
        .want_do = wish->want_do,
        .want_cd = wish->want_cd,
        .fresh = fresh,
    };
    struct attempt *a;
    if (u->try_out != NULL || pool->n_strays == STRAYS_MAX ||
        attempt_start(pool, &try_it, &a) < 0) {
        return;
    }
    if (!keep(a, port_now_us(pool->port) + TRY_OUT_US)) {
        attempt_free(a, false);
        return;
    }
    u->try_out = a;
}

void stray_try_out(struct upstream *u, const struct pool_wish *wish)
{
    send_out(u, wish, u->health.connected_us == 0 /* the next one shows whether it lasts */);
}

void stray_explore(struct upstream *u, const struct pool_wish *wish)
{
    send_out(u, wish, false);
}

void strays_end(struct pool *pool)
{
    while (pool->n_strays > 0) {
        attempt_free(pool->strays[pool->n_strays - 1], false);
    }
}
