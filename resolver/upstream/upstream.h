/* SPDX-License-Identifier: MIT */
/* What was learnt about a provider, and the pool's insides. Private to pool.c and attempt.c. */
#ifndef RESOLVER_UPSTREAM_UPSTREAM_H
#define RESOLVER_UPSTREAM_UPSTREAM_H

#include "resolver/upstream/bootstrap.h"
#include "resolver/upstream/health.h"
#include "resolver/upstream/pool.h"
#include "resolver/upstream/site.h"
#include "resolver/upstream/stalls.h"

struct upstream {
    struct pool *pool;
    const struct provider_params *params;
    struct provider_params *own; /* a copy, whose client subnet is the network's; NULL: needless */
    struct exchange_endpoint endpoint; /* the configured one, with the addresses found */
    const struct driver *driver;
    struct driver_memory memory;
    struct exchange_call errand;
    bool errand_runs;
    bool errand_asked;              /* another provider was asked, in vain */
    struct attempt *errand_attempt; /* the one that asks it */
    bool has_errand_endpoint;       /* its errands go elsewhere: there */
    struct exchange_endpoint errand_endpoint;
    const char *const *errand_addresses;    /* where the one under way was sent */
    struct bootstrap *errand_bootstrap;     /* of that; NULL: its addresses are known */
    struct bootstrap *bootstrap;            /* NULL: the addresses are given */
    struct attempt *waiting;                /* for an address or an errand, oldest last */
    struct attempt *first_held, *last_held; /* until others end, oldest first (held.c) */
    struct attempt *carriers;               /* attempts that others may ride on, by next_carrier */
    struct health health;
    struct stalls stalls;
    struct sites accusing; /* the sites of what it failed and others answered, or was silent to */
    struct sites failing;  /* the sites of what it failed, whoever else did … */
    unsigned n_failing;    /* … since its last answer */
    bool answers;          /* it has answered since another contradicted it last */
    uint64_t n_sent;
    uint64_t n_refused[UPSTREAM_REFUSALS];
    size_t n_live;           /* attempts under way … */
    size_t n_out;            /* … and those of them that were sent */
    uint64_t busy_us;        /* since when there has always been one */
    struct attempt *try_out; /* the one that finds out whether it is well again */
    uint64_t asked_us;       /* when it was last */
    uint64_t heard_us;       /* when it replied last, whatever it said */
    uint64_t youngest_us;    /* when what it replied to was asked, at the latest */
    uint64_t doubted_us;     /* when its connections were doubted last … */
    uint64_t doubt_us;       /* … after so long a silence */
    bool named_by_vendor;    /* its addresses: by the provider itself */
    bool suspect;        /* its connection may be dead: the next attempt takes a fresh one … */
    bool silent;         /* … and that is all there is against it */
    const char *trouble; /* why it failed last; NULL once it is good again; lent for ever */
    unsigned turn;       /* of the local resolvers */
    enum exchange_http http; /* spoken last on this network */
};

struct attempt {
    struct exchange_call call; /* first */
    struct upstream *upstream;
    struct question question;
    bool want_do, want_cd, fresh, renew;
    bool again; /* the second try at this provider */
    bool apart; /* beside another one at this provider, on another connection … */
    const struct attempt *apart_from; /* … than this one's; only while it is started */
    unsigned turn;                    /* the asker's own number */
    bool waits;                       /* for an address or an errand */
    bool out;                         /* sent, and counted in upstream.n_out */
    bool held;                        /* waits in upstream.first_held */
    bool lost;                        /* waited in vain: its end is about to be told */
    bool tcp;                         /* plain DNS: its answer did not fit a datagram */
    bool carries;                     /* in upstream.carriers */
    bool lands;                       /* its end is being told: it cannot be freed */
    struct attempt *carrier;          /* it rides on that one: nothing was sent for it */
    struct attempt *riders;           /* those that ride on it, by next */
    struct attempt *next_carrier;
    struct plain_call plain;
    void *kept;                   /* the driver's, for this question */
    const char *const *addresses; /* where it was sent */
    bool is_stray;                /* no query waits for it: in pool.strays, and `timer` runs */
    uint64_t began_us;
    void (*on_end)(void *ctx, struct attempt_end *end); /* NULL: no query waits for it */
    void *ctx;
    struct port_timer timer;
    struct attempt *next;   /* free, waiting, held, or riding */
    struct attempt *before; /* while it is held */
};

/* Attempts that the pool listens to by itself: the late ones whose query is answered, and those
 * that try a provider out. */
enum { STRAYS_MAX = 64 };

struct pool {
    struct pool_params params;
    struct port *port;
    struct exchange *exchange;
    struct pool_route route; /* the default one */
    struct upstream upstreams[POOL_MAX];
    struct attempt *free;
    size_t n_live;
    size_t n_carriers;     /* attempts that others may ride on */
    uint32_t hedge_credit; /* in thousandths of a hedge */
    struct attempt *strays[STRAYS_MAX];
    size_t n_strays;
};

/* One more attempt was made: an eighth of a hedge is earned, a quarter where packets get lost. */
void pool_earn_hedge(struct pool *pool, unsigned provider);
/* How long an attempt may be silent before that counts as its provider's failure. */
uint64_t upstream_silence_us(const struct upstream *upstream);
/* That it is set aside is told, where it is news. `why` is borrowed. */
void upstream_tell_aside(const struct upstream *upstream, bool is_news, const char *why);
/* Counts what a failed reply shows of content that is refused. */
void upstream_count_refused(struct upstream *upstream, enum exchange_result result,
                            const struct driver_found *found, int found_class);
/* It was silent to this question for that long: a failure, and its connection is not trusted any
 * more. While it answers others that may be the name's fault, and counts once for each site. */
void upstream_note_silent(struct upstream *upstream, const struct question *question,
                          uint64_t since_us);
/* It failed this question in a way that the name may deserve (doubts.c): its own failure only when
 * another provider answers, or when it does so to the names of many sites in a row. */
void upstream_note_unsure(struct upstream *upstream, const struct question *question,
                          const char *why);

/* Asks a provider that was set aside, when it is due for that and nobody does so already, for the
 * sake of knowing alone. */
void stray_try_out(struct upstream *upstream, const struct pool_wish *wish);
/* The same with one that is well, but not the one that is asked: has it become better? */
void stray_explore(struct upstream *upstream, const struct pool_wish *wish);
/* Takes an attempt whose query does not wait any more: it goes on until it ends or its silence
 * counts. False: there is no room. */
bool stray_adopt(struct attempt *attempt);
/* It is one no longer. */
void stray_forget(struct attempt *attempt);
/* Cancels them all. */
void strays_end(struct pool *pool);

/* Those of `members` that are already being asked for the other address family of the wish's
 * question, so that their reply will answer it too. */
unsigned rides_on(const struct pool *pool, const struct pool_wish *wish, unsigned members);
/* True when the attempt rides on another one, and is not to be sent. */
bool ride_begin(struct attempt *attempt);
/* Others may ride on it, if its service tells both families; until it is withdrawn. */
void ride_offer(struct attempt *attempt);
void ride_withdraw(struct attempt *attempt);
/* lends one of its riders, which rides no more; NULL when there is none left. */
struct attempt *ride_take(struct attempt *carrier);
/* It rides no more. lends its carrier when nobody at all waits for that one now; else NULL. */
struct attempt *ride_leave(struct attempt *rider);

/* A bootstrap for the endpoint when it needs one, and where it is to begin; with `on_done` told the
 * upstream. *ret is NULL when the addresses are given. 0 or -ENOMEM. */
int upstream_bootstrap(struct upstream *upstream, struct exchange_endpoint *endpoint,
                       void (*on_done)(void *ctx), struct bootstrap **ret);
/* The endpoint goes to these addresses from now on. */
void upstream_move(struct exchange_endpoint *endpoint, const char *const *addresses, size_t n);
/* The endpoint goes to what its bootstrap has found. */
void upstream_take_addresses(struct exchange_endpoint *endpoint, const struct bootstrap *bootstrap);
/* What became of an exchange with the endpoint, for its bootstrap; NULL: nothing to learn. True
 * when that was a failure that other addresses, now in use, may not have. */
bool upstream_learn_addresses(struct upstream *upstream, struct exchange_endpoint *endpoint,
                              struct bootstrap *bootstrap, const char *const *addresses,
                              const struct exchange_reply *reply);
/* The way from a provider's bootstrap to the other providers. */
struct bootstrap_door through_door(struct upstream *upstream);
/* Another provider that can be asked this: one that has answered lately if there is any. -ENOENT.
 */
int through_other(const struct upstream *upstream, const struct question *question);

/* The bootstrap's round or an errand has ended: go on with those that wait, or end them. */
void attempts_resume(struct upstream *upstream);

/* Once, before the first: 0 or -ENOMEM. */
int errand_init(struct upstream *upstream);
/* Starts the driver's errand when there is one to run. True while no question can be built. */
bool errand_run(struct upstream *upstream);
/* Ends the errand that is under way, if any, and what errand_init() made. */
void errand_done(struct upstream *upstream);

/* Why there is no answer, of what the driver found. Of a service that knows addresses alone it is
 * its own trouble and no word on the name (PROVIDERS §11). */
enum ede verdict_ede(enum exchange_result result, int found, bool addresses_alone);
/* The same in words for whoever looks after the provider; lent for ever. */
const char *verdict_trouble(enum exchange_result result, int found);
/* Whether a whole reply that fails may be what the name deserves, for it is not about us. */
bool verdict_is_unsure(const struct exchange_reply *reply, int found);
/* Whether it says something about the question or the provider. FORMERR, BADVERS and the like are
 * about our message. */
bool verdict_is_worth_telling(uint16_t rcode);

/* Sends it; 0, or why that cannot be (attempt.c). */
int attempt_send(struct attempt *attempt);
/* Instead of sending it: true when it is held back, because its provider has as many as it should
 * and answers none. */
bool held_back(struct attempt *attempt);
/* One that was held is not any more. */
void held_leave(struct attempt *attempt);
/* An attempt has ended: sends those that need be held no longer. */
void held_go_on(struct upstream *upstream);

/* What the driver is told of an attempt's question; borrowed from the attempt. */
struct driver_call attempt_call(const struct attempt *attempt);
/* Frees an attempt that is not under way any more (attempt.c). */
void attempt_release(struct attempt *attempt);

/* The end of an attempt (landing.c). */
void attempt_finish(struct attempt *attempt, const struct exchange_reply *reply);

/* Plain DNS (dns_carry.c): sends what the exchange would, or takes it back. -EHOSTUNREACH without a
 * server, -ELOOP when that is ourselves, or plain_ask()'s failure. */
int dns_send(struct attempt *attempt);
void dns_cancel(struct attempt *attempt);

#endif
