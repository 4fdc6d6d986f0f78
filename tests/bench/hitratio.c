/* SPDX-License-Identifier: MIT */
/* How often the cache has what is asked for, beside an exact LRU with 1.3 times its entries, on two
 * traces: Zipf 0.9, and the same with scans of names that are asked for once. Repeatable. */
#include "resolver/cache/cache.h"
#include "tests/unit/messages.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    NAMES = 1000000,
    REQUESTS = 12000000,
    WARM_UP = 4000000,   /* not counted */
    SCAN_EVERY = 200000, /* requests between the beginnings of two scans */
    SCAN_LENGTH = 60000,
};

/* ---- the traces ---- */

static uint64_t dice = 88172645463325252;

static double roll(void)
{
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return (double)(dice >> 11) / 9007199254740992.0;
}

static double *make_zipf(double exponent)
{
    double *sums = calloc(NAMES, sizeof *sums), sum = 0;
    assert(sums != NULL);
    for (int i = 0; i < NAMES; i++) {
        sum += pow(i + 1, -exponent);
        sums[i] = sum;
    }
    return sums;
}

static unsigned draw(const double *sums)
{
    double at = roll() * sums[NAMES - 1];
    unsigned low = 0, high = NAMES - 1;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (sums[middle] < at) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Half of the requests of a scan are the scan's. */
static unsigned *make_trace(const double *sums, bool with_scans)
{
    unsigned *trace = calloc(REQUESTS, sizeof *trace), n_scanned = 0;
    assert(trace != NULL);
    for (unsigned i = 0; i < REQUESTS; i++) {
        bool scans = with_scans && i % SCAN_EVERY < SCAN_LENGTH && i % 2 == 0;
        trace[i] = scans ? NAMES + n_scanned++ : draw(sums);
    }
    return trace;
}

/* ---- an exact LRU ---- */

struct lru {
    unsigned *older, *newer; /* by name; 0 stands for the ends, so names are counted from 1 */
    bool *has;
    size_t n, room;
};

static void lru_unlink(struct lru *l, unsigned name)
{
    l->newer[l->older[name]] = l->newer[name];
    l->older[l->newer[name]] = l->older[name];
}

static void lru_link_newest(struct lru *l, unsigned name)
{
    l->older[name] = l->older[0];
    l->newer[name] = 0;
    l->newer[l->older[0]] = name;
    l->older[0] = name;
}

static bool lru_ask(struct lru *l, unsigned name)
{
    bool hit = l->has[++name];
    if (hit) {
        lru_unlink(l, name);
    } else if (l->n == l->room) {
        unsigned oldest = l->newer[0];
        lru_unlink(l, oldest);
        l->has[oldest] = false;
    } else {
        l->n++;
    }
    lru_link_newest(l, name);
    l->has[name] = true;
    return hit;
}

static double run_lru(const unsigned *trace, size_t room)
{
    size_t n_names = NAMES + REQUESTS + 1, n_hits = 0;
    struct lru l = {calloc(n_names, sizeof *l.older), calloc(n_names, sizeof *l.newer),
                    calloc(n_names, sizeof *l.has), 0, room};
    assert(l.older != NULL && l.newer != NULL && l.has != NULL);
    for (unsigned i = 0; i < REQUESTS; i++) {
        n_hits += lru_ask(&l, trace[i]) && i >= WARM_UP;
    }
    free(l.older);
    free(l.newer);
    free(l.has);
    return (double)n_hits / (REQUESTS - WARM_UP);
}

/* ---- ours ---- */

static bool cache_ask(struct cache *cache, unsigned i)
{
    char name[32];
    snprintf(name, sizeof name, "n%07u.example", i);
    struct question question = {.type = TYPE_A, .class = CLASS_IN};
    int failure = name_from_text(name, &question.name);
    assert(failure == 0);
    struct cache_key key = {.question = &question};
    enum cache_state state;
    owned(answer_unrefp) struct answer *known = cache_take(cache, &key, 0, &state);
    if (known != NULL) {
        return true;
    }
    struct test_response response = {.name = name, .type = TYPE_A, .ttl_s = 86400, .address = i};
    owned(answer_unrefp) struct answer *answer = test_answer(&response, 0);
    cache_put(cache, &key, answer);
    return false;
}

static double run_cache(const unsigned *trace, size_t size_bytes, size_t *ret_n_entries)
{
    static const uint8_t secret[16] = {1};
    struct cache_params params = {.size_bytes = size_bytes, .max_ttl_s = 86400};
    struct cache *cache = cache_new(&params, secret);
    assert(cache != NULL);
    size_t n_hits = 0;
    for (unsigned i = 0; i < REQUESTS; i++) {
        n_hits += cache_ask(cache, trace[i]) && i >= WARM_UP;
    }
    struct cache_counts counts;
    cache_count(cache, &counts);
    *ret_n_entries = counts.n_entries;
    cache_free(cache);
    return (double)n_hits / (REQUESTS - WARM_UP);
}

int main(void)
{
    static const size_t sizes_mib[] = {2, 8, 32};
    double *zipf = make_zipf(0.9);
    printf("%-12s %8s %9s %8s %12s\n", "trace", "memory", "entries", "ours", "LRU x 1.3");
    for (int scans = 0; scans < 2; scans++) {
        unsigned *trace = make_trace(zipf, scans);
        for (size_t i = 0; i < sizeof sizes_mib / sizeof sizes_mib[0]; i++) {
            size_t n_entries;
            double ours = run_cache(trace, sizes_mib[i] << 20, &n_entries);
            double lru = run_lru(trace, n_entries * 13 / 10);
            printf("%-12s %4zu MiB %9zu %7.2f%% %11.2f%%\n", scans ? "with scans" : "Zipf 0.9",
                   sizes_mib[i], n_entries, 100 * ours, 100 * lru);
        }
        free(trace);
    }
    free(zipf);
    return 0;
}
