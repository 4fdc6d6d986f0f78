/* SPDX-License-Identifier: MIT */
#include "tests/unit/messages.h"

#include <assert.h>

static void put_header(struct buf *b, uint16_t id, uint16_t flags, const uint16_t counts[4])
{
    buf_put_u16(b, id);
    buf_put_u16(b, flags);
    for (int i = 0; i < 4; i++) {
        buf_put_u16(b, counts[i]);
    }
}

static void put_question(struct buf *b, const char *text, uint16_t type)
{
    struct name name;
    int failure = name_from_text(text, &name);
    assert(failure == 0);
    buf_put(b, name.at, name.n);
    buf_put_u16(b, type);
    buf_put_u16(b, CLASS_IN);
}

size_t test_query_write(const struct test_query *q, uint8_t out[512])
{
    struct buf b = buf_over(out, 512);
    put_header(&b, q->id, q->flags, (uint16_t[4]){1, 0, 0, q->edns_size != 0});
    put_question(&b, q->name, q->type);
    if (q->edns_size != 0) {
        buf_put_u8(&b, 0);
        buf_put_u16(&b, TYPE_OPT);
        buf_put_u16(&b, q->edns_size);
        buf_put_u32(&b, q->want_do ? 0x8000 : 0);
        buf_put_u16(&b, 0);
    }
    assert(!b.overflow);
    return b.n;
}

size_t test_response_write(const struct test_response *r, uint8_t out[512])
{
    struct buf b = buf_over(out, 512);
    bool has_record = r->rcode == RCODE_NOERROR;
    put_header(&b, 0, (uint16_t)(FLAG_QR | FLAG_RD | FLAG_RA | r->rcode),
               (uint16_t[4]){1, has_record, 0, 0});
    put_question(&b, r->name, r->type);
    if (has_record) {
        buf_put_u16(&b, 0xc00c);
        buf_put_u16(&b, TYPE_A);
        buf_put_u16(&b, CLASS_IN);
        buf_put_u32(&b, r->ttl_s);
        buf_put_u16(&b, 4);
        buf_put_u32(&b, r->address);
    }
    assert(!b.overflow);
    return b.n;
}

struct answer *test_answer(const struct test_response *r, uint64_t now_us)
{
    uint8_t wire[512];
    size_t n = test_response_write(r, wire);
    struct question question = {.type = r->type, .class = CLASS_IN};
    int failure = name_from_text(r->name, &question.name);
    assert(failure == 0);
    name_lower(&question.name);
    struct answer_expect expect = {
        .question = &question,
        .id = 0,
        .now_us = now_us,
        .max_ttl_s = 86400,
        .negative_max_ttl_s = 3600,
    };
    struct answer *answer = NULL;
    int outcome = answer_read(bytes_of(wire, n), &expect, &answer);
    assert(outcome == ANSWER_OK);
    return answer;
}
