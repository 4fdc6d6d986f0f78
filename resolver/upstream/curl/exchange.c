/* SPDX-License-Identifier: MIT */
/* libcurl's multi interface on a port: curl says which sockets and which time it waits for, the
 * port says when they come; finished transfers are collected outside curl's callbacks, so that
 * whoever is told may start and cancel others.
 *
 * A transfer keeps its easy handle for the next request: what never changes is set once. */
#include "resolver/upstream/curl/curl.h"

#include "resolver/upstream/curl/transfer.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include <curl/curl.h>

#define NO_HTTP3_US (UINT64_C(30) * 60 * 1000000)

enum { ENDPOINTS_MAX = 64, MANY_LIVE = 16, CONNECTIONS_KEPT = 256 };

struct curl_exchange {
    struct exchange exchange; /* first */
    struct curl_exchange_params params;
    struct port *port;
    CURLM *multi;
    struct watches watches;
    struct port_timer timer; /* curl's */
    struct port_timer kick;  /* tells what was unreachable from the start */
    struct transfer *unreachable;
    size_t n_live;    /* transfers under way */
    unsigned n_begun; /* since curl's timer fired */
    struct known_endpoint endpoints[ENDPOINTS_MAX];
};

int curl_exchange_global_init(const char **ret_detail)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0) {
        *ret_detail = "its set-up failed";
        return -ENOTSUP;
    }
    const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
    if ((info->features & CURL_VERSION_SSL) == 0 || (info->features & CURL_VERSION_HTTP2) == 0) {
        *ret_detail = "it was built without TLS or without HTTP/2";
        curl_global_cleanup();
        return -ENOTSUP;
    }
    return 0;
}

void curl_exchange_global_done(void)
{
    curl_global_cleanup();
}

const char *curl_exchange_version(void)
{
    return curl_version();
}

bool curl_exchange_has_http3(void)
{
    return (curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_HTTP3) != 0;
}

/* ---- transfers ---- */

static struct transfer *obtain(struct curl_exchange *x, struct known_endpoint *known)
{
    struct transfer *t = known->free;
    if (t != NULL) {
        known->free = t->next;
    } else {
        t = transfer_new(&x->params, &x->watches, known);
    }
    x->n_live += t != NULL;
    return t;
}

static void release(struct curl_exchange *x, struct transfer *t)
{
    const struct lane *lane = t->lane;
    x->n_live--;
    transfer_release(t);
    if (lane->waits && lane->n_live == 0) {
        watches_end_rest(&x->watches, lane, 0);
    }
}

/* A whole reply came by a new connection. Those that owe one for longer, and have said nothing
 * since, are to get no more questions; what they have got they may answer yet. */
static void renew_silent(struct curl_exchange *x, struct known_endpoint *known, uint64_t since_us)
{
    for (size_t i = 0; i < ALL_LANES; i++) {
        struct lane *lane = &known->lanes[i];
        if (!lane->waits && watches_owe(&x->watches, lane, since_us)) {
            endpoint_renewed(known, lane, port_now_us(x->port));
        }
    }
}

/* Connections whose lane's heir has taken over, and which have nothing to do. */
static void end_old(struct curl_exchange *x, const struct known_endpoint *known)
{
    for (size_t i = 0; i < ALL_LANES; i++) {
        const struct lane *lane = &known->lanes[i];
        if (lane->waits && lane->n_live == 0) {
            watches_end_rest(&x->watches, lane, 0);
        }
    }
}

static void collect(struct curl_exchange *x)
{
    CURLMsg *message;
    int n_left;
    while ((message = curl_multi_info_read(x->multi, &n_left)) != NULL) {
        assert(message->msg == CURLMSG_DONE);
        CURLcode code = message->data.result;
        struct transfer *t;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t);
        curl_multi_remove_handle(x->multi, t->easy);
        if (transfer_goes_on(t, code) && curl_multi_add_handle(x->multi, t->easy) == CURLM_OK) {
            continue;
        }
        bool was_new = t->call == &t->endpoint->succession || t->renews;
        if (t->renews && code == CURLE_OK) {
            renew_silent(x, t->endpoint, t->began_us);
        }
        transfer_tell(t, code);
        release(x, t);
        if (was_new) {
            end_old(x, t->endpoint);
        }
    }
}

/* ---- curl's wishes to the port and back ---- */

/* `many`: requests are sent. Alone, one is faster at the other end when its header does not wait
 * for its body. */
static void act(struct curl_exchange *x, curl_socket_t fd, int action, bool many)
{
    int n_running;
    if (many) {
        watches_hold(&x->watches);
    }
    curl_multi_socket_action(x->multi, fd, action, &n_running);
    if (many) {
        watches_release(&x->watches);
    }
    collect(x);
}

static void on_ready(void *ctx, int fd, unsigned events)
{
    struct curl_exchange *x = ctx;
    int action =
        (events & PORT_READ ? CURL_CSELECT_IN : 0) | (events & PORT_WRITE ? CURL_CSELECT_OUT : 0);
    /* A connection that is ready at last sends what has waited for it. */
    act(x, fd, action, x->n_live > MANY_LIVE);
}

static void on_timer(struct port_timer *timer)
{
    struct curl_exchange *x =
        (struct curl_exchange *)((char *)timer - offsetof(struct curl_exchange, timer));
    bool many = x->n_begun > 1;
    x->n_begun = 0;
    act(x, CURL_SOCKET_TIMEOUT, 0, many);
}

static int want_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
    (void)socket_ctx;
    struct curl_exchange *x = ctx;
    if (what == CURL_POLL_REMOVE) {
        watches_rest(&x->watches, fd);
        return 0;
    }
    unsigned events = (what == CURL_POLL_IN || what == CURL_POLL_INOUT ? PORT_READ : 0u) |
                      (what == CURL_POLL_OUT || what == CURL_POLL_INOUT ? PORT_WRITE : 0u);
    struct transfer *t = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&t);
    return watches_want(&x->watches, fd, events, t != NULL ? t->lane : NULL) < 0 ? -1 : 0;
}

static int want_timer(CURLM *multi, long wait_ms, void *ctx)
{
    (void)multi;
    struct curl_exchange *x = ctx;
    if (wait_ms < 0) {
        port_timer_stop(x->port, &x->timer);
        return 0;
    }
    uint64_t at_us = port_now_us(x->port) + (uint64_t)wait_ms * 1000;
    return port_timer_start(x->port, &x->timer, at_us) < 0 ? -1 : 0;
}

/* ---- starting ---- */

static void on_kick(struct port_timer *timer)
{
    struct curl_exchange *x =
        (struct curl_exchange *)((char *)timer - offsetof(struct curl_exchange, kick));
    struct exchange_reply reply = {
        .result = EXCHANGE_UNREACHABLE, .media_type = "", .detail = "no address known"};
    while (x->unreachable != NULL) {
        struct transfer *t = x->unreachable;
        struct exchange_call *call = t->call;
        x->unreachable = t->next;
        call->handle = NULL;
        release(x, t);
        call->on_done(call, &reply);
    }
}

/* Sends it, or has it end as unreachable before long. False without memory. */
static bool send_off(struct curl_exchange *x, const struct known_endpoint *known,
                     struct transfer *t, const struct exchange_request *request)
{
    if (known->lanes[0].resolve != NULL || known->is_literal) {
        x->n_begun++;
        return transfer_set(t, request) && curl_multi_add_handle(x->multi, t->easy) == CURLM_OK;
    }
    if (port_timer_start(x->port, &x->kick, port_now_us(x->port)) < 0) {
        return false;
    }
    t->next = x->unreachable;
    x->unreachable = t;
    return true;
}

/* Whoever is known to close connections that rest would close these while we send. */
static void end_stale(struct curl_exchange *x, const struct lane *lane)
{
    uint64_t too_long_us = idle_too_long_us(&lane->endpoint->idle);
    if (too_long_us != UINT64_MAX) {
        watches_end_rest(&x->watches, lane, too_long_us);
    }
}

static void on_closed(void *ctx, const void *owner, uint64_t rested_us)
{
    struct curl_exchange *x = ctx;
    const struct lane *lane = owner;
    if (lane != NULL) {
        idle_note_closed(&lane->endpoint->idle, rested_us, port_now_us(x->port));
    }
}

/* The copy's answer is nobody's; that it came is what counts. */
static void on_succession(struct exchange_call *call, const struct exchange_reply *reply)
{
    struct known_endpoint *known =
        (struct known_endpoint *)((char *)call - offsetof(struct known_endpoint, succession));
    if (reply->result == EXCHANGE_DONE) {
        endpoint_succeed(known);
    }
}

/* When this lane's connections are old, the request's copy makes the next ones. */
static void replace_old(struct curl_exchange *x, struct lane *lane,
                        const struct exchange_request *request)
{
    struct known_endpoint *known = lane->endpoint;
    uint64_t age_us = (uint64_t)x->params.connection_age_s * 1000000;
    uint64_t now_us = port_now_us(x->port);
    struct lane *heir = endpoint_heir(known, lane, now_us, age_us);
    struct transfer *copy = heir != NULL ? obtain(x, known) : NULL;
    if (copy != NULL) {
        known->succession.on_done = on_succession;
        transfer_begin(copy, request, heir, &known->succession, now_us);
        if (!send_off(x, known, copy, request)) {
            known->succession.handle = NULL;
            release(x, copy);
        }
    }
}

static int curl_start(struct exchange *exchange, const struct exchange_request *request,
                      struct exchange_call *call)
{
    struct curl_exchange *x = (struct curl_exchange *)exchange;
    assert(request->endpoint->id < ENDPOINTS_MAX);
    struct known_endpoint *known = &x->endpoints[request->endpoint->id];
    if (endpoint_update(known, request->endpoint) < 0 || request->body.n > EXCHANGE_REQUEST_MAX) {
        return -EINVAL;
    }
    struct transfer *t = obtain(x, known);
    if (t == NULL) {
        return -ENOMEM;
    }
    const struct transfer *other = request->apart_from != NULL ? request->apart_from->handle : NULL;
    struct lane *lane = endpoint_lane(known, request->spread, other != NULL ? other->lane : NULL);
    uint64_t now_us = port_now_us(x->port);
    struct lane *silent = other != NULL ? other->lane : lane;
    struct lane *heir =
        request->renew ? endpoint_renew(known, silent, other != NULL, now_us) : NULL;
    end_stale(x, lane);
    transfer_begin(t, request, heir != NULL ? heir : lane, call, now_us);
    if (!send_off(x, known, t, request)) {
        call->handle = NULL;
        release(x, t);
        return -ENOMEM;
    }
    if (heir == NULL) {
        replace_old(x, lane, request);
    }
    return 0;
}

static void curl_cancel(struct exchange *exchange, struct exchange_call *call)
{
    struct curl_exchange *x = (struct curl_exchange *)exchange;
    struct transfer *t = call->handle;
    if (t == NULL) {
        return;
    }
    call->handle = NULL;
    struct transfer **at = &x->unreachable;
    while (*at != NULL && *at != t) {
        at = &(*at)->next;
    }
    if (*at == t) {
        *at = t->next;
    } else {
        curl_multi_remove_handle(x->multi, t->easy);
    }
    release(x, t);
}

static void curl_doubt(struct exchange *exchange, const struct exchange_endpoint *endpoint,
                       uint64_t silent_us)
{
    struct curl_exchange *x = (struct curl_exchange *)exchange;
    struct known_endpoint *known = &x->endpoints[endpoint->id];
    for (size_t i = 0; i < ALL_LANES; i++) {
        if (known->lanes[i].n_live > 0 && watches_doubt(&x->watches, &known->lanes[i], silent_us)) {
            known->no_http3_until_us = port_now_us(x->port) + NO_HTTP3_US;
        }
    }
}

static void curl_retire(struct exchange *exchange)
{
    struct curl_exchange *x = (struct curl_exchange *)exchange;
    for (size_t i = 0; i < ENDPOINTS_MAX; i++) {
        endpoint_forget(&x->endpoints[i]);
    }
    watches_retire(&x->watches);
}

static void curl_free_exchange(struct exchange *exchange)
{
    struct curl_exchange *x = (struct curl_exchange *)exchange;
    for (size_t i = 0; i < ENDPOINTS_MAX; i++) {
        curl_cancel(exchange, &x->endpoints[i].succession);
        while (x->endpoints[i].free != NULL) {
            struct transfer *t = x->endpoints[i].free;
            x->endpoints[i].free = t->next;
            transfer_free(t);
        }
    }
    /* Closes the connections, and with them the watches. */
    curl_multi_cleanup(x->multi);
    watches_done(&x->watches);
    port_timer_stop(x->port, &x->timer);
    port_timer_stop(x->port, &x->kick);
    for (size_t i = 0; i < ENDPOINTS_MAX; i++) {
        endpoint_done(&x->endpoints[i]);
    }
    free(x);
}

struct exchange *curl_exchange_new(const struct curl_exchange_params *params, struct port *port)
{
    static const struct exchange_ops ops = {curl_start, curl_cancel, curl_doubt, curl_retire,
                                            curl_free_exchange};
    struct curl_exchange *x = calloc(1, sizeof *x);
    CURLM *multi = curl_multi_init();
    if (x == NULL || multi == NULL) {
        curl_multi_cleanup(multi);
        free(x);
        return NULL;
    }
    x->exchange.ops = &ops;
    x->params = *params;
    x->port = port;
    x->multi = multi;
    watches_init(&x->watches, port, on_ready, x);
    x->watches.on_closed = on_closed;
    x->timer.on_fire = on_timer;
    x->kick.on_fire = on_kick;
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, want_socket);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, x);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, want_timer);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, x);
    curl_multi_setopt(multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
    /* Of itself it keeps four for each transfer under way, and closes others that only rest. */
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT);
    curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, params->max_connections);
    return &x->exchange;
}
