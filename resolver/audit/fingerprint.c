/* SPDX-License-Identifier: MIT */
#include "resolver/audit/fingerprint.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_MAX_OCTETS = 4096, COLUMNS_MAX = 32 };

/* An address, or the hash of a name (n == 0). */
struct entry {
    struct address address;
    uint64_t name;
    enum fingerprint scope;
};

struct fingerprints {
    struct entry *at;
    size_t n, size;
};

/* A file under the reader. */
struct list {
    struct fingerprints *set;
    enum fingerprint scope;    /* NONE: by the form of the line */
    int pattern, scope_column; /* of a CSV; pattern < 0: it is none */
    bool begun;
};

struct fingerprints *fingerprints_new(void)
{
    return calloc(1, sizeof(struct fingerprints));
}

struct fingerprints *fingerprints_free(struct fingerprints *set)
{
    if (set != NULL) {
        free(set->at);
        free(set);
    }
    return NULL;
}

static uint64_t name_hash(const struct name *name)
{
    struct name lower = *name;
    name_lower(&lower);
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
    for (size_t i = 0; i < lower.n; i++) {
        hash = (hash ^ lower.at[i]) * UINT64_C(1099511628211);
    }
    return hash;
}

static bool read_entry(const char *text, struct entry *entry)
{
    struct name name;
    if (inet_pton(AF_INET, text, entry->address.at) == 1) {
        entry->address.n = 4;
        return true;
    }
    if (inet_pton(AF_INET6, text, entry->address.at) == 1) {
        entry->address.n = 16;
        return true;
    }
    if (strchr(text, '.') == NULL || strpbrk(text, " /:=") != NULL ||
        name_from_text(text, &name) < 0) {
        return false;
    }
    entry->name = name_hash(&name);
    return true;
}

static int add(struct fingerprints *set, const struct entry *entry)
{
    if (set->n == FINGERPRINTS_MAX) {
        return -E2BIG;
    }
    if (set->n == set->size) {
        size_t size = set->size > 0 ? 2 * set->size : 256;
        struct entry *at = realloc(set->at, size * sizeof *at);
        if (at == NULL) {
            return -ENOMEM;
        }
        set->at = at;
        set->size = size;
    }
    set->at[set->n++] = *entry;
    return 0;
}

static enum fingerprint scope_of(const char *word)
{
    static const struct {
        const char *word;
        enum fingerprint scope;
    } scopes[] = {
        {"nat", FINGERPRINT_NATION},   {"nation", FINGERPRINT_NATION},
        {"isp", FINGERPRINT_ISP},      {"pool", FINGERPRINT_POOL},
        {"prod", FINGERPRINT_PRODUCT}, {"product", FINGERPRINT_PRODUCT},
        {"inst", FINGERPRINT_PRODUCT}, {"learned", FINGERPRINT_LEARNED},
        {"vbw", FINGERPRINT_NOISY},    {"br", FINGERPRINT_NOISY},
        {"noisy", FINGERPRINT_NOISY},
    };
    for (size_t i = 0; i < sizeof scopes / sizeof scopes[0]; i++) {
        if (strcmp(word, scopes[i].word) == 0) {
            return scopes[i].scope;
        }
    }
    return FINGERPRINT_NONE;
}

/* Splits a CSV line in place; quotes are taken off. */
static int split(char *line, char *columns[COLUMNS_MAX])
{
    int n = 0;
    bool quoted = false;
    char *to = line;
    columns[n++] = to;
    for (const char *c = line; *c != '\0'; c++) {
        if (*c == '"') {
            quoted = !quoted;
        } else if (*c == ',' && !quoted && n < COLUMNS_MAX) {
            *to++ = '\0';
            columns[n++] = to;
        } else {
            *to++ = *c;
        }
    }
    *to = '\0';
    return n;
}

/* The first line of a CSV names its columns. */
static bool read_header(struct list *list, char *line)
{
    char copy[LINE_MAX_OCTETS], *columns[COLUMNS_MAX];
    memcpy(copy, line, strlen(line) + 1);
    int n = split(copy, columns);
    for (int i = 0; i < n; i++) {
        if (strcmp(columns[i], "pattern") == 0 || strcmp(columns[i], "response") == 0) {
            list->pattern = i;
        } else if (strcmp(columns[i], "scope") == 0) {
            list->scope_column = i;
        }
    }
    return list->pattern >= 0;
}

static int read_row(struct list *list, char *line)
{
    char *columns[COLUMNS_MAX];
    int n = split(line, columns);
    struct entry entry = {.scope = list->scope};
    if (n <= list->pattern || !read_entry(columns[list->pattern], &entry)) {
        return 0; /* a pattern of another kind */
    }
    if (entry.scope == FINGERPRINT_NONE && list->scope_column >= 0 && list->scope_column < n) {
        entry.scope = scope_of(columns[list->scope_column]);
    }
    entry.scope = entry.scope != FINGERPRINT_NONE ? entry.scope : FINGERPRINT_NOISY;
    return add(list->set, &entry);
}

static int read_plain(struct list *list, char *line)
{
    static const char dnsmasq[] = "bogus-nxdomain=";
    bool is_dnsmasq = strncmp(line, dnsmasq, sizeof dnsmasq - 1) == 0;
    enum fingerprint usual = is_dnsmasq ? FINGERPRINT_ISP : FINGERPRINT_POOL;
    struct entry entry = {.scope = list->scope != FINGERPRINT_NONE ? list->scope : usual};
    return read_entry(is_dnsmasq ? line + sizeof dnsmasq - 1 : line, &entry)
               ? add(list->set, &entry)
               : -EINVAL;
}

static int read_line(struct list *list, char *line)
{
    line[strcspn(line, "\r\n")] = '\0';
    if (line[0] == '\0' || line[0] == '#') {
        return 0;
    }
    bool first = !list->begun;
    list->begun = true;
    if (first && read_header(list, line)) {
        return 0;
    }
    return list->pattern >= 0 ? read_row(list, line) : read_plain(list, line);
}

static int read_list(struct list *list, FILE *from, size_t *ret_line)
{
    char line[LINE_MAX_OCTETS];
    while (fgets(line, sizeof line, from) != NULL) {
        ++*ret_line;
        int failure = read_line(list, line);
        if (failure < 0) {
            return failure;
        }
    }
    return ferror(from) ? -EIO : 0;
}

/* The path behind the scope that may stand before it. */
static const char *path_of(const char *file, enum fingerprint *ret_scope)
{
    const char *colon = strchr(file, ':');
    char word[16];
    *ret_scope = FINGERPRINT_NONE;
    if (colon == NULL || (size_t)(colon - file) >= sizeof word) {
        return file;
    }
    memcpy(word, file, (size_t)(colon - file));
    word[colon - file] = '\0';
    *ret_scope = scope_of(word);
    return *ret_scope != FINGERPRINT_NONE ? colon + 1 : file;
}

const char *fingerprints_path(const char *file)
{
    enum fingerprint scope;
    return path_of(file, &scope);
}

bool fingerprints_is_list(const char *file)
{
    return fingerprints_path(file)[0] == '/';
}

size_t fingerprints_count(const struct fingerprints *set)
{
    return set->n;
}

/* A FIFO in its place would hold who reads it, a folder says nothing: -ENXIO. */
static int open_list(const char *file, FILE **ret_from)
{
    struct stat st;
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        return -errno;
    }
    bool regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    *ret_from = regular ? fdopen(fd, "r") : NULL;
    int failure = !regular ? -ENXIO : *ret_from == NULL ? -errno : 0;
    if (failure < 0) {
        close(fd);
    }
    return failure;
}

int fingerprints_load(struct fingerprints *set, const char *file, char why[FINGERPRINTS_WHY_MAX])
{
    struct list list = {.set = set, .pattern = -1, .scope_column = -1};
    file = path_of(file, &list.scope);
    FILE *from = NULL;
    int failure = open_list(file, &from);
    if (failure < 0) {
        snprintf(why, FINGERPRINTS_WHY_MAX, "%.200s: %s", file,
                 failure == -ENXIO ? "it is no regular file" : strerror(-failure));
        return failure;
    }
    size_t line = 0;
    failure = read_list(&list, from, &line);
    fclose(from);
    if (failure < 0) {
        snprintf(why, FINGERPRINTS_WHY_MAX, "%.200s:%zu: %s", file, line,
                 failure == -EINVAL  ? "an address or a name is due here"
                 : failure == -E2BIG ? "the lists have too many entries"
                                     : strerror(-failure));
    }
    return failure;
}

/* By address or name; the weightiest scope first. */
static int compare_key(const struct entry *a, const struct entry *b)
{
    if (a->address.n != b->address.n) {
        return a->address.n < b->address.n ? -1 : 1;
    }
    if (a->name != b->name) {
        return a->name < b->name ? -1 : 1;
    }
    return memcmp(a->address.at, b->address.at, sizeof a->address.at);
}

static int compare(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    int by_key = compare_key(a, b);
    return by_key != 0 ? by_key : (int)b->scope - (int)a->scope;
}

void fingerprints_sort(struct fingerprints *set)
{
    if (set->n == 0) {
        return;
    }
    qsort(set->at, set->n, sizeof set->at[0], compare);
    size_t n = 1;
    for (size_t i = 1; i < set->n; i++) {
        if (compare_key(&set->at[i], &set->at[n - 1]) != 0) {
            set->at[n++] = set->at[i];
        }
    }
    set->n = n;
}

static enum fingerprint find(const struct fingerprints *set, const struct entry *key)
{
    size_t low = 0, high = set->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_key(&set->at[middle], key);
        if (order == 0) {
            return set->at[middle].scope;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return FINGERPRINT_NONE;
}

void fingerprints_mark(const struct fingerprints *set, struct said *said)
{
    if (said->fingerprint != FINGERPRINT_NONE || !said->answered) {
        return;
    }
    enum fingerprint most = FINGERPRINT_NONE;
    for (size_t i = 0; i < said->n; i++) {
        enum fingerprint found = find(set, &(struct entry){.address = said->at[i]});
        most = found > most ? found : most;
    }
    if (said->cname.n > 0) {
        enum fingerprint found = find(set, &(struct entry){.name = name_hash(&said->cname)});
        most = found > most ? found : most;
    }
    said->fingerprint = most;
}
