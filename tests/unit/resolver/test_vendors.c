/* SPDX-License-Identifier: MIT */
/* The vendors' signed APIs: what is asked, and what their replies come to. */
#include "resolver/crypto/digest.h"
#include "resolver/upstream/encode.h"
#include "resolver/upstream/service.h"
#include "resolver/upstream/subnet.h"
#include "tests/unit/driver_rig.h"
#include "tests/unit/suite.h"

#include <stdio.h>

#define JSON "application/json"

static struct rig rig;
static bool begun;

static void begin(const struct driver *driver)
{
    rig_begin(&rig, driver, driver->url);
    rig.port.now_us = 0; /* the wall clock says FAKE_PORT_WALL_S */
    begun = true;
}

static void tear_down(void)
{
    if (begun) {
        rig_end(&rig);
    }
    begun = false;
}

/* The provider's clock is such that what expires 300 s from now expires at `expiry_s`. */
static void expire_at(int64_t expiry_s)
{
    rig.memory.clock_ahead_s = expiry_s - 300 - FAKE_PORT_WALL_S;
}

static void reads(unsigned status, const char *body, const char *wanted)
{
    ck_assert_str_eq(rig_read(&rig, status, JSON, body), wanted);
}

static struct provider_secret secret(const char *text)
{
    return (struct provider_secret){.text = text};
}

START_TEST(address_services_are_asked_for_hosts_alone)
{
    static const struct {
        const char *name;
        uint16_t type;
        bool want_do, want_cd;
        enum driver_serves serves;
    } cases[] = {
        {"www.example.com", TYPE_A, false, false, DRIVER_READILY},
        {"www.example.com", TYPE_AAAA, false, false, DRIVER_READILY},
        {"www.example.com", TYPE_A, true, false, DRIVER_RELUCTANT},
        {"www.example.com", TYPE_A, false, true, DRIVER_RELUCTANT},
        {"www.example.com", TYPE_MX, false, false, DRIVER_NEVER},
        {"www.example.com", TYPE_HTTPS, false, false, DRIVER_NEVER},
        {"_x.example.com", TYPE_A, false, false, DRIVER_NEVER},
        {"b\\252cher.example", TYPE_A, false, false, DRIVER_NEVER},
        {"localhost", TYPE_A, false, false, DRIVER_NEVER},
        {".", TYPE_A, false, false, DRIVER_NEVER},
    };
    static const struct driver *const drivers[] = {&driver_aliyun,  &driver_aliyun2,
                                                   &driver_tencent, &driver_volc,
                                                   &driver_baidu,   &driver_generic};
    begin(&driver_aliyun);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        rig_ask(&rig, cases[i].name, cases[i].type);
        for (size_t d = 0; d < sizeof drivers / sizeof drivers[0]; d++) {
            ck_assert_msg(drivers[d]->serves(&rig.provider, &rig.question, cases[i].want_do,
                                             cases[i].want_cd) == cases[i].serves,
                          "case %zu", i);
        }
    }
}
END_TEST

START_TEST(alidns_signs_name_and_time)
{
    begin(&driver_alidns);
    rig_ask(&rig, "www.taobao.com", TYPE_A);
    ck_assert_str_eq(rig_url(&rig), "https://dns.alidns.com/resolve?name=www.taobao.com&type=1");
    rig.provider.account = (struct provider_account){
        .id = "100000",
        .access_key = secret("TestAccessKeyID"),
        .secret = secret("TestAccessKeySecret"),
    };
    ck_assert_int_eq(subnet_read("192.0.2.0/24", &rig.provider.client_subnet), 0);
    ck_assert_str_eq(
        rig_url(&rig),
        "https://dns.alidns.com/resolve?name=www.taobao.com&type=1&edns_client_subnet=192.0.2.0/24"
        "&uid=100000&ak=TestAccessKeyID&key="
        "3189523bb25e173c7aee4ada181deb065938f2442c0fc467140a36cc5538dded&ts=1700000000");
    reads(403, "", "AUTH");
    reads(400, "quota", "AUTH");
    reads(429, "", "RATE");
    reads(502, "", "SERVER");
    reads(302, "", "PARSE");
    rig.date_s = FAKE_PORT_WALL_S + 3600;
    reads(400, "some word about time", "CLOCK");
    reads(200,
          "{\"Status\":0,\"Answer\":[{\"name\":\"www.taobao.com.\",\"type\":1,\"TTL\":9,"
          "\"data\":\"192.0.2.1\"}]}",
          "OK NOERROR: A 9 192.0.2.1");
}
END_TEST

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
    reads(200, "{\"host\":\"www.example.com\",\"ips\":[\"192.0.2.1\"],\"ttl\":999999}",
          "OK NOERROR: A 86400 192.0.2.1");
}
END_TEST

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

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
        tear_down();
    }
}
END_TEST

/* The errand as a request; "" when there is none. */
static const char *errand(void)
{
    struct driver_call call = {.provider = &rig.provider,
                               .endpoint = &rig.provider.endpoint,
                               .memory = &rig.memory,
                               .port = &rig.port.port};
    rig.request = (struct exchange_request){.endpoint = &rig.provider.endpoint};
    enum driver_errand due = rig.driver->errand(&call, &rig.room, &rig.request);
    return due == DRIVER_ERRAND_NONE ? "" : rig.request.target;
}

static struct driver_addresses errand_done(unsigned status, const char *body)
{
    struct driver_call call = {.provider = &rig.provider,
                               .endpoint = &rig.provider.endpoint,
                               .memory = &rig.memory,
                               .port = &rig.port.port};
    struct exchange_reply reply = {.result = EXCHANGE_DONE,
                                   .status = status,
                                   .media_type = JSON,
                                   .body = bytes_of(body, strlen(body)),
                                   .detail = ""};
    return rig.driver->errand_done(&call, &reply);
}

START_TEST(aliyun_service_addresses_are_asked_signed_and_asked_again)
{
    begin(&driver_aliyun);
    rig.provider.account.id = "139450";
    ck_assert_str_eq(errand(), "https://resolvers.httpdns.aliyuncs.com/139450/ss?region=global");
    ck_assert_str_eq(errand(), "");
    fake_port_advance(&rig.port, UINT64_C(1000000) * SERVICE_BAD_S);
    rig.provider.account.region = "hk";
    rig.provider.account.secret = secret("123456");
    char nonce[32], signature[64], message[64], hex[2 * DIGEST_MAX + 1] = "";
    long long expiry_s;
    const char *url = errand();
    ck_assert_int_eq(sscanf(url,
                            "https://resolvers.httpdns.aliyuncs.com/139450/ss?region=hk&n=%31[0-9a-"
                            "f]&t=%lld&s=%63s",
                            nonce, &expiry_s, signature),
                     3);
    ck_assert_uint_eq(strlen(nonce), 10);
    ck_assert_int_eq(expiry_s, FAKE_PORT_WALL_S + SERVICE_BAD_S + 300);
    struct digest digest;
    struct buf out = buf_over(hex, sizeof hex - 1);
    snprintf(message, sizeof message, "%s-123456-%lld", nonce, expiry_s);
    ck_assert_int_eq(
        digest_of(DIGEST_MD5, bytes_of(NULL, 0), bytes_of(message, strlen(message)), &digest), 0);
    encode_hex(bytes_of(digest.at, digest.n), &out);
    ck_assert_str_eq(signature, hex);
}
END_TEST

START_TEST(aliyun_service_addresses_are_used_before_those_to_begin_with)
{
    static const char *const boot[] = {"192.0.2.1"};
    begin(&driver_aliyun);
    rig.provider.account.id = "139450";
    rig.provider.endpoint.addresses = boot;
    rig.provider.endpoint.n_addresses = 1;
    errand();
    struct driver_addresses found =
        errand_done(200, "{\"service_ip\":[\"203.0.113.10\",\"nonsense\",\"203.0.113.11\"],"
                         "\"service_ipv6\":[\"2001:db8:7001::31d\"],\"service_ip_port\":[443,443,"
                         "8443]}");
    ck_assert_uint_eq(found.n, 3);
    ck_assert_str_eq(found.at[0], "203.0.113.10");
    ck_assert_str_eq(found.at[1], "2001:db8:7001::31d");
    ck_assert_str_eq(found.at[2], "192.0.2.1");
    ck_assert_uint_eq(errand_done(200, "{\"service_status\":\"disable\"}").n, 0);
    ck_assert_uint_eq(errand_done(403, "{\"code\":\"InvalidAccount\"}").n, 0);
    ck_assert_uint_eq(errand_done(200, "{\"service_ip\":[]}").n, 0);
    fake_port_advance(&rig.port, UINT64_C(1000000) * SERVICE_BAD_S);
    ck_assert_str_eq(errand(), "");
    fake_port_advance(&rig.port, UINT64_C(1000000) * SERVICE_GOOD_S);
    ck_assert_str_ne(errand(), "");
}
END_TEST

START_TEST(aliyun_server_that_denies_is_passed_over)
{
    static const char *const at[] = {"192.0.2.1", "192.0.2.2", "192.0.2.3"};
    begin(&driver_aliyun);
    rig.provider.endpoint.addresses = at;
    rig.provider.endpoint.n_addresses = 3;
    reads(403, "{\"code\":\"ServiceLevelDeny\"}", "SERVER");
    ck_assert_uint_eq(rig.found.addresses.n, 3);
    ck_assert_str_eq(rig.found.addresses.at[0], "192.0.2.2");
    ck_assert_str_eq(rig.found.addresses.at[2], "192.0.2.1");
    rig.provider.account.fixed_addresses = true;
    reads(500, "{\"code\":\"InternalError\"}", "SERVER");
    ck_assert_uint_eq(rig.found.addresses.n, 0);
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
        tear_down();
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

START_TEST(tencent_asks_by_token_or_hidden)
{
    begin(&driver_tencent);
    rig_ask(&rig, "www.dnspod.cn", TYPE_A);
    rig.provider.account.token = secret("123456789");
    ck_assert_str_eq(rig_url(&rig), "https://119.29.29.99/d?dn=www.dnspod.cn&token=123456789&ttl=1&"
                                    "clientip=1&query=1&type=addrs");
    rig.provider.account.id = "96";
    rig.provider.account.cipher = CIPHER_DES;
    rig.provider.account.cipher_key = secret("dnspodpass");
    ck_assert_str_eq(rig_url(&rig),
                     "https://119.29.29.99/d?dn=87ae992c1321f299da3c0210a9900ae7&id=96&alg=des&"
                     "ttl=1&clientip=1&query=1&type=addrs");
    rig.provider.account.cipher = CIPHER_AES;
    rig.provider.account.cipher_key = secret("0123456789abcdef");
    const char *url = rig_url(&rig);
    ck_assert_ptr_nonnull(strstr(url, "&id=96&alg=aes&ttl=1"));
    ck_assert_ptr_null(strstr(url, "dnspod"));
    ck_assert_ptr_null(strstr(url, "123456789&"));
}
END_TEST

START_TEST(tencent_text_is_read_by_its_grammar)
{
    static const struct {
        const char *body, *a, *aaaa;
    } cases[] = {
        {"192.0.2.1;192.0.2.2", "OK NOERROR: A 60 192.0.2.1; A 60 192.0.2.2", "NODATA"},
        {"192.0.2.1;,303|198.51.100.7\n", "OK NOERROR: A 303 192.0.2.1", "NODATA"},
        {"www.Example.com.:192.0.2.1,120-2001:db8::1;2001:db8::2,90|127.0.0.1",
         "OK NOERROR: A 120 192.0.2.1", "OK NOERROR: AAAA 90 2001:db8::1; AAAA 90 2001:db8::2"},
        {"www.example.com.:0-2001:db8::1,90", "NODATA", "OK NOERROR: AAAA 90 2001:db8::1"},
        {"www.example.com.:-2001:db8::1,90", "NODATA", "OK NOERROR: AAAA 90 2001:db8::1"},
        {"2001:db8::1,77", "NODATA", "OK NOERROR: AAAA 77 2001:db8::1"},
        {"www.a.example.:192.0.2.9,60|1.1.1.1\r\nwww.example.com.:192.0.2.1,60|1.1.1.1",
         "OK NOERROR: A 60 192.0.2.1", "NODATA"},
        {"www.a.example.:192.0.2.9,60", "UNKNOWN_EMPTY", "UNKNOWN_EMPTY"},
        {"", "UNKNOWN_EMPTY", "UNKNOWN_EMPTY"},
        {"0", "UNKNOWN_EMPTY", "UNKNOWN_EMPTY"},
        {"www.example.com.:0-0,60|1.1.1.1", "UNKNOWN_EMPTY", "UNKNOWN_EMPTY"},
        {"<html><body>portal</body></html>", "PARSE", "PARSE"},
        {"192.0.2.1;nonsense", "PARSE", "PARSE"},
        {"192.0.2.1,1x", "PARSE", "PARSE"},
        {"192.0.2.1,99999999999", "PARSE", "PARSE"},
        {"192.0.2.1;x-2001:db8::g", "PARSE", "PARSE"},
        {"192.0.2.1,9-2001:db8::g", "OK NOERROR: A 9 192.0.2.1", "PARSE"},
        {"192.0.2.1;x,9-2001:db8::1,9", "PARSE", "OK NOERROR: AAAA 9 2001:db8::1"},
    };
    begin(&driver_tencent);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        rig_ask(&rig, "www.example.com", TYPE_A);
        ck_assert_msg(begins(rig_read(&rig, 200, "text/plain", cases[i].body), cases[i].a),
                      "%s: %s", cases[i].body, rig.text);
        rig_ask(&rig, "www.example.com", TYPE_AAAA);
        ck_assert_msg(begins(rig_read(&rig, 200, "text/plain", cases[i].body), cases[i].aaaa),
                      "%s: %s", cases[i].body, rig.text);
    }
    reads(401, "", "AUTH");
    reads(403, "", "SERVER");
    reads(503, "", "SERVER");
}
END_TEST

START_TEST(tencent_body_is_deciphered)
{
    begin(&driver_tencent);
    rig.provider.account.cipher = CIPHER_DES;
    rig.provider.account.cipher_key = secret("dnspodpass");
    reads(200,
          "a5f634d77458615490714903b173cfddfba7c64904568a4e82b5b4cdd28751211ac226bfa049df0957401d41"
          "cf68832d",
          "OK NOERROR: A 303 123.59.226.2; A 303 123.59.226.3");
    reads(200, "a5f634d77458615490714903b173cfdd", "PARSE");
    reads(200, "not hex", "PARSE");
    rig.provider.account.cipher = CIPHER_AES;
    reads(200, "00", "PARSE");
}
END_TEST

START_TEST(volc_signs_values_in_order_and_tells_families_apart)
{
    begin(&driver_volc);
    rig.provider.account.id = "1023";
    rig.provider.account.secret = secret("QlgAuFMwNUwN");
    rig_ask(&rig, "www.a.com", TYPE_A);
    /* MD5 over "__1023_1700000300000_QlgAuFMwNUwN_www.a.com", by Python's hashlib. */
    ck_assert_str_eq(rig_url(&rig),
                     "https://httpdns.volcengineapi.com/resolve?domain=www.a.com&account_id=1023&"
                     "timestamp=1700000300000&sign=e5828e42d90f15815c02b31f3690a6ad");
    const char *body = "{\"cip\":\"198.51.100.7\",\"host\":\"www.a.com\",\"ips\":[\"fec0::1\","
                       "\"220.194.234.254\"],\"ttl\":52}";
    reads(200, body, "OK NOERROR: A 52 220.194.234.254");
    rig_ask(&rig, "www.a.com", TYPE_AAAA);
    reads(200, body, "OK NOERROR: AAAA 52 fec0::1");
    reads(200, "{\"host\":\"www.b.com\",\"ips\":[\"fec0::1\"]}", "PARSE");
    reads(403, "", "AUTH");
    reads(405, "", "PARSE");
    reads(429, "", "RATE");
    reads(500, "", "SERVER");
}
END_TEST

START_TEST(baidu_signs_host_and_expiry_and_tells_its_time)
{
    begin(&driver_baidu);
    rig.provider.account.id = "100001";
    rig.provider.account.secret = secret("1234567890");
    rig_ask(&rig, "www.baidu.com", TYPE_A);
    expire_at(1513602734);
    ck_assert_str_eq(rig_url(&rig),
                     "https://httpdns.baidubce.com/v4/resolve?account_id=100001&dn=www.baidu.com&"
                     "type=ipv4&t=1513602734&sign=9d4eac35c33b8fa1610476ff1532643d");
    const char *body =
        "{\"msg\":\"ok\",\"data\":{\"www.baidu.com\":{\"ipv4\":{\"ip\":[\"1.2.3.4\"],"
        "\"ttl\":300},\"ipv6\":{\"ip\":[\"2001:db8::1\"],\"ttl\":30}}},"
        "\"clientip\":\"198.51.100.7\",\"timestamp\":5}";
    reads(200, body, "OK NOERROR: A 300 1.2.3.4");
    rig_ask(&rig, "www.baidu.com", TYPE_AAAA);
    reads(200, body, "OK NOERROR: AAAA 30 2001:db8::1");
    ck_assert(begins(rig_read(&rig, 200, JSON,
                              "{\"data\":{\"www.baidu.com\":{\"ip\":[\"1.2.3.4\"],\"ttl\":300}},"
                              "\"msg\":\"ok\"}"),
                     "UNKNOWN_EMPTY"));
    reads(200, "{\"msg\":\"SignatureExpired\",\"timestamp\":1531407249}", "CLOCK");
    ck_assert_int_eq(rig.found.server_s, 1531407249);
    reads(200, "{\"msg\":\"ok\",\"data\":{\"other.example\":{\"ip\":[]}}}", "PARSE");
    reads(200, "{\"msg\":\"ok\",\"data\":\"\"}", "PARSE");
    reads(200, "{\"msg\":\"ok\",\"data\":{\"WWW.baidu.com.\":{\"ipv6\":{\"ip\":[\"::2\"]}}}}",
          "OK NOERROR: AAAA 60 ::2");
    ck_assert(begins(rig_read(&rig, 200, JSON, "{\"msg\":\"ok\",\"data\":null}"), "UNKNOWN_EMPTY"));
    rig.provider.endpoint.url = "https://httpdns.baidubce.com/v4/resolve?tag=t";
    ck_assert_ptr_nonnull(strstr(rig_url(&rig), "/v4/resolve?tag=t&account_id=100001&dn="));
}
END_TEST

START_TEST(generic_speaks_ucloud_by_configuration)
{
    begin(&driver_generic);
    rig.provider.endpoint.url =
        "https://httpdns.ucloud.example/{account}/resolve?app_id=app&host={host}&timestamp={t}";
    rig.provider.account.id = "a/b";
    rig.provider.account.secret = secret("secret");
    rig.provider.template = (struct provider_template){
        .sign = "app-{host}-{t}-{secret}",
        .header = "Authorization: {sign}",
        .addresses = {{"/ip_list"}, 1},
        .ttl = "/ttl",
        .code = "/code",
        .empty_codes = {{"FAIL_TO_RESOLVE"}, 1},
    };
    rig_ask(&rig, "www.ucloud.cn", TYPE_A);
    ck_assert_str_eq(rig_url(&rig), "https://httpdns.ucloud.example/a%2Fb/resolve?app_id=app&host="
                                    "www.ucloud.cn&timestamp=1700000000");
    ck_assert_str_eq(rig.request.header, "Authorization: 9f526db36121c87b67cde55c67605034");
    reads(200, "{\"host\":\"www.ucloud.cn\",\"ip_list\":[\"192.0.2.1\"],\"ttl\":600}",
          "OK NOERROR: A 600 192.0.2.1");
    ck_assert(begins(rig_read(&rig, 404, JSON, "{\"status\":404,\"code\":\"FAIL_TO_RESOLVE\"}"),
                     "UNKNOWN_EMPTY NOERROR / SOA"));
    reads(401, "{\"status\":401,\"code\":\"UNAUTHORIZED\"}", "AUTH");
    reads(403, "{\"status\":403,\"code\":\"HOST_FORBIDDEN\"}", "NOT_SERVED");
    reads(200, "{\"ip_list\":[7]}", "PARSE");
}
END_TEST

START_TEST(generic_speaks_qiniu_and_knownsec_by_configuration)
{
    begin(&driver_generic);
    rig.provider.endpoint.url = "https://hdns.qiniu.example/resolve?domain={host}&t={t}&type={type}"
                                "&accountId={account}&sign={sign}";
    rig.provider.account.id = "7";
    rig.provider.account.secret = secret("AccountKey");
    rig.provider.template = (struct provider_template){
        .sign = "{host}-{secret}-{t}",
        .addresses = {{"/data/0/ip"}, 1},
        .ttl = "/data/0/ttl",
        .code = "/code",
        .good_codes = {{"0"}, 1},
        .clock_codes = {{"400008"}, 1},
    };
    rig_ask(&rig, "www.qiniu.com", TYPE_AAAA);
    ck_assert_str_eq(rig_url(&rig),
                     "https://hdns.qiniu.example/resolve?domain=www.qiniu.com&t=1700000000&type="
                     "AAAA&accountId=7&sign=e7a44a38bdb0215600013f525fd8311c");
    rig_ask(&rig, "www.qiniu.com", TYPE_A);
    reads(200,
          "{\"code\":0,\"data\":[{\"domain\":\"www.qiniu.com\",\"ip\":[\"192.0.2.1\"],\"ttl\":"
          "50}]}",
          "OK NOERROR: A 50 192.0.2.1");
    reads(400, "{\"code\":400008}", "CLOCK");
    rig.provider.template.addresses = (struct provider_texts){{"/ips", "/ipsv6"}, 2};
    rig.provider.template.ttl = "/ttl";
    ck_assert(begins(rig_read(&rig, 200, JSON, "{}"), "UNKNOWN_EMPTY NOERROR"));
    reads(200, "{\"code\":\"SignatureExpired\"}", "CLOCK");
    reads(200, "{\"ips\":\"192.0.2.1\",\"ttl\":144,\"host\":\"x\"}", "OK NOERROR: A 144 192.0.2.1");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        address_services_are_asked_for_hosts_alone,
        alidns_signs_name_and_time,
        aliyun_signs_host_and_expiry,
        aliyun_replies_become_answers_of_the_family_asked_for,
        unexplained_absence_is_never_nxdomain,
        other_family_alone_says_that_this_one_is_absent,
        aliyun_error_words_are_classes,
        aliyun_service_addresses_are_asked_signed_and_asked_again,
        aliyun_service_addresses_are_used_before_those_to_begin_with,
        aliyun_server_that_denies_is_passed_over,
        aliyun2_signs_what_it_sends_sorted,
        aliyun2_hides_the_question_and_opens_the_answer,
        aliyun2_reasons_are_told_apart,
        tencent_asks_by_token_or_hidden,
        tencent_text_is_read_by_its_grammar,
        tencent_body_is_deciphered,
        volc_signs_values_in_order_and_tells_families_apart,
        baidu_signs_host_and_expiry_and_tells_its_time,
        generic_speaks_ucloud_by_configuration,
        generic_speaks_qiniu_and_knownsec_by_configuration,
    };
    return suite_run("vendors", tests, sizeof tests / sizeof tests[0], NULL, tear_down);
}
