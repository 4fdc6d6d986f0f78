/* SPDX-License-Identifier: MIT */
/* A property of every service that knows addresses alone (PROVIDERS §11): whatever it says, an
 * absence that it does not explain never becomes NXDOMAIN, nor is kept for longer than a minute. */
#include "tests/unit/driver_rig.h"
#include "tests/unit/suite.h"

#include <stdio.h>

/* One family in a reply: what stands there instead of addresses. */
static const char *const emptinesses[] = {"[]",     "null",   "\"\"", "{}",
                                          "[null]", "[\"\"]", "0",    "false"};
static const char *const ttls[] = {"0",       "-1",   "1",   "300",  "86400",
                                   "\"300\"", "null", "1e9", "\"x\""};
/* @1 is one family, @2 the other one, @3 a TTL. */
static const struct {
    const struct driver *driver;
    const char *body;
} replies[] = {
    {&driver_aliyun, "{\"host\":\"www.example.com\",\"ips\":@1,\"ipsv6\":@2,\"ttl\":@3}"},
    {&driver_aliyun, "{\"host\":\"www.example.com\",\"ttl\":@3}"},
    {&driver_aliyun, "{\"dns\":[{\"host\":\"www.example.com\",\"ips\":@1,\"type\":1,\"ttl\":@3},"
                     "{\"host\":\"www.example.com\",\"ips\":@2,\"type\":28}]}"},
    {&driver_aliyun, "{\"dns\":@1}"},
    {&driver_aliyun2,
     "{\"code\":\"success\",\"data\":{\"answers\":[{\"dn\":\"www.example.com\",\"v4\":"
     "{\"ips\":@1,\"ttl\":@3},\"v6\":{\"ips\":@2,\"ttl\":@3}}]}}"},
    {&driver_aliyun2,
     "{\"code\":\"success\",\"data\":{\"answers\":[{\"dn\":\"www.example.com\",\"v4\":"
     "@1,\"v6\":@2}]}}"},
    {&driver_aliyun2,
     "{\"code\":\"success\",\"data\":{\"answers\":[{\"dn\":\"www.example.com\",\"v4\":"
     "{\"ips\":[],\"no_ip_code\":@1},\"v6\":{\"ips\":[],\"no_ip_code\":@2}}]}}"},
    {&driver_aliyun2, "{\"code\":\"success\",\"data\":{\"answers\":@1}}"},
    {&driver_volc, "{\"host\":\"www.example.com\",\"ips\":@1,\"ttl\":@3}"},
    {&driver_volc, "{\"host\":\"www.example.com\"}"},
    {&driver_baidu,
     "{\"msg\":\"ok\",\"data\":{\"www.example.com\":{\"ipv4\":{\"ip\":@1,\"ttl\":@3},"
     "\"ipv6\":{\"ip\":@2,\"ttl\":@3}}}}"},
    {&driver_baidu, "{\"msg\":\"ok\",\"data\":{\"www.example.com\":@1}}"},
    {&driver_baidu, "{\"msg\":\"ok\",\"data\":@1}"},
    {&driver_generic, "{\"ips\":@1,\"ipsv6\":@2,\"ttl\":@3}"},
    {&driver_generic, "{}"},
    {&driver_generic, "{\"code\":\"NONE\"}"},
    {&driver_tencent, ""},
    {&driver_tencent, "0"},
    {&driver_tencent, "0-0"},
    {&driver_tencent, "-"},
    {&driver_tencent, "www.example.com.:,@3-,@3|1.1.1.1"},
    {&driver_tencent, "www.example.com.:;;,300-0,300"},
    {&driver_tencent, "www.other.example.:192.0.2.1,300"},
};

enum {
    N_REPLIES = sizeof replies / sizeof replies[0],
    N_EMPTY = sizeof emptinesses / sizeof emptinesses[0],
    N_TTLS = sizeof ttls / sizeof ttls[0],
    BODY = 512,
};

static void fill(const char *template, const char *const values[3], char body[BODY])
{
    FILE *to = fmemopen(body, BODY, "w");
    body[0] = '\0';
    for (const char *c = template; *c != '\0'; c++) {
        if (*c == '@') {
            fputs(values[*++c - '1'], to);
        } else {
            fputc(*c, to);
        }
    }
    fclose(to);
}

static struct rig rig;

static void read_reply(const struct driver *driver, unsigned status, uint16_t type,
                       const char *body)
{
    rig_begin(&rig, driver, "https://x.example");
    rig.provider.template = (struct provider_template){.addresses = {{"/ips", "/ipsv6"}, 2},
                                                       .ttl = "/ttl",
                                                       .code = "/code",
                                                       .empty_codes = {{"NONE"}, 1}};
    rig_ask(&rig, "www.example.com", type);
    rig_read(&rig, status, "application/json", body);
    rig_end(&rig);
}

static bool says(const char *class)
{
    size_t n = strlen(class);
    return strncmp(rig.text, class, n) == 0 && (rig.text[n] == ' ' || rig.text[n] == '\0');
}

/* Neither family is there: for neither is that told as if it were known. */
static void check_nothing(const char *body)
{
    static const char ttl_at[] = "UNKNOWN_EMPTY NOERROR / SOA ";
    int other = rig.found.other.class;
    ck_assert_msg(says("UNKNOWN_EMPTY") || says("PARSE") || says("NOT_SERVED"), "%s: %s", body,
                  rig.text);
    ck_assert_msg(other != DRIVER_OK && other != DRIVER_NODATA && other != DRIVER_NXDOMAIN, "%s",
                  body);
    if (says("UNKNOWN_EMPTY")) {
        unsigned ttl_s = 0;
        ck_assert_msg(strncmp(rig.text, ttl_at, sizeof ttl_at - 1) == 0, "%s", rig.text);
        sscanf(rig.text + sizeof ttl_at - 1, "%u", &ttl_s);
        ck_assert_msg(ttl_s >= 30 && ttl_s <= 60, "%s: kept for %u s", body, ttl_s);
    }
}

START_TEST(absence_without_a_reason_is_never_told_as_known_nor_kept_for_long)
{
    char body[BODY];
    for (unsigned n = 0; n < N_REPLIES * N_EMPTY * N_EMPTY * 2; n++) {
        const unsigned i = n % N_REPLIES, rest = n / N_REPLIES;
        const char *const values[] = {emptinesses[rest / 2 % N_EMPTY],
                                      emptinesses[rest / 2 / N_EMPTY], ttls[rest / 2 % N_TTLS]};
        fill(replies[i].body, values, body);
        read_reply(replies[i].driver, 200, rest % 2 == 0 ? TYPE_A : TYPE_AAAA, body);
        check_nothing(body);
    }
}
END_TEST

START_TEST(family_that_is_missing_beside_the_other_is_never_a_name_that_is_missing)
{
    static const char *const there[] = {"[\"192.0.2.1\"]", "[\"2001:db8::1\"]"};
    char body[BODY];
    for (unsigned n = 0; n < N_REPLIES * N_EMPTY * 4; n++) {
        const unsigned i = n % N_REPLIES, rest = n / N_REPLIES;
        const char *const values[] = {there[rest % 2], emptinesses[rest / 4 % N_EMPTY], "300"};
        fill(replies[i].body, values, body);
        read_reply(replies[i].driver, 200, rest / 2 % 2 == 0 ? TYPE_A : TYPE_AAAA, body);
        ck_assert_msg(strstr(rig.text, "NXDOMAIN") == NULL, "%s: %s", body, rig.text);
        ck_assert_msg(rig.found.other.class != DRIVER_NXDOMAIN, "%s", body);
    }
}
END_TEST

START_TEST(refusals_never_come_to_an_answer)
{
    static const unsigned statuses[] = {301, 400, 401, 403, 404, 405, 429, 500, 503};
    char body[BODY];
    for (unsigned n = 0; n < N_REPLIES * 9; n++) {
        const unsigned i = n % N_REPLIES;
        const char *const values[] = {"[\"192.0.2.1\"]", "[]", "300"};
        fill(replies[i].body, values, body);
        read_reply(replies[i].driver, statuses[n / N_REPLIES], TYPE_A, body);
        bool said = strstr(body, "NONE") != NULL; /* this vendor's word for it, of any status */
        ck_assert_msg(said ? says("UNKNOWN_EMPTY") : !says("OK") && strchr(rig.text, ' ') == NULL,
                      "%u %s: %s", statuses[n / N_REPLIES], body, rig.text);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        absence_without_a_reason_is_never_told_as_known_nor_kept_for_long,
        family_that_is_missing_beside_the_other_is_never_a_name_that_is_missing,
        refusals_never_come_to_an_answer,
    };
    return suite_run("absence", tests, sizeof tests / sizeof tests[0], NULL, NULL);
}
