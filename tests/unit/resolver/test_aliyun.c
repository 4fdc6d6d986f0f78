/* SPDX-License-Identifier: MIT */
/* Aliyun's two APIs: what is asked, and what their replies come to. */
#include "resolver/upstream/subnet.h"
#include "tests/unit/vendor_rig.h"

#include <stdio.h>

START_TEST(aliyun_signs_host_and_expiry)
{
    begin(&driver_aliyun);
    rig.provider.account.id = "139450";
    rig_ask(&rig, "www.aliyun.com", TYPE_AAAA);
    ck_assert_str_eq(rig_url(&rig), "https://resolvers.httpdns.aliyuncs.com/139450/d?host="
                                    "www.aliyun.com&query=4,6");
    rig.provider.account.batch = true;
    ck_assert_str_eq(rig_url(&rig), "https://resolvers.httpdns.aliyuncs.com/139450/resolve?host="
                                    "www.aliyun.com&query=4,6");
    rig.provider.account.secret = secret("IAmASecret");
    rig.provider.account.batch = false;
    expire_at(1534316400);
    ck_assert_str_eq(rig_url(&rig),
                     "https://resolvers.httpdns.aliyuncs.com/139450/sign_d?host=www.aliyun.com&"
                     "query=4,6&t=1534316400&s=60c71e98b6d7fcbb366243e224eab457");
    ck_assert_int_eq(subnet_read("192.0.2.0/24", &rig.provider.client_subnet), 0);
    rig.provider.account.batch = true;
    ck_assert_str_eq(rig_url(&rig),
                     "https://resolvers.httpdns.aliyuncs.com/139450/sign_resolve?host="
                     "www.aliyun.com&query=4,6&ip=192.0.2.0&t=1534316400"
                     "&s=60c71e98b6d7fcbb366243e224eab457");
}
END_TEST

START_TEST(aliyun_url_that_ends_in_a_slash_has_one_behind_its_host)
{
    static const struct driver *const drivers[] = {&driver_aliyun, &driver_aliyun2};
    for (size_t i = 0; i < 2; i++) {
        begin(drivers[i]);
        rig.provider.account.id = "139450";
        rig.provider.endpoint.url = "https://192.0.2.1:8443/";
        ck_assert_ptr_nonnull(strstr(rig_url(&rig), i == 0 ? "https://192.0.2.1:8443/139450/d?host="
                                                           : "https://192.0.2.1:8443/v2/d?dn="));
        ck_assert_str_eq(errand(), "https://192.0.2.1:8443/139450/ss?region=global");
        vendor_rig_end();
    }
}
END_TEST

START_TEST(aliyun_replies_become_answers_of_the_family_asked_for)
{
    begin(&driver_aliyun);
    const char *both = "{\"host\":\"WWW.Example.com\",\"ips\":[\"192.0.2.1\",\"192.0.2.2\"],"
                       "\"ipsv6\":[\"2001:db8:0:0:0:0:0:1\"],\"ttl\":57,\"origin_ttl\":120,"
                       "\"extra\":\"x\",\"client_ip\":\"198.51.100.7\"}";
    reads(200, both, "OK NOERROR: A 57 192.0.2.1; A 57 192.0.2.2");
    rig_ask(&rig, "www.example.com", TYPE_AAAA);
    reads(200, both, "OK NOERROR: AAAA 57 2001:db8::1");
    const char *batch = "{\"dns\":[{\"host\":\"other.example\",\"ips\":[\"192.0.2.9\"],\"ttl\":1},"
                        "{\"host\":\"www.example.com\",\"ips\":[\"192.0.2.1\"],\"type\":1,"
                        "\"ttl\":-5},{\"host\":\"www.example.com\",\"ips\":[\"2001:db8::1\"],"
                        "\"type\":28,\"ttl\":30}]}";
    reads(200, batch, "OK NOERROR: AAAA 30 2001:db8::1");
    rig_ask(&rig, "www.example.com", TYPE_A);
    reads(200, batch, "OK NOERROR: A 60 192.0.2.1");
    reads(200, "{\"dns\":[{\"host\":\"other.example\",\"ips\":[\"192.0.2.9\"],\"ttl\":1}]}",
          "PARSE");
    reads(200, "{\"host\":\"www.example.com\",\"ips\":[\"192.0.2.1\"],\"ttl\":999999}",
          "OK NOERROR: A 86400 192.0.2.1");
    reads(200, "{\"host\":\"www.example.com\",\"ips\":[\"192.0.2.1\"],\"ttl\":4294967296}",
          "OK NOERROR: A 86400 192.0.2.1");
}
END_TEST

START_TEST(address_that_is_told_twice_is_one_record)
{
    begin(&driver_aliyun);
    reads(
        200,
        "{\"dns\":[{\"host\":\"www.example.com\",\"ips\":[\"192.0.2.1\",\"192.0.2.1\"],\"ttl\":30},"
        "{\"host\":\"WWW.example.com\",\"ips\":[\"192.0.2.2\",\"192.0.2.1\"],\"ttl\":30}]}",
        "OK NOERROR: A 30 192.0.2.1; A 30 192.0.2.2");
}
END_TEST

START_TEST(unexplained_absence_is_never_nxdomain)
{
    static const char *const bodies[] = {
        "{\"host\":\"www.example.com\",\"ips\":[],\"ttl\":300}",
        "{\"host\":\"www.example.com\",\"ttl\":1}",
        "{\"host\":\"www.example.com\",\"ips\":null}",
        "{\"dns\":[]}",
    };
    static const unsigned ttls[] = {60, 30, 60, 60};
    begin(&driver_aliyun);
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        char wanted[64];
        snprintf(wanted, sizeof wanted, "UNKNOWN_EMPTY NOERROR / SOA %u 09", ttls[i]);
        const char *said = rig_read(&rig, 200, JSON, bodies[i]);
        ck_assert_msg(begins(said, wanted), "%s: %s", bodies[i], said);
        ck_assert_uint_eq(rig.found.answer->ttl_s, ttls[i]);
    }
}
END_TEST

START_TEST(aliyun_error_words_are_classes)
{
    static const struct {
        unsigned status;
        const char *code, *wanted;
    } cases[] = {
        {400, "MissingArgument", "NOT_SERVED"},
        {400, "InvalidHost", "NOT_SERVED"},
        {400, "TooManyHosts", "NOT_SERVED"},
        {400, "SdnsNotSupported", "NOT_SERVED"},
        {403, "UnsignedInterfaceDisabled", "AUTH"},
        {403, "SignatureExpired", "CLOCK"},
        {403, "InvalidSignature", "AUTH"},
        {403, "InvalidDuration", "AUTH"},
        {403, "InvalidAccount", "AUTH"},
        {403, "AccountNotExists", "AUTH"},
        {403, "ServiceLevelDeny", "SERVER"},
        {405, "MethodNotAllowed", "PARSE"},
        {500, "InternalError", "SERVER"},
        {403, "SomethingNew", "AUTH"},
        {503, "SomethingNew", "SERVER"},
        {200, "SomethingNew", "NOT_SERVED"},
    };
    static const struct driver *const drivers[] = {&driver_aliyun, &driver_aliyun2};
    for (size_t d = 0; d < 2; d++) {
        begin(drivers[d]);
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            char body[64];
            snprintf(body, sizeof body, "{\"code\":\"%s\"}", cases[i].code);
            reads(cases[i].status, body, cases[i].wanted);
        }
        reads(200, "<html>portal</html>", "PARSE");
        reads(200, "{}", "PARSE");
        reads(302, "", "PARSE");
        reads(502, "<html>", "SERVER");
        vendor_rig_end();
    }
}
END_TEST

START_TEST(aliyun2_signs_what_it_sends_sorted)
{
    begin(&driver_aliyun2);
    rig.provider.account.id = "100000";
    rig.provider.account.secret = secret("3130313132333435363738393a3b3c3d");
    ck_assert_int_eq(subnet_read("192.0.2.0/24", &rig.provider.client_subnet), 0);
    rig_ask(&rig, "www.aliyun.com", TYPE_A);
    expire_at(1700000600);
    /* Computed with Python's hmac. */
    ck_assert_str_eq(rig_url(&rig),
                     "https://resolvers.httpdns.aliyuncs.com/v2/d?cip=192.0.2.0&dn=www.aliyun.com&"
                     "exp=1700000600&id=100000&m=0&q=4,6&v=1.0&s="
                     "f6cc75beeddbfbfd773a50e8acf9bb8d406c95a38b373d710fc0580f7a7e72fa");
}
END_TEST

START_TEST(scripts_of_the_account_are_told_what_they_want_sorted_and_signed)
{
    begin(&driver_aliyun);
    rig.provider.account.id = "100000";
    rig.provider.account.sdns = (struct provider_texts){{"a=1&2", "a-b=v=w"}, 2};
    rig_ask(&rig, "www.aliyun.com", TYPE_A);
    ck_assert_ptr_nonnull(strstr(rig_url(&rig), "&query=4,6&sdns-a=1%262&sdns-a-b=v%3Dw"));
    vendor_rig_end();
    begin(&driver_aliyun2);
    rig.provider.account.id = "100000";
    rig.provider.account.secret = secret("3130313132333435363738393a3b3c3d");
    rig.provider.account.sdns = (struct provider_texts){{"z=1&2", "k=v1"}, 2};
    rig.provider.account.tags = "t/1";
    rig_ask(&rig, "www.aliyun.com", TYPE_A);
    expire_at(1700000600);
    /* Computed with Python's hmac, over the values as they are. */
    ck_assert_str_eq(rig_url(&rig),
                     "https://resolvers.httpdns.aliyuncs.com/v2/d?dn=www.aliyun.com&exp=1700000600&"
                     "id=100000&m=0&q=4,6&sdns-k=v1&sdns-z=1%262&tags=t%2F1&v=1.0&s="
                     "5e5d0a93f83c0dff401acec324fe782473cb136043ef786c58fb3cf7db68ca7d");
    rig.provider.account.cipher = CIPHER_AES_GCM;
    rig.provider.account.cipher_key = secret("000102030405060708090a0b0c0d0e0f");
    ck_assert_ptr_nonnull(strstr(rig_url(&rig), "/v2/d?enc="));
    ck_assert_ptr_null(strstr(rig_url(&rig), "sdns"));
    ck_assert_ptr_null(strstr(rig_url(&rig), "tags"));
}
END_TEST

START_TEST(aliyun2_signs_values_as_they_are_and_leaves_out_what_is_empty)
{
    static char long_value[900];
    char value[sizeof long_value + 8];
    begin(&driver_aliyun2);
    rig.provider.account.id = "a&b";
    rig.provider.account.secret = secret("3130313132333435363738393a3b3c3d");
    rig.provider.account.sdns = (struct provider_texts){{"k=", "a=1"}, 2};
    rig.provider.account.tags = "";
    rig_ask(&rig, "www.aliyun.com", TYPE_A);
    expire_at(1700000600);
    /* Computed with Python's hmac, over dn, exp, id=a&b, m, q, sdns-a, v. */
    ck_assert_str_eq(rig_url(&rig),
                     "https://resolvers.httpdns.aliyuncs.com/v2/d?dn=www.aliyun.com&exp=1700000600&"
                     "id=a%26b&m=0&q=4,6&sdns-a=1&v=1.0&s="
                     "a9a14bc6b0068bcf4e1b9c30677ef73059850dc6ce830b0383965ea7e1147293");
    /* As much as the vendor takes, hidden or not. */
    memset(long_value, 'v', sizeof long_value - 1);
    snprintf(value, sizeof value, "k=%s", long_value);
    rig.provider.account.sdns = (struct provider_texts){{value}, 1};
    ck_assert_ptr_nonnull(strstr(rig_url(&rig), long_value));
    rig.provider.account.cipher = CIPHER_AES_CBC;
    rig.provider.account.cipher_key = secret("000102030405060708090a0b0c0d0e0f");
    ck_assert_uint_gt(strlen(rig_url(&rig)), 2 * strlen(long_value));
    vendor_rig_end();
    begin(&driver_aliyun);
    rig.provider.account.id = "1";
    rig.provider.account.sdns = (struct provider_texts){{"k=", "a=1"}, 2};
    ck_assert_ptr_nonnull(strstr(rig_url(&rig), "&query=4,6&sdns-a=1"));
    ck_assert_ptr_null(strstr(rig_url(&rig), "sdns-k"));
}
END_TEST

START_TEST(aliyun2_hides_the_question_and_opens_the_answer)
{
    static const char *const bodies[] = {
        "{\"code\":\"success\",\"mode\":\"1\",\"data\":"
        "\"EBESExQVFhcYGRobHB0eH4nYjngt36n45p32zOCJFgJmX/"
        "QB027tF1b35PiPlQ8w3mMxovW30d3QbpZbgebXsMWKU"
        "1ZxuYVBSN/wSXvyPaFbl4VfgOBMoMtTxUEk3Ueepy3eIctZkD7IZtTulYy2kV57dumpvVBwoRU/"
        "mC2WUMGIyUCVEmfJ"
        "3ZKAPLy5NtOUsbBrggGiHsj+Lwe01Pt9qw==\"}",
        "{\"code\":\"success\",\"mode\":2,\"data\":"
        "\"ICEiIyQlJicoKSoru9dxzfbSQyuKcb36QeGmUPmTWbznOFmTAhG0NZ0Ylnks6hC6g1Oucts9zPTuBsAouF83yaPa"
        "7"
        "K9iYL2Iir8itx/d/F0iSrLK9KxiLAF9JUY3DeRIUEHXqBJtNLoQzAu2Hm/7/Wyub5F5gVOyMUxyjEPoGFuWwKi5/"
        "gLs"
        "s7pbcsyJHgQsm2b2YhW0r/MPfkwOOXslLF8Gy1dYHXWc9tHf\"}",
    };
    static const enum provider_cipher ciphers[] = {CIPHER_AES_CBC, CIPHER_AES_GCM};
    for (size_t i = 0; i < 2; i++) {
        begin(&driver_aliyun2);
        rig.provider.account.id = "100000";
        rig.provider.account.cipher = ciphers[i];
        rig.provider.account.cipher_key = secret("000102030405060708090a0b0c0d0e0f");
        rig_ask(&rig, "www.aliyun.com", TYPE_A);
        const char *url = rig_url(&rig);
        ck_assert_ptr_nonnull(strstr(url, "/v2/d?enc="));
        ck_assert_ptr_null(strstr(url, "aliyun.com&"));
        ck_assert_ptr_nonnull(strstr(url, i == 0 ? "&m=1&v=1.0" : "&m=2&v=1.0"));
        reads(200, bodies[i], "OK NOERROR: A 60 192.0.2.10");
        rig_ask(&rig, "www.aliyun.com", TYPE_AAAA);
        ck_assert(begins(rig_read(&rig, 200, JSON, bodies[i]), "NODATA NOERROR / SOA 60 "));
        rig.provider.account.cipher_key = secret("100102030405060708090a0b0c0d0e0f");
        reads(200, bodies[i], "PARSE");
        vendor_rig_end();
    }
}
END_TEST

START_TEST(aliyun2_reasons_are_told_apart)
{
    static const struct {
        const char *v4, *v6;
        const char *a, *aaaa;
    } cases[] = {
        {"\"DomainNotExist\"", "\"DomainNotExist\"", "NXDOMAIN NXDOMAIN", "NXDOMAIN NXDOMAIN"},
        {"\"RRNotExist\"", "\"RRNotExist\"", "NODATA NOERROR", "NODATA NOERROR"},
        {"\"RRNotExist\"", "\"DomainNotExist\"", "NODATA NOERROR", "NODATA NOERROR"},
        {"\"\"", "null", "UNKNOWN_EMPTY NOERROR", "UNKNOWN_EMPTY NOERROR"},
        {"\"NotInConsole\"", "\"RRNotExist\"", "NOT_SERVED", "NODATA NOERROR"},
    };
    begin(&driver_aliyun2);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char body[512];
        snprintf(body, sizeof body,
                 "{\"code\":\"success\",\"data\":{\"answers\":[{\"dn\":\"www.example.com\",\"v4\":{"
                 "\"ips\":[],\"ttl\":60,\"no_ip_code\":%s},\"v6\":{\"ips\":[],\"no_ip_code\":%s}}]}"
                 "}",
                 cases[i].v4, cases[i].v6);
        rig_ask(&rig, "www.example.com", TYPE_A);
        ck_assert_msg(begins(rig_read(&rig, 200, JSON, body), cases[i].a), "%zu: %s", i, rig.text);
        rig_ask(&rig, "www.example.com", TYPE_AAAA);
        ck_assert_msg(begins(rig_read(&rig, 200, JSON, body), cases[i].aaaa), "%zu: %s", i,
                      rig.text);
    }
    ck_assert(begins(rig_read(&rig, 200, JSON,
                              "{\"code\":\"success\",\"data\":{\"answers\":[{\"dn\":"
                              "\"www.example.com\",\"v4\":{\"ips\":[\"192.0.2.1\"]}}]}}"),
                     "UNKNOWN_EMPTY"));
    reads(200, "{\"code\":\"success\",\"data\":{\"answers\":[{\"dn\":\"other.example\"}]}}",
          "PARSE");
    reads(200, "{\"code\":\"success\",\"mode\":3,\"data\":\"\"}", "PARSE");
    ck_assert(begins(rig_read(&rig, 200, JSON,
                              "{\"code\":\"success\",\"mode\":null,\"data\":{\"answers\":null}}"),
                     "UNKNOWN_EMPTY"));
    /* Where anybody can write a reply, one that is not enciphered is nobody's. */
    rig.provider.account.cipher = CIPHER_AES_GCM;
    rig.provider.endpoint.url = "http://192.0.2.1";
    reads(200, "{\"code\":\"success\",\"data\":{\"answers\":[]}}", "PARSE");
}
END_TEST

START_TEST(other_family_alone_says_that_this_one_is_absent)
{
    begin(&driver_aliyun);
    rig_ask(&rig, "www.example.com", TYPE_AAAA);
    const char *said = rig_read(&rig, 200, JSON,
                                "{\"host\":\"www.example.com\",\"ips\":[\"192.0.2.1\"],"
                                "\"ttl\":3000}");
    ck_assert_msg(begins(said, "NODATA NOERROR / SOA 60 "), "%s", said);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        aliyun_signs_host_and_expiry,
        aliyun_url_that_ends_in_a_slash_has_one_behind_its_host,
        aliyun_replies_become_answers_of_the_family_asked_for,
        address_that_is_told_twice_is_one_record,
        unexplained_absence_is_never_nxdomain,
        aliyun_error_words_are_classes,
        aliyun2_signs_what_it_sends_sorted,
        scripts_of_the_account_are_told_what_they_want_sorted_and_signed,
        aliyun2_signs_values_as_they_are_and_leaves_out_what_is_empty,
        aliyun2_hides_the_question_and_opens_the_answer,
        aliyun2_reasons_are_told_apart,
        other_family_alone_says_that_this_one_is_absent,
    };
    return suite_run("aliyun", tests, sizeof tests / sizeof tests[0], NULL, vendor_rig_end);
}
