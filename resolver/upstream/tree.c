/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/tree.h"

#include "resolver/exchange.h"

#include <errno.h>
#include <stdlib.h>

/* A byte order mark is not JSON's, but some write one, and a reader may pass it over (RFC 8259
 * section 8.1). */
static struct bytes without_mark(struct bytes text)
{
    static const char mark[] = "\xef\xbb\xbf";
    const size_t n = sizeof mark - 1;
    bool has = text.n > n && memcmp(text.at, mark, n) == 0;
    return has ? bytes_of(text.at + n, text.n - n) : text;
}

int tree_parse(struct bytes text, struct jsonv **ret_tree)
{
    static const struct jsonv_limits limits = {
        .max_bytes = EXCHANGE_JSON_MAX,
        .max_depth = TREE_DEPTH_MAX,
        .max_string_bytes = TREE_TEXT_MAX,
        .max_members = TREE_MEMBERS_MAX,
    };
    int failure = jsonv_read(without_mark(text), &limits, ret_tree, NULL);
    return failure < 0 && failure != -ENOMEM ? -EBADMSG : failure;
}

/* One reference token (RFC 6901 §4), its ~0 and ~1 decoded. */
static const struct jsonv *step(const struct jsonv *tree, const char *token, size_t n)
{
    char key[128];
    size_t length = 0;
    for (size_t i = 0; i < n; i++) {
        if (length == sizeof key - 1) {
            return NULL;
        }
        bool escaped = token[i] == '~' && i + 1 < n;
        i += escaped;
        key[length++] = (char)(!escaped ? token[i] : token[i] == '1' ? '/' : '~');
    }
    key[length] = '\0';
    if (tree_is_array(tree)) {
        char *end;
        unsigned long index = strtoul(key, &end, 10);
        return length > 0 && *end == '\0' ? jsonv_element(tree, index) : NULL;
    }
    return jsonv_member(tree, key);
}

const struct jsonv *tree_pointer(const struct jsonv *tree, const char *pointer)
{
    while (tree != NULL && *pointer == '/') {
        size_t n = strcspn(pointer + 1, "/");
        tree = step(tree, pointer + 1, n);
        pointer += n + 1;
    }
    return *pointer == '\0' ? tree : NULL;
}

bool tree_is_object(const struct jsonv *tree)
{
    return tree != NULL && jsonv_kind(tree) == JSONV_OBJECT;
}

bool tree_is_array(const struct jsonv *tree)
{
    return tree != NULL && jsonv_kind(tree) == JSONV_ARRAY;
}

bool tree_is_null(const struct jsonv *tree)
{
    return tree != NULL && jsonv_kind(tree) == JSONV_NULL;
}

bool tree_is_string(const struct jsonv *tree)
{
    return tree != NULL && jsonv_kind(tree) == JSONV_STRING;
}

bool tree_is_true(const struct jsonv *tree)
{
    bool value;
    return jsonv_bool(tree, &value) && value;
}

struct bytes tree_text(const struct jsonv *tree)
{
    const char *text = jsonv_string(tree);
    return bytes_of(text, text != NULL ? strlen(text) : 0);
}

bool tree_text_is(const struct jsonv *tree, const char *text)
{
    const char *got = jsonv_string(tree);
    return got != NULL && strcmp(got, text) == 0;
}

/* Decimal digits, with or without a minus. */
static bool number_of_text(struct bytes text, int64_t *ret_number)
{
    enum { DIGITS_MAX = 18 };
    bool negative = text.n > 0 && text.at[0] == '-';
    size_t at = negative ? 1 : 0;
    int64_t number = 0;
    if (text.n == at || text.n - at > DIGITS_MAX) {
        return false;
    }
    for (; at < text.n; at++) {
        if (text.at[at] < '0' || text.at[at] > '9') {
            return false;
        }
        number = number * 10 + (text.at[at] - '0');
    }
    *ret_number = negative ? -number : number;
    return true;
}

/* What a double holds without loss. */
static bool number_of_real(const struct jsonv *tree, int64_t *ret_number)
{
    static const double exact = 9007199254740992.0;
    double real;
    if (!jsonv_real(tree, &real) || !(real >= -exact && real <= exact) ||
        (double)(int64_t)real != real) {
        return false;
    }
    *ret_number = (int64_t)real;
    return true;
}

bool tree_number(const struct jsonv *tree, int64_t min, int64_t max, int64_t *ret_number)
{
    int64_t number;
    if (!jsonv_integer(tree, &number) && !number_of_text(tree_text(tree), &number) &&
        !number_of_real(tree, &number)) {
        return false;
    }
    if (number < min || number > max) {
        return false;
    }
    *ret_number = number;
    return true;
}
