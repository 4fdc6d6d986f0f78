/* SPDX-License-Identifier: MIT */
/* The text that names a plain DNS server, taken apart. Private to resolver/plain*.c. */
#ifndef RESOLVER_PLAIN_SERVER_H
#define RESOLVER_PLAIN_SERVER_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

struct plain_server {
    char address[INET6_ADDRSTRLEN];
    char scope[IF_NAMESIZE]; /* "" for none */
    bool v6;
    uint16_t port;
};

/* False: it names none. */
bool plain_server_read(const char *text, struct plain_server *ret_server);

#endif
