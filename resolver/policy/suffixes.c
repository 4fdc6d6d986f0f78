/* SPDX-License-Identifier: MIT */
#include "resolver/policy/suffixes.h"

#include "resolver/siphash.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum {
    LINE_SLOTS = 8,
    FILTER_BITS = 1 << 16,
    FILTERED_MAX = 2048, /* entries up to which the filter tells most names apart */
    REACH_SHIFT = 14,
    CLASS_SHIFT = 11,
    REACH_MASK = SUFFIX_BOTH << REACH_SHIFT,
    CLASS_MASK = (SUFFIXES_CLASSES - 1) << CLASS_SHIFT,
    DRAFT_MIN = 256,
    DEPTH_LAST = 63,
    LABELS_MAX = 128,
};

/* A slot is a fingerprint, what it reaches and its value; 0 is empty. */
struct line {
    _Alignas(64) uint64_t slots[LINE_SLOTS];
};

struct suffixes {
    struct line *lines;
    size_t n_lines;
    size_t n;
    uint64_t key[2];
    uint64_t depths;
    uint8_t *filter; /* NULL: too many names for one */
};

/* One more label before a suffix whose hash is `above`. */
static uint64_t hash_label(const uint64_t key[2], uint64_t above, const uint8_t *label)
{
    uint64_t chained[2] = {key[0] ^ above, key[1]};
    return siphash13((const uint8_t *)chained, bytes_of(label, 1u + label[0]));
}

/* Where the labels begin; returns how many there are. */
static size_t find_labels(const struct name *name, uint8_t at[LABELS_MAX])
{
    size_t n = 0;
    for (size_t i = 0; name->at[i] != 0; i += 1u + name->at[i]) {
        at[n++] = (uint8_t)i;
    }
    return n;
}

/* A bit for the suffix that begins at `at`, without hashing: strangers may collide as they like,
 * it costs them a look-up. */
static unsigned filter_bit(const struct name *name, size_t at)
{
    uint64_t head = 0;
    size_t left = name->n - at;
    if (left >= sizeof head) {
        memcpy(&head, name->at + at, sizeof head);
    }
    for (size_t i = 0; i < left && left < sizeof head; i++) {
        head = head << 8 | name->at[at + i];
    }
    return (unsigned)((head + left) * UINT64_C(0x9e3779b97f4a7c15) >> 48);
}

static bool filter_has(const uint8_t *filter, unsigned bit)
{
    return (filter[bit / 8] & 1u << bit % 8) != 0;
}

static unsigned depth_bit(size_t depth)
{
    return depth < DEPTH_LAST ? (unsigned)depth : DEPTH_LAST;
}

static uint64_t slot_of(uint64_t hash, uint16_t value)
{
    uint64_t slot = hash << 16 | value;
    return slot >> 16 != 0 ? slot : slot | UINT64_C(1) << 16;
}

static size_t line_of(const struct suffixes *s, uint64_t hash)
{
    return (size_t)((unsigned __int128)hash * s->n_lines >> 64);
}

/* ---- making ---- */

void suffixes_begin(struct suffixes_draft *draft, const uint8_t secret[16])
{
    *draft = (struct suffixes_draft){0};
    memcpy(draft->key, secret, sizeof draft->key);
}

static int draft_grow(struct suffixes_draft *draft)
{
    if (draft->n < draft->room) {
        return 0;
    }
    if (draft->n >= SUFFIXES_MAX) {
        return -E2BIG;
    }
    size_t room = draft->room == 0 ? DRAFT_MIN : 2 * draft->room;
    uint64_t *hashes = realloc(draft->hashes, room * sizeof hashes[0]);
    if (hashes == NULL) {
        return -ENOMEM;
    }
    draft->hashes = hashes;
    uint16_t *values = realloc(draft->values, room * sizeof values[0]);
    if (values == NULL) {
        return -ENOMEM;
    }
    draft->values = values;
    draft->room = room;
    return 0;
}

int suffixes_add(struct suffixes_draft *draft, const struct name *name,
                 const struct suffix_entry *entry)
{
    uint8_t labels[LABELS_MAX];
    uint64_t hash = 0;
    assert(entry->value <= SUFFIXES_VALUE_MAX && entry->class < SUFFIXES_CLASSES);
    int failure = draft_grow(draft);
    if (failure == 0 && draft->filter == NULL) {
        draft->filter = calloc(1, FILTER_BITS / 8);
        failure = draft->filter == NULL ? -ENOMEM : 0;
    }
    if (failure < 0) {
        return failure;
    }
    size_t n = find_labels(name, labels);
    for (size_t i = n; i-- > 0;) {
        hash = hash_label(draft->key, hash, name->at + labels[i]);
    }
    unsigned bit = filter_bit(name, 0);
    draft->filter[bit / 8] = (uint8_t)(draft->filter[bit / 8] | 1u << bit % 8);
    draft->depths |= UINT64_C(1) << depth_bit(n);
    draft->hashes[draft->n] = hash;
    draft->values[draft->n] = (uint16_t)((unsigned)entry->reach << REACH_SHIFT |
                                         entry->class << CLASS_SHIFT | entry->value);
    draft->n++;
    return 0;
}

void suffixes_drop(struct suffixes_draft *draft)
{
    free(draft->hashes);
    free(draft->values);
    free(draft->filter);
    *draft = (struct suffixes_draft){0};
}

/* Puts one entry into the first free slot from its line on, less what those before it with the same
 * name and class reach. */
static void place(struct suffixes *s, uint64_t hash, uint16_t value)
{
    uint64_t slot = slot_of(hash, value);
    for (size_t line = line_of(s, hash);; line = line + 1 < s->n_lines ? line + 1 : 0) {
        for (size_t i = 0; i < LINE_SLOTS; i++) {
            uint64_t *at = &s->lines[line].slots[i];
            if (*at == 0) {
                *at = slot;
                s->n++;
                return;
            }
            if (*at >> 16 != slot >> 16 || ((*at ^ slot) & CLASS_MASK) != 0) {
                continue;
            }
            slot &= ~(*at & REACH_MASK);
            if ((slot & REACH_MASK) == 0) {
                return;
            }
        }
    }
}

int suffixes_make(struct suffixes_draft *draft, struct suffixes **ret_suffixes)
{
    struct suffixes *s = calloc(1, sizeof *s);
    if (s == NULL) {
        suffixes_drop(draft);
        return -ENOMEM;
    }
    /* Three quarters full: a name not there is missed in the first line nine times of ten. */
    s->n_lines = draft->n / (LINE_SLOTS * 3 / 4) + 1;
    s->lines = aligned_alloc(_Alignof(struct line), s->n_lines * sizeof s->lines[0]);
    if (s->lines == NULL) {
        suffixes_drop(draft);
        return suffixes_free(s), -ENOMEM;
    }
    memset(s->lines, 0, s->n_lines * sizeof s->lines[0]);
    memcpy(s->key, draft->key, sizeof s->key);
    s->depths = draft->depths;
    if (draft->n <= FILTERED_MAX) {
        s->filter = draft->filter;
        draft->filter = NULL;
    }
    for (size_t i = 0; i < draft->n; i++) {
        place(s, draft->hashes[i], draft->values[i]);
    }
    suffixes_drop(draft);
    *ret_suffixes = s;
    return 0;
}

struct suffixes *suffixes_free(struct suffixes *s)
{
    if (s != NULL) {
        free(s->lines);
        free(s->filter);
        free(s);
    }
    return NULL;
}

/* ---- finding ---- */

/* Adds what is found for one suffix to the matches; returns how many there are then. */
static size_t collect(const struct suffixes *s, uint64_t hash, enum suffix_reach reach,
                      struct suffix_match match, struct suffix_match *matches, size_t n)
{
    uint64_t fingerprint = slot_of(hash, 0) >> 16;
    for (size_t line = line_of(s, hash);; line = line + 1 < s->n_lines ? line + 1 : 0) {
        for (size_t i = 0; i < LINE_SLOTS; i++) {
            uint64_t slot = s->lines[line].slots[i];
            if (slot == 0) {
                return n;
            }
            if (slot >> 16 == fingerprint && (slot >> REACH_SHIFT & (uint64_t)reach) != 0 &&
                n < SUFFIXES_MATCHES_MAX) {
                match.value = (uint16_t)(slot & SUFFIXES_VALUE_MAX);
                match.class = (uint8_t)((slot & CLASS_MASK) >> CLASS_SHIFT);
                matches[n++] = match;
            }
        }
    }
}

/* True when no suffix of the name is in the set for sure. */
static bool is_filtered(const uint8_t *filter, const struct name *name)
{
    size_t at = 0;
    while (name->at[at] != 0) {
        if (filter_has(filter, filter_bit(name, at))) {
            return false;
        }
        at += 1u + name->at[at];
    }
    return !filter_has(filter, filter_bit(name, at));
}

/* Hashes of all suffixes first: the lines are on their way before the first is looked at. */
static size_t find_all(const struct suffixes *s, const struct name *name,
                       struct suffix_match *matches)
{
    uint8_t labels[LABELS_MAX];
    uint64_t hashes[LABELS_MAX];
    size_t n_labels = find_labels(name, labels);
    labels[n_labels] = (uint8_t)(name->n - 1);
    hashes[n_labels] = 0;
    for (size_t i = n_labels; i-- > 0;) {
        hashes[i] = hash_label(s->key, hashes[i + 1], name->at + labels[i]);
        __builtin_prefetch(&s->lines[line_of(s, hashes[i])]);
    }
    size_t n = 0;
    for (size_t i = 0; i <= n_labels; i++) {
        size_t depth = n_labels - i;
        if ((s->depths & UINT64_C(1) << depth_bit(depth)) == 0) {
            continue;
        }
        struct suffix_match match = {.depth = (uint8_t)depth, .at = labels[i]};
        n = collect(s, hashes[i], i == 0 ? SUFFIX_SELF : SUFFIX_BELOW, match, matches, n);
    }
    return n;
}

size_t suffixes_find(const struct suffixes *s, const struct name *name,
                     struct suffix_match matches[SUFFIXES_MATCHES_MAX])
{
    if (s == NULL || s->n == 0 || (s->filter != NULL && is_filtered(s->filter, name))) {
        return 0;
    }
    return find_all(s, name, matches);
}

size_t suffixes_count(const struct suffixes *s)
{
    return s != NULL ? s->n : 0;
}

size_t suffixes_bytes(const struct suffixes *s)
{
    if (s == NULL) {
        return 0;
    }
    return sizeof *s + s->n_lines * sizeof s->lines[0] + (s->filter != NULL ? FILTER_BITS / 8 : 0);
}
