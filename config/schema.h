/* SPDX-License-Identifier: MIT */
/* What may stand in a configuration: one row an option. The same row reads the value, gives the
 * default, prints it (--show-config), says what was wrong with it, and writes its paragraph of the
 * manual page. The rows stand in config/options/, those of one section together. */
#ifndef CONFIG_SCHEMA_H
#define CONFIG_SCHEMA_H

#include "config/yaml.h"

enum schema_kind {
    SCHEMA_DURATION_MS, /* uint32_t */
    SCHEMA_DURATION_S,  /* uint32_t */
    SCHEMA_SIZE,        /* size_t */
    SCHEMA_COUNT,       /* uint32_t */
    SCHEMA_MODE,        /* uint32_t, octal */
    SCHEMA_FRACTION,    /* double */
    SCHEMA_STRING,      /* const char *, NULL when absent */
    SCHEMA_WORD,        /* an enum (int): one of `words` */
    SCHEMA_FLAG,        /* bool: yes or no */
    SCHEMA_SECRET,      /* struct provider_secret: its text as written; printed as *** */
    SCHEMA_SECRET_FILE, /* the same, read from a file or a credential; printed as its path */
    SCHEMA_TEXTS,       /* struct provider_texts: a list */
    SCHEMA_OTHER,       /* read and printed by functions of its own */
};

/* A word and what it stands for; SCHEMA_LATER: known, but not in this version. */
enum { SCHEMA_LATER = -1 };
struct schema_word {
    const char *word;
    int value;
};

/* What reading goes on in. */
struct reader {
    struct config *config;
    void *base; /* what the rows' offsets count from: the config, or the provider being read */
    struct config_arena *arena;
    struct config_errors *errors;
    bool no_memory;
};

struct schema_row {
    const char *section; /* "" at the top */
    const char *key;
    enum schema_kind kind;
    size_t offset;                   /* in struct config, or struct provider_params */
    uint64_t min, max;               /* of numbers, in the field's own unit */
    const char *fallback;            /* the default as text; NULL: none */
    const struct schema_word *words; /* NULL-terminated; with COUNT: words that stand for numbers;
                                      * with STRING: it is an absolute path, or one of them */
    /* NULL: as its kind says. With OTHER, node NULL wants the default. */
    void (*read)(struct reader *reader, const struct yaml_node *node);
    void (*print)(const void *base, FILE *to); /* the value behind "key:"; NULL: is not printed */
    bool (*is_set)(const void *base);          /* NULL: as its kind says */
    unsigned takers;  /* of a provider's: a bit, 1 << enum pool_protocol, for each that takes it; 0:
                       * all do */
    const char *help; /* one sentence */
};

/* lends row i; NULL behind the last. */
const struct schema_row *schema_at(size_t i);
/* lends the row of that name, and its number; NULL when there is none. */
const struct schema_row *schema_find(const char *section, const char *key, size_t *ret_i);
/* lends the section's or key's name that is nearest to `key` in `section`; NULL when none is near.
 */
const char *schema_nearest(const char *section, const char *key);
bool schema_is_section(const char *key);

/* Reads one option's value into the reader's base, noting what is wrong. */
void schema_read(struct reader *reader, const struct schema_row *row, const struct yaml_node *node);
/* Sets the row's default. */
void schema_set_default(struct reader *reader, const struct schema_row *row);
/* Prints the value as YAML that schema_read() reads back, without the key. */
void schema_print(const void *base, const struct schema_row *row, FILE *to);
/* True when there is something to print: a value of its own, or a default that is worth a word. */
bool schema_is_set(const void *base, const struct schema_row *row);
/* One row's paragraph of the manual page; `prefix` stands before the key. */
void schema_print_reference(const struct schema_row *row, const char *prefix, FILE *to);

/* For functions of rows: a scalar's text, or an error and NULL. `what` names the option. */
const char *schema_text(struct reader *reader, const struct yaml_node *node, const char *what);
/* Notes an error unless it is a file that can be read, and whose reading comes to an end: a FIFO
 * would hold whoever opens it. */
void schema_check_file(struct reader *reader, const struct yaml_node *node, const char *path);
/* Looks `text` up; notes an error with the nearest word. False when it is none of them. */
bool schema_word(struct reader *reader, const struct yaml_node *node,
                 const struct schema_word *words, int *ret_value);
/* Prints text as a YAML scalar, quoted where it must be. */
void schema_print_text(const char *text, FILE *to);

#endif
