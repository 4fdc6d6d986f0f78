/* SPDX-License-Identifier: MIT */
#include "resolver/audit/local.h"

#include "resolver/audit/address.h"
#include "resolver/wire/cursor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { FILE_MAX_BYTES = 64 * 1024 };

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* lends the bytes up to the end of the line; the line's end is taken too. */
static struct bytes take_line(struct cursor *text)
{
    const uint8_t *from = text->all.at + text->at;
    const uint8_t *end = memchr(from, '\n', cursor_left(text));
    if (end == NULL) {
        return cursor_take(text, cursor_left(text));
    }
    struct bytes line = cursor_take(text, (size_t)(end - from));
    cursor_take(text, 1);
    return line;
}

/* lends the next word of a line; empty at its end. A comment sign ends the line where a word could
 * begin. */
static struct bytes take_word(struct cursor *line)
{
    while (cursor_left(line) > 0 && is_blank(line->all.at[line->at])) {
        cursor_take(line, 1);
    }
    size_t n = 0;
    while (n < cursor_left(line) && !is_blank(line->all.at[line->at + n])) {
        n++;
    }
    struct bytes word = cursor_take(line, n);
    bool comment = word.n > 0 && (word.at[0] == '#' || word.at[0] == ';');
    return comment ? (struct bytes){0} : word;
}

static bool is_known(const struct local_resolvers *found, const char *server)
{
    for (size_t i = 0; i < found->n; i++) {
        if (strcmp(found->text[i], server) == 0) {
            return true;
        }
    }
    return false;
}

/* A bare address, as resolv.conf(5) has it: no port, no brackets. */
static bool is_usable(const char *server)
{
    struct address address;
    if (server[0] == '[' || strpbrk(server, ",/") != NULL) {
        return false;
    }
    const char *colon = strchr(server, ':');
    bool has_port = colon != NULL && strchr(colon + 1, ':') == NULL;
    return !has_port && plain_server_is_valid(server) && address_from_server(server, &address) &&
           !address_is_loopback(&address) && !address_is_unspecified(&address);
}

static void add_server(struct bytes word, struct local_resolvers *found)
{
    char server[PLAIN_SERVER_TEXT_MAX];
    bool fits = word.n > 0 && word.n < sizeof server && memchr(word.at, '\0', word.n) == NULL;
    if (!fits || found->n == AUDIT_SERVERS_MAX) {
        return;
    }
    memcpy(server, word.at, word.n);
    server[word.n] = '\0';
    if (is_usable(server) && !is_known(found, server)) {
        memcpy(found->text[found->n++], server, word.n + 1);
    }
}

void local_parse(struct bytes text, struct local_resolvers *ret_found)
{
    *ret_found = (struct local_resolvers){0};
    static const char keyword[] = "nameserver";
    struct cursor cursor = cursor_over(text);
    while (cursor_left(&cursor) > 0) {
        struct cursor line = cursor_over(take_line(&cursor));
        struct bytes word = take_word(&line);
        if (bytes_equal(word, bytes_of(keyword, sizeof keyword - 1))) {
            add_server(take_word(&line), ret_found);
        }
    }
}

static void close_file(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
}

static void free_buffer(uint8_t **buffer)
{
    free(*buffer);
}

/* As many of the file's bytes as fit; the rest of a longer file is not looked at. */
static size_t read_some(int fd, uint8_t *at, size_t size)
{
    size_t n = 0;
    while (n < size) {
        ssize_t got = read(fd, at + n, size - n);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            break;
        }
        n += (size_t)got;
    }
    return n;
}

static void read_file(const char *path, struct local_resolvers *ret_found)
{
    *ret_found = (struct local_resolvers){0};
    owned(close_file) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    owned(free_buffer) uint8_t *buffer = malloc(FILE_MAX_BYTES);
    if (fd < 0 || buffer == NULL) {
        return;
    }
    local_parse(bytes_of(buffer, read_some(fd, buffer, FILE_MAX_BYTES)), ret_found);
}

void local_find(const char *const *files, struct local_resolvers *ret_found)
{
    static const char *const system_files[] = {"/run/systemd/resolve/resolv.conf",
                                               "/etc/resolv.conf", NULL};
    *ret_found = (struct local_resolvers){0};
    for (const char *const *path = files != NULL ? files : system_files; *path != NULL; path++) {
        read_file(*path, ret_found);
        if (ret_found->n > 0) {
            ret_found->source = *path;
            return;
        }
    }
}
