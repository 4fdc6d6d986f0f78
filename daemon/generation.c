/* SPDX-License-Identifier: MIT */
#include "daemon/generation.h"

#include "daemon/auditor.h"
#include "daemon/keeper.h"
#include "daemon/locals.h"
#include "daemon/worker.h"

#include <stdlib.h>

struct generation {
    struct generation_params params;
    const char *local_source; /* of the first one in use at the start */
    size_t n_local;           /* in use at the start */
    struct locals *locals;
    uint64_t locals_seen;
    struct auditor *auditor;
    struct keeper *keeper;
    bool is_loading; /* generation_load() has started the keeper */
    struct worker *workers[CONFIG_WORKERS_MAX];
    size_t n_workers;
    size_t n_started;
    atomic_uint n_connections;
    _Atomic uint64_t aside_said_us[POOL_MAX];
    atomic_uint barred; /* providers that lead back to us */
    struct tally *tally;
    struct clients *clients; /* NULL: only this host can reach us, and all of it may ask */
    atomic_size_t n_ended;
};

static bool find_local(struct generation *g)
{
    g->locals = locals_new(g->params.config, g->params.sockets, "");
    if (g->locals == NULL) {
        return false;
    }
    struct local_resolvers found;
    const char *in_use[AUDIT_SERVERS_MAX];
    g->locals_seen = locals_refresh(g->locals);
    locals_snapshot(g->locals, &found);
    g->n_local = locals_in_use(&found, in_use);
    g->local_source = g->n_local > 0 ? local_source_word(found.at[0].source) : NULL;
    return true;
}

/* Beyond loopback there is somebody to keep out, to slow down, or to send cookies to. */
static bool make_clients(struct generation *g)
{
    struct clients_params params = g->params.config->clients;
    bool beyond = sockets_reach_beyond_host(g->params.sockets);
    if (params.cookies == CLIENTS_COOKIES_AUTO) {
        params.cookies = beyond ? CLIENTS_COOKIES_ON : CLIENTS_COOKIES_OFF;
    }
    bool wanted =
        beyond || params.n_allow + params.n_deny > 0 || params.cookies == CLIENTS_COOKIES_ON;
    if (wanted) {
        g->clients = clients_new(&params, g->params.client_secret);
    }
    return g->clients != NULL || !wanted;
}

static void on_policy(void *ctx, struct policy *policy)
{
    struct generation *g = ctx;
    for (size_t i = 0; i < g->n_workers; i++) {
        worker_set_policy(g->workers[i], policy_ref(policy));
    }
    policy_unref(policy);
}

static void on_loaded(void *ctx, bool good)
{
    struct generation *g = ctx;
    if (g->is_loading) {
        g->params.on_loaded(g->params.ctx, good);
    }
}

static bool make_keeper(struct generation *g)
{
    struct keeper_params params = {
        .policy = &g->params.config->policy,
        .secret = g->params.policy_secret,
        .on_policy = on_policy,
        .on_loaded = on_loaded,
        .ctx = g,
    };
    g->keeper = keeper_new(&params);
    return g->keeper != NULL;
}

static void on_worker_ended(void *ctx)
{
    struct generation *g = ctx;
    /* The generation may be freed as soon as the count is full: what is needed is read before. */
    void (*on_ended)(void *ctx) = g->params.on_ended;
    void *ended_ctx = g->params.ctx;
    atomic_fetch_add(&g->n_ended, 1);
    on_ended(ended_ctx);
}

static bool make_workers(struct generation *g, const char **ret_detail)
{
    for (size_t i = 0; i < g->params.n_workers; i++) {
        struct worker_params params = {
            .index = i,
            .config = g->params.config,
            .sockets = g->params.sockets,
            .cache = g->params.cache,
            .claims = g->params.n_workers > 1 ? g->params.claims : NULL,
            .audit = g->auditor != NULL ? auditor_audit(g->auditor) : NULL,
            .locals = g->locals,
            .state = g->params.state,
            .n_connections = &g->n_connections,
            .aside_said_us = g->aside_said_us,
            .barred = &g->barred,
            .tally = g->tally,
            .clients = g->clients,
            .policy = keeper_policy(g->keeper),
            .on_ended = on_worker_ended,
            .ctx = g,
        };
        g->workers[i] = worker_new(&params, ret_detail);
        if (g->workers[i] == NULL) {
            policy_unref(params.policy);
            return false;
        }
        g->n_workers++;
    }
    return true;
}

struct generation *generation_new(const struct generation_params *params, const char **ret_detail)
{
    struct generation *g = calloc(1, sizeof *g);
    *ret_detail = "out of memory";
    if (g == NULL) {
        return NULL;
    }
    g->params = *params;
    /* A newcomer is counted before another makes room for it: one a worker. */
    g->tally = tally_new(params->config->listen.max_connections + CONFIG_WORKERS_MAX);
    bool wants_audit = params->config->audit.mode != AUDIT_OFF;
    bool good = g->tally != NULL && make_clients(g) && find_local(g);
    if (good && wants_audit) {
        g->auditor = auditor_new(params->config, g->locals, params->ledger, params->state);
        good = g->auditor != NULL;
    }
    if (!good || !make_keeper(g) || !make_workers(g, ret_detail)) {
        g->params.config = NULL; /* stays the caller's */
        return generation_free(g);
    }
    return g;
}

bool generation_load(struct generation *g, enum policy_extent first)
{
    if (policy_file(&g->params.config->policy, 0) == NULL) {
        return false;
    }
    g->is_loading = true; /* its thread looks at that: not to be written while it runs */
    if (keeper_start(g->keeper, first) < 0) {
        g->is_loading = false;
    }
    return g->is_loading;
}

int generation_start(struct generation *g)
{
    int failure = g->auditor != NULL ? auditor_start(g->auditor) : 0;
    while (failure == 0 && g->n_started < g->n_workers) {
        failure = worker_start(g->workers[g->n_started]);
        g->n_started += failure == 0;
    }
    bool reads = failure == 0 && !g->is_loading;
    return reads ? keeper_start(g->keeper, POLICY_WHOLE) : failure;
}

void generation_drain(struct generation *g)
{
    for (size_t i = 0; i < g->n_started; i++) {
        worker_drain(g->workers[i]);
    }
}

bool generation_has_ended(const struct generation *g)
{
    return atomic_load(&g->n_ended) == g->n_started;
}

/* The auditor goes last: workers tell it to their end. */
struct generation *generation_free(struct generation *g)
{
    if (g == NULL) {
        return NULL;
    }
    g->keeper = keeper_free(g->keeper); /* it calls the workers */
    for (size_t i = 0; i < g->n_workers; i++) {
        worker_free(g->workers[i]);
    }
    auditor_free(g->auditor);
    locals_free(g->locals);
    tally_free(g->tally);
    clients_free(g->clients);
    config_free(g->params.config);
    free(g);
    return NULL;
}

const struct config *generation_config(const struct generation *g)
{
    return g->params.config;
}

void generation_add_traffic(const struct generation *g, struct traffic_counts *counts)
{
    for (size_t i = 0; i < g->n_workers; i++) {
        worker_add_traffic(g->workers[i], counts);
    }
}

bool generation_count_audit(const struct generation *g, struct audit_counts *ret_counts)
{
    if (g->auditor == NULL) {
        return false;
    }
    audit_count(auditor_audit(g->auditor), ret_counts);
    return true;
}

void generation_count_policy(const struct generation *g, struct policy_counts *ret_counts)
{
    struct policy *policy = keeper_policy(g->keeper);
    policy_count(policy, ret_counts);
    policy_unref(policy);
}

static void add_queries(struct resolver_counts *sum, const struct resolver_counts *more)
{
    sum->n_received += more->n_received;
    sum->n_answered += more->n_answered;
    sum->n_dropped += more->n_dropped;
    sum->n_servfail += more->n_servfail;
    sum->n_coalesced += more->n_coalesced;
    sum->n_hedged += more->n_hedged;
    sum->n_stale += more->n_stale;
    sum->n_blocked += more->n_blocked;
    sum->n_rebinding += more->n_rebinding;
    sum->n_live += more->n_live;
    sum->n_refreshing += more->n_refreshing;
}

static void add_provider(struct upstream_state *sum, const struct upstream_state *more)
{
    sum->name = more->name;
    sum->n_sent += more->n_sent;
    sum->n_good += more->n_good;
    sum->n_failed += more->n_failed;
    for (size_t i = 0; i < UPSTREAM_REFUSALS; i++) {
        sum->n_refused[i] += more->n_refused[i];
    }
    sum->n_live += more->n_live;
    sum->down = sum->down || more->down;
    sum->n_addresses = more->n_addresses > sum->n_addresses ? more->n_addresses : sum->n_addresses;
    sum->source = more->source > sum->source ? more->source : sum->source;
    sum->wants_get = sum->wants_get || more->wants_get;
    sum->trouble = sum->trouble != NULL ? sum->trouble : more->trouble;
    sum->http = more->http != EXCHANGE_HTTP_UNKNOWN ? more->http : sum->http;
    /* The worst worker is shown: what one has met, the others will. */
    sum->health = more->health > sum->health ? more->health : sum->health;
    sum->error_ppm = more->error_ppm > sum->error_ppm ? more->error_ppm : sum->error_ppm;
    sum->latency_us = more->latency_us > sum->latency_us ? more->latency_us : sum->latency_us;
    sum->patience_us = more->patience_us > sum->patience_us ? more->patience_us : sum->patience_us;
}

void generation_report(struct generation *g, struct generation_report *ret_report)
{
    *ret_report = (struct generation_report){.n_workers = g->n_started,
                                             .n_providers = g->params.config->n_providers};
    for (size_t i = 0; i < g->n_started; i++) {
        struct worker_report said;
        if (!worker_report(g->workers[i], &said)) {
            ret_report->n_silent++;
            continue;
        }
        add_queries(&ret_report->queries, &said.queries);
        for (size_t k = 0; k < said.n_providers; k++) {
            add_provider(&ret_report->providers[k], &said.providers[k]);
        }
    }
}

/* Without local resolvers nothing may be answered at all. */
static bool lacks_addresses(const struct config *config)
{
    for (size_t i = 0; i < config->n_providers; i++) {
        const struct provider_params *p = &config->providers[i];
        bool lacks_target = p->odoh.target.url != NULL && p->odoh.target.n_addresses == 0;
        if (p->protocol == PROTOCOL_DNS) {
            continue;
        }
        if (p->endpoint.n_addresses == 0 || lacks_target) {
            return true;
        }
    }
    return false;
}

/* Names of the own network, and addresses made for it, mean something else on another one. */
static void forget_network(const struct generation *g)
{
    const struct policy_params *policy = &g->params.config->policy;
    bool any = policy->dns64 == POLICY_DNS64_AUTO;
    for (size_t i = 0; i < policy->n_rules; i++) {
        any = any || policy->rules[i].is_local;
    }
    if (any) {
        cache_flush(g->params.cache);
    }
}

unsigned generation_look_for_locals(struct generation *g)
{
    uint64_t now = locals_refresh(g->locals);
    if (now != g->locals_seen) {
        forget_network(g);
    }
    for (size_t i = 0; i < g->n_started && now != g->locals_seen; i++) {
        worker_change_locals(g->workers[i]);
    }
    g->locals_seen = now;
    return lacks_addresses(g->params.config) ? GENERATION_LOCALS_NEEDED_MS : GENERATION_LOCALS_MS;
}

void generation_change_network(struct generation *g)
{
    forget_network(g);
    g->locals_seen = locals_refresh(g->locals);
    for (size_t i = 0; i < g->n_started; i++) {
        worker_change_network(g->workers[i]);
    }
    if (g->auditor != NULL) {
        auditor_change_network(g->auditor);
    }
}

void generation_bar(struct generation *g, unsigned providers)
{
    atomic_store_explicit(&g->barred, providers, memory_order_relaxed);
}

bool generation_is_alive(struct generation *g)
{
    bool alive = true;
    for (size_t i = 0; i < g->n_started; i++) {
        alive = worker_is_beating(g->workers[i]) && alive;
    }
    return alive;
}

const char *generation_local_source(const struct generation *g)
{
    return g->local_source;
}

size_t generation_n_local(const struct generation *g)
{
    return g->n_local;
}

struct locals *generation_locals(struct generation *g)
{
    return g->locals;
}
