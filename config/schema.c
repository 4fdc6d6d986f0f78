/* SPDX-License-Identifier: MIT */
#include "config/schema.h"

#include "config/lists.h"
#include "config/units.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

enum { MS_A_S = 1000, NEAR = 3, DAY_S = 86400 };

static const struct schema_word auto_is_zero[] = {{"auto", 0}, {NULL, 0}};
static const struct schema_word off_is_zero[] = {{"off", 0}, {NULL, 0}};
static const struct schema_word denied[] = {
    {"refuse", CLIENTS_DENIED_REFUSE}, {"drop", CLIENTS_DENIED_DROP}, {NULL, 0}};
static const struct schema_word over[] = {
    {"truncate", CLIENTS_OVER_TRUNCATE}, {"drop", CLIENTS_OVER_DROP}, {NULL, 0}};
static const struct schema_word unproven[] = {
    {"answer", CLIENTS_UNPROVEN_ANSWER}, {"truncate", CLIENTS_UNPROVEN_TRUNCATE}, {NULL, 0}};
static const struct schema_word cookies[] = {{"auto", CLIENTS_COOKIES_AUTO},
                                             {"on", CLIENTS_COOKIES_ON},
                                             {"off", CLIENTS_COOKIES_OFF},
                                             {NULL, 0}};
static const struct schema_word strategies[] = {{"failover", POOL_FAILOVER},
                                                {"fastest", POOL_FASTEST},
                                                {"race", POOL_RACE},
                                                {"spread", POOL_SPREAD},
                                                {NULL, 0}};
static const struct schema_word answers[] = {
    {"complete", ANSWERS_COMPLETE}, {"minimal", ANSWERS_MINIMAL}, {NULL, 0}};
static const struct schema_word prefetch[] = {
    {"yes", CACHE_PREFETCH_YES}, {"no", CACHE_PREFETCH_NO}, {NULL, 0}};
static const struct schema_word tls_proof[] = {
    {"yes", AUDIT_TLS_YES}, {"no", AUDIT_TLS_NO}, {NULL, 0}};
static const struct schema_word path_probe[] = {
    {"yes", AUDIT_PATH_YES}, {"no", AUDIT_PATH_NO}, {NULL, 0}};
static const struct schema_word filters[] = {
    {"auto", AUDIT_FILTERS_AUTO}, {"yes", AUDIT_FILTERS_YES}, {"no", AUDIT_FILTERS_NO}, {NULL, 0}};
static const struct schema_word modes[] = {
    {"off", AUDIT_OFF},       {"canary", AUDIT_CANARY}, {"watchlist", AUDIT_WATCHLIST},
    {"sample", AUDIT_SAMPLE}, {"all", AUDIT_ALL},       {NULL, 0}};
static const struct schema_word sinks[] = {{"auto", ALERT_AUTO},
                                           {"journal", ALERT_JOURNAL},
                                           {"syslog", ALERT_SYSLOG},
                                           {"stderr", ALERT_STDERR},
                                           {NULL, 0}};
static const struct schema_word levels[] = {{"error", LOG_LEVEL_ERROR},
                                            {"warning", LOG_LEVEL_WARNING},
                                            {"info", LOG_LEVEL_INFO},
                                            {"debug", LOG_LEVEL_DEBUG},
                                            {NULL, 0}};

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
    {.key = "listen",
     .kind = SCHEMA_OTHER,
     .read = lists_read_listen,
     .print = lists_print_listen,
     .help = "The sockets to answer on: udp://ADDRESS:PORT, tcp://ADDRESS:PORT, unix://PATH; IPv6 "
             "addresses stand in brackets."},
    {.section = "unix-socket",
     .key = "mode",
     .kind = SCHEMA_MODE,
     .offset = AT(listen.unix_mode),
     .max = 0777,
     .fallback = "0660",
     .help = "The access mode of the Unix socket, in octal."},
    {.section = "unix-socket",
     .key = "group",
     .kind = SCHEMA_STRING,
     .offset = AT(listen.unix_group),
     .help = "The group that the Unix socket is given to; without it, it stays the daemon's own."},
    {.section = "tcp",
     .key = "idle-timeout",
     .kind = SCHEMA_DURATION_MS,
     .offset = AT(listen.tcp_idle_ms),
     .min = 1 * MS_A_S,
     .max = 120 * MS_A_S,
     .fallback = "10s",
     .help = "How long a TCP or Unix connection may stand without a finished exchange."},
    {.section = "tcp",
     .key = "max-connections",
     .kind = SCHEMA_COUNT,
     .offset = AT(listen.max_connections),
     .min = 1,
     .max = 60000,
     .fallback = "1024",
     .help =
         "How many TCP and Unix connections are held together; over it the one idle the longest "
         "is closed."},
    {.section = "tcp",
     .key = "max-per-client",
     .kind = SCHEMA_COUNT,
     .offset = AT(listen.max_per_client),
     .min = 1,
     .max = 60000,
     .fallback = "128",
     .help = "How many of them one client address (IPv6: one /64) may hold; over it its own one "
             "idle the longest is closed."},
    {.section = "tcp",
     .key = "max-per-local-client",
     .kind = SCHEMA_COUNT,
     .offset = AT(listen.max_per_local_client),
     .min = 1,
     .max = 60000,
     .fallback = "1024",
     .help = "The same for this host's own addresses and the Unix socket, which all its programs "
             "share."},
    {.section = "tcp",
     .key = "max-in-flight",
     .kind = SCHEMA_COUNT,
     .offset = AT(listen.max_in_flight),
     .min = 1,
     .max = 10000,
     .fallback = "100",
     .help = "How many queries of one connection may wait for their answers; then it is not read "
             "until one is there."},
    {.section = "access",
     .key = "allow",
     .kind = SCHEMA_OTHER,
     .read = lists_read_allow,
     .print = lists_print_allow,
     .help = "The addresses and prefixes that may ask, beside this host itself; the longest "
             "prefix that holds a client decides, here or in deny."},
    {.section = "access",
     .key = "deny",
     .kind = SCHEMA_OTHER,
     .read = lists_read_deny,
     .print = lists_print_deny,
     .help = "The addresses and prefixes that may not ask."},
    {.section = "access",
     .key = "denied",
     .kind = SCHEMA_WORD,
     .offset = AT(clients.denied),
     .fallback = "refuse",
     .words = denied,
     .help = "What who may not ask gets: refuse, the answer REFUSED with EDE 18; drop, nothing."},
    {.section = "rate-limit",
     .key = "queries",
     .kind = SCHEMA_COUNT,
     .offset = AT(clients.rate.per_s),
     .min = 1,
     .max = 100000,
     .fallback = "200",
     .words = off_is_zero,
     .help = "How many queries a second over UDP one client network is answered; this host itself "
             "and clients with a good cookie are not counted; off sets no limit."},
    {.section = "rate-limit",
     .key = "burst",
     .kind = SCHEMA_COUNT,
     .offset = AT(clients.rate.burst),
     .min = 1,
     .max = 1000000,
     .fallback = "1000",
     .help = "How many may come at once before the limit is felt."},
    {.section = "rate-limit",
     .key = "over",
     .kind = SCHEMA_WORD,
     .offset = AT(clients.over),
     .fallback = "truncate",
     .words = over,
     .help = "What queries over the limit get: truncate, an empty reply that sends the client to "
             "TCP (or BADCOOKIE, to one with cookies); drop, nothing."},
    {.section = "rate-limit",
     .key = "unproven",
     .kind = SCHEMA_WORD,
     .offset = AT(clients.unproven),
     .fallback = "answer",
     .words = unproven,
     .help = "What a client of another host without a good cookie gets over UDP below the limit: "
             "answer, what it asked for; truncate, no reply that is larger than its query."},
    {.section = "rate-limit",
     .key = "ipv4-prefix",
     .kind = SCHEMA_COUNT,
     .offset = AT(clients.rate.ipv4_bits),
     .min = 8,
     .max = 32,
     .fallback = "32",
     .help = "How many bits of an IPv4 address make a client network."},
    {.section = "rate-limit",
     .key = "ipv6-prefix",
     .kind = SCHEMA_COUNT,
     .offset = AT(clients.rate.ipv6_bits),
     .min = 16,
     .max = 128,
     .fallback = "56",
     .help = "How many bits of an IPv6 address make a client network."},
    {.section = "cookies",
     .key = "mode",
     .kind = SCHEMA_WORD,
     .offset = AT(clients.cookies),
     .fallback = "auto",
     .words = cookies,
     .help = "Whether clients with DNS cookies (RFC 7873) get ours: on, off, or auto, which is on "
             "when a socket can be reached from outside this host."},
    {.section = "cookies",
     .key = "secret-file",
     .kind = SCHEMA_SECRET_FILE,
     .offset = AT(cookie_secrets),
     .help = "A file with the secret of a fleet of servers (RFC 9018): 32 hexadecimal digits, or "
             "twice 32 with a blank between, the second one being the secret before it; without "
             "it a random one of our own changes each day."},
    {.key = "workers",
     .kind = SCHEMA_COUNT,
     .offset = AT(workers),
     .min = 1,
     .max = CONFIG_WORKERS_MAX,
     .fallback = "auto",
     .words = auto_is_zero,
     .help = "How many threads answer queries; auto is one a core."},
    {.key = "providers",
     .kind = SCHEMA_OTHER,
     .read = providers_read,
     .print = providers_print,
     .help =
         "Whom to ask, in order: a list of built-in presets (preset: NAME) or providers spelled "
         "out (name, url, protocol, addresses, ca-file, filtering)."},
    {.key = "strategy",
     .kind = SCHEMA_WORD,
     .offset = AT(strategy),
     .fallback = "failover",
     .words = strategies,
     .help = "How a provider is chosen: failover takes the first that works, in order; fastest the "
             "better of two drawn at random; race asks several at once, in order; spread goes by "
             "the site asked for, so that no provider sees everything."},
    {.key = "race",
     .kind = SCHEMA_COUNT,
     .offset = AT(n_race),
     .min = 2,
     .max = 4,
     .fallback = "2",
     .help = "How many providers the strategy race asks at once; the first good answer counts."},
    {.key = "query-timeout",
     .kind = SCHEMA_DURATION_MS,
     .offset = AT(query_timeout_ms),
     .min = 1 * MS_A_S,
     .max = 30 * MS_A_S,
     .fallback = "4s",
     .help = "The time one query may take over all providers; stub resolvers give up after 5s."},
    {.key = "answers",
     .kind = SCHEMA_WORD,
     .offset = AT(answers),
     .fallback = "complete",
     .words = answers,
     .help = "What a client is given: minimal leaves the zone's NS records out where the question "
             "was answered."},
    {.section = "cache",
     .key = "size",
     .kind = SCHEMA_SIZE,
     .offset = AT(cache.size_bytes),
     .max = UINT64_C(1) << 40,
     .fallback = "64MiB",
     .help = "The memory that answers may take; 0 keeps none."},
    {.section = "cache",
     .key = "min-ttl",
     .kind = SCHEMA_DURATION_S,
     .offset = AT(cache.min_ttl_s),
     .max = DAY_S,
     .fallback = "0s",
     .help =
         "TTLs below are raised to this; anything above 0s serves answers their owner calls old."},
    {.section = "cache",
     .key = "max-ttl",
     .kind = SCHEMA_DURATION_S,
     .offset = AT(cache.max_ttl_s),
     .min = 1,
     .max = 7 * DAY_S,
     .fallback = "1d",
     .help = "TTLs above are cut to this."},
    {.section = "cache",
     .key = "negative-max-ttl",
     .kind = SCHEMA_DURATION_S,
     .offset = AT(cache.negative_max_ttl_s),
     .max = DAY_S,
     .fallback = "1h",
     .help = "How long the absence of a name or type is remembered at most (RFC 2308)."},
    {.section = "cache",
     .key = "failure-max-ttl",
     .kind = SCHEMA_DURATION_S,
     .offset = AT(cache.failure_max_ttl_s),
     .min = 1,
     .max = 300,
     .fallback = "30s",
     .help = "How long it is remembered at most that a question had no answer (RFC 9520)."},
    {.section = "cache",
     .key = "max-stale",
     .kind = SCHEMA_DURATION_S,
     .offset = AT(cache.max_stale_s),
     .max = 7 * DAY_S,
     .fallback = "1d",
     .help = "How long after its TTL an answer is still given when no provider answers within "
             "1.8 s (RFC 8767), marked with EDE 3 and a TTL of 30 s; 0s gives none."},
    {.section = "cache",
     .key = "prefetch",
     .kind = SCHEMA_WORD,
     .offset = AT(cache.prefetch),
     .fallback = "yes",
     .words = prefetch,
     .help = "Ask again for popular names when about 90 % of their TTL have passed, so that their "
             "next client need not wait."},
    {.section = "local-resolver",
     .key = "servers",
     .kind = SCHEMA_OTHER,
     .read = lists_read_servers,
     .print = lists_print_servers,
     .help = "The resolvers of the local network that are cross-checked, with or without a port; "
             "auto finds them in the files of systemd, NetworkManager, dhclient, dhcpcd or "
             "resolvconf, in resolv.conf or a copy put aside, or takes the default gateway."},
    {.section = "local-resolver",
     .key = "filters",
     .kind = SCHEMA_WORD,
     .offset = AT(audit.filters),
     .fallback = "auto",
     .words = filters,
     .help =
         "Whether a filter of your own (Pi-hole, split horizon) stands behind these addresses, so "
         "that a private address in an answer proves nothing; auto says yes for private and "
         "loopback "
         "addresses."},
    {.section = "hijack",
     .key = "mode",
     .kind = SCHEMA_WORD,
     .offset = AT(audit.mode),
     .fallback = "canary",
     .words = modes,
     .help =
         "What is cross-checked: off; canary, a list of popular names that tells nothing about "
         "you; "
         "watchlist, names you list; sample, a share of your questions; all, every question, which "
         "shows the local resolver what you ask."},
    {.section = "hijack",
     .key = "alert",
     .kind = SCHEMA_WORD,
     .offset = AT(alert),
     .fallback = "auto",
     .words = sinks,
     .help =
         "Where alerts go; auto is the journal when the service manager started us, else stderr."},
    {.section = "hijack",
     .key = "recheck",
     .kind = SCHEMA_DURATION_S,
     .offset = AT(audit.recheck_s),
     .min = 1,
     .max = 3600,
     .fallback = "30s",
     .help = "A lie must be met again after this time before it is called one."},
    {.section = "hijack",
     .key = "clear-after",
     .kind = SCHEMA_DURATION_S,
     .offset = AT(audit.clear_after_s),
     .min = 1,
     .max = DAY_S,
     .fallback = "10m",
     .help = "A lie that three checks over this time did not meet again is over, which is told "
             "once."},
    {.section = "hijack",
     .key = "tls-proof",
     .kind = SCHEMA_WORD,
     .offset = AT(audit.tls_proof),
     .fallback = "yes",
     .words = tls_proof,
     .help = "Whether a TLS handshake may tell who stands at the addresses that are told apart; it "
             "shows the checked name to whoever the local resolver leads to. Without it a "
             "redirect to a foreign address cannot be proved."},
    {.section = "hijack",
     .key = "path-probe",
     .kind = SCHEMA_WORD,
     .offset = AT(audit.path_probe),
     .fallback = "yes",
     .words = path_probe,
     .help = "Whether a question for example.com is sent to three documentation addresses, where "
             "no DNS can be, and public-resolvers are asked who they are, at the start and every "
             "six hours: whoever else answers sits on the path."},
    {.section = "hijack",
     .key = "public-resolvers",
     .kind = SCHEMA_OTHER,
     .read = lists_read_public,
     .print = lists_print_public,
     .help = "Up to four public resolvers that are asked on port 53 who they are, and for a name "
             "that your own filter seems to withhold; [] for none. Two operators' answers are "
             "compared; known are those of Google, Cloudflare, Quad9, OpenDNS, AliDNS, DNSPod and "
             "AdGuard. Default: [8.8.8.8, 1.1.1.1, 9.9.9.9, 208.67.222.222]."},
    {.section = "hijack",
     .key = "ca-file",
     .kind = SCHEMA_STRING,
     .offset = AT(audit.ca_file),
     .help = "A file of root certificates that TLS proofs trust instead of the system's."},
    {.section = "hijack",
     .key = "asn-database",
     .kind = SCHEMA_STRING,
     .offset = AT(audit.asn_database),
     .fallback = "auto",
     .help = "The file that tells which network operator (AS) an address belongs to, so that a "
             "content network's other addresses need no TLS handshake: a libloc database or one "
             "in MaxMind's format, read at the start and at a reload; auto takes the "
             "distribution's libloc database when it is installed; off does without."},
    {.section = "hijack",
     .key = "sample",
     .kind = SCHEMA_FRACTION,
     .offset = AT(audit.sample),
     .fallback = "0.05",
     .help = "The share of questions that mode sample looks at, from 0 to 1."},
    {.section = "hijack",
     .key = "watchlist",
     .kind = SCHEMA_OTHER,
     .read = lists_read_watchlist,
     .print = lists_print_watchlist,
     .help = "The names that mode watchlist looks at."},
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
    {.key = "family",
     .kind = SCHEMA_WORD,
     .offset = AT(policy.family),
     .fallback = "both",
     .words = families,
     .help = "Which addresses clients get: both, ipv4 (AAAA is empty) or ipv6 (A is empty)."},
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
     .help = "Domains that get no such addresses, nor what lies below them."},
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
    {.key = "state-dir",
     .kind = SCHEMA_STRING,
     .offset = AT(state_dir),
     .fallback = "auto",
     .help = "The directory with what outlives a restart: the addresses at which providers known "
             "by name alone were reached last. auto is $STATE_DIRECTORY, which the service manager "
             "sets, else /var/lib/httpdnsd; off for none. A change takes effect at the next "
             "restart."},
    {.section = "control",
     .key = "socket",
     .kind = SCHEMA_STRING,
     .offset = AT(control_socket),
     .fallback = "/run/httpdnsd/control.sock",
     .help = "The Unix socket on which httpdnsctl asks for the daemon's state, with the mode and "
             "group of unix-socket; off for none."},
    {.section = "log",
     .key = "level",
     .kind = SCHEMA_WORD,
     .offset = AT(log_level),
     .fallback = "info",
     .words = levels,
     .help = "The least important messages that are still logged: error, warning, info or debug."},
};

const struct schema_row *schema_at(size_t i)
{
    return i < sizeof rows / sizeof rows[0] ? &rows[i] : NULL;
}

static const char *section_of(const struct schema_row *row)
{
    return row->section != NULL ? row->section : "";
}

const struct schema_row *schema_find(const char *section, const char *key)
{
    for (size_t i = 0; schema_at(i) != NULL; i++) {
        if (strcmp(section_of(&rows[i]), section) == 0 && strcmp(rows[i].key, key) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

bool schema_is_section(const char *key)
{
    for (size_t i = 0; schema_at(i) != NULL; i++) {
        if (rows[i].section != NULL && strcmp(rows[i].section, key) == 0) {
            return true;
        }
    }
    return false;
}

const char *schema_nearest(const char *section, const char *key)
{
    const char *nearest = NULL;
    unsigned best = NEAR;
    for (size_t i = 0; schema_at(i) != NULL; i++) {
        const char *candidate = NULL;
        if (strcmp(section_of(&rows[i]), section) == 0) {
            candidate = rows[i].key;
        } else if (section[0] == '\0') {
            candidate = rows[i].section;
        }
        unsigned distance = candidate != NULL ? units_distance(key, candidate) : NEAR;
        if (distance < best) {
            best = distance;
            nearest = candidate;
        }
    }
    return nearest;
}
