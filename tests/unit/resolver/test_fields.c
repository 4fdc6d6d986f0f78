/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/fields.h"
#include "tests/unit/suite.h"

static struct bytes value(const char *line, const char *name)
{
    return fields_value(bytes_of(line, strlen(line)), name);
}

static uint32_t seconds(const char *text)
{
    return fields_seconds(bytes_of(text, strlen(text)));
}

START_TEST(value_is_found_by_name_case_aside_and_trimmed)
{
    ck_assert(bytes_equal(value("Age: 12\r\n", "age"), bytes_of("12", 2)));
    ck_assert(bytes_equal(value("aGE:\t 12 \t\r\n", "Age"), bytes_of("12", 2)));
    ck_assert(bytes_equal(value("age:12", "age"), bytes_of("12", 2)));
    ck_assert_uint_eq(value("age:\r\n", "age").n, 0);
}
END_TEST

START_TEST(other_fields_and_broken_lines_have_no_value)
{
    static const char *const lines[] = {"agent: 12", "ag: 12", "age", "", "HTTP/2 200", "age : 12"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        ck_assert_ptr_null(value(lines[i], "age").at);
    }
}
END_TEST

START_TEST(seconds_are_digits_and_nothing_else)
{
    ck_assert_uint_eq(seconds("0"), 0);
    ck_assert_uint_eq(seconds("300"), 300);
    ck_assert_uint_eq(seconds("2147483648"), UINT32_C(1) << 31);
    ck_assert_uint_eq(seconds("99999999999999999999999999"), UINT32_C(1) << 31);
    ck_assert_uint_eq(seconds("-1"), 0);
    ck_assert_uint_eq(seconds("12, 13"), 0);
    ck_assert_uint_eq(seconds(""), 0);
}
END_TEST

static uint32_t age(const char *text)
{
    return fields_age(bytes_of(text, strlen(text)));
}

/* RFC 9111 section 5.1. */
START_TEST(h4_age_is_the_first_of_several_and_no_age_when_it_is_no_number)
{
    ck_assert_uint_eq(age("250"), 250);
    ck_assert_uint_eq(age("100, 299"), 100);
    ck_assert_uint_eq(age("100 ,x"), 100);
    ck_assert_uint_eq(age("2147483649"), UINT32_C(1) << 31);
    static const char *const none[] = {"", ",", "x, 100", "-1", "+1", "1.5", "1 2", "0x10", "1e3"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        ck_assert_uint_eq(age(none[i]), 0);
    }
}
END_TEST

static long max_age(const char *text)
{
    uint32_t s;
    return fields_max_age(bytes_of(text, strlen(text)), &s) ? (long)s : -1;
}

START_TEST(h4_max_age_is_found_among_directives)
{
    ck_assert_int_eq(max_age("max-age=300"), 300);
    ck_assert_int_eq(max_age("private, Max-Age = 60 , no-transform"), 60);
    ck_assert_int_eq(max_age("max-age=\"7\""), 7);
    ck_assert_int_eq(max_age("max-age=0"), 0);
    ck_assert_int_eq(max_age("max-age=300,max-age=20"), 20);
    ck_assert_int_eq(max_age("max-age=99999999999"), 1L << 31);
    static const char *const none[] = {
        "",         ",",         "max-age",    "max-age=", "max-age=-1", "s-maxage=3",
        "no-store", "max-age=x", "xmax-age=1", "=",        ",=,"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        ck_assert_int_eq(max_age(none[i]), -1);
    }
}
END_TEST

static int64_t date(const char *text)
{
    return fields_date(bytes_of(text, strlen(text)));
}

START_TEST(date_is_an_imf_fixdate_and_nothing_else)
{
    ck_assert_int_eq(date("Sun, 06 Nov 1994 08:49:37 GMT"), 784111777);
    ck_assert_int_eq(date("Tue, 24 Nov 2026 18:41:51 GMT"), 1795545711);
    ck_assert_int_eq(date("Sunday, 06-Nov-94 08:49:37 GMT"), 0);
    ck_assert_int_eq(date("Sun, 06 Nov 1994 08:49:37 CET"), 0);
    ck_assert_int_eq(date("Sun, 06 Nov 1994 08:49:3x GMT"), 0);
    ck_assert_int_eq(date(""), 0);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        value_is_found_by_name_case_aside_and_trimmed,
        other_fields_and_broken_lines_have_no_value,
        seconds_are_digits_and_nothing_else,
        h4_age_is_the_first_of_several_and_no_age_when_it_is_no_number,
        h4_max_age_is_found_among_directives,
        date_is_an_imf_fixdate_and_nothing_else,
    };
    return suite_run("fields", tests, sizeof tests / sizeof tests[0], NULL, NULL);
}
