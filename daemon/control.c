/* SPDX-License-Identifier: MIT */
#include "daemon/control.h"

#include "resolver/late.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <microhttpd.h>

enum { IDLE_S = 10, CONNECTION_MEMORY = 16384 };

#define FUNCTIONS(X)                   \
    X(MHD_start_daemon)                \
    X(MHD_quiesce_daemon)              \
    X(MHD_stop_daemon)                 \
    X(MHD_get_connection_values)       \
    X(MHD_create_response_from_buffer) \
    X(MHD_add_response_header)         \
    X(MHD_queue_response)              \
    X(MHD_destroy_response)

struct functions {
    FUNCTIONS(LATE_MEMBER)
};

static const char *const names[] = {FUNCTIONS(LATE_NAME)};

struct control {
    struct control_params params;
    struct functions lib;
    struct MHD_Daemon *http;
    uv_async_t asked;
    pthread_mutex_t lock;
    pthread_cond_t answered;
    /* Under the lock: the one request that is under way. */
    bool waiting;    /* for the main thread to take it */
    uint64_t ticket; /* counts requests: an answer to an older one finds nobody */
    bool has_answer;
    bool closing;
    struct control_request request;
    struct control_answer answer;
};

/* ---- the main thread ---- */

static void on_asked(uv_async_t *async)
{
    struct control *c = async->data;
    pthread_mutex_lock(&c->lock);
    bool taken = c->waiting;
    uint64_t ticket = c->ticket;
    struct control_request request = c->request;
    c->waiting = false;
    pthread_mutex_unlock(&c->lock);
    if (!taken) {
        return;
    }
    struct control_answer answer = {500, NULL};
    c->params.on_request(c->params.ctx, &request, &answer);
    pthread_mutex_lock(&c->lock);
    if (ticket == c->ticket && !c->has_answer) {
        c->answer = answer;
        c->has_answer = true;
        answer.json = NULL;
        pthread_cond_signal(&c->answered);
    }
    pthread_mutex_unlock(&c->lock);
    free(answer.json);
}

/* ---- the listener's thread ---- */

static struct timespec patience_ends(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += CONTROL_PATIENCE_MS / 1000;
    return at;
}

/* Hands the request over and waits; the answer's JSON is NULL when the main thread is busy. */
static struct control_answer hand_over(struct control *c, const struct control_request *request)
{
    struct control_answer answer = {503, NULL};
    struct timespec until = patience_ends();
    pthread_mutex_lock(&c->lock);
    c->request = *request;
    c->ticket++;
    c->has_answer = false;
    c->waiting = !c->closing;
    if (c->waiting) {
        uv_async_send(&c->asked);
    }
    int late = 0;
    while (!c->has_answer && !c->closing && late == 0) {
        late = pthread_cond_timedwait(&c->answered, &c->lock, &until);
    }
    if (c->has_answer) {
        answer = c->answer;
    }
    c->has_answer = true; /* a later answer finds nobody */
    c->waiting = false;
    pthread_mutex_unlock(&c->lock);
    return answer;
}

static enum MHD_Result reply(const struct functions *lib, struct MHD_Connection *connection,
                             struct control_answer answer)
{
    static char busy[] = "{\"error\":\"the daemon is busy or ending: try again\"}";
    bool given = answer.json != NULL;
    char *text = given ? answer.json : busy;
    struct MHD_Response *response = lib->MHD_create_response_from_buffer(
        strlen(text), text, given ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
    if (response == NULL) {
        free(answer.json);
        return MHD_NO;
    }
    lib->MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
    lib->MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    unsigned status = answer.status == 200 && !given ? 500 : answer.status;
    enum MHD_Result result = lib->MHD_queue_response(connection, status, response);
    lib->MHD_destroy_response(response);
    return result;
}

static enum MHD_Result take_argument(void *ctx, enum MHD_ValueKind kind, const char *key,
                                     const char *value)
{
    (void)kind;
    (void)key;
    struct control_request *request = ctx;
    if (value != NULL && strlen(value) < sizeof request->argument) {
        memcpy(request->argument, value, strlen(value) + 1);
    }
    return MHD_NO; /* the first is all there is */
}

/* libmicrohttpd calls it once for the headers, again for each part of a body, and a last time. */
static enum MHD_Result on_http(void *ctx, struct MHD_Connection *connection, const char *url,
                               const char *method, const char *version, const char *upload,
                               size_t *n_upload, void **ret_seen)
{
    static int seen;
    (void)version;
    (void)upload;
    if (*ret_seen == NULL) {
        *ret_seen = &seen;
        return MHD_YES;
    }
    if (*n_upload > 0) {
        return MHD_NO;
    }
    struct control *c = ctx;
    bool is_post = strcmp(method, MHD_HTTP_METHOD_POST) == 0;
    struct control_request request = {.is_post = is_post};
    if ((!is_post && strcmp(method, MHD_HTTP_METHOD_GET) != 0) ||
        strlen(url) >= sizeof request.path) {
        return reply(&c->lib, connection, (struct control_answer){405, NULL});
    }
    memcpy(request.path, url, strlen(url) + 1);
    c->lib.MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, take_argument, &request);
    return reply(&c->lib, connection, hand_over(c, &request));
}

/* ---- life ---- */

static void init_waiting(struct control *c)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&c->answered, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&c->lock, NULL);
}

static void on_closed(uv_handle_t *handle)
{
    struct control *c = handle->data;
    pthread_cond_destroy(&c->answered);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

/* gives it, without its thread. */
static struct control *make(const struct control_params *params, const char **ret_detail)
{
    struct control *c = calloc(1, sizeof *c);
    if (c == NULL) {
        *ret_detail = "no memory for it";
        return NULL;
    }
    if (late_load(LIBMICROHTTPD_SONAME, names, sizeof names / sizeof names[0], &c->lib) < 0) {
        *ret_detail = "the library " LIBMICROHTTPD_SONAME " is not installed, or too old";
        free(c);
        return NULL;
    }
    c->params = *params;
    init_waiting(c);
    uv_async_init(&params->loop->uv, &c->asked, on_asked);
    c->asked.data = c;
    return c;
}

struct control *control_new(const struct control_params *params, const char **ret_detail)
{
    struct control *c = make(params, ret_detail);
    if (c == NULL) {
        close(params->fd);
        return NULL;
    }
    c->http = c->lib.MHD_start_daemon(
        MHD_USE_POLL | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ITC, 0, NULL, NULL, on_http, c,
        MHD_OPTION_LISTEN_SOCKET, params->fd, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)CONTROL_CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_END);
    if (c->http == NULL) {
        *ret_detail = "no thread for it";
        close(params->fd);
        return control_free(c);
    }
    return c;
}

/* Its thread may be waiting for this one: it is told to give up first. */
struct control *control_free(struct control *c)
{
    if (c == NULL) {
        return NULL;
    }
    pthread_mutex_lock(&c->lock);
    c->closing = true;
    pthread_cond_signal(&c->answered);
    pthread_mutex_unlock(&c->lock);
    if (c->http != NULL) {
        /* The socket may be the service manager's too: it is closed here, never shut down. */
        MHD_socket listening = c->lib.MHD_quiesce_daemon(c->http);
        c->lib.MHD_stop_daemon(c->http);
        if (listening != MHD_INVALID_SOCKET) {
            close(listening);
        }
    }
    uv_close((uv_handle_t *)&c->asked, on_closed);
    return NULL;
}
