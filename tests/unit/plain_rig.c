/* SPDX-License-Identifier: MIT */
#include "tests/unit/plain_rig.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct plain_rig rig;

uint64_t real_now_us(struct port *port)
{
    (void)port;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void rig_wake_at(struct port *port, uint64_t at_us)
{
    (void)port;
    rig.wake_at_us = at_us;
}

static int rig_watch(struct port *port, int fd, unsigned events, struct port_watch **ret_watch,
                     void (*on_ready)(void *ctx, int fd, unsigned events), void *ctx)
{
    (void)port;
    for (size_t i = 0; i < WATCHES_MAX; i++) {
        if (!rig.watches[i].used) {
            rig.watches[i] = (struct port_watch){true, fd, events, on_ready, ctx};
            *ret_watch = &rig.watches[i];
            return 0;
        }
    }
    return -ENOMEM;
}

static int rig_rewatch(struct port_watch *watch, unsigned events)
{
    watch->events = events;
    return 0;
}

static void rig_unwatch(struct port_watch *watch)
{
    ck_assert(watch->used);
    *watch = (struct port_watch){0};
}

static void rig_random(struct port *port, void *at, size_t n)
{
    (void)port;
    ck_assert(getrandom(at, n, 0) == (ssize_t)n);
}

static int64_t real_wall_s(struct port *port)
{
    (void)port;
    return time(NULL);
}

static const struct port_ops rig_ops = {
    .now_us = real_now_us,
    .wall_s = real_wall_s,
    .wake_at = rig_wake_at,
    .watch = rig_watch,
    .rewatch = rig_rewatch,
    .unwatch = rig_unwatch,
    .random = rig_random,
};

static int wait_ms(void)
{
    uint64_t now_us = real_now_us(&rig.port);
    if (rig.wake_at_us == PORT_NEVER) {
        return PATIENCE_MS;
    }
    return rig.wake_at_us <= now_us ? 0 : (int)((rig.wake_at_us - now_us) / 1000 + 1);
}

void turn(void)
{
    struct pollfd fds[WATCHES_MAX];
    struct port_watch *of[WATCHES_MAX];
    nfds_t n = 0;
    for (size_t i = 0; i < WATCHES_MAX; i++) {
        if (rig.watches[i].used) {
            short events = (short)((rig.watches[i].events & PORT_READ ? POLLIN : 0) |
                                   (rig.watches[i].events & PORT_WRITE ? POLLOUT : 0));
            of[n] = &rig.watches[i];
            fds[n++] = (struct pollfd){.fd = rig.watches[i].fd, .events = events};
        }
    }
    ck_assert(poll(fds, n, wait_ms()) >= 0);
    for (nfds_t i = 0; i < n; i++) {
        bool error = (fds[i].revents & (POLLERR | POLLHUP)) != 0;
        unsigned ready = (fds[i].revents & POLLIN || error ? PORT_READ : 0u) |
                         (fds[i].revents & POLLOUT || error ? PORT_WRITE : 0u);
        if (ready != 0 && of[i]->used && of[i]->fd == fds[i].fd) {
            of[i]->on_ready(of[i]->ctx, of[i]->fd, ready);
        }
    }
    if (rig.wake_at_us <= real_now_us(&rig.port)) {
        rig.wake_at_us = PORT_NEVER;
        port_run_timers(&rig.port);
    }
}

void on_done(struct plain_call *call, enum plain_result result, struct bytes message,
             uint32_t rtt_us)
{
    struct asked *asked = (struct asked *)call;
    asked->n_done++;
    asked->result = result;
    ck_assert(message.n <= sizeof asked->message);
    if (message.n > 0) {
        memcpy(asked->message, message.at, message.n);
    }
    asked->n_message = message.n;
    asked->rtt_us = rtt_us;
}

int ask(struct asked *asked, const char *server, bool tcp, uint32_t timeout_ms)
{
    *asked = (struct asked){.call = {.on_done = on_done}};
    struct plain_request request = {
        .server = server,
        .question = &rig.question,
        .tcp = tcp,
        .want_do = true,
        .timeout_ms = timeout_ms,
    };
    return plain_ask(rig.plain, &request, &asked->call);
}

void wait_for(struct asked *asked)
{
    uint64_t until_us = real_now_us(&rig.port) + PATIENCE_MS * 1000;
    while (asked->n_done == 0) {
        ck_assert_msg(real_now_us(&rig.port) < until_us, "the call did not end");
        turn();
    }
    ck_assert_uint_eq(asked->n_done, 1);
}

static void on_udp(void *ctx, int fd, unsigned events)
{
    (void)ctx;
    (void)events;
    socklen_t n_client = sizeof rig.client;
    ssize_t n =
        recvfrom(fd, rig.query, sizeof rig.query, 0, (struct sockaddr *)&rig.client, &n_client);
    ck_assert(n >= MESSAGE_HEADER);
    rig.n_query = (size_t)n;
    rig.client_ports[rig.n_served % 512] = rig.client.sin_port;
    rig.n_served++;
    if (rig.serve != NULL) {
        rig.serve(rig.query, rig.n_query);
    }
}

static void on_connection(void *ctx, int fd, unsigned events)
{
    (void)ctx;
    (void)events;
    uint8_t framed[700];
    ssize_t n = recv(fd, framed, sizeof framed, 0);
    if (n <= 2) {
        return;
    }
    rig.n_query = (size_t)n - 2;
    ck_assert_uint_eq(bytes_read_u16(framed), rig.n_query);
    memcpy(rig.query, framed + 2, rig.n_query);
    rig.n_served++;
    bytes_write_u16(framed, (uint16_t)n - 2);
    framed[4] |= 0x80; /* QR */
    ck_assert(send(fd, framed, (size_t)n, 0) == n);
}

static void on_accept(void *ctx, int fd, unsigned events)
{
    (void)ctx;
    (void)events;
    struct port_watch *watch;
    rig.connection = accept(fd, NULL, NULL);
    ck_assert(rig.connection >= 0);
    rig_watch(&rig.port, rig.connection, PORT_READ, &watch, on_connection, NULL);
}

/* A socket on a port of the kernel's choice, or on that of *address; -1 when it is taken. */
int bind_loopback(int type, struct sockaddr_in *address)
{
    socklen_t n = sizeof *address;
    int fd = socket(AF_INET, type, 0);
    ck_assert(fd >= 0);
    if (bind(fd, (struct sockaddr *)address, n) < 0) {
        ck_assert_int_eq(errno, EADDRINUSE);
        close(fd);
        return -1;
    }
    ck_assert(getsockname(fd, (struct sockaddr *)address, &n) == 0);
    return fd;
}

struct sockaddr_in loopback(void)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
}

/* UDP and TCP on one port: what is free for the one may be taken for the other. */
static void bind_both(struct sockaddr_in *ret_address)
{
    do {
        *ret_address = loopback();
        rig.udp = bind_loopback(SOCK_DGRAM, ret_address);
        rig.tcp = bind_loopback(SOCK_STREAM, ret_address);
        if (rig.tcp < 0) {
            close(rig.udp);
        }
    } while (rig.tcp < 0);
    ck_assert(listen(rig.tcp, 4) == 0);
}

void plain_rig_set_up(void)
{
    memset(&rig, 0, sizeof rig);
    rig.wake_at_us = PORT_NEVER;
    rig.connection = -1;
    port_init(&rig.port, &rig_ops);
    ck_assert_int_eq(plain_global_init(), 0);
    rig.plain = plain_new(&rig.port, NULL, 0);
    ck_assert_ptr_nonnull(rig.plain);
    rig.question = (struct question){.type = TYPE_A, .class = CLASS_IN};
    ck_assert_int_eq(name_from_text("www.example.com", &rig.question.name), 0);

    struct sockaddr_in address;
    bind_both(&address);
    struct port_watch *watch;
    rig_watch(&rig.port, rig.udp, PORT_READ, &watch, on_udp, NULL);
    rig_watch(&rig.port, rig.tcp, PORT_READ, &watch, on_accept, NULL);
    snprintf(rig.server, sizeof rig.server, "127.0.0.1:%u", (unsigned)ntohs(address.sin_port));
}

size_t n_watches(void)
{
    size_t n = 0;
    for (size_t i = 0; i < WATCHES_MAX; i++) {
        n += rig.watches[i].used;
    }
    return n;
}

void plain_rig_tear_down(void)
{
    /* The server's own watches are all that may be left. */
    ck_assert_uint_eq(n_watches(), rig.connection >= 0 ? 3 : 2);
    close(rig.udp);
    close(rig.tcp);
    if (rig.connection >= 0) {
        close(rig.connection);
    }
    ck_assert_ptr_null(plain_free(rig.plain));
    port_done(&rig.port);
    plain_global_done();
}

void send_to_client(const void *at, size_t n)
{
    ck_assert(sendto(rig.udp, at, n, 0, (struct sockaddr *)&rig.client, sizeof rig.client) ==
              (ssize_t)n);
}

/* The query sent back as a response with these flags; the OPT of the query stays in it. */
void send_echo(const uint8_t *query, size_t n, uint16_t id, uint16_t flags)
{
    uint8_t reply[600];
    memcpy(reply, query, n);
    bytes_write_u16(reply, id);
    bytes_write_u16(reply + 2, flags);
    send_to_client(reply, n);
}
