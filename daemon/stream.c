/* SPDX-License-Identifier: MIT */
#include "daemon/stream.h"

#include "daemon/log.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

enum { PREFIX = 2, ACCEPT_BACKLOG = 4096 };

union stream_handle {
    uv_handle_t handle;
    uv_stream_t stream;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
};

struct stream_listener {
    union stream_handle uv;
    struct stream_server *server;
    enum listen_transport transport;
};

struct stream_connection {
    union stream_handle uv;
    struct stream_server *server;
    struct stream_connection *older, *newer;
    struct port_timer idle;
    uint64_t exchanged_us; /* when the last exchange was finished */
    size_t n_in_flight;
    size_t n_unsent;
    uint8_t *carry; /* what came and is not asked yet: a part of a message, or what had to wait */
    size_t n_carry;
    bool reading;
    bool ended;  /* no more queries will be read: end of stream, or an unusable length */
    bool closed; /* uv_close() was called; lives on while queries are in flight */
    bool gone;   /* the handle is closed: only queries in flight keep it */
};

/* An unsent rest, on its way. */
struct stream_rest {
    uv_write_t request;
    struct stream_connection *connection;
    size_t n;
    uint8_t at[];
};

static void serve(struct stream_connection *c, struct bytes input);

/* ---- the list of connections, oldest exchange first ---- */

static void unlink_connection(struct stream_connection *c)
{
    struct stream_server *s = c->server;
    *(c->older != NULL ? &c->older->newer : &s->oldest) = c->newer;
    *(c->newer != NULL ? &c->newer->older : &s->newest) = c->older;
    c->older = c->newer = NULL;
}

static void link_newest(struct stream_connection *c)
{
    struct stream_server *s = c->server;
    c->older = s->newest;
    c->newer = NULL;
    *(s->newest != NULL ? &s->newest->newer : &s->oldest) = c;
    s->newest = c;
}

static void touch(struct stream_connection *c)
{
    c->exchanged_us = c->server->loop->now_us;
    if (c->newer != NULL) {
        unlink_connection(c);
        link_newest(c);
    }
}

/* ---- the end of a connection ---- */

static void free_if_gone(struct stream_connection *c)
{
    if (c->gone && c->n_in_flight == 0) {
        free(c->carry);
        free(c);
    }
}

static void on_connection_closed(uv_handle_t *handle)
{
    struct stream_connection *c = handle->data;
    struct stream_server *s = c->server;
    c->gone = true;
    s->n_open--;
    free_if_gone(c);
    if (s->draining && s->n_open == 0 && s->on_empty != NULL) {
        s->on_empty(s->ctx);
    }
}

static void close_connection(struct stream_connection *c)
{
    if (c->closed) {
        return;
    }
    c->closed = true;
    port_timer_stop(&c->server->loop->port, &c->idle);
    unlink_connection(c);
    atomic_fetch_sub(c->server->n_connections, 1);
    uv_close(&c->uv.handle, on_connection_closed);
}

static bool is_finished(const struct stream_connection *c)
{
    return c->n_in_flight == 0 && c->n_unsent == 0;
}

static void close_if_finished(struct stream_connection *c)
{
    if ((c->ended || c->server->draining) && is_finished(c)) {
        close_connection(c);
    }
}

static void on_idle(struct port_timer *timer)
{
    struct stream_connection *c =
        (struct stream_connection *)((char *)timer - offsetof(struct stream_connection, idle));
    struct stream_server *s = c->server;
    uint64_t end_us = c->exchanged_us + (uint64_t)s->idle_ms * 1000;
    bool stuck = c->n_unsent > 0;
    if (end_us <= s->loop->now_us && (c->n_in_flight == 0 || stuck)) {
        close_connection(c);
        return;
    }
    uint64_t again_us = end_us > s->loop->now_us ? end_us : s->loop->now_us + 1000000;
    if (port_timer_start(&s->loop->port, timer, again_us) < 0) {
        close_connection(c);
    }
}

/* ---- writing ---- */

static void resume(struct stream_connection *c);

static void on_rest_written(uv_write_t *request, int status)
{
    struct stream_rest *rest = request->data;
    struct stream_connection *c = rest->connection;
    c->n_unsent -= rest->n;
    free(rest);
    if (c->closed) {
        return;
    }
    if (status < 0) {
        close_connection(c);
        return;
    }
    touch(c);
    resume(c);
}

static void queue_rest(struct stream_connection *c, struct bytes unsent)
{
    struct stream_rest *rest = malloc(sizeof *rest + unsent.n);
    if (rest == NULL) {
        close_connection(c);
        return;
    }
    rest->request.data = rest;
    rest->connection = c;
    rest->n = unsent.n;
    memcpy(rest->at, unsent.at, unsent.n);
    c->n_unsent += unsent.n;
    uv_buf_t at = uv_buf_init((char *)rest->at, (unsigned)rest->n);
    if (uv_write(&rest->request, &c->uv.stream, &at, 1, on_rest_written) < 0) {
        c->n_unsent -= rest->n;
        free(rest);
        close_connection(c);
    }
}

/* Whole frames out: what the kernel does not take now is queued behind what is queued. */
static void send_frames(struct stream_connection *c, struct bytes frames)
{
    if (c->closed || frames.n == 0) {
        return;
    }
    size_t sent = 0;
    if (c->n_unsent == 0) {
        uv_buf_t at = uv_buf_init((char *)(uintptr_t)frames.at, (unsigned)frames.n);
        int n = uv_try_write(&c->uv.stream, &at, 1);
        if (n < 0 && n != UV_EAGAIN) {
            close_connection(c);
            return;
        }
        sent = n > 0 ? (size_t)n : 0;
    }
    if (sent < frames.n) {
        queue_rest(c, bytes_of(frames.at + sent, frames.n - sent));
    } else {
        touch(c);
    }
}

static void on_reply(const struct resolver_client *client, struct bytes reply)
{
    struct stream_connection *c = client->listener;
    struct stream_server *s = c->server;
    c->n_in_flight--;
    if (c->closed) {
        free_if_gone(c);
        return;
    }
    struct buf frame = buf_over(s->write, sizeof s->write);
    buf_put_u16(&frame, (uint16_t)reply.n);
    buf_put(&frame, reply.at, reply.n);
    send_frames(c, bytes_of(frame.at, frame.n));
    if (!c->closed) {
        resume(c);
    }
}

/* ---- reading ---- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_at)
{
    (void)suggested;
    struct stream_connection *c = handle->data;
    *ret_at = uv_buf_init((char *)c->server->read, sizeof c->server->read);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *at)
{
    struct stream_connection *c = stream->data;
    loop_tick(c->server->loop);
    if (n > 0) {
        serve(c, bytes_of(at->base, (size_t)n));
    } else if (n == UV_EOF) {
        c->ended = true;
        close_if_finished(c);
    } else if (n < 0) {
        close_connection(c);
    }
}

static bool may_ask(const struct stream_connection *c)
{
    return !c->closed && !c->ended && c->n_in_flight < STREAM_IN_FLIGHT &&
           c->n_unsent < STREAM_QUEUE_MAX;
}

/* Reading goes on exactly while there is room for what it may bring. */
static void set_reading(struct stream_connection *c)
{
    bool want = may_ask(c) && !c->server->draining;
    if (c->closed || want == c->reading) {
        return;
    }
    c->reading = want;
    if (!want) {
        uv_read_stop(&c->uv.stream);
    } else if (uv_read_start(&c->uv.stream, on_alloc, on_read) < 0) {
        close_connection(c);
    }
}

/* Takes the next whole message off `input`; a length no query can have ends the reading. */
static bool next_message(struct stream_connection *c, struct bytes *input,
                         struct bytes *ret_message)
{
    if (input->n < PREFIX) {
        return false;
    }
    size_t n = bytes_read_u16(input->at);
    if (n < MESSAGE_HEADER) {
        c->ended = true;
        return false;
    }
    if (input->n < PREFIX + n) {
        return false;
    }
    *ret_message = bytes_of(input->at + PREFIX, n);
    *input = bytes_of(input->at + PREFIX + n, input->n - PREFIX - n);
    return true;
}

/* Asks one message; its reply, when there is one at once, goes behind `frames`. */
static void ask(struct stream_connection *c, struct bytes message, struct buf *frames)
{
    struct resolver_client client;
    client.on_reply = on_reply;
    client.listener = c;
    client.reply_limit = MESSAGE_MAX;
    size_t at = frames->n;
    buf_put_u16(frames, 0);
    c->n_in_flight++;
    switch (resolver_ask(c->server->resolver, message, &client, frames)) {
    case RESOLVER_ANSWERED:
        bytes_write_u16(frames->at + at, (uint16_t)(frames->n - at - PREFIX));
        c->n_in_flight--;
        return;
    case RESOLVER_DROPPED:
        c->n_in_flight--;
        break;
    case RESOLVER_PENDING:
        break;
    }
    frames->n = at;
}

/* Puts `more` behind what is carried; false, and the connection closed, without memory. */
static bool add_to_carry(struct stream_connection *c, struct bytes more)
{
    if (more.n == 0) {
        return true;
    }
    uint8_t *joined = realloc(c->carry, c->n_carry + more.n);
    if (joined == NULL) {
        close_connection(c);
        return false;
    }
    memcpy(joined + c->n_carry, more.at, more.n);
    c->carry = joined;
    c->n_carry += more.n;
    return true;
}

/* What was not asked waits for more bytes or for room. Mostly nothing, or what is carried already.
 */
static void keep_carry(struct stream_connection *c, struct bytes left)
{
    if (c->carry != NULL && left.n == c->n_carry) {
        return;
    }
    uint8_t *old = c->carry;
    c->carry = NULL;
    c->n_carry = 0;
    if (!c->ended && !c->closed) {
        add_to_carry(c, left);
    }
    free(old);
}

/* Asks what stands whole in `input`, as far as the bounds let it; true when all was looked at. */
static void ask_all(struct stream_connection *c, struct bytes *input)
{
    struct stream_server *s = c->server;
    struct buf frames = buf_over(s->write, sizeof s->write);
    struct bytes message;
    while (may_ask(c) && next_message(c, input, &message)) {
        if (frames.size - frames.n < PREFIX + MESSAGE_MAX) {
            send_frames(c, bytes_of(frames.at, frames.n));
            frames.n = 0;
        }
        ask(c, message, &frames);
    }
    send_frames(c, bytes_of(frames.at, frames.n));
}

static void serve(struct stream_connection *c, struct bytes input)
{
    struct bytes left = input;
    if (c->n_carry > 0) {
        if (!add_to_carry(c, input)) {
            return;
        }
        left = bytes_of(c->carry, c->n_carry);
    }
    ask_all(c, &left);
    keep_carry(c, left);
    set_reading(c);
    close_if_finished(c);
}

/* Room was made: what waits in the carry is asked first. */
static void resume(struct stream_connection *c)
{
    if (c->n_carry > 0 && !c->reading && may_ask(c)) {
        serve(c, (struct bytes){0});
        return;
    }
    set_reading(c);
    close_if_finished(c);
}

/* ---- accepting ---- */

/* The newcomer is served; who has been idle the longest goes (PROMISES T10). */
static void make_room(struct stream_server *s)
{
    if (atomic_load(s->n_connections) <= s->max_connections) {
        return;
    }
    for (struct stream_connection *c = s->oldest; c != NULL; c = c->newer) {
        if (is_finished(c) && c != s->newest) {
            close_connection(c);
            return;
        }
    }
    if (s->newest != NULL) {
        close_connection(s->newest);
    }
}

static void note_peer(const struct stream_connection *c)
{
    struct ucred peer;
    socklen_t n = sizeof peer;
    uv_os_fd_t fd;
    if (uv_fileno(&c->uv.handle, &fd) == 0 &&
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) == 0) {
        log_say(LOG_LEVEL_DEBUG, "unix client: pid %ld uid %lu gid %lu", (long)peer.pid,
                (unsigned long)peer.uid, (unsigned long)peer.gid);
    }
}

static int init_handle(uv_loop_t *uv, union stream_handle *h, enum listen_transport transport)
{
    return transport == LISTEN_UNIX ? uv_pipe_init(uv, &h->pipe, 0) : uv_tcp_init(uv, &h->tcp);
}

static void on_refused_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void on_connect(uv_stream_t *stream, int status)
{
    struct stream_listener *l = stream->data;
    struct stream_server *s = l->server;
    struct stream_connection *c = status == 0 ? calloc(1, sizeof *c) : NULL;
    if (c == NULL || init_handle(&s->loop->uv, &c->uv, l->transport) < 0) {
        free(c);
        return;
    }
    loop_tick(s->loop);
    c->uv.handle.data = c;
    c->server = s;
    c->idle.on_fire = on_idle;
    c->exchanged_us = s->loop->now_us;
    uint64_t idle_us = s->loop->now_us + (uint64_t)s->idle_ms * 1000;
    if (uv_accept(stream, &c->uv.stream) < 0 ||
        port_timer_start(&s->loop->port, &c->idle, idle_us) < 0) {
        uv_close(&c->uv.handle, on_refused_closed);
        return;
    }
    if (l->transport == LISTEN_UNIX) {
        note_peer(c);
    } else {
        uv_tcp_nodelay(&c->uv.tcp, 1);
    }
    s->n_open++;
    atomic_fetch_add(s->n_connections, 1);
    link_newest(c);
    set_reading(c);
    make_room(s);
}

struct stream_listener *stream_listener_new(struct stream_server *server,
                                            const struct socket_entry *entry, int fd)
{
    struct stream_listener *l = calloc(1, sizeof *l);
    if (l == NULL || init_handle(&server->loop->uv, &l->uv, entry->transport) < 0) {
        free(l);
        close(fd);
        return NULL;
    }
    l->uv.handle.data = l;
    l->server = server;
    l->transport = entry->transport;
    int failure = entry->transport == LISTEN_UNIX ? uv_pipe_open(&l->uv.pipe, fd)
                                                  : uv_tcp_open(&l->uv.tcp, fd);
    if (failure < 0) {
        close(fd);
    } else {
        failure = uv_listen(&l->uv.stream, ACCEPT_BACKLOG, on_connect);
    }
    if (failure < 0) {
        stream_listener_close(l);
        return NULL;
    }
    return l;
}

static void on_listener_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void stream_listener_close(struct stream_listener *l)
{
    uv_close(&l->uv.handle, on_listener_closed);
}

/* ---- the end ---- */

void stream_server_drain(struct stream_server *s)
{
    s->draining = true;
    if (s->n_open == 0) {
        s->on_empty(s->ctx);
        return;
    }
    for (struct stream_connection *c = s->oldest, *next; c != NULL; c = next) {
        next = c->newer;
        set_reading(c);
        close_if_finished(c);
    }
}

void stream_server_stop(struct stream_server *s)
{
    while (s->oldest != NULL) {
        close_connection(s->oldest);
    }
}
