/* SPDX-License-Identifier: MIT */
#include "resolver/plain_server.h"

#include "resolver/plain.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

/* Copies `n` bytes of text; false when they are none or too many. */
static bool take_text(char *to, size_t size, const char *from, size_t n)
{
    if (n == 0 || n >= size) {
        return false;
    }
    memcpy(to, from, n);
    to[n] = '\0';
    return true;
}

static bool take_port(const char *text, uint16_t *ret_port)
{
    size_t n = strlen(text);
    if (n == 0 || n > 5 || strspn(text, "0123456789") != n) {
        return false;
    }
    unsigned long port = strtoul(text, NULL, 10);
    if (port == 0 || port > UINT16_MAX) {
        return false;
    }
    *ret_port = (uint16_t)port;
    return true;
}

/* Address and "%scope" from `n` bytes. */
static bool take_address(const char *from, size_t n, struct plain_server *server)
{
    const char *percent = memchr(from, '%', n);
    size_t n_address = percent != NULL ? (size_t)(percent - from) : n;
    if (!take_text(server->address, sizeof server->address, from, n_address)) {
        return false;
    }
    if (percent != NULL &&
        !take_text(server->scope, sizeof server->scope, percent + 1, n - n_address - 1)) {
        return false;
    }
    uint8_t octets[16];
    server->v6 = inet_pton(AF_INET6, server->address, octets) == 1;
    bool v4 = inet_pton(AF_INET, server->address, octets) == 1;
    return server->v6 || (v4 && percent == NULL);
}

bool plain_server_read(const char *text, struct plain_server *ret_server)
{
    struct plain_server server = {.port = 53};
    const char *port = NULL;
    const char *from = text;
    size_t n = strlen(text);
    if (n >= PLAIN_SERVER_TEXT_MAX || strpbrk(text, ", \t") != NULL) {
        return false;
    }
    const char *colon = strchr(text, ':');
    if (text[0] == '[') {
        const char *end = strchr(text, ']');
        if (end == NULL || (end[1] != '\0' && end[1] != ':')) {
            return false;
        }
        from = text + 1;
        n = (size_t)(end - from);
        port = end[1] == ':' ? end + 2 : NULL;
    } else if (colon != NULL && strchr(colon + 1, ':') == NULL) {
        n = (size_t)(colon - text);
        port = colon + 1;
    }
    if (!take_address(from, n, &server) || (text[0] == '[' && !server.v6)) {
        return false;
    }
    if (port != NULL && !take_port(port, &server.port)) {
        return false;
    }
    *ret_server = server;
    return true;
}

bool plain_server_is_valid(const char *text)
{
    struct plain_server server;
    return plain_server_read(text, &server);
}

bool plain_server_address(const char *text, struct sockaddr_storage *ret_address, socklen_t *ret_n)
{
    struct plain_server server;
    if (!plain_server_read(text, &server)) {
        return false;
    }
    *ret_address = (struct sockaddr_storage){0};
    if (server.v6) {
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret_address;
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(server.port);
        v6->sin6_scope_id = server.scope[0] != '\0' ? if_nametoindex(server.scope) : 0;
        *ret_n = sizeof *v6;
        return inet_pton(AF_INET6, server.address, &v6->sin6_addr) == 1;
    }
    struct sockaddr_in *v4 = (struct sockaddr_in *)ret_address;
    v4->sin_family = AF_INET;
    v4->sin_port = htons(server.port);
    *ret_n = sizeof *v4;
    return inet_pton(AF_INET, server.address, &v4->sin_addr) == 1;
}
