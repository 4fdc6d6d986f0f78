/* SPDX-License-Identifier: MIT */
#include "tests/unit/audit_world.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <stdio.h>

START_TEST(a_bogon_raises_one_alert_that_reads_alone)
{
    start();
    tell("news.example.net", "5.6.7.8");
    pass(20);
    ck_assert_uint_eq(world.n_alerts, 0);
    pass(20);
    ck_assert_uint_eq(world.n_alerts, 1);
    const struct told_alert *alert = &world.alerts[0];
    ck_assert_ptr_eq(strstr(alert->message, "DNS hijack CONFIRMED (P2 bogon)"), alert->message);
    assert_says(alert->message, "news.example.net A");
    assert_says(alert->message, "local resolver 192.0.2.53 says 10.0.0.1");
    assert_says(alert->message, "HTTPS (2 of 2 providers) says 5.6.7.8 5.6.7.9");
    assert_says(alert->message, "met twice over 30 s");
    ck_assert_ptr_null(strchr(alert->message, '\n'));
    ck_assert_str_eq(alert->verdict, "HIJACK_BOGON");
    ck_assert_uint_eq(strspn(alert->message_id, "0123456789abcdef"), 32);
    ck_assert_uint_eq(strlen(alert->message_id), 32);
    assert_says(alert->fields, "VERDICT=HIJACK_BOGON\n");
    assert_says(alert->fields, "RULE=P2\n");
    assert_says(alert->fields, "QNAME=news.example.net\n");
    assert_says(alert->fields, "QTYPE=A\n");
    assert_says(alert->fields, "ISP_RESOLVER=192.0.2.53\n");
    assert_says(alert->fields, "ISP_ANSWERS=10.0.0.1\n");
    assert_says(alert->fields, "CONTROL_ANSWERS=5.6.7.8 5.6.7.9\n");
    assert_says(alert->fields, "ARTEFACT=10.0.0.1\n");
    ck_assert_uint_eq(counts().n_confirmed, 1);
}
END_TEST

START_TEST(a_hijack_that_goes_on_is_told_once_and_summed_up_ever_more_rarely)
{
    start();
    for (unsigned i = 0; i < 200; i++) {
        tell("news.example.net", "5.6.7.8");
        pass(60);
    }
    ck_assert_uint_eq(n_alerts_of("detect"), 1);
    ck_assert_uint_eq(n_alerts_of("repeat"), 2); /* after 10 minutes and an hour */
    ck_assert_uint_eq(world.n_alerts, 3);
    assert_says(world.alerts[1].message,
                "DNS hijack GOES ON (P2 bogon): local resolver 192.0.2.53");
    assert_says(world.alerts[1].message, "for news.example.net");
    ck_assert_uint_gt(counts().n_confirmed, 5);
}
END_TEST

START_TEST(one_forged_address_for_many_names_is_one_alert)
{
    add_fact("other.example.org", "10.0.0.1", "7.7.7.7");
    add_fact("third.example.org", "10.0.0.2", "7.7.7.8");
    start();
    tell("news.example.net", "5.6.7.8");
    tell("other.example.org", "7.7.7.7");
    pass(60);
    ck_assert_uint_eq(world.n_alerts, 1);
    tell("third.example.org", "7.7.7.8");
    pass(60);
    ck_assert_uint_eq(world.n_alerts, 2);
}
END_TEST

START_TEST(a_bogon_that_is_gone_when_asked_again_raises_no_alert)
{
    world.elsewise = "5.6.7.8";
    start();
    tell("news.example.net", "5.6.7.8");
    pass(120);
    ck_assert_uint_eq(world.n_alerts, 0);
    ck_assert_uint_eq(times_asked("news.example.net."), 3); /* once more for a second reply */
}
END_TEST

START_TEST(answers_that_agree_cost_one_local_question_and_no_other)
{
    start();
    tell("honest.example.net", "5.6.7.8");
    pass(1);
    ck_assert_uint_eq(times_asked("honest.example.net."), 1);
    ck_assert_uint_eq(world.n_control_asked, 0);
    ck_assert_uint_eq(counts().n_consistent, 1);
}
END_TEST

START_TEST(answers_that_merely_differ_raise_no_alert)
{
    start();
    tell("cdn.example.net", "9.10.11.12");
    pass(600);
    ck_assert_uint_eq(world.n_alerts, 0);
    ck_assert_uint_eq(counts().n_inconclusive, 1);
}
END_TEST

START_TEST(a_name_is_not_checked_again_while_its_verdict_stands)
{
    start();
    for (unsigned i = 0; i < 100; i++) {
        tell("honest.example.net", "5.6.7.8");
        pass(30);
    }
    ck_assert_uint_eq(times_asked("honest.example.net."), 1);
    pass(3600);
    tell("honest.example.net", "5.6.7.8");
    pass(30);
    ck_assert_uint_eq(times_asked("honest.example.net."), 2);
}
END_TEST

START_TEST(a_local_resolver_at_a_private_address_may_be_the_users_own_filter)
{
    world.servers[0] = "192.168.1.1:53";
    start();
    tell("news.example.net", "5.6.7.8");
    pass(120);
    ck_assert_uint_eq(world.n_alerts, 0);
    ck_assert_uint_eq(counts().n_probable, 1);
}
END_TEST

START_TEST(unless_the_configuration_says_that_it_does_not_filter)
{
    world.servers[0] = "127.0.0.1:5353";
    world.params.filters = AUDIT_FILTERS_NO;
    start();
    tell("news.example.net", "5.6.7.8");
    pass(120);
    ck_assert_uint_eq(world.n_alerts, 1);
}
END_TEST

START_TEST(one_provider_alone_convicts_nobody)
{
    world.params.n_controls = 1;
    world.rewrite = "62.138.238.45";
    start();
    tell("news.example.net", "5.6.7.8");
    pass(600);
    ck_assert_uint_eq(world.n_alerts, 0);
    ck_assert_uint_eq(counts().n_probable, 2);
}
END_TEST

START_TEST(dead_providers_convict_nobody)
{
    world.controls_dead = true;
    world.rewrite = "62.138.238.45";
    start();
    tell("news.example.net", "5.6.7.8");
    pass(600);
    ck_assert_uint_eq(world.n_alerts, 0);
}
END_TEST

START_TEST(a_local_resolver_that_fails_the_control_name_is_not_judged)
{
    world.facts[0].local = "SERVFAIL";
    start();
    tell("news.example.net", "5.6.7.8");
    pass(120);
    ck_assert_uint_eq(world.n_alerts, 0);
    ck_assert_uint_eq(counts().n_probable, 0);
}
END_TEST

START_TEST(a_captive_portal_raises_no_alert)
{
    world.captive = "10.0.0.1";
    start();
    tell("news.example.net", "5.6.7.8");
    tell("honest.example.net", "5.6.7.8");
    pass(600);
    ck_assert_uint_eq(world.n_alerts, 0);
}
END_TEST

START_TEST(a_case_costs_the_local_resolver_four_questions_at_most)
{
    start();
    pass(10); /* the probe at the start is over */
    size_t before = world.n_asked;
    tell("news.example.net", "5.6.7.8");
    pass(120);
    ck_assert_uint_eq(world.n_alerts, 1);
    ck_assert_uint_le(world.n_asked - before, 4);
}
END_TEST

START_TEST(a_silent_local_resolver_ends_the_case_and_gives_way_to_the_next)
{
    world.params.n_servers = 2;
    world.dead_server = "192.0.2.53";
    start();
    tell("honest.example.net", "5.6.7.8");
    pass(10);
    ck_assert_uint_eq(counts().n_consistent, 0);
    tell("news.example.net", "5.6.7.8");
    pass(120);
    ck_assert_uint_eq(world.n_alerts, 1);
    assert_says(world.alerts[0].message, "192.0.2.54");
}
END_TEST

START_TEST(a_failing_door_ends_the_case)
{
    world.plain->failure = -EBUSY;
    start();
    tell("news.example.net", "5.6.7.8");
    pass(120);
    ck_assert_uint_eq(world.n_alerts, 0);
    ck_assert_uint_gt(counts().n_checked, 0);
}
END_TEST

START_TEST(rewritten_nxdomain_is_told_once_for_ever)
{
    world.rewrite = "62.138.238.45 62.138.239.45";
    start();
    pass(3);
    ck_assert_uint_eq(world.n_alerts, 0);
    pass(60);
    ck_assert_uint_eq(world.n_alerts, 1);
    const struct told_alert *alert = &world.alerts[0];
    ck_assert_ptr_eq(strstr(alert->message, "DNS hijack CONFIRMED (P3 NXDOMAIN rewrite)"),
                     alert->message);
    assert_says(alert->message, "192.0.2.53 says 62.138.238.45 62.138.239.45");
    assert_says(alert->message, "6 of 6 random names");
    assert_says(alert->message, "HTTPS (2 of 2 providers) says NXDOMAIN");
    assert_says(alert->fields, "RULE=P3\n");
    assert_says(alert->fields, "CONTROL_RCODE=NXDOMAIN\n");
    ck_assert_str_eq(alert->verdict, "NXDOMAIN_REWRITE");
    for (unsigned day = 0; day < 3; day++) {
        fake_port_advance(&world.clock, 24 * HOUR);
        world.n_asked = 0;
    }
    ck_assert_uint_eq(n_alerts_of("detect"), 1);
    ck_assert_uint_eq(n_alerts_of("repeat"), world.n_alerts - 1);
    ck_assert_uint_le(n_alerts_of("repeat"), 5); /* 10 minutes, an hour, three days */
    ck_assert_uint_gt(counts().n_confirmed, 8);
}
END_TEST

START_TEST(an_honest_resolver_is_probed_every_six_hours_without_alert)
{
    world.params.mode = AUDIT_WATCHLIST;
    start();
    fake_port_advance(&world.clock, 24 * HOUR);
    ck_assert_uint_eq(world.n_alerts, 0);
    ck_assert_uint_eq(world.n_control_asked, 0);
    size_t n_probes = times_asked("example.com.");
    ck_assert_uint_ge(n_probes, 4);
    ck_assert_uint_le(n_probes, 6);
    ck_assert_uint_eq(world.n_asked, 5 * n_probes);
}
END_TEST

START_TEST(a_rewritten_name_of_a_client_is_reason_to_probe_at_once)
{
    start();
    pass(3600);
    world.rewrite = "62.138.238.45";
    tell("no-such-name.example.net", "NXDOMAIN");
    pass(60);
    ck_assert_uint_eq(world.n_alerts, 1);
    ck_assert_str_eq(world.alerts[0].verdict, "NXDOMAIN_REWRITE");
}
END_TEST

START_TEST(an_undecided_probe_is_tried_again)
{
    world.controls_dead = true;
    world.rewrite = "62.138.238.45";
    start();
    pass(30);
    ck_assert_uint_eq(world.n_alerts, 0);
    world.controls_dead = false;
    pass(180);
    ck_assert_uint_eq(world.n_alerts, 1);
}
END_TEST

static void move_to(const char *const *servers, size_t n)
{
    struct audit_place place = {.network = "elsewhere", .servers = servers, .n_servers = n};
    audit_set_place(world.audit, &place);
}

START_TEST(a_change_of_network_gives_up_what_is_under_way_and_waits_until_it_settled)
{
    world.servers[1] = "198.51.100.53";
    start();
    pass(3);
    tell("news.example.net", "5.6.7.8");
    pass(1); /* met once, resting */
    size_t n_before = times_asked("news.example.net.");
    ck_assert_uint_eq(n_before, 2); /* once more for a second reply */
    move_to(&world.servers[1], 1);
    tell("cdn.example.net", "9.10.11.12");
    pass(AUDIT_SETTLE_S - 1);
    ck_assert_uint_eq(times_asked("cdn.example.net."), 0);
    ck_assert_uint_eq(times_asked("news.example.net."), n_before);
    pass(2);
    tell("news.example.net", "5.6.7.8");
    pass(60);
    ck_assert_uint_eq(world.n_alerts, 1);
    assert_says(world.alerts[0].message, "198.51.100.53");
}
END_TEST

START_TEST(a_local_resolver_that_appears_later_is_probed_then)
{
    world.params.n_servers = 0;
    world.rewrite = "62.138.238.45";
    start();
    pass(600);
    ck_assert_uint_eq(world.n_asked, 0);
    move_to(world.servers, 1);
    pass(120);
    ck_assert_uint_eq(world.n_alerts, 1);
    ck_assert_str_eq(world.alerts[0].verdict, "NXDOMAIN_REWRITE");
    move_to(NULL, 0);
    size_t n_before = world.n_asked;
    tell("news.example.net", "5.6.7.8");
    pass(7 * 3600);
    ck_assert_uint_eq(world.n_asked, n_before);
}
END_TEST

START_TEST(a_lie_that_ends_is_told_to_be_over_once)
{
    world.elsewise = NULL;
    start();
    tell("news.example.net", "5.6.7.8");
    pass(120);
    ck_assert_uint_eq(n_alerts_of("detect"), 1);
    /* Nobody asks for it any more: the auditor itself looks whether it goes on. */
    world.elsewise = "5.6.7.8";
    pass(400);
    ck_assert_uint_eq(n_alerts_of("clear"), 0);
    pass(3000);
    ck_assert_uint_eq(n_alerts_of("clear"), 1);
    const struct told_alert *alert = &world.alerts[world.n_alerts - 1];
    assert_says(alert->message, "DNS hijack CLEARED (P2 bogon): local resolver 192.0.2.53");
    assert_says(alert->message, "for news.example.net");
    size_t n = world.n_alerts;
    pass(24 * 3600);
    ck_assert_uint_eq(world.n_alerts, n);
}
END_TEST

START_TEST(what_was_alerted_outlives_the_auditor)
{
    start();
    tell("news.example.net", "5.6.7.8");
    pass(60);
    ck_assert_uint_eq(n_alerts_of("detect"), 1);
    audit_free(world.audit);
    start(); /* as after a reload */
    pass(3);
    tell("news.example.net", "5.6.7.8");
    pass(60);
    ck_assert_uint_eq(n_alerts_of("detect"), 1);
    ck_assert_uint_eq(counts().n_confirmed, 1);
}
END_TEST

START_TEST(alerts_carry_the_network_the_witnesses_and_the_times)
{
    static const char *const names[] = {"one", "two"};
    world.params.network = "0123456789abcdef";
    world.params.interface = "eth0";
    world.params.control_names = names;
    start();
    tell("news.example.net", "5.6.7.8");
    pass(60);
    const char *fields = world.alerts[0].fields;
    assert_says(fields, "SCHEMA=1\nEVENT=detect\n");
    assert_says(fields, "NETWORK_ID=0123456789abcdef\n");
    assert_says(fields, "IFACE=eth0\n");
    assert_says(fields, "CONTROL=one two\n");
    assert_says(fields, "FAMILIES=message\n");
    assert_says(fields, "FIRST_SEEN=18000");
    assert_says(fields, "COUNT=1\n");
    assert_says(fields, "TRANSPORT=udp\n");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_bogon_raises_one_alert_that_reads_alone,
        a_hijack_that_goes_on_is_told_once_and_summed_up_ever_more_rarely,
        one_forged_address_for_many_names_is_one_alert,
        a_bogon_that_is_gone_when_asked_again_raises_no_alert,
        answers_that_agree_cost_one_local_question_and_no_other,
        answers_that_merely_differ_raise_no_alert,
        a_name_is_not_checked_again_while_its_verdict_stands,
        a_local_resolver_at_a_private_address_may_be_the_users_own_filter,
        unless_the_configuration_says_that_it_does_not_filter,
        one_provider_alone_convicts_nobody,
        dead_providers_convict_nobody,
        a_local_resolver_that_fails_the_control_name_is_not_judged,
        a_captive_portal_raises_no_alert,
        a_case_costs_the_local_resolver_four_questions_at_most,
        a_silent_local_resolver_ends_the_case_and_gives_way_to_the_next,
        a_failing_door_ends_the_case,
        rewritten_nxdomain_is_told_once_for_ever,
        an_honest_resolver_is_probed_every_six_hours_without_alert,
        a_rewritten_name_of_a_client_is_reason_to_probe_at_once,
        an_undecided_probe_is_tried_again,
        a_change_of_network_gives_up_what_is_under_way_and_waits_until_it_settled,
        a_local_resolver_that_appears_later_is_probed_then,
        a_lie_that_ends_is_told_to_be_over_once,
        what_was_alerted_outlives_the_auditor,
        alerts_carry_the_network_the_witnesses_and_the_times,
    };
    return suite_run("audit", tests, sizeof tests / sizeof tests[0], audit_world_set_up,
                     audit_world_tear_down);
}
