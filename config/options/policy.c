/* SPDX-License-Identifier: MIT */
/* What is answered here, and what is asked of whom. */
#include "config/lists.h"
#include "config/options/options.h"

enum { DAY_S = 86400 };

static const struct schema_word block_answers[] = {{"nxdomain", POLICY_BLOCK_NXDOMAIN},
                                                   {"nodata", POLICY_BLOCK_NODATA},
                                                   {"zero", POLICY_BLOCK_ZERO},
                                                   {"refused", POLICY_BLOCK_REFUSED},
                                                   {NULL, 0}};
static const struct schema_word families[] = {{"both", POLICY_FAMILY_BOTH},
                                              {"ipv4", POLICY_FAMILY_IPV4},
                                              {"ipv6", POLICY_FAMILY_IPV6},
                                              {NULL, 0}};
static const struct schema_word any_answers[] = {{"hinfo", POLICY_ANY_HINFO},
                                                 {"forward", POLICY_ANY_FORWARD},
                                                 {"refuse", POLICY_ANY_REFUSE},
                                                 {NULL, 0}};
static const struct schema_word single_labels[] = {{"nodata", POLICY_SINGLE_NODATA},
                                                   {"nxdomain", POLICY_SINGLE_NXDOMAIN},
                                                   {"forward", POLICY_SINGLE_FORWARD},
                                                   {NULL, 0}};
static const struct schema_word on_off[] = {{"on", POLICY_YES}, {"off", POLICY_NO}, {NULL, 0}};
static const struct schema_word forwarding[] = {
    {"nxdomain", POLICY_NO}, {"forward", POLICY_YES}, {NULL, 0}};

#define AT(field) offsetof(struct config, field)

static const struct schema_row rows[] = {
    {.key = "rules",
     .kind = SCHEMA_OTHER,
     .read = policy_read_rules,
     .print = policy_print_rules,
     .help = "Whom some names are asked of: a list of {domains, files, group, fallback}. The "
             "domains, those of the files (plain or dnsmasq's server=/name/...) and all below "
             "them are asked of the providers with that group; the longest name decides, and of "
             "equal ones the first rule. fallback is asked when none of the group is left."},
    {.key = "hosts",
     .kind = SCHEMA_OTHER,
     .read = policy_read_hosts,
     .print = policy_print_hosts,
     .help = "Hosts files whose names are answered here (A, AAAA, PTR), read again when they "
             "change; [/etc/hosts] without it, [] for none."},
    {.key = "local-data",
     .kind = SCHEMA_OTHER,
     .read = policy_read_locals,
     .print = policy_print_locals,
     .help = "Names answered here, before everything else: each is a list of addresses, another "
             "name, nxdomain or nodata; \"*.NAME\" is what lies below it."},
    {.key = "local-ttl",
     .kind = SCHEMA_DURATION_S,
     .offset = AT(policy.local_ttl_s),
     .max = DAY_S,
     .fallback = "5m",
     .help = "The TTL of answers from hosts and local-data."},
    {.section = "block",
     .key = "lists",
     .kind = SCHEMA_OTHER,
     .read = policy_read_lists,
     .print = policy_print_lists,
     .help = "Files with names to block, read in the background and again when they change: a "
             "path, or {file, format, name}. The format (hosts, domains, dnsmasq, adblock, rpz) is "
             "found out unless it is said; the name is what clients are told."},
    {.section = "block",
     .key = "answer",
     .kind = SCHEMA_WORD,
     .offset = AT(policy.block),
     .fallback = "nxdomain",
     .words = block_answers,
     .help = "What is said about a blocked name: nxdomain, nodata, zero (0.0.0.0 and ::) or "
             "refused; each with EDE 15 and the name of the list."},
    {.section = "block",
     .key = "ttl",
     .kind = SCHEMA_DURATION_S,
     .offset = AT(policy.block_ttl_s),
     .max = DAY_S,
     .fallback = "1m",
     .help = "How long clients may remember that a name is blocked."},
    {.section = "block",
     .key = "allow",
     .kind = SCHEMA_OTHER,
     .read = policy_read_allow,
     .print = policy_print_allow,
     .help = "Domains that no list blocks, nor what lies below them."},
    {.section = "block",
     .key = "cnames",
     .kind = SCHEMA_FLAG,
     .offset = AT(policy.block_cnames),
     .fallback = "yes",
     .help =
         "Whether a name is blocked as well whose CNAME leads to a listed one, as trackers hide "
         "behind names of the sites that use them; not for names that an exception lets pass."},
    {.key = "family",
     .kind = SCHEMA_WORD,
     .offset = AT(policy.family),
     .fallback = "both",
     .words = families,
     .help = "Which addresses clients get: both, ipv4 (AAAA is empty) or ipv6 (A is empty); HTTPS "
             "and SVCB records lose the address hints of the other."},
    {.key = "any",
     .kind = SCHEMA_WORD,
     .offset = AT(policy.any),
     .fallback = "hinfo",
     .words = any_answers,
     .help = "What a question for all types gets: hinfo (RFC 8482), forward or refuse."},
    {.section = "rebinding-guard",
     .key = "mode",
     .kind = SCHEMA_WORD,
     .offset = AT(policy.guard),
     .fallback = "off",
     .words = on_off,
     .help = "on: answers that lead a public name to a private, loopback or link-local address "
             "become NXDOMAIN with EDE 15. Names of rules for the own network are free."},
    {.section = "rebinding-guard",
     .key = "allow",
     .kind = SCHEMA_OTHER,
     .read = policy_read_guard_allow,
     .print = policy_print_guard_allow,
     .help = "Domains that may have such addresses, and what lies below them."},
    {.section = "dns64",
     .key = "prefix",
     .kind = SCHEMA_OTHER,
     .read = policy_read_dns64,
     .print = policy_print_dns64,
     .help = "Makes AAAA records of A records for networks that have IPv6 alone (RFC 6147): a "
             "prefix, auto to ask the local resolver for it (RFC 7050), or off, the default."},
    {.section = "dns64",
     .key = "exclude",
     .kind = SCHEMA_OTHER,
     .read = policy_read_dns64_exclude,
     .print = policy_print_dns64_exclude,
     .help = "Domains that get no such addresses, nor what lies below them; and ranges of AAAA "
             "that count as none, \"2001:db8::/32\", as the IPv4-mapped ones always do."},
    {.section = "special-names",
     .key = "single-label",
     .kind = SCHEMA_WORD,
     .offset = AT(policy.single_label),
     .fallback = "nodata",
     .words = single_labels,
     .help = "What is said about the addresses of a name of one label, which is meant for the own "
             "network: nodata, nxdomain, or forward to ask for it outside."},
    {.section = "special-names",
     .key = "test",
     .kind = SCHEMA_WORD,
     .offset = AT(policy.forward_test),
     .fallback = "nxdomain",
     .words = forwarding,
     .help = "What becomes of names below test: nxdomain, or forward."},
    {.section = "special-names",
     .key = "use-application-dns",
     .kind = SCHEMA_WORD,
     .offset = AT(policy.forward_canary),
     .fallback = "nxdomain",
     .words = forwarding,
     .help = "What becomes of use-application-dns.net: nxdomain keeps browsers on this resolver."},
    {.section = "identity",
     .key = "version",
     .kind = SCHEMA_STRING,
     .offset = AT(policy.version),
     .help = "What version.bind and version.server say; without it they are refused."},
    {.section = "identity",
     .key = "id",
     .kind = SCHEMA_STRING,
     .offset = AT(policy.id),
     .help = "What id.server says; without it it is refused."},
    {.section = "identity",
     .key = "hostname",
     .kind = SCHEMA_STRING,
     .offset = AT(policy.hostname),
     .help = "What hostname.bind says; without it it is refused."},
};

const struct options options_policy = {rows, sizeof rows / sizeof rows[0]};
