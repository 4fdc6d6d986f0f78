/* SPDX-License-Identifier: MIT */
#include "resolver/wire/name.h"
#include "tests/unit/suite.h"

#include <errno.h>

static struct name of(const char *text)
{
    struct name name;
    ck_assert_int_eq(name_from_text(text, &name), 0);
    return name;
}

static bool reads(const char *wire, size_t n, size_t at)
{
    struct cursor c = cursor_over(bytes_of(wire, n));
    struct name name;
    c.at = at;
    bool ok = name_read(&c, &name);
    ck_assert_int_eq(ok, !c.failed);
    return ok;
}

static bool reads_plain(const char *wire, size_t n)
{
    struct cursor c = cursor_over(bytes_of(wire, n));
    struct name name;
    bool ok = name_read_plain(&c, &name);
    ck_assert_int_eq(ok, !c.failed);
    return ok;
}

START_TEST(plain_name_is_read_with_its_case)
{
    struct cursor c = cursor_over(bytes_of("\3WwW\7example\0rest", 17));
    struct name name;
    ck_assert(name_read_plain(&c, &name));
    ck_assert_uint_eq(name.n, 13);
    ck_assert_mem_eq(name.at, "\3WwW\7example", 13);
    ck_assert_uint_eq(c.at, 13);
}
END_TEST

START_TEST(plain_name_refuses_pointers_and_extended_labels)
{
    ck_assert(!reads_plain("\300\0", 2));
    ck_assert(!reads_plain("\1a\300\0", 4));
    ck_assert(!reads_plain("\101abcdefgh\0", 10));
    ck_assert(!reads_plain("\200abcdefgh\0", 10));
}
END_TEST

START_TEST(name_that_ends_too_early_is_refused)
{
    ck_assert(!reads_plain("", 0));
    ck_assert(!reads_plain("\3ww", 3));
    ck_assert(!reads_plain("\3www", 4));
    ck_assert(!reads("\3www", 4, 0));
    ck_assert(!reads("\1a\0\300", 4, 3));
}
END_TEST

START_TEST(name_of_255_octets_is_the_longest)
{
    uint8_t wire[300] = {0};
    size_t n = 0;
    for (int i = 0; i < 127; i++) {
        wire[n++] = 1;
        wire[n++] = 'a';
    }
    ck_assert(reads_plain((char *)wire, n + 1));
    ck_assert(reads((char *)wire, n + 1, 0));
    wire[n - 2] = 2;
    wire[n++] = 'a';
    ck_assert(!reads_plain((char *)wire, n + 1));
    ck_assert(!reads((char *)wire, n + 1, 0));
}
END_TEST

START_TEST(compressed_name_ends_behind_its_pointer)
{
    struct cursor c = cursor_over(bytes_of("\7example\3com\0\3www\300\0rest", 23));
    struct name name;
    c.at = 13;
    ck_assert(name_read(&c, &name));
    ck_assert_uint_eq(c.at, 19);
    ck_assert(name_equal(&name, &(struct name){.n = 17, .at = "\3www\7example\3com"}));
}
END_TEST

START_TEST(m6_pointer_must_go_strictly_backwards)
{
    ck_assert(!reads("\300\0", 2, 0));           /* itself */
    ck_assert(!reads("\300\2\0", 3, 0));         /* forwards */
    ck_assert(!reads("\1a\300\0", 4, 0));        /* its own beginning: a loop */
    ck_assert(!reads("\300\2\300\0", 4, 2));     /* there and back */
    ck_assert(!reads("\1a\300\0\300\0", 6, 4));  /* a loop behind a good pointer */
    ck_assert(reads("\1a\0\300\0\300\3", 7, 5)); /* two steps back */
}
END_TEST

START_TEST(m6_name_follows_127_pointers_and_no_more)
{
    uint8_t wire[2 * 129] = {0};
    for (unsigned i = 1; i < 129; i++)
        bytes_write_u16(wire + 2 * (size_t)i, (uint16_t)(0xc000 | (2 * (i - 1))));
    ck_assert(reads((char *)wire, sizeof wire, 2 * 127));
    ck_assert(!reads((char *)wire, sizeof wire, 2 * 128));
}
END_TEST

START_TEST(names_are_equal_but_for_case)
{
    struct name a = of("WWW.Example.com"), b = of("www.eXAMPLE.COM."), c = of("www.example.co");
    ck_assert(name_equal(&a, &b));
    ck_assert(!name_equal(&a, &c));
    struct name at = of("\\@"), backtick = of("\\`"), bracket = of("["), brace = of("{");
    ck_assert(!name_equal(&at, &backtick));
    ck_assert(!name_equal(&bracket, &brace));
    name_lower(&a);
    ck_assert(bytes_equal(name_bytes(&a), bytes_of("\3www\7example\3com", 17)));
}
END_TEST

START_TEST(name_lies_within_its_zone_on_label_boundaries_only)
{
    struct name zone = of("Example.com"), root = of(".");
    struct name inside = of("a.b.exAmple.com"), beside = of("badexample.com"), above = of("com");
    ck_assert(name_within(&inside, &zone));
    ck_assert(name_within(&zone, &zone));
    ck_assert(name_within(&inside, &root));
    ck_assert(name_within(&root, &root));
    ck_assert(!name_within(&beside, &zone));
    ck_assert(!name_within(&above, &zone));
    struct name trap =
        of("x\\007example\\003com"); /* one label that looks like the zone's octets */
    ck_assert(!name_within(&trap, &zone));
}
END_TEST

START_TEST(labels_are_counted_and_dropped_from_the_front)
{
    struct name name = of("www.example.com"), root = of(".");
    ck_assert_uint_eq(name_n_labels(&name), 3);
    ck_assert_uint_eq(name_n_labels(&root), 0);
    name_parent(&name, &name);
    ck_assert(name_equal(&name, &(struct name){.n = 13, .at = "\7example\3com"}));
    name_parent(&root, &root);
    ck_assert_uint_eq(root.n, 1);
}
END_TEST

START_TEST(text_escapes_are_read)
{
    struct name name = of("a\\.b\\\\.\\000\\255x");
    ck_assert(bytes_equal(name_bytes(&name), bytes_of("\4a.b\\\3\0\377x", 10)));
    struct name dotted = of("example.com."), undotted = of("example.com");
    ck_assert(name_equal(&dotted, &undotted));
    struct name root = of(".");
    ck_assert(bytes_equal(name_bytes(&root), bytes_of("", 1)));
}
END_TEST

START_TEST(bad_text_is_refused)
{
    static const char label_64[] =
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    static const char *const bad[] = {"",    "..",   ".a",    "a..b",  "a..",   "a\\",
                                      "\\1", "\\25", "\\256", "\\2x5", label_64};
    struct name name;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(name_from_text(bad[i], &name) == -EINVAL, "\"%s\" was taken", bad[i]);
    ck_assert_int_eq(name_from_text(label_64 + 1, &name), 0);
}
END_TEST

START_TEST(text_of_254_octets_before_the_root_is_the_longest)
{
    char text[300];
    size_t n = 0;
    for (int i = 0; i < 127; i++) {
        text[n++] = 'a';
        text[n++] = '.';
    }
    text[n] = '\0';
    struct name name;
    ck_assert_int_eq(name_from_text(text, &name), 0);
    ck_assert_uint_eq(name.n, 255);
    memcpy(text + n, "b", 2);
    ck_assert_int_eq(name_from_text(text, &name), -EINVAL);
}
END_TEST

START_TEST(text_is_safe_in_a_log)
{
    char text[NAME_MAX_TEXT];
    struct name name = {.n = 15, .at = "\4a.b \10\n\33\";\\()@"};
    ck_assert_str_eq(name_to_text(&name, text), "a\\.b\\032.\\010\\027\\\"\\;\\\\\\(\\)\\@.");
    name = of("$.\\127\\200");
    ck_assert_str_eq(name_to_text(&name, text), "\\$.\\127\\200.");
    name = of(".");
    ck_assert_str_eq(name_to_text(&name, text), ".");
}
END_TEST

START_TEST(every_octet_survives_the_way_to_text_and_back)
{
    struct name name = {.n = 255}, again;
    size_t at = 0;
    for (int label = 0, octet = 0; label < 4; label++) {
        size_t n = label < 3 ? 63 : 61;
        name.at[at++] = (uint8_t)n;
        for (size_t i = 0; i < n; i++)
            name.at[at++] = (uint8_t)octet++;
    }
    name.at[at] = 0;
    char text[NAME_MAX_TEXT];
    ck_assert_int_eq(name_from_text(name_to_text(&name, text), &again), 0);
    ck_assert(bytes_equal(name_bytes(&name), name_bytes(&again)));
    memset(name.at, 0xff, sizeof name.at);
    for (at = 0; at < 192; at += 64)
        name.at[at] = 63;
    name.at[192] = 61;
    name.at[254] = 0;
    ck_assert_uint_eq(strlen(name_to_text(&name, text)), 1004);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        plain_name_is_read_with_its_case,
        plain_name_refuses_pointers_and_extended_labels,
        name_that_ends_too_early_is_refused,
        name_of_255_octets_is_the_longest,
        compressed_name_ends_behind_its_pointer,
        m6_pointer_must_go_strictly_backwards,
        m6_name_follows_127_pointers_and_no_more,
        names_are_equal_but_for_case,
        name_lies_within_its_zone_on_label_boundaries_only,
        labels_are_counted_and_dropped_from_the_front,
        text_escapes_are_read,
        bad_text_is_refused,
        text_of_254_octets_before_the_root_is_the_longest,
        text_is_safe_in_a_log,
        every_octet_survives_the_way_to_text_and_back,
    };
    return suite_run("name", tests, sizeof tests / sizeof *tests, NULL, NULL);
}
