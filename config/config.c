/* SPDX-License-Identifier: MIT */
#include "config/config.h"

#include "config/lists.h"
#include "config/loops.h"
#include "config/schema.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROWS_MAX = 128, PIPE_WAIT_MS = 5000 };

/* ---- reading ---- */

static void note_unknown(struct reader *r, const char *section, const struct yaml_node *n)
{
    const char *nearest = schema_nearest(section, n->key);
    errors_add(r->errors, n->key_line, n->key_column, "unknown key '%.40s'%s%s%s%s%s", n->key,
               section[0] != '\0' ? " of " : "", section, nearest != NULL ? ": did you mean '" : "",
               nearest != NULL ? nearest : "", nearest != NULL ? "'?" : "");
}

static void read_options(struct reader *r, const char *section, const struct yaml_node *mapping,
                         bool seen[ROWS_MAX]);

static void read_section(struct reader *r, const struct yaml_node *n, bool seen[ROWS_MAX])
{
    if (n->kind == YAML_MAPPING) {
        read_options(r, n->key, n, seen);
    } else {
        errors_add(r->errors, n->line, n->column,
                   "%s is a section: write its keys below it, or in {}", n->key);
    }
}

static void read_options(struct reader *r, const char *section, const struct yaml_node *mapping,
                         bool seen[ROWS_MAX])
{
    for (const struct yaml_node *n = mapping->first; n != NULL; n = n->next) {
        size_t i;
        const struct schema_row *row = schema_find(section, n->key, &i);
        if (row != NULL) {
            assert(i < ROWS_MAX);
            seen[i] = true;
            schema_read(r, row, n);
        } else if (section[0] == '\0' && schema_is_section(n->key)) {
            read_section(r, n, seen);
        } else {
            note_unknown(r, section, n);
        }
    }
}

/* What no single option can know. */
static void check_together(struct reader *r)
{
    struct config *c = r->config;
    if (c->cache.min_ttl_s > c->cache.max_ttl_s) {
        errors_add(r->errors, 0, 0, "cache.min-ttl is above cache.max-ttl");
    }
    if (c->audit.mode == AUDIT_WATCHLIST && c->audit.n_watchlist == 0) {
        errors_add(r->errors, 0, 0, "hijack.mode watchlist needs names under hijack.watchlist");
    }
    struct cookie_keys keys;
    c->clients.cookie_secrets = c->cookie_secrets.text;
    if (c->clients.cookie_secrets != NULL && !cookie_keys_read(c->clients.cookie_secrets, &keys)) {
        errors_add(r->errors, 0, 0,
                   "cookies.secret-file must hold 32 hexadecimal digits, or twice 32: the secret "
                   "in force, a blank, the one before it");
    }
    explicit_bzero(&keys, sizeof keys);
    policy_check(r);
    c->audit.n_controls = c->n_providers;
}

static void read_tree(struct reader *r, const struct yaml_node *root)
{
    bool seen[ROWS_MAX] = {false};
    if (root != NULL && root->kind != YAML_MAPPING) {
        bool empty = root->kind == YAML_SCALAR && root->text[0] == '\0';
        if (!empty) {
            errors_add(r->errors, root->line, root->column,
                       "the file must hold options: 'listen:', 'providers:', …");
        }
    } else if (root != NULL) {
        read_options(r, "", root, seen);
    }
    for (size_t i = 0; schema_at(i) != NULL; i++) {
        if (!seen[i]) {
            schema_set_default(r, schema_at(i));
        }
    }
    check_together(r);
    lists_check_access(r);
    loops_check(r, root);
}

int config_parse(struct bytes yaml, struct config **ret_config, struct config_errors *errors)
{
    errors->n = 0;
    struct config_arena *arena = arena_new();
    struct config *config = arena != NULL ? arena_take(arena, sizeof *config) : NULL;
    if (config == NULL) {
        errors_add(errors, 0, 0, "out of memory");
        arena_free(arena);
        return -ENOMEM;
    }
    config->arena = arena;
    struct reader r = {.config = config, .base = config, .arena = arena, .errors = errors};
    struct yaml_node *root = NULL;
    int failure = yaml_parse(yaml, arena, &root, errors);
    if (failure == 0) {
        read_tree(&r, root);
    }
    if (failure == -ENOMEM || r.no_memory) {
        errors_add(errors, 0, 0, "out of memory");
        failure = -ENOMEM;
    }
    if (failure == 0 && errors->n > 0) {
        failure = -EINVAL;
    }
    if (failure < 0) {
        config_free(config);
        return failure;
    }
    *ret_config = config;
    return 0;
}

/* What a command writes into a pipe may take its time, but not for ever. */
static ssize_t read_some(int fd, uint8_t *at, size_t room)
{
    struct pollfd more = {.fd = fd, .events = POLLIN};
    ssize_t n = read(fd, at, room);
    if (n < 0 && errno == EAGAIN && poll(&more, 1, PIPE_WAIT_MS) == 0) {
        errno = ETIMEDOUT;
    }
    return n;
}

/* The whole file, one octet more than it may have at most; the caller frees. */
static int read_file(int fd, uint8_t **ret_text, size_t *ret_n)
{
    size_t room = YAML_BYTES_MAX + 1, n = 0;
    uint8_t *text = malloc(room);
    if (text == NULL) {
        return -ENOMEM;
    }
    while (n < room) {
        ssize_t got = read_some(fd, text + n, room - n);
        if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
            continue;
        }
        if (got < 0) {
            int failure = -errno;
            free(text);
            return failure;
        }
        if (got == 0) {
            break;
        }
        n += (size_t)got;
    }
    *ret_text = text;
    *ret_n = n;
    return 0;
}

/* Whoever may write the file commands the daemon; and whoever may read it knows its secrets. */
static int check_file(int fd, struct config_errors *errors, bool *ret_others_read,
                      bool *ret_is_pipe)
{
    struct stat st;
    *ret_others_read = false;
    if (fstat(fd, &st) < 0) {
        return -errno;
    }
    if (S_ISREG(st.st_mode) && (st.st_mode & S_IWOTH) != 0) {
        errors_add(errors, 0, 0,
                   "writable by everybody, so not to be trusted: 'chmod o-w' mends it");
        return -EPERM;
    }
    *ret_is_pipe = S_ISFIFO(st.st_mode);
    *ret_others_read = S_ISREG(st.st_mode) && (st.st_mode & (S_IRGRP | S_IROTH)) != 0;
    return S_ISDIR(st.st_mode) ? -EISDIR : 0;
}

int config_load(const char *path, struct config **ret_config, struct config_errors *errors)
{
    uint8_t *text = NULL;
    size_t n = 0;
    errors->n = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    bool others_read = false, is_pipe = false;
    int failure = fd < 0 ? -errno : check_file(fd, errors, &others_read, &is_pipe);
    if (failure == 0) {
        failure = read_file(fd, &text, &n);
    }
    if (fd >= 0) {
        close(fd);
    }
    if (is_pipe && (failure == -ETIMEDOUT || (failure == 0 && n == 0))) {
        /* Of a command that failed; an empty file is a wish for the defaults. */
        errors_add(errors, 0, 0, "a pipe, and nothing comes out of it");
        free(text);
        return failure < 0 ? failure : -ENODATA;
    }
    if (failure < 0) {
        if (errors->n == 0) {
            errors_add(errors, 0, 0, "cannot be read: %s", strerror(-failure));
        }
        return failure;
    }
    struct config *config = NULL;
    failure = config_parse(bytes_of(text, n), &config, errors);
    free(text);
    if (failure == 0 && others_read && config->has_inline_secret) {
        errors_add(errors, 0, 0,
                   "holds a secret, and others may read it: 'chmod go-r' mends it, or keep the "
                   "secret in a file of its own");
        config = config_free(config);
        failure = -EPERM;
    }
    if (failure == 0) {
        *ret_config = config;
    }
    return failure;
}

struct config *config_free(struct config *config)
{
    if (config != NULL) {
        arena_free(config->arena);
    }
    return NULL;
}

/* ---- printing ---- */

void config_print(const struct config *config, FILE *to)
{
    const char *section = "";
    for (size_t i = 0; schema_at(i) != NULL; i++) {
        const struct schema_row *row = schema_at(i);
        if (!schema_is_set(config, row)) {
            continue;
        }
        if (row->section != NULL && strcmp(row->section, section) != 0) {
            fprintf(to, "%s:\n", row->section);
        }
        section = row->section != NULL ? row->section : "";
        fprintf(to, "%s%s: ", row->section != NULL ? "  " : "", row->key);
        schema_print(config, row, to);
        fputc('\n', to);
    }
}

void config_print_reference(FILE *to)
{
    char prefix[64];
    for (size_t i = 0; schema_at(i) != NULL; i++) {
        const char *section = schema_at(i)->section;
        snprintf(prefix, sizeof prefix, "%s%s", section != NULL ? section : "",
                 section != NULL ? "." : "");
        schema_print_reference(schema_at(i), prefix, to);
    }
    fputs(".SH PROVIDERS\n", to);
    provider_print_reference(to);
}
