/* SPDX-License-Identifier: MIT */
/* One try of one question at one provider: built by the driver, carried by the exchange, checked,
 * and reduced to a verdict. A provider whose address is not known yet lets its attempts wait. */
#include "resolver/upstream/upstream.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { DETAIL_MAX = 160, RETRY_AFTER_MAX_S = 300 };

/* What came back, looked at. */
struct findings {
    int check; /* answer_read()'s outcome; 0: not asked */
    struct answer *answer;
};

/* ---- what an end means ---- */

static bool is_good_rcode(uint16_t rcode)
{
    return rcode != RCODE_SERVFAIL && rcode != RCODE_REFUSED && rcode != RCODE_NOTIMP &&
           rcode != RCODE_FORMERR && rcode != RCODE_NOTAUTH;
}

enum attempt_verdict attempt_judge(enum exchange_result result, unsigned http_status, int check,
                                   uint16_t rcode, bool was_fresh)
{
    switch (result) {
    case EXCHANGE_BROKEN:
        return was_fresh ? ATTEMPT_RETRY_NEXT : ATTEMPT_RETRY_SAME;
    case EXCHANGE_UNREACHABLE:
    case EXCHANGE_UNTRUSTED:
    case EXCHANGE_TLS_FAILED:
    case EXCHANGE_TOO_LARGE:
        return ATTEMPT_RETRY_NEXT;
    case EXCHANGE_DONE:
        break;
    }
    if (http_status == 405 || http_status == 501) {
        /* The method is not taken: the same provider again, by GET. */
        return was_fresh ? ATTEMPT_RETRY_NEXT : ATTEMPT_RETRY_SAME;
    }
    return check == ANSWER_OK && is_good_rcode(rcode) ? ATTEMPT_ANSWERED : ATTEMPT_RETRY_NEXT;
}

static enum ede ede_of(enum exchange_result result)
{
    switch (result) {
    case EXCHANGE_UNREACHABLE:
    case EXCHANGE_UNTRUSTED:
        return EDE_NO_REACHABLE;
    case EXCHANGE_TLS_FAILED:
    case EXCHANGE_BROKEN:
        return EDE_NETWORK;
    case EXCHANGE_TOO_LARGE:
    case EXCHANGE_DONE:
        return EDE_INVALID_DATA;
    }
    assert(false);
    return EDE_OTHER;
}

static const char *word_of_check(int check)
{
    switch (check) {
    case ANSWER_MALFORMED:
        return "malformed message";
    case ANSWER_NOT_A_RESPONSE:
        return "not a response";
    case ANSWER_WRONG_QUESTION:
        return "answer to another question";
    case ANSWER_TRUNCATED:
        return "truncated message";
    case ANSWER_BAD_CHAIN:
        return "CNAME chain without an end";
    default:
        return "out of memory";
    }
}

static void describe(const struct attempt *a, const struct exchange_reply *reply,
                     const struct findings *found, char detail[DETAIL_MAX])
{
    const char *name = a->upstream->params->name;
    if (reply->result != EXCHANGE_DONE) {
        snprintf(detail, DETAIL_MAX, "%s: %s", name, reply->detail);
    } else if (reply->status < 200 || reply->status > 299) {
        snprintf(detail, DETAIL_MAX, "%s: HTTP status %u", name, reply->status);
    } else if (found->check == 0) {
        snprintf(detail, DETAIL_MAX, "%s: media type is not " DOH_MEDIA_TYPE, name);
    } else if (found->check != ANSWER_OK) {
        snprintf(detail, DETAIL_MAX, "%s: %s", name, word_of_check(found->check));
    } else {
        snprintf(detail, DETAIL_MAX, "%s: rcode %u", name, found->answer->rcode);
    }
}

/* ---- the end of an attempt ---- */

static void attempt_release(struct attempt *a)
{
    struct pool *pool = a->upstream->pool;
    a->next = pool->free;
    pool->free = a;
    pool->n_live--;
}

static struct findings examine(const struct attempt *a, const struct exchange_reply *reply)
{
    struct findings found = {0};
    if (!doh_is_message(reply)) {
        return found;
    }
    const struct pool *pool = a->upstream->pool;
    struct answer_expect expect = {
        .question = &a->question,
        .id = 0,
        .now_us = port_now_us(pool->port),
        .age_s = reply->age_s,
        .min_ttl_s = pool->params.min_ttl_s,
        .max_ttl_s = pool->params.max_ttl_s,
        .negative_max_ttl_s = pool->params.negative_max_ttl_s,
    };
    found.check = answer_read(reply->body, &expect, &found.answer);
    return found;
}

static void learn(struct attempt *a, const struct exchange_reply *reply,
                  enum attempt_verdict verdict)
{
    struct upstream *u = a->upstream;
    uint64_t now_us = port_now_us(u->pool->port);
    if (reply->result == EXCHANGE_DONE) {
        u->heard_us = now_us;
    }
    if (verdict == ATTEMPT_ANSWERED) {
        upstream_note_good(u, now_us - a->began_us);
        return;
    }
    upstream_note_failed(u);
    if (reply->result == EXCHANGE_DONE && (reply->status == 405 || reply->status == 501)) {
        u->wants_get = true;
    }
    if (reply->result == EXCHANGE_DONE && reply->retry_after_s > 0 &&
        (reply->status == 429 || reply->status == 503)) {
        upstream_note_busy(u, reply->retry_after_s < RETRY_AFTER_MAX_S ? reply->retry_after_s
                                                                       : RETRY_AFTER_MAX_S);
    }
    if (reply->result == EXCHANGE_UNREACHABLE && u->bootstrap != NULL) {
        bootstrap_ask(u->bootstrap);
    }
}

static void attempt_finish(struct attempt *a, const struct exchange_reply *reply)
{
    struct findings found = examine(a, reply);
    uint16_t rcode = found.answer != NULL ? found.answer->rcode : 0;
    char detail[DETAIL_MAX] = "";
    struct attempt_end end = {
        .verdict = attempt_judge(reply->result, reply->status, found.check, rcode, a->fresh),
        .provider = (unsigned)(a->upstream - a->upstream->pool->upstreams),
        .answer = found.answer,
        .ede = EDE_NONE,
        .detail = detail,
    };
    if (end.verdict != ATTEMPT_ANSWERED) {
        end.ede = found.check == ANSWER_OK ? EDE_NO_REACHABLE : ede_of(reply->result);
        describe(a, reply, &found, detail);
    }
    learn(a, reply, end.verdict);
    void (*on_end)(void *ctx, struct attempt_end *end) = a->on_end;
    void *ctx = a->ctx;
    attempt_release(a);
    on_end(ctx, &end);
}

static void on_exchanged(struct exchange_call *call, const struct exchange_reply *reply)
{
    attempt_finish((struct attempt *)call, reply);
}

/* ---- the beginning ---- */

static int attempt_send(struct attempt *a)
{
    struct upstream *u = a->upstream;
    struct pool *pool = u->pool;
    struct doh_room room;
    struct doh_wish wish = {&a->question, a->want_do, a->want_cd, u->wants_get};
    struct exchange_request request = {.endpoint = &u->endpoint};
    a->began_us = port_now_us(pool->port);
    a->fresh = a->fresh || u->suspect;
    u->suspect = false;
    request.fresh = a->fresh;
    int failure = doh_build(&wish, &room, &request);
    if (failure == 0) {
        a->call = (struct exchange_call){.on_done = on_exchanged};
        failure = pool->exchange->ops->start(pool->exchange, &request, &a->call);
    }
    u->n_sent += failure == 0;
    return failure;
}

/* Waits for the address when there is none; an old one is good enough while it is asked again. */
static int attempt_begin(struct attempt *a)
{
    struct upstream *u = a->upstream;
    bool asking =
        u->bootstrap != NULL && bootstrap_is_old(u->bootstrap) && bootstrap_ask(u->bootstrap);
    if (u->endpoint.n_addresses == 0 && asking) {
        a->waits = true;
        a->next = u->waiting;
        u->waiting = a;
        return 0;
    }
    return attempt_send(a);
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
        .on_end = wish->on_end,
        .ctx = wish->ctx,
    };
    int failure = attempt_begin(a);
    if (failure < 0) {
        attempt_release(a);
        return failure;
    }
    *ret_attempt = a;
    return 0;
}

void attempts_resume(struct upstream *u)
{
    struct exchange_reply nowhere = {.result = EXCHANGE_UNREACHABLE,
                                     .media_type = "",
                                     .detail = "no local resolver knows its address"};
    bool found = u->endpoint.n_addresses > 0;
    while (u->waiting != NULL) {
        struct attempt *a = u->waiting;
        u->waiting = a->next;
        a->waits = false;
        if (!found || attempt_send(a) < 0) {
            attempt_finish(a, &nowhere);
        }
    }
}

void attempt_doubt(struct attempt *a)
{
    struct upstream *u = a->upstream;
    if (!a->waits) {
        u->pool->exchange->ops->doubt(u->pool->exchange, &u->endpoint,
                                      port_now_us(u->pool->port) - a->began_us);
    }
}

struct attempt *attempt_free(struct attempt *a, bool timed_out)
{
    if (a == NULL) {
        return NULL;
    }
    struct upstream *u = a->upstream;
    if (a->waits) {
        struct attempt **at = &u->waiting;
        while (*at != a) {
            at = &(*at)->next;
        }
        *at = a->next;
    } else {
        u->pool->exchange->ops->cancel(u->pool->exchange, &a->call);
    }
    if (timed_out) {
        upstream_note_failed(u);
        u->suspect = u->heard_us < a->began_us;
    }
    attempt_release(a);
    return NULL;
}
