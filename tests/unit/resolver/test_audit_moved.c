/* SPDX-License-Identifier: MIT */
/* A site that moves: for as long as its TTL an honest cache leads to where it was, and somebody
 * else may be there by now. Only when no copy can be left is it a lie. */
#include "tests/unit/audit_world.h"
#include "tests/unit/suite.h"

#include <stdio.h>

enum { TTL_S = 300 };

/* The name is at 5.6.7.8 now; at 62.1.1.1, where it was, somebody else shows his certificate. */
static void set_up(void)
{
    audit_world_set_up();
    world.tls = true;
    world.stands[0] = (struct stand){"62.1.1.1", TLS_WRONG_NAME};
    world.stands[1] = (struct stand){"5.6.7.8", TLS_OK};
    add_fact("bank.example.net", "62.1.1.1", "5.6.7.8");
    start();
    pass(3);
}

static void set_copy(uint64_t life_s)
{
    fact_of("bank.example.net")->local_until_us = world.clock.now_us + life_s * SECOND;
}

START_TEST(site_that_moved_within_its_ttl_is_not_named)
{
    set_copy(TTL_S - 20);
    tell("bank.example.net", "5.6.7.8");
    pass(TTL_S - 30);
    ck_assert_uint_eq(world.n_alerts, 0);
    ck_assert_uint_ge(times_asked("bank.example.net."), 2);
    pass(600);
    ck_assert_uint_eq(world.n_alerts, 0);
    ck_assert_uint_eq(counts().n_confirmed + counts().n_probable, 0);
    ck_assert_uint_eq(counts().n_consistent, 1 + 1); /* and the probe */
}
END_TEST

START_TEST(who_leads_there_still_when_no_copy_can_be_left_is_named)
{
    set_copy(TTL_S - 20);
    tell("bank.example.net", "5.6.7.8");
    pass(60);
    ck_assert_uint_eq(world.n_alerts, 0);
    set_copy(100000); /* its TTL ran down, and it says the same again */
    pass(TTL_S);
    ck_assert_uint_eq(n_alerts_of("detect"), 1);
    assert_says(world.alerts[0].message, "CONFIRMED (P1 redirect): bank.example.net A");
}
END_TEST

START_TEST(ttl_that_does_not_run_down_is_no_copys)
{
    tell("bank.example.net", "5.6.7.8");
    pass(60);
    ck_assert_uint_eq(n_alerts_of("detect"), 1);
}
END_TEST

START_TEST(ttl_of_answers_kept_past_their_time_is_no_sign_of_a_new_one)
{
    fact_of("bank.example.net")->local_ttl_s = 30;
    tell("bank.example.net", "5.6.7.8");
    pass(60);
    ck_assert_uint_eq(world.n_alerts, 0);
    pass(TTL_S);
    ck_assert_uint_eq(n_alerts_of("detect"), 1);
}
END_TEST

START_TEST(copy_of_hours_is_remembered_and_its_end_is_proof_at_a_later_visit)
{
    set_copy(7200);
    tell("bank.example.net", "5.6.7.8");
    pass(3600);
    ck_assert_uint_eq(counts().n_probable, 1); /* not held open for so long */
    tell("bank.example.net", "5.6.7.8");
    pass(3500);
    ck_assert_uint_eq(world.n_alerts, 0);
    set_copy(100000);
    pass(600);
    tell("bank.example.net", "5.6.7.8");
    pass(60);
    ck_assert_uint_eq(n_alerts_of("detect"), 1);
}
END_TEST

START_TEST(no_more_than_a_few_cases_wait_for_copies_to_be_gone)
{
    static char names[8][24];
    for (unsigned i = 0; i < 8; i++) {
        snprintf(names[i], sizeof names[i], "www.shop%u.org", i);
        add_fact(names[i], "62.1.1.1", "5.6.7.8");
        fact_of(names[i])->local_until_us = world.clock.now_us + 290 * SECOND;
        tell(names[i], "5.6.7.8");
        pass(15);
    }
    pass(100);
    ck_assert_uint_eq(counts().n_probable, 4); /* the others wait */
    ck_assert_uint_eq(world.n_alerts, 0);
    pass(600);
    ck_assert_uint_eq(world.n_alerts, 0);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        site_that_moved_within_its_ttl_is_not_named,
        who_leads_there_still_when_no_copy_can_be_left_is_named,
        ttl_that_does_not_run_down_is_no_copys,
        ttl_of_answers_kept_past_their_time_is_no_sign_of_a_new_one,
        copy_of_hours_is_remembered_and_its_end_is_proof_at_a_later_visit,
        no_more_than_a_few_cases_wait_for_copies_to_be_gone,
    };
    return suite_run("audit_moved", tests, sizeof tests / sizeof tests[0], set_up,
                     audit_world_tear_down);
}
