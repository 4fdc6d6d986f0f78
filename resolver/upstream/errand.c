/* SPDX-License-Identifier: MIT */
/* What a driver fetches beside the questions: one errand a provider at a time, on the provider's
 * exchange. When and how often is the driver's to say. */
#include "resolver/upstream/upstream.h"

static struct driver_call call_of(struct upstream *u)
{
    return (struct driver_call){
        .provider = u->params,
        .endpoint = &u->endpoint,
        .memory = &u->memory,
        .port = u->pool->port,
    };
}

static void on_errand_done(struct exchange_call *exchange_call, const struct exchange_reply *reply)
{
    struct upstream *u =
        (struct upstream *)((char *)exchange_call - offsetof(struct upstream, errand));
    struct driver_call call = call_of(u);
    struct driver_addresses found = u->driver->errand_done(&call, reply);
    u->errand_runs = false;
    if (found.n > 0) {
        u->endpoint.addresses = found.at;
        u->endpoint.n_addresses = found.n;
    }
    attempts_resume(u);
}

bool errand_run(struct upstream *u)
{
    if (u->driver->errand == NULL) {
        return false;
    }
    struct driver_room room;
    struct exchange *exchange = u->pool->exchange;
    struct driver_call call = call_of(u);
    struct exchange_request request = {.endpoint = &u->endpoint,
                                       .wants_date = u->driver->wants_date};
    enum driver_errand errand = u->driver->errand(&call, &room, &request);
    if (errand != DRIVER_ERRAND_NONE && !u->errand_runs) {
        u->errand = (struct exchange_call){.on_done = on_errand_done};
        u->errand_runs = exchange->ops->start(exchange, &request, &u->errand) == 0;
    }
    return errand == DRIVER_ERRAND_NEEDED && u->errand_runs;
}

void errand_cancel(struct upstream *u)
{
    if (u->errand_runs) {
        u->pool->exchange->ops->cancel(u->pool->exchange, &u->errand);
        u->errand_runs = false;
    }
}
