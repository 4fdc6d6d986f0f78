/* SPDX-License-Identifier: MIT */
/* Known block addresses: from lists, and learnt; and addresses that no handshake goes to. */
#include "resolver/audit/fingerprint.h"
#include "tests/unit/audit_world.h"
#include "tests/unit/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct fingerprints *lists;

/* The auditor begins with a list of that scope and text. */
static void begin_with(const char *scope, const char *text)
{
    char path[] = "/tmp/test_audit_lists.XXXXXX", file[64], why[FINGERPRINTS_WHY_MAX];
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    snprintf(file, sizeof file, "%s:%s", scope, path);
    lists = fingerprints_new();
    ck_assert_ptr_nonnull(lists);
    ck_assert_msg(fingerprints_load(lists, file, why) == 0, "%s", why);
    unlink(path);
    fingerprints_sort(lists);
    start();
    audit_set_fingerprints(world.audit, lists);
    pass(3);
}

static void tear_down(void)
{
    audit_world_tear_down();
    lists = fingerprints_free(lists);
}

START_TEST(an_address_that_a_list_knows_as_a_providers_block_page_is_proof_when_met_twice)
{
    add_fact("bank.example.net", "62.1.1.1", "5.6.7.8");
    begin_with("isp", "62.1.1.1\n");
    tell("bank.example.net", "5.6.7.8");
    pass(25);
    ck_assert_uint_eq(world.n_alerts, 0);
    pass(30);
    ck_assert_uint_eq(world.n_alerts, 1);
    ck_assert_str_eq(world.alerts[0].verdict, "HIJACK_REDIRECT");
    assert_says(world.alerts[0].message, "CONFIRMED (P7 redirect)");
    assert_says(world.alerts[0].message, "a known block address");
}
END_TEST

START_TEST(a_cname_that_a_list_knows_is_proof_too)
{
    add_fact("bank.example.net", "62.1.1.1", "5.6.7.8");
    fact_of("bank.example.net")->local_end = "block.isp.example";
    begin_with("isp", "block.isp.example\n");
    tell("bank.example.net", "5.6.7.8");
    pass(60);
    ck_assert_uint_eq(world.n_alerts, 1);
    assert_says(world.alerts[0].message, "CONFIRMED (P7 redirect)");
}
END_TEST

START_TEST(what_a_list_of_products_knows_is_probable)
{
    add_fact("bank.example.net", "62.1.1.1", "5.6.7.8");
    begin_with("product", "62.1.1.1\n");
    tell("bank.example.net", "5.6.7.8");
    pass(120);
    ck_assert_uint_eq(world.n_alerts, 0);
    ck_assert_uint_eq(counts().n_probable, 1);
}
END_TEST

START_TEST(a_listed_address_that_https_gives_too_proves_nothing)
{
    add_fact("bank.example.net", "62.1.1.1", "62.1.1.1");
    begin_with("nation", "62.1.1.1\n");
    tell("bank.example.net", "62.1.1.1");
    pass(120);
    ck_assert_uint_eq(counts().n_confirmed + counts().n_probable, 0);
}
END_TEST

START_TEST(a_listed_address_that_proves_to_be_the_name_is_exonerated)
{
    world.tls = true;
    world.stands[0] = (struct stand){"62.1.1.1", TLS_OK};
    world.stands[1] = (struct stand){"5.6.7.8", TLS_OK};
    add_fact("bank.example.net", "62.1.1.1", "5.6.7.8");
    begin_with("isp", "62.1.1.1\n");
    tell("bank.example.net", "5.6.7.8");
    pass(120);
    ck_assert_uint_eq(world.n_alerts, 0);
    ck_assert_uint_eq(counts().n_confirmed + counts().n_probable, 0);
}
END_TEST

START_TEST(lists_can_be_taken_away)
{
    add_fact("bank.example.net", "62.1.1.1", "5.6.7.8");
    begin_with("isp", "62.1.1.1\n");
    audit_set_fingerprints(world.audit, NULL);
    tell("bank.example.net", "5.6.7.8");
    pass(120);
    ck_assert_uint_eq(counts().n_confirmed + counts().n_probable, 0);
}
END_TEST

/* The rewriter's page, for a name that exists. */
START_TEST(the_address_given_for_names_that_do_not_exist_is_a_block_page_for_others)
{
    world.rewrite = "62.1.1.1";
    add_fact("bank.example.net", "62.1.1.1", "5.6.7.8");
    start();
    pass(60);
    ck_assert_uint_eq(counts().n_confirmed, 1); /* the rewrite */
    tell("bank.example.net", "5.6.7.8");
    pass(120);
    ck_assert_uint_eq(counts().n_probable, 1);
    ck_assert_uint_eq(n_alerts_of("detect"), 1);
}
END_TEST

START_TEST(no_handshake_goes_to_an_address_of_this_machine)
{
    world.tls = true;
    world.own_address = "62.1.1.1";
    world.stands[0] = (struct stand){"62.1.1.1", TLS_WRONG_NAME};
    world.stands[1] = (struct stand){"62.1.1.2", TLS_WRONG_NAME};
    world.stands[2] = (struct stand){"5.6.7.8", TLS_OK};
    add_fact("bank.example.net", "62.1.1.1 62.1.1.2", "5.6.7.8");
    add_fact("home.example.net", "62.1.1.1", "5.6.7.8");
    start();
    pass(3);
    tell("bank.example.net", "5.6.7.8");
    tell("home.example.net", "5.6.7.8");
    pass(60);
    for (size_t i = 0; i < world.n_proved; i++) {
        ck_assert_str_ne(world.proved[i], "62.1.1.1");
    }
    ck_assert_uint_eq(world.n_proved, 4); /* of the one name, at two meetings */
}
END_TEST

START_TEST(a_list_is_a_path_from_the_root_with_or_without_its_scope)
{
    ck_assert(fingerprints_is_list("/etc/list"));
    ck_assert(fingerprints_is_list("isp:/etc/list"));
    ck_assert_str_eq(fingerprints_path("isp:/etc/list"), "/etc/list");
    ck_assert(!fingerprints_is_list("isp:etc/list"));
    ck_assert(!fingerprints_is_list("nonsense:/etc/list"));
    ck_assert(!fingerprints_is_list("etc/list"));
    ck_assert(!fingerprints_is_list(""));
}
END_TEST

/* Its reader, and with him the start, would wait for somebody who writes to it. */
START_TEST(a_fifo_in_place_of_a_list_is_refused_at_once)
{
    char folder[] = "/tmp/test_audit_lists.XXXXXX", fifo[64], why[FINGERPRINTS_WHY_MAX];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(fifo, sizeof fifo, "%s/fifo", folder);
    ck_assert_int_eq(mkfifo(fifo, 0600), 0);
    struct fingerprints *set = fingerprints_new();
    ck_assert_int_lt(fingerprints_load(set, fifo, why), 0);
    ck_assert_ptr_nonnull(strstr(why, "no regular file"));
    ck_assert_int_lt(fingerprints_load(set, folder, why), 0);
    ck_assert_ptr_nonnull(strstr(why, "no regular file"));
    fingerprints_free(set);
    unlink(fifo);
    rmdir(folder);
}
END_TEST

START_TEST(the_patrol_goes_at_the_pace_that_is_set)
{
    static const char *const names[] = {"a.example.net", "b.example.net", "c.example.net"};
    world.params.mode = AUDIT_WATCHLIST;
    world.params.watchlist = names;
    world.params.n_watchlist = 3;
    world.params.interval_s = 7;
    start();
    pass(22); /* one within 6 s, the next after 4 … 10 s each */
    ck_assert_uint_ge(times_asked("a.example.net.") + times_asked("b.example.net.") +
                          times_asked("c.example.net."),
                      2);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        an_address_that_a_list_knows_as_a_providers_block_page_is_proof_when_met_twice,
        a_cname_that_a_list_knows_is_proof_too,
        what_a_list_of_products_knows_is_probable,
        a_listed_address_that_https_gives_too_proves_nothing,
        a_listed_address_that_proves_to_be_the_name_is_exonerated,
        lists_can_be_taken_away,
        the_address_given_for_names_that_do_not_exist_is_a_block_page_for_others,
        no_handshake_goes_to_an_address_of_this_machine,
        a_list_is_a_path_from_the_root_with_or_without_its_scope,
        a_fifo_in_place_of_a_list_is_refused_at_once,
        the_patrol_goes_at_the_pace_that_is_set,
    };
    return suite_run("audit_lists", tests, sizeof tests / sizeof tests[0], audit_world_set_up,
                     tear_down);
}
