/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/drivers.h"
#include "resolver/upstream/subnet.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <stdio.h>

static const struct driver *const post = &driver_doh, *const get = &driver_doh_get;
static struct driver_memory memory;
static struct driver_room room;
static struct provider_params provider;

static int build(const struct driver *driver, const struct question *question,
                 struct exchange_request *request)
{
    struct driver_call call = {.provider = &provider,
                               .question = question,
                               .endpoint = request->endpoint,
                               .memory = &memory};
    return driver->build(&call, &room, request);
}

static struct question question_of(const char *text)
{
    struct question question = {.type = TYPE_A, .class = CLASS_IN};
    ck_assert_int_eq(name_from_text(text, &question.name), 0);
    return question;
}

START_TEST(h1_post_carries_the_message_padded_to_128_octets_with_id_0)
{
    static const char *const names[] = {"a.example", "www.example.com",
                                        "a-rather-long-name-of-a-host.in-a-zone.example"};
    struct exchange_endpoint endpoint = {.url = "https://dns.example/dns-query"};
    for (size_t i = 0; i < 3; i++) {
        struct question question = question_of(names[i]);
        struct exchange_request request = {.endpoint = &endpoint};
        ck_assert_int_eq(build(post, &question, &request), 0);
        ck_assert_int_eq(request.method, EXCHANGE_POST);
        ck_assert_str_eq(request.media_type, "application/dns-message");
        ck_assert_uint_eq(request.body.n, 128);
        ck_assert_uint_eq(bytes_read_u16(request.body.at), 0);
    }
}
END_TEST

static bool has_padding(struct bytes message)
{
    static const uint8_t option_12[] = {0, 12};
    const uint8_t *opt = memmem(message.at, message.n, "\0\0\51", 3); /* root, TYPE_OPT */
    ck_assert_ptr_nonnull(opt);
    return memmem(opt, message.n - (size_t)(opt - message.at), option_12, 2) != NULL;
}

START_TEST(padding_that_is_switched_off_leaves_the_message_as_long_as_it_is)
{
    struct exchange_endpoint endpoint = {.url = "https://dns.example/dns-query"};
    struct question question = question_of("www.example.com");
    struct exchange_request request = {.endpoint = &endpoint};
    ck_assert_int_eq(build(post, &question, &request), 0);
    ck_assert(has_padding(request.body));
    provider.padding = PADDING_NO;
    ck_assert_int_eq(build(post, &question, &request), 0);
    ck_assert(!has_padding(request.body));
    ck_assert_uint_eq(request.body.n, MESSAGE_HEADER + 17 + 4 + 11);
    provider.padding = PADDING_YES;
}
END_TEST

START_TEST(get_carries_base64url_without_padding_behind_the_url)
{
    struct exchange_endpoint plain = {.url = "https://dns.example/dns-query"};
    struct exchange_endpoint asked = {.url = "https://dns.example/q?x=1"};
    struct question question = question_of("www.example.com");
    struct exchange_request request = {.endpoint = &plain};
    ck_assert_int_eq(build(get, &question, &request), 0);
    ck_assert_int_eq(request.method, EXCHANGE_GET);
    /* RFC 8484 §4.1.1's example, with an OPT behind it. */
    ck_assert_ptr_nonnull(strstr(request.target,
                                 "https://dns.example/dns-query?dns=AAABAAABAAAAAAAB"
                                 "A3d3dwdleGFtcGxlA2NvbQAAAQAB"));
    ck_assert_ptr_null(strchr(request.target, '+'));
    ck_assert_ptr_null(strchr(strstr(request.target, "dns=") + 4, '='));
    request.endpoint = &asked;
    ck_assert_int_eq(build(get, &question, &request), 0);
    ck_assert_ptr_nonnull(strstr(request.target, "https://dns.example/q?x=1&dns=AAAB"));
}
END_TEST

START_TEST(url_too_long_for_get_is_said)
{
    char url[DRIVER_TARGET_MAX];
    memset(url, 'x', sizeof url - 1);
    url[sizeof url - 1] = '\0';
    struct exchange_endpoint endpoint = {.url = url};
    struct question question = question_of("www.example.com");
    struct exchange_request request = {.endpoint = &endpoint};
    ck_assert_int_eq(build(get, &question, &request), -EMSGSIZE);
}
END_TEST

START_TEST(h2_only_2xx_with_the_media_type_is_a_message)
{
    static const struct {
        unsigned status;
        const char *media_type;
        bool good;
    } cases[] = {
        {200, "application/dns-message", true},
        {203, "Application/DNS-Message; charset=x", true},
        {200, "application/dns-message ;q=1", true},
        {200, "application/dns-messages", false},
        {200, "text/html", false},
        {200, "", false},
        {302, "application/dns-message", false},
        {500, "application/dns-message", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct exchange_reply reply = {
            .result = EXCHANGE_DONE, .status = cases[i].status, .media_type = cases[i].media_type};
        ck_assert_msg(driver_is_type(&reply, "application/dns-message") == cases[i].good,
                      "case %zu", i);
    }
}
END_TEST

START_TEST(status_and_media_type_make_the_class)
{
    static const struct {
        unsigned status;
        const char *media_type;
        int by_post, by_get;
    } cases[] = {
        {200, "text/html", DRIVER_PARSE, DRIVER_PARSE},
        {405, "text/html", DRIVER_AGAIN, DRIVER_SERVER},
        {501, "", DRIVER_AGAIN, DRIVER_SERVER},
        {429, "", DRIVER_RATE, DRIVER_RATE},
        {302, "", DRIVER_SERVER, DRIVER_SERVER},
        {503, "application/dns-message", DRIVER_SERVER, DRIVER_SERVER},
        {200, "application/dns-message", DRIVER_PARSE, DRIVER_PARSE}, /* an empty message */
    };
    struct question question = question_of("www.example.com");
    struct answer_expect expect = {.question = &question};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct exchange_reply reply = {
            .result = EXCHANGE_DONE, .status = cases[i].status, .media_type = cases[i].media_type};
        struct driver_memory learnt = {0};
        struct driver_call call = {.question = &question, .memory = &learnt};
        struct driver_found found = {0};
        ck_assert_int_eq(post->read(&call, &reply, &expect, &found), cases[i].by_post);
        ck_assert_int_eq(learnt.wants_get, cases[i].by_post == DRIVER_AGAIN);
        ck_assert_int_eq(get->read(&call, &reply, &expect, &found), cases[i].by_get);
    }
}
END_TEST

START_TEST(client_subnet_is_told_only_when_configured_and_padding_stays_whole)
{
    static const uint8_t v4[] = {0, 8, 0, 7, 0, 1, 24, 0, 192, 0, 2};
    static const uint8_t v6[] = {0, 8, 0, 10, 0, 2, 48, 0, 0x20, 0x01, 0x0d, 0xb8, 0, 1};
    struct exchange_endpoint endpoint = {.url = "https://dns.example/dns-query"};
    struct question question = question_of("www.example.com");
    struct exchange_request request = {.endpoint = &endpoint};
    ck_assert_int_eq(build(post, &question, &request), 0);
    ck_assert_ptr_null(memmem(request.body.at, request.body.n, v4, 4));
    ck_assert_int_eq(subnet_read("192.0.2.0/24", &provider.client_subnet), 0);
    ck_assert_int_eq(build(post, &question, &request), 0);
    ck_assert_ptr_nonnull(memmem(request.body.at, request.body.n, v4, sizeof v4));
    ck_assert_uint_eq(request.body.n, 128);
    ck_assert_int_eq(subnet_read("2001:db8:1::/48", &provider.client_subnet), 0);
    ck_assert_int_eq(build(post, &question, &request), 0);
    ck_assert_ptr_nonnull(memmem(request.body.at, request.body.n, v6, sizeof v6));
    provider.client_subnet = (struct provider_subnet){0};
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        h1_post_carries_the_message_padded_to_128_octets_with_id_0,
        padding_that_is_switched_off_leaves_the_message_as_long_as_it_is,
        get_carries_base64url_without_padding_behind_the_url,
        url_too_long_for_get_is_said,
        h2_only_2xx_with_the_media_type_is_a_message,
        status_and_media_type_make_the_class,
        client_subnet_is_told_only_when_configured_and_padding_stays_whole,
    };
    return suite_run("doh", tests, sizeof tests / sizeof tests[0], NULL, NULL);
}
