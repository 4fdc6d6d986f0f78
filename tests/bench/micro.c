/* SPDX-License-Identifier: MIT */
/* What the parts cost without sockets, in nanoseconds a call: the median of ROUNDS runs. */
#include "resolver/resolver.h"
#include "tests/unit/fake_pool.h"
#include "tests/unit/fake_port.h"
#include "tests/unit/messages.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 7, NAMES = 10000, CALLS = 400000, THREADS_MAX = 2 };

/* Linked in place of resolver/audit: nobody is told. */
void audit_hear(struct audit *audit, const struct question *question)
{
    (void)audit, (void)question;
}

void audit_tell(struct audit *audit, const struct question *question, const struct answer *answer)
{
    (void)audit;
    (void)question;
    (void)answer;
}

static struct {
    struct question questions[NAMES];
    uint8_t queries[NAMES][64];
    uint8_t n_query[NAMES];
    struct answer *answers[NAMES];
    uint8_t response[512];
    size_t n_response;
    struct question asked;
    struct cache *cache;
    struct fake_port port;
    struct pool pool;
    struct resolver *resolver;
} world;

static void make_names(void)
{
    for (unsigned i = 0; i < NAMES; i++) {
        char name[48];
        snprintf(name, sizeof name, "host-%u.some-zone.example", i);
        struct test_query query = {
            .flags = FLAG_RD, .name = name, .type = TYPE_A, .edns_size = 1232};
        uint8_t at[512];
        size_t n = test_query_write(&query, at);
        assert(n <= sizeof world.queries[i]);
        memcpy(world.queries[i], at, n);
        world.n_query[i] = (uint8_t)n;
        struct test_response response = {
            .name = name, .type = TYPE_A, .ttl_s = 86400, .address = i};
        world.answers[i] = test_answer(&response, 0);
        world.questions[i] = (struct question){.type = TYPE_A, .class = CLASS_IN};
        int failure = name_from_text(name, &world.questions[i].name);
        assert(failure == 0);
        world.n_response = test_response_write(&response, world.response);
        world.asked = world.questions[i];
    }
}

/* Names in an order that no prefetcher foresees. */
static unsigned scatter(unsigned i)
{
    return (unsigned)(i * UINT64_C(2654435761) % NAMES);
}

static void read_query(unsigned i)
{
    struct query_message message;
    unsigned k = scatter(i);
    enum message_outcome outcome =
        message_read_query(bytes_of(world.queries[k], world.n_query[k]), &message);
    assert(outcome == MESSAGE_OK);
}

static void read_answer(unsigned i)
{
    (void)i;
    struct answer_expect expect = {.question = &world.asked, .max_ttl_s = 86400};
    struct answer *answer;
    int outcome = answer_read(bytes_of(world.response, world.n_response), &expect, &answer);
    assert(outcome == ANSWER_OK);
    answer_unref(answer);
}

static void put(unsigned i)
{
    unsigned k = scatter(i);
    struct cache_key key = {.question = &world.questions[k]};
    cache_put(world.cache, &key, world.answers[k]);
}

static void take(unsigned i)
{
    enum cache_state state;
    struct cache_key key = {.question = &world.questions[scatter(i)]};
    struct answer *answer = cache_take(world.cache, &key, 0, &state);
    assert(answer != NULL);
    answer_unref(answer);
}

static void hit(unsigned i)
{
    static struct resolver_client client;
    uint8_t reply[REPLY_UDP_CAP];
    struct buf out = buf_over(reply, sizeof reply);
    unsigned k = scatter(i);
    enum resolver_outcome outcome =
        resolver_ask(world.resolver, bytes_of(world.queries[k], world.n_query[k]), &client, &out);
    assert(outcome == RESOLVER_ANSWERED);
}

struct work {
    void (*call)(unsigned i);
    unsigned from;
};

static void *work(void *arg)
{
    const struct work *w = arg;
    for (unsigned i = 0; i < CALLS; i++) {
        w->call(w->from + i);
    }
    return NULL;
}

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double run_ns(void (*call)(unsigned i), unsigned n_threads)
{
    pthread_t threads[THREADS_MAX];
    struct work works[THREADS_MAX];
    double began_ns = now_ns();
    for (unsigned i = 0; i < n_threads; i++) {
        works[i] = (struct work){call, i * 7919};
        int error = pthread_create(&threads[i], NULL, work, &works[i]);
        assert(error == 0);
    }
    for (unsigned i = 0; i < n_threads; i++) {
        pthread_join(threads[i], NULL);
    }
    return (now_ns() - began_ns) / CALLS;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(const char *what, void (*call)(unsigned i), unsigned n_threads)
{
    double rounds[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        rounds[i] = run_ns(call, n_threads);
    }
    qsort(rounds, ROUNDS, sizeof rounds[0], compare);
    printf("%-34s %u thread(s) %8.0f ns\n", what, n_threads, rounds[ROUNDS / 2]);
}

int main(void)
{
    static const uint8_t secret[16] = {1};
    struct cache_params cache = {.size_bytes = 64 << 20, .max_ttl_s = 86400};
    struct resolver_params params = {.query_timeout_ms = 4000, .max_queries = 64};
    make_names();
    fake_port_init(&world.port, 1);
    world.pool.n_providers = 1;
    world.cache = cache_new(&cache, secret);
    world.resolver = resolver_new(&params, &world.port.port, world.cache, &world.pool, NULL);
    measure("wire: read a query", read_query, 1);
    measure("wire: read and check an answer", read_answer, 1);
    measure("cache: put", put, 1);
    measure("cache: put", put, 2);
    measure("cache: take", take, 1);
    measure("cache: take", take, 2);
    measure("hit, query in to reply out", hit, 1);
    resolver_free(world.resolver);
    cache_free(world.cache);
    for (unsigned i = 0; i < NAMES; i++) {
        answer_unref(world.answers[i]);
    }
    port_done(&world.port.port);
    return 0;
}
