/* SPDX-License-Identifier: MIT */
#include "resolver/audit/evidence_json.h"

#include "tests/unit/said.h"
#include "tests/unit/suite.h"

#include <stdlib.h>

static struct evidence read_line(const char *line)
{
    struct evidence evidence;
    char why[EVIDENCE_WHY_MAX];
    int failure = evidence_read(bytes_of(line, strlen(line)), &evidence, why);
    ck_assert_msg(failure == 0, "%s: %s", line, why);
    return evidence;
}

START_TEST(a_case_is_written_and_read_back_as_it_was)
{
    struct evidence e = {.kind = EVIDENCE_NAME, .id = "one"};
    struct judge_case *c = &e.name;
    c->question = (struct question){.type = TYPE_A, .class = CLASS_IN};
    ck_assert_int_eq(name_from_text("www.example.net", &c->question.name), 0);
    c->n_meetings = 2;
    c->gap_us = 30000000;
    c->told.ede = c->v4.ede = c->control_name.ede = c->negative.sibling.ede = EDE_NONE;
    for (size_t m = 0; m < 2; m++) {
        c->meetings[m].at_us = 1000000 + m * 40000000;
        c->meetings[m].local = said_of("10.0.0.1 5.6.7.8");
        c->meetings[m].local.tls[1] = TLS_WRONG_NAME;
        c->meetings[m].local.fingerprint = FINGERPRINT_ISP;
        c->meetings[m].local.rtt_us = 1234;
        c->meetings[m].controls[0] = said_of("93.184.216.34");
        c->meetings[m].controls[1] = said_of("");
        c->meetings[m].n_controls = 2;
        c->meetings[m].second.ede = c->meetings[m].direct.ede = EDE_NONE;
        strcpy(c->meetings[m].certificate.subject, "CN=block.example");
    }
    c->history.given_s = 400;
    c->history.given_life_s = 300;
    c->doubles = c->sandwiched = true;
    ck_assert_int_eq(name_from_text("example.net", &c->local_zone.name), 0);
    c->local_zone.primary = c->local_zone.name;
    c->local_zone.serial = UINT32_MAX;
    c->control_zones[0] = c->local_zone;
    c->control_zones[0].refresh_s = 3600;
    char *text = evidence_write(&e);
    ck_assert_ptr_nonnull(text);
    struct evidence back = read_line(text);
    free(text);
    ck_assert_str_eq(back.id, "one");
    ck_assert_mem_eq(&back.name.meetings, &c->meetings, sizeof c->meetings);
    const struct judge_zone *zone = &back.name.control_zones[0];
    ck_assert(name_equal(&zone->name, &c->local_zone.name));
    ck_assert(name_equal(&zone->primary, &c->local_zone.primary));
    ck_assert_uint_eq(zone->serial, UINT32_MAX);
    ck_assert_uint_eq(zone->refresh_s, 3600);
    ck_assert(name_equal(&back.name.local_zone.name, &c->local_zone.name));
    ck_assert_uint_eq(back.name.control_zones[1].name.n, 0);
    ck_assert_uint_eq(back.name.history.given_s, 400);
    ck_assert_uint_eq(back.name.history.given_life_s, 300);
    ck_assert(back.name.doubles);
}
END_TEST

START_TEST(a_history_of_nothing_is_left_out_whatever_lies_between_its_members)
{
    struct evidence *e = malloc(sizeof *e);
    ck_assert_ptr_nonnull(e);
    *e = read_line("{\"v\":1,\"name\":\"www.example.net\"}");
    struct judge_history *h = &e->name.history;
    memset(h, 0xff, sizeof *h);
    memset(h->known, 0, sizeof h->known);
    memset(h->old, 0, sizeof h->old);
    h->n_known = h->n_old = 0;
    h->n_names = h->n_ttl_samples = h->n_ttl_providers = h->n_lag_tries = 0;
    h->given_s = h->given_life_s = h->usual_rtt_us = h->ttl_s = 0;
    h->gone_s = h->old_ttl_s = h->refresh_s = 0;
    char *text = evidence_write(e);
    free(e);
    ck_assert_ptr_nonnull(text);
    ck_assert_msg(strstr(text, "history") == NULL, "%s", text);
    free(text);
}
END_TEST

START_TEST(the_times_of_a_signature_that_nothing_else_is_known_of_are_written_too)
{
    struct evidence e = read_line("{\"v\":1,\"name\":\"www.example.net\",\"meetings\":[{\"local\":{"
                                  "\"rrsig\":{\"ttl_s\":299,\"inception\":5}}}]}");
    char *text = evidence_write(&e);
    ck_assert_ptr_nonnull(text);
    struct evidence back = read_line(text);
    free(text);
    ck_assert_uint_eq(back.name.meetings[0].local.original_ttl_s, 299);
    ck_assert_uint_eq(back.name.meetings[0].local.inception_s, 5);
}
END_TEST

START_TEST(what_is_absent_was_not_looked_at_and_accuses_nobody)
{
    struct evidence e =
        read_line("{\"v\":1,\"name\":\"www.Example.net\",\"meetings\":[{\"local\":{},"
                  "\"controls\":[{\"answered\":false},{\"rcode\":3}],\"times\":2}]}");
    const struct judge_case *c = &e.name;
    ck_assert_uint_eq(c->n_meetings, 2);
    ck_assert_uint_eq(c->question.type, TYPE_A);
    ck_assert(c->meetings[1].local.answered && (c->meetings[1].local.flags & FLAG_RA) != 0);
    ck_assert(!c->meetings[0].controls[0].answered);
    ck_assert_uint_eq(c->meetings[0].controls[1].rcode, RCODE_NXDOMAIN);
    ck_assert_int_eq(c->meetings[0].local.ede, EDE_NONE);
    ck_assert_uint_eq(c->gap_us, 30000000);
}
END_TEST

START_TEST(a_handshake_is_its_address_however_the_address_is_written)
{
    struct evidence e = read_line(
        "{\"v\":1,\"name\":\"a.example\",\"type\":\"AAAA\",\"meetings\":[{\"local\":{"
        "\"addresses\":[\"2001:db8::1\",\"2001:DB8::2\"],\"tls\":{\"2001:DB8:0:0::2\":\"ok\","
        "\"2001:0db8::1\":\"failed\",\"192.0.2.1\":\"ok\"}}}]}");
    const struct said *local = &e.name.meetings[0].local;
    ck_assert_uint_eq(local->n, 2);
    ck_assert_uint_eq(local->tls[0], TLS_FAILED);
    ck_assert_uint_eq(local->tls[1], TLS_OK);
}
END_TEST

START_TEST(a_whole_number_may_be_written_with_a_fraction_of_nothing)
{
    struct evidence e =
        read_line("{\"v\":1.0,\"name\":\"a.example\",\"meetings\":[{\"local\":{"
                  "\"ede\":49152,\"ttl_s\":60.0,\"rcode\":3.0,\"asns\":[64500.0]}}]}");
    const struct said *local = &e.name.meetings[0].local;
    ck_assert_uint_eq(local->ttl_s, 60);
    ck_assert_int_eq(local->ede, EDE_OTHER); /* a code of private use */
    ck_assert_uint_eq(local->rcode, RCODE_NXDOMAIN);
    ck_assert_uint_eq(local->asns[0], 64500);
}
END_TEST

START_TEST(meetings_by_a_clock_that_begins_at_nothing_are_as_far_apart_as_they_say)
{
    static const char form[] =
        "{\"v\":1,\"name\":\"a.example\",\"meetings\":[{\"at_s\":0,\"local\":{\"addresses\":["
        "\"10.0.0.1\"]},\"controls\":[{\"addresses\":[\"5.6.7.8\"]},{\"addresses\":[\"5.6.7.8\"]}]}"
        ","
        "{\"at_s\":%u,\"local\":{\"addresses\":[\"10.0.0.1\"]},\"controls\":[{\"addresses\":["
        "\"5.6.7.8\"]},{\"addresses\":[\"5.6.7.8\"]}]}]}";
    const struct {
        unsigned at_s;
        enum verdict verdict;
    } rows[] = {{0, VERDICT_PROBABLE}, {29, VERDICT_PROBABLE}, {30, VERDICT_CONFIRMED}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char line[512];
        snprintf(line, sizeof line, form, rows[i].at_s);
        struct evidence e = read_line(line);
        ck_assert_int_eq(evidence_judge(&e).verdict, rows[i].verdict);
    }
}
END_TEST

START_TEST(an_error_names_the_member_and_what_is_due)
{
    const struct {
        const char *line, *why;
    } rows[] = {
        {"{\"v\":1,\"kind\":\"nope\"}", "kind: one of these is due here: name nonexistent path"},
        {"{\"v\":1,\"name\":\"a..b\"}", "name: a domain name is due here"},
        {"{\"v\":1,\"name\":\"a.b\",\"meetings\":[{},{},{}]}", "meetings: more than 2 elements"},
        {"{\"v\":1,\"name\":\"a.b\",\"meetings\":[{\"controls\":[{},{\"ttl_s\":-1}]}]}",
         "meetings[0].controls[1].ttl_s: a whole number from 0 to 4294967295 is due here"},
        {"{\"v\":1,\"name\":\"a.b\",\"meetings\":[{\"local\":[]}]}",
         "meetings[0].local: an object is due here"},
        {"{\"v\":1,\"name\":\"a.b\",\"meetings\":[{\"local\":{\"rcode\":\"NOPE\"}}]}",
         "meetings[0].local.rcode: a response code is due here, such as NOERROR or 3"},
        {"{\"v\":1,\"name\":\"a.b\",\"meetings\":[{\"times\":2},{\"times\":2}]}",
         "meetings: \"times\" is for one meeting only"},
        {"{\"v\":1,\"name\":\"a.b\",\"meetings\":[{\"local\":{\"tls\":{\"a.b\":\"ok\"}}}]}",
         "meetings[0].local.tls.a.b: an IPv4 or IPv6 address is due here"},
        {"{\"v\":1,\"name\":\"a.b\",\"meetings\":[{\"local\":{\"tls\":{\"::1\":\"OK\"}}}]}",
         "meetings[0].local.tls.::1: one of these is due here: untried ok wrong_name untrusted "
         "expired failed local_root"},
        {"{\"v\":1,\"name\":\"a.b\",\"meetings\":[{\"at_s\":1,\"local\":{\"ttl_s\":1.5}}]}",
         "meetings[0].local.ttl_s: a whole number from 0 to 4294967295 is due here"},
        {"{\"name\":\"a.b\"}", "v: it is missing: the version, 1"},
        {"7", "an object is due on each line"},
        {"{\"v\":1,\"kind\":\"nonexistent\",\"runs\":[{\"names\":[{}]}]}",
         "runs[0].names[0].tld: it is missing"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct evidence e;
        char why[EVIDENCE_WHY_MAX];
        ck_assert_int_lt(evidence_read(bytes_of(rows[i].line, strlen(rows[i].line)), &e, why), 0);
        ck_assert_str_eq(why, rows[i].why);
    }
}
END_TEST

START_TEST(a_verdict_is_written_with_all_its_words)
{
    struct judgement judgement = {
        .verdict = VERDICT_CONFIRMED,
        .rule = RULE_P2,
        .finding = FINDING_HIJACK_BOGON,
        .families = FAMILY_MESSAGE | FAMILY_PATH,
        .artefact = address_of("10.0.0.1"),
        .n_witnesses = 2,
    };
    char *text = evidence_write_judgement(&judgement, 7, "x");
    ck_assert_str_eq(text, "{\"line\":7,\"id\":\"x\",\"verdict\":\"CONFIRMED\",\"rule\":\"P2\","
                           "\"finding\":\"HIJACK_BOGON\",\"families\":[\"message\",\"path\"],"
                           "\"artefact\":\"10.0.0.1\",\"witnesses\":2,\"via_foreign_as\":false}");
    free(text);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_case_is_written_and_read_back_as_it_was,
        a_history_of_nothing_is_left_out_whatever_lies_between_its_members,
        the_times_of_a_signature_that_nothing_else_is_known_of_are_written_too,
        what_is_absent_was_not_looked_at_and_accuses_nobody,
        a_handshake_is_its_address_however_the_address_is_written,
        a_whole_number_may_be_written_with_a_fraction_of_nothing,
        meetings_by_a_clock_that_begins_at_nothing_are_as_far_apart_as_they_say,
        an_error_names_the_member_and_what_is_due,
        a_verdict_is_written_with_all_its_words,
    };
    return suite_run("evidence_json", tests, sizeof tests / sizeof tests[0], NULL, NULL);
}
