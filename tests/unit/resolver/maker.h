/* SPDX-License-Identifier: MIT */
/* Makes messages for the tests of resolver/wire, record by record, uncompressed unless told, so
 * that wire code is not its own judge. A maker asserts; it never returns a failure. */
#ifndef TESTS_UNIT_RESOLVER_MAKER_H
#define TESTS_UNIT_RESOLVER_MAKER_H

#include "resolver/wire/answer.h"

#include <assert.h>

enum section { ANSWER = 6, AUTHORITY = 8, ADDITIONAL = 10 }; /* where its count stands */

struct maker {
    struct buf b;
    uint8_t at[MESSAGE_MAX];
};

/* RDATA being put together. */
struct made {
    size_t n;
    uint8_t at[1024];
};

static inline struct name made_name(const char *text)
{
    struct name name;
    int failure = name_from_text(text, &name);
    assert(failure == 0);
    return name;
}

static inline struct bytes maker_message(const struct maker *m)
{
    assert(!m->b.overflow);
    return bytes_of(m->at, m->b.n);
}

static inline void maker_put_name(struct maker *m, const char *text)
{
    struct name name = made_name(text);
    buf_put(&m->b, name.at, name.n);
}

/* Header and question of a response, NOERROR; or of whatever the caller makes of flags. */
static inline void maker_begin(struct maker *m, uint16_t flags, const char *name, uint16_t type)
{
    m->b = buf_over(m->at, sizeof m->at);
    buf_put_u16(&m->b, 0);
    buf_put_u16(&m->b, flags);
    buf_put_u16(&m->b, 1);
    for (int i = 0; i < 3; i++)
        buf_put_u16(&m->b, 0);
    maker_put_name(m, name);
    buf_put_u16(&m->b, type);
    buf_put_u16(&m->b, CLASS_IN);
}

static inline void maker_count(struct maker *m, enum section section)
{
    bytes_write_u16(m->at + section, (uint16_t)(bytes_read_u16(m->at + section) + 1));
}

/* What stands behind an owner; the record is counted. */
static inline void maker_put_fixed(struct maker *m, enum section section, uint16_t type,
                                   uint32_t ttl_s, struct bytes rdata)
{
    buf_put_u16(&m->b, type);
    buf_put_u16(&m->b, CLASS_IN);
    buf_put_u32(&m->b, ttl_s);
    buf_put_u16(&m->b, (uint16_t)rdata.n);
    buf_put(&m->b, rdata.at, rdata.n);
    maker_count(m, section);
}

/* An owner as text and type and TTL of a record. */
struct head {
    const char *owner;
    uint16_t type;
    uint32_t ttl_s;
};

static inline void maker_put(struct maker *m, enum section section, struct head head,
                             struct bytes rdata)
{
    maker_put_name(m, head.owner);
    maker_put_fixed(m, section, head.type, head.ttl_s, rdata);
}

static inline void made_add(struct made *r, const void *at, size_t n)
{
    assert(r->n + n <= sizeof r->at);
    memcpy(r->at + r->n, at, n);
    r->n += n;
}

static inline void made_add_name(struct made *r, const char *text)
{
    struct name name = made_name(text);
    made_add(r, name.at, name.n);
}

static inline struct bytes made_bytes(const struct made *r)
{
    return bytes_of(r->at, r->n);
}

static inline void maker_put_a(struct maker *m, enum section section, const char *owner,
                               uint32_t ttl_s)
{
    maker_put(m, section, (struct head){owner, TYPE_A, ttl_s}, bytes_of("\300\0\2\1", 4));
}

/* A record whose RDATA is one name: CNAME, NS, DNAME, PTR. */
static inline void maker_put_alias(struct maker *m, enum section section, struct head head,
                                   const char *target)
{
    struct made rdata = {0};
    made_add_name(&rdata, target);
    maker_put(m, section, head, made_bytes(&rdata));
}

static inline void maker_put_soa(struct maker *m, const char *owner, uint32_t ttl_s,
                                 uint32_t minimum_s)
{
    struct made rdata = {0};
    uint8_t numbers[20] = {0};
    bytes_write_u32(numbers + 16, minimum_s);
    made_add_name(&rdata, "ns.example.com.");
    made_add_name(&rdata, "host.example.com.");
    made_add(&rdata, numbers, sizeof numbers);
    maker_put(m, AUTHORITY, (struct head){owner, TYPE_SOA, ttl_s}, made_bytes(&rdata));
}

static inline void maker_put_rrsig(struct maker *m, enum section section, const char *owner,
                                   uint16_t covered)
{
    struct made rdata = {0};
    uint8_t fixed[18] = {(uint8_t)(covered >> 8), (uint8_t)covered, 13, 2};
    made_add(&rdata, fixed, sizeof fixed);
    made_add_name(&rdata, "example.com.");
    made_add(&rdata, "signature", 9);
    maker_put(m, section, (struct head){owner, TYPE_RRSIG, 300}, made_bytes(&rdata));
}

/* An OPT; `ttl` carries extended rcode, version and flags. */
static inline void maker_put_opt(struct maker *m, uint16_t size, uint32_t ttl, struct bytes options)
{
    buf_put_u8(&m->b, 0);
    buf_put_u16(&m->b, TYPE_OPT);
    buf_put_u16(&m->b, size);
    buf_put_u32(&m->b, ttl);
    buf_put_u16(&m->b, (uint16_t)options.n);
    buf_put(&m->b, options.at, options.n);
    maker_count(m, ADDITIONAL);
}

#endif
