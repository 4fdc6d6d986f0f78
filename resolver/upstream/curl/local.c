/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/curl/local.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <curl/curl.h>

enum { URL_MAX = 1024 };

static size_t on_body(char *at, size_t size, size_t n, void *to)
{
    FILE *body = to;
    return ftell(body) < CURL_LOCAL_BODY_MAX ? fwrite(at, size, n, body) : 0;
}

/* The host is never looked up: what it names is the socket. */
static bool make_url(CURL *e, const struct curl_local_request *request, char url[URL_MAX])
{
    const char *argument = request->argument != NULL ? request->argument : "";
    size_t n_key = strcspn(argument, "=");
    char *value = curl_easy_escape(e, argument[n_key] == '=' ? argument + n_key + 1 : "", 0);
    int n =
        snprintf(url, URL_MAX, "http://localhost%s%s%.*s%s%s", request->path, n_key > 0 ? "?" : "",
                 (int)n_key, argument, n_key > 0 ? "=" : "", value != NULL ? value : "");
    curl_free(value);
    return n < URL_MAX;
}

static CURLcode perform(CURL *e, const struct curl_local_request *request, const char *url,
                        FILE *body)
{
    curl_easy_setopt(e, CURLOPT_URL, url);
    curl_easy_setopt(e, CURLOPT_UNIX_SOCKET_PATH, request->socket);
    curl_easy_setopt(e, CURLOPT_PROXY, "");
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt(e, CURLOPT_NETRC, CURL_NETRC_IGNORED);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, body);
    if (request->post) {
        curl_easy_setopt(e, CURLOPT_POSTFIELDS, "");
    }
    return curl_easy_perform(e);
}

static int explain(const struct curl_local_request *request, CURL *e, CURLcode code, char *why)
{
    long os_error = 0;
    curl_easy_getinfo(e, CURLINFO_OS_ERRNO, &os_error);
    if (code == CURLE_COULDNT_CONNECT && os_error == EACCES) {
        snprintf(why, CURL_LOCAL_WHY_MAX,
                 "%s: permission denied: ask as root, or as a member of the socket's group",
                 request->socket);
    } else if (code == CURLE_COULDNT_CONNECT) {
        snprintf(why, CURL_LOCAL_WHY_MAX,
                 "%s: nobody listens there (is httpdnsd running? is this control.socket of its "
                 "configuration?)",
                 request->socket);
    } else {
        snprintf(why, CURL_LOCAL_WHY_MAX, "%s: %s", request->socket, curl_easy_strerror(code));
    }
    return -ECONNREFUSED;
}

int curl_local_ask(const struct curl_local_request *request, unsigned *ret_status, char **ret_body,
                   char why[CURL_LOCAL_WHY_MAX])
{
    char url[URL_MAX], *text = NULL;
    size_t n;
    CURL *e = curl_easy_init();
    FILE *body = open_memstream(&text, &n);
    int failure = -ENOMEM;
    snprintf(why, CURL_LOCAL_WHY_MAX, "out of memory");
    if (e != NULL && body != NULL && make_url(e, request, url)) {
        CURLcode code = perform(e, request, url, body);
        long status = 0;
        curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, &status);
        failure = code == CURLE_OK ? 0 : explain(request, e, code, why);
        *ret_status = (unsigned)status;
    }
    if (body != NULL && fclose(body) != 0) {
        failure = -ENOMEM;
    }
    curl_easy_cleanup(e);
    if (failure < 0) {
        free(text);
        return failure;
    }
    *ret_body = text;
    return 0;
}
