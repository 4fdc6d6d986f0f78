/* SPDX-License-Identifier: MIT */
/* The vendors' other signed APIs: what is asked, and what their replies come to. */
#include "resolver/upstream/subnet.h"
#include "tests/unit/vendor_rig.h"

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

START_TEST(subnet_that_is_all_of_the_net_says_tell_nobody_and_is_no_address)
{
    begin(&driver_alidns);
    ck_assert_int_eq(subnet_read("0.0.0.0/0", &rig.provider.client_subnet), 0);
    ck_assert_ptr_nonnull(strstr(rig_url(&rig), "&edns_client_subnet=0.0.0.0/0"));
    vendor_rig_end();
    static const struct driver *const drivers[] = {&driver_aliyun, &driver_aliyun2, &driver_tencent,
                                                   &driver_volc, &driver_baidu};
    for (size_t i = 0; i < sizeof drivers / sizeof drivers[0]; i++) {
        begin(drivers[i]);
        rig.provider.account.id = "1";
        rig.provider.account.secret = secret("00");
        rig.provider.account.token = secret("t");
        ck_assert_int_eq(subnet_read("0.0.0.0/0", &rig.provider.client_subnet), 0);
        ck_assert_ptr_nonnull(strstr(rig_url(&rig), "www.example.com"));
        ck_assert_ptr_null(strstr(rig_url(&rig), "&ip="));
        ck_assert_ptr_null(strstr(rig_url(&rig), "cip="));
        ck_assert_ptr_null(strstr(rig_url(&rig), "0.0.0.0"));
        vendor_rig_end();
    }
}
END_TEST

START_TEST(generic_finds_what_it_is_told_to_in_a_list_and_passes_null_over)
{
    begin(&driver_generic);
    rig.provider.endpoint.url = "https://own.example/{host}";
    rig.provider.template = (struct provider_template){
        .addresses = {{"/0/ip", "/1/ip"}, 2}, .ttl = "/0/ttl", .code = "/code"};
    reads(200, "[{\"ip\":[\"192.0.2.1\"],\"ttl\":7},{\"ip\":\"192.0.2.2\"}]",
          "OK NOERROR: A 7 192.0.2.1; A 7 192.0.2.2");
    ck_assert(begins(rig_read(&rig, 200, JSON, "[]"), "UNKNOWN_EMPTY"));
    reads(200, "\"192.0.2.1\"", "PARSE");
    rig.provider.template.addresses = (struct provider_texts){{"/ip"}, 1};
    reads(200, "{\"code\":null,\"ip\":[\"192.0.2.1\"]}", "OK NOERROR: A 60 192.0.2.1");
    rig.provider.template.code = "/error";
    reads(200, "{\"error\":{\"x\":1},\"ip\":[\"192.0.2.1\"]}", "NOT_SERVED");
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
    struct question v6 = {.name = rig.question.name, .type = TYPE_AAAA, .class = CLASS_IN};
    ck_assert_int_eq(driver_generic.serves(&rig.provider, &v6, false, false), DRIVER_READILY);
    ck_assert(driver_generic.asks_both(&rig.provider));
    rig.provider.template.types = (struct provider_texts){{"A"}, 1};
    ck_assert_int_eq(driver_generic.serves(&rig.provider, &v6, false, false), DRIVER_NEVER);
    ck_assert_int_eq(driver_generic.serves(&rig.provider, &rig.question, false, false),
                     DRIVER_READILY);
    ck_assert(!driver_generic.asks_both(&rig.provider));
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
    reads(400, "{\"code\":400006}", "NOT_SERVED");
    rig.provider.template.auth_codes = (struct provider_texts){{"400006"}, 1};
    rig.provider.template.other_codes = (struct provider_texts){{"400009"}, 1};
    reads(400, "{\"code\":400006}", "AUTH");
    reads(200, "{\"code\":400009}", "NOT_SERVED");
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
        subnet_that_is_all_of_the_net_says_tell_nobody_and_is_no_address,
        generic_finds_what_it_is_told_to_in_a_list_and_passes_null_over,
        volc_signs_values_in_order_and_tells_families_apart,
        baidu_signs_host_and_expiry_and_tells_its_time,
        generic_speaks_ucloud_by_configuration,
        generic_speaks_qiniu_and_knownsec_by_configuration,
    };
    return suite_run("vendors", tests, sizeof tests / sizeof tests[0], NULL, vendor_rig_end);
}
