/* SPDX-License-Identifier: MIT */
/* A provider that answers nobody gets so many questions at once and no more: those that come later
 * are held back, and go to it in their order as others end. Thousands that wait inside libcurl for
 * a hung provider cost it more than all else, for it looks through all of them for each that ends.
 */
#include "resolver/upstream/upstream.h"

enum { SILENCE_US = 1000000 };

static bool answers(const struct upstream *u)
{
    uint64_t now_us = port_now_us(u->pool->port);
    uint64_t since_us = u->heard_us > u->busy_us ? u->heard_us : u->busy_us;
    return health_state(&u->health, now_us) == HEALTH_CLOSED && now_us - since_us < SILENCE_US;
}

static bool takes_more(const struct upstream *u)
{
    size_t most = u->pool->params.max_in_flight;
    return most == 0 || u->n_out < most || answers(u);
}

/* What only tries the provider out tells when it is well again. */
bool held_back(struct attempt *a)
{
    struct upstream *u = a->upstream;
    if (a->on_end == NULL || takes_more(u)) {
        return false;
    }
    a->waits = a->held = true;
    a->next = NULL;
    a->before = u->last_held;
    *(a->before != NULL ? &a->before->next : &u->first_held) = a;
    u->last_held = a;
    return true;
}

void held_leave(struct attempt *a)
{
    struct upstream *u = a->upstream;
    *(a->before != NULL ? &a->before->next : &u->first_held) = a->next;
    *(a->next != NULL ? &a->next->before : &u->last_held) = a->before;
    a->waits = a->held = false;
}

void held_go_on(struct upstream *u)
{
    while (u->first_held != NULL && takes_more(u)) {
        struct attempt *a = u->first_held;
        held_leave(a);
        if (attempt_send(a) < 0) {
            a->waits = a->held = true; /* until another ends, or nobody waits for it */
            a->before = NULL;
            a->next = u->first_held;
            *(a->next != NULL ? &a->next->before : &u->last_held) = a;
            u->first_held = a;
            return;
        }
    }
}
