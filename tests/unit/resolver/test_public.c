/* SPDX-License-Identifier: MIT */
#include "resolver/audit/public.h"

#include "tests/unit/suite.h"

static unsigned operator_at(const char *text)
{
    struct address address;
    ck_assert(address_from_server(text, &address));
    return public_operator_of_address(&address);
}

START_TEST(addresses_and_doh_of_one_operator_are_known_as_one)
{
    unsigned google = operator_at("8.8.8.8");
    ck_assert_uint_ne(google, PUBLIC_OPERATOR_UNKNOWN);
    ck_assert_uint_eq(operator_at("8.8.4.4:53"), google);
    ck_assert_uint_eq(operator_at("[2001:4860:4860::8844]:53"), google);
    ck_assert_uint_eq(public_operator_of_url("https://dns.google/dns-query"), google);
    ck_assert_uint_eq(public_operator_of_url("https://dns.google:443/resolve"), google);
    ck_assert_uint_eq(public_operator_of_url("https://8.8.8.8/dns-query"), google);
    ck_assert_uint_eq(public_operator_of_url("https://[2001:4860:4860::8888]:443/q"), google);
    unsigned quad9 = operator_at("149.112.112.112");
    ck_assert_uint_eq(public_operator_of_url("https://dns10.quad9.net/dns-query"), quad9);
    ck_assert_uint_ne(quad9, google);
}
END_TEST

START_TEST(what_is_not_known_has_no_operator)
{
    ck_assert_uint_eq(operator_at("192.0.2.1"), PUBLIC_OPERATOR_UNKNOWN);
    static const char *const urls[] = {
        "https://dns.google.example/dns-query",
        "https://xdns.google/",
        "http://dns.google/",
        "https://",
        "",
        "https://[",
        "https://192.0.2.1/",
        "https://dns.googl/",
    };
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        ck_assert_msg(public_operator_of_url(urls[i]) == PUBLIC_OPERATOR_UNKNOWN, "%s", urls[i]);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        addresses_and_doh_of_one_operator_are_known_as_one,
        what_is_not_known_has_no_operator,
    };
    return suite_run("public", tests, sizeof tests / sizeof tests[0], NULL, NULL);
}
