/* SPDX-License-Identifier: MIT */
#include "resolver/jsonv.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <stdlib.h>

static const struct jsonv_limits limits = {
    .max_bytes = 1000, .max_depth = 4, .max_string_bytes = 20, .max_members = 5};

static struct jsonv *read_text(const char *text)
{
    struct jsonv *value = NULL;
    int failure = jsonv_read(bytes_of(text, strlen(text)), &limits, &value, NULL);
    ck_assert(failure == (value != NULL ? 0 : -EINVAL));
    return value;
}

START_TEST(values_are_read_as_what_they_are)
{
    int64_t integer;
    double real;
    bool yes;
    owned(jsonv_freep) struct jsonv *v =
        read_text("{\"a\":[1,2.5,\"x\",true,null],\"b\":{\"c\":-9}}");
    const struct jsonv *a = jsonv_member(v, "a");
    ck_assert_uint_eq(jsonv_count(a), 5);
    ck_assert(jsonv_integer(jsonv_element(a, 0), &integer) && integer == 1);
    ck_assert(jsonv_real(jsonv_element(a, 1), &real) && real > 2.4 && real < 2.6);
    ck_assert_str_eq(jsonv_string(jsonv_element(a, 2)), "x");
    ck_assert(jsonv_bool(jsonv_element(a, 3), &yes) && yes);
    ck_assert(jsonv_kind(jsonv_element(a, 4)) == JSONV_NULL);
    ck_assert(jsonv_integer(jsonv_member(jsonv_member(v, "b"), "c"), &integer) && integer == -9);
    ck_assert(!jsonv_integer(jsonv_element(a, 1), &integer));
}
END_TEST

START_TEST(what_is_not_there_is_not_there_however_deep)
{
    int64_t integer;
    owned(jsonv_freep) struct jsonv *v = read_text("{\"a\":1}");
    ck_assert_ptr_null(jsonv_member(jsonv_element(jsonv_member(v, "x"), 3), "y"));
    ck_assert_ptr_null(jsonv_string(jsonv_member(v, "a")));
    ck_assert(!jsonv_integer(jsonv_member(v, "x"), &integer));
    ck_assert_uint_eq(jsonv_count(jsonv_member(v, "a")), 0);
    ck_assert_uint_eq(jsonv_count(NULL), 0);
}
END_TEST

START_TEST(members_are_walked_in_their_order)
{
    const char *key;
    const struct jsonv *value;
    owned(jsonv_freep) struct jsonv *v = read_text("{\"z\":1,\"a\":2}");
    struct jsonv_walk walk = jsonv_walk(v);
    ck_assert(jsonv_next(&walk, &key, &value));
    ck_assert_str_eq(key, "z");
    ck_assert(jsonv_next(&walk, &key, &value));
    ck_assert_str_eq(key, "a");
    ck_assert(!jsonv_next(&walk, &key, &value));
}
END_TEST

START_TEST(h13_what_is_no_json_or_goes_beyond_a_limit_is_refused)
{
    static const char *const bad[] = {
        "",
        "{",
        "[1,]",
        "{\"a\":1,\"a\":2}",
        "{\"a\":1} x",
        "[\"\xff\"]",
        "[[[[[1]]]]]",
        "[1,2,3,4,5,6]",
        "[\"a string of 21 octets\"]",
        "{\"a key that is too long\":1}",
        "[123456789012345678901234567890]",
        "[01]",
        "['a']",
        "[NaN]",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_msg(read_text(bad[i]) == NULL, "%s", bad[i]);
    }
    char many[2000];
    memset(many, ' ', sizeof many);
    struct jsonv *value;
    ck_assert_int_eq(jsonv_read(bytes_of(many, sizeof many), &limits, &value, NULL), -EINVAL);
}
END_TEST

START_TEST(nul_behind_a_value_is_not_its_end)
{
    struct jsonv *value = NULL;
    ck_assert_int_eq(jsonv_read(bytes_of("123\0", 4), &limits, &value, NULL), -EINVAL);
    ck_assert_int_eq(jsonv_read(bytes_of("[]\0x", 4), &limits, &value, NULL), -EINVAL);
}
END_TEST

START_TEST(a_hundred_thousand_brackets_do_not_recurse)
{
    struct jsonv_limits wide = limits;
    wide.max_bytes = 1000000;
    char *many = malloc(100000);
    memset(many, '[', 100000);
    struct jsonv *value;
    char why[JSONV_WHY_MAX];
    ck_assert_int_eq(jsonv_read(bytes_of(many, 100000), &wide, &value, why), -EINVAL);
    ck_assert_ptr_nonnull(strstr(why, "nested"));
    free(many);
}
END_TEST

START_TEST(brackets_and_quotes_inside_strings_do_not_count)
{
    jsonv_free(read_text("[\"[[[[[[\", \"\\\"[[[[[\", \"\\\\\"]"));
    owned(jsonv_freep) struct jsonv *v = read_text("[\"[[[[[[\", \"\\\"[[[[[\", \"\\\\\"]");
    ck_assert_uint_eq(jsonv_count(v), 3);
}
END_TEST

START_TEST(a_string_with_a_nul_is_no_text)
{
    owned(jsonv_freep) struct jsonv *v = read_text("[\"a\\u0000b\"]");
    ck_assert_ptr_nonnull(v);
    ck_assert_ptr_null(jsonv_string(jsonv_element(v, 0)));
}
END_TEST

START_TEST(what_is_built_reads_back)
{
    struct jsonv_builder *b = jsonv_build();
    jsonv_put_string(b, "name", "a \"quoted\" word");
    jsonv_put_integer(b, "n", INT64_MAX);
    jsonv_begin_array(b, "list");
    jsonv_put_bool(b, NULL, false);
    jsonv_begin_object(b, NULL);
    jsonv_put_null(b, "nothing");
    jsonv_end(b);
    jsonv_put_bytes(b, NULL, bytes_of("\xff", 1));
    jsonv_end(b);
    char *text = jsonv_finish(b, false);
    ck_assert_str_eq(text, "{\"name\":\"a \\\"quoted\\\" word\",\"n\":9223372036854775807,"
                           "\"list\":[false,{\"nothing\":null},null]}");
    jsonv_free(read_text(text));
    free(text);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        values_are_read_as_what_they_are,
        what_is_not_there_is_not_there_however_deep,
        members_are_walked_in_their_order,
        h13_what_is_no_json_or_goes_beyond_a_limit_is_refused,
        nul_behind_a_value_is_not_its_end,
        a_hundred_thousand_brackets_do_not_recurse,
        brackets_and_quotes_inside_strings_do_not_count,
        a_string_with_a_nul_is_no_text,
        what_is_built_reads_back,
    };
    return suite_run("jsonv", tests, sizeof tests / sizeof tests[0], NULL, NULL);
}
