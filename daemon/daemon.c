/* SPDX-License-Identifier: MIT */
#include "daemon/daemon.h"

#include "daemon/control.h"
#include "daemon/generation.h"
#include "daemon/lacks.h"
#include "daemon/log.h"
#include "daemon/loop.h"
#include "daemon/loopguard.h"
#include "daemon/network.h"
#include "daemon/outlets.h"
#include "daemon/statefile.h"
#include "daemon/status.h"
#include "daemon/systemd.h"
#include "daemon/trim.h"
#include "resolver/audit/ledger.h"
#include "resolver/plain.h"
#include "resolver/upstream/curl/curl.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/un.h>

enum { SIGNALS_MAX = 3, OLD_MAX = 4, STATE_FOLDER_MAX = 1024 };

struct daemon {
    const char *path;
    struct loop loop;
    uv_signal_t signals[SIGNALS_MAX];
    uv_timer_t watchdog;
    uv_timer_t locals;
    uv_async_t ended;
    struct network network;
    struct outlets outlets;
    struct loopguard loopguard;
    struct sockets sockets;
    struct sockets control_sockets; /* the one, when we made it */
    struct control *control;
    uint64_t began_us;
    struct cache *cache;
    struct claims *claims;
    struct ledger *ledger;
    struct statefile *state;
    struct cache_params cache_params;
    uint8_t policy_secret[16];
    uint8_t client_secret[16]; /* stays over reloads: so do the cookies made with it */
    struct generation *current;
    struct generation *old[OLD_MAX]; /* draining after a reload */
    size_t n_old;
    bool reload_waits;                              /* for room among them */
    struct traffic_counts past[TRAFFIC_TRANSPORTS]; /* of generations that ended */
    bool stopping;
};

/* ---- generations ---- */

static size_t count_workers(const struct config *config)
{
    if (config->workers > 0) {
        return config->workers;
    }
    cpu_set_t cpus;
    int n = sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? CPU_COUNT(&cpus) : 1;
    return n < CONFIG_WORKERS_MAX ? (size_t)n : CONFIG_WORKERS_MAX;
}

static void on_worker_ended(void *ctx)
{
    struct daemon *d = ctx;
    uv_async_send(&d->ended);
}

/* The service manager may name several, with colons between: ours is the first. */
static const char *state_folder(const struct config *config, char out[STATE_FOLDER_MAX])
{
    const char *given = getenv("STATE_DIRECTORY");
    if (strcmp(config->state_dir, "auto") != 0) {
        return config->state_dir;
    }
    if (given == NULL || given[0] != '/') {
        return "/var/lib/httpdnsd";
    }
    snprintf(out, STATE_FOLDER_MAX, "%.*s", (int)strcspn(given, ":"), given);
    return out;
}

/* Once, when the sockets are open. */
static bool open_state(struct daemon *d, const struct config *config)
{
    char folder[STATE_FOLDER_MAX];
    if (d->state == NULL) {
        d->state = statefile_new(state_folder(config, folder), &d->loop.uv);
    }
    return d->state != NULL;
}

/* Opens what is wanted and makes workers that listen. On failure the sockets and the generation in
 * force are as before, and `config` is still the caller's. */
static struct generation *make_generation(struct daemon *d, struct config *config)
{
    char error[SOCKETS_ERROR_MAX];
    const char *detail;
    struct generation_params params = {
        .config = config,
        .sockets = &d->sockets,
        .cache = d->cache,
        .claims = d->claims,
        .client_secret = d->client_secret,
        .policy_secret = d->policy_secret,
        .load_files = d->current != NULL, /* no moment without the lists of before */
        .ledger = d->ledger,
        .n_workers = count_workers(config),
        .on_ended = on_worker_ended,
        .ctx = d,
    };
    if (sockets_open(&d->sockets, &config->listen, params.n_workers, error) < 0) {
        log_say(LOG_LEVEL_ERROR, "%s", error);
        return NULL;
    }
    if (!open_state(d, config)) {
        log_say(LOG_LEVEL_ERROR, "out of memory");
        return NULL;
    }
    params.state = d->state;
    struct generation *g = generation_new(&params, &detail);
    if (g == NULL) {
        log_say(LOG_LEVEL_ERROR, "cannot make the workers: %s", detail);
    }
    lacks_say(config);
    return g;
}

/* Whom can we ask, as this host is now? */
static void look_around(struct daemon *d)
{
    const struct config *config = generation_config(d->current);
    outlets_look(&d->outlets, config);
    generation_bar(d->current, loopguard_look(&d->loopguard, &d->sockets, config));
}

static void say_ready(struct daemon *d)
{
    char where[1024] = "";
    size_t n = 0;
    for (size_t i = 0; i < d->sockets.n; i++) {
        const struct socket_entry *entry = &d->sockets.at[i];
        if (entry->n_fds == 0) {
            log_say(LOG_LEVEL_WARNING, "this machine has no IPv6: not listening on %s",
                    entry->text);
            continue;
        }
        int got = snprintf(where + n, sizeof where - n, " %s", entry->text);
        n += (size_t)got < sizeof where - n ? (size_t)got : 0;
    }
    log_say(LOG_LEVEL_INFO, "ready: listening on%s", where);
    const struct config *config = generation_config(d->current);
    if (config->clients.n_allow == 0 && sockets_reach_beyond_host(&d->sockets)) {
        log_say(LOG_LEVEL_WARNING,
                "listening beyond loopback, but only this host may ask: name who else may under "
                "access.allow");
    }
    if (config->audit.mode == AUDIT_OFF) {
        log_say(LOG_LEVEL_INFO, "cross-check: off");
    } else if (generation_n_local(d->current) == 0) {
        log_say(LOG_LEVEL_WARNING,
                "cross-check: no local resolver found, so no hijack can be seen: name the "
                "servers under local-resolver.servers");
    } else {
        log_say(LOG_LEVEL_INFO, "cross-check: %zu local resolver(s), from %s",
                generation_n_local(d->current), generation_local_source(d->current));
    }
    char status[64];
    snprintf(status, sizeof status, "READY=1\nSTATUS=Answering on %zu sockets", d->sockets.n);
    systemd_notify(status);
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* The cache knows routes by their numbers: they must mean the same still. It holds answers as the
 * guard let them through, and with the addresses that DNS64 made. */
static bool same_answers(const struct config *a, const struct config *b)
{
    bool same = a->policy.n_rules == b->policy.n_rules && a->policy.guard == b->policy.guard &&
                a->policy.guard_allow.n + b->policy.guard_allow.n == 0 &&
                a->policy.dns64 == b->policy.dns64 &&
                memcmp(a->policy.dns64_prefix.at, b->policy.dns64_prefix.at, 16) == 0 &&
                a->policy.dns64_prefix.bits == b->policy.dns64_prefix.bits &&
                a->policy.dns64_exclude.n + b->policy.dns64_exclude.n == 0;
    for (size_t i = 0; same && i < a->policy.n_rules; i++) {
        same = same_text(a->rules[i].group, b->rules[i].group) &&
               same_text(a->rules[i].fallback, b->rules[i].fallback);
    }
    return same;
}

/* What another generation put into the cache is wrong now. */
static void forget_what_differs(struct daemon *d, const struct generation *old)
{
    if (!same_answers(generation_config(old), generation_config(d->current))) {
        cache_flush(d->cache);
    }
}

/* ---- the end ---- */

static void end_if_drained(struct daemon *d)
{
    if (d->stopping && d->n_old == 0 && generation_has_ended(d->current)) {
        uv_stop(&d->loop.uv);
    }
}

static void reload(struct daemon *d);

static void on_ended(uv_async_t *async)
{
    struct daemon *d = async->data;
    for (size_t i = 0; i < d->n_old;) {
        if (generation_has_ended(d->old[i])) {
            generation_add_traffic(d->old[i], d->past);
            forget_what_differs(d, d->old[i]); /* it may have kept more meanwhile */
            generation_free(d->old[i]);
            d->old[i] = d->old[--d->n_old];
        } else {
            i++;
        }
    }
    end_if_drained(d);
    if (d->reload_waits && d->n_old < OLD_MAX) {
        reload(d);
    }
}

static void stop(struct daemon *d, int signal)
{
    if (d->stopping) {
        return;
    }
    d->stopping = true;
    log_say(LOG_LEVEL_INFO, "%s: answering what is pending, then ending",
            signal == SIGINT ? "SIGINT" : "SIGTERM");
    systemd_notify("STOPPING=1");
    generation_drain(d->current);
    end_if_drained(d);
}

/* ---- reload ---- */

void daemon_log_errors(const char *path, const struct config_errors *errors)
{
    size_t n = errors->n < CONFIG_ERRORS_MAX ? errors->n : CONFIG_ERRORS_MAX;
    for (size_t i = 0; i < n; i++) {
        const struct config_error *e = &errors->at[i];
        if (e->line == 0) {
            log_say(LOG_LEVEL_ERROR, "%s: %s", path, e->text);
        } else {
            log_say(LOG_LEVEL_ERROR, "%s:%u:%u: %s", path, e->line, e->column, e->text);
        }
    }
    if (errors->n > n) {
        log_say(LOG_LEVEL_ERROR, "%s: %zu more errors", path, errors->n - n);
    }
}

static bool same_cache(const struct cache_params *a, const struct cache_params *b)
{
    return a->size_bytes == b->size_bytes && a->min_ttl_s == b->min_ttl_s &&
           a->max_ttl_s == b->max_ttl_s && a->negative_max_ttl_s == b->negative_max_ttl_s &&
           a->max_stale_s == b->max_stale_s && a->renew_stale == b->renew_stale &&
           a->failure_max_ttl_s == b->failure_max_ttl_s && a->prefetch == b->prefetch;
}

/* After a reload that failed half-way: what it opened and nobody serves is closed again. */
static void restore_sockets(struct daemon *d)
{
    char error[SOCKETS_ERROR_MAX];
    const struct config *config = generation_config(d->current);
    size_t n_workers = count_workers(config);
    /* Everything it wants is open: this only marks what is wanted. */
    if (sockets_open(&d->sockets, &config->listen, n_workers, error) == 0) {
        sockets_prune(&d->sockets, n_workers);
    }
}

/* The new generation listens before the old one stops; the sockets are the same. */
static void replace_generation(struct daemon *d, struct generation *new)
{
    if (generation_start(new) < 0) {
        log_say(LOG_LEVEL_ERROR, "cannot start threads: the old configuration stays in force");
        generation_drain(new);
        generation_free(new);
        restore_sockets(d);
        return;
    }
    struct generation *old = d->current;
    d->old[d->n_old++] = old;
    generation_drain(old);
    d->current = new;
    outlets_forget(&d->outlets);
    loopguard_forget(&d->loopguard);
    look_around(d);
    forget_what_differs(d, old);
    sockets_prune(&d->sockets, count_workers(generation_config(new)));
    log_set_level(generation_config(new)->log_level);
    log_say(LOG_LEVEL_INFO, "configuration reloaded from %s", d->path);
}

/* Puts what the file says in force. */
static void load_anew(struct daemon *d)
{
    struct config *config;
    struct config_errors *errors = calloc(1, sizeof *errors);
    if (errors == NULL) {
        log_say(LOG_LEVEL_ERROR, "reload: out of memory: the old configuration stays in force");
        return;
    }
    if (config_load(d->path, &config, errors) < 0) {
        daemon_log_errors(d->path, errors);
        log_say(LOG_LEVEL_ERROR, "%s is not usable: the old configuration stays in force", d->path);
        free(errors);
        return;
    }
    free(errors);
    if (!same_cache(&d->cache_params, &config->cache)) {
        log_say(LOG_LEVEL_WARNING, "cache.*: the change takes effect at the next restart");
    }
    struct generation *new = make_generation(d, config);
    if (new == NULL) {
        config_free(config);
        restore_sockets(d);
        log_say(LOG_LEVEL_ERROR, "the old configuration stays in force");
        return;
    }
    replace_generation(d, new);
}

/* Whoever asks for it last has written the file last: no wish is forgotten. */
static void reload(struct daemon *d)
{
    d->reload_waits = !d->stopping && d->n_old == OLD_MAX;
    if (d->stopping) {
        log_say(LOG_LEVEL_WARNING, "reload ignored: stopping");
        return;
    }
    if (d->reload_waits) {
        log_say(LOG_LEVEL_INFO, "reload waits: the last ones are still draining");
        return;
    }
    systemd_notify_reloading();
    load_anew(d);
    say_ready(d);
}

/* ---- signals and watchdog ---- */

static void on_signal(uv_signal_t *handle, int signal)
{
    struct daemon *d = handle->data;
    if (signal == SIGHUP) {
        reload(d);
    } else {
        stop(d, signal);
    }
}

/* The manager hears from us only while every worker's loop comes round. */
static void on_watchdog(uv_timer_t *timer)
{
    struct daemon *d = timer->data;
    if (d->stopping) {
        return;
    }
    if (generation_is_alive(d->current)) {
        systemd_notify("WATCHDOG=1");
    } else {
        log_say(LOG_LEVEL_ERROR, "a worker does not come round: leaving the watchdog to act");
    }
}

static void on_network(void *ctx, bool slept)
{
    struct daemon *d = ctx;
    if (d->stopping || d->current == NULL) {
        return;
    }
    log_say(LOG_LEVEL_INFO, "%s: all connections to providers are made anew",
            slept ? "this machine was asleep" : "the network has changed");
    look_around(d);
    generation_change_network(d->current);
}

static void on_locals(uv_timer_t *timer)
{
    struct daemon *d = timer->data;
    if (!d->stopping && d->current != NULL) {
        uv_timer_start(timer, on_locals, generation_look_for_locals(d->current), 0);
    }
}

static void start_handles(struct daemon *d)
{
    static const int signals[SIGNALS_MAX] = {SIGTERM, SIGINT, SIGHUP};
    for (size_t i = 0; i < SIGNALS_MAX; i++) {
        uv_signal_init(&d->loop.uv, &d->signals[i]);
        d->signals[i].data = d;
        uv_signal_start(&d->signals[i], on_signal, signals[i]);
    }
    uv_async_init(&d->loop.uv, &d->ended, on_ended);
    d->ended.data = d;
    struct network_params network = {.on_change = on_network, .ctx = d};
    network_open(&d->network, &d->loop.uv, &network);
    uv_timer_init(&d->loop.uv, &d->watchdog);
    d->watchdog.data = d;
    uv_timer_init(&d->loop.uv, &d->locals);
    d->locals.data = d;
    uv_timer_start(&d->locals, on_locals, GENERATION_LOCALS_NEEDED_MS, 0);
    uint64_t every_ms = systemd_watchdog_us() / 1000 / 2;
    if (every_ms > 0) {
        uv_timer_start(&d->watchdog, on_watchdog, every_ms, every_ms);
    }
}

/* From here on a second SIGTERM would find no handler and kill what has ended in good order. */
static void block_signals(void)
{
    sigset_t set;
    sigfillset(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static void close_handles(struct daemon *d)
{
    block_signals();
    for (size_t i = 0; i < SIGNALS_MAX; i++) {
        uv_close((uv_handle_t *)&d->signals[i], NULL);
    }
    uv_close((uv_handle_t *)&d->ended, NULL);
    uv_close((uv_handle_t *)&d->watchdog, NULL);
    uv_close((uv_handle_t *)&d->locals, NULL);
    network_close(&d->network);
}

/* What came and what became of it, for those who read the journal after an end. */
static void say_traffic(struct daemon *d)
{
    char line[TRAFFIC_LINE_MAX];
    generation_add_traffic(d->current, d->past);
    for (enum listen_transport t = LISTEN_UDP; t <= LISTEN_UNIX; t++) {
        if (d->past[t].n_received > 0) {
            traffic_print(t, &d->past[t], line);
            log_say(LOG_LEVEL_INFO, "%s", line);
        }
    }
}

/* ---- control API ---- */

static void on_control(void *ctx, const struct control_request *request,
                       struct control_answer *ret_answer)
{
    struct daemon *d = ctx;
    loop_tick(&d->loop);
    if (d->stopping) {
        *ret_answer = (struct control_answer){503, NULL};
        return;
    }
    struct status_view view = {
        .sockets = &d->sockets,
        .cache = d->cache,
        .generation = d->current,
        .ledger = d->ledger,
        .uptime_s = (d->loop.now_us - d->began_us) / 1000000,
    };
    status_answer(&view, request, ret_answer);
}

/* gives a descriptor; -1 with the reason in `error`. */
static int open_control(struct daemon *d, const struct config *config, char *error)
{
    const char *path = config->control_socket;
    struct listen_params *params = calloc(1, sizeof *params);
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    snprintf(error, SOCKETS_ERROR_MAX, "control.socket: the path is longer than %zu octets",
             sizeof un.sun_path - 1);
    if (params == NULL || strlen(path) >= sizeof un.sun_path) {
        free(params);
        return -1;
    }
    memcpy(un.sun_path, path, strlen(path) + 1);
    *params = (struct listen_params){
        .n = 1, .unix_mode = config->listen.unix_mode, .unix_group = config->listen.unix_group};
    params->at[0] =
        (struct listen_address){.transport = LISTEN_UNIX, .n_address = sizeof un, .text = path};
    memcpy(&params->at[0].address, &un, sizeof un);
    int failure = sockets_open(&d->control_sockets, params, 1, error);
    free(params);
    return failure == 0 ? sockets_dup(&d->control_sockets.at[0], 0) : -1;
}

/* Without it the daemon answers queries all the same. */
static void start_control(struct daemon *d, int handed_over)
{
    char error[SOCKETS_ERROR_MAX];
    const struct config *config = generation_config(d->current);
    if (strcmp(config->control_socket, "off") == 0) {
        return;
    }
    int fd = handed_over >= 0 ? handed_over : open_control(d, config, error);
    if (fd < 0) {
        log_say(LOG_LEVEL_WARNING, "no control socket, so httpdnsctl cannot ask for the state: %s",
                error);
        return;
    }
    struct control_params params = {.loop = &d->loop, .fd = fd, .on_request = on_control, .ctx = d};
    d->control = control_new(&params);
    if (d->control == NULL) {
        log_say(LOG_LEVEL_WARNING, "no control socket: no memory or no thread for it");
    }
}

/* ---- run ---- */

/* Many sockets are the daily bread of a resolver; the soft limit of a shell is not meant for it. */
static void raise_fd_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static bool adopt_sockets(struct daemon *d)
{
    char error[SOCKETS_ERROR_MAX];
    int first;
    int n = systemd_listen_fds(&first);
    if (sockets_adopt(&d->sockets, first, n, error) < 0) {
        log_say(LOG_LEVEL_ERROR, "%s", error);
        return false;
    }
    return true;
}

static bool make_cache(struct daemon *d, const struct config *config)
{
    uint8_t secret[16];
    d->loop.port.ops->random(&d->loop.port, secret, sizeof secret);
    d->loop.port.ops->random(&d->loop.port, d->client_secret, sizeof d->client_secret);
    d->loop.port.ops->random(&d->loop.port, d->policy_secret, sizeof d->policy_secret);
    d->cache_params = config->cache;
    d->cache = cache_new(&config->cache, secret);
    d->claims = claims_new(secret);
    d->ledger = ledger_new(config->audit.clear_after_s);
    return d->cache != NULL && d->claims != NULL && d->ledger != NULL;
}

/* Takes `config`. */
static bool daemon_start(struct daemon *d, struct config *config)
{
    if (!adopt_sockets(d)) {
        config_free(config);
        return false;
    }
    if (!make_cache(d, config)) {
        log_say(LOG_LEVEL_ERROR, "no memory for a cache of %zu bytes: make cache.size smaller",
                config->cache.size_bytes);
        config_free(config);
        return false;
    }
    int control = sockets_take_unix(&d->sockets, config->control_socket);
    d->current = make_generation(d, config);
    if (d->current == NULL) {
        config_free(config);
        return false;
    }
    look_around(d);
    start_control(d, control);
    if (generation_start(d->current) < 0) {
        log_say(LOG_LEVEL_ERROR,
                "cannot start threads: raise the limit of tasks (TasksMax, ulimit -u)");
        generation_drain(d->current);
        return false;
    }
    return true;
}

static bool global_init(void)
{
    const char *detail = NULL;
    if (curl_exchange_global_init(&detail) < 0) {
        log_say(LOG_LEVEL_ERROR, "libcurl cannot be used: %s", detail);
        return false;
    }
    if (plain_global_init() < 0) {
        log_say(LOG_LEVEL_ERROR, "c-ares cannot be used");
        curl_exchange_global_done();
        return false;
    }
    return true;
}

enum daemon_exit daemon_run(const char *path, struct config *config)
{
    signal(SIGPIPE, SIG_IGN);
    raise_fd_limit();
    struct daemon *d = calloc(1, sizeof *d);
    if (d == NULL || !global_init() || loop_init(&d->loop) < 0) {
        config_free(config);
        free(d);
        return DAEMON_EXIT_FAILURE;
    }
    d->path = path;
    log_set_level(config->log_level);
    sockets_init(&d->sockets);
    sockets_init(&d->control_sockets);
    d->began_us = port_now_us(&d->loop.port);
    start_handles(d);
    bool started = daemon_start(d, config);
    if (started) {
        say_ready(d);
        trim_start();
        uv_run(&d->loop.uv, UV_RUN_DEFAULT);
        say_traffic(d);
        log_say(LOG_LEVEL_INFO, "ended");
    }
    d->control = control_free(d->control);
    generation_free(d->current);
    ledger_free(d->ledger);
    claims_free(d->claims);
    cache_free(d->cache);
    statefile_close(d->state);
    close_handles(d);
    loop_done(&d->loop);
    statefile_free(d->state);
    sockets_done(&d->sockets);
    sockets_done(&d->control_sockets);
    free(d);
    plain_global_done();
    curl_exchange_global_done();
    return started ? DAEMON_EXIT_OK : DAEMON_EXIT_FAILURE;
}
