/* SPDX-License-Identifier: MIT */
/* What a driver fetches beside the questions: one errand a provider at a time, on the provider's
 * exchange. When and how often is the driver's to say. */
#include "resolver/upstream/upstream.h"

#include <errno.h>

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
    (void)upstream_learn_addresses(u, &u->errand_endpoint, u->errand_bootstrap, u->errand_addresses,
                                   reply);
    u->errand_runs = u->errand_asked = false;
    if (found.n > 0) {
        upstream_move(&u->endpoint, found.at, found.n);
        u->named_by_vendor = true;
    }
    attempts_resume(u);
}

static void on_bootstrap_done(void *ctx)
{
    struct upstream *u = ctx;
    upstream_take_addresses(&u->errand_endpoint, u->errand_bootstrap);
    attempts_resume(u);
}

int errand_init(struct upstream *u)
{
    const struct exchange_endpoint *endpoint =
        u->driver->errand_endpoint != NULL ? u->driver->errand_endpoint(u->params) : NULL;
    if (endpoint == NULL) {
        return 0;
    }
    u->has_errand_endpoint = true;
    u->errand_endpoint = *endpoint;
    return upstream_bootstrap(u, &u->errand_endpoint, on_bootstrap_done, &u->errand_bootstrap);
}

/* True while the address of where the errand goes is being looked up, and none is known. */
static bool awaits_address(struct upstream *u)
{
    return u->errand_bootstrap != NULL && bootstrap_is_old(u->errand_bootstrap) &&
           bootstrap_ask(u->errand_bootstrap) && u->errand_endpoint.n_addresses == 0;
}

static void on_answered(void *ctx, struct attempt_end *end)
{
    struct upstream *u = ctx;
    struct driver_call call = call_of(u);
    bool answered = end->verdict == ATTEMPT_ANSWERED;
    u->errand_attempt = NULL;
    u->errand_runs = false;
    u->errand_asked = !answered || !u->driver->errand_answer(&call, end->answer);
    answer_unref(end->answer);
    answer_unref(end->other);
    attempts_resume(u);
}

/* True while another provider is asked what the errand is for. */
static bool errand_ask(struct upstream *u, struct driver_call *call)
{
    struct question question;
    if (u->errand_asked || u->driver->errand_question == NULL ||
        !u->driver->errand_question(call, &question)) {
        return false;
    }
    int provider = through_other(u, &question);
    if (provider < 0) {
        return false;
    }
    struct attempt_wish wish = {
        .question = &question, .provider = (unsigned)provider, .on_end = on_answered, .ctx = u};
    u->errand_runs = attempt_start(u->pool, &wish, &u->errand_attempt) == 0;
    return u->errand_runs;
}

bool errand_run(struct upstream *u)
{
    if (u->driver->errand == NULL) {
        return false;
    }
    struct driver_room room;
    struct exchange *exchange = u->pool->exchange;
    struct driver_call call = call_of(u);
    struct exchange_request request = {.endpoint = u->has_errand_endpoint ? &u->errand_endpoint
                                                                          : &u->endpoint,
                                       .wants_date = u->driver->wants_date};
    enum driver_errand errand = u->driver->errand(&call, &room, &request);
    if (errand != DRIVER_ERRAND_NONE && !u->errand_runs && errand_ask(u, &call)) {
        return errand == DRIVER_ERRAND_NEEDED;
    }
    if (errand != DRIVER_ERRAND_NONE && !u->errand_runs && awaits_address(u)) {
        return errand == DRIVER_ERRAND_NEEDED;
    }
    if (errand != DRIVER_ERRAND_NONE && !u->errand_runs) {
        u->errand_addresses = u->errand_endpoint.addresses;
        u->errand = (struct exchange_call){.on_done = on_errand_done};
        u->errand_runs = exchange->ops->start(exchange, &request, &u->errand) == 0;
    }
    return errand == DRIVER_ERRAND_NEEDED && u->errand_runs;
}

void errand_done(struct upstream *u)
{
    if (u->errand_attempt != NULL) {
        u->errand_attempt = attempt_free(u->errand_attempt, false);
    } else if (u->errand_runs) {
        u->pool->exchange->ops->cancel(u->pool->exchange, &u->errand);
    }
    u->errand_runs = false;
}
