/* SPDX-License-Identifier: MIT */
/* The list of providers: presets by name, or spelled out. */
#include "config/lists.h"
#include "config/presets.h"
#include "config/units.h"

#include <arpa/inet.h>
#include <errno.h>
#include <unistd.h>

enum { NEAR = 3, NAME_TEXT_MAX = 64 };

static const struct schema_word protocols[] = {
    {"doh", PROTOCOL_DOH},     {"doh-get", PROTOCOL_DOH_GET}, {"json", SCHEMA_LATER},
    {"alidns", SCHEMA_LATER},  {"aliyun", SCHEMA_LATER},      {"aliyun2", SCHEMA_LATER},
    {"tencent", SCHEMA_LATER}, {"volc", SCHEMA_LATER},        {"baidu", SCHEMA_LATER},
    {"generic", SCHEMA_LATER}, {"odoh", SCHEMA_LATER},        {NULL, 0}};

static const struct schema_word yes_no[] = {
    {"yes", 1}, {"true", 1}, {"no", 0}, {"false", 0}, {NULL, 0}};

/* One provider being read: the nodes of its keys. */
struct entry {
    const struct yaml_node *node;
    const struct yaml_node *preset, *name, *url, *protocol, *addresses, *ca_file, *filtering;
};

static const struct {
    const char *key;
    size_t offset;
} keys[] = {
    {"preset", offsetof(struct entry, preset)},
    {"name", offsetof(struct entry, name)},
    {"url", offsetof(struct entry, url)},
    {"protocol", offsetof(struct entry, protocol)},
    {"addresses", offsetof(struct entry, addresses)},
    {"ca-file", offsetof(struct entry, ca_file)},
    {"filtering", offsetof(struct entry, filtering)},
};
enum { N_KEYS = sizeof keys / sizeof keys[0] };

static void error_at(struct reader *r, const struct yaml_node *node, const char *why)
{
    errors_add(r->errors, node->line, node->column, "%s", why);
}

static void note_unknown_key(struct reader *r, const struct yaml_node *n)
{
    const char *nearest = NULL;
    unsigned best = NEAR;
    for (size_t i = 0; i < N_KEYS; i++) {
        unsigned distance = units_distance(n->key, keys[i].key);
        if (distance < best) {
            best = distance;
            nearest = keys[i].key;
        }
    }
    errors_add(r->errors, n->key_line, n->key_column, "unknown key '%.40s' of a provider%s%s%s",
               n->key, nearest != NULL ? ": did you mean '" : "", nearest != NULL ? nearest : "",
               nearest != NULL ? "'?" : "");
}

static void collect_keys(struct reader *r, struct entry *entry)
{
    for (const struct yaml_node *n = entry->node->first; n != NULL; n = n->next) {
        size_t i = 0;
        while (i < N_KEYS && strcmp(keys[i].key, n->key) != 0) {
            i++;
        }
        if (i == N_KEYS) {
            note_unknown_key(r, n);
        } else {
            *(const struct yaml_node **)((char *)entry + keys[i].offset) = n;
        }
    }
}

/* ---- the fields ---- */

static void read_preset(struct reader *r, const struct yaml_node *node, struct provider_params *p)
{
    const char *id = schema_text(r, node, "preset");
    const struct preset *preset = id != NULL ? preset_find(id) : NULL;
    if (preset != NULL) {
        p->name = preset->id;
        p->filtering = preset->filtering;
        p->endpoint.url = preset->url;
        p->endpoint.addresses = preset->addresses;
        while (preset->addresses[p->endpoint.n_addresses] != NULL) {
            p->endpoint.n_addresses++;
        }
        return;
    }
    const char *nearest = NULL;
    unsigned best = NEAR;
    for (size_t i = 0; id != NULL && preset_at(i) != NULL; i++) {
        unsigned distance = units_distance(id, preset_at(i)->id);
        if (distance < best) {
            best = distance;
            nearest = preset_at(i)->id;
        }
    }
    if (id != NULL) {
        errors_add(r->errors, node->line, node->column, "no built-in preset '%.40s'%s%s%s", id,
                   nearest != NULL ? ": did you mean '" : "", nearest != NULL ? nearest : "",
                   nearest != NULL ? "'?" : "");
    }
}

/* What is wrong with it; NULL when it is good. */
static const char *check_url(const char *url)
{
    static const char scheme[] = "https://";
    if (strncmp(url, scheme, sizeof scheme - 1) != 0) {
        return "url must begin with https://";
    }
    const char *host = url + sizeof scheme - 1;
    size_t n = strcspn(host, "/?#");
    if (n == 0 || host[0] == ':') {
        return "url has no host";
    }
    if (memchr(host, '@', n) != NULL) {
        return "url must not hold a user or password";
    }
    if (strchr(host, '#') != NULL) {
        return "url must not hold a fragment ('#')";
    }
    for (const char *c = url; *c != '\0'; c++) {
        if (*c <= ' ' || *c == 0x7f || *c == '"') {
            return "url must not hold spaces, quotes or control characters";
        }
    }
    return NULL;
}

static void read_url(struct reader *r, const struct yaml_node *node, struct provider_params *p)
{
    static const char template[] = "{?dns}";
    const char *url = schema_text(r, node, "url");
    if (url == NULL) {
        return;
    }
    size_t n = strlen(url), n_template = sizeof template - 1;
    if (n > n_template && strcmp(url + n - n_template, template) == 0) {
        url = arena_text(r->arena, url, n - n_template);
        r->no_memory = r->no_memory || url == NULL;
    }
    const char *why = url != NULL ? check_url(url) : NULL;
    if (why != NULL) {
        error_at(r, node, why);
    }
    p->endpoint.url = url;
}

static void read_addresses(struct reader *r, const struct yaml_node *node,
                           struct provider_params *p)
{
    struct in6_addr at;
    if (node->kind != YAML_SEQUENCE || node->first == NULL) {
        error_at(r, node, "addresses takes a list: [192.0.2.1, \"2001:db8::1\"]");
        return;
    }
    const char **list = arena_take(r->arena, CONFIG_ADDRESSES_MAX * sizeof list[0]);
    r->no_memory = r->no_memory || list == NULL;
    size_t count = 0;
    for (const struct yaml_node *n = node->first; n != NULL && list != NULL; n = n->next) {
        const char *text = schema_text(r, n, "an address");
        if (text == NULL) {
            continue;
        }
        if (inet_pton(AF_INET, text, &at) != 1 && inet_pton(AF_INET6, text, &at) != 1) {
            errors_add(r->errors, n->line, n->column, "'%.60s' is not an IPv4 or IPv6 address",
                       text);
        } else if (count == CONFIG_ADDRESSES_MAX) {
            errors_add(r->errors, n->line, n->column, "more than %d addresses",
                       CONFIG_ADDRESSES_MAX);
            break;
        } else {
            list[count++] = text;
        }
    }
    p->endpoint.addresses = list;
    p->endpoint.n_addresses = count;
}

static void read_ca_file(struct reader *r, const struct yaml_node *node, struct provider_params *p)
{
    p->endpoint.ca_file = schema_text(r, node, "ca-file");
    if (p->endpoint.ca_file != NULL && access(p->endpoint.ca_file, R_OK) < 0) {
        errors_add(r->errors, node->line, node->column, "ca-file '%.100s' cannot be read: %s",
                   p->endpoint.ca_file, strerror(errno));
    }
}

static void read_name(struct reader *r, const struct yaml_node *node, struct provider_params *p)
{
    p->name = schema_text(r, node, "name");
    if (p->name != NULL && (p->name[0] == '\0' || strlen(p->name) > NAME_TEXT_MAX)) {
        error_at(r, node, "name must have 1 to 64 characters");
    }
}

static void read_fields(struct reader *r, const struct entry *e, struct provider_params *p)
{
    int value;
    if (e->preset != NULL) {
        read_preset(r, e->preset, p);
    }
    if (e->name != NULL) {
        read_name(r, e->name, p);
    }
    if (e->url != NULL) {
        read_url(r, e->url, p);
    }
    if (e->addresses != NULL) {
        read_addresses(r, e->addresses, p);
    }
    if (e->ca_file != NULL) {
        read_ca_file(r, e->ca_file, p);
    }
    if (e->protocol != NULL && schema_text(r, e->protocol, "protocol") != NULL &&
        schema_word(r, e->protocol, protocols, &value)) {
        p->protocol = (enum pool_protocol)value;
    }
    if (e->filtering != NULL && schema_text(r, e->filtering, "filtering") != NULL &&
        schema_word(r, e->filtering, yes_no, &value)) {
        p->filtering = value != 0;
    }
}

/* ---- the list ---- */

static void check_whole(struct reader *r, const struct entry *e, const struct provider_params *p)
{
    const struct config *config = r->config;
    if (e->preset == NULL && (e->name == NULL || e->url == NULL)) {
        error_at(r, e->node, "a provider needs a preset, or a name and a url");
    }
    if (e->preset != NULL && e->url != NULL) {
        error_at(r, e->url, "url and preset exclude each other: leave one out");
    }
    for (size_t i = 0; i < config->n_providers && p->name != NULL; i++) {
        if (config->providers[i].name != NULL && strcmp(config->providers[i].name, p->name) == 0) {
            errors_add(r->errors, e->node->line, e->node->column,
                       "provider '%.64s' stands here twice: give one another name", p->name);
        }
    }
}

static void read_provider(struct reader *r, const struct yaml_node *node)
{
    struct config *config = r->config;
    if (node->kind != YAML_MAPPING) {
        error_at(r, node, "a provider is written 'preset: NAME', or with name and url");
        return;
    }
    if (config->n_providers == POOL_MAX) {
        errors_add(r->errors, node->line, node->column, "more than %d providers", POOL_MAX);
        return;
    }
    struct entry entry = {.node = node};
    struct provider_params *p = &config->providers[config->n_providers];
    p->endpoint.id = (unsigned)config->n_providers;
    collect_keys(r, &entry);
    read_fields(r, &entry, p);
    check_whole(r, &entry, p);
    config->n_providers++;
}

static void add_preset(struct reader *r, const char *id)
{
    struct yaml_node name = {.kind = YAML_SCALAR, .text = id, .key = "preset"};
    struct yaml_node node = {.kind = YAML_MAPPING, .first = &name};
    read_provider(r, &node);
}

void providers_read(struct reader *r, const struct yaml_node *node)
{
    if (node == NULL) {
        add_preset(r, "quad9");
        add_preset(r, "cloudflare");
        add_preset(r, "google");
        return;
    }
    if (node->kind != YAML_SEQUENCE || node->first == NULL) {
        error_at(r, node, "providers takes a list with at least one entry: '- preset: quad9'");
        return;
    }
    for (const struct yaml_node *n = node->first; n != NULL; n = n->next) {
        read_provider(r, n);
    }
}

static void print_one(const struct provider_params *p, FILE *to)
{
    fputs("\n  - name: ", to);
    schema_print_text(p->name, to);
    fputs("\n    url: ", to);
    schema_print_text(p->endpoint.url, to);
    fprintf(to, "\n    protocol: %s", p->protocol == PROTOCOL_DOH_GET ? "doh-get" : "doh");
    if (p->endpoint.n_addresses > 0) {
        fputs("\n    addresses: [", to);
        for (size_t i = 0; i < p->endpoint.n_addresses; i++) {
            fputs(i > 0 ? ", " : "", to);
            schema_print_text(p->endpoint.addresses[i], to);
        }
        fputc(']', to);
    }
    if (p->endpoint.ca_file != NULL) {
        fputs("\n    ca-file: ", to);
        schema_print_text(p->endpoint.ca_file, to);
    }
    fprintf(to, "\n    filtering: %s", p->filtering ? "yes" : "no");
}

void providers_print(const struct config *config, FILE *to)
{
    for (size_t i = 0; i < config->n_providers; i++) {
        print_one(&config->providers[i], to);
    }
}
