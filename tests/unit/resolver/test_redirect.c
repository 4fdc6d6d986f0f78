/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/curl/redirect.h"
#include "tests/unit/suite.h"

static void set_up(void)
{
}

static void tear_down(void)
{
}

START_TEST(only_the_same_host_and_port_over_https_is_the_same_place)
{
    static const struct {
        const char *to;
        bool stays;
    } cases[] = {
        {"https://doh.example/other?dns=x", true},
        {"https://DOH.example:443/q", true},
        {"http://doh.example/q", false},
        {"https://doh.example:8443/q", false},
        {"https://doh.example.net/q", false},
        {"https://192.0.2.1/q", false},
        {"https://doh.example@192.0.2.1/q", false},
        {"https://user:word@doh.example/q", false},
        {"file:///etc/passwd", false},
        {"ftp://doh.example/q", false},
        {"https://", false},
        {"", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ck_assert_msg(redirect_stays("https://doh.example/q", cases[i].to) == cases[i].stays, "%s",
                      cases[i].to);
    }
    ck_assert(!redirect_stays("http://doh.example/q", "https://doh.example/q"));
}
END_TEST

START_TEST(method_is_kept_or_the_redirection_is_not_followed)
{
    static const struct {
        long status;
        bool post, get;
    } cases[] = {
        {307, true, true},   {308, true, true},   {301, false, true},  {302, false, true},
        {303, false, true},  {300, false, false}, {304, false, false}, {305, false, false},
        {200, false, false}, {404, false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ck_assert(redirect_keeps(cases[i].status, true) == cases[i].post);
        ck_assert(redirect_keeps(cases[i].status, false) == cases[i].get);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        only_the_same_host_and_port_over_https_is_the_same_place,
        method_is_kept_or_the_redirection_is_not_followed,
    };
    return suite_run("redirect", tests, sizeof tests / sizeof tests[0], set_up, tear_down);
}
