/* SPDX-License-Identifier: MIT */
/* More than one reply to one question: an injector's, or a path's that sends things twice. */
#include "tests/unit/audit_world.h"
#include "tests/unit/suite.h"

START_TEST(a_second_different_reply_to_one_question_is_injection)
{
    add_fact("race.example.net", "62.1.1.1", "5.6.7.8");
    fact_of("race.example.net")->second = "5.6.7.8";
    start();
    pass(3);
    tell("race.example.net", "5.6.7.8");
    pass(120);
    ck_assert_uint_eq(world.n_alerts, 1);
    ck_assert_str_eq(world.alerts[0].verdict, "INJECTION");
    assert_says(world.alerts[0].message, "DNS hijack CONFIRMED (P4 injection)");
    assert_says(world.alerts[0].message,
                "says 62.1.1.1, and 5.6.7.8 in a second reply to the same question: "
                "somebody on the path answers, too");
    assert_says(world.alerts[0].message, "plain DNS cannot be trusted on this network");
    assert_says(world.alerts[0].fields, "REPLIES=2 5ms 25ms");
    assert_says(world.alerts[0].fields, "SECOND_ANSWERS=5.6.7.8\n");
}
END_TEST

static void begin_two_replies(const char *first, const char *second)
{
    add_fact("race.example.net", first, "5.6.7.8");
    fact_of("race.example.net")->second = second;
    world.homes[0] = (struct home){"62.1.1.1", 64500};
    world.homes[1] = (struct home){"62.2.2.2", 64501};
    world.homes[2] = (struct home){"5.6.7.8", 64502};
    start();
    pass(3);
    tell("race.example.net", "5.6.7.8");
    pass(120);
}

START_TEST(two_unknown_replies_are_injection_unless_the_path_sends_all_twice)
{
    world.doubles = true;
    begin_two_replies("62.1.1.1", "62.2.2.2");
    ck_assert_uint_eq(world.n_alerts, 0);
    ck_assert_uint_eq(counts().n_confirmed + counts().n_probable, 0);
    world.doubles = false;
    add_fact("again.example.net", "62.1.1.1", "5.6.7.8");
    fact_of("again.example.net")->second = "62.2.2.2";
    tell("again.example.net", "5.6.7.8");
    pass(120);
    ck_assert_uint_eq(world.n_alerts, 1);
    ck_assert_str_eq(world.alerts[0].verdict, "INJECTION");
}
END_TEST

START_TEST(a_bogon_in_one_of_two_replies_is_injection_though_the_path_sends_all_twice)
{
    world.doubles = true;
    begin_two_replies("10.10.34.36", "5.6.7.8");
    ck_assert_uint_eq(world.n_alerts, 1);
    assert_says(world.alerts[0].message, "10.10.34.36");
}
END_TEST

START_TEST(two_replies_where_tls_passes_at_both_are_no_injection)
{
    world.tls = true;
    add_stand("62.1.1.1", TLS_OK);
    add_stand("62.2.2.2", TLS_OK);
    add_stand("5.6.7.8", TLS_OK);
    begin_two_replies("62.1.1.1", "62.2.2.2");
    ck_assert_uint_eq(world.n_alerts, 0);
    ck_assert_uint_eq(counts().n_consistent, 1 + 1); /* and the probe */
    add_fact("again.example.net", "5.6.7.8", "5.6.7.8");
    fact_of("again.example.net")->second = "62.2.2.2";
    size_t before = world.n_proved;
    tell("again.example.net", "9.10.11.12");
    pass(120);
    ck_assert_uint_eq(world.n_alerts, 0);
    ck_assert_uint_le(world.n_proved - before, 2);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_second_different_reply_to_one_question_is_injection,
        two_unknown_replies_are_injection_unless_the_path_sends_all_twice,
        a_bogon_in_one_of_two_replies_is_injection_though_the_path_sends_all_twice,
        two_replies_where_tls_passes_at_both_are_no_injection,
    };
    return suite_run("audit_replies", tests, sizeof tests / sizeof tests[0], audit_world_set_up,
                     audit_world_tear_down);
}
