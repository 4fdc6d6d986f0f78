/* SPDX-License-Identifier: MIT */
/* libcurl's multi interface on a port: curl says which sockets and which time it waits for, the
 * port says when they come; finished transfers are collected outside curl's callbacks, so that
 * whoever is told may start and cancel others.
 *
 * A transfer keeps its easy handle for the next request: what never changes is set once. */
#include "resolver/upstream/curl/curl.h"

#include "resolver/upstream/curl/endpoint.h"
#include "resolver/upstream/curl/road.h"
#include "resolver/upstream/fields.h"
#include "resolver/upstream/watches.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <curl/curl.h>

enum {
    ENDPOINTS_MAX = 64,
    HEADER_BYTES_MAX = 16384,
    HEADERS_MAX = 100,
    STREAMS_A_CONNECTION = 100, /* RFC 9113 section 6.5.2: servers should allow so many */
    FRAME_MAX = 16384,          /* of HTTP/2: libcurl 7.88 loses what does not fit its buffer */
    MANY_LIVE = 16,
    CONNECTIONS_KEPT = 256,
    FRESH_MAX = 2,    /* at once: what broke together need not have a connection each */
    BODY_KEPT = 1024, /* a larger buffer is not kept for the next request */
    RETRY_AFTER_MAX_S = 300,
};

struct curl_exchange;

struct transfer {
    struct curl_exchange *exchange;
    CURL *easy;
    struct known_endpoint *endpoint; /* it serves no other: its options stay */
    struct lane *lane;
    struct curl_slist *connects_to; /* the lane's, as set */
    struct exchange_call *call;
    struct transfer *next; /* in its endpoint's free list or among the unreachable */
    bool is_set, is_post, is_fresh, is_eager; /* which options it has */
    bool wants_fresh;                         /* counted in endpoint->n_fresh */
    struct curl_slist *headers;               /* this request's own; NULL: the endpoint's */
    uint8_t request[EXCHANGE_REQUEST_MAX];
    uint8_t *body;
    size_t n_body, body_room, body_max;
    size_t header_bytes;
    unsigned n_headers;
    bool has_age, encoded, too_large, wants_date;
    uint32_t age_s;
    bool has_max_age;
    uint32_t max_age_s;
    int64_t date_s;
    char proxy_status[EXCHANGE_DETAIL_MAX];
    char detail[CURL_ERROR_SIZE];
};

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

/* ---- what comes in ---- */

static size_t on_body(char *at, size_t size, size_t n, void *ctx)
{
    struct transfer *t = ctx;
    n *= size;
    if (n > t->body_max - t->n_body) {
        t->too_large = true;
        return 0;
    }
    if (t->n_body + n > t->body_room) {
        size_t room = t->n_body + n < BODY_KEPT ? BODY_KEPT : t->body_max;
        uint8_t *body = realloc(t->body, room);
        if (body == NULL) {
            return 0;
        }
        t->body = body;
        t->body_room = room;
    }
    memcpy(t->body + t->n_body, at, n);
    t->n_body += n;
    return n;
}

static void note_max_age(struct transfer *t, struct bytes control)
{
    uint32_t max_age_s;
    if (fields_max_age(control, &max_age_s)) {
        t->max_age_s = t->has_max_age && t->max_age_s < max_age_s ? t->max_age_s : max_age_s;
        t->has_max_age = true;
    }
}

static void note_proxy_status(struct transfer *t, struct bytes value)
{
    if (value.n > 0) {
        snprintf(t->proxy_status, sizeof t->proxy_status, "%.*s", (int)value.n,
                 (const char *)value.at);
    }
}

static size_t on_header(char *at, size_t size, size_t n, void *ctx)
{
    struct transfer *t = ctx;
    n *= size;
    t->header_bytes += n;
    if (++t->n_headers > HEADERS_MAX || t->header_bytes > HEADER_BYTES_MAX) {
        snprintf(t->detail, sizeof t->detail, "too many header fields");
        return 0;
    }
    struct bytes line = bytes_of(at, n);
    struct bytes age = fields_value(line, "age");
    struct bytes encoding = fields_value(line, "content-encoding");
    if (age.at != NULL && !t->has_age) {
        t->has_age = true;
        t->age_s = fields_seconds(age);
    }
    note_max_age(t, fields_value(line, "cache-control"));
    if (t->wants_date && fields_value(line, "date").n > 0) {
        t->date_s = fields_date(fields_value(line, "date"));
    }
    note_proxy_status(t, fields_value(line, "proxy-status"));
    if (encoding.n > 0) {
        t->encoded = true;
        return 0;
    }
    return n;
}

/* ---- transfers ---- */

static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct curl_exchange *x = ctx;
    (void)purpose;
    return watches_socket(&x->watches, address->family, address->socktype | SOCK_CLOEXEC,
                          address->protocol);
}

static int close_socket(void *ctx, curl_socket_t fd)
{
    struct curl_exchange *x = ctx;
    watches_forget(&x->watches, fd);
    return close(fd);
}

static bool set_fixed_options(struct curl_exchange *x, struct transfer *t)
{
    CURL *e = t->easy;
    long connect_ms = (long)x->params.connect_timeout_ms,
         total_ms = (long)x->params.total_timeout_ms;
    return curl_easy_setopt(e, CURLOPT_PRIVATE, t) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_NETRC, CURL_NETRC_IGNORED) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_TCP_NODELAY, 1L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_BUFFERSIZE, (long)FRAME_MAX) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_UPLOAD_BUFFERSIZE, (long)FRAME_MAX) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_USERAGENT, x->params.user_agent) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, connect_ms) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, total_ms) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_WRITEDATA, t) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_HEADERDATA, t) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, x) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_CLOSESOCKETFUNCTION, close_socket) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_CLOSESOCKETDATA, x) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->detail) == CURLE_OK;
}

static void transfer_free(struct transfer *t)
{
    curl_slist_free_all(t->headers);
    curl_easy_cleanup(t->easy);
    free(t->body);
    free(t);
}

static struct transfer *transfer_obtain(struct curl_exchange *x, struct known_endpoint *known)
{
    struct transfer *t = known->free;
    if (t != NULL) {
        known->free = t->next;
        known->n_live++;
        x->n_live++;
        return t;
    }
    t = calloc(1, sizeof *t);
    if (t == NULL) {
        return NULL;
    }
    t->exchange = x;
    t->endpoint = known;
    t->easy = curl_easy_init();
    if (t->easy == NULL || !set_fixed_options(x, t)) {
        transfer_free(t);
        return NULL;
    }
    known->n_live++;
    x->n_live++;
    return t;
}

static void transfer_release(struct transfer *t)
{
    if (t->body_room > BODY_KEPT) {
        free(t->body);
        t->body = NULL;
        t->body_room = 0;
    }
    if (t->headers != NULL) {
        curl_slist_free_all(t->headers);
        t->headers = NULL;
        t->is_set = false;
    }
    t->call = NULL;
    t->endpoint->n_fresh -= t->wants_fresh;
    t->lane->n_live--;
    t->endpoint->n_live--;
    t->exchange->n_live--;
    t->next = t->endpoint->free;
    t->endpoint->free = t;
}

/* ---- the end of a transfer ---- */

static enum exchange_result result_of(const struct transfer *t, CURLcode code)
{
    curl_off_t connected_us = 0;
    switch ((int)code) {
    case CURLE_OK:
        return EXCHANGE_DONE;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
        return EXCHANGE_UNTRUSTED;
    case CURLE_SSL_CONNECT_ERROR:
        return EXCHANGE_TLS_FAILED;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
        return EXCHANGE_UNREACHABLE;
    default:
        break;
    }
    if (t->too_large) {
        return EXCHANGE_TOO_LARGE;
    }
    curl_easy_getinfo(t->easy, CURLINFO_APPCONNECT_TIME_T, &connected_us);
    return code == CURLE_OPERATION_TIMEDOUT && connected_us == 0 ? EXCHANGE_UNREACHABLE
                                                                 : EXCHANGE_BROKEN;
}

static void transfer_tell(struct transfer *t, CURLcode code)
{
    struct exchange_reply reply = {.result = result_of(t, code), .media_type = "", .detail = ""};
    if (reply.result == EXCHANGE_DONE) {
        long status = 0, n_connects = 0;
        curl_off_t retry_after_s = 0;
        char *type = NULL;
        curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &retry_after_s);
        curl_easy_getinfo(t->easy, CURLINFO_NUM_CONNECTS, &n_connects);
        curl_easy_getinfo(t->easy, CURLINFO_CONTENT_TYPE, &type);
        t->lane->resolved = true;
        reply.status = (unsigned)status;
        reply.connected = n_connects > 0;
        reply.media_type = type != NULL ? type : "";
        reply.age_s = t->age_s;
        reply.has_max_age = t->has_max_age;
        reply.max_age_s = t->max_age_s;
        reply.date_s = t->date_s;
        reply.proxy_status = t->proxy_status[0] != '\0' ? t->proxy_status : NULL;
        reply.retry_after_s =
            retry_after_s > RETRY_AFTER_MAX_S ? RETRY_AFTER_MAX_S : (uint32_t)retry_after_s;
        reply.body = bytes_of(t->body, t->n_body);
    } else if (t->encoded) {
        reply.detail = "encoded content, which was not asked for";
    } else if (t->too_large) {
        reply.detail = "more octets than a reply may have";
    } else {
        reply.detail = t->detail[0] != '\0' ? t->detail : curl_easy_strerror(code);
    }
    struct exchange_call *call = t->call;
    call->handle = NULL;
    call->on_done(call, &reply);
    transfer_release(t);
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
        transfer_tell(t, code);
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
    return watches_want(&x->watches, fd, events, t != NULL ? t->endpoint : NULL) < 0 ? -1 : 0;
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

/* An own CA file is trusted instead of the system's roots, not beside them. */
static bool set_endpoint(struct transfer *t, const struct exchange_endpoint *endpoint)
{
    CURL *e = t->easy;
    return curl_easy_setopt(e, CURLOPT_URL, endpoint->url) == CURLE_OK &&
           (!endpoint->plaintext ||
            curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "https,http") == CURLE_OK) &&
           (endpoint->ca_file == NULL ||
            (curl_easy_setopt(e, CURLOPT_CAINFO, endpoint->ca_file) == CURLE_OK &&
             curl_easy_setopt(e, CURLOPT_CAPATH, NULL) == CURLE_OK)) &&
           road_set(e, &endpoint->road);
}

static bool set_method(struct transfer *t, const struct exchange_request *request)
{
    CURL *e = t->easy;
    bool post = request->method == EXCHANGE_POST;
    struct curl_slist *headers =
        request->header == NULL ? endpoint_headers(t->endpoint, request->media_type, post) : NULL;
    if (headers == NULL) {
        t->headers = endpoint_make_headers(request->media_type, post, request->header);
        headers = t->headers;
    }
    return headers != NULL &&
           curl_easy_setopt(e, post ? CURLOPT_POST : CURLOPT_HTTPGET, 1L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_HTTPHEADER, headers) == CURLE_OK;
}

/* Requests wait for a connection that is being made, rather than to make one each; but one in
 * STREAMS_A_CONNECTION does not: a burst over a cold pool gets the connections that it will need
 * at once, and not after it has filled the first. Sets what is not as it was with the transfer's
 * last request. */
static bool set_request(struct transfer *t, const struct exchange_request *request)
{
    CURL *e = t->easy;
    bool post = request->method == EXCHANGE_POST, good = true;
    bool eager = (t->lane->n_live - 1) % STREAMS_A_CONNECTION == 0;
    struct curl_slist *resolve = t->lane->resolved ? NULL : t->lane->resolve;
    if (!t->is_set) {
        good = set_endpoint(t, request->endpoint);
    }
    bool own_headers =
        request->header != NULL || strcmp(t->endpoint->media_type, request->media_type) != 0;
    if (good && (!t->is_set || t->is_post != post || own_headers)) {
        good = set_method(t, request);
    }
    if (good && (!t->is_set || t->is_fresh != t->wants_fresh)) {
        good = curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, (long)t->wants_fresh) == CURLE_OK;
    }
    if (good && (!t->is_set || t->is_eager != eager)) {
        good = curl_easy_setopt(e, CURLOPT_PIPEWAIT, (long)!eager) == CURLE_OK;
    }
    if (good && post) {
        memcpy(t->request, request->body.at, request->body.n);
        good = curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE, (long)request->body.n) == CURLE_OK &&
               curl_easy_setopt(e, CURLOPT_POSTFIELDS, t->request) == CURLE_OK;
    } else if (good && request->target != NULL) {
        good = curl_easy_setopt(e, CURLOPT_URL, request->target) == CURLE_OK;
    }
    t->is_set = good && post; /* a GET's URL is no other request's */
    t->is_post = post;
    t->is_fresh = t->wants_fresh;
    t->is_eager = eager;
    if (good && t->connects_to != t->lane->connect_to) {
        good = curl_easy_setopt(e, CURLOPT_CONNECT_TO, t->lane->connect_to) == CURLE_OK;
        t->connects_to = t->lane->connect_to;
    }
    return good && curl_easy_setopt(e, CURLOPT_RESOLVE, resolve) == CURLE_OK;
}

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
        transfer_release(t);
        call->on_done(call, &reply);
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
    struct transfer *t = transfer_obtain(x, known);
    if (t == NULL) {
        return -ENOMEM;
    }
    const struct transfer *other = request->apart_from != NULL ? request->apart_from->handle : NULL;
    t->lane = endpoint_lane(known, request->spread, other != NULL ? other->lane : NULL);
    t->lane->n_live++;
    t->call = call;
    t->wants_fresh = request->fresh && known->n_fresh < FRESH_MAX;
    known->n_fresh += t->wants_fresh;
    t->n_body = t->header_bytes = 0;
    t->n_headers = 0;
    t->has_max_age = t->has_age = t->encoded = t->too_large = false;
    t->age_s = 0;
    t->body_max = request->body_max != 0 ? request->body_max : EXCHANGE_BODY_MAX;
    t->wants_date = request->wants_date;
    t->date_s = 0;
    t->proxy_status[0] = '\0';
    t->detail[0] = '\0';
    call->handle = t;
    if (known->lanes[0].resolve == NULL && !known->is_literal) {
        t->next = x->unreachable;
        x->unreachable = t;
        return port_timer_start(x->port, &x->kick, port_now_us(x->port));
    }
    if (!set_request(t, request) || curl_multi_add_handle(x->multi, t->easy) != CURLM_OK) {
        call->handle = NULL;
        transfer_release(t);
        return -ENOMEM;
    }
    x->n_begun++;
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
    transfer_release(t);
}

static void curl_doubt(struct exchange *exchange, const struct exchange_endpoint *endpoint,
                       uint64_t silent_us)
{
    struct curl_exchange *x = (struct curl_exchange *)exchange;
    watches_doubt(&x->watches, &x->endpoints[endpoint->id], silent_us);
}

static void curl_retire(struct exchange *exchange)
{
    watches_retire(&((struct curl_exchange *)exchange)->watches);
}

static void curl_free_exchange(struct exchange *exchange)
{
    struct curl_exchange *x = (struct curl_exchange *)exchange;
    for (size_t i = 0; i < ENDPOINTS_MAX; i++) {
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
