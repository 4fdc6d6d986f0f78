/* SPDX-License-Identifier: MIT */
/* What workers tell the auditor: a bounded ring of (question, answer), filled by any thread,
 * emptied by one. A full ring drops the newcomer: nobody ever waits. */
#ifndef RESOLVER_AUDIT_TOLD_H
#define RESOLVER_AUDIT_TOLD_H

#include "resolver/wire/answer.h"

struct told;

struct told_item {
    struct question question;
    struct answer *answer; /* one reference, owned by who holds the item */
};

/* gives a ring of `room` places; NULL without memory. */
struct told *told_new(size_t room);
/* Takes NULL; returns NULL. */
struct told *told_free(struct told *told);

enum told_outcome {
    TOLD_QUEUED = 1,
    TOLD_FIRST, /* queued, and the ring was empty before */
    TOLD_FULL,
};

/* Any thread. Takes a reference of its own. */
enum told_outcome told_put(struct told *told, const struct question *question,
                           const struct answer *answer);
/* gives the oldest item; false when there is none. */
bool told_take(struct told *told, struct told_item *ret_item);

#endif
