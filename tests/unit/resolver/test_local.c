/* SPDX-License-Identifier: MIT */
#include "resolver/audit/local.h"

#include "tests/unit/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct local_resolvers parse(const char *text)
{
    struct local_resolvers found;
    local_parse(bytes_of(text, strlen(text)), &found);
    return found;
}

static void expect_one(const char *text, const char *server)
{
    struct local_resolvers found = parse(text);
    ck_assert_msg(found.n == 1 && strcmp(found.text[0], server) == 0, "%s", text);
}

static void expect_none(const char *text)
{
    struct local_resolvers found = parse(text);
    ck_assert_msg(found.n == 0, "%s: %s", text, found.n > 0 ? found.text[0] : "");
}

START_TEST(nameserver_lines_are_read_in_order)
{
    struct local_resolvers found = parse("# made by somebody\n"
                                         "search example.net\n"
                                         "nameserver 192.0.2.1\n"
                                         "options edns0 trust-ad\n"
                                         "nameserver 2001:db8::53\n");
    ck_assert_uint_eq(found.n, 2);
    ck_assert_str_eq(found.text[0], "192.0.2.1");
    ck_assert_str_eq(found.text[1], "2001:db8::53");
    ck_assert_ptr_null(found.source);
}
END_TEST

START_TEST(odd_but_valid_lines_are_read)
{
    expect_one("nameserver 192.0.2.1", "192.0.2.1");
    expect_one("nameserver\t192.0.2.1\r\n", "192.0.2.1");
    expect_one("  nameserver   192.0.2.1   # the router\n", "192.0.2.1");
    expect_one("nameserver 192.0.2.1 ; the router\n", "192.0.2.1");
    expect_one("nameserver fe80::1%eth0\n", "fe80::1%eth0");
    expect_one("\n\n\nnameserver 192.0.2.1\n\n", "192.0.2.1");
}
END_TEST

START_TEST(a_stub_or_ourselves_is_never_taken)
{
    expect_none("nameserver 127.0.0.53\n");
    expect_none("nameserver 127.0.0.54\n");
    expect_none("nameserver 127.0.0.1\nnameserver ::1\n");
    expect_none("nameserver 127.9.9.9\n");
    expect_none("nameserver 0.0.0.0\nnameserver ::\n");
    expect_none("nameserver ::ffff:127.0.0.1\n");
    expect_one("nameserver 127.0.0.1\nnameserver 192.0.2.1\n", "192.0.2.1");
}
END_TEST

START_TEST(what_is_no_server_is_left_out)
{
    expect_none("");
    expect_none("nameserver\n");
    expect_none("nameserver # 192.0.2.1\n");
    expect_none("#nameserver 192.0.2.1\n");
    expect_none("; nameserver 192.0.2.1\n");
    expect_none("nameserver dns.example.net\n");
    expect_none("nameservers 192.0.2.1\n");
    expect_none("nameserver 192.0.2.1:53\n");
    expect_none("nameserver [2001:db8::1]\n");
    expect_none("nameserver 192.0.2.1,192.0.2.2\n");
    expect_none("nameserver 192.0.2\n");
}
END_TEST

START_TEST(a_server_named_twice_is_taken_once)
{
    expect_one("nameserver 192.0.2.1\nnameserver 192.0.2.1\n", "192.0.2.1");
}
END_TEST

START_TEST(no_more_servers_than_there_is_room_for)
{
    struct local_resolvers found =
        parse("nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\n"
              "nameserver 192.0.2.4\nnameserver 192.0.2.5\nnameserver 192.0.2.6\n");
    ck_assert_uint_eq(found.n, AUDIT_SERVERS_MAX);
    ck_assert_str_eq(found.text[AUDIT_SERVERS_MAX - 1], "192.0.2.4");
}
END_TEST

START_TEST(a_nul_or_an_endless_word_does_no_harm)
{
    static const char nul[] = "nameserver 192.0.2.1\0.9\nnameserver 192.0.2.2\n";
    struct local_resolvers found;
    local_parse(bytes_of(nul, sizeof nul - 1), &found);
    ck_assert_uint_eq(found.n, 1);
    ck_assert_str_eq(found.text[0], "192.0.2.2");

    char text[4096];
    memset(text, '1', sizeof text);
    memcpy(text, "nameserver ", 11);
    local_parse(bytes_of(text, sizeof text), &found);
    ck_assert_uint_eq(found.n, 0);
    local_parse(bytes_of(NULL, 0), &found);
    ck_assert_uint_eq(found.n, 0);
}
END_TEST

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    fclose(file);
}

START_TEST(the_first_file_that_names_a_server_is_the_source)
{
    char folder[] = "/tmp/httpdnsd-test-XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(folder));
    char missing[64], stub[64], uplink[64], later[64];
    snprintf(missing, sizeof missing, "%s/missing", folder);
    snprintf(stub, sizeof stub, "%s/stub", folder);
    snprintf(uplink, sizeof uplink, "%s/uplink", folder);
    snprintf(later, sizeof later, "%s/later", folder);
    write_file(stub, "nameserver 127.0.0.53\n");
    write_file(uplink, "nameserver 192.0.2.1\n");
    write_file(later, "nameserver 192.0.2.2\n");

    const char *const files[] = {missing, folder, stub, uplink, later, NULL};
    struct local_resolvers found;
    local_find(files, &found);
    ck_assert_uint_eq(found.n, 1);
    ck_assert_str_eq(found.text[0], "192.0.2.1");
    ck_assert_str_eq(found.source, uplink);

    const char *const none[] = {missing, stub, NULL};
    local_find(none, &found);
    ck_assert_uint_eq(found.n, 0);
    ck_assert_ptr_null(found.source);
    unlink(stub);
    unlink(uplink);
    unlink(later);
    rmdir(folder);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        nameserver_lines_are_read_in_order,    odd_but_valid_lines_are_read,
        a_stub_or_ourselves_is_never_taken,    what_is_no_server_is_left_out,
        a_server_named_twice_is_taken_once,    no_more_servers_than_there_is_room_for,
        a_nul_or_an_endless_word_does_no_harm, the_first_file_that_names_a_server_is_the_source,
    };
    return suite_run("local", tests, sizeof tests / sizeof tests[0], NULL, NULL);
}
