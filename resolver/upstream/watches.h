/* SPDX-License-Identifier: MIT */
/* The descriptors an exchange waits for. A library that lets go of a socket between two requests
 * takes it up again with the next: its watch is kept as it is, because to end and begin one costs
 * more system calls than the request. Knows neither HTTP nor DNS. Bound: one watch a connection. */
#ifndef RESOLVER_UPSTREAM_WATCHES_H
#define RESOLVER_UPSTREAM_WATCHES_H

#include "resolver/port.h"

struct watch;
struct tcp_info;

struct watches {
    struct port *port;
    void (*on_ready)(void *ctx, int fd, unsigned events);
    /* Of a connection that rested for so long the other side closed its end; may be NULL. Told when
     * that is found out, and never from inside watches_…() but watches_forget(). */
    void (*on_closed)(void *ctx, const void *owner, uint64_t rested_us);
    void *ctx;
    struct watch *first;
};

/* `on_ready` hears of descriptors that are wanted, and only of those. */
void watches_init(struct watches *watches, struct port *port,
                  void (*on_ready)(void *ctx, int fd, unsigned events), void *ctx);
/* Every socket must have been forgotten. */
void watches_done(struct watches *watches);

/* Waits for `events` (PORT_READ | PORT_WRITE) on fd from now on; `owner` says whose it is. -ENOMEM,
 * or the port's failure. */
int watches_want(struct watches *watches, int fd, unsigned events, const void *owner);
/* Nobody waits for fd at the moment. When it has been closed already behind our back, as libcurl
 * 7.88 does with one that did not get as far as a connection, the watch ends. */
void watches_rest(struct watches *watches, int fd);
/* As socket(2), -1 on failure; its number is not that of a watch whose descriptor was closed behind
 * our back, and which would be taken for its own. */
int watches_socket(const struct watches *watches, int family, int type, int protocol);
/* Between the two, what is written to a TCP socket that is watched waits, so as to leave in as few
 * segments as it fits: each segment costs its way through the kernel, here and at the other end,
 * and may wake who sleeps there. */
void watches_hold(const struct watches *watches);
void watches_release(const struct watches *watches);
/* Ends those of the owner's connections on which for `silent_us` nothing was heard, not even that
 * what was sent had arrived: TCP is shut down, and whoever reads or writes there finds it so; of
 * datagrams (QUIC acknowledges each within milliseconds) the socket loses its peer, and whoever
 * writes finds it so. True when there was one of datagrams. */
bool watches_doubt(const struct watches *watches, const void *owner, uint64_t silent_us);
/* Does one of the owner's owe a word: nothing has come by it since before `since_us`, though it was
 * waited for then, or until it was waited for no longer? */
bool watches_owe(const struct watches *watches, const void *owner, uint64_t since_us);
/* Is such a connection's path dead, as the kernel sees it? The peer's kernel acknowledges within
 * its round trip and its delay, however slow the program behind it is; but what was sent a moment
 * ago over a connection that had rested is no sign: it must have been sent again, or long ago.
 * Pure. */
bool watches_is_black_hole(const struct tcp_info *info, uint64_t silent_us);
/* Shuts down those of the owner's that have rested for so long. */
void watches_end_rest(const struct watches *watches, const void *owner, uint64_t rested_us);
/* Shuts them all down, whoever owns them. */
void watches_retire(const struct watches *watches);
/* Ends the watch; to be called before fd is closed. */
void watches_forget(struct watches *watches, int fd);

#endif
