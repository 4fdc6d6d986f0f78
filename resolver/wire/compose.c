/* SPDX-License-Identifier: MIT */
#include "resolver/wire/compose.h"

#include "resolver/wire/response.h"

#include <errno.h>
#include <stdlib.h>

enum { V4 = 4, V6 = 16, TTL_MAX_S = 7 * 86400 };

static struct answer_expect expect_of(const struct question *question, uint64_t now_us)
{
    return (struct answer_expect){
        .question = question,
        .id = -1,
        .now_us = now_us,
        .max_ttl_s = TTL_MAX_S,
        .negative_max_ttl_s = TTL_MAX_S,
    };
}

static int read_back(struct bytes message, const struct question *question, uint64_t now_us,
                     struct answer **ret_answer)
{
    struct answer_expect expect = expect_of(question, now_us);
    int outcome = answer_read(message, &expect, ret_answer);
    return outcome == ANSWER_OK ? 0 : outcome < 0 ? outcome : -EINVAL;
}

int compose_local(const struct question *question, const struct reply_local *local, uint64_t now_us,
                  struct answer **ret_answer)
{
    uint8_t raw[NAME_MAX_OCTETS + 4], *message = malloc(MESSAGE_MAX);
    if (message == NULL) {
        return -ENOMEM;
    }
    struct buf b = buf_over(raw, sizeof raw);
    buf_put(&b, question->name.at, question->name.n);
    buf_put_u16(&b, question->type);
    buf_put_u16(&b, question->class);
    struct query_message query = {
        .flags = FLAG_RD, .has_question = true, .question = *question, .raw_question = {raw, b.n}};
    size_t n = reply_local(&query, local, MESSAGE_MAX, message);
    int failure = read_back(bytes_of(message, n), question, now_us, ret_answer);
    free(message);
    if (failure == 0) {
        (*ret_answer)->ede = (int16_t)local->ede;
    }
    return failure;
}

/* ---- from another answer ---- */

struct composing {
    const struct compose_wish *wish;
    struct response from;
    uint32_t age_s;
    struct buf out;
    uint16_t n_answers, n_authority;
};

static uint32_t ttl_of(const struct composing *c, uint32_t ttl_s)
{
    ttl_s = ttl_s > c->age_s ? ttl_s - c->age_s : 0;
    return ttl_s < c->wish->max_ttl_s ? ttl_s : c->wish->max_ttl_s;
}

static void put_alias(struct composing *c, const struct question *target)
{
    buf_put_u16(&c->out, 0xc000 | MESSAGE_HEADER);
    buf_put_u16(&c->out, TYPE_CNAME);
    buf_put_u16(&c->out, target->class);
    buf_put_u32(&c->out, c->wish->alias_ttl_s);
    buf_put_u16(&c->out, target->name.n);
    buf_put(&c->out, target->name.at, target->name.n);
    c->n_answers++;
}

static void put_address(struct composing *c, const struct record *record, const uint8_t v6[V6])
{
    buf_put_u16(&c->out, TYPE_AAAA);
    buf_put_u16(&c->out, record->class);
    buf_put_u32(&c->out, ttl_of(c, record->ttl_s));
    buf_put_u16(&c->out, V6);
    buf_put(&c->out, v6, V6);
}

/* Whether what makes addresses of others takes the record; an address is made then. */
static bool takes(const struct composing *c, const struct record *record, uint8_t ret_v6[V6])
{
    if (!record->in_answer || record->type != TYPE_A) {
        return record->in_answer && record->type == TYPE_CNAME;
    }
    return record->n_rdata == V4 &&
           c->wish->address(c->wish->ctx, c->from.message.at + record->rdata_at, ret_v6);
}

static bool is_service(unsigned type)
{
    return type == TYPE_SVCB || type == TYPE_HTTPS;
}

/* Puts a service's record without the hint that nobody is to be given. */
static void put_service(struct composing *c, const struct record *record)
{
    struct bytes rdata = bytes_of(c->from.message.at + record->rdata_at, record->n_rdata);
    struct buf before = c->out;
    names_write(&c->from.names, record->owner, NAMES_PLAIN, &c->out);
    buf_put_u16(&c->out, record->type);
    buf_put_u16(&c->out, record->class);
    buf_put_u32(&c->out, ttl_of(c, record->ttl_s));
    size_t length_at = c->out.n;
    buf_put_u16(&c->out, 0);
    if (!hints_put_without(rdata, c->wish->without, &c->out)) {
        c->out = before;
        return;
    }
    if (!c->out.overflow) {
        bytes_write_u16(c->out.at + length_at, (uint16_t)(c->out.n - length_at - 2));
    }
    c->n_answers++;
}

/* Whether it is an address that is to be left out, or signs some. */
static bool drops(const struct composing *c, const struct record *record)
{
    const uint8_t *rdata = c->from.message.at + record->rdata_at;
    if (!record->in_answer || (c->wish->keeps == NULL && c->wish->without == HINT_NONE)) {
        return false;
    }
    if (c->wish->without != HINT_NONE) {
        return record->type == TYPE_RRSIG && is_service(record->covered);
    }
    if (record->type == TYPE_RRSIG) {
        return record->n_rdata >= 2 && bytes_read_u16(rdata) == TYPE_AAAA;
    }
    return record->type == TYPE_AAAA && record->n_rdata == V6 &&
           !c->wish->keeps(c->wish->ctx, rdata);
}

static void put_record(struct composing *c, const struct record *record)
{
    uint8_t v6[V6];
    bool maps = c->wish->address != NULL;
    if ((maps && !takes(c, record, v6)) || drops(c, record)) {
        return;
    }
    if (c->wish->without != HINT_NONE && record->in_answer && is_service(record->type)) {
        put_service(c, record);
        return;
    }
    names_write(&c->from.names, record->owner, NAMES_PLAIN, &c->out);
    if (maps && record->type == TYPE_A) {
        put_address(c, record, v6);
    } else {
        buf_put_u16(&c->out, record->type);
        buf_put_u16(&c->out, record->class);
        buf_put_u32(&c->out, ttl_of(c, record->ttl_s));
        rdata_write(&c->from.names, record, &c->out);
    }
    c->n_answers = (uint16_t)(c->n_answers + (record->in_answer ? 1 : 0));
    c->n_authority = (uint16_t)(c->n_authority + (record->in_answer ? 0 : 1));
}

static uint32_t age_of(const struct answer *answer, uint64_t now_us)
{
    uint64_t s = now_us > answer->made_us ? (now_us - answer->made_us) / 1000000 : 0;
    return s < UINT32_MAX ? (uint32_t)s : UINT32_MAX;
}

/* A chain's records as they were learnt: of them CNAME alone may hold a compressed name. */
static void put_chain(struct composing *c, const struct answer *chain)
{
    struct answer_walk walk = answer_walk(chain);
    struct answer_record record;
    uint32_t age_s = age_of(chain, c->wish->now_us);
    while (walk.n_done < chain->n_answers && answer_next(&walk, &record)) {
        struct cursor at = cursor_over(answer_wire(chain));
        struct name target;
        cursor_take(&at, record.rdata_at);
        if (record.type == TYPE_CNAME && name_read(&at, &target)) {
            record.rdata = name_bytes(&target);
        }
        buf_put(&c->out, record.owner.at, record.owner.n);
        buf_put_u16(&c->out, record.type);
        buf_put_u16(&c->out, record.class);
        buf_put_u32(&c->out, record.ttl_s > age_s ? record.ttl_s - age_s : 0);
        buf_put_u16(&c->out, (uint16_t)record.rdata.n);
        buf_put(&c->out, record.rdata.at, record.rdata.n);
        c->n_answers++;
    }
}

static void put_all(struct composing *c, const struct question *target)
{
    static const uint8_t head[MESSAGE_HEADER];
    const struct question *question = c->wish->question;
    buf_put(&c->out, head, sizeof head);
    buf_put(&c->out, question->name.at, question->name.n);
    buf_put_u16(&c->out, question->type);
    buf_put_u16(&c->out, question->class);
    if (c->wish->is_alias) {
        put_alias(c, target);
    }
    if (c->wish->before != NULL) {
        put_chain(c, c->wish->before);
    }
    for (size_t i = 0; i < c->from.n_records; i++) {
        put_record(c, &c->from.records[i]);
    }
    bytes_write_u16(c->out.at + 2, (uint16_t)(FLAG_QR | FLAG_RA | (c->from.rcode & FLAG_RCODE)));
    bytes_write_u16(c->out.at + 4, 1);
    bytes_write_u16(c->out.at + 6, c->n_answers);
    bytes_write_u16(c->out.at + 8, c->n_authority);
}

static struct question question_of(const struct answer *answer)
{
    struct cursor c = cursor_over(answer_wire(answer));
    struct question question;
    cursor_take(&c, MESSAGE_HEADER);
    name_read_plain(&c, &question.name);
    question.type = cursor_u16(&c);
    question.class = cursor_u16(&c);
    return question;
}

int compose_from(const struct answer *from, const struct compose_wish *wish,
                 struct answer **ret_answer)
{
    struct question target = question_of(from);
    struct answer_expect expect = expect_of(&target, wish->now_us);
    struct composing c = {.wish = wish, .age_s = age_of(from, wish->now_us)};
    int outcome = response_read(answer_wire(from), &expect, &c.from);
    c.out = buf_over(malloc(MESSAGE_MAX), MESSAGE_MAX);
    int failure = c.out.at == NULL || outcome < 0 ? -ENOMEM : outcome == ANSWER_OK ? 0 : -EINVAL;
    if (failure == 0) {
        put_all(&c, &target);
        failure = c.out.overflow ? -EINVAL
                                 : read_back(bytes_of(c.out.at, c.out.n), wish->question,
                                             wish->now_us, ret_answer);
    }
    if (failure == 0) {
        (*ret_answer)->ede = from->ede;
    }
    free(c.out.at);
    response_done(&c.from);
    return failure;
}
