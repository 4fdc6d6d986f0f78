/* SPDX-License-Identifier: MIT */
/* What a provider's URL and, with protocol generic, its templates and pointers must be: what is
 * wrong there would go out as it stands, or never find an address. */
#include "config/lists.h"
#include "resolver/upstream/drivers.h"

static void check_pointer(struct reader *r, const struct yaml_node *node, const char *key)
{
    if (node != NULL && node->kind == YAML_SCALAR && node->text[0] != '/') {
        errors_add(r->errors, node->line, node->column,
                   "%s: '%.60s' is no JSON pointer: it begins with '/', as in /data/0/ip", key,
                   node->text);
    }
}

static void check_pointers(struct reader *r, const struct yaml_node *mapping)
{
    const struct yaml_node *list = provider_node(mapping, "answers");
    bool has = list != NULL && list->kind == YAML_SEQUENCE;
    for (const struct yaml_node *n = has ? list->first : NULL; n != NULL; n = n->next) {
        check_pointer(r, n, "answers");
    }
    check_pointer(r, provider_node(mapping, "ttl"), "ttl");
    check_pointer(r, provider_node(mapping, "code"), "code");
}

static void check_template(struct reader *r, const struct yaml_node *node, const char *key)
{
    size_t n;
    const char *stranger =
        node != NULL && node->kind == YAML_SCALAR ? generic_stranger(node->text, &n) : NULL;
    if (stranger != NULL) {
        errors_add(r->errors, node->line, node->column,
                   "%s: no value is called %.*s: there are {host} {account} {key} {secret} {sign} "
                   "{t} {tms} {ip} {type} {family}",
                   key, (int)n, stranger);
    }
}

void generic_check(struct reader *r, const struct yaml_node *mapping,
                   const struct provider_params *p)
{
    const struct yaml_node *url = provider_node(mapping, "url");
    if (p->protocol == PROTOCOL_GENERIC) {
        check_template(r, url, "url");
        check_template(r, provider_node(mapping, "sign"), "sign");
        check_template(r, provider_node(mapping, "header"), "header");
        check_pointers(r, mapping);
    } else if (url != NULL && p->endpoint.url != NULL && strpbrk(p->endpoint.url, "{}") != NULL) {
        errors_add(r->errors, url->line, url->column,
                   "url takes braces at its end alone, as in "
                   "https://dns.example/dns-query{?dns}; values in braces are for protocol "
                   "generic");
    }
}
