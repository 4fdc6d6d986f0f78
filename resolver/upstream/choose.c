/* SPDX-License-Identifier: MIT */
/* Whom to ask. Providers are sorted into ranks by how they do; the strategy chooses within the best
 * rank that holds any:
 *
 *   WELL      works, and has room
 *   FULL      works, and has as much under way as it should
 *   RELUCTANT works, but whoever speaks DNS messages answers this better
 *   DUE       was set aside, and its time is up
 *   ASIDE     was set aside
 *   QUIET     asked for silence: once a second, if it is the last and nothing is under way
 */
#include "resolver/upstream/upstream.h"

#include <errno.h>

enum rank { WELL, FULL, RELUCTANT, DUE, ASIDE, QUIET, N_RANKS };

enum { EXPLORE_ONE_IN = 32, EXPLORE_PAUSE_US = 100000, QUIET_PAUSE_US = 1000000 };

/* So many attempts may be under way; 0: no matter. */
static size_t room_of(const struct upstream *u)
{
    const struct pool_params *params = &u->pool->params;
    return u->http == EXCHANGE_HTTP1 && params->max_serial != 0 ? params->max_serial
                                                                : params->max_in_flight;
}

static enum rank rank_of(const struct upstream *u, uint64_t now_us)
{
    size_t room = room_of(u);
    switch (health_state(&u->health, now_us)) {
    case HEALTH_CLOSED:
        return room == 0 || u->n_live < room ? WELL : FULL;
    case HEALTH_HALF_OPEN:
        return DUE;
    case HEALTH_OPEN:
        return ASIDE;
    case HEALTH_QUIET:
        break;
    }
    return QUIET;
}

/* ---- the strategies: each chooses one of a mask that is not empty ---- */

static unsigned first_of(unsigned members)
{
    return (unsigned)__builtin_ctz(members);
}

/* Draws one of them. */
static unsigned draw(struct pool *pool, unsigned members)
{
    uint32_t skip = port_random_below(pool->port, (uint32_t)__builtin_popcount(members));
    while (skip-- > 0) {
        members &= members - 1;
    }
    return first_of(members);
}

/* Now and then a new question is put to the one that is not chosen too, so that one that has become
 * better is noticed. Nobody waits for that; and it costs little where that one makes a connection
 * for each. */
static void maybe_explore(struct upstream *u, const struct pool_wish *wish)
{
    struct port *port = u->pool->port;
    if (wish->tried == 0 && port_now_us(port) - u->asked_us >= EXPLORE_PAUSE_US &&
        port_random_below(port, EXPLORE_ONE_IN) == 0) {
        stray_explore(u, wish);
    }
}

/* Two are drawn and the better one is taken, so that not everybody runs to the same. */
static unsigned fastest_of(struct pool *pool, unsigned members, const struct pool_wish *wish)
{
    unsigned one = draw(pool, members);
    unsigned rest = members & ~(1u << one);
    if (rest == 0) {
        return one;
    }
    unsigned other = draw(pool, rest);
    uint64_t cost_one = health_cost(&pool->upstreams[one].health);
    uint64_t cost_other = health_cost(&pool->upstreams[other].health);
    unsigned better = cost_other < cost_one ? other : one;
    maybe_explore(&pool->upstreams[better == one ? other : one], wish);
    return better;
}

static uint64_t mix(uint64_t hash)
{
    hash = (hash ^ hash >> 33) * UINT64_C(0xff51afd7ed558ccd);
    hash = (hash ^ hash >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return hash ^ hash >> 33;
}

/* Rendezvous hashing: each site has an order of providers of its own, which changes for few when a
 * provider comes or goes. */
static unsigned nearest_of(const struct pool *pool, unsigned members,
                           const struct question *question)
{
    uint64_t of_site = site_hash(&question->name), best = 0;
    unsigned nearest = first_of(members);
    for (unsigned left = members; left != 0; left &= left - 1) {
        const char *name = pool->upstreams[first_of(left)].params->name;
        uint64_t score = mix(site_hash_on(of_site, bytes_of((const uint8_t *)name, strlen(name))));
        if (score >= best) {
            best = score;
            nearest = first_of(left);
        }
    }
    return nearest;
}

static unsigned preferred_of(struct pool *pool, unsigned members, const struct pool_wish *wish)
{
    switch (pool->params.strategy) {
    case POOL_FAILOVER:
    case POOL_RACE:
        return first_of(members);
    case POOL_FASTEST:
        return fastest_of(pool, members, wish);
    case POOL_SPREAD:
        return nearest_of(pool, members, wish->question);
    }
    return first_of(members);
}

/* ---- ranks ---- */

/* Those that can serve the question, and those that had rather not. */
static unsigned able_of(const struct pool *pool, const struct pool_wish *wish, unsigned members,
                        unsigned *ret_reluctant)
{
    unsigned able = 0;
    *ret_reluctant = 0;
    for (unsigned left = members; left != 0; left &= left - 1) {
        unsigned i = first_of(left);
        const struct upstream *u = &pool->upstreams[i];
        switch (u->driver->serves(u->params, wish->question, wish->want_do, wish->want_cd)) {
        case DRIVER_NEVER:
            continue;
        case DRIVER_RELUCTANT:
            *ret_reluctant |= 1u << i;
            break;
        case DRIVER_READILY:
            break;
        }
        able |= 1u << i;
    }
    return able;
}

static void try_out(struct pool *pool, unsigned due, const struct pool_wish *wish)
{
    for (; due != 0; due &= due - 1) {
        stray_try_out(&pool->upstreams[first_of(due)], wish);
    }
}

/* Those that were left in peace for a second. */
static unsigned rested_of(const struct pool *pool, unsigned members, uint64_t now_us)
{
    unsigned rested = 0;
    for (; members != 0; members &= members - 1) {
        unsigned i = first_of(members);
        rested |= now_us - pool->upstreams[i].asked_us >= QUIET_PAUSE_US ? 1u << i : 0;
    }
    return rested;
}

/* Those of them that fail the least. */
static unsigned least_bad_of(const struct pool *pool, unsigned members)
{
    unsigned best = 0;
    uint32_t least_ppm = UINT32_MAX;
    for (unsigned left = members; left != 0; left &= left - 1) {
        unsigned i = first_of(left);
        uint32_t ppm = pool->upstreams[i].health.error_ppm;
        best = ppm < least_ppm ? 0 : best;
        least_ppm = ppm < least_ppm ? ppm : least_ppm;
        best |= ppm == least_ppm ? 1u << i : 0;
    }
    return best;
}

static int choose(struct pool *pool, const struct pool_wish *wish, unsigned members)
{
    uint64_t now_us = port_now_us(pool->port);
    unsigned ranks[N_RANKS] = {0}, reluctant;
    for (unsigned left = able_of(pool, wish, members, &reluctant); left != 0; left &= left - 1) {
        unsigned i = first_of(left);
        enum rank rank = rank_of(&pool->upstreams[i], now_us);
        bool sets_back = rank < RELUCTANT && (reluctant & 1u << i) != 0;
        ranks[sets_back ? RELUCTANT : rank] |= 1u << i;
    }
    if (ranks[DUE] != 0 && (ranks[WELL] | ranks[FULL] | ranks[RELUCTANT]) != 0) {
        try_out(pool, ranks[DUE], wish);
    }
    ranks[DUE] = least_bad_of(pool, ranks[DUE]);
    ranks[ASIDE] = least_bad_of(pool, ranks[ASIDE]);
    int nobody = ranks[QUIET] != 0 ? -EAGAIN : -ENOENT;
    ranks[QUIET] = rested_of(pool, ranks[QUIET], now_us);
    unsigned n_ranks = wish->races ? DUE : wish->beside ? QUIET : N_RANKS;
    for (unsigned rank = 0; rank < n_ranks; rank++) {
        if (ranks[rank] != 0) {
            return (int)preferred_of(pool, ranks[rank], wish);
        }
    }
    return nobody;
}

int pool_next(struct pool *pool, const struct pool_wish *wish)
{
    unsigned on = rides_on(pool, wish, wish->route.members & ~wish->tried);
    if (on != 0) {
        return (int)first_of(on);
    }
    int provider = choose(pool, wish, wish->route.members & ~wish->tried);
    int other = provider < 0 ? choose(pool, wish, wish->route.fallback & ~wish->tried) : -ENOENT;
    return other >= 0 || provider == -ENOENT ? other : provider;
}
