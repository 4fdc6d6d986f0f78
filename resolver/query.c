/* SPDX-License-Identifier: MIT */
/* How a query lives and dies:
 *
 *   ARRIVED ─► POLICY ─► CACHE ─► JOINING ─► ASKING ◄─► WAITING ─► REPLYING ─► DONE
 *                                    └─► FOLLOWING (the same question is under way) ─┘
 *
 * A stale answer in the cache is kept at hand: the client gets it when the asking fails or takes
 * longer than a client should wait; the query then goes on alone, for the cache's sake. So does one
 * whose answer was popular and nearly at its end (a refresh), or stale where clients wait not at
 * all.
 *
 * One query a worker leads for a question, and one worker asks: leaders elsewhere wait for its
 * answer (resolver/cache/claims.h).
 *
 * Each state has one step, which says the next state; what went wrong on the way goes straight to
 * REPLYING with an error. A query that must ask something for itself rests in CHASING. WAITING,
 * CHASING and FOLLOWING have no step: there the query rests until an attempt or what it asked for
 * itself ends, its timer fires, or its leader is answered. How providers are asked is asking.c's;
 * what a query asks for itself, chase.c's. */
#include "resolver/cache/failures.h"
#include "resolver/query.h"

#include <assert.h>
#include <stdio.h>

static enum query_state step_arrived(struct query *q);
static enum query_state step_policy(struct query *q);
static enum query_state step_cache(struct query *q);
static enum query_state step_joining(struct query *q);
static enum query_state step_replying(struct query *q);

#define TO(state) (1u << QUERY_##state)

static const struct {
    enum query_state (*run)(struct query *q);
    unsigned may_go_to;
} steps[QUERY_N_STATES] = {
    [QUERY_ARRIVED] = {step_arrived, TO(POLICY) | TO(REPLYING) | TO(DONE)},
    [QUERY_POLICY] = {step_policy, TO(CACHE) | TO(CHASING) | TO(REPLYING) | TO(DONE)},
    [QUERY_CACHE] = {step_cache, TO(JOINING) | TO(REPLYING)},
    [QUERY_JOINING] = {step_joining, TO(FOLLOWING) | TO(ASKING) | TO(WAITING) | TO(REPLYING)},
    [QUERY_FOLLOWING] = {NULL, TO(REPLYING)},
    [QUERY_ASKING] = {query_ask, TO(WAITING) | TO(CHASING) | TO(REPLYING)},
    [QUERY_WAITING] = {NULL, TO(CHASING) | TO(ASKING) | TO(WAITING) | TO(REPLYING)},
    [QUERY_CHASING] = {NULL, TO(CHASING) | TO(REPLYING)},
    [QUERY_REPLYING] = {step_replying, TO(DONE)},
    [QUERY_DONE] = {NULL, TO(JOINING)}, /* as a refresh */
};

/* The only place where a query's state and its timer are set. */
static void query_move(struct query *q, enum query_state state)
{
    assert(steps[q->state].may_go_to & 1u << state);
    q->state = state;
    if (state != QUERY_WAITING && state != QUERY_CHASING) {
        port_timer_stop(q->resolver->port, &q->timer);
        return;
    }
    uint64_t at_us = q->deadline_us;
    if (state == QUERY_WAITING) {
        at_us = q->hedge_us < at_us ? q->hedge_us : at_us;
    }
    at_us = !q->told && q->stale_us < at_us ? q->stale_us : at_us;
    /* Without memory for a timer the attempts' own deadlines still end the query. */
    (void)port_timer_start(q->resolver->port, &q->timer, at_us);
}

void query_run(struct query *q)
{
    while (steps[q->state].run != NULL) {
        query_move(q, steps[q->state].run(q));
    }
}

void query_resume(struct query *q, enum query_state state)
{
    query_move(q, state);
    query_run(q);
    if (q->state == QUERY_DONE) {
        query_release(q);
    }
}

static enum query_state reply_with(struct query *q, enum rcode rcode, enum ede ede,
                                   const char *text)
{
    q->error = (struct reply_error){.rcode = rcode, .ede = ede, .text = text};
    return QUERY_REPLYING;
}

/* Over the bound of live queries. */
static enum query_state reply_busy(struct query *q)
{
    return reply_with(q, RCODE_SERVFAIL, EDE_NOT_READY, "too many queries under way");
}

/* ---- on the client's stack ---- */

static enum query_state drop(struct query *q, enum resolver_outcome why)
{
    q->dropped = why;
    return QUERY_DONE;
}

/* What an access list, a rate limit and cookies have to say; POLICY when nothing. */
static enum query_state query_admit(struct query *q)
{
    struct resolver *r = q->resolver;
    if (q->refused) {
        return reply_with(q, RCODE_REFUSED, EDE_PROHIBITED, "not on the access list");
    }
    struct clients_moment moment = {
        .now_us = port_now_us(r->port),
        .wall_s = q->message.n_cookie > 0 ? (uint32_t)port_wall_s(r->port) : 0,
        .is_datagram = !q->asker->is_stream,
    };
    switch (clients_judge(r->params.clients, q->asker->from, &moment, &q->message)) {
    case CLIENTS_SERVE:
        return QUERY_POLICY;
    case CLIENTS_SERVE_SMALL:
        q->reply_max = q->arrived.n;
        return QUERY_POLICY;
    case CLIENTS_TRUNCATE:
        q->truncated = true;
        return reply_with(q, RCODE_NOERROR, EDE_NONE, NULL);
    case CLIENTS_BAD_COOKIE:
        return reply_with(q, RCODE_BADCOOKIE, EDE_NONE, NULL);
    case CLIENTS_DROP:
        return drop(q, RESOLVER_LIMITED);
    }
    assert(false);
    return QUERY_REPLYING;
}

/* RFC 7828 §3.2.1, §3.3.1: over UDP the option is not there, whatever is in it. */
static enum query_state query_answer_keepalive(struct query *q)
{
    uint8_t idle[2];
    if (!q->asker->is_stream) {
        return QUERY_POLICY;
    }
    if (q->message.odd_keepalive) {
        return reply_with(q, RCODE_FORMERR, EDE_NONE, NULL);
    }
    bytes_write_u16(idle, q->asker->keepalive_ds);
    message_tell_option(&q->message, EDNS_OPTION_KEEPALIVE, bytes_of(idle, sizeof idle));
    return QUERY_POLICY;
}

/* Over a stream nobody knows what such octets belong to: a reply would be to chance. */
static enum query_state query_answer_garbled(struct query *q)
{
    if (q->asker->is_stream) {
        return drop(q, RESOLVER_GARBLED);
    }
    bool is_query = (q->message.flags & FLAG_OPCODE) == 0;
    return reply_with(q, is_query ? RCODE_FORMERR : RCODE_NOTIMP, EDE_NONE, NULL);
}

/* RFC 7873 §5.4: who asks nothing but says a cookie wants to know ours, or whether it is good. */
static enum query_state query_answer_unasked(struct query *q)
{
    static const enum rcode rcodes[] = {
        [MESSAGE_COOKIE_IGNORED] = RCODE_FORMERR,
        [MESSAGE_COOKIE_NEW] = RCODE_NOERROR,
        [MESSAGE_COOKIE_GOOD] = RCODE_NOERROR,
        [MESSAGE_COOKIE_BAD] = RCODE_BADCOOKIE,
    };
    return reply_with(q, rcodes[q->message.cookie_is], EDE_NONE, NULL);
}

static enum query_state step_arrived(struct query *q)
{
    enum message_outcome outcome = message_read_query(q->arrived, &q->message);
    enum query_state next = QUERY_POLICY;
    if (outcome != MESSAGE_DROP && q->resolver->params.clients != NULL &&
        q->asker->chase.depth == 0) {
        next = query_admit(q);
    }
    if (outcome != MESSAGE_DROP && q->message.has_keepalive && next == QUERY_POLICY) {
        next = query_answer_keepalive(q);
    }
    if (next != QUERY_POLICY) {
        return next;
    }
    switch (outcome) {
    case MESSAGE_OK:
        return QUERY_POLICY;
    case MESSAGE_DROP:
        return drop(q, RESOLVER_DROPPED);
    case MESSAGE_FORMERR:
        return q->message.odd_owner
                   ? reply_with(q, RCODE_SERVFAIL, EDE_INVALID_DATA, "an NSEC3 at no hash")
                   : reply_with(q, RCODE_FORMERR, EDE_NONE, NULL);
    case MESSAGE_GARBLED:
        return query_answer_garbled(q);
    case MESSAGE_NOTIMP:
        return reply_with(q, RCODE_NOTIMP, EDE_NONE, NULL);
    case MESSAGE_BADVERS:
        return reply_with(q, RCODE_BADVERS, EDE_NONE, NULL);
    case MESSAGE_NOTAUTH:
        return reply_with(q, RCODE_NOTAUTH, EDE_NOT_SUPPORTED, "signed queries are not relayed");
    case MESSAGE_UNASKED:
        return query_answer_unasked(q);
    }
    assert(false);
    return QUERY_REPLYING;
}

/* The policy's number of a route, as the pool knows it. A policy may be newer than the routes. */
static struct pool_route query_route(const struct query *q)
{
    const struct resolver_params *params = &q->resolver->params;
    unsigned route = q->decision.route;
    return route > 0 && route <= params->n_routes ? params->routes[route - 1]
                                                  : pool_default_route(q->resolver->pool);
}

static enum query_state step_policy(struct query *q)
{
    struct resolver *r = q->resolver;
    struct buf room = buf_over(r->local_room, sizeof r->local_room);
    enum policy_outcome outcome = policy_decide(r->policy, &q->message.question,
                                                q->asker->chase.makes_aaaa, &room, &q->decision);
    r->counts.n_blocked += q->decision.is_blocked && outcome != POLICY_FORWARD;
    if (q->message.question.type == TYPE_ANY && r->params.clients != NULL && !q->asker->is_stream) {
        q->reply_max = q->arrived.n; /* nobody is flooded through us with all there is */
    }
    switch (outcome) {
    case POLICY_FORWARD:
        if (q->decision.is_tcp_only && !q->asker->is_stream && q->asker->chase.depth == 0) {
            q->truncated = true;
            return reply_with(q, RCODE_NOERROR, EDE_NONE, NULL);
        }
        q->route = query_route(q);
        return QUERY_CACHE;
    case POLICY_DROP:
        return drop(q, RESOLVER_BLOCKED);
    case POLICY_LOCAL:
        q->is_local = true;
        return QUERY_REPLYING;
    case POLICY_ERROR:
        q->error = q->decision.error;
        return QUERY_REPLYING;
    case POLICY_ALIAS:
        return q->may_wait ? query_chase_alias(q) : reply_busy(q);
    }
    assert(false);
    return QUERY_REPLYING;
}

/* True when nobody could answer this a moment ago: the client is told so (RFC 9520). */
static bool query_recall_failure(struct query *q)
{
    struct resolver *r = q->resolver;
    struct cache_key key = query_key(q);
    struct failure failure;
    if (!failures_find(cache_failures(r->cache), &key, port_now_us(r->port), &failure)) {
        return false;
    }
    memcpy(q->error_text, failure.text, sizeof q->error_text);
    q->error = (struct reply_error){RCODE_SERVFAIL, EDE_CACHED_ERROR, q->error_text};
    return true;
}

/* A question that providers were asked has ended: that it failed is kept for a while. What failed
 * here, for want of memory or time to live, says nothing about the question; one that nobody takes
 * has not failed. */
static void query_note_failure(const struct query *q)
{
    struct resolver *r = q->resolver;
    struct cache_key key = query_key(q);
    if (q->answer != NULL) {
        failures_forget(cache_failures(r->cache), &key);
        return;
    }
    if ((q->error.ede == EDE_NOT_READY && !q->has_word) || q->error.rcode != RCODE_SERVFAIL) {
        return;
    }
    bool heard = q->was_heard || q->error.ede == EDE_INVALID_DATA;
    struct failure failure;
    snprintf(failure.text, sizeof failure.text, "%s", q->error.text != NULL ? q->error.text : "");
    failures_note(cache_failures(r->cache), &key, heard ? FAILURE_OF_NAME : FAILURE_OF_PATH,
                  &failure, port_now_us(r->port));
}

static enum query_state step_cache(struct query *q)
{
    struct resolver *r = q->resolver;
    struct cache_key key = query_key(q);
    bool wants = (q->message.flags & FLAG_RD) != 0, may_ask = wants && q->may_wait;
    enum cache_state state;
    q->answer = cache_take(r->cache, &key, port_now_us(r->port), &state);
    switch (state) {
    case CACHE_DUE:
        q->due = may_ask;
        return QUERY_REPLYING;
    case CACHE_FRESH:
        return QUERY_REPLYING;
    case CACHE_HELD:
        q->has_stale = true;
        return QUERY_REPLYING;
    case CACHE_STALE:
        q->has_stale = true;
        if (r->params.stale.after_ms == 0 && may_ask) {
            q->due = true; /* its client waits not even a moment */
            return QUERY_REPLYING;
        }
        break;
    case CACHE_NONE:
        break;
    }
    if (!wants) {
        q->answer = answer_unref(q->answer);
        q->has_stale = false;
        return reply_with(q, RCODE_REFUSED, EDE_NOT_AUTHORITATIVE, "ask with RD=1");
    }
    if (!q->has_stale && query_recall_failure(q)) {
        return QUERY_REPLYING;
    }
    if (may_ask) {
        return QUERY_JOINING;
    }
    return q->has_stale ? QUERY_REPLYING : reply_busy(q);
}

void query_take(struct query *q, struct answer *answer)
{
    answer_unref(q->answer);
    q->answer = answer;
    q->has_stale = false;
}

void query_keep(struct query *q)
{
    struct cache_key key = query_key(q);
    cache_put(q->resolver->cache, &key, q->answer);
}

void query_detach(struct query *q)
{
    assert(q->message.raw_question.n <= sizeof q->raw_question);
    memcpy(q->raw_question, q->message.raw_question.at, q->message.raw_question.n);
    q->message.raw_question.at = q->raw_question;
    if (q->asker != NULL) {
        q->client = *q->asker;
    }
}

/* Asks, or waits while another worker asks for the same. */
static enum query_state query_claim(struct query *q)
{
    struct resolver *r = q->resolver;
    struct cache_key key = query_key(q);
    if (r->params.claims == NULL || claims_take(r->params.claims, &q->claim, &key, &r->mailbox)) {
        return QUERY_ASKING;
    }
    r->counts.n_coalesced++;
    q->hedge_us = PORT_NEVER;
    q->timer.on_fire = query_on_timer;
    return QUERY_WAITING;
}

static enum query_state step_joining(struct query *q)
{
    struct query *leader = query_find_leader(q->resolver, q);
    if (leader != NULL && (q->told || (leader->told && q->has_stale))) {
        return QUERY_REPLYING; /* what can be had is being asked for */
    }
    query_detach(q);
    if (leader != NULL) {
        q->next = leader->followers;
        leader->followers = q;
        q->resolver->counts.n_coalesced++;
        return QUERY_FOLLOWING;
    }
    query_lead(q);
    uint64_t now_us = port_now_us(q->resolver->port);
    q->deadline_us = now_us + (uint64_t)q->resolver->params.query_timeout_ms * 1000;
    q->stale_us =
        q->has_stale ? now_us + (uint64_t)q->resolver->params.stale.after_ms * 1000 : PORT_NEVER;
    return query_claim(q);
}

void query_on_told(struct query *q)
{
    if (q->claim.answer == NULL) {
        bool failed = !q->has_stale && query_recall_failure(q);
        query_resume(q, failed ? QUERY_REPLYING : query_claim(q));
        return;
    }
    query_take(q, q->claim.answer);
    query_resume(q, QUERY_REPLYING);
}

void query_fail(struct query *q, const struct reply_error *error)
{
    if (!q->has_stale) {
        q->answer = answer_unref(q->answer);
    }
    q->error = *error;
    query_resume(q, QUERY_REPLYING);
}

/* ---- the end ---- */

/* An answer may lead by its CNAMEs to what a list blocks: looked at each time it is told, so that
 * it follows the lists of now. 0: it does not. */
static size_t query_write_blocked(struct query *q, uint8_t *out, size_t limit)
{
    struct resolver *r = q->resolver;
    struct buf room = buf_over(r->local_room, sizeof r->local_room);
    struct policy_decision decision;
    if (q->decision.is_exempt || q->message.question.type == TYPE_CNAME) {
        return 0;
    }
    enum policy_outcome outcome =
        policy_decide_answer(r->policy, &q->message.question, q->answer, &room, &decision);
    r->counts.n_blocked += outcome != POLICY_FORWARD;
    if (outcome == POLICY_LOCAL) {
        return reply_local(&q->message, &decision.local, limit, out);
    }
    return outcome == POLICY_ERROR ? reply_error(&q->message, &decision.error, out) : 0;
}

static size_t query_write_whole(struct query *q, uint8_t *out, size_t room)
{
    if (q->answer == NULL && !q->is_local) {
        return reply_error(&q->message, &q->error, out);
    }
    const struct resolver_client *client = q->asker != NULL ? q->asker : &q->client;
    size_t limit = client->reply_limit != 0 ? client->reply_limit : reply_udp_limit(&q->message);
    limit = limit < room ? limit : room;
    if (q->is_local) {
        return reply_local(&q->message, &q->decision.local, limit, out);
    }
    size_t n_blocked = q->answer->has_alias ? query_write_blocked(q, out, limit) : 0;
    if (n_blocked > 0) {
        return n_blocked;
    }
    struct reply_moment moment = {port_now_us(q->resolver->port), q->resolver->params.stale.ttl_s};
    return reply_from_answer(&q->message, q->answer, &moment, limit, out);
}

/* An empty reply that sends the client to TCP. */
static size_t query_write_truncated(struct query *q, uint8_t *out)
{
    struct reply_error nothing = {.rcode = RCODE_NOERROR, .ede = EDE_NONE};
    size_t n = reply_error(&q->message, &nothing, out);
    out[2] = (uint8_t)(out[2] | FLAG_TC >> 8);
    return n;
}

static size_t query_write(struct query *q, uint8_t *out, size_t room)
{
    if (q->truncated) {
        return query_write_truncated(q, out);
    }
    size_t n = query_write_whole(q, out, room);
    return q->reply_max > 0 && n > q->reply_max ? query_write_truncated(q, out) : n;
}

static void query_count_reply(struct query *q)
{
    struct resolver_counts *counts = &q->resolver->counts;
    counts->n_answered++;
    counts->n_stale += q->has_stale;
    unsigned rcode = q->answer != NULL ? q->answer->rcode : q->error.rcode;
    if (!q->is_local && rcode == RCODE_SERVFAIL) {
        counts->n_servfail++;
    }
}

/* The same end for a query that waited for this one. */
static void query_inherit(struct query *follower, const struct query *leader)
{
    if (leader->answer != NULL && !(leader->has_stale && follower->has_stale)) {
        answer_unref(follower->answer);
        follower->answer = answer_ref(leader->answer);
        follower->has_stale = leader->has_stale;
    }
    follower->error = leader->error;
    query_resume(follower, QUERY_REPLYING);
}

/* Tells what is known to the client that waits, and to those that wait with it. */
static void query_tell(struct query *q)
{
    struct resolver *r = q->resolver;
    if (!q->told) {
        query_count_reply(q);
        size_t n = query_write(q, r->reply, sizeof r->reply);
        q->client.on_reply(&q->client, bytes_of(r->reply, n));
    }
    while (q->followers != NULL) {
        struct query *follower = q->followers;
        q->followers = follower->next;
        query_inherit(follower, q);
    }
}

void query_tell_stale(struct query *q)
{
    query_tell(q);
    query_leave_client(q);
}

/* A stale answer was the best there is: for a while nobody need wait to learn the same again. */
static void query_hold_stale(struct query *q)
{
    struct resolver *r = q->resolver;
    struct cache_key key = query_key(q);
    uint64_t now_us = port_now_us(r->port);
    cache_hold(r->cache, &key, now_us, now_us + r->params.stale.recheck_s * UINT64_C(1000000));
}

/* What its end means for those who ask the same later. A query that chased something has stopped
 * leading before; of a chain that goes round, the first one's failure counts alone. */
static void query_conclude(struct query *q)
{
    if (q->has_led && q->has_stale) {
        query_hold_stale(q);
    } else if (q->tried != 0 && (q->leads || (q->has_led && q->client.chase.depth == 0))) {
        query_note_failure(q);
    }
}

static enum query_state step_replying(struct query *q)
{
    struct resolver *r = q->resolver;
    if (q->tried != 0 && r->audit != NULL) {
        audit_hear(r->audit, &q->message.question);
    }
    query_end_tries(q);
    query_conclude(q);
    query_stop_leading(q);
    if (r->params.claims != NULL) {
        claims_end(r->params.claims, &q->claim, q->has_stale ? NULL : q->answer);
    }
    if (q->out != NULL && !q->told) {
        query_count_reply(q);
        q->out->n += query_write(q, q->out->at + q->out->n, q->out->size - q->out->n);
        return QUERY_DONE;
    }
    query_tell(q);
    if (q->tried != 0 && q->answer != NULL && !q->has_stale && !q->decision.is_local_route &&
        r->audit != NULL && !query_wants_cd(q)) {
        audit_tell(r->audit, &q->message.question, q->answer);
    }
    return QUERY_DONE;
}

void query_refresh(struct query *q)
{
    if (!q->has_stale) { /* a stale one is still the best there is, should the asking fail */
        q->answer = answer_unref(q->answer);
    }
    q->due = false;
    query_leave_client(q);
    query_move(q, QUERY_JOINING);
    query_run(q);
}
