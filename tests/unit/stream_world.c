/* SPDX-License-Identifier: MIT */
#include "tests/unit/stream_world.h"

#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct stream_world stream_world;

/* In place of resolver/resolver.c. */
enum resolver_outcome resolver_ask(struct resolver *resolver, struct bytes message,
                                   const struct resolver_client *client, struct buf *out)
{
    static uint8_t large[LARGE_OCTETS];
    (void)resolver;
    stream_world.n_asked++;
    switch (message.at[MESSAGE_HEADER]) {
    case LATER:
        ck_assert_uint_lt(stream_world.n_waiting, WAITING_MAX);
        stream_world.waiting_id[stream_world.n_waiting] = bytes_read_u16(message.at);
        stream_world.waiting[stream_world.n_waiting++] = *client;
        return RESOLVER_PENDING;
    case DROP:
        return RESOLVER_DROPPED;
    case GARBLED:
        return RESOLVER_GARBLED;
    case LARGE:
        memset(large, message.at[1], sizeof large);
        buf_put(out, large, sizeof large);
        return RESOLVER_ANSWERED;
    default:
        buf_put(out, message.at, message.n);
        return RESOLVER_ANSWERED;
    }
}

void answer_one(void)
{
    ck_assert_uint_gt(stream_world.n_waiting, 0);
    struct resolver_client client = stream_world.waiting[0];
    uint8_t reply[2];
    bytes_write_u16(reply, stream_world.waiting_id[0]);
    stream_world.n_waiting--;
    memmove(&stream_world.waiting[0], &stream_world.waiting[1],
            stream_world.n_waiting * sizeof stream_world.waiting[0]);
    memmove(&stream_world.waiting_id[0], &stream_world.waiting_id[1],
            stream_world.n_waiting * sizeof stream_world.waiting_id[0]);
    client.on_reply(&client, bytes_of(reply, sizeof reply));
}

static void on_empty(void *ctx)
{
    (void)ctx;
    stream_world.n_empty++;
}

/* PROMISES §5.1, at rest. */
static void check_identity(void)
{
    struct traffic_counts counts = {0};
    traffic_add(&counts, &stream_world.traffic[LISTEN_UNIX]);
    uint64_t sum = counts.n_answered;
    for (size_t i = 0; i < TRAFFIC_DROPS; i++) {
        sum += counts.n_dropped[i];
    }
    ck_assert_uint_eq(counts.n_in_flight, 0);
    ck_assert_uint_eq(counts.n_received, sum);
}

void settle(void)
{
    for (int quiet = 0; quiet < 3; quiet++) {
        size_t n_asked = stream_world.n_asked;
        uv_run(&stream_world.loop.uv, UV_RUN_NOWAIT);
        if (stream_world.n_asked != n_asked) {
            quiet = 0;
        }
    }
}

void stream_world_set_up(void)
{
    memset(&stream_world, 0, sizeof stream_world);
    signal(SIGPIPE, SIG_IGN);
    ck_assert_int_eq(loop_init(&stream_world.loop), 0);
    stream_world.server = calloc(1, sizeof *stream_world.server);
    stream_world.server->loop = &stream_world.loop;
    stream_world.limits = (struct listen_params){.tcp_idle_ms = 10 * S,
                                                 .max_per_client = 100,
                                                 .max_per_local_client = 100,
                                                 .max_in_flight = IN_FLIGHT};
    stream_world.server->limits = &stream_world.limits;
    stream_world.server->max_connections = 100;
    stream_world.server->tally = tally_new(200);
    stream_world.server->traffic = stream_world.traffic;
    stream_server_init(stream_world.server);
    stream_world.server->n_connections = &stream_world.n_connections;
    stream_world.server->on_empty = on_empty;
    /* An abstract address: nothing is left in the file system. */
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    stream_world.address.sun_family = AF_UNIX;
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&stream_world.address, sizeof(sa_family_t)), 0);
    socklen_t n = sizeof stream_world.address;
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&stream_world.address, &n), 0);
    ck_assert_int_eq(listen(fd, 16), 0);
    struct socket_entry entry = {.transport = LISTEN_UNIX};
    stream_world.listener = stream_listener_new(stream_world.server, &entry, fd);
    ck_assert_ptr_nonnull(stream_world.listener);
}

void stream_world_tear_down(void)
{
    stream_listener_close(stream_world.listener);
    while (stream_world.n_waiting > 0) {
        answer_one();
    }
    settle();
    stream_server_stop(stream_world.server);
    loop_done(&stream_world.loop);
    ck_assert_uint_eq(atomic_load(&stream_world.n_connections), 0);
    check_identity();
    stream_server_done(stream_world.server);
    tally_free(stream_world.server->tally);
    free(stream_world.server);
}

int connect_client(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    socklen_t n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 6);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&stream_world.address, n), 0);
    settle();
    return fd;
}

size_t put_frame(uint8_t *at, uint8_t kind, uint16_t id)
{
    memset(at, 0, 2 + MESSAGE_OCTETS);
    bytes_write_u16(at, MESSAGE_OCTETS);
    bytes_write_u16(at + 2, id);
    at[2 + MESSAGE_HEADER] = kind;
    return 2 + MESSAGE_OCTETS;
}

void send_frame(int fd, uint8_t kind, uint16_t id)
{
    uint8_t frame[64];
    size_t n = put_frame(frame, kind, id);
    ck_assert_int_eq(send(fd, frame, n, MSG_NOSIGNAL), (ssize_t)n);
    settle();
}

ssize_t receive(int fd, uint8_t *at, size_t n)
{
    settle();
    ssize_t got = recv(fd, at, n, MSG_DONTWAIT);
    if (got < 0) {
        ck_assert(errno == EAGAIN || errno == ECONNRESET);
        return errno == EAGAIN ? 0 : -1;
    }
    return got == 0 ? -1 : got;
}

void send_part(int fd, const uint8_t *at, size_t n)
{
    ck_assert_int_eq(send(fd, at, n, MSG_NOSIGNAL), (ssize_t)n);
    settle();
}

double wait_for_end_s(int fd, const uint8_t *trickle)
{
    uint8_t got[64];
    uint64_t began_us = uv_hrtime() / 1000;
    size_t n_sent = 0;
    while (receive(fd, got, sizeof got) != -1) {
        ck_assert_uint_lt(uv_hrtime() / 1000 - began_us, 5000000);
        if (trickle != NULL && n_sent < 200) {
            (void)!send(fd, trickle + n_sent % 2, 1, MSG_NOSIGNAL);
            n_sent++;
        }
        usleep(1000);
    }
    return (double)(uv_hrtime() / 1000 - began_us) / 1e6;
}
