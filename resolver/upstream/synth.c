/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/synth.h"

#include "resolver/upstream/drivers.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

enum {
    COUNTS_AT = 6,
    OPT_SIZE = 4096,
    FIXED_OCTETS = 10, /* type, class, TTL and length */
    TTL_BEFORE_RDATA = 6,
};

int synth_begin(struct synth *synth, const struct question *question, uint16_t flags,
                uint16_t rcode)
{
    *synth = (struct synth){.ede = EDE_NONE, .rcode = rcode};
    synth->out = buf_over(malloc(MESSAGE_MAX), MESSAGE_MAX);
    if (synth->out.at == NULL) {
        return -ENOMEM;
    }
    struct buf *out = &synth->out;
    buf_put_u16(out, 0);
    buf_put_u16(out, (uint16_t)(FLAG_QR | FLAG_RA | flags | (rcode & FLAG_RCODE)));
    buf_put_u16(out, 1);
    buf_put_u16(out, 0);
    buf_put_u16(out, 0);
    buf_put_u16(out, 1); /* the OPT */
    buf_put(out, question->name.at, question->name.n);
    buf_put_u16(out, question->type);
    buf_put_u16(out, question->class);
    return 0;
}

size_t synth_open_record(struct synth *synth, const struct answer_record *r)
{
    struct buf *out = &synth->out;
    synth->places[synth->n_places % SYNTH_LOOKS].begin = (uint16_t)out->n;
    buf_put(out, r->owner.at, r->owner.n);
    buf_put_u16(out, r->type);
    buf_put_u16(out, CLASS_IN);
    buf_put_u32(out, r->ttl_s);
    buf_put_u16(out, 0);
    return out->n;
}

/* Lengths of labels are below the letters, so that a whole name may be folded. */
static bool is_same_folded(const uint8_t *a, const uint8_t *b, size_t n)
{
    size_t i = 0;
    while (i < n && tolower(a[i]) == tolower(b[i])) {
        i++;
    }
    return i == n;
}

/* Owner, type, class and data; TTLs apart. */
static bool is_same_record(const struct buf *out, const struct synth_place *a,
                           const struct synth_place *b)
{
    const uint8_t *left = out->at + a->rdata, *right = out->at + b->rdata;
    size_t n_owner = (size_t)(b->rdata - b->begin - FIXED_OCTETS);
    size_t n_rdata = (size_t)(b->end - b->rdata);
    return a->section == b->section && a->rdata - a->begin == b->rdata - b->begin &&
           a->end - a->rdata == b->end - b->rdata &&
           memcmp(left - FIXED_OCTETS, right - FIXED_OCTETS, 4) == 0 &&
           memcmp(left, right, n_rdata) == 0 &&
           is_same_folded(out->at + a->begin, out->at + b->begin, n_owner);
}

/* lends the place of the same record told before; NULL when it is new. */
static const struct synth_place *told_before(const struct synth *synth,
                                             const struct synth_place *now)
{
    unsigned n = synth->n_places < SYNTH_LOOKS - 1 ? synth->n_places : SYNTH_LOOKS - 1;
    for (unsigned i = 1; i <= n; i++) {
        const struct synth_place *one = &synth->places[(synth->n_places - i) % SYNTH_LOOKS];
        if (is_same_record(&synth->out, one, now)) {
            return one;
        }
    }
    return NULL;
}

void synth_close_record(struct synth *synth, enum synth_section section, size_t at)
{
    struct buf *out = &synth->out;
    struct synth_place *now = &synth->places[synth->n_places % SYNTH_LOOKS];
    if (out->overflow) {
        return;
    }
    bytes_write_u16(out->at + at - 2, (uint16_t)(out->n - at));
    now->rdata = (uint16_t)at;
    now->end = (uint16_t)out->n;
    now->section = section;
    const struct synth_place *before = told_before(synth, now);
    if (before == NULL) {
        synth->counts[section]++;
        synth->n_places++;
        return;
    }
    uint8_t *ttl = out->at + before->rdata - TTL_BEFORE_RDATA;
    uint32_t ttl_s = bytes_read_u32(out->at + at - TTL_BEFORE_RDATA);
    bytes_write_u32(ttl, ttl_s < bytes_read_u32(ttl) ? ttl_s : bytes_read_u32(ttl));
    out->n = now->begin;
}

void synth_record(struct synth *synth, enum synth_section section, const struct answer_record *r)
{
    size_t at = synth_open_record(synth, r);
    buf_put(&synth->out, r->rdata.at, r->rdata.n);
    synth_close_record(synth, section, at);
}

void synth_negative(struct synth *synth, const struct question *question, uint32_t ttl_s)
{
    static const uint8_t names[] = "\x09localhost\x00\x0ahostmaster\x09localhost";
    static const uint32_t timers[] = {1, 3600, 600, 86400};
    struct answer_record soa = {.type = TYPE_SOA, .ttl_s = ttl_s};
    name_parent(&question->name, &soa.owner);
    size_t at = synth_open_record(synth, &soa);
    buf_put(&synth->out, names, sizeof names);
    for (size_t i = 0; i < sizeof timers / sizeof timers[0]; i++) {
        buf_put_u32(&synth->out, timers[i]);
    }
    buf_put_u32(&synth->out, ttl_s);
    synth_close_record(synth, SYNTH_AUTHORITY, at);
}

/* RFC 6891 section 6.1; RFC 8914 section 2. */
static void put_opt(struct synth *synth)
{
    struct buf *out = &synth->out;
    bool ede = synth->ede != EDE_NONE;
    buf_put_u8(out, 0);
    buf_put_u16(out, TYPE_OPT);
    buf_put_u16(out, OPT_SIZE);
    buf_put_u32(out, (uint32_t)(synth->rcode >> 4) << 24);
    buf_put_u16(out, ede ? 6 : 0);
    if (ede) {
        buf_put_u16(out, EDNS_OPTION_EDE);
        buf_put_u16(out, 2);
        buf_put_u16(out, (uint16_t)synth->ede);
    }
}

/* Services that tell addresses alone tell them in the same order each time; who asks takes the
 * first. Is it addresses of one family, each with the question's name? */
static bool is_addresses(const struct answer *a, uint16_t type)
{
    enum { POINTER_TO_TTL = 6, TTL_TO_RDATA = 6 };
    size_t each = (size_t)POINTER_TO_TTL + TTL_TO_RDATA + (type == TYPE_A ? 4 : 16);
    bool good = (type == TYPE_A || type == TYPE_AAAA) && !a->has_alias && a->n_answers > 1;
    for (unsigned i = 1; good && i < a->n_answers; i++) {
        good = (size_t)(a->ttl_offsets[i] - a->ttl_offsets[i - 1]) == each;
    }
    return good;
}

int synth_finish(struct synth *synth, const struct answer_expect *expect,
                 struct driver_found *found)
{
    int class = DRIVER_PARSE;
    put_opt(synth);
    if (synth->out.overflow) {
        found->why = "more records than a message holds";
    } else {
        bytes_write_u16(synth->out.at + COUNTS_AT, synth->counts[SYNTH_ANSWER]);
        bytes_write_u16(synth->out.at + COUNTS_AT + 2, synth->counts[SYNTH_AUTHORITY]);
        class = driver_read_message(bytes_of(synth->out.at, synth->out.n), expect, found);
        if (class == DRIVER_OK) {
            found->answer->rotates = is_addresses(found->answer, expect->question->type);
        }
    }
    synth_drop(synth);
    return class;
}

void synth_drop(struct synth *synth)
{
    free(synth->out.at);
    synth->out = buf_over(NULL, 0);
}

int synth_absence(uint16_t rcode, uint32_t ttl_s, const struct answer_expect *expect,
                  struct driver_found *found)
{
    struct synth synth;
    int failure = synth_begin(&synth, expect->question, 0, rcode);
    if (failure < 0) {
        return failure;
    }
    synth_negative(&synth, expect->question, ttl_s);
    return synth_finish(&synth, expect, found);
}

struct answer *synth_nothing(const struct question *question, uint64_t now_us)
{
    struct driver_found found = {0};
    struct answer_expect expect = {.question = question,
                                   .now_us = now_us,
                                   .max_ttl_s = SYNTH_NEGATIVE_MAX_S,
                                   .negative_max_ttl_s = SYNTH_NEGATIVE_MAX_S};
    if (question->type != TYPE_HTTPS && question->type != TYPE_SVCB) {
        return NULL;
    }
    (void)synth_absence(RCODE_NOERROR, SYNTH_NEGATIVE_MIN_S, &expect, &found);
    return found.answer;
}
