/* SPDX-License-Identifier: MIT */
#include "tests/unit/fake_exchange.h"

#include <assert.h>
#include <stdio.h>

static int fake_start(struct exchange *exchange, const struct exchange_request *request,
                      struct exchange_call *call)
{
    struct fake_exchange *fake = (struct fake_exchange *)exchange;
    if (fake->start_fails != 0) {
        return fake->start_fails;
    }
    assert(fake->n_live < FAKE_EXCHANGE_LIVE && request->body.n <= sizeof fake->live[0].body);
    struct fake_call *f = &fake->live[fake->n_live++];
    f->call = call;
    f->provider = request->endpoint->id;
    f->method = request->method;
    f->fresh = request->fresh;
    f->renew = request->renew;
    f->spread = request->spread;
    f->apart_from = request->apart_from;
    f->n_addresses = request->endpoint->n_addresses;
    f->edition = request->endpoint->edition;
    f->address = f->n_addresses > 0 ? request->endpoint->addresses[0] : NULL;
    f->n_body = request->body.n;
    snprintf(f->target, sizeof f->target, "%s",
             request->target != NULL ? request->target : request->endpoint->url);
    snprintf(f->media_type, sizeof f->media_type, "%s", request->media_type);
    snprintf(f->header, sizeof f->header, "%s", request->header != NULL ? request->header : "");
    if (request->body.n > 0) {
        memcpy(f->body, request->body.at, request->body.n);
    }
    return 0;
}

static void forget(struct fake_exchange *fake, size_t i)
{
    fake->n_live--;
    memmove(&fake->live[i], &fake->live[i + 1], (fake->n_live - i) * sizeof fake->live[0]);
}

static void fake_cancel(struct exchange *exchange, struct exchange_call *call)
{
    struct fake_exchange *fake = (struct fake_exchange *)exchange;
    for (size_t i = 0; i < fake->n_live; i++) {
        if (fake->live[i].call == call) {
            forget(fake, i);
            fake->n_cancelled++;
            return;
        }
    }
}

static void fake_doubt(struct exchange *exchange, const struct exchange_endpoint *endpoint,
                       uint64_t silent_us)
{
    struct fake_exchange *fake = (struct fake_exchange *)exchange;
    (void)endpoint;
    fake->n_doubts++;
    fake->doubt_silent_us = silent_us;
}

static void fake_retire(struct exchange *exchange)
{
    ((struct fake_exchange *)exchange)->n_retired++;
}

static void fake_free(struct exchange *exchange)
{
    (void)exchange;
}

void fake_exchange_init(struct fake_exchange *fake)
{
    static const struct exchange_ops ops = {fake_start, fake_cancel, fake_doubt, fake_retire,
                                            fake_free};
    memset(fake, 0, sizeof *fake);
    fake->exchange.ops = &ops;
}

void fake_exchange_end(struct fake_exchange *fake, const struct exchange_reply *reply)
{
    assert(fake->n_live > 0);
    struct exchange_call *call = fake->live[0].call;
    forget(fake, 0);
    call->on_done(call, reply);
}

void fake_exchange_answer(struct fake_exchange *fake, struct bytes body)
{
    struct exchange_reply reply = {
        .result = EXCHANGE_DONE,
        .status = 200,
        .media_type = "application/dns-message",
        .body = body,
        .http = fake->http,
        .detail = "",
    };
    fake_exchange_end(fake, &reply);
}
