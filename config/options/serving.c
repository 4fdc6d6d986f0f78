/* SPDX-License-Identifier: MIT */
/* Where queries come in, and who is answered. */
#include "config/lists.h"
#include "config/options/options.h"

enum { MS_A_S = 1000 };

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
};

const struct options options_serving = {rows, sizeof rows / sizeof rows[0]};
