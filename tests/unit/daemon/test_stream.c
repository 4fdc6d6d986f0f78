/* SPDX-License-Identifier: MIT */
/* Messages on connections: how they are cut, answered and ended. */
#include "tests/unit/stream_world.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

START_TEST(t1_each_of_all_2_cut_splits_of_three_queries_gives_the_same_answers)
{
    uint8_t stream[256], got[256];
    size_t n = put_frame(stream, AT_ONCE, 1);
    n += put_frame(stream + n, AT_ONCE, 2);
    n += put_frame(stream + n, AT_ONCE, 3);
    unsigned n_cases = 0;
    for (size_t first = 1; first < n; first++) {
        for (size_t second = first + 1; second < n; second++) {
            int fd = connect_client();
            send_part(fd, stream, first);
            send_part(fd, stream + first, second - first);
            send_part(fd, stream + second, n - second);
            ck_assert_int_eq(receive(fd, got, sizeof got), (ssize_t)n);
            ck_assert_mem_eq(got, stream, n);
            close(fd);
            settle();
            n_cases++;
        }
    }
    ck_assert_uint_gt(n_cases, 9000);
}
END_TEST

START_TEST(t1_octet_by_octet_gives_the_same_answers)
{
    uint8_t stream[256], got[256];
    size_t n = put_frame(stream, AT_ONCE, 1);
    n += put_frame(stream + n, AT_ONCE, 2);
    int fd = connect_client();
    for (size_t i = 0; i < n; i++) {
        send_part(fd, stream + i, 1);
    }
    ck_assert_int_eq(receive(fd, got, sizeof got), (ssize_t)n);
    ck_assert_mem_eq(got, stream, n);
    close(fd);
}
END_TEST

START_TEST(t2_answers_go_out_as_they_come)
{
    uint8_t got[64];
    int fd = connect_client();
    send_frame(fd, LATER, 1);
    send_frame(fd, AT_ONCE, 2);
    ck_assert_int_eq(receive(fd, got, sizeof got), 2 + MESSAGE_OCTETS);
    ck_assert_uint_eq(bytes_read_u16(got + 2), 2);
    answer_one();
    ck_assert_int_eq(receive(fd, got, sizeof got), 4);
    ck_assert_uint_eq(bytes_read_u16(got + 2), 1);
    close(fd);
}
END_TEST

START_TEST(t7_half_closed_connection_ends_after_its_last_answer)
{
    uint8_t got[64];
    int fd = connect_client();
    send_frame(fd, LATER, 7);
    shutdown(fd, SHUT_WR);
    ck_assert_int_eq(receive(fd, got, sizeof got), 0);
    answer_one();
    ck_assert_int_eq(receive(fd, got, 4), 4);
    ck_assert_int_eq(receive(fd, got, 4), -1);
    close(fd);
}
END_TEST

START_TEST(t7_client_that_left_is_forgotten_when_its_answer_comes)
{
    int fd = connect_client();
    send_frame(fd, LATER, 7);
    close(fd);
    settle();
    answer_one();
    settle();
    ck_assert_uint_eq(atomic_load(&stream_world.n_connections), 0);
}
END_TEST

START_TEST(t4_length_of_0_ends_the_connection)
{
    uint8_t got[64];
    int fd = connect_client();
    ck_assert_int_eq(send(fd, "\0\0", 2, 0), 2);
    ck_assert_int_eq(receive(fd, got, sizeof got), -1);
    close(fd);
}
END_TEST

START_TEST(m1_message_below_a_header_gets_no_reply_and_the_connection_stays)
{
    uint8_t got[64];
    int fd = connect_client();
    for (unsigned i = 1; i < MESSAGE_HEADER; i++) {
        uint8_t octets[64] = {0, (uint8_t)i};
        send_part(fd, octets, 2 + i);
        send_frame(fd, AT_ONCE, (uint16_t)i);
        ck_assert_int_eq(receive(fd, got, sizeof got), 2 + MESSAGE_OCTETS);
        ck_assert_uint_eq(got[3], i);
    }
    ck_assert_uint_eq(stream_world.n_asked, MESSAGE_HEADER - 1);
    close(fd);
}
END_TEST

START_TEST(t4_without_a_query_in_two_seconds_behind_what_is_no_message_the_connection_ends)
{
    uint8_t got[64];
    int fds[2];
    for (size_t i = 0; i < 2; i++) {
        fds[i] = connect_client();
        send_frame(fds[i], AT_ONCE, 1);
        ck_assert_int_eq(receive(fds[i], got, sizeof got), 2 + MESSAGE_OCTETS);
        for (unsigned k = 0; k < 3; k++) {
            if (i == 0) {
                send_part(fds[i], (const uint8_t *)"\0\1x", 3);
            } else {
                send_frame(fds[i], GARBLED, 2);
            }
        }
    }
    double s = wait_for_end_s(fds[0], NULL);
    ck_assert_double_ge(s, 1);
    ck_assert_double_le(s, 3);
    ck_assert_double_le(wait_for_end_s(fds[1], NULL), 0.5);
    close(fds[0]);
    close(fds[1]);
}
END_TEST

START_TEST(query_behind_what_is_no_message_gives_the_whole_idle_time_back)
{
    uint8_t got[64];
    int fd = connect_client();
    send_frame(fd, GARBLED, 1);
    send_frame(fd, AT_ONCE, 2);
    ck_assert_int_eq(receive(fd, got, sizeof got), 2 + MESSAGE_OCTETS);
    uint64_t until_us = stream_world.loop.now_us + 2500000;
    while (stream_world.loop.now_us < until_us) {
        usleep(10000);
        loop_tick(&stream_world.loop);
        settle();
    }
    send_frame(fd, AT_ONCE, 3);
    ck_assert_int_eq(receive(fd, got, sizeof got), 2 + MESSAGE_OCTETS);
    close(fd);
}
END_TEST

START_TEST(m2_response_is_dropped_and_leaves_the_connection_open)
{
    uint8_t got[64];
    int fd = connect_client();
    send_frame(fd, DROP, 1);
    send_frame(fd, AT_ONCE, 2);
    ck_assert_int_eq(receive(fd, got, sizeof got), 2 + MESSAGE_OCTETS);
    close(fd);
}
END_TEST

START_TEST(t3_answers_that_leave_in_parts_are_whole_and_in_order)
{
    enum { N = 30 };
    static uint8_t got[LARGE_OCTETS + 2];
    int fd = connect_client();
    for (uint16_t i = 0; i < N; i++) {
        uint8_t frame[64];
        size_t n = put_frame(frame, i % 3 == 0 ? AT_ONCE : LARGE, i);
        ck_assert_int_eq(send(fd, frame, n, MSG_NOSIGNAL), (ssize_t)n);
    }
    for (uint16_t i = 0; i < N; i++) {
        size_t n_wanted = i % 3 == 0 ? MESSAGE_OCTETS + 2 : LARGE_OCTETS + 2, n = 0;
        while (n < n_wanted) {
            size_t step = n_wanted - n < 7001 ? n_wanted - n : 7001;
            ssize_t more = receive(fd, got + n, step);
            ck_assert_int_gt(more, 0);
            n += (size_t)more;
        }
        ck_assert_uint_eq(bytes_read_u16(got), n_wanted - 2);
        ck_assert_uint_eq(got[3], i);
        ck_assert_uint_eq(got[n_wanted - 1], i % 3 == 0 ? 0 : i);
    }
    close(fd);
}
END_TEST

START_TEST(t4_short_length_waits_for_the_pending_answers)
{
    uint8_t got[64];
    int fd = connect_client();
    send_frame(fd, LATER, 7);
    send_part(fd, (const uint8_t *)"\0\0 and what is no DNS", 20);
    ck_assert_int_eq(receive(fd, got, sizeof got), 0);
    answer_one();
    ck_assert_int_eq(receive(fd, got, 4), 4);
    ck_assert_int_eq(receive(fd, got, 4), -1);
    close(fd);
}
END_TEST

START_TEST(t4_length_that_never_arrives_ends_at_the_idle_time)
{
    stream_world.limits.tcp_idle_ms = 150;
    int fd = connect_client();
    send_part(fd, (const uint8_t *)"\x10\0half", 6);
    double s = wait_for_end_s(fd, NULL);
    ck_assert_double_ge(s, 0.1);
    ck_assert_double_le(s, 2);
    close(fd);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        t1_each_of_all_2_cut_splits_of_three_queries_gives_the_same_answers,
        t2_answers_go_out_as_they_come,
        t7_half_closed_connection_ends_after_its_last_answer,
        t7_client_that_left_is_forgotten_when_its_answer_comes,
        t4_length_of_0_ends_the_connection,
        m1_message_below_a_header_gets_no_reply_and_the_connection_stays,
        t4_without_a_query_in_two_seconds_behind_what_is_no_message_the_connection_ends,
        query_behind_what_is_no_message_gives_the_whole_idle_time_back,
        m2_response_is_dropped_and_leaves_the_connection_open,
        t1_octet_by_octet_gives_the_same_answers,
        t3_answers_that_leave_in_parts_are_whole_and_in_order,
        t4_short_length_waits_for_the_pending_answers,
        t4_length_that_never_arrives_ends_at_the_idle_time,
    };
    return suite_run("stream", tests, sizeof tests / sizeof tests[0], stream_world_set_up,
                     stream_world_tear_down);
}
