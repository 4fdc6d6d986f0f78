/* SPDX-License-Identifier: MIT */
/* What does not fit is cut between RRsets (RFC 2181 §9), and TC says so only when it matters. */
#include "resolver/wire/reply.h"
#include "tests/unit/resolver/maker.h"
#include "tests/unit/suite.h"

enum { OPT_OCTETS = 11, EDNS_DO = 0x8000 };

static struct maker m;
static struct maker client;
static struct query_message query;
static struct answer *answer;
static uint8_t out[MESSAGE_MAX];

static void ask(uint16_t type, uint32_t edns_flags)
{
    maker_begin(&client, FLAG_RD, "example.com", type);
    maker_put_opt(&client, 4096, edns_flags, bytes_of("", 0));
    ck_assert_int_eq(message_read_query(maker_message(&client), &query), MESSAGE_OK);
}

static void begin(uint16_t type)
{
    maker_begin(&m, FLAG_QR | FLAG_RA, "example.com", type);
}

/* A text record of `n` octets beside owner, type, class, TTL and RDLENGTH. */
static void put_text(const char *owner, size_t n)
{
    uint8_t text[4096];
    memset(text, 'x', sizeof text);
    for (size_t at = 0; at < n; at += 256)
        text[at] = (uint8_t)(n - at > 255 ? 255 : n - at - 1);
    maker_put(&m, ANSWER, (struct head){owner, TYPE_TXT, 300}, bytes_of(text, n));
}

static void read_answer(uint16_t type)
{
    struct question question = {.name = made_name("example.com"), .type = type, .class = CLASS_IN};
    struct answer_expect expect = {
        .question = &question, .max_ttl_s = 86400, .negative_max_ttl_s = 3600};
    answer = answer_unref(answer);
    ck_assert_int_eq(answer_read(maker_message(&m), &expect, &answer), ANSWER_OK);
}

struct cut {
    unsigned n_answers, n_authority;
    bool tc;
};

/* What a client is given who takes `limit` octets: it must read as an answer again. */
static struct cut cut_at(size_t limit)
{
    size_t n = reply_from_answer(&query, answer, &(struct reply_moment){0, 30}, limit, out);
    ck_assert_uint_le(n, limit);
    ck_assert_uint_eq(bytes_read_u16(out + ADDITIONAL), 1);
    struct answer_expect expect = {.question = &query.question,
                                   .id = -1,
                                   .allow_tc = true,
                                   .max_ttl_s = 86400,
                                   .negative_max_ttl_s = 3600};
    owned(answer_unrefp) struct answer *again = NULL;
    ck_assert_int_eq(answer_read(bytes_of(out, n), &expect, &again), ANSWER_OK);
    struct cut cut = {bytes_read_u16(out + ANSWER), bytes_read_u16(out + AUTHORITY),
                      (bytes_read_u16(out + 2) & FLAG_TC) != 0};
    ck_assert_uint_eq(again->n_ttls, cut.n_answers + cut.n_authority);
    return cut;
}

START_TEST(m16_truncation_keeps_whole_rrsets)
{
    static const size_t limits[] = {512, 1232, 4096};
    ask(TYPE_TXT, 0);
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        for (size_t n = limits[i] - 1; n <= limits[i] + 1; n++) {
            begin(TYPE_TXT);
            maker_put_alias(&m, ANSWER, (struct head){"example.com", TYPE_CNAME, 300}, "a.example");
            put_text("a.example", 40);
            put_text("a.example", 100);
            read_answer(TYPE_TXT);
            size_t more = n - answer->n_wire - OPT_OCTETS; /* makes the reply n octets long */
            begin(TYPE_TXT);
            maker_put_alias(&m, ANSWER, (struct head){"example.com", TYPE_CNAME, 300}, "a.example");
            put_text("a.example", 40);
            put_text("a.example", 100 + more);
            read_answer(TYPE_TXT);
            ck_assert_uint_eq(answer->n_wire + OPT_OCTETS, n);
            struct cut cut = cut_at(limits[i]);
            bool fits = n <= limits[i];
            ck_assert_int_eq(cut.tc, !fits);
            ck_assert_uint_eq(cut.n_answers, fits ? 3 : 1); /* the alias; no half of the texts */
        }
    }
}
END_TEST

START_TEST(rrset_that_came_scattered_stands_together)
{
    ask(TYPE_TXT, EDNS_DO);
    begin(TYPE_TXT);
    put_text("example.com", 100);
    maker_put_rrsig(&m, ANSWER, "example.com", TYPE_TXT);
    put_text("EXAMPLE.com", 400);
    read_answer(TYPE_TXT);
    struct answer_walk walk = answer_walk(answer);
    static const uint16_t order[] = {TYPE_TXT, TYPE_TXT, TYPE_RRSIG};
    struct answer_record record;
    for (size_t i = 0; i < 3; i++) {
        ck_assert(answer_next(&walk, &record));
        ck_assert_uint_eq(record.type, order[i]);
    }
    struct cut cut = cut_at(512);
    ck_assert(cut.tc && cut.n_answers == 0);
    cut = cut_at(answer->n_wire + OPT_OCTETS - 1);
    ck_assert(cut.tc && cut.n_answers == 2);
}
END_TEST

START_TEST(servers_of_the_zone_are_left_out_without_a_word)
{
    ask(TYPE_TXT, 0);
    begin(TYPE_TXT);
    put_text("example.com", 400);
    maker_put_alias(&m, AUTHORITY, (struct head){"example.com", TYPE_NS, 300}, "ns1.example.net");
    maker_put_alias(&m, AUTHORITY, (struct head){"example.com", TYPE_NS, 300}, "ns2.example.net");
    maker_put_alias(&m, AUTHORITY, (struct head){"com", TYPE_NS, 300},
                    "a-rather-long-name.example");
    read_answer(TYPE_TXT);
    struct cut cut = cut_at(answer->n_wire + OPT_OCTETS);
    ck_assert(!cut.tc && cut.n_authority == 3);
    cut = cut_at(answer->n_wire + OPT_OCTETS - 1);
    ck_assert(!cut.tc && cut.n_answers == 1 && cut.n_authority == 2);
    cut = cut_at(512);
    ck_assert(!cut.tc && cut.n_answers == 1 && cut.n_authority <= 2);
}
END_TEST

START_TEST(what_proves_a_denial_is_needed)
{
    ask(TYPE_TXT, EDNS_DO);
    begin(TYPE_TXT);
    maker_put_soa(&m, "example.com", 300, 300);
    for (size_t i = 0; i < 10; i++)
        maker_put_rrsig(&m, AUTHORITY, i == 0 ? "example.com" : "x.example.com", TYPE_NSEC);
    maker_put_rrsig(&m, AUTHORITY, "example.com", TYPE_SOA);
    read_answer(TYPE_TXT);
    size_t whole = answer->n_wire + OPT_OCTETS;
    ck_assert(!cut_at(whole).tc);
    struct cut cut = cut_at(whole - 1);
    ck_assert(cut.tc && cut.n_authority == answer->n_ttls - 1u);
}
END_TEST

START_TEST(extended_error_goes_before_any_record)
{
    ask(TYPE_TXT, 0);
    begin(TYPE_TXT);
    put_text("example.com", 700);
    maker_put_opt(&m, 1232, 0, bytes_of("\0\17\0\2\0\6", 6));
    read_answer(TYPE_TXT);
    for (size_t room = 0; room <= 6; room++) {
        size_t n = reply_from_answer(&query, answer, &(struct reply_moment){0, 30},
                                     answer->n_wire + OPT_OCTETS + room, out);
        ck_assert_uint_eq(n, answer->n_wire + OPT_OCTETS + (room == 6 ? 6u : 0u));
        ck_assert_uint_eq(bytes_read_u16(out + 2) & FLAG_TC, 0);
    }
}
END_TEST

static void tear_down(void)
{
    answer = answer_unref(answer);
}

int main(void)
{
    const TTest *const tests[] = {
        m16_truncation_keeps_whole_rrsets,
        rrset_that_came_scattered_stands_together,
        servers_of_the_zone_are_left_out_without_a_word,
        what_proves_a_denial_is_needed,
        extended_error_goes_before_any_record,
    };
    return suite_run("truncation", tests, sizeof tests / sizeof *tests, NULL, tear_down);
}
