/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/upstream.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum { PATIENCE_MIN_US = 100000 };
enum { FAILURES_TO_DOWN = 3, DOWN_MIN_S = 1, DOWN_MAX_S = 30 };

static void on_bootstrap_done(void *ctx)
{
    struct upstream *u = ctx;
    struct bootstrap_found found = bootstrap_found(u->bootstrap);
    u->endpoint.addresses = found.addresses;
    u->endpoint.n_addresses = found.n_addresses;
    attempts_resume(u);
}

static bool upstream_init(struct upstream *u, struct pool *pool,
                          const struct provider_params *params)
{
    struct name host;
    u->pool = pool;
    u->params = params;
    u->endpoint = params->endpoint;
    u->driver = driver_of(params->protocol);
    if (u->driver->open != NULL && u->driver->open(params, &u->memory) < 0) {
        return false;
    }
    if (params->endpoint.n_addresses > 0 || pool->params.bootstrap == NULL ||
        !bootstrap_host_of(params->endpoint.url, &host)) {
        return true;
    }
    u->bootstrap = bootstrap_new(pool->port, pool->params.bootstrap, params->endpoint.url,
                                 on_bootstrap_done, u);
    return u->bootstrap != NULL;
}

static void upstream_done(struct upstream *u)
{
    if (u->driver == NULL) {
        return;
    }
    errand_cancel(u);
    bootstrap_free(u->bootstrap);
    if (u->driver->close != NULL) {
        u->driver->close(&u->memory);
    }
}

struct pool *pool_new(const struct pool_params *params, struct port *port,
                      struct exchange *exchange)
{
    assert(params->n_providers >= 1 && params->n_providers <= POOL_MAX);
    struct pool *pool = calloc(1, sizeof *pool);
    if (pool == NULL) {
        return NULL;
    }
    pool->params = *params;
    pool->port = port;
    pool->exchange = exchange;
    pool->route.members = pool_group(params->providers, params->n_providers, NULL);
    for (size_t i = 0; i < params->n_providers; i++) {
        if (!upstream_init(&pool->upstreams[i], pool, &params->providers[i])) {
            return pool_free(pool);
        }
    }
    return pool;
}

struct pool *pool_free(struct pool *pool)
{
    if (pool == NULL) {
        return NULL;
    }
    assert(pool->n_live == 0);
    for (size_t i = 0; i < pool->params.n_providers; i++) {
        upstream_done(&pool->upstreams[i]);
    }
    while (pool->free != NULL) {
        struct attempt *attempt = pool->free;
        pool->free = attempt->next;
        free(attempt);
    }
    free(pool);
    return NULL;
}

static bool is_down(const struct upstream *u, uint64_t now_us)
{
    return now_us < u->down_until_us;
}

unsigned pool_group(const struct provider_params *providers, size_t n_providers, const char *group)
{
    unsigned members = 0;
    for (size_t i = 0; i < n_providers; i++) {
        const char *own = providers[i].group;
        bool same = own == NULL || group == NULL ? own == group : strcmp(own, group) == 0;
        members |= same ? 1u << i : 0;
    }
    return members;
}

struct pool_route pool_default_route(const struct pool *pool)
{
    return pool->route;
}

/* The first of `members` that is not down, else the first. */
static int first_of(const struct pool *pool, unsigned members)
{
    uint64_t now_us = port_now_us(pool->port);
    int first = -ENOENT;
    for (unsigned i = 0; i < pool->params.n_providers; i++) {
        if ((members & 1u << i) == 0) {
            continue;
        }
        if (!is_down(&pool->upstreams[i], now_us)) {
            return (int)i;
        }
        first = first < 0 ? (int)i : first;
    }
    return first;
}

int pool_next(struct pool *pool, const struct pool_wish *wish)
{
    int provider = first_of(pool, wish->route.members & ~wish->tried);
    return provider >= 0 ? provider : first_of(pool, wish->route.fallback & ~wish->tried);
}

uint64_t pool_patience_us(const struct pool *pool, unsigned provider)
{
    const struct upstream *u = &pool->upstreams[provider];
    uint64_t max_us = (uint64_t)pool->params.patience_max_ms * 1000;
    uint64_t usual_us = u->mean_us + 4 * u->spread_us;
    if (u->mean_us == 0 || usual_us > max_us) {
        return max_us;
    }
    return usual_us > PATIENCE_MIN_US ? usual_us : PATIENCE_MIN_US;
}

/* RFC 6298 section 2. */
static void learn_time(struct upstream *u, uint64_t took_us)
{
    if (u->mean_us == 0) {
        u->mean_us = took_us + 1;
        u->spread_us = took_us / 2;
        return;
    }
    uint64_t off_us = took_us > u->mean_us ? took_us - u->mean_us : u->mean_us - took_us;
    u->spread_us = (3 * u->spread_us + off_us) / 4;
    u->mean_us = (7 * u->mean_us + took_us) / 8 + 1;
}

void upstream_note_good(struct upstream *u, uint64_t took_us)
{
    learn_time(u, took_us);
    u->n_good++;
    u->failures_in_row = 0;
    u->down_until_us = 0;
    u->down_s = 0;
    u->suspect = false;
}

/* Failures that come in while it is down belong to the trouble that put it there. */
void upstream_note_failed(struct upstream *u)
{
    uint64_t now_us = port_now_us(u->pool->port);
    u->n_failed++;
    u->failures_in_row++;
    if (u->failures_in_row < FAILURES_TO_DOWN || is_down(u, now_us)) {
        return;
    }
    u->down_s = u->down_s == 0 ? DOWN_MIN_S : 2 * u->down_s;
    u->down_s = u->down_s > DOWN_MAX_S ? DOWN_MAX_S : u->down_s;
    u->down_until_us = now_us + (uint64_t)u->down_s * 1000000;
}

void upstream_note_busy(struct upstream *u, uint32_t wait_s)
{
    uint64_t until_us = port_now_us(u->pool->port) + (uint64_t)wait_s * 1000000;
    if (until_us > u->down_until_us) {
        u->down_until_us = until_us;
    }
}

void pool_state(const struct pool *pool, unsigned provider, struct upstream_state *ret_state)
{
    const struct upstream *u = &pool->upstreams[provider];
    *ret_state = (struct upstream_state){
        .name = u->params->name,
        .n_sent = u->n_sent,
        .n_good = u->n_good,
        .n_failed = u->n_failed,
        .failures_in_row = u->failures_in_row,
        .down = is_down(u, port_now_us(pool->port)),
    };
}
