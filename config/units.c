/* SPDX-License-Identifier: MIT */
#include "config/units.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { WORD_MAX = 63 };

struct unit {
    const char *word;
    uint64_t factor;
};

static const struct unit durations[] = {
    {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
static const struct unit sizes[] = {
    {"B", 1}, {"", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}};

enum {
    N_DURATIONS = sizeof durations / sizeof durations[0],
    N_SIZES = sizeof sizes / sizeof sizes[0]
};

/* The digits at the front of `text`; lends the rest. */
static int read_digits(const char *text, unsigned base, uint64_t *ret_value, const char **ret_rest)
{
    uint64_t value = 0;
    const char *at = text;
    for (; *at >= '0' && (unsigned)(*at - '0') < base; at++) {
        if (__builtin_mul_overflow(value, base, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*at - '0'), &value)) {
            return -ERANGE;
        }
    }
    if (at == text) {
        return -EINVAL;
    }
    *ret_value = value;
    *ret_rest = at;
    return 0;
}

static int read_with_unit(const char *text, const struct unit *units, size_t n_units,
                          uint64_t *ret_value)
{
    uint64_t value;
    const char *rest;
    int failure = read_digits(text, 10, &value, &rest);
    if (failure < 0) {
        return failure;
    }
    for (size_t i = 0; i < n_units; i++) {
        if (strcmp(rest, units[i].word) != 0) {
            continue;
        }
        if (__builtin_mul_overflow(value, units[i].factor, &value)) {
            return -ERANGE;
        }
        *ret_value = value;
        return 0;
    }
    return *rest == '\0' ? -EDOM : -EINVAL;
}

int units_read_duration(const char *text, uint64_t *ret_ms)
{
    return read_with_unit(text, durations, N_DURATIONS, ret_ms);
}

int units_read_size(const char *text, uint64_t *ret_bytes)
{
    return read_with_unit(text, sizes, N_SIZES, ret_bytes);
}

int units_read_count(const char *text, uint64_t *ret_count)
{
    uint64_t value;
    const char *rest;
    int failure = read_digits(text, 10, &value, &rest);
    if (failure < 0 || *rest != '\0') {
        return failure < 0 ? failure : -EINVAL;
    }
    *ret_count = value;
    return 0;
}

int units_read_mode(const char *text, uint64_t *ret_mode)
{
    uint64_t value;
    const char *rest;
    int failure = read_digits(strncmp(text, "0o", 2) == 0 ? text + 2 : text, 8, &value, &rest);
    if (failure < 0 || *rest != '\0') {
        return failure < 0 ? failure : -EINVAL;
    }
    if (value > 0777) {
        return -ERANGE;
    }
    *ret_mode = value;
    return 0;
}

int units_read_fraction(const char *text, uint64_t *ret_millionths)
{
    uint64_t whole;
    const char *rest;
    int failure = read_digits(text, 10, &whole, &rest);
    if (failure < 0) {
        return failure;
    }
    uint64_t part = 0, place = 100000;
    if (*rest == '.') {
        for (rest++; *rest >= '0' && *rest <= '9'; rest++, place /= 10) {
            part += place * (uint64_t)(*rest - '0');
        }
    }
    if (*rest != '\0') {
        return -EINVAL;
    }
    if (whole > 1 || (whole == 1 && part > 0)) {
        return -ERANGE;
    }
    *ret_millionths = whole * 1000000 + part;
    return 0;
}

/* In the largest unit that divides it; 0 in the second unit, which is the usual one. */
static const char *print_with_unit(uint64_t value, const struct unit *units, size_t n_units,
                                   char out[UNITS_TEXT_MAX])
{
    size_t best = value == 0 ? 1 : 0;
    for (size_t i = 1; i < n_units && value > 0; i++) {
        best = value % units[i].factor == 0 ? i : best;
    }
    snprintf(out, UNITS_TEXT_MAX, "%" PRIu64 "%s", value / units[best].factor, units[best].word);
    return out;
}

const char *units_print_duration(uint64_t ms, char out[UNITS_TEXT_MAX])
{
    return print_with_unit(ms, durations, N_DURATIONS, out);
}

const char *units_print_size(uint64_t bytes, char out[UNITS_TEXT_MAX])
{
    return print_with_unit(bytes, sizes, N_SIZES, out);
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

unsigned units_distance(const char *a, const char *b)
{
    size_t n_a = strlen(a), n_b = strlen(b);
    unsigned rows[WORD_MAX + 1][WORD_MAX + 1];
    if (n_a > WORD_MAX || n_b > WORD_MAX) {
        return WORD_MAX;
    }
    for (size_t i = 0; i <= n_a; i++) {
        for (size_t k = 0; k <= n_b; k++) {
            if (i == 0 || k == 0) {
                rows[i][k] = (unsigned)(i + k);
                continue;
            }
            unsigned change = rows[i - 1][k - 1] + (a[i - 1] != b[k - 1]);
            rows[i][k] = least(change, least(rows[i - 1][k], rows[i][k - 1]) + 1);
            bool swapped = i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1];
            if (swapped) {
                rows[i][k] = least(rows[i][k], rows[i - 2][k - 2] + 1);
            }
        }
    }
    return rows[n_a][n_b];
}

bool units_is_nearer(const char *word, const char *candidate, unsigned *distance)
{
    size_t n = strlen(word), n_candidate = strlen(candidate);
    size_t more = n > n_candidate ? n - n_candidate : n_candidate - n;
    /* As many letters have to be put in or left out at least. */
    unsigned found = more < *distance ? units_distance(word, candidate) : UNITS_FAR;
    bool nearer = found < *distance;
    *distance = nearer ? found : *distance;
    return nearer;
}
