/* SPDX-License-Identifier: MIT */
/* The race socket on loopback, against a server of the test. */
#include "resolver/audit/race.h"

#include "tests/unit/plain_rig.h"
#include "tests/unit/suite.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>
#include <unistd.h>

static struct race race;
static unsigned n_done;

static void on_race(struct race *done)
{
    ck_assert_ptr_eq(done, &race);
    n_done++;
}

static void run_race(const char *server)
{
    n_done = 0;
    race = (struct race){.on_done = on_race};
    ck_assert_int_eq(race_start(&race, &rig.port, server, &rig.question), 0);
    uint64_t began_us = real_now_us(&rig.port);
    while (n_done == 0) {
        ck_assert_uint_lt(real_now_us(&rig.port), began_us + 3 * PATIENCE_MS * 1000ull);
        turn();
    }
    ck_assert_ptr_null(race.handle);
    ck_assert_uint_ge(real_now_us(&rig.port) - began_us, RACE_WINDOW_MS * 1000u - 1000);
}

/* A response to the rig's question with one address. */
static void send_address(uint16_t id, uint32_t address)
{
    uint8_t reply[600];
    struct buf b = buf_over(reply, sizeof reply);
    buf_put_u16(&b, id);
    buf_put_u16(&b, FLAG_QR | FLAG_RD | FLAG_RA);
    buf_put_u32(&b, 1 << 16 | 1);
    buf_put_u32(&b, 0);
    buf_put(&b, rig.question.name.at, rig.question.name.n);
    buf_put_u32(&b, (uint32_t)rig.question.type << 16 | CLASS_IN);
    buf_put_u16(&b, 0xc00c);
    buf_put_u32(&b, TYPE_A << 16 | CLASS_IN);
    buf_put_u32(&b, 300);
    buf_put_u16(&b, 4);
    buf_put_u32(&b, address);
    send_to_client(reply, b.n);
}

static void serve_once(const uint8_t *query, size_t n)
{
    (void)n;
    send_address(bytes_read_u16(query), 0xc6336407);
}

static void serve_race(const uint8_t *query, size_t n)
{
    static const uint8_t nonsense[3] = {1, 2, 3};
    uint16_t id = bytes_read_u16(query);
    (void)n;
    send_to_client(nonsense, 0);
    send_to_client(nonsense, sizeof nonsense);
    send_address((uint16_t)(id + 1), 0x01010101);
    send_address(id, 0x0a420001);
    send_address(id, 0x0a420001);
    send_address(id, 0xc6336407);
}

static void serve_flood(const uint8_t *query, size_t n)
{
    uint16_t id = bytes_read_u16(query);
    (void)n;
    for (unsigned i = 1; i <= 200; i++) {
        send_address((uint16_t)(id + i), 0x01010101);
    }
    for (unsigned i = 0; i < 20; i++) {
        send_address(id, 0xc6336400 + i);
    }
}

START_TEST(one_reply_is_one_reply_with_the_ip_ttl_it_came_with)
{
    rig.serve = serve_once;
    run_race(rig.server);
    ck_assert_uint_eq(race.n_replies, 1);
    ck_assert_uint_eq(race.n_copies + race.n_strange + race.n_icmp, 0);
    ck_assert(said_gives_addresses(&race.replies[0].said));
    ck_assert_uint_eq(race.replies[0].said.ip_ttl, 64);
    ck_assert_uint_eq(race.own.n, 4);
    ck_assert_uint_eq(race.own.at[0], 127);
    ck_assert_uint_lt(race.replies[0].said.rtt_us, 1000000);
    ck_assert_uint_eq(rig.n_served, 1);
}
END_TEST

START_TEST(both_replies_are_kept_in_order_and_what_is_not_ours_is_ignored)
{
    rig.serve = serve_race;
    run_race(rig.server);
    ck_assert_uint_eq(race.n_replies, 2);
    ck_assert_uint_eq(race.n_copies, 1);
    ck_assert_uint_eq(race.n_strange, 3);
    ck_assert_uint_eq(race.replies[0].said.at[0].at[0], 10);
    ck_assert_uint_eq(race.replies[1].said.at[0].at[0], 198);
    ck_assert_uint_le(race.replies[0].said.rtt_us, race.replies[1].said.rtt_us);
}
END_TEST

START_TEST(a_flood_of_replies_is_kept_within_bounds)
{
    rig.serve = serve_flood;
    run_race(rig.server);
    ck_assert_uint_eq(race.n_replies, RACE_REPLIES_MAX);
    ck_assert_uint_eq(race.n_strange, 200);
}
END_TEST

START_TEST(an_icmp_error_is_kept_with_its_sender_and_does_not_end_the_wait)
{
    char server[64];
    struct sockaddr_in address = loopback();
    int fd = bind_loopback(SOCK_DGRAM, &address);
    close(fd); /* nobody there now */
    snprintf(server, sizeof server, "127.0.0.1:%u", (unsigned)ntohs(address.sin_port));
    run_race(server);
    ck_assert_uint_eq(race.n_replies, 0);
    ck_assert_uint_eq(race.n_icmp, 1);
    ck_assert_uint_eq(race.icmp[0].type, ICMP_DEST_UNREACH);
    ck_assert_uint_eq(race.icmp[0].code, ICMP_PORT_UNREACH);
    ck_assert_uint_eq(race.icmp[0].from.n, 4);
    ck_assert_uint_eq(race.icmp[0].from.at[0], 127);
}
END_TEST

START_TEST(silence_is_the_end_of_the_window_and_nothing_else)
{
    rig.serve = NULL;
    run_race(rig.server);
    ck_assert_uint_eq(race.n_replies + race.n_copies + race.n_strange + race.n_icmp, 0);
}
END_TEST

START_TEST(a_race_can_be_cancelled_and_an_unusable_server_is_said_at_once)
{
    race = (struct race){.on_done = on_race};
    race_cancel(&race);
    ck_assert_int_eq(race_start(&race, &rig.port, rig.server, &rig.question), 0);
    race_cancel(&race);
    race_cancel(&race);
    ck_assert_int_eq(race_start(&race, &rig.port, "not-a-server", &rig.question), -EINVAL);
    ck_assert_ptr_null(race.handle);
}
END_TEST

static bool refuse(const struct address *own)
{
    ck_assert_uint_eq(own->at[0], 127);
    return false;
}

START_TEST(nothing_is_sent_from_where_it_must_not)
{
    race = (struct race){.on_done = on_race, .may_send = refuse};
    ck_assert_int_eq(race_start(&race, &rig.port, rig.server, &rig.question), -EADDRNOTAVAIL);
    ck_assert_uint_eq(rig.n_served, 0);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        one_reply_is_one_reply_with_the_ip_ttl_it_came_with,
        both_replies_are_kept_in_order_and_what_is_not_ours_is_ignored,
        a_flood_of_replies_is_kept_within_bounds,
        an_icmp_error_is_kept_with_its_sender_and_does_not_end_the_wait,
        silence_is_the_end_of_the_window_and_nothing_else,
        nothing_is_sent_from_where_it_must_not,
        a_race_can_be_cancelled_and_an_unusable_server_is_said_at_once,
    };
    return suite_run("race", tests, sizeof tests / sizeof tests[0], plain_rig_set_up,
                     plain_rig_tear_down);
}
