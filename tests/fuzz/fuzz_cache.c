/* SPDX-License-Identifier: MIT */
/* Operations on a small cache against a naive model: what is found must be what was put last, and
 * fresh; the memory bound must hold. Two octets an operation: what, and on which of 64 names. */
#include "resolver/cache/cache.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { N_NAMES = 64, SIZE_BYTES = 8192 };

struct kept {
    bool is_put;
    uint32_t address;
    uint64_t until_us;
};

static struct question question_of(unsigned i)
{
    struct question question = {.type = TYPE_A, .class = CLASS_IN};
    char text[32];
    snprintf(text, sizeof text, "n%u.example", i);
    int failure = name_from_text(text, &question.name);
    assert(failure == 0);
    return question;
}

static struct answer *answer_of(const struct question *question, uint32_t address, uint32_t ttl_s,
                                uint64_t now_us)
{
    uint8_t at[512];
    struct buf b = buf_over(at, sizeof at);
    struct answer_expect expect = {
        .question = question, .id = 0, .now_us = now_us, .max_ttl_s = 86400};
    struct answer *answer = NULL;
    static const uint16_t header[6] = {0, FLAG_QR | FLAG_RD | FLAG_RA, 1, 1, 0, 0};
    for (int i = 0; i < 6; i++) {
        buf_put_u16(&b, header[i]);
    }
    buf_put(&b, question->name.at, question->name.n);
    buf_put_u32(&b, (uint32_t)TYPE_A << 16 | CLASS_IN);
    buf_put_u16(&b, 0xc00c);
    buf_put_u32(&b, (uint32_t)TYPE_A << 16 | CLASS_IN);
    buf_put_u32(&b, ttl_s);
    buf_put_u16(&b, 4);
    buf_put_u32(&b, address);
    int outcome = answer_read(bytes_of(at, b.n), &expect, &answer);
    assert(outcome == ANSWER_OK);
    return answer;
}

static void check_found(const struct answer *answer, const struct kept *kept, uint64_t now_us)
{
    if (answer != NULL) {
        struct bytes wire = answer_wire(answer);
        assert(kept->is_put && kept->until_us > now_us);
        assert(bytes_read_u32(wire.at + wire.n - 4) == kept->address);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t secret[16] = {0};
    struct cache_params params = {.size_bytes = SIZE_BYTES};
    struct cache *cache = cache_new(&params, secret);
    struct kept model[N_NAMES] = {0};
    uint64_t now_us = 1000000;
    for (size_t i = 0; i + 1 < size; i += 2) {
        unsigned k = data[i + 1] % N_NAMES;
        struct question question = question_of(k);
        struct cache_key key = {.question = &question};
        if (data[i] == 255) {
            cache_flush(cache);
            memset(model, 0, sizeof model);
        } else if (data[i] % 3 == 0) {
            uint32_t ttl_s = data[i] / 3;
            owned(answer_unrefp) struct answer *answer =
                answer_of(&question, (uint32_t)i, ttl_s, now_us);
            cache_put(cache, &key, answer);
            /* What may not be kept does not replace what is. */
            if (ttl_s > 0) {
                model[k] = (struct kept){true, (uint32_t)i, now_us + ttl_s * UINT64_C(1000000)};
            }
        } else if (data[i] % 3 == 1) {
            enum cache_state state;
            owned(answer_unrefp) struct answer *answer = cache_take(cache, &key, now_us, &state);
            check_found(answer, &model[k], now_us);
        } else {
            now_us += (uint64_t)data[i + 1] * 100000;
        }
        struct cache_counts counts;
        cache_count(cache, &counts);
        assert(counts.used_bytes <= SIZE_BYTES && counts.n_entries <= N_NAMES);
    }
    cache_free(cache);
    return 0;
}
