/* SPDX-License-Identifier: MIT */
#include "config/lists.h"

#include "resolver/audit/fingerprint.h"
#include "resolver/plain.h"

enum { WATCHLIST_MAX = 1000, FINGERPRINT_FILES_MAX = 32 };

const char *const *lists_read_texts(struct reader *r, const struct yaml_node *node,
                                    const struct text_list *list, size_t *ret_n)
{
    const char **texts = arena_take(r->arena, list->max * sizeof texts[0]);
    *ret_n = 0;
    if (texts == NULL) {
        r->no_memory = true;
        return NULL;
    }
    for (const struct yaml_node *n = node->first; n != NULL; n = n->next) {
        const char *text = schema_text(r, n, list->what);
        if (text == NULL) {
            continue;
        }
        if (*ret_n == list->max) {
            errors_add(r->errors, n->line, n->column, "more than %zu", list->max);
            break;
        }
        if (!list->is_good(text)) {
            errors_add(r->errors, n->line, n->column, "'%.80s' is not %s", text, list->form);
            continue;
        }
        texts[(*ret_n)++] = text;
    }
    return texts;
}

void lists_print_texts(const char *const *texts, size_t n, FILE *to)
{
    fputc('[', to);
    for (size_t i = 0; i < n; i++) {
        fputs(i > 0 ? ", " : "", to);
        schema_print_text(texts[i], to);
    }
    fputc(']', to);
}

void lists_read_servers(struct reader *r, const struct yaml_node *node)
{
    static const struct text_list servers = {
        .what = "a server",
        .form = "an address, with or without a port: 192.0.2.1, 192.0.2.1:5353, [2001:db8::1]:53",
        .max = AUDIT_SERVERS_MAX,
        .is_good = plain_server_is_valid,
    };
    struct audit_params *audit = &r->config->audit;
    if (node == NULL || (node->kind == YAML_SCALAR && strcmp(node->text, "auto") == 0)) {
        return;
    }
    if (node->kind != YAML_SEQUENCE || node->first == NULL) {
        errors_add(r->errors, node->line, node->column,
                   "servers must be auto, or a list of addresses in brackets: [192.0.2.1]");
        return;
    }
    audit->servers = lists_read_texts(r, node, &servers, &audit->n_servers);
}

void lists_print_servers(const void *base, FILE *to)
{
    const struct config *config = base;
    if (config->audit.n_servers == 0) {
        fputs("auto", to);
    } else {
        lists_print_texts(config->audit.servers, config->audit.n_servers, to);
    }
}

void lists_read_public(struct reader *r, const struct yaml_node *node)
{
    static const char *const shipped[] = {"8.8.8.8", "1.1.1.1", "9.9.9.9", "208.67.222.222"};
    static const struct text_list servers = {
        .what = "a public resolver",
        .form = "an address, with or without a port: 8.8.8.8, [2001:4860:4860::8888]:53",
        .max = AUDIT_PUBLIC_MAX,
        .is_good = plain_server_is_valid,
    };
    struct audit_params *audit = &r->config->audit;
    if (node == NULL) {
        audit->public_servers = shipped;
        audit->n_public_servers = sizeof shipped / sizeof shipped[0];
        return;
    }
    if (node->kind != YAML_SEQUENCE) {
        errors_add(
            r->errors, node->line, node->column,
            "public-resolvers takes a list of addresses: [8.8.8.8, 1.1.1.1], or [] for none");
        return;
    }
    audit->public_servers = lists_read_texts(r, node, &servers, &audit->n_public_servers);
}

void lists_print_public(const void *base, FILE *to)
{
    const struct config *config = base;
    lists_print_texts(config->audit.public_servers, config->audit.n_public_servers, to);
}

static bool is_name(const char *text)
{
    struct name name;
    return name_from_text(text, &name) == 0 && name_n_labels(&name) > 0;
}

void lists_read_watchlist(struct reader *r, const struct yaml_node *node)
{
    static const struct text_list names = {
        .what = "a watched name",
        .form = "a domain name",
        .max = WATCHLIST_MAX,
        .is_good = is_name,
    };
    if (node == NULL) {
        return;
    }
    if (node->kind != YAML_SEQUENCE) {
        errors_add(r->errors, node->line, node->column,
                   "watchlist takes a list of names: [www.example.com]");
        return;
    }
    r->config->audit.watchlist = lists_read_texts(r, node, &names, &r->config->audit.n_watchlist);
}

void lists_print_watchlist(const void *base, FILE *to)
{
    const struct config *config = base;
    lists_print_texts(config->audit.watchlist, config->audit.n_watchlist, to);
}

void lists_read_fingerprints(struct reader *r, const struct yaml_node *node)
{
    static const struct text_list files = {
        .what = "a list of block addresses",
        .form = "a path from the root, or SCOPE:/PATH with nation, isp, pool, product or noisy",
        .max = FINGERPRINT_FILES_MAX,
        .is_good = fingerprints_is_list,
    };
    if (node == NULL) {
        return;
    }
    if (node->kind != YAML_SEQUENCE) {
        errors_add(r->errors, node->line, node->column,
                   "fingerprints takes a list of files: [isp:/etc/httpdnsd/block-pages.txt]");
        return;
    }
    struct audit_params *audit = &r->config->audit;
    audit->fingerprints = lists_read_texts(r, node, &files, &audit->n_fingerprints);
}

void lists_print_fingerprints(const void *base, FILE *to)
{
    const struct config *config = base;
    lists_print_texts(config->audit.fingerprints, config->audit.n_fingerprints, to);
}
