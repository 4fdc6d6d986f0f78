/* SPDX-License-Identifier: MIT */
#include "daemon/loop.h"
#include "tests/unit/suite.h"

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static time_t slept_s;

/* In place of the C library's: the machine has been asleep for slept_s. */
int clock_gettime(clockid_t clock, struct timespec *now)
{
    int failure = (int)syscall(SYS_clock_gettime, clock, now);
    now->tv_sec += clock == CLOCK_BOOTTIME ? slept_s : 0;
    return failure;
}

static struct {
    struct loop loop;
    struct port_timer far, near;
    unsigned n_far, n_near;
} world;

static void on_far(struct port_timer *timer)
{
    ck_assert_ptr_eq(timer, &world.far);
    world.n_far++;
}

static void on_near(struct port_timer *timer)
{
    ck_assert_ptr_eq(timer, &world.near);
    world.n_near++;
}

static void set_up(void)
{
    memset(&world, 0, sizeof world);
    slept_s = 0;
    world.far.on_fire = on_far;
    world.near.on_fire = on_near;
    ck_assert_int_eq(loop_init(&world.loop), 0);
}

static void tear_down(void)
{
    port_timer_stop(&world.loop.port, &world.far);
    port_timer_stop(&world.loop.port, &world.near);
    loop_done(&world.loop);
}

static void start_in_ms(struct port_timer *timer, uint64_t ms)
{
    struct port *port = &world.loop.port;
    ck_assert_int_eq(port_timer_start(port, timer, port_now_us(port) + ms * 1000), 0);
}

START_TEST(timers_fire_in_order_each_once)
{
    start_in_ms(&world.far, 20);
    start_in_ms(&world.near, 5);
    while (world.n_near == 0) {
        uv_run(&world.loop.uv, UV_RUN_ONCE);
    }
    ck_assert_uint_eq(world.n_far, 0);
    while (world.n_far == 0) {
        uv_run(&world.loop.uv, UV_RUN_ONCE);
    }
    ck_assert_uint_eq(world.n_near, 1);
}
END_TEST

START_TEST(timers_that_came_due_in_sleep_fire_at_the_first_event_after_it)
{
    start_in_ms(&world.far, 3600 * 1000);
    uv_run(&world.loop.uv, UV_RUN_NOWAIT);
    slept_s = 8 * 3600;
    loop_tick(&world.loop); /* as every event does */
    uv_run(&world.loop.uv, UV_RUN_ONCE);
    ck_assert_uint_eq(world.n_far, 1);
}
END_TEST

START_TEST(timers_set_after_sleep_do_not_wait_for_one_that_was_set_before)
{
    start_in_ms(&world.far, 3600 * 1000);
    uv_run(&world.loop.uv, UV_RUN_NOWAIT);
    slept_s = 8 * 3600;
    loop_tick(&world.loop);
    start_in_ms(&world.near, 5);
    while (world.n_near == 0) {
        uv_run(&world.loop.uv, UV_RUN_ONCE);
    }
    ck_assert_uint_eq(world.n_far, 1);
}
END_TEST

START_TEST(short_sleep_leaves_timers_as_they_are)
{
    start_in_ms(&world.far, 3600 * 1000);
    slept_s = 600;
    loop_tick(&world.loop);
    ck_assert_int_ne(uv_run(&world.loop.uv, UV_RUN_NOWAIT), 0);
    ck_assert_uint_eq(world.n_far, 0);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        timers_fire_in_order_each_once,
        timers_that_came_due_in_sleep_fire_at_the_first_event_after_it,
        timers_set_after_sleep_do_not_wait_for_one_that_was_set_before,
        short_sleep_leaves_timers_as_they_are,
    };
    return suite_run("loop", tests, sizeof tests / sizeof tests[0], set_up, tear_down);
}
