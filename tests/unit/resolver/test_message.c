/* SPDX-License-Identifier: MIT */
#include "tests/unit/resolver/maker.h"
#include "tests/unit/suite.h"

enum { TYPE_SIG = 24, OPTION_COOKIE = 10, OPTION_KEEPALIVE = 11, EDNS_DO = 0x8000 };

static struct maker m;
static struct query_message query;

static void begin(void)
{
    maker_begin(&m, FLAG_RD, "WWW.Example.com", TYPE_A);
}

static enum message_outcome outcome(void)
{
    return message_read_query(maker_message(&m), &query);
}

static void put_opt(const void *options, size_t n)
{
    maker_put_opt(&m, 1400, 0, bytes_of(options, n));
}

/* An OPT with one option of `n` zeros. */
static void put_option(uint16_t code, uint16_t n)
{
    uint8_t option[4 + 64] = {0};
    bytes_write_u16(option, code);
    bytes_write_u16(option + 2, n);
    put_opt(option, 4u + n);
}

START_TEST(plain_query_is_read)
{
    begin();
    bytes_write_u16(m.at, 0xbeef);
    ck_assert_int_eq(outcome(), MESSAGE_OK);
    ck_assert_uint_eq(query.id, 0xbeef);
    ck_assert_uint_eq(query.flags, FLAG_RD);
    ck_assert(query.has_question && !query.has_edns && !query.edns_do);
    ck_assert_uint_eq(query.edns_size, 512);
    ck_assert_uint_eq(query.question.type, TYPE_A);
    ck_assert_uint_eq(query.question.class, CLASS_IN);
}
END_TEST

START_TEST(key_is_lower_case_and_the_raw_question_keeps_its_case)
{
    begin();
    ck_assert_int_eq(outcome(), MESSAGE_OK);
    ck_assert(bytes_equal(name_bytes(&query.question.name), bytes_of("\3www\7example\3com", 17)));
    ck_assert(bytes_equal(query.raw_question, bytes_of("\3WWW\7Example\3com\0\0\1\0\1", 21)));
}
END_TEST

START_TEST(m1_under_twelve_octets_there_is_no_reply)
{
    begin();
    for (size_t n = 0; n < MESSAGE_HEADER; n++)
        ck_assert_int_eq(message_read_query(bytes_of(m.at, n), &query), MESSAGE_DROP);
}
END_TEST

START_TEST(m2_response_gets_no_reply)
{
    maker_begin(&m, FLAG_QR, "example.com", TYPE_A);
    ck_assert_int_eq(outcome(), MESSAGE_DROP);
    maker_begin(&m, FLAG_QR | FLAG_OPCODE, "example.com", TYPE_A);
    ck_assert_int_eq(outcome(), MESSAGE_DROP);
}
END_TEST

START_TEST(query_cut_within_its_name_is_no_one_whole_message_and_cut_elsewhere_a_format_error)
{
    enum { NAME_ENDS = MESSAGE_HEADER + 16 /* before its root label */ };
    begin();
    put_option(3, 4);
    for (size_t n = MESSAGE_HEADER; n < m.b.n; n++) {
        bool within = n > MESSAGE_HEADER && n <= NAME_ENDS;
        ck_assert_int_eq(message_read_query(bytes_of(m.at, n), &query),
                         within ? MESSAGE_GARBLED : MESSAGE_FORMERR);
    }
}
END_TEST

START_TEST(m4_other_opcodes_are_not_implemented_whatever_follows)
{
    for (uint16_t opcode = 1; opcode < 16; opcode++) {
        maker_begin(&m, (uint16_t)(opcode << 11), "example.com", TYPE_SOA);
        maker_put_a(&m, AUTHORITY, "www.example.com", 1);
        ck_assert_int_eq(outcome(), MESSAGE_NOTIMP);
        ck_assert(!query.has_question);
        m.b.n -= 5;
        ck_assert_int_eq(outcome(), MESSAGE_NOTIMP);
        m.b.n = MESSAGE_HEADER;
        ck_assert_int_eq(outcome(), MESSAGE_NOTIMP);
    }
}
END_TEST

START_TEST(m3_exactly_one_question_is_asked)
{
    for (uint16_t n = 2; n < 5; n++) {
        for (unsigned edns = 0; edns < 2; edns++) {
            begin();
            bytes_write_u16(m.at + 4, n);
            for (uint16_t i = 1; i < n; i++) {
                maker_put_name(&m, "b.example");
                buf_put_u32(&m.b, 0x00010001);
            }
            if (edns)
                put_opt("", 0);
            ck_assert_int_eq(outcome(), MESSAGE_FORMERR);
            ck_assert(!query.has_question && query.has_edns == edns);
            ck_assert_uint_eq(query.flags, FLAG_RD);
        }
    }
    begin();
    bytes_write_u16(m.at + 4, 0);
    m.b.n = MESSAGE_HEADER;
    ck_assert_int_eq(outcome(), MESSAGE_UNASKED);
    put_opt("", 0);
    ck_assert_int_eq(outcome(), MESSAGE_UNASKED);
    ck_assert(!query.has_question && query.has_edns);
    maker_put_a(&m, ADDITIONAL, "example.com", 1);
    ck_assert_int_eq(outcome(), MESSAGE_FORMERR);
}
END_TEST

/* The question's name is so many labels of 63, and one of `last`. */
static void begin_long(size_t n_full, size_t last)
{
    begin();
    m.b.n = MESSAGE_HEADER;
    for (size_t i = 0; i <= n_full; i++) {
        size_t n = i < n_full ? 63 : last;
        buf_put_u8(&m.b, (uint8_t)n);
        for (size_t k = 0; k < n; k++)
            buf_put_u8(&m.b, 'a');
    }
    buf_put_u8(&m.b, 0);
    buf_put_u32(&m.b, 0x00010001);
}

START_TEST(m5_question_with_a_pointer_or_an_extended_label_is_a_format_error)
{
    for (unsigned first = 64; first < 256; first++) {
        begin();
        m.at[MESSAGE_HEADER] = (uint8_t)first; /* pointers, types 01 and 10 */
        ck_assert_int_eq(outcome(), MESSAGE_FORMERR);
        ck_assert(!query.has_question);
        begin();
        m.at[MESSAGE_HEADER + 4] = (uint8_t)first; /* a later label */
        ck_assert_int_eq(outcome(), MESSAGE_FORMERR);
        ck_assert(!query.has_question);
    }
}
END_TEST

START_TEST(m5_name_over_255_octets_or_label_over_63_is_a_format_error)
{
    static const struct {
        size_t n_full, last;
        enum message_outcome outcome;
    } cases[] = {{0, 63, MESSAGE_OK},      {0, 64, MESSAGE_FORMERR}, {3, 61, MESSAGE_OK},
                 {3, 62, MESSAGE_FORMERR}, {3, 63, MESSAGE_FORMERR}, {9, 9, MESSAGE_FORMERR}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin_long(cases[i].n_full, cases[i].last);
        ck_assert_int_eq(outcome(), cases[i].outcome);
        ck_assert_int_eq(query.has_question, cases[i].outcome == MESSAGE_OK);
    }
}
END_TEST

START_TEST(m7_records_where_a_query_has_none_are_a_format_error)
{
    static const enum section sections[] = {ANSWER, AUTHORITY, ADDITIONAL};
    static const uint16_t types[] = {TYPE_A, TYPE_SOA, 50, TYPE_OPT, TYPE_SIG, TYPE_TSIG, 65400};
    static const uint8_t rdata[20]; /* a whole SIG(0) */
    for (size_t i = 0; i < 3; i++) {
        for (size_t k = 0; k < sizeof types / sizeof *types; k++) {
            for (unsigned first = 0; first < 2; first++) {
                begin();
                if (!first)
                    put_opt("", 0);
                maker_put(&m, sections[i], (struct head){".", types[k], 1},
                          bytes_of(rdata, sizeof rdata));
                if (first)
                    put_opt("", 0);
                bool is_good = i == 2 && types[k] == TYPE_SIG && !first;
                ck_assert_int_eq(outcome(), is_good ? MESSAGE_OK : MESSAGE_FORMERR);
                ck_assert(query.has_question);
            }
        }
    }
}
END_TEST

START_TEST(m7_nsec3_at_no_hash_is_told_apart)
{
    static const struct {
        const char *owner;
        enum section section;
        bool is_odd;
    } cases[] = {{"x.example", AUTHORITY, true},
                 {".", AUTHORITY, true},
                 {"w0", ANSWER, true},
                 {"0a_", ANSWER, true},
                 {"0123456789v", AUTHORITY, false},
                 {"ABCV.example", ANSWER, false},
                 {"x.example", ADDITIONAL, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin();
        maker_put(&m, cases[i].section, (struct head){cases[i].owner, TYPE_NSEC3, 1},
                  bytes_of("\1\0\0\1\0\1a\0", 8));
        ck_assert_int_eq(outcome(), MESSAGE_FORMERR);
        ck_assert_int_eq(query.odd_owner, cases[i].is_odd);
    }
}
END_TEST

START_TEST(counts_larger_than_the_message_are_a_format_error)
{
    for (size_t at = 4; at < MESSAGE_HEADER; at += 2) {
        begin();
        bytes_write_u16(m.at + at, UINT16_MAX);
        ck_assert_int_eq(outcome(), MESSAGE_FORMERR);
    }
}
END_TEST

START_TEST(m8_octets_behind_the_end_are_no_one_whole_message)
{
    for (unsigned edns = 0; edns < 2; edns++) {
        begin();
        if (edns)
            put_opt("", 0);
        for (size_t n = 0; n < 40; n++) {
            buf_put_u8(&m.b, 0);
            ck_assert_int_eq(outcome(), MESSAGE_GARBLED);
            ck_assert(query.has_question && query.has_edns == edns);
        }
    }
}
END_TEST

/* Counts that no message can hold, and more about the header that no query has. */
START_TEST(chance_octets_are_no_message_and_one_wrong_count_is_a_format_error)
{
    static const struct {
        uint16_t flags, counts[4];
        enum message_outcome outcome;
    } cases[] = {
        {FLAG_RD, {1, 0xffff, 0, 0}, MESSAGE_FORMERR},
        {FLAG_RD, {0xffff, 0, 0, 0}, MESSAGE_FORMERR},
        {FLAG_RD | 5, {1, 1, 0, 0}, MESSAGE_FORMERR},
        {FLAG_RD, {13104, 5956, 5956, 5956}, MESSAGE_FORMERR},
        {FLAG_RD, {1, 0, 5957, 5957}, MESSAGE_GARBLED},
        {FLAG_RD, {13105, 0, 0, 5957}, MESSAGE_GARBLED},
        {FLAG_RD | 5, {1, 0, 5957, 0}, MESSAGE_GARBLED},
        {4 << 11, {0xffff, 0xffff, 0, 0}, MESSAGE_GARBLED},
        {4 << 11, {0xffff, 0, 0, 0}, MESSAGE_NOTIMP},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin();
        bytes_write_u16(m.at + 2, cases[i].flags);
        for (size_t k = 0; k < 4; k++) {
            bytes_write_u16(m.at + 4 + 2 * k, cases[i].counts[k]);
        }
        ck_assert_int_eq(outcome(), cases[i].outcome);
    }
}
END_TEST

static void put_signature_of(uint16_t type, uint16_t class, struct bytes rdata)
{
    maker_put(&m, ADDITIONAL, (struct head){".", type, 0}, rdata);
    bytes_write_u16(m.at + m.b.n - rdata.n - 8, class);
}

/* The shortest there is: a TSIG of 17 octets, or a SIG that begins with `covered`. */
static void put_signature(uint16_t type, uint16_t class, uint16_t covered)
{
    uint8_t rdata[20] = {0};
    bytes_write_u16(rdata, covered);
    put_signature_of(type, class, bytes_of(rdata, type == TYPE_TSIG ? 17 : sizeof rdata));
}

START_TEST(m7_signed_queries_cannot_be_relayed_but_sig0_is_tolerated)
{
    begin();
    put_signature(TYPE_TSIG, CLASS_ANY, 0);
    ck_assert_int_eq(outcome(), MESSAGE_NOTAUTH);
    begin();
    put_opt("", 0);
    put_signature(TYPE_SIG, CLASS_ANY, 0);
    ck_assert_int_eq(outcome(), MESSAGE_OK);
    put_signature(TYPE_SIG, CLASS_ANY, 0);
    ck_assert_int_eq(outcome(), MESSAGE_OK);
    put_signature(TYPE_TSIG, CLASS_ANY, 0);
    ck_assert_int_eq(outcome(), MESSAGE_NOTAUTH);
    ck_assert(query.has_edns);
}
END_TEST

/* RFC 8945 section 5.2, RFC 2931 section 3.1. */
START_TEST(m7_signature_of_another_form_or_before_another_record_is_a_format_error)
{
    static const uint16_t types[] = {TYPE_TSIG, TYPE_SIG};
    for (size_t i = 0; i < 2; i++) {
        begin();
        put_signature(types[i], CLASS_ANY, 0);
        put_opt("", 0);
        ck_assert_int_eq(outcome(), MESSAGE_FORMERR);
        ck_assert(query.has_edns);
        begin();
        put_signature(TYPE_TSIG, CLASS_ANY, 0);
        put_signature(types[i], CLASS_ANY, 0);
        ck_assert_int_eq(outcome(), MESSAGE_FORMERR);
    }
    begin();
    put_signature(TYPE_TSIG, CLASS_IN, 0);
    ck_assert_int_eq(outcome(), MESSAGE_FORMERR);
    begin();
    put_signature(TYPE_SIG, CLASS_ANY, TYPE_A); /* a record like any other */
    ck_assert_int_eq(outcome(), MESSAGE_FORMERR);
    begin();
    maker_put(&m, ADDITIONAL, (struct head){".", TYPE_SIG, 0}, bytes_of("", 1));
    ck_assert_int_eq(outcome(), MESSAGE_FORMERR);
}
END_TEST

/* Algorithm, time, fudge, MAC, original ID, error and other data fill a TSIG; a SIG(0) has eighteen
 * octets and its signer's name before the signature. */
START_TEST(m7_signature_that_does_not_fill_its_record_is_a_format_error)
{
    static const uint8_t tsig[] = "\11hmac-sha1\0......\1\54\0\4MACS\0\1\0\0\0\2ot",
                         sig[18 + 4 + 1] = {[18] = 2, 'm', 'e', 0, 's'};
    enum { N_TSIG = sizeof tsig - 1 };
    for (size_t n = 0; n <= N_TSIG; n++) {
        begin();
        put_signature_of(TYPE_TSIG, CLASS_ANY, bytes_of(tsig, n));
        ck_assert_int_eq(outcome(), n == N_TSIG ? MESSAGE_NOTAUTH : MESSAGE_FORMERR);
    }
    begin();
    put_signature_of(TYPE_TSIG, CLASS_ANY, bytes_of(tsig, sizeof tsig)); /* and an octet more */
    ck_assert_int_eq(outcome(), MESSAGE_FORMERR);
    for (size_t n = 0; n <= sizeof sig; n++) {
        begin();
        put_signature_of(TYPE_SIG, CLASS_ANY, bytes_of(sig, n));
        ck_assert_int_eq(outcome(), n >= 18 + 4 ? MESSAGE_OK : MESSAGE_FORMERR);
    }
}
END_TEST

START_TEST(edns_is_read)
{
    begin();
    maker_put_opt(&m, 1400, EDNS_DO | 0x1234, bytes_of("", 0)); /* Z bits: ignored (E5) */
    ck_assert_int_eq(outcome(), MESSAGE_OK);
    ck_assert(query.has_edns && query.edns_do);
    ck_assert_uint_eq(query.edns_size, 1400);
}
END_TEST

START_TEST(e4_edns_sizes_under_512_count_as_512)
{
    static const uint16_t sizes[][2] = {
        {0, 512}, {511, 512}, {512, 512}, {513, 513}, {65535, 65535}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        begin();
        maker_put_opt(&m, sizes[i][0], 0, bytes_of("", 0));
        ck_assert_int_eq(outcome(), MESSAGE_OK);
        ck_assert_uint_eq(query.edns_size, sizes[i][1]);
    }
}
END_TEST

START_TEST(e2_two_opts_or_an_opt_in_a_wrong_place_are_a_format_error)
{
    static const enum section before[] = {ANSWER, AUTHORITY};
    for (uint32_t version = 0; version < 2; version++) {
        begin();
        maker_put_opt(&m, 1400, version << 16, bytes_of("", 0));
        maker_put_opt(&m, 1400, version << 16, bytes_of("", 0));
        ck_assert_int_eq(outcome(), MESSAGE_FORMERR);
        begin();
        maker_put(&m, ADDITIONAL, (struct head){"a", TYPE_OPT, version << 16}, bytes_of("", 0));
        ck_assert_int_eq(outcome(), MESSAGE_FORMERR);
        for (size_t i = 0; i < 2; i++) {
            begin();
            maker_put(&m, before[i], (struct head){".", TYPE_OPT, version << 16}, bytes_of("", 0));
            ck_assert_int_eq(outcome(), MESSAGE_FORMERR);
        }
    }
}
END_TEST

START_TEST(e2_options_that_do_not_fill_the_opt_are_a_format_error)
{
    static const struct bytes bad[] = {{(const uint8_t *)"\0", 1},
                                       {(const uint8_t *)"\0\3\0", 3},
                                       {(const uint8_t *)"\0\3\0\1", 4},
                                       {(const uint8_t *)"\0\3\0\0\0", 5}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        begin();
        put_opt(bad[i].at, bad[i].n);
        ck_assert_int_eq(outcome(), MESSAGE_FORMERR);
        ck_assert(query.has_edns);
    }
}
END_TEST

START_TEST(e11_cookies_have_the_lengths_of_rfc_7873)
{
    for (uint16_t n = 0; n <= 48; n++) {
        bool good = n == 8 || (n >= 16 && n <= 40);
        begin();
        put_option(OPTION_COOKIE, n);
        ck_assert_msg(outcome() == (good ? MESSAGE_OK : MESSAGE_FORMERR), "cookie of %u", n);
    }
}
END_TEST

START_TEST(t6_keepalive_is_seen_and_so_are_octets_in_it)
{
    begin();
    put_option(OPTION_KEEPALIVE, 0);
    ck_assert_int_eq(outcome(), MESSAGE_OK);
    ck_assert(query.has_keepalive && !query.odd_keepalive);
    begin();
    put_option(OPTION_KEEPALIVE, 2);
    ck_assert_int_eq(outcome(), MESSAGE_OK);
    ck_assert(query.odd_keepalive);
    begin();
    ck_assert_int_eq(outcome(), MESSAGE_OK);
    ck_assert(!query.has_keepalive && query.n_cookie == 0);
}
END_TEST

START_TEST(e5_a_thousand_unknown_options_are_ignored)
{
    static const uint8_t options[4 * 1000];
    begin();
    put_opt(options, sizeof options);
    ck_assert_int_eq(outcome(), MESSAGE_OK);
}
END_TEST

START_TEST(e3_later_versions_of_edns_are_told_so)
{
    for (uint32_t version = 1; version < 256; version++) {
        begin();
        maker_put_opt(&m, 1232, version << 16, bytes_of("\0\3\0", 3)); /* unknown layout */
        ck_assert_int_eq(outcome(), MESSAGE_BADVERS);
        ck_assert(query.has_edns && query.has_question);
    }
    buf_put_u8(&m.b, 0);
    ck_assert_int_eq(outcome(), MESSAGE_GARBLED);
}
END_TEST

START_TEST(m13_unknown_header_bits_and_types_are_accepted)
{
    for (uint16_t bits = 0; bits < 16; bits++) { /* Z, AD, CD; AA, TC and RA beside them */
        uint16_t flags = (uint16_t)(FLAG_RD | (bits & 7u) << 4 | (bits & 8 ? 0x0680 : 0));
        maker_begin(&m, flags, "example.com", 65400);
        ck_assert_int_eq(outcome(), MESSAGE_OK);
        ck_assert_uint_eq(query.question.type, 65400);
        ck_assert_uint_eq(query.flags, flags);
    }
}
END_TEST

START_TEST(e6_options_of_a_client_go_no_further)
{
    static const uint8_t options[] = {0, 3,  0, 0,                         /* NSID */
                                      0, 8,  0, 4, 0, 1, 0, 0,             /* ECS */
                                      0, 9,  0, 0,                         /* EXPIRE */
                                      0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8, /* COOKIE */
                                      0, 13, 0, 1, 0,                      /* CHAIN */
                                      1, 2,  0, 3, 7, 8, 9};               /* unknown */
    maker_begin(&m, FLAG_RD | FLAG_CD, "example.com", TYPE_A);
    maker_put_opt(&m, 1400, EDNS_DO, bytes_of(options, sizeof options));
    ck_assert_int_eq(outcome(), MESSAGE_OK);
    struct query_wish wish = {.question = &query.question,
                              .want_do = query.edns_do,
                              .want_cd = (query.flags & FLAG_CD) != 0};
    uint8_t out[QUERY_MAX];
    size_t n = message_write_query(&wish, out);
    ck_assert_mem_eq(out + n - 11, "\0\0\51\20\0\0\0\200\0\0\0", 11); /* DO and no option */
    ck_assert_uint_eq(bytes_read_u16(out + 2), FLAG_RD | FLAG_CD);
    ck_assert_uint_eq(bytes_read_u16(out + ADDITIONAL), 1);
}
END_TEST

START_TEST(update_with_data_where_none_belongs_is_a_format_error)
{
    enum { UPDATE = 5 << 11 };
    maker_begin(&m, UPDATE, "example.com", 6);
    ck_assert_int_eq(outcome(), MESSAGE_NOTIMP);
    maker_put_a(&m, AUTHORITY, "example.com", 0);
    ck_assert_int_eq(outcome(), MESSAGE_NOTIMP);
    bytes_write_u16(m.at + m.b.n - 12, CLASS_ANY); /* RFC 2136 §3.4.1.3 */
    ck_assert_int_eq(outcome(), MESSAGE_FORMERR);
    ck_assert(!query.has_question);
}
END_TEST

START_TEST(query_to_a_provider_reads_as_it_was_wished)
{
    struct question question = {.name = made_name("Www.Example.com"), .type = 65, .class = 1};
    struct query_wish wish = {
        .question = &question, .id = 7, .want_do = true, .want_cd = true, .want_ad = true};
    uint8_t out[QUERY_MAX];
    size_t n = message_write_query(&wish, out);
    ck_assert_uint_eq(n, MESSAGE_HEADER + 17 + 4 + 11);
    ck_assert_int_eq(message_read_query(bytes_of(out, n), &query), MESSAGE_OK);
    ck_assert_uint_eq(query.id, 7);
    ck_assert_uint_eq(query.flags, FLAG_RD | FLAG_CD | FLAG_AD);
    ck_assert(query.edns_do);
    ck_assert_uint_eq(query.edns_size, 4096);
    ck_assert(bytes_equal(query.raw_question, bytes_of("\3www\7example\3com\0\0\101\0\1", 21)));
}
END_TEST

START_TEST(e7_padding_hides_the_length_of_names)
{
    char text[64] = {0};
    unsigned n_lengths = 0;
    size_t seen[8];
    for (size_t length = 1; length <= 60; length++) {
        text[length - 1] = 'a';
        struct question question = {.name = made_name(text), .type = TYPE_A, .class = CLASS_IN};
        struct query_wish wish = {.question = &question, .pad_to = 128};
        uint8_t out[QUERY_MAX];
        size_t n = message_write_query(&wish, out);
        ck_assert_uint_eq(n % 128, 0);
        ck_assert_int_eq(message_read_query(bytes_of(out, n), &query), MESSAGE_OK);
        if (n_lengths == 0 || seen[n_lengths - 1] != n)
            seen[n_lengths++] = n;
    }
    ck_assert_uint_le(n_lengths, 3);
}
END_TEST

START_TEST(longest_name_is_padded_too)
{
    struct question question = {.type = TYPE_A, .class = CLASS_IN};
    memset(question.name.at, 1, sizeof question.name.at);
    question.name.at[254] = 0;
    question.name.n = 255;
    static const uint16_t pads[] = {0, 1, 128, 468, 511, 512, UINT16_MAX};
    for (size_t i = 0; i < sizeof pads / sizeof *pads; i++) {
        struct query_wish wish = {.question = &question, .pad_to = pads[i]};
        uint8_t out[QUERY_MAX];
        size_t n = message_write_query(&wish, out);
        ck_assert_int_eq(message_read_query(bytes_of(out, n), &query), MESSAGE_OK);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        plain_query_is_read,
        key_is_lower_case_and_the_raw_question_keeps_its_case,
        m1_under_twelve_octets_there_is_no_reply,
        m2_response_gets_no_reply,
        query_cut_within_its_name_is_no_one_whole_message_and_cut_elsewhere_a_format_error,
        m4_other_opcodes_are_not_implemented_whatever_follows,
        m3_exactly_one_question_is_asked,
        m5_question_with_a_pointer_or_an_extended_label_is_a_format_error,
        m5_name_over_255_octets_or_label_over_63_is_a_format_error,
        m7_records_where_a_query_has_none_are_a_format_error,
        counts_larger_than_the_message_are_a_format_error,
        m8_octets_behind_the_end_are_no_one_whole_message,
        chance_octets_are_no_message_and_one_wrong_count_is_a_format_error,
        m7_signed_queries_cannot_be_relayed_but_sig0_is_tolerated,
        m7_signature_of_another_form_or_before_another_record_is_a_format_error,
        m7_signature_that_does_not_fill_its_record_is_a_format_error,
        m7_nsec3_at_no_hash_is_told_apart,
        edns_is_read,
        e4_edns_sizes_under_512_count_as_512,
        e2_two_opts_or_an_opt_in_a_wrong_place_are_a_format_error,
        e2_options_that_do_not_fill_the_opt_are_a_format_error,
        e11_cookies_have_the_lengths_of_rfc_7873,
        t6_keepalive_is_seen_and_so_are_octets_in_it,
        e5_a_thousand_unknown_options_are_ignored,
        e3_later_versions_of_edns_are_told_so,
        m13_unknown_header_bits_and_types_are_accepted,
        e6_options_of_a_client_go_no_further,
        update_with_data_where_none_belongs_is_a_format_error,
        query_to_a_provider_reads_as_it_was_wished,
        e7_padding_hides_the_length_of_names,
        longest_name_is_padded_too,
    };
    return suite_run("message", tests, sizeof tests / sizeof *tests, NULL, NULL);
}
