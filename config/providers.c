/* SPDX-License-Identifier: MIT */
/* The list of providers, and what an entry of it must be as a whole. */
#include "config/lists.h"

static void error_at(struct reader *r, const struct yaml_node *node, const char *why)
{
    errors_add(r->errors, node->line, node->column, "%s", why);
}

static void check_whole(struct reader *r, const struct yaml_node *node,
                        const struct provider_params *p)
{
    const struct config *config = r->config;
    const struct yaml_node *preset = provider_node(node, "preset"),
                           *url = provider_node(node, "url"), *stamp = provider_node(node, "stamp");
    if (preset == NULL && stamp == NULL && (provider_node(node, "name") == NULL || url == NULL)) {
        error_at(r, node, "a provider needs a preset, a stamp, or a name and a url");
    }
    if (preset != NULL && url != NULL) {
        error_at(r, url, "url and preset exclude each other: leave one out");
    }
    if (stamp != NULL && (preset != NULL || url != NULL)) {
        error_at(r, stamp, "stamp takes the place of url and preset: leave one out");
    }
    for (size_t i = 0; i < config->n_providers && p->name != NULL; i++) {
        if (config->providers[i].name != NULL && strcmp(config->providers[i].name, p->name) == 0) {
            errors_add(r->errors, node->line, node->column,
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
    struct provider_params *p = &config->providers[config->n_providers];
    p->endpoint.id = (unsigned)config->n_providers;
    provider_read(r, node, p);
    odoh_finish(r, node, p);
    check_whole(r, node, p);
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

void providers_print(const void *base, FILE *to)
{
    const struct config *config = base;
    for (size_t i = 0; i < config->n_providers; i++) {
        provider_print(&config->providers[i], to);
    }
}
