/* SPDX-License-Identifier: MIT */
/* How an upstream's message becomes an answer:
 *   1. it is taken apart and every record checked (response.c);
 *   2. the records that belong to the question are kept (chain.c);
 *   3. records are gathered into RRsets; TTLs are made one an RRset, aged and clamped;
 *   4. what was kept is written anew, RRset by RRset;
 *   5. the writing is copied into one allocation of its size. */
#include "resolver/wire/answer.h"
#include "resolver/wire/chain.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum { RRSET_PROBES_MAX = 64 /* in a table a quarter full chance takes a dozen */ };

/* A table of the kept RRsets: the index + 1 of the first record of each, by open addressing. */
struct rrsets {
    uint16_t *slots;
    unsigned shift;
    size_t mask;
};

static bool same_rrset(const struct response *r, const struct record *a, const struct record *b)
{
    return a->type == b->type && a->covered == b->covered && a->in_answer == b->in_answer &&
           names_folded(&r->names, a->owner) == names_folded(&r->names, b->owner);
}

/* lends the first record of the RRset that record `i` is of, itself included; NULL when the table
 * was made to be slow. */
static struct record *rrset_first(struct rrsets *sets, struct response *r, size_t i)
{
    const struct record *record = &r->records[i];
    uint64_t key = (uint64_t)names_folded(&r->names, record->owner) << 33 |
                   (uint64_t)record->type << 17 | (uint64_t)record->covered << 1 |
                   (record->in_answer ? 1 : 0);
    size_t slot = (size_t)(key * 0x9e3779b97f4a7c15u >> sets->shift);
    for (unsigned n = 0; n < RRSET_PROBES_MAX; n++, slot = (slot + 1) & sets->mask) {
        if (sets->slots[slot] == 0)
            sets->slots[slot] = (uint16_t)(i + 1);
        struct record *first = &r->records[sets->slots[slot] - 1];
        if (same_rrset(r, first, record))
            return first;
    }
    return NULL;
}

static uint32_t lower_of(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* A SOA in authority is there for its negative TTL. */
static bool is_negative_soa(const struct record *record)
{
    return !record->in_answer && record->type == TYPE_SOA;
}

/* The TTL as sent; a negative SOA's is its MINIMUM, the last of its fields, where that is lower
 * (RFC 2308 §5). */
static uint32_t sent_ttl(const struct response *r, const struct record *record)
{
    if (!is_negative_soa(record))
        return record->ttl_s;
    size_t end = (size_t)record->rdata_at + record->n_rdata;
    return lower_of(record->ttl_s, bytes_read_u32(r->message.at + end - 4));
}

/* `record` is of the RRset that began with `first`: behind the last of that so far. */
static void join_rrset(struct response *r, struct record *first, size_t i)
{
    struct record *record = &r->records[i];
    record->first = (uint16_t)(first - r->records);
    record->next = RECORD_NONE;
    if (first != record)
        r->records[first->last].next = (uint16_t)i;
    first->last = (uint16_t)i;
}

/* Gathers the RRsets, and levels their TTLs: one an RRset, the lowest (RFC 2181 §5.2; M15). */
static int gather_rrsets(struct response *r)
{
    unsigned bits = 4;
    while ((size_t)1 << bits < 4 * r->n_records)
        bits++;
    struct rrsets sets = {.shift = 64 - bits, .mask = ((size_t)1 << bits) - 1};
    sets.slots = calloc((size_t)1 << bits, sizeof *sets.slots);
    if (sets.slots == NULL)
        return -ENOMEM;
    int outcome = ANSWER_OK;
    for (size_t i = 0; i < r->n_records && outcome == ANSWER_OK; i++) {
        if (!r->records[i].kept)
            continue;
        struct record *first = rrset_first(&sets, r, i);
        if (first == NULL) {
            outcome = ANSWER_MALFORMED;
            break;
        }
        first->ttl_s = lower_of(first->ttl_s, sent_ttl(r, &r->records[i]));
        join_rrset(r, first, i);
    }
    for (size_t i = 0; i < r->n_records && outcome == ANSWER_OK; i++) {
        if (r->records[i].kept)
            r->records[i].ttl_s = r->records[r->records[i].first].ttl_s;
    }
    free(sets.slots);
    return outcome;
}

/* How long the record may be kept by anyone, from now on. */
static uint32_t bounded_ttl(const struct record *record, const struct answer_expect *expect)
{
    uint32_t ttl_s = record->ttl_s > expect->age_s ? record->ttl_s - expect->age_s : 0;
    if (ttl_s < expect->min_ttl_s)
        ttl_s = expect->min_ttl_s;
    ttl_s = lower_of(ttl_s, expect->max_ttl_s);
    return is_negative_soa(record) ? lower_of(ttl_s, expect->negative_max_ttl_s) : ttl_s;
}

/* Bounds every TTL. Returns how long the whole may be kept; see answer_read(). */
static uint32_t bound_ttls(struct response *r, const struct answer_expect *expect, bool has_asked)
{
    bool is_positive = r->rcode == RCODE_NOERROR && has_asked;
    bool has_soa = false;
    uint32_t lowest_s = UINT32_MAX;
    for (size_t i = 0; i < r->n_records; i++) {
        struct record *record = &r->records[i];
        if (!record->kept)
            continue;
        record->ttl_s = bounded_ttl(record, expect);
        bool is_soa = is_negative_soa(record);
        has_soa = has_soa || is_soa;
        if (record->in_answer || (is_soa && !is_positive))
            lowest_s = lower_of(lowest_s, record->ttl_s);
    }
    if (r->rcode != RCODE_NOERROR && r->rcode != RCODE_NXDOMAIN)
        return 0;
    return is_positive || has_soa ? lowest_s : 0;
}

/* The counts of what is kept, by section. */
struct tally {
    uint16_t n_answers;
    uint16_t n_records;
    bool has_alias;
};

/* The first of the next RRset, `from` on; n_records after the last. */
static size_t next_rrset(const struct response *r, size_t from)
{
    while (from < r->n_records && (!r->records[from].kept || r->records[from].first != from))
        from++;
    return from;
}

/* What is written behind record `i`: RRsets in the order of their first records, each whole, so
 * that a reply can be cut between them (M16). */
static size_t next_written(const struct response *r, size_t i)
{
    const struct record *record = &r->records[i];
    return record->next != RECORD_NONE ? record->next : next_rrset(r, record->first + (size_t)1);
}

static void write_record(struct response *r, struct record *record, struct buf *out)
{
    names_write(&r->names, record->owner, NAMES_OWNER, out);
    buf_put_u16(out, record->type);
    buf_put_u16(out, record->class);
    record->ttl_at = (uint16_t)out->n;
    buf_put_u32(out, record->ttl_s);
    rdata_write(&r->names, record, out);
}

/* Writes the message anew. False when it grew over what a message can be. */
static bool write_message(struct response *r, const struct question *question, struct buf *out,
                          struct tally *ret_tally)
{
    static const uint8_t empty[MESSAGE_HEADER];
    struct tally tally = {0};
    buf_put(out, empty, sizeof empty);
    names_write_question(&r->names, r->question, out);
    buf_put_u16(out, question->type);
    buf_put_u16(out, question->class);
    for (size_t i = next_rrset(r, 0); i < r->n_records && !out->overflow; i = next_written(r, i)) {
        write_record(r, &r->records[i], out);
        tally.n_records++;
        if (!r->records[i].in_answer)
            continue;
        tally.n_answers++;
        tally.has_alias = tally.has_alias || r->records[i].type == TYPE_CNAME;
    }
    if (out->overflow)
        return false;
    bytes_write_u16(out->at + 2, (uint16_t)(FLAG_QR | FLAG_RA | (r->rcode & FLAG_RCODE)));
    bytes_write_u16(out->at + 4, 1);
    bytes_write_u16(out->at + 6, tally.n_answers);
    bytes_write_u16(out->at + 8, (uint16_t)(tally.n_records - tally.n_answers));
    *ret_tally = tally;
    return true;
}

static struct answer *answer_alloc(size_t n_ttls, size_t n_wire)
{
    _Static_assert(ANSWER_HEADROOM % _Alignof(struct answer) == 0, "the struct is aligned");
    void *headroom =
        malloc(ANSWER_HEADROOM + sizeof(struct answer) + sizeof(uint16_t) * n_ttls + n_wire);
    if (headroom == NULL)
        return NULL;
    struct answer *a = answer_behind(headroom);
    atomic_init(&a->n_refs, 1);
    atomic_init(&a->claimed, false);
    return a;
}

static struct answer *answer_make(const struct response *r, struct bytes wire, struct tally tally)
{
    struct answer *a = answer_alloc(tally.n_records, wire.n);
    if (a == NULL)
        return NULL;
    a->flags = r->flags;
    a->rcode = r->rcode;
    a->ede = r->ede;
    a->has_alias = tally.has_alias;
    a->rotates = false;
    a->n_answers = tally.n_answers;
    a->n_ttls = tally.n_records;
    a->n_wire = (uint16_t)wire.n;
    size_t n = 0;
    for (size_t i = next_rrset(r, 0); i < r->n_records; i = next_written(r, i)) {
        a->ttl_offsets[n++] = r->records[i].ttl_at;
    }
    assert(n == a->n_ttls);
    memcpy(a->ttl_offsets + n, wire.at, wire.n);
    return a;
}

/* Steps 2 to 5. */
static int answer_from(struct response *r, const struct answer_expect *expect,
                       struct answer **ret_answer)
{
    bool has_asked;
    int outcome = chain_keep(r, expect, &has_asked);
    if (outcome == ANSWER_OK)
        outcome = gather_rrsets(r);
    if (outcome != ANSWER_OK)
        return outcome;
    uint32_t ttl_s = bound_ttls(r, expect, has_asked);
    if (expect->has_max_age)
        ttl_s = lower_of(ttl_s, expect->max_age_s - lower_of(expect->max_age_s, expect->age_s));

    struct buf out = buf_over(malloc(MESSAGE_MAX), MESSAGE_MAX);
    if (out.at == NULL)
        return -ENOMEM;
    struct tally tally;
    struct answer *answer = NULL;
    if (!write_message(r, expect->question, &out, &tally))
        outcome = ANSWER_MALFORMED;
    else if ((answer = answer_make(r, bytes_of(out.at, out.n), tally)) == NULL)
        outcome = -ENOMEM;
    free(out.at);
    if (outcome != ANSWER_OK)
        return outcome;
    answer->ttl_s = ttl_s;
    answer->made_us = expect->now_us;
    *ret_answer = answer;
    return ANSWER_OK;
}

int answer_read(struct bytes message, const struct answer_expect *expect,
                struct answer **ret_answer)
{
    struct response response;
    int outcome = response_read(message, expect, &response);
    if (outcome == ANSWER_OK)
        outcome = answer_from(&response, expect, ret_answer);
    response_done(&response);
    return outcome;
}

struct answer *answer_ref(const struct answer *answer)
{
    /* The count is the one thing about an answer that changes. */
    struct answer *counted = (struct answer *)(uintptr_t)answer;
    atomic_fetch_add_explicit(&counted->n_refs, 1, memory_order_relaxed);
    return counted;
}

struct answer *answer_unref(struct answer *answer)
{
    if (answer != NULL && atomic_fetch_sub_explicit(&answer->n_refs, 1, memory_order_acq_rel) == 1)
        free(answer_headroom(answer));
    return NULL;
}

static struct answer *answer_copy(const struct answer *answer)
{
    struct answer *copy = answer_alloc(answer->n_ttls, answer->n_wire);
    if (copy == NULL)
        return NULL;
    size_t from = offsetof(struct answer, flags);
    memcpy((uint8_t *)copy + from, (const uint8_t *)answer + from,
           sizeof *copy - from + sizeof(uint16_t) * answer->n_ttls + answer->n_wire);
    return copy;
}

struct answer *answer_claim_headroom(const struct answer *answer)
{
    struct answer *shared = (struct answer *)(uintptr_t)answer;
    if (!atomic_exchange_explicit(&shared->claimed, true, memory_order_acquire))
        return answer_ref(answer);
    struct answer *copy = answer_copy(answer);
    if (copy != NULL)
        atomic_init(&copy->claimed, true);
    return copy;
}

void answer_yield_headroom(struct answer *answer)
{
    atomic_store_explicit(&answer->claimed, false, memory_order_release);
}

uint32_t answer_left_s(const struct answer *answer, uint64_t now_us)
{
    uint64_t elapsed_s = now_us > answer->made_us ? (now_us - answer->made_us) / 1000000 : 0;
    return elapsed_s < answer->ttl_s ? answer->ttl_s - (uint32_t)elapsed_s : 0;
}

struct answer_walk answer_walk(const struct answer *answer)
{
    struct answer_walk walk = {.answer = answer, .cursor = cursor_over(answer_wire(answer))};
    struct name question;
    cursor_take(&walk.cursor, MESSAGE_HEADER);
    name_read_plain(&walk.cursor, &question);
    cursor_take(&walk.cursor, 4);
    return walk;
}

bool answer_next(struct answer_walk *walk, struct answer_record *ret_record)
{
    struct cursor *c = &walk->cursor;
    if (walk->n_done == walk->answer->n_ttls)
        return false;
    name_read(c, &ret_record->owner);
    ret_record->type = cursor_u16(c);
    ret_record->class = cursor_u16(c);
    ret_record->ttl_s = cursor_u32(c);
    size_t n = cursor_u16(c);
    ret_record->rdata_at = c->at;
    ret_record->rdata = cursor_take(c, n);
    assert(!c->failed);
    walk->n_done++;
    return true;
}

bool answer_is_referral(const struct answer *answer)
{
    if (answer->rcode != RCODE_NOERROR || answer->n_answers > 0 || (answer->flags & FLAG_AA) != 0)
        return false;
    struct answer_walk walk = answer_walk(answer);
    struct answer_record record;
    bool has_ns = false, has_soa = false;
    while (answer_next(&walk, &record)) {
        has_ns = has_ns || record.type == TYPE_NS;
        has_soa = has_soa || record.type == TYPE_SOA;
    }
    return has_ns && !has_soa;
}

/* The record's one name, which may be compressed. */
static bool name_in(const struct answer *answer, const struct answer_record *record,
                    struct name *ret_name)
{
    struct cursor c = cursor_over(answer_wire(answer));
    cursor_take(&c, record->rdata_at);
    return name_read(&c, ret_name);
}

bool answer_lacks_end(const struct answer *answer, uint16_t asked_type, struct name *ret_target)
{
    if (!answer->has_alias || answer->rcode != RCODE_NOERROR || asked_type == TYPE_CNAME ||
        asked_type == TYPE_ANY)
        return false;
    struct answer_walk walk = answer_walk(answer);
    struct answer_record record;
    struct name question;
    struct cursor c = cursor_over(answer_wire(answer));
    cursor_take(&c, MESSAGE_HEADER);
    name_read_plain(&c, &question);
    *ret_target = question;
    while (answer_next(&walk, &record)) {
        if (record.type == asked_type || record.type == TYPE_SOA)
            return false;
    }
    /* The links may stand in any order: each round finds one at least, or is the last. */
    bool found = true;
    for (unsigned n = 0; found && n <= CHAIN_LINKS_MAX; n++) {
        found = false;
        walk = answer_walk(answer);
        while (walk.n_done < answer->n_answers && answer_next(&walk, &record)) {
            if (record.type == TYPE_CNAME && name_equal(&record.owner, ret_target))
                found = name_in(answer, &record, ret_target);
        }
    }
    name_lower(ret_target);
    return !name_equal(ret_target, &question);
}
