/* SPDX-License-Identifier: MIT */
/* A policy's insides. Private to policy.c and load.c. */
#ifndef RESOLVER_POLICY_SNAPSHOT_H
#define RESOLVER_POLICY_SNAPSHOT_H

#include "resolver/policy/localdata.h"
#include "resolver/policy/policy.h"
#include "resolver/policy/suffixes.h"

#include <stdatomic.h>

/* The classes of entries: INNER is where private addresses are right, TRUE_ONLY where none are made
 * up (DNS64). */
enum { CLASS_LOCAL, CLASS_RULE, CLASS_BLOCK, CLASS_PASS, CLASS_INNER, CLASS_TRUE_ONLY };

/* An entry's value: for CLASS_RULE the rule; else an action and the list it comes from. */
enum {
    ACTION_SHIFT = 6,
    LIST_MASK = (1 << ACTION_SHIFT) - 1,
    BLOCK_AS_SAID = 0, /* block.answer */
    BLOCK_IMPORTANT,
    BLOCK_OF_ZONES,
    BLOCK_NXDOMAIN = BLOCK_OF_ZONES,
    BLOCK_NODATA,
    BLOCK_RECORD, /* the local data of source ZONE */
    BLOCK_DROP,
    BLOCK_TCP_ONLY,
    PASS_SPECIFIC = 0,
    PASS_EXCEPT,
    PASS_ALLOW,
};

enum { LIST_TEXT_MAX = ANSWER_EDE_TEXT_MAX + 1 };

struct policy {
    atomic_uint n_refs;
    struct policy_params params; /* of which only numbers are read after loading */
    struct suffixes *suffixes;   /* NULL: none */
    struct localdata *local;
    struct dns64_ranges unusable;
    bool rule_is_local[POLICY_RULES_MAX];
    char list_texts[POLICY_LISTS_MAX][LIST_TEXT_MAX];
    char version[256], id[256], hostname[256]; /* "": REFUSED */
};

#endif
