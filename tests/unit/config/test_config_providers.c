/* SPDX-License-Identifier: MIT */
#include "tests/unit/config_rig.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

START_TEST(way_to_a_provider_is_checked)
{
#define ONE "providers:\n  - preset: google\n    "
    refuses(ONE "pins: [sha256//abc]\n", 3, 12, "44 characters of Base64");
    refuses(ONE "pins: sha256\n", 3, 11, "pins takes a list");
    refuses(ONE "proxy: \"socks5://proxy.example:1080\"\n", 3, 12, "not a name");
    refuses(ONE "proxy: \"ftp://127.0.0.1:1080\"\n", 3, 12, "http://ADDRESS:PORT");
    refuses(ONE "proxy: \"http://127.0.0.1:0\"\n", 3, 12, "1 to 65535");
    refuses(ONE "proxy: \"http://127.0.0.1:65536\"\n", 3, 12, "1 to 65535");
    refuses(ONE "proxy: \"http://[::1]:99999999999999999999\"\n", 3, 12, "1 to 65535");
    refuses(ONE "client-key: /dev/null\n", 3, 17, "needs client-cert");
    refuses(ONE "source-address: eth0\n", 3, 21, "not an IPv4 or IPv6 address");
    refuses(ONE "interface: a-name-much-too-long\n", 3, 16, "15 characters");
    refuses(ONE "family: ipv5\n", 3, 13, "auto, ipv4, ipv6");
    refuses(ONE "client-key: /nonexistent\n", 3, 17, "cannot be read");
#undef ONE
}
END_TEST

START_TEST(providers_are_checked)
{
    refuses("providers: []\n", 1, 12, "at least one");
    refuses("providers:\n  - name: x\n", 2, 5, "a preset, a stamp, or a name and a url");
    refuses("providers:\n  - {name: x, url: http://x}\n", 2, 20, "must begin with https://");
    refuses("providers:\n  - {name: x, url: \"https://u:p@x/\"}\n", 2, 20, "user or password");
    refuses("providers:\n  - {name: x, url: https://x, ca-file: /no/such/file}\n", 2, 40,
            "cannot be read");
    refuses("providers:\n  - {name: x, url: https://x, addresses: [1.2.3]}\n", 2, 43,
            "not an IPv4 or IPv6 address");
    refuses("providers:\n  - {name: x, url: https://x, protocol: odoh}\n", 2, 5, "needs a relay");
    refuses("providers:\n  - preset: google\n  - preset: google\n", 3, 5, "twice");
    refuses("providers:\n  - {preset: google, client-subnet: 192.0.2.0/25}\n", 2, 37, "/24");
    refuses("providers:\n  - {preset: google, client-subnet: 192.0.2.1/24}\n", 2, 37, "bits");
    refuses("providers:\n  - {preset: google, client-subnet: on}\n", 2, 37, "off, auto");
    refuses("providers:\n  - {preset: google, padding: 468}\n", 2, 31, "yes, no");
    refuses("providers:\n  - {preset: google, trust-ad: maybe}\n", 2, 32, "yes, true, no, false");
}
END_TEST

/* Whoever opened a FIFO would wait for somebody who writes to it, for ever. */
START_TEST(only_a_regular_file_holds_certificates)
{
    char folder[] = "/tmp/httpdnsd-files-XXXXXX", fifo[64], yaml[256];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(fifo, sizeof fifo, "%s/fifo", folder);
    ck_assert_int_eq(mkfifo(fifo, 0600), 0);
    static const struct {
        const char *entry;
        unsigned column;
    } cases[] = {{"providers:\n  - preset: google\n    ca-file", 14},
                 {"providers:\n  - preset: google\n    client-cert", 18},
                 {"providers:\n  - preset: google\n    client-key", 17},
                 {"hijack:\n  mode: off\n  ca-file", 12}};
    const char *const paths[] = {fifo, folder, "/dev/zero"};
    for (size_t i = 0; i < 4 * 3; i++) {
        snprintf(yaml, sizeof yaml, "%s: %s\n", cases[i % 4].entry, paths[i / 4]);
        refuses(yaml, 3, cases[i % 4].column, "no regular file");
    }
    unlink(fifo);
    rmdir(folder);
}
END_TEST

START_TEST(vendors_know_where_they_are_and_what_they_need)
{
    struct config *c = parse("providers:\n"
                             "  - {protocol: aliyun, account: 139450, secret: s3cr3t, region: hk}\n"
                             "  - {protocol: tencent, token: t0ken}\n"
                             "  - {name: u, protocol: generic, url: \"http://x/{host}\", "
                             "insecure-http: yes, answers: [/a, /b]}\n");
    ck_assert_str_eq(c->providers[0].name, "aliyun");
    ck_assert_str_eq(c->providers[0].endpoint.url, "https://resolvers.httpdns.aliyuncs.com");
    ck_assert_str_eq(c->providers[0].endpoint.addresses[0], "47.56.234.194");
    ck_assert_uint_eq(c->providers[0].endpoint.n_addresses, 4);
    ck_assert(c->providers[0].filtering); /* no witness against others */
    ck_assert_str_eq(c->providers[1].endpoint.addresses[0], "119.29.29.99");
    ck_assert(c->providers[2].endpoint.plaintext);
    ck_assert_uint_eq(c->providers[2].template.addresses.n, 2);
    config_free(c);
    c = parse("providers: [{protocol: tencent, account: 1, cipher: aes, cipher-key: k, "
              "insecure-http: yes, dispatch: yes}]\n");
    ck_assert_str_eq(c->providers[0].endpoint.url, "http://119.29.29.98/d");
    ck_assert_str_eq(c->providers[0].endpoint.addresses[1], "119.28.28.98");
    ck_assert(c->providers[0].endpoint.plaintext && c->providers[0].account.dispatch);
    config_free(c);
    refuses("providers:\n  - {protocol: tencent, account: 1, cipher: aes, cipher-key: k}\n", 2, 5,
            "insecure-http: yes");
    refuses("providers:\n  - {protocol: aliyun}\n", 2, 5, "needs account");
    refuses("providers:\n  - {protocol: aliyun2, account: 1, secret: xyz}\n", 2, 5, "hexadecimal");
    refuses("providers:\n  - {protocol: aliyun2, account: 1, secret: abc}\n", 2, 5, "hexadecimal");
    refuses("providers:\n  - {protocol: aliyun2, account: 1, cipher: aes-gcm, cipher-key: 00}\n", 2,
            5, "32 hexadecimal digits");
    refuses("providers:\n  - {protocol: aliyun, account: 1, sdns: [\"a b=c\"]}\n", 2, 5,
            "key=value");
    refuses("providers:\n  - {protocol: aliyun2, account: 1, tags: 'a\"b'}\n", 2, 5, "key=value");
    refuses("providers:\n  - {protocol: tencent}\n", 2, 5, "token over https");
    refuses("providers:\n  - {protocol: tencent, account: 1, cipher: des, cipher-key: k}\n", 2, 5,
            "insecure-des: yes");
    refuses("providers:\n  - {protocol: tencent, token: t, insecure-http: yes, url: http://x/d}\n",
            2, 5, "token over https");
    refuses("providers:\n  - {protocol: volc, account: 1}\n", 2, 5, "account and secret");
    refuses("providers:\n  - {name: x, protocol: generic, url: https://x}\n", 2, 5, "answers");
    refuses("providers:\n  - {name: x, protocol: generic, url: https://x, answers: [/a], types: "
            "[MX]}\n",
            2, 5, "A and AAAA");
    refuses("providers:\n  - {name: x, insecure-http: yes, url: http://x/d}\n", 2, 5, "by http");
    refuses("providers:\n  - {protocol: aliyun, account: 1, region: mars}\n", 2, 44, "cn, hk");
}
END_TEST

START_TEST(vendor_s_url_without_a_path_gets_the_vendor_s)
{
    static const struct {
        const char *entry, *url;
    } cases[] = {
        {"protocol: tencent, token: t, url: \"https://192.0.2.1:8443\"",
         "https://192.0.2.1:8443/d"},
        {"protocol: tencent, token: t, url: \"https://192.0.2.1/\"", "https://192.0.2.1/d"},
        {"protocol: tencent, token: t, url: \"https://192.0.2.1/x\"", "https://192.0.2.1/x"},
        {"protocol: volc, account: 1, secret: s, url: https://v.example",
         "https://v.example/resolve"},
        {"protocol: baidu, account: 1, secret: s, url: https://b.example/",
         "https://b.example/v4/resolve"},
        {"protocol: alidns, url: \"https://[2001:db8::1]\"", "https://[2001:db8::1]/resolve"},
        {"protocol: aliyun, account: 1, url: https://a.example/", "https://a.example/"},
        {"protocol: json, url: https://j.example", "https://j.example"},
        {"protocol: doh, url: https://d.example", "https://d.example"},
        {"protocol: baidu, account: 1, secret: s, url: \"https://b.example?tag=t\"",
         "https://b.example/v4/resolve?tag=t"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char yaml[256];
        snprintf(yaml, sizeof yaml, "providers:\n  - {name: x, %s}\n", cases[i].entry);
        struct config *config = parse(yaml);
        ck_assert_str_eq(config->providers[0].endpoint.url, cases[i].url);
        config_free(config);
    }
}
END_TEST

START_TEST(a_way_that_plain_dns_cannot_go_is_refused)
{
    refuses("providers:\n  - {name: x, server: 192.0.2.1, group: g, interface: eth0}\n", 2, 44,
            "no effect on plain DNS");
    refuses("providers:\n  - {name: x, server: 192.0.2.1, group: g, mark: 7}\n", 2, 44,
            "no effect on plain DNS");
    refuses("providers:\n  - {name: x, server: 192.0.2.1, group: g,\n"
            "     proxy: \"socks5://192.0.2.9:1080\"}\n",
            3, 6, "no effect on plain DNS");
}
END_TEST

START_TEST(key_of_another_protocol_is_refused_with_those_that_take_it)
{
    refuses("providers:\n  - {protocol: volc, account: 1, secret: s, cipher: aes}\n", 2, 45,
            "cipher is for 'protocol: aliyun2 or tencent', and this provider's is volc");
    refuses("providers:\n  - {protocol: aliyun, account: 1, token: t}\n", 2, 36,
            "token is for 'protocol: tencent', and this provider's is aliyun");
    refuses("providers:\n  - preset: quad9\n    secret: s\n", 3, 5,
            "secret is for 'protocol: alidns, aliyun, aliyun2, volc, baidu or generic', and this "
            "provider's is doh");
    refuses("providers:\n  - {name: x, url: https://x/, protocol: doh-get, trust-ad: yes}\n", 2, 51,
            "trust-ad is for 'protocol: json or alidns', and this provider's is doh-get");
    refuses("providers:\n  - {name: x, url: https://x/, protocol: json, padding: yes}\n", 2, 48,
            "padding is for 'protocol: doh', and this provider's is json");
    refuses("providers:\n  - {name: x, url: https://x/, answers: [/ip]}\n", 2, 32,
            "answers is for 'protocol: generic', and this provider's is doh");
    refuses("providers:\n  - {name: x, protocol: doh, server: 192.0.2.1, group: g}\n", 2, 30,
            "server is for 'protocol: dns', and this provider's is doh");
    refuses("providers:\n  - {name: x, server: 192.0.2.1, group: g, http3: yes}\n", 2, 44,
            "http3 has no effect on plain DNS");
    /* One mistake is told as one: what a wrong word's protocol takes, nobody knows. */
    refuses("providers:\n  - {name: x, url: https://x/, protocol: vlc, cipher: aes}\n", 2, 42,
            "'vlc' is not one of");
    ck_assert_uint_eq(errors.n, 1);
}
END_TEST

/* With the defaults that --show-config prints as well, whatever the protocol. */
START_TEST(what_is_printed_of_each_protocol_is_read_again)
{
    struct config *c = parse("providers:\n"
                             "  - {name: a, url: https://a/}\n"
                             "  - {name: b, url: https://b/, protocol: doh-get}\n"
                             "  - {name: c, url: https://c/, protocol: json}\n"
                             "  - {name: d, protocol: alidns}\n"
                             "  - {name: e, protocol: aliyun, account: 1}\n"
                             "  - {name: f, protocol: aliyun2, account: 1}\n"
                             "  - {name: g, protocol: baidu, account: 1, secret: s}\n"
                             "  - {name: h, url: https://h/, protocol: generic, answers: [/ip]}\n"
                             "  - {name: i, url: https://i.example/, protocol: odoh, relay: "
                             "\"https://r.test/{?targethost,targetpath}\"}\n"
                             "  - {name: j, server: 192.0.2.1, group: lan}\n");
    char *text = print(c);
    struct config *again = parse(text);
    for (size_t i = 0; i < c->n_providers; i++) {
        ck_assert_int_eq(again->providers[i].protocol, c->providers[i].protocol);
        ck_assert_str_eq(again->providers[i].name, c->providers[i].name);
    }
    ck_assert_uint_eq(again->n_providers, c->n_providers);
    free(text);
    config_free(again);
    config_free(c);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        way_to_a_provider_is_checked,
        providers_are_checked,
        only_a_regular_file_holds_certificates,
        vendors_know_where_they_are_and_what_they_need,
        vendor_s_url_without_a_path_gets_the_vendor_s,
        a_way_that_plain_dns_cannot_go_is_refused,
        key_of_another_protocol_is_refused_with_those_that_take_it,
        what_is_printed_of_each_protocol_is_read_again,
    };
    return suite_run("config_providers", tests, sizeof tests / sizeof tests[0], NULL, NULL);
}
