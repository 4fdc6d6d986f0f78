/* SPDX-License-Identifier: MIT */
#include "tests/unit/query_world.h"

#include "tests/unit/messages.h"

#include <check.h>
#include <stdio.h>

struct query_world world;

void audit_hear(struct audit *audit, const struct question *question)
{
    (void)audit, (void)question;
}

void audit_tell(struct audit *audit, const struct question *question, const struct answer *answer)
{
    (void)question;
    (void)answer;
    audit->n_told++;
}

struct port *port(void)
{
    return &world.port.port;
}

void world_set_up(void)
{
    static const uint8_t secret[16] = {1};
    struct cache_params cache = {
        .size_bytes = 1 << 20,
        .max_ttl_s = 86400,
        .negative_max_ttl_s = 3600,
        .max_stale_s = 86400,
        .failure_max_ttl_s = 30,
        .prefetch = CACHE_PREFETCH_YES,
    };
    struct resolver_params params = {.query_timeout_ms = BUDGET_MS,
                                     .stale = {.after_ms = STALE_MS, .ttl_s = 30, .recheck_s = 30},
                                     .max_queries = MAX_QUERIES};
    memset(&world, 0, sizeof world);
    fake_port_init(&world.port, 7);
    world.pool.n_providers = 2;
    world.cache = cache_new(&cache, secret);
    world.resolver = resolver_new(&params, port(), world.cache, &world.pool, &world.audit);
    ck_assert_ptr_nonnull(world.resolver);
}

void world_tear_down(void)
{
    world.resolver = resolver_free(world.resolver);
    world.cache = cache_free(world.cache);
    ck_assert_uint_eq(world.pool.n_live, 0);
    port_done(port());
}

static void keep_reply(size_t client, struct bytes reply)
{
    world.clients[client].n_replies++;
    world.clients[client].n = reply.n;
    memcpy(world.clients[client].at, reply.at, reply.n);
}

static void on_reply(const struct resolver_client *client, struct bytes reply)
{
    size_t i;
    memcpy(&i, client->room, sizeof i);
    keep_reply(i, reply);
}

enum resolver_outcome ask_bytes(size_t i, struct bytes message)
{
    struct resolver_client client = {.on_reply = on_reply};
    memcpy(client.room, &i, sizeof i);
    uint8_t at[1232];
    struct buf out = buf_over(at, sizeof at);
    enum resolver_outcome outcome = resolver_ask(world.resolver, message, &client, &out);
    if (outcome == RESOLVER_ANSWERED) {
        keep_reply(i, bytes_of(at, out.n));
    }
    return outcome;
}

/* Client i asks with an ID of its own, so that a mix-up shows. */
enum resolver_outcome ask(size_t i, const char *name)
{
    struct test_query query = {.id = (uint16_t)(1000 + i),
                               .flags = FLAG_RD,
                               .name = name,
                               .type = TYPE_A,
                               .edns_size = 1232};
    uint8_t at[512];
    return ask_bytes(i, bytes_of(at, test_query_write(&query, at)));
}

struct answer *good(const char *name, uint32_t ttl_s)
{
    struct test_response response = {
        .name = name, .type = TYPE_A, .ttl_s = ttl_s, .address = 0x08080404};
    return test_answer(&response, port_now_us(port()));
}

struct answer *servfail(const char *name)
{
    struct test_response response = {.name = name, .type = TYPE_A, .rcode = RCODE_SERVFAIL};
    return test_answer(&response, port_now_us(port()));
}

unsigned rcode_of(size_t i)
{
    ck_assert_uint_eq(world.clients[i].n_replies, 1);
    ck_assert_uint_eq(bytes_read_u16(world.clients[i].at), 1000 + i);
    return bytes_read_u16(world.clients[i].at + 2) & FLAG_RCODE;
}

unsigned n_answers_of(size_t i)
{
    return bytes_read_u16(world.clients[i].at + 6);
}

/* The EDE info-code in the reply's OPT, which is its last record; -1 without one. */
int ede_of(size_t i)
{
    const uint8_t *at = world.clients[i].at;
    for (size_t k = MESSAGE_HEADER; k + 17 <= world.clients[i].n; k++) {
        if (at[k] == 0 && bytes_read_u16(at + k + 1) == TYPE_OPT &&
            bytes_read_u16(at + k + 11) == EDNS_OPTION_EDE) {
            return bytes_read_u16(at + k + 15);
        }
    }
    return -1;
}

void shake(struct pool *pool, enum resolver_outcome (*ask_it)(size_t i, const char *name),
           unsigned *n_asked)
{
    static const enum attempt_verdict ends[] = {ATTEMPT_ANSWERED, ATTEMPT_RETRY_SAME,
                                                ATTEMPT_RETRY_NEXT, ATTEMPT_GIVE_UP};
    char name[32];
    switch (port_random_below(port(), 4)) {
    case 0:
    case 1:
        snprintf(name, sizeof name, "n%u.example", port_random_below(port(), 12));
        ask_it(port_random_below(port(), CLIENTS), name);
        ++*n_asked;
        break;
    case 2:
        if (pool->n_live > 0) {
            size_t i = port_random_below(port(), (uint32_t)pool->n_live);
            struct attempt_end end = {.verdict = ends[port_random_below(port(), 4)], .detail = "x"};
            char text[NAME_MAX_TEXT];
            name_to_text(&pool->live[i]->wish.question->name, text);
            end.answer = end.verdict == ATTEMPT_ANSWERED
                             ? good(text, 1 + port_random_below(port(), 20))
                             : NULL;
            fake_pool_end_at(pool, i, end);
        }
        break;
    default:
        fake_port_advance(&world.port, port_random_below(port(), 700000));
    }
}
