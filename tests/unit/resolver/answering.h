/* SPDX-License-Identifier: MIT */
/* One message, what it is asked for, and the answer that becomes of it: what the tests of
 * answer_read() have in common. */
#ifndef TESTS_UNIT_RESOLVER_ANSWERING_H
#define TESTS_UNIT_RESOLVER_ANSWERING_H

#include "tests/unit/resolver/maker.h"
#include "tests/unit/suite.h"

enum { RESPONSE = FLAG_QR | FLAG_RD | FLAG_RA };

static struct maker m;
static struct question question;
static struct answer_expect expect;
static struct answer *answer;

static inline void begin(const char *name, uint16_t type)
{
    answer = answer_unref(answer);
    maker_begin(&m, RESPONSE, name, type);
    question = (struct question){.name = made_name(name), .type = type, .class = CLASS_IN};
    name_lower(&question.name);
    expect = (struct answer_expect){
        .question = &question, .id = 0, .max_ttl_s = 86400, .negative_max_ttl_s = 3600};
}

static inline int outcome(void)
{
    answer = answer_unref(answer);
    return answer_read(maker_message(&m), &expect, &answer);
}

static inline void accept(void)
{
    ck_assert_int_eq(outcome(), ANSWER_OK);
}

/* The record at `place` of the answer in wire order. */
static inline struct answer_record at(unsigned place)
{
    struct answer_walk walk = answer_walk(answer);
    struct answer_record record;
    for (unsigned i = 0; i <= place; i++)
        ck_assert(answer_next(&walk, &record));
    return record;
}

static inline void has_records(unsigned n_answers, unsigned n_authority)
{
    ck_assert_uint_eq(answer->n_answers, n_answers);
    ck_assert_uint_eq(answer->n_ttls - answer->n_answers, n_authority);
    struct answer_walk walk = answer_walk(answer);
    struct answer_record record;
    for (unsigned i = 0; i < n_answers + n_authority; i++)
        ck_assert(answer_next(&walk, &record));
    ck_assert(!answer_next(&walk, &record));
    ck_assert_uint_eq(cursor_left(&walk.cursor), 0);
}

/* The RDATA at `place` as it is after decompression of the name behind its first `skip` octets. */
static inline struct name name_in(unsigned place, size_t skip)
{
    struct answer_record record = at(place);
    struct cursor c = cursor_over(answer_wire(answer));
    struct name name;
    cursor_take(&c, record.rdata_at + skip);
    ck_assert(name_read(&c, &name));
    return name;
}

static inline bool is_exactly(struct name name, const char *text)
{
    struct name wanted = made_name(text);
    return bytes_equal(name_bytes(&name), name_bytes(&wanted));
}

static inline void put_cname(const char *owner, const char *target)
{
    maker_put_alias(&m, ANSWER, (struct head){owner, TYPE_CNAME, 300}, target);
}

/* A record of the question's name whose RDATA is given as octets. */
static inline void put_rdata(uint16_t type, const void *rdata, size_t n)
{
    buf_put_u16(&m.b, 0xc00c);
    maker_put_fixed(&m, ANSWER, type, 300, bytes_of(rdata, n));
}

static inline void let_go(void)
{
    answer = answer_unref(answer);
}

#endif
