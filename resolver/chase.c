/* SPDX-License-Identifier: MIT */
/* Questions that a query asks on its own behalf, by the whole way that a client's go: what a local
 * name is another name of, and the addresses that DNS64 makes others of (RFC 6147):
 *
 *   alias      the other name, same type; its answer gets a CNAME in front
 *   DNS64      when AAAA is empty: ipv4only.arpa AAAA for the prefix (RFC 7050) unless it is
 *              configured; then A, each address behind the prefix. When there is no PTR: the same
 *              for the prefix, then the PTR of the address inside
 *   rest       when a server knew the beginning of a chain alone (RFC 1034 section 3.6.2): what its
 *              last name has
 *
 * Such a question is a query of its own, and counts as one. Bound: CHASE_DEPTH_MAX, one in the
 * other. Its own deadline may lie behind that of the query that waits: the latter's holds. A whole
 * answer that is stale stays at hand meanwhile, as while providers are asked (RFC 8767). */
#include "resolver/query.h"
#include "resolver/wire/compose.h"

#include <assert.h>
#include <stdlib.h>

enum { CHASE_DEPTH_MAX = 8, TTL_MAX_S = 7 * 86400, SYNTH_TTL_S = 600 /* RFC 6147 section 5.1.7 */ };

/* In the room of the client that stands for the query that waits. */
struct waiting {
    struct query *query;
    uint64_t serial;
};

static struct question question_of(const struct query *q)
{
    const struct question *own = &q->message.question;
    struct question question = {.type = own->type, .class = CLASS_IN};
    switch (q->chase) {
    case CHASE_ALIAS:
        question.name = q->decision.alias;
        break;
    case CHASE_PREFIX:
        question.type = TYPE_AAAA;
        name_from_text("ipv4only.arpa", &question.name);
        break;
    case CHASE_ADDRESS:
        question.type = TYPE_A;
        question.name = own->name;
        break;
    case CHASE_MADE_NAME:
    case CHASE_REST:
        question.name = q->chase_name;
        break;
    }
    return question;
}

/* gives the reply as an answer; NULL when it is none. */
static struct answer *read_reply(const struct query *q, struct bytes reply)
{
    struct question question = question_of(q);
    struct answer_expect expect = {
        .question = &question,
        .id = -1,
        .now_us = port_now_us(q->resolver->port),
        .max_ttl_s = TTL_MAX_S,
        .negative_max_ttl_s = TTL_MAX_S,
    };
    struct answer *answer = NULL;
    return answer_read(reply, &expect, &answer) == ANSWER_OK ? answer : NULL;
}

static bool gave_up(struct query *q, enum ede ede, const char *why)
{
    q->error = (struct reply_error){RCODE_SERVFAIL, ede, why};
    return false;
}

/* The reason is that of what was found, when it has one. */
static bool gave_up_for(struct query *q, const struct answer *found, const char *why)
{
    bool has_reason = found != NULL && found->ede != EDE_NONE;
    return gave_up(q, has_reason ? (enum ede)found->ede : EDE_OTHER, why);
}

static bool is_stale(const struct answer *found)
{
    return found->ede == EDE_STALE || found->ede == EDE_STALE_NXDOMAIN;
}

/* Takes `whole`, made of what was found. What is stale in part is told, with its reason, but no
 * fresh answer to be kept; a stale one that is at hand is held then instead. */
static bool take_whole(struct query *q, const struct answer *found, struct answer *whole)
{
    if (is_stale(found) && q->has_stale) {
        answer_unref(whole);
        return false;
    }
    query_take(q, whole);
    if (!is_stale(found)) {
        query_keep(q);
    }
    return false;
}

/* Takes its part as the whole answer. */
static void take_part(struct query *q)
{
    query_take(q, q->part);
    q->part = NULL;
}

/* ---- what was found: true when there is more to be asked ---- */

/* Nothing is made after all: what providers told holds, or that they failed. */
static bool take_unmade(struct query *q)
{
    if (q->part != NULL) {
        take_part(q);
        query_keep(q);
    }
    return false;
}

static bool take_alias(struct query *q, struct answer *found)
{
    struct compose_wish wish = {
        .question = &q->message.question,
        .is_alias = true,
        .alias_ttl_s = q->decision.alias_ttl_s,
        .max_ttl_s = TTL_MAX_S,
        .now_us = port_now_us(q->resolver->port),
    };
    if (found == NULL || compose_from(found, &wish, &q->answer) < 0) {
        q->answer = NULL;
        return gave_up_for(q, found, "the name that this one stands for has no answer");
    }
    return false;
}

/* The name of an address that was made, under a prefix that had to be found. */
static bool take_made_name(struct query *q, const struct answer *found)
{
    struct answer *made = NULL;
    uint32_t ttl_s = q->part != NULL && q->part->ttl_s > 0 ? q->part->ttl_s : SYNTH_TTL_S;
    struct compose_wish wish = {
        .question = &q->message.question,
        .is_alias = true,
        .alias_ttl_s = ttl_s,
        .max_ttl_s = ttl_s,
        .now_us = port_now_us(q->resolver->port),
    };
    bool good = found != NULL && found->rcode == RCODE_NOERROR && found->n_answers > 0 &&
                compose_from(found, &wish, &made) == 0;
    return good ? take_whole(q, found, made) : take_unmade(q);
}

static bool take_prefix(struct query *q, const struct answer *found)
{
    if (found != NULL) {
        q->prefix = dns64_discover(found);
    }
    if (q->prefix.bits == 0) {
        return take_unmade(q);
    }
    if (q->message.question.type == TYPE_PTR) {
        q->chase = CHASE_MADE_NAME;
        return dns64_reverse(&q->prefix, &q->message.question.name, &q->chase_name) ||
               take_unmade(q);
    }
    q->chase = CHASE_ADDRESS;
    return true;
}

static bool embed(const void *ctx, const uint8_t v4[4], uint8_t ret_v6[16])
{
    dns64_embed(ctx, v4, ret_v6);
    return dns64_may_embed(ctx, v4);
}

/* Without addresses the empty answer is true, but may not be the whole truth: not kept. */
static bool take_no_address(struct query *q)
{
    if (!q->has_stale && q->part != NULL) {
        take_part(q);
    }
    return false;
}

/* The empty answer says for how long there is no AAAA: so long what is made instead may be kept. */
static bool take_address(struct query *q, const struct answer *found)
{
    struct answer *made = NULL;
    struct compose_wish wish = {
        .question = &q->message.question,
        .address = embed,
        .ctx = &q->prefix,
        .max_ttl_s = q->part != NULL && q->part->ttl_s > 0 ? q->part->ttl_s : SYNTH_TTL_S,
        .now_us = port_now_us(q->resolver->port),
    };
    if (found == NULL || found->rcode != RCODE_NOERROR) {
        return take_no_address(q);
    }
    if (compose_from(found, &wish, &made) == 0 && dns64_has_address(made, NULL)) {
        return take_whole(q, found, made);
    }
    answer_unref(made);
    return take_unmade(q);
}

/* Without the rest there is nothing to tell: to a stub the beginning would mean that the name has
 * no such record. */
static bool take_rest(struct query *q, const struct answer *found)
{
    struct answer *whole = NULL;
    struct compose_wish wish = {
        .question = &q->message.question,
        .before = q->part,
        .max_ttl_s = TTL_MAX_S,
        .now_us = port_now_us(q->resolver->port),
    };
    bool good = found != NULL &&
                (found->rcode == RCODE_NOERROR || found->rcode == RCODE_NXDOMAIN) &&
                compose_from(found, &wish, &whole) == 0;
    return good ? take_whole(q, found, whole)
                : gave_up_for(q, found, "the name that this one is an alias of has no answer");
}

static bool take(struct query *q, struct answer *found)
{
    bool more = false;
    switch (q->chase) {
    case CHASE_ALIAS:
        more = take_alias(q, found);
        break;
    case CHASE_PREFIX:
        more = take_prefix(q, found);
        break;
    case CHASE_ADDRESS:
        more = take_address(q, found);
        break;
    case CHASE_MADE_NAME:
        more = take_made_name(q, found);
        break;
    case CHASE_REST:
        more = take_rest(q, found);
        break;
    }
    answer_unref(found);
    return more;
}

/* ---- asking ---- */

static enum query_state chase(struct query *q);

static void on_reply(const struct resolver_client *client, struct bytes reply)
{
    struct waiting waiting;
    memcpy(&waiting, client->room, sizeof waiting);
    struct query *q = waiting.query;
    if (q->serial != waiting.serial || q->state != QUERY_CHASING) {
        return; /* it has ended meanwhile */
    }
    bool more = take(q, read_reply(q, reply));
    enum query_state next = more ? chase(q) : QUERY_REPLYING;
    if (next != QUERY_CHASING) {
        query_resume(q, next);
    }
}

static size_t write_question(const struct query *q, uint8_t message[QUERY_MAX])
{
    struct question question = question_of(q);
    struct query_wish wish = {
        .question = &question,
        .want_do = q->message.edns_do,
        .want_cd = (q->message.flags & FLAG_CD) != 0,
    };
    size_t n = message_write_query(&wish, message);
    if ((q->message.flags & FLAG_RD) == 0) {
        message[2] = (uint8_t)(message[2] & ~(FLAG_RD >> 8));
    }
    return n;
}

static const struct resolver_client *asker_of(const struct query *q)
{
    return q->asker != NULL ? q->asker : &q->client;
}

/* True when there was a reply at once: *ret_found, or NULL. */
static bool ask(struct query *q, unsigned depth, struct answer **ret_found)
{
    uint8_t message[QUERY_MAX];
    size_t n = write_question(q, message);
    struct waiting waiting = {q, q->serial};
    struct resolver_client client = {
        .on_reply = on_reply,
        .reply_limit = MESSAGE_MAX,
        .chase = {.depth = depth,
                  .makes_aaaa = q->chase == CHASE_ADDRESS || asker_of(q)->chase.makes_aaaa},
    };
    memcpy(client.room, &waiting, sizeof waiting);
    struct buf out = buf_over(malloc(MESSAGE_MAX), MESSAGE_MAX);
    *ret_found = NULL;
    if (out.at == NULL) {
        return true;
    }
    enum resolver_outcome outcome = resolver_ask(q->resolver, bytes_of(message, n), &client, &out);
    if (outcome == RESOLVER_ANSWERED) {
        *ret_found = read_reply(q, bytes_of(out.at, out.n));
    }
    free(out.at);
    return outcome != RESOLVER_PENDING;
}

static enum query_state chase(struct query *q)
{
    unsigned depth = asker_of(q)->chase.depth + 1;
    struct answer *found;
    do {
        if (depth > CHASE_DEPTH_MAX) {
            gave_up(q, EDE_OTHER, "names that stand for one another without an end");
            return QUERY_REPLYING;
        }
        if (!ask(q, depth, &found)) {
            return QUERY_CHASING;
        }
    } while (take(q, found));
    return QUERY_REPLYING;
}

/* No client waits longer than for any other question; what was asked goes on, for the cache. */
static void on_timer(struct port_timer *timer)
{
    struct query *q = (struct query *)((char *)timer - offsetof(struct query, timer));
    if (port_now_us(q->resolver->port) < q->deadline_us) {
        query_tell_stale(q);
        query_resume(q, QUERY_CHASING);
        return;
    }
    gave_up(q, EDE_NO_REACHABLE, "what this answer is made of did not come in time");
    query_resume(q, QUERY_REPLYING);
}

enum query_state query_chase_alias(struct query *q)
{
    const struct resolver *r = q->resolver;
    query_detach(q);
    q->chase = CHASE_ALIAS;
    q->deadline_us = port_now_us(r->port) + (uint64_t)r->params.query_timeout_ms * 1000;
    q->stale_us = PORT_NEVER;
    q->timer.on_fire = on_timer;
    return chase(q);
}

static bool looks_itself(const struct query *q)
{
    return q->message.edns_do && (q->message.flags & FLAG_CD) != 0;
}

/* Whether it is the name of an address that may be a made one, and providers know none. */
static bool wants_made_name(struct query *q, const struct answer *answer)
{
    const struct question *question = &q->message.question;
    uint8_t v6[16];
    return question->type == TYPE_PTR && question->class == CLASS_IN && !looks_itself(q) &&
           (answer == NULL || answer->n_answers == 0) && dns64_is_reverse(&question->name, v6) &&
           policy_dns64(q->resolver->policy, &question->name, &q->prefix) && q->prefix.bits == 0;
}

/* `answer` NULL: providers gave an error, which is taken for an empty one (RFC 6147 section 5.1.2).
 * Writes the prefix to q->prefix. */
static bool wants_synthesis(struct query *q, uint16_t type, const struct answer *answer)
{
    const struct question *question = &q->message.question;
    const struct policy *policy = q->resolver->policy;
    return type == TYPE_AAAA && question->class == CLASS_IN && !looks_itself(q) &&
           policy_dns64(policy, &question->name, &q->prefix) &&
           (answer == NULL || (answer->rcode == RCODE_NOERROR &&
                               !dns64_has_address(answer, policy_unusable(policy))));
}

bool query_wants_synthesis(struct query *q)
{
    return wants_synthesis(q, q->message.question.type, q->part) || wants_made_name(q, q->part);
}

bool query_wants_synthesis_anyway(struct query *q)
{
    if (q->has_stale || (!q->was_heard && q->answer == NULL) ||
        !(wants_synthesis(q, q->message.question.type, q->answer) ||
          wants_made_name(q, q->answer))) {
        return false;
    }
    q->part = q->answer;
    q->answer = NULL;
    return true;
}

enum query_state query_chase_synthesis(struct query *q)
{
    q->chase = q->prefix.bits == 0 ? CHASE_PREFIX : CHASE_ADDRESS;
    q->timer.on_fire = on_timer;
    return chase(q);
}

bool query_wants_rest(struct query *q)
{
    return q->part->has_alias && q->part->ttl_s == 0 &&
           answer_lacks_end(q->part, q->message.question.type, &q->chase_name);
}

/* Nobody may join it or wait for what it claimed: the chain may lead back to its own question,
 * which is then asked anew, as deep as such questions go. */
enum query_state query_chase_rest(struct query *q)
{
    query_stop_leading(q);
    if (q->resolver->params.claims != NULL) {
        claims_end(q->resolver->params.claims, &q->claim, NULL);
    }
    q->chase = CHASE_REST;
    q->timer.on_fire = on_timer;
    return chase(q);
}

/* ---- addresses that count as none, beside others (RFC 6147 section 5.1.4) ---- */

static bool is_kept(const void *ctx, const uint8_t v6[16])
{
    return dns64_is_usable(v6, ctx);
}

static bool has_excluded(struct query *q, uint16_t type, const struct answer *answer)
{
    const struct question *question = &q->message.question;
    const struct policy *policy = q->resolver->policy;
    struct dns64_prefix prefix;
    return type == TYPE_AAAA && question->class == CLASS_IN && answer->rcode == RCODE_NOERROR &&
           !looks_itself(q) && policy_dns64(policy, &question->name, &prefix) &&
           dns64_has_unusable(answer, policy_unusable(policy));
}

struct answer *query_exclude(struct query *q, struct answer *answer)
{
    const struct dns64_ranges *unusable = policy_unusable(q->resolver->policy);
    struct compose_wish wish = {
        .question = &q->message.question,
        .keeps = is_kept,
        .ctx = unusable,
        .max_ttl_s = TTL_MAX_S,
        .now_us = port_now_us(q->resolver->port),
    };
    struct answer *rest = NULL;
    if (!has_excluded(q, q->message.question.type, answer) ||
        !dns64_has_address(answer, unusable)) {
        return answer;
    }
    int failure = compose_from(answer, &wish, &rest);
    answer_unref(answer);
    return failure == 0 ? rest : NULL;
}

/* ---- address hints of a family that is switched off ---- */

static bool has_hint(const struct answer *answer, enum hint hint)
{
    struct answer_walk walk = answer_walk(answer);
    struct answer_record record;
    while (walk.n_done < answer->n_answers && answer_next(&walk, &record)) {
        bool is_service = record.type == TYPE_SVCB || record.type == TYPE_HTTPS;
        if (is_service && hints_has(record.rdata, hint)) {
            return true;
        }
    }
    return false;
}

struct answer *query_unhint(struct query *q, struct answer *answer)
{
    const struct question *question = &q->message.question;
    struct compose_wish wish = {
        .question = question,
        .without = policy_unwanted_hint(q->resolver->policy),
        .max_ttl_s = TTL_MAX_S,
        .now_us = port_now_us(q->resolver->port),
    };
    struct answer *rest = NULL;
    bool may_have = question->type == TYPE_SVCB || question->type == TYPE_HTTPS;
    if (!may_have || wish.without == HINT_NONE || looks_itself(q) ||
        !has_hint(answer, wish.without)) {
        return answer;
    }
    int failure = compose_from(answer, &wish, &rest);
    answer_unref(answer);
    return failure == 0 ? rest : NULL;
}

/* ---- the rebinding guard ---- */

struct answer *query_guard(struct query *q, struct answer *answer)
{
    enum { BLOCKED_TTL_S = 60 };
    struct answer *blocked = NULL;
    struct reply_local local = {
        .rcode = RCODE_NXDOMAIN, .ttl_s = BLOCKED_TTL_S, .ede = EDE_BLOCKED};
    if (!q->decision.is_guarded || !guard_finds(answer)) {
        return answer;
    }
    answer_unref(answer);
    if (compose_local(&q->message.question, &local, port_now_us(q->resolver->port), &blocked) < 0) {
        return NULL;
    }
    q->resolver->counts.n_rebinding++;
    return blocked;
}

bool query_may_keep(struct query *q, uint16_t type, const struct answer *answer)
{
    return !wants_synthesis(q, type, answer) && !has_excluded(q, type, answer) &&
           !(q->decision.is_guarded && guard_finds(answer));
}
