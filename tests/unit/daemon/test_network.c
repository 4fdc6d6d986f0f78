/* SPDX-License-Identifier: MIT */
#include "daemon/network.h"
#include "tests/unit/suite.h"

/* Two clocks, one of which stands still during suspend, and who is told what they say. */
static struct {
    uv_loop_t loop;
    struct network network;
    int64_t asleep_ms;
    uint64_t fingerprint;
    unsigned n_slept, n_changed;
} world;

static int64_t asleep_ms(void *ctx)
{
    ck_assert_ptr_eq(ctx, &world);
    return world.asleep_ms;
}

static uint64_t fingerprint(void *ctx)
{
    ck_assert_ptr_eq(ctx, &world);
    return world.fingerprint;
}

static void on_change(void *ctx, bool slept)
{
    ck_assert_ptr_eq(ctx, &world);
    world.n_slept += slept;
    world.n_changed += !slept;
}

static void set_up(void)
{
    struct network_params params = {
        .on_change = on_change, .asleep_ms = asleep_ms, .fingerprint = fingerprint, .ctx = &world};
    world.asleep_ms = 86400000; /* it was asleep before we came: that is no news */
    world.n_slept = world.n_changed = 0;
    ck_assert_int_eq(uv_loop_init(&world.loop), 0);
    network_open(&world.network, &world.loop, &params);
}

static void tear_down(void)
{
    network_close(&world.network);
    uv_run(&world.loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&world.loop), 0);
}

START_TEST(clocks_that_were_apart_from_the_start_say_nothing)
{
    for (unsigned i = 0; i < 3; i++) {
        network_look(&world.network);
    }
    ck_assert_uint_eq(world.n_slept + world.n_changed, 0);
}
END_TEST

START_TEST(clocks_that_come_apart_by_a_second_mean_sleep_and_are_told_once)
{
    world.asleep_ms += NETWORK_ASLEEP_MS;
    network_look(&world.network);
    network_look(&world.network);
    ck_assert_uint_eq(world.n_slept, 1);
    world.asleep_ms += 8 * 3600 * 1000;
    network_look(&world.network);
    ck_assert_uint_eq(world.n_slept, 2);
    ck_assert_uint_eq(world.n_changed, 0);
}
END_TEST

START_TEST(moments_between_the_reading_of_two_clocks_are_no_sleep)
{
    for (unsigned i = 0; i < 100; i++) {
        world.asleep_ms += i % 2 == 0 ? NETWORK_ASLEEP_MS - 1 : 1 - NETWORK_ASLEEP_MS;
        network_look(&world.network);
    }
    ck_assert_uint_eq(world.n_slept + world.n_changed, 0);
}
END_TEST

START_TEST(another_network_is_told_once_and_is_no_sleep)
{
    world.fingerprint++;
    network_look(&world.network);
    network_look(&world.network);
    ck_assert_uint_eq(world.n_changed, 1);
    ck_assert_uint_eq(world.n_slept, 0);
}
END_TEST

START_TEST(sleep_is_seen_without_the_kernel_saying_anything)
{
    /* As on_look() does by itself each NETWORK_LOOK_MS. A timer that came once would leave the
     * loop waiting for the kernel when it was due before the loop ran. */
    uv_timer_start(&world.network.look, world.network.look.timer_cb, 1, 1);
    world.asleep_ms += 2 * NETWORK_ASLEEP_MS;
    while (world.n_slept == 0) {
        uv_run(&world.loop, UV_RUN_ONCE);
    }
    ck_assert_uint_eq(world.n_slept, 1);
}
END_TEST

START_TEST(machines_own_clocks_are_looked_at_when_no_others_are_given)
{
    struct network own;
    struct network_params params = {.on_change = on_change, .ctx = &world};
    network_open(&own, &world.loop, &params);
    network_look(&own);
    ck_assert_uint_eq(world.n_slept, 0);
    network_close(&own);
    uv_run(&world.loop, UV_RUN_NOWAIT);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        clocks_that_were_apart_from_the_start_say_nothing,
        clocks_that_come_apart_by_a_second_mean_sleep_and_are_told_once,
        moments_between_the_reading_of_two_clocks_are_no_sleep,
        another_network_is_told_once_and_is_no_sleep,
        sleep_is_seen_without_the_kernel_saying_anything,
        machines_own_clocks_are_looked_at_when_no_others_are_given,
    };
    return suite_run("network", tests, sizeof tests / sizeof tests[0], set_up, tear_down);
}
