/* SPDX-License-Identifier: MIT */
#include "daemon/connection.h"
#include "daemon/framing.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
    TAKEN_MIN = 1024,
    LINGER_US = 1000000,
    LINGER_OCTETS = 256 * 1024,
    LOOK_AGAIN_US = 1000000,
    DOUBT_US = 2000000
};

static void serve(struct stream_connection *c, struct bytes input);
static void resume(struct stream_connection *c);

static struct traffic *traffic_of(const struct stream_connection *c)
{
    return &c->server->traffic[c->transport];
}

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

static size_t n_unsent(const struct stream_connection *c)
{
    return c->sending.n + c->behind.n;
}

static void free_if_gone(struct stream_connection *c)
{
    if (c->gone && c->n_in_flight == 0) {
        free(c->sending.at);
        free(c->behind.at);
        free(c->carry);
        free(c);
    }
}

static void on_closed(uv_handle_t *handle)
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

/* What it was answered and did not get, it was not answered. */
static void count_lost(struct stream_connection *c)
{
    struct traffic *t = traffic_of(c);
    size_t n_lost = c->sending.n_replies + c->behind.n_replies;
    c->sending.n_replies = c->behind.n_replies = 0;
    traffic_count(&t->n_answered, -(uint64_t)n_lost);
    traffic_count(&t->n_dropped[TRAFFIC_GONE], n_lost);
}

static void leave(struct stream_connection *c)
{
    c->closed = true;
    port_timer_stop(&c->server->loop->port, &c->idle);
    unlink_connection(c);
    atomic_fetch_sub(c->server->n_connections, 1);
    tally_remove(c->server->tally, c->tally_key);
    count_lost(c);
}

void connection_close(struct stream_connection *c)
{
    if (!c->closed) {
        leave(c);
        uv_close(&c->uv.handle, on_closed);
    }
}

/* A client that does not take its answers: a FIN would stand behind them for ever, and the kernel
 * would keep all of it. */
static void connection_reset(struct stream_connection *c)
{
    if (c->closed) {
        return;
    }
    leave(c);
    if (c->transport != LISTEN_TCP || uv_tcp_close_reset(&c->uv.tcp, on_closed) < 0) {
        uv_close(&c->uv.handle, on_closed);
    }
}

bool connection_is_idle(const struct stream_connection *c)
{
    return c->n_in_flight == 0 && n_unsent(c) == 0;
}

static void set_reading(struct stream_connection *c);

/* To close with octets unread would reset the connection, and the client might lose its last
 * answers (PROMISES T9): what it still sends is awaited, for a while. */
static void linger(struct stream_connection *c)
{
    uv_os_fd_t fd;
    uint64_t until_us = c->server->loop->now_us + LINGER_US;
    if (uv_fileno(&c->uv.handle, &fd) < 0 || shutdown(fd, SHUT_WR) < 0 ||
        port_timer_start(&c->server->loop->port, &c->idle, until_us) < 0) {
        connection_close(c);
        return;
    }
    c->lingering = true;
    set_reading(c);
}

static void close_if_finished(struct stream_connection *c)
{
    if (c->closed || c->lingering || !connection_is_idle(c)) {
        return;
    }
    if (c->at_eof || c->server->draining) {
        connection_close(c);
    } else if (c->ended) {
        linger(c);
    }
}

void connection_drain(struct stream_connection *c)
{
    set_reading(c);
    close_if_finished(c);
}

/* Octets of replies that the client's own kernel has; less by what Unix sockets count on top. */
static int64_t n_taken(const struct stream_connection *c)
{
    uv_os_fd_t fd;
    int n_held = 0;
    if (uv_fileno(&c->uv.handle, &fd) == 0) {
        ioctl(fd, TIOCOUTQ, &n_held);
    }
    size_t n_queued = uv_stream_get_write_queue_size(&c->uv.stream) + c->behind.n;
    return (int64_t)c->n_offered - (int64_t)n_queued - n_held;
}

/* Replies wait for the client to take them: twice in the idle time it is looked at whether it does
 * (PROMISES T8). */
static void watch_taking(struct stream_connection *c)
{
    struct stream_server *s = c->server;
    c->n_taken = n_taken(c);
    if (port_timer_start(&s->loop->port, &c->idle,
                         s->loop->now_us + (uint64_t)s->limits->tcp_idle_ms * 500) < 0) {
        connection_reset(c);
    }
}

static uint64_t end_us_of(const struct stream_connection *c)
{
    uint64_t idle_us = c->exchanged_us + (uint64_t)c->server->limits->tcp_idle_ms * 1000;
    return idle_us < c->doubt_us ? idle_us : c->doubt_us;
}

static void on_idle(struct port_timer *timer)
{
    struct stream_connection *c =
        (struct stream_connection *)((char *)timer - offsetof(struct stream_connection, idle));
    struct stream_server *s = c->server;
    uint64_t end_us = end_us_of(c);
    bool over = end_us <= s->loop->now_us;
    if (n_unsent(c) > 0 && n_taken(c) >= c->n_taken + TAKEN_MIN) {
        watch_taking(c);
    } else if (n_unsent(c) > 0) {
        connection_reset(c);
    } else if (c->lingering || (over && c->n_in_flight == 0)) {
        connection_close(c);
    } else if (port_timer_start(&s->loop->port, timer,
                                over ? s->loop->now_us + LOOK_AGAIN_US : end_us) < 0) {
        connection_close(c);
    }
}

/* ---- writing ---- */

static void unsent_add(struct stream_connection *c, struct unsent *u, struct bytes more,
                       size_t n_replies)
{
    traffic_count(&traffic_of(c)->n_answered, n_replies);
    u->n_replies += n_replies;
    if (u->room - u->n < more.n) {
        size_t room = 2 * u->room > u->n + more.n ? 2 * u->room : u->n + more.n;
        uint8_t *at = realloc(u->at, room);
        if (at == NULL) {
            connection_reset(c);
            return;
        }
        u->at = at;
        u->room = room;
    }
    memcpy(u->at + u->n, more.at, more.n);
    u->n += more.n;
}

static void unsent_clear(struct unsent *u)
{
    free(u->at);
    *u = (struct unsent){0};
}

static void on_written(uv_write_t *writing, int status);

static void write_on(struct stream_connection *c)
{
    uv_buf_t at = uv_buf_init((char *)c->sending.at, (unsigned)c->sending.n);
    if (uv_write(&c->writing, &c->uv.stream, &at, 1, on_written) < 0) {
        connection_reset(c);
    }
}

static void on_written(uv_write_t *writing, int status)
{
    struct stream_connection *c =
        (struct stream_connection *)((char *)writing - offsetof(struct stream_connection, writing));
    if (c->closed) {
        return;
    }
    if (status < 0) {
        connection_close(c);
        return;
    }
    unsent_clear(&c->sending);
    touch(c);
    if (c->behind.n > 0) {
        c->sending = c->behind;
        c->behind = (struct unsent){0};
        write_on(c);
    }
    if (!c->closed) {
        resume(c);
    }
}

/* Whole frames out: what the kernel does not take now waits, behind what waits already. */
static void send_frames(struct stream_connection *c, struct bytes frames)
{
    if (c->closed) {
        traffic_count(&traffic_of(c)->n_dropped[TRAFFIC_GONE], frames_beyond(frames, 0));
        return;
    }
    if (frames.n == 0) {
        return;
    }
    size_t sent = 0;
    c->n_offered += frames.n;
    if (n_unsent(c) == 0) {
        uv_buf_t at = uv_buf_init((char *)(uintptr_t)frames.at, (unsigned)frames.n);
        int n = uv_try_write(&c->uv.stream, &at, 1);
        if (n < 0 && n != UV_EAGAIN) {
            traffic_count(&traffic_of(c)->n_dropped[TRAFFIC_GONE], frames_beyond(frames, 0));
            connection_close(c);
            return;
        }
        sent = n > 0 ? (size_t)n : 0;
    }
    size_t n_late = frames_beyond(frames, sent);
    traffic_count(&traffic_of(c)->n_answered, frames_beyond(frames, 0) - n_late);
    if (n_late == 0) {
        touch(c);
        return;
    }
    bool is_first = n_unsent(c) == 0;
    unsent_add(c, is_first ? &c->sending : &c->behind, bytes_of(frames.at + sent, frames.n - sent),
               n_late);
    if (is_first && !c->closed) {
        write_on(c);
        watch_taking(c);
    }
}

static void on_reply(const struct resolver_client *client, struct bytes reply)
{
    struct stream_connection *c = client->listener;
    struct stream_server *s = c->server;
    c->n_in_flight--;
    traffic_uncount(&traffic_of(c)->n_in_flight);
    if (!c->closed && n_unsent(c) + FRAMING_PREFIX + reply.n > STREAM_QUEUE_MAX) {
        connection_reset(c);
    }
    if (c->closed) {
        traffic_count(&traffic_of(c)->n_dropped[TRAFFIC_GONE], 1);
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

static void discard(struct stream_connection *c, size_t n)
{
    c->n_discarded += n;
    if (c->n_discarded > LINGER_OCTETS) {
        connection_close(c);
    }
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *at)
{
    struct stream_connection *c = stream->data;
    loop_tick(c->server->loop);
    if (n > 0 && c->lingering) {
        discard(c, (size_t)n);
    } else if (n > 0) {
        serve(c, bytes_of(at->base, (size_t)n));
    } else if (n == UV_EOF && !c->lingering) {
        c->ended = c->at_eof = true;
        close_if_finished(c);
    } else if (n < 0) {
        connection_close(c);
    }
}

/* What one read may bring as answers still finds room below STREAM_QUEUE_MAX. */
static bool may_ask(const struct stream_connection *c)
{
    return !c->closed && !c->ended && c->n_in_flight < c->server->limits->max_in_flight &&
           n_unsent(c) < STREAM_QUEUE_MAX - sizeof c->server->write;
}

/* Reading goes on exactly while there is room for what it may bring. */
static void set_reading(struct stream_connection *c)
{
    bool want = c->lingering || (may_ask(c) && !c->server->draining);
    if (c->closed || want == c->reading) {
        return;
    }
    c->reading = want;
    if (!want) {
        uv_read_stop(&c->uv.stream);
    } else if (uv_read_start(&c->uv.stream, on_alloc, on_read) < 0) {
        connection_close(c);
    }
}

/* What came is no message: whoever speaks DNS here shows it by a query in a moment, and does not
 * hold the connection for its whole idle time. */
static void doubt(struct stream_connection *c)
{
    struct loop *loop = c->server->loop;
    traffic_count(&traffic_of(c)->n_dropped[TRAFFIC_SHORT], 1);
    c->doubt_us = c->doubt_us == PORT_NEVER ? loop->now_us + DOUBT_US : c->doubt_us;
    if (n_unsent(c) == 0) {
        (void)port_timer_start(&loop->port, &c->idle, end_us_of(c)); /* it has run: has memory */
    }
}

/* Takes the next whole message off `input`. */
static bool next_message(struct stream_connection *c, struct bytes *input,
                         struct bytes *ret_message)
{
    enum frame frame;
    while ((frame = frame_take(input, ret_message)) == FRAME_SHORT) {
        traffic_count(&traffic_of(c)->n_received, 1);
        doubt(c);
    }
    if (frame == FRAME_LOST) {
        c->ended = true;
        traffic_count(&traffic_of(c)->n_received, 1);
        traffic_count(&traffic_of(c)->n_dropped[TRAFFIC_SHORT], 1);
    }
    return frame == FRAME_WHOLE;
}

/* What clients are told of the idle time (RFC 7828 §3.3.2); 0, to close soon, when connections run
 * short. */
static uint16_t keepalive_ds(const struct stream_server *s)
{
    bool short_of = atomic_load(s->n_connections) > s->max_connections / 10 * 9;
    return s->draining || short_of ? 0 : (uint16_t)(s->limits->tcp_idle_ms / 100);
}

/* Asks one message; its reply, when there is one at once, goes behind `frames`. */
static void ask(struct stream_connection *c, struct bytes message, struct buf *frames)
{
    struct traffic *traffic = traffic_of(c);
    struct resolver_client client;
    client.on_reply = on_reply;
    client.listener = c;
    client.reply_limit = MESSAGE_MAX;
    client.from = &c->client;
    client.is_stream = true;
    client.chase = (struct resolver_chase){0};
    client.keepalive_ds = keepalive_ds(c->server);
    size_t at = frames->n;
    buf_put_u16(frames, 0);
    traffic_count(&traffic->n_received, 1);
    switch (resolver_ask(c->server->resolver, message, &client, frames)) {
    case RESOLVER_ANSWERED:
        c->doubt_us = PORT_NEVER;
        bytes_write_u16(frames->at + at, (uint16_t)(frames->n - at - FRAMING_PREFIX));
        return;
    case RESOLVER_DROPPED:
        traffic_count(&traffic->n_dropped[TRAFFIC_RESPONSE], 1);
        break;
    case RESOLVER_GARBLED:
        doubt(c);
        break;
    case RESOLVER_DENIED:
        traffic_count(&traffic->n_dropped[TRAFFIC_ACCESS], 1);
        c->ended = true;
        break;
    case RESOLVER_BLOCKED:
        traffic_count(&traffic->n_dropped[TRAFFIC_POLICY], 1);
        break;
    case RESOLVER_LIMITED:
        traffic_count(&traffic->n_dropped[TRAFFIC_RATE], 1);
        break;
    case RESOLVER_PENDING:
        c->doubt_us = PORT_NEVER;
        c->n_in_flight++;
        traffic_count(&traffic->n_in_flight, 1);
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
        connection_close(c);
        return false;
    }
    memcpy(joined + c->n_carry, more.at, more.n);
    c->carry = joined;
    c->n_carry += more.n;
    return true;
}

/* What was not asked waits for more bytes or for room. Mostly nothing, or carried already. */
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

/* Asks what stands whole in `input`, as far as the bounds let it. */
static void ask_all(struct stream_connection *c, struct bytes *input)
{
    struct stream_server *s = c->server;
    struct buf frames = buf_over(s->write, sizeof s->write);
    struct bytes message;
    while (may_ask(c) && next_message(c, input, &message)) {
        if (frames.size - frames.n < FRAMING_PREFIX + MESSAGE_MAX) {
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

/* ---- the beginning ---- */

static int open_handle(struct stream_connection *c, int fd)
{
    uv_loop_t *uv = &c->server->loop->uv;
    int failure = c->transport == LISTEN_UNIX ? uv_pipe_init(uv, &c->uv.pipe, 0)
                                              : uv_tcp_init(uv, &c->uv.tcp);
    assert(failure == 0); /* neither takes anything before a descriptor is given */
    c->uv.handle.data = c;
    if (c->transport == LISTEN_UNIX) {
        return uv_pipe_open(&c->uv.pipe, fd);
    }
    failure = uv_tcp_open(&c->uv.tcp, fd);
    if (failure == 0) {
        uv_tcp_nodelay(&c->uv.tcp, 1);
    }
    return failure;
}

static void on_refused_closed(uv_handle_t *handle)
{
    free(handle->data);
}

struct stream_connection *connection_start(struct stream_server *s, enum listen_transport transport,
                                           int fd, const struct client_address *client)
{
    struct stream_connection *c = calloc(1, sizeof *c);
    if (c == NULL) {
        close(fd);
        return NULL;
    }
    c->server = s;
    c->transport = transport;
    c->client = *client;
    tally_key(client, c->tally_key);
    c->idle.on_fire = on_idle;
    c->exchanged_us = s->loop->now_us;
    c->doubt_us = PORT_NEVER;
    int failure = open_handle(c, fd);
    if (failure < 0) {
        close(fd);
    } else {
        uint64_t idle_us = s->loop->now_us + (uint64_t)s->limits->tcp_idle_ms * 1000;
        failure = port_timer_start(&s->loop->port, &c->idle, idle_us);
    }
    if (failure < 0) {
        uv_close(&c->uv.handle, on_refused_closed);
        return NULL;
    }
    s->n_open++;
    atomic_fetch_add(s->n_connections, 1);
    c->n_of_client = tally_add(s->tally, c->tally_key);
    link_newest(c);
    set_reading(c);
    return c;
}
