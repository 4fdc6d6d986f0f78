/* SPDX-License-Identifier: MIT */
/* What comes to a question's port and is no reply to it: waited past. */
#include "tests/unit/plain_rig.h"
#include "tests/unit/suite.h"

static void serve_plainly(const uint8_t *query, size_t n)
{
    send_echo(query, n, bytes_read_u16(query), 0x8180);
}

static void serve_wrong_ids_first(const uint8_t *query, size_t n)
{
    uint16_t id = bytes_read_u16(query);
    for (uint16_t i = 1; i <= 60; i++) {
        send_echo(query, n, (uint16_t)(id + i), 0x8183);
    }
    serve_plainly(query, n);
}

START_TEST(c2_replies_with_wrong_ids_are_waited_past)
{
    rig.serve = serve_wrong_ids_first;
    struct asked asked;
    ck_assert_int_eq(ask(&asked, rig.server, false, 3000), 0);
    wait_for(&asked);
    ck_assert_int_eq(asked.result, PLAIN_REPLIED);
    ck_assert_uint_eq(bytes_read_u16(asked.message + 2), 0x8180);
}
END_TEST

static void serve_nothing_yet(const uint8_t *query, size_t n)
{
    (void)query; /* the rig keeps it */
    (void)n;
}

/* A flood like an attacker's: other IDs, other names, fragments, queries. */
static void send_wrong(unsigned i)
{
    uint8_t wrong[600];
    uint16_t id = bytes_read_u16(rig.query);
    memcpy(wrong, rig.query, rig.n_query);
    switch (i % 4) {
    case 0:
        send_echo(wrong, rig.n_query, (uint16_t)(id + 1 + i), 0x8180);
        break;
    case 1:
        wrong[13] = (uint8_t)('a' + (wrong[13] - 'a' + 1) % 26);
        send_echo(wrong, rig.n_query, id, 0x8180);
        break;
    case 2:
        send_to_client(wrong, i % 12);
        break;
    default:
        send_echo(wrong, rig.n_query, (uint16_t)~id, 0x0100);
    }
}

START_TEST(c2_ten_thousand_wrong_replies_are_waited_past)
{
    rig.serve = serve_nothing_yet;
    struct asked asked;
    ck_assert_int_eq(ask(&asked, rig.server, false, 60000), 0);
    while (rig.n_served == 0) {
        turn();
    }
    for (unsigned i = 0; i < 10000; i++) {
        send_wrong(i);
        if (i % 50 == 49) { /* no more than its socket holds */
            turn();
        }
        ck_assert_uint_eq(asked.n_done, 0);
    }
    serve_plainly(rig.query, rig.n_query);
    wait_for(&asked);
    ck_assert_int_eq(asked.result, PLAIN_REPLIED);
    ck_assert_uint_eq(bytes_read_u16(asked.message + 2), 0x8180);
    ck_assert_uint_eq(bytes_read_u16(asked.message), bytes_read_u16(rig.query));
}
END_TEST

/* What is no reply to the query, `which` of it, and then the reply. Its ID is right wherever it has
 * one. */
static size_t which;

enum {
    JUNK_EMPTY,
    JUNK_FRAGMENT, /* of each length below a header */
    JUNK_QUERY = JUNK_FRAGMENT + MESSAGE_HEADER - 1,
    JUNK_WITHOUT_QUESTION,
    JUNK_TWO_QUESTIONS,
    JUNK_QUESTION_CUT,
    JUNK_OTHER_NAME,
    JUNK_OTHER_TYPE,
    JUNK_OTHER_CLASS,
    JUNK_OTHER_OPCODE,
    JUNKS
};

static void serve_junk_first(const uint8_t *query, size_t n)
{
    enum { COUNT_AT = 5, NXDOMAIN = 0x8183 };
    uint8_t junk[600];
    uint16_t id = bytes_read_u16(query);
    size_t n_name = strlen((const char *)query + MESSAGE_HEADER) + 1;
    size_t n_question = MESSAGE_HEADER + n_name + 4;
    memcpy(junk, query, n);
    bytes_write_u16(junk + 2, NXDOMAIN);
    bytes_write_u16(junk + 10, 0); /* no OPT: each is cut behind its question */
    if (which < JUNK_QUERY) {
        send_to_client(junk, which);
        serve_plainly(query, n);
        return;
    }
    switch (which) {
    case JUNK_QUERY:
        bytes_write_u16(junk + 2, 0x0100);
        break;
    case JUNK_WITHOUT_QUESTION:
        junk[COUNT_AT] = 0;
        n_question = MESSAGE_HEADER;
        break;
    case JUNK_TWO_QUESTIONS:
        junk[COUNT_AT] = 2;
        memcpy(junk + n_question, junk + MESSAGE_HEADER, n_name + 4);
        n_question += n_name + 4;
        break;
    case JUNK_QUESTION_CUT:
        n_question -= 3;
        break;
    case JUNK_OTHER_NAME:
        junk[MESSAGE_HEADER + 1] = 'x';
        break;
    case JUNK_OTHER_TYPE:
        junk[MESSAGE_HEADER + n_name + 1] ^= 0x1c;
        break;
    case JUNK_OTHER_CLASS:
        junk[MESSAGE_HEADER + n_name + 3] = CLASS_CH;
        break;
    case JUNK_OTHER_OPCODE:
        bytes_write_u16(junk + 2, NXDOMAIN | 4 << 11);
        break;
    }
    bytes_write_u16(junk, id);
    send_to_client(junk, n_question);
    serve_plainly(query, n);
}

START_TEST(c3_what_is_no_reply_to_the_question_is_not_the_end)
{
    rig.serve = serve_junk_first;
    for (which = 0; which < JUNKS; which++) {
        struct asked asked;
        ck_assert_int_eq(ask(&asked, rig.server, false, 3000), 0);
        wait_for(&asked);
        ck_assert_msg(asked.result == PLAIN_REPLIED, "junk %zu", which);
        ck_assert_msg(bytes_read_u16(asked.message + 2) == 0x8180, "junk %zu", which);
    }
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

int main(void)
{
    const TTest *const tests[] = {
        c2_replies_with_wrong_ids_are_waited_past,
        c2_ten_thousand_wrong_replies_are_waited_past,
        c3_what_is_no_reply_to_the_question_is_not_the_end,
        a_reply_to_another_question_is_waited_past,
    };
    return suite_run("plain_junk", tests, sizeof tests / sizeof tests[0], plain_rig_set_up,
                     plain_rig_tear_down);
}
