/* SPDX-License-Identifier: MIT */
/* Vendors that tell where their servers are: how they are asked for that, and what follows. */
#include "resolver/crypto/digest.h"
#include "resolver/upstream/encode.h"
#include "resolver/upstream/service.h"
#include "resolver/upstream/pool.h"
#include "tests/unit/fake_exchange.h"
#include "tests/unit/vendor_rig.h"

#include <errno.h>
#include <stdio.h>

#include <openssl/evp.h>

START_TEST(aliyun_service_addresses_are_asked_signed_and_asked_again)
{
    begin(&driver_aliyun);
    rig.provider.account.id = "139450";
    ck_assert_str_eq(errand(), "https://resolvers.httpdns.aliyuncs.com/139450/ss?region=global");
    ck_assert_str_eq(errand(), "");
    fake_port_advance(&rig.port, UINT64_C(1000000) * DISPATCH_BAD_S);
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
    ck_assert_int_eq(expiry_s, FAKE_PORT_WALL_S + DISPATCH_BAD_S + 300);
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
    fake_port_advance(&rig.port, UINT64_C(1000000) * DISPATCH_BAD_S);
    ck_assert_str_eq(errand(), "");
    fake_port_advance(&rig.port, UINT64_C(1000000) * SERVICE_GOOD_S);
    ck_assert_str_ne(errand(), "");
}
END_TEST

START_TEST(aliyun_service_addresses_are_those_with_the_port_that_is_ours)
{
    static const char told[] =
        "{\"service_ip\":[\"203.0.113.10\",\"203.0.113.11\",\"203.0.113.12\"],"
        "\"service_ip_port\":[8443,443,\"0\"]}";
    static const struct {
        const char *url;
        size_t n;
        const char *first;
    } cases[] = {
        {"https://resolvers.example", 2, "203.0.113.11"},
        {"https://resolvers.example:8443", 2, "203.0.113.10"},
        {"https://[2001:db8::1]:8443/x", 2, "203.0.113.10"},
        {"https://[2001:db8::1]", 2, "203.0.113.11"},
        {"http://resolvers.example", 1, "203.0.113.12"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin(&driver_aliyun);
        rig.provider.endpoint.url = cases[i].url;
        struct driver_addresses found = errand_done(200, told);
        ck_assert_uint_eq(found.n, cases[i].n);
        ck_assert_str_eq(found.at[0], cases[i].first);
        vendor_rig_end();
    }
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

START_TEST(server_that_talks_nonsense_is_passed_over_as_well)
{
    static const char *const at[] = {"192.0.2.1", "192.0.2.2"};
    static const struct driver *const drivers[] = {&driver_alidns,  &driver_aliyun, &driver_aliyun2,
                                                   &driver_tencent, &driver_volc,   &driver_baidu};
    static const struct {
        unsigned status;
        const char *body, *wanted;
    } cases[] = {
        {200, "<html>portal</html>", "PARSE"},
        {500, "", "SERVER"},
    };
    for (size_t d = 0; d < sizeof drivers / sizeof drivers[0]; d++) {
        begin(drivers[d]);
        rig.provider.endpoint.addresses = at;
        rig.provider.endpoint.n_addresses = 2;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            reads(cases[i].status, cases[i].body, cases[i].wanted);
            ck_assert_msg(rig.found.addresses.n == 2, "%s", drivers[d]->name);
            ck_assert_str_eq(rig.found.addresses.at[0], "192.0.2.2");
        }
        ck_assert_ptr_nonnull(drivers[d]->failed);
        reads(429, "", "RATE");
        ck_assert_uint_eq(rig.found.addresses.n, 0);
        vendor_rig_end();
    }
}
END_TEST

START_TEST(service_that_is_switched_off_is_not_asked_until_it_is_on_again)
{
    static const struct driver *const drivers[] = {&driver_aliyun, &driver_aliyun2};
    for (size_t d = 0; d < sizeof drivers / sizeof drivers[0]; d++) {
        begin(drivers[d]);
        rig.provider.account.id = "139450";
        ck_assert_str_ne(errand(), "");
        ck_assert_int_eq(rig_build(&rig), 0);
        errand_done(200, "{\"service_ip\":[\"203.0.113.1\"],\"service_status\":\"disable\"}");
        ck_assert_int_eq(rig_build(&rig), -ESHUTDOWN);
        fake_port_advance(&rig.port, UINT64_C(1000000) * DISPATCH_BAD_S);
        ck_assert_str_ne(errand(), "");
        errand_done(500, "");
        ck_assert_int_eq(rig_build(&rig), -ESHUTDOWN);
        errand_done(200, "{\"service_ip\":[\"203.0.113.1\"],\"service_status\":\"enable\"}");
        ck_assert_int_eq(rig_build(&rig), 0);
        vendor_rig_end();
    }
}
END_TEST

START_TEST(tencent_service_addresses_are_asked_for_only_when_told_to)
{
    begin(&driver_tencent);
    rig.provider.account.token = secret("t0ken");
    ck_assert_str_eq(errand(), "");
    rig.provider.account.dispatch = true;
    ck_assert_str_eq(errand(), "https://119.29.29.99/conf?token=t0ken");
    ck_assert_str_eq(errand(), "");
    struct driver_addresses found =
        errand_done(200, "log:1|domain:0|ip:1.1.1.1;x;2.2.2.2;1.1.1.1|ttl:7\n");
    ck_assert_uint_eq(found.n, 2);
    ck_assert_str_eq(found.at[1], "2.2.2.2");
    fake_port_advance(&rig.port, UINT64_C(1000000) * (7 * 60 - 1));
    ck_assert_str_eq(errand(), "");
    fake_port_advance(&rig.port, UINT64_C(1000000));
    ck_assert_str_ne(errand(), "");
    ck_assert_uint_eq(errand_done(200, "log:1|domain:0|ip:|ttl:7").n, 0);
    ck_assert_uint_eq(errand_done(200, "<html>").n, 0);
    ck_assert_uint_eq(errand_done(401, "ip:1.1.1.1").n, 0);
    fake_port_advance(&rig.port, UINT64_C(1000000) * DISPATCH_BAD_S);
    rig.provider.account.id = "96";
    rig.provider.account.cipher = CIPHER_DES;
    rig.provider.account.cipher_key = secret("dnspodpass");
    rig.provider.endpoint.url = "http://119.29.29.98/d";
    ck_assert_str_eq(errand(), "http://119.29.29.98/conf?id=96&alg=des");
    /* "log:1|ip:203.0.113.7|ttl:60" by openssl(1). */
    found = errand_done(200, "d4d035be45a552e0069fb044992f8097314b0b94e43a544fb25e440550cdde5c");
    ck_assert_uint_eq(found.n, 1);
    ck_assert_str_eq(found.at[0], "203.0.113.7");
    ck_assert_uint_eq(errand_done(200, "log:1|ip:203.0.113.7|ttl:60").n, 0);
}
END_TEST

START_TEST(volc_service_addresses_are_asked_for_only_when_told_to)
{
    begin(&driver_volc);
    rig.provider.account.id = "1023";
    rig.provider.account.secret = secret("QlgAuFMwNUwN");
    ck_assert_str_eq(errand(), "");
    rig.provider.account.dispatch = true;
    /* MD5 over "___1023_1700000300000_QlgAuFMwNUwN", by Python's hashlib. */
    ck_assert_str_eq(errand(),
                     "https://httpdns.volcengineapi.com/svc_meta?account_id=1023&timestamp="
                     "1700000300000&svc_meta_ts=0&sign=8c94d25e42f894fe9e609c7f5dec2507");
    struct driver_addresses found =
        errand_done(200, "{\"svc_meta\":{\"main_domains\":[\"1.1.1.1\",\"name.example\",7],"
                         "\"backup_domains\":[\"2001:db8::1\"]},\"ts\":1676777261000,"
                         "\"update_interval_min\":30}");
    ck_assert_uint_eq(found.n, 2);
    ck_assert_str_eq(found.at[0], "1.1.1.1");
    ck_assert_str_eq(found.at[1], "2001:db8::1");
    fake_port_advance(&rig.port, UINT64_C(1000000) * 30 * 60);
    ck_assert_ptr_nonnull(strstr(errand(), "&svc_meta_ts=1676777261000&"));
    ck_assert_uint_eq(errand_done(200, "{\"svc_meta\":null}").n, 0);
    ck_assert_uint_eq(errand_done(403, "{}").n, 0);
    reads(500, "", "SERVER");
}
END_TEST

/* ---- in a pool: what follows for a question ---- */

static struct fake_exchange fake;
static enum attempt_verdict verdict;
static enum ede ede;
static char said[128];   /* of a provider that is set aside */
static unsigned edition; /* of the addresses that were asked last */

static void on_end(void *ctx, struct attempt_end *end)
{
    (void)ctx;
    verdict = end->verdict;
    ede = end->ede;
    answer_unref(end->answer);
    answer_unref(end->other);
}

static void on_aside(void *ctx, unsigned provider, const char *name, const char *why)
{
    (void)ctx, (void)provider;
    snprintf(said, sizeof said, "%s: %s", name, why);
}

/* Asks the vendor, at others than the last time, and ends that so. */
static void ask(struct pool *pool, bool again, const char *at, const struct exchange_reply *reply)
{
    struct question question = {.type = TYPE_A, .class = CLASS_IN};
    struct attempt *attempt;
    struct attempt_wish wish = {.question = &question, .fresh = again, .on_end = on_end};
    ck_assert_int_eq(name_from_text("www.example.com", &question.name), 0);
    ck_assert_int_eq(attempt_start(pool, &wish, &attempt), 0);
    ck_assert_str_eq(fake.live[0].address, at);
    ck_assert_uint_ne(fake.live[0].edition, edition);
    edition = fake.live[0].edition;
    fake_exchange_end(&fake, reply);
}

START_TEST(server_that_is_none_or_somebody_else_is_followed_by_the_next)
{
    static const char *const at[] = {"192.0.2.1", "192.0.2.2"};
    static const struct provider_params provider = {
        .name = "v",
        .protocol = PROTOCOL_ALIYUN2,
        .account = {.id = "1"},
        .endpoint = {.url = "https://v.example", .addresses = at, .n_addresses = 2}};
    static const char denied[] = "{\"code\":\"ServiceLevelDeny\"}";
    struct pool_params params = {.providers = &provider, .n_providers = 1, .max_attempts = 4};
    struct exchange_reply untrusted = {
        .result = EXCHANGE_UNTRUSTED, .detail = "", .media_type = ""};
    struct exchange_reply denial = {.result = EXCHANGE_DONE,
                                    .status = 403,
                                    .media_type = JSON,
                                    .body = bytes_of(denied, sizeof denied - 1),
                                    .detail = ""};
    struct exchange_reply list = denial;
    static const char told[] = "{\"service_ip\":[\"203.0.113.9\"]}";
    list.status = 200;
    list.body = bytes_of(told, sizeof told - 1);
    begin(&driver_aliyun2);
    fake_exchange_init(&fake);
    struct pool *pool = pool_new(&params, &rig.port.port, &fake.exchange);
    struct question question = rig.question;
    struct attempt *attempt;
    struct attempt_wish wish = {.question = &question, .on_end = on_end};
    ck_assert_int_eq(attempt_start(pool, &wish, &attempt), 0);
    ck_assert_ptr_nonnull(strstr(fake.live[0].target, "/ss?"));
    fake_exchange_end(&fake, &(struct exchange_reply){.detail = "", .media_type = ""});
    edition = fake.live[0].edition;
    fake_exchange_end(&fake, &untrusted);
    ck_assert_int_eq(verdict, ATTEMPT_RETRY_SAME);
    ask(pool, true, "192.0.2.2", &denial);
    ck_assert_int_eq(verdict, ATTEMPT_RETRY_NEXT); /* it was the second try */
    ask(pool, false, "192.0.2.1", &denial);
    ck_assert_int_eq(verdict, ATTEMPT_RETRY_SAME);
    ask(pool, true, "192.0.2.2", &denial);
    struct upstream_state state;
    pool_state(pool, 0, &state);
    ck_assert_int_eq(state.source, ADDRESSES_CONFIGURED); /* in another order, and no news */
    /* The list is asked for again long before its time. */
    fake_port_advance(&rig.port, UINT64_C(1000000) * DISPATCH_HASTE_S);
    ck_assert_int_eq(attempt_start(pool, &wish, &attempt), 0);
    ck_assert_ptr_nonnull(strstr(fake.live[0].target, "/ss?"));
    fake_exchange_end(&fake, &list);
    fake_exchange_end(&fake, &denial);
    pool_state(pool, 0, &state);
    ck_assert_str_eq(state.addresses[0], "203.0.113.9");
    ck_assert_int_eq(state.source, ADDRESSES_BY_VENDOR);
    pool_free(pool);
}
END_TEST

START_TEST(credentials_that_do_not_hold_are_told_at_once)
{
    static const struct {
        unsigned status;
        const char *body, *said;
    } cases[] = {
        {403, "{\"code\":\"InvalidAccount\"}", "v: InvalidAccount"},
        {401, "", "v: HTTP status 401"},
        {500, "", ""},
        {400, "{\"code\":\"InvalidHost\"}", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct provider_params provider = {.name = "v",
                                           .protocol = PROTOCOL_ALIYUN,
                                           .account = {.id = "1", .fixed_addresses = true},
                                           .endpoint = {.url = "https://192.0.2.1"}};
        struct pool_params params = {
            .providers = &provider, .n_providers = 1, .max_attempts = 4, .on_aside = on_aside};
        struct exchange_reply reply = {.result = EXCHANGE_DONE,
                                       .status = cases[i].status,
                                       .media_type = JSON,
                                       .body = bytes_of(cases[i].body, strlen(cases[i].body)),
                                       .detail = ""};
        begin(&driver_aliyun);
        fake_exchange_init(&fake);
        struct pool *pool = pool_new(&params, &rig.port.port, &fake.exchange);
        struct attempt *attempt;
        struct attempt_wish wish = {.question = &rig.question, .on_end = on_end};
        said[0] = '\0';
        ck_assert_int_eq(attempt_start(pool, &wish, &attempt), 0);
        fake_exchange_end(&fake, &reply);
        ck_assert_str_eq(said, cases[i].said);
        pool_free(pool);
        vendor_rig_end();
    }
}
END_TEST

/* As OpenSSL does under FIPS. */
START_TEST(vendor_whose_digest_is_withheld_is_said_to_be_out_of_reach_and_not_asked)
{
    struct provider_params provider = {
        .name = "v",
        .protocol = PROTOCOL_ALIYUN,
        .account = {.id = "1", .secret = secret("s"), .fixed_addresses = true},
        .endpoint = {.url = "https://192.0.2.1"}};
    struct pool_params params = {
        .providers = &provider, .n_providers = 1, .max_attempts = 4, .on_aside = on_aside};
    begin(&driver_aliyun);
    fake_exchange_init(&fake);
    struct pool *pool = pool_new(&params, &rig.port.port, &fake.exchange);
    struct attempt *attempt;
    struct attempt_wish wish = {.question = &rig.question, .on_end = on_end};
    said[0] = '\0';
    ck_assert_int_eq(EVP_set_default_properties(NULL, "fips=yes"), 1);
    ck_assert_int_eq(attempt_start(pool, &wish, &attempt), -ENOSYS);
    ck_assert_int_eq(EVP_set_default_properties(NULL, ""), 1);
    ck_assert_str_eq(said, "v: OpenSSL withholds what it signs or hides with");
    ck_assert_int_eq(attempt_start(pool, &wish, &attempt), 0);
    attempt_free(attempt, false);
    pool_free(pool);
}
END_TEST

START_TEST(what_an_address_service_fails_to_tell_is_a_network_error)
{
    static const struct {
        enum pool_protocol protocol;
        enum exchange_result result;
        unsigned status;
        const char *body;
        enum ede ede;
    } cases[] = {
        {PROTOCOL_ALIYUN, EXCHANGE_DONE, 400, "{\"code\":\"InvalidHost\"}", EDE_NETWORK},
        {PROTOCOL_ALIYUN, EXCHANGE_DONE, 403, "{\"code\":\"InvalidAccount\"}", EDE_NETWORK},
        {PROTOCOL_ALIYUN, EXCHANGE_DONE, 500, "", EDE_NETWORK},
        {PROTOCOL_ALIYUN, EXCHANGE_UNREACHABLE, 0, "", EDE_NETWORK},
        {PROTOCOL_ALIYUN, EXCHANGE_DONE, 200, "<html>", EDE_INVALID_DATA},
        {PROTOCOL_JSON, EXCHANGE_DONE, 500, "", EDE_NO_REACHABLE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct provider_params provider = {.name = "v",
                                           .protocol = cases[i].protocol,
                                           .account = {.id = "1", .fixed_addresses = true},
                                           .endpoint = {.url = "https://192.0.2.1"}};
        struct pool_params params = {.providers = &provider, .n_providers = 1, .max_attempts = 4};
        struct exchange_reply reply = {.result = cases[i].result,
                                       .status = cases[i].status,
                                       .media_type = JSON,
                                       .body = bytes_of(cases[i].body, strlen(cases[i].body)),
                                       .detail = ""};
        begin(&driver_aliyun);
        fake_exchange_init(&fake);
        struct pool *pool = pool_new(&params, &rig.port.port, &fake.exchange);
        struct attempt *attempt;
        struct attempt_wish wish = {.question = &rig.question, .on_end = on_end};
        ck_assert_int_eq(attempt_start(pool, &wish, &attempt), 0);
        fake_exchange_end(&fake, &reply);
        ck_assert_msg(ede == cases[i].ede, "case %zu: %d", i, ede);
        pool_free(pool);
        vendor_rig_end();
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        aliyun_service_addresses_are_asked_signed_and_asked_again,
        aliyun_service_addresses_are_used_before_those_to_begin_with,
        aliyun_service_addresses_are_those_with_the_port_that_is_ours,
        aliyun_server_that_denies_is_passed_over,
        server_that_talks_nonsense_is_passed_over_as_well,
        service_that_is_switched_off_is_not_asked_until_it_is_on_again,
        tencent_service_addresses_are_asked_for_only_when_told_to,
        volc_service_addresses_are_asked_for_only_when_told_to,
        server_that_is_none_or_somebody_else_is_followed_by_the_next,
        credentials_that_do_not_hold_are_told_at_once,
        vendor_whose_digest_is_withheld_is_said_to_be_out_of_reach_and_not_asked,
        what_an_address_service_fails_to_tell_is_a_network_error,
    };
    return suite_run("dispatch", tests, sizeof tests / sizeof tests[0], NULL, vendor_rig_end);
}
