/* SPDX-License-Identifier: MIT */
#include "config/schema.h"

#include "config/options/options.h"
#include "config/units.h"

const struct schema_row *schema_at(size_t i)
{
    static const struct options *const tables[] = {
        &options_serving, &options_asking, &options_audit, &options_policy, &options_process,
    };
    for (size_t k = 0; k < sizeof tables / sizeof tables[0]; k++) {
        if (i < tables[k]->n) {
            return &tables[k]->rows[i];
        }
        i -= tables[k]->n;
    }
    return NULL;
}

static const char *section_of(const struct schema_row *row)
{
    return row->section != NULL ? row->section : "";
}

const struct schema_row *schema_find(const char *section, const char *key, size_t *ret_i)
{
    const struct schema_row *row;
    for (size_t i = 0; (row = schema_at(i)) != NULL; i++) {
        if (strcmp(section_of(row), section) == 0 && strcmp(row->key, key) == 0) {
            *ret_i = i;
            return row;
        }
    }
    return NULL;
}

bool schema_is_section(const char *key)
{
    const struct schema_row *row;
    for (size_t i = 0; (row = schema_at(i)) != NULL; i++) {
        if (row->section != NULL && strcmp(row->section, key) == 0) {
            return true;
        }
    }
    return false;
}

const char *schema_nearest(const char *section, const char *key)
{
    const char *nearest = NULL;
    const struct schema_row *row;
    unsigned distance = UNITS_FAR;
    for (size_t i = 0; (row = schema_at(i)) != NULL; i++) {
        const char *candidate = NULL;
        if (strcmp(section_of(row), section) == 0) {
            candidate = row->key;
        } else if (section[0] == '\0') {
            candidate = row->section;
        }
        if (candidate != NULL && units_is_nearer(key, candidate, &distance)) {
            nearest = candidate;
        }
    }
    return nearest;
}
