/* SPDX-License-Identifier: MIT */
/* YAML text as a tree of scalars, sequences and mappings with their places: the door to libyaml.
 * Knows no option. Refuses what a configuration does not need and a bomb is made of: aliases,
 * anchors, tags, merge keys, several documents, keys that are not plain text or stand twice.
 *
 * Bounds: YAML_BYTES_MAX of text, YAML_DEPTH_MAX levels, YAML_NODES_MAX nodes. */
#ifndef CONFIG_YAML_H
#define CONFIG_YAML_H

#include "config/arena.h"
#include "config/config.h"

enum { YAML_BYTES_MAX = 1 << 20, YAML_DEPTH_MAX = 16, YAML_NODES_MAX = 10000 };

enum yaml_kind { YAML_SCALAR, YAML_SEQUENCE, YAML_MAPPING };

/* Lives in the arena. Places count from 1. */
struct yaml_node {
    enum yaml_kind kind;
    unsigned line, column;
    const char *text; /* scalar: its value, without a NUL inside */
    bool quoted;
    const char *key; /* in a mapping: the key this is the value of, and where it stands */
    unsigned key_line, key_column;
    struct yaml_node *first; /* children, in order of the text */
    struct yaml_node *next;
};

/* Parses `text`. *ret_root is NULL for an empty document. -EINVAL with the reason in *errors, or
 * -ENOMEM. */
int yaml_parse(struct bytes text, struct config_arena *arena, struct yaml_node **ret_root,
               struct config_errors *errors);

#endif
