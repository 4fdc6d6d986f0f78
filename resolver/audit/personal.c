/* SPDX-License-Identifier: MIT */
#include "resolver/audit/personal.h"

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* Digits that stand apart: "2024-11-24" in a label is a date, "a7f03b9" a token. */
static bool is_diced(const uint8_t *label, size_t n)
{
    size_t n_runs = 0, n_digits = 0;
    for (size_t i = 0; i < n; i++) {
        bool begins = is_digit(label[i]) && (i == 0 || !is_digit(label[i - 1]));
        n_runs += begins;
        n_digits += is_digit(label[i]);
    }
    return n >= PERSONAL_SHORT && n_digits >= PERSONAL_DIGITS && n_runs >= PERSONAL_DIGITS - 1;
}

bool personal_looks(const struct name *name)
{
    for (size_t at = 0; at < name->n && name->at[at] != 0; at += 1U + name->at[at]) {
        size_t n = name->at[at];
        if (n >= PERSONAL_LONG || is_diced(name->at + at + 1, n)) {
            return true;
        }
    }
    return false;
}
