/* SPDX-License-Identifier: MIT */
#include "resolver/late.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FUNCTIONS(X) X(strlen) X(atoi)
#define LIBC         "libc.so.6"

struct functions {
    FUNCTIONS(LATE_MEMBER)
};

START_TEST(functions_stand_in_the_order_of_their_names)
{
    static const char *const names[] = {FUNCTIONS(LATE_NAME)};
    struct functions lib;
    ck_assert_int_eq(late_load(LIBC, names, 2, &lib), 0);
    ck_assert_uint_eq(lib.strlen("four"), 4);
    ck_assert_int_eq(lib.atoi("17"), 17);
}
END_TEST

START_TEST(library_that_is_not_installed_and_one_that_is_too_old_are_told_apart)
{
    static const char *const names[] = {"strlen", "no_such_function_anywhere"};
    struct functions lib;
    ck_assert_int_eq(late_load("libno-such-library.so.0", names, 1, &lib), -ENOENT);
    ck_assert_int_eq(late_load(LIBC, names, 2, &lib), -ENOSYS);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        functions_stand_in_the_order_of_their_names,
        library_that_is_not_installed_and_one_that_is_too_old_are_told_apart,
    };
    return suite_run("late", tests, sizeof tests / sizeof tests[0], NULL, NULL);
}
