/* SPDX-License-Identifier: MIT */
/* Where queries are kept: the free list, the table of questions under way, the counters. */
#include "resolver/siphash.h"
#include "resolver/query.h"

#include <assert.h>
#include <stdlib.h>

struct resolver *resolver_new(const struct resolver_params *params, struct port *port,
                              struct cache *cache, struct pool *pool, struct audit *audit)
{
    struct resolver *r = calloc(1, sizeof *r);
    if (r == NULL) {
        return NULL;
    }
    r->params = *params;
    r->port = port;
    r->cache = cache;
    r->pool = pool;
    r->audit = audit;
    port->ops->random(port, r->secret, sizeof r->secret);
    mailbox_init(&r->mailbox, params->wake, params->wake_ctx);
    return r;
}

struct resolver *resolver_free(struct resolver *r)
{
    if (r == NULL) {
        return NULL;
    }
    struct reply_error stopping = {RCODE_SERVFAIL, EDE_NOT_READY, "the resolver is stopping"};
    for (size_t i = 0; i < QUERY_BUCKETS; i++) {
        while (r->under_way[i] != NULL) {
            query_fail(r->under_way[i], &stopping);
        }
    }
    assert(r->counts.n_live == 0 && r->counts.n_refreshing == 0);
    while (r->free != NULL) {
        struct query *q = r->free;
        r->free = q->next;
        free(q);
    }
    mailbox_done(&r->mailbox);
    policy_unref(r->policy);
    free(r);
    return NULL;
}

void resolver_set_policy(struct resolver *r, struct policy *policy)
{
    policy_unref(r->policy);
    r->policy = policy;
}

/* One more than there may be gets its answer while it is on its client's stack, or not at all. */
struct query *query_obtain(struct resolver *r)
{
    size_t n = r->counts.n_live + r->counts.n_refreshing;
    struct query *q = r->free;
    if (n > r->params.max_queries) {
        return NULL;
    }
    if (q != NULL) {
        r->free = q->next;
    } else if ((q = malloc(sizeof *q)) == NULL) {
        return NULL;
    }
    q->may_wait = n < r->params.max_queries;
    r->counts.n_live++;
    return q;
}

/* One query less has a client that waits. */
static void count_live_down(struct resolver *r)
{
    r->counts.n_live--;
    if (r->counts.n_live == 0 && r->on_drained != NULL) {
        void (*on_drained)(void *ctx) = r->on_drained;
        r->on_drained = NULL;
        on_drained(r->drained_ctx);
    }
}

void query_leave_client(struct query *q)
{
    struct resolver *r = q->resolver;
    q->told = true;
    r->counts.n_refreshing++;
    count_live_down(r);
}

void query_release(struct query *q)
{
    struct resolver *r = q->resolver;
    bool told = q->told;
    answer_unref(q->answer);
    answer_unref(q->part);
    q->next = r->free;
    r->free = q;
    if (told) {
        r->counts.n_refreshing--;
    } else {
        count_live_down(r);
    }
}

static struct query **query_bucket(struct resolver *r, const struct query *q)
{
    const struct question *question = &q->message.question;
    uint64_t hash = siphash13(r->secret, name_bytes(&question->name)) + question->type;
    return &r->under_way[hash % QUERY_BUCKETS];
}

static bool query_same(const struct query *a, const struct query *b)
{
    const struct question *x = &a->message.question, *y = &b->message.question;
    return x->type == y->type && x->class == y->class && a->message.edns_do == b->message.edns_do &&
           a->decision.route == b->decision.route &&
           ((a->message.flags ^ b->message.flags) & FLAG_CD) == 0 &&
           bytes_equal(name_bytes(&x->name), name_bytes(&y->name));
}

struct query *query_find_leader(struct resolver *r, const struct query *query)
{
    struct query *q = *query_bucket(r, query);
    while (q != NULL && !query_same(q, query)) {
        q = q->next;
    }
    return q;
}

void query_lead(struct query *q)
{
    struct query **bucket = query_bucket(q->resolver, q);
    q->next = *bucket;
    *bucket = q;
    q->leads = true;
    q->has_led = true;
}

void query_stop_leading(struct query *q)
{
    if (!q->leads) {
        return;
    }
    struct query **at = query_bucket(q->resolver, q);
    while (*at != q) {
        at = &(*at)->next;
    }
    *at = q->next;
    q->leads = false;
}

/* Only what a query is read by before it is written: most of its bytes are buffers. */
static void query_begin(struct query *q, struct resolver *r, struct bytes message)
{
    q->resolver = r;
    q->state = QUERY_ARRIVED;
    q->serial = ++r->n_serials;
    q->dropped = RESOLVER_ANSWERED;
    q->refused = false;
    q->truncated = false;
    q->reply_max = 0;
    q->leads = false;
    q->has_led = false;
    q->told = false;
    q->due = false;
    q->arrived = message;
    q->answer = NULL;
    q->part = NULL;
    q->has_stale = false;
    q->error = (struct reply_error){.rcode = RCODE_NOERROR, .ede = EDE_NONE};
    q->was_heard = false;
    q->has_word = false;
    q->is_local = false;
    q->claim.live = false;
    q->timer = (struct port_timer){0};
    q->tried = 0;
    q->retried = 0;
    q->unsure = 0;
    q->n_tries = 0;
    q->n_apart = 0;
    q->is_lost = false;
    q->next = NULL;
    q->followers = NULL;
}

/* Without room for a query the newcomer still gets its answer, though a poor one. */
static enum resolver_outcome resolver_refuse(struct resolver *r, struct bytes message,
                                             struct buf *out)
{
    struct query_message query;
    struct reply_error full = {RCODE_SERVFAIL, EDE_NOT_READY, "too many queries under way"};
    if (message_read_query(message, &query) == MESSAGE_DROP) {
        r->counts.n_dropped++;
        return RESOLVER_DROPPED;
    }
    out->n += reply_error(&query, &full, out->at + out->n);
    r->counts.n_answered++;
    r->counts.n_servfail++;
    return RESOLVER_ANSWERED;
}

enum resolver_outcome resolver_ask(struct resolver *r, struct bytes message,
                                   const struct resolver_client *client, struct buf *out)
{
    assert(out->size - out->n >= REPLY_ERROR_MAX);
    r->counts.n_received++;
    enum clients_access access = CLIENTS_ALLOWED;
    if (r->params.clients != NULL && client->chase.depth == 0) {
        access = clients_access(r->params.clients, client->from);
    }
    if (access == CLIENTS_UNHEARD) {
        r->counts.n_dropped++;
        return RESOLVER_DENIED;
    }
    struct query *q = query_obtain(r);
    if (q == NULL) {
        return resolver_refuse(r, message, out);
    }
    query_begin(q, r, message);
    q->asker = client;
    q->out = out;
    q->refused = access == CLIENTS_REFUSED;
    query_run(q);
    q->asker = NULL;
    q->out = NULL;
    if (q->state != QUERY_DONE) {
        return RESOLVER_PENDING;
    }
    enum resolver_outcome outcome = q->dropped;
    r->counts.n_dropped += outcome != RESOLVER_ANSWERED;
    if (q->due) {
        q->client = *client; /* how deep it is, when it asks for itself */
        query_refresh(q);
    }
    if (q->state == QUERY_DONE) {
        query_release(q);
    }
    return outcome;
}

void resolver_on_woken(struct resolver *r)
{
    struct claim *claim;
    while ((claim = mailbox_take(r->params.claims, &r->mailbox)) != NULL) {
        query_on_told((struct query *)((char *)claim - offsetof(struct query, claim)));
    }
}

void resolver_drain(struct resolver *r, void (*on_drained)(void *ctx), void *ctx)
{
    if (r->counts.n_live == 0) {
        on_drained(ctx);
        return;
    }
    r->on_drained = on_drained;
    r->drained_ctx = ctx;
}

void resolver_count(const struct resolver *r, struct resolver_counts *ret_counts)
{
    *ret_counts = r->counts;
}
