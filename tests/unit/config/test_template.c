/* SPDX-License-Identifier: MIT */
#include "config/template.h"
#include "tests/unit/suite.h"

#include <string.h>

static const struct template_target target = {"dnstarget.example", "/dns-query"};

START_TEST(each_form_of_rfc_6570_expands)
{
    static const struct {
        const char *text, *url;
    } cases[] = {
        /* RFC 9230 §4.1's examples; the slash is percent-encoded, as RFC 6570 has it. */
        {"https://dnsproxy.example/dns-query{?targethost,targetpath}",
         "https://dnsproxy.example/dns-query?targethost=dnstarget.example&targetpath=%2Fdns-query"},
        {"https://dnsproxy.example/{targethost}/{targetpath}",
         "https://dnsproxy.example/dnstarget.example/%2Fdns-query"},
        {"https://r.example/p?a=1{&targetpath,targethost}",
         "https://r.example/p?a=1&targetpath=%2Fdns-query&targethost=dnstarget.example"},
        {"https://r.example/p?h={targethost}&p={targetpath}",
         "https://r.example/p?h=dnstarget.example&p=%2Fdns-query"},
        {"https://r.example{/targethost,targetpath}",
         "https://r.example/dnstarget.example/%2Fdns-query"},
        {"https://r.example{?targethost,targetpath}",
         "https://r.example?targethost=dnstarget.example&targetpath=%2Fdns-query"},
        {"https://r.example/p{;targethost,targetpath}",
         "https://r.example/p;targethost=dnstarget.example;targetpath=%2Fdns-query"},
        {"https://r.example/p{.targethost,targetpath}",
         "https://r.example/p.dnstarget.example.%2Fdns-query"},
        {"https://r.example/{+targethost}{+targetpath}",
         "https://r.example/dnstarget.example/dns-query"},
        {"https://r.example/{targethost,targetpath}",
         "https://r.example/dnstarget.example,%2Fdns-query"},
    };
    char url[TEMPLATE_URL_MAX];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ck_assert_ptr_null(template_expand(cases[i].text, &target, url));
        ck_assert_str_eq(url, cases[i].url);
    }
}
END_TEST

START_TEST(port_of_the_target_travels_encoded)
{
    char url[TEMPLATE_URL_MAX];
    struct template_target other = {"t.example:8443", "/a b?c"};
    ck_assert_ptr_null(template_expand("https://r.example/p{?targethost,targetpath}", &other, url));
    ck_assert_str_eq(url,
                     "https://r.example/p?targethost=t.example%3A8443&targetpath=%2Fa%20b%3Fc");
}
END_TEST

START_TEST(what_does_not_conform_is_refused_and_says_why)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"http://r.example/{?targethost,targetpath}", "must begin with https://"},
        {"https://{targethost}/{targetpath}", "must begin with https:// and the relay's own host"},
        {"https://r.example{targethost}/{targetpath}", "must begin with https://"},
        {"https:///{?targethost,targetpath}", "must begin with https://"},
        {"https://r.example/relay", "needs targethost and targetpath once each"},
        {"https://r.example/{?targethost}", "needs targethost and targetpath once each"},
        {"https://r.example/{targethost}{?targethost,targetpath}", "needs targethost"},
        {"https://r.example/{?targethost,targetpath,x}", "takes the variables"},
        {"https://r.example/{?targethost*,targetpath}", "takes the variables"},
        {"https://r.example/{?targethost:3,targetpath}", "takes the variables"},
        {"https://r.example/{#targethost,targetpath}", "takes the variables"},
        {"https://r.example/{?}", "takes the variables"},
        {"https://r.example/{?targethost,targetpath", "has a brace without its other"},
        {"https://r.example/?targethost,targetpath}", "has a brace without its other"},
        {"https://r.example/{}{?targethost,targetpath}", "has a brace without its other"},
        {"https://r.example/{{?targethost,targetpath}", "has a brace without its other"},
    };
    char url[TEMPLATE_URL_MAX], text[TEMPLATE_URL_MAX + 100];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *why = template_expand(cases[i].text, &target, url);
        ck_assert_msg(why != NULL && strstr(why, cases[i].why) == why, "%s: %s", cases[i].text,
                      why != NULL ? why : "taken");
    }
    memset(text, 'x', sizeof text);
    memcpy(text, "https://r.example/{?targethost,targetpath}", 42);
    text[sizeof text - 1] = '\0';
    ck_assert_str_eq(template_expand(text, &target, url), "grows too long");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        each_form_of_rfc_6570_expands,
        port_of_the_target_travels_encoded,
        what_does_not_conform_is_refused_and_says_why,
    };
    return suite_run("template", tests, sizeof tests / sizeof tests[0], NULL, NULL);
}
