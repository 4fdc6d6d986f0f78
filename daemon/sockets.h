/* SPDX-License-Identifier: MIT */
/* The listening sockets of the process. They belong to the main thread and outlive generations of
 * workers: a reload finds them open again by address, so that nothing queued in them is lost.
 * Knows addresses, not DNS.
 *
 * UDP has one socket a worker (SO_REUSEPORT), TCP and Unix one for all. Sockets handed over by the
 * service manager are taken as they are. */
#ifndef DAEMON_SOCKETS_H
#define DAEMON_SOCKETS_H

#include "config/config.h"

enum {
    SOCKETS_ERROR_MAX = 320,
    SOCKETS_MAX = 3 * CONFIG_LISTEN_MAX, /* handed over, in force, and of the next configuration */
};

struct socket_entry {
    enum listen_transport transport;
    struct sockaddr_storage address;
    socklen_t n_address;
    char text[160]; /* for messages: "udp://127.0.0.1:53" */
    bool handed_over;
    bool wanted;                 /* by the configuration being put in force */
    int fds[CONFIG_WORKERS_MAX]; /* UDP: one a worker; else fds[0] */
    size_t n_fds;                /* 0: an IPv6 loopback address on a machine without IPv6 */
};

struct sockets {
    struct socket_entry at[SOCKETS_MAX];
    size_t n;
};

void sockets_init(struct sockets *sockets);
/* Closes all; removes the Unix socket files that we made. */
void sockets_done(struct sockets *sockets);

/* Takes `n` descriptors from `first` on (sd_listen_fds(3)). -EINVAL with a message for one that is
 * not a UDP, TCP or Unix stream socket. */
int sockets_adopt(struct sockets *sockets, int first, int n, char error[SOCKETS_ERROR_MAX]);

/* gives the listening descriptor of the Unix socket at `path` and forgets it here; -1 when there is
 * none. */
int sockets_take_unix(struct sockets *sockets, const char *path);

/* Opens what `params` wants and is not open. On failure nothing has changed, and *error says in one
 * line what is in the way and how to mend it. Handed-over sockets are always wanted. [::1] is left
 * closed on a machine that has no IPv6: one configuration serves both kinds. */
int sockets_open(struct sockets *sockets, const struct listen_params *params, size_t n_workers,
                 char error[SOCKETS_ERROR_MAX]);

/* Closes what the last sockets_open() did not want, once nobody listens there. */
void sockets_prune(struct sockets *sockets, size_t n_workers);

/* gives a descriptor of its own for `worker` (dup). -1 with errno set. */
int sockets_dup(const struct socket_entry *entry, size_t worker);

/* True when one that is wanted can be reached from outside this host. */
bool sockets_reach_beyond_host(const struct sockets *sockets);

/* True for INADDR_ANY and ::. */
bool sockets_is_wildcard(const struct sockaddr_storage *address);

#endif
