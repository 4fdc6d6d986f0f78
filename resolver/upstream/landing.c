/* SPDX-License-Identifier: MIT */
/* The end of an attempt: what came back is looked at, the provider is learnt about from it, and the
 * query is told, with all that ride on the attempt. */
#include "resolver/upstream/upstream.h"
#include "resolver/wire/text.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>

enum {
    DETAIL_MAX = 160,
    RETRY_AFTER_MAX_S = 300,
    AUTH_PAUSE_S = 60,
    RATE_PAUSE_S = 5,
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
    struct driver_call call = attempt_call(a);
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
    upstream_count_refused(u, reply->result, &f->found, f->class);
    if (f->class == DRIVER_NOT_SERVED || f->class == DRIVER_UNKNOWN_EMPTY) {
        return;
    }
    describe(a, reply, f, why);
    size_t n_name = strlen(u->params->name) + strlen(": ");
    const char *bare = n_name < strlen(why) ? why + n_name : why;
    u->trouble = f->found.why != NULL ? f->found.why : verdict_trouble(reply->result, f->class);
    if (verdict_is_unsure(reply, f->class)) {
        upstream_note_unsure(u, &a->question, bare);
        return;
    }
    health_failed(&u->health, port_now_us(u->pool->port));
    /* Nobody but who looks after the credentials can mend them: that is said the first time. */
    bool is_news = f->class == DRIVER_AUTH || (!was_open && u->health.is_open);
    upstream_tell_aside(u, is_news, bare);
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
        struct driver_call call = attempt_call(a);
        to = u->driver->failed(&call);
    }
    if (to.n > 0) {
        upstream_move(&u->endpoint, to.at, to.n);
        u->suspect = true; /* the connection leads to an old one */
        u->silent = false;
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
        u->n_failing = 0;
        u->answers = true;
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
        end.is_unsure = verdict_is_unsure(reply, f->class);
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
