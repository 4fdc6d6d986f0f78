/* SPDX-License-Identifier: MIT */
/* The JSON API: what is asked, and how the dialects of its answers are read. */
#include "tests/unit/driver_rig.h"
#include "tests/unit/suite.h"

#include <stdio.h>
#include <stdlib.h>

#define JSON "application/json"

static struct rig rig;

static void set_up(void)
{
    rig_begin(&rig, &driver_json, "https://dns.example/resolve");
    rig.provider.trust_ad = true;
}

static void tear_down(void)
{
    rig_end(&rig);
}

static void reads(const char *body, const char *wanted)
{
    ck_assert_str_eq(rig_read(&rig, 200, JSON, body), wanted);
}

START_TEST(question_is_asked_by_name_and_number)
{
    rig_ask(&rig, "www.Example.com", TYPE_HTTPS);
    ck_assert_str_eq(rig_url(&rig), "https://dns.example/resolve?name=www.example.com&type=65");
    ck_assert_str_eq(rig.request.media_type, "application/dns-json");
    ck_assert_int_eq(rig.request.method, EXCHANGE_GET);
    rig.want_cd = true;
    rig.provider.endpoint.url = "https://dns.example/q?x=1";
    ck_assert_str_eq(rig_url(&rig), "https://dns.example/q?x=1&name=www.example.com&type=65&cd=1");
}
END_TEST

START_TEST(what_json_cannot_say_is_not_asked_of_it)
{
    static const struct {
        const char *name;
        uint16_t type;
        bool want_do;
        enum driver_serves serves;
    } cases[] = {
        {"www.example.com", TYPE_A, false, DRIVER_READILY},
        {"_dmarc.example.com", TYPE_TXT, false, DRIVER_READILY},
        {"www.example.com", TYPE_A, true, DRIVER_NEVER},
        {"www.example.com", TYPE_RRSIG, false, DRIVER_NEVER},
        {"www.example.com", TYPE_NSEC, false, DRIVER_NEVER},
        {"www.example.com", 52 /* TLSA */, false, DRIVER_NEVER},
        {"www.example.com", TYPE_ANY, false, DRIVER_NEVER},
        {"a\\.b.example.com", TYPE_A, false, DRIVER_NEVER},
        {"a\\032b.example.com", TYPE_A, false, DRIVER_NEVER},
        {".", TYPE_NS, false, DRIVER_NEVER},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        rig_ask(&rig, cases[i].name, cases[i].type);
        ck_assert_msg(driver_json.serves(&rig.provider, &rig.question, cases[i].want_do, false) ==
                          cases[i].serves,
                      "case %zu", i);
    }
}
END_TEST

START_TEST(dialects_of_one_answer_read_the_same)
{
    static const char *const bodies[] = {
        /* Google */
        "{\"Status\":0,\"TC\":false,\"RD\":true,\"RA\":true,\"AD\":true,\"CD\":false,\"Question\":"
        "[{\"name\":\"www.example.com.\",\"type\":1}],\"Answer\":[{\"name\":\"www.example.com.\","
        "\"type\":1,\"TTL\":300,\"data\":\"192.0.2.1\"}],\"Comment\":\"Response from 1.2.3.4.\"}",
        /* Cloudflare: no last dots */
        "{\"Status\":0,\"AD\":true,\"Question\":[{\"name\":\"www.example.com\",\"type\":1}],"
        "\"Answer\":[{\"name\":\"www.example.com\",\"type\":1,\"TTL\":300,\"data\":\"192.0.2.1\"}]"
        "}",
        /* AliDNS: the question alone; another order, a remark, empty sections */
        "{\"AD\":true,\"Status\":0,\"Question\":{\"name\":\"www.example.com.\",\"type\":1},"
        "\"Answer\":[{\"name\":\"WWW.example.com.\",\"TTL\":300,\"type\":1,\"data\":\"192.0.2.1\"}]"
        ","
        "\"Authority\":[],\"remark\":\"x\",\"edns_client_subnet\":\"192.0.2.0/24\"}",
        /* numbers as strings, the key in lower case */
        ("{\"status\":\"0\",\"AD\":true,\"Answer\":[{\"name\":\"www.example.com.\",\"type\":\"1\","
         "\"TTL\":\"300\",\"data\":\"192.0.2.1\"}],\"Authority\":null}"),
    };
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        reads(bodies[i], "OK NOERROR ad: A 300 192.0.2.1");
    }
    rig.provider.trust_ad = false;
    reads(bodies[0], "OK NOERROR: A 300 192.0.2.1");
    ck_assert_str_eq(rig_read(&rig, 200, "Application/DNS-JSON; charset=utf-8", bodies[0]),
                     "OK NOERROR: A 300 192.0.2.1");
    ck_assert_str_eq(rig_read(&rig, 200, "application/x-javascript; charset=UTF-8", bodies[0]),
                     "OK NOERROR: A 300 192.0.2.1");
}
END_TEST

START_TEST(what_is_odd_but_clear_is_taken)
{
    static const char *const bodies[] = {
        /* nothing where the question might be, or half of one */
        "{\"Status\":0,\"Question\":null,\"Answer\":[{\"name\":\"www.example.com.\",\"type\":1,"
        "\"TTL\":"
        "300,\"data\":\"192.0.2.1\"}]}",
        "{\"Status\":0,\"Question\":[null],\"Answer\":[{\"name\":\"www.example.com.\",\"type\":1,"
        "\"TTL\":300,\"data\":\"192.0.2.1\"}]}",
        "{\"Status\":0,\"Question\":{\"name\":\"www.example.com\"},\"Answer\":[{\"name\":"
        "\"www.example.com.\",\"type\":1,\"TTL\":300,\"data\":\"192.0.2.1\"}]}",
        /* whole numbers with a point */
        "{\"Status\":0.0,\"Answer\":[{\"name\":\"www.example.com.\",\"type\":1.0,\"TTL\":3e2,"
        "\"data\":"
        "\"192.0.2.1\"}]}",
        /* a byte order mark (RFC 8259 section 8.1) */
        "\xef\xbb\xbf{\"Status\":0,\"Answer\":[{\"name\":\"www.example.com.\",\"type\":1,\"TTL\":"
        "300,"
        "\"data\":\"192.0.2.1\"}]}",
        /* proofs in the authority, and what is nobody's business */
        "{\"Status\":0,\"Answer\":[{\"name\":\"www.example.com.\",\"type\":1,\"TTL\":300,\"data\":"
        "\"192.0.2.1\",\"extra\":[{}]}],\"Authority\":[{\"name\":\"example.com.\",\"type\":46,"
        "\"TTL\":1,"
        "\"data\":\"A 13 2 300 1 2 3 x. AAAA\"}],\"Additional\":[7],\"Comment\":{}}",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        reads(bodies[i], "OK NOERROR: A 300 192.0.2.1");
    }
    reads("{\"Status\":0,\"Answer\":[{\"name\":\"www.example.com.\",\"type\":1,\"TTL\":4294967295,"
          "\"data\":\"192.0.2.1\"}]}",
          "OK NOERROR: A 604800 192.0.2.1");
    reads("{\"Status\":0,\"Answer\":[{\"name\":\"www.example.com.\",\"type\":1,\"TTL\":"
          "\"99999999999\",\"data\":\"192.0.2.1\"}]}",
          "OK NOERROR: A 604800 192.0.2.1");
    reads("{\"Status\":0,\"Answer\":[{\"name\":\"www.example.com.\",\"type\":1,\"TTL\":-3,"
          "\"data\":\"192.0.2.1\"}]}",
          "OK NOERROR: A 0 192.0.2.1");
}
END_TEST

START_TEST(chain_is_followed_and_strangers_are_left_out)
{
    reads("{\"Status\":0,\"Answer\":["
          "{\"name\":\"www.example.com\",\"type\":5,\"TTL\":60,\"data\":\"e.example.net.\"},"
          "{\"name\":\"e.example.net\",\"type\":1,\"TTL\":30,\"data\":\"192.0.2.1\"},"
          "{\"name\":\"stranger.example\",\"type\":1,\"TTL\":30,\"data\":\"192.0.2.9\"}]}",
          "OK NOERROR: CNAME 60 0165076578616d706c65036e657400; A 30 192.0.2.1");
}
END_TEST

START_TEST(record_told_twice_is_one_record_with_the_lower_ttl)
{
    reads("{\"Status\":0,\"Answer\":["
          "{\"name\":\"www.example.com\",\"type\":1,\"TTL\":60,\"data\":\"192.0.2.1\"},"
          "{\"name\":\"www.example.com\",\"type\":1,\"TTL\":60,\"data\":\"192.0.2.2\"},"
          "{\"name\":\"WWW.example.com.\",\"type\":1,\"TTL\":30,\"data\":\"192.0.2.1\"},"
          "{\"name\":\"www.example.com\",\"type\":1,\"TTL\":90,\"data\":\"192.0.2.2\"}]}",
          "OK NOERROR: A 30 192.0.2.1; A 30 192.0.2.2");
    /* In a chain as well: of the alias, and of where it leads. */
    reads("{\"Status\":0,\"Answer\":["
          "{\"name\":\"www.example.com\",\"type\":5,\"TTL\":60,\"data\":\"e.example.net.\"},"
          "{\"name\":\"www.example.com\",\"type\":5,\"TTL\":60,\"data\":\"e.example.net.\"},"
          "{\"name\":\"e.example.net\",\"type\":1,\"TTL\":30,\"data\":\"192.0.2.1\"},"
          "{\"name\":\"e.example.net\",\"type\":1,\"TTL\":30,\"data\":\"192.0.2.1\"}]}",
          "OK NOERROR: CNAME 60 0165076578616d706c65036e657400; A 30 192.0.2.1");
}
END_TEST

START_TEST(absence_keeps_its_soa_and_ttl)
{
    rig_ask(&rig, "nx.example", TYPE_A);
    const char *said = rig_read(
        &rig, 200, JSON,
        "{\"Status\":3,\"Question\":{\"name\":\"nx.example.\",\"type\":1},\"Authority\":[{\"name\":"
        "\"example.\",\"TTL\":900,\"type\":6,\"data\":\"ns1.example. hostmaster.example. "
        "2024010101 7200 900 1209600 60\"}]}");
    ck_assert_msg(strncmp(said, "OK NXDOMAIN / SOA 60 ", 21) == 0, "%s", said);
    ck_assert_uint_eq(rig.found.answer->ttl_s, 60);
}
END_TEST

START_TEST(extended_error_is_found_where_each_provider_puts_it)
{
    reads("{\"Status\":2,\"extended_dns_errors\":[{\"info_code\":9,\"extra_text\":\"No DNSKEY\"}]}",
          "OK SERVFAIL ede=9");
    reads("{\"Status\":2,\"Comment\":[\"EDE(21): Not Supported x\",\"EDE(22): No Reachable\"]}",
          "OK SERVFAIL ede=21");
    reads("{\"Status\":2,\"Comment\":\"EDE(22): x\"}", "OK SERVFAIL ede=22");
    reads("{\"Status\":2,\"Comment\":[\"EDE(99999): x\",\"EDE(\",\"EDE():\",7]}", "OK SERVFAIL");
    reads("{\"Status\":16,\"Comment\":{\"odd\":1}}", "OK BADVERS");
    reads("{\"Status\":2,\"extended_dns_errors\":[{},{\"info_code\":\"22\"}],\"Comment\":[]}",
          "OK SERVFAIL ede=22");
}
END_TEST

START_TEST(types_become_the_wire_form_that_their_text_means)
{
    static const struct {
        uint16_t type;
        const char *data; /* as it stands in JSON */
        const char *wanted;
    } cases[] = {
        {TYPE_AAAA, "2001:db8::1", "AAAA 9 2001:db8::1"},
        {TYPE_MX, "0 .", "MX 9 000000"},
        {TYPE_SRV, "1 2 443 t.example.", "SRV 9 0001000201bb0174076578616d706c6500"},
        {TYPE_TXT, "bare text \\\\ stays",
         "TXT 9 1162617265207465787420"
         "5c207374617973"},
        {TYPE_TXT, "  two  spaces ",
         "TXT 9 0e202074776f20207370616365"
         "7320"},
        {TYPE_TXT, "\\\"one\\\"\\\"two\\\" \\\"\\\"", "TXT 9 036f6e650374776f00"},
        {TYPE_TXT, "\\\"a\\\\\\\"b\\\\065\\\"", "TXT 9 0461226241"},
        {TYPE_DS, "2371 13 2 111A1861 d6dfd0bb", "DS 9 09430d02111a1861d6dfd0bb"},
        {257, "0 issue \\\"le.org\\\"", "CAA 9 000569737375656c652e6f7267"},
        {257, "0 iodef \\\"a\\\\\\\"b; c\\\\\\\\\\\"",
         "CAA 9 0005696f64656661"
         "22623b20635c"},
        {TYPE_HTTPS, "1 . key65280=abc", "HTTPS 9 000100ff000003616263"},
        {TYPE_HTTPS, "1 . alpn=h2,h3 ipv4hint=192.0.2.1",
         "HTTPS 9 0001000001000602683202683300040004c0000201"},
        {TYPE_HTTPS, "1 . alpn=\\\"h2,h3\\\" ipv4hint=\\\"192.0.2.1\\\"",
         "HTTPS 9 0001000001000602683202683300040004c0000201"},
        {TYPE_HTTPS, "\\\\# 10 00 01 00 00 01 00 03 02 68 32", "HTTPS 9 00010000010003026832"},
        {TYPE_HTTPS, "0 .", "HTTPS 9 000000"},
        {TYPE_A, "\\\\# 4 C0000201", "A 9 192.0.2.1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char body[512], wanted[256];
        rig_ask(&rig, "www.example.com", cases[i].type);
        snprintf(body, sizeof body,
                 "{\"Status\":0,\"Answer\":[{\"name\":\"www.example.com.\",\"type\":%u,\"TTL\":9,"
                 "\"data\":\"%s\"}]}",
                 cases[i].type, cases[i].data);
        snprintf(wanted, sizeof wanted, "OK NOERROR: %s", cases[i].wanted);
        ck_assert_str_eq(rig_read(&rig, 200, JSON, body), wanted);
    }
}
END_TEST

START_TEST(what_is_not_certain_is_left_to_another_provider)
{
    static const struct {
        uint16_t type;
        const char *data;
    } cases[] = {
        {TYPE_A, "2001:db8::1"},
        {TYPE_A, "192.0.2.1 192.0.2.2"},
        {TYPE_A, "192.0.2"},
        {TYPE_A, ""},
        {TYPE_AAAA, "192.0.2.1"},
        {TYPE_CNAME, "@"},
        {TYPE_CNAME, "a b"},
        {TYPE_CNAME, "a.example. ; comment"},
        {TYPE_CNAME, "a..example."},
        {TYPE_MX, "65546 mx.example."},
        {TYPE_MX, "mx.example."},
        {TYPE_MX, "10 mx.example. more"},
        {TYPE_SOA, "a. b. 1 1h 3 4 5"},
        {TYPE_SOA, "a. b. 1 2 3 4 5000000000"},
        {TYPE_TXT, "\\\"no end"},
        {TYPE_TXT, "\\\"a\\\" b"},
        {TYPE_TXT, "\\\"\\\\300\\\""},
        {TYPE_TXT, "caf\\u00e9"},
        {TYPE_TXT, "a\\u0000b"},
        {TYPE_HTTPS, "1 . dohpath=/q"},
        {TYPE_HTTPS, "1 . port=99999"},
        {TYPE_HTTPS, "1 . alpn=h2 alpn=h3"},
        {TYPE_HTTPS, "0 . alpn=h2"},
        {TYPE_HTTPS, "1"},
        {TYPE_HTTPS, "\\\\# 11 00 01"},
        {TYPE_DS, "1 13 2"},
        {TYPE_DS, "1 13 2 xx"},
        {TYPE_DS, "1 13 2 abc"},
        {TYPE_HTTPS, "1 . key1=h2"},
        {TYPE_HTTPS, "1 . key5=\\\"abc\\\""},
        {257, "0 issue \\\"a\\\\065\\\""},
        {257, "0 issue le.org;"},
        {TYPE_RRSIG, "A 13 2 300 1 2 3 x. AAAA"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char body[512];
        snprintf(body, sizeof body,
                 "{\"Status\":0,\"Answer\":[{\"name\":\"www.example.com.\",\"type\":%u,\"TTL\":9,"
                 "\"data\":\"%s\"}]}",
                 cases[i].type, cases[i].data);
        ck_assert_msg(strcmp(rig_read(&rig, 200, JSON, body), "NOT_SERVED") == 0, "%s: %s",
                      cases[i].data, rig.text);
    }
    reads("{\"Status\":0,\"TC\":true,\"Answer\":[]}", "NOT_SERVED");
}
END_TEST

START_TEST(what_is_no_answer_is_refused)
{
    static const char *const bodies[] = {
        "",
        "\xef\xbb\xbf",
        "\xef\xbb{\"Status\":3}",
        "[]",
        "[\"192.0.2.1\"]",
        "{}",
        "{\"Status\":-1}",
        "{\"Status\":4096}",
        "{\"Status\":0,\"Status\":3}",
        "{\"Status\":0,\"Question\":[{\"name\":\"other.example.\",\"type\":1}]}",
        "{\"Status\":0,\"Question\":[{\"name\":\"www.example.com.\",\"type\":28}]}",
        "{\"Status\":0,\"Question\":\"www.example.com.\"}",
        "{\"Status\":0.5}",
        "{\"Status\":0,\"Answer\":[{\"name\":\"www.example.com.\",\"type\":1,\"TTL\":\"soon\","
        "\"data\":\"1.2.3.4\"}]}",
        "{\"Status\":0,\"Answer\":[{\"name\":\"www.example.com.\",\"type\":1,\"TTL\":3,\"data\":"
        "[\"1.2.3.4\"]}]}",
        "{\"Status\":0,\"Answer\":{}}",
        "{\"Status\":0,\"Answer\":[{\"name\":\"www.example.com.\",\"type\":1,\"TTL\":300}]}",
        "{\"Status\":0,\"Answer\":[{\"name\":\"www.example.com.\",\"type\":0,\"TTL\":3,"
        "\"data\":\"1.2.3.4\"}]}",
        "{\"Status\":0,\"Answer\":[{\"name\":\"www.example.com.\",\"type\":1,\"TTL\":null,"
        "\"data\":\"1.2.3.4\"}]}",
        "<html>portal</html>",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        ck_assert_msg(strcmp(rig_read(&rig, 200, JSON, bodies[i]), "PARSE") == 0, "%s: %s",
                      bodies[i], rig.text);
    }
    ck_assert_str_eq(rig_read(&rig, 200, "text/html", "{\"Status\":0}"), "PARSE");
    ck_assert_str_eq(rig_read(&rig, 400, JSON, "{\"error\":\"Invalid CD flag\"}"), "SERVER");
    ck_assert_str_eq(rig_read(&rig, 429, JSON, ""), "RATE");
}
END_TEST

START_TEST(more_records_than_the_bound_are_refused)
{
    static char body[64 * 1024];
    size_t n = (size_t)snprintf(body, sizeof body, "{\"Status\":0,\"Answer\":[");
    for (int i = 0; i <= 512; i++) {
        n += (size_t)snprintf(body + n, sizeof body - n,
                              "%s{\"name\":\"www.example.com\",\"type\":1,\"TTL\":1,\"data\":"
                              "\"10.0.%d.%d\"}",
                              i > 0 ? "," : "", i / 256, i % 256);
    }
    snprintf(body + n, sizeof body - n, "]}");
    reads(body, "PARSE");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        question_is_asked_by_name_and_number,
        what_json_cannot_say_is_not_asked_of_it,
        dialects_of_one_answer_read_the_same,
        what_is_odd_but_clear_is_taken,
        chain_is_followed_and_strangers_are_left_out,
        record_told_twice_is_one_record_with_the_lower_ttl,
        absence_keeps_its_soa_and_ttl,
        extended_error_is_found_where_each_provider_puts_it,
        types_become_the_wire_form_that_their_text_means,
        what_is_not_certain_is_left_to_another_provider,
        what_is_no_answer_is_refused,
        more_records_than_the_bound_are_refused,
    };
    return suite_run("json", tests, sizeof tests / sizeof tests[0], set_up, tear_down);
}
