/* SPDX-License-Identifier: MIT */
/* Any octets as an upstream's answer to the question they carry. What is accepted reads again to
 * the same octets, can be walked, and makes replies that keep the limit and read again. */
#include "resolver/wire/reply.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The question as the message has it, so that the checks behind the first are reached. */
static bool question_of(struct bytes message, struct question *ret_question,
                        struct bytes *ret_raw_question)
{
    struct cursor c = cursor_over(message);
    cursor_take(&c, MESSAGE_HEADER);
    if (c.failed || !name_read_plain(&c, &ret_question->name))
        return false;
    name_lower(&ret_question->name);
    ret_question->type = cursor_u16(&c);
    ret_question->class = cursor_u16(&c);
    if (c.failed)
        return false;
    *ret_raw_question = bytes_of(message.at + MESSAGE_HEADER, c.at - MESSAGE_HEADER);
    return true;
}

static void check_walk(const struct answer *answer)
{
    struct answer_walk walk = answer_walk(answer);
    struct answer_record record;
    unsigned n = 0;
    for (; answer_next(&walk, &record); n++) {
        assert(bytes_read_u32(answer_wire(answer).at + answer->ttl_offsets[n]) == record.ttl_s);
        assert(record.ttl_s <= INT32_MAX);
    }
    assert(n == answer->n_ttls && cursor_left(&walk.cursor) == 0);
}

static struct answer *read_again(struct bytes wire, const struct question *question)
{
    struct answer_expect expect = {.question = question,
                                   .id = -1,
                                   .allow_tc = true,
                                   .max_ttl_s = UINT32_MAX,
                                   .negative_max_ttl_s = UINT32_MAX};
    struct answer *again = NULL;
    assert(answer_read(wire, &expect, &again) == ANSWER_OK);
    return again;
}

/* The record `n` of an answer, counted from 0. */
static struct answer_record record_at(const struct answer *answer, size_t n)
{
    struct answer_walk walk = answer_walk(answer);
    struct answer_record record;
    for (size_t i = 0; i <= n; i++)
        assert(answer_next(&walk, &record));
    return record;
}

/* A reply with the first `n` of an answer's records ends with a whole RRset (RFC 2181 §9). */
static void check_cut(const struct answer *answer, size_t n)
{
    if (n == 0 || n == answer->n_answers || n == answer->n_ttls)
        return;
    struct answer_record last = record_at(answer, n - 1), next = record_at(answer, n);
    assert(last.type != next.type || !name_equal(&last.owner, &next.owner) ||
           (last.type == TYPE_RRSIG && memcmp(last.rdata.at, next.rdata.at, 2) != 0));
}

static void check_reply(const struct answer *answer, const struct query_message *query,
                        size_t limit)
{
    static uint8_t out[MESSAGE_MAX];
    size_t n = reply_from_answer(query, answer,
                                 &(struct reply_moment){answer->made_us + 5000000, 30}, limit, out);
    assert(n <= limit);
    bool cut = (bytes_read_u16(out + 2) & FLAG_TC) != 0;
    size_t n_answers = bytes_read_u16(out + 6), n_records = n_answers + bytes_read_u16(out + 8);
    assert(cut || n_answers == answer->n_answers);
    check_cut(answer, n_records);
    owned(answer_unrefp) struct answer *again = read_again(bytes_of(out, n), &query->question);
    assert(again->n_ttls <= n_records && (again->n_ttls == n_records || cut));
    assert(again->rcode == (query->has_edns || answer->rcode < 16 ? answer->rcode : 2));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes message = bytes_of(data, size);
    struct query_message query = {.id = 0x1234, .flags = FLAG_RD, .has_question = true};
    if (!question_of(message, &query.question, &query.raw_question))
        return 0;
    struct answer_expect expect = {.question = &query.question,
                                   .id = -1,
                                   .allow_tc = (data[0] & 1) != 0,
                                   .now_us = 7,
                                   .age_s = data[1],
                                   .min_ttl_s = (data[0] & 2) != 0 ? 30 : 0,
                                   .max_ttl_s = 86400,
                                   .negative_max_ttl_s = 3600};
    owned(answer_unrefp) struct answer *answer = NULL;
    int outcome = answer_read(message, &expect, &answer);
    assert(outcome > 0 && (outcome == ANSWER_OK) == (answer != NULL));
    if (outcome != ANSWER_OK)
        return 0;
    check_walk(answer);
    owned(answer_unrefp) struct answer *again = read_again(answer_wire(answer), &query.question);
    /* A TTL that was raised over its SOA's MINIMUM falls again. */
    assert(expect.min_ttl_s != 0 || bytes_equal(answer_wire(again), answer_wire(answer)));
    check_reply(answer, &query, 512);
    query.has_edns = true;
    check_reply(answer, &query, REPLY_UDP_CAP);
    check_reply(answer, &query, REPLY_ERROR_MAX + 37u * data[1]);
    check_reply(answer, &query, MESSAGE_MAX);
    return 0;
}
