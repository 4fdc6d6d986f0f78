/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/kept.h"

#include "resolver/wire/name.h"

#include <arpa/inet.h>
#include <stdio.h>

static const char heading[] = "# httpdnsd: where providers were reached last. Safe to remove.\n";

const struct kept_host *kept_find(const struct kept *kept, const char *host)
{
    for (size_t i = 0; i < kept->n; i++) {
        if (strcmp(kept->at[i].host, host) == 0) {
            return &kept->at[i];
        }
    }
    return NULL;
}

static bool host_has(const struct kept_host *host, const char *address)
{
    for (size_t i = 0; i < host->n; i++) {
        if (strcmp(host->address[i], address) == 0) {
            return true;
        }
    }
    return false;
}

static bool same_host(const struct kept_host *a, const struct kept_host *b)
{
    bool same = a != NULL && a->n == b->n;
    for (size_t i = 0; same && i < a->n; i++) {
        same = host_has(b, a->address[i]);
    }
    return same;
}

/* Writes the address as inet_ntop() does; false when it is none. */
static bool take_address(const char *text, char out[INET6_ADDRSTRLEN])
{
    uint8_t octets[16];
    int family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
    return inet_pton(family, text, octets) == 1 &&
           inet_ntop(family, octets, out, INET6_ADDRSTRLEN) != NULL;
}

/* In front; what stood there moves on, and the last one out when it is full. */
static void insert(struct kept *kept, const struct kept_host *host)
{
    const struct kept_host *former = kept_find(kept, host->host);
    size_t end = former != NULL ? (size_t)(former - kept->at) : kept->n;
    if (former == NULL && kept->n < KEPT_MAX) {
        kept->n++;
    } else if (former == NULL) {
        end = KEPT_MAX - 1;
    }
    memmove(&kept->at[1], &kept->at[0], end * sizeof kept->at[0]);
    kept->at[0] = *host;
}

bool kept_put(struct kept *kept, const char *host, const char *const *addresses, size_t n)
{
    struct kept_host new = {.n = 0};
    size_t n_host = strlen(host);
    if (n_host == 0 || n_host >= sizeof new.host) {
        return false;
    }
    memcpy(new.host, host, n_host + 1);
    for (size_t i = 0; i < n && new.n < KEPT_ADDRESSES_MAX; i++) {
        new.n += take_address(addresses[i], new.address[new.n]) ? 1 : 0;
    }
    if (new.n == 0 || same_host(kept_find(kept, host), &new)) {
        return false;
    }
    insert(kept, &new);
    return true;
}

/* ---- text ---- */

/* The next word of the line, cut off in place; NULL at its end. */
static char *next_word(char **line)
{
    char *word = *line;
    if (*word == '\0') {
        return NULL;
    }
    size_t n = strcspn(word, " ");
    *line = word[n] == ' ' ? word + n + 1 : word + n;
    word[n] = '\0';
    return word;
}

static bool read_line(char *line, struct kept_host *ret_host)
{
    struct name name;
    char text[NAME_MAX_TEXT];
    *ret_host = (struct kept_host){.n = 0};
    const char *word = next_word(&line);
    if (word == NULL || name_from_text(word, &name) != 0 ||
        strcmp(name_to_text(&name, text), word) != 0 || strlen(word) >= KEPT_HOST_MAX) {
        return false;
    }
    memcpy(ret_host->host, word, strlen(word) + 1);
    while ((word = next_word(&line)) != NULL) {
        if (ret_host->n == KEPT_ADDRESSES_MAX ||
            !take_address(word, ret_host->address[ret_host->n])) {
            return false;
        }
        ret_host->n++;
    }
    return ret_host->n > 0;
}

static bool read_lines(struct bytes text, struct kept *kept)
{
    enum { LINE_MAX = KEPT_HOST_MAX + KEPT_ADDRESSES_MAX * INET6_ADDRSTRLEN };
    char line[LINE_MAX];
    while (text.n > 0) {
        const uint8_t *end = memchr(text.at, '\n', text.n);
        size_t n = end != NULL ? (size_t)(end - text.at) : text.n;
        if (end == NULL || n >= sizeof line || memchr(text.at, '\0', n) != NULL) {
            return false;
        }
        memcpy(line, text.at, n);
        line[n] = '\0';
        text = bytes_of(text.at + n + 1, text.n - n - 1);
        if (line[0] == '#') {
            continue;
        }
        if (kept->n == KEPT_MAX || !read_line(line, &kept->at[kept->n]) ||
            kept_find(kept, kept->at[kept->n].host) != NULL) {
            return false;
        }
        kept->n++;
    }
    return true;
}

bool kept_read(struct bytes text, struct kept *ret_kept)
{
    ret_kept->n = 0;
    if (text.n <= KEPT_TEXT_MAX && read_lines(text, ret_kept)) {
        return true;
    }
    ret_kept->n = 0;
    return false;
}

size_t kept_write(const struct kept *kept, char out[KEPT_TEXT_MAX])
{
    size_t n = sizeof heading - 1;
    memcpy(out, heading, sizeof heading);
    for (size_t i = 0; i < kept->n; i++) {
        const struct kept_host *host = &kept->at[i];
        n += (size_t)snprintf(out + n, KEPT_TEXT_MAX - n, "%s", host->host);
        for (size_t k = 0; k < host->n; k++) {
            n += (size_t)snprintf(out + n, KEPT_TEXT_MAX - n, " %s", host->address[k]);
        }
        n += (size_t)snprintf(out + n, KEPT_TEXT_MAX - n, "\n");
    }
    return n;
}
