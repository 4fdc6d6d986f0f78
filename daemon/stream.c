/* SPDX-License-Identifier: MIT */
#include "daemon/stream.h"

#include "daemon/connection.h"
#include "daemon/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { PAUSE_US = 100000 };

struct stream_listener {
    uv_poll_t poll;
    struct stream_server *server;
    enum listen_transport transport;
    int fd;
    struct port_timer pause;
};

/* ---- making room (PROMISES T10) ---- */

static bool is_of(const struct stream_connection *c, const uint8_t key[16])
{
    return memcmp(c->tally_key, key, 16) == 0;
}

/* Closes the one idle the longest, of one client or (key NULL) of all; never the newcomer. */
static bool close_oldest_idle(struct stream_server *s, const uint8_t *key)
{
    for (struct stream_connection *c = s->oldest; c != NULL; c = c->newer) {
        if (c != s->newest && connection_is_idle(c) && (key == NULL || is_of(c, key))) {
            connection_close(c);
            return true;
        }
    }
    return false;
}

static uint32_t max_for(const struct stream_server *s, const struct client_address *client)
{
    return client->is_own ? s->limits->max_per_local_client : s->limits->max_per_client;
}

/* Who is busy is not cut off: rather the newcomer goes. */
static void make_room(struct stream_server *s, struct stream_connection *newcomer)
{
    bool over_client = newcomer->n_of_client > max_for(s, &newcomer->client);
    bool over_all = atomic_load(s->n_connections) > s->max_connections;
    bool has_room = !over_client && !over_all;
    if (!has_room && !close_oldest_idle(s, over_client ? newcomer->tally_key : NULL)) {
        connection_close(newcomer);
    }
}

/* ---- accepting ---- */

static void note_peer(int fd)
{
    struct ucred peer;
    socklen_t n = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) == 0) {
        log_say(LOG_LEVEL_DEBUG, "unix client: pid %ld uid %lu gid %lu", (long)peer.pid,
                (unsigned long)peer.uid, (unsigned long)peer.gid);
    }
}

static void address_of(int fd, const struct sockaddr_storage *peer,
                       struct client_address *ret_client)
{
    struct sockaddr_storage own;
    socklen_t n = sizeof own;
    bool known = getsockname(fd, (struct sockaddr *)&own, &n) == 0;
    client_address_set(ret_client, (const struct sockaddr *)peer,
                       known ? (const struct sockaddr *)&own : NULL);
}

static void welcome(struct stream_listener *l, int fd, const struct sockaddr_storage *peer)
{
    struct stream_server *s = l->server;
    struct client_address client;
    address_of(fd, peer, &client);
    if (s->clients != NULL && clients_access(s->clients, &client) == CLIENTS_UNHEARD) {
        close(fd); /* it could hold a place that others wait for */
        return;
    }
    if (l->transport == LISTEN_UNIX) {
        note_peer(fd);
    }
    struct stream_connection *newcomer = connection_start(s, l->transport, fd, &client);
    if (newcomer != NULL) {
        make_room(s, newcomer);
    }
}

static void listener_resume(struct stream_listener *l);

static void on_pause_over(struct port_timer *timer)
{
    listener_resume(
        (struct stream_listener *)((char *)timer - offsetof(struct stream_listener, pause)));
}

/* What is missing will not come at once: looking again without end would help nobody. */
static void listener_pause(struct stream_listener *l)
{
    struct loop *loop = l->server->loop;
    l->pause.on_fire = on_pause_over;
    if (port_timer_start(&loop->port, &l->pause, loop->now_us + PAUSE_US) == 0) {
        uv_poll_stop(&l->poll);
    }
}

static int open_reserve(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* No descriptor is left (PROMISES T11): the newcomer is told so by an end. */
static bool turn_away(struct stream_listener *l)
{
    struct stream_server *s = l->server;
    if (s->reserved_fd >= 0) {
        close(s->reserved_fd);
        int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0) {
            close(fd);
        }
    }
    s->reserved_fd = open_reserve();
    return s->reserved_fd >= 0;
}

/* Takes one newcomer; false when there is none, or none can be taken now. */
static bool accept_one(struct stream_listener *l)
{
    struct sockaddr_storage peer = {0};
    socklen_t n = sizeof peer;
    int fd = accept4(l->fd, (struct sockaddr *)&peer, &n, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) {
        welcome(l, fd, &peer);
        return true;
    }
    switch (errno) {
    case EAGAIN:
        return false;
    case EMFILE:
    case ENFILE:
        if (turn_away(l)) {
            return true;
        }
        listener_pause(l);
        return false;
    case ENOBUFS:
    case ENOMEM:
        listener_pause(l);
        return false;
    default:
        return true; /* that one is gone already: accept(2) */
    }
}

static void on_newcomers(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    struct stream_listener *l = poll->data;
    loop_tick(l->server->loop);
    for (int i = 0; i < STREAM_ACCEPTS && accept_one(l); i++) {
    }
}

static void listener_resume(struct stream_listener *l)
{
    uv_poll_start(&l->poll, UV_READABLE, on_newcomers);
}

struct stream_listener *stream_listener_new(struct stream_server *server,
                                            const struct socket_entry *entry, int fd)
{
    struct stream_listener *l = calloc(1, sizeof *l);
    int room = STREAM_QUEUE_MAX;
    if (l == NULL || uv_poll_init(&server->loop->uv, &l->poll, fd) < 0) {
        free(l);
        close(fd);
        return NULL;
    }
    /* Connections inherit it: who never reads must not fill the kernel's memory either. */
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    l->poll.data = l;
    l->server = server;
    l->transport = entry->transport;
    l->fd = fd;
    listener_resume(l);
    return l;
}

static void on_listener_closed(uv_handle_t *handle)
{
    struct stream_listener *l = handle->data;
    close(l->fd);
    free(l);
}

void stream_listener_close(struct stream_listener *l)
{
    port_timer_stop(&l->server->loop->port, &l->pause);
    uv_close((uv_handle_t *)&l->poll, on_listener_closed);
}

/* ---- the server ---- */

void stream_server_init(struct stream_server *s)
{
    s->reserved_fd = open_reserve();
}

void stream_server_done(struct stream_server *s)
{
    if (s->reserved_fd >= 0) {
        close(s->reserved_fd);
    }
}

void stream_server_drain(struct stream_server *s)
{
    s->draining = true;
    if (s->n_open == 0) {
        s->on_empty(s->ctx);
        return;
    }
    for (struct stream_connection *c = s->oldest, *next; c != NULL; c = next) {
        next = c->newer;
        connection_drain(c);
    }
}

void stream_server_stop(struct stream_server *s)
{
    while (s->oldest != NULL) {
        connection_close(s->oldest);
    }
}
