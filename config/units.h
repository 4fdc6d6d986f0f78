/* SPDX-License-Identifier: MIT */
/* Numbers with units as people write them, and words that are nearly right. */
#ifndef CONFIG_UNITS_H
#define CONFIG_UNITS_H

#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>

enum { UNITS_TEXT_MAX = 32 };

/* "4s", "500ms", "10m", "1h", "1d" to milliseconds. -EINVAL: no such form; -ERANGE: too large;
 * -EDOM: a number without a unit. */
int units_read_duration(const char *text, uint64_t *ret_ms);
/* "64MiB", "512KiB", "1GiB", "4096", "4096B" to octets. -EINVAL or -ERANGE. */
int units_read_size(const char *text, uint64_t *ret_bytes);
/* Decimal digits only. -EINVAL or -ERANGE. */
int units_read_count(const char *text, uint64_t *ret_count);
/* "0660", "660", "0o660": octal digits. -EINVAL or -ERANGE above 0777. */
int units_read_mode(const char *text, uint64_t *ret_mode);
/* "0.05" to parts of a million, 0 to 1 inclusive. -EINVAL or -ERANGE. */
int units_read_fraction(const char *text, uint64_t *ret_millionths);

/* The shortest form that reads back; return `out`. */
const char *units_print_duration(uint64_t ms, char out[UNITS_TEXT_MAX]);
const char *units_print_size(uint64_t bytes, char out[UNITS_TEXT_MAX]);

/* How many letters must be put in, left out, replaced or swapped to make `a` into `b`
 * (Damerau-Levenshtein, neighbours only); words longer than 63 are far from everything. */
unsigned units_distance(const char *a, const char *b);

/* The nearest of many, for "did you mean …?": whether `candidate` is fewer changes from `word` than
 * *distance, which then becomes that many. Begin with UNITS_FAR. */
enum { UNITS_FAR = 3 };
bool units_is_nearer(const char *word, const char *candidate, unsigned *distance);

#endif
