/* SPDX-License-Identifier: MIT */
/* TCP and Unix stream listeners of one worker: who is let in, and who has to go. What is said on a
 * connection is connection.h's.
 *
 * Bounds (config's listen_params): max_connections together, max_per_client a client address; over
 * either the one idle the longest makes room for the newcomer. STREAM_ACCEPTS newcomers a turn of
 * the loop, so that no backlog stands in UDP's way. Without a descriptor to spare the newcomer is
 * accepted on a reserved one and closed: it must not wait for what cannot come. */
#ifndef DAEMON_STREAM_H
#define DAEMON_STREAM_H

#include "daemon/loop.h"
#include "daemon/sockets.h"
#include "daemon/tally.h"
#include "daemon/traffic.h"
#include "resolver/resolver.h"

enum {
    STREAM_QUEUE_MAX = 256 * 1024, /* octets unsent a connection, of ours and of the kernel's */
    STREAM_READ_MAX = 64 * 1024,
    STREAM_ACCEPTS = 64,
};

struct stream_listener;
struct stream_connection;

/* What the connections of a worker share. */
struct stream_server {
    struct loop *loop;
    struct resolver *resolver;
    const struct clients *clients;      /* borrowed: who may connect; NULL: everybody */
    const struct listen_params *limits; /* lent for the server's life */
    uint32_t max_connections;           /* limits->max_connections, or what descriptors there are */
    atomic_uint *n_connections;         /* of all workers */
    struct tally *tally;                /* the same, a client */
    struct traffic *traffic;            /* TRAFFIC_TRANSPORTS of this worker */
    void (*on_empty)(void *ctx);        /* draining, and the last connection is gone */
    void *ctx;
    bool draining;
    size_t n_open;
    int reserved_fd; /* given up to accept and close a newcomer; -1: none */
    struct stream_connection *oldest, *newest; /* by their last exchange */
    uint8_t read[STREAM_READ_MAX];
    uint8_t write[2 * STREAM_READ_MAX + 4];
};

/* Opens the descriptor held in reserve, and gives it back. */
void stream_server_init(struct stream_server *server);
void stream_server_done(struct stream_server *server);

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
