/* SPDX-License-Identifier: MIT */
#include "tests/unit/resolver/answering.h"

#include <stdio.h>

START_TEST(k2_stranger_records_are_left_out)
{
    begin("www.example.com", TYPE_A);
    maker_put_a(&m, ANSWER, "victim.test", 1);
    maker_put_a(&m, ANSWER, "www.example.com", 300);
    maker_put(&m, ANSWER, (struct head){"www.example.com", TYPE_TXT, 1}, bytes_of("\1x", 2));
    put_cname("victim.test", "evil.test");
    maker_put_alias(&m, AUTHORITY, (struct head){"test", TYPE_NS, 1}, "ns.evil.test");
    maker_put_alias(&m, AUTHORITY, (struct head){"example.com", TYPE_NS, 9}, "ns.example.com");
    maker_put_alias(&m, AUTHORITY, (struct head){"example.com", TYPE_TKEY, 9}, "key.example.com");
    maker_put_a(&m, AUTHORITY, "example.com", 9);
    maker_put_a(&m, ADDITIONAL, "www.example.com", 1);
    maker_put_a(&m, ADDITIONAL, "ns.example.com", 1);
    accept();
    has_records(1, 1);
    ck_assert_uint_eq(answer->ttl_s, 300);
    ck_assert(is_exactly(at(0).owner, "www.example.com"));
    ck_assert(is_exactly(name_in(1, 0), "ns.example.com"));
}
END_TEST

START_TEST(records_of_another_class_are_left_out)
{
    begin("example.com", TYPE_TXT);
    put_rdata(TYPE_TXT, "\1a", 2);
    size_t class_at = m.b.n - 2 - 8;
    put_rdata(TYPE_TXT, "\1b", 2);
    bytes_write_u16(m.at + class_at, CLASS_CH);
    accept();
    has_records(1, 0);
    ck_assert(bytes_equal(at(0).rdata, bytes_of("\1b", 2)));
}
END_TEST

START_TEST(chain_is_followed_in_whatever_order_it_comes)
{
    begin("a.test", TYPE_A);
    maker_put_a(&m, ANSWER, "C.test", 30);
    put_cname("b.test", "c.test");
    put_cname("A.test", "B.test");
    accept();
    has_records(3, 0);
    ck_assert_uint_eq(answer->ttl_s, 30);
}
END_TEST

START_TEST(chain_has_16_links_and_no_more)
{
    for (unsigned n_links = 15; n_links < 19; n_links++) {
        begin("n0.test", TYPE_A);
        char from[16] = "n0.test", to[16];
        for (unsigned i = 1; i <= n_links; i++) {
            snprintf(to, sizeof to, "n%u.test", i);
            put_cname(from, to);
            memcpy(from, to, sizeof from);
        }
        maker_put_a(&m, ANSWER, from, 300);
        ck_assert_int_eq(outcome(), n_links <= 16 ? ANSWER_OK : ANSWER_BAD_CHAIN);
    }
}
END_TEST

START_TEST(loops_and_forks_of_the_chain_are_refused)
{
    begin("a.test", TYPE_A);
    put_cname("a.test", "A.TEST");
    ck_assert_int_eq(outcome(), ANSWER_BAD_CHAIN);
    begin("a.test", TYPE_A);
    put_cname("a.test", "b.test");
    put_cname("b.test", "c.test");
    put_cname("c.test", "b.test");
    ck_assert_int_eq(outcome(), ANSWER_BAD_CHAIN);
    begin("a.test", TYPE_A);
    put_cname("a.test", "b.test");
    put_cname("a.test", "c.test");
    ck_assert_int_eq(outcome(), ANSWER_BAD_CHAIN);
}
END_TEST

START_TEST(alias_that_was_asked_for_is_not_followed)
{
    static const uint16_t types[] = {TYPE_CNAME, TYPE_ANY};
    for (size_t i = 0; i < 2; i++) {
        begin("a.test", types[i]);
        put_cname("a.test", "a.test"); /* a loop, if it was followed */
        maker_put_a(&m, ANSWER, "b.test", 300);
        accept();
        has_records(1, 0);
        ck_assert_uint_eq(answer->ttl_s, 300);
    }
}
END_TEST

START_TEST(redirected_tree_keeps_its_dname)
{
    begin("x.old.test", TYPE_A);
    maker_put_alias(&m, ANSWER, (struct head){"old.test", TYPE_DNAME, 300}, "new.test");
    maker_put_rrsig(&m, ANSWER, "old.test", TYPE_DNAME);
    put_cname("x.old.test", "x.new.test");
    maker_put_a(&m, ANSWER, "x.new.test", 300);
    maker_put_alias(&m, ANSWER, (struct head){"other.test", TYPE_DNAME, 300}, "evil.test");
    accept();
    has_records(4, 0);
    ck_assert(is_exactly(name_in(0, 0), "new.test"));
}
END_TEST

START_TEST(signatures_follow_what_they_cover)
{
    begin("a.test", TYPE_A);
    maker_put_rrsig(&m, ANSWER, "a.test", TYPE_CNAME);
    maker_put_rrsig(&m, ANSWER, "b.test", TYPE_A);
    maker_put_rrsig(&m, ANSWER, "b.test", TYPE_AAAA);
    maker_put_rrsig(&m, ANSWER, "c.test", TYPE_A);
    put_cname("a.test", "b.test");
    maker_put_a(&m, ANSWER, "b.test", 300);
    accept();
    has_records(4, 0);
    begin("a.test", TYPE_RRSIG);
    maker_put_rrsig(&m, ANSWER, "a.test", TYPE_A);
    maker_put_rrsig(&m, ANSWER, "a.test", TYPE_AAAA);
    maker_put_rrsig(&m, ANSWER, "b.test", TYPE_A);
    accept();
    has_records(2, 0);
}
END_TEST

START_TEST(e9_dnssec_records_are_left_out_for_who_did_not_set_do)
{
    begin("a.test", TYPE_A);
    expect.strip_dnssec = true;
    maker_put_a(&m, ANSWER, "a.test", 300);
    maker_put_rrsig(&m, ANSWER, "a.test", TYPE_A);
    maker_put_alias(&m, AUTHORITY, (struct head){"test", TYPE_NS, 300}, "ns.test");
    maker_put_rrsig(&m, AUTHORITY, "test", TYPE_NS);
    maker_put(&m, AUTHORITY, (struct head){"0p9m.test", 50, 60}, bytes_of("x", 1));
    accept();
    has_records(1, 1);
    static const uint16_t explicit[] = {TYPE_RRSIG, TYPE_ANY};
    for (size_t i = 0; i < 2; i++) {
        begin("a.test", explicit[i]);
        expect.strip_dnssec = true;
        maker_put_rrsig(&m, ANSWER, "a.test", TYPE_A);
        accept();
        has_records(1, 0);
    }
}
END_TEST

START_TEST(minimal_answers_leave_out_the_servers_of_the_zone_and_no_proof)
{
    for (unsigned minimal = 0; minimal < 2; minimal++) {
        begin("a.test", TYPE_A);
        expect.minimal = minimal != 0;
        maker_put_a(&m, ANSWER, "a.test", 300);
        maker_put_alias(&m, AUTHORITY, (struct head){"test", TYPE_NS, 300}, "ns.test");
        maker_put_rrsig(&m, AUTHORITY, "test", TYPE_NS);
        maker_put_rrsig(&m, AUTHORITY, "test", TYPE_NSEC);
        accept();
        has_records(1, minimal ? 1 : 3);
    }
    begin("test", TYPE_NS);
    expect.minimal = true;
    maker_put_alias(&m, ANSWER, (struct head){"test", TYPE_NS, 300}, "ns.test");
    accept();
    has_records(1, 0);
    for (unsigned minimal = 0; minimal < 2; minimal++) { /* the SOA says all of what is not there */
        begin("a.test", TYPE_A);
        expect.minimal = minimal != 0;
        maker_put_soa(&m, "test", 300, 60);
        maker_put_alias(&m, AUTHORITY, (struct head){"test", TYPE_NS, 300}, "ns.test");
        accept();
        has_records(0, minimal ? 1 : 2);
    }
    begin("a.test", TYPE_A); /* no answer: who is asked next stands there */
    expect.minimal = true;
    maker_put_alias(&m, AUTHORITY, (struct head){"test", TYPE_NS, 300}, "ns.test");
    accept();
    has_records(0, 1);
}
END_TEST

START_TEST(proofs_of_non_existence_are_kept)
{
    struct made nsec = {0};
    made_add_name(&nsec, "z.example.com");
    made_add(&nsec, "\0\1\100", 3);
    begin("no.example.com", TYPE_A);
    bytes_write_u16(m.at + 2, RESPONSE | RCODE_NXDOMAIN | FLAG_AD);
    maker_put_soa(&m, "example.com", 300, 60);
    maker_put_rrsig(&m, AUTHORITY, "example.com", TYPE_SOA);
    maker_put(&m, AUTHORITY, (struct head){"a.example.com", TYPE_NSEC, 60}, made_bytes(&nsec));
    maker_put_rrsig(&m, AUTHORITY, "a.example.com", TYPE_NSEC);
    maker_put(&m, AUTHORITY, (struct head){"0p9m.example.com", TYPE_NSEC3, 60}, bytes_of("x", 1));
    maker_put_rrsig(&m, AUTHORITY, "stranger.test", TYPE_A);
    accept();
    has_records(0, 5);
    ck_assert_uint_eq(answer->rcode, RCODE_NXDOMAIN);
    ck_assert_uint_ne(answer->flags & FLAG_AD, 0);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        k2_stranger_records_are_left_out,
        records_of_another_class_are_left_out,
        chain_is_followed_in_whatever_order_it_comes,
        chain_has_16_links_and_no_more,
        loops_and_forks_of_the_chain_are_refused,
        alias_that_was_asked_for_is_not_followed,
        redirected_tree_keeps_its_dname,
        signatures_follow_what_they_cover,
        e9_dnssec_records_are_left_out_for_who_did_not_set_do,
        minimal_answers_leave_out_the_servers_of_the_zone_and_no_proof,
        proofs_of_non_existence_are_kept,
    };
    return suite_run("chain", tests, sizeof tests / sizeof *tests, NULL, let_go);
}
