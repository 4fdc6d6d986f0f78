/* SPDX-License-Identifier: MIT */
/* Services that know addresses alone tell both families in one reply. While one attempt asks such a
 * service for a name's A, another that wants its AAAA rides along: nothing is sent for it, and the
 * one reply answers both. Whoever leaves takes nobody along: an attempt that nobody waits for any
 * more goes on for its riders' sake. */
#include "resolver/upstream/upstream.h"

static bool asks_both(const struct upstream *u)
{
    return u->driver->asks_both != NULL && u->driver->asks_both(u->params);
}

/* The attempt at `u` that asks the same for the other family; NULL when there is none. */
static struct attempt *carrier_at(const struct upstream *u, const struct question *question,
                                  bool want_do, bool want_cd)
{
    uint16_t other = question_other_family(question->type);
    struct attempt *a = u->carriers;
    while (a != NULL &&
           (a->question.type != other || a->want_do != want_do || a->want_cd != want_cd ||
            !name_equal(&a->question.name, &question->name))) {
        a = a->next_carrier;
    }
    return a;
}

static bool may_ride(const struct upstream *u, const struct pool_wish *wish)
{
    return carrier_at(u, wish->question, wish->want_do, wish->want_cd) != NULL &&
           u->driver->serves(u->params, wish->question, wish->want_do, wish->want_cd) !=
               DRIVER_NEVER;
}

unsigned rides_on(const struct pool *pool, const struct pool_wish *wish, unsigned members)
{
    unsigned on = 0;
    for (unsigned i = 0; i < pool->params.n_providers && pool->n_carriers > 0; i++) {
        bool member = (members & 1u << i) != 0;
        on |= member && may_ride(&pool->upstreams[i], wish) ? 1u << i : 0;
    }
    return on;
}

bool ride_begin(struct attempt *a)
{
    struct upstream *u = a->upstream;
    if (u->carriers == NULL || a->apart || a->on_end == NULL) {
        return false;
    }
    struct attempt *carrier = carrier_at(u, &a->question, a->want_do, a->want_cd);
    if (carrier == NULL || (a->fresh && !carrier->fresh)) {
        return false;
    }
    a->carrier = carrier;
    a->next = carrier->riders;
    carrier->riders = a;
    return true;
}

void ride_offer(struct attempt *a)
{
    struct upstream *u = a->upstream;
    bool tries_out = a->on_end == NULL; /* who may not answer at all carries nobody */
    if (tries_out || question_other_family(a->question.type) == 0 || !asks_both(u)) {
        return;
    }
    a->carries = true;
    a->next_carrier = u->carriers;
    u->carriers = a;
    u->pool->n_carriers++;
}

void ride_withdraw(struct attempt *a)
{
    if (!a->carries) {
        return;
    }
    struct attempt **at = &a->upstream->carriers;
    while (*at != a) {
        at = &(*at)->next_carrier;
    }
    *at = a->next_carrier;
    a->carries = false;
    a->upstream->pool->n_carriers--;
}

struct attempt *ride_take(struct attempt *carrier)
{
    struct attempt *rider = carrier->riders;
    if (rider != NULL) {
        carrier->riders = rider->next;
        rider->carrier = NULL;
    }
    return rider;
}

struct attempt *ride_leave(struct attempt *rider)
{
    struct attempt *carrier = rider->carrier;
    struct attempt **at = &carrier->riders;
    while (*at != rider) {
        at = &(*at)->next;
    }
    *at = rider->next;
    rider->carrier = NULL;
    bool idle = carrier->riders == NULL && carrier->on_end == NULL && !carrier->is_stray;
    return idle && !carrier->lands ? carrier : NULL;
}
