/* SPDX-License-Identifier: MIT */
/* JSON (RFC 8259), read and written: the one door to jansson (resolver/jsonv.c).
 *
 * Reading is strict and bounded: one value and nothing behind it, UTF-8 only, no duplicate keys,
 * and the limits that the caller sets (PROMISES H13). Knows no DNS.
 *
 * A `struct jsonv` is one value, counted by reference. Values inside another are lent by it. */
#ifndef RESOLVER_JSONV_H
#define RESOLVER_JSONV_H

#include "resolver/bytes.h"

struct jsonv;

enum jsonv_kind {
    JSONV_NULL = 1,
    JSONV_BOOL,
    JSONV_INTEGER, /* a number without fraction or exponent that fits int64_t */
    JSONV_REAL,
    JSONV_STRING,
    JSONV_ARRAY,
    JSONV_OBJECT,
};

/* Larger input is refused, not cut. */
struct jsonv_limits {
    size_t max_bytes;        /* of the text */
    size_t max_depth;        /* arrays and objects inside each other */
    size_t max_string_bytes; /* of any string, keys included */
    size_t max_members;      /* of any one array or object */
};

enum { JSONV_WHY_MAX = 200 };

/* gives the value that is all of `text`. -EINVAL with one line in `why` (line, column, reason), or
 * -ENOMEM. `why` may be NULL. */
int jsonv_read(struct bytes text, const struct jsonv_limits *limits, struct jsonv **ret_value,
               char why[JSONV_WHY_MAX]);

/* Takes NULL; returns NULL. */
struct jsonv *jsonv_free(struct jsonv *value);
static inline void jsonv_freep(struct jsonv **value)
{
    *value = jsonv_free(*value);
}

enum jsonv_kind jsonv_kind(const struct jsonv *value);

/* The rest take NULL for a value that is not there, and then say "not there" too. */

/* lends the member `key`; NULL when the value is no object or has none. */
const struct jsonv *jsonv_member(const struct jsonv *object, const char *key);
/* lends element i; NULL when the value is no array or is shorter. */
const struct jsonv *jsonv_element(const struct jsonv *array, size_t i);
/* Members or elements; 0 for all else. */
size_t jsonv_count(const struct jsonv *value);
/* lends key and value of member i, in the text's order; false behind the last. Linear in i only
 * when members are not walked from 0 up. */
struct jsonv_walk {
    const struct jsonv *object;
    void *at;
    bool begun;
};
struct jsonv_walk jsonv_walk(const struct jsonv *object);
bool jsonv_next(struct jsonv_walk *walk, const char **ret_key, const struct jsonv **ret_value);

/* lends the text of a string, NUL-terminated; NULL for all else, and for a string that holds a NUL.
 */
const char *jsonv_string(const struct jsonv *value);
bool jsonv_integer(const struct jsonv *value, int64_t *ret_integer);
bool jsonv_real(const struct jsonv *value, double *ret_real); /* an integer too */
bool jsonv_bool(const struct jsonv *value, bool *ret_bool);

/* ---- writing ---- */

/* A builder never fails half-way: without memory it remembers so, and jsonv_finish() gives NULL.
 * Values stand in the order in which they are added. `key` is NULL inside an array. */
struct jsonv_builder;

/* gives a builder whose value is an object; NULL without memory. */
struct jsonv_builder *jsonv_build(void);
void jsonv_put_string(struct jsonv_builder *b, const char *key, const char *text); /* NULL: null */
void jsonv_put_bytes(struct jsonv_builder *b, const char *key, struct bytes text); /* UTF-8, else
                                                                                     null */
void jsonv_put_integer(struct jsonv_builder *b, const char *key, int64_t integer);
void jsonv_put_real(struct jsonv_builder *b, const char *key, double real);
void jsonv_put_bool(struct jsonv_builder *b, const char *key, bool value);
/* A value that was read; it stays the caller's, and is not to change. */
void jsonv_put_value(struct jsonv_builder *b, const char *key, const struct jsonv *value);
void jsonv_put_null(struct jsonv_builder *b, const char *key);
/* What is put from here on stands inside, until jsonv_end(). At most JSONV_NEST_MAX inside each
 * other. */
enum { JSONV_NEST_MAX = 16 };
void jsonv_begin_object(struct jsonv_builder *b, const char *key);
void jsonv_begin_array(struct jsonv_builder *b, const char *key);
void jsonv_end(struct jsonv_builder *b);
/* gives the text, to be freed with free(): one line, or indented. NULL without memory. Takes the
 * builder. */
char *jsonv_finish(struct jsonv_builder *b, bool indented);

#endif
