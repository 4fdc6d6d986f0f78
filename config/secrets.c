/* SPDX-License-Identifier: MIT */
/* Secrets that stand in files of their own: /path/to/file, or a bare name for one of the service
 * manager's credentials (systemd: LoadCredential=). */
#include "config/lists.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECRET_MAX = 1024, PATH_TEXT_MAX = 4096 };

static void complain(struct reader *r, const struct schema_row *row, const struct yaml_node *node,
                     const char *why)
{
    /* What is no path may be the secret itself, by mistake. */
    bool is_path = node->text[0] == '/';
    errors_add(r->errors, node->line, node->column, "%s%s%.100s%s: %s", row->key,
               is_path ? " '" : "", is_path ? node->text : "", is_path ? "'" : "", why);
}

/* The path of the file; NULL, and the reason noted, when there is none. */
static const char *path_of(struct reader *r, const struct schema_row *row,
                           const struct yaml_node *node, char room[PATH_TEXT_MAX])
{
    const char *credentials = getenv("CREDENTIALS_DIRECTORY");
    if (node->text[0] == '/') {
        return node->text;
    }
    if (node->text[0] == '\0' || strchr(node->text, '/') != NULL) {
        complain(r, row, node, "write an absolute path, or the bare name of a credential");
        return NULL;
    }
    if (credentials == NULL) {
        complain(
            r, row, node,
            "the service manager gave no credentials: write LoadCredential= in its unit, or an "
            "absolute path here");
        return NULL;
    }
    int n = snprintf(room, PATH_TEXT_MAX, "%s/%s", credentials, node->text);
    return n < PATH_TEXT_MAX ? room : NULL;
}

/* The first line of the file. */
static const char *read_line(struct reader *r, const char *path, const char **ret_why)
{
    char text[SECRET_MAX + 1];
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st) < 0) {
        *ret_why = strerror(errno);
        if (fd >= 0) {
            close(fd);
        }
        return NULL;
    }
    ssize_t n = read(fd, text, sizeof text);
    close(fd);
    size_t length = 0;
    while (n > 0 && length < (size_t)n && text[length] != '\n' && text[length] != '\r') {
        length++;
    }
    if (!S_ISREG(st.st_mode) || n < 0) {
        *ret_why = "is no file that can be read";
    } else if ((st.st_mode & S_IROTH) != 0) {
        *ret_why = "everybody may read it: 'chmod o-r' mends it";
    } else if (length == 0 || length > SECRET_MAX || memchr(text, '\0', length) != NULL) {
        *ret_why = "its first line must hold the secret, 1 to 1024 octets of text";
    } else {
        const char *line = arena_text(r->arena, text, length);
        r->no_memory = r->no_memory || line == NULL;
        explicit_bzero(text, sizeof text);
        return line;
    }
    explicit_bzero(text, sizeof text);
    return NULL;
}

void secret_read_file(struct reader *r, const struct schema_row *row, const struct yaml_node *node)
{
    struct provider_secret *secret = (struct provider_secret *)((char *)r->base + row->offset);
    char room[PATH_TEXT_MAX];
    const char *why = "its path is too long";
    if (secret->text != NULL) {
        complain(r, row, node, "give the secret once, here or as a file");
        return;
    }
    size_t n_before = r->errors->n;
    const char *path = path_of(r, row, node, room);
    const char *text = path != NULL ? read_line(r, path, &why) : NULL;
    if (text == NULL) {
        if (r->errors->n == n_before) {
            complain(r, row, node, why);
        }
        return;
    }
    secret->text = text;
    secret->file = node->text;
}
