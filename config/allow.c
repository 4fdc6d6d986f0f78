/* SPDX-License-Identifier: MIT */
/* Whose queries are answered: lists of addresses and prefixes. */
#include "config/lists.h"

#include <arpa/inet.h>

enum { RULES_MAX = 1000, IPV4_BEFORE = 96 };

static const struct access_rule *read_rules(struct reader *r, const struct yaml_node *node,
                                            size_t *ret_n)
{
    *ret_n = 0;
    if (node->kind != YAML_SEQUENCE) {
        errors_add(r->errors, node->line, node->column,
                   "%s takes a list of addresses and prefixes: [192.0.2.0/24]", node->key);
        return NULL;
    }
    struct access_rule *rules = arena_take(r->arena, RULES_MAX * sizeof rules[0]);
    if (rules == NULL) {
        r->no_memory = true;
        return NULL;
    }
    for (const struct yaml_node *n = node->first; n != NULL; n = n->next) {
        const char *text = schema_text(r, n, "a prefix"), *why;
        if (*ret_n == RULES_MAX) {
            errors_add(r->errors, n->line, n->column, "more than %d prefixes", RULES_MAX);
            break;
        }
        if (text != NULL && access_read_prefix(text, &rules[*ret_n], &why)) {
            ++*ret_n;
        } else if (text != NULL) {
            errors_add(r->errors, n->line, n->column, "'%.60s': %s", text, why);
        }
    }
    return rules;
}

static void print_rules(const struct access_rule *rules, size_t n, FILE *to)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    char text[INET6_ADDRSTRLEN];
    fputc('[', to);
    for (size_t i = 0; i < n; i++) {
        bool is_ipv4 = rules[i].bits >= IPV4_BEFORE && memcmp(rules[i].at, mapped, 12) == 0;
        inet_ntop(is_ipv4 ? AF_INET : AF_INET6, rules[i].at + (is_ipv4 ? 12 : 0), text,
                  sizeof text);
        fprintf(to, "%s\"%s/%u\"", i > 0 ? ", " : "", text,
                rules[i].bits - (is_ipv4 ? (unsigned)IPV4_BEFORE : 0));
    }
    fputc(']', to);
}

void lists_read_allow(struct reader *r, const struct yaml_node *node)
{
    if (node != NULL) {
        r->config->clients.allow = read_rules(r, node, &r->config->clients.n_allow);
    }
}

void lists_print_allow(const void *base, FILE *to)
{
    const struct config *config = base;
    print_rules(config->clients.allow, config->clients.n_allow, to);
}

void lists_read_deny(struct reader *r, const struct yaml_node *node)
{
    if (node != NULL) {
        r->config->clients.deny = read_rules(r, node, &r->config->clients.n_deny);
    }
}

void lists_print_deny(const void *base, FILE *to)
{
    const struct config *config = base;
    print_rules(config->clients.deny, config->clients.n_deny, to);
}
