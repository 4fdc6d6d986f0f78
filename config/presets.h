/* SPDX-License-Identifier: MIT */
/* Well-known public DoH providers, so that a configuration can name one in a word. Addresses stand
 * here because a provider's name cannot be looked up through ourselves. */
#ifndef CONFIG_PRESETS_H
#define CONFIG_PRESETS_H

#include <stdbool.h>
#include <stddef.h>

enum { PRESET_ADDRESSES_MAX = 10 };

struct preset {
    const char *id;
    const char *title;
    const char *url;
    bool filtering;                                  /* withholds names by policy */
    const char *addresses[PRESET_ADDRESSES_MAX + 1]; /* NULL at the end */
};

/* lends preset i, NULL behind the last. */
const struct preset *preset_at(size_t i);
/* lends the preset of that id, NULL when there is none. */
const struct preset *preset_find(const char *id);

#endif
