/* SPDX-License-Identifier: MIT */
#include "config/units.h"
#include "tests/unit/suite.h"

#include <errno.h>

static uint64_t value;

START_TEST(durations_take_a_unit_and_nothing_else)
{
    static const struct {
        const char *text;
        int failure;
        uint64_t ms;
    } cases[] = {
        {"500ms", 0, 500},
        {"4s", 0, 4000},
        {"10m", 0, 600000},
        {"1h", 0, 3600000},
        {"1d", 0, 86400000},
        {"0s", 0, 0},
        {"4", -EDOM, 0},
        {"s", -EINVAL, 0},
        {"4 s", -EINVAL, 0},
        {"-4s", -EINVAL, 0},
        {"4S", -EINVAL, 0},
        {"", -EINVAL, 0},
        {"18446744073709551615d", -ERANGE, 0},
        {"99999999999999999999s", -ERANGE, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        value = 0;
        ck_assert_msg(units_read_duration(cases[i].text, &value) == cases[i].failure &&
                          value == cases[i].ms,
                      "%s", cases[i].text);
    }
}
END_TEST

START_TEST(sizes_are_powers_of_1024)
{
    ck_assert_int_eq(units_read_size("64MiB", &value), 0);
    ck_assert_uint_eq(value, 64 << 20);
    ck_assert_int_eq(units_read_size("4096", &value), 0);
    ck_assert_uint_eq(value, 4096);
    ck_assert_int_eq(units_read_size("3B", &value), 0);
    ck_assert_int_eq(units_read_size("64MB", &value), -EINVAL);
    ck_assert_int_eq(units_read_size("17179869184GiB", &value), -ERANGE);
}
END_TEST

START_TEST(modes_are_octal)
{
    ck_assert_int_eq(units_read_mode("0660", &value), 0);
    ck_assert_uint_eq(value, 0660);
    ck_assert_int_eq(units_read_mode("0o600", &value), 0);
    ck_assert_uint_eq(value, 0600);
    ck_assert_int_eq(units_read_mode("0680", &value), -EINVAL);
    ck_assert_int_eq(units_read_mode("1777", &value), -ERANGE);
}
END_TEST

START_TEST(fractions_lie_between_0_and_1)
{
    ck_assert_int_eq(units_read_fraction("0.05", &value), 0);
    ck_assert_uint_eq(value, 50000);
    ck_assert_int_eq(units_read_fraction("1", &value), 0);
    ck_assert_uint_eq(value, 1000000);
    ck_assert_int_eq(units_read_fraction("1.000001", &value), -ERANGE);
    ck_assert_int_eq(units_read_fraction("0,5", &value), -EINVAL);
    ck_assert_int_eq(units_read_fraction(".5", &value), -EINVAL);
}
END_TEST

START_TEST(printed_values_are_short_and_read_back)
{
    char text[UNITS_TEXT_MAX];
    ck_assert_str_eq(units_print_duration(86400000, text), "1d");
    ck_assert_str_eq(units_print_duration(90000, text), "90s");
    ck_assert_str_eq(units_print_duration(1500, text), "1500ms");
    ck_assert_str_eq(units_print_duration(0, text), "0s");
    ck_assert_str_eq(units_print_size(64 << 20, text), "64MiB");
    for (uint64_t bytes = 1; bytes < 5000000; bytes = bytes * 3 + 1) {
        ck_assert_int_eq(units_read_size(units_print_size(bytes, text), &value), 0);
        ck_assert_uint_eq(value, bytes);
    }
}
END_TEST

START_TEST(distance_counts_slips_of_the_hand)
{
    ck_assert_uint_eq(units_distance("listen", "listen"), 0);
    ck_assert_uint_eq(units_distance("lisetn", "listen"), 1);
    ck_assert_uint_eq(units_distance("listn", "listen"), 1);
    ck_assert_uint_eq(units_distance("providres", "providers"), 1);
    ck_assert_uint_eq(units_distance("", "abc"), 3);
    ck_assert_uint_gt(
        units_distance("a very long word that is longer than sixty-three letters, indeed", "a"),
        10);
}
END_TEST

START_TEST(the_nearest_is_the_first_of_the_fewest_changes_and_none_is_three_away)
{
    static const char *const words[] = {"listener", "list", "listing", "lisden", "listed"};
    unsigned distance = UNITS_FAR;
    ck_assert(units_is_nearer("listen", words[0], &distance) && distance == 2);
    ck_assert(!units_is_nearer("listen", words[1], &distance) && distance == 2);
    ck_assert(!units_is_nearer("listen", words[2], &distance) && distance == 2);
    ck_assert(units_is_nearer("listen", words[3], &distance) && distance == 1);
    ck_assert(!units_is_nearer("listen", words[4], &distance) && distance == 1);
    distance = UNITS_FAR;
    ck_assert(!units_is_nearer("listen", "lis", &distance) && distance == UNITS_FAR);
    ck_assert(!units_is_nearer("listen", "providers", &distance) && distance == UNITS_FAR);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        durations_take_a_unit_and_nothing_else,
        sizes_are_powers_of_1024,
        modes_are_octal,
        fractions_lie_between_0_and_1,
        printed_values_are_short_and_read_back,
        distance_counts_slips_of_the_hand,
        the_nearest_is_the_first_of_the_fewest_changes_and_none_is_three_away,
    };
    return suite_run("units", tests, sizeof tests / sizeof tests[0], NULL, NULL);
}
