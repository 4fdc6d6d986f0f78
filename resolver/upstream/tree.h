/* SPDX-License-Identifier: MIT */
/* JSON as providers write it: looser than its types say (numbers as strings, keys in any case).
 * What lies under it is jsonv.h's. Everything takes NULL for what is not there. */
#ifndef RESOLVER_UPSTREAM_TREE_H
#define RESOLVER_UPSTREAM_TREE_H

#include "resolver/jsonv.h"

/* PROMISES H13; but a TXT record's data is one string, and may be longer than a name: a whole
 * RDATA is let through, and what makes no name is refused where a name is wanted. */
enum { TREE_DEPTH_MAX = 16, TREE_MEMBERS_MAX = 1024, TREE_TEXT_MAX = 16384 };

/* gives *ret_tree. -EBADMSG when the text is no JSON or exceeds the bounds, -ENOMEM. */
int tree_parse(struct bytes text, struct jsonv **ret_tree);

/* RFC 6901: "/data/0/ip"; "" is the tree itself. */
const struct jsonv *tree_pointer(const struct jsonv *tree, const char *pointer);

bool tree_is_object(const struct jsonv *tree);
bool tree_is_array(const struct jsonv *tree);
bool tree_is_null(const struct jsonv *tree);
bool tree_is_string(const struct jsonv *tree);
bool tree_is_true(const struct jsonv *tree);
/* A string's octets, {NULL, 0} for all else. There is a NUL behind them, and none inside. */
struct bytes tree_text(const struct jsonv *tree);
bool tree_text_is(const struct jsonv *tree, const char *text);
/* A whole number (300.0 is one), or a string of one, within [min, max]. */
bool tree_number(const struct jsonv *tree, int64_t min, int64_t max, int64_t *ret_number);

#endif
