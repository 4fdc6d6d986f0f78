/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/doh.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <stdio.h>

static struct question question_of(const char *text)
{
    struct question question = {.type = TYPE_A, .class = CLASS_IN};
    ck_assert_int_eq(name_from_text(text, &question.name), 0);
    return question;
}

START_TEST(post_carries_the_message_padded_to_128_octets_with_id_0)
{
    static const char *const names[] = {"a.example", "www.example.com",
                                        "a-rather-long-name-of-a-host.in-a-zone.example"};
    struct exchange_endpoint endpoint = {.url = "https://dns.example/dns-query"};
    for (size_t i = 0; i < 3; i++) {
        struct question question = question_of(names[i]);
        struct doh_wish wish = {.question = &question};
        struct doh_room room;
        struct exchange_request request = {.endpoint = &endpoint};
        ck_assert_int_eq(doh_build(&wish, &room, &request), 0);
        ck_assert_int_eq(request.method, EXCHANGE_POST);
        ck_assert_str_eq(request.media_type, "application/dns-message");
        ck_assert_uint_eq(request.body.n, 128);
        ck_assert_uint_eq(bytes_read_u16(request.body.at), 0);
    }
}
END_TEST

START_TEST(get_carries_base64url_without_padding_behind_the_url)
{
    struct exchange_endpoint plain = {.url = "https://dns.example/dns-query"};
    struct exchange_endpoint asked = {.url = "https://dns.example/q?x=1"};
    struct question question = question_of("www.example.com");
    struct doh_wish wish = {.question = &question, .get = true};
    struct doh_room room;
    struct exchange_request request = {.endpoint = &plain};
    ck_assert_int_eq(doh_build(&wish, &room, &request), 0);
    ck_assert_int_eq(request.method, EXCHANGE_GET);
    /* RFC 8484 §4.1.1's example, with an OPT behind it. */
    ck_assert_ptr_nonnull(strstr(request.target,
                                 "https://dns.example/dns-query?dns=AAABAAABAAAAAAAB"
                                 "A3d3dwdleGFtcGxlA2NvbQAAAQAB"));
    ck_assert_ptr_null(strchr(request.target, '+'));
    ck_assert_ptr_null(strchr(strstr(request.target, "dns=") + 4, '='));
    request.endpoint = &asked;
    ck_assert_int_eq(doh_build(&wish, &room, &request), 0);
    ck_assert_ptr_nonnull(strstr(request.target, "https://dns.example/q?x=1&dns=AAAB"));
}
END_TEST

START_TEST(url_too_long_for_get_is_said)
{
    char url[DOH_TARGET_MAX];
    memset(url, 'x', sizeof url - 1);
    url[sizeof url - 1] = '\0';
    struct exchange_endpoint endpoint = {.url = url};
    struct question question = question_of("www.example.com");
    struct doh_wish wish = {.question = &question, .get = true};
    struct doh_room room;
    struct exchange_request request = {.endpoint = &endpoint};
    ck_assert_int_eq(doh_build(&wish, &room, &request), -EMSGSIZE);
}
END_TEST

START_TEST(only_2xx_with_the_media_type_is_a_message)
{
    static const struct {
        enum exchange_result result;
        unsigned status;
        const char *media_type;
        bool good;
    } cases[] = {
        {EXCHANGE_DONE, 200, "application/dns-message", true},
        {EXCHANGE_DONE, 203, "Application/DNS-Message; charset=x", true},
        {EXCHANGE_DONE, 200, "application/dns-message ;q=1", true},
        {EXCHANGE_DONE, 200, "application/dns-messages", false},
        {EXCHANGE_DONE, 200, "text/html", false},
        {EXCHANGE_DONE, 200, "", false},
        {EXCHANGE_DONE, 302, "application/dns-message", false},
        {EXCHANGE_DONE, 500, "application/dns-message", false},
        {EXCHANGE_BROKEN, 200, "application/dns-message", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct exchange_reply reply = {.result = cases[i].result,
                                       .status = cases[i].status,
                                       .media_type = cases[i].media_type};
        ck_assert_msg(doh_is_message(&reply) == cases[i].good, "case %zu", i);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        post_carries_the_message_padded_to_128_octets_with_id_0,
        get_carries_base64url_without_padding_behind_the_url,
        url_too_long_for_get_is_said,
        only_2xx_with_the_media_type_is_a_message,
    };
    return suite_run("doh", tests, sizeof tests / sizeof tests[0], NULL, NULL);
}
