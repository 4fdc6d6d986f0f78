/* SPDX-License-Identifier: MIT */
/* A query: what one client wants, from its arrival to its reply. Private to query.c (its life) and
 * resolver.c (where queries are kept); listeners see resolver.h only. */
#ifndef RESOLVER_QUERY_H
#define RESOLVER_QUERY_H

#include "resolver/policy/dns64.h"
#include "resolver/policy/guard.h"
#include "resolver/policy/policy.h"
#include "resolver/resolver.h"

enum {
    QUERY_ATTEMPTS_LIVE = 4, /* providers asked at the same time for one query */
    QUERY_BUCKETS = 4096,    /* of the table of questions under way */
};

enum query_state {
    QUERY_ARRIVED,   /* a message came: read it */
    QUERY_POLICY,    /* may it leave the host? */
    QUERY_CACHE,     /* is the answer known, and is it fresh? */
    QUERY_JOINING,   /* is the same question under way? */
    QUERY_FOLLOWING, /* it is: waits for that query's end */
    QUERY_ASKING,    /* start an attempt at the next provider */
    QUERY_WAITING,   /* attempts are live; the timer stands at the hedge or the deadline */
    QUERY_CHASING,   /* waits for the answer to a question of its own */
    QUERY_REPLYING,  /* answer or error is known: tell the client, and those that follow */
    QUERY_DONE,      /* nothing refers to it any more */
    QUERY_N_STATES,
};

/* One live attempt and when it began. */
struct query_try {
    struct attempt *attempt;
    unsigned provider;
    unsigned turn; /* 0, or beside others at this provider */
    uint64_t began_us;
};

/* What a query asks for itself (chase.c). */
enum query_chase { CHASE_ALIAS, CHASE_PREFIX, CHASE_ADDRESS, CHASE_MADE_NAME, CHASE_REST };

struct query {
    struct resolver *resolver;
    uint64_t serial; /* no other query of the resolver has it */
    enum query_state state;
    enum resolver_outcome dropped; /* ends without a reply, by this rule; ANSWERED: it does not */
    bool refused;                  /* its client may not ask, and is told so */
    bool truncated;                /* its client is to come again over TCP */
    size_t reply_max; /* octets for a client that may not be who it says; 0: no bound */
    bool may_wait;    /* there is room for it among the live; else it ends at once */
    bool leads;       /* stands in the table of questions under way */
    bool has_led;     /* its question was put to providers, or to another worker that does */
    bool told;        /* no client waits for it: answered already, or it is a refresh */
    bool due;         /* the answer found is popular and near its end: becomes a refresh */
    struct query_message message;

    /* While resolver_ask() is on the stack: its arguments; NULL afterwards. */
    struct bytes arrived;
    const struct resolver_client *asker;
    struct buf *out;

    /* How it ends: an answer, or failing that an error. */
    struct answer *answer;
    bool has_stale; /* answer is stale: what the client gets if nothing better comes */
    struct reply_error error;
    bool was_heard; /* a provider had an rcode to tell, though no answer … */
    bool has_word;  /* … and said why: the error's reason is a provider's own */
    bool is_local;  /* the policy's own answer: decision.local */
    struct policy_decision decision;
    char error_text[ANSWER_EDE_TEXT_MAX + 1];

    enum query_chase chase;
    struct answer *part; /* what providers told so far; `answer` may be a stale whole meanwhile */
    struct name chase_name; /* with CHASE_REST and CHASE_MADE_NAME */
    struct dns64_prefix prefix;

    struct claim claim; /* to ask, or a place in the line of the worker that does */

    /* The asking. Bit i of a mask is provider i. */
    struct port_timer timer;
    uint64_t deadline_us;
    uint64_t hedge_us;
    uint64_t stale_us; /* when the client is told the stale answer; PORT_NEVER: there is none */
    struct pool_route route; /* decision.route, as the pool knows it */
    unsigned tried;
    unsigned retried;
    unsigned unsure; /* failed it, as the name may deserve */
    struct query_try tries[QUERY_ATTEMPTS_LIVE];
    size_t n_tries;
    unsigned n_apart; /* tries made beside others at their provider, or in place of lost ones */
    bool is_lost;     /* the last try to end was lost on its way, … */
    unsigned lost_at; /* … which led to this provider */

    struct query *next;      /* in its bucket, its leader's followers, or the free list */
    struct query *followers; /* newest first */

    /* What outlives resolver_ask(): copied when the query starts to wait. */
    struct resolver_client client;
    uint8_t raw_question[NAME_MAX_OCTETS + 4];
};

struct resolver {
    struct resolver_params params;
    struct port *port;
    struct cache *cache;
    struct pool *pool;
    struct audit *audit;
    struct policy *policy;  /* one reference; NULL: the defaults */
    struct mailbox mailbox; /* with params.claims */
    struct resolver_counts counts;
    uint64_t n_serials;
    void (*on_drained)(void *ctx);
    void *drained_ctx;
    uint8_t secret[16];
    struct query *free;
    struct query *under_way[QUERY_BUCKETS];
    uint8_t reply[MESSAGE_MAX];      /* the one reply being told outside resolver_ask() */
    uint8_t local_room[POLICY_ROOM]; /* records of the one local answer being told */
};

/* Walks a query on until it rests (WAITING, FOLLOWING) or is DONE. */
void query_run(struct query *query);

/* Makes of an answered query one that asks for the same again, for the cache's sake alone. */
void query_refresh(struct query *query);

/* The worker that asked for the same is done: goes on with its answer, or asks for itself. */
void query_on_told(struct query *query);

/* Ends a waiting query with an error, whatever it waits for. */
void query_fail(struct query *query, const struct reply_error *error);

/* An event moves a resting query on. */
void query_resume(struct query *query, enum query_state state);
/* From here the query may outlive resolver_ask(): what was borrowed is copied. */
void query_detach(struct query *query);
/* Takes a fresh answer, in place of what it may have had. */
void query_take(struct query *query, struct answer *answer);
/* Remembers its answer. */
void query_keep(struct query *query);

/* Tells the stale answer to the client that waits, and to those that wait with it, and goes on
 * without them. */
void query_tell_stale(struct query *query);

static inline bool query_wants_cd(const struct query *q)
{
    return (q->message.flags & FLAG_CD) != 0;
}

static inline struct cache_key query_key(const struct query *q)
{
    return (struct cache_key){
        .question = &q->message.question,
        .want_do = q->message.edns_do,
        .want_cd = query_wants_cd(q),
        .route = (uint8_t)q->decision.route,
    };
}

/* Putting the question to providers (asking.c). query_ask() is the step of ASKING. */
enum query_state query_ask(struct query *query);
/* The query's timer, in WAITING: the hedge, the stale answer or the deadline is due. */
void query_on_timer(struct port_timer *timer);
void query_end_tries(struct query *query);

/* What a query asks for itself (chase.c): each returns the state that follows. */
enum query_state query_chase_alias(struct query *query);
/* Whether its part, AAAA, is to be made of A records, or PTR to be found by the address inside a
 * made one; then by this. */
bool query_wants_synthesis(struct query *query);
/* The same when all providers failed, or said no more than that they know of nothing: its part is
 * that, or NULL. */
bool query_wants_synthesis_anyway(struct query *query);
enum query_state query_chase_synthesis(struct query *query);
/* Whether its part is but the beginning of a chain; then the rest is asked for. */
bool query_wants_rest(struct query *query);
enum query_state query_chase_rest(struct query *query);
/* Takes an answer and gives it back, without the addresses that count as none if it has others
 * beside them. NULL without memory. */
struct answer *query_exclude(struct query *query, struct answer *answer);
/* The same, without the address hints of a family that is switched off (SVCB, HTTPS). */
struct answer *query_unhint(struct query *query, struct answer *answer);
/* Takes an answer and gives it back, or what is told instead when it leads into the own network.
 * NULL without memory. */
struct answer *query_guard(struct query *query, struct answer *answer);

/* Whether an answer to the same question but of this type would be told as it is. */
bool query_may_keep(struct query *query, uint16_t type, const struct answer *answer);

/* Where queries are kept (resolver.c). */
struct query *query_obtain(struct resolver *resolver);
void query_release(struct query *query);
/* Its client is answered, and it goes on without. */
void query_leave_client(struct query *query);
/* lends the query that leads for the same question, DO and CD; NULL when none does. */
struct query *query_find_leader(struct resolver *resolver, const struct query *query);
void query_lead(struct query *query);
void query_stop_leading(struct query *query);

#endif
