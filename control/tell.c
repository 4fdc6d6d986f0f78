/* SPDX-License-Identifier: MIT */
#include "control/tell.h"

#include <assert.h>
#include <inttypes.h>

enum { COLUMNS_MAX = 32, CELL_MAX = 256, INDENT = 2 };

static void format_scalar(const struct jsonv *value, char cell[CELL_MAX])
{
    int64_t integer = 0;
    double real = 0;
    bool yes = false;
    const char *text;
    cell[0] = '\0';
    switch (jsonv_kind(value)) {
    case JSONV_NULL:
        snprintf(cell, CELL_MAX, "-");
        return;
    case JSONV_BOOL:
        jsonv_bool(value, &yes);
        snprintf(cell, CELL_MAX, "%s", yes ? "yes" : "no");
        return;
    case JSONV_INTEGER:
        jsonv_integer(value, &integer);
        snprintf(cell, CELL_MAX, "%" PRId64, integer);
        return;
    case JSONV_REAL:
        jsonv_real(value, &real);
        snprintf(cell, CELL_MAX, "%g", real);
        return;
    case JSONV_STRING:
        text = jsonv_string(value);
        snprintf(cell, CELL_MAX, "%s", text == NULL || text[0] == '\0' ? "-" : text);
        return;
    case JSONV_ARRAY:
    case JSONV_OBJECT:
        break;
    }
    /* A list inside a table's row. */
    size_t n = 0;
    for (size_t i = 0; i < jsonv_count(value) && jsonv_kind(value) == JSONV_ARRAY; i++) {
        char one[CELL_MAX];
        const struct jsonv *element = jsonv_element(value, i);
        if (jsonv_kind(element) == JSONV_ARRAY || jsonv_kind(element) == JSONV_OBJECT) {
            continue;
        }
        format_scalar(element, one);
        int got = snprintf(cell + n, CELL_MAX - n, "%s%s", i > 0 ? " " : "", one);
        n = n + (size_t)got < CELL_MAX ? n + (size_t)got : CELL_MAX - 1;
    }
}

static void put_clean(const char *text, FILE *to)
{
    for (const char *c = text; *c != '\0'; c++) {
        fputc((unsigned char)*c < ' ' || *c == 0x7f ? '?' : *c, to);
    }
}

static int width_of(const char *text)
{
    int n = 0;
    for (const char *c = text; *c != '\0'; c++) {
        n += ((unsigned char)*c & 0xc0) != 0x80; /* UTF-8 goes on */
    }
    return n;
}

struct table {
    const char *keys[COLUMNS_MAX];
    int widths[COLUMNS_MAX];
    size_t n;
};

static void measure(const struct jsonv *rows, struct table *table)
{
    for (size_t i = 0; i < jsonv_count(rows); i++) {
        for (size_t k = 0; k < table->n; k++) {
            char cell[CELL_MAX] = "-";
            const struct jsonv *value = jsonv_member(jsonv_element(rows, i), table->keys[k]);
            if (value != NULL) {
                format_scalar(value, cell);
            }
            int width = width_of(cell);
            table->widths[k] = width > table->widths[k] ? width : table->widths[k];
        }
    }
}

static void put_cell(const struct table *table, size_t k, const char *text, FILE *to)
{
    put_clean(text, to);
    int pad = k + 1 < table->n ? table->widths[k] - width_of(text) + 2 : 0;
    fprintf(to, "%*s", pad > 0 ? pad : 0, "");
}

static void tell_table(const struct jsonv *rows, int indent, FILE *to)
{
    struct table table = {.n = 0};
    const struct jsonv *value;
    struct jsonv_walk walk = jsonv_walk(jsonv_element(rows, 0));
    while (table.n < COLUMNS_MAX && jsonv_next(&walk, &table.keys[table.n], &value)) {
        table.widths[table.n] = width_of(table.keys[table.n]);
        table.n++;
    }
    measure(rows, &table);
    fprintf(to, "%*s", indent, "");
    for (size_t k = 0; k < table.n; k++) {
        put_cell(&table, k, table.keys[k], to);
    }
    fputc('\n', to);
    for (size_t i = 0; i < jsonv_count(rows); i++) {
        fprintf(to, "%*s", indent, "");
        for (size_t k = 0; k < table.n; k++) {
            char cell[CELL_MAX] = "-";
            value = jsonv_member(jsonv_element(rows, i), table.keys[k]);
            if (value != NULL) {
                format_scalar(value, cell);
            }
            put_cell(&table, k, cell, to);
        }
        fputc('\n', to);
    }
}

static void tell_object(const struct jsonv *object, int indent, FILE *to);

static void tell_member(const char *key, const struct jsonv *value, int indent, FILE *to)
{
    char cell[CELL_MAX];
    bool is_list = jsonv_kind(value) == JSONV_ARRAY;
    fprintf(to, "%*s%s:", indent, "", key);
    if (jsonv_kind(value) == JSONV_OBJECT) {
        fputc('\n', to);
        tell_object(value, indent + INDENT, to);
    } else if (is_list && jsonv_count(value) == 0) {
        fputs(" none\n", to);
    } else if (is_list && jsonv_kind(jsonv_element(value, 0)) == JSONV_OBJECT) {
        fputc('\n', to);
        tell_table(value, indent + INDENT, to);
    } else {
        format_scalar(value, cell);
        fputc(' ', to);
        put_clean(cell, to);
        fputc('\n', to);
    }
}

static void tell_object(const struct jsonv *object, int indent, FILE *to)
{
    const char *key;
    const struct jsonv *value;
    struct jsonv_walk walk = jsonv_walk(object);
    while (jsonv_next(&walk, &key, &value)) {
        tell_member(key, value, indent, to);
    }
}

void tell(const struct jsonv *object, FILE *to)
{
    tell_object(object, 0, to);
}
