/* SPDX-License-Identifier: MIT */
#include "resolver/audit/popular.h"

#include "resolver/audit/judge.h"
#include "resolver/audit/personal.h"
#include "tests/unit/suite.h"

static bool has(const char *text)
{
    struct name name;
    ck_assert_int_eq(name_from_text(text, &name), 0);
    return popular_has(&name);
}

START_TEST(popular_name_is_one_with_and_without_www_and_in_any_case)
{
    ck_assert(has("www.google.com"));
    ck_assert(has("google.com"));
    ck_assert(has("WWW.GitHub.com"));
    ck_assert(has("github.com"));
}
END_TEST

START_TEST(name_below_or_beside_a_popular_one_is_not_popular)
{
    ck_assert(!has("me.github.com"));
    ck_assert(!has("a7f03b9.www.google.com"));
    ck_assert(!has("www.www.google.com"));
    ck_assert(!has("notgoogle.com"));
    ck_assert(!has("com"));
    ck_assert(!has("."));
    ck_assert(!has("www.google.com.example.net"));
}
END_TEST

START_TEST(every_popular_name_is_in_lower_case_there_once_and_may_be_judged)
{
    size_t n;
    const char *const *names = popular_names(&n);
    ck_assert_uint_gt(n, POPULAR_CANARIES);
    for (size_t i = 0; i < n; i++) {
        struct question question = {.type = TYPE_A, .class = CLASS_IN};
        char text[NAME_MAX_TEXT];
        ck_assert_int_eq(name_from_text(names[i], &question.name), 0);
        name_to_text(&question.name, text);
        ck_assert_int_eq(strncmp(text, names[i], strlen(names[i])), 0);
        struct name lower = question.name;
        name_lower(&lower);
        ck_assert_mem_eq(lower.at, question.name.at, lower.n);
        ck_assert_msg(judge_is_eligible(&question) && !personal_looks(&question.name), "%s",
                      names[i]);
        for (size_t k = 0; k < i; k++) {
            ck_assert_str_ne(names[k], names[i]);
        }
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        popular_name_is_one_with_and_without_www_and_in_any_case,
        name_below_or_beside_a_popular_one_is_not_popular,
        every_popular_name_is_in_lower_case_there_once_and_may_be_judged,
    };
    return suite_run("popular", tests, sizeof tests / sizeof tests[0], NULL, NULL);
}
