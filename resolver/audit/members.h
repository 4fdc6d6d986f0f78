/* SPDX-License-Identifier: MIT */
/* A description of JSON members that reads and writes alike: each function takes a member of the
 * object under hand into a variable, or puts the variable there unless it is zero. The first error
 * stands, with the path of its member; after it nothing is read any more. For evidence_json.c. */
#ifndef RESOLVER_AUDIT_MEMBERS_H
#define RESOLVER_AUDIT_MEMBERS_H

#include "resolver/audit/address.h"
#include "resolver/jsonv.h"
#include "resolver/wire/name.h"

enum { MEMBERS_NEST_MAX = 8, MEMBERS_WHY_MAX = 320 };

struct members {
    struct jsonv_builder *to; /* writing; NULL: reading */
    const struct jsonv *from; /* the object under hand */
    struct {
        const char *key;
        int index; /* -1: no element */
        const struct jsonv *outer;
    } path[MEMBERS_NEST_MAX];
    size_t depth;
    bool failed;
    char why[MEMBERS_WHY_MAX];
};

static inline bool members_reading(const struct members *f)
{
    return f->to == NULL;
}

/* Records the first error, about member `key` (NULL: the object under hand). */
void members_fail(struct members *f, const char *key, const char *reason);

/* Reading: is there a member that is not null? Writing: `here`. If true the object `key` is under
 * hand until members_leave(). */
bool members_enter(struct members *f, const char *key, bool here);
void members_leave(struct members *f);

/* The array `key`, object by object: reading sets *n (an error above `max`). Both call
 * members_enter_item() for i < *n, and members_leave() after each and after all. False: not there.
 */
bool members_enter_list(struct members *f, const char *key, size_t *n, size_t max);
void members_enter_item(struct members *f, size_t i);

bool members_has(const struct members *f, const char *key);
void members_bool(struct members *f, const char *key, bool *value);
void members_u32(struct members *f, const char *key, uint32_t *value, uint32_t max);
void members_unsigned(struct members *f, const char *key, unsigned *value);
/* Seconds, or milliseconds, with a fraction, kept in µs. */
void members_time(struct members *f, const char *key, uint64_t *us, uint64_t unit_us);
/* Text that fits `size` with its NUL. */
void members_text(struct members *f, const char *key, char *value, size_t size);
/* One of `n` words, the first being what is not written. */
void members_word(struct members *f, const char *key, unsigned *value, const char *const *words,
                  size_t n);
/* A set of words: bit i for words[i]. */
void members_words(struct members *f, const char *key, unsigned *set, const char *const *words,
                   size_t n);
/* An object from address to one of `n` words: each->value[i] is the word's of each->at[i]. */
struct members_each {
    const struct address *at;
    uint8_t *value;
    size_t n;
};
void members_words_of(struct members *f, const char *key, const struct members_each *each,
                      const char *const *words, size_t n);
void members_name(struct members *f, const char *key, struct name *value);
void members_address(struct members *f, const char *key, struct address *value);
/* Addresses without repetition. Of more than `max` the first are kept, but a bogon never left out.
 */
void members_addresses(struct members *f, const char *key, struct address *at, size_t *n,
                       size_t max);
void members_numbers(struct members *f, const char *key, uint32_t *at, size_t *n, size_t max);

#endif
