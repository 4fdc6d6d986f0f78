/* SPDX-License-Identifier: MIT */
/* The local resolver and its lies. */
#include "config/lists.h"
#include "config/options/options.h"

enum { DAY_S = 86400 };

static const struct schema_word tls_proof[] = {
    {"yes", AUDIT_TLS_YES}, {"no", AUDIT_TLS_NO}, {NULL, 0}};
static const struct schema_word path_probe[] = {
    {"yes", AUDIT_PATH_YES}, {"no", AUDIT_PATH_NO}, {NULL, 0}};
static const struct schema_word filters[] = {
    {"auto", AUDIT_FILTERS_AUTO}, {"yes", AUDIT_FILTERS_YES}, {"no", AUDIT_FILTERS_NO}, {NULL, 0}};
static const struct schema_word redact[] = {
    {"none", AUDIT_REDACT_NONE}, {"hash", AUDIT_REDACT_HASH}, {NULL, 0}};
static const struct schema_word modes[] = {
    {"off", AUDIT_OFF},       {"canary", AUDIT_CANARY}, {"watchlist", AUDIT_WATCHLIST},
    {"sample", AUDIT_SAMPLE}, {"all", AUDIT_ALL},       {NULL, 0}};
static const struct schema_word sinks[] = {{"auto", ALERT_AUTO},
                                           {"journal", ALERT_JOURNAL},
                                           {"syslog", ALERT_SYSLOG},
                                           {"stderr", ALERT_STDERR},
                                           {NULL, 0}};

static const struct schema_word auto_or_off[] = {{"auto", 0}, {"off", 0}, {NULL, 0}};

/* Without its roots no handshake would prove anything, and nobody would hear of it. */
static void read_ca_file(struct reader *r, const struct yaml_node *node)
{
    const char *path = node != NULL ? schema_text(r, node, "ca-file") : NULL;
    if (path != NULL && path[0] != '/') {
        errors_add(r->errors, node->line, node->column,
                   "ca-file '%.100s' cannot be read: write an absolute path", path);
    } else if (path != NULL) {
        schema_check_file(r, node, path);
    }
    r->config->audit.ca_file = path;
}

static void print_ca_file(const void *base, FILE *to)
{
    schema_print_text(((const struct config *)base)->audit.ca_file, to);
}

static bool has_ca_file(const void *base)
{
    return ((const struct config *)base)->audit.ca_file != NULL;
}

#define AT(field) offsetof(struct config, field)

static const struct schema_row rows[] = {
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
         "you; watchlist, names you list; sample, a share of your questions for names of a longer "
         "list of popular ones, each once a day; all, every question, which shows the local "
         "resolver what you ask."},
    {.section = "hijack",
     .key = "alert",
     .kind = SCHEMA_WORD,
     .offset = AT(alert),
     .fallback = "auto",
     .words = sinks,
     .help =
         "Where alerts go; auto is the journal when the service manager started us, else stderr."},
    {.section = "hijack",
     .key = "redact",
     .kind = SCHEMA_WORD,
     .offset = AT(audit.redact),
     .fallback = "none",
     .words = redact,
     .help = "Whether the names in alerts, and in the verdicts that httpdnsctl lists, stand as "
             "they are (none), or as hashes under a key of this host, which is kept in state-dir "
             "(hash): the same name has the same hash, and addresses stay."},
    {.section = "hijack",
     .key = "interval",
     .kind = SCHEMA_DURATION_S,
     .offset = AT(audit.interval_s),
     .min = 5,
     .max = DAY_S,
     .fallback = "210s",
     .help = "The mean time from one name of the canary list, or the watchlist, to the next; a "
             "name found honest is looked at once an hour at most."},
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
     .kind = SCHEMA_OTHER,
     .read = read_ca_file,
     .print = print_ca_file,
     .is_set = has_ca_file,
     .help = "A file of root certificates that TLS proofs trust instead of the system's."},
    {.section = "hijack",
     .key = "asn-database",
     .kind = SCHEMA_STRING,
     .offset = AT(audit.asn_database),
     .fallback = "auto",
     .words = auto_or_off,
     .help = "The file that tells which network operator (AS) an address belongs to, so that a "
             "content network's other addresses need no TLS handshake: a libloc database or one "
             "in MaxMind's format, read at the start and at a reload; auto takes the "
             "distribution's libloc database when it is installed; off does without."},
    {.section = "hijack",
     .key = "fingerprints",
     .kind = SCHEMA_OTHER,
     .read = lists_read_fingerprints,
     .print = lists_print_fingerprints,
     .help = "Files with known addresses and names of block pages, read in the background and "
             "again when they change: /PATH or SCOPE:/PATH, with nation, isp, pool, product or "
             "noisy before the colon as the scope of lines without one. A line is an address or a "
             "name, bogus-nxdomain=ADDRESS, or one of a CSV with the columns pattern and scope. "
             "What isp and nation list is proof; the rest is probable at most."},
    {.section = "hijack",
     .key = "sample",
     .kind = SCHEMA_FRACTION,
     .offset = AT(audit.sample),
     .fallback = "0.05",
     .help = "The share of questions for popular names that mode sample looks at, from 0 to 1."},
    {.section = "hijack",
     .key = "watchlist",
     .kind = SCHEMA_OTHER,
     .read = lists_read_watchlist,
     .print = lists_print_watchlist,
     .help = "The names that mode watchlist looks at."},
};

const struct options options_audit = {rows, sizeof rows / sizeof rows[0]};
