/* SPDX-License-Identifier: MIT */
#include "daemon/worker.h"

#include "daemon/log.h"
#include "daemon/reportbox.h"
#include "daemon/stream.h"
#include "daemon/udp.h"
#include "resolver/plain.h"
#include "resolver/upstream/curl/curl.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>

enum {
    ASIDE_SAID_US = 60 * 1000000, /* so long nothing more is said of that provider */
    QUERIES_MAX = 16384,
    PATIENCE_MAX_MS = 500,
    CONNECT_TIMEOUT_MS = 1000,
    CONNECTIONS_PER_PROVIDER = 8,
    IN_FLIGHT_MAX = 1024, /* at one provider; more go to others, while those have room */
    DRAIN_TURNS = 3,
    FDS_OF_OURS = 48, /* loops, listeners, files */
    CONNECTIONS_MIN = 8,
};

/* What other threads ring for. */
enum bell {
    BELL_DRAIN,
    BELL_PULSE,
    BELL_ASKED,   /* for its report */
    BELL_NETWORK, /* it is another one */
    BELL_LOCATED, /* the local resolvers are others */
    BELL_WOKEN,   /* another worker learnt what this one waits for */
    BELL_TURNED,  /* another policy is in force */
    BELLS,
};

struct worker {
    struct worker_params params;
    struct loop loop;
    struct provider_params providers[POOL_MAX]; /* as configured, and the local resolvers */
    struct exchange *exchange;
    struct plain *plain;
    struct local_resolvers locals; /* lends `local` */
    const char *local[LOCAL_MAX];
    struct pool *pool;
    struct resolver *resolver;
    struct udp_batch *batch;
    struct udp_listener *udp[2 * CONFIG_LISTEN_MAX];
    size_t n_udp;
    struct stream_listener *streams[2 * CONFIG_LISTEN_MAX];
    size_t n_streams;
    struct stream_server *server;
    struct traffic traffic[TRAFFIC_TRANSPORTS];
    uv_async_t bells[BELLS];
    pthread_mutex_t policy_lock; /* of the two below */
    struct policy *next_policy;  /* one reference, for the resolver; NULL: none has come */
    bool deaf;                   /* BELL_TURNED is closed, or about to be */
    uv_prepare_t rest;           /* before the loop rests */
    uv_idle_t turns;             /* between the wish to drain and the draining */
    unsigned n_turns;
    struct port_timer drain_deadline;
    bool draining, ending;
    bool queries_drained, streams_drained;
    pthread_t thread;
    bool started;
    struct reportbox report;
    atomic_bool beating; /* its loop has come round since it was asked last */
};

static void ring(struct worker *w, enum bell bell)
{
    uv_async_send(&w->bells[bell]);
}

/* ---- policies ---- */

static struct policy *take_policy(struct worker *w)
{
    pthread_mutex_lock(&w->policy_lock);
    struct policy *policy = w->next_policy;
    w->next_policy = NULL;
    pthread_mutex_unlock(&w->policy_lock);
    return policy;
}

static void put_policy(struct worker *w)
{
    struct policy *policy = take_policy(w);
    if (policy != NULL && w->resolver != NULL) {
        resolver_set_policy(w->resolver, policy);
    } else {
        policy_unref(policy);
    }
}

static void on_turned(uv_async_t *async)
{
    put_policy(async->data);
}

void worker_set_policy(struct worker *w, struct policy *policy)
{
    pthread_mutex_lock(&w->policy_lock);
    struct policy *unused = w->next_policy;
    w->next_policy = policy;
    if (!w->deaf) {
        ring(w, BELL_TURNED);
    }
    pthread_mutex_unlock(&w->policy_lock);
    policy_unref(unused);
}

/* ---- the end: drained or out of patience ---- */

static void close_handles(struct worker *w)
{
    pthread_mutex_lock(&w->policy_lock);
    w->deaf = true;
    pthread_mutex_unlock(&w->policy_lock);
    for (size_t i = 0; i < BELLS; i++) {
        uv_close((uv_handle_t *)&w->bells[i], NULL);
    }
    uv_close((uv_handle_t *)&w->turns, NULL);
    uv_close((uv_handle_t *)&w->rest, NULL);
}

static void end_worker(struct worker *w)
{
    if (w->ending) {
        return;
    }
    w->ending = true;
    port_timer_stop(&w->loop.port, &w->drain_deadline);
    w->resolver = resolver_free(w->resolver);
    udp_batch_flush(w->batch);
    stream_server_stop(w->server);
    for (size_t i = 0; i < w->n_udp; i++) {
        udp_listener_close(w->udp[i]);
    }
    w->n_udp = 0;
    close_handles(w);
    uv_stop(&w->loop.uv);
}

static void on_deadline(struct port_timer *timer)
{
    end_worker((struct worker *)((char *)timer - offsetof(struct worker, drain_deadline)));
}

/* Ends from a timer of its own: the callers below stand inside what would be freed. */
static void end_if_drained(struct worker *w)
{
    if (!w->ending && w->queries_drained && w->streams_drained &&
        port_timer_start(&w->loop.port, &w->drain_deadline, w->loop.now_us) < 0) {
        end_worker(w);
    }
}

static void on_queries_drained(void *ctx)
{
    struct worker *w = ctx;
    w->queries_drained = true;
    end_if_drained(w);
}

static void on_streams_drained(void *ctx)
{
    struct worker *w = ctx;
    w->streams_drained = true;
    end_if_drained(w);
}

static void begin_drain(struct worker *w)
{
    loop_tick(&w->loop);
    for (size_t i = 0; i < w->n_streams; i++) {
        stream_listener_close(w->streams[i]);
    }
    w->n_streams = 0;
    for (size_t i = 0; i < w->n_udp; i++) {
        udp_listener_stop(w->udp[i]);
    }
    w->drain_deadline.on_fire = on_deadline;
    uint64_t at_us = w->loop.now_us + (uint64_t)WORKER_DRAIN_MS * 1000;
    if (port_timer_start(&w->loop.port, &w->drain_deadline, at_us) < 0) {
        end_worker(w);
        return;
    }
    stream_server_drain(w->server);
    resolver_drain(w->resolver, on_queries_drained, w);
}

/* What waits in the kernel came before the wish to drain: one turn of the loop accepts, one reads,
 * one is for good measure. */
static void on_turn(uv_idle_t *turns)
{
    struct worker *w = turns->data;
    if (++w->n_turns > DRAIN_TURNS) {
        uv_idle_stop(turns);
        begin_drain(w);
    }
}

static void on_drain(uv_async_t *async)
{
    struct worker *w = async->data;
    if (!w->draining) {
        w->draining = true;
        uv_idle_start(&w->turns, on_turn);
    }
}

void worker_drain(struct worker *w)
{
    ring(w, BELL_DRAIN);
}

/* ---- the thread ---- */

static void on_pulse(uv_async_t *async)
{
    struct worker *w = async->data;
    atomic_store_explicit(&w->beating, true, memory_order_relaxed);
}

void worker_add_traffic(const struct worker *w, struct traffic_counts *counts)
{
    for (size_t i = 0; i < TRAFFIC_TRANSPORTS; i++) {
        traffic_add(&counts[i], &w->traffic[i]);
    }
}

bool worker_is_beating(struct worker *w)
{
    bool beating = atomic_exchange_explicit(&w->beating, false, memory_order_relaxed);
    ring(w, BELL_PULSE);
    return beating;
}

static void on_asked(uv_async_t *async)
{
    struct worker *w = async->data;
    if (w->ending) {
        return;
    }
    loop_tick(&w->loop);
    struct worker_report *report = reportbox_open(&w->report);
    resolver_count(w->resolver, &report->queries);
    report->n_providers = w->params.config->n_providers;
    for (unsigned i = 0; i < report->n_providers; i++) {
        pool_state(w->pool, i, &report->providers[i]);
    }
    reportbox_close(&w->report);
}

bool worker_report(struct worker *w, struct worker_report *ret_report)
{
    return reportbox_ask(&w->report, &w->bells[BELL_ASKED], ret_report);
}

static void *run_worker(void *arg)
{
    struct worker *w = arg;
    uv_run(&w->loop.uv, UV_RUN_DEFAULT);
    w->params.on_ended(w->params.ctx);
    return NULL;
}

int worker_start(struct worker *w)
{
    put_policy(w); /* before the first query */
    int error = pthread_create(&w->thread, NULL, run_worker, w);
    w->started = error == 0;
    return -error;
}

/* ---- making and freeing ---- */

static void take_locals(struct worker *w)
{
    locals_snapshot(w->params.locals, &w->locals);
    const char *in_use[AUDIT_SERVERS_MAX];
    size_t n = locals_all(&w->locals, w->local);
    plain_set_servers(w->plain, w->local, n, locals_in_use(&w->locals, in_use));
}

static void on_located(uv_async_t *async)
{
    struct worker *w = async->data;
    if (!w->ending) {
        loop_tick(&w->loop);
        take_locals(w);
        pool_change_locals(w->pool);
    }
}

void worker_change_locals(struct worker *w)
{
    ring(w, BELL_LOCATED);
}

static void on_network(uv_async_t *async)
{
    struct worker *w = async->data;
    if (!w->ending) {
        loop_tick(&w->loop);
        take_locals(w);
        pool_change_network(w->pool);
    }
}

void worker_change_network(struct worker *w)
{
    ring(w, BELL_NETWORK);
}

static void on_woken(uv_async_t *async)
{
    struct worker *w = async->data;
    if (!w->ending) {
        loop_tick(&w->loop);
        resolver_on_woken(w->resolver);
    }
}

static void wake_worker(void *ctx)
{
    struct worker *w = ctx;
    ring(w, BELL_WOKEN);
}

static void on_reached(void *ctx, const char *host, const char *const *addresses, size_t n)
{
    struct worker *w = ctx;
    statefile_reached(w->params.state, host, addresses, n);
}

/* Each worker finds out by itself: one of them says it, for all and for a while. */
static void on_aside(void *ctx, unsigned provider, const char *name, const char *why)
{
    struct worker *w = ctx;
    _Atomic uint64_t *at_us = &w->params.aside_said_us[provider];
    uint64_t now_us = port_now_us(&w->loop.port), said_us = atomic_load(at_us);
    if ((said_us == 0 || now_us >= said_us + ASIDE_SAID_US) &&
        atomic_compare_exchange_strong(at_us, &said_us, now_us)) {
        log_say(LOG_LEVEL_WARNING, "provider '%.64s' is set aside: %s", name, why);
    }
}

static bool make_pool(struct worker *w, struct pool_params *params)
{
    struct kept *kept = malloc(sizeof *kept);
    if (kept == NULL) {
        return false;
    }
    statefile_kept(w->params.state, kept);
    params->kept = kept;
    params->on_reached = on_reached;
    params->on_reached_ctx = w;
    params->on_aside = on_aside;
    params->on_aside_ctx = w;
    w->pool = pool_new(params, &w->loop.port, w->exchange);
    free(kept);
    return w->pool != NULL;
}

static bool make_resolver(struct worker *w)
{
    const struct config *config = w->params.config;
    struct port *port = &w->loop.port;
    struct curl_exchange_params exchange = {
        .user_agent = "httpdnsd",
        .connect_timeout_ms = CONNECT_TIMEOUT_MS,
        .total_timeout_ms = config->query_timeout_ms,
        .max_connections = CONNECTIONS_PER_PROVIDER,
        .connection_age_s = config->connection_age_s,
    };
    struct resolver_params resolver = {
        .query_timeout_ms = config->query_timeout_ms,
        .unserved = config->unserved,
        .stale = config->stale,
        .max_queries = QUERIES_MAX,
        .routes = config->routes,
        .n_routes = config->policy.n_rules + 1,
        .clients = w->params.clients,
        .claims = w->params.claims,
        .wake = wake_worker,
        .wake_ctx = w,
    };
    w->exchange = curl_exchange_new(&exchange, port);
    w->plain = plain_new(port, NULL, 0);
    if (w->exchange == NULL || w->plain == NULL) {
        return false;
    }
    take_locals(w);
    memcpy(w->providers, config->providers, sizeof config->providers);
    w->providers[config->n_providers] = (struct provider_params){
        .name = CONFIG_LOCAL_GROUP,
        .protocol = PROTOCOL_DNS,
        .group = CONFIG_LOCAL_GROUP,
        .filtering = true,
        .endpoint = {.id = (unsigned)config->n_providers, .url = ""},
    };
    struct pool_params pool = {
        .providers = w->providers,
        .n_providers = config->n_providers + 1,
        .max_attempts = 2 * QUERIES_MAX,
        .strategy = config->strategy,
        .n_race = config->n_race,
        .max_in_flight = IN_FLIGHT_MAX,
        .max_serial = CONNECTIONS_PER_PROVIDER,
        .patience_max_ms = PATIENCE_MAX_MS,
        .barred = w->params.barred,
        .bootstrap = w->plain,
        .minimal = config->answers == ANSWERS_MINIMAL,
        .min_ttl_s = config->cache.min_ttl_s,
        .max_ttl_s = config->cache.max_ttl_s,
        .negative_max_ttl_s = config->cache.negative_max_ttl_s,
    };
    if (make_pool(w, &pool)) {
        w->resolver = resolver_new(&resolver, port, w->params.cache, w->pool, w->params.audit);
    }
    return w->resolver != NULL;
}

/* Clients may not take the descriptors that their answers are fetched through: a quarter stays. */
static uint32_t connections_within_limit(uint32_t wanted)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY) {
        return wanted;
    }
    rlim_t room = limit.rlim_cur > FDS_OF_OURS ? (limit.rlim_cur - FDS_OF_OURS) / 4 * 3 : 0;
    room = room > CONNECTIONS_MIN ? room : CONNECTIONS_MIN;
    return room < wanted ? (uint32_t)room : wanted;
}

static bool make_server(struct worker *w)
{
    const struct listen_params *listen = &w->params.config->listen;
    w->batch = udp_batch_new(&w->traffic[LISTEN_UDP], w->params.clients != NULL);
    w->server = calloc(1, sizeof *w->server);
    if (w->batch == NULL || w->server == NULL) {
        return false;
    }
    w->server->loop = &w->loop;
    w->server->resolver = w->resolver;
    w->server->clients = w->params.clients;
    w->server->limits = listen;
    w->server->max_connections = connections_within_limit(listen->max_connections);
    w->server->n_connections = w->params.n_connections;
    w->server->tally = w->params.tally;
    w->server->traffic = w->traffic;
    w->server->on_empty = on_streams_drained;
    w->server->ctx = w;
    stream_server_init(w->server);
    return true;
}

static bool listen_at(struct worker *w, const struct socket_entry *entry)
{
    int fd = sockets_dup(entry, w->params.index);
    if (fd < 0) {
        return false;
    }
    if (entry->transport == LISTEN_UDP) {
        w->udp[w->n_udp] = udp_listener_new(&w->loop, w->resolver, w->batch, entry, fd);
        return w->udp[w->n_udp++] != NULL;
    }
    w->streams[w->n_streams] = stream_listener_new(w->server, entry, fd);
    return w->streams[w->n_streams++] != NULL;
}

static bool make_listeners(struct worker *w)
{
    const struct sockets *sockets = w->params.sockets;
    for (size_t i = 0; i < sockets->n; i++) {
        const struct socket_entry *entry = &sockets->at[i];
        if (entry->wanted && entry->n_fds > 0 && !listen_at(w, entry)) {
            return false;
        }
    }
    return true;
}

static void on_rest(uv_prepare_t *rest)
{
    struct worker *w = rest->data;
    udp_batch_flush(w->batch);
}

static void start_handles(struct worker *w)
{
    static const uv_async_cb on_bell[BELLS] = {
        [BELL_DRAIN] = on_drain,     [BELL_PULSE] = on_pulse,     [BELL_ASKED] = on_asked,
        [BELL_NETWORK] = on_network, [BELL_LOCATED] = on_located, [BELL_WOKEN] = on_woken,
        [BELL_TURNED] = on_turned,
    };
    for (size_t i = 0; i < BELLS; i++) {
        uv_async_init(&w->loop.uv, &w->bells[i], on_bell[i]);
        w->bells[i].data = w;
    }
    uv_prepare_init(&w->loop.uv, &w->rest);
    w->rest.data = w;
    uv_idle_init(&w->loop.uv, &w->turns);
    w->turns.data = w;
    reportbox_init(&w->report);
    pthread_mutex_init(&w->policy_lock, NULL);
    atomic_store(&w->beating, true);
}

struct worker *worker_new(const struct worker_params *params, const char **ret_detail)
{
    struct worker *w = calloc(1, sizeof *w);
    *ret_detail = "out of memory or file descriptors";
    if (w == NULL || loop_init(&w->loop) < 0) {
        free(w);
        return NULL;
    }
    w->params = *params;
    start_handles(w);
    if (!make_resolver(w) || !make_server(w) || !make_listeners(w)) {
        return worker_free(w);
    }
    resolver_set_policy(w->resolver, params->policy);
    uv_prepare_start(&w->rest, on_rest);
    return w;
}

/* A worker that never ran, or was stopped half made, still has its listeners. */
static void close_unstarted(struct worker *w)
{
    for (size_t i = 0; i < w->n_streams; i++) {
        if (w->streams[i] != NULL) {
            stream_listener_close(w->streams[i]);
        }
    }
    for (size_t i = 0; i < w->n_udp; i++) {
        if (w->udp[i] != NULL) {
            udp_listener_close(w->udp[i]);
        }
    }
    w->resolver = resolver_free(w->resolver);
    close_handles(w);
}

struct worker *worker_free(struct worker *w)
{
    if (w == NULL) {
        return NULL;
    }
    if (w->started) {
        pthread_join(w->thread, NULL);
    } else {
        close_unstarted(w);
    }
    policy_unref(w->next_policy);
    pthread_mutex_destroy(&w->policy_lock);
    pool_free(w->pool);
    if (w->exchange != NULL) {
        w->exchange->ops->free(w->exchange);
    }
    plain_free(w->plain);
    loop_done(&w->loop);
    reportbox_done(&w->report);
    udp_batch_free(w->batch);
    if (w->server != NULL) {
        stream_server_done(w->server);
    }
    free(w->server);
    free(w);
    return NULL;
}
