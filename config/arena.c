/* SPDX-License-Identifier: MIT */
#include "config/arena.h"

#include <stdarg.h>
#include <stdlib.h>

struct block {
    struct block *next;
    _Alignas(16) uint8_t at[];
};

struct config_arena {
    struct block *blocks;
};

struct config_arena *arena_new(void)
{
    return calloc(1, sizeof(struct config_arena));
}

struct config_arena *arena_free(struct config_arena *arena)
{
    if (arena == NULL) {
        return NULL;
    }
    while (arena->blocks != NULL) {
        struct block *block = arena->blocks;
        arena->blocks = block->next;
        free(block);
    }
    free(arena);
    return NULL;
}

void *arena_take(struct config_arena *arena, size_t n)
{
    struct block *block = calloc(1, sizeof *block + n);
    if (block == NULL) {
        return NULL;
    }
    block->next = arena->blocks;
    arena->blocks = block;
    return block->at;
}

const char *arena_text(struct config_arena *arena, const char *text, size_t n)
{
    char *copy = arena_take(arena, n + 1);
    if (copy != NULL) {
        memcpy(copy, text, n);
    }
    return copy;
}

void errors_add(struct config_errors *errors, unsigned line, unsigned column, const char *format,
                ...)
{
    if (errors->n < CONFIG_ERRORS_MAX) {
        struct config_error *e = &errors->at[errors->n];
        va_list args;
        e->line = line;
        e->column = column;
        va_start(args, format);
        vsnprintf(e->text, sizeof e->text, format, args);
        va_end(args);
    }
    errors->n++;
}
