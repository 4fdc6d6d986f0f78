/* SPDX-License-Identifier: MIT */
#include "resolver/audit/local.h"

#include "tests/unit/said.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- texts ---- */

static struct local_resolvers read_as(enum source_format format, const char *text)
{
    struct local_resolvers found = {.n = 0};
    local_read(format, bytes_of(text, strlen(text)), &found);
    return found;
}

static struct local_resolvers parse(const char *text)
{
    return read_as(SOURCE_RESOLV_CONF, text);
}

static void expect_one(const char *text, const char *server)
{
    struct local_resolvers found = parse(text);
    ck_assert_msg(found.n == 1 && strcmp(found.at[0].text, server) == 0, "%s", text);
}

static void expect_none(const char *text)
{
    struct local_resolvers found = parse(text);
    ck_assert_msg(found.n == 0, "%s: %s", text, found.n > 0 ? found.at[0].text : "");
}

START_TEST(nameserver_lines_are_read_in_order)
{
    struct local_resolvers found = parse("# made by somebody\n"
                                         "search example.net\n"
                                         "nameserver 192.0.2.1\n"
                                         "options edns0 trust-ad\n"
                                         "nameserver 2001:db8::53\n");
    ck_assert_uint_eq(found.n, 2);
    ck_assert_str_eq(found.at[0].text, "192.0.2.1");
    ck_assert_str_eq(found.at[1].text, "2001:db8::53");
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

START_TEST(c8_a_stub_or_ourselves_is_never_taken)
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
    char text[40 * 40];
    size_t n = 0;
    for (unsigned i = 1; i <= 40; i++) {
        n += (size_t)snprintf(text + n, sizeof text - n, "nameserver 192.0.2.%u\n", i);
    }
    struct local_resolvers found = parse(text);
    ck_assert_uint_eq(found.n, LOCAL_MAX);
    ck_assert_str_eq(found.at[LOCAL_MAX - 1].text, "192.0.2.16");
}
END_TEST

START_TEST(a_nul_or_an_endless_word_does_no_harm)
{
    static const char nul[] = "nameserver 192.0.2.1\0.9\nnameserver 192.0.2.2\n";
    struct local_resolvers found = {.n = 0};
    local_read(SOURCE_RESOLV_CONF, bytes_of(nul, sizeof nul - 1), &found);
    ck_assert_uint_eq(found.n, 1);
    ck_assert_str_eq(found.at[0].text, "192.0.2.2");

    char text[4096];
    memset(text, '1', sizeof text);
    memcpy(text, "nameserver ", 11);
    for (unsigned format = SOURCE_RESOLV_CONF; format <= SOURCE_ROUTES_V6; format++) {
        found.n = 0;
        local_read((enum source_format)format, bytes_of(text, sizeof text), &found);
        ck_assert_uint_eq(found.n, 0);
        local_read((enum source_format)format, bytes_of(NULL, 0), &found);
        ck_assert_uint_eq(found.n, 0);
    }
}
END_TEST

START_TEST(state_files_of_systemd_are_read_without_ports_and_tls_names)
{
    struct local_resolvers found =
        read_as(SOURCE_KEYS, "# This is private data. Do not parse.\n"
                             "LLMNR=yes\n"
                             "SERVERS=192.0.2.1 2001:db8::53 192.0.2.9#dns.example.net\n"
                             "DOMAINS=example.net 192.0.2.77\n"
                             "NTP=192.0.2.123\n");
    ck_assert_uint_eq(found.n, 3);
    ck_assert_str_eq(found.at[1].text, "2001:db8::53");
    ck_assert_str_eq(found.at[2].text, "192.0.2.9");
}
END_TEST

START_TEST(of_a_lease_file_the_last_lease_of_each_interface_counts)
{
    struct local_resolvers found =
        read_as(SOURCE_DHCLIENT, "default-duid \"\\000\\001\";\n"
                                 "lease {\n"
                                 "  interface \"eth0\";\n"
                                 "  option domain-name-servers 192.0.2.1,192.0.2.2;\n"
                                 "  option routers 192.0.2.254;\n"
                                 "}\n"
                                 "lease {\n  interface \"wlan0\";\n"
                                 "  option domain-name-servers 198.51.100.1;\n}\n"
                                 "lease {\n"
                                 "  interface \"eth0\";\n"
                                 "  option domain-name-servers 192.0.2.3;\n"
                                 "}\n"
                                 "lease6 {\n"
                                 "  interface \"eth1\";\n"
                                 "  ia-na 1:2 {\n    iaaddr 2001:db8::7 {\n    }\n  }\n"
                                 "  option dhcp6.name-servers fe80::53;\n"
                                 "}\n");
    ck_assert_uint_eq(found.n, 3);
    ck_assert_str_eq(found.at[0].text, "192.0.2.3");
    ck_assert_str_eq(found.at[0].interface, "eth0");
    ck_assert_str_eq(found.at[1].text, "198.51.100.1");
    ck_assert_str_eq(found.at[1].interface, "wlan0");
    ck_assert_str_eq(found.at[2].text, "fe80::53%eth1");
}
END_TEST

START_TEST(a_dhcp_acknowledgement_is_read_to_its_end_and_no_further)
{
    uint8_t packet[300] = {[236] = 99, 130, 83, 99, 53, 1, 5, 0, 6, 8, 192, 0, 2, 1, 192, 0, 2, 2};
    packet[254] = 255;
    packet[255] = 6;
    packet[256] = 4;
    struct local_resolvers found = {.n = 0};
    local_read(SOURCE_DHCP_PACKET, bytes_of(packet, sizeof packet), &found);
    ck_assert_uint_eq(found.n, 2);
    ck_assert_str_eq(found.at[1].text, "192.0.2.2");
    found.n = 0;
    local_read(SOURCE_DHCP_PACKET, bytes_of(packet, 248), &found);
    ck_assert_uint_eq(found.n, 0);
    packet[236] = 98;
    local_read(SOURCE_DHCP_PACKET, bytes_of(packet, sizeof packet), &found);
    ck_assert_uint_eq(found.n, 0);
}
END_TEST

#define ROUTE_HEAD \
    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"

/* The kernel prints the word as the machine holds it. */
static const char *route_text(const char *interface, uint32_t gateway, char out[256])
{
    uint32_t word;
    uint8_t octets[4];
    bytes_write_u32(octets, gateway);
    memcpy(&word, octets, sizeof word);
    snprintf(out, 256, "%s\t00000000\t%08X\t0003\t0\t0\t100\t00000000\t0\t0\t0\n", interface,
             (unsigned)word);
    return out;
}

START_TEST(only_default_routes_name_a_gateway)
{
    char route[256], text[1024];
    snprintf(text, sizeof text, ROUTE_HEAD "eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\n%s",
             route_text("eth0", 0xc0000201, route));
    struct local_resolvers found = read_as(SOURCE_ROUTES_V4, text);
    ck_assert_uint_eq(found.n, 1);
    ck_assert_str_eq(found.at[0].text, "192.0.2.1");
    ck_assert_str_eq(found.at[0].interface, "eth0");

    found = read_as(SOURCE_ROUTES_V6,
                    "20010db8000000000000000000000000 40 00000000000000000000000000000000 00 "
                    "00000000000000000000000000000000 00000100 00000001 00000000 00000001 eth0\n"
                    "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
                    "fe800000000000000000000000000001 00000400 00000001 00000000 00000003 eth0\n"
                    "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
                    "00000000000000000000000000000000 ffffffff 00000001 00000000 00200200   lo\n");
    ck_assert_uint_eq(found.n, 1);
    ck_assert_str_eq(found.at[0].text, "fe80::1%eth0");
}
END_TEST

/* ---- a tree of files ---- */

static char tree[64];

static void put(const char *path, const char *text)
{
    char full[512];
    snprintf(full, sizeof full, "%s%s", tree, path);
    for (char *slash = strchr(full + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        ck_assert(mkdir(full, 0755) == 0 || errno == EEXIST);
        *slash = '/';
    }
    FILE *file = fopen(full, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    fclose(file);
}

static void take_away(const char *path)
{
    char full[512];
    snprintf(full, sizeof full, "%s%s", tree, path);
    ck_assert_int_eq(unlink(full), 0);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st, (void)kind, (void)at;
    return remove(path);
}

static void set_up(void)
{
    snprintf(tree, sizeof tree, "/tmp/httpdnsd-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(tree));
    put("/sys/class/net/eth0/ifindex", "2\n");
    put("/sys/class/net/wlan0/ifindex", "3\n");
    put("/etc/resolv.conf", "nameserver 127.0.0.1\n");
}

static void tear_down(void)
{
    ck_assert_int_eq(nftw(tree, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static struct local_resolvers find(void)
{
    struct local_params params = {.root = tree};
    struct local_resolvers found;
    local_find(&params, &found);
    return found;
}

static uint64_t mark(void)
{
    struct local_params params = {.root = tree};
    return local_mark(&params);
}

static void expect_found(const char *server, const char *interface, enum local_source source,
                         bool in_use)
{
    struct local_resolvers found = find();
    for (size_t i = 0; i < found.n; i++) {
        if (strcmp(found.at[i].text, server) == 0) {
            ck_assert_str_eq(found.at[i].interface, interface);
            ck_assert_str_eq(local_source_word(found.at[i].source), local_source_word(source));
            ck_assert_int_eq(found.at[i].in_use, in_use);
            ck_assert_msg(found.at[i].path[0] == '/', "%s", found.at[i].path);
            return;
        }
    }
    ck_abort_msg("%s was not found", server);
}

START_TEST(each_network_program_is_found_although_resolv_conf_points_at_us)
{
    ck_assert_uint_eq(find().n, 0);
    put("/run/systemd/resolve/netif/2", "SERVERS=192.0.2.1\n");
    expect_found("192.0.2.1", "eth0", LOCAL_RESOLVED, true);
    put("/run/systemd/resolve/resolv.conf", "nameserver 192.0.2.2\nnameserver 127.0.0.1\n");
    expect_found("192.0.2.2", "", LOCAL_RESOLVED, true);
    put("/run/NetworkManager/devices/3", "[dhcp4]\ndomain_name_servers=192.0.2.3\n");
    expect_found("192.0.2.3", "wlan0", LOCAL_NETWORK_MANAGER, true);
    put("/run/NetworkManager/no-stub-resolv.conf", "nameserver 192.0.2.4\n");
    struct local_resolvers found = find();
    ck_assert_uint_eq(found.n, 4);
    put("/run/systemd/netif/links/2", "DNS=192.0.2.5\nNTP=192.0.2.99\n");
    expect_found("192.0.2.5", "eth0", LOCAL_NETWORKD, false); /* a fifth: there is room for four */
    take_away("/run/systemd/resolve/netif/2");
    take_away("/run/systemd/resolve/resolv.conf");
    take_away("/run/NetworkManager/devices/3");
    take_away("/run/NetworkManager/no-stub-resolv.conf");
    put("/run/systemd/netif/state", "DNS=192.0.2.6\n");
    expect_found("192.0.2.6", "", LOCAL_NETWORKD, true);
    put("/run/resolvconf/interface/eth0.dhclient", "nameserver 192.0.2.7\n");
    expect_found("192.0.2.7", "eth0", LOCAL_RESOLVCONF, true);
    put("/run/dhcpcd/hook-state/resolv.conf/wlan0.dhcp", "nameserver 192.0.2.8\n");
    expect_found("192.0.2.8", "wlan0", LOCAL_DHCPCD, true);
}
END_TEST

START_TEST(each_tier_is_used_only_when_the_one_before_names_nobody)
{
    char route[256], routes[512];
    snprintf(routes, sizeof routes, ROUTE_HEAD "%s", route_text("eth0", 0xc00002fe, route));
    put("/proc/self/net/route", routes);
    expect_found("192.0.2.254", "eth0", LOCAL_GATEWAY, true);
    put("/etc/resolv.conf.before-httpdnsd", "nameserver 192.0.2.3\n");
    expect_found("192.0.2.3", "", LOCAL_SAVED, true);
    expect_found("192.0.2.254", "eth0", LOCAL_GATEWAY, false);
    put("/var/lib/dhcp/dhclient.eth0.leases",
        "lease {\n  interface \"eth0\";\n  option domain-name-servers 192.0.2.2;\n}\n");
    put("/var/lib/NetworkManager/internal-6f1b-wlan0.lease", "DNS=192.0.2.22\n");
    expect_found("192.0.2.2", "eth0", LOCAL_LEASE, true);
    expect_found("192.0.2.22", "wlan0", LOCAL_LEASE, true);
    expect_found("192.0.2.3", "", LOCAL_SAVED, false);
    put("/etc/resolv.conf", "nameserver 192.0.2.1\n");
    expect_found("192.0.2.1", "", LOCAL_RESOLV_CONF, true);
    expect_found("192.0.2.2", "eth0", LOCAL_LEASE, false);
}
END_TEST

START_TEST(configured_servers_stand_alone_but_the_others_are_listed)
{
    put("/run/systemd/netif/links/2", "DNS=192.0.2.5\n");
    const char *const configured[] = {"127.0.0.1:5353"};
    struct local_params params = {.root = tree, .configured = configured, .n_configured = 1};
    struct local_resolvers found;
    local_find(&params, &found);
    ck_assert_uint_eq(found.n, 2);
    ck_assert_str_eq(found.at[0].text, "127.0.0.1:5353");
    ck_assert(found.at[0].in_use && !found.at[1].in_use);
    ck_assert_str_eq(found.at[1].text, "192.0.2.5");
}
END_TEST

START_TEST(our_own_listeners_and_providers_are_not_taken_from_files)
{
    put("/run/systemd/netif/links/2", "DNS=192.0.2.5 9.9.9.9 192.0.2.6\n");
    struct address never[] = {address_of("192.0.2.5"), address_of("9.9.9.9")};
    struct local_params params = {.root = tree, .never = never, .n_never = 2};
    struct local_resolvers found;
    local_find(&params, &found);
    ck_assert_uint_eq(found.n, 1);
    ck_assert_str_eq(found.at[0].text, "192.0.2.6");
}
END_TEST

START_TEST(a_link_local_server_is_given_the_interface_its_file_is_about)
{
    put("/run/systemd/netif/links/2", "DNS=fe80::1\n");
    expect_found("fe80::1%eth0", "eth0", LOCAL_NETWORKD, true);
}
END_TEST

START_TEST(the_age_of_a_source_is_when_its_file_was_written)
{
    put("/etc/resolv.conf", "nameserver 192.0.2.1\n");
    char full[128];
    snprintf(full, sizeof full, "%s/etc/resolv.conf", tree);
    struct timespec times[2] = {{.tv_sec = 1600000000}, {.tv_sec = 1600000000}};
    ck_assert_int_eq(utimensat(AT_FDCWD, full, times, 0), 0);
    ck_assert_int_eq(find().at[0].written_s, 1600000000);
}
END_TEST

START_TEST(the_mark_changes_with_every_file_and_gateway_and_not_otherwise)
{
    uint64_t before = mark();
    ck_assert_uint_eq(mark(), before);
    put("/run/systemd/netif/links/2", "DNS=192.0.2.5\n");
    uint64_t after = mark();
    ck_assert_uint_ne(after, before);
    put("/run/systemd/netif/links/2", "DNS=192.0.2.55\n");
    ck_assert_uint_ne(mark(), after);
    take_away("/run/systemd/netif/links/2");
    ck_assert_uint_eq(mark(), before);

    char route[256], routes[512];
    snprintf(routes, sizeof routes, ROUTE_HEAD "%s", route_text("eth0", 0xc0000201, route));
    put("/proc/self/net/route", routes);
    after = mark();
    ck_assert_uint_ne(after, before);
    put("/proc/self/net/route", routes); /* written anew, the same gateway */
    ck_assert_uint_eq(mark(), after);
}
END_TEST

static struct local_network network_with(const char *arp)
{
    struct local_network network;
    put("/proc/self/net/arp", arp);
    local_network(tree, &network);
    return network;
}

static void put_gateway(uint32_t address)
{
    char route[256], routes[512];
    snprintf(routes, sizeof routes, ROUTE_HEAD "%s", route_text("eth0", address, route));
    put("/proc/self/net/route", routes);
}

START_TEST(networks_behind_other_routers_have_other_names)
{
    char one[LOCAL_NETWORK_TEXT_MAX], other[LOCAL_NETWORK_TEXT_MAX];
    put_gateway(0xc0a80101);
    struct local_network home = network_with(
        "IP address       HW type     Flags       HW address            Mask     Device\n"
        "192.168.1.1 0x1 0x2 02:00:00:00:00:01 * eth0\n");
    ck_assert_uint_eq(strlen(local_network_text(&home, one)), 16);
    /* The same private address behind another router. */
    struct local_network away = network_with("192.168.1.9 0x1 0x2 02:00:00:00:00:09 * eth0\n"
                                             "192.168.1.1 0x1 0x2 02:00:00:00:00:02 * eth0\n");
    ck_assert_str_ne(local_network_text(&away, other), one);
    ck_assert(!local_same_network(&home, &away));
    struct local_network again = network_with("192.168.1.7 0x1 0x2 02:00:00:00:00:07 * eth0\n"
                                              "192.168.1.1 0x1 0x2 02:00:00:00:00:03 * wlan0\n"
                                              "192.168.1.1 0x1 0x2 02:00:00:00:00:01 * eth0\n");
    ck_assert_str_eq(local_network_text(&again, other), one);
    ck_assert(local_same_network(&home, &again));
}
END_TEST

START_TEST(router_whose_hardware_is_not_known_yet_makes_no_other_network)
{
    put_gateway(0xc0a80101);
    struct local_network known = network_with("192.168.1.1 0x1 0x2 02:00:00:00:00:01 * eth0\n");
    struct local_network pending = network_with("192.168.1.1 0x1 0x0 00:00:00:00:00:00 * eth0\n");
    struct local_network unknown = network_with("");
    ck_assert(local_same_network(&unknown, &known) && local_same_network(&known, &unknown));
    ck_assert(local_same_network(&pending, &known) && local_same_network(&pending, &unknown));
    put_gateway(0xc0a80102);
    struct local_network elsewhere = network_with("");
    ck_assert(!local_same_network(&elsewhere, &unknown) && !local_same_network(&elsewhere, &known));
}
END_TEST

START_TEST(folders_and_missing_files_do_no_harm)
{
    put("/run/systemd/resolve/resolv.conf/odd", "nameserver 192.0.2.1\n");
    put("/run/systemd/netif/links", "DNS=192.0.2.1\n");
    ck_assert_uint_eq(find().n, 0);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        nameserver_lines_are_read_in_order,
        odd_but_valid_lines_are_read,
        c8_a_stub_or_ourselves_is_never_taken,
        what_is_no_server_is_left_out,
        a_server_named_twice_is_taken_once,
        no_more_servers_than_there_is_room_for,
        a_nul_or_an_endless_word_does_no_harm,
        state_files_of_systemd_are_read_without_ports_and_tls_names,
        of_a_lease_file_the_last_lease_of_each_interface_counts,
        a_dhcp_acknowledgement_is_read_to_its_end_and_no_further,
        only_default_routes_name_a_gateway,
        each_network_program_is_found_although_resolv_conf_points_at_us,
        each_tier_is_used_only_when_the_one_before_names_nobody,
        configured_servers_stand_alone_but_the_others_are_listed,
        our_own_listeners_and_providers_are_not_taken_from_files,
        a_link_local_server_is_given_the_interface_its_file_is_about,
        the_age_of_a_source_is_when_its_file_was_written,
        the_mark_changes_with_every_file_and_gateway_and_not_otherwise,
        networks_behind_other_routers_have_other_names,
        router_whose_hardware_is_not_known_yet_makes_no_other_network,
        folders_and_missing_files_do_no_harm,
    };
    return suite_run("local", tests, sizeof tests / sizeof tests[0], set_up, tear_down);
}
