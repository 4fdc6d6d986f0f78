/* SPDX-License-Identifier: MIT */
/* Local resolvers that lead back to us, and whose turn it is among them. */
#include "resolver/audit/turn.h"
#include "tests/unit/audit_world.h"
#include "tests/unit/suite.h"

static const char *const both[] = {"127.0.0.1:5300", "192.0.2.54"};

START_TEST(a_stub_of_this_machine_that_leads_back_to_us_is_not_asked_any_more)
{
    world.servers[0] = both[0];
    world.loop_server = both[0];
    start();
    pass(60);
    ck_assert_uint_eq(world.n_loops_told, 1);
    ck_assert_str_eq(world.loop_told, both[0]);
    ck_assert_uint_eq(world.n_asked, 1);
    tell("news.example.net", "5.6.7.8");
    pass(60);
    ck_assert_uint_eq(world.n_asked, 1);
    ck_assert_uint_eq(counts().n_checked, 0);
}
END_TEST

START_TEST(the_next_local_resolver_is_asked_in_its_place)
{
    world.servers[0] = both[0];
    world.servers[1] = both[1];
    world.params.n_servers = 2;
    world.loop_server = both[0];
    start();
    pass(5);
    ck_assert_uint_eq(world.n_loops_told, 1);
    tell("news.example.net", "5.6.7.8");
    pass(60);
    ck_assert_uint_eq(world.n_alerts, 1);
    assert_says(world.alerts[0].message, "local resolver 192.0.2.54 says 10.0.0.1");
}
END_TEST

START_TEST(it_is_looked_at_again_within_the_hour_and_told_of_once)
{
    world.servers[0] = both[0];
    world.loop_server = both[0];
    start();
    pass(2 * 3600 + 60);
    ck_assert_uint_eq(world.n_asked, 3);
    ck_assert_uint_eq(world.n_loops_told, 1);
    world.loop_server = NULL;
    pass(3600);
    ck_assert_uint_eq(counts().n_consistent, 1); /* the probe */
}
END_TEST

/* Whoever lies could send back what it is asked, so as not to be looked at. */
START_TEST(another_host_that_leads_back_to_us_is_told_of_and_goes_on_being_checked)
{
    world.loop_server = world.servers[0];
    start();
    pass(3);
    ck_assert_uint_eq(world.n_loops_told, 1);
    tell("news.example.net", "5.6.7.8");
    pass(60);
    ck_assert_uint_eq(world.n_alerts, 1);
}
END_TEST

START_TEST(an_address_of_an_interface_is_this_machine_too)
{
    world.own_address = "192.0.2.53";
    world.loop_server = world.servers[0];
    start();
    pass(60);
    ck_assert_uint_eq(world.n_loops_told, 1);
    ck_assert_uint_eq(world.n_asked, 1);
}
END_TEST

START_TEST(other_names_of_clients_are_no_echo)
{
    start();
    struct question question = question_for("qwertyuiopasdfghjklz.example.com", TYPE_A);
    audit_hear(world.audit, &question);
    question = question_for("example.com", TYPE_A);
    audit_hear(world.audit, &question);
    pass(60);
    ck_assert_uint_eq(world.n_loops_told, 0);
    ck_assert_uint_eq(counts().n_consistent, 1);
}
END_TEST

START_TEST(turns_go_round_and_pass_over_those_that_are_left_out)
{
    static const char *const three[] = {"192.0.2.1", "192.0.2.2", "192.0.2.3"};
    struct turn turn;
    turn_set(&turn, three, 3);
    ck_assert_str_eq(turn_now(&turn), three[0]);
    turn_pass(&turn, three[1]); /* not its turn */
    ck_assert_str_eq(turn_now(&turn), three[0]);
    turn_leave_out(&turn, three[1]);
    ck_assert_str_eq(turn_now(&turn), three[0]);
    turn_pass(&turn, three[0]);
    ck_assert_str_eq(turn_now(&turn), three[2]);
    turn_leave_out(&turn, three[2]);
    turn_leave_out(&turn, three[0]);
    ck_assert_ptr_null(turn_now(&turn));
    turn_forgive(&turn);
    ck_assert_ptr_nonnull(turn_now(&turn));
    turn_set(&turn, three, 0);
    ck_assert_ptr_null(turn_now(&turn));
    turn_pass(&turn, three[0]);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_stub_of_this_machine_that_leads_back_to_us_is_not_asked_any_more,
        the_next_local_resolver_is_asked_in_its_place,
        it_is_looked_at_again_within_the_hour_and_told_of_once,
        another_host_that_leads_back_to_us_is_told_of_and_goes_on_being_checked,
        an_address_of_an_interface_is_this_machine_too,
        other_names_of_clients_are_no_echo,
        turns_go_round_and_pass_over_those_that_are_left_out,
    };
    return suite_run("audit_loop", tests, sizeof tests / sizeof tests[0], audit_world_set_up,
                     audit_world_tear_down);
}
