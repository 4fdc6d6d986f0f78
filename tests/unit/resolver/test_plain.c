/* SPDX-License-Identifier: MIT */
#include "tests/unit/plain_rig.h"
#include "tests/unit/suite.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

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

START_TEST(c7_the_query_is_our_own_one_question_with_rd_and_do)
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

static void serve_the_second(const uint8_t *query, size_t n)
{
    if (rig.n_served > 1) {
        serve_plainly(query, n);
    }
}

/* An answer to the first of two, when the second has come. */
static void serve_the_first_late(const uint8_t *query, size_t n)
{
    static uint16_t first_id;
    if (rig.n_served == 1) {
        first_id = bytes_read_u16(query);
    } else {
        send_echo(query, n, first_id, 0x8180);
    }
}

static int ask_twice(struct asked *asked, bool tcp, uint32_t timeout_ms)
{
    struct plain_request request = {.server = rig.server,
                                    .question = &rig.question,
                                    .tcp = tcp,
                                    .timeout_ms = timeout_ms,
                                    .again_ms = 50};
    *asked = (struct asked){.call.on_done = on_done};
    return plain_ask(rig.plain, &request, &asked->call);
}

START_TEST(a_question_whose_datagram_is_lost_is_sent_again_when_that_is_wished)
{
    void (*const servers[])(const uint8_t *query, size_t n) = {serve_the_second,
                                                               serve_the_first_late};
    for (size_t i = 0; i < 2; i++) {
        struct asked asked;
        rig.n_served = 0;
        rig.serve = servers[i];
        ck_assert_int_eq(ask_twice(&asked, false, 3000), 0);
        wait_for(&asked);
        ck_assert_int_eq(asked.result, PLAIN_REPLIED);
        ck_assert_uint_eq(asked.n_done, 1);
        ck_assert_uint_eq(rig.n_served, 2);
        ck_assert_uint_ge(asked.rtt_us, 50000);
    }
}
END_TEST

START_TEST(a_question_is_sent_twice_at_most_and_ends_at_its_deadline)
{
    struct asked asked;
    rig.serve = NULL;
    ck_assert_int_eq(ask_twice(&asked, false, 200), 0);
    wait_for(&asked);
    ck_assert_int_eq(asked.result, PLAIN_TIMED_OUT);
    ck_assert_uint_eq(rig.n_served, 2);
    ck_assert_uint_ge(asked.rtt_us, 200000);
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

START_TEST(c4_a_port_without_server_refuses_long_before_the_deadline)
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

START_TEST(c1_every_call_leaves_from_a_port_of_its_own_and_there_is_a_bound)
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

enum { CHECKS = 1000, CHECKED_IDS = 100000 };

static struct {
    size_t n;
    uint8_t seen[UINT16_MAX + 1];
    unsigned n_ports;
    uint16_t ids[UINT16_MAX + 1];
} spread;

static void serve_and_note(const uint8_t *query, size_t n)
{
    uint16_t port = ntohs(rig.client.sin_port);
    spread.n_ports += spread.seen[port] == 0;
    spread.seen[port] = 1;
    spread.ids[bytes_read_u16(query)]++;
    spread.n++;
    serve_plainly(query, n);
}

/* Asks so often, as many at once as there may be. */
static void ask_overlapping(size_t n)
{
    static struct asked asked[PLAIN_CALLS_MAX];
    size_t n_asked = 0;
    memset(&spread, 0, sizeof spread);
    rig.serve = serve_and_note;
    while (n_asked < n) {
        for (size_t i = 0; i < PLAIN_CALLS_MAX && n_asked < n; i++) {
            if (n_asked < PLAIN_CALLS_MAX || asked[i].n_done == 1) {
                ck_assert_int_eq(ask(&asked[i], rig.server, false, 20000), 0);
                n_asked++;
            }
        }
        turn();
    }
    while (spread.n < n) {
        turn();
    }
    for (size_t i = 0; i < PLAIN_CALLS_MAX; i++) {
        plain_cancel(rig.plain, &asked[i].call);
    }
}

START_TEST(c1_a_thousand_overlapping_calls_use_900_ports)
{
    ask_overlapping(CHECKS);
    ck_assert_uint_ge(spread.n_ports, 900);
}
END_TEST

/* Chi-square over all 65 536: its mean is the degrees of freedom, its deviation the root of twice
 * as many (362), and nobody sees seven of those by chance. */
START_TEST(c1_ids_of_100000_calls_are_uniform)
{
    enum { N_IDS = UINT16_MAX + 1, FREEDOM = N_IDS - 1, FAR = 7 * 362 };
    ask_overlapping(CHECKED_IDS);
    double chi_square = 0, wanted = (double)CHECKED_IDS / N_IDS;
    for (size_t i = 0; i < N_IDS; i++) {
        chi_square += (spread.ids[i] - wanted) * (spread.ids[i] - wanted) / wanted;
    }
    ck_assert_double_gt(chi_square, FREEDOM - FAR); /* too even is a pattern as well */
    ck_assert_double_lt(chi_square, FREEDOM + FAR);
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
        a_question_whose_datagram_is_lost_is_sent_again_when_that_is_wished,
        a_question_is_sent_twice_at_most_and_ends_at_its_deadline,
        c7_the_query_is_our_own_one_question_with_rd_and_do,
        errors_and_truncation_are_replies_and_are_not_asked_again,
        a_udp_reply_longer_than_512_octets_comes_whole,
        silence_is_a_time_out_at_the_deadline,
        c4_a_port_without_server_refuses_long_before_the_deadline,
        tcp_is_used_when_wished,
        a_cancelled_call_says_nothing_more,
        a_call_can_be_cancelled_when_its_reply_is_there_already,
        c1_every_call_leaves_from_a_port_of_its_own_and_there_is_a_bound,
        c1_a_thousand_overlapping_calls_use_900_ports,
        c1_ids_of_100000_calls_are_uniform,
        the_end_of_a_call_may_begin_another,
        servers_are_read_as_the_header_says,
        the_environment_and_resolv_conf_have_no_say,
    };
    return suite_run("plain", tests, sizeof tests / sizeof tests[0], plain_rig_set_up,
                     plain_rig_tear_down);
}
