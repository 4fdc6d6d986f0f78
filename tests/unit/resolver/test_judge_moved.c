/* SPDX-License-Identifier: MIT */
/* P1 and honest copies of what was: when may an address with another's certificate accuse? */
#include "tests/unit/judge_cases.h"

#define SECOND UINT64_C(1000000)

static struct judge_case moved(uint32_t first_ttl_s, uint32_t last_ttl_s, uint64_t apart_s)
{
    struct judge_case c = different();
    set_tls(&c, TLS_WRONG_NAME, TLS_OK);
    c.meetings[0].at_us = SECOND;
    c.meetings[1].at_us = SECOND + apart_s * SECOND;
    c.meetings[0].local.ttl_s = first_ttl_s;
    c.meetings[1].local.ttl_s = last_ttl_s;
    BOTH(c, meeting->controls[0].ttl_s = 60);
    return c;
}

static void expect_again(const struct judge_case *c, uint32_t again_s)
{
    expect(c, VERDICT_PROBABLE, RULE_P1, FINDING_HIJACK_REDIRECT);
    ck_assert_uint_eq(judge(c).again_s, again_s);
}

START_TEST(judge_waits_for_the_longest_life_that_any_party_tells)
{
    struct judge_case c = moved(250, 220, 30);
    expect_again(&c, 251);
    c = moved(20, 300, 30); /* of another cache, perhaps */
    expect_again(&c, 61);
    c = moved(20, 300, 62);
    expect(&c, VERDICT_CONFIRMED, RULE_P1, FINDING_HIJACK_REDIRECT);
    c = moved(300, 300, 1); /* too near to tell */
    expect_again(&c, 301);
    c = moved(300, 300, 2);
    expect(&c, VERDICT_CONFIRMED, RULE_P1, FINDING_HIJACK_REDIRECT);
    c = moved(30, 30, 40);
    expect_again(&c, 61);
}
END_TEST

START_TEST(judge_takes_what_history_knows_of_when_it_began)
{
    struct judge_case c = moved(250, 220, 30);
    c.history.given_s = 300;
    c.history.given_life_s = 300;
    expect_again(&c, 251);
    c.history.given_s = 301;
    expect(&c, VERDICT_CONFIRMED, RULE_P1, FINDING_HIJACK_REDIRECT);
}
END_TEST

START_TEST(sites_that_left_one_address_together_are_no_cluster_of_lies)
{
    struct judge_case c = moved(250, 220, 30);
    c.history.n_names = 9;
    expect(&c, VERDICT_PROBABLE, RULE_P1, FINDING_HIJACK_REDIRECT);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        judge_waits_for_the_longest_life_that_any_party_tells,
        judge_takes_what_history_knows_of_when_it_began,
        sites_that_left_one_address_together_are_no_cluster_of_lies,
    };
    return suite_run("judge_moved", tests, sizeof tests / sizeof tests[0], NULL, NULL);
}
