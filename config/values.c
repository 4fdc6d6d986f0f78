/* SPDX-License-Identifier: MIT */
/* How the value of a row is read, and printed so that it reads back. */
#include "config/lists.h"
#include "config/units.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { MS_A_S = 1000 };

static const struct schema_word yes_no[] = {
    {"yes", 1}, {"true", 1}, {"no", 0}, {"false", 0}, {NULL, 0}};

/* ---- reading ---- */

const char *schema_text(struct reader *r, const struct yaml_node *node, const char *what)
{
    if (node->kind == YAML_SCALAR) {
        return node->text;
    }
    errors_add(r->errors, node->line, node->column, "%s takes one value, not a %s", what,
               node->kind == YAML_SEQUENCE ? "list" : "section");
    return NULL;
}

/* An empty file under another name, and no device that would go on for ever. */
static bool is_file(const struct stat *st)
{
    return S_ISREG(st->st_mode) || (S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3));
}

void schema_check_file(struct reader *r, const struct yaml_node *node, const char *path)
{
    struct stat st;
    if (access(path, R_OK) < 0 || stat(path, &st) < 0) {
        errors_add(r->errors, node->line, node->column, "%s '%.100s' cannot be read: %s", node->key,
                   path, strerror(errno));
    } else if (!is_file(&st)) {
        errors_add(r->errors, node->line, node->column,
                   "%s '%.100s' cannot be read: it is no regular file", node->key, path);
    }
}

enum { WORDS_TEXT_MAX = 160 };

/* "one, another", cut where there is no room. Returns `list`. */
static const char *words_text(const struct schema_word *words, char list[WORDS_TEXT_MAX])
{
    size_t n = 0;
    list[0] = '\0';
    for (const struct schema_word *w = words; w->word != NULL; w++) {
        if (w->value != SCHEMA_LATER && n < WORDS_TEXT_MAX) {
            int got = snprintf(list + n, WORDS_TEXT_MAX - n, "%s%s", n > 0 ? ", " : "", w->word);
            n += (size_t)got;
        }
    }
    return list;
}

static void note_unknown_word(struct reader *r, const struct yaml_node *node,
                              const struct schema_word *words)
{
    char list[WORDS_TEXT_MAX];
    errors_add(r->errors, node->line, node->column, "'%.40s' is not one of: %s", node->text,
               words_text(words, list));
}

bool schema_word(struct reader *r, const struct yaml_node *node, const struct schema_word *words,
                 int *ret_value)
{
    for (const struct schema_word *w = words; w->word != NULL; w++) {
        if (strcmp(w->word, node->text) != 0) {
            continue;
        }
        if (w->value == SCHEMA_LATER) {
            errors_add(r->errors, node->line, node->column, "'%s' is not in this version",
                       node->text);
            return false;
        }
        *ret_value = w->value;
        return true;
    }
    note_unknown_word(r, node, words);
    return false;
}

/* How numbers of a kind are written, in the field's own unit. */
struct notation {
    const char *form;
    int (*read)(const char *text, uint64_t *ret_value);
    const char *(*print)(uint64_t value, char out[UNITS_TEXT_MAX]);
};

static int read_seconds(const char *text, uint64_t *ret_value)
{
    uint64_t ms;
    int failure = units_read_duration(text, &ms);
    if (failure == 0 && ms % MS_A_S != 0) {
        return -EINVAL;
    }
    if (failure == 0) {
        *ret_value = ms / MS_A_S;
    }
    return failure;
}

static const char *print_seconds(uint64_t value, char out[UNITS_TEXT_MAX])
{
    return units_print_duration(value * MS_A_S, out);
}

static const char *print_count(uint64_t value, char out[UNITS_TEXT_MAX])
{
    snprintf(out, UNITS_TEXT_MAX, "%" PRIu64, value);
    return out;
}

static const char *print_mode(uint64_t value, char out[UNITS_TEXT_MAX])
{
    snprintf(out, UNITS_TEXT_MAX, "%04o", (unsigned)value);
    return out;
}

static const char *print_fraction(uint64_t value, char out[UNITS_TEXT_MAX])
{
    snprintf(out, UNITS_TEXT_MAX, "%g", (double)value / 1e6);
    return out;
}

#define TIME_FORM "a time with its unit, such as 500ms, 4s, 10m, 1h or 1d"

/* NULL: it is no kind of number. */
static const struct notation *notation_of(enum schema_kind kind)
{
    static const struct notation ms = {TIME_FORM, units_read_duration, units_print_duration},
                                 seconds = {TIME_FORM, read_seconds, print_seconds},
                                 size = {"a size such as 512KiB, 64MiB or 1GiB", units_read_size,
                                         units_print_size},
                                 count = {"a whole number", units_read_count, print_count},
                                 mode = {"an octal mode such as 0660", units_read_mode, print_mode},
                                 fraction = {"a number from 0 to 1", units_read_fraction,
                                             print_fraction};
    switch (kind) {
    case SCHEMA_DURATION_MS:
        return &ms;
    case SCHEMA_DURATION_S:
        return &seconds;
    case SCHEMA_SIZE:
        return &size;
    case SCHEMA_COUNT:
        return &count;
    case SCHEMA_MODE:
        return &mode;
    case SCHEMA_FRACTION:
        return &fraction;
    case SCHEMA_STRING:
    case SCHEMA_WORD:
    case SCHEMA_FLAG:
    case SCHEMA_SECRET:
    case SCHEMA_SECRET_FILE:
    case SCHEMA_TEXTS:
    case SCHEMA_OTHER:
        break;
    }
    return NULL;
}

static void *field_of(const void *base, const struct schema_row *row)
{
    return (char *)(uintptr_t)base + row->offset;
}

static void set_number(const struct reader *r, const struct schema_row *row, uint64_t value)
{
    if (row->kind == SCHEMA_SIZE) {
        *(size_t *)field_of(r->base, row) = (size_t)value;
    } else if (row->kind == SCHEMA_FRACTION) {
        *(double *)field_of(r->base, row) = (double)value / 1e6;
    } else {
        *(uint32_t *)field_of(r->base, row) = (uint32_t)value;
    }
}

static uint64_t get_number(const void *base, const struct schema_row *row)
{
    if (row->kind == SCHEMA_SIZE) {
        return *(size_t *)field_of(base, row);
    }
    if (row->kind == SCHEMA_FRACTION) {
        return (uint64_t)(*(double *)field_of(base, row) * 1e6 + 0.5);
    }
    return *(uint32_t *)field_of(base, row);
}

static bool is_allowed_word(const struct schema_row *row, const char *text, uint64_t *ret_value)
{
    for (const struct schema_word *w = row->words; w != NULL && w->word != NULL; w++) {
        if (strcmp(w->word, text) == 0) {
            *ret_value = (uint64_t)w->value;
            return true;
        }
    }
    return false;
}

static void read_number(struct reader *r, const struct schema_row *row,
                        const struct yaml_node *node)
{
    const struct notation *notation = notation_of(row->kind);
    uint64_t value, max = row->max > 0 ? row->max : UINT64_MAX;
    char low[UNITS_TEXT_MAX], high[UNITS_TEXT_MAX];
    if (is_allowed_word(row, node->text, &value)) {
        set_number(r, row, value);
        return;
    }
    int failure = notation->read(node->text, &value);
    if (failure == -EDOM) {
        errors_add(r->errors, node->line, node->column, "%s lacks its unit: write %.20ss", row->key,
                   node->text);
    } else if (failure == -ERANGE || (failure == 0 && (value < row->min || value > max))) {
        notation->print(row->min, low);
        notation->print(row->kind == SCHEMA_FRACTION ? 1000000 : row->max, high);
        errors_add(r->errors, node->line, node->column, "%s must be from %s to %s, not %.40s",
                   row->key, low, high, node->text);
    } else if (failure < 0) {
        errors_add(r->errors, node->line, node->column, "%s must be %s, not '%.40s'", row->key,
                   notation->form, node->text);
    } else {
        set_number(r, row, value);
    }
}

static bool is_word(const struct schema_word *words, const char *text)
{
    while (words->word != NULL && strcmp(words->word, text) != 0) {
        words++;
    }
    return words->word != NULL;
}

static void read_string(struct reader *r, const struct schema_row *row,
                        const struct yaml_node *node)
{
    if (node->text[0] == '\0') {
        errors_add(r->errors, node->line, node->column, "%s is empty: leave it out or name one",
                   row->key);
        return;
    }
    if (row->words != NULL && node->text[0] != '/' && !is_word(row->words, node->text)) {
        char list[WORDS_TEXT_MAX];
        errors_add(r->errors, node->line, node->column,
                   "%s takes an absolute path, which begins with '/', or one of: %s", row->key,
                   words_text(row->words, list));
        return;
    }
    *(const char **)field_of(r->base, row) = node->text;
}

static void read_flag(struct reader *r, const struct schema_row *row, const struct yaml_node *node)
{
    int value;
    if (schema_word(r, node, yes_no, &value)) {
        *(bool *)field_of(r->base, row) = value != 0;
    }
}

static void read_word(struct reader *r, const struct schema_row *row, const struct yaml_node *node)
{
    int value;
    if (schema_word(r, node, row->words, &value)) {
        *(int *)field_of(r->base, row) = value;
    }
}

static void read_secret(struct reader *r, const struct schema_row *row,
                        const struct yaml_node *node)
{
    struct provider_secret *secret = field_of(r->base, row);
    if (node->text[0] == '\0') {
        errors_add(r->errors, node->line, node->column, "%s is empty", row->key);
    } else if (secret->text != NULL) {
        errors_add(r->errors, node->line, node->column, "%s: give it once, here or as a file",
                   row->key);
    } else {
        secret->text = node->text;
        r->config->has_inline_secret = true;
    }
}

static void read_texts(struct reader *r, const struct schema_row *row, const struct yaml_node *node)
{
    struct provider_texts *texts = field_of(r->base, row);
    if (node->kind == YAML_SCALAR) {
        texts->at[texts->n++] = node->text;
        return;
    }
    for (const struct yaml_node *n = node->first; n != NULL; n = n->next) {
        const char *text = schema_text(r, n, row->key);
        if (texts->n == PROVIDER_TEXTS_MAX) {
            errors_add(r->errors, n->line, n->column, "%s: more than %d", row->key,
                       PROVIDER_TEXTS_MAX);
            return;
        }
        texts->at[texts->n] = text;
        texts->n += text != NULL;
    }
}

static void print_texts(const struct provider_texts *texts, FILE *to)
{
    for (size_t i = 0; i < texts->n; i++) {
        fputs(i > 0 ? ", " : "[", to);
        schema_print_text(texts->at[i], to);
    }
    fputc(']', to);
}

typedef void read_function(struct reader *r, const struct schema_row *row,
                           const struct yaml_node *node);

void schema_read(struct reader *r, const struct schema_row *row, const struct yaml_node *node)
{
    /* Beside the kinds of numbers, and those that read for themselves. */
    static read_function *const readers[] = {
        [SCHEMA_STRING] = read_string, [SCHEMA_WORD] = read_word,
        [SCHEMA_FLAG] = read_flag,     [SCHEMA_SECRET] = read_secret,
        [SCHEMA_TEXTS] = read_texts,   [SCHEMA_SECRET_FILE] = secret_read_file,
    };
    bool is_list = row->kind == SCHEMA_TEXTS && node->kind == YAML_SEQUENCE;
    if (row->read != NULL) {
        row->read(r, node);
    } else if (!is_list && schema_text(r, node, row->key) == NULL) {
        return;
    } else if (notation_of(row->kind) != NULL) {
        read_number(r, row, node);
    } else {
        readers[row->kind](r, row, node);
    }
}

void schema_set_default(struct reader *r, const struct schema_row *row)
{
    if (row->kind == SCHEMA_OTHER) {
        row->read(r, NULL);
    } else if (row->fallback != NULL) {
        struct yaml_node node = {.kind = YAML_SCALAR, .text = row->fallback};
        size_t n_before = r->errors->n;
        schema_read(r, row, &node);
        assert(r->errors->n == n_before);
    }
}

/* ---- printing ---- */

/* What YAML 1.1 takes for the end of a line, or does not take as it stands: its code and its
 * octets, which are UTF-8 as the reader let them in. 0 for anything else. */
static unsigned must_escape(const char *c, size_t *ret_n)
{
    const unsigned char *at = (const unsigned char *)c;
    unsigned code = 0;
    *ret_n = (at[0] & 0xe0) == 0xc0 ? 2 : 3;
    if (*ret_n == 2 && at[1] != '\0') {
        code = (at[0] & 0x1fu) << 6 | (at[1] & 0x3fu);
        return code < 0xa0 ? code : 0;
    }
    if ((at[0] & 0xf0) == 0xe0 && at[1] != '\0' && at[2] != '\0') {
        code = (at[0] & 0x0fu) << 12 | (at[1] & 0x3fu) << 6 | (at[2] & 0x3fu);
    }
    return code == 0x2028 || code == 0x2029 || code == 0xfeff || code >= 0xfffe ? code : 0;
}

void schema_print_text(const char *text, FILE *to)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-";
    bool is_plain = text[0] != '\0' && text[0] != '-' && text[strspn(text, plain)] == '\0';
    fputs(is_plain ? "" : "\"", to);
    for (const char *c = text; *c != '\0'; c++) {
        size_t n;
        unsigned code = must_escape(c, &n);
        if (code != 0) {
            fprintf(to, "\\u%04x", code);
            c += n - 1;
            continue;
        }
        if (*c == '"' || *c == '\\') {
            fputc('\\', to);
        }
        if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            fprintf(to, "\\x%02x", (unsigned)(unsigned char)*c);
        } else {
            fputc(*c, to);
        }
    }
    fputs(is_plain ? "" : "\"", to);
}

static void print_word(const struct schema_word *words, int value, FILE *to)
{
    for (const struct schema_word *w = words; w->word != NULL; w++) {
        if (w->value == value) {
            fputs(w->word, to);
            return;
        }
    }
    assert(false);
}

void schema_print(const void *base, const struct schema_row *row, FILE *to)
{
    char text[UNITS_TEXT_MAX];
    switch (row->kind) {
    case SCHEMA_OTHER:
        row->print(base, to);
        return;
    case SCHEMA_STRING:
        schema_print_text(*(const char **)field_of(base, row), to);
        return;
    case SCHEMA_FLAG:
        fputs(*(bool *)field_of(base, row) ? "yes" : "no", to);
        return;
    case SCHEMA_SECRET:
        fputs("\"***\"", to);
        return;
    case SCHEMA_SECRET_FILE:
        schema_print_text(((const struct provider_secret *)field_of(base, row))->file, to);
        return;
    case SCHEMA_TEXTS:
        print_texts(field_of(base, row), to);
        return;
    case SCHEMA_WORD:
        print_word(row->words, *(int *)field_of(base, row), to);
        return;
    case SCHEMA_DURATION_MS:
    case SCHEMA_DURATION_S:
    case SCHEMA_SIZE:
    case SCHEMA_COUNT:
    case SCHEMA_MODE:
    case SCHEMA_FRACTION:
        break;
    }
    for (const struct schema_word *w = row->words; w != NULL && w->word != NULL; w++) {
        if ((uint64_t)w->value == get_number(base, row)) {
            fputs(w->word, to);
            return;
        }
    }
    notation_of(row->kind)->print(get_number(base, row), text);
    fputs(text, to);
}

bool schema_is_set(const void *base, const struct schema_row *row)
{
    const struct provider_secret *secret = field_of(base, row);
    if (row->is_set != NULL) {
        return row->is_set(base);
    }
    switch (row->kind) {
    case SCHEMA_OTHER:
        return row->print != NULL;
    case SCHEMA_STRING:
        return *(const char **)field_of(base, row) != NULL;
    case SCHEMA_SECRET:
        return secret->text != NULL && secret->file == NULL;
    case SCHEMA_SECRET_FILE:
        return secret->file != NULL;
    case SCHEMA_TEXTS:
        return ((const struct provider_texts *)field_of(base, row))->n > 0;
    case SCHEMA_FLAG:
        return row->fallback != NULL || *(bool *)field_of(base, row);
    case SCHEMA_WORD:
        return row->fallback != NULL || *(int *)field_of(base, row) != 0;
    case SCHEMA_DURATION_MS:
    case SCHEMA_DURATION_S:
    case SCHEMA_SIZE:
    case SCHEMA_COUNT:
    case SCHEMA_MODE:
    case SCHEMA_FRACTION:
        break;
    }
    return row->fallback != NULL || get_number(base, row) != 0;
}

/* Roff takes a hyphen for a line break unless it is escaped. */
static void print_roff(const char *text, FILE *to)
{
    for (; *text != '\0'; text++) {
        fputs(*text == '-' || *text == '\\' ? "\\" : "", to);
        fputc(*text, to);
    }
}

void schema_print_reference(const struct schema_row *row, const char *prefix, FILE *to)
{
    fputs(".TP\n.B ", to);
    print_roff(prefix, to);
    print_roff(row->key, to);
    fputc('\n', to);
    print_roff(row->help, to);
    if (row->fallback != NULL) {
        fputs(" Default: ", to);
        print_roff(row->fallback, to);
        fputc('.', to);
    }
    fputc('\n', to);
}
