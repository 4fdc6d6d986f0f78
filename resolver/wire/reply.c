/* SPDX-License-Identifier: MIT */
#include "resolver/wire/reply.h"

#include <assert.h>

enum {
    OPT_OCTETS = 11,
    OPTION_OCTETS = 4,
    EDNS_DO = 0x8000,
    N_ANSWERS_AT = 6, /* offsets in the header */
    N_AUTHORITY_AT = 8,
    N_ADDITIONAL_AT = 10,
};

/* What our OPT says beside our size and the client's DO. */
struct opt {
    unsigned rcode;
    int ede;
    struct bytes text;
};

/* The rcode as this client can be told: without EDNS there are four bits for it, and what the
 * low four bits of a longer one happen to mean is not what upstream said. */
static unsigned rcode_for(const struct query_message *query, unsigned rcode)
{
    return rcode > FLAG_RCODE && !query->has_edns ? RCODE_SERVFAIL : rcode;
}

/* RFC 1035 §4.1.1, RFC 4035 §3.1.6: what the client said about opcode, RD and CD comes back. */
static uint16_t flags_for(const struct query_message *query, unsigned rcode)
{
    unsigned copied = query->flags & (FLAG_OPCODE | FLAG_RD | FLAG_CD);
    return (uint16_t)(FLAG_QR | FLAG_RA | copied | (rcode & FLAG_RCODE));
}

static size_t ede_octets(const struct opt *opt)
{
    return opt->ede == EDE_NONE ? 0 : OPTION_OCTETS + 2 + opt->text.n;
}

/* RFC 8914 §3: the reason costs no record. Its text goes first, then the whole. */
static void fit_ede(struct opt *opt, size_t n_before, size_t limit)
{
    size_t room = limit > n_before ? limit - n_before : 0;
    if (ede_octets(opt) > room)
        opt->text.n = 0;
    if (ede_octets(opt) > room)
        opt->ede = EDE_NONE;
}

/* Our OPT (RFC 6891 §6.1), with the extended error (RFC 8914 §2). */
static void put_opt(struct buf *b, const struct query_message *query, const struct opt *opt)
{
    buf_put_u8(b, 0);
    buf_put_u16(b, TYPE_OPT);
    buf_put_u16(b, REPLY_UDP_CAP);
    buf_put_u32(b, (uint32_t)(opt->rcode >> 4) << 24 | (query->edns_do ? EDNS_DO : 0));
    buf_put_u16(b, (uint16_t)(query->n_options + ede_octets(opt)));
    buf_put(b, query->options, query->n_options);
    if (opt->ede == EDE_NONE)
        return;
    buf_put_u16(b, EDNS_OPTION_EDE);
    buf_put_u16(b, (uint16_t)(2 + opt->text.n));
    buf_put_u16(b, (uint16_t)opt->ede);
    buf_put(b, opt->text.at, opt->text.n);
}

/* Header and question; the other sections are empty yet. */
static void put_head(struct buf *b, const struct query_message *query, uint16_t flags)
{
    buf_put_u16(b, query->id);
    buf_put_u16(b, flags);
    buf_put_u16(b, query->has_question ? 1 : 0);
    buf_put_u16(b, 0);
    buf_put_u16(b, 0);
    buf_put_u16(b, query->has_edns ? 1 : 0);
    if (query->has_question)
        buf_put(b, query->raw_question.at, query->raw_question.n);
}

/* How much of an answer a reply holds: so many of its octets and records, from the front. */
struct part {
    size_t n_wire;
    size_t n_records;
    bool lacks; /* something that the client needs */
};

static bool is_same_rrset(const struct answer_record *a, const struct answer_record *b)
{
    return a->type == b->type && name_equal(&a->owner, &b->owner) &&
           (a->type != TYPE_RRSIG || memcmp(a->rdata.at, b->rdata.at, 2) == 0);
}

/* The zone's servers beside an answer are a courtesy; what else stands there is proof. */
static bool is_courtesy(const struct answer_record *record)
{
    return record->type == TYPE_NS ||
           (record->type == TYPE_RRSIG && bytes_read_u16(record->rdata.at) == TYPE_NS);
}

/* M16 (RFC 2181 §9): as many whole RRsets as fit `limit` octets. They stand together in the wire
 * form, and its pointers lead backwards: any part from the front is good. */
static struct part cut(const struct answer *answer, size_t limit)
{
    struct answer_walk walk = answer_walk(answer);
    struct answer_record record, before;
    struct part part = {.n_wire = walk.cursor.at};
    bool fits = true;
    for (size_t began = walk.cursor.at; answer_next(&walk, &record); began = walk.cursor.at) {
        size_t i = walk.n_done - 1;
        if (fits && (i == answer->n_answers || i == 0 || !is_same_rrset(&before, &record)))
            part = (struct part){.n_wire = began, .n_records = i};
        fits = fits && walk.cursor.at <= limit;
        part.lacks = part.lacks || (!fits && (i < answer->n_answers || !is_courtesy(&record)));
        if (part.lacks)
            break;
        before = record;
    }
    part.lacks = part.lacks || part.n_records < answer->n_answers;
    return part;
}

/* The counts of a reply that holds less than the answer. */
static void put_counts(const struct answer *answer, size_t n_records, uint8_t *out)
{
    size_t n_answers = n_records < answer->n_answers ? n_records : answer->n_answers;
    bytes_write_u16(out + N_ANSWERS_AT, (uint16_t)n_answers);
    bytes_write_u16(out + N_AUTHORITY_AT, (uint16_t)(n_records - n_answers));
}

/* Each reply begins with one of the answers as its ID says. They take the same octets each, so that
 * what stands in them (TTLs) stands where it stood. */
static void rotate(const struct answer *answer, unsigned id, uint8_t *wire)
{
    enum { BEFORE_TTL = 6 /* a pointer to the question's name, type, class */ };
    size_t from = answer->ttl_offsets[0] - (size_t)BEFORE_TTL;
    size_t each = (size_t)answer->ttl_offsets[1] - answer->ttl_offsets[0];
    size_t all = answer->n_answers * each, first = id % answer->n_answers * each;
    memcpy(wire + from, answer_wire(answer).at + from + first, all - first);
    memcpy(wire + from + all - first, answer_wire(answer).at + from, first);
}

/* Whole seconds since the answer's TTLs were true. */
static uint32_t elapsed_s(const struct answer *answer, uint64_t now_us)
{
    uint64_t s = now_us > answer->made_us ? (now_us - answer->made_us) / 1000000 : 0;
    return s > UINT32_MAX ? UINT32_MAX : (uint32_t)s;
}

static void count_ttls_down(const struct answer *answer, size_t n, uint32_t age_s, uint8_t *wire)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t *at = wire + answer->ttl_offsets[i];
        uint32_t ttl_s = bytes_read_u32(at);
        bytes_write_u32(at, ttl_s > age_s ? ttl_s - age_s : 0);
    }
}

/* An answer that may be kept and is past its TTL comes from a cache that has nothing better. */
static bool is_stale(const struct answer *answer, uint64_t now_us)
{
    return answer->ttl_s > 0 && answer_left_s(answer, now_us) == 0;
}

static void set_ttls(const struct answer *answer, size_t n, uint32_t ttl_s, uint8_t *wire)
{
    for (size_t i = 0; i < n; i++) {
        bytes_write_u32(wire + answer->ttl_offsets[i], ttl_s);
    }
}

size_t reply_from_answer(const struct query_message *query, const struct answer *answer,
                         const struct reply_moment *moment, size_t limit, uint8_t *out)
{
    assert(query->has_question);
    bool may_have_ad = query->edns_do || (query->flags & FLAG_AD) != 0;
    struct opt opt = {.rcode = rcode_for(query, answer->rcode), .ede = answer->ede};
    uint16_t flags = flags_for(query, opt.rcode);
    bool stale = is_stale(answer, moment->now_us);
    if (stale)
        opt.ede = answer->rcode == RCODE_NXDOMAIN ? EDE_STALE_NXDOMAIN : EDE_STALE;
    if (may_have_ad && !stale)
        flags = (uint16_t)(flags | (answer->flags & FLAG_AD));

    size_t n_opt = query->has_edns ? (size_t)OPT_OCTETS + query->n_options : 0;
    struct part part = {.n_wire = answer->n_wire, .n_records = answer->n_ttls};
    if (limit > MESSAGE_MAX)
        limit = MESSAGE_MAX;
    if (part.n_wire + n_opt > limit) {
        part = cut(answer, limit - n_opt);
        flags = (uint16_t)(flags | (part.lacks ? FLAG_TC : 0));
    }
    fit_ede(&opt, part.n_wire + n_opt, limit);

    memcpy(out, answer_wire(answer).at, part.n_wire);
    bytes_write_u16(out, query->id);
    bytes_write_u16(out + 2, flags);
    if (answer->rotates && part.n_records >= answer->n_answers)
        rotate(answer, query->id, out);
    if (part.n_records < answer->n_ttls)
        put_counts(answer, part.n_records, out);
    /* The same name, type and class as in the answer, in the client's case: the same length. */
    memcpy(out + MESSAGE_HEADER, query->raw_question.at, query->raw_question.n);
    if (stale)
        set_ttls(answer, part.n_records, moment->stale_ttl_s, out);
    else
        count_ttls_down(answer, part.n_records, elapsed_s(answer, moment->now_us), out);
    if (!query->has_edns)
        return part.n_wire;
    struct buf b = {.at = out, .n = part.n_wire, .size = limit};
    bytes_write_u16(out + N_ADDITIONAL_AT, 1);
    put_opt(&b, query, &opt);
    assert(!b.overflow);
    return b.n;
}

/* As much of `text` as may be sent, without half a UTF-8 character at the end. */
static struct bytes ede_text(const char *text)
{
    if (text == NULL)
        return bytes_of(NULL, 0);
    size_t n = strnlen(text, ANSWER_EDE_TEXT_MAX + 1);
    if (n > ANSWER_EDE_TEXT_MAX) {
        n = ANSWER_EDE_TEXT_MAX;
        while (n > 0 && ((uint8_t)text[n] & 0xc0) == 0x80)
            n--;
    }
    return bytes_of(text, n);
}

/* That the key is not known: the client's own record without a MAC, as a reply to it cannot be
 * signed (RFC 8945 §5.2.1, §5.3.2). The time is the client's, as BIND has it where it knows no key.
 * Nothing where it does not fit. */
static void put_bad_key(struct buf *b, const struct query_message *query)
{
    enum { RR = 10, TIME_FUDGE = 8, MAC_ID_ERROR_OTHER = 8, BADKEY = 17 };
    struct cursor c = cursor_over(query->tsig);
    struct name algorithm;
    name_read_plain(&c, &algorithm);
    size_t n_algorithm = c.at, n_rdata = n_algorithm + TIME_FUDGE + MAC_ID_ERROR_OTHER;
    if (b->size - b->n < query->tsig_key.n + RR + n_rdata)
        return;
    buf_put(b, query->tsig_key.at, query->tsig_key.n);
    buf_put_u16(b, TYPE_TSIG);
    buf_put_u16(b, CLASS_ANY);
    buf_put_u32(b, 0);
    buf_put_u16(b, (uint16_t)n_rdata);
    buf_put(b, query->tsig.at, n_algorithm + TIME_FUDGE);
    buf_put_u16(b, 0);
    buf_put_u16(b, query->id);
    buf_put_u16(b, BADKEY);
    buf_put_u16(b, 0);
    bytes_write_u16(b->at + N_ADDITIONAL_AT, query->has_edns ? 2 : 1);
}

size_t reply_error(const struct query_message *query, const struct reply_error *error, uint8_t *out)
{
    unsigned rcode = rcode_for(query, error->rcode);
    struct opt opt = {.rcode = rcode, .ede = error->ede, .text = ede_text(error->text)};
    struct buf b = buf_over(out, REPLY_ERROR_MAX);
    uint16_t flags = flags_for(query, rcode);
    if (rcode == RCODE_FORMERR || query->odd_owner)
        flags = (uint16_t)(flags & ~FLAG_RA); /* what was not understood is offered nothing */
    if ((query->flags & FLAG_OPCODE) != 0)
        flags = (uint16_t)(flags & ~(FLAG_RA | FLAG_RD | FLAG_CD)); /* they are of QUERY alone */
    put_head(&b, query, flags);
    if (query->has_edns)
        put_opt(&b, query, &opt);
    if (rcode == RCODE_NOTAUTH && query->tsig.n > 0)
        put_bad_key(&b, query);
    assert(!b.overflow);
    return b.n;
}

/* The SOA that says how long a name or type stays absent (RFC 6303 section 3). */
static void put_soa(struct buf *b, const struct query_message *query,
                    const struct reply_local *local)
{
    static const uint8_t rname[] = "\6nobody\7invalid"; /* with its NUL: the root */
    enum { REFRESH_S = 3600, RETRY_S = 1200, EXPIRE_S = 604800, POINTER = 2, NUMBERS = 20 };
    uint16_t zone = (uint16_t)(0xc000 | (MESSAGE_HEADER + local->zone_at));
    buf_put_u16(b, zone);
    buf_put_u16(b, TYPE_SOA);
    buf_put_u16(b, query->question.class);
    buf_put_u32(b, local->ttl_s);
    buf_put_u16(b, POINTER + sizeof rname + NUMBERS);
    buf_put_u16(b, zone);
    buf_put(b, rname, sizeof rname);
    buf_put_u32(b, 1);
    buf_put_u32(b, REFRESH_S);
    buf_put_u32(b, RETRY_S);
    buf_put_u32(b, EXPIRE_S);
    buf_put_u32(b, local->ttl_s);
}

static void put_local_records(struct buf *b, const struct reply_local *local)
{
    enum { FIXED = 10 };
    struct cursor c = cursor_over(local->records);
    for (size_t i = 0; i < local->n_records; i++) {
        struct bytes fixed = cursor_take(&c, FIXED);
        struct bytes rdata = cursor_take(&c, bytes_read_u16(fixed.at + FIXED - 2));
        assert(!c.failed);
        buf_put_u16(b, 0xc000 | MESSAGE_HEADER); /* the question's name */
        buf_put(b, fixed.at, fixed.n);
        buf_put(b, rdata.at, rdata.n);
    }
}

/* What is left of a local answer that does not fit. */
static size_t put_nothing(const struct query_message *query, uint16_t flags, enum rcode rcode,
                          uint8_t *out)
{
    struct opt opt = {.rcode = rcode, .ede = EDE_NONE};
    struct buf b = buf_over(out, REPLY_ERROR_MAX);
    put_head(&b, query, flags);
    if (query->has_edns)
        put_opt(&b, query, &opt);
    assert(!b.overflow);
    return b.n;
}

size_t reply_local(const struct query_message *query, const struct reply_local *local, size_t limit,
                   uint8_t *out)
{
    assert(query->has_question && limit >= REPLY_ERROR_MAX);
    struct opt opt = {.rcode = local->rcode, .ede = local->ede, .text = ede_text(local->text)};
    uint16_t flags = flags_for(query, local->rcode);
    flags = (uint16_t)(flags | (local->authoritative ? FLAG_AA : 0));
    struct buf b = buf_over(out, limit);
    put_head(&b, query, flags);
    if (local->n_records > 0) {
        bytes_write_u16(out + N_ANSWERS_AT, (uint16_t)local->n_records);
        put_local_records(&b, local);
    } else {
        bytes_write_u16(out + N_AUTHORITY_AT, 1);
        put_soa(&b, query, local);
    }
    if (query->has_edns) {
        fit_ede(&opt, b.n + OPT_OCTETS + query->n_options, limit);
        put_opt(&b, query, &opt);
    }
    return b.overflow ? put_nothing(query, (uint16_t)(flags | FLAG_TC), local->rcode, out) : b.n;
}

size_t reply_udp_limit(const struct query_message *query)
{
    size_t size = query->edns_size < 512 ? 512 : query->edns_size;
    return size < REPLY_UDP_CAP ? size : REPLY_UDP_CAP;
}
