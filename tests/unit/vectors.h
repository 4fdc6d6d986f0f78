/* SPDX-License-Identifier: MIT */
/* Published test vectors: hexadecimal text to octets, and a reader that walks through the JSON
 * files beside the project (data/providers of HTTPDNSD_SHARED) from one wanted string to the next.
 */
#ifndef TESTS_UNIT_VECTORS_H
#define TESTS_UNIT_VECTORS_H

#include "resolver/bytes.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

enum { VECTOR_MAX = 4096 };

/* Octets with their room. */
struct vector {
    uint8_t at[VECTOR_MAX];
    size_t n;
};

static inline struct vector vector_of(const char *hex, size_t n_digits)
{
    struct vector v = {.n = n_digits / 2};
    ck_assert(n_digits % 2 == 0 && v.n <= VECTOR_MAX);
    for (size_t i = 0; i < v.n; i++) {
        char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'}, *end;
        v.at[i] = (uint8_t)strtoul(digits, &end, 16);
        ck_assert_ptr_eq(end, digits + 2);
    }
    return v;
}

static inline struct vector vector_text(const char *hex)
{
    return vector_of(hex, strlen(hex));
}

static inline struct bytes vector_bytes(const struct vector *v)
{
    return bytes_of(v->at, v->n);
}

static inline void vector_is(const struct vector *v, const uint8_t *at, size_t n)
{
    ck_assert_uint_eq(v->n, n);
    ck_assert_mem_eq(v->at, at, n);
}

/* gives the whole file as text; NULL, said aloud, when it is not there. */
static inline char *vectors_load(const char *name)
{
    enum { FILE_MAX = 1 << 20 };
    const char *shared = getenv("HTTPDNSD_SHARED");
    char path[1024];
    snprintf(path, sizeof path, "%s/data/providers/%s", shared ? shared : "../shared", name);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        printf("skipped: no %s\n", path);
        return NULL;
    }
    char *text = calloc(1, FILE_MAX);
    ck_assert_ptr_nonnull(text);
    ck_assert_uint_lt(fread(text, 1, FILE_MAX - 1, file), FILE_MAX - 1);
    fclose(file);
    return text;
}

/* The value behind the next `"key":`, moving *at behind it; NULL when there is none. */
static inline const char *vectors_seek(const char **at, const char *key)
{
    char quoted[64];
    snprintf(quoted, sizeof quoted, "\"%s\"", key);
    const char *found = strstr(*at, quoted);
    if (found == NULL) {
        return NULL;
    }
    found += strlen(quoted);
    found += strspn(found, " \t\r\n:\"");
    *at = found;
    return found;
}

/* The next string of that name as octets. */
static inline struct vector vectors_next(const char **at, const char *key)
{
    const char *value = vectors_seek(at, key);
    ck_assert_msg(value != NULL, "no further %s", key);
    /* An empty string: its closing quote went with the opening one. */
    return value[-1] == '"' && value[-2] == '"' ? (struct vector){.n = 0}
                                                : vector_of(value, strcspn(value, "\""));
}

#endif
