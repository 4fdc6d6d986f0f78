/* SPDX-License-Identifier: MIT */
/* Evidence of one name, put together in a line, for tests of the judge. */
#ifndef TESTS_UNIT_JUDGE_CASES_H
#define TESTS_UNIT_JUDGE_CASES_H

#include "resolver/audit/judge.h"

#include "tests/unit/said.h"
#include "tests/unit/suite.h"

__attribute__((unused)) static struct question question_for(const char *name, uint16_t type)
{
    struct question question = {.type = type, .class = CLASS_IN};
    ck_assert_int_eq(name_from_text(name, &question.name), 0);
    return question;
}

/* The local resolver says one thing and two controls another, at both meetings alike. */
__attribute__((unused)) static struct judge_case case_with(const char *local, const char *control)
{
    struct judge_case c = {.n_meetings = 2, .dns64 = {0}};
    c.question = question_for("www.example.net", strchr(control, ':') ? TYPE_AAAA : TYPE_A);
    c.negative.sibling.ede = c.told.ede = c.control_name.ede = c.v4.ede = EDE_NONE;
    for (size_t m = 0; m < 2; m++) {
        c.meetings[m].local = said_of(local);
        c.meetings[m].controls[0] = c.meetings[m].controls[1] = said_of(control);
        c.meetings[m].n_controls = 2;
    }
    return c;
}

__attribute__((unused)) static struct judge_case different(void)
{
    return case_with("5.5.5.5", "93.184.216.34");
}

#define BOTH(c, stmt)                                                                           \
    for (struct judge_meeting *meeting = (c).meetings; meeting < (c).meetings + 2; meeting++) { \
        stmt;                                                                                   \
    }

__attribute__((unused)) static void expect(const struct judge_case *c, enum verdict verdict,
                                           enum rule rule, enum finding finding)
{
    struct judgement got = judge(c);
    ck_assert_msg(got.verdict == verdict && got.rule == rule && got.finding == finding,
                  "%s %s %s, not %s %s %s", verdict_word(got.verdict), rule_word(got.rule),
                  finding_word(got.finding), verdict_word(verdict), rule_word(rule),
                  finding_word(finding));
}

__attribute__((unused)) static void sandwich(struct judge_case *c)
{
    c->sandwiched = true;
    c->control_name = said_of("93.184.216.99");
}

__attribute__((unused)) static void set_asns(struct judge_case *c, uint32_t local, uint32_t control)
{
    for (size_t m = 0; m < 2; m++) {
        c->meetings[m].local.asns[0] = local;
        c->meetings[m].local.n_asns = 1;
        for (size_t i = 0; i < 2; i++) {
            c->meetings[m].controls[i].asns[0] = control;
            c->meetings[m].controls[i].n_asns = 1;
        }
    }
}

__attribute__((unused)) static void set_tls(struct judge_case *c, enum tls_outcome local,
                                            enum tls_outcome control)
{
    for (size_t m = 0; m < 2; m++) {
        c->meetings[m].local.tls[0] = (uint8_t)local;
        c->meetings[m].controls[0].tls[0] = (uint8_t)control;
    }
}

__attribute__((unused)) static struct name name_of(const char *text)
{
    struct name name;
    ck_assert_int_eq(name_from_text(text, &name), 0);
    return name;
}

#endif
