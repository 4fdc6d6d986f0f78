/* SPDX-License-Identifier: MIT */
#include "resolver/policy/policy.h"
#include "tests/unit/suite.h"

static struct reply_error error;
static struct bytes rdata;

static enum policy_outcome decide(const char *text, uint16_t type, uint16_t class)
{
    struct question question = {.type = type, .class = class};
    ck_assert_int_eq(name_from_text(text, &question.name), 0);
    name_lower(&question.name);
    return policy_decide(&question, &error, &rdata);
}

START_TEST(ordinary_names_are_forwarded_whatever_their_type)
{
    static const char *const names[] = {"www.example.com",
                                        "localhost.example.com",
                                        "notlocalhost",
                                        "example.test",
                                        "com",
                                        ".",
                                        "xonion",
                                        "arpa",
                                        "alt.net"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        ck_assert_int_eq(decide(names[i], TYPE_A, CLASS_IN), POLICY_FORWARD);
        ck_assert_int_eq(decide(names[i], 666, CLASS_IN), POLICY_FORWARD);
        ck_assert_int_eq(decide(names[i], TYPE_ANY, CLASS_IN), POLICY_FORWARD);
    }
}
END_TEST

START_TEST(localhost_is_loopback_and_has_nothing_else)
{
    ck_assert_int_eq(decide("localhost", TYPE_A, CLASS_IN), POLICY_LOCAL);
    ck_assert(bytes_equal(rdata, bytes_of("\177\0\0\1", 4)));
    ck_assert_int_eq(decide("A.b.LocalHost", TYPE_AAAA, CLASS_IN), POLICY_LOCAL);
    ck_assert(bytes_equal(rdata, bytes_of("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16)));
    ck_assert_int_eq(decide("localhost", TYPE_MX, CLASS_IN), POLICY_LOCAL);
    ck_assert_uint_eq(rdata.n, 0);
}
END_TEST

START_TEST(names_that_exist_nowhere_outside_do_not_leave_the_host)
{
    static const char *const names[] = {
        "invalid", "x.invalid",          "abc.onion",     "printer.local",
        "x.alt",   "_dns.resolver.arpa", "resolver.arpa", "use-application-dns.net"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        ck_assert_int_eq(decide(names[i], TYPE_A, CLASS_IN), POLICY_ERROR);
        ck_assert_int_eq(error.rcode, RCODE_NXDOMAIN);
        ck_assert_int_ne(error.ede, EDE_NONE);
    }
}
END_TEST

START_TEST(m10_transfers_and_meta_types_are_turned_away)
{
    static const uint16_t refused[] = {0, TYPE_AXFR, TYPE_IXFR, TYPE_MAILA, TYPE_MAILB};
    static const uint16_t malformed[] = {TYPE_OPT, TYPE_TSIG, TYPE_TKEY};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        ck_assert_int_eq(decide("example.com", refused[i], CLASS_IN), POLICY_ERROR);
        ck_assert_int_eq(error.rcode, RCODE_REFUSED);
    }
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        ck_assert_int_eq(decide("example.com", malformed[i], CLASS_IN), POLICY_ERROR);
        ck_assert_int_eq(error.rcode, RCODE_FORMERR);
    }
}
END_TEST

START_TEST(m9_other_classes_are_refused)
{
    static const uint16_t classes[] = {0, CLASS_CH, CLASS_HS, CLASS_NONE, CLASS_ANY, 4711};
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        ck_assert_int_eq(decide("version.bind", TYPE_TXT, classes[i]), POLICY_ERROR);
        ck_assert_int_eq(error.rcode, RCODE_REFUSED);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        ordinary_names_are_forwarded_whatever_their_type,
        localhost_is_loopback_and_has_nothing_else,
        names_that_exist_nowhere_outside_do_not_leave_the_host,
        m10_transfers_and_meta_types_are_turned_away,
        m9_other_classes_are_refused,
    };
    return suite_run("policy", tests, sizeof tests / sizeof tests[0], NULL, NULL);
}
