/* SPDX-License-Identifier: MIT */
#include "daemon/reign.h"

#include "daemon/lacks.h"
#include "daemon/log.h"
#include "daemon/systemd.h"

#include <sched.h>
#include <stdlib.h>

enum { STATE_FOLDER_MAX = 1024 };
enum { LISTS_UNREAD, LISTS_GOOD, LISTS_BAD };

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
    struct reign *r = ctx;
    uv_async_send(&r->ended);
}

static void on_loaded(void *ctx, bool good)
{
    struct reign *r = ctx;
    atomic_store(&r->lists, good ? LISTS_GOOD : LISTS_BAD);
    uv_async_send(&r->ended);
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
static bool open_state(struct reign *r, const struct config *config)
{
    char folder[STATE_FOLDER_MAX];
    if (r->state == NULL) {
        r->state = statefile_new(state_folder(config, folder), &r->loop->uv);
    }
    return r->state != NULL;
}

/* Opens what is wanted and makes workers that listen. On failure the sockets and the generation in
 * force are as before, and `config` is still the caller's. */
static struct generation *make_generation(struct reign *r, struct config *config)
{
    char error[SOCKETS_ERROR_MAX];
    const char *detail;
    struct generation_params params = {
        .config = config,
        .sockets = &r->sockets,
        .cache = r->cache,
        .claims = r->claims,
        .client_secret = r->client_secret,
        .policy_secret = r->policy_secret,
        .ledger = r->ledger,
        .n_workers = count_workers(config),
        .on_ended = on_worker_ended,
        .on_loaded = on_loaded,
        .ctx = r,
    };
    if (sockets_open(&r->sockets, &config->listen, params.n_workers, error) < 0) {
        log_say(LOG_LEVEL_ERROR, "%s", error);
        return NULL;
    }
    if (!open_state(r, config)) {
        log_say(LOG_LEVEL_ERROR, "out of memory");
        return NULL;
    }
    params.state = r->state;
    struct generation *g = generation_new(&params, &detail);
    if (g == NULL) {
        log_say(LOG_LEVEL_ERROR, "cannot make the workers: %s", detail);
    }
    lacks_say(config);
    return g;
}

/* Whom can we ask, as this host is now? */
static void look_around(struct reign *r)
{
    const struct config *config = generation_config(r->current);
    outlets_look(&r->outlets, config);
    generation_bar(r->current, loopguard_look(&r->loopguard, &r->sockets, config));
}

static void say_ready(struct reign *r)
{
    char where[1024] = "";
    size_t n = 0;
    for (size_t i = 0; i < r->sockets.n; i++) {
        const struct socket_entry *entry = &r->sockets.at[i];
        if (entry->n_fds == 0) {
            log_say(LOG_LEVEL_WARNING, "this machine has no IPv6: not listening on %s",
                    entry->text);
            continue;
        }
        int got = snprintf(where + n, sizeof where - n, " %s", entry->text);
        n += (size_t)got < sizeof where - n ? (size_t)got : 0;
    }
    log_say(LOG_LEVEL_INFO, "ready: listening on%s", where);
    const struct config *config = generation_config(r->current);
    if (config->clients.n_allow == 0 && sockets_reach_beyond_host(&r->sockets)) {
        log_say(LOG_LEVEL_WARNING,
                "listening beyond loopback, but only this host may ask: name who else may under "
                "access.allow");
    }
    if (config->audit.mode == AUDIT_OFF) {
        log_say(LOG_LEVEL_INFO, "cross-check: off");
    } else if (generation_n_local(r->current) == 0) {
        log_say(LOG_LEVEL_WARNING,
                "cross-check: no local resolver found, so no hijack can be seen: name the "
                "servers under local-resolver.servers");
    } else {
        log_say(LOG_LEVEL_INFO, "cross-check: %zu local resolver(s), from %s",
                generation_n_local(r->current), generation_local_source(r->current));
    }
    char status[64];
    snprintf(status, sizeof status, "READY=1\nSTATUS=Answering on %zu sockets", r->sockets.n);
    systemd_notify(status);
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* The cache knows routes by their numbers: they must mean the same still. It holds answers as the
 * guard let them through, with the addresses that DNS64 made, and without the hints that lead to a
 * family that is switched off. */
static bool same_answers(const struct config *a, const struct config *b)
{
    bool same = a->policy.n_rules == b->policy.n_rules && a->policy.guard == b->policy.guard &&
                a->policy.family == b->policy.family &&
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
static void forget_what_differs(struct reign *r, const struct generation *old)
{
    if (!same_answers(generation_config(old), generation_config(r->current))) {
        cache_flush(r->cache);
    }
}

/* ---- reload ---- */

static bool same_cache(const struct cache_params *a, const struct cache_params *b)
{
    return a->size_bytes == b->size_bytes && a->min_ttl_s == b->min_ttl_s &&
           a->max_ttl_s == b->max_ttl_s && a->negative_max_ttl_s == b->negative_max_ttl_s &&
           a->max_stale_s == b->max_stale_s && a->renew_stale == b->renew_stale &&
           a->failure_max_ttl_s == b->failure_max_ttl_s && a->prefetch == b->prefetch;
}

/* After a reload that failed half-way: what it opened and nobody serves is closed again. */
static void restore_sockets(struct reign *r)
{
    char error[SOCKETS_ERROR_MAX];
    const struct config *config = generation_config(r->current);
    size_t n_workers = count_workers(config);
    /* Everything it wants is open: this only marks what is wanted. */
    if (sockets_open(&r->sockets, &config->listen, n_workers, error) == 0) {
        sockets_prune(&r->sockets, n_workers);
    }
}

/* The new generation listens before the old one stops; the sockets are the same. */
static void replace_generation(struct reign *r, struct generation *new)
{
    if (generation_start(new) < 0) {
        log_say(LOG_LEVEL_ERROR, "cannot start threads: the old configuration stays in force");
        generation_drain(new);
        generation_free(new);
        restore_sockets(r);
        return;
    }
    struct generation *old = r->current;
    r->old[r->n_old++] = old;
    generation_drain(old);
    r->current = new;
    outlets_forget(&r->outlets);
    loopguard_forget(&r->loopguard);
    look_around(r);
    forget_what_differs(r, old);
    sockets_prune(&r->sockets, count_workers(generation_config(new)));
    log_set_level(generation_config(new)->log_level);
    log_say(LOG_LEVEL_INFO, "configuration reloaded from %s", r->path);
}

/* No moment without the lists of before: the new ones are read first, and on the old generation's
 * time. */
static void finish_reload(struct reign *r)
{
    struct generation *new = r->next;
    int lists = atomic_exchange(&r->lists, LISTS_UNREAD);
    if (new == NULL || lists == LISTS_UNREAD) {
        return;
    }
    r->next = NULL;
    if (lists == LISTS_GOOD) {
        replace_generation(r, new);
    } else {
        log_say(LOG_LEVEL_ERROR,
                "a list of names cannot be read: the old configuration stays in force");
        generation_free(new);
        restore_sockets(r);
    }
    say_ready(r);
}

static bool may_reload(const struct reign *r)
{
    return r->n_old < REIGN_OLD_MAX && r->next == NULL && !r->starting;
}

/* ---- start ---- */

static bool begin_answering(struct reign *r)
{
    if (generation_start(r->current) < 0) {
        log_say(LOG_LEVEL_ERROR,
                "cannot start threads: raise the limit of tasks (TasksMax, ulimit -u)");
        generation_drain(r->current);
        return false;
    }
    say_ready(r);
    return true;
}

/* What cannot be read is said, and holds up nobody. */
static void finish_start(struct reign *r)
{
    if (!r->starting || r->stopping || atomic_exchange(&r->lists, LISTS_UNREAD) == LISTS_UNREAD) {
        return;
    }
    r->starting = false;
    if (!begin_answering(r)) {
        r->failed = true;
        r->on_drained(r->ctx);
    }
}

/* A company's name that the rules keep for the company's server is not asked of others for the time
 * that it takes to read them. */
bool reign_start(struct reign *r)
{
    r->starting = generation_load(r->current, POLICY_ROUTES);
    return r->starting || begin_answering(r);
}

/* ---- the end of one ---- */

static void end_if_drained(struct reign *r)
{
    if (r->stopping && r->n_old == 0 && generation_has_ended(r->current)) {
        r->on_drained(r->ctx);
    }
}

static void on_ended(uv_async_t *async)
{
    struct reign *r = async->data;
    for (size_t i = 0; i < r->n_old;) {
        if (generation_has_ended(r->old[i])) {
            generation_add_traffic(r->old[i], r->past);
            forget_what_differs(r, r->old[i]); /* it may have kept more meanwhile */
            generation_free(r->old[i]);
            r->old[i] = r->old[--r->n_old];
        } else {
            i++;
        }
    }
    end_if_drained(r);
    finish_start(r);
    finish_reload(r);
    if (r->reload_waits && may_reload(r)) {
        reign_reload(r);
    }
}

/* Whoever stops does not wait for lists. */
void reign_stop(struct reign *r)
{
    if (r->stopping) {
        return;
    }
    r->stopping = true;
    r->next = generation_free(r->next);
    generation_drain(r->current);
    end_if_drained(r);
}

/* ---- reload again ---- */

/* Puts what the file says in force. */
static void load_anew(struct reign *r)
{
    struct config *config;
    struct config_errors *errors = calloc(1, sizeof *errors);
    if (errors == NULL) {
        log_say(LOG_LEVEL_ERROR, "reload: out of memory: the old configuration stays in force");
        return;
    }
    if (config_load(r->path, &config, errors) < 0) {
        log_config_errors(r->path, errors);
        log_say(LOG_LEVEL_ERROR, "%s is not usable: the old configuration stays in force", r->path);
        free(errors);
        return;
    }
    free(errors);
    if (!same_cache(&r->cache_params, &config->cache)) {
        log_say(LOG_LEVEL_WARNING, "cache.*: the change takes effect at the next restart");
    }
    struct generation *new = make_generation(r, config);
    if (new == NULL) {
        config_free(config);
        restore_sockets(r);
        log_say(LOG_LEVEL_ERROR, "the old configuration stays in force");
        return;
    }
    if (generation_load(new, POLICY_WHOLE)) {
        r->next = new;
        return;
    }
    replace_generation(r, new);
}

/* Whoever asks for it last has written the file last: no wish is forgotten. */
void reign_reload(struct reign *r)
{
    r->reload_waits = !r->stopping && !may_reload(r);
    if (r->stopping) {
        log_say(LOG_LEVEL_WARNING, "reload ignored: stopping");
        return;
    }
    if (r->reload_waits) {
        log_say(LOG_LEVEL_INFO, "reload waits: the last one is not over");
        return;
    }
    systemd_notify_reloading();
    load_anew(r);
    if (r->next == NULL) {
        say_ready(r);
    }
}

/* ---- what goes on around ---- */

void reign_change_network(struct reign *r, bool slept)
{
    if (r->stopping || r->current == NULL) {
        return;
    }
    log_say(LOG_LEVEL_INFO, "%s: all connections to providers are made anew",
            slept ? "this machine was asleep" : "the network has changed");
    look_around(r);
    generation_change_network(r->current);
}

unsigned reign_look_for_locals(struct reign *r)
{
    bool any = !r->stopping && r->current != NULL;
    return any ? generation_look_for_locals(r->current) : 0;
}

bool reign_is_alive(struct reign *r)
{
    return generation_is_alive(r->current);
}

bool reign_has_answered(const struct reign *r)
{
    struct traffic_counts counts[TRAFFIC_TRANSPORTS] = {0};
    uint64_t n_answered = 0, n_in_flight = 0;
    generation_add_traffic(r->current, counts);
    for (size_t i = 0; i < TRAFFIC_TRANSPORTS; i++) {
        n_answered += counts[i].n_answered;
        n_in_flight += counts[i].n_in_flight;
    }
    return n_answered > 0 && n_in_flight == 0;
}

void reign_say_traffic(struct reign *r)
{
    char line[TRAFFIC_LINE_MAX];
    generation_add_traffic(r->current, r->past);
    for (enum listen_transport t = LISTEN_UDP; t <= LISTEN_UNIX; t++) {
        if (r->past[t].n_received > 0) {
            traffic_print(t, &r->past[t], line);
            log_say(LOG_LEVEL_INFO, "%s", line);
        }
    }
}

/* ---- from the beginning to the end ---- */

static bool adopt_sockets(struct reign *r)
{
    char error[SOCKETS_ERROR_MAX];
    int first;
    const char *lacks = systemd_lacks();
    if (lacks != NULL) {
        log_say(LOG_LEVEL_ERROR,
                "%s is not installed, or too old: without it the service manager can neither hand "
                "sockets over nor hear that we are ready",
                lacks);
        return false;
    }
    int n = systemd_listen_fds(&first);
    if (sockets_adopt(&r->sockets, first, n, error) < 0) {
        log_say(LOG_LEVEL_ERROR, "%s", error);
        return false;
    }
    return true;
}

static bool make_cache(struct reign *r, const struct config *config)
{
    uint8_t secret[16];
    r->loop->port.ops->random(&r->loop->port, secret, sizeof secret);
    r->loop->port.ops->random(&r->loop->port, r->client_secret, sizeof r->client_secret);
    r->loop->port.ops->random(&r->loop->port, r->policy_secret, sizeof r->policy_secret);
    r->cache_params = config->cache;
    r->cache = cache_new(&config->cache, secret);
    r->claims = claims_new(secret);
    r->ledger = ledger_new(config->audit.clear_after_s);
    return r->cache != NULL && r->claims != NULL && r->ledger != NULL;
}

void reign_init(struct reign *r, const struct reign_params *params)
{
    *r = (struct reign){.path = params->path,
                        .loop = params->loop,
                        .on_drained = params->on_drained,
                        .ctx = params->ctx};
    sockets_init(&r->sockets);
    uv_async_init(&r->loop->uv, &r->ended, on_ended);
    r->ended.data = r;
}

bool reign_begin(struct reign *r, struct config *config, int *ret_control)
{
    if (!adopt_sockets(r)) {
        config_free(config);
        return false;
    }
    if (!make_cache(r, config)) {
        log_say(LOG_LEVEL_ERROR, "no memory for a cache of %zu bytes: make cache.size smaller",
                config->cache.size_bytes);
        config_free(config);
        return false;
    }
    *ret_control = sockets_take_unix(&r->sockets, config->control_socket);
    r->current = make_generation(r, config);
    if (r->current == NULL) {
        config_free(config);
        return false;
    }
    look_around(r);
    return true;
}

void reign_end(struct reign *r)
{
    r->current = generation_free(r->current);
    r->ledger = ledger_free(r->ledger);
    r->claims = claims_free(r->claims);
    r->cache = cache_free(r->cache);
    statefile_close(r->state);
    uv_close((uv_handle_t *)&r->ended, NULL);
}

void reign_done(struct reign *r)
{
    statefile_free(r->state);
    sockets_done(&r->sockets);
}
