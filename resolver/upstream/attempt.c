/* SPDX-License-Identifier: MIT */
/* One try of one question at one provider: built by the driver, carried by the exchange, checked,
 * and reduced to a verdict. A provider whose address is not known yet lets its attempts wait. */
#include "resolver/upstream/upstream.h"
#include "resolver/wire/text.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    DETAIL_MAX = 160,
    RETRY_AFTER_MAX_S = 300,
    AUTH_PAUSE_S = 60,
    RATE_PAUSE_S = 5,
    DOUBT_PAUSE_US = 10000,
};

/* What came back, looked at. */
struct findings {
    int class; /* a driver_class, or a failure; 0: no whole reply */
    struct driver_found found;
};

static void describe(const struct attempt *a, const struct exchange_reply *reply,
                     const struct findings *f, char detail[DETAIL_MAX])
{
    const char *name = a->upstream->params->name;
    if (reply->result != EXCHANGE_DONE) {
        snprintf(detail, DETAIL_MAX, "%s: %s", name, reply->detail);
    } else if (f->found.why != NULL) {
        snprintf(detail, DETAIL_MAX, "%s: %s", name, f->found.why);
    } else if (reply->status < 200 || reply->status > 299) {
        snprintf(detail, DETAIL_MAX, "%s: HTTP status %u", name, reply->status);
    } else if (f->found.answer != NULL) {
        char rcode[TEXT_MNEMONIC_MAX];
        snprintf(detail, DETAIL_MAX, "%s: rcode %s", name,
                 text_of_rcode(f->found.answer->rcode, rcode));
    } else {
        snprintf(detail, DETAIL_MAX, "%s: no answer in the reply", name);
    }
}

/* ---- the end of an attempt ---- */

static struct driver_call call_of(const struct attempt *a)
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
        struct driver_call call = call_of(a);
        a->upstream->driver->forget(&call);
        a->kept = NULL;
    }
}

static void attempt_release(struct attempt *a)
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

static struct findings examine(struct attempt *a, const struct exchange_reply *reply)
{
    struct findings f = {0};
    if (reply->result != EXCHANGE_DONE) {
        return f;
    }
    const struct pool *pool = a->upstream->pool;
    struct answer_expect expect = {
        .question = &a->question,
        .id = 0,
        .now_us = port_now_us(pool->port),
        .strip_dnssec = !a->want_do,
        .minimal = pool->params.minimal,
        .age_s = reply->age_s,
        .has_max_age = reply->has_max_age,
        .max_age_s = reply->max_age_s,
        .min_ttl_s = pool->params.min_ttl_s,
        .max_ttl_s = pool->params.max_ttl_s,
        .negative_max_ttl_s = pool->params.negative_max_ttl_s,
    };
    struct driver_call call = call_of(a);
    f.class = a->upstream->driver->read(&call, reply, &expect, &f.found);
    if (f.class == DRIVER_OK && answer_is_referral(f.found.answer)) {
        f.found.answer = answer_unref(f.found.answer);
        f.found.why = "a referral in place of an answer";
        f.class = DRIVER_SERVER;
    }
    return f;
}

/* What a failed reply says of the provider. That it does not serve this question, or knows nothing
 * of it, is no failure of its own. */
static void learn_failure(struct attempt *a, const struct exchange_reply *reply,
                          const struct findings *f)
{
    struct upstream *u = a->upstream;
    bool was_open = u->health.is_open;
    char why[DETAIL_MAX];
    uint32_t wait_s = 0;
    if (f->class == DRIVER_NOT_SERVED || f->class == DRIVER_UNKNOWN_EMPTY) {
        return;
    }
    health_failed(&u->health, port_now_us(u->pool->port));
    u->trouble = f->found.why != NULL ? f->found.why : verdict_trouble(reply->result, f->class);
    describe(a, reply, f, why);
    size_t n_name = strlen(u->params->name) + strlen(": ");
    /* Nobody but who looks after the credentials can mend them: that is said the first time. */
    bool is_news = f->class == DRIVER_AUTH || (!was_open && u->health.is_open);
    upstream_tell_aside(u, is_news, n_name < strlen(why) ? why + n_name : why);
    if (reply->result == EXCHANGE_DONE && (reply->status == 429 || reply->status == 503)) {
        wait_s = reply->retry_after_s;
    }
    if (f->class == DRIVER_RATE && wait_s == 0) {
        wait_s = RATE_PAUSE_S;
    } else if (f->class == DRIVER_AUTH) {
        wait_s = AUTH_PAUSE_S;
    }
    if (wait_s > 0) {
        health_quiet(&u->health, wait_s < RETRY_AFTER_MAX_S ? wait_s : RETRY_AFTER_MAX_S,
                     port_now_us(u->pool->port));
    }
}

/* The clock as the provider told it, in the reply's body or failing that in its header. */
static void set_clock(struct upstream *u, const struct exchange_reply *reply,
                      const struct findings *f)
{
    int64_t theirs_s = f->found.server_s != 0 ? f->found.server_s : reply->date_s;
    if (theirs_s != 0) {
        u->memory.clock_ahead_s = theirs_s - port_wall_s(u->pool->port);
    }
}

/* Where the provider is to be asked from now on, as far as the vendor has told: a server would not
 * serve, nobody was there, or somebody else. What was sent to older addresses is no news of those
 * in use. True when that is elsewhere. */
static bool move_on(struct attempt *a, const struct exchange_reply *reply,
                    struct driver_addresses to)
{
    struct upstream *u = a->upstream;
    bool nobody = reply->result == EXCHANGE_UNREACHABLE || reply->result == EXCHANGE_UNTRUSTED ||
                  reply->result == EXCHANGE_TLS_FAILED;
    if (a->addresses != u->endpoint.addresses) {
        return false;
    }
    if (nobody && u->driver->failed != NULL) {
        struct driver_call call = call_of(a);
        to = u->driver->failed(&call);
    }
    if (to.n > 0) {
        upstream_move(&u->endpoint, to.at, to.n);
        u->suspect = true; /* the connection leads to an old one */
    }
    return to.n > 0;
}

/* True when the same provider is to be asked again, elsewhere. */
static bool learn(struct attempt *a, const struct exchange_reply *reply, const struct findings *f,
                  enum attempt_verdict verdict)
{
    struct upstream *u = a->upstream;
    uint64_t now_us = port_now_us(u->pool->port);
    if (reply->result == EXCHANGE_DONE) {
        u->heard_us = now_us;
        u->youngest_us = a->began_us > u->youngest_us ? a->began_us : u->youngest_us;
        u->http = reply->http;
    }
    bool others = upstream_learn_addresses(u, &u->endpoint, u->bootstrap, a->addresses, reply);
    if (verdict == ATTEMPT_ANSWERED) {
        stalls_note(&u->stalls, a->began_us, u->n_live, now_us);
        bool was_open = u->health.is_open;
        health_good(&u->health, now_us - a->began_us, reply->connected, now_us);
        upstream_tell_aside(u, !was_open && u->health.is_open,
                            "slower than ever, or no connection lasts");
        u->suspect = false;
        u->trouble = NULL;
        return false;
    }
    if (f->class == DRIVER_CLOCK) {
        set_clock(u, reply, f);
    }
    others = move_on(a, reply, f->found.addresses) || others;
    learn_failure(a, reply, f);
    return others;
}

/* An absence that nobody explained is not certain: it is told, but not kept for others. */
static struct answer *certain(const struct driver_other *other)
{
    bool sure = other->class == DRIVER_OK || other->class == DRIVER_NODATA ||
                other->class == DRIVER_NXDOMAIN;
    return sure && other->answer != NULL ? answer_ref(other->answer) : NULL;
}

/* The last of an attempt: it is freed, and then its query is told. */
static void attempt_tell(struct attempt *a, struct attempt_end *end)
{
    void (*on_end)(void *ctx, struct attempt_end *end) = a->on_end;
    void *ctx = a->ctx;
    attempt_release(a);
    if (on_end == NULL) {
        answer_unref(end->answer);
        answer_unref(end->other);
        return;
    }
    on_end(ctx, end);
}

/* What the end of an attempt is to its query, from what was found for that query's question. */
static void attempt_conclude(struct attempt *a, const struct exchange_reply *reply,
                             const struct findings *f, enum attempt_verdict verdict)
{
    char detail[DETAIL_MAX] = "";
    struct answer *answer = f->found.answer;
    struct attempt_end end = {
        .verdict = verdict,
        .provider = (unsigned)(a->upstream - a->upstream->pool->upstreams),
        .turn = a->turn,
        .answer = answer,
        .other = certain(&f->found.other),
        .ede = EDE_NONE,
        .detail = detail,
    };
    if (verdict != ATTEMPT_ANSWERED) {
        end.of_path =
            !a->lost && (reply->result == EXCHANGE_UNREACHABLE || reply->result == EXCHANGE_BROKEN);
        end.was_doubted = !a->lost && reply->result != EXCHANGE_UNTRUSTED &&
                          reply->result <= EXCHANGE_BROKEN &&
                          a->upstream->doubted_us >= a->began_us;
        end.ede = verdict_ede(reply->result, f->class, a->upstream->driver->addresses_alone);
        describe(a, reply, f, detail);
        end.answer = answer == NULL || verdict_is_worth_telling(answer->rcode)
                         ? answer
                         : answer_unref(answer);
    }
    attempt_tell(a, &end);
}

static enum attempt_verdict verdict_of(const struct attempt *a, const struct exchange_reply *reply,
                                       const struct findings *f, bool fresh)
{
    uint16_t rcode = f->found.answer != NULL ? f->found.answer->rcode : 0;
    return attempt_judge(reply->result, f->class, rcode, fresh, a->again);
}

/* The same reply, as it is to those who ride for the other family. A reply that tells of neither is
 * the same to all. */
static struct findings turn(const struct findings *f)
{
    struct findings turned = *f;
    if (f->found.other.class == 0 && f->found.answer == NULL) {
        return turned;
    }
    turned.class = f->found.other.class != 0 ? f->found.other.class : -ENOMEM;
    turned.found.answer = f->found.other.answer != NULL ? answer_ref(f->found.other.answer) : NULL;
    turned.found.other = (struct driver_other){f->class, f->found.answer};
    return turned;
}

/* Whoever is told may end any other, this one's query included: it stays until all are told. */
static void land_riders(struct attempt *a, const struct exchange_reply *reply,
                        const struct findings *f, bool others)
{
    struct attempt *rider;
    ride_withdraw(a);
    a->lands = true;
    while ((rider = ride_take(a)) != NULL) {
        struct findings turned = turn(f);
        enum attempt_verdict verdict = verdict_of(rider, reply, &turned, a->fresh);
        bool again = others && verdict != ATTEMPT_ANSWERED && !rider->again;
        attempt_conclude(rider, reply, &turned, again ? ATTEMPT_RETRY_SAME : verdict);
    }
    a->lands = false;
}

void attempt_finish(struct attempt *a, const struct exchange_reply *reply)
{
    struct findings f = examine(a, reply);
    enum attempt_verdict verdict = verdict_of(a, reply, &f, a->fresh);
    bool others = learn(a, reply, &f, verdict);
    if (others && !a->again) {
        verdict = ATTEMPT_RETRY_SAME;
    }
    if (a->riders != NULL) {
        land_riders(a, reply, &f, others);
    }
    struct answer *other = f.found.other.answer;
    attempt_conclude(a, reply, &f, verdict);
    answer_unref(other);
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
    struct driver_call call = call_of(a);
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
        upstream_note_silent(u, a->began_us);
    }
    if (a->riders != NULL || a->lands) {
        attempt_leave(a);
        return NULL;
    }
    attempt_cancel(a);
    attempt_release(a);
    return NULL;
}
