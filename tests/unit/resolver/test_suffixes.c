/* SPDX-License-Identifier: MIT */
#include "resolver/policy/suffixes.h"
#include "tests/unit/suite.h"

#include <stdio.h>

static const uint8_t secret[16] = {7, 1, 2};
static struct suffixes_draft draft;
static struct suffixes *set;
static struct suffix_match matches[SUFFIXES_MATCHES_MAX];

static void set_up(void)
{
    suffixes_begin(&draft, secret);
    set = NULL;
}

static void tear_down(void)
{
    set = suffixes_free(set);
    suffixes_drop(&draft);
}

static struct name name_of(const char *text)
{
    struct name name;
    ck_assert_int_eq(name_from_text(text, &name), 0);
    name_lower(&name);
    return name;
}

static void add_as(const char *text, enum suffix_reach reach, unsigned class, unsigned value)
{
    struct name name = name_of(text);
    struct suffix_entry entry = {.reach = reach, .class = class, .value = value};
    ck_assert_int_eq(suffixes_add(&draft, &name, &entry), 0);
}

static void add(const char *text, enum suffix_reach reach, unsigned value)
{
    add_as(text, reach, 0, value);
}

static void make(void)
{
    ck_assert_int_eq(suffixes_make(&draft, &set), 0);
}

static size_t find(const char *text)
{
    struct name name = name_of(text);
    return suffixes_find(set, &name, matches);
}

START_TEST(an_entry_reaches_itself_and_what_lies_below_as_it_says)
{
    add("both.example", SUFFIX_BOTH, 1);
    add("self.example", SUFFIX_SELF, 2);
    add("below.example", SUFFIX_BELOW, 3);
    make();
    ck_assert_uint_eq(find("both.example"), 1);
    ck_assert_uint_eq(find("a.b.both.example"), 1);
    ck_assert_uint_eq(matches[0].value, 1);
    ck_assert_uint_eq(matches[0].depth, 2);
    ck_assert_uint_eq(matches[0].at, 4);
    ck_assert_uint_eq(find("self.example"), 1);
    ck_assert_uint_eq(find("a.self.example"), 0);
    ck_assert_uint_eq(find("below.example"), 0);
    ck_assert_uint_eq(find("a.below.example"), 1);
    ck_assert_uint_eq(find("xboth.example"), 0);
    ck_assert_uint_eq(find("example"), 0);
    ck_assert_uint_eq(find("."), 0);
}
END_TEST

START_TEST(the_most_specific_match_comes_first)
{
    add(".", SUFFIX_BOTH, 1);
    add("com", SUFFIX_BOTH, 2);
    add("a.example.com", SUFFIX_BOTH, 3);
    make();
    ck_assert_uint_eq(find("x.a.example.com"), 3);
    ck_assert_uint_eq(matches[0].value, 3);
    ck_assert_uint_eq(matches[1].value, 2);
    ck_assert_uint_eq(matches[2].value, 1);
    ck_assert_uint_eq(matches[2].depth, 0);
    ck_assert_uint_eq(find("."), 1);
    ck_assert_uint_eq(find("org"), 1);
}
END_TEST

START_TEST(the_first_of_two_entries_with_one_name_and_class_counts)
{
    add_as("example.com", SUFFIX_SELF, 0, 1);
    add_as("example.com", SUFFIX_BOTH, 0, 2);
    add_as("example.com", SUFFIX_BOTH, 3, 3);
    add_as("example.com", SUFFIX_BOTH, 0, 4);
    make();
    ck_assert_uint_eq(suffixes_count(set), 3);
    ck_assert_uint_eq(find("example.com"), 2);
    ck_assert_uint_eq(matches[0].value, 1);
    ck_assert_uint_eq(matches[1].value, 3);
    ck_assert_uint_eq(matches[1].class, 3);
    ck_assert_uint_eq(find("www.example.com"), 2);
    ck_assert_uint_eq(matches[0].value, 2);
}
END_TEST

START_TEST(names_as_long_and_as_deep_as_they_can_be_are_found)
{
    char deep[260] = "", fat[260];
    for (int i = 0; i < 126; i++) {
        strcat(deep, i == 0 ? "a" : ".a");
    }
    snprintf(fat, sizeof fat, "%.63s.%.63s.%.63s.%.61s",
             "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff123",
             "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff123",
             "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff123",
             "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff1");
    add(deep, SUFFIX_BOTH, 1);
    add(fat, SUFFIX_SELF, 2);
    make();
    ck_assert_uint_eq(find(deep), 1);
    ck_assert_uint_eq(find(fat), 1);
    strcat(deep, ".a");
    ck_assert_uint_eq(find(deep), 1);
    ck_assert_uint_eq(matches[0].depth, 126);
}
END_TEST

START_TEST(every_one_of_many_names_is_found_and_no_other)
{
    enum { N = 60000 };
    char text[64];
    for (unsigned i = 0; i < N; i++) {
        snprintf(text, sizeof text, "host%u.zone%u.example", i, i % 97);
        add(text, SUFFIX_BOTH, i % SUFFIXES_VALUE_MAX);
    }
    make();
    ck_assert_uint_eq(suffixes_count(set), N);
    ck_assert_uint_le(suffixes_bytes(set), (size_t)N * 12);
    for (unsigned i = 0; i < N; i++) {
        snprintf(text, sizeof text, "www.host%u.zone%u.example", i, i % 97);
        ck_assert_uint_eq(find(text), 1);
        ck_assert_uint_eq(matches[0].value, i % SUFFIXES_VALUE_MAX);
        snprintf(text, sizeof text, "www.host%u.zone%u.example", i, i % 97 + 1);
        ck_assert_uint_eq(find(text), 0);
    }
}
END_TEST

START_TEST(an_empty_set_and_none_have_no_match)
{
    ck_assert_uint_eq(find("example.com"), 0);
    make();
    ck_assert_uint_eq(find("example.com"), 0);
    ck_assert_uint_eq(suffixes_count(NULL), 0);
}
END_TEST

START_TEST(more_matches_than_are_told_leave_the_most_specific)
{
    char text[128] = "z";
    for (unsigned i = 0; i < 2 * SUFFIXES_MATCHES_MAX; i++) {
        add(text, SUFFIX_BOTH, i);
        strcat(text, ".z");
    }
    make();
    ck_assert_uint_eq(find(text), SUFFIXES_MATCHES_MAX);
    ck_assert_uint_eq(matches[0].value, 2 * SUFFIXES_MATCHES_MAX - 1);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        an_entry_reaches_itself_and_what_lies_below_as_it_says,
        the_most_specific_match_comes_first,
        the_first_of_two_entries_with_one_name_and_class_counts,
        names_as_long_and_as_deep_as_they_can_be_are_found,
        every_one_of_many_names_is_found_and_no_other,
        an_empty_set_and_none_have_no_match,
        more_matches_than_are_told_leave_the_most_specific,
    };
    return suite_run("suffixes", tests, sizeof tests / sizeof tests[0], set_up, tear_down);
}
