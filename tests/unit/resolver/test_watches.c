/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/watches.h"
#include "tests/unit/fake_port.h"
#include "tests/unit/suite.h"

enum { FD = 7, OTHER = 8 };

static struct fake_port fake;
static struct watches watches;
static unsigned n_ready, last_events;
static int last_fd;

static void on_ready(void *ctx, int fd, unsigned events)
{
    (void)ctx;
    n_ready++;
    last_fd = fd;
    last_events = events;
}

static void set_up(void)
{
    n_ready = 0;
    fake_port_init(&fake, 1);
    watches_init(&watches, &fake.port, on_ready, NULL);
}

static void tear_down(void)
{
    watches_forget(&watches, FD);
    watches_forget(&watches, OTHER);
    watches_done(&watches);
    port_done(&fake.port);
}

START_TEST(what_is_wanted_is_heard_of)
{
    ck_assert_int_eq(watches_want(&watches, FD, PORT_READ), 0);
    ck_assert_int_eq(watches_want(&watches, OTHER, PORT_WRITE), 0);
    ck_assert(fake_port_ready(&fake, FD, PORT_READ));
    ck_assert_int_eq(last_fd, FD);
    ck_assert(!fake_port_ready(&fake, FD, PORT_WRITE));
    watches_want(&watches, FD, PORT_READ | PORT_WRITE);
    ck_assert(fake_port_ready(&fake, FD, PORT_WRITE));
    ck_assert_uint_eq(last_events, PORT_WRITE);
    ck_assert_uint_eq(n_ready, 2);
}
END_TEST

START_TEST(resting_descriptor_is_not_heard_of_and_tells_the_port_once)
{
    watches_want(&watches, FD, PORT_READ);
    watches_rest(&watches, FD);
    ck_assert(fake_port_ready(&fake, FD, PORT_READ));
    ck_assert(!fake_port_ready(&fake, FD, PORT_READ));
    ck_assert_uint_eq(n_ready, 0);
    watches_want(&watches, FD, PORT_READ);
    ck_assert(fake_port_ready(&fake, FD, PORT_READ));
    ck_assert_uint_eq(n_ready, 1);
}
END_TEST

START_TEST(resting_descriptor_does_not_wait_to_write)
{
    watches_want(&watches, FD, PORT_READ | PORT_WRITE);
    watches_rest(&watches, FD);
    ck_assert(!fake_port_ready(&fake, FD, PORT_WRITE));
}
END_TEST

START_TEST(number_that_was_closed_and_given_again_is_a_new_watch)
{
    watches_want(&watches, FD, PORT_READ);
    watches_rest(&watches, FD);
    watches_forget(&watches, FD);
    watches_forget(&watches, FD);
    ck_assert(!fake_port_ready(&fake, FD, PORT_READ));
    watches_want(&watches, FD, PORT_READ);
    ck_assert(fake_port_ready(&fake, FD, PORT_READ));
    ck_assert_uint_eq(n_ready, 1);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        what_is_wanted_is_heard_of,
        resting_descriptor_is_not_heard_of_and_tells_the_port_once,
        resting_descriptor_does_not_wait_to_write,
        number_that_was_closed_and_given_again_is_a_new_watch,
    };
    return suite_run("watches", tests, sizeof tests / sizeof tests[0], set_up, tear_down);
}
