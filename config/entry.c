/* SPDX-License-Identifier: MIT */
/* One provider's entry by its rows: read, checked for keys that mean nothing there, printed. */
#include "config/lists.h"
#include "config/units.h"

static const struct schema_row *find_row(const char *key)
{
    const struct schema_row *row;
    for (size_t i = 0; (row = provider_row_at(i)) != NULL; i++) {
        if (strcmp(row->key, key) == 0) {
            return row;
        }
    }
    return NULL;
}

static void note_unknown_key(struct reader *r, const struct yaml_node *n)
{
    const char *nearest = NULL;
    unsigned distance = UNITS_FAR;
    for (size_t i = 0; provider_row_at(i) != NULL; i++) {
        if (units_is_nearer(n->key, provider_row_at(i)->key, &distance)) {
            nearest = provider_row_at(i)->key;
        }
    }
    errors_add(r->errors, n->key_line, n->key_column, "unknown key '%.40s' of a provider%s%s%s",
               n->key, nearest != NULL ? ": did you mean '" : "", nearest != NULL ? nearest : "",
               nearest != NULL ? "'?" : "");
}

const struct yaml_node *provider_node(const struct yaml_node *mapping, const char *key)
{
    const struct yaml_node *n = mapping->first;
    while (n != NULL && strcmp(n->key, key) != 0) {
        n = n->next;
    }
    return n;
}

/* ---- keys of another protocol ---- */

static bool is_taken(const struct schema_row *row, int protocol)
{
    return row->takers == 0 || (row->takers & 1U << protocol) != 0;
}

/* "json, alidns or generic". Returns `list`. */
static const char *takers_text(unsigned takers, char list[TAKERS_TEXT_MAX])
{
    size_t n = 0;
    list[0] = '\0';
    for (const struct schema_word *w = provider_protocols; w->word != NULL; w++) {
        unsigned bit = 1U << w->value;
        const char *between = n == 0 ? "" : takers < 2 * bit ? " or " : ", ";
        if ((takers & bit) != 0 && n < TAKERS_TEXT_MAX) {
            n += (size_t)snprintf(list + n, TAKERS_TEXT_MAX - n, "%s%s", between, w->word);
        }
    }
    return list;
}

/* The entry's protocol as it is written, which a server may have overruled; NULL: none is. */
static const struct schema_word *protocol_of(const struct yaml_node *mapping,
                                             const struct provider_params *p)
{
    const struct yaml_node *node = provider_node(mapping, "protocol");
    const struct schema_word *w = provider_protocols;
    bool written = node != NULL && node->kind == YAML_SCALAR;
    while (w->word != NULL &&
           (written ? strcmp(w->word, node->text) != 0 : w->value != (int)p->protocol)) {
        w++;
    }
    return w->word != NULL ? w : NULL;
}

/* Passed over in silence, they would leave somebody believe in what does not happen. */
static void refuse_strangers(struct reader *r, const struct yaml_node *mapping,
                             const struct provider_params *p)
{
    const struct schema_word *protocol = protocol_of(mapping, p);
    for (const struct yaml_node *n = mapping->first; n != NULL && protocol != NULL; n = n->next) {
        const struct schema_row *row = find_row(n->key);
        char list[TAKERS_TEXT_MAX];
        if (row == NULL || is_taken(row, protocol->value)) {
            continue;
        }
        if (row->takers == TAKERS_HTTPS) {
            errors_add(r->errors, n->key_line, n->key_column,
                       "%s has no effect on plain DNS to a server ('protocol: dns'), every other "
                       "protocol takes it: leave it out",
                       n->key);
        } else {
            errors_add(r->errors, n->key_line, n->key_column,
                       "%s is for 'protocol: %s', and this provider's is %s: leave it out", n->key,
                       takers_text(row->takers, list), protocol->word);
        }
    }
}

/* ---- the entry ---- */

void provider_read(struct reader *r, const struct yaml_node *mapping, struct provider_params *p)
{
    const struct schema_row *row;
    for (const struct yaml_node *n = mapping->first; n != NULL; n = n->next) {
        if (find_row(n->key) == NULL) {
            note_unknown_key(r, n);
        }
    }
    r->base = p;
    for (size_t i = 0; (row = provider_row_at(i)) != NULL; i++) {
        const struct yaml_node *node = provider_node(mapping, row->key);
        if (node != NULL) {
            schema_read(r, row, node);
        }
    }
    r->base = r->config;
    refuse_strangers(r, mapping, p);
}

void provider_print(const struct provider_params *p, FILE *to)
{
    const char *lead = "\n  - ";
    const struct schema_row *row;
    for (size_t i = 0; (row = provider_row_at(i)) != NULL; i++) {
        if (is_taken(row, (int)p->protocol) && schema_is_set(p, row)) {
            fprintf(to, "%s%s: ", lead, row->key);
            schema_print(p, row, to);
            lead = "\n    ";
        }
    }
}

void provider_print_reference(FILE *to)
{
    for (size_t i = 0; provider_row_at(i) != NULL; i++) {
        schema_print_reference(provider_row_at(i), "", to);
    }
}
