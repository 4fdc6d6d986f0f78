/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/curl/road.h"

#include "resolver/upstream/outlet.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SOURCE_MAX = 64, SILENT_MS = 10000, ROOTS_KEPT_S = 3600, UNSENT_MAX = 65536 };

/* A socket that cannot be marked or bound must not connect by another way. TCP gives a connection
 * up when what was sent is not acknowledged for so long. Hundreds of requests find room unsent; a
 * provider that floods us with frames that want an answer, and reads none, is found out sooner for
 * there being no more. */
static int on_socket(void *ctx, curl_socket_t fd, curlsocktype purpose)
{
    const struct exchange_road *road = ctx;
    unsigned silent_ms = SILENT_MS;
    int error, room = UNSENT_MAX;
    (void)purpose;
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &silent_ms, sizeof silent_ms);
    return outlet_dress(road, fd, &error) == OUTLET_OPEN ? CURL_SOCKOPT_OK : CURL_SOCKOPT_ERROR;
}

static bool set_source(CURL *e, const char *source)
{
    char text[SOURCE_MAX];
    int n = snprintf(text, sizeof text, "host!%s", source);
    return n < SOURCE_MAX && curl_easy_setopt(e, CURLOPT_INTERFACE, text) == CURLE_OK;
}

static bool set_text(CURL *e, CURLoption option, const char *text)
{
    return text == NULL || curl_easy_setopt(e, option, text) == CURLE_OK;
}

/* An empty list of exceptions keeps NO_PROXY of the environment from leading around a proxy. */
bool road_set(CURL *e, const struct exchange_road *road)
{
    return set_text(e, CURLOPT_PINNEDPUBLICKEY, road->pins) &&
           set_text(e, CURLOPT_SSLCERT, road->client_cert) &&
           set_text(e, CURLOPT_SSLKEY, road->client_key) &&
           set_text(e, CURLOPT_PROXY, road->proxy) &&
           curl_easy_setopt(e, CURLOPT_NOPROXY, "") == CURLE_OK &&
           (road->source == NULL || set_source(e, road->source)) &&
           curl_easy_setopt(e, CURLOPT_SOCKOPTFUNCTION, on_socket) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_SOCKOPTDATA, (void *)(uintptr_t)road) == CURLE_OK;
}

bool road_trust(CURL *e, const char *ca_file)
{
    const char *roots = curl_version_info(CURLVERSION_NOW)->cainfo;
    bool is_file = ca_file != NULL || (roots != NULL && access(roots, R_OK) == 0);
    return (ca_file == NULL || curl_easy_setopt(e, CURLOPT_CAINFO, ca_file) == CURLE_OK) &&
           (!is_file || curl_easy_setopt(e, CURLOPT_CAPATH, NULL) == CURLE_OK) &&
           curl_easy_setopt(e, CURLOPT_CA_CACHE_TIMEOUT, (long)ROOTS_KEPT_S) == CURLE_OK;
}
