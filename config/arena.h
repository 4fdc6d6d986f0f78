/* SPDX-License-Identifier: MIT */
/* Memory that lives exactly as long as one configuration, and how errors are noted while it is
 * read. */
#ifndef CONFIG_ARENA_H
#define CONFIG_ARENA_H

#include "config/config.h"

struct config_arena *arena_new(void);
/* Takes NULL; returns NULL. */
struct config_arena *arena_free(struct config_arena *arena);

/* lends zeroed memory until arena_free(); NULL without memory. */
void *arena_take(struct config_arena *arena, size_t n);
/* lends a copy of `n` octets of text with a NUL behind. */
const char *arena_text(struct config_arena *arena, const char *text, size_t n);

void errors_add(struct config_errors *errors, unsigned line, unsigned column, const char *format,
                ...) __attribute__((format(printf, 4, 5)));

#endif
