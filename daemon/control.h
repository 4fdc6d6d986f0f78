/* SPDX-License-Identifier: MIT */
/* The control API's listener: HTTP on a Unix socket, served on a thread of its own by libmicrohttpd
 * (this file is the one door to it). What is asked for is handed to the main thread, whose answer
 * goes back: nothing of the daemon is touched from here.
 *
 * Knows no path of the API. Bounds: CONTROL_CONNECTIONS_MAX connections, requests without a body,
 * one handed over at a time, CONTROL_PATIENCE_MS for an answer. */
#ifndef DAEMON_CONTROL_H
#define DAEMON_CONTROL_H

#include "daemon/loop.h"

enum {
    CONTROL_CONNECTIONS_MAX = 16,
    CONTROL_PATIENCE_MS = 5000,
    CONTROL_PATH_MAX = 64,
    CONTROL_ARGUMENT_MAX = 256,
};

struct control_request {
    bool is_post;                        /* else GET */
    char path[CONTROL_PATH_MAX];         /* "/v1/status" */
    char argument[CONTROL_ARGUMENT_MAX]; /* of "?class=…" or "?name=…", unescaped; "" without */
};

struct control_answer {
    unsigned status; /* of HTTP */
    char *json;      /* given; NULL: 500 */
};

struct control_params {
    struct loop *loop; /* the main thread's */
    int fd;            /* a listening Unix stream socket; taken, closed with the control */
    /* On the main thread. */
    void (*on_request)(void *ctx, const struct control_request *request,
                       struct control_answer *ret_answer);
    void *ctx;
};

struct control;

/* gives a control that answers as soon as the loop runs; NULL with the reason in *ret_detail
 * (a static text). Takes the descriptor. Main thread. */
struct control *control_new(const struct control_params *params, const char **ret_detail);
/* Takes NULL; returns NULL. The loop must still run its closing callbacks. */
struct control *control_free(struct control *control);

#endif
