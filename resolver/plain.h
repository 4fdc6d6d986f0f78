/* SPDX-License-Identifier: MIT */
/* Plain DNS to a given server, one question at a time: what the auditor asks local resolvers with,
 * and how a provider's own address is found. The one door to c-ares (resolver/plain.c).
 *
 * Says what came back, not what it means: no retry that was not asked for, no failover, no search
 * list, no cache, nothing hidden (SERVFAIL and REFUSED are replies). One c-ares channel a call, so
 * that every question leaves from a port of its own (RFC 5452; PROMISES C1). Bound: PLAIN_CALLS_MAX
 * calls under way. */
#ifndef RESOLVER_PLAIN_H
#define RESOLVER_PLAIN_H

#include "resolver/port.h"
#include "resolver/wire/message.h"

#include <sys/socket.h>

enum { PLAIN_CALLS_MAX = 128, PLAIN_SERVER_TEXT_MAX = 80 };

struct plain;

/* Once a process, before threads start. */
int plain_global_init(void);
void plain_global_done(void);

/* `servers`: "192.0.2.1", "192.0.2.1:53", "[2001:db8::1]:53", "2001:db8::1", "fe80::1%eth0"; lent
 * for plain's life. They are the default set (bootstrap); a call may name another server. gives
 * plain, NULL without memory. */
struct plain *plain_new(struct port *port, const char *const *servers, size_t n_servers);
/* Every call must have ended. */
struct plain *plain_free(struct plain *plain);
/* Another default set, lent the same way; calls under way go on. The first n_preferred are asked
 * for a client, the others only for where a provider is. */
void plain_set_servers(struct plain *plain, const char *const *servers, size_t n_servers,
                       size_t n_preferred);
size_t plain_n_preferred(const struct plain *plain);
size_t plain_n_servers(const struct plain *plain);
/* lends the text of server i. */
const char *plain_server(const struct plain *plain, size_t i);

enum plain_result {
    PLAIN_REPLIED = 1, /* message is what the server sent, unchecked but for ID and source */
    PLAIN_TIMED_OUT,
    PLAIN_REFUSED, /* no socket, connection refused, no route */
};

struct plain_request {
    const char *server;              /* borrowed; as in plain_new */
    const struct question *question; /* borrowed */
    bool tcp;
    bool want_do;
    uint32_t timeout_ms;
    uint32_t again_ms; /* over UDP: sent once more when no reply came for so long; 0: never. A
                          reply to either counts */
};

/* Embedded in its owner. `on_done` is called exactly once unless cancelled, never from inside
 * plain_ask; `message` is borrowed during the call, which may free the owner. */
struct plain_call {
    void (*on_done)(struct plain_call *call, enum plain_result result, struct bytes message,
                    uint32_t rtt_us);
    void *handle;
};

/* -EBUSY at PLAIN_CALLS_MAX, -EINVAL for an unusable server text, -ENOMEM. */
int plain_ask(struct plain *plain, const struct plain_request *request, struct plain_call *call);
void plain_cancel(struct plain *plain, struct plain_call *call);

/* True when `text` is a server as plain_new() takes it. For the configuration. */
bool plain_server_is_valid(const char *text);
/* The socket address that such a text stands for; false when it is none. */
bool plain_server_address(const char *text, struct sockaddr_storage *ret_address, socklen_t *ret_n);

#endif
