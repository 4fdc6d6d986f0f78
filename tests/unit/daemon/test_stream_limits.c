/* SPDX-License-Identifier: MIT */
/* Bounds of connections: their time, their number, what they may leave unread. */
#include "tests/unit/stream_world.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

START_TEST(t10_reading_pauses_at_the_bound_of_queries_in_flight)
{
    enum { N = IN_FLIGHT + 50 };
    static uint8_t stream[N * (2 + MESSAGE_OCTETS)];
    uint8_t got[64];
    size_t n = 0;
    int fd = connect_client();
    for (uint16_t i = 0; i < N; i++) {
        n += put_frame(stream + n, LATER, i);
    }
    ck_assert_int_eq(send(fd, stream, n, 0), (ssize_t)n);
    settle();
    ck_assert_uint_eq(stream_world.n_asked, IN_FLIGHT);
    for (uint16_t i = 0; i < N; i++) {
        answer_one();
        ck_assert_int_eq(receive(fd, got, 4), 4);
        ck_assert_uint_eq(bytes_read_u16(got + 2), i);
    }
    ck_assert_uint_eq(stream_world.n_asked, N);
    close(fd);
}
END_TEST

START_TEST(t8_client_that_does_not_read_stops_being_read)
{
    int fd = connect_client();
    for (uint16_t i = 0; i < 200; i++) {
        uint8_t frame[64];
        size_t n = put_frame(frame, LARGE, i);
        if (send(fd, frame, n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
            break;
        }
    }
    settle();
    ck_assert_uint_lt(stream_world.n_asked, 20);
    static uint8_t got[65536];
    ssize_t n_got;
    uint64_t total = 0;
    while ((n_got = receive(fd, got, sizeof got)) > 0) {
        total += (uint64_t)n_got;
    }
    ck_assert_uint_eq(stream_world.n_asked, 200);
    ck_assert_uint_eq(total, 200 * UINT64_C(60002));
    close(fd);
}
END_TEST

START_TEST(t10_over_the_limit_the_one_idle_the_longest_goes)
{
    uint8_t got[64];
    stream_world.server->max_connections = 3;
    int fds[4];
    for (int i = 0; i < 3; i++) {
        fds[i] = connect_client();
    }
    send_frame(fds[0], AT_ONCE, 1);
    ck_assert_int_gt(receive(fds[0], got, sizeof got), 0);
    fds[3] = connect_client();
    ck_assert_int_eq(receive(fds[1], got, sizeof got), -1);
    ck_assert_int_eq(receive(fds[0], got, sizeof got), 0);
    ck_assert_int_eq(receive(fds[3], got, sizeof got), 0);
    for (int i = 0; i < 4; i++) {
        close(fds[i]);
    }
}
END_TEST

START_TEST(t5_trickling_octets_do_not_keep_a_connection)
{
    stream_world.limits.tcp_idle_ms = 150;
    int fd = connect_client();
    send_frame(fd, AT_ONCE, 1);
    send_part(fd, (const uint8_t *)"\x10\0", 2);
    ck_assert_double_le(wait_for_end_s(fd, (const uint8_t *)"ab"), 2);
    close(fd);
}
END_TEST

START_TEST(t5_each_answer_starts_the_idle_time_anew)
{
    uint8_t got[64];
    stream_world.limits.tcp_idle_ms = 200;
    int fd = connect_client();
    uint64_t began_us = uv_hrtime() / 1000;
    while (uv_hrtime() / 1000 - began_us < 700000) {
        send_frame(fd, AT_ONCE, 1);
        ck_assert_int_eq(receive(fd, got, sizeof got), 2 + MESSAGE_OCTETS);
        usleep(20000);
    }
    ck_assert_double_ge(wait_for_end_s(fd, NULL), 0.1);
    close(fd);
}
END_TEST

START_TEST(t5_waiting_for_a_slow_answer_is_not_idle)
{
    uint8_t got[64];
    stream_world.limits.tcp_idle_ms = 100;
    int fd = connect_client();
    send_frame(fd, LATER, 1);
    uint64_t began_us = uv_hrtime() / 1000;
    while (uv_hrtime() / 1000 - began_us < 400000) {
        ck_assert_int_eq(receive(fd, got, sizeof got), 0);
        usleep(10000);
    }
    answer_one();
    ck_assert_int_eq(receive(fd, got, sizeof got), 4);
    close(fd);
}
END_TEST

START_TEST(t8_late_answers_nobody_reads_are_cut_off_at_the_cap)
{
    static uint8_t large[LARGE_OCTETS];
    int fd = connect_client();
    for (uint16_t i = 0; i < IN_FLIGHT; i++) {
        send_frame(fd, LATER, i);
    }
    ck_assert_uint_eq(stream_world.n_waiting, IN_FLIGHT);
    while (stream_world.n_waiting > 0) {
        struct resolver_client client = stream_world.waiting[--stream_world.n_waiting];
        client.on_reply(&client, bytes_of(large, sizeof large));
    }
    settle();
    ck_assert_uint_eq(atomic_load(&stream_world.n_connections), 0);
    struct traffic_counts counts = {0};
    traffic_add(&counts, &stream_world.traffic[LISTEN_UNIX]);
    ck_assert_uint_gt(counts.n_dropped[TRAFFIC_GONE], 80);
    close(fd);
}
END_TEST

START_TEST(t8_client_that_never_reads_is_closed_at_the_idle_time)
{
    stream_world.limits.tcp_idle_ms = 150;
    int fd = connect_client();
    for (uint16_t i = 0; i < 20; i++) {
        send_frame(fd, LARGE, i);
    }
    uint64_t began_us = uv_hrtime() / 1000;
    while (atomic_load(&stream_world.n_connections) > 0) {
        ck_assert_uint_lt(uv_hrtime() / 1000 - began_us, 3000000);
        settle();
        usleep(1000);
    }
    close(fd);
}
END_TEST

START_TEST(t9_what_a_client_still_sends_does_not_reset_its_last_answers)
{
    uint8_t got[64], garbage[1000] = {0};
    int fd = connect_client();
    send_frame(fd, AT_ONCE, 1);
    for (int i = 0; i < 50; i++) {
        send_part(fd, garbage, sizeof garbage);
    }
    ck_assert_int_eq(recv(fd, got, sizeof got, 0), 2 + MESSAGE_OCTETS);
    ck_assert_int_eq(recv(fd, got, sizeof got, 0), 0); /* an end, no reset */
    while (send(fd, garbage, sizeof garbage, MSG_NOSIGNAL | MSG_DONTWAIT) > 0) {
        settle(); /* a flood is cut off all the same */
    }
    settle();
    ck_assert_uint_eq(atomic_load(&stream_world.n_connections), 0);
    close(fd);
}
END_TEST

START_TEST(t10_one_client_over_its_limit_loses_its_own_oldest)
{
    uint8_t got[64];
    stream_world.limits.max_per_local_client = 2;
    int fds[3];
    for (int i = 0; i < 3; i++) {
        fds[i] = connect_client();
    }
    ck_assert_int_eq(receive(fds[0], got, sizeof got), -1);
    ck_assert_int_eq(receive(fds[1], got, sizeof got), 0);
    send_frame(fds[2], AT_ONCE, 1);
    ck_assert_int_gt(receive(fds[2], got, sizeof got), 0);
    for (int i = 0; i < 3; i++) {
        close(fds[i]);
    }
}
END_TEST

START_TEST(t10_busy_connections_are_not_cut_off_for_a_newcomer)
{
    uint8_t got[64];
    stream_world.server->max_connections = 2;
    int fds[3];
    for (uint16_t i = 0; i < 2; i++) {
        fds[i] = connect_client();
        send_frame(fds[i], LATER, i);
    }
    fds[2] = connect_client();
    ck_assert_int_eq(receive(fds[2], got, sizeof got), -1);
    answer_one();
    answer_one();
    ck_assert_int_eq(receive(fds[0], got, sizeof got), 4);
    ck_assert_int_eq(receive(fds[1], got, sizeof got), 4);
    for (int i = 0; i < 3; i++) {
        close(fds[i]);
    }
}
END_TEST

static int highest_fd(void)
{
    int fd = dup(0);
    close(fd);
    return fd;
}

START_TEST(t11_without_descriptors_newcomers_are_accepted_and_closed)
{
    uint8_t got[64];
    struct rlimit before, low;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    int held = connect_client(), fds[8];
    for (int i = 0; i < 8; i++) {
        fds[i] = socket(AF_UNIX, SOCK_STREAM, 0);
    }
    low = before;
    low.rlim_cur = (rlim_t)highest_fd();
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &low), 0);
    socklen_t n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 6);
    for (int i = 0; i < 8; i++) {
        ck_assert_int_eq(connect(fds[i], (struct sockaddr *)&stream_world.address, n), 0);
        ck_assert_int_eq(receive(fds[i], got, sizeof got), -1);
    }
    send_frame(held, AT_ONCE, 1);
    ck_assert_int_gt(receive(held, got, sizeof got), 0);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    int fd = connect_client();
    send_frame(fd, AT_ONCE, 1);
    ck_assert_int_gt(receive(fd, got, sizeof got), 0);
    for (int i = 0; i < 8; i++) {
        close(fds[i]);
    }
    close(held);
    close(fd);
}
END_TEST

START_TEST(draining_answers_what_is_pending_and_then_says_empty)
{
    uint8_t got[64];
    int idle = connect_client(), busy = connect_client();
    send_frame(busy, LATER, 9);
    stream_server_drain(stream_world.server);
    ck_assert_int_eq(receive(idle, got, sizeof got), -1);
    ck_assert_uint_eq(stream_world.n_empty, 0);
    answer_one();
    ck_assert_int_eq(receive(busy, got, 4), 4);
    ck_assert_int_eq(receive(busy, got, 4), -1);
    ck_assert_uint_eq(stream_world.n_empty, 1);
    close(idle);
    close(busy);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        t10_reading_pauses_at_the_bound_of_queries_in_flight,
        t8_client_that_does_not_read_stops_being_read,
        t10_over_the_limit_the_one_idle_the_longest_goes,
        t5_trickling_octets_do_not_keep_a_connection,
        t5_each_answer_starts_the_idle_time_anew,
        t5_waiting_for_a_slow_answer_is_not_idle,
        t8_late_answers_nobody_reads_are_cut_off_at_the_cap,
        t8_client_that_never_reads_is_closed_at_the_idle_time,
        t9_what_a_client_still_sends_does_not_reset_its_last_answers,
        t10_one_client_over_its_limit_loses_its_own_oldest,
        t10_busy_connections_are_not_cut_off_for_a_newcomer,
        t11_without_descriptors_newcomers_are_accepted_and_closed,
        draining_answers_what_is_pending_and_then_says_empty,
    };
    return suite_run("stream_limits", tests, sizeof tests / sizeof tests[0], stream_world_set_up,
                     stream_world_tear_down);
}
