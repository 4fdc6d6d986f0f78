/* SPDX-License-Identifier: MIT */
#include "resolver/wire/reply.h"
#include "tests/unit/resolver/maker.h"
#include "tests/unit/suite.h"

enum { EDNS_DO = 0x8000, HEAD = 12 + 17 /* header, and the question example.com */ };

static struct maker m;      /* the answer */
static struct maker client; /* the query */
static struct query_message query;
static struct answer *answer;
static uint8_t out[MESSAGE_MAX];

/* A query of `flags` for eXample.com; `edns_size` 0: without EDNS. */
static void ask(uint16_t flags, uint16_t type, uint16_t edns_size, uint32_t edns_flags)
{
    maker_begin(&client, flags, "eXample.com", type);
    bytes_write_u16(client.at, 0xbeef);
    if (edns_size != 0)
        maker_put_opt(&client, edns_size, edns_flags, bytes_of("", 0));
    ck_assert_int_eq(message_read_query(maker_message(&client), &query), MESSAGE_OK);
}

static void begin(uint16_t type)
{
    maker_begin(&m, FLAG_QR | FLAG_RA | FLAG_AA, "example.com", type);
}

static void read_answer(void)
{
    struct question question = {.name = made_name("example.com"), .class = CLASS_IN};
    question.type = bytes_read_u16(m.at + HEAD - 4);
    struct answer_expect expect = {
        .question = &question, .now_us = 1000000, .max_ttl_s = 86400, .negative_max_ttl_s = 3600};
    answer = answer_unref(answer);
    ck_assert_int_eq(answer_read(maker_message(&m), &expect, &answer), ANSWER_OK);
}

/* An answer of one text record, whose wire form has `n` octets. */
static void make_answer_of(size_t n)
{
    uint8_t text[8192];
    size_t n_rdata = n - HEAD - 12;
    memset(text, 'x', sizeof text);
    for (size_t at = 0; at < n_rdata; at += 256)
        text[at] = (uint8_t)(n_rdata - at > 255 ? 255 : n_rdata - at - 1);
    begin(TYPE_TXT);
    maker_put(&m, ANSWER, (struct head){"example.com", TYPE_TXT, 300}, bytes_of(text, n_rdata));
    read_answer();
    ck_assert_uint_eq(answer->n_wire, n);
}

static void make_address_answer(uint16_t flags)
{
    begin(TYPE_A);
    bytes_write_u16(m.at + 2, (uint16_t)(FLAG_QR | flags));
    maker_put_a(&m, ANSWER, "example.com", 300);
    maker_put_a(&m, ANSWER, "example.com", 300);
    read_answer();
}

static size_t reply_at(uint64_t now_us)
{
    return reply_from_answer(&query, answer, &(struct reply_moment){now_us, 30}, MESSAGE_MAX, out);
}

static uint16_t reply_flags(void)
{
    return bytes_read_u16(out + 2);
}

static unsigned reply_rcode(void)
{
    return reply_flags() & FLAG_RCODE;
}

/* The octets of the OPT that ends a reply of `n` octets and holds `n_options` octets. */
static const uint8_t *opt_of(size_t n, size_t n_options)
{
    const uint8_t *opt = out + n - 11 - n_options;
    ck_assert_uint_eq(bytes_read_u16(out + ADDITIONAL), 1);
    ck_assert_mem_eq(opt, "\0\0\51\4\320", 5); /* root, OPT, 1232 */
    ck_assert_uint_eq(opt[6], 0);              /* version */
    ck_assert_uint_eq(bytes_read_u16(opt + 9), n_options);
    return opt;
}

START_TEST(m12_reply_has_the_clients_id_case_and_bits)
{
    make_address_answer(FLAG_AA);
    ask(FLAG_RD | FLAG_CD | 0x0040, TYPE_A, 0, 0);
    size_t n = reply_at(1000000);
    ck_assert_uint_eq(n, answer->n_wire);
    ck_assert_uint_eq(bytes_read_u16(out), 0xbeef);
    ck_assert_uint_eq(reply_flags(), FLAG_QR | FLAG_RA | FLAG_RD | FLAG_CD);
    ck_assert_mem_eq(out + 12, "\7eXample\3com\0\0\1\0\1", 17);
    ask(0, TYPE_A, 0, 0);
    reply_at(1000000);
    ck_assert_uint_eq(reply_flags(), FLAG_QR | FLAG_RA);
}
END_TEST

/* One A record, as the policy's room has it. */
static const char loopback[] = "\0\1\0\1\0\0\0\74\0\4\177\0\0\1";
static const struct reply_local local_address = {
    .authoritative = true,
    .records = {(const uint8_t *)loopback, sizeof loopback - 1},
    .n_records = 1,
    .ede = EDE_NONE,
};

START_TEST(m14_header_of_a_reply_has_what_belongs_there_and_no_more)
{
    static const enum rcode rcodes[] = {RCODE_SERVFAIL, RCODE_REFUSED, RCODE_NOTIMP};
    make_address_answer(FLAG_AA | FLAG_AD | FLAG_CD);
    ask(FLAG_RD | FLAG_AA | FLAG_TC | FLAG_RA | 0x0040, TYPE_A, 0, 0);
    reply_at(1000000);
    ck_assert_uint_eq(reply_flags(), FLAG_QR | FLAG_RA | FLAG_RD);
    for (size_t i = 0; i < sizeof rcodes / sizeof *rcodes; i++) {
        struct reply_error error = {rcodes[i], EDE_NONE, NULL};
        reply_error(&query, &error, out);
        ck_assert_uint_eq(reply_flags(), FLAG_QR | FLAG_RA | FLAG_RD | (unsigned)rcodes[i]);
    }
    reply_local(&query, &local_address, sizeof out, out);
    ck_assert_uint_eq(reply_flags(), FLAG_QR | FLAG_AA | FLAG_RA | FLAG_RD);
    struct reply_error malformed = {RCODE_FORMERR, EDE_NONE, NULL};
    reply_error(&query, &malformed, out);
    ck_assert_uint_eq(reply_flags(), FLAG_QR | FLAG_RD | RCODE_FORMERR);
    query.flags = 0x7ff0 | 15 << 11;
    reply_error(&query, &(struct reply_error){RCODE_NOTIMP, EDE_NONE, NULL}, out);
    ck_assert_uint_eq(reply_flags(), FLAG_QR | 15 << 11 | RCODE_NOTIMP);
}
END_TEST

START_TEST(ttls_count_down_and_a_stale_answer_has_thirty_seconds)
{
    make_address_answer(0);
    ask(FLAG_RD, TYPE_A, 0, 0);
    static const uint64_t times[][2] = {{0, 300},        {1000000, 300},  {1999999, 300},
                                        {2000000, 299},  {300000000, 1},  {300999999, 1},
                                        {301000000, 30}, {UINT64_MAX, 30}};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        reply_at(times[i][0]);
        ck_assert_uint_eq(bytes_read_u32(out + HEAD + 6), times[i][1]);
        ck_assert_uint_eq(bytes_read_u32(out + HEAD + 16 + 6), times[i][1]);
    }
    ck_assert_uint_eq(bytes_read_u32(answer_wire(answer).at + HEAD + 6), 300); /* untouched */
}
END_TEST

START_TEST(stale_answer_says_so_and_is_not_called_authentic)
{
    make_address_answer(FLAG_AD);
    ask(FLAG_RD | FLAG_AD, TYPE_A, 1232, 0);
    reply_at(300000000);
    ck_assert_uint_eq(reply_flags() & FLAG_AD, FLAG_AD);
    size_t n = reply_at(400000000);
    ck_assert_uint_eq(reply_flags() & FLAG_AD, 0);
    ck_assert_mem_eq(out + n - 6, "\0\x0f\0\2\0\3", 6); /* EDE 3, no text */
}
END_TEST

START_TEST(e1_opt_comes_only_when_asked_with_one)
{
    make_address_answer(0);
    ask(FLAG_RD, TYPE_A, 4096, 0);
    size_t n = reply_at(0);
    ck_assert_uint_eq(n, answer->n_wire + 11u);
    ck_assert_uint_eq(bytes_read_u32(opt_of(n, 0) + 5), 0);
    ask(FLAG_RD, TYPE_A, 4096, EDNS_DO | 0x7fff);
    ck_assert_uint_eq(bytes_read_u32(opt_of(reply_at(0), 0) + 5), EDNS_DO);
    ask(FLAG_RD, TYPE_A, 0, 0);
    reply_at(0);
    ck_assert_uint_eq(bytes_read_u16(out + ADDITIONAL), 0);
}
END_TEST

START_TEST(e10_authenticated_data_is_told_to_those_who_ask)
{
    make_address_answer(FLAG_AD);
    ask(FLAG_RD, TYPE_A, 1232, 0);
    reply_at(0);
    ck_assert_uint_eq(reply_flags() & FLAG_AD, 0);
    ask(FLAG_RD | FLAG_AD, TYPE_A, 0, 0);
    reply_at(0);
    ck_assert_uint_ne(reply_flags() & FLAG_AD, 0);
    ask(FLAG_RD, TYPE_A, 1232, EDNS_DO);
    reply_at(0);
    ck_assert_uint_ne(reply_flags() & FLAG_AD, 0);
    make_address_answer(0);
    reply_at(0);
    ck_assert_uint_eq(reply_flags() & FLAG_AD, 0);
}
END_TEST

START_TEST(e4_limit_is_kept_to_the_octet)
{
    static const uint16_t sizes[] = {512, 513, 1231, 1232, 4096};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        ask(FLAG_RD, TYPE_TXT, sizes[i], 0);
        size_t limit = reply_udp_limit(&query);
        ck_assert_uint_eq(limit, sizes[i] < 1232 ? sizes[i] : 1232);
        for (size_t n = limit - 1; n <= limit + 1; n++) {
            make_answer_of(n - 11);
            size_t n_reply =
                reply_from_answer(&query, answer, &(struct reply_moment){0, 30}, limit, out);
            bool fits = n <= limit;
            ck_assert_uint_eq(n_reply, fits ? n : HEAD + 11);
            ck_assert_int_eq((reply_flags() & FLAG_TC) == 0, fits);
            ck_assert_uint_eq(bytes_read_u16(out + ANSWER), fits ? 1 : 0);
            opt_of(n_reply, 0);
        }
    }
}
END_TEST

START_TEST(without_edns_the_limit_is_512)
{
    ask(FLAG_RD, TYPE_TXT, 0, 0);
    ck_assert_uint_eq(reply_udp_limit(&query), 512);
    for (size_t n = 511; n <= 513; n++) {
        make_answer_of(n);
        size_t n_reply = reply_from_answer(&query, answer, &(struct reply_moment){0, 30}, 512, out);
        ck_assert_uint_eq(n_reply, n <= 512 ? n : HEAD);
        ck_assert_int_eq((reply_flags() & FLAG_TC) == 0, n <= 512);
    }
    ck_assert_uint_eq(
        reply_from_answer(&query, answer, &(struct reply_moment){0, 30}, MESSAGE_MAX, out), 513);
}
END_TEST

START_TEST(smaller_edns_sizes_count_as_512)
{
    ask(FLAG_RD, TYPE_A, 100, 0);
    ck_assert_uint_eq(reply_udp_limit(&query), 512);
}
END_TEST

START_TEST(extended_error_of_upstream_is_told_where_there_is_room)
{
    begin(TYPE_A);
    bytes_write_u16(m.at + 2, FLAG_QR | RCODE_SERVFAIL);
    maker_put_opt(&m, 1232, 0, bytes_of("\0\17\0\5\0\26abc", 9));
    read_answer();
    ask(FLAG_RD, TYPE_A, 1232, 0);
    size_t n = reply_at(0);
    ck_assert_mem_eq(opt_of(n, 6) + 11, "\0\17\0\2\0\26", 6);
    ck_assert_uint_eq(reply_rcode(), RCODE_SERVFAIL);
    n = reply_from_answer(&query, answer, &(struct reply_moment){0, 30}, n - 1,
                          out); /* TC is never set for it */
    opt_of(n, 0);
    ck_assert_uint_eq(reply_flags() & FLAG_TC, 0);
    ask(FLAG_RD, TYPE_A, 0, 0);
    ck_assert_uint_eq(reply_at(0), HEAD);
}
END_TEST

START_TEST(extended_rcode_needs_edns)
{
    begin(TYPE_A);
    bytes_write_u16(m.at + 2, FLAG_QR | 7);
    maker_put_opt(&m, 1232, 1u << 24, bytes_of("", 0)); /* 23 */
    read_answer();
    ask(FLAG_RD, TYPE_A, 1232, 0);
    ck_assert_uint_eq(opt_of(reply_at(0), 0)[5], 1);
    ck_assert_uint_eq(reply_rcode(), 7);
    ask(FLAG_RD, TYPE_A, 0, 0);
    reply_at(0);
    ck_assert_uint_eq(reply_rcode(), RCODE_SERVFAIL);
}
END_TEST

START_TEST(answer_of_a_whole_message_leaves_no_room_for_an_opt)
{
    begin(TYPE_A);
    while (m.b.size - m.b.n >= 16) {
        buf_put_u16(&m.b, 0xc00c);
        maker_put_fixed(&m, ANSWER, TYPE_A, 300, bytes_of("abcd", 4));
    }
    read_answer();
    ask(FLAG_RD, TYPE_A, 0, 0);
    ck_assert_uint_eq(
        reply_from_answer(&query, answer, &(struct reply_moment){0, 30}, SIZE_MAX, out),
        answer->n_wire);
    ask(FLAG_RD, TYPE_A, 4096, 0);
    ck_assert_uint_eq(
        reply_from_answer(&query, answer, &(struct reply_moment){0, 30}, SIZE_MAX, out), HEAD + 11);
    ck_assert_uint_ne(reply_flags() & FLAG_TC, 0);
}
END_TEST

START_TEST(e8_error_tells_rcode_and_reason)
{
    ask(FLAG_RD | FLAG_CD, TYPE_A, 1232, EDNS_DO);
    struct reply_error error = {RCODE_SERVFAIL, EDE_NO_REACHABLE, "why"};
    size_t n = reply_error(&query, &error, out);
    ck_assert_uint_eq(bytes_read_u16(out), 0xbeef);
    ck_assert_uint_eq(reply_flags(), FLAG_QR | FLAG_RA | FLAG_RD | FLAG_CD | RCODE_SERVFAIL);
    ck_assert_mem_eq(out + 4, "\0\1\0\0\0\0\0\1\7eXample\3com", 21);
    const uint8_t *opt = opt_of(n, 9);
    ck_assert_uint_eq(bytes_read_u32(opt + 5), EDNS_DO);
    ck_assert_mem_eq(opt + 11, "\0\17\0\5\0\26why", 9);
    ask(FLAG_RD, TYPE_A, 0, 0);
    ck_assert_uint_eq(reply_error(&query, &error, out), HEAD);
    ck_assert_uint_eq(bytes_read_u16(out + ADDITIONAL), 0);
}
END_TEST

START_TEST(error_without_a_reason_has_an_empty_opt)
{
    ask(FLAG_RD, TYPE_A, 1232, 0);
    struct reply_error error = {RCODE_NXDOMAIN, EDE_NONE, NULL};
    opt_of(reply_error(&query, &error, out), 0);
    error = (struct reply_error){RCODE_REFUSED, EDE_OTHER, NULL};
    ck_assert_mem_eq(opt_of(reply_error(&query, &error, out), 6) + 11, "\0\17\0\2\0\0", 6);
}
END_TEST

START_TEST(reason_is_cut_between_characters)
{
    char text[80];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    ask(FLAG_RD, TYPE_A, 1232, 0);
    struct reply_error error = {RCODE_SERVFAIL, EDE_OTHER, text};
    opt_of(reply_error(&query, &error, out), 6 + 64);
    memcpy(text + 62, "\342\202\254", 3); /* 62, 63 and 64 */
    opt_of(reply_error(&query, &error, out), 6 + 62);
    memcpy(text + 61, "\342\202\254", 3); /* ends at 64: whole */
    text[64] = '\0';
    opt_of(reply_error(&query, &error, out), 6 + 64);
}
END_TEST

START_TEST(error_for_a_query_without_a_question_has_none)
{
    ask(FLAG_RD, TYPE_A, 1232, 0);
    query.has_question = false;
    struct reply_error error = {RCODE_FORMERR, EDE_NONE, NULL};
    size_t n = reply_error(&query, &error, out);
    ck_assert_uint_eq(n, MESSAGE_HEADER + 11);
    ck_assert_uint_eq(bytes_read_u16(out + 4), 0);
    query.flags = 5 << 11 | FLAG_RD;
    error.rcode = RCODE_NOTIMP;
    reply_error(&query, &error, out);
    ck_assert_uint_eq(reply_flags(), FLAG_QR | 5 << 11 | RCODE_NOTIMP);
}
END_TEST

START_TEST(bad_version_stands_in_the_opt)
{
    ask(FLAG_RD, TYPE_A, 1232, 0);
    struct reply_error error = {RCODE_BADVERS, EDE_NONE, NULL};
    size_t n = reply_error(&query, &error, out);
    ck_assert_uint_eq(reply_rcode(), 0);
    ck_assert_uint_eq(opt_of(n, 0)[5], 1);
}
END_TEST

START_TEST(local_answer_is_authoritative)
{
    ask(FLAG_RD | FLAG_AD, TYPE_A, 1232, 0);
    size_t n = reply_local(&query, &local_address, sizeof out, out);
    ck_assert_uint_eq(reply_flags(), FLAG_QR | FLAG_AA | FLAG_RA | FLAG_RD);
    ck_assert_mem_eq(out + HEAD, "\300\14\0\1\0\1\0\0\0\74\0\4\177\0\0\1", 16);
    ck_assert_uint_eq(n, HEAD + 16 + 11);
    opt_of(n, 0);
}
END_TEST

START_TEST(absent_local_name_has_the_soa_of_its_zone)
{
    struct reply_local absent = {.rcode = RCODE_NXDOMAIN,
                                 .authoritative = true,
                                 .zone_at = 4,
                                 .ttl_s = 60,
                                 .ede = EDE_BLOCKED,
                                 .text = "why"};
    ask(FLAG_RD, TYPE_A, 1232, 0);
    size_t n = reply_local(&query, &absent, sizeof out, out);
    ck_assert_uint_eq(reply_flags(), FLAG_QR | FLAG_AA | FLAG_RA | FLAG_RD | RCODE_NXDOMAIN);
    ck_assert_uint_eq(bytes_read_u16(out + 8), 1);
    ck_assert_mem_eq(out + HEAD, "\300\20\0\6\0\1\0\0\0\74\0\46\300\20\6nobody\7invalid\0", 30);
    ck_assert_mem_eq(out + HEAD + 46, "\0\0\0\74", 4);
    ck_assert_mem_eq(out + n - 5, "\0\17why", 5);
}
END_TEST

START_TEST(local_answer_that_does_not_fit_is_cut_to_nothing)
{
    uint8_t many[60 * 14];
    for (size_t i = 0; i < 60; i++)
        memcpy(many + i * 14, loopback, 14);
    struct reply_local local = local_address;
    local.records = bytes_of(many, sizeof many);
    local.n_records = 60;
    ask(FLAG_RD, TYPE_A, 1232, 0);
    size_t n = reply_local(&query, &local, HEAD + 60 * 16 + 11, out);
    ck_assert_uint_eq(n, HEAD + 60 * 16 + 11);
    n = reply_local(&query, &local, HEAD + 60 * 16 + 10, out);
    ck_assert_uint_eq(n, HEAD + 11);
    ck_assert_uint_eq(reply_flags(), FLAG_QR | FLAG_AA | FLAG_RA | FLAG_RD | FLAG_TC);
    ck_assert_uint_eq(bytes_read_u16(out + ANSWER), 0);
}
END_TEST

START_TEST(e8_reason_of_a_local_answer_goes_before_any_record)
{
    /* A limit is never less than an error takes: a second record fills up. */
    enum { FILL = REPLY_ERROR_MAX, BARE = HEAD + 16 + 12 + FILL + 11, CODE = 6, TEXT = 11 };
    static const size_t sizes[][2] = {{BARE + CODE + TEXT, BARE + CODE + TEXT},
                                      {BARE + CODE + TEXT - 1, BARE + CODE},
                                      {BARE + CODE, BARE + CODE},
                                      {BARE + CODE - 1, BARE},
                                      {BARE, BARE}};
    uint8_t both[14 + 10 + FILL] = {0};
    memcpy(both, loopback, 14);
    memcpy(both + 14, loopback, 8);
    bytes_write_u16(both + 14 + 8, FILL);
    struct reply_local local = local_address;
    local.records = bytes_of(both, sizeof both);
    local.n_records = 2;
    local.ede = EDE_BLOCKED;
    local.text = "by the list";
    ask(FLAG_RD, TYPE_A, 1232, 0);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        ck_assert_uint_eq(reply_local(&query, &local, sizes[i][0], out), sizes[i][1]);
        ck_assert_uint_eq(reply_flags() & FLAG_TC, 0);
        ck_assert_uint_eq(bytes_read_u16(out + ANSWER), 2);
    }
    ck_assert_uint_eq(reply_local(&query, &local, BARE - 1, out), HEAD + 11);
    ck_assert_uint_ne(reply_flags() & FLAG_TC, 0);
}
END_TEST

START_TEST(longest_question_and_reason_fit)
{
    char text[260] = "";
    for (size_t i = 0; i < 127; i++)
        memcpy(text + 2 * i, "a.", 3);
    maker_begin(&client, FLAG_RD, text, TYPE_A);
    maker_put_opt(&client, 512, 0, bytes_of("", 0));
    ck_assert_int_eq(message_read_query(maker_message(&client), &query), MESSAGE_OK);
    struct reply_error error = {RCODE_SERVFAIL, EDE_OTHER, text};
    ck_assert_uint_le(reply_error(&query, &error, out), REPLY_ERROR_MAX);
}
END_TEST

static void tear_down(void)
{
    answer = answer_unref(answer);
}

START_TEST(answer_that_rotates_begins_with_another_address_in_each_reply)
{
    enum { EACH = 16, N_AT = 3 };
    begin(TYPE_A);
    for (uint8_t i = 0; i < N_AT; i++) {
        const uint8_t address[] = {192, 0, 2, i};
        maker_put(&m, ANSWER, (struct head){"example.com", TYPE_A, 300}, bytes_of(address, 4));
    }
    read_answer();
    answer->rotates = true;
    ask(FLAG_RD, TYPE_A, 0, 0);
    for (uint16_t id = 0; id < 2 * N_AT; id++) {
        query.id = id;
        ck_assert_uint_eq(reply_at(11 * UINT64_C(1000000)), HEAD + N_AT * EACH);
        for (size_t i = 0; i < N_AT; i++) {
            const uint8_t *record = out + HEAD + i * EACH;
            ck_assert_uint_eq(bytes_read_u32(record + 6), 290);
            ck_assert_uint_eq(record[EACH - 1], (id + i) % N_AT);
        }
    }
    ck_assert_uint_eq(
        reply_from_answer(&query, answer, &(struct reply_moment){1000000, 30}, HEAD + EACH, out),
        HEAD); /* what does not fit is cut as a whole */
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        answer_that_rotates_begins_with_another_address_in_each_reply,
        m12_reply_has_the_clients_id_case_and_bits,
        m14_header_of_a_reply_has_what_belongs_there_and_no_more,
        ttls_count_down_and_a_stale_answer_has_thirty_seconds,
        stale_answer_says_so_and_is_not_called_authentic,
        e1_opt_comes_only_when_asked_with_one,
        e10_authenticated_data_is_told_to_those_who_ask,
        e4_limit_is_kept_to_the_octet,
        without_edns_the_limit_is_512,
        smaller_edns_sizes_count_as_512,
        extended_error_of_upstream_is_told_where_there_is_room,
        extended_rcode_needs_edns,
        answer_of_a_whole_message_leaves_no_room_for_an_opt,
        e8_error_tells_rcode_and_reason,
        error_without_a_reason_has_an_empty_opt,
        reason_is_cut_between_characters,
        error_for_a_query_without_a_question_has_none,
        bad_version_stands_in_the_opt,
        local_answer_is_authoritative,
        absent_local_name_has_the_soa_of_its_zone,
        local_answer_that_does_not_fit_is_cut_to_nothing,
        e8_reason_of_a_local_answer_goes_before_any_record,
        longest_question_and_reason_fit,
    };
    return suite_run("reply", tests, sizeof tests / sizeof *tests, NULL, tear_down);
}
