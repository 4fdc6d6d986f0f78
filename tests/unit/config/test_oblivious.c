/* SPDX-License-Identifier: MIT */
/* Providers of Oblivious DoH, and providers from stamps, as they stand in a configuration. */
#include "tests/unit/config_rig.h"

#include <stdlib.h>
#include <unistd.h>

#define RELAY "https://relay.other.net/proxy{?targethost,targetpath}"
#define ODOH(rest) \
    "providers:\n  - {name: o, url: \"https://odoh.example.com/q\", protocol: odoh" rest "}\n"

/* As refuses(), in line 2. */
static void is_refused(const char *yaml, const char *phrase)
{
    struct config *config = NULL;
    ck_assert_msg(config_parse(bytes_of(yaml, strlen(yaml)), &config, &errors) == -EINVAL,
                  "taken: %s", yaml);
    ck_assert_msg(errors.at[0].line == 2 && strstr(errors.at[0].text, phrase) != NULL,
                  "%s\nsays %u:%u: %s", yaml, errors.at[0].line, errors.at[0].column,
                  errors.at[0].text);
}

START_TEST(target_is_asked_through_its_relay)
{
    struct config *c = parse(ODOH(", relay: \"" RELAY "\", addresses: [192.0.2.1], "
                                  "target-addresses: [192.0.2.2]"));
    const struct provider_params *p = &c->providers[0];
    ck_assert_int_eq(p->protocol, PROTOCOL_ODOH);
    ck_assert_str_eq(p->endpoint.url,
                     "https://relay.other.net/proxy?targethost=odoh.example.com&targetpath=%2Fq");
    ck_assert_str_eq(p->endpoint.addresses[0], "192.0.2.1");
    ck_assert_str_eq(p->odoh.target.url, "https://odoh.example.com/.well-known/odohconfigs");
    ck_assert_str_eq(p->odoh.target.addresses[0], "192.0.2.2");
    ck_assert_uint_eq(p->odoh.target.id, POOL_MAX);
    ck_assert_uint_eq(p->odoh.configs.n, 0);
    config_free(c);
}
END_TEST

START_TEST(keys_may_stand_elsewhere_and_the_target_on_another_port)
{
    struct config *c = parse("providers:\n"
                             "  - name: o\n"
                             "    url: https://odoh.example.com:8443\n"
                             "    protocol: odoh\n"
                             "    relay: \"" RELAY "\"\n"
                             "    odoh-configs-path: /keys?x=1\n");
    const struct provider_params *p = &c->providers[0];
    ck_assert_str_eq(p->endpoint.url, "https://relay.other.net/"
                                      "proxy?targethost=odoh.example.com%3A8443&targetpath=%2F");
    ck_assert_str_eq(p->odoh.target.url, "https://odoh.example.com:8443/keys?x=1");
    config_free(c);
}
END_TEST

START_TEST(relay_of_the_target_s_own_domain_is_refused_unless_told)
{
    const char *same = ODOH(", relay: \"https://relay.example.com/{?targethost,targetpath}\"");
    is_refused(same, "is of the target's own domain");
    is_refused(ODOH(", relay: \"https://RELAY.Example.COM.:444/{?targethost,targetpath}\""),
               "own domain");
    is_refused("providers:\n  - {name: o, url: \"https://a.b.co.uk/q\", protocol: odoh, "
               "relay: \"https://c.b.co.uk/{?targethost,targetpath}\"}\n",
               "own domain");
    is_refused("providers:\n  - {name: o, url: \"https://[2001:db8::1]/q\", protocol: odoh, "
               "relay: \"https://[2001:db8::1]:444/{?targethost,targetpath}\"}\n",
               "own domain");
    /* Neighbours under a public suffix are strangers; so are two addresses. */
    config_free(parse("providers:\n  - {name: o, url: \"https://b.co.uk/q\", protocol: odoh, "
                      "relay: \"https://c.co.uk/{?targethost,targetpath}\"}\n"));
    config_free(parse("providers:\n  - {name: o, url: \"https://192.0.2.1/q\", protocol: odoh, "
                      "relay: \"https://192.0.2.2/{?targethost,targetpath}\"}\n"));
    config_free(parse(ODOH(", relay: \"https://relay.example.com/{?targethost,targetpath}\", "
                           "insecure-same-operator: yes")));
}
END_TEST

START_TEST(what_is_wrong_with_a_relay_is_said)
{
    is_refused(ODOH(""), "odoh needs a relay");
    is_refused(ODOH(", client-subnet: 192.0.2.0/24, relay: \"" RELAY "\""),
               "client-subnet would tell the target");
    is_refused(ODOH(", relay: \"https://r.example/proxy\""),
               "relay needs targethost and targetpath once each");
    is_refused(ODOH(", relay: \"http://r.example/{?targethost,targetpath}\""),
               "relay must begin with https://");
    is_refused(
        ODOH(
            ", relay: \"sdns://AgcAAAAAAAAABzEuMC4wLjEAEmRucy5jbG91ZGZsYXJlLmNvbQovZG5zLXF1ZXJ5\""),
        "the stamp is not a relay's");
    is_refused(ODOH(", relay: \"" RELAY "\", odoh-configs-path: keys"),
               "odoh-configs-path is a path");
    is_refused(ODOH(", relay: \"" RELAY "\", odoh-configs-file: /nonexistent/keys"),
               "odoh-configs-file '/nonexistent/keys': No such file");
    is_refused(ODOH(", relay: \"" RELAY "\", odoh-configs-file: /dev/null"),
               "is no ObliviousDoHConfigs");
    is_refused("providers:\n  - {preset: quad9, relay: \"" RELAY "\"}\n",
               "relay is for 'protocol: odoh'");
    is_refused("providers:\n  - {preset: quad9, insecure-same-operator: yes}\n",
               "insecure-same-operator is for 'protocol: odoh'");
}
END_TEST

START_TEST(keys_from_a_file_are_read_with_the_configuration)
{
    static const uint8_t head[] = {0, 0x2c, 0, 1, 0, 0x28, 0, 0x20, 0, 1, 0, 1, 0, 0x20, 9};
    uint8_t configs[46] = {0};
    char path[] = "/tmp/httpdnsd-odoh-XXXXXX", yaml[512];
    memcpy(configs, head, sizeof head);
    int fd = mkstemp(path);
    ck_assert_int_eq(write(fd, configs, sizeof configs), sizeof configs);
    snprintf(yaml, sizeof yaml, ODOH(", relay: \"" RELAY "\", odoh-configs-file: %s"), path);
    struct config *c = parse(yaml);
    ck_assert_uint_eq(c->providers[0].odoh.configs.n, sizeof configs);
    ck_assert_mem_eq(c->providers[0].odoh.configs.at, configs, sizeof configs);
    config_free(c);
    configs[7] = 0x21; /* another KEM */
    ck_assert_int_eq(pwrite(fd, configs, sizeof configs, 0), sizeof configs);
    is_refused(yaml, "holds no key of a kind that we can use");
    close(fd);
    unlink(path);
}
END_TEST

START_TEST(stamp_of_doh_is_a_provider)
{
    struct config *c =
        parse("providers:\n"
              "  - stamp: "
              "sdns://AgcAAAAAAAAABzEuMC4wLjEAEmRucy5jbG91ZGZsYXJlLmNvbQovZG5zLXF1ZXJ5\n"
              "  - stamp: sdns://AgUAAAAAAAAAAAAPZG5zLmV4YW1wbGU6NDQ0Ai9xhzkuOS45LjkHMS4xLjEuMQ\n"
              "    name: mine\n"
              "    protocol: doh-get\n"
              "    filtering: yes\n");
    const struct provider_params *p = c->providers;
    ck_assert_str_eq(p[0].name, "dns.cloudflare.com");
    ck_assert_str_eq(p[0].endpoint.url, "https://dns.cloudflare.com/dns-query");
    ck_assert_uint_eq(p[0].endpoint.n_addresses, 1);
    ck_assert_str_eq(p[0].endpoint.addresses[0], "1.0.0.1");
    ck_assert_int_eq(p[0].protocol, PROTOCOL_DOH);
    ck_assert(!p[0].filtering);
    ck_assert_str_eq(p[1].name, "mine");
    ck_assert_str_eq(p[1].endpoint.url, "https://dns.example:444/q");
    ck_assert_uint_eq(p[1].endpoint.n_addresses, 0);
    ck_assert_int_eq(p[1].protocol, PROTOCOL_DOH_GET);
    ck_assert(p[1].filtering);
    config_free(c);
}
END_TEST

START_TEST(stamps_of_target_and_relay_make_a_provider)
{
    struct config *c = parse(
        "providers:\n"
        "  - stamp: sdns://BQcAAAAAAAAAF29kb2guY2xvdWRmbGFyZS1kbnMuY29tCi9kbnMtcXVlcnk\n"
        "    relay: "
        "sdns://hQcAAAAAAAAADDg5LjM4LjEzMS4zOAAYb2RvaC1ubC5hbGVrYmVyZy5uZXQ6NDQzBi9wcm94eQ\n");
    const struct provider_params *p = c->providers;
    ck_assert_int_eq(p->protocol, PROTOCOL_ODOH);
    ck_assert_str_eq(p->name, "odoh.cloudflare-dns.com");
    ck_assert_str_eq(p->endpoint.url,
                     "https://odoh-nl.alekberg.net/"
                     "proxy?targethost=odoh.cloudflare-dns.com&targetpath=%2Fdns-query");
    ck_assert_str_eq(p->endpoint.addresses[0], "89.38.131.38");
    config_free(c);
    /* A relay whose path has a query already. */
    c = parse("providers:\n"
              "  - stamp: sdns://BQcAAAAAAAAAF29kb2guY2xvdWRmbGFyZS1kbnMuY29tCi9kbnMtcXVlcnk\n"
              "    relay: sdns://hQcAAAAAAAAAAAANcmVsYXkuZXhhbXBsZQYvcD94PTE\n");
    ck_assert_str_eq(c->providers[0].endpoint.url,
                     "https://relay.example/"
                     "p?x=1&targethost=odoh.cloudflare-dns.com&targetpath=%2Fdns-query");
    config_free(c);
}
END_TEST

START_TEST(bad_stamps_are_refused_where_they_stand)
{
    is_refused("providers:\n  - stamp: sdns://AQ\n", "stamp: the stamp is one of DNSCrypt");
    is_refused("providers:\n  - stamp: sdns://hQcAAAAAAAAAAAASb2RvaC1yZWxheS5udW1hLnJzBi9yZWxheQ\n",
               "stamp: the stamp is a relay's");
    is_refused("providers:\n  - {preset: quad9, stamp: "
               "\"sdns://AgcAAAAAAAAABzEuMC4wLjEAEmRucy5jbG91ZGZsYXJlLmNvbQovZG5zLXF1ZXJ5\"}\n",
               "stamp takes the place of url and preset");
}
END_TEST

/* What --show-config prints must read back as the same. */
START_TEST(printed_configuration_reads_back)
{
    char *first = NULL, *second = NULL;
    size_t n_first, n_second;
    struct config *c =
        parse("providers:\n"
              "  - {stamp: \"sdns://BQcAAAAAAAAAF29kb2guY2xvdWRmbGFyZS1kbnMuY29tCi9kbnMtcXVlcnk\", "
              "relay: "
              "\"" RELAY "\", target-addresses: [192.0.2.7], odoh-configs-path: /k}\n");
    FILE *to = open_memstream(&first, &n_first);
    config_print(c, to);
    fclose(to);
    config_free(c);
    ck_assert_ptr_nonnull(strstr(first, "url: \"https://odoh.cloudflare-dns.com/dns-query\""));
    ck_assert_ptr_nonnull(strstr(first, "relay: \"" RELAY "\""));
    c = parse(first);
    to = open_memstream(&second, &n_second);
    config_print(c, to);
    fclose(to);
    config_free(c);
    ck_assert_str_eq(first, second);
    free(first);
    free(second);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        target_is_asked_through_its_relay,
        keys_may_stand_elsewhere_and_the_target_on_another_port,
        relay_of_the_target_s_own_domain_is_refused_unless_told,
        what_is_wrong_with_a_relay_is_said,
        keys_from_a_file_are_read_with_the_configuration,
        stamp_of_doh_is_a_provider,
        stamps_of_target_and_relay_make_a_provider,
        bad_stamps_are_refused_where_they_stand,
        printed_configuration_reads_back,
    };
    return suite_run("oblivious", tests, sizeof tests / sizeof tests[0], NULL, NULL);
}
