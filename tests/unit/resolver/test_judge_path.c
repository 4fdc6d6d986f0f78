/* SPDX-License-Identifier: MIT */
/* Where port 53 leads: what hits a rule, and what comes near and must not. */
#include "tests/unit/judge_cases.h"

/* ---- the path ---- */

static struct judge_path path_with(enum path_signal signal, const char *got, const char *due)
{
    struct judge_path p = {.n_signals = 1};
    struct judge_path_signal *s = &p.signals[0];
    *s = (struct judge_path_signal){
        .signal = signal, .target = address_of("8.8.8.8"), .operator= 1 };
    s->got[0] = s->got[1] = said_of(got);
    s->n_got = 2;
    s->due = said_of(due);
    return p;
}

static void expect_path(const struct judge_path *p, enum verdict verdict, enum rule rule)
{
    struct judgement got = judge_path(p);
    ck_assert_msg(got.verdict == verdict && got.rule == rule, "%s %s", verdict_word(got.verdict),
                  rule_word(got.rule));
}

static void add_signal(struct judge_path *p, const struct judge_path *other, unsigned operator)
{
    p->signals[p->n_signals] = other->signals[0];
    p->signals[p->n_signals++].operator= operator;
}

START_TEST(p9_two_kinds_of_signal_or_two_operators_prove_interception)
{
    struct judge_path p = path_with(SIGNAL_CHAOS, "NODATA", "SERVFAIL");
    expect_path(&p, VERDICT_PROBABLE, RULE_P9);
    struct judge_path again = path_with(SIGNAL_CHAOS, "REFUSED", "SERVFAIL");
    add_signal(&p, &again, 1); /* the same kind at the same operator */
    expect_path(&p, VERDICT_PROBABLE, RULE_P9);
    struct judge_path dnssec = path_with(SIGNAL_DNSSEC, "5.5.5.5", "SERVFAIL");
    add_signal(&p, &dnssec, 1);
    expect_path(&p, VERDICT_CONFIRMED, RULE_P9);
    p.signals[2].n_got = 1; /* met once */
    expect_path(&p, VERDICT_PROBABLE, RULE_P9);
    p.signals[2].n_got = 2;
    p.signals[2].got[1] = said_of("SERVFAIL"); /* gone when met again */
    expect_path(&p, VERDICT_PROBABLE, RULE_P9);
    p.signals[2].got[1] = said_of(""); /* lost */
    expect_path(&p, VERDICT_PROBABLE, RULE_P9);
    struct judge_path two = path_with(SIGNAL_CHAOS, "NODATA", "SERVFAIL");
    add_signal(&two, &again, 2);
    expect_path(&two, VERDICT_CONFIRMED, RULE_P9);
    two.network.changed_s = 1;
    expect_path(&two, VERDICT_NO_DATA, RULE_G2);
}
END_TEST

START_TEST(p9_each_signal_knows_what_is_odd_about_it)
{
    const struct {
        enum path_signal signal;
        const char *got, *due;
        bool odd;
    } rows[] = {
        {SIGNAL_CHAOS, "SERVFAIL", "SERVFAIL", false},
        {SIGNAL_CHAOS, "", "SERVFAIL", false},
        {SIGNAL_CHAOS, "REFUSED", "SERVFAIL", true},
        {SIGNAL_CHAOS, "REFUSED", "", false},
        {SIGNAL_DNSSEC, "1.1.1.9", "SERVFAIL", true},
        {SIGNAL_V6ONLY, "SERVFAIL", "NODATA", true},
        {SIGNAL_V6ONLY, "NODATA", "NODATA", false},
        {SIGNAL_NXDOMAIN, "1.2.3.9", "NXDOMAIN", true},
        {SIGNAL_NXDOMAIN, "NODATA", "NXDOMAIN", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct judge_path p = path_with(rows[i].signal, rows[i].got, rows[i].due);
        struct judgement got = judge_path(&p);
        ck_assert_msg((got.verdict == VERDICT_PROBABLE) == rows[i].odd, "row %zu: %s", i,
                      verdict_word(got.verdict));
    }
    struct judge_path whoami = path_with(SIGNAL_WHOAMI, "74.125.181.10", "74.125.0.1");
    struct judge_path_signal *s = &whoami.signals[0];
    s->due.asns[0] = 15169;
    s->due.n_asns = 1;
    expect_path(&whoami, VERDICT_CONSISTENT, RULE_P9); /* the AS is unknown */
    s->got[0].n_asns = s->got[1].n_asns = 1;
    s->got[0].asns[0] = s->got[1].asns[0] = 36040; /* the same owner */
    expect_path(&whoami, VERDICT_CONSISTENT, RULE_P9);
    s->got[0].asns[0] = s->got[1].asns[0] = 64500;
    expect_path(&whoami, VERDICT_PROBABLE, RULE_P9);

    struct judge_path id = path_with(SIGNAL_CHAOS, "NODATA", "NODATA");
    strcpy(id.signals[0].due_text, ".rrdns.pch.net");
    strcpy(id.signals[0].text[0], "res210.fra.rrdns.pch.net");
    strcpy(id.signals[0].text[1], "res211.fra.rrdns.pch.net");
    expect_path(&id, VERDICT_CONSISTENT, RULE_P9);
    strcpy(id.signals[0].text[0], "dnsmasq-2.76");
    strcpy(id.signals[0].text[1], "dnsmasq-2.76");
    expect_path(&id, VERDICT_PROBABLE, RULE_P9);
}
END_TEST

START_TEST(p9_two_operators_that_ask_from_one_network_are_one_interceptor)
{
    struct judge_path p = path_with(SIGNAL_WHOAMI, "62.1.1.1", "");
    struct judge_path other = path_with(SIGNAL_WHOAMI, "62.1.1.9", "");
    expect_path(&p, VERDICT_CONSISTENT, RULE_P9); /* nothing to compare with */
    add_signal(&p, &other, 1);                    /* the same operator's other address */
    expect_path(&p, VERDICT_CONSISTENT, RULE_P9);
    p.signals[1].operator= 0; /* whose it is is not known: perhaps the same operator's */
    expect_path(&p, VERDICT_CONSISTENT, RULE_P9);
    p.signals[1].operator= 2;
    expect_path(&p, VERDICT_CONFIRMED, RULE_P9);
    p.signals[0].n_got = p.signals[1].n_got = 1;
    expect_path(&p, VERDICT_PROBABLE, RULE_P9);
    p.signals[1].got[0] = said_of("74.125.1.1");
    expect_path(&p, VERDICT_CONSISTENT, RULE_P9);
}
END_TEST

START_TEST(p9_two_operators_whose_servers_have_one_name_are_one_interceptor)
{
    struct judge_path p = path_with(SIGNAL_CHAOS, "NODATA", "");
    add_signal(&p, &p, 2);
    expect_path(&p, VERDICT_CONSISTENT, RULE_P9); /* neither has a name */
    for (size_t i = 0; i < 2; i++) {
        strcpy(p.signals[i].text[0], "dnsmasq-2.76");
        strcpy(p.signals[i].text[1], "dnsmasq-2.76");
    }
    expect_path(&p, VERDICT_CONFIRMED, RULE_P9);
    strcpy(p.signals[1].text[1], "r1.fra"); /* the second time it was not so */
    strcpy(p.signals[0].text[1], "FRA");
    expect_path(&p, VERDICT_CONSISTENT, RULE_P9);
}
END_TEST

START_TEST(p9_weak_signals_alone_prove_nothing)
{
    struct judge_path p = path_with(SIGNAL_CASE, "1.1.1.9", "1.1.1.9");
    p.signals[0].got[0].case_lost = p.signals[0].got[1].case_lost = true;
    expect_path(&p, VERDICT_SUSPECTED, RULE_P9);
    struct judge_path tc = path_with(SIGNAL_TRUNCATION, "NODATA", "NODATA");
    tc.signals[0].due.truncated = true;
    add_signal(&p, &tc, 1);
    add_signal(&p, &tc, 2);
    expect_path(&p, VERDICT_SUSPECTED, RULE_P9);
}
END_TEST

START_TEST(p5_dns_from_an_address_where_none_can_be_is_interception)
{
    struct judge_path p = {.n_tries = 3};
    expect_path(&p, VERDICT_CONSISTENT, RULE_P5);
    p.tries[0] = (struct judge_path_try){address_of("192.0.2.1"), false, true};
    expect_path(&p, VERDICT_CONSISTENT, RULE_P5);
    p.tries[1] = (struct judge_path_try){address_of("198.51.100.1"), true, false};
    expect_path(&p, VERDICT_PROBABLE, RULE_P5);
    p.tries[2] = (struct judge_path_try){address_of("203.0.113.1"), true, true};
    expect_path(&p, VERDICT_CONFIRMED, RULE_P5);
    struct judge_path nothing = {0};
    expect_path(&nothing, VERDICT_NO_DATA, RULE_NONE);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        p9_two_kinds_of_signal_or_two_operators_prove_interception,
        p9_each_signal_knows_what_is_odd_about_it,
        p9_two_operators_that_ask_from_one_network_are_one_interceptor,
        p9_two_operators_whose_servers_have_one_name_are_one_interceptor,
        p9_weak_signals_alone_prove_nothing,
        p5_dns_from_an_address_where_none_can_be_is_interception,
    };
    return suite_run("judge_path", tests, sizeof tests / sizeof tests[0], NULL, NULL);
}
