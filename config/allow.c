/* SPDX-License-Identifier: MIT */
/* Whose queries are answered: lists of addresses and prefixes. */
#include "config/lists.h"

#include <arpa/inet.h>

enum { RULES_MAX = 1000, IPV4_BEFORE = 96, RULE_TEXT_MAX = INET6_ADDRSTRLEN + 5 };

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

/* "192.0.2.0/24" */
static const char *rule_text(const struct access_rule *rule, char out[RULE_TEXT_MAX])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    char text[INET6_ADDRSTRLEN];
    bool is_ipv4 = rule->bits >= IPV4_BEFORE && memcmp(rule->at, mapped, 12) == 0;
    inet_ntop(is_ipv4 ? AF_INET : AF_INET6, rule->at + (is_ipv4 ? 12 : 0), text, sizeof text);
    snprintf(out, RULE_TEXT_MAX, "%s/%u", text, rule->bits - (is_ipv4 ? (unsigned)IPV4_BEFORE : 0));
    return out;
}

static void print_rules(const struct access_rule *rules, size_t n, FILE *to)
{
    char text[RULE_TEXT_MAX];
    fputc('[', to);
    for (size_t i = 0; i < n; i++) {
        fprintf(to, "%s\"%s\"", i > 0 ? ", " : "", rule_text(&rules[i], text));
    }
    fputc(']', to);
}

void lists_check_access(struct reader *r)
{
    const struct clients_params *p = &r->config->clients;
    char text[RULE_TEXT_MAX];
    for (size_t i = 0; i < p->n_allow; i++) {
        for (size_t j = 0; j < p->n_deny; j++) {
            const struct access_rule *a = &p->allow[i], *d = &p->deny[j];
            if (a->bits == d->bits && memcmp(a->at, d->at, sizeof a->at) == 0) {
                errors_add(r->errors, 0, 0,
                           "%s stands in access.allow and in access.deny: leave one out",
                           rule_text(a, text));
            }
        }
    }
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
