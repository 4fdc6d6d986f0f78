/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/subnet.h"
#include "resolver/upstream/upstream.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum {
    PATIENCE_MIN_US = 10000,
    SILENCE_MIN_US = 300000,
    SILENCE_MAX_US = 1000000,
    HEDGE = 1000,             /* what a hedge costs */
    HEDGE_SHARE = 125,        /* what each attempt adds … */
    HEDGE_SHARE_LOSS = 250,   /* … where packets get lost */
    HEDGES_SAVED_MAX = 16,    /* after a quiet time so many may follow one another */
    HEDGE_SILENCE_US = 30000, /* or twice what is usual */
    LINE_MIN = 16,
};

static void on_bootstrap_done(void *ctx)
{
    struct upstream *u = ctx;
    bool was_nowhere = u->endpoint.n_addresses == 0;
    upstream_take_addresses(&u->endpoint, u->bootstrap);
    if (was_nowhere && u->endpoint.n_addresses > 0) {
        health_forget(&u->health);
    }
    attempts_resume(u);
}

/* A client subnet that is this host's own changes with the network. False without memory. */
static bool upstream_own_subnet(struct upstream *u, const struct provider_params *params)
{
    u->params = params;
    if (!params->client_subnet.from_here) {
        return true;
    }
    u->own = malloc(sizeof *u->own);
    if (u->own == NULL) {
        return false;
    }
    *u->own = *params;
    subnet_from_here(&u->own->client_subnet);
    u->params = u->own;
    return true;
}

static bool upstream_init(struct upstream *u, struct pool *pool,
                          const struct provider_params *params)
{
    u->pool = pool;
    if (!upstream_own_subnet(u, params)) {
        return false;
    }
    u->endpoint = params->endpoint;
    u->driver = driver_of(params->protocol);
    if ((u->driver->open != NULL && u->driver->open(params, &u->memory) < 0) ||
        errand_init(u) < 0) {
        return false;
    }
    return params->protocol == PROTOCOL_DNS ||
           upstream_bootstrap(u, &u->endpoint, on_bootstrap_done, &u->bootstrap) == 0;
}

static void upstream_done(struct upstream *u)
{
    free(u->own);
    u->own = NULL;
    if (u->driver == NULL) {
        return;
    }
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
    strays_end(pool);
    for (size_t i = 0; i < pool->params.n_providers; i++) {
        errand_done(&pool->upstreams[i]);
        bootstrap_free(pool->upstreams[i].bootstrap);
        bootstrap_free(pool->upstreams[i].errand_bootstrap);
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

unsigned pool_at_once(const struct pool *pool)
{
    return pool->params.strategy == POOL_RACE && pool->params.n_race > 1 ? pool->params.n_race : 1;
}

uint64_t pool_patience_us(const struct pool *pool, unsigned provider)
{
    const struct upstream *u = &pool->upstreams[provider];
    uint64_t max_us = (uint64_t)pool->params.patience_max_ms * 1000;
    uint64_t stalled_us = stalls_patience_us(&u->stalls);
    bool is_soon = pool_is_spread(pool, provider) && stalled_us < max_us;
    return health_patience_us(&u->health, PATIENCE_MIN_US, is_soon ? stalled_us : max_us);
}

bool pool_is_spread(const struct pool *pool, unsigned provider)
{
    return stalls_spread(&pool->upstreams[provider].stalls, port_now_us(pool->port));
}

bool pool_asks_over_http(const struct pool *pool, unsigned provider)
{
    return pool->upstreams[provider].params->protocol != PROTOCOL_DNS;
}

bool pool_was_heard(const struct pool *pool, unsigned provider, uint64_t since_us)
{
    return pool->upstreams[provider].heard_us > since_us;
}

bool pool_is_in_line(const struct pool *pool, unsigned provider, uint64_t began_us)
{
    const struct upstream *u = &pool->upstreams[provider];
    return u->n_live > LINE_MIN && u->youngest_us <= began_us;
}

/* An attempt adds its part. */
void pool_earn_hedge(struct pool *pool, unsigned provider)
{
    uint32_t share = pool_is_spread(pool, provider) ? HEDGE_SHARE_LOSS : HEDGE_SHARE;
    uint32_t credit = pool->hedge_credit + share;
    pool->hedge_credit = credit < HEDGES_SAVED_MAX * HEDGE ? credit : HEDGES_SAVED_MAX * HEDGE;
}

bool pool_may_hedge(struct pool *pool, unsigned provider, uint64_t silent_us)
{
    const struct upstream *u = &pool->upstreams[provider];
    uint64_t now_us = port_now_us(pool->port), silence_us = 2 * pool_patience_us(pool, provider);
    silence_us = silence_us > HEDGE_SILENCE_US ? silence_us : HEDGE_SILENCE_US;
    if (silent_us >= upstream_silence_us(u) ||
        (silent_us >= silence_us && now_us - u->heard_us >= silence_us)) {
        return true;
    }
    if (pool->hedge_credit < HEDGE) {
        return false;
    }
    pool->hedge_credit -= HEDGE;
    return true;
}

bool pool_is_shaky(const struct pool *pool, unsigned provider)
{
    const struct health *health = &pool->upstreams[provider].health;
    return health->failures_in_row > 1 || pool_is_aside(pool, provider);
}

bool pool_is_aside(const struct pool *pool, unsigned provider)
{
    const struct health *health = &pool->upstreams[provider].health;
    return health_state(health, port_now_us(pool->port)) != HEALTH_CLOSED;
}

uint64_t upstream_silence_us(const struct upstream *u)
{
    uint64_t usual_us = 2 * pool_patience_us(u->pool, (unsigned)(u - u->pool->upstreams));
    usual_us = usual_us > SILENCE_MIN_US ? usual_us : SILENCE_MIN_US;
    return usual_us < SILENCE_MAX_US ? usual_us : SILENCE_MAX_US;
}

void upstream_tell_aside(const struct upstream *u, bool is_news, const char *why)
{
    const struct pool_params *params = &u->pool->params;
    if (is_news && params->on_aside != NULL) {
        unsigned provider = (unsigned)(u - u->pool->upstreams);
        params->on_aside(params->on_aside_ctx, provider, u->params->name, why);
    }
}

void pool_change_network(struct pool *pool)
{
    for (size_t i = 0; i < pool->params.n_providers; i++) {
        struct upstream *u = &pool->upstreams[i];
        health_forget(&u->health);
        u->stalls = (struct stalls){0};
        u->suspect = false;
        u->http = EXCHANGE_HTTP_UNKNOWN;
        u->memory.wants_get = false;
        u->memory.no_edns = false;
        if (u->own != NULL) {
            subnet_from_here(&u->own->client_subnet);
        }
    }
    strays_end(pool);
    pool->exchange->ops->retire(pool->exchange);
    for (size_t i = 0; i < pool->params.n_providers; i++) {
        struct upstream *u = &pool->upstreams[i];
        if (u->bootstrap != NULL) {
            bootstrap_ask_anew(u->bootstrap);
        }
        if (u->errand_bootstrap != NULL) {
            bootstrap_ask_anew(u->errand_bootstrap);
        }
    }
}

void pool_change_locals(struct pool *pool)
{
    for (size_t i = 0; i < pool->params.n_providers; i++) {
        struct upstream *u = &pool->upstreams[i];
        if (u->bootstrap != NULL && u->endpoint.n_addresses == 0) {
            bootstrap_ask_anew(u->bootstrap);
        }
        if (u->errand_bootstrap != NULL && u->errand_endpoint.n_addresses == 0) {
            bootstrap_ask_anew(u->errand_bootstrap);
        }
    }
}

static enum upstream_addresses source_of(const struct upstream *u)
{
    if (u->params->protocol == PROTOCOL_DNS) {
        return ADDRESSES_CONFIGURED;
    }
    if (u->endpoint.n_addresses == 0) {
        return u->bootstrap == NULL ? ADDRESSES_IN_URL : ADDRESSES_NONE;
    }
    if (u->named_by_vendor) {
        return ADDRESSES_BY_VENDOR;
    }
    if (u->bootstrap == NULL) {
        return u->params->preset_addresses ? ADDRESSES_PRESET : ADDRESSES_CONFIGURED;
    }
    switch (bootstrap_found(u->bootstrap).source) {
    case BOOTSTRAP_NOWHERE:
        break;
    case BOOTSTRAP_KEPT:
        return ADDRESSES_KEPT;
    case BOOTSTRAP_PLAIN:
        return ADDRESSES_LOOKED_UP;
    case BOOTSTRAP_PROVIDER:
        return ADDRESSES_BY_PROVIDER;
    }
    return ADDRESSES_NONE;
}

const char *upstream_addresses_word(enum upstream_addresses source)
{
    static const char *const words[] = {
        [ADDRESSES_NONE] = "none",
        [ADDRESSES_IN_URL] = "url",
        [ADDRESSES_CONFIGURED] = "configured",
        [ADDRESSES_PRESET] = "preset",
        [ADDRESSES_KEPT] = "kept",
        [ADDRESSES_LOOKED_UP] = "local-resolver",
        [ADDRESSES_BY_PROVIDER] = "provider",
        [ADDRESSES_BY_VENDOR] = "vendor",
    };
    return words[source];
}

const char *upstream_http_word(enum exchange_http http)
{
    static const char *const words[] = {
        [EXCHANGE_HTTP_UNKNOWN] = "unknown",
        [EXCHANGE_HTTP1] = "http/1.1",
        [EXCHANGE_HTTP2] = "http/2",
        [EXCHANGE_HTTP3] = "http/3",
    };
    return words[http];
}

void pool_state(const struct pool *pool, unsigned provider, struct upstream_state *ret_state)
{
    const struct upstream *u = &pool->upstreams[provider];
    enum health_state health = health_state(&u->health, port_now_us(pool->port));
    *ret_state = (struct upstream_state){
        .name = u->params->name,
        .health = health,
        .down = health != HEALTH_CLOSED,
        .n_sent = u->n_sent,
        .n_good = u->health.n_good,
        .n_failed = u->health.n_failed,
        .failures_in_row = u->health.failures_in_row,
        .error_ppm = u->health.error_ppm,
        .latency_us = u->health.mean_us,
        .patience_us = pool_patience_us(pool, provider),
        .n_live = u->n_live,
        .addresses = u->endpoint.addresses,
        .n_addresses = u->endpoint.n_addresses,
        .source = source_of(u),
        .wants_get = u->memory.wants_get,
        .trouble = u->trouble,
        .http = u->http,
    };
    memcpy(ret_state->n_refused, u->n_refused, sizeof u->n_refused);
}
