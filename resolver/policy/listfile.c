/* SPDX-License-Identifier: MIT */
#include "resolver/policy/listparts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = LISTFILE_LINE_MAX };

/* ---- telling ---- */

void list_skip(struct list_reader *r, struct bytes what)
{
    if (r->n_skipped++ > 0) {
        return;
    }
    size_t n = what.n < sizeof r->note - 1 ? what.n : sizeof r->note - 1;
    for (size_t i = 0; i < n; i++) {
        r->note[i] = what.at[i] >= ' ' && what.at[i] < 0x7f ? (char)what.at[i] : '?';
    }
    r->note[n] = '\0';
    r->first_skipped = r->n_lines;
}

void list_tell(struct list_reader *r, const struct list_entry *entry)
{
    r->n_entries++;
    if (r->failure == 0) {
        r->failure = r->on_entry(r->ctx, entry);
    }
}

void list_tell_name(struct list_reader *r, struct bytes text, enum list_action action,
                    bool bare_below)
{
    struct list_entry entry = {.action = action, .self = true, .below = bare_below};
    struct bytes bare = text;
    if (list_take_prefix(&bare, "*.")) {
        entry.self = false;
        entry.below = true;
    } else if (list_take_prefix(&bare, ".")) {
        entry.below = true;
    }
    if (list_name(bare, &entry.name)) {
        list_tell(r, &entry);
    } else {
        list_skip(r, text);
    }
}

/* ---- lines ---- */

static bool holds_word(struct bytes line, const char *text)
{
    for (struct bytes word = list_take_word(&line); word.n > 0; word = list_take_word(&line)) {
        if (list_is(word, text)) {
            return true;
        }
    }
    return false;
}

static bool is_rule(struct bytes line)
{
    return list_take_prefix(&line, "||") || list_take_prefix(&line, "@@");
}

static enum list_format format_of(struct bytes line)
{
    uint8_t address[16];
    struct bytes rest = line;
    if (list_take_prefix(&rest, "[adblock") || is_rule(line) || line.at[0] == '!') {
        return LIST_ADBLOCK;
    }
    if (list_take_prefix(&rest, "server=/") || list_take_prefix(&rest, "address=/") ||
        list_take_prefix(&rest, "local=/")) {
        return LIST_DNSMASQ;
    }
    if (line.at[0] == '$' || line.at[0] == ';' || holds_word(line, "SOA") ||
        holds_word(line, "CNAME")) {
        return LIST_RPZ;
    }
    struct bytes first = list_take_word(&rest);
    return list_address(first, address) > 0 && list_trim(rest).n > 0 ? LIST_HOSTS : LIST_DOMAINS;
}

void list_begin(struct list_reader *r)
{
    *r = (struct list_reader){
        .format = r->format,
        .on_entry = r->on_entry,
        .on_host = r->on_host,
        .gives_up = r->gives_up,
        .ctx = r->ctx,
        .ttl_s = LIST_TTL_DEFAULT_S,
        .origin = {.n = 1},
        .apex = {.n = 1},
    };
}

int list_take_line(struct list_reader *r, struct bytes whole)
{
    r->n_lines++;
    if (r->n_lines == 1) {
        list_take_prefix(&whole, "\xef\xbb\xbf");
    }
    struct bytes line = list_trim(whole);
    if (line.n == 0 || (line.at[0] == '#' && r->format != LIST_RPZ)) {
        return 0;
    }
    if (r->format == LIST_AUTO) {
        r->format = format_of(line);
        r->is_guess = true;
    } else if (r->is_guess && r->format == LIST_DOMAINS && is_rule(line)) {
        r->format = LIST_ADBLOCK; /* it began with plain domains, as such lists may */
    }
    switch (r->format) {
    case LIST_HOSTS:
        list_take_hosts(r, line);
        break;
    case LIST_AUTO:
    case LIST_DOMAINS:
        list_take_domain(r, line);
        break;
    case LIST_DNSMASQ:
        list_take_dnsmasq(r, line);
        break;
    case LIST_ADBLOCK:
        list_take_adblock(r, line);
        break;
    case LIST_RPZ:
        list_take_zone(r, whole);
        break;
    case LIST_ADDRESSES:
        list_take_addresses(r, line);
        break;
    }
    return r->failure;
}

int list_read_text(struct list_reader *r, struct bytes text)
{
    while (text.n > 0 && r->failure == 0) {
        struct bytes line = list_before(text, '\n');
        list_take_line(r, line);
        size_t n = line.n < text.n ? line.n + 1 : line.n;
        text = bytes_of(text.at + n, text.n - n);
    }
    return r->failure;
}

/* Takes the whole lines at the front; returns how many octets that were. */
static size_t take_lines(struct list_reader *r, const uint8_t *at, size_t n)
{
    size_t done = 0;
    while (r->failure == 0) {
        const uint8_t *end = memchr(at + done, '\n', n - done);
        if (end == NULL) {
            break;
        }
        list_take_line(r, bytes_of(at + done, (size_t)(end - at) - done));
        done = (size_t)(end - at) + 1;
    }
    return done;
}

/* Up to the next line's beginning, when a line that is longer than the buffer is passed over. */
static size_t pass_over(const uint8_t *buffer, size_t n, bool *is_passing)
{
    const uint8_t *end = *is_passing ? memchr(buffer, '\n', n) : NULL;
    if (!*is_passing) {
        return 0;
    }
    *is_passing = end == NULL;
    return end == NULL ? n : (size_t)(end - buffer) + 1;
}

/* Takes what is whole of the buffer's lines; returns how many octets are done with. */
static size_t take_buffer(struct list_reader *r, const uint8_t *buffer, size_t n, bool *is_passing)
{
    size_t done = pass_over(buffer, n, is_passing);
    done += take_lines(r, buffer + done, n - done);
    if (done == 0 && n == CHUNK) {
        r->n_lines++;
        list_skip(r, bytes_of(buffer, n));
        *is_passing = true;
        done = n;
    }
    return done;
}

static int read_lines(struct list_reader *r, int fd, uint8_t *buffer)
{
    size_t n = 0;
    bool is_passing = false;
    while (r->failure == 0) {
        if (r->gives_up != NULL && r->gives_up(r->ctx)) {
            return r->failure = -ECANCELED;
        }
        ssize_t got = read(fd, buffer + n, CHUNK - n);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return -errno;
        }
        if (got == 0) {
            break;
        }
        n += (size_t)got;
        size_t done = take_buffer(r, buffer, n, &is_passing);
        memmove(buffer, buffer + done, n - done);
        n -= done;
    }
    return n > 0 && r->failure == 0 ? list_take_line(r, bytes_of(buffer, n)) : r->failure;
}

/* A pipe or a terminal would keep whoever reads, and whoever waits for that, for ever. */
static int open_list(const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        return -errno;
    }
    if (fstat(fd, &st) < 0 || S_ISFIFO(st.st_mode)) {
        close(fd);
        return -EOPNOTSUPP;
    }
    return fd;
}

int list_read_file(struct list_reader *r, const char *path)
{
    int fd = open_list(path);
    if (fd < 0) {
        return fd;
    }
    uint8_t *buffer = malloc(CHUNK);
    int failure = buffer != NULL ? read_lines(r, fd, buffer) : -ENOMEM;
    free(buffer);
    close(fd);
    return failure;
}
