/* SPDX-License-Identifier: MIT */
/* Locks, in this order: a bucket's, a mailbox's. A claim is TOLD, put into its mailbox and its
 * worker woken all under the bucket's lock: who has ended a claim under that lock can be sure that
 * nobody touches it, or wakes its worker for it, any more. */
#include "resolver/cache/claims.h"

#include "resolver/siphash.h"

#include <assert.h>
#include <stdlib.h>

enum { BUCKETS = 1024 };

struct bucket {
    pthread_mutex_t lock;
    struct claim *held;
};

struct claims {
    uint8_t secret[16];
    struct bucket buckets[BUCKETS];
};

void mailbox_init(struct mailbox *m, void (*wake)(void *ctx), void *ctx)
{
    pthread_mutex_init(&m->lock, NULL);
    m->first = NULL;
    m->last = &m->first;
    m->wake = wake;
    m->ctx = ctx;
}

void mailbox_done(struct mailbox *m)
{
    assert(m->first == NULL);
    pthread_mutex_destroy(&m->lock);
}

struct claims *claims_new(const uint8_t secret[16])
{
    struct claims *claims = calloc(1, sizeof *claims);
    if (claims == NULL) {
        return NULL;
    }
    memcpy(claims->secret, secret, sizeof claims->secret);
    for (size_t i = 0; i < BUCKETS; i++) {
        pthread_mutex_init(&claims->buckets[i].lock, NULL);
    }
    return claims;
}

struct claims *claims_free(struct claims *claims)
{
    for (size_t i = 0; claims != NULL && i < BUCKETS; i++) {
        assert(claims->buckets[i].held == NULL);
        pthread_mutex_destroy(&claims->buckets[i].lock);
    }
    free(claims);
    return NULL;
}

static struct bucket *bucket_of(struct claims *claims, const struct claim *claim)
{
    return &claims->buckets[claim->hash % BUCKETS];
}

static bool same_key(const struct claim *a, const struct claim *b)
{
    const struct question *x = a->key.question, *y = b->key.question;
    return a->hash == b->hash && x->type == y->type && x->class == y->class &&
           a->key.want_do == b->key.want_do && a->key.want_cd == b->key.want_cd &&
           a->key.route == b->key.route && bytes_equal(name_bytes(&x->name), name_bytes(&y->name));
}

bool claims_take(struct claims *claims, struct claim *claim, const struct cache_key *key,
                 struct mailbox *mailbox)
{
    assert(!claim->live);
    *claim = (struct claim){.live = true, .key = *key, .mailbox = mailbox};
    claim->hash = siphash13(claims->secret, name_bytes(&key->question->name)) + key->question->type;
    struct bucket *b = bucket_of(claims, claim);
    pthread_mutex_lock(&b->lock);
    struct claim *holder = b->held;
    while (holder != NULL && !same_key(holder, claim)) {
        holder = holder->next;
    }
    struct claim **list = holder != NULL ? &holder->waiting : &b->held;
    claim->state = holder != NULL ? CLAIM_WAITING : CLAIM_HELD;
    claim->next = *list;
    *list = claim;
    pthread_mutex_unlock(&b->lock);
    return holder == NULL;
}

static void list_remove(struct claim **list, const struct claim *claim)
{
    while (*list != claim) {
        list = &(*list)->next;
    }
    *list = claim->next;
}

static void tell(struct claim *claim, struct answer *answer)
{
    struct mailbox *m = claim->mailbox;
    claim->state = CLAIM_TOLD;
    claim->answer = answer != NULL ? answer_ref(answer) : NULL;
    claim->next = NULL;
    pthread_mutex_lock(&m->lock);
    *m->last = claim;
    m->last = &claim->next;
    pthread_mutex_unlock(&m->lock);
    m->wake(m->ctx);
}

static void end_held(struct bucket *b, struct claim *claim, struct answer *answer)
{
    list_remove(&b->held, claim);
    while (claim->waiting != NULL) {
        struct claim *waiting = claim->waiting;
        claim->waiting = waiting->next;
        tell(waiting, answer);
    }
}

/* gives up a place in the line of whoever holds the question. */
static void end_waiting(struct bucket *b, struct claim *claim)
{
    struct claim *holder = b->held;
    while (!same_key(holder, claim)) {
        holder = holder->next;
    }
    list_remove(&holder->waiting, claim);
}

/* It ended before its mail was read. */
static void end_told(struct claim *claim)
{
    struct mailbox *m = claim->mailbox;
    pthread_mutex_lock(&m->lock);
    list_remove(&m->first, claim);
    m->last = &m->first;
    while (*m->last != NULL) {
        m->last = &(*m->last)->next;
    }
    pthread_mutex_unlock(&m->lock);
    claim->answer = answer_unref(claim->answer);
}

void claims_end(struct claims *claims, struct claim *claim, struct answer *answer)
{
    if (!claim->live) {
        return;
    }
    claim->live = false;
    struct bucket *b = bucket_of(claims, claim);
    pthread_mutex_lock(&b->lock);
    if (claim->state == CLAIM_HELD) {
        end_held(b, claim, answer);
    } else if (claim->state == CLAIM_WAITING) {
        end_waiting(b, claim);
    } else {
        end_told(claim);
    }
    pthread_mutex_unlock(&b->lock);
}

struct claim *mailbox_take(struct claims *claims, struct mailbox *m)
{
    pthread_mutex_lock(&m->lock);
    struct claim *claim = m->first;
    if (claim != NULL) {
        m->first = claim->next;
        if (m->first == NULL) {
            m->last = &m->first;
        }
    }
    pthread_mutex_unlock(&m->lock);
    if (claim == NULL) {
        return NULL;
    }
    /* Whoever told it may still hold the lock, on the way out. */
    struct bucket *b = bucket_of(claims, claim);
    pthread_mutex_lock(&b->lock);
    claim->live = false;
    pthread_mutex_unlock(&b->lock);
    return claim;
}
