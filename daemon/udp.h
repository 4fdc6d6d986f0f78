/* SPDX-License-Identifier: MIT */
/* A UDP listener of one worker: batches of up to UDP_BATCH datagrams in (recvmmsg), what can be
 * answered at once out in one batch (sendmmsg), the rest with what else becomes known in the same
 * turn. Replies leave from the address the query came to (IP_PKTINFO on wildcard sockets). Bounds:
 * UDP_BATCH datagrams of UDP_QUERY_MAX octets a turn, UDP_TURNS batches a wake-up, one
 * when most of it has to wait for a provider. */
#ifndef DAEMON_UDP_H
#define DAEMON_UDP_H

#include "daemon/loop.h"
#include "daemon/sockets.h"
#include "daemon/traffic.h"
#include "resolver/resolver.h"

enum { UDP_BATCH = 64, UDP_QUERY_MAX = 4096, UDP_TURNS = 8, UDP_BUSY = 16 };

struct udp_listener;

/* The buffers of a batch, and the counters (lent for its life); one a worker serves all its
 * listeners. `asks_who`: the resolver has clients (resolver_params). */
struct udp_batch;
struct udp_batch *udp_batch_new(struct traffic *traffic, bool asks_who);
struct udp_batch *udp_batch_free(struct udp_batch *batch);
/* Sends the replies that became known since the last time; to be called before the loop rests, and
 * before a listener closes. */
void udp_batch_flush(struct udp_batch *batch);

/* takes `fd`. gives a listener that answers as long as the loop runs, NULL on failure (fd closed).
 */
struct udp_listener *udp_listener_new(struct loop *loop, struct resolver *resolver,
                                      struct udp_batch *batch, const struct socket_entry *entry,
                                      int fd);
/* Reads what is queued a last time, then stops reading; replies still leave. */
void udp_listener_stop(struct udp_listener *listener);
/* No query of its may be live. Freed when the loop has closed its handle. */
void udp_listener_close(struct udp_listener *listener);

/* A source that no reply may go to (PROMISES U4): port 0, an address that is no single host's, or
 * `to`, the very address and port that the datagram came to. */
bool udp_is_bad_source(const struct sockaddr *from, const struct sockaddr *to);

#endif
