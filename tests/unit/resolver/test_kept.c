/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/kept.h"
#include "tests/unit/suite.h"

#include <stdio.h>

static struct kept kept;
static char text[KEPT_TEXT_MAX];

static void set_up(void)
{
    kept.n = 0;
}

static bool put(const char *host, const char *address)
{
    return kept_put(&kept, host, &address, 1);
}

static bool reads(const char *what)
{
    return kept_read(bytes_of(what, strlen(what)), &kept);
}

START_TEST(what_is_put_is_found_and_only_changes_count)
{
    static const char *const two[] = {"192.0.2.1", "2001:db8::1"};
    static const char *const turned[] = {"2001:db8::1", "192.0.2.1"};
    ck_assert_ptr_null(kept_find(&kept, "dns.example."));
    ck_assert(kept_put(&kept, "dns.example.", two, 2));
    ck_assert(!kept_put(&kept, "dns.example.", turned, 2));
    ck_assert_str_eq(kept_find(&kept, "dns.example.")->address[1], "2001:db8::1");
    ck_assert(put("dns.example.", "192.0.2.9"));
    ck_assert_uint_eq(kept.n, 1);
    ck_assert_uint_eq(kept_find(&kept, "dns.example.")->n, 1);
    ck_assert(!put("other.example.", "no address"));
}
END_TEST

START_TEST(host_learnt_longest_ago_makes_room)
{
    char host[32];
    for (unsigned i = 0; i < KEPT_MAX; i++) {
        snprintf(host, sizeof host, "h%u.example.", i);
        ck_assert(put(host, "192.0.2.1"));
    }
    ck_assert(put("h0.example.", "192.0.2.2"));
    ck_assert(put("new.example.", "192.0.2.1"));
    ck_assert_uint_eq(kept.n, KEPT_MAX);
    ck_assert_ptr_null(kept_find(&kept, "h1.example."));
    ck_assert_str_eq(kept_find(&kept, "h0.example.")->address[0], "192.0.2.2");
    ck_assert_ptr_nonnull(kept_find(&kept, "h2.example."));
}
END_TEST

START_TEST(what_is_written_is_read_back)
{
    put("one.example.", "192.0.2.1");
    put("two.example.", "2001:db8::2");
    size_t n = kept_write(&kept, text);
    ck_assert(kept_read(bytes_of(text, n), &kept));
    ck_assert_uint_eq(kept.n, 2);
    ck_assert_str_eq(kept.at[0].host, "two.example.");
    ck_assert_str_eq(kept_find(&kept, "one.example.")->address[0], "192.0.2.1");
}
END_TEST

START_TEST(fullest_table_fits_its_text)
{
    char host[KEPT_HOST_MAX], address[KEPT_ADDRESSES_MAX][INET6_ADDRSTRLEN];
    const char *at[KEPT_ADDRESSES_MAX];
    for (unsigned i = 0; i < KEPT_ADDRESSES_MAX; i++) {
        snprintf(address[i], sizeof address[i], "2001:db8:1111:2222:3333:4444:5555:666%u", i);
        at[i] = address[i];
    }
    for (unsigned i = 0; i < KEPT_MAX; i++) {
        memset(host, 'a', sizeof host);
        for (size_t k = 60; k < 250; k += 60) {
            host[k] = '.';
        }
        snprintf(host + 240, 16, ".%02u.", i);
        ck_assert(kept_put(&kept, host, at, KEPT_ADDRESSES_MAX));
    }
    ck_assert_uint_eq(kept.n, KEPT_MAX);
    size_t n = kept_write(&kept, text);
    ck_assert_uint_lt(n, KEPT_TEXT_MAX);
    ck_assert(kept_read(bytes_of(text, n), &kept));
}
END_TEST

START_TEST(text_that_is_not_ours_is_ignored_whole)
{
    static const char *const bad[] = {
        "dns.example. 192.0.2.1",         /* cut off */
        "dns.example.\n",                 /* no address */
        "dns.example. 192.0.2.1 junk\n",  /* no address either */
        "dns.example 192.0.2.1\n",        /* a name is written with its dot */
        "a. 192.0.2.1\n\nb. 192.0.2.1\n", /* an empty line */
        "a. 192.0.2.1\na. 192.0.2.2\n",   /* twice */
        "a. 1.1.1.1 1.1.1.2 1.1.1.3 1.1.1.4 1.1.1.5 1.1.1.6 1.1.1.7 1.1.1.8 1.1.1.9\n",
        "a..b. 192.0.2.1\n",
    };
    ck_assert(reads("# a remark\na. 192.0.2.1\n"));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_msg(!reads(bad[i]), "%s", bad[i]);
        ck_assert_uint_eq(kept.n, 0);
    }
    ck_assert(!kept_read(bytes_of("a. 1.2.3.4\0\n", 12), &kept));
    ck_assert(reads(""));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        what_is_put_is_found_and_only_changes_count,
        host_learnt_longest_ago_makes_room,
        what_is_written_is_read_back,
        fullest_table_fits_its_text,
        text_that_is_not_ours_is_ignored_whole,
    };
    return suite_run("kept", tests, sizeof tests / sizeof tests[0], set_up, NULL);
}
