/* SPDX-License-Identifier: MIT */
#include "tests/unit/resolver/answering.h"

START_TEST(plain_answer_is_kept_and_the_question_is_lower_case)
{
    begin("WWW.example.com", TYPE_A);
    maker_put_a(&m, ANSWER, "www.EXAMPLE.com", 300);
    expect.now_us = 77;
    accept();
    has_records(1, 0);
    struct bytes wire = answer_wire(answer);
    ck_assert_mem_eq(wire.at, "\0\0\200\200\0\1\0\1\0\0\0\0\3www\7example\3com", 29);
    ck_assert_uint_eq(wire.n, 12 + 21 + 16); /* the owner is a pointer */
    ck_assert_uint_eq(answer->ttl_s, 300);
    ck_assert_uint_eq(answer->made_us, 77);
    ck_assert_int_eq(answer->ede, EDE_NONE);
    ck_assert(bytes_equal(at(0).rdata, bytes_of("\300\0\2\1", 4)));
}
END_TEST

START_TEST(no_part_of_a_message_is_taken_for_the_whole)
{
    begin("www.example.com", TYPE_A);
    put_cname("www.example.com", "a.example.com");
    maker_put_a(&m, ANSWER, "a.example.com", 300);
    maker_put_soa(&m, "example.com", 300, 300);
    maker_put_opt(&m, 1232, 0, bytes_of("\0\17\0\2\0\1", 6));
    accept();
    for (size_t n = 0; n < m.b.n; n++)
        ck_assert_int_eq(answer_read(bytes_of(m.at, n), &expect, &answer), ANSWER_MALFORMED);
    buf_put_u8(&m.b, 0);
    ck_assert_int_eq(outcome(), ANSWER_MALFORMED);
}
END_TEST

START_TEST(only_a_response_to_a_query_is_an_answer)
{
    begin("example.com", TYPE_A);
    bytes_write_u16(m.at + 2, FLAG_RD);
    ck_assert_int_eq(outcome(), ANSWER_NOT_A_RESPONSE);
    bytes_write_u16(m.at + 2, FLAG_QR | 4 << 11);
    ck_assert_int_eq(outcome(), ANSWER_NOT_A_RESPONSE);
}
END_TEST

START_TEST(h5_question_must_be_ours)
{
    begin("example.com", TYPE_A);
    question.name = made_name("example.net");
    ck_assert_int_eq(outcome(), ANSWER_WRONG_QUESTION);
    begin("example.com", TYPE_A);
    question.type = TYPE_AAAA;
    ck_assert_int_eq(outcome(), ANSWER_WRONG_QUESTION);
    begin("example.com", TYPE_A);
    question.class = CLASS_CH;
    ck_assert_int_eq(outcome(), ANSWER_WRONG_QUESTION);
    begin("example.com", TYPE_A);
    expect.id = 1;
    ck_assert_int_eq(outcome(), ANSWER_WRONG_QUESTION);
    bytes_write_u16(m.at, 0xffff);
    expect.id = -1;
    accept();
    for (uint16_t n = 0; n <= 2; n = (uint16_t)(n + 2)) {
        bytes_write_u16(m.at + 4, n);
        ck_assert_int_eq(outcome(), ANSWER_WRONG_QUESTION);
    }
}
END_TEST

START_TEST(truncated_answer_is_for_the_audit_only)
{
    begin("example.com", TYPE_A);
    maker_put_a(&m, ANSWER, "example.com", 300);
    maker_put_a(&m, ANSWER, "example.com", 300);
    bytes_write_u16(m.at + 2, RESPONSE | FLAG_TC);
    ck_assert_int_eq(outcome(), ANSWER_TRUNCATED);
    expect.allow_tc = true;
    accept();
    has_records(2, 0);
    m.b.n -= 3;
    accept();
    has_records(1, 0);
    ck_assert_uint_ne(answer->flags & FLAG_TC, 0);
    m.b.n = 12 + 17;
    accept();
    has_records(0, 0);
    m.b.n--;
    ck_assert_int_eq(outcome(), ANSWER_MALFORMED);
}
END_TEST

START_TEST(m6_counts_larger_than_the_message_are_refused)
{
    for (size_t count = 6; count < MESSAGE_HEADER; count += 2) {
        begin("example.com", TYPE_A);
        maker_put_a(&m, ANSWER, "example.com", 300);
        bytes_write_u16(m.at + count, UINT16_MAX);
        ck_assert_int_eq(outcome(), ANSWER_MALFORMED);
    }
}
END_TEST

START_TEST(hostile_owner_names_are_refused)
{
    static const char *const owners[] = {"\300\035", "\300\036", "\300\377",   "\377\377",
                                         "\100a",    "\200a",    "\1a\300\035"};
    for (size_t i = 0; i < sizeof owners / sizeof *owners; i++) {
        begin("example.com", TYPE_A);
        ck_assert_uint_eq(m.b.n, 0x1d);
        buf_put(&m.b, owners[i], strlen(owners[i]));
        maker_put_fixed(&m, ANSWER, TYPE_A, 300, bytes_of("abcd", 4));
        ck_assert_msg(outcome() == ANSWER_MALFORMED, "owner %zu was taken", i);
    }
    begin("example.com", TYPE_A);
    bytes_write_u16(m.at + MESSAGE_HEADER, 0xc000); /* the question points into the header */
    ck_assert_int_eq(outcome(), ANSWER_MALFORMED);
}
END_TEST

/* Puts `n` pointers into the RDATA of a record, each at the one before it, the first at the
 * question. Returns where the last one stands. */
static size_t put_pointers(unsigned n)
{
    buf_put_u8(&m.b, 0);
    maker_put_fixed(&m, ANSWER, 65400, 1, bytes_of(NULL, 0));
    bytes_write_u16(m.at + m.b.n - 2, (uint16_t)(2 * n));
    size_t target = MESSAGE_HEADER;
    for (unsigned i = 0; i < n; i++) {
        size_t here = m.b.n;
        buf_put_u16(&m.b, (uint16_t)(0xc000 | target));
        target = here;
    }
    return target;
}

START_TEST(name_goes_over_127_pointers_and_no_more)
{
    for (unsigned n = 125; n < 130; n++) {
        begin("example.com", TYPE_A);
        size_t last = put_pointers(n);
        buf_put_u16(&m.b, (uint16_t)(0xc000 | last));
        maker_put_fixed(&m, ANSWER, TYPE_A, 300, bytes_of("abcd", 4));
        ck_assert_int_eq(outcome(), n + 1 <= 127 ? ANSWER_OK : ANSWER_MALFORMED);
    }
}
END_TEST

/* The TTL that `ttl_s` becomes, with what `expect` says. */
static uint32_t ttl_of(uint32_t ttl_s)
{
    struct answer_expect asked = expect;
    begin("example.com", TYPE_A);
    asked.question = &question;
    expect = asked;
    maker_put_a(&m, ANSWER, "example.com", ttl_s);
    accept();
    ck_assert_uint_eq(at(0).ttl_s, answer->ttl_s);
    return answer->ttl_s;
}

START_TEST(h4_ttls_are_aged_and_clamped)
{
    begin("example.com", TYPE_A);
    ck_assert_uint_eq(ttl_of(300), 300);
    ck_assert_uint_eq(ttl_of(0), 0);
    ck_assert_uint_eq(ttl_of(INT32_MAX), 86400);
    ck_assert_uint_eq(ttl_of(0x80000000), 0);
    ck_assert_uint_eq(ttl_of(UINT32_MAX), 0);
    expect.age_s = 250;
    ck_assert_uint_eq(ttl_of(300), 50);
    ck_assert_uint_eq(ttl_of(250), 0);
    ck_assert_uint_eq(ttl_of(249), 0);
    expect.age_s = UINT32_MAX;
    ck_assert_uint_eq(ttl_of(INT32_MAX), 0);
    expect.min_ttl_s = 20;
    ck_assert_uint_eq(ttl_of(300), 20);
}
END_TEST

START_TEST(max_age_bounds_how_long_an_answer_is_kept_and_never_extends_it)
{
    static const uint32_t cases[][3] = {/* max-age, Age, kept */
                                        {60, 0, 60},         {60, 50, 10},  {60, 70, 0},
                                        {0, 0, 0},           {400, 0, 300}, {400, 90, 210},
                                        {UINT32_MAX, 0, 300}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin("example.com", TYPE_A);
        expect.has_max_age = true;
        expect.max_age_s = cases[i][0];
        expect.age_s = cases[i][1];
        maker_put_a(&m, ANSWER, "example.com", 300);
        accept();
        ck_assert_uint_eq(answer->ttl_s, cases[i][2]);
        ck_assert_uint_eq(at(0).ttl_s, 300 - expect.age_s);
    }
}
END_TEST

START_TEST(m15_rrset_has_one_ttl_the_lowest)
{
    begin("a.test", TYPE_A);
    put_cname("a.test", "b.test");
    maker_put_a(&m, ANSWER, "b.test", 500);
    maker_put_a(&m, ANSWER, "B.test", 400);
    maker_put_a(&m, ANSWER, "b.test", 600);
    maker_put_rrsig(&m, ANSWER, "b.test", TYPE_A);
    accept();
    static const uint32_t ttls[] = {300, 400, 400, 400, 300};
    for (unsigned i = 0; i < 5; i++)
        ck_assert_uint_eq(at(i).ttl_s, ttls[i]);
    ck_assert_uint_eq(answer->ttl_s, 300);
}
END_TEST

/* How long NXDOMAIN with such a SOA is kept. */
static uint32_t negative_ttl(uint32_t ttl_s, uint32_t minimum_s, uint32_t age_s)
{
    begin("no.example.com", TYPE_A);
    expect.age_s = age_s;
    bytes_write_u16(m.at + 2, RESPONSE | RCODE_NXDOMAIN);
    maker_put_soa(&m, "example.com", ttl_s, minimum_s);
    accept();
    ck_assert_uint_eq(at(0).ttl_s, answer->ttl_s); /* clients keep it no longer than we do */
    return answer->ttl_s;
}

START_TEST(k3_negative_answer_is_kept_as_its_soa_says)
{
    ck_assert_uint_eq(negative_ttl(900, 60, 0), 60);
    ck_assert_uint_eq(negative_ttl(60, 900, 0), 60);
    ck_assert_uint_eq(negative_ttl(86400, 86400, 0), 3600);
    ck_assert_uint_eq(negative_ttl(900, 60, 50), 10);
    ck_assert_uint_eq(negative_ttl(900, 60, 70), 0);
}
END_TEST

START_TEST(negative_answer_without_a_soa_of_its_own_is_not_kept)
{
    begin("no.example.com", TYPE_A);
    bytes_write_u16(m.at + 2, RESPONSE | RCODE_NXDOMAIN);
    accept();
    ck_assert_uint_eq(answer->ttl_s, 0);
    maker_put_soa(&m, "stranger.test", 300, 300);
    accept();
    ck_assert_uint_eq(answer->ttl_s, 0);
    has_records(0, 0);
    begin("a.test", TYPE_A);
    put_cname("a.test", "b.test");
    accept();
    has_records(1, 0);
    ck_assert_uint_eq(answer->ttl_s, 0);
}
END_TEST

START_TEST(nothing_at_the_end_of_a_chain_is_kept_no_longer_than_the_chain)
{
    begin("a.test", TYPE_A);
    put_cname("a.test", "b.example.com");
    maker_put_soa(&m, "example.com", 900, 900);
    accept();
    has_records(1, 1);
    ck_assert_uint_eq(answer->ttl_s, 300);
}
END_TEST

START_TEST(other_rcodes_are_not_kept)
{
    begin("example.com", TYPE_A);
    bytes_write_u16(m.at + 2, RESPONSE | RCODE_SERVFAIL);
    maker_put_a(&m, ANSWER, "example.com", 300);
    maker_put_soa(&m, "example.com", 900, 900);
    accept();
    ck_assert_uint_eq(answer->ttl_s, 0);
    ck_assert_uint_eq(answer->rcode, RCODE_SERVFAIL);
}
END_TEST

START_TEST(opt_gives_rcode_and_first_extended_error_and_is_dropped)
{
    begin("example.com", TYPE_A);
    bytes_write_u16(m.at + 2, RESPONSE | 7);
    maker_put_opt(&m, 1232, 1u << 24, bytes_of("\0\14\0\3abc\0\17\0\6\0\22text\0\17\0\2\0\1", 23));
    accept();
    ck_assert_uint_eq(answer->rcode, 23);
    ck_assert_int_eq(answer->ede, EDE_PROHIBITED);
    ck_assert_uint_eq(answer_wire(answer).n, 12 + 17);
    ck_assert_uint_eq(bytes_read_u16(answer_wire(answer).at + ADDITIONAL), 0);
}
END_TEST

START_TEST(opt_that_is_not_one_good_opt_is_refused)
{
    static const struct bytes options[] = {{(const uint8_t *)"\0", 1},
                                           {(const uint8_t *)"\0\3\0\1", 4},
                                           {(const uint8_t *)"\0\17\0\1\0", 5}};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        begin("example.com", TYPE_A);
        maker_put_opt(&m, 1232, 0, options[i]);
        ck_assert_int_eq(outcome(), ANSWER_MALFORMED);
    }
    begin("example.com", TYPE_A);
    maker_put_opt(&m, 1232, 0, bytes_of("", 0));
    maker_put_opt(&m, 1232, 0, bytes_of("", 0));
    ck_assert_int_eq(outcome(), ANSWER_MALFORMED);
    begin("example.com", TYPE_A);
    maker_put(&m, ADDITIONAL, (struct head){"example.com", TYPE_OPT, 0}, bytes_of("", 0));
    ck_assert_int_eq(outcome(), ANSWER_MALFORMED);
    begin("example.com", TYPE_A);
    maker_put(&m, ANSWER, (struct head){".", TYPE_OPT, 0}, bytes_of("", 0));
    ck_assert_int_eq(outcome(), ANSWER_MALFORMED);
}
END_TEST

START_TEST(answer_of_the_longest_message_is_read)
{
    begin("example.com", TYPE_A);
    while (m.b.size - m.b.n >= 16)
        put_rdata(TYPE_A, "abcd", 4);
    accept();
    ck_assert_uint_eq(answer_wire(answer).n, m.b.n);
    ck_assert_uint_eq(answer->n_ttls, (m.b.n - 12 - 17) / 16);
}
END_TEST

START_TEST(answer_ages_in_whole_seconds)
{
    begin("example.com", TYPE_A);
    expect.now_us = 5000000;
    maker_put_a(&m, ANSWER, "example.com", 10);
    accept();
    ck_assert_uint_eq(answer_left_s(answer, 0), 10);
    ck_assert_uint_eq(answer_left_s(answer, 5000000), 10);
    ck_assert_uint_eq(answer_left_s(answer, 5999999), 10);
    ck_assert_uint_eq(answer_left_s(answer, 6000000), 9);
    ck_assert_uint_eq(answer_left_s(answer, 14999999), 1);
    ck_assert_uint_eq(answer_left_s(answer, 15000000), 0);
    ck_assert_uint_eq(answer_left_s(answer, UINT64_MAX), 0);
}
END_TEST

START_TEST(last_reference_frees)
{
    begin("example.com", TYPE_A);
    accept();
    struct answer *second = answer_ref(answer);
    ck_assert_ptr_eq(second, answer);
    answer = answer_unref(answer);
    ck_assert_ptr_null(answer);
    ck_assert_uint_eq(answer_wire(second).n, 12 + 17);
    ck_assert_ptr_null(answer_unref(second));
    ck_assert_ptr_null(answer_unref(NULL));
}
END_TEST

START_TEST(headroom_has_one_owner_and_the_next_gets_a_copy)
{
    begin("example.com", TYPE_A);
    put_rdata(TYPE_A, "abcd", 4);
    accept();
    struct answer *first = answer_claim_headroom(answer);
    struct answer *second = answer_claim_headroom(answer);
    ck_assert_ptr_eq(first, answer);
    ck_assert_ptr_ne(second, answer);
    ck_assert_ptr_eq(answer_behind(answer_headroom(first)), first);
    ck_assert(bytes_equal(answer_wire(first), answer_wire(second)));
    ck_assert_uint_eq(second->ttl_offsets[0], first->ttl_offsets[0]);
    ck_assert_uint_eq(second->ttl_s, first->ttl_s);
    memset(answer_headroom(second), 0xff, ANSWER_HEADROOM);
    ck_assert_uint_eq(second->n_ttls, 1);
    answer_unref(second);
    answer_yield_headroom(first);
    answer_unref(first);
    struct answer *again = answer_claim_headroom(answer);
    ck_assert_ptr_eq(again, answer);
    answer_unref(again);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        headroom_has_one_owner_and_the_next_gets_a_copy,
        plain_answer_is_kept_and_the_question_is_lower_case,
        no_part_of_a_message_is_taken_for_the_whole,
        only_a_response_to_a_query_is_an_answer,
        h5_question_must_be_ours,
        truncated_answer_is_for_the_audit_only,
        m6_counts_larger_than_the_message_are_refused,
        hostile_owner_names_are_refused,
        name_goes_over_127_pointers_and_no_more,
        h4_ttls_are_aged_and_clamped,
        max_age_bounds_how_long_an_answer_is_kept_and_never_extends_it,
        m15_rrset_has_one_ttl_the_lowest,
        k3_negative_answer_is_kept_as_its_soa_says,
        negative_answer_without_a_soa_of_its_own_is_not_kept,
        nothing_at_the_end_of_a_chain_is_kept_no_longer_than_the_chain,
        other_rcodes_are_not_kept,
        opt_gives_rcode_and_first_extended_error_and_is_dropped,
        opt_that_is_not_one_good_opt_is_refused,
        answer_of_the_longest_message_is_read,
        answer_ages_in_whole_seconds,
        last_reference_frees,
    };
    return suite_run("answer", tests, sizeof tests / sizeof *tests, NULL, let_go);
}
