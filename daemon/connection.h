/* SPDX-License-Identifier: MIT */
/* One TCP or Unix connection: messages behind a two-octet length (RFC 1035 §4.2.2), pipelined,
 * answered as answers come (RFC 7766 §6.2.1.1). A read's ready answers leave in one write. Private
 * to stream.c, which knows who is let in.
 *
 * Bounds: max_in_flight queries waiting and STREAM_QUEUE_MAX octets unsent; reading pauses before
 * either is passed, and who still lets answers pile up is cut off, as is who takes next to nothing
 * for half the idle time. idle_ms without a finished exchange, however many octets trickle in; two
 * seconds of it when what came was no message. */
#ifndef DAEMON_CONNECTION_H
#define DAEMON_CONNECTION_H

#include "daemon/stream.h"

struct stream_connection {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv;
    struct stream_server *server;
    enum listen_transport transport;
    struct client_address client;
    uint8_t tally_key[16];
    unsigned n_of_client; /* with this one, when it came */
    struct stream_connection *older, *newer;
    struct port_timer idle;
    uint64_t exchanged_us; /* when the last exchange was finished */
    uint64_t doubt_us; /* when it ends unless a query comes first; PORT_NEVER: not before idle */
    size_t n_in_flight;
    uv_write_t writing;
    struct unsent {
        uint8_t *at;
        size_t n, room;
        size_t n_replies;
    } sending, behind;  /* what the one write under way carries, and what came meanwhile */
    uint64_t n_offered; /* octets of replies so far, sent or not */
    int64_t n_taken;    /* of them the client had when it was looked at last */
    uint8_t *carry;     /* what came and is not asked yet: a part of a message, or what must wait */
    size_t n_carry;
    size_t n_discarded;
    bool reading;
    bool ended;     /* no more queries will be read: end of stream, or an unusable length */
    bool at_eof;    /* the client sends no more */
    bool lingering; /* all is said; what the client still sends is read and forgotten */
    bool closed;    /* uv_close() was called; lives on while queries are in flight */
    bool gone;      /* the handle is closed: only queries in flight keep it */
};

/* takes `fd`, which was just accepted from `client`, and serves it. lends the connection; NULL, and
 * fd closed, when it cannot be. */
struct stream_connection *connection_start(struct stream_server *server,
                                           enum listen_transport transport, int fd,
                                           const struct client_address *client);
/* Ends it now, with what it has not sent. */
void connection_close(struct stream_connection *connection);
/* Nothing in flight, nothing unsent: nobody misses it. */
bool connection_is_idle(const struct stream_connection *connection);
/* Reads no more; closes once all is answered. */
void connection_drain(struct stream_connection *connection);

#endif
