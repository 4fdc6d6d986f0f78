/* SPDX-License-Identifier: MIT */
/* How a query's question is put to providers: who is asked next, what an attempt's end means for
 * the query, and what is done when attempts are late. */
#include "resolver/query.h"
#include "resolver/upstream/synth.h"
#include "resolver/wire/text.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>

enum {
    DOUBT_US = 100000, /* silence that may mean a dead path; shorter ones are a slow answer */
    APART_MAX = 2,     /* more attempts at the only provider */
    LOST_US = 1000000, /* silence after which a request counts as lost, though its path lives */
};

/* An attempt that was silent for as long as a hedge waits has shown its provider to be slow. Who
 * always loses races would never be known to be dead if it were not listened to. */
void query_end_tries(struct query *q)
{
    bool is_race = pool_at_once(q->resolver->pool) > 1;
    uint64_t now_us = q->n_tries > 0 ? port_now_us(q->resolver->port) : 0;
    while (q->n_tries > 0) {
        struct query_try *t = &q->tries[--q->n_tries];
        uint64_t patience_us = pool_patience_us(q->resolver->pool, t->provider);
        t->attempt = attempt_free(t->attempt, is_race || now_us - t->began_us >= patience_us);
    }
}

static void on_attempt_end(void *ctx, struct attempt_end *end);

/* By which connection. */
enum way { WAY_ANY, WAY_FRESH, WAY_RENEWED };

/* Starts an attempt at `provider`. The failure is the pool's: no memory, too many attempts. */
static int query_try(struct query *q, unsigned provider, enum way way,
                     const struct attempt *apart_from)
{
    struct resolver *r = q->resolver;
    struct attempt_wish wish = {
        .question = &q->message.question,
        .provider = provider,
        .want_do = q->message.edns_do,
        .want_cd = query_wants_cd(q),
        .fresh = way == WAY_FRESH,
        .renew = way == WAY_RENEWED,
        .apart_from = apart_from,
        .turn = apart_from != NULL ? q->n_apart : 0,
        .on_end = on_attempt_end,
        .ctx = q,
    };
    struct query_try *t = &q->tries[q->n_tries];
    int failure = attempt_start(r->pool, &wish, &t->attempt);
    if (failure < 0) {
        return failure;
    }
    r->counts.n_hedged += q->n_tries > 0;
    t->provider = provider;
    t->turn = wish.turn;
    t->began_us = port_now_us(r->port);
    q->n_tries++;
    q->tried |= 1u << provider;
    q->hedge_us = t->began_us + pool_patience_us(r->pool, provider);
    q->timer.on_fire = query_on_timer;
    return 0;
}

/* Keeps the first reason why no answer came: later ones are mostly echoes of it. */
static void query_note_error(struct query *q, enum ede ede, const char *detail)
{
    if (q->error.rcode != RCODE_NOERROR) {
        return;
    }
    text_clean(detail, q->error_text, sizeof q->error_text); /* a certificate's name may be in it */
    q->error = (struct reply_error){.rcode = RCODE_SERVFAIL, .ede = ede, .text = q->error_text};
}

/* That a provider cannot be asked this is worth no word unless it is so of all. */
static void query_note_unstarted(struct query *q, int failure)
{
    if (failure == -EBUSY) {
        query_note_error(q, EDE_NOT_READY, "too many queries under way");
    } else if (failure == -ENOMEM) {
        query_note_error(q, EDE_NOT_READY, "out of memory");
    } else if (failure == -ELOOP) {
        query_note_error(q, EDE_OTHER, "the server for this name is this daemon itself");
    } else if (failure == -ENOSYS) {
        query_note_error(q, EDE_OTHER, "OpenSSL withholds what a provider is asked with");
    } else if (failure != -ENOTSUP && failure != -ESHUTDOWN) {
        query_note_error(q, EDE_OTHER, "the request could not be made");
    }
}

/* The longest that one of its attempts may be silent before it is doubted. */
static uint64_t query_patience_us(const struct query *q)
{
    uint64_t longest_us = 0;
    for (size_t i = 0; i < q->n_tries; i++) {
        uint64_t patience_us = pool_patience_us(q->resolver->pool, q->tries[i].provider);
        longest_us = patience_us > longest_us ? patience_us : longest_us;
    }
    return longest_us;
}

static int query_next_provider(const struct query *q, bool races)
{
    struct pool_wish wish = {
        .route = q->route,
        .tried = q->tried,
        .question = &q->message.question,
        .want_do = q->message.edns_do,
        .want_cd = query_wants_cd(q),
        .races = races,
        .beside = q->n_tries > 0,
    };
    return pool_next(q->resolver->pool, &wish);
}

/* When nobody else is left to be asked: when the first of its attempts will have been silent for so
 * long that its path is to be doubted, or that it counts as lost; later, again and again. */
static uint64_t query_doubt_us(const struct query *q)
{
    uint64_t now_us = port_now_us(q->resolver->port), patience_us = query_patience_us(q);
    uint64_t at_us = now_us + (patience_us > DOUBT_US ? patience_us : DOUBT_US);
    for (size_t i = 0; i < 2 * q->n_tries; i++) {
        uint64_t due_us = q->tries[i / 2].began_us + (i % 2 == 0 ? DOUBT_US : LOST_US);
        at_us = due_us > now_us && due_us < at_us ? due_us : at_us;
    }
    return at_us;
}

static enum rcode rcode_of_unserved(enum resolver_unserved unserved)
{
    switch (unserved) {
    case UNSERVED_SERVFAIL:
        break;
    case UNSERVED_NOTIMP:
        return RCODE_NOTIMP;
    case UNSERVED_REFUSED:
        return RCODE_REFUSED;
    }
    return RCODE_SERVFAIL;
}

/* Nobody is left to ask. What there is for want of better (an absence that nobody explained) may be
 * kept for its short time. Whoever was asked and failed has left a reason; without one, nobody
 * takes such questions. */
static void query_settle(struct query *q)
{
    struct resolver *r = q->resolver;
    struct cache_key key = query_key(q);
    if (q->error.rcode == RCODE_NOERROR && q->answer == NULL) {
        q->answer = synth_nothing(&q->message.question, port_now_us(r->port));
    }
    if (q->answer != NULL && !q->has_stale && q->answer->ttl_s > 0) {
        cache_put(r->cache, &key, q->answer);
    }
    if (q->error.rcode == RCODE_NOERROR) {
        query_note_error(q, EDE_NOT_SUPPORTED, "no provider takes this question");
        q->error.rcode = rcode_of_unserved(r->params.unserved);
    }
}

/* lends the latest try when all are at one provider. */
static const struct query_try *query_latest_of_one(const struct query *q)
{
    const struct query_try *latest = &q->tries[0];
    for (size_t i = 1; i < q->n_tries; i++) {
        if (q->tries[i].provider != latest->provider) {
            return NULL;
        }
        latest = q->tries[i].began_us >= latest->began_us ? &q->tries[i] : latest;
    }
    return q->n_tries > 0 ? latest : NULL;
}

static bool query_is_lost(const struct query *q, const struct query_try *t)
{
    const struct pool *pool = q->resolver->pool;
    return port_now_us(q->resolver->port) - t->began_us >= LOST_US &&
           pool_asks_over_http(pool, t->provider) &&
           !pool_is_in_line(pool, t->provider, t->began_us);
}

static bool query_was_heard(const struct query *q, const struct query_try *t)
{
    return pool_was_heard(q->resolver->pool, t->provider, t->began_us);
}

/* Several have been asked, and one of them is silent to all: the path may be to blame, which others
 * share. lends the first such try, NULL when there is none. */
static const struct query_try *query_unheard(const struct query *q)
{
    const struct query_try *first = NULL;
    for (size_t i = 0; i < q->n_tries && q->n_tries < QUERY_ATTEMPTS_LIVE; i++) {
        const struct query_try *t = &q->tries[i];
        bool may_be = query_is_lost(q, t) && !query_was_heard(q, t);
        first = may_be && (first == NULL || t->began_us < first->began_us) ? t : first;
    }
    return first;
}

/* Nobody else is left, but a lost packet may hold up the only attempt, or it was lost itself (as it
 * can be where a connection says GOAWAY, or leads to somebody who acknowledges what he never passes
 * on): the same again by a way of its own. That may be lost as well, where goodbyes are frequent
 * and others are answered meanwhile: then once more. */
static bool query_try_apart(struct query *q)
{
    const struct query_try *t = query_latest_of_one(q);
    t = t != NULL || q->n_apart > 0 ? t : query_unheard(q);
    if (t == NULL || q->n_apart == APART_MAX) {
        return false;
    }
    bool is_lost = query_is_lost(q, t);
    if (q->n_apart == 0 ? !is_lost && !pool_is_spread(q->resolver->pool, t->provider)
                        : !is_lost || !query_was_heard(q, t)) {
        return false;
    }
    q->n_apart++;
    return query_try(q, t->provider, is_lost ? WAY_RENEWED : WAY_ANY, t->attempt) == 0;
}

/* Nobody is left, and the last one was lost on its way: a packet that opens a connection may have
 * been, which is noticed after a second. There is time for another where the way is known to work,
 * for it has not been given up or others are answered meanwhile. */
static bool query_try_lost(struct query *q)
{
    const struct resolver *r = q->resolver;
    if (!q->is_lost || q->n_tries > 0 || q->n_apart == APART_MAX ||
        !pool_asks_over_http(r->pool, q->lost_at) ||
        q->deadline_us - port_now_us(r->port) < LOST_US) {
        return false;
    }
    uint64_t since_us = q->deadline_us - (uint64_t)r->params.query_timeout_ms * 1000;
    if (!pool_was_heard(r->pool, q->lost_at, since_us) &&
        (q->n_apart > 0 || pool_is_aside(r->pool, q->lost_at))) {
        return false;
    }
    q->n_apart++;
    q->is_lost = false;
    return query_try(q, q->lost_at, WAY_ANY, NULL) == 0;
}

enum query_state query_ask(struct query *q)
{
    bool begins = q->tried == 0;
    int provider = 0;
    unsigned wanted = begins ? pool_at_once(q->resolver->pool) : 1;
    while (wanted > 0 && q->n_tries < QUERY_ATTEMPTS_LIVE) {
        provider = query_next_provider(q, begins && q->n_tries > 0);
        if (provider < 0) {
            break;
        }
        int failure = query_try(q, (unsigned)provider, WAY_ANY, NULL);
        if (failure == 0) {
            wanted--;
            continue;
        }
        query_note_unstarted(q, failure);
        q->tried |= 1u << (unsigned)provider;
    }
    if (wanted == 0 || (begins && q->n_tries > 0) || query_try_apart(q) || query_try_lost(q)) {
        return QUERY_WAITING;
    }
    if (q->n_tries > 0) {
        q->hedge_us = query_doubt_us(q);
        return QUERY_WAITING;
    }
    if (query_wants_synthesis_anyway(q)) {
        return query_chase_synthesis(q);
    }
    if (provider == -EAGAIN) {
        query_note_error(q, EDE_NO_REACHABLE, "whoever could be asked has asked for a pause");
    }
    query_settle(q);
    return QUERY_REPLYING;
}

/* What failed sooner than a silence is noticed was refused, and not lost. But others may have
 * noticed it: one made in place of a lost one shares their connection, and any may lose its own to
 * their doubt. */
static void query_forget_try(struct query *q, const struct attempt_end *end)
{
    uint64_t usual_us = pool_patience_us(q->resolver->pool, end->provider);
    for (size_t i = 0; i < q->n_tries; i++) {
        struct query_try *t = &q->tries[i];
        if (t->provider == end->provider && t->turn == end->turn) {
            uint64_t took_us = port_now_us(q->resolver->port) - t->began_us;
            bool is_shared = q->n_apart > 0 && end->verdict == ATTEMPT_RETRY_SAME;
            bool is_silent = took_us >= DOUBT_US && took_us >= usual_us;
            q->is_lost = (end->of_path && (is_silent || is_shared)) || end->was_doubted;
            q->lost_at = end->provider;
            *t = q->tries[--q->n_tries];
            return;
        }
    }
    assert(false);
}

/* Takes what an attempt brought. */
static enum query_state query_learn(struct query *q, struct answer *answer)
{
    if (!q->has_stale) {
        q->answer = answer_unref(q->answer); /* what there was for want of better */
    }
    answer = query_exclude(q, answer);
    answer = answer != NULL ? query_guard(q, answer) : NULL;
    q->part = answer != NULL ? query_unhint(q, answer) : NULL;
    if (q->part == NULL) {
        query_note_error(q, EDE_NOT_READY, "out of memory");
        return QUERY_REPLYING;
    }
    bool synthesis = query_wants_synthesis(q);
    if (synthesis || query_wants_rest(q)) {
        query_end_tries(q);
        return synthesis ? query_chase_synthesis(q) : query_chase_rest(q);
    }
    query_take(q, q->part);
    q->part = NULL;
    query_keep(q);
    return QUERY_REPLYING;
}

/* Takes what a reply told of the name's other address family, for whoever asks that next. What
 * would be told otherwise, or is not to be told at all, is asked for when it is wanted. */
static void query_keep_other(struct query *q, struct answer *other)
{
    struct question question = q->message.question;
    struct cache_key key = query_key(q);
    question.type = question_other_family(question.type);
    key.question = &question;
    if (query_may_keep(q, question.type, other)) {
        cache_put(q->resolver->cache, &key, other);
    }
    answer_unref(other);
}

/* Once; not while the other of two is under way there, and not there where others broke too, when
 * somebody else is asked or can be. */
static bool query_may_retry(const struct query *q, unsigned provider)
{
    for (size_t i = 0; i < q->n_tries; i++) {
        if (q->tries[i].provider == provider) {
            return false;
        }
    }
    return (q->retried & 1u << provider) == 0 &&
           (!pool_is_shaky(q->resolver->pool, provider) ||
            (q->n_tries == 0 && query_next_provider(q, false) < 0));
}

/* Takes a reply that is no good answer. An absence that nobody explained may be told for want of
 * better. An rcode other than those of answers is about the provider, or about how we asked: a
 * client to whom nobody refused anything is told SERVFAIL, as by every resolver that forwards
 * (RFC 9520 section 2 counts REFUSED and its like as failures too), with the provider's own reason
 * when it gave one. */
static void query_note_end(struct query *q, struct attempt_end *end)
{
    struct answer *answer = end->answer;
    if (answer != NULL && answer->rcode == RCODE_NOERROR) {
        query_note_error(q, end->ede, end->detail);
        answer_unref(q->has_stale ? answer : q->answer);
        q->answer = q->has_stale ? q->answer : answer;
        return;
    }
    q->was_heard = q->was_heard || answer != NULL;
    if (answer != NULL && answer->ede != EDE_NONE && !q->has_word) {
        q->has_word = true;
        q->error.rcode = RCODE_NOERROR; /* what was noted before was but our guess */
        end->ede = (enum ede)answer->ede;
    }
    query_note_error(q, end->ede, end->detail);
    answer_unref(answer);
}

static void on_attempt_end(void *ctx, struct attempt_end *end)
{
    struct query *q = ctx;
    query_forget_try(q, end);
    q->unsure |= end->is_unsure ? 1u << end->provider : 0;
    if (end->other != NULL) {
        query_keep_other(q, end->other);
    }
    switch (end->verdict) {
    case ATTEMPT_ANSWERED:
        pool_contradict(q->resolver->pool, q->unsure, &q->message.question);
        query_resume(q, query_learn(q, end->answer));
        return;
    case ATTEMPT_RETRY_SAME:
        query_note_error(q, end->ede, end->detail);
        if (query_may_retry(q, end->provider) &&
            query_try(q, end->provider, WAY_FRESH, NULL) == 0) {
            q->retried |= 1u << end->provider;
            query_resume(q, QUERY_WAITING);
            return;
        }
        break;
    case ATTEMPT_RETRY_NEXT:
    case ATTEMPT_GIVE_UP:
        query_note_end(q, end);
        break;
    }
    query_resume(q, end->verdict == ATTEMPT_GIVE_UP ? QUERY_REPLYING : QUERY_ASKING);
}

/* Its attempts are late: those that may have died are doubted, and somebody else is asked when that
 * is not too much. */
static enum query_state query_hedge(struct query *q, uint64_t now_us)
{
    bool may_ask = q->n_tries == 0;
    for (size_t i = 0; i < q->n_tries; i++) {
        struct query_try *t = &q->tries[i];
        uint64_t silent_us = now_us - t->began_us;
        if (silent_us >= DOUBT_US) {
            attempt_doubt(t->attempt);
        }
        may_ask = may_ask || pool_may_hedge(q->resolver->pool, t->provider, silent_us);
    }
    if (may_ask) {
        return QUERY_ASKING;
    }
    q->hedge_us = query_doubt_us(q);
    return QUERY_WAITING;
}

void query_on_timer(struct port_timer *timer)
{
    struct query *q = (struct query *)((char *)timer - offsetof(struct query, timer));
    uint64_t now_us = port_now_us(q->resolver->port);
    if (now_us >= q->deadline_us) {
        query_note_error(q, EDE_NO_REACHABLE, "no provider answered in time");
        query_resume(q, QUERY_REPLYING);
        return;
    }
    if (!q->told && now_us >= q->stale_us) {
        query_tell_stale(q);
    }
    if (now_us < q->hedge_us) {
        query_resume(q, QUERY_WAITING);
        return;
    }
    query_resume(q, query_hedge(q, now_us));
}
