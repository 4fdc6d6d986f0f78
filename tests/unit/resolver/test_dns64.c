/* SPDX-License-Identifier: MIT */
#include "resolver/policy/dns64.h"
#include "resolver/policy/guard.h"
#include "resolver/wire/compose.h"
#include "tests/unit/suite.h"

#include <arpa/inet.h>

static struct question question_of(const char *text, uint16_t type)
{
    struct question question = {.type = type, .class = CLASS_IN};
    ck_assert_int_eq(name_from_text(text, &question.name), 0);
    name_lower(&question.name);
    return question;
}

/* An answer with one record of the question's type. */
static struct answer *answer_of(const struct question *question, const void *rdata, size_t n)
{
    uint8_t records[128];
    struct buf b = buf_over(records, sizeof records);
    buf_put_u16(&b, question->type);
    buf_put_u16(&b, CLASS_IN);
    buf_put_u32(&b, 60);
    buf_put_u16(&b, (uint16_t)n);
    buf_put(&b, rdata, n);
    struct reply_local local = {.records = bytes_of(records, b.n), .n_records = 1, .ede = EDE_NONE};
    struct answer *answer = NULL;
    ck_assert_int_eq(compose_local(question, &local, 1000000, &answer), 0);
    return answer;
}

START_TEST(addresses_stand_behind_prefixes_as_rfc_6052_shows)
{
    static const struct {
        const char *prefix, *address;
    } cases[] = {
        {"2001:db8::/32", "2001:db8:c000:221::"},
        {"2001:db8:100::/40", "2001:db8:1c0:2:21::"},
        {"2001:db8:122::/48", "2001:db8:122:c000:2:2100::"},
        {"2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::"},
        {"2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100::"},
        {"2001:db8:122:344::/96", "2001:db8:122:344::192.0.2.33"},
        {"64:ff9b::/96", "64:ff9b::192.0.2.33"},
    };
    static const uint8_t v4[4] = {192, 0, 2, 33};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct dns64_prefix prefix;
        uint8_t expected[16], got[16], back[4];
        ck_assert(dns64_prefix_parse(cases[i].prefix, &prefix));
        ck_assert_int_eq(inet_pton(AF_INET6, cases[i].address, expected), 1);
        dns64_embed(&prefix, v4, got);
        ck_assert_mem_eq(got, expected, 16);
        ck_assert(dns64_extract(&prefix, got, back));
        ck_assert_mem_eq(back, v4, 4);
    }
}
END_TEST

START_TEST(what_is_no_prefix_is_refused)
{
    static const char *const bad[] = {
        "64:ff9b::",   "64:ff9b::/97", "64:ff9b::1/96", "192.0.2.0/96",
        "64:ff9b::/9", "x/96",         "64:ff9b::/96x", ""};
    struct dns64_prefix prefix;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert(!dns64_prefix_parse(bad[i], &prefix));
    }
}
END_TEST

START_TEST(the_prefix_is_found_in_what_ipv4only_arpa_has)
{
    static const char *const prefixes[] = {"2001:db8::/32", "2001:db8:122::/48",
                                           "2001:db8:122:344::/64", "64:ff9b::/96"};
    static const uint8_t known[4] = {192, 0, 0, 171};
    struct question question = question_of("ipv4only.arpa", TYPE_AAAA);
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        struct dns64_prefix prefix;
        uint8_t address[16];
        ck_assert(dns64_prefix_parse(prefixes[i], &prefix));
        dns64_embed(&prefix, known, address);
        struct answer *answer = answer_of(&question, address, 16);
        struct dns64_prefix found = dns64_discover(answer);
        ck_assert_uint_eq(found.bits, prefix.bits);
        ck_assert_mem_eq(found.at, prefix.at, 16);
        answer_unref(answer);
    }
    static const uint8_t other[16] = {0x20, 1, 0xd, 0xb8, [15] = 1};
    struct answer *answer = answer_of(&question, other, 16);
    ck_assert_uint_eq(dns64_discover(answer).bits, 0);
    answer_unref(answer);
}
END_TEST

START_TEST(a_reverse_name_behind_the_prefix_is_that_of_the_address_inside)
{
    struct dns64_prefix prefix;
    struct question made_up = question_of(
        "1.2.2.0.0.0.0.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.b.9.f.f.4.6.0.0.ip6.arpa", TYPE_PTR);
    struct question other = question_of(
        "1.2.2.0.0.0.0.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.b.9.f.f.4.6.0.2.ip6.arpa", TYPE_PTR);
    struct name inside;
    char text[NAME_MAX_TEXT];
    ck_assert(dns64_prefix_parse("64:ff9b::/96", &prefix));
    ck_assert(dns64_reverse(&prefix, &made_up.name, &inside));
    ck_assert_str_eq(name_to_text(&inside, text), "33.2.0.192.in-addr.arpa.");
    ck_assert(!dns64_reverse(&prefix, &other.name, &inside));
    struct question zone = question_of("b.9.f.f.4.6.0.0.ip6.arpa", TYPE_PTR);
    ck_assert(!dns64_reverse(&prefix, &zone.name, &inside));
}
END_TEST

static bool embed(const void *ctx, const uint8_t v4[4], uint8_t ret_v6[16])
{
    dns64_embed(ctx, v4, ret_v6);
    return true;
}

START_TEST(private_addresses_stand_behind_no_well_known_prefix)
{
    static const uint8_t inner[4] = {192, 168, 1, 1}, outer[4] = {192, 0, 0, 170};
    static const char *const own[] = {"2001:db8::/96", "64:ff9b:1::/96", "64:ff9b::/64"};
    struct dns64_prefix prefix;
    ck_assert(dns64_prefix_parse("64:ff9b::/96", &prefix));
    ck_assert(!dns64_may_embed(&prefix, inner) && dns64_may_embed(&prefix, outer));
    for (size_t i = 0; i < 3; i++) {
        ck_assert(dns64_prefix_parse(own[i], &prefix) && dns64_may_embed(&prefix, inner));
    }
}
END_TEST

START_TEST(ranges_of_addresses_that_count_as_none_are_kept_to_the_bit)
{
    static const char *const bad[] = {
        "2001:db8::", "2001:db8::/129", "2001:db8::/-1", "2001:db8::/",
        "10.0.0.0/8", "2001:db8::/3x",  "example.com",   "/32"};
    struct question aaaa = question_of("x.example", TYPE_AAAA);
    struct answer *answer = answer_of(&aaaa, "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
    struct answer *mapped = answer_of(&aaaa, "\0\0\0\0\0\0\0\0\0\0\xff\xff\1\2\3\4", 16);
    struct dns64_ranges ranges = {.n = 1};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_msg(!dns64_range_parse(bad[i], &ranges.at[0]), "%s", bad[i]);
    }
    ck_assert(dns64_range_parse("2001:db8::/31", &ranges.at[0]));
    ck_assert(!dns64_has_address(answer, &ranges) && dns64_has_address(answer, NULL));
    ck_assert(!dns64_has_address(mapped, NULL));
    ck_assert(dns64_range_parse("2001:db8::1/128", &ranges.at[0]));
    ck_assert(!dns64_has_address(answer, &ranges));
    ck_assert(dns64_range_parse("2001:dba::/31", &ranges.at[0]));
    ck_assert(dns64_has_address(answer, &ranges));
    ck_assert(dns64_range_parse("::/0", &ranges.at[0]) && !dns64_has_address(answer, &ranges));
    answer_unref(answer);
    answer_unref(mapped);
}
END_TEST

START_TEST(an_answer_is_made_of_another_with_its_ttl_counted_down)
{
    struct dns64_prefix prefix;
    struct question a = question_of("x.example", TYPE_A),
                    aaaa = question_of("x.example", TYPE_AAAA);
    struct answer *from = answer_of(&a, "\300\0\2\41", 4), *made = NULL;
    ck_assert(dns64_prefix_parse("64:ff9b::/96", &prefix));
    struct compose_wish wish = {.question = &aaaa,
                                .address = embed,
                                .ctx = &prefix,
                                .max_ttl_s = 600,
                                .now_us = 11 * 1000000};
    ck_assert_int_eq(compose_from(from, &wish, &made), 0);
    ck_assert(dns64_has_address(made, NULL));
    ck_assert_uint_eq(made->ttl_s, 50);
    ck_assert_uint_eq(made->n_answers, 1);
    answer_unref(made);
    answer_unref(from);
}
END_TEST

START_TEST(an_alias_stands_before_what_its_target_has)
{
    struct question target = question_of("target.example", TYPE_MX),
                    alias = question_of("alias.example", TYPE_MX);
    struct answer *from = answer_of(&target, "\0\12\4mail\7example", 15 + 1), *made = NULL;
    struct compose_wish wish = {.question = &alias,
                                .is_alias = true,
                                .alias_ttl_s = 30,
                                .max_ttl_s = 600,
                                .now_us = 1000000};
    ck_assert_int_eq(compose_from(from, &wish, &made), 0);
    ck_assert_uint_eq(made->n_answers, 2);
    ck_assert_uint_eq(made->ttl_s, 30);
    struct answer_walk walk = answer_walk(made);
    struct answer_record record;
    char text[NAME_MAX_TEXT];
    ck_assert(answer_next(&walk, &record));
    ck_assert_int_eq(record.type, TYPE_CNAME);
    ck_assert_str_eq(name_to_text(&record.owner, text), "alias.example.");
    ck_assert(answer_next(&walk, &record));
    ck_assert_int_eq(record.type, TYPE_MX);
    ck_assert_str_eq(name_to_text(&record.owner, text), "target.example.");
    answer_unref(made);
    answer_unref(from);
}
END_TEST

static bool guards(uint16_t type, const void *rdata, size_t n)
{
    struct question question = question_of("www.example.com", type);
    struct answer *answer = answer_of(&question, rdata, n);
    bool found = guard_finds(answer);
    answer_unref(answer);
    return found;
}

START_TEST(s6_every_private_range_is_seen_and_no_other)
{
    static const char *const inner[] = {
        "0.1.2.3",        "10.0.0.1",    "127.0.0.1",  "169.254.1.1", "172.16.0.1",
        "172.31.255.255", "192.168.1.1", "100.64.0.1", "::",          "::1",
        "fc00::1",        "fdff::1",     "fe80::1",    "febf::1",     "::ffff:10.1.1.1"};
    static const char *const outer[] = {
        "1.1.1.1",     "11.0.0.1",    "172.15.0.1", "172.32.0.1", "192.169.1.1",    "100.128.0.1",
        "169.253.0.1", "2001:db8::1", "::2",        "fec0::1",    "::ffff:1.1.1.1", "fe00::1"};
    uint8_t at[16];
    for (size_t i = 0; i < sizeof inner / sizeof inner[0]; i++) {
        bool v4 = inet_pton(AF_INET, inner[i], at) == 1;
        ck_assert(v4 || inet_pton(AF_INET6, inner[i], at) == 1);
        ck_assert_msg(guards(v4 ? TYPE_A : TYPE_AAAA, at, v4 ? 4 : 16), "%s", inner[i]);
    }
    for (size_t i = 0; i < sizeof outer / sizeof outer[0]; i++) {
        bool v4 = inet_pton(AF_INET, outer[i], at) == 1;
        ck_assert(v4 || inet_pton(AF_INET6, outer[i], at) == 1);
        ck_assert_msg(!guards(v4 ? TYPE_A : TYPE_AAAA, at, v4 ? 4 : 16), "%s", outer[i]);
    }
}
END_TEST

START_TEST(s6_hints_of_https_records_are_addresses_too)
{
    ck_assert(guards(TYPE_HTTPS, "\0\1\0\0\4\0\4\12\0\0\1", 11));
    ck_assert(guards(TYPE_HTTPS, "\0\1\0\0\1\0\3\2h2\0\4\0\10\1\1\1\1\300\250\0\1", 22));
    ck_assert(guards(TYPE_SVCB, "\0\1\0\0\6\0\20\375\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 23));
    ck_assert(!guards(TYPE_HTTPS, "\0\1\0\0\4\0\4\1\1\1\1", 11));
    ck_assert(!guards(TYPE_HTTPS, "\0\1\0", 3));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        addresses_stand_behind_prefixes_as_rfc_6052_shows,
        what_is_no_prefix_is_refused,
        the_prefix_is_found_in_what_ipv4only_arpa_has,
        a_reverse_name_behind_the_prefix_is_that_of_the_address_inside,
        an_answer_is_made_of_another_with_its_ttl_counted_down,
        private_addresses_stand_behind_no_well_known_prefix,
        ranges_of_addresses_that_count_as_none_are_kept_to_the_bit,
        an_alias_stands_before_what_its_target_has,
        s6_every_private_range_is_seen_and_no_other,
        s6_hints_of_https_records_are_addresses_too,
    };
    return suite_run("dns64", tests, sizeof tests / sizeof tests[0], NULL, NULL);
}
