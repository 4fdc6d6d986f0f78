/* SPDX-License-Identifier: MIT */
/* Operations on a small cache against a naive model: what is found must be what was put last, and
 * fresh or stale as is said; the memory bound must hold. Two octets an operation: what, and on
 * which of 64 names, with DO and CD. One cache serves all runs: each begins with a flush. */
#include "resolver/cache/cache.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    N_NAMES = 64,
    N_KEYS = 4 * N_NAMES,
    SIZE_BYTES = 2048,
    STALE_US = 40000000,
    HOLD_US = 5000000
};
enum { FLUSH = 255, HOLD = 254 };

struct kept {
    bool is_put;
    uint32_t address;
    uint64_t until_us;
};

static struct question questions[N_NAMES];
static struct answer *answers[N_NAMES];

/* What upstream says of a name, read once; how that is read is fuzz_answer's. Its headroom stays
 * claimed, so that whoever claims it is given a copy. */
static struct answer *answer_about(const struct question *question)
{
    uint8_t at[512];
    struct buf b = buf_over(at, sizeof at);
    struct answer_expect expect = {.question = question, .id = 0, .max_ttl_s = 86400};
    owned(answer_unrefp) struct answer *answer = NULL;
    static const uint16_t header[6] = {0, FLAG_QR | FLAG_RD | FLAG_RA, 1, 1, 0, 0};
    for (int i = 0; i < 6; i++) {
        buf_put_u16(&b, header[i]);
    }
    buf_put(&b, question->name.at, question->name.n);
    buf_put_u32(&b, (uint32_t)TYPE_A << 16 | CLASS_IN);
    buf_put_u16(&b, 0xc00c);
    buf_put_u32(&b, (uint32_t)TYPE_A << 16 | CLASS_IN);
    buf_put_u32(&b, 0);
    buf_put_u16(&b, 4);
    buf_put_u32(&b, 0);
    int outcome = answer_read(bytes_of(at, b.n), &expect, &answer);
    assert(outcome == ANSWER_OK);
    return answer_claim_headroom(answer);
}

static void make_names(void)
{
    for (unsigned i = 0; i < N_NAMES; i++) {
        char text[32];
        snprintf(text, sizeof text, "n%u.example", i);
        int failure = name_from_text(text, &questions[i].name);
        assert(failure == 0);
        questions[i].type = TYPE_A;
        questions[i].class = CLASS_IN;
        answers[i] = answer_about(&questions[i]);
    }
}

static struct answer *answer_of(unsigned name, uint32_t address, uint32_t ttl_s, uint64_t now_us)
{
    struct answer *answer = answer_claim_headroom(answers[name]);
    assert(answer != NULL && answer != answers[name]);
    answer->ttl_s = ttl_s;
    answer->made_us = now_us;
    struct bytes wire = answer_wire(answer);
    bytes_write_u32((uint8_t *)(uintptr_t)wire.at + wire.n - 4, address);
    answer_yield_headroom(answer);
    return answer;
}

static void check_found(const struct answer *answer, enum cache_state state,
                        const struct kept *kept, uint64_t now_us)
{
    assert((answer == NULL) == (state == CACHE_NONE));
    if (answer == NULL) {
        return;
    }
    bool is_fresh = state == CACHE_FRESH || state == CACHE_DUE;
    struct bytes wire = answer_wire(answer);
    assert(kept->is_put && is_fresh == (kept->until_us > now_us));
    assert(kept->until_us + STALE_US > now_us);
    assert(bytes_read_u32(wire.at + wire.n - 4) == kept->address);
}

static struct cache *cache_of_all(void)
{
    static const uint8_t secret[16] = {0};
    static const struct cache_params params = {.size_bytes = SIZE_BYTES,
                                               .max_stale_s = STALE_US / 1000000,
                                               .prefetch = CACHE_PREFETCH_YES};
    static struct cache *cache;
    if (cache == NULL) {
        make_names();
        cache = cache_new(&params, secret);
        assert(cache != NULL);
    }
    cache_flush(cache);
    return cache;
}

static void put(struct cache *cache, const struct cache_key *key, struct kept *kept,
                struct kept what, uint32_t ttl_s, uint64_t now_us)
{
    unsigned name = (unsigned)(key->question - questions);
    owned(answer_unrefp) struct answer *answer = answer_of(name, what.address, ttl_s, now_us);
    cache_put(cache, key, answer);
    /* What may not be kept leaves nothing of what it supersedes. */
    *kept = ttl_s > 0 ? what : (struct kept){0};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cache *cache = cache_of_all();
    static struct kept model[N_KEYS];
    memset(model, 0, sizeof model);
    uint64_t now_us = 1000000;
    for (size_t i = 0; i + 1 < size; i += 2) {
        uint8_t k = data[i + 1];
        struct cache_key key = {.question = &questions[k % N_NAMES],
                                .want_do = (k & 64) != 0,
                                .want_cd = (k & 128) != 0};
        uint32_t ttl_s = data[i] / 3;
        if (data[i] == FLUSH) {
            cache_flush(cache);
            memset(model, 0, sizeof model);
        } else if (data[i] == HOLD) {
            cache_hold(cache, &key, now_us, now_us + HOLD_US);
        } else if (data[i] % 3 == 0) {
            struct kept what = {true, (uint32_t)i, now_us + ttl_s * UINT64_C(1000000)};
            put(cache, &key, &model[k], what, ttl_s, now_us);
        } else if (data[i] % 3 == 1) {
            enum cache_state state;
            owned(answer_unrefp) struct answer *answer = cache_take(cache, &key, now_us, &state);
            check_found(answer, state, &model[k], now_us);
        } else {
            now_us += (uint64_t)k * 100000;
        }
        struct cache_counts counts;
        cache_count(cache, &counts);
        assert(counts.used_bytes <= SIZE_BYTES && counts.n_entries <= N_KEYS);
    }
    return 0;
}
