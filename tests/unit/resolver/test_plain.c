/* SPDX-License-Identifier: MIT */
/* c-ares behind its door, against servers of the test on loopback, in real time: no step sleeps,
 * each waits for what must come. */
#include "resolver/plain.h"

#include "tests/unit/suite.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { WATCHES_MAX = 256, PATIENCE_MS = 5000 };

struct port_watch {
    bool used;
    int fd;
    unsigned events;
    void (*on_ready)(void *ctx, int fd, unsigned events);
    void *ctx;
};

/* A port on poll(2). */
static struct rig {
    struct port port;
    uint64_t wake_at_us;
    struct port_watch watches[WATCHES_MAX];
    struct plain *plain;
    struct question question;

    int udp, tcp, connection;
    char server[64];
    /* What the server does with a query. */
    void (*serve)(const uint8_t *query, size_t n);
    struct sockaddr_in client;
    size_t n_served;
    uint16_t client_ports[512];
    uint8_t query[600];
    size_t n_query;
} rig;

static uint64_t real_now_us(struct port *port)
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

static const struct port_ops rig_ops = {
    .now_us = real_now_us,
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

static void turn(void)
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

/* A call and what came of it. */
struct asked {
    struct plain_call call;
    unsigned n_done;
    enum plain_result result;
    uint8_t message[5000];
    size_t n_message;
    uint32_t rtt_us;
};

static void on_done(struct plain_call *call, enum plain_result result, struct bytes message,
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

static int ask(struct asked *asked, const char *server, bool tcp, uint32_t timeout_ms)
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

static void wait_for(struct asked *asked)
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
static int bind_loopback(int type, struct sockaddr_in *address)
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

static struct sockaddr_in loopback(void)
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

static void set_up(void)
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

static size_t n_watches(void)
{
    size_t n = 0;
    for (size_t i = 0; i < WATCHES_MAX; i++) {
        n += rig.watches[i].used;
    }
    return n;
}

static void tear_down(void)
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

static void send_to_client(const void *at, size_t n)
{
    ck_assert(sendto(rig.udp, at, n, 0, (struct sockaddr *)&rig.client, sizeof rig.client) ==
              (ssize_t)n);
}

/* The query sent back as a response with these flags; the OPT of the query stays in it. */
static void send_echo(const uint8_t *query, size_t n, uint16_t id, uint16_t flags)
{
    uint8_t reply[600];
    memcpy(reply, query, n);
    bytes_write_u16(reply, id);
    bytes_write_u16(reply + 2, flags);
    send_to_client(reply, n);
}

static void serve_plainly(const uint8_t *query, size_t n)
{
    send_echo(query, n, bytes_read_u16(query), 0x8180);
}

START_TEST(a_reply_comes_back_octet_for_octet)
{
    rig.serve = serve_plainly;
    struct asked asked;
    ck_assert_int_eq(ask(&asked, rig.server, false, 3000), 0);
    ck_assert_uint_eq(asked.n_done, 0);
    wait_for(&asked);
    ck_assert_int_eq(asked.result, PLAIN_REPLIED);
    ck_assert_uint_eq(asked.n_message, rig.n_query);
    ck_assert_mem_eq(asked.message + 4, rig.query + 4, rig.n_query - 4);
    ck_assert_mem_eq(asked.message, rig.query, 2);
    ck_assert_uint_gt(asked.rtt_us, 0);
    ck_assert_ptr_null(asked.call.handle);
}
END_TEST

START_TEST(the_query_is_one_question_with_rd_and_do)
{
    rig.serve = serve_plainly;
    struct asked asked;
    ck_assert_int_eq(ask(&asked, rig.server, false, 3000), 0);
    wait_for(&asked);
    ck_assert_uint_eq(bytes_read_u16(rig.query + 2), FLAG_RD);
    ck_assert_uint_eq(bytes_read_u16(rig.query + 4), 1);
    ck_assert_uint_eq(bytes_read_u16(rig.query + 10), 1);
    ck_assert_mem_eq(rig.query + 12, rig.question.name.at, rig.question.name.n);
    const uint8_t *opt = rig.query + MESSAGE_HEADER + rig.question.name.n + 4;
    ck_assert_uint_eq(opt[0], 0);
    ck_assert_uint_eq(bytes_read_u16(opt + 1), TYPE_OPT);
    ck_assert_uint_eq(bytes_read_u16(opt + 7) & 0x8000, 0x8000);
}
END_TEST

static void serve_wrong_ids_first(const uint8_t *query, size_t n)
{
    uint16_t id = bytes_read_u16(query);
    for (uint16_t i = 1; i <= 60; i++) {
        send_echo(query, n, (uint16_t)(id + i), 0x8183);
    }
    serve_plainly(query, n);
}

START_TEST(replies_with_wrong_ids_are_waited_past)
{
    rig.serve = serve_wrong_ids_first;
    struct asked asked;
    ck_assert_int_eq(ask(&asked, rig.server, false, 3000), 0);
    wait_for(&asked);
    ck_assert_int_eq(asked.result, PLAIN_REPLIED);
    ck_assert_uint_eq(bytes_read_u16(asked.message + 2), 0x8180);
}
END_TEST

static void serve_junk_first(const uint8_t *query, size_t n)
{
    send_to_client("", 0);
    serve_plainly(query, n);
}

START_TEST(an_empty_datagram_is_not_the_end)
{
    rig.serve = serve_junk_first;
    struct asked asked;
    ck_assert_int_eq(ask(&asked, rig.server, false, 3000), 0);
    wait_for(&asked);
    ck_assert_int_eq(asked.result, PLAIN_REPLIED);
}
END_TEST

static void serve_other_name_first(const uint8_t *query, size_t n)
{
    uint8_t other[600];
    memcpy(other, query, n);
    other[13] = 'x';
    send_echo(other, n, bytes_read_u16(query), 0x8183);
    serve_plainly(query, n);
}

START_TEST(a_reply_to_another_question_is_waited_past)
{
    rig.serve = serve_other_name_first;
    struct asked asked;
    ck_assert_int_eq(ask(&asked, rig.server, false, 3000), 0);
    wait_for(&asked);
    ck_assert_int_eq(asked.result, PLAIN_REPLIED);
    ck_assert_uint_eq(bytes_read_u16(asked.message + 2), 0x8180);
}
END_TEST

static void serve_servfail(const uint8_t *query, size_t n)
{
    send_echo(query, n, bytes_read_u16(query), 0x8182);
}

static void serve_refused(const uint8_t *query, size_t n)
{
    send_echo(query, n, bytes_read_u16(query), 0x8185);
}

static void serve_truncated(const uint8_t *query, size_t n)
{
    send_echo(query, n, bytes_read_u16(query), 0x8380);
}

START_TEST(errors_and_truncation_are_replies_and_are_not_asked_again)
{
    void (*const serves[])(const uint8_t *, size_t) = {serve_servfail, serve_refused,
                                                       serve_truncated};
    const uint16_t flags[] = {0x8182, 0x8185, 0x8380};
    for (size_t i = 0; i < 3; i++) {
        rig.serve = serves[i];
        rig.n_served = 0;
        struct asked asked;
        ck_assert_int_eq(ask(&asked, rig.server, false, 3000), 0);
        wait_for(&asked);
        ck_assert_int_eq(asked.result, PLAIN_REPLIED);
        ck_assert_uint_eq(bytes_read_u16(asked.message + 2), flags[i]);
        ck_assert_uint_eq(rig.n_served, 1);
    }
}
END_TEST

/* Header and question; what follows in a query is the OPT. */
static size_t n_question(void)
{
    return MESSAGE_HEADER + rig.question.name.n + 4u;
}

static void serve_long(const uint8_t *query, size_t n)
{
    /* One TXT-like record of unknown type in the answer, of 3000 octets of RDATA. */
    uint8_t reply[4000] = {0};
    size_t at = n_question(); /* in front of the OPT */
    memcpy(reply, query, at);
    bytes_write_u16(reply + 2, 0x8180);
    bytes_write_u16(reply + 6, 1);
    bytes_write_u16(reply + at, 0xc00c);
    bytes_write_u16(reply + at + 2, 65280);
    bytes_write_u16(reply + at + 4, 1);
    bytes_write_u16(reply + at + 10, 3000);
    at += 12 + 3000;
    memcpy(reply + at, query + n_question(), n - n_question());
    send_to_client(reply, at + n - n_question());
}

START_TEST(a_udp_reply_longer_than_512_octets_comes_whole)
{
    rig.serve = serve_long;
    struct asked asked;
    ck_assert_int_eq(ask(&asked, rig.server, false, 3000), 0);
    wait_for(&asked);
    ck_assert_int_eq(asked.result, PLAIN_REPLIED);
    ck_assert_uint_eq(asked.n_message, rig.n_query + 12 + 3000);
}
END_TEST

START_TEST(silence_is_a_time_out_at_the_deadline)
{
    struct asked asked;
    uint64_t began_us = real_now_us(&rig.port);
    ck_assert_int_eq(ask(&asked, rig.server, false, 200), 0);
    wait_for(&asked);
    ck_assert_int_eq(asked.result, PLAIN_TIMED_OUT);
    ck_assert_uint_ge(real_now_us(&rig.port) - began_us, 200000);
    ck_assert_uint_eq(rig.n_served, 1);
}
END_TEST

START_TEST(a_port_without_server_refuses_long_before_the_deadline)
{
    struct sockaddr_in address = loopback();
    int fd = bind_loopback(SOCK_DGRAM, &address);
    char server[64];
    snprintf(server, sizeof server, "127.0.0.1:%u", (unsigned)ntohs(address.sin_port));
    close(fd);
    for (int tcp = 0; tcp < 2; tcp++) {
        struct asked asked;
        uint64_t began_us = real_now_us(&rig.port);
        ck_assert_int_eq(ask(&asked, server, tcp != 0, 60000), 0);
        ck_assert_uint_eq(asked.n_done, 0);
        wait_for(&asked);
        ck_assert_int_eq(asked.result, PLAIN_REFUSED);
        ck_assert_uint_lt(real_now_us(&rig.port) - began_us, 3000000);
    }
}
END_TEST

START_TEST(tcp_is_used_when_wished)
{
    struct asked asked;
    ck_assert_int_eq(ask(&asked, rig.server, true, 3000), 0);
    wait_for(&asked);
    ck_assert_int_eq(asked.result, PLAIN_REPLIED);
    ck_assert_uint_eq(asked.n_message, rig.n_query);
    ck_assert_int_ge(rig.connection, 0);
}
END_TEST

START_TEST(a_cancelled_call_says_nothing_more)
{
    rig.serve = serve_plainly;
    struct asked cancelled, other;
    ck_assert_int_eq(ask(&cancelled, rig.server, false, 100), 0);
    ck_assert_int_eq(ask(&other, rig.server, false, 3000), 0);
    plain_cancel(rig.plain, &cancelled.call);
    plain_cancel(rig.plain, &cancelled.call);
    wait_for(&other);
    struct asked silent;
    rig.serve = NULL;
    ck_assert_int_eq(ask(&silent, rig.server, false, 150), 0);
    wait_for(&silent);
    ck_assert_uint_eq(cancelled.n_done, 0);
}
END_TEST

START_TEST(a_call_can_be_cancelled_when_its_reply_is_there_already)
{
    rig.serve = serve_plainly;
    struct asked first, second;
    ck_assert_int_eq(ask(&first, rig.server, false, 3000), 0);
    while (rig.n_served == 0) {
        turn();
    }
    if (first.n_done == 0) {
        plain_cancel(rig.plain, &first.call);
    }
    unsigned n_done = first.n_done;
    ck_assert_int_eq(ask(&second, rig.server, false, 3000), 0);
    wait_for(&second);
    ck_assert_uint_eq(first.n_done, n_done);
}
END_TEST

START_TEST(every_call_leaves_from_a_port_of_its_own_and_there_is_a_bound)
{
    static struct asked asked[PLAIN_CALLS_MAX + 1];
    for (size_t i = 0; i < PLAIN_CALLS_MAX; i++) {
        ck_assert_int_eq(ask(&asked[i], rig.server, false, 3000), 0);
    }
    ck_assert_int_eq(ask(&asked[PLAIN_CALLS_MAX], rig.server, false, 3000), -EBUSY);
    while (rig.n_served < PLAIN_CALLS_MAX) {
        turn();
    }
    for (size_t i = 0; i < PLAIN_CALLS_MAX; i++) {
        for (size_t k = 0; k < i; k++) {
            ck_assert_uint_ne(rig.client_ports[i], rig.client_ports[k]);
        }
    }
    for (size_t i = 0; i < PLAIN_CALLS_MAX; i++) {
        plain_cancel(rig.plain, &asked[i].call);
    }
}
END_TEST

static void ask_again(struct plain_call *call, enum plain_result result, struct bytes message,
                      uint32_t rtt_us)
{
    on_done(call, result, message, rtt_us);
    static struct asked next;
    if (rig.n_served < 3) {
        ck_assert_int_eq(ask(&next, rig.server, false, 3000), 0);
        next.call.on_done = ask_again;
    }
}

START_TEST(the_end_of_a_call_may_begin_another)
{
    rig.serve = serve_plainly;
    struct asked asked;
    ck_assert_int_eq(ask(&asked, rig.server, false, 3000), 0);
    asked.call.on_done = ask_again;
    while (rig.n_served < 3 || n_watches() > 2) {
        turn();
    }
}
END_TEST

START_TEST(servers_are_read_as_the_header_says)
{
    const char *const good[] = {"192.0.2.1",       "192.0.2.1:53", "192.0.2.1:65535",
                                "2001:db8::1",     "::1",          "[2001:db8::1]:53",
                                "[2001:db8::1]",   "fe80::1%eth0", "[fe80::1%eth0]:5353",
                                "::ffff:192.0.2.1"};
    const char *const bad[] = {"",
                               ":",
                               "192.0.2.1:",
                               "192.0.2.1:0",
                               "192.0.2.1:65536",
                               "192.0.2.1:+53",
                               "192.0.2",
                               "192.0.2.1%eth0",
                               "[192.0.2.1]:53",
                               "[2001:db8::1",
                               "[2001:db8::1]53",
                               "[]:53",
                               "2001:db8::1]:53",
                               "fe80::1%",
                               "fe80::1%an-interface-name-too-long",
                               "dns.example.com",
                               "192.0.2.1,192.0.2.2",
                               " 192.0.2.1",
                               "192.0.2.1 "};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        ck_assert_msg(plain_server_is_valid(good[i]), "%s", good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_msg(!plain_server_is_valid(bad[i]), "%s", bad[i]);
        struct asked asked;
        ck_assert_int_eq(ask(&asked, bad[i], false, 1000), -EINVAL);
    }
}
END_TEST

START_TEST(the_environment_and_resolv_conf_have_no_say)
{
    setenv("LOCALDOMAIN", "evil.example", 1);
    setenv("RES_OPTIONS", "ndots:9 timeout:9 attempts:9 rotate", 1);
    struct asked asked;
    ck_assert_int_eq(ask(&asked, rig.server, false, 150), 0);
    wait_for(&asked);
    ck_assert_int_eq(asked.result, PLAIN_TIMED_OUT);
    ck_assert_uint_eq(rig.n_served, 1);
    ck_assert_mem_eq(rig.query + 12, rig.question.name.at, rig.question.name.n);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_reply_comes_back_octet_for_octet,
        the_query_is_one_question_with_rd_and_do,
        replies_with_wrong_ids_are_waited_past,
        an_empty_datagram_is_not_the_end,
        a_reply_to_another_question_is_waited_past,
        errors_and_truncation_are_replies_and_are_not_asked_again,
        a_udp_reply_longer_than_512_octets_comes_whole,
        silence_is_a_time_out_at_the_deadline,
        a_port_without_server_refuses_long_before_the_deadline,
        tcp_is_used_when_wished,
        a_cancelled_call_says_nothing_more,
        a_call_can_be_cancelled_when_its_reply_is_there_already,
        every_call_leaves_from_a_port_of_its_own_and_there_is_a_bound,
        the_end_of_a_call_may_begin_another,
        servers_are_read_as_the_header_says,
        the_environment_and_resolv_conf_have_no_say,
    };
    return suite_run("plain", tests, sizeof tests / sizeof tests[0], set_up, tear_down);
}
