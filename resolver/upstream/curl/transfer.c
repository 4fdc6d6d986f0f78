/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/curl/transfer.h"

#include "resolver/upstream/curl/detail.h"
#include "resolver/upstream/curl/redirect.h"
#include "resolver/upstream/curl/road.h"
#include "resolver/upstream/fields.h"
#include "resolver/upstream/outlet.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    HEADER_BYTES_MAX = 16384,
    HEADERS_MAX = 100,
    FRAME_MAX = 16384, /* of HTTP/2: libcurl 7.88 loses what does not fit its buffer */
    FRESH_MAX = 2,     /* at once: what broke together need not have a connection each */
    BODY_KEPT = 1024,  /* a larger buffer is not kept for the next request */
    RETRY_AFTER_MAX_S = 300,
};

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
        t->age_s = fields_age(age);
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

/* ---- a transfer between its requests ---- */

static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct watches *watches = ctx;
    (void)purpose;
    return watches_socket(watches, address->family, address->socktype | SOCK_CLOEXEC,
                          address->protocol);
}

static int close_socket(void *ctx, curl_socket_t fd)
{
    struct watches *watches = ctx;
    watches_forget(watches, fd);
    return close(fd);
}

static bool set_fixed_options(struct transfer *t, const struct curl_exchange_params *params,
                              struct watches *watches)
{
    CURL *e = t->easy;
    long connect_ms = (long)params->connect_timeout_ms, total_ms = (long)params->total_timeout_ms;
    /* Lanes have heirs: nobody has to wait for a new connection. */
    long age_s = t->endpoint->has_lanes ? 0 : (long)params->connection_age_s;
    return curl_easy_setopt(e, CURLOPT_PRIVATE, t) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK &&
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
           curl_easy_setopt(e, CURLOPT_USERAGENT, params->user_agent) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, connect_ms) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, total_ms) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_WRITEDATA, t) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_HEADERDATA, t) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, watches) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_CLOSESOCKETFUNCTION, close_socket) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_CLOSESOCKETDATA, watches) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_MAXLIFETIME_CONN, age_s) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->detail) == CURLE_OK;
}
struct transfer *transfer_new(const struct curl_exchange_params *params, struct watches *watches,
                              struct known_endpoint *endpoint)
{
    struct transfer *t = calloc(1, sizeof *t);
    if (t == NULL) {
        return NULL;
    }
    t->endpoint = endpoint;
    t->easy = curl_easy_init();
    if (t->easy == NULL || !endpoint_share_sessions(endpoint, t->easy) ||
        !set_fixed_options(t, params, watches)) {
        transfer_free(t);
        return NULL;
    }
    return t;
}

void transfer_free(struct transfer *t)
{
    curl_slist_free_all(t->headers);
    curl_easy_cleanup(t->easy);
    free(t->body);
    free(t);
}

void transfer_release(struct transfer *t)
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
    t->lane->n_renewing -= t->renews;
    t->lane->n_live--;
    t->next = t->endpoint->free;
    t->endpoint->free = t;
}
/* ---- the request ---- */

static bool wants_http3(const struct transfer *t, const struct exchange_endpoint *endpoint)
{
    return endpoint->http3 && curl_exchange_has_http3() &&
           t->began_us >= t->endpoint->no_http3_until_us;
}

static bool set_endpoint(struct transfer *t, const struct exchange_endpoint *endpoint)
{
    CURL *e = t->easy;
    t->road = &endpoint->road;
    long http = t->is_http3 ? CURL_HTTP_VERSION_3 : CURL_HTTP_VERSION_2TLS;
    return curl_easy_setopt(e, CURLOPT_HTTP_VERSION, http) == CURLE_OK &&
           (!endpoint->plaintext ||
            curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "https,http") == CURLE_OK) &&
           road_trust(e, endpoint->ca_file) && road_set(e, &endpoint->road);
}

/* `parts`: of the same URL, when they are known. With a new libcurl what is set last is all there
 * is, with an old one the parts count wherever there are any. */
static bool set_url(struct transfer *t, const char *url, CURLU *parts)
{
    return (parts != NULL || curl_easy_setopt(t->easy, CURLOPT_CURLU, NULL) == CURLE_OK) &&
           curl_easy_setopt(t->easy, CURLOPT_URL, url) == CURLE_OK &&
           (parts == NULL || curl_easy_setopt(t->easy, CURLOPT_CURLU, parts) == CURLE_OK);
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

static void hear_nothing(struct transfer *t)
{
    t->n_body = t->header_bytes = 0;
    t->n_headers = 0;
    t->has_max_age = t->has_age = t->encoded = t->too_large = false;
    t->age_s = 0;
    t->date_s = 0;
    t->proxy_status[0] = '\0';
    t->detail[0] = '\0';
}

/* Must a connection be made for it? Where there are no lanes that is all one can do. */
static bool insists(const struct transfer *t, const struct exchange_request *request)
{
    if (t->renews) {
        return t->lane->renews_us == t->began_us;
    }
    bool was_done = request->renew && endpoint_is_renewed(t->lane, t->began_us);
    return (request->fresh && !was_done) || (request->renew && !t->endpoint->has_lanes);
}

void transfer_begin(struct transfer *t, const struct exchange_request *request, struct lane *lane,
                    struct exchange_call *call, uint64_t now_us)
{
    struct known_endpoint *known = t->endpoint;
    t->lane = lane;
    t->lane->n_live++;
    t->began_us = now_us;
    t->call = call;
    t->renews = request->renew && lane->waits;
    lane->n_renewing += t->renews;
    t->wants_fresh = insists(t, request) && known->n_fresh < FRESH_MAX;
    known->n_fresh += t->wants_fresh;
    hear_nothing(t);
    t->body_max = request->body_max != 0 ? request->body_max : EXCHANGE_BODY_MAX;
    t->wants_date = request->wants_date;
    t->may_follow = request->endpoint->redirects;
    t->may_repeat = true;
    call->handle = t;
}

/* Requests to one that multiplexes wait for a connection that is being made, rather than to make
 * one each; but one in STREAMS_A_CONNECTION does not: a burst over a cold pool gets the connections
 * that it will need at once, and not after it has filled the first. Sets what is not as it was with
 * the transfer's last request. */
bool transfer_set(struct transfer *t, const struct exchange_request *request)
{
    CURL *e = t->easy;
    bool post = request->method == EXCHANGE_POST, good = true;
    bool eager = t->endpoint->is_serial || (t->lane->n_live - 1) % STREAMS_A_CONNECTION == 0;
    struct curl_slist *resolve = t->lane->resolved ? NULL : t->lane->resolve;
    bool http3 = wants_http3(t, request->endpoint);
    t->is_set = t->is_set && t->is_http3 == http3;
    t->is_http3 = http3;
    if (!t->is_set) {
        good = set_endpoint(t, request->endpoint);
    }
    if (good && (!t->is_set || t->is_elsewhere || request->target != NULL)) {
        good = set_url(t, request->target != NULL ? request->target : request->endpoint->url,
                       request->target == NULL ? t->endpoint->url : NULL);
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
    }
    t->is_set = good;
    t->is_elsewhere = request->target != NULL;
    t->is_post = post;
    t->is_fresh = t->wants_fresh;
    t->is_eager = eager;
    if (good && t->connects_to != t->lane->connect_to) {
        good = curl_easy_setopt(e, CURLOPT_CONNECT_TO, t->lane->connect_to) == CURLE_OK;
        t->connects_to = t->lane->connect_to;
    }
    return good && curl_easy_setopt(e, CURLOPT_RESOLVE, resolve) == CURLE_OK;
}
/* ---- the reply ---- */

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
    case CURLE_INTERFACE_FAILED: /* the source address is none of ours */
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
/* When packets may not even leave, curl knows that no connection came about, and not why. */
static bool note_outlet(struct transfer *t)
{
    char words[OUTLET_TEXT_MAX];
    int error;
    enum outlet_trouble trouble = outlet_try(t->road, &error);
    if (trouble != OUTLET_OPEN) {
        snprintf(t->detail, sizeof t->detail, "%s", outlet_words(t->road, trouble, error, words));
    }
    return trouble != OUTLET_OPEN;
}

static enum exchange_http http_of(CURL *easy)
{
    long version = CURL_HTTP_VERSION_NONE;
    curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
    return version >= CURL_HTTP_VERSION_3      ? EXCHANGE_HTTP3
           : version >= CURL_HTTP_VERSION_2_0  ? EXCHANGE_HTTP2
           : version != CURL_HTTP_VERSION_NONE ? EXCHANGE_HTTP1
                                               : EXCHANGE_HTTP_UNKNOWN;
}

static bool follow(struct transfer *t)
{
    long status = 0;
    char *from = NULL, *to = NULL;
    t->may_follow = false;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(t->easy, CURLINFO_EFFECTIVE_URL, &from);
    curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &to);
    if (from == NULL || to == NULL || !redirect_keeps(status, t->is_post) ||
        !redirect_stays(from, to) || !set_url(t, to, NULL)) {
        return false;
    }
    t->is_elsewhere = true;
    hear_nothing(t);
    return true;
}

/* What a GOAWAY leaves out libcurl sends again by itself; but 7.88 ends the last one on such a
 * connection with CURLE_HTTP2. */
bool transfer_goes_on(struct transfer *t, CURLcode code)
{
    if (code == CURLE_HTTP2 && t->may_repeat && t->n_headers == 0) {
        t->may_repeat = false;
        hear_nothing(t);
        return true;
    }
    return code == CURLE_OK && t->may_follow && follow(t);
}

/* libcurl makes a number below zero of a date that is over. */
static uint32_t pause_of(curl_off_t retry_after_s)
{
    curl_off_t least_s = retry_after_s < 0 ? 0 : retry_after_s;
    return least_s > RETRY_AFTER_MAX_S ? RETRY_AFTER_MAX_S : (uint32_t)least_s;
}

void transfer_tell(struct transfer *t, CURLcode code)
{
    struct exchange_reply reply = {.result = result_of(t, code), .media_type = "", .detail = ""};
    if (reply.result != EXCHANGE_DONE && !t->encoded && !t->too_large && note_outlet(t)) {
        reply.result = EXCHANGE_UNREACHABLE;
    }
    if (reply.result == EXCHANGE_DONE) {
        long status = 0, n_connects = 0;
        curl_off_t retry_after_s = 0;
        char *type = NULL;
        curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &retry_after_s);
        curl_easy_getinfo(t->easy, CURLINFO_NUM_CONNECTS, &n_connects);
        curl_easy_getinfo(t->easy, CURLINFO_CONTENT_TYPE, &type);
        t->lane->resolved = true;
        if (n_connects > 0 && t->lane->n_live == 1) {
            t->lane->born_us = t->began_us; /* all its connections are new */
        }
        reply.http = http_of(t->easy);
        t->endpoint->is_serial = reply.http == EXCHANGE_HTTP1;
        reply.status = (unsigned)status;
        reply.connected = n_connects > 0;
        reply.media_type = type != NULL ? type : "";
        reply.age_s = t->age_s;
        reply.has_max_age = t->has_max_age;
        reply.max_age_s = t->max_age_s;
        reply.date_s = t->date_s;
        reply.proxy_status = t->proxy_status[0] != '\0' ? t->proxy_status : NULL;
        reply.retry_after_s = pause_of(retry_after_s);
        reply.body = bytes_of(t->body, t->n_body);
    } else if (t->encoded) {
        reply.detail = "encoded content, which was not asked for";
    } else if (t->too_large) {
        reply.detail = "more octets than a reply may have";
    } else {
        detail_shorten(t->detail);
        reply.detail = t->detail[0] != '\0' ? t->detail : curl_easy_strerror(code);
    }
    struct exchange_call *call = t->call;
    call->handle = NULL;
    call->on_done(call, &reply);
}
