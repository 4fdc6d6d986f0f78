/* SPDX-License-Identifier: MIT */
#include "resolver/policy/policy.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct policy_params params;
static struct policy *policy;
static struct policy_decision decision;
static uint8_t room_at[POLICY_ROOM];
static char said[2048];
static char paths[8][40];
static size_t n_paths;

static void on_told(void *ctx, bool is_trouble, const char *text)
{
    size_t n = strlen(said);
    (void)ctx;
    snprintf(said + n, sizeof said - n, "%s%s\n", is_trouble ? "! " : "", text);
}

static struct policy_teller teller = {.tell = on_told};

static void set_up(void)
{
    params = (struct policy_params){.local_ttl_s = 300, .block_ttl_s = 60};
    policy = NULL;
    said[0] = '\0';
    n_paths = 0;
}

static void tear_down(void)
{
    policy = policy_unref(policy);
    while (n_paths > 0) {
        unlink(paths[--n_paths]);
    }
}

static const char *file_of(const char *text)
{
    char *path = paths[n_paths++];
    strcpy(path, "/tmp/test_policy.XXXXXX");
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    return path;
}

static void load(void)
{
    static const uint8_t secret[16] = {3};
    policy = policy_unref(policy);
    ck_assert_int_eq(policy_load(&params, POLICY_WHOLE, secret, &teller, &policy), 0);
}

static enum policy_outcome decide(const char *text, uint16_t type, uint16_t class)
{
    struct question question = {.type = type, .class = class};
    struct buf room = buf_over(room_at, sizeof room_at);
    ck_assert_int_eq(name_from_text(text, &question.name), 0);
    name_lower(&question.name);
    return policy_decide(policy, &question, false, &room, &decision);
}

static enum policy_outcome ask(const char *text, uint16_t type)
{
    return decide(text, type, CLASS_IN);
}

/* The decision is the record of the asked type with this data, and no other. */
static void expect_record(const void *rdata, size_t n)
{
    ck_assert_uint_eq(decision.local.n_records, 1);
    ck_assert_uint_eq(decision.local.records.n, 10 + n);
    ck_assert_mem_eq(decision.local.records.at + 10, rdata, n);
}

static void expect_absent(const char *text, uint16_t type, enum rcode rcode)
{
    ck_assert_int_eq(ask(text, type), POLICY_LOCAL);
    ck_assert_uint_eq(decision.local.n_records, 0);
    ck_assert_int_eq(decision.local.rcode, rcode);
    ck_assert(decision.local.authoritative);
}

START_TEST(ordinary_names_are_forwarded_whatever_their_type)
{
    static const char *const names[] = {"www.example.com",
                                        "localhost.example.com",
                                        "example.com",
                                        ".",
                                        "x.xonion",
                                        "x.arpa",
                                        "www.example",
                                        "a.example.net",
                                        "xservice.arpa",
                                        "170.0.0.192.in-addr.arpa",
                                        "8.8.8.8.in-addr.arpa",
                                        "172.in-addr.arpa",
                                        "1.32.172.in-addr.arpa",
                                        "1.63.100.in-addr.arpa",
                                        "1.0.0.2.ip6.arpa",
                                        "ip6.arpa",
                                        "f.ip6.arpa",
                                        "x.home.arpa.net",
                                        "xuse-application-dns.net",
                                        "alt.net"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        ck_assert_int_eq(ask(names[i], TYPE_A), POLICY_FORWARD);
        ck_assert_int_eq(ask(names[i], 666), POLICY_FORWARD);
        ck_assert_uint_eq(decision.route, 0);
    }
}
END_TEST

START_TEST(s1_localhost_is_loopback_and_has_nothing_else)
{
    ck_assert_int_eq(ask("localhost", TYPE_A), POLICY_LOCAL);
    expect_record("\177\0\0\1", 4);
    ck_assert_int_eq(ask("A.b.LocalHost", TYPE_AAAA), POLICY_LOCAL);
    expect_record("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
    expect_absent("localhost", TYPE_MX, RCODE_NOERROR);
}
END_TEST

START_TEST(s1_s2_s3_names_that_exist_nowhere_outside_do_not_leave_the_host)
{
    static const char *const names[] = {"invalid",       "x.invalid",
                                        "test",          "a.test",
                                        "abc.onion",     "printer.local",
                                        "x.alt",         "home.arpa",
                                        "x.home.arpa",   "_dns.resolver.arpa",
                                        "resolver.arpa", "use-application-dns.net",
                                        "service.arpa",  "_ipps._tcp.default.service.arpa",
                                        "x.6tisch.arpa", "eap-noob.arpa"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        expect_absent(names[i], TYPE_A, RCODE_NXDOMAIN);
        ck_assert_int_eq(decision.local.ede, EDE_BLOCKED);
        ck_assert_ptr_nonnull(decision.local.text);
    }
}
END_TEST

START_TEST(s2_reverse_zones_of_private_use_stay_here)
{
    static const char *const names[] = {
        "1.2.3.10.in-addr.arpa",
        "10.in-addr.arpa",
        "1.0.16.172.in-addr.arpa",
        "31.172.in-addr.arpa",
        "5.1.168.192.in-addr.arpa",
        "1.0.0.127.in-addr.arpa",
        "1.1.254.169.in-addr.arpa",
        "0.in-addr.arpa",
        "1.64.100.in-addr.arpa",
        "9.2.0.192.in-addr.arpa",
        "255.255.255.255.in-addr.arpa",
        "x.d.f.ip6.arpa",
        "c.f.ip6.arpa",
        "0.8.e.f.ip6.arpa",
        "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa",
        "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        expect_absent(names[i], TYPE_PTR, RCODE_NXDOMAIN);
    }
    ck_assert_int_eq(ask("10.in-addr.arpa", TYPE_DS), POLICY_FORWARD);
    expect_absent("1.10.in-addr.arpa", TYPE_DS, RCODE_NXDOMAIN);
}
END_TEST

START_TEST(s2_delegation_of_home_and_service_is_asked_for_where_it_is)
{
    static const char *const delegated[] = {"home.arpa", "service.arpa"};
    for (size_t i = 0; i < sizeof delegated / sizeof delegated[0]; i++) {
        ck_assert_int_eq(ask(delegated[i], TYPE_DS), POLICY_FORWARD);
        expect_absent(delegated[i], TYPE_NS, RCODE_NXDOMAIN);
    }
    static const char *const others[] = {"x.home.arpa", "default.service.arpa", "resolver.arpa",
                                         "x.onion", "local"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        expect_absent(others[i], TYPE_DS, RCODE_NXDOMAIN);
    }
}
END_TEST

START_TEST(s1_s3_switches_let_names_out)
{
    params.forward_test = POLICY_YES;
    params.forward_canary = POLICY_YES;
    load();
    ck_assert_int_eq(ask("a.test", TYPE_A), POLICY_FORWARD);
    ck_assert_int_eq(ask("use-application-dns.net", TYPE_A), POLICY_FORWARD);
    ck_assert_int_eq(ask("ipv4only.arpa", TYPE_AAAA), POLICY_FORWARD);
    ck_assert_uint_eq(decision.route, 1);
    ck_assert(decision.is_local_route);
}
END_TEST

START_TEST(s4_names_of_one_label_are_not_asked_for_outside)
{
    expect_absent("printer", TYPE_A, RCODE_NOERROR);
    expect_absent("printer", TYPE_HTTPS, RCODE_NOERROR);
    ck_assert_int_eq(ask("com", TYPE_NS), POLICY_FORWARD);
    ck_assert_int_eq(ask("com", TYPE_DS), POLICY_FORWARD);
    params.single_label = POLICY_SINGLE_NXDOMAIN;
    load();
    expect_absent("printer", TYPE_A, RCODE_NXDOMAIN);
    params.single_label = POLICY_SINGLE_FORWARD;
    load();
    ck_assert_int_eq(ask("printer", TYPE_A), POLICY_FORWARD);
}
END_TEST

START_TEST(s5_any_is_answered_with_hinfo_or_as_configured)
{
    ck_assert_int_eq(ask("example.com", TYPE_ANY), POLICY_LOCAL);
    expect_record("\7RFC8482\0", 9);
    ck_assert(!decision.local.authoritative);
    params.any = POLICY_ANY_REFUSE;
    load();
    ck_assert_int_eq(ask("example.com", TYPE_ANY), POLICY_ERROR);
    ck_assert_int_eq(decision.error.rcode, RCODE_REFUSED);
    params.any = POLICY_ANY_FORWARD;
    load();
    ck_assert_int_eq(ask("example.com", TYPE_ANY), POLICY_FORWARD);
}
END_TEST

START_TEST(m10_transfers_and_meta_types_are_turned_away)
{
    static const uint16_t refused[] = {0, TYPE_AXFR, TYPE_IXFR, TYPE_MAILA, TYPE_MAILB};
    static const uint16_t malformed[] = {TYPE_OPT, TYPE_TSIG, TYPE_TKEY, 128, 129, 200, 248};
    static const uint16_t asked[] = {TYPE_ANY + 1, 127, 103, 666};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        ck_assert_int_eq(ask("example.com", refused[i]), POLICY_ERROR);
        ck_assert_int_eq(decision.error.rcode, RCODE_REFUSED);
    }
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        ck_assert_int_eq(ask("example.com", malformed[i]), POLICY_ERROR);
        ck_assert_int_eq(decision.error.rcode, RCODE_FORMERR);
        ck_assert_int_eq(decision.error.ede, EDE_INVALID_TYPE);
    }
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        ck_assert_int_eq(ask("example.com", asked[i]), POLICY_FORWARD);
    }
}
END_TEST

START_TEST(m9_other_classes_are_refused)
{
    static const uint16_t classes[] = {0, CLASS_CH, CLASS_HS, CLASS_NONE, CLASS_ANY, 4711};
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        ck_assert_int_eq(decide("version.bind", TYPE_TXT, classes[i]), POLICY_ERROR);
        ck_assert_int_eq(decision.error.rcode, RCODE_REFUSED);
    }
}
END_TEST

START_TEST(m9_who_we_are_is_told_when_configured)
{
    params.version = "1.0";
    params.hostname = "box";
    load();
    ck_assert_int_eq(decide("VERSION.bind", TYPE_TXT, CLASS_CH), POLICY_LOCAL);
    expect_record("\0031.0", 4);
    ck_assert_uint_eq(bytes_read_u16(decision.local.records.at + 2), CLASS_CH);
    ck_assert_int_eq(decide("version.server", TYPE_TXT, CLASS_CH), POLICY_LOCAL);
    ck_assert_int_eq(decide("hostname.bind", TYPE_TXT, CLASS_CH), POLICY_LOCAL);
    expect_record("\3box", 4);
    ck_assert_int_eq(decide("id.server", TYPE_TXT, CLASS_CH), POLICY_ERROR);
    ck_assert_int_eq(decide("version.bind", TYPE_A, CLASS_CH), POLICY_ERROR);
    ck_assert_int_eq(decide("example.com", TYPE_TXT, CLASS_CH), POLICY_ERROR);
}
END_TEST

START_TEST(hosts_files_give_addresses_and_their_names)
{
    const char *const files[] = {file_of("# mine\n192.0.2.7 Box.example box\n2001:db8::7 box\n"
                                         "192.0.2.8 box.example # a second\nfe80::1%eth0 link\n"),
                                 "/nonexistent/hosts"};
    params.hosts = (struct policy_texts){files, 2};
    load();
    ck_assert_str_eq(said, "");
    ck_assert_int_eq(ask("BOX", TYPE_AAAA), POLICY_LOCAL);
    expect_record("\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\7", 16);
    ck_assert_int_eq(ask("box.example", TYPE_A), POLICY_LOCAL);
    ck_assert_uint_eq(decision.local.n_records, 2);
    ck_assert(decision.local.authoritative);
    expect_absent("box.example", TYPE_AAAA, RCODE_NOERROR);
    expect_absent("box.example", TYPE_HTTPS, RCODE_NOERROR);
    ck_assert_int_eq(ask("box.example", TYPE_MX), POLICY_FORWARD);
    ck_assert_int_eq(ask("x.box.example", TYPE_A), POLICY_FORWARD);
    ck_assert_int_eq(ask("7.2.0.192.in-addr.arpa", TYPE_PTR), POLICY_LOCAL);
    expect_record("\3box\7example", 13);
    expect_absent("9.2.0.192.in-addr.arpa", TYPE_PTR, RCODE_NXDOMAIN);
}
END_TEST

START_TEST(local_data_is_addresses_nothing_or_another_name)
{
    const char *const two[] = {"192.0.2.1", "2001:db8::1"}, *const other[] = {"Target.example"};
    const struct policy_local locals[] = {
        {"nas.lan.example", POLICY_LOCAL_RECORDS, {two, 2}},
        {"*.nas.lan.example", POLICY_LOCAL_RECORDS, {two, 1}},
        {"gone.example", POLICY_LOCAL_NXDOMAIN, {NULL, 0}},
        {"*.empty.example", POLICY_LOCAL_NODATA, {NULL, 0}},
        {"www.shop.example", POLICY_LOCAL_RECORDS, {other, 1}},
    };
    params.locals = locals;
    params.n_locals = sizeof locals / sizeof locals[0];
    load();
    ck_assert_int_eq(ask("nas.LAN.example", TYPE_A), POLICY_LOCAL);
    expect_record("\300\0\2\1", 4);
    ck_assert_uint_eq(bytes_read_u32(decision.local.records.at + 4), 300);
    ck_assert_int_eq(ask("nas.lan.example", TYPE_ANY), POLICY_LOCAL);
    ck_assert_uint_eq(decision.local.n_records, 2);
    expect_absent("nas.lan.example", TYPE_MX, RCODE_NOERROR);
    ck_assert_int_eq(ask("a.b.nas.lan.example", TYPE_A), POLICY_LOCAL);
    expect_absent("a.nas.lan.example", TYPE_AAAA, RCODE_NOERROR);
    ck_assert_uint_eq(decision.local.zone_at, 2);
    expect_absent("gone.example", TYPE_A, RCODE_NXDOMAIN);
    ck_assert_int_eq(ask("x.gone.example", TYPE_A), POLICY_FORWARD);
    expect_absent("x.empty.example", TYPE_TXT, RCODE_NOERROR);
    ck_assert_int_eq(ask("empty.example", TYPE_TXT), POLICY_FORWARD);
    ck_assert_int_eq(ask("www.shop.example", TYPE_A), POLICY_ALIAS);
    ck_assert_mem_eq(decision.alias.at, "\6target\7example", 16);
    ck_assert_int_eq(ask("www.shop.example", TYPE_CNAME), POLICY_LOCAL);
    ck_assert_uint_eq(decision.local.n_records, 1);
}
END_TEST

static struct policy_list lists[4];

static void block_by(size_t i, const char *text)
{
    lists[i] = (struct policy_list){.path = file_of(text), .name = i == 0 ? "first" : "second"};
    params.lists = lists;
    params.n_lists = i + 1;
}

START_TEST(e8_a_block_list_answers_in_the_way_configured_and_says_which_it_is)
{
    block_by(0, "ads.example\n");
    load();
    expect_absent("x.ads.example", TYPE_A, RCODE_NXDOMAIN);
    ck_assert_int_eq(decision.local.ede, EDE_BLOCKED);
    ck_assert_str_eq(decision.local.text, "blocked by first");
    ck_assert_uint_eq(decision.local.zone_at, 2);
    ck_assert_uint_eq(decision.local.ttl_s, 60);
    ck_assert_int_eq(ask("sads.example", TYPE_A), POLICY_FORWARD);
    params.block = POLICY_BLOCK_NODATA;
    load();
    expect_absent("ads.example", TYPE_TXT, RCODE_NOERROR);
    params.block = POLICY_BLOCK_ZERO;
    load();
    ck_assert_int_eq(ask("ads.example", TYPE_A), POLICY_LOCAL);
    expect_record("\0\0\0\0", 4);
    ck_assert_int_eq(ask("ads.example", TYPE_AAAA), POLICY_LOCAL);
    expect_record("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
    expect_absent("ads.example", TYPE_HTTPS, RCODE_NOERROR);
    params.block = POLICY_BLOCK_REFUSED;
    load();
    ck_assert_int_eq(ask("ads.example", TYPE_A), POLICY_ERROR);
    ck_assert_int_eq(decision.error.rcode, RCODE_REFUSED);
    ck_assert_int_eq(decision.error.ede, EDE_BLOCKED);
}
END_TEST

START_TEST(exceptions_hold_against_lists_and_the_configuration_against_all)
{
    const char *const allow[] = {"free.example"};
    block_by(0, "||a.example^\n||x.ok.a.example^\n||hard.example^$important\n@@||ok.a.example^\n"
                "@@||hard.example^\n||free.example^$important\n");
    block_by(1, "0.0.0.0 ok.a.example\n");
    params.allow = (struct policy_texts){allow, 1};
    load();
    expect_absent("a.example", TYPE_A, RCODE_NXDOMAIN);
    ck_assert_int_eq(ask("ok.a.example", TYPE_A), POLICY_FORWARD);
    ck_assert_int_eq(ask("x.ok.a.example", TYPE_A), POLICY_FORWARD);
    expect_absent("hard.example", TYPE_A, RCODE_NXDOMAIN);
    ck_assert_int_eq(ask("www.free.example", TYPE_A), POLICY_FORWARD);
}
END_TEST

static void expect_alias(const char *text)
{
    struct name name;
    ck_assert_int_eq(name_from_text(text, &name), 0);
    ck_assert(name_equal(&decision.alias, &name));
}

START_TEST(a_policy_zone_passes_denies_and_replaces)
{
    block_by(0, "$TTL 60\nbad.example CNAME .\n*.bad.example CNAME .\nok.bad.example CNAME "
                "rpz-passthru.\nempty.example CNAME *.\nwall.example A 192.0.2.9\n"
                "*.wall.example CNAME garden.example.\nstar.example CNAME *.garden.example.\n"
                "*.star.example CNAME *.garden.example.\n");
    params.block = POLICY_BLOCK_REFUSED;
    load();
    expect_absent("bad.example", TYPE_A, RCODE_NXDOMAIN);
    expect_absent("x.bad.example", TYPE_A, RCODE_NXDOMAIN);
    ck_assert_int_eq(ask("ok.bad.example", TYPE_A), POLICY_FORWARD);
    expect_absent("empty.example", TYPE_A, RCODE_NOERROR);
    ck_assert_int_eq(ask("wall.example", TYPE_A), POLICY_LOCAL);
    expect_record("\300\0\2\11", 4);
    ck_assert_str_eq(decision.local.text, "blocked by first");
    ck_assert_int_eq(ask("x.wall.example", TYPE_A), POLICY_ALIAS);
    expect_alias("garden.example");
    ck_assert_int_eq(ask("star.example", TYPE_AAAA), POLICY_ALIAS);
    expect_alias("star.example.garden.example");
    ck_assert_int_eq(ask("a.b.star.example", TYPE_CNAME), POLICY_ALIAS);
    expect_alias("a.b.star.example.garden.example");
    char label[64], text[NAME_MAX_TEXT];
    memset(label, 'x', sizeof label - 1);
    label[sizeof label - 1] = '\0';
    snprintf(text, sizeof text, "%s.%s.%s.%.40s.star.example", label, label, label, label);
    ck_assert_int_eq(ask(text, TYPE_A), POLICY_ERROR); /* there is no room for more */
    ck_assert_uint_eq(decision.error.rcode, RCODE_YXDOMAIN);
}
END_TEST

START_TEST(what_is_not_understood_and_what_cannot_be_read_is_said_once)
{
    block_by(0, "! c\n||a.example^$popup\n/re/\n||b.example^\n");
    block_by(1, "x.example\n");
    unlink(lists[1].path);
    load();
    ck_assert_ptr_nonnull(strstr(said, "1 entries"));
    ck_assert_ptr_nonnull(
        strstr(said, "2 lines are not for a resolver, the first is line 2: ||a.example^$popup"));
    ck_assert_ptr_nonnull(strstr(said, "cannot be read: No such file"));
    ck_assert_uint_eq(teller.n_failed, 1);
    expect_absent("b.example", TYPE_A, RCODE_NXDOMAIN);
}
END_TEST

START_TEST(the_most_specific_rule_gives_the_route)
{
    const char *const company[] = {"corp.example", "10.in-addr.arpa"}, *const inner[] = {
                                                                           "x.corp.example"};
    const char *const files[] = {
        file_of("server=/cn.example/1.2.3.4\nserver=/wide.home.arpa/1.2.3.4\n")};
    const struct policy_rule rules[] = {{.domains = {company, 2}, .is_local = true},
                                        {.domains = {inner, 1}},
                                        {.files = {files, 1}}};
    params.rules = rules;
    params.n_rules = 3;
    load();
    ck_assert_int_eq(ask("www.corp.example", TYPE_A), POLICY_FORWARD);
    ck_assert_uint_eq(decision.route, 1);
    ck_assert(decision.is_local_route);
    ck_assert_int_eq(ask("a.x.corp.example", TYPE_A), POLICY_FORWARD);
    ck_assert_uint_eq(decision.route, 2);
    ck_assert(!decision.is_local_route);
    ck_assert_int_eq(ask("www.cn.example", TYPE_MX), POLICY_FORWARD);
    ck_assert_uint_eq(decision.route, 3);
    ck_assert_int_eq(ask("other.example", TYPE_A), POLICY_FORWARD);
    ck_assert_uint_eq(decision.route, 0);
    ck_assert_int_eq(ask("3.2.1.10.in-addr.arpa", TYPE_PTR), POLICY_FORWARD);
    ck_assert_uint_eq(decision.route, 1);
    ck_assert_int_eq(ask("wide.home.arpa", TYPE_A), POLICY_FORWARD);
    expect_absent("other.home.arpa", TYPE_A, RCODE_NXDOMAIN);
}
END_TEST

START_TEST(a_rule_for_the_root_does_not_let_special_names_out)
{
    const char *const all[] = {"."};
    const struct policy_rule rules[] = {{.domains = {all, 1}}};
    params.rules = rules;
    params.n_rules = 1;
    load();
    ck_assert_int_eq(ask("www.example", TYPE_A), POLICY_FORWARD);
    ck_assert_uint_eq(decision.route, 1);
    expect_absent("x.local", TYPE_A, RCODE_NXDOMAIN);
    expect_absent("printer", TYPE_A, RCODE_NOERROR);
}
END_TEST

START_TEST(one_address_family_can_be_switched_off)
{
    params.family = POLICY_FAMILY_IPV4;
    load();
    expect_absent("www.example.com", TYPE_AAAA, RCODE_NOERROR);
    ck_assert_int_eq(ask("www.example.com", TYPE_A), POLICY_FORWARD);
    params.family = POLICY_FAMILY_IPV6;
    load();
    expect_absent("www.example.com", TYPE_A, RCODE_NOERROR);
    ck_assert_int_eq(ask("www.example.com", TYPE_AAAA), POLICY_FORWARD);
}
END_TEST

START_TEST(the_files_of_a_policy_can_be_walked)
{
    const char *const hosts[] = {"h"}, *const files[] = {"r1", "r2"};
    const struct policy_rule rules[] = {{.files = {NULL, 0}}, {.files = {files, 2}}};
    lists[0].path = "l";
    params = (struct policy_params){
        .hosts = {hosts, 1}, .rules = rules, .n_rules = 2, .lists = lists, .n_lists = 1};
    ck_assert_str_eq(policy_file(&params, 0), "h");
    ck_assert_str_eq(policy_file(&params, 1), "r1");
    ck_assert_str_eq(policy_file(&params, 2), "r2");
    ck_assert_str_eq(policy_file(&params, 3), "l");
    ck_assert_ptr_null(policy_file(&params, 4));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        ordinary_names_are_forwarded_whatever_their_type,
        s1_localhost_is_loopback_and_has_nothing_else,
        s1_s2_s3_names_that_exist_nowhere_outside_do_not_leave_the_host,
        s2_reverse_zones_of_private_use_stay_here,
        s2_delegation_of_home_and_service_is_asked_for_where_it_is,
        s1_s3_switches_let_names_out,
        s4_names_of_one_label_are_not_asked_for_outside,
        s5_any_is_answered_with_hinfo_or_as_configured,
        m10_transfers_and_meta_types_are_turned_away,
        m9_other_classes_are_refused,
        m9_who_we_are_is_told_when_configured,
        hosts_files_give_addresses_and_their_names,
        local_data_is_addresses_nothing_or_another_name,
        e8_a_block_list_answers_in_the_way_configured_and_says_which_it_is,
        exceptions_hold_against_lists_and_the_configuration_against_all,
        a_policy_zone_passes_denies_and_replaces,
        what_is_not_understood_and_what_cannot_be_read_is_said_once,
        the_most_specific_rule_gives_the_route,
        a_rule_for_the_root_does_not_let_special_names_out,
        one_address_family_can_be_switched_off,
        the_files_of_a_policy_can_be_walked,
    };
    return suite_run("policy", tests, sizeof tests / sizeof tests[0], set_up, tear_down);
}
