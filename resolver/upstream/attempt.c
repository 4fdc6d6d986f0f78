/* SPDX-License-Identifier: MIT */
/* One try of one question at one provider: built by the driver and carried by the exchange, until
 * it lands (landing.c) or nobody wants it any more. A provider whose address is not known yet lets
 * its attempts wait. */
#include "resolver/upstream/upstream.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum { DOUBT_PAUSE_US = 10000 };

struct driver_call attempt_call(const struct attempt *a)
{
    struct upstream *u = a->upstream;
    return (struct driver_call){
        .provider = u->params,
        .endpoint = &u->endpoint,
        .question = &a->question,
        .want_do = a->want_do,
        .want_cd = a->want_cd,
        .memory = &u->memory,
        .port = u->pool->port,
        .kept = a->kept,
    };
}

static void forget_kept(struct attempt *a)
{
    if (a->kept != NULL) {
        struct driver_call call = attempt_call(a);
        a->upstream->driver->forget(&call);
        a->kept = NULL;
    }
}

void attempt_release(struct attempt *a)
{
    struct pool *pool = a->upstream->pool;
    assert(a->riders == NULL && a->carrier == NULL);
    forget_kept(a);
    ride_withdraw(a);
    if (a->is_stray) {
        stray_forget(a);
    }
    struct upstream *u = a->upstream;
    bool was_out = a->out;
    u->n_live--;
    u->n_out -= was_out;
    a->next = pool->free;
    pool->free = a;
    pool->n_live--;
    if (was_out) {
        held_go_on(u);
    }
}

static void on_exchanged(struct exchange_call *call, const struct exchange_reply *reply)
{
    attempt_finish((struct attempt *)call, reply);
}

/* ---- the beginning ---- */

static void note_sent(struct attempt *a)
{
    struct upstream *u = a->upstream;
    u->n_sent++;
    u->asked_us = a->began_us;
    pool_earn_hedge(u->pool, (unsigned)(u - u->pool->upstreams));
}

static int send_plain(struct attempt *a)
{
    a->began_us = port_now_us(a->upstream->pool->port);
    int failure = dns_send(a);
    if (failure == 0) {
        note_sent(a);
    }
    return failure;
}

/* Without the algorithm it cannot be asked at all, which is said: nothing else would show it. */
static int build_request(struct attempt *a, struct driver_room *room,
                         struct exchange_request *request)
{
    struct upstream *u = a->upstream;
    struct driver_call call = attempt_call(a);
    int failure = u->driver->build(&call, room, request);
    a->kept = call.kept;
    if (failure != -ENOTSUP) {
        return failure;
    }
    u->trouble = "OpenSSL withholds what it signs or hides with";
    upstream_tell_aside(u, true, u->trouble);
    return -ENOSYS;
}

static int send_http(struct attempt *a)
{
    struct upstream *u = a->upstream;
    struct pool *pool = u->pool;
    struct driver_room room;
    struct exchange_request request = {
        .endpoint = &u->endpoint,
        .body_max = u->driver->body_max,
        .wants_date = u->driver->wants_date,
    };
    a->began_us = port_now_us(pool->port);
    a->addresses = u->endpoint.addresses;
    a->fresh = a->fresh || u->suspect;
    request.renew = a->renew || (u->suspect && u->silent);
    u->suspect = false;
    request.fresh = a->fresh;
    request.spread = u->http == EXCHANGE_HTTP1 || stalls_spread(&u->stalls, a->began_us);
    request.apart_from = a->apart_from != NULL ? &a->apart_from->call : NULL;
    int failure = build_request(a, &room, &request);
    if (failure == 0) {
        a->call = (struct exchange_call){.on_done = on_exchanged};
        failure = pool->exchange->ops->start(pool->exchange, &request, &a->call);
    }
    u->n_sent += failure == 0;
    u->asked_us = a->began_us;
    pool_earn_hedge(pool, (unsigned)(u - pool->upstreams));
    return failure;
}

int attempt_send(struct attempt *a)
{
    struct upstream *u = a->upstream;
    int failure = u->params->protocol == PROTOCOL_DNS ? send_plain(a) : send_http(a);
    if (failure == 0) {
        a->out = true;
        u->busy_us = u->n_out == 0 ? a->began_us : u->busy_us;
        u->n_out++;
    }
    return failure;
}

static void attempt_wait(struct attempt *a)
{
    a->waits = true;
    a->next = a->upstream->waiting;
    a->upstream->waiting = a;
}

/* Waits for the address when there is none, and for what the driver must fetch first; an old
 * address is good enough while it is asked again. `resumed`: it has waited already. */
static int attempt_begin(struct attempt *a, bool resumed)
{
    struct upstream *u = a->upstream;
    bool asking =
        u->bootstrap != NULL && bootstrap_is_old(u->bootstrap) && bootstrap_ask(u->bootstrap);
    bool nowhere = u->bootstrap != NULL && u->endpoint.n_addresses == 0;
    if (nowhere && resumed && !asking) {
        return -EHOSTUNREACH;
    }
    if ((nowhere && asking) || errand_run(u)) {
        attempt_wait(a);
        return 0;
    }
    return held_back(a) ? 0 : attempt_send(a);
}

static struct attempt *attempt_obtain(struct pool *pool)
{
    struct attempt *a = pool->free;
    if (a != NULL) {
        pool->free = a->next;
    } else {
        a = malloc(sizeof *a);
    }
    pool->n_live += a != NULL;
    return a;
}

int attempt_start(struct pool *pool, const struct attempt_wish *wish, struct attempt **ret_attempt)
{
    const struct upstream *u = &pool->upstreams[wish->provider];
    if (u->driver->serves(u->params, wish->question, wish->want_do, wish->want_cd) ==
        DRIVER_NEVER) {
        return -ENOTSUP;
    }
    if (pool->n_live >= pool->params.max_attempts) {
        return -EBUSY;
    }
    struct attempt *a = attempt_obtain(pool);
    if (a == NULL) {
        return -ENOMEM;
    }
    *a = (struct attempt){
        .upstream = &pool->upstreams[wish->provider],
        .question = *wish->question,
        .want_do = wish->want_do,
        .want_cd = wish->want_cd,
        .fresh = wish->fresh,
        .renew = wish->renew,
        .again = wish->fresh,
        .apart = wish->apart_from != NULL,
        .turn = wish->turn,
        .apart_from = wish->apart_from,
        .began_us = port_now_us(pool->port),
        .on_end = wish->on_end,
        .ctx = wish->ctx,
    };
    a->upstream->n_live++;
    *ret_attempt = a;
    if (ride_begin(a)) {
        return 0;
    }
    int failure = attempt_begin(a, false);
    a->apart_from = NULL;
    if (failure < 0) {
        attempt_release(a);
        return failure;
    }
    ride_offer(a);
    return 0;
}

/* 1. Each that waits goes on, waits again, or is lost; nobody is told yet.
 * 2. Those that are lost are told, one by one: whoever is told may end any other. */
void attempts_resume(struct upstream *u)
{
    struct exchange_reply nowhere = {.result = EXCHANGE_UNREACHABLE, .media_type = ""};
    struct attempt *waiting = u->waiting;
    u->waiting = NULL;
    while (waiting != NULL) {
        struct attempt *a = waiting;
        waiting = a->next;
        a->waits = false;
        if (attempt_begin(a, true) < 0) {
            a->lost = true;
            attempt_wait(a);
        }
    }
    nowhere.detail = u->bootstrap != NULL && u->endpoint.n_addresses == 0
                         ? "nobody knows its address"
                         : "what it needs first could not be fetched";
    for (struct attempt **at = &u->waiting; *at != NULL;) {
        struct attempt *a = *at;
        if (!a->lost) {
            at = &a->next;
            continue;
        }
        *at = a->next;
        a->waits = false;
        attempt_finish(a, &nowhere);
        at = &u->waiting;
    }
}

/* To ask the kernel for each of the thousands that may wait for a hung provider would leave time
 * for nothing else; and what a longer silence shows a shorter one has shown. */
void attempt_doubt(struct attempt *a)
{
    struct upstream *u = a->upstream;
    uint64_t now_us = port_now_us(u->pool->port), silent_us = now_us - a->began_us;
    bool is_known = now_us - u->doubted_us < DOUBT_PAUSE_US && silent_us >= u->doubt_us;
    if (!a->waits && u->params->protocol != PROTOCOL_DNS && !is_known) {
        u->doubted_us = now_us;
        u->doubt_us = silent_us;
        u->pool->exchange->ops->doubt(u->pool->exchange, &u->endpoint, silent_us);
    }
}

/* Takes it back from wherever it is under way. */
static void attempt_cancel(struct attempt *a)
{
    struct upstream *u = a->upstream;
    if (a->held) {
        held_leave(a);
    } else if (a->waits) {
        struct attempt **at = &u->waiting;
        while (*at != a) {
            at = &(*at)->next;
        }
        *at = a->next;
    } else if (u->params->protocol == PROTOCOL_DNS) {
        dns_cancel(a);
    } else {
        u->pool->exchange->ops->cancel(u->pool->exchange, &a->call);
    }
}

/* Gets off, and ends the carrier too if that was the last it went on for. */
static void attempt_get_off(struct attempt *rider, bool listen)
{
    struct attempt *idle = ride_leave(rider);
    attempt_release(rider);
    attempt_free(idle, listen);
}

/* No query waits for it, but others ride on it or are being told its end. */
static void attempt_leave(struct attempt *a)
{
    a->on_end = NULL;
    if (a->is_stray) {
        stray_forget(a);
    }
}

struct attempt *attempt_free(struct attempt *a, bool listen)
{
    if (a == NULL) {
        return NULL;
    }
    if (a->carrier != NULL) {
        attempt_get_off(a, listen);
        return NULL;
    }
    struct upstream *u = a->upstream;
    uint64_t silent_us = port_now_us(u->pool->port) - a->began_us;
    bool dead = listen && silent_us >= upstream_silence_us(u) && !a->lands && !a->held;
    if (listen && !dead && !a->waits && !a->lands && stray_adopt(a)) {
        return NULL;
    }
    if (dead) {
        upstream_note_silent(u, &a->question, a->began_us);
    }
    if (a->riders != NULL || a->lands) {
        attempt_leave(a);
        return NULL;
    }
    attempt_cancel(a);
    attempt_release(a);
    return NULL;
}
