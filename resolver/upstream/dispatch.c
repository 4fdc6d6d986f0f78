/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/dispatch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

#define S_US UINT64_C(1000000)

struct dispatch_set {
    char text[DISPATCH_ADDRESSES_MAX][INET6_ADDRSTRLEN];
    const char *at[DISPATCH_ADDRESSES_MAX];
    size_t n;
};

/* Sets are used in turn: one that is written again is the oldest of DISPATCH_SETS. */
struct dispatch {
    struct dispatch_set sets[DISPATCH_SETS];
    unsigned current;
    uint64_t asked_us, next_us; /* when was and will be asked */
    int64_t mark;
    bool stopped;
};

int dispatch_open(const struct provider_params *provider, struct driver_memory *memory)
{
    (void)provider;
    memory->own = calloc(1, sizeof(struct dispatch));
    return memory->own != NULL ? 0 : -ENOMEM;
}

void dispatch_close(struct driver_memory *memory)
{
    free(memory->own);
    memory->own = NULL;
}

bool dispatch_is_due(struct driver_call *call)
{
    struct dispatch *d = call->memory->own;
    uint64_t now_us = port_now_us(call->port);
    if (now_us < d->next_us) {
        return false;
    }
    d->asked_us = now_us;
    d->next_us = now_us + DISPATCH_BAD_S * S_US;
    return true;
}

int64_t *dispatch_mark(struct driver_call *call)
{
    return &((struct dispatch *)call->memory->own)->mark;
}

/* The set after the one in use. */
static struct dispatch_set *next_set(struct dispatch *d)
{
    return &d->sets[(d->current + 1) % DISPATCH_SETS];
}

static struct driver_addresses use_next(struct dispatch *d)
{
    d->current = (d->current + 1) % DISPATCH_SETS;
    return (struct driver_addresses){d->sets[d->current].at, d->sets[d->current].n};
}

void dispatch_begin(struct driver_call *call)
{
    next_set(call->memory->own)->n = 0;
}

static bool is_in(const struct dispatch_set *set, const char *text)
{
    for (size_t i = 0; i < set->n; i++) {
        if (strcmp(set->text[i], text) == 0) {
            return true;
        }
    }
    return false;
}

void dispatch_add(struct driver_call *call, struct bytes text)
{
    struct dispatch_set *set = next_set(call->memory->own);
    char copy[INET6_ADDRSTRLEN];
    uint8_t at[16];
    if (set->n == DISPATCH_ADDRESSES_MAX || text.n == 0 || text.n >= sizeof copy) {
        return;
    }
    memcpy(copy, text.at, text.n);
    copy[text.n] = '\0';
    bool good = inet_pton(AF_INET, copy, at) == 1 || inet_pton(AF_INET6, copy, at) == 1;
    if (good && !is_in(set, copy)) {
        memcpy(set->text[set->n], copy, text.n + 1);
        set->at[set->n] = set->text[set->n];
        set->n++;
    }
}

static void add_text(struct driver_call *call, const char *text)
{
    dispatch_add(call, bytes_of(text, strlen(text)));
}

struct driver_addresses dispatch_use(struct driver_call *call, uint32_t good_s)
{
    struct dispatch *d = call->memory->own;
    const struct exchange_endpoint *first = &call->provider->endpoint;
    if (next_set(d)->n == 0) {
        return (struct driver_addresses){NULL, 0};
    }
    d->next_us = port_now_us(call->port) + good_s * S_US;
    d->stopped = false;
    for (size_t i = 0; i < first->n_addresses; i++) {
        add_text(call, first->addresses[i]);
    }
    return use_next(d);
}

void dispatch_stop(struct driver_call *call)
{
    ((struct dispatch *)call->memory->own)->stopped = true;
}

bool dispatch_is_stopped(const struct driver_call *call)
{
    return ((const struct dispatch *)call->memory->own)->stopped;
}

struct driver_addresses dispatch_rotate(struct driver_call *call)
{
    struct dispatch *d = call->memory->own;
    const struct exchange_endpoint *now = call->endpoint;
    uint64_t soon_us = d->asked_us + DISPATCH_HASTE_S * S_US;
    d->next_us = soon_us < d->next_us ? soon_us : d->next_us;
    if (call->provider->account.fixed_addresses || now->n_addresses < 2) {
        return (struct driver_addresses){NULL, 0};
    }
    dispatch_begin(call);
    for (size_t i = 1; i <= now->n_addresses; i++) {
        add_text(call, now->addresses[i % now->n_addresses]);
    }
    return use_next(d);
}

int dispatch_heed(struct driver_call *call, int class, struct driver_found *found)
{
    if (class == DRIVER_SERVER || class == DRIVER_PARSE) {
        found->addresses = dispatch_rotate(call);
    }
    return class;
}
