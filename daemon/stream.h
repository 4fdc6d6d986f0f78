/* SPDX-License-Identifier: MIT */
/* A TCP or Unix stream listener of one worker and its connections: messages behind a two-octet
 * length (RFC 1035 §4.2.2), pipelined, answered as answers come (RFC 7766 §6.2.1.1). A read's ready
 * answers leave in one write.
 *
 * Bounds: max_connections together (over it the connection idle the longest makes room),
 * STREAM_IN_FLIGHT queries waiting and STREAM_QUEUE_MAX octets unsent a connection (then reading
 * pauses), idle_ms without a finished exchange. */
#ifndef DAEMON_STREAM_H
#define DAEMON_STREAM_H

#include "daemon/loop.h"
#include "daemon/sockets.h"
#include "resolver/resolver.h"

#include <stdatomic.h>

enum { STREAM_IN_FLIGHT = 100, STREAM_QUEUE_MAX = 256 * 1024, STREAM_READ_MAX = 64 * 1024 };

struct stream_listener;
struct stream_connection;

/* What the connections of a worker share. */
struct stream_server {
    struct loop *loop;
    struct resolver *resolver;
    uint32_t idle_ms;
    uint32_t max_connections;
    atomic_uint *n_connections;  /* of all workers */
    void (*on_empty)(void *ctx); /* draining, and the last connection is gone */
    void *ctx;
    bool draining;
    size_t n_open;
    struct stream_connection *oldest, *newest; /* by their last exchange */
    uint8_t read[STREAM_READ_MAX];
    uint8_t write[2 * STREAM_READ_MAX + 4];
};

/* takes `fd`, which listens. gives a listener, NULL on failure (fd closed). */
struct stream_listener *stream_listener_new(struct stream_server *server,
                                            const struct socket_entry *entry, int fd);
/* Accepts no more; freed when the loop has closed its handle. */
void stream_listener_close(struct stream_listener *listener);

/* Connections end when their pending queries are answered; server->on_empty is called when none is
 * left, at once when there is none. */
void stream_server_drain(struct stream_server *server);
/* Ends what is left, answered or not; no query of theirs may be live. */
void stream_server_stop(struct stream_server *server);

#endif
