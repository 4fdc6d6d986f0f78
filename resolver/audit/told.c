/* SPDX-License-Identifier: MIT */
#include "resolver/audit/told.h"

#include <pthread.h>
#include <stdlib.h>

struct told {
    pthread_mutex_t lock;
    size_t room;
    size_t first;
    size_t n;             /* under the lock */
    atomic_size_t n_seen; /* the same, to look at without it */
    struct told_item at[];
};

struct told *told_new(size_t room)
{
    struct told *told = calloc(1, sizeof *told + room * sizeof told->at[0]);
    if (told == NULL) {
        return NULL;
    }
    told->room = room;
    if (pthread_mutex_init(&told->lock, NULL) != 0) {
        free(told);
        return NULL;
    }
    return told;
}

struct told *told_free(struct told *told)
{
    if (told != NULL) {
        struct told_item item;
        while (told_take(told, &item)) {
            answer_unref(item.answer);
        }
        pthread_mutex_destroy(&told->lock);
        free(told);
    }
    return NULL;
}

enum told_outcome told_put(struct told *told, const struct question *question,
                           const struct answer *answer)
{
    /* While the auditor is behind, busy workers need not meet at its lock to learn that. */
    if (atomic_load_explicit(&told->n_seen, memory_order_relaxed) == told->room) {
        return TOLD_FULL;
    }
    enum told_outcome outcome = TOLD_FULL;
    pthread_mutex_lock(&told->lock);
    if (told->n < told->room) {
        struct told_item *item = &told->at[(told->first + told->n) % told->room];
        item->question = *question;
        item->answer = answer_ref(answer);
        outcome = told->n == 0 ? TOLD_FIRST : TOLD_QUEUED;
        told->n++;
        atomic_store_explicit(&told->n_seen, told->n, memory_order_relaxed);
    }
    pthread_mutex_unlock(&told->lock);
    return outcome;
}

bool told_take(struct told *told, struct told_item *ret_item)
{
    pthread_mutex_lock(&told->lock);
    bool any = told->n > 0;
    if (any) {
        *ret_item = told->at[told->first];
        told->first = (told->first + 1) % told->room;
        told->n--;
        atomic_store_explicit(&told->n_seen, told->n, memory_order_relaxed);
    }
    pthread_mutex_unlock(&told->lock);
    return any;
}
