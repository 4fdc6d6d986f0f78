/* SPDX-License-Identifier: MIT */
/* Whose fault is it? Clients choose the names that are asked for, and whoever owns one can make
 * every provider fail it, some of them, or let them wait. While a provider answers others, such
 * failures count once for each site. */
#include "resolver/upstream/upstream.h"

enum { FAILING_SITES = 8 /* in a row, without an answer between: the provider's own trouble */ };

static void note_failed(struct upstream *u, const char *why)
{
    bool was_open = u->health.is_open;
    health_failed(&u->health, port_now_us(u->pool->port));
    upstream_tell_aside(u, !was_open && u->health.is_open, why);
}

void upstream_note_silent(struct upstream *u, const struct question *question, uint64_t since_us)
{
    uint64_t now_us = port_now_us(u->pool->port);
    bool was_heard = u->heard_us > since_us;
    if (was_heard && !sites_note(&u->accusing, site_hash(&question->name), now_us)) {
        return;
    }
    u->trouble = "silent";
    note_failed(u, u->trouble);
    u->suspect = u->silent = !was_heard;
}

void upstream_note_unsure(struct upstream *u, const struct question *question, const char *why)
{
    uint64_t now_us = port_now_us(u->pool->port);
    u->n_failing += sites_note(&u->failing, site_hash(&question->name), now_us);
    if (u->n_failing >= FAILING_SITES && !u->health.is_open) {
        note_failed(u, why);
    } else {
        health_unsure(&u->health, now_us);
    }
}

void pool_contradict(struct pool *pool, unsigned providers, const struct question *question)
{
    uint64_t now_us = port_now_us(pool->port);
    for (unsigned left = providers; left != 0; left &= left - 1) {
        struct upstream *u = &pool->upstreams[__builtin_ctz(left)];
        bool is_news = sites_note(&u->accusing, site_hash(&question->name), now_us);
        bool answers_others = u->answers;
        u->answers = false;
        if (!u->health.is_open && (is_news || !answers_others)) {
            note_failed(u, u->trouble != NULL ? u->trouble : "it fails what others answer");
        }
    }
}
