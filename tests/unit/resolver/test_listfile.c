/* SPDX-License-Identifier: MIT */
#include "resolver/policy/listfile.h"
#include "tests/unit/suite.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a list said, one line an entry: "+name" itself, "*name" below, "+*name" both, and what. */
static char told[4096];
static struct list_reader reader;

static int on_entry(void *ctx, const struct list_entry *entry)
{
    static const char *const words[] = {[LIST_NAME] = "",          [LIST_IMPORTANT] = " important",
                                        [LIST_EXCEPT] = " except", [LIST_ALLOW] = " allow",
                                        [LIST_PASS] = " pass",     [LIST_NXDOMAIN] = " nxdomain",
                                        [LIST_NODATA] = " nodata", [LIST_RECORD] = " record",
                                        [LIST_DROP] = " drop",     [LIST_TCP_ONLY] = " tcp-only"};
    char name[NAME_MAX_TEXT], data[NAME_MAX_TEXT] = "";
    (void)ctx;
    name_to_text(&entry->name, name);
    if (entry->action == LIST_RECORD && entry->type == TYPE_TXT) {
        snprintf(data, sizeof data, "TXT %zu %.*s", entry->rdata.n, (int)entry->rdata.n - 1,
                 (const char *)entry->rdata.at + 1);
    } else if (entry->action == LIST_RECORD && entry->type != TYPE_CNAME) {
        inet_ntop(entry->type == TYPE_A ? AF_INET : AF_INET6, entry->rdata.at, data, 60);
    } else if (entry->action == LIST_RECORD) {
        struct name target = {.n = (uint8_t)entry->rdata.n};
        memcpy(target.at, entry->rdata.at, entry->rdata.n);
        name_to_text(&target, data);
    }
    size_t n = strlen(told);
    snprintf(told + n, sizeof told - n, "%s%s%.200s%s%s%.200s\n", entry->self ? "+" : "",
             entry->below ? "*" : "", name, words[entry->action], data[0] != '\0' ? " " : "", data);
    return 0;
}

static const char *read_as(enum list_format format, const char *text)
{
    reader = (struct list_reader){.format = format, .on_entry = on_entry};
    told[0] = '\0';
    list_begin(&reader);
    ck_assert_int_eq(list_read_text(&reader, bytes_of(text, strlen(text))), 0);
    return told;
}

START_TEST(a_hosts_list_names_what_is_sent_to_a_sink)
{
    ck_assert_str_eq(read_as(LIST_AUTO, "# a list\n127.0.0.1 localhost\n::1 ip6-localhost\n"
                                        "0.0.0.0 Ads.Example.com tracker.example # both\r\n"
                                        ":: v6.example\n"),
                     "+ads.example.com.\n+tracker.example.\n+v6.example.\n");
    ck_assert_int_eq(reader.format, LIST_HOSTS);
    ck_assert_uint_eq(reader.n_skipped, 0);
    read_as(LIST_HOSTS, "192.0.2.7 real.example\n");
    ck_assert_uint_eq(reader.n_entries, 0);
    ck_assert_uint_eq(reader.n_skipped, 1);
}
END_TEST

START_TEST(a_list_of_domains_names_trees)
{
    ck_assert_str_eq(read_as(LIST_AUTO, "\n# c\nexample.com\n*.below.example\n.tree.example.\n"
                                        "x_y-1.example # c\n"),
                     "+*example.com.\n*below.example.\n+*tree.example.\n+*x_y-1.example.\n");
    ck_assert_int_eq(reader.format, LIST_DOMAINS);
}
END_TEST

START_TEST(a_list_put_together_of_others_is_read_line_by_line)
{
    ck_assert_str_eq(read_as(LIST_AUTO, "one.example\n0.0.0.0 two.example three.example\n"
                                        "||four.example^\n@@||five.four.example^\nsix.example\n"
                                        ":: seven.example\n"),
                     "+*one.example.\n+two.example.\n+three.example.\n+*four.example.\n"
                     "+*five.four.example. except\n+six.example.\n+seven.example.\n");
    ck_assert_uint_eq(reader.n_skipped, 0);
    read_as(LIST_DOMAINS, "one.example\n||two.example^\ntwo words\n192.0.2.1 real.example\n");
    ck_assert_uint_eq(reader.n_entries, 1);
    ck_assert_uint_eq(reader.n_skipped, 3);
}
END_TEST

START_TEST(a_dnsmasq_list_names_each_domain_between_slashes)
{
    ck_assert_str_eq(read_as(LIST_AUTO, "server=/cn.example/114.114.114.114\n"
                                        "server=/a.example/b.example/1.1.1.1#53\n"
                                        "address=/ads.example/\nlocal=/lan/\n"),
                     "+*cn.example.\n+*a.example.\n+*b.example.\n+*ads.example.\n+*lan.\n");
    ck_assert_int_eq(reader.format, LIST_DNSMASQ);
    read_as(LIST_DNSMASQ, "server=1.2.3.4\n");
    ck_assert_uint_eq(reader.n_skipped, 1);
}
END_TEST

START_TEST(a_name_that_dnsmasq_asks_for_as_all_others_is_an_exception)
{
    ck_assert_str_eq(read_as(LIST_AUTO, "address=/ads.example/#\nserver=/fine.ads.example/#\n"),
                     "+*ads.example.\n+*fine.ads.example. except\n");
}
END_TEST

START_TEST(domain_rules_and_exceptions_of_an_adblock_list_are_understood)
{
    ck_assert_str_eq(read_as(LIST_AUTO,
                             "[Adblock Plus 2.0]\n! comment\n||example.org^\n"
                             "@@||good.example.org^\n||hard.example^$important\n"
                             "@@||good2.example^|\n||*.below.example^\nbare.example\n"
                             "|exact.example^\n@@|exact2.example^\n"
                             "@@||free.example^$important\n||x.example^$important,important\n"
                             "0.0.0.0 hosts.example\n0.0.0.0\thosts2.example\n"),
                     "+*example.org.\n+*good.example.org. except\n+*hard.example. important\n"
                     "+*good2.example. except\n*below.example.\n+bare.example.\n"
                     "+exact.example.\n+exact2.example. except\n+*free.example. allow\n"
                     "+*x.example. important\n+hosts.example.\n+hosts2.example.\n");
    ck_assert_int_eq(reader.format, LIST_ADBLOCK);
    ck_assert_uint_eq(reader.n_skipped, 0);
}
END_TEST

START_TEST(what_a_resolver_cannot_do_is_counted_and_the_first_of_it_kept)
{
    ck_assert_str_eq(read_as(LIST_AUTO, "! c\n||a.example^$third-party\n/banner[0-9]+/\n"
                                        "b.example##.ad\n||ad*.example^\n||c.example/path\n"
                                        "||ok.example^\n"),
                     "+*ok.example.\n");
    ck_assert_uint_eq(reader.n_skipped, 5);
    ck_assert_uint_eq(reader.first_skipped, 2);
    ck_assert_str_eq(reader.note, "||a.example^$third-party");
}
END_TEST

START_TEST(a_response_policy_zone_says_what_is_to_become_of_each_name)
{
    ck_assert_str_eq(read_as(LIST_AUTO,
                             "$TTL 600\n@ IN SOA ns.rpz.example. admin.rpz.example. (\n"
                             "   1 ; serial\n   3600 600 86400 60 )\n  IN NS ns.rpz.example.\n"
                             "bad.example CNAME .\n*.bad.example 60 IN CNAME .\n"
                             "empty.example CNAME *.\nfine.bad.example CNAME rpz-passthru.\n"
                             "walled.example CNAME garden.example.net.\n"
                             "star.example CNAME *.garden.example.net.\n"
                             "addr.example A 192.0.2.1\n   AAAA 2001:db8::1\n"
                             "drop.example CNAME rpz-drop.\nslow.example CNAME rpz-tcp-only.\n"
                             "old.example CNAME old.example.\n"
                             "text.example TXT \"a; b\" ; c\nmail.example MX 10 a.\n"),
                     "+bad.example. nxdomain\n*bad.example. nxdomain\n+empty.example. nodata\n"
                     "+fine.bad.example. pass\n+walled.example. record garden.example.net.\n"
                     "+star.example. record *.garden.example.net.\n"
                     "+addr.example. record 192.0.2.1\n+addr.example. record 2001:db8::1\n"
                     "+drop.example. drop\n+slow.example. tcp-only\n+old.example. pass\n"
                     "+text.example. record TXT 5 a; b\n");
    ck_assert_int_eq(reader.format, LIST_RPZ);
    ck_assert_uint_eq(reader.n_skipped, 1);
    ck_assert_str_eq(reader.note, "mail.example MX 10 a.");
}
END_TEST

START_TEST(triggers_of_a_policy_zone_that_are_no_asked_names_are_counted_by_kind)
{
    ck_assert_str_eq(read_as(LIST_RPZ, "$ORIGIN rpz.local.\n@ SOA a. b. 1 2 3 4 5\n"
                                       "24.0.2.0.192.rpz-ip CNAME .\n"
                                       "128.1.zz.db8.2001.rpz-ip CNAME .\n"
                                       "32.1.0.0.127.rpz-client-ip.rpz.local. CNAME rpz-drop.\n"
                                       "ns.bad.example.rpz-nsdname CNAME .\n"
                                       "32.1.2.0.192.rpz-nsip A 192.0.2.1\nbad.example CNAME .\n"),
                     "+bad.example. nxdomain\n");
    ck_assert_uint_eq(reader.n_other[LIST_TRIGGER_ADDRESS], 2);
    ck_assert_uint_eq(reader.n_other[LIST_TRIGGER_CLIENT], 1);
    ck_assert_uint_eq(reader.n_other[LIST_TRIGGER_SERVER], 2);
    ck_assert_uint_eq(reader.n_skipped, 0);
}
END_TEST

static uint32_t ttls[8];
static size_t n_ttls;

static int on_ttl(void *ctx, const struct list_entry *entry)
{
    (void)ctx;
    ttls[n_ttls++] = entry->ttl_s;
    return 0;
}

START_TEST(times_of_a_policy_zone_have_units_and_a_line_without_owner_is_about_the_one_before)
{
    static const char text[] = "$TTL 1h30m\n@ 1d IN SOA a. b. 1 2 3 4 5\n"
                               "a.example A 192.0.2.1\n*.b.example 2M IN A 192.0.2.1\n"
                               "   7 AAAA ::1\nc.example 9w A 192.0.2.1\n";
    reader = (struct list_reader){.format = LIST_RPZ, .on_entry = on_ttl};
    list_begin(&reader);
    list_read_text(&reader, bytes_of(text, strlen(text)));
    ck_assert_uint_eq(n_ttls, 4);
    ck_assert_uint_eq(ttls[0], 5400);
    ck_assert_uint_eq(ttls[1], 120);
    ck_assert_uint_eq(ttls[2], 7);
    ck_assert_uint_eq(ttls[3], 86400);
    ck_assert_str_eq(read_as(LIST_RPZ, text),
                     "+a.example. record 192.0.2.1\n*b.example. record 192.0.2.1\n"
                     "*b.example. record ::1\n+c.example. record 192.0.2.1\n");
}
END_TEST

START_TEST(a_policy_zone_with_an_origin_names_what_stands_before_it)
{
    ck_assert_str_eq(read_as(LIST_RPZ, "$ORIGIN rpz.local.\n@ SOA a. b. 1 2 3 4 5\n"
                                       "bad.example CNAME .\n"
                                       "full.example.rpz.local. CNAME .\n"),
                     "+bad.example. nxdomain\n+full.example. nxdomain\n");
    ck_assert_str_eq(read_as(LIST_RPZ, "$ORIGIN local.\n$ORIGIN rpz\n@ SOA a. b. 1 2 3 4 5\n"
                                       "bad.example CNAME .\nwhole.example.rpz.local. CNAME .\n"),
                     "+bad.example. nxdomain\n+whole.example. nxdomain\n");
}
END_TEST

/* As BIND writes a zone down: each branch begins with an $ORIGIN. */
START_TEST(branches_of_a_policy_zone_have_origins_of_their_own)
{
    ck_assert_str_eq(read_as(LIST_AUTO, "$ORIGIN .\n$TTL 300\n"
                                        "rpz.local IN SOA a. b. (\n 1 2 3 4 5 )\n NS localhost.\n"
                                        "$ORIGIN example.rpz.local.\nbad CNAME .\n"
                                        "$ORIGIN bad.example.rpz.local.\n* CNAME .\nsub CNAME *.\n"
                                        "$ORIGIN .\nflat.example.rpz.local CNAME .\n"),
                     "+bad.example. nxdomain\n*bad.example. nxdomain\n"
                     "+sub.bad.example. nodata\n+flat.example. nxdomain\n");
    ck_assert_uint_eq(reader.n_skipped, 0);
}
END_TEST

START_TEST(a_policy_zone_may_begin_with_a_byte_order_mark)
{
    ck_assert_str_eq(read_as(LIST_AUTO,
                             "\xef\xbb\xbf$ORIGIN rpz.local.\r\n@ SOA a. b. 1 2 3 4 5\r\n"
                             "full.example.rpz.local. CNAME .\r\n"),
                     "+full.example. nxdomain\n");
    ck_assert_uint_eq(reader.n_skipped, 0);
}
END_TEST

START_TEST(no_octet_of_a_line_makes_a_name_that_is_none)
{
    static const char *const bad[] = {"a..b", "-",     "",   "a b", "\xc3\xa4.example",
                                      "a/b",  "a\\.b", "..", "*"};
    struct name name;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        bool is = list_name(bytes_of(bad[i], strlen(bad[i])), &name);
        ck_assert(is == (strcmp(bad[i], "-") == 0));
    }
    char label[70];
    memset(label, 'a', sizeof label);
    ck_assert(list_name(bytes_of(label, 63), &name));
    ck_assert(!list_name(bytes_of(label, 64), &name));
    char whole[260];
    for (size_t i = 0; i < sizeof whole; i++) {
        whole[i] = i % 50 == 49 ? '.' : 'a';
    }
    ck_assert(list_name(bytes_of(whole, 253), &name));
    ck_assert_uint_eq(name.n, 255);
    ck_assert(!list_name(bytes_of(whole, 254), &name));
}
END_TEST

START_TEST(a_file_says_the_same_as_its_text_whatever_the_reads_cut)
{
    char path[] = "/tmp/test_listfile.XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    FILE *file = fdopen(fd, "w");
    for (unsigned i = 0; i < 20000; i++) {
        fprintf(file, "name%u.example.com%s", i, i < 19999 ? "\n" : "");
    }
    fclose(file);
    reader = (struct list_reader){.format = LIST_AUTO, .on_entry = on_entry};
    list_begin(&reader);
    ck_assert_int_eq(list_read_file(&reader, path), 0);
    ck_assert_uint_eq(reader.n_entries, 20000);
    ck_assert_uint_eq(reader.n_lines, 20000);
    ck_assert_uint_eq(reader.n_skipped, 0);
    unlink(path);
    ck_assert_int_eq(list_read_file(&reader, path), -ENOENT);
}
END_TEST

/* What is behind the `n` octets of one line's comment; reader is left as the file was read. */
static const char *read_behind(size_t n, const char *tail)
{
    char path[] = "/tmp/test_listfile.XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    FILE *file = fdopen(fd, "w");
    fprintf(file, "first.example\n");
    for (size_t i = 0; i < n; i++) {
        fputc('#', file);
    }
    fprintf(file, "%s\nlast.example\n", tail);
    fclose(file);
    reader = (struct list_reader){.format = LIST_DOMAINS, .on_entry = on_entry};
    told[0] = '\0';
    list_begin(&reader);
    ck_assert_int_eq(list_read_file(&reader, path), 0);
    unlink(path);
    return told;
}

START_TEST(the_end_of_a_line_that_is_too_long_is_no_line)
{
    static const size_t sizes[] = {LISTFILE_LINE_MAX, 2 * LISTFILE_LINE_MAX - 12,
                                   2 * LISTFILE_LINE_MAX, 3 * LISTFILE_LINE_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        ck_assert_str_eq(read_behind(sizes[i], "tail.example"),
                         "+*first.example.\n+*last.example.\n");
        ck_assert_uint_eq(reader.n_lines, 3);
        ck_assert_uint_eq(reader.n_skipped, 1);
    }
}
END_TEST

START_TEST(a_hosts_line_with_hundreds_of_names_is_read)
{
    static char line[32768] = "0.0.0.0";
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(line + strlen(line), 32, " name%u.example.com", i);
    }
    told[0] = '\0';
    reader = (struct list_reader){.format = LIST_HOSTS, .on_entry = on_entry};
    list_begin(&reader);
    ck_assert_int_eq(list_read_text(&reader, bytes_of(line, strlen(line))), 0);
    ck_assert_uint_eq(reader.n_entries, 1000);
}
END_TEST

/* Whoever reads it would wait for a writer, and a reload for whoever reads it. */
START_TEST(a_pipe_is_no_list_and_nobody_waits_for_it)
{
    char folder[] = "/tmp/test_listfile.XXXXXX", path[64];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/list", folder);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    reader = (struct list_reader){.format = LIST_AUTO, .on_entry = on_entry};
    list_begin(&reader);
    ck_assert_int_eq(list_read_file(&reader, path), -EOPNOTSUPP);
    unlink(path);
    rmdir(folder);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_hosts_list_names_what_is_sent_to_a_sink,
        a_list_of_domains_names_trees,
        a_list_put_together_of_others_is_read_line_by_line,
        a_dnsmasq_list_names_each_domain_between_slashes,
        domain_rules_and_exceptions_of_an_adblock_list_are_understood,
        what_a_resolver_cannot_do_is_counted_and_the_first_of_it_kept,
        a_response_policy_zone_says_what_is_to_become_of_each_name,
        triggers_of_a_policy_zone_that_are_no_asked_names_are_counted_by_kind,
        times_of_a_policy_zone_have_units_and_a_line_without_owner_is_about_the_one_before,
        a_policy_zone_with_an_origin_names_what_stands_before_it,
        no_octet_of_a_line_makes_a_name_that_is_none,
        a_file_says_the_same_as_its_text_whatever_the_reads_cut,
        a_pipe_is_no_list_and_nobody_waits_for_it,
        a_name_that_dnsmasq_asks_for_as_all_others_is_an_exception,
        branches_of_a_policy_zone_have_origins_of_their_own,
        a_policy_zone_may_begin_with_a_byte_order_mark,
        the_end_of_a_line_that_is_too_long_is_no_line,
        a_hosts_line_with_hundreds_of_names_is_read,
    };
    return suite_run("listfile", tests, sizeof tests / sizeof tests[0], NULL, NULL);
}
