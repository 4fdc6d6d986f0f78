/* SPDX-License-Identifier: MIT */
/* Questions that nobody could answer lately (RFC 9520): who asks again at once is told the same,
 * and no provider is troubled. Shared by all workers, under one lock that is held for a look.
 *
 * Knows no answers, which are the cache's. Bound: FAILURES entries; the one that ends first makes
 * room. An entry knows its question by 64 bits of a keyed hash. */
#ifndef RESOLVER_CACHE_FAILURES_H
#define RESOLVER_CACHE_FAILURES_H

#include "resolver/cache/cache.h"

enum { FAILURES = 4096, FAILURES_PATH_MAX_S = 2, FAILURES_TEXT_MAX = ANSWER_EDE_TEXT_MAX };

/* Whose failure it was. It is kept for 1 s, and twice as long each time in a row that follows. */
enum failure_of {
    FAILURE_OF_NAME, /* somebody answered, and it was no answer: up to the bound of failures_new()
                      */
    FAILURE_OF_PATH, /* nobody was heard: up to FAILURES_PATH_MAX_S, as that ends for all at once */
};

struct failure {
    char text[FAILURES_TEXT_MAX + 1]; /* why, for a person */
};

struct failures;

/* `max_s`: 1 … 300 (RFC 9520 section 3.2). gives NULL without memory. */
struct failures *failures_new(uint32_t max_s, const uint8_t secret[16]);
struct failures *failures_free(struct failures *failures);

/* True, and *ret_failure, while the question's failure is kept. */
bool failures_find(struct failures *failures, const struct cache_key *key, uint64_t now_us,
                   struct failure *ret_failure);
void failures_note(struct failures *failures, const struct cache_key *key, enum failure_of whose,
                   const struct failure *failure, uint64_t now_us);
/* It was answered: the next failure is the first again. */
void failures_forget(struct failures *failures, const struct cache_key *key);
void failures_flush(struct failures *failures);

#endif
