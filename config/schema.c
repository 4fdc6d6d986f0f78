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
static const struct schema_word strategies[] = {{"failover", STRATEGY_FAILOVER},
                                                {"fastest", SCHEMA_LATER},
                                                {"race", SCHEMA_LATER},
                                                {"spread", SCHEMA_LATER},
                                                {NULL, 0}};
static const struct schema_word prefetch[] = {
    {"yes", CACHE_PREFETCH_YES}, {"no", CACHE_PREFETCH_NO}, {NULL, 0}};
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
     .help = "How a provider is chosen; failover takes the first that works, in order."},
    {.key = "query-timeout",
     .kind = SCHEMA_DURATION_MS,
     .offset = AT(query_timeout_ms),
     .min = 1 * MS_A_S,
     .max = 30 * MS_A_S,
     .fallback = "4s",
     .help = "The time one query may take over all providers; stub resolvers give up after 5s."},
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

/* ---- reading ---- */

const char *schema_text(struct reader *r, const struct yaml_node *node, const char *what)
{
    if (node->kind == YAML_SCALAR) {
        return node->text;
    }
    errors_add(r->errors, node->line, node->column, "%s takes one value, not a %s", what,
               node->kind == YAML_SEQUENCE ? "list" : "section");
    return NULL;
}

static void note_unknown_word(struct reader *r, const struct yaml_node *node,
                              const struct schema_word *words)
{
    char list[160] = "";
    size_t n = 0;
    for (const struct schema_word *w = words; w->word != NULL; w++) {
        if (w->value != SCHEMA_LATER && n < sizeof list) {
            int got = snprintf(list + n, sizeof list - n, "%s%s", n > 0 ? ", " : "", w->word);
            n += (size_t)got;
        }
    }
    errors_add(r->errors, node->line, node->column, "'%.40s' is not one of: %s", node->text, list);
}

bool schema_word(struct reader *r, const struct yaml_node *node, const struct schema_word *words,
                 int *ret_value)
{
    for (const struct schema_word *w = words; w->word != NULL; w++) {
        if (strcmp(w->word, node->text) != 0) {
            continue;
        }
        if (w->value == SCHEMA_LATER) {
            errors_add(r->errors, node->line, node->column, "'%s' is not in this version",
                       node->text);
            return false;
        }
        *ret_value = w->value;
        return true;
    }
    note_unknown_word(r, node, words);
    return false;
}

/* What a value of this kind looks like. */
static const char *form_of(enum schema_kind kind)
{
    switch (kind) {
    case SCHEMA_DURATION_MS:
    case SCHEMA_DURATION_S:
        return "a time with its unit, such as 500ms, 4s, 10m, 1h or 1d";
    case SCHEMA_SIZE:
        return "a size such as 512KiB, 64MiB or 1GiB";
    case SCHEMA_COUNT:
        return "a whole number";
    case SCHEMA_MODE:
        return "an octal mode such as 0660";
    case SCHEMA_FRACTION:
        return "a number from 0 to 1";
    case SCHEMA_STRING:
    case SCHEMA_WORD:
    case SCHEMA_OTHER:
        break;
    }
    assert(false);
    return "";
}

static int parse_number(enum schema_kind kind, const char *text, uint64_t *ret_value)
{
    int failure;
    switch (kind) {
    case SCHEMA_DURATION_MS:
        return units_read_duration(text, ret_value);
    case SCHEMA_DURATION_S:
        failure = units_read_duration(text, ret_value);
        if (failure == 0 && *ret_value % MS_A_S != 0) {
            return -EINVAL;
        }
        *ret_value /= MS_A_S;
        return failure;
    case SCHEMA_SIZE:
        return units_read_size(text, ret_value);
    case SCHEMA_COUNT:
        return units_read_count(text, ret_value);
    case SCHEMA_MODE:
        return units_read_mode(text, ret_value);
    case SCHEMA_FRACTION:
        return units_read_fraction(text, ret_value);
    case SCHEMA_STRING:
    case SCHEMA_WORD:
    case SCHEMA_OTHER:
        break;
    }
    assert(false);
    return -EINVAL;
}

static void print_number(enum schema_kind kind, uint64_t value, char out[UNITS_TEXT_MAX])
{
    switch (kind) {
    case SCHEMA_DURATION_MS:
        units_print_duration(value, out);
        return;
    case SCHEMA_DURATION_S:
        units_print_duration(value * MS_A_S, out);
        return;
    case SCHEMA_SIZE:
        units_print_size(value, out);
        return;
    case SCHEMA_MODE:
        snprintf(out, UNITS_TEXT_MAX, "%04o", (unsigned)value);
        return;
    case SCHEMA_FRACTION:
        snprintf(out, UNITS_TEXT_MAX, "%g", (double)value / 1e6);
        return;
    case SCHEMA_COUNT:
    case SCHEMA_STRING:
    case SCHEMA_WORD:
    case SCHEMA_OTHER:
        break;
    }
    snprintf(out, UNITS_TEXT_MAX, "%" PRIu64, value);
}

static void *field_of(const struct config *config, const struct schema_row *row)
{
    return (char *)(uintptr_t)config + row->offset;
}

static void set_number(const struct reader *r, const struct schema_row *row, uint64_t value)
{
    if (row->kind == SCHEMA_SIZE) {
        *(size_t *)field_of(r->config, row) = (size_t)value;
    } else if (row->kind == SCHEMA_FRACTION) {
        *(double *)field_of(r->config, row) = (double)value / 1e6;
    } else {
        *(uint32_t *)field_of(r->config, row) = (uint32_t)value;
    }
}

static uint64_t get_number(const struct config *config, const struct schema_row *row)
{
    if (row->kind == SCHEMA_SIZE) {
        return *(size_t *)field_of(config, row);
    }
    if (row->kind == SCHEMA_FRACTION) {
        return (uint64_t)(*(double *)field_of(config, row) * 1e6 + 0.5);
    }
    return *(uint32_t *)field_of(config, row);
}

static bool is_allowed_word(const struct schema_row *row, const char *text, uint64_t *ret_value)
{
    for (const struct schema_word *w = row->words; w != NULL && w->word != NULL; w++) {
        if (strcmp(w->word, text) == 0) {
            *ret_value = (uint64_t)w->value;
            return true;
        }
    }
    return false;
}

static void read_number(struct reader *r, const struct schema_row *row,
                        const struct yaml_node *node)
{
    uint64_t value, max = row->max > 0 ? row->max : UINT64_MAX;
    char low[UNITS_TEXT_MAX], high[UNITS_TEXT_MAX];
    if (is_allowed_word(row, node->text, &value)) {
        set_number(r, row, value);
        return;
    }
    int failure = parse_number(row->kind, node->text, &value);
    if (failure == -EDOM) {
        errors_add(r->errors, node->line, node->column, "%s lacks its unit: write %.20ss", row->key,
                   node->text);
    } else if (failure == -ERANGE || (failure == 0 && (value < row->min || value > max))) {
        print_number(row->kind, row->min, low);
        print_number(row->kind, row->kind == SCHEMA_FRACTION ? 1000000 : row->max, high);
        errors_add(r->errors, node->line, node->column, "%s must be from %s to %s, not %.40s",
                   row->key, low, high, node->text);
    } else if (failure < 0) {
        errors_add(r->errors, node->line, node->column, "%s must be %s, not '%.40s'", row->key,
                   form_of(row->kind), node->text);
    } else {
        set_number(r, row, value);
    }
}

static void read_string(struct reader *r, const struct schema_row *row,
                        const struct yaml_node *node)
{
    if (node->text[0] == '\0') {
        errors_add(r->errors, node->line, node->column, "%s is empty: leave it out or name one",
                   row->key);
        return;
    }
    *(const char **)field_of(r->config, row) = node->text;
}

void schema_read(struct reader *r, const struct schema_row *row, const struct yaml_node *node)
{
    int value;
    if (row->kind == SCHEMA_OTHER) {
        row->read(r, node);
    } else if (schema_text(r, node, row->key) == NULL) {
        return;
    } else if (row->kind == SCHEMA_STRING) {
        read_string(r, row, node);
    } else if (row->kind != SCHEMA_WORD) {
        read_number(r, row, node);
    } else if (schema_word(r, node, row->words, &value)) {
        *(int *)field_of(r->config, row) = value;
    }
}

void schema_set_default(struct reader *r, const struct schema_row *row)
{
    if (row->kind == SCHEMA_OTHER) {
        row->read(r, NULL);
    } else if (row->fallback != NULL) {
        struct yaml_node node = {.kind = YAML_SCALAR, .text = row->fallback};
        size_t n_before = r->errors->n;
        schema_read(r, row, &node);
        assert(r->errors->n == n_before);
    }
}

/* ---- printing ---- */

void schema_print_text(const char *text, FILE *to)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-";
    bool is_plain = text[0] != '\0' && text[0] != '-' && text[strspn(text, plain)] == '\0';
    fputs(is_plain ? "" : "\"", to);
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\') {
            fputc('\\', to);
        }
        if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            fprintf(to, "\\x%02x", (unsigned)(unsigned char)*c);
        } else {
            fputc(*c, to);
        }
    }
    fputs(is_plain ? "" : "\"", to);
}

static void print_word(const struct schema_word *words, int value, FILE *to)
{
    for (const struct schema_word *w = words; w->word != NULL; w++) {
        if (w->value == value) {
            fputs(w->word, to);
            return;
        }
    }
    assert(false);
}

void schema_print(const struct config *config, const struct schema_row *row, FILE *to)
{
    char text[UNITS_TEXT_MAX];
    uint64_t word;
    switch (row->kind) {
    case SCHEMA_OTHER:
        row->print(config, to);
        return;
    case SCHEMA_STRING:
        schema_print_text(*(const char **)field_of(config, row), to);
        return;
    case SCHEMA_WORD:
        print_word(row->words, *(int *)field_of(config, row), to);
        return;
    case SCHEMA_DURATION_MS:
    case SCHEMA_DURATION_S:
    case SCHEMA_SIZE:
    case SCHEMA_COUNT:
    case SCHEMA_MODE:
    case SCHEMA_FRACTION:
        break;
    }
    if (row->words != NULL && is_allowed_word(row, "auto", &word) &&
        word == get_number(config, row)) {
        fputs("auto", to);
        return;
    }
    print_number(row->kind, get_number(config, row), text);
    fputs(text, to);
}
