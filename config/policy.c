/* SPDX-License-Identifier: MIT */
/* What is answered here and whom the rest is asked of: rules, hosts files, local data, block lists.
 */
#include "config/lists.h"

#include <arpa/inet.h>

enum { TEXTS_MAX = 1000, FILES_MAX = 32 };

static void error_at(struct reader *r, const struct yaml_node *node, const char *why)
{
    errors_add(r->errors, node->line, node->column, "%s", why);
}

/* A domain, or with "*." before it what lies below; "." is everything. */
static bool is_suffix(const char *text)
{
    struct name name;
    return name_from_text(strncmp(text, "*.", 2) == 0 ? text + 2 : text, &name) == 0;
}

static bool is_path(const char *text)
{
    return text[0] == '/' && strlen(text) < 4096;
}

static const struct text_list suffix_texts = {
    .what = "a domain",
    .form = "a domain name: example.com, or *.example.com for what lies below it",
    .max = TEXTS_MAX,
    .is_good = is_suffix,
};

static const struct text_list file_texts = {
    .what = "a file", .form = "an absolute path", .max = FILES_MAX, .is_good = is_path};

/* A list, or one text that stands for a list of one. */
static struct policy_texts read_some(struct reader *r, const struct yaml_node *node,
                                     const struct text_list *kind)
{
    struct policy_texts texts = {0};
    if (node == NULL) {
        return texts;
    }
    if (node->kind == YAML_MAPPING) {
        errors_add(r->errors, node->line, node->column, "%s, or a list of them, is wanted here",
                   kind->what);
        return texts;
    }
    struct yaml_node one = *node;
    one.next = NULL;
    const struct yaml_node list = {.kind = YAML_SEQUENCE, .first = &one};
    texts.at = lists_read_texts(r, node->kind == YAML_SCALAR ? &list : node, kind, &texts.n);
    return texts;
}

/* ---- hosts, and suffixes that are allowed ---- */

void policy_read_hosts(struct reader *r, const struct yaml_node *node)
{
    static const char *const usual[] = {"/etc/hosts"};
    struct policy_params *p = &r->config->policy;
    if (node == NULL) {
        p->hosts = (struct policy_texts){usual, 1};
        return;
    }
    p->hosts = read_some(r, node, &file_texts);
    if (p->hosts.n > POLICY_HOSTS_MAX) {
        errors_add(r->errors, node->line, node->column, "more than %d files", POLICY_HOSTS_MAX);
    }
}

void policy_print_hosts(const void *base, FILE *to)
{
    const struct policy_texts *hosts = &((const struct config *)base)->policy.hosts;
    lists_print_texts(hosts->at, hosts->n, to);
}

void policy_read_allow(struct reader *r, const struct yaml_node *node)
{
    r->config->policy.allow = read_some(r, node, &suffix_texts);
}

void policy_print_allow(const void *base, FILE *to)
{
    const struct policy_texts *allow = &((const struct config *)base)->policy.allow;
    lists_print_texts(allow->at, allow->n, to);
}

void policy_read_guard_allow(struct reader *r, const struct yaml_node *node)
{
    r->config->policy.guard_allow = read_some(r, node, &suffix_texts);
}

void policy_print_guard_allow(const void *base, FILE *to)
{
    const struct policy_texts *allow = &((const struct config *)base)->policy.guard_allow;
    lists_print_texts(allow->at, allow->n, to);
}

/* ---- DNS64 ---- */

void policy_read_dns64(struct reader *r, const struct yaml_node *node)
{
    struct policy_params *p = &r->config->policy;
    const char *text = node != NULL ? schema_text(r, node, "prefix") : "off";
    if (text == NULL || strcmp(text, "off") == 0) {
        return;
    }
    if (strcmp(text, "auto") == 0) {
        p->dns64 = POLICY_DNS64_AUTO;
    } else if (dns64_prefix_parse(text, &p->dns64_prefix)) {
        p->dns64 = POLICY_DNS64_PREFIX;
    } else {
        error_at(r, node,
                 "prefix must be off, auto, or a prefix of 32, 40, 48, 56, 64 or 96 bits: "
                 "\"64:ff9b::/96\"");
    }
}

void policy_print_dns64(const void *base, FILE *to)
{
    const struct policy_params *p = &((const struct config *)base)->policy;
    char text[INET6_ADDRSTRLEN];
    if (p->dns64 == POLICY_DNS64_PREFIX) {
        inet_ntop(AF_INET6, p->dns64_prefix.at, text, sizeof text);
        fprintf(to, "\"%s/%u\"", text, p->dns64_prefix.bits);
    } else {
        fputs(p->dns64 == POLICY_DNS64_AUTO ? "auto" : "off", to);
    }
}

static bool is_excluded(const char *text)
{
    struct dns64_range range;
    return dns64_range_parse(text, &range) || (strchr(text, ':') == NULL && is_suffix(text));
}

void policy_read_dns64_exclude(struct reader *r, const struct yaml_node *node)
{
    static const struct text_list kind = {
        .what = "a domain or a range",
        .form = "a domain name, or a range of IPv6 addresses: example.com, \"2001:db8::/32\"",
        .max = TEXTS_MAX,
        .is_good = is_excluded,
    };
    struct policy_texts texts = read_some(r, node, &kind);
    struct dns64_range range;
    size_t n = 0;
    for (size_t i = 0; i < texts.n; i++) {
        n += dns64_range_parse(texts.at[i], &range);
    }
    if (n > DNS64_RANGES_MAX) {
        errors_add(r->errors, node->line, node->column, "more than %d ranges", DNS64_RANGES_MAX);
    }
    r->config->policy.dns64_exclude = texts;
}

void policy_print_dns64_exclude(const void *base, FILE *to)
{
    const struct policy_texts *exclude = &((const struct config *)base)->policy.dns64_exclude;
    lists_print_texts(exclude->at, exclude->n, to);
}

/* ---- block lists ---- */

static const struct schema_word formats[] = {{"auto", LIST_AUTO},
                                             {"hosts", LIST_HOSTS},
                                             {"domains", LIST_DOMAINS},
                                             {"dnsmasq", LIST_DNSMASQ},
                                             {"adblock", LIST_ADBLOCK},
                                             {"rpz", LIST_RPZ},
                                             {NULL, 0}};

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL && slash[1] != '\0' ? slash + 1 : path;
}

static void read_list_key(struct reader *r, const struct yaml_node *n, struct policy_list *list)
{
    int format;
    const char *text = schema_text(r, n, n->key);
    if (text == NULL) {
        return;
    }
    if (strcmp(n->key, "file") == 0) {
        list->path = text;
    } else if (strcmp(n->key, "name") == 0) {
        list->name = text;
    } else if (strcmp(n->key, "format") != 0) {
        errors_add(r->errors, n->key_line, n->key_column,
                   "unknown key '%.40s' of a block list: file, format and name are known", n->key);
    } else if (schema_word(r, n, formats, &format)) {
        list->format = (enum list_format)format;
    }
}

static void read_list(struct reader *r, const struct yaml_node *node, struct policy_list *list)
{
    if (node->kind == YAML_SCALAR) {
        list->path = node->text;
    }
    for (const struct yaml_node *n = node->first; node->kind == YAML_MAPPING && n != NULL;
         n = n->next) {
        read_list_key(r, n, list);
    }
    if (list->path == NULL || !is_path(list->path)) {
        error_at(r, node, "a block list needs a file, an absolute path: {file: /etc/ads.txt}");
        list->path = "";
    }
    list->name = list->name != NULL ? list->name : last_part(list->path);
}

void policy_read_lists(struct reader *r, const struct yaml_node *node)
{
    struct policy_params *p = &r->config->policy;
    if (node == NULL) {
        return;
    }
    struct policy_list *lists = arena_take(r->arena, POLICY_LISTS_MAX * sizeof lists[0]);
    if (node->kind != YAML_SEQUENCE || lists == NULL) {
        r->no_memory = r->no_memory || lists == NULL;
        error_at(r, node, "lists takes a list: [/etc/ads.txt, {file: /etc/rpz.zone, format: rpz}]");
        return;
    }
    for (const struct yaml_node *n = node->first; n != NULL; n = n->next) {
        if (p->n_lists == POLICY_LISTS_MAX) {
            errors_add(r->errors, n->line, n->column, "more than %d lists", POLICY_LISTS_MAX);
            break;
        }
        read_list(r, n, &lists[p->n_lists++]);
    }
    p->lists = lists;
}

void policy_print_lists(const void *base, FILE *to)
{
    const struct policy_params *p = &((const struct config *)base)->policy;
    fputs(p->n_lists == 0 ? "[]" : "", to);
    for (size_t i = 0; i < p->n_lists; i++) {
        fputs("\n    - file: ", to);
        schema_print_text(p->lists[i].path, to);
        fprintf(to, "\n      format: %s\n      name: ", formats[p->lists[i].format].word);
        schema_print_text(p->lists[i].name, to);
    }
}

/* ---- local data ---- */

static bool is_value(const char *text)
{
    uint8_t address[16];
    struct name name;
    return list_address(bytes_of(text, strlen(text)), address) > 0 ||
           (name_from_text(text, &name) == 0 && name_n_labels(&name) > 0);
}

static bool is_address(const char *text)
{
    uint8_t address[16];
    return list_address(bytes_of(text, strlen(text)), address) > 0;
}

static void read_local(struct reader *r, const struct yaml_node *n, struct policy_local *local)
{
    static const struct text_list values = {
        .what = "an address or a name",
        .form = "an address, another name, nxdomain or nodata",
        .max = LOCAL_VALUES_MAX,
        .is_good = is_value,
    };
    local->name = n->key;
    if (!is_suffix(n->key)) {
        errors_add(r->errors, n->key_line, n->key_column,
                   "'%.80s' is not a domain name, nor one with \"*.\" before it", n->key);
    }
    if (n->kind == YAML_SCALAR && strcmp(n->text, "nxdomain") == 0) {
        local->kind = POLICY_LOCAL_NXDOMAIN;
    } else if (n->kind == YAML_SCALAR && strcmp(n->text, "nodata") == 0) {
        local->kind = POLICY_LOCAL_NODATA;
    } else {
        local->values = read_some(r, n, &values);
    }
    for (size_t i = 0; local->values.n > 1 && i < local->values.n; i++) {
        if (!is_address(local->values.at[i])) {
            error_at(r, n, "several values must all be addresses; another name stands alone");
            break;
        }
    }
}

void policy_read_locals(struct reader *r, const struct yaml_node *node)
{
    struct policy_params *p = &r->config->policy;
    if (node == NULL) {
        return;
    }
    if (node->kind != YAML_MAPPING) {
        error_at(r, node, "local-data takes names and what they are: {nas.lan: 192.0.2.7}");
        return;
    }
    size_t n_names = 0;
    for (const struct yaml_node *n = node->first; n != NULL; n = n->next) {
        n_names++;
    }
    struct policy_local *locals = arena_take(r->arena, (n_names + 1) * sizeof locals[0]);
    r->no_memory = r->no_memory || locals == NULL;
    for (const struct yaml_node *n = node->first; n != NULL && locals != NULL; n = n->next) {
        read_local(r, n, &locals[p->n_locals++]);
    }
    p->locals = locals;
}

void policy_print_locals(const void *base, FILE *to)
{
    static const char *const words[] = {
        [POLICY_LOCAL_NXDOMAIN] = "nxdomain", [POLICY_LOCAL_NODATA] = "nodata"};
    const struct policy_params *p = &((const struct config *)base)->policy;
    fputs(p->n_locals == 0 ? "{}" : "", to);
    for (size_t i = 0; i < p->n_locals; i++) {
        const struct policy_local *local = &p->locals[i];
        fputs("\n  ", to);
        schema_print_text(local->name, to);
        fputs(": ", to);
        if (local->kind == POLICY_LOCAL_RECORDS) {
            lists_print_texts(local->values.at, local->values.n, to);
        } else {
            fputs(words[local->kind], to);
        }
    }
}

/* ---- rules ---- */

static void read_rule_key(struct reader *r, const struct yaml_node *n, struct policy_rule *rule,
                          struct config_rule *target)
{
    if (strcmp(n->key, "domains") == 0) {
        rule->domains = read_some(r, n, &suffix_texts);
    } else if (strcmp(n->key, "files") == 0) {
        rule->files = read_some(r, n, &file_texts);
    } else if (strcmp(n->key, "group") == 0) {
        target->group = schema_text(r, n, "group");
    } else if (strcmp(n->key, "fallback") == 0) {
        target->fallback = schema_text(r, n, "fallback");
    } else {
        errors_add(r->errors, n->key_line, n->key_column,
                   "unknown key '%.40s' of a rule: domains, files, group and fallback are known",
                   n->key);
    }
}

static void read_rule(struct reader *r, const struct yaml_node *node, struct policy_rule *rule,
                      struct config_rule *target)
{
    *target = (struct config_rule){.line = node->line, .column = node->column};
    for (const struct yaml_node *n = node->first; n != NULL && node->kind == YAML_MAPPING;
         n = n->next) {
        read_rule_key(r, n, rule, target);
    }
    if (node->kind != YAML_MAPPING || target->group == NULL ||
        rule->domains.n + rule->files.n == 0) {
        error_at(r, node,
                 "a rule needs domains or files, and a group of providers: "
                 "{domains: [corp.example], group: corp}");
    }
}

void policy_read_rules(struct reader *r, const struct yaml_node *node)
{
    struct policy_params *p = &r->config->policy;
    if (node == NULL) {
        return;
    }
    struct policy_rule *rules = arena_take(r->arena, POLICY_RULES_MAX * sizeof rules[0]);
    r->no_memory = r->no_memory || rules == NULL;
    if (node->kind != YAML_SEQUENCE) {
        error_at(r, node, "rules takes a list: '- {domains: [corp.example], group: corp}'");
        return;
    }
    for (const struct yaml_node *n = node->first; n != NULL && rules != NULL; n = n->next) {
        if (p->n_rules == POLICY_RULES_MAX) {
            errors_add(r->errors, n->line, n->column, "more than %d rules", POLICY_RULES_MAX);
            break;
        }
        read_rule(r, n, &rules[p->n_rules], &r->config->rules[p->n_rules]);
        p->n_rules++;
    }
    p->rules = rules;
}

void policy_print_rules(const void *base, FILE *to)
{
    const struct config *config = base;
    const struct policy_params *p = &config->policy;
    fputs(p->n_rules == 0 ? "[]" : "", to);
    for (size_t i = 0; i < p->n_rules; i++) {
        fputs("\n  - domains: ", to);
        lists_print_texts(p->rules[i].domains.at, p->rules[i].domains.n, to);
        fputs("\n    files: ", to);
        lists_print_texts(p->rules[i].files.at, p->rules[i].files.n, to);
        fputs("\n    group: ", to);
        schema_print_text(config->rules[i].group, to);
        if (config->rules[i].fallback != NULL) {
            fputs("\n    fallback: ", to);
            schema_print_text(config->rules[i].fallback, to);
        }
    }
}

/* ---- the whole ---- */

/* The providers of a group; "default" are those without one. */
static unsigned members_of(struct reader *r, const struct config_rule *rule, const char *group)
{
    const struct config *c = r->config;
    const char *name = strcmp(group, "default") == 0 ? NULL : group;
    if (strcmp(group, CONFIG_LOCAL_GROUP) == 0) {
        return 1u << c->n_providers;
    }
    unsigned members = pool_group(c->providers, c->n_providers, name);
    if (members == 0) {
        errors_add(r->errors, rule->line, rule->column,
                   "no provider has the group '%.64s': give one 'group: %.64s'", group, group);
    }
    return members;
}

/* Whether one of the members is a server of the own network. */
static bool is_local(const struct config *c, unsigned members)
{
    for (size_t i = 0; i < c->n_providers; i++) {
        if ((members & 1u << i) != 0 && c->providers[i].protocol == PROTOCOL_DNS) {
            return true;
        }
    }
    return (members & 1u << c->n_providers) != 0;
}

void policy_check(struct reader *r)
{
    struct config *c = r->config;
    /* They are the arena's, and nobody has read them yet. */
    struct policy_rule *rules = (struct policy_rule *)(uintptr_t)c->policy.rules;
    c->routes[c->policy.n_rules].members = 1u << c->n_providers;
    if (c->n_providers > 0 && pool_group(c->providers, c->n_providers, NULL) == 0) {
        errors_add(r->errors, 0, 0,
                   "every provider has a group, so that none is left for names without a rule: "
                   "leave one without");
    }
    for (size_t i = 0; i < c->policy.n_rules; i++) {
        struct config_rule *rule = &c->rules[i];
        if (rule->group != NULL) {
            c->routes[i].members = members_of(r, rule, rule->group);
            rules[i].is_local = is_local(c, c->routes[i].members);
        }
        if (rule->fallback != NULL) {
            c->routes[i].fallback = members_of(r, rule, rule->fallback);
        }
    }
}
