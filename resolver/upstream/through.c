/* SPDX-License-Identifier: MIT */
/* A provider's address is asked of other providers: the bootstrap's door to the pool. Only those
 * whose own address is known are asked, so nobody waits for itself. */
#include "resolver/upstream/upstream.h"

#include <errno.h>

enum { THROUGH_MAX = 3 };

static bool has_address(const struct upstream *u)
{
    return u->params->protocol != PROTOCOL_DNS &&
           (u->bootstrap == NULL || u->endpoint.n_addresses > 0);
}

static bool is_good(const struct upstream *u)
{
    return u->health.n_good > 0 &&
           health_state(&u->health, port_now_us(u->pool->port)) == HEALTH_CLOSED;
}

/* Those that have answered lately, then the others, and itself last of all. */
static size_t list(const struct upstream *self, struct upstream *ret_list[THROUGH_MAX])
{
    struct pool *pool = self->pool;
    struct question question = {.type = TYPE_A, .class = CLASS_IN};
    size_t n = 0;
    for (unsigned pass = 0; pass < 3; pass++) {
        for (size_t i = 0; i < pool->params.n_providers && n < THROUGH_MAX; i++) {
            struct upstream *u = &pool->upstreams[i];
            unsigned its_pass = u == self ? 2 : !is_good(u);
            if (its_pass == pass && (pool->route.members & 1u << i) != 0 && has_address(u) &&
                u->driver->serves(u->params, &question, false, false) != DRIVER_NEVER) {
                ret_list[n++] = u;
            }
        }
    }
    return n;
}

int through_other(const struct upstream *self, const struct question *question)
{
    const struct pool *pool = self->pool;
    int found = -ENOENT;
    for (size_t i = pool->params.n_providers; i-- > 0;) {
        const struct upstream *u = &pool->upstreams[i];
        /* Of two oblivious ones each could wait for the other's key. */
        bool able = u != self && u->params->protocol != PROTOCOL_ODOH &&
                    (pool->route.members & 1u << i) != 0 && has_address(u) &&
                    u->driver->serves(u->params, question, false, false) == DRIVER_READILY;
        if (able && (found < 0 || is_good(u) || !is_good(&pool->upstreams[found]))) {
            found = (int)i;
        }
    }
    return found;
}

static size_t count(void *ctx, bool *ret_good)
{
    struct upstream *at[THROUGH_MAX];
    size_t n = list(ctx, at);
    *ret_good = n > 0 && is_good(at[0]);
    return n;
}

static void on_end(void *ctx, struct attempt_end *end)
{
    struct bootstrap_asked *asked = ctx;
    asked->handle = NULL;
    asked->on_done(asked, end->verdict == ATTEMPT_ANSWERED ? end->answer : NULL);
    answer_unref(end->answer);
    answer_unref(end->other);
}

static int ask(void *ctx, size_t i, const struct question *question, struct bootstrap_asked *asked)
{
    struct upstream *u = ctx, *at[THROUGH_MAX];
    struct attempt *attempt;
    if (i >= list(u, at)) {
        return -ENOENT; /* there are fewer by now */
    }
    struct attempt_wish wish = {
        .question = question,
        .provider = (unsigned)(at[i] - u->pool->upstreams),
        .on_end = on_end,
        .ctx = asked,
    };
    int failure = attempt_start(u->pool, &wish, &attempt);
    asked->handle = failure < 0 ? NULL : attempt;
    return failure;
}

static void cancel(void *ctx, struct bootstrap_asked *asked)
{
    (void)ctx;
    asked->handle = attempt_free(asked->handle, false);
}

struct bootstrap_door through_door(struct upstream *upstream)
{
    return (struct bootstrap_door){.ctx = upstream, .count = count, .ask = ask, .cancel = cancel};
}
