/* SPDX-License-Identifier: MIT */
#include "tests/unit/config_rig.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

START_TEST(empty_file_is_all_defaults)
{
    struct config *c = parse("");
    ck_assert_uint_eq(c->listen.n, 5);
    ck_assert_uint_eq(c->listen.unix_mode, 0660);
    ck_assert_uint_eq(c->workers, 0);
    ck_assert_uint_eq(c->n_providers, 3);
    ck_assert_uint_eq(c->query_timeout_ms, 4000);
    ck_assert_uint_eq(c->cache.size_bytes, 64 << 20);
    ck_assert_uint_eq(c->cache.max_ttl_s, 86400);
    ck_assert_uint_eq(c->cache.negative_max_ttl_s, 3600);
    ck_assert_int_eq(c->audit.mode, AUDIT_CANARY);
    ck_assert_uint_eq(c->audit.recheck_s, 30);
    ck_assert_int_eq(c->log_level, LOG_LEVEL_INFO);
    config_free(c);
    config_free(parse("# nothing but a comment\n"));
}
END_TEST

START_TEST(what_editors_put_before_and_behind_lines_is_no_part_of_them)
{
    config_free(parse("\xef\xbb\xbfworkers: 3\r\nquery-timeout: 2s\r\n"));
    refuses("\xef\xbb\xbfworkers: 3\r\nstrategie: failover\r\n", 2, 1, "strategie");
}
END_TEST

START_TEST(file_of_the_documentation_is_read_as_written)
{
    struct config *c =
        parse("listen:\n"
              "  - udp://127.0.0.1:53\n"
              "  - tcp://[::1]:53\n"
              "  - unix:///run/httpdnsd/dns.sock\n"
              "unix-socket: {mode: 0600, group: httpdns}\n"
              "workers: 2\n"
              "providers:\n"
              "  - preset: quad9\n"
              "  - name: corp\n"
              "    url: https://dns.example.net/dns-query{?dns}\n"
              "    protocol: doh-get\n"
              "    addresses: [192.0.2.1, \"2001:db8::1\"]\n"
              "strategy: failover\n"
              "query-timeout: 2500ms\n"
              "cache: {size: 1MiB, min-ttl: 5s, max-ttl: 1h, negative-max-ttl: 10m}\n"
              "local-resolver: {servers: [192.0.2.53, \"192.0.2.54:5353\"], filters: no}\n"
              "hijack: {mode: all, alert: syslog}\n"
              "log: {level: debug}\n");
    ck_assert_uint_eq(c->listen.n, 3);
    ck_assert_int_eq(c->listen.at[1].transport, LISTEN_TCP);
    ck_assert_uint_eq(ntohs(((struct sockaddr_in6 *)&c->listen.at[1].address)->sin6_port), 53);
    ck_assert_str_eq(((struct sockaddr_un *)&c->listen.at[2].address)->sun_path,
                     "/run/httpdnsd/dns.sock");
    ck_assert_str_eq(c->listen.unix_group, "httpdns");
    ck_assert_uint_eq(c->n_providers, 2);
    ck_assert(c->providers[0].filtering);
    ck_assert_str_eq(c->providers[1].name, "corp");
    ck_assert_str_eq(c->providers[1].endpoint.url, "https://dns.example.net/dns-query");
    ck_assert_int_eq(c->providers[1].protocol, PROTOCOL_DOH_GET);
    ck_assert_uint_eq(c->providers[1].endpoint.n_addresses, 2);
    ck_assert_uint_eq(c->providers[1].endpoint.id, 1);
    ck_assert_uint_eq(c->query_timeout_ms, 2500);
    ck_assert_uint_eq(c->audit.n_servers, 2);
    ck_assert_str_eq(c->audit.servers[1], "192.0.2.54:5353");
    ck_assert_int_eq(c->audit.filters, AUDIT_FILTERS_NO);
    ck_assert_int_eq(c->alert, ALERT_SYSLOG);
    config_free(c);
}
END_TEST

START_TEST(unknown_keys_are_named_with_the_nearest_known_one)
{
    refuses("providres: []\n", 1, 1, "unknown key 'providres': did you mean 'providers'?");
    refuses("cache: {sise: 1MiB}\n", 1, 9, "unknown key 'sise' of cache: did you mean 'size'?");
    refuses("\n\nzzzz: 1\n", 3, 1, "unknown key 'zzzz'");
    refuses("providers:\n  - nmae: x\n    url: https://x\n", 2, 5, "did you mean 'name'?");
    refuses("providers:\n  - preset: quad8\n", 2, 13, "did you mean 'quad9'?");
}
END_TEST

START_TEST(wrong_values_say_what_would_be_right)
{
    refuses("query-timeout: 4\n", 1, 16, "write 4s");
    refuses("query-timeout: 4x\n", 1, 16, "a time with its unit");
    refuses("query-timeout: 1h\n", 1, 16, "from 1s to 30s");
    refuses("cache: {size: 64MB}\n", 1, 15, "a size such as");
    refuses("cache: {max-ttl: 500ms}\n", 1, 18, "max-ttl must be");
    refuses("workers: 0\n", 1, 10, "from 1 to 64");
    refuses("workers: [1]\n", 1, 10, "takes one value, not a list");
    refuses("cache: 3\n", 1, 8, "cache is a section");
    refuses("unix-socket: {mode: 0999}\n", 1, 21, "an octal mode");
    refuses("hijack: {mode: al}\n", 1, 16, "off, canary, watchlist, sample, all");
    refuses("strategy: best\n", 1, 11, "failover, fastest, race, spread");
    refuses("race: 5\n", 1, 7, "from 2 to 4");
    refuses("log: {level: \"\"}\n", 1, 14, "is not one of");
    refuses("- a list\n", 1, 1, "the file must hold options");
}
END_TEST

START_TEST(listen_addresses_are_checked)
{
    refuses("listen: []\n", 1, 9, "at least one address");
    refuses("listen: [udp://127.0.0.1]\n", 1, 10, "write ADDRESS:PORT");
    refuses("listen: [\"udp://localhost:53\"]\n", 1, 10, "not an IPv4 address");
    refuses("listen: [\"udp://127.0.0.1:0\"]\n", 1, 10, "from 1 to 65535");
    refuses("listen: [\"udp://[fe80::1%nosuch]:53\"]\n", 1, 10, "no such interface");
    refuses("listen: [unix://relative]\n", 1, 10, "absolute path");
    refuses("listen:\n  - udp://127.0.0.1:53\n  - udp://127.0.0.1:53\n", 3, 5, "twice");
}
END_TEST

START_TEST(a_local_resolver_that_is_our_own_listener_is_refused)
{
    refuses("listen: [udp://192.0.2.7:53]\nlocal-resolver: {servers: [192.0.2.7]}\n", 2, 28,
            "is our own listener");
    refuses("listen: [\"udp://[2001:db8::7]:5353\"]\n"
            "local-resolver: {servers: [\"[2001:db8::7]:5353\"]}\n",
            2, 28, "is our own listener");
    config_free(parse("listen: [udp://192.0.2.7:53]\nlocal-resolver: {servers: [192.0.2.8]}\n"));
}
END_TEST

START_TEST(public_resolvers_are_four_that_are_shipped_those_listed_or_none)
{
    struct config *config = parse("hijack: {}\n");
    ck_assert_uint_eq(config->audit.n_public_servers, 4);
    ck_assert_str_eq(config->audit.public_servers[2], "9.9.9.9");
    config_free(config);
    config = parse("hijack: {public-resolvers: [8.8.4.4]}\n");
    ck_assert_uint_eq(config->audit.n_public_servers, 1);
    config_free(config);
    config = parse("hijack: {public-resolvers: []}\n");
    ck_assert_uint_eq(config->audit.n_public_servers, 0);
    config_free(config);
    refuses("hijack: {public-resolvers: [dns.google]}\n", 1, 29, "is not an address");
    refuses("hijack: {public-resolvers: 8.8.8.8}\n", 1, 28, "takes a list");
    refuses("hijack: {public-resolvers: [1.1.1.1, 1.0.0.1, 8.8.8.8, 8.8.4.4, 9.9.9.9]}\n", 1, 65,
            "more than 4");
}
END_TEST

START_TEST(lists_of_block_addresses_are_paths_from_the_root_with_or_without_a_scope)
{
    struct config *config =
        parse("hijack: {fingerprints: [/etc/a.csv, \"isp:/etc/b.txt\"], interval: 1m}\n");
    ck_assert_uint_eq(config->audit.n_fingerprints, 2);
    ck_assert_str_eq(config->audit.fingerprints[1], "isp:/etc/b.txt");
    ck_assert_uint_eq(config->audit.interval_s, 60);
    config_free(config);
    config = parse("hijack: {}\n");
    ck_assert_uint_eq(config->audit.n_fingerprints, 0);
    ck_assert_uint_eq(config->audit.interval_s, 210);
    config_free(config);
    refuses("hijack: {fingerprints: [pages.txt]}\n", 1, 25, "is not a path from the root");
    refuses("hijack: {fingerprints: [\"mine:/etc/pages.txt\"]}\n", 1, 25, "is not a path");
    refuses("hijack: {fingerprints: /etc/pages.txt}\n", 1, 24, "takes a list");
    refuses("hijack: {interval: 4s}\n", 1, 20, "5s");
}
END_TEST

START_TEST(what_belongs_together_is_checked_together)
{
    refuses("hijack: {mode: watchlist}\n", 0, 0, "needs names");
    refuses("cache: {min-ttl: 2h, max-ttl: 1h}\n", 0, 0, "above cache.max-ttl");
    config_free(parse("hijack: {mode: watchlist, watchlist: [www.example.com]}\n"));
}
END_TEST

START_TEST(section_that_stands_twice_is_read_once)
{
    static const char text[] = "local-data:\n  a.example: 192.0.2.1\n"
                               "local-data:\n  b.example: [192.0.2.2, nonsense]\n";
    struct config *c;
    ck_assert_int_lt(config_parse(bytes_of(text, strlen(text)), &c, &errors), 0);
    ck_assert_uint_eq(errors.n, 1);
    ck_assert_uint_eq(errors.at[0].line, 3);
}
END_TEST

START_TEST(yaml_that_a_configuration_does_not_need_is_refused)
{
    refuses("log: &a {level: info}\n", 1, 6, "anchors are not allowed");
    refuses("log: {level: *a}\n", 1, 14, "alias");
    refuses("log: {level: !!str info}\n", 1, 14, "tags are not allowed");
    refuses("log: {}\n---\nlog: {}\n", 2, 1, "only one document");
    refuses("workers: 1\nworkers: 2\n", 2, 1, "stands here twice: first in line 1");
    refuses("log: {level: info, level: debug}\n", 1, 20, "twice");
    refuses("{a: 1, [b]: 2}\n", 1, 8, "a key must be a word");
    refuses("log: {level: [\n", 2, 1, "");
    refuses("log: {level: \"a\\0b\"}\n", 1, 14, "NUL");
    refuses("a: [[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]\n", 1, 19, "nested deeper than 16");
}
END_TEST

START_TEST(bombs_are_refused_early)
{
    size_t n = (1 << 20) + 1;
    char *large = malloc(n);
    memset(large, '#', n);
    struct config *config;
    ck_assert_int_eq(config_parse(bytes_of(large, n), &config, &errors), -EINVAL);
    ck_assert_ptr_nonnull(strstr(errors.at[0].text, "larger than 1 MiB"));
    size_t at = (size_t)sprintf(large, "listen: [");
    while (at < 60000) {
        at += (size_t)sprintf(large + at, "a, ");
    }
    ck_assert_int_eq(config_parse(bytes_of(large, at), &config, &errors), -EINVAL);
    ck_assert_ptr_nonnull(strstr(errors.at[0].text, "more than 10000 values"));
    ck_assert_int_eq(config_parse(bytes_of("\xff\xfe\x00", 3), &config, &errors), -EINVAL);
    free(large);
}
END_TEST

START_TEST(all_errors_are_told_not_only_the_first)
{
    struct config *config;
    const char *yaml = "workers: many\nstrategie: x\nquery-timeout: 4\nlog: {level: loud}\n";
    ck_assert_int_eq(config_parse(bytes_of(yaml, strlen(yaml)), &config, &errors), -EINVAL);
    ck_assert_uint_eq(errors.n, 4);
    for (unsigned i = 0; i < 4; i++) {
        ck_assert_uint_eq(errors.at[i].line, i + 1);
    }
}
END_TEST

START_TEST(what_is_printed_reads_back_as_the_same)
{
    static const char *const texts[] = {
        "",
        "providers: [{name: \"odd \\\"name\\\\\", url: https://x/y}]\n"
        "unix-socket: {group: \"a b\"}\nworkers: 3\ncache: {size: 0}\nhijack: {sample: 0.125}\n",
        "access: {allow: [192.0.2.0/24, \"2001:db8::/32\", \"::ffff:0:0/96\"], deny: [192.0.2.1]}\n"
        "rate-limit: {queries: off, over: drop}\ncookies: {mode: on}\n",
        "providers: [{preset: quad9}, {name: d, server: '[2001:db8::1]:53', group: corp}]\nrules: "
        "[{domains: "
        "['*.a.example'], group: corp, fallback: default}]\nhosts: []\nlocal-data: {'*.x.lan': "
        "other.lan, y.lan: nodata, z.lan: ['::1']}\nblock: {lists: [/a/b.txt], allow: "
        "[c.d]}\nrebinding-guard: {mode: on, allow: [e.f]}\ndns64: {prefix: '64:ff9b::/96', "
        "exclude: [g.h]}\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct config *first = parse(texts[i]);
        char *shown = print(first);
        struct config *second = parse(shown);
        char *again = print(second);
        ck_assert_str_eq(shown, again);
        free(shown);
        free(again);
        config_free(first);
        config_free(second);
    }
}
END_TEST

START_TEST(who_may_ask_is_read_and_checked)
{
    struct config *c = parse("access: {allow: [10.0.0.0/8, \"fd00::/8\"], deny: [10.0.0.1]}\n");
    ck_assert_uint_eq(c->clients.n_allow, 2);
    ck_assert_uint_eq(c->clients.n_deny, 1);
    ck_assert_uint_eq(c->clients.allow[0].bits, 104);
    ck_assert_uint_eq(c->clients.rate.per_s, 200);
    ck_assert_int_eq(c->clients.cookies, CLIENTS_COOKIES_AUTO);
    config_free(c);
    refuses("access:\n  allow: [10.0.0.1/8]\n", 2, 11, "bits set behind its length");
    refuses("access:\n  allow: [lan]\n", 2, 11, "write an address or a prefix");
    refuses("access:\n  deny: 10.0.0.0/8\n", 2, 9, "takes a list");
    refuses("rate-limit: {queries: 0}\n", 1, 23, "queries must be from 1 to 100000");
}
END_TEST

START_TEST(rules_lists_and_local_data_are_read)
{
    struct config *config = parse(
        "providers:\n  - preset: quad9\n  - {preset: google, group: corp}\n"
        "rules:\n  - {domains: [corp.example, 10.in-addr.arpa], group: corp, fallback: "
        "default}\n  - {files: /etc/cn.txt, group: default}\n"
        "hosts: []\nlocal-data: {nas.lan: [192.0.2.1, '::1'], '*.x.lan': other.lan, gone.lan: "
        "nxdomain}\nblock: {lists: [/etc/ads.txt, {file: /etc/p.zone, format: rpz, name: "
        "zone}], answer: zero, allow: good.example}\nfamily: ipv4\nany: refuse\n"
        "special-names: {test: forward}\nidentity: {version: '1'}\n");
    ck_assert_uint_eq(config->policy.n_rules, 2);
    ck_assert_uint_eq(config->routes[0].members, 2);
    ck_assert_uint_eq(config->routes[0].fallback, 1);
    ck_assert_uint_eq(config->routes[1].members, 1);
    ck_assert_str_eq(config->policy.rules[0].domains.at[1], "10.in-addr.arpa");
    ck_assert_str_eq(config->policy.rules[1].files.at[0], "/etc/cn.txt");
    ck_assert_uint_eq(config->policy.hosts.n, 0);
    ck_assert_uint_eq(config->policy.n_locals, 3);
    ck_assert_uint_eq(config->policy.locals[0].values.n, 2);
    ck_assert_int_eq(config->policy.locals[2].kind, POLICY_LOCAL_NXDOMAIN);
    ck_assert_str_eq(config->policy.lists[0].name, "ads.txt");
    ck_assert_int_eq(config->policy.lists[1].format, LIST_RPZ);
    ck_assert_int_eq(config->policy.block, POLICY_BLOCK_ZERO);
    ck_assert_int_eq(config->policy.family, POLICY_FAMILY_IPV4);
    ck_assert_int_eq(config->policy.forward_test, POLICY_YES);
    config_free(config);
}
END_TEST

START_TEST(rules_lists_and_local_data_are_checked)
{
    refuses("rules: [{domains: [a.example], group: none}]\n", 1, 9,
            "no provider has the group 'none'");
    refuses("rules: [{domains: [a.example]}]\n", 1, 9, "a group of providers");
    refuses("rules: [{domains: ['a..b'], group: default}]\n", 1, 20, "is not a domain name");
    refuses("rules: [{what: 1, domains: [a.b], group: default}]\n", 1, 10,
            "unknown key 'what' of a rule");
    refuses("providers: [{preset: quad9, group: a}]\n", 0, 0, "every provider has a group");
    refuses("block: {lists: [relative.txt]}\n", 1, 17, "absolute path");
    refuses("block: {lists: [{file: /x, format: tar}]}\n", 1, 36, "is not one of: auto, hosts");
    refuses("local-data: {a.lan: [x.lan, 192.0.2.1]}\n", 1, 21, "must all be addresses");
    refuses("local-data: {'a..lan': 192.0.2.1}\n", 1, 14, "not a domain name");
    refuses("providers: [{name: a, server: 192.0.2.1}]\n", 1, 13, "give it a group");
    refuses("providers: [{name: a, protocol: dns, url: 'https://x/', group: b}]\n", 1, 13,
            "server: ADDRESS");
    refuses("providers: [{name: a, server: x.lan, group: b}]\n", 1, 31, "must be an address");
    refuses("dns64: {prefix: '64:ff9b::/97'}\n", 1, 17, "prefix must be off, auto");
    refuses("hosts: [hosts]\n", 1, 9, "is not an absolute path");
}
END_TEST

START_TEST(file_that_everybody_may_write_is_not_trusted)
{
    char path[] = "/tmp/httpdnsd-test-XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    struct config *config;
    ck_assert_int_eq(config_load(path, &config, &errors), 0);
    config_free(config);
    fchmod(fd, 0666);
    ck_assert_int_eq(config_load(path, &config, &errors), -EPERM);
    ck_assert_ptr_nonnull(strstr(errors.at[0].text, "chmod o-w"));
    close(fd);
    unlink(path);
    ck_assert_int_eq(config_load(path, &config, &errors), -ENOENT);
    ck_assert_ptr_nonnull(strstr(errors.at[0].text, "No such file"));
}
END_TEST

/* As `--config <(command)` and `--config /dev/stdin` have it. */
START_TEST(pipe_is_read_to_its_end_and_one_that_says_nothing_is_no_wish_for_the_defaults)
{
    char path[] = "/tmp/httpdnsd-XXXXXX", fifo[64], by_number[32];
    static const char text[] = "providers: [{name: a, url: 'https://192.0.2.1/dns-query'}]\n";
    struct config *config = NULL;
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(write(ends[1], text, sizeof text - 1), sizeof text - 1);
    close(ends[1]);
    snprintf(by_number, sizeof by_number, "/dev/fd/%d", ends[0]);
    ck_assert_int_eq(config_load(by_number, &config, &errors), 0);
    config_free(config);
    ck_assert_int_eq(config_load(by_number, &config, &errors), -ENODATA);
    close(ends[0]);
    ck_assert_ptr_nonnull(mkdtemp(path));
    snprintf(fifo, sizeof fifo, "%s/fifo", path);
    ck_assert_int_eq(mkfifo(fifo, 0600), 0);
    ck_assert_int_eq(config_load(fifo, &config, &errors), -ENODATA);
    ck_assert_str_eq(errors.at[0].text, "a pipe, and nothing comes out of it");
    unlink(fifo);
    rmdir(path);
}
END_TEST

START_TEST(shipped_default_is_good)
{
    struct config *config;
    int failure = config_load("systemd/httpdnsd.yaml", &config, &errors);
    ck_assert_msg(failure == 0, "%u:%u: %s", errors.at[0].line, errors.at[0].column,
                  errors.at[0].text);
    config_free(config);
}
END_TEST

START_TEST(reference_has_a_paragraph_for_every_option)
{
    char *text = NULL;
    size_t n;
    FILE *to = open_memstream(&text, &n);
    config_print_reference(to);
    fclose(to);
    ck_assert_ptr_nonnull(strstr(text, ".B cache.negative\\-max\\-ttl\n"));
    ck_assert_ptr_nonnull(strstr(text, ".B listen\n"));
    ck_assert_ptr_nonnull(strstr(text, "Default: 64MiB.\n"));
    free(text);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        empty_file_is_all_defaults,
        what_editors_put_before_and_behind_lines_is_no_part_of_them,
        file_of_the_documentation_is_read_as_written,
        unknown_keys_are_named_with_the_nearest_known_one,
        wrong_values_say_what_would_be_right,
        listen_addresses_are_checked,
        a_local_resolver_that_is_our_own_listener_is_refused,
        public_resolvers_are_four_that_are_shipped_those_listed_or_none,
        lists_of_block_addresses_are_paths_from_the_root_with_or_without_a_scope,
        what_belongs_together_is_checked_together,
        section_that_stands_twice_is_read_once,
        yaml_that_a_configuration_does_not_need_is_refused,
        bombs_are_refused_early,
        all_errors_are_told_not_only_the_first,
        what_is_printed_reads_back_as_the_same,
        who_may_ask_is_read_and_checked,
        rules_lists_and_local_data_are_read,
        rules_lists_and_local_data_are_checked,
        file_that_everybody_may_write_is_not_trusted,
        pipe_is_read_to_its_end_and_one_that_says_nothing_is_no_wish_for_the_defaults,
        shipped_default_is_good,
        reference_has_a_paragraph_for_every_option,
    };
    return suite_run("config", tests, sizeof tests / sizeof tests[0], NULL, NULL);
}
