/* SPDX-License-Identifier: MIT */
/* Well-known public DoH providers, so that a configuration can name one in a word. Addresses stand
 * here because a provider's name cannot be looked up through ourselves. */
#ifndef CONFIG_PRESETS_H
#define CONFIG_PRESETS_H

#include <stdbool.h>
#include <stddef.h>

enum { PRESET_ADDRESSES_MAX = 10 };

/* What their operators say of themselves; "?" behind a word, or alone: not documented in a source
 * that we saw. */
struct preset {
    const char *id;
    const char *title;
    const char *url;
    const char *dnssec; /* does it validate: yes, no */
    const char *ecs;    /* does it tell the client's subnet to others: yes, no, optional */
    const char *filter; /* what it withholds; NULL: nothing */
    const char *logging;
    bool filtering;                                  /* withholds or makes up answers by policy */
    const char *addresses[PRESET_ADDRESSES_MAX + 1]; /* NULL at the end; none: to be looked up */
};

/* lends preset i, NULL behind the last. */
const struct preset *preset_at(size_t i);
/* lends the preset of that id, NULL when there is none. */
const struct preset *preset_find(const char *id);

#endif
