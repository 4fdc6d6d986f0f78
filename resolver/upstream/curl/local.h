/* SPDX-License-Identifier: MIT */
/* One HTTP request over a Unix socket, blocking: for the command line, which asks the daemon's
 * control API. Speaks to nobody but that socket. */
#ifndef RESOLVER_UPSTREAM_CURL_LOCAL_H
#define RESOLVER_UPSTREAM_CURL_LOCAL_H

#include "resolver/bytes.h"

enum { CURL_LOCAL_WHY_MAX = 256, CURL_LOCAL_BODY_MAX = 64 * 1024 * 1024 };

struct curl_local_request {
    const char *socket;
    const char *path;     /* "/v1/status" */
    const char *argument; /* "class=HIJACK_BOGON", value unescaped behind the first '='; or NULL */
    bool post;
    unsigned timeout_ms;
};

/* 0: an HTTP reply came: *ret_status and *ret_body (given, NUL-terminated, to be freed) say what it
 * says. Else a negative errno with one line in `why`. */
int curl_local_ask(const struct curl_local_request *request, unsigned *ret_status, char **ret_body,
                   char why[CURL_LOCAL_WHY_MAX]);

#endif
