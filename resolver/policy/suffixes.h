/* SPDX-License-Identifier: MIT */
/* Domain suffixes, several million of them, and what each stands for: a class and a small number.
 * Immutable once made, so that threads share it without a lock.
 *
 * Names are not kept, only 48 bits of a keyed hash each (SipHash-1-3, label by label from the root
 * on), beside the place that other bits of it choose: chosen names cannot pile up, and one look-up
 * in about 10^12 is wrong. A place is a cache line of eight; a few hundred names are told apart
 * from all others by a filter that hashes nothing.
 *
 * Knows no files, and not what its classes are. Bounds: SUFFIXES_MAX entries. */
#ifndef RESOLVER_POLICY_SUFFIXES_H
#define RESOLVER_POLICY_SUFFIXES_H

#include "resolver/wire/name.h"

enum {
    SUFFIXES_MAX = 64 << 20,
    SUFFIXES_CLASSES = 8,
    SUFFIXES_VALUE_MAX = (1 << 11) - 1,
    SUFFIXES_MATCHES_MAX = 16, /* the most specific ones, of one name */
};

/* What of a name's tree an entry is about. */
enum suffix_reach { SUFFIX_SELF = 1, SUFFIX_BELOW = 2, SUFFIX_BOTH = 3 };

struct suffix_entry {
    enum suffix_reach reach;
    unsigned class;
    unsigned value;
};

struct suffix_match {
    uint16_t value;
    uint8_t class;
    uint8_t depth; /* labels of the entry's name */
    uint8_t at;    /* where in the asked name it begins */
};

struct suffixes;

/* Entries on their way into a set. Zeroed before first use. */
struct suffixes_draft {
    uint64_t key[2];
    uint64_t *hashes;
    uint16_t *values; /* reach, class and value */
    size_t n, room;
    uint8_t *filter; /* of the first names */
    uint64_t depths; /* bit i: an entry of i labels; the last bit is for all from there on */
};

/* `secret`: 16 unpredictable octets. */
void suffixes_begin(struct suffixes_draft *draft, const uint8_t secret[16]);
/* Of two entries of one name and class the first counts, as far as it reaches. `name` is in lower
 * case. -ENOMEM, or -E2BIG over the bound. */
int suffixes_add(struct suffixes_draft *draft, const struct name *name,
                 const struct suffix_entry *entry);
/* gives *ret_suffixes and ends the draft, also on failure. -ENOMEM. */
int suffixes_make(struct suffixes_draft *draft, struct suffixes **ret_suffixes);
void suffixes_drop(struct suffixes_draft *draft);
/* Takes NULL; returns NULL. */
struct suffixes *suffixes_free(struct suffixes *suffixes);

/* Every entry that reaches `name` (in lower case), the most specific first. NULL is an empty set.
 */
size_t suffixes_find(const struct suffixes *suffixes, const struct name *name,
                     struct suffix_match matches[SUFFIXES_MATCHES_MAX]);

size_t suffixes_count(const struct suffixes *suffixes);
size_t suffixes_bytes(const struct suffixes *suffixes);

#endif
