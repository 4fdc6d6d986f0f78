/* SPDX-License-Identifier: MIT */
#include "daemon/udp.h"
#include "tests/unit/suite.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <unistd.h>

enum { PORT = 5353 };

static struct sockaddr_storage address(const char *text, unsigned port)
{
    struct sockaddr_storage a = {0};
    struct sockaddr_in *in = (struct sockaddr_in *)&a;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&a;
    if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
        in->sin_family = AF_INET;
        in->sin_port = htons((uint16_t)port);
    } else {
        memset(&a, 0, sizeof a);
        ck_assert_int_eq(inet_pton(AF_INET6, text, &in6->sin6_addr), 1);
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons((uint16_t)port);
    }
    return a;
}

static bool is_bad(const char *from, unsigned port, const char *to)
{
    struct sockaddr_storage a = address(from, port), b = address(to, PORT);
    return udp_is_bad_source((struct sockaddr *)&a, (struct sockaddr *)&b);
}

START_TEST(u4_sources_that_are_no_single_host_are_bad)
{
    ck_assert(is_bad("192.0.2.1", 0, "192.0.2.9"));
    ck_assert(is_bad("255.255.255.255", 4000, "192.0.2.9"));
    ck_assert(is_bad("224.0.0.251", 4000, "192.0.2.9"));
    ck_assert(is_bad("239.1.2.3", 4000, "192.0.2.9"));
    ck_assert(is_bad("0.0.0.0", 4000, "192.0.2.9"));
    ck_assert(is_bad("ff02::1", 4000, "2001:db8::9"));
    ck_assert(is_bad("::", 4000, "2001:db8::9"));
    ck_assert(is_bad("2001:db8::1", 0, "2001:db8::9"));
    ck_assert(!is_bad("192.0.2.1", 4000, "192.0.2.9"));
    ck_assert(!is_bad("2001:db8::1", 4000, "2001:db8::9"));
}
END_TEST

START_TEST(u4_own_listening_address_as_source_is_bad)
{
    ck_assert(is_bad("192.0.2.9", PORT, "192.0.2.9"));
    ck_assert(is_bad("2001:db8::9", PORT, "2001:db8::9"));
    ck_assert(!is_bad("192.0.2.9", PORT + 1, "192.0.2.9"));
    ck_assert(!is_bad("192.0.2.8", PORT, "192.0.2.9"));
}
END_TEST

/* ---- a listener on loopback, with a resolver that echoes or waits ---- */

static struct {
    struct loop loop;
    struct traffic traffic;
    struct udp_batch *batch;
    struct udp_listener *listener;
    struct sockaddr_storage where;
    struct resolver_client waiting;
    size_t seen[8];
    size_t n_seen;
} world;

/* In place of resolver/resolver.c. */
enum resolver_outcome resolver_ask(struct resolver *resolver, struct bytes message,
                                   const struct resolver_client *client, struct buf *out)
{
    (void)resolver;
    world.seen[world.n_seen++ % 8] = message.n;
    if (message.n < MESSAGE_HEADER) {
        return RESOLVER_DROPPED;
    }
    if (message.at[0] == 'l') {
        world.waiting = *client;
        return RESOLVER_PENDING;
    }
    buf_put(out, message.at, message.n < 64 ? message.n : 64);
    return RESOLVER_ANSWERED;
}

static socklen_t n_address(const struct sockaddr_storage *a)
{
    return a->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

static void listen_on(const char *loopback)
{
    struct socket_entry entry = {.transport = LISTEN_UDP, .address = address(loopback, 0)};
    int fd = socket(entry.address.ss_family, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    socklen_t n = sizeof world.where;
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&entry.address, n_address(&entry.address)), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&world.where, &n), 0);
    entry.address = world.where;
    world.listener = udp_listener_new(&world.loop, NULL, world.batch, &entry, fd);
    ck_assert_ptr_nonnull(world.listener);
}

static void set_up(void)
{
    memset(&world, 0, sizeof world);
    ck_assert_int_eq(loop_init(&world.loop), 0);
    world.batch = udp_batch_new(&world.traffic, false);
    listen_on("127.0.0.1");
}

static void tear_down(void)
{
    struct traffic_counts counts = {0};
    traffic_add(&counts, &world.traffic);
    uint64_t sum = counts.n_answered + counts.n_in_flight;
    for (size_t i = 0; i < TRAFFIC_DROPS; i++) {
        sum += counts.n_dropped[i];
    }
    ck_assert_uint_eq(counts.n_received, sum);
    udp_listener_close(world.listener);
    loop_done(&world.loop);
    udp_batch_free(world.batch);
}

static int client(void)
{
    int fd = socket(world.where.ss_family, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&world.where, n_address(&world.where)), 0);
    return fd;
}

static ssize_t turn_and_receive(int fd, uint8_t *at, size_t n)
{
    for (int i = 0; i < 3; i++) {
        uv_run(&world.loop.uv, UV_RUN_NOWAIT);
    }
    udp_batch_flush(world.batch);
    return recv(fd, at, n, MSG_DONTWAIT);
}

START_TEST(u5_bad_packet_in_a_batch_harms_no_neighbour)
{
    uint8_t got[64], large[UDP_QUERY_MAX + 100] = "big";
    int fd = client();
    ck_assert_int_eq(send(fd, "before------", 12, 0), 12);
    ck_assert_int_eq(send(fd, "x", 1, 0), 1);
    ck_assert_int_eq(send(fd, large, sizeof large, 0), (ssize_t)sizeof large);
    ck_assert_int_eq(send(fd, "behind------", 12, 0), 12);
    ck_assert_int_eq(turn_and_receive(fd, got, sizeof got), 12);
    ck_assert_mem_eq(got, "before", 6);
    ck_assert_int_eq(recv(fd, got, sizeof got, 0), 12); /* of the large one the header alone */
    ck_assert_mem_eq(got, "big", 3);
    ck_assert_int_eq(recv(fd, got, sizeof got, 0), 12);
    ck_assert_mem_eq(got, "behind", 6);
    ck_assert_uint_eq(world.seen[2], MESSAGE_HEADER);
    struct traffic_counts counts = {0};
    traffic_add(&counts, &world.traffic);
    ck_assert_uint_eq(counts.n_dropped[TRAFFIC_SHORT], 1);
    ck_assert_uint_eq(counts.n_answered, 3);
    close(fd);
}
END_TEST

static void lose_clients(void)
{
    uint8_t got[64];
    int gone = client(), other = client();
    for (int i = 0; i < 20; i++) {
        ck_assert_int_eq(send(gone, "gone--------", 12, 0), 12);
        close(gone);
        ck_assert_int_eq(turn_and_receive(other, got, sizeof got), -1);
        ck_assert_int_eq(send(other, "other-------", 12, 0), 12);
        ck_assert_int_eq(turn_and_receive(other, got, sizeof got), 12);
        gone = client();
    }
    close(gone);
    close(other);
}

START_TEST(u3_icmp_of_a_client_that_is_gone_hits_no_other)
{
    lose_clients();
    udp_listener_close(world.listener);
    listen_on("::1");
    lose_clients();
}
END_TEST

static void send_200(const char *datagram)
{
    int fd = client();
    for (int i = 0; i < 200; i++) {
        ck_assert_int_eq(send(fd, datagram, MESSAGE_HEADER, 0), MESSAGE_HEADER);
    }
    close(fd);
    world.n_seen = 0;
}

/* How many of 200 datagrams are seen in one turn of the loop. */
static size_t seen_in_a_turn(const char *datagram)
{
    send_200(datagram);
    uv_run(&world.loop.uv, UV_RUN_NOWAIT);
    return world.n_seen;
}

START_TEST(what_is_answered_at_once_is_read_on_and_what_waits_lets_the_loop_come_round)
{
    ck_assert_uint_eq(seen_in_a_turn("answer it now"), 200);
    ck_assert_uint_eq(seen_in_a_turn("let this wait"), UDP_BATCH);
}
END_TEST

START_TEST(who_stops_reads_what_has_come_though_it_has_to_wait)
{
    send_200("let this wait");
    udp_listener_stop(world.listener);
    ck_assert_uint_eq(world.n_seen, 200);
}
END_TEST

START_TEST(u6_reply_that_cannot_be_sent_is_counted_and_nobody_waits)
{
    uint8_t got[64];
    int fd = client();
    ck_assert_int_eq(send(fd, "later-------", 12, 0), 12);
    ck_assert_int_eq(turn_and_receive(fd, got, sizeof got), -1);
    /* The kernel takes nothing for port 0. */
    struct sockaddr_in *back = (struct sockaddr_in *)world.waiting.room;
    back->sin_port = 0;
    world.waiting.on_reply(&world.waiting, bytes_of("reply", 5));
    ck_assert_int_eq(turn_and_receive(fd, got, sizeof got), -1);
    struct traffic_counts counts = {0};
    traffic_add(&counts, &world.traffic);
    ck_assert_uint_eq(counts.n_dropped[TRAFFIC_GONE], 1);
    ck_assert_uint_eq(counts.n_in_flight, 0);
    ck_assert_int_eq(send(fd, "next--------", 12, 0), 12);
    ck_assert_int_eq(turn_and_receive(fd, got, sizeof got), 12);
    close(fd);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        u4_sources_that_are_no_single_host_are_bad,
        u4_own_listening_address_as_source_is_bad,
        u5_bad_packet_in_a_batch_harms_no_neighbour,
        u3_icmp_of_a_client_that_is_gone_hits_no_other,
        what_is_answered_at_once_is_read_on_and_what_waits_lets_the_loop_come_round,
        who_stops_reads_what_has_come_though_it_has_to_wait,
        u6_reply_that_cannot_be_sent_is_counted_and_nobody_waits,
    };
    return suite_run("udp", tests, sizeof tests / sizeof tests[0], set_up, tear_down);
}
