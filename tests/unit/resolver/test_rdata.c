/* SPDX-License-Identifier: MIT */
#include "tests/unit/resolver/answering.h"

#include <stdio.h>

enum { TYPE_NAPTR = 35 };

START_TEST(rdata_of_a_known_type_must_be_well_formed)
{
    static const struct {
        uint16_t type;
        const char *at;
        size_t n;
    } bad[] = {
        {TYPE_A, "abc", 3},
        {TYPE_A, "abcde", 5},
        {TYPE_A, "", 0},
        {TYPE_AAAA, "abcdefghijklmno", 15},
        {TYPE_AAAA, "abcdefghijklmnopq", 17},
        {TYPE_CNAME, "\300\014x", 3},
        {TYPE_CNAME, "\1a", 2},
        {TYPE_CNAME, "\300", 1},
        {TYPE_CNAME, "", 0},
        {TYPE_MX, "\0\1", 2},
        {TYPE_MX, "\0\1\0x", 4},
        {TYPE_SOA, "\0\0abcdefghijklmnopqrs", 21},
        {TYPE_SRV, "\0\0\0\0\0", 5},
        {TYPE_TXT, "", 0},
        {TYPE_TXT, "\2a", 2},
        {TYPE_NAPTR, "\0\0\0\0\1a\1b\2c\0", 11},
        {TYPE_RRSIG, "\0\1abcdefghijklmnop\300\014sig", 23},
        {TYPE_NSEC, "\300\014\0\1\100", 5},
        {TYPE_HTTPS, "\0\1\300\014", 4},
        {TYPE_HTTPS, "\0\1\0\0\1\0\2a", 8},
        {TYPE_HTTPS, "\0\1\0\0\1\0\0\0\1\0\0", 11},
        {TYPE_HTTPS, "\0\1\0\0\1\0", 6},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        begin("example.com", TYPE_ANY);
        put_rdata(bad[i].type, bad[i].at, bad[i].n);
        ck_assert_msg(outcome() == ANSWER_MALFORMED, "RDATA %zu was taken", i);
    }
}
END_TEST

START_TEST(compressed_names_in_rdata_are_decompressed_where_rfc_3597_wants_it)
{
    static const struct {
        uint16_t type;
        const char *came;
        size_t n_came;
        const char *wanted; /* NULL: the name behind `skip` octets may be compressed */
        size_t n_wanted;
    } cases[] = {
        {TYPE_SRV, "\0\1\0\2\0\3\1s\300\014", 10, "\0\1\0\2\0\3\1s\2ex\0", 12},
        {TYPE_DNAME, "\300\014", 2, "\2ex\0", 4},
        {17, "\300\014\1r\300\014", 6, "\2ex\0\1r\2ex\0", 10},
        {18, "\0\1\300\014", 4, "\0\1\2ex\0", 6},
        {36, "\0\1\300\014", 4, "\0\1\2ex\0", 6},
        {TYPE_NAPTR, "\0\1\0\2\1a\1b\0\300\014", 11, "\0\1\0\2\1a\1b\0\2ex\0", 13},
        {24, "\0\1\1\1aaaabbbbcccckk\300\014sig", 23, "\0\1\1\1aaaabbbbcccckk\2ex\0sig", 25},
        {30, "\300\014\100", 3, "\2ex\0\100", 5},
        {26, "\0\1\300\014\300\014", 6, "\0\1\2ex\0\2ex\0", 10},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin("ex", TYPE_ANY);
        put_rdata(cases[i].type, cases[i].came, cases[i].n_came);
        accept();
        struct bytes wanted = bytes_of(cases[i].wanted, cases[i].n_wanted);
        ck_assert_msg(bytes_equal(at(0).rdata, wanted), "RDATA %zu differs", i);
    }
}
END_TEST

START_TEST(m11_unknown_rdata_passes_octet_by_octet)
{
    static const uint16_t types[] = {65400, TYPE_DS, TYPE_DNSKEY, TYPE_NSEC3, 55, 58};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        begin("example.com", types[i]);
        put_rdata(types[i], "\300\014\377\377ABC\0", 8);
        put_rdata(types[i], "", 0);
        accept();
        ck_assert(bytes_equal(at(0).rdata, bytes_of("\300\014\377\377ABC\0", 8)));
        ck_assert_uint_eq(at(1).rdata.n, 0);
    }
}
END_TEST

START_TEST(case_of_names_is_kept_as_upstream_sent_it)
{
    begin("www.example.com", TYPE_A);
    put_cname("www.example.com", "CDN.Example.COM");
    maker_put_a(&m, ANSWER, "CDN.Example.COM", 300);
    maker_put_alias(&m, AUTHORITY, (struct head){"EXAMPLE.com", TYPE_NS, 9}, "Ns.example.com");
    maker_put_alias(&m, AUTHORITY, (struct head){"EXAMPLE.com", TYPE_NS, 9}, "nS.example.com");
    accept();
    ck_assert(is_exactly(name_in(0, 0), "CDN.Example.COM"));
    ck_assert(is_exactly(at(1).owner, "CDN.Example.COM"));
    ck_assert(is_exactly(name_in(2, 0), "Ns.example.com"));
    ck_assert(is_exactly(name_in(3, 0), "nS.example.com"));
}
END_TEST

START_TEST(rdata_does_not_change_with_the_case_of_the_question)
{
    begin("www.example.com", TYPE_MX);
    put_rdata(TYPE_MX, "\0\1\2mx\300\020", 7);
    put_rdata(TYPE_MX, "\0\2\2my\300\020", 7);
    put_rdata(TYPE_MX, "\0\3\300\014", 4);
    maker_put_alias(&m, AUTHORITY, (struct head){"a.example.com", TYPE_NSEC, 9}, "b.example.com");
    accept();
    /* What a client's case does to the question must reach no RDATA. */
    struct bytes wire = answer_wire(answer);
    uint8_t *question_at = (uint8_t *)(uintptr_t)wire.at + MESSAGE_HEADER;
    memcpy(question_at, "\3WwW\7eXaMpLe\3CoM", 17);
    ck_assert(is_exactly(name_in(0, 2), "mx.example.com"));
    ck_assert(is_exactly(name_in(1, 2), "my.example.com"));
    ck_assert(is_exactly(name_in(2, 2), "www.example.com"));
    ck_assert_uint_eq(at(1).rdata.n, 7); /* compressed all the same, against the first */
}
END_TEST

START_TEST(answer_that_grows_over_a_message_is_refused)
{
    char target[260];
    size_t n = 0;
    for (int i = 0; i < 120; i++)
        n += (size_t)snprintf(target + n, sizeof target - n, "a.");
    begin(target, TYPE_SRV);
    for (int i = 0; i < 1000; i++)
        put_rdata(TYPE_SRV, "\0\0\0\0\0\0\300\014", 8);
    ck_assert_int_eq(outcome(), ANSWER_MALFORMED);
    begin(target, TYPE_SRV);
    for (int i = 0; i < 200; i++)
        put_rdata(TYPE_SRV, "\0\0\0\0\0\0\300\014", 8);
    accept();
    has_records(200, 0);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        rdata_of_a_known_type_must_be_well_formed,
        compressed_names_in_rdata_are_decompressed_where_rfc_3597_wants_it,
        m11_unknown_rdata_passes_octet_by_octet,
        case_of_names_is_kept_as_upstream_sent_it,
        rdata_does_not_change_with_the_case_of_the_question,
        answer_that_grows_over_a_message_is_refused,
    };
    return suite_run("rdata", tests, sizeof tests / sizeof *tests, NULL, let_go);
}
