/* SPDX-License-Identifier: MIT */
#include "resolver/jsonv.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

static json_t *inner(const struct jsonv *value)
{
    return (json_t *)(uintptr_t)value;
}

static struct jsonv *outer(const json_t *value)
{
    return (struct jsonv *)(uintptr_t)value;
}

/* ---- limits ---- */

/* Arrays and objects inside each other, told from the text alone: jansson recurses, so that what is
 * too deep must not reach it. */
static bool is_too_deep(struct bytes text, size_t max_depth)
{
    size_t depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.at[i];
        if (in_string) {
            i += c == '\\';
            in_string = c != '"';
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            if (++depth > max_depth) {
                return true;
            }
        } else if ((c == ']' || c == '}') && depth > 0) {
            depth--;
        }
    }
    return false;
}

static const char *check_within(const json_t *value, const struct jsonv_limits *limits);

static const char *check_object(const json_t *object, const struct jsonv_limits *limits)
{
    const char *key, *why = NULL;
    json_t *member;
    json_object_foreach(inner(outer(object)), key, member)
    {
        if (strlen(key) > limits->max_string_bytes) {
            return "a key is too long";
        }
        why = check_within(member, limits);
        if (why != NULL) {
            return why;
        }
    }
    return NULL;
}

static const char *check_array(const json_t *array, const struct jsonv_limits *limits)
{
    for (size_t i = 0; i < json_array_size(array); i++) {
        const char *why = check_within(json_array_get(array, i), limits);
        if (why != NULL) {
            return why;
        }
    }
    return NULL;
}

/* What is wrong with it; NULL when it keeps the limits. No deeper than is_too_deep() let through.
 */
static const char *check_within(const json_t *value, const struct jsonv_limits *limits)
{
    if (json_is_string(value)) {
        return json_string_length(value) > limits->max_string_bytes ? "a string is too long" : NULL;
    }
    if (jsonv_count(outer(value)) > limits->max_members) {
        return "an array or object has too many members";
    }
    if (json_is_object(value)) {
        return check_object(value, limits);
    }
    return json_is_array(value) ? check_array(value, limits) : NULL;
}

/* ---- reading ---- */

static int refuse(char *why, int line, int column, const char *reason)
{
    if (why != NULL) {
        snprintf(why, JSONV_WHY_MAX, "line %d, column %d: %s", line, column, reason);
        /* jansson quotes the text, in which anything may stand that a terminal would act on. */
        for (char *c = why; *c != '\0'; c++) {
            *c = (uint8_t)*c < ' ' || (uint8_t)*c >= 0x7f ? '?' : *c;
        }
    }
    return -EINVAL;
}

int jsonv_read(struct bytes text, const struct jsonv_limits *limits, struct jsonv **ret_value,
               char why[JSONV_WHY_MAX])
{
    json_error_t error;
    if (text.n > limits->max_bytes) {
        return refuse(why, 1, 1, "the text is too long");
    }
    /* jansson takes a bare NUL for the end of the text. */
    if (text.n > 0 && memchr(text.at, '\0', text.n) != NULL) {
        return refuse(why, 1, 1, "a NUL in the text");
    }
    if (is_too_deep(text, limits->max_depth)) {
        return refuse(why, 1, 1, "arrays and objects are nested too deep");
    }
    json_t *value = json_loadb(text.n > 0 ? (const char *)text.at : "", text.n,
                               JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (value == NULL) {
        if (json_error_code(&error) == json_error_out_of_memory) {
            return -ENOMEM;
        }
        return refuse(why, error.line, error.column, error.text);
    }
    const char *beyond = check_within(value, limits);
    if (beyond != NULL) {
        json_decref(value);
        return refuse(why, 1, 1, beyond);
    }
    *ret_value = outer(value);
    return 0;
}

struct jsonv *jsonv_free(struct jsonv *value)
{
    json_decref(inner(value));
    return NULL;
}

enum jsonv_kind jsonv_kind(const struct jsonv *value)
{
    switch (json_typeof(inner(value))) {
    case JSON_OBJECT:
        return JSONV_OBJECT;
    case JSON_ARRAY:
        return JSONV_ARRAY;
    case JSON_STRING:
        return JSONV_STRING;
    case JSON_INTEGER:
        return JSONV_INTEGER;
    case JSON_REAL:
        return JSONV_REAL;
    case JSON_TRUE:
    case JSON_FALSE:
        return JSONV_BOOL;
    case JSON_NULL:
        return JSONV_NULL;
    }
    assert(false);
    return JSONV_NULL;
}

const struct jsonv *jsonv_member(const struct jsonv *object, const char *key)
{
    return outer(json_object_get(inner(object), key));
}

const struct jsonv *jsonv_element(const struct jsonv *array, size_t i)
{
    return outer(json_array_get(inner(array), i));
}

size_t jsonv_count(const struct jsonv *value)
{
    return json_is_object(inner(value)) ? json_object_size(inner(value))
                                        : json_array_size(inner(value));
}

struct jsonv_walk jsonv_walk(const struct jsonv *object)
{
    return (struct jsonv_walk){.object = object};
}

bool jsonv_next(struct jsonv_walk *walk, const char **ret_key, const struct jsonv **ret_value)
{
    json_t *object = inner(walk->object);
    walk->at = walk->begun ? json_object_iter_next(object, walk->at) : json_object_iter(object);
    walk->begun = true;
    if (walk->at == NULL) {
        return false;
    }
    *ret_key = json_object_iter_key(walk->at);
    *ret_value = outer(json_object_iter_value(walk->at));
    return true;
}

const char *jsonv_string(const struct jsonv *value)
{
    const char *text = json_string_value(inner(value));
    /* What holds a NUL would be read as less than it is. */
    return text != NULL && strlen(text) == json_string_length(inner(value)) ? text : NULL;
}

bool jsonv_integer(const struct jsonv *value, int64_t *ret_integer)
{
    if (!json_is_integer(inner(value))) {
        return false;
    }
    *ret_integer = json_integer_value(inner(value));
    return true;
}

bool jsonv_real(const struct jsonv *value, double *ret_real)
{
    if (!json_is_number(inner(value))) {
        return false;
    }
    *ret_real = json_number_value(inner(value));
    return true;
}

bool jsonv_bool(const struct jsonv *value, bool *ret_bool)
{
    if (!json_is_boolean(inner(value))) {
        return false;
    }
    *ret_bool = json_is_true(inner(value));
    return true;
}

/* ---- writing ---- */

struct jsonv_builder {
    json_t *open[JSONV_NEST_MAX + 1]; /* [0] is the whole and owned; the others are lent by it */
    size_t n_open;
    bool failed;
};

struct jsonv_builder *jsonv_build(void)
{
    struct jsonv_builder *b = calloc(1, sizeof *b);
    if (b != NULL) {
        b->open[0] = json_object();
        b->n_open = 1;
        b->failed = b->open[0] == NULL;
    }
    return b;
}

/* Takes `value`. */
static void put(struct jsonv_builder *b, const char *key, json_t *value)
{
    json_t *to = b->open[b->n_open - 1];
    assert((key != NULL) == json_is_object(to) || b->failed);
    int failure =
        key != NULL ? json_object_set_new(to, key, value) : json_array_append_new(to, value);
    b->failed = b->failed || failure < 0;
}

void jsonv_put_string(struct jsonv_builder *b, const char *key, const char *text)
{
    put(b, key, text != NULL ? json_string(text) : json_null());
}

void jsonv_put_bytes(struct jsonv_builder *b, const char *key, struct bytes text)
{
    json_t *string = json_stringn(text.n > 0 ? (const char *)text.at : "", text.n);
    put(b, key, string != NULL ? string : json_null());
}

void jsonv_put_integer(struct jsonv_builder *b, const char *key, int64_t integer)
{
    put(b, key, json_integer(integer));
}

void jsonv_put_real(struct jsonv_builder *b, const char *key, double real)
{
    json_t *number = json_real(real);
    put(b, key, number != NULL ? number : json_null()); /* JSON has no infinity */
}

void jsonv_put_bool(struct jsonv_builder *b, const char *key, bool value)
{
    put(b, key, json_boolean(value));
}

void jsonv_put_value(struct jsonv_builder *b, const char *key, const struct jsonv *value)
{
    put(b, key, json_incref(inner(value)));
}

void jsonv_put_null(struct jsonv_builder *b, const char *key)
{
    put(b, key, json_null());
}

static void begin(struct jsonv_builder *b, const char *key, json_t *value)
{
    assert(b->n_open <= JSONV_NEST_MAX);
    put(b, key, value);
    b->open[b->n_open++] = value;
}

void jsonv_begin_object(struct jsonv_builder *b, const char *key)
{
    begin(b, key, json_object());
}

void jsonv_begin_array(struct jsonv_builder *b, const char *key)
{
    begin(b, key, json_array());
}

void jsonv_end(struct jsonv_builder *b)
{
    assert(b->n_open > 1);
    b->n_open--;
}

char *jsonv_finish(struct jsonv_builder *b, bool indented)
{
    assert(b->n_open == 1);
    char *text = NULL;
    if (!b->failed) {
        text = json_dumps(b->open[0], indented ? JSON_INDENT(2) : JSON_COMPACT);
    }
    json_decref(b->open[0]);
    free(b);
    return text;
}
