/* SPDX-License-Identifier: MIT */
/* Access rules, rate limit and cookies, each by itself. */
#include "resolver/clients/clients.h"
#include "tests/unit/suite.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

enum { S_US = 1000000 };

static struct client_address address(const char *text)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    struct client_address client;
    if (inet_pton(AF_INET, text, &in.sin_addr) == 1) {
        client_address_set(&client, (struct sockaddr *)&in, NULL);
    } else {
        ck_assert_int_eq(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
        client_address_set(&client, (struct sockaddr *)&in6, NULL);
    }
    return client;
}

/* ---- addresses ---- */

START_TEST(own_are_loopback_and_the_very_address_that_was_asked)
{
    ck_assert(address("127.0.0.1").is_own && address("127.200.3.4").is_own);
    ck_assert(address("::1").is_own && address("::ffff:127.0.0.1").is_own);
    ck_assert(!address("192.0.2.1").is_own && !address("2001:db8::1").is_own);
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_port = htons(4000)};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(53)};
    struct client_address client;
    from.sin_addr.s_addr = to.sin_addr.s_addr = htonl(0xc0000201);
    client_address_set(&client, (struct sockaddr *)&from, (struct sockaddr *)&to);
    ck_assert(client.is_own);
    to.sin_addr.s_addr = htonl(0xc0000202);
    client_address_set(&client, (struct sockaddr *)&from, (struct sockaddr *)&to);
    ck_assert(!client.is_own);
}
END_TEST

/* ---- access ---- */

/* Rules as text: "+prefix" allows, "-prefix" denies. */
static struct access *rules(const char *const *texts, size_t n)
{
    struct access_rule at[16];
    const char *why;
    for (size_t i = 0; i < n; i++) {
        ck_assert_msg(access_read_prefix(texts[i] + 1, &at[i], &why), "%s: %s", texts[i], why);
        at[i].allow = texts[i][0] == '+';
    }
    struct access *access = access_new(at, n);
    ck_assert_ptr_nonnull(access);
    return access;
}

static bool allows(const struct access *access, const char *text)
{
    struct client_address client = address(text);
    return access_allows(access, &client);
}

START_TEST(without_rules_only_this_host_may_ask)
{
    struct access *access = rules(NULL, 0);
    ck_assert(allows(access, "127.0.0.1") && allows(access, "::1"));
    ck_assert(!allows(access, "192.168.1.1") && !allows(access, "fe80::1"));
    ck_assert(!allows(access, "8.8.8.8"));
    access_free(access);
}
END_TEST

START_TEST(longest_prefix_decides)
{
    static const char *const texts[] = {"+10.0.0.0/8", "-10.1.0.0/16",   "+10.1.2.0/24",
                                        "-10.1.2.3",   "+2001:db8::/32", "-2001:db8:0:1::/64",
                                        "+0.0.0.0/1",  "-127.0.0.53"};
    struct access *access = rules(texts, sizeof texts / sizeof texts[0]);
    ck_assert(allows(access, "10.9.9.9"));
    ck_assert(!allows(access, "10.1.9.9"));
    ck_assert(allows(access, "10.1.2.9"));
    ck_assert(!allows(access, "10.1.2.3"));
    ck_assert(allows(access, "2001:db8::1") && !allows(access, "2001:db8:0:1::1"));
    ck_assert(allows(access, "1.2.3.4") && !allows(access, "200.2.3.4"));
    ck_assert(!allows(access, "2001:db9::1"));
    ck_assert(!allows(access, "127.0.0.53") && allows(access, "127.0.0.1"));
    ck_assert(allows(access, "::ffff:10.9.9.9"));
    access_free(access);
}
END_TEST

START_TEST(all_of_ipv6_is_not_all_of_ipv4)
{
    static const char *const texts[] = {"+::/0"};
    struct access *access = rules(texts, 1);
    ck_assert(allows(access, "2001:db8::1") && !allows(access, "192.0.2.1"));
    access_free(access);
}
END_TEST

START_TEST(table_agrees_with_looking_at_every_rule)
{
    struct access_rule at[200];
    uint64_t dice = 1;
    for (size_t i = 0; i < 200; i++) {
        at[i] = (struct access_rule){.bits = 96 + (unsigned)(i * 7 % 33), .allow = i % 2};
        dice = dice * UINT64_C(6364136223846793005) + 1442695040888963407u;
        at[i].at[10] = at[i].at[11] = 0xff;
        bytes_write_u32(at[i].at + 12, (uint32_t)(dice >> 32) & 0x0f0f00ff);
        client_address_mask(at[i].at, at[i].bits);
    }
    struct access *access = access_new(at, 200);
    for (int step = 0; step < 20000; step++) {
        dice = dice * UINT64_C(6364136223846793005) + 1442695040888963407u;
        struct client_address client = {.kind = CLIENT_IPV4, .at = {[10] = 0xff, [11] = 0xff}};
        bytes_write_u32(client.at + 12, (uint32_t)(dice >> 32) & 0x0f0f00ff);
        bool wanted = false;
        unsigned best = 0;
        for (size_t i = 0; i < 200; i++) {
            uint8_t masked[16];
            memcpy(masked, client.at, 16);
            client_address_mask(masked, at[i].bits);
            if (memcmp(masked, at[i].at, 16) == 0 && at[i].bits >= best) {
                best = at[i].bits;
                wanted = at[i].allow;
            }
        }
        ck_assert_int_eq(access_allows(access, &client), wanted);
    }
    access_free(access);
}
END_TEST

START_TEST(prefixes_that_are_none_are_not_read)
{
    static const char *const bad[] = {"",           "10.0.0.0/33", "10.0.0.0/",      "10.0.0.0/8x",
                                      "10.1.0.0/8", "example.com", "2001:db8::/129", "10.0.0/8",
                                      "::1/0",      "/8",          "10.0.0.0/-1"};
    struct access_rule rule;
    const char *why;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_msg(!access_read_prefix(bad[i], &rule, &why), "%s", bad[i]);
        ck_assert_uint_gt(strlen(why), 20);
    }
}
END_TEST

/* ---- rate ---- */

static const uint8_t secret[16] = {7};

START_TEST(rate_gives_a_burst_and_then_so_many_a_second)
{
    struct rate_params params = {.per_s = 10, .burst = 50, .ipv4_bits = 32, .ipv6_bits = 56};
    struct rate *rate = rate_new(&params, secret);
    struct client_address client = address("192.0.2.1");
    uint64_t now_us = 1000 * UINT64_C(1000000);
    unsigned n = 0;
    while (rate_take(rate, &client, now_us)) {
        n++;
    }
    ck_assert_uint_eq(n, 50);
    n = 0;
    for (uint64_t at_us = now_us; at_us < now_us + 10 * S_US; at_us += 1000) {
        n += rate_take(rate, &client, at_us);
    }
    ck_assert_uint_ge(n, 99);
    ck_assert_uint_le(n, 100);
    ck_assert(rate_take(rate, &client, now_us + 100 * S_US));
    rate_free(rate);
}
END_TEST

START_TEST(rate_is_a_networks)
{
    struct rate_params params = {.per_s = 1, .burst = 1, .ipv4_bits = 24, .ipv6_bits = 56};
    struct rate *rate = rate_new(&params, secret);
    struct client_address a = address("192.0.2.1"), b = address("192.0.2.200");
    struct client_address c = address("192.0.3.1"), d = address("2001:db8:0:1::1");
    struct client_address e = address("2001:db8:0:2::1"), f = address("2001:db8:0:101::1");
    ck_assert(rate_take(rate, &a, S_US) && !rate_take(rate, &b, S_US));
    ck_assert(rate_take(rate, &c, S_US));
    ck_assert(rate_take(rate, &d, S_US) && !rate_take(rate, &e, S_US));
    ck_assert(rate_take(rate, &f, S_US));
    rate_free(rate);
}
END_TEST

START_TEST(rate_of_a_flood_does_not_hurt_the_neighbours)
{
    struct rate_params params = {.per_s = 1, .burst = 5, .ipv4_bits = 32, .ipv6_bits = 56};
    struct rate *rate = rate_new(&params, secret);
    unsigned n_hurt = 0;
    for (uint32_t i = 0; i < 200; i++) {
        struct client_address flood = address("10.0.0.0");
        bytes_write_u32(flood.at + 12, 0x0a000000 + i);
        while (rate_take(rate, &flood, S_US)) {
        }
    }
    for (uint32_t i = 0; i < 10000; i++) {
        struct client_address client = address("192.0.2.0");
        bytes_write_u32(client.at + 12, 0xc0000000 + i * 7);
        n_hurt += !rate_take(rate, &client, (2 + i) * (uint64_t)S_US);
    }
    ck_assert_uint_eq(n_hurt, 0);
    rate_free(rate);
}
END_TEST

/* ---- cookies ---- */

static size_t from_hex(const char *text, uint8_t *at)
{
    size_t n = 0;
    for (unsigned v; sscanf(text + 2 * n, "%2x", &v) == 1; n++) {
        at[n] = (uint8_t)v;
    }
    return n;
}

/* What a client at `where` gets for the cookie it sent; whether that was good. */
static bool cookie_of(const struct cookie_keys *keys, const char *where, const char *sent,
                      uint32_t now_s, const char *wanted)
{
    uint8_t came[64], expected[64], got[COOKIE_CLIENT + COOKIE_SERVER];
    struct client_address from = address(where);
    struct cookie_client client = {
        .from = &from, .cookie = bytes_of(came, from_hex(sent, came)), .now_s = now_s};
    bool good = cookie_answer(keys, &client, got);
    ck_assert_uint_eq(from_hex(wanted, expected), sizeof got);
    ck_assert_mem_eq(got, expected, sizeof got);
    return good;
}

START_TEST(e11_cookies_are_those_of_rfc_9018_appendix_a)
{
    struct cookie_keys keys;
    ck_assert(cookie_keys_read("e5e973e5a6b2a43f48e7dc849e37bfcf", &keys));
    ck_assert(!cookie_of(&keys, "198.51.100.100", "2464c4abcf10c957", 1559731985,
                         "2464c4abcf10c957010000005cf79f111f8130c3eee29480"));
    ck_assert(cookie_of(&keys, "198.51.100.100", "2464c4abcf10c957010000005cf79f111f8130c3eee29480",
                        1559734385, "2464c4abcf10c957010000005cf7a871d4a564a1442aca77"));
    /* Its octets kept in reserve are hashed as they came; at the time of the answer it is old. */
    ck_assert(!cookie_of(&keys, "203.0.113.203", "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5",
                         1559734700, "fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e"));
    ck_assert(cookie_keys_read("445536bcd2513298075a5d379663c962 dd3bdf9344b678b185a6f5cb60fca715",
                               &keys));
    ck_assert(cookie_of(&keys, "2001:db8:220:1:59de:d0f4:8769:82b8",
                        "22681ab97d52c298010000005cf7c57926556bd0934c72f8", 1559741961,
                        "22681ab97d52c298010000005cf7c609a6bb79d16625507a"));
}
END_TEST

/* A cookie made at `made_s`, shown at `now_s`, perhaps with an octet changed. */
static bool is_good_after(uint32_t made_s, uint32_t now_s, int changed, bool *ret_same)
{
    struct cookie_keys keys = {.root = {9}};
    struct client_address from = address("192.0.2.1");
    uint8_t first[COOKIE_CLIENT] = "client!", made[24], again[24];
    struct cookie_client client = {
        .from = &from, .cookie = bytes_of(first, sizeof first), .now_s = made_s};
    ck_assert(!cookie_answer(&keys, &client, made));
    if (changed >= 0) {
        made[changed] ^= 1;
    }
    client.cookie = bytes_of(made, sizeof made);
    client.now_s = now_s;
    bool good = cookie_answer(&keys, &client, again);
    *ret_same = memcmp(made, again, sizeof made) == 0;
    return good;
}

START_TEST(e11_cookies_grow_old_and_are_renewed_across_days)
{
    const uint32_t midnight_s = 20000u * COOKIE_EPOCH_S;
    bool same;
    ck_assert(is_good_after(midnight_s - 60, midnight_s + 60, -1, &same) && same);
    ck_assert(is_good_after(midnight_s, midnight_s + 1800, -1, &same) && same);
    ck_assert(is_good_after(midnight_s, midnight_s + 1801, -1, &same) && !same);
    ck_assert(is_good_after(midnight_s, midnight_s + 3600, -1, &same));
    ck_assert(!is_good_after(midnight_s, midnight_s + 3601, -1, &same));
    ck_assert(is_good_after(midnight_s, midnight_s - 300, -1, &same));
    ck_assert(!is_good_after(midnight_s, midnight_s - 301, -1, &same));
    ck_assert(is_good_after(UINT32_MAX - 10, 20, -1, &same)); /* serial numbers go round */
    for (int i = 0; i < 24; i++) {
        ck_assert_msg(!is_good_after(midnight_s, midnight_s + 1, i, &same), "octet %d", i);
    }
}
END_TEST

START_TEST(e11_cookie_of_another_address_is_not_taken)
{
    struct cookie_keys keys = {.root = {9}};
    struct client_address a = address("192.0.2.1"), b = address("192.0.2.2");
    uint8_t first[COOKIE_CLIENT] = {1}, made[24], again[24];
    struct cookie_client client = {.from = &a, .cookie = bytes_of(first, 8), .now_s = 1000};
    cookie_answer(&keys, &client, made);
    client.cookie = bytes_of(made, sizeof made);
    ck_assert(cookie_answer(&keys, &client, again));
    client.from = &b;
    ck_assert(!cookie_answer(&keys, &client, again));
}
END_TEST

START_TEST(secrets_of_another_form_are_not_read)
{
    static const char *const bad[] = {
        "",
        "e5e973e5a6b2a43f48e7dc849e37bf",
        "e5e973e5a6b2a43f48e7dc849e37bfcg",
        "e5e973e5a6b2a43f48e7dc849e37bfcf0",
        "e5e973e5a6b2a43f48e7dc849e37bfcf e5",
        "00000000000000000000000000000000 00000000000000000000000000000000 0",
    };
    struct cookie_keys keys;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_msg(!cookie_keys_read(bad[i], &keys), "%s", bad[i]);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        own_are_loopback_and_the_very_address_that_was_asked,
        without_rules_only_this_host_may_ask,
        longest_prefix_decides,
        all_of_ipv6_is_not_all_of_ipv4,
        table_agrees_with_looking_at_every_rule,
        prefixes_that_are_none_are_not_read,
        rate_gives_a_burst_and_then_so_many_a_second,
        rate_is_a_networks,
        rate_of_a_flood_does_not_hurt_the_neighbours,
        e11_cookies_are_those_of_rfc_9018_appendix_a,
        e11_cookies_grow_old_and_are_renewed_across_days,
        e11_cookie_of_another_address_is_not_taken,
        secrets_of_another_form_are_not_read,
    };
    return suite_run("clients", tests, sizeof tests / sizeof tests[0], NULL, NULL);
}
