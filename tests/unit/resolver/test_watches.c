/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/watches.h"
#include "tests/unit/fake_port.h"
#include "tests/unit/suite.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FD = 7, OTHER = 8 };

static struct fake_port fake;
static struct watches watches;
static unsigned n_ready, last_events, n_closed;
static uint64_t last_rested_us;
static int last_fd;

static void on_ready(void *ctx, int fd, unsigned events)
{
    (void)ctx;
    n_ready++;
    last_fd = fd;
    last_events = events;
}

static void on_closed(void *ctx, const void *owner, uint64_t rested_us)
{
    (void)ctx;
    ck_assert_ptr_eq(owner, &watches);
    n_closed++;
    last_rested_us = rested_us;
}

static void set_up(void)
{
    n_ready = n_closed = 0;
    fake_port_init(&fake, 1);
    watches_init(&watches, &fake.port, on_ready, NULL);
    watches.on_closed = on_closed;
}

static void tear_down(void)
{
    watches_forget(&watches, FD);
    watches_forget(&watches, OTHER);
    watches_done(&watches);
    port_done(&fake.port);
}

START_TEST(what_is_wanted_is_heard_of)
{
    ck_assert_int_eq(watches_want(&watches, FD, PORT_READ, NULL), 0);
    ck_assert_int_eq(watches_want(&watches, OTHER, PORT_WRITE, NULL), 0);
    ck_assert(fake_port_ready(&fake, FD, PORT_READ));
    ck_assert_int_eq(last_fd, FD);
    ck_assert(!fake_port_ready(&fake, FD, PORT_WRITE));
    watches_want(&watches, FD, PORT_READ | PORT_WRITE, NULL);
    ck_assert(fake_port_ready(&fake, FD, PORT_WRITE));
    ck_assert_uint_eq(last_events, PORT_WRITE);
    ck_assert_uint_eq(n_ready, 2);
}
END_TEST

START_TEST(resting_descriptor_is_not_heard_of_and_tells_the_port_once)
{
    watches_want(&watches, FD, PORT_READ, NULL);
    watches_rest(&watches, FD);
    ck_assert(fake_port_ready(&fake, FD, PORT_READ));
    ck_assert(!fake_port_ready(&fake, FD, PORT_READ));
    ck_assert_uint_eq(n_ready, 0);
    watches_want(&watches, FD, PORT_READ, NULL);
    ck_assert(fake_port_ready(&fake, FD, PORT_READ));
    ck_assert_uint_eq(n_ready, 1);
}
END_TEST

START_TEST(resting_descriptor_does_not_wait_to_write)
{
    watches_want(&watches, FD, PORT_READ | PORT_WRITE, NULL);
    watches_rest(&watches, FD);
    ck_assert(!fake_port_ready(&fake, FD, PORT_WRITE));
}
END_TEST

START_TEST(number_that_was_closed_and_given_again_is_a_new_watch)
{
    watches_want(&watches, FD, PORT_READ, NULL);
    watches_rest(&watches, FD);
    watches_forget(&watches, FD);
    watches_forget(&watches, FD);
    ck_assert(!fake_port_ready(&fake, FD, PORT_READ));
    watches_want(&watches, FD, PORT_READ, NULL);
    ck_assert(fake_port_ready(&fake, FD, PORT_READ));
    ck_assert_uint_eq(n_ready, 1);
}
END_TEST

/* A connection over loopback: ends[0] writes, ends[1] reads. */
static void connect_pair(int ends[2])
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof here;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&here, sizeof here), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&here, &n), 0);
    ck_assert_int_eq(listen(listener, 1), 0);
    ends[0] = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(ends[0], (struct sockaddr *)&here, sizeof here), 0);
    ends[1] = accept(listener, NULL, NULL);
    ck_assert_int_ge(ends[1], 0);
    close(listener);
}

START_TEST(socket_that_was_closed_behind_our_back_is_watched_no_longer)
{
    int fd = watches_socket(&watches, AF_INET, SOCK_STREAM, 0);
    watches_want(&watches, fd, PORT_WRITE, NULL);
    close(fd);
    watches_rest(&watches, fd);
    ck_assert(!fake_port_ready(&fake, fd, PORT_READ));
    watches_want(&watches, fd, PORT_READ, NULL);
    ck_assert(fake_port_ready(&fake, fd, PORT_READ));
    watches_forget(&watches, fd);
}
END_TEST

START_TEST(new_socket_has_no_number_that_is_watched_still)
{
    int fd = watches_socket(&watches, AF_INET, SOCK_STREAM, 0);
    watches_want(&watches, fd, PORT_WRITE, NULL);
    close(fd);
    int next = watches_socket(&watches, AF_INET, SOCK_STREAM, 0);
    ck_assert_int_ge(next, 0);
    ck_assert_int_ne(next, fd);
    watches_forget(&watches, fd);
    close(next);
}
END_TEST

START_TEST(what_is_written_while_held_leaves_at_the_release)
{
    int ends[2];
    char got[8];
    connect_pair(ends);
    watches_want(&watches, ends[0], PORT_READ, NULL);
    watches_hold(&watches);
    ck_assert_int_eq(write(ends[0], "ab", 2), 2);
    ck_assert_int_eq(write(ends[0], "cd", 2), 2);
    struct pollfd waits = {.fd = ends[1], .events = POLLIN};
    ck_assert_int_eq(poll(&waits, 1, 0), 0);
    watches_release(&watches);
    ck_assert_int_eq(poll(&waits, 1, 1000), 1);
    ck_assert_int_eq(read(ends[1], got, sizeof got), 4);
    watches_forget(&watches, ends[0]);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

START_TEST(path_is_dead_when_what_was_sent_long_ago_or_again_is_not_acknowledged)
{
    static const struct {
        unsigned unacked, ack_ms, sent_ms, retransmits, rtt_us;
        bool is_dead;
    } table[] = {
        {1, 120, 116, 0, 9, true},      {0, 120, 116, 0, 9, false},
        {1, 120, 0, 0, 9, false}, /* it had rested until just now */
        {1, 280, 44, 0, 13166, false},  {9, 300, 0, 1, 9, true},
        {9, 90, 0, 1, 9, false},        {1, 120, 116, 0, 100000, false},
        {1, 200, 200, 0, 100000, true},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct tcp_info info = {.tcpi_state = TCP_ESTABLISHED,
                                .tcpi_unacked = table[i].unacked,
                                .tcpi_last_ack_recv = table[i].ack_ms,
                                .tcpi_last_data_sent = table[i].sent_ms,
                                .tcpi_retransmits = (uint8_t)table[i].retransmits,
                                .tcpi_rtt = table[i].rtt_us};
        ck_assert_msg(watches_is_black_hole(&info, 110000) == table[i].is_dead, "row %zu", i);
    }
}
END_TEST

START_TEST(doubt_ends_no_connection_whose_other_side_acknowledges)
{
    int ends[2];
    char got[8];
    connect_pair(ends);
    watches_want(&watches, ends[0], PORT_READ, &watches);
    ck_assert_int_eq(write(ends[0], "ab", 2), 2);
    watches_doubt(&watches, &watches, 0);
    ck_assert_int_eq(write(ends[0], "cd", 2), 2);
    ck_assert_int_eq(recv(ends[1], got, 4, MSG_WAITALL), 4);
    watches_forget(&watches, ends[0]);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

/* Both kernels have taken notice. */
static void wait_readable(int fd)
{
    struct pollfd waits = {.fd = fd, .events = POLLIN};
    ck_assert_int_eq(poll(&waits, 1, 5000), 1);
}

START_TEST(socket_of_datagrams_loses_its_peer_when_none_has_come_for_as_long)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    int peer = socket(AF_INET, SOCK_DGRAM, 0), fd = socket(AF_INET, SOCK_DGRAM, 0);
    ck_assert_int_eq(bind(peer, (struct sockaddr *)&at, sizeof at), 0);
    ck_assert_int_eq(getsockname(peer, (struct sockaddr *)&at, &n), 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&at, n), 0);
    ck_assert_int_eq(watches_want(&watches, fd, PORT_READ, &watches), 0);
    fake_port_advance(&fake, 1000000);
    ck_assert(fake_port_ready(&fake, fd, PORT_READ));
    fake_port_advance(&fake, 400000);
    ck_assert(!watches_doubt(&watches, &watches, 500000)); /* it was heard since that was asked */
    ck_assert(!watches_doubt(&watches, &fake, 350000));    /* somebody else's */
    ck_assert_int_eq(send(fd, "x", 1, 0), 1);
    ck_assert(watches_doubt(&watches, &watches, 350000));
    ck_assert_int_eq(send(fd, "x", 1, 0), -1);
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    ck_assert_int_eq(poll(&ready, 1, 0), 0);
    ck_assert(!watches_doubt(&watches, &watches, 350000)); /* once is enough */
    watches_forget(&watches, fd);
    close(fd);
    close(peer);
}
END_TEST

START_TEST(connection_owes_a_word_when_it_was_left_waiting_and_has_said_nothing_since)
{
    int ends[2];
    connect_pair(ends);
    watches_want(&watches, ends[0], PORT_READ, &watches);
    fake_port_advance(&fake, 1000);
    ck_assert(fake_port_ready(&fake, ends[0], PORT_READ));
    uint64_t heard_us = port_now_us(&fake.port);
    ck_assert(!watches_owe(&watches, &watches, heard_us)); /* heard at that very time */
    ck_assert(watches_owe(&watches, &watches, heard_us + 1));
    ck_assert(!watches_owe(&watches, &fake, heard_us + 1)); /* somebody else's */
    watches_rest(&watches, ends[0]);
    ck_assert(!watches_owe(&watches, &watches, heard_us + 1)); /* it has said what it was asked */
    fake_port_advance(&fake, 5000000);
    watches_want(&watches, ends[0], PORT_READ, &watches);
    uint64_t wanted_us = port_now_us(&fake.port);
    ck_assert(!watches_owe(&watches, &watches, wanted_us)); /* not asked before */
    fake_port_advance(&fake, 300000);
    ck_assert(watches_owe(&watches, &watches, wanted_us + 1));
    watches_rest(&watches, ends[0]); /* nobody waits any more */
    ck_assert(watches_owe(&watches, &watches, wanted_us + 1));
    ck_assert(!watches_owe(&watches, &watches, wanted_us));
    watches_forget(&watches, ends[0]);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

START_TEST(connection_that_the_other_side_closed_is_told_with_the_time_it_rested)
{
    int ends[2];
    connect_pair(ends);
    watches_want(&watches, ends[0], PORT_READ, &watches);
    watches_rest(&watches, ends[0]);
    fake_port_advance(&fake, 3000);
    close(ends[1]);
    wait_readable(ends[0]);
    ck_assert(fake_port_ready(&fake, ends[0], PORT_READ));
    fake_port_advance(&fake, 500000);
    watches_forget(&watches, ends[0]);
    ck_assert_uint_eq(n_closed, 1);
    ck_assert_uint_eq(last_rested_us, 3000);
    close(ends[0]);
}
END_TEST

START_TEST(connection_that_we_close_or_that_only_stirs_is_not_told)
{
    int ends[2];
    connect_pair(ends);
    watches_want(&watches, ends[0], PORT_READ, &watches);
    watches_rest(&watches, ends[0]);
    ck_assert_int_eq(write(ends[1], "ping", 4), 4);
    wait_readable(ends[0]);
    ck_assert(fake_port_ready(&fake, ends[0], PORT_READ));
    watches_forget(&watches, ends[0]);
    close(ends[0]);
    close(ends[1]);
    connect_pair(ends);
    watches_want(&watches, ends[0], PORT_READ, &watches);
    watches_rest(&watches, ends[0]);
    watches_end_rest(&watches, &watches, 0);
    close(ends[1]);
    wait_readable(ends[0]);
    fake_port_ready(&fake, ends[0], PORT_READ);
    watches_forget(&watches, ends[0]);
    close(ends[0]);
    ck_assert_uint_eq(n_closed, 0);
}
END_TEST

START_TEST(what_is_no_socket_ends_with_the_rest)
{
    watches_want(&watches, FD, PORT_READ, NULL);
    watches_done(&watches);
    ck_assert(!fake_port_ready(&fake, FD, PORT_READ));
}
END_TEST

START_TEST(only_what_has_rested_for_so_long_is_ended)
{
    int old[2], young[2], busy[2];
    char got[8];
    connect_pair(old);
    connect_pair(young);
    connect_pair(busy);
    watches_want(&watches, old[0], PORT_READ, &watches);
    watches_want(&watches, young[0], PORT_READ, &watches);
    watches_want(&watches, busy[0], PORT_READ, &watches);
    watches_rest(&watches, old[0]);
    fake_port_advance(&fake, 1000);
    watches_rest(&watches, young[0]);
    watches_end_rest(&watches, &watches, 1000);
    ck_assert_int_eq(read(old[1], got, sizeof got), 0);
    ck_assert_int_eq(write(young[0], "ab", 2), 2);
    ck_assert_int_eq(write(busy[0], "ab", 2), 2);
    int *const all[] = {old, young, busy};
    for (int i = 0; i < 3; i++) {
        watches_forget(&watches, all[i][0]);
        close(all[i][0]);
        close(all[i][1]);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        what_is_wanted_is_heard_of,
        resting_descriptor_is_not_heard_of_and_tells_the_port_once,
        resting_descriptor_does_not_wait_to_write,
        number_that_was_closed_and_given_again_is_a_new_watch,
        socket_that_was_closed_behind_our_back_is_watched_no_longer,
        new_socket_has_no_number_that_is_watched_still,
        what_is_written_while_held_leaves_at_the_release,
        path_is_dead_when_what_was_sent_long_ago_or_again_is_not_acknowledged,
        doubt_ends_no_connection_whose_other_side_acknowledges,
        socket_of_datagrams_loses_its_peer_when_none_has_come_for_as_long,
        connection_owes_a_word_when_it_was_left_waiting_and_has_said_nothing_since,
        connection_that_the_other_side_closed_is_told_with_the_time_it_rested,
        connection_that_we_close_or_that_only_stirs_is_not_told,
        what_is_no_socket_ends_with_the_rest,
        only_what_has_rested_for_so_long_is_ended,
    };
    return suite_run("watches", tests, sizeof tests / sizeof tests[0], set_up, tear_down);
}
