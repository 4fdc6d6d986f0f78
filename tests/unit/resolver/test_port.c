/* SPDX-License-Identifier: MIT */
#include "tests/unit/fake_port.h"
#include "tests/unit/suite.h"

#include <stdlib.h>

enum { N_TIMERS = 1000 };

struct alarm {
    struct port_timer timer; /* first */
    unsigned n_fired;
    uint64_t fired_us;
};

static struct fake_port fake;

static void set_up(void)
{
    fake_port_init(&fake, 11);
}

static void tear_down(void)
{
    port_done(&fake.port);
}

static void on_fire(struct port_timer *timer)
{
    struct alarm *alarm = (struct alarm *)timer;
    alarm->n_fired++;
    alarm->fired_us = port_now_us(&fake.port);
}

START_TEST(timers_fire_in_order_of_time_each_at_its_own)
{
    static struct alarm alarms[N_TIMERS];
    uint64_t began_us = port_now_us(&fake.port);
    memset(alarms, 0, sizeof alarms);
    for (size_t i = 0; i < N_TIMERS; i++) {
        alarms[i].timer.on_fire = on_fire;
        uint64_t at_us = began_us + 1 + port_random_below(&fake.port, 5000);
        ck_assert_int_eq(port_timer_start(&fake.port, &alarms[i].timer, at_us), 0);
    }
    fake_port_advance(&fake, 5001);
    for (size_t i = 0; i < N_TIMERS; i++) {
        ck_assert_uint_eq(alarms[i].n_fired, 1);
        ck_assert_uint_eq(alarms[i].fired_us, alarms[i].timer.at_us);
    }
}
END_TEST

START_TEST(stopped_timer_does_not_fire_and_moved_one_fires_at_its_new_time)
{
    struct alarm stopped = {.timer.on_fire = on_fire}, moved = {.timer.on_fire = on_fire};
    uint64_t began_us = port_now_us(&fake.port);
    port_timer_start(&fake.port, &stopped.timer, began_us + 10);
    port_timer_start(&fake.port, &moved.timer, began_us + 10);
    port_timer_stop(&fake.port, &stopped.timer);
    port_timer_stop(&fake.port, &stopped.timer);
    port_timer_start(&fake.port, &moved.timer, began_us + 500);
    fake_port_advance(&fake, 499);
    ck_assert_uint_eq(moved.n_fired, 0);
    fake_port_advance(&fake, 1);
    ck_assert_uint_eq(moved.n_fired, 1);
    ck_assert_uint_eq(stopped.n_fired, 0);
}
END_TEST

static void start_again(struct port_timer *timer)
{
    on_fire(timer);
    if (((struct alarm *)timer)->n_fired < 5) {
        port_timer_start(&fake.port, timer, port_now_us(&fake.port) + 100);
    }
}

START_TEST(timer_may_start_itself_while_it_fires)
{
    struct alarm alarm = {.timer.on_fire = start_again};
    port_timer_start(&fake.port, &alarm.timer, port_now_us(&fake.port) + 100);
    fake_port_advance(&fake, 10000);
    ck_assert_uint_eq(alarm.n_fired, 5);
}
END_TEST

static struct alarm *victim;

static void stop_the_other(struct port_timer *timer)
{
    on_fire(timer);
    port_timer_stop(&fake.port, &victim->timer);
}

START_TEST(timer_may_stop_another_that_is_due_at_the_same_time)
{
    struct alarm first = {.timer.on_fire = stop_the_other}, second = {.timer.on_fire = on_fire};
    uint64_t at_us = port_now_us(&fake.port) + 100;
    victim = &second;
    port_timer_start(&fake.port, &first.timer, at_us);
    port_timer_start(&fake.port, &second.timer, at_us + 1);
    fake_port_advance(&fake, 1000);
    ck_assert_uint_eq(first.n_fired, 1);
    ck_assert_uint_eq(second.n_fired, 0);
}
END_TEST

START_TEST(any_mix_of_starts_and_stops_fires_what_runs_and_nothing_else)
{
    static struct alarm alarms[N_TIMERS];
    static bool running[N_TIMERS];
    memset(alarms, 0, sizeof alarms);
    memset(running, 0, sizeof running);
    uint64_t began_us = port_now_us(&fake.port);
    for (int i = 0; i < 20000; i++) {
        uint32_t k = port_random_below(&fake.port, N_TIMERS);
        alarms[k].timer.on_fire = on_fire;
        running[k] = port_random_below(&fake.port, 3) > 0;
        if (running[k]) {
            uint32_t wait_us = port_random_below(&fake.port, 100000);
            port_timer_start(&fake.port, &alarms[k].timer, began_us + 1 + wait_us);
        } else {
            port_timer_stop(&fake.port, &alarms[k].timer);
        }
    }
    fake_port_advance(&fake, 100001);
    for (size_t i = 0; i < N_TIMERS; i++) {
        ck_assert_uint_eq(alarms[i].n_fired, running[i]);
    }
}
END_TEST

START_TEST(dice_stay_below_and_reach_everything)
{
    unsigned seen[7] = {0};
    for (int i = 0; i < 7000; i++) {
        uint32_t n = port_random_below(&fake.port, 7);
        ck_assert_uint_lt(n, 7);
        seen[n]++;
    }
    for (int i = 0; i < 7; i++) {
        ck_assert_uint_gt(seen[i], 800);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        timers_fire_in_order_of_time_each_at_its_own,
        stopped_timer_does_not_fire_and_moved_one_fires_at_its_new_time,
        timer_may_start_itself_while_it_fires,
        timer_may_stop_another_that_is_due_at_the_same_time,
        any_mix_of_starts_and_stops_fires_what_runs_and_nothing_else,
        dice_stay_below_and_reach_everything,
    };
    return suite_run("port", tests, sizeof tests / sizeof tests[0], set_up, tear_down);
}
