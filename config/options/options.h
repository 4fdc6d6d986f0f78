/* SPDX-License-Identifier: MIT */
/* The options, table by table; schema.c strings them together. */
#ifndef CONFIG_OPTIONS_OPTIONS_H
#define CONFIG_OPTIONS_OPTIONS_H

#include "config/schema.h"

struct options {
    const struct schema_row *rows; /* those of one section stand together, in one table */
    size_t n;
};

extern const struct options options_serving, options_asking, options_audit, options_policy,
    options_process;

#endif
