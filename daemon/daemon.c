/* SPDX-License-Identifier: MIT */
#include "daemon/daemon.h"

#include "daemon/control.h"
#include "daemon/log.h"
#include "daemon/loop.h"
#include "daemon/network.h"
#include "daemon/reign.h"
#include "daemon/status.h"
#include "daemon/systemd.h"
#include "daemon/trim.h"
#include "resolver/plain.h"
#include "resolver/upstream/curl/curl.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/un.h>

enum {
    SIGNALS_MAX = 3,
    TRIM_LOOK_MS = 2,
    TRIM_LOOKS = 1000, /* then the start is over, whoever has asked */
};

struct daemon {
    struct loop loop;
    uv_signal_t signals[SIGNALS_MAX];
    uv_timer_t watchdog;
    uv_timer_t locals;
    uv_timer_t trim;
    unsigned n_trim_looks;
    struct network network;
    struct reign reign;
    struct sockets control_sockets; /* the one, when we made it */
    struct control *control;
    uint64_t began_us;
};

/* ---- signals and watchdog ---- */

static void stop(struct daemon *d, int signal)
{
    if (d->reign.stopping) {
        return;
    }
    log_say(LOG_LEVEL_INFO, "%s: answering what is pending, then ending",
            signal == SIGINT ? "SIGINT" : "SIGTERM");
    systemd_notify("STOPPING=1");
    reign_stop(&d->reign);
}

static void on_signal(uv_signal_t *handle, int signal)
{
    struct daemon *d = handle->data;
    if (signal == SIGHUP) {
        reign_reload(&d->reign);
    } else {
        stop(d, signal);
    }
}

/* The manager hears from us only while every worker's loop comes round. */
static void on_watchdog(uv_timer_t *timer)
{
    struct daemon *d = timer->data;
    if (d->reign.stopping) {
        return;
    }
    if (reign_is_alive(&d->reign)) {
        systemd_notify("WATCHDOG=1");
    } else {
        log_say(LOG_LEVEL_ERROR, "a worker does not come round: leaving the watchdog to act");
    }
}

static void on_network(void *ctx, bool slept)
{
    struct daemon *d = ctx;
    reign_change_network(&d->reign, slept);
}

static void on_drained(void *ctx)
{
    struct daemon *d = ctx;
    uv_stop(&d->loop.uv);
}

static void on_locals(uv_timer_t *timer)
{
    struct daemon *d = timer->data;
    unsigned wait_ms = reign_look_for_locals(&d->reign);
    if (wait_ms > 0) {
        uv_timer_start(timer, on_locals, wait_ms, 0);
    }
}

/* The first answers need the code that a trim unmaps, and the processor it would take. */
static void on_trim(uv_timer_t *timer)
{
    struct daemon *d = timer->data;
    if (reign_has_answered(&d->reign) || ++d->n_trim_looks >= TRIM_LOOKS) {
        uv_timer_stop(timer);
        trim_start();
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
    struct network_params network = {.on_change = on_network, .ctx = d};
    network_open(&d->network, &d->loop.uv, &network);
    uv_timer_init(&d->loop.uv, &d->watchdog);
    d->watchdog.data = d;
    uv_timer_init(&d->loop.uv, &d->locals);
    d->locals.data = d;
    uv_timer_start(&d->locals, on_locals, GENERATION_LOCALS_NEEDED_MS, 0);
    uv_timer_init(&d->loop.uv, &d->trim);
    d->trim.data = d;
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
    uv_close((uv_handle_t *)&d->watchdog, NULL);
    uv_close((uv_handle_t *)&d->locals, NULL);
    uv_close((uv_handle_t *)&d->trim, NULL);
    network_close(&d->network);
}

/* ---- control API ---- */

static void on_control(void *ctx, const struct control_request *request,
                       struct control_answer *ret_answer)
{
    struct daemon *d = ctx;
    loop_tick(&d->loop);
    if (d->reign.stopping) {
        *ret_answer = (struct control_answer){503, NULL};
        return;
    }
    struct status_view view = {
        .sockets = &d->reign.sockets,
        .cache = d->reign.cache,
        .generation = d->reign.current,
        .ledger = d->reign.ledger,
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
    const struct config *config = generation_config(d->reign.current);
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
    const char *detail;
    d->control = control_new(&params, &detail);
    if (d->control == NULL) {
        log_say(LOG_LEVEL_WARNING, "no control socket: %s", detail);
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

/* Takes `config`. */
static bool daemon_start(struct daemon *d, struct config *config)
{
    int control = -1;
    if (!reign_begin(&d->reign, config, &control)) {
        return false;
    }
    start_control(d, control);
    return reign_start(&d->reign);
}

/* libcurl would write the keys of every connection there: what nobody can read on the way would lie
 * on a disk. */
static void ignore_key_log(void)
{
    if (getenv("SSLKEYLOGFILE") != NULL) {
        unsetenv("SSLKEYLOGFILE");
        log_say(LOG_LEVEL_WARNING, "SSLKEYLOGFILE is ignored: TLS keys are not written down");
    }
}

static bool global_init(void)
{
    ignore_key_log();
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
    log_set_level(config->log_level);
    struct reign_params params = {
        .path = path, .loop = &d->loop, .on_drained = on_drained, .ctx = d};
    reign_init(&d->reign, &params);
    sockets_init(&d->control_sockets);
    d->began_us = port_now_us(&d->loop.port);
    start_handles(d);
    bool good = daemon_start(d, config);
    if (good) {
        uv_timer_start(&d->trim, on_trim, TRIM_LOOK_MS, TRIM_LOOK_MS);
        uv_run(&d->loop.uv, UV_RUN_DEFAULT);
        reign_say_traffic(&d->reign);
        log_say(LOG_LEVEL_INFO, "ended");
        good = !d->reign.failed;
    }
    d->control = control_free(d->control);
    reign_end(&d->reign);
    close_handles(d);
    loop_done(&d->loop);
    reign_done(&d->reign);
    sockets_done(&d->control_sockets);
    free(d);
    plain_global_done();
    curl_exchange_global_done();
    return good ? DAEMON_EXIT_OK : DAEMON_EXIT_FAILURE;
}
