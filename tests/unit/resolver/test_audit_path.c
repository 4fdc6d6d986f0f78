/* SPDX-License-Identifier: MIT */
/* Where port 53 leads: addresses where no DNS can be, public resolvers, portals. */
#include "tests/unit/audit_world.h"
#include "tests/unit/suite.h"

#include <stdlib.h>

START_TEST(an_answer_from_where_no_dns_can_be_is_interception)
{
    world.n_intercepted = 2;
    start();
    pass(10);
    ck_assert_uint_eq(world.n_alerts, 1);
    ck_assert_str_eq(world.alerts[0].verdict, "PATH_INTERCEPTED");
    assert_says(world.alerts[0].message, "DNS hijack CONFIRMED (P5 interception): a DNS question "
                                         "sent to 192.0.2.1");
    assert_says(world.alerts[0].message, "2 of 3 such addresses");
    assert_says(world.alerts[0].fields, "FAMILIES=path\n");
    world.n_intercepted = 0;
    pass(4000);
    ck_assert_uint_eq(n_alerts_of("clear"), 1);
}
END_TEST

START_TEST(one_odd_answer_from_nowhere_is_no_proof)
{
    world.n_intercepted = 1;
    start();
    pass(7 * 3600);
    ck_assert_uint_eq(world.n_alerts, 0);
    ck_assert_uint_ge(world.n_nowhere_asked, 6);
}
END_TEST

static size_t n_kept(void)
{
    struct ledger_record records[8];
    size_t n = ledger_records(world.ledger, records, 8);
    for (size_t i = 0; i < n; i++) {
        free(records[i].evidence);
    }
    return n;
}

static const char *const publics[] = {"8.8.8.8", "1.1.1.1"};

/* Google's and Cloudflare's resolvers are asked who they are, and say so. */
static void set_publics(const char *whoami[2], const char *id[2])
{
    world.params.public_servers = publics;
    world.params.n_public_servers = 2;
    for (size_t i = 0; i < 2; i++) {
        world.publics[i] = (struct public_resolver){publics[i], whoami[i], id[i]};
    }
}

START_TEST(two_public_resolvers_that_ask_from_one_address_are_interception_when_met_twice)
{
    set_publics((const char *[]){"62.1.1.1", "62.1.1.1"}, (const char *[]){NULL, NULL});
    start();
    pass(10);
    ck_assert_uint_eq(world.n_alerts, 0);
    pass(40);
    ck_assert_uint_eq(world.n_alerts, 1);
    ck_assert_str_eq(world.alerts[0].verdict, "PATH_INTERCEPTED");
    assert_says(world.alerts[0].message, "DNS hijack CONFIRMED (P9 interception): what is sent to "
                                         "public resolvers on port 53 is answered by somebody "
                                         "else: asked who it is, 8.8.8.8 says \"62.1.1.1\"");
    assert_says(world.alerts[0].fields, "FAMILIES=path\n");
    ck_assert_uint_eq(world.n_public_asked, 8);
    set_publics((const char *[]){"74.125.1.1", "172.68.1.1"}, (const char *[]){NULL, "FRA"});
    pass(4000);
    ck_assert_uint_eq(n_alerts_of("clear"), 1);
}
END_TEST

START_TEST(public_resolvers_that_are_who_they_should_be_are_asked_once_in_six_hours)
{
    set_publics((const char *[]){"74.125.1.1", "172.68.1.1"}, (const char *[]){NULL, "FRA"});
    start();
    pass(5 * 3600);
    ck_assert_uint_eq(world.n_public_asked, 4);
    pass(2 * 3600);
    ck_assert_uint_eq(world.n_public_asked, 8);
    ck_assert_uint_eq(world.n_alerts, 0);
    ck_assert_uint_eq(n_kept(), 0);
}
END_TEST

START_TEST(a_name_that_its_operator_does_not_use_is_no_proof_without_a_second_signal)
{
    static const unsigned operators[] = {2, 3}; /* Cloudflare's and Quad9's witness */
    world.params.control_operators = operators;
    world.id_over_https = "FRA";
    set_publics((const char *[]){"74.125.1.1", "172.68.1.1"}, (const char *[]){NULL, "AMS"});
    start();
    pass(60);
    ck_assert_uint_eq(n_kept(), 0); /* another place of the same operator */
    world.id_over_https = "res1.fra.rrdns.pch.net";
    set_publics((const char *[]){"74.125.1.1", "172.68.1.1"},
                (const char *[]){NULL, "dnsmasq-2.8"});
    pass(7 * 3600);
    ck_assert_uint_eq(n_kept(), 1);
    ck_assert_uint_eq(world.n_alerts, 0);
}
END_TEST

START_TEST(an_answer_with_our_own_address_is_no_evidence)
{
    set_publics((const char *[]){"192.168.1.7", "192.168.1.7"}, (const char *[]){NULL, NULL});
    start();
    pass(60);
    ck_assert_uint_eq(world.n_alerts, 0);
    ck_assert_uint_eq(n_kept(), 0);
}
END_TEST

START_TEST(without_path_probe_no_public_resolver_is_asked)
{
    set_publics((const char *[]){"62.1.1.1", "62.1.1.1"}, (const char *[]){NULL, NULL});
    world.params.path_probe = AUDIT_PATH_NO;
    start();
    pass(7 * 3600);
    ck_assert_uint_eq(world.n_public_asked, 0);
    ck_assert_uint_eq(world.n_alerts, 0);
}
END_TEST

/* Google is a witness too, and asks from its own network there. */
static void ask_google(const char *whoami, const char *id)
{
    static const unsigned operators[] = {1, 3};
    world.params.control_operators = operators;
    world.homes[0] = (struct home){"74.125.1.1", 15169};
    world.homes[1] = (struct home){"62.1.1.1", 64500};
    world.homes[2] = (struct home){"172.68.1.1", 13335};
    world.whoami_over_https = "74.125.1.1";
    world.id_over_https = "dns1.google.example";
    set_publics((const char *[]){whoami, "172.68.1.1"}, (const char *[]){id, NULL});
    start();
    pass(60);
}

/* The others are left alone: no two operators have anything in common. */
START_TEST(interception_of_one_operator_is_proved_by_what_it_says_of_both_over_https)
{
    ask_google("62.1.1.1", "dnsmasq-2.8");
    ck_assert_uint_eq(world.n_alerts, 1);
    assert_says(world.alerts[0].message, "DNS hijack CONFIRMED (P9 interception)");
}
END_TEST

START_TEST(another_network_alone_is_one_signal_and_no_proof)
{
    ask_google("62.1.1.1", "dns7.google.example");
    ck_assert_uint_eq(world.n_alerts, 0);
    ck_assert_uint_eq(n_kept(), 1);
}
END_TEST

START_TEST(an_operator_that_says_the_same_on_both_ways_is_who_it_is)
{
    ask_google("74.125.1.1", "dns7.google.example");
    ck_assert_uint_eq(n_kept(), 0);
}
END_TEST

static void meet_private_address_behind_own_filter(const char *public_server)
{
    set_publics((const char *[]){NULL, NULL}, (const char *[]){NULL, NULL});
    world.params.filters = AUDIT_FILTERS_YES;
    world.public_server = public_server;
    start();
    pass(3);
    tell("news.example.net", "5.6.7.8");
    pass(120);
}

START_TEST(the_same_private_address_from_a_public_resolver_is_not_the_users_filter)
{
    meet_private_address_behind_own_filter(NULL);
    ck_assert_uint_eq(world.n_alerts, 1);
    ck_assert_str_eq(world.alerts[0].verdict, "HIJACK_BOGON");
}
END_TEST

START_TEST(a_private_address_that_no_public_resolver_gives_may_be_the_users_filter)
{
    meet_private_address_behind_own_filter("8.8.8.8");
    ck_assert_uint_eq(world.n_alerts, 0);
    ck_assert_uint_eq(counts().n_probable, 1);
}
END_TEST

/* Its silence says nothing; the next one says the bogon too. */
START_TEST(where_one_public_resolver_is_silent_the_next_is_asked)
{
    world.dead_server = publics[0];
    meet_private_address_behind_own_filter(NULL);
    ck_assert_uint_eq(world.n_alerts, 1);
    ck_assert_str_eq(world.alerts[0].verdict, "HIJACK_BOGON");
}
END_TEST

START_TEST(where_no_public_resolver_answers_it_may_be_the_users_filter)
{
    static const char *const dead[] = {"8.8.8.8"};
    world.dead_server = dead[0];
    set_publics((const char *[]){NULL, NULL}, (const char *[]){NULL, NULL});
    world.params.n_public_servers = 1;
    world.params.filters = AUDIT_FILTERS_YES;
    start();
    pass(3);
    tell("news.example.net", "5.6.7.8");
    pass(120);
    ck_assert_uint_eq(world.n_alerts, 0);
    ck_assert_uint_eq(counts().n_probable, 1);
}
END_TEST

/* Before one has logged in: one address for all. */
START_TEST(while_a_portal_answers_for_everything_no_name_is_asked_and_it_is_told_once)
{
    world.captive = "10.0.0.1";
    world.tls = true;
    start();
    pass(5);
    ck_assert_uint_eq(world.n_states_told, 1);
    ck_assert_str_eq(world.state_told, "CAPTIVE");
    tell("news.example.net", "5.6.7.8");
    pass(600);
    ck_assert_uint_eq(times_asked("news.example.net."), 0);
    ck_assert_uint_eq(world.n_states_told, 1);
    world.captive = NULL;
    pass(120); /* it was looked at again every minute or so */
    tell("news.example.net", "5.6.7.8");
    pass(60);
    ck_assert_uint_eq(n_alerts_of("detect"), 1);
}
END_TEST

START_TEST(a_portal_is_looked_at_every_minute_however_long_nothing_was_answered_before)
{
    world.dead_server = world.servers[0];
    start();
    pass(2 * 3600);
    world.dead_server = NULL;
    world.captive = "10.0.0.1";
    for (unsigned i = 0; i < 300 && strcmp(world.state_told, "CAPTIVE") != 0; i++) {
        pass(60);
    }
    ck_assert_str_eq(world.state_told, "CAPTIVE");
    size_t n_before = world.n_asked;
    pass(600);
    ck_assert_uint_ge(world.n_asked, n_before + 5);
}
END_TEST

START_TEST(a_resolver_that_answers_nothing_is_told_once)
{
    world.dead_server = world.servers[0];
    start();
    pass(2 * 3600);
    ck_assert_uint_eq(world.n_states_told, 1);
    ck_assert_str_eq(world.state_told, "ISP_RESOLVER_UNUSABLE");
    ck_assert_uint_eq(world.n_alerts, 0);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        an_answer_from_where_no_dns_can_be_is_interception,
        one_odd_answer_from_nowhere_is_no_proof,
        two_public_resolvers_that_ask_from_one_address_are_interception_when_met_twice,
        public_resolvers_that_are_who_they_should_be_are_asked_once_in_six_hours,
        a_name_that_its_operator_does_not_use_is_no_proof_without_a_second_signal,
        an_answer_with_our_own_address_is_no_evidence,
        without_path_probe_no_public_resolver_is_asked,
        interception_of_one_operator_is_proved_by_what_it_says_of_both_over_https,
        another_network_alone_is_one_signal_and_no_proof,
        an_operator_that_says_the_same_on_both_ways_is_who_it_is,
        the_same_private_address_from_a_public_resolver_is_not_the_users_filter,
        a_private_address_that_no_public_resolver_gives_may_be_the_users_filter,
        where_one_public_resolver_is_silent_the_next_is_asked,
        where_no_public_resolver_answers_it_may_be_the_users_filter,
        while_a_portal_answers_for_everything_no_name_is_asked_and_it_is_told_once,
        a_portal_is_looked_at_every_minute_however_long_nothing_was_answered_before,
        a_resolver_that_answers_nothing_is_told_once,
    };
    return suite_run("audit_path", tests, sizeof tests / sizeof tests[0], audit_world_set_up,
                     audit_world_tear_down);
}
