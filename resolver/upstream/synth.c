/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/synth.h"

#include "resolver/upstream/drivers.h"

#include <errno.h>
#include <stdlib.h>

enum { COUNTS_AT = 6, OPT_SIZE = 4096 };

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

size_t synth_open_record(struct synth *synth, enum synth_section section,
                         const struct answer_record *r)
{
    struct buf *out = &synth->out;
    buf_put(out, r->owner.at, r->owner.n);
    buf_put_u16(out, r->type);
    buf_put_u16(out, CLASS_IN);
    buf_put_u32(out, r->ttl_s);
    buf_put_u16(out, 0);
    synth->counts[section]++;
    return out->n;
}

void synth_close_record(struct synth *synth, size_t at)
{
    if (!synth->out.overflow) {
        bytes_write_u16(synth->out.at + at - 2, (uint16_t)(synth->out.n - at));
    }
}

void synth_record(struct synth *synth, enum synth_section section, const struct answer_record *r)
{
    size_t at = synth_open_record(synth, section, r);
    buf_put(&synth->out, r->rdata.at, r->rdata.n);
    synth_close_record(synth, at);
}

void synth_negative(struct synth *synth, const struct question *question, uint32_t ttl_s)
{
    static const uint8_t names[] = "\x09localhost\x00\x0ahostmaster\x09localhost";
    static const uint32_t timers[] = {1, 3600, 600, 86400};
    struct answer_record soa = {.type = TYPE_SOA, .ttl_s = ttl_s};
    name_parent(&question->name, &soa.owner);
    size_t at = synth_open_record(synth, SYNTH_AUTHORITY, &soa);
    buf_put(&synth->out, names, sizeof names);
    for (size_t i = 0; i < sizeof timers / sizeof timers[0]; i++) {
        buf_put_u32(&synth->out, timers[i]);
    }
    buf_put_u32(&synth->out, ttl_s);
    synth_close_record(synth, at);
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
