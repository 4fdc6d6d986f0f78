/* SPDX-License-Identifier: MIT */
#include "tests/unit/fake_pool.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

struct pool_route pool_default_route(const struct pool *pool)
{
    return (struct pool_route){.members = (1u << pool->n_providers) - 1};
}

int pool_next(struct pool *pool, const struct pool_wish *wish)
{
    unsigned left = wish->route.members & ~wish->tried;
    for (unsigned i = 0; i < pool->n_providers; i++) {
        if ((left & 1u << i) != 0) {
            return (int)i;
        }
    }
    return pool->is_quiet ? -EAGAIN : -ENOENT;
}

unsigned pool_at_once(const struct pool *pool)
{
    return pool->at_once > 0 ? pool->at_once : 1;
}

bool pool_may_hedge(struct pool *pool, unsigned provider, uint64_t silent_us)
{
    (void)provider;
    (void)silent_us;
    return !pool->no_hedges;
}

bool pool_is_shaky(const struct pool *pool, unsigned provider)
{
    return (pool->shaky & 1u << provider) != 0;
}

bool pool_is_in_line(const struct pool *pool, unsigned provider, uint64_t began_us)
{
    (void)began_us;
    return (pool->in_line & 1u << provider) != 0;
}

bool pool_is_aside(const struct pool *pool, unsigned provider)
{
    return (pool->aside & 1u << provider) != 0;
}

bool pool_is_spread(const struct pool *pool, unsigned provider)
{
    return (pool->spread & 1u << provider) != 0;
}

bool pool_asks_over_http(const struct pool *pool, unsigned provider)
{
    return (pool->plain & 1u << provider) == 0;
}

bool pool_was_heard(const struct pool *pool, unsigned provider, uint64_t since_us)
{
    (void)provider;
    return pool->heard_us > since_us;
}

uint64_t pool_patience_us(const struct pool *pool, unsigned provider)
{
    (void)pool;
    (void)provider;
    return FAKE_POOL_PATIENCE_MS * 1000;
}

void pool_contradict(struct pool *pool, unsigned providers, const struct question *question)
{
    (void)question;
    pool->contradicted |= providers;
}

void attempt_doubt(struct attempt *attempt)
{
    attempt->pool->n_doubts++;
}

int attempt_start(struct pool *pool, const struct attempt_wish *wish, struct attempt **ret_attempt)
{
    if (pool->start_fails != 0) {
        return pool->start_fails;
    }
    assert(pool->n_live < FAKE_POOL_LIVE);
    struct attempt *attempt = malloc(sizeof *attempt);
    assert(attempt != NULL);
    *attempt = (struct attempt){.pool = pool, .wish = *wish};
    pool->live[pool->n_live++] = attempt;
    pool->n_started++;
    *ret_attempt = attempt;
    return 0;
}

static void forget(struct attempt *attempt)
{
    struct pool *pool = attempt->pool;
    size_t i = 0;
    while (pool->live[i] != attempt) {
        i++;
    }
    pool->n_live--;
    memmove(&pool->live[i], &pool->live[i + 1], (pool->n_live - i) * sizeof pool->live[0]);
    free(attempt);
}

struct attempt *attempt_free(struct attempt *attempt, bool late)
{
    if (attempt != NULL) {
        attempt->pool->n_cancelled++;
        attempt->pool->n_late += late;
        forget(attempt);
    }
    return NULL;
}

void fake_pool_end_at(struct pool *pool, size_t i, struct attempt_end end)
{
    assert(i < pool->n_live);
    struct attempt_wish wish = pool->live[i]->wish;
    end.provider = wish.provider;
    end.turn = wish.turn;
    forget(pool->live[i]);
    wish.on_end(wish.ctx, &end);
}

void fake_pool_end(struct pool *pool, enum attempt_verdict verdict, struct answer *answer)
{
    fake_pool_end_at(pool, 0,
                     (struct attempt_end){
                         .verdict = verdict,
                         .answer = answer,
                         .ede = verdict == ATTEMPT_ANSWERED ? EDE_NONE : EDE_NETWORK,
                         .detail = verdict == ATTEMPT_ANSWERED ? "" : "connection reset",
                     });
}
