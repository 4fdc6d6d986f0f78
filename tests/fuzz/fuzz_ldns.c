/* SPDX-License-Identifier: MIT */
/* Any octets as a message, read by us and by ldns. We never accept what both ldns and a strict
 * reading of our own refuse; what we write the strict reading takes; what both accept holds the
 * same, and no record is invented: each that we pass on is one of the message's, octet for octet,
 * with no longer a TTL. */
#include "resolver/wire/reply.h"

#include <assert.h>
#include <ldns/ldns.h>

enum { COMPARED_MAX = 256 /* records: comparing is quadratic */ };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- the strict reading: only as much as every message must hold ---- */

/* Where the name at `at` ends in place, 0 when it is none: pointers go strictly backwards. */
static size_t strict_name(const uint8_t *data, size_t size, size_t at)
{
    size_t end = 0, n_octets = 1, limit = at;
    for (;;) {
        if (at >= size)
            return 0;
        uint8_t length = data[at];
        if (length == 0)
            return end != 0 ? end : at + 1;
        if (length >= 0xc0) {
            if (at + 1 >= size)
                return 0;
            size_t target = (size_t)(length & 0x3f) << 8 | data[at + 1];
            end = end != 0 ? end : at + 2;
            if (target >= limit)
                return 0;
            at = limit = target;
            continue;
        }
        n_octets += length + 1u;
        if (length > 63 || n_octets > 255)
            return 0;
        at += length + 1u;
    }
}

/* Addresses have their length, and a lone name fills its RDATA. */
static bool strict_rdata(const uint8_t *data, size_t at, size_t n, const uint16_t type_class[2])
{
    switch (type_class[0]) {
    case TYPE_A:
        return type_class[1] != CLASS_IN || n == 4;
    case TYPE_AAAA:
        return n == 16;
    case TYPE_NS:
    case TYPE_CNAME:
    case TYPE_PTR:
    case TYPE_DNAME:
        return strict_name(data, at + n, at) == at + n;
    default:
        return true;
    }
}

static bool strict_message(const uint8_t *data, size_t size)
{
    if (size < MESSAGE_HEADER)
        return false;
    size_t at = MESSAGE_HEADER;
    for (unsigned i = 0; i < bytes_read_u16(data + 4); i++) {
        at = strict_name(data, size, at);
        if (at == 0 || size - at < 4)
            return false;
        at += 4;
    }
    unsigned n_records = 0;
    for (size_t i = 6; i <= 10; i += 2)
        n_records += bytes_read_u16(data + i);
    for (unsigned i = 0; i < n_records; i++) {
        at = strict_name(data, size, at);
        if (at == 0 || size - at < 10)
            return false;
        size_t n = bytes_read_u16(data + at + 8);
        uint16_t type_class[2] = {bytes_read_u16(data + at), bytes_read_u16(data + at + 2)};
        if (size - at - 10 < n || !strict_rdata(data, at + 10, n, type_class))
            return false;
        at += 10 + n;
    }
    return at == size;
}

/* ---- both ---- */

static void pkt_freep(ldns_pkt **pkt)
{
    ldns_pkt_free(*pkt);
}

/* gives what ldns makes of it, NULL when it refuses. */
static ldns_pkt *ldns_read(struct bytes message)
{
    ldns_pkt *pkt = NULL;
    return ldns_wire2pkt(&pkt, message.at, message.n) == LDNS_STATUS_OK ? pkt : NULL;
}

static bool is_in(const ldns_rr *rr, const ldns_rr_list *list)
{
    for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
        const ldns_rr *other = ldns_rr_list_rr(list, i);
        if (ldns_rr_compare(rr, other) == 0 && ldns_rr_ttl(rr) <= ldns_rr_ttl(other))
            return true;
    }
    return false;
}

static void all_are_in(const ldns_rr_list *few, const ldns_rr_list *many)
{
    if (ldns_rr_list_rr_count(many) > COMPARED_MAX)
        return;
    for (size_t i = 0; i < ldns_rr_list_rr_count(few); i++)
        assert(is_in(ldns_rr_list_rr(few, i), many));
}

/* Whether ldns has the record at *at as it stands there, its data aside; *at moves behind it. */
static bool is_record(struct bytes message, size_t *at, const ldns_rr *rr)
{
    struct cursor c = cursor_over(message);
    struct name owner;
    cursor_take(&c, *at);
    *at = strict_name(message.at, message.n, *at);
    if (*at == 0 || message.n - *at < 10 || !name_read(&c, &owner))
        return false;
    const uint8_t *fixed = message.at + *at;
    const ldns_rdf *theirs = ldns_rr_owner(rr);
    *at += 10u + bytes_read_u16(fixed + 8);
    return *at <= message.n &&
           bytes_equal(name_bytes(&owner),
                       bytes_of(ldns_rdf_data(theirs), ldns_rdf_size(theirs))) &&
           bytes_read_u16(fixed) == ldns_rr_get_type(rr) &&
           bytes_read_u16(fixed + 2) == ldns_rr_get_class(rr) &&
           bytes_read_u32(fixed + 4) == ldns_rr_ttl(rr);
}

static bool is_in_step(struct bytes message, size_t *at, size_t n, const ldns_rr_list *list)
{
    bool good = ldns_rr_list_rr_count(list) == n;
    for (size_t i = 0; good && i < n; i++)
        good = is_record(message, at, ldns_rr_list_rr(list, i));
    return good;
}

/* Of some types (NSEC3PARAM, NSAP-PTR), and of all in another class than IN, ldns reads as much
 * RDATA as the type's form takes, whatever its length says, and what follows out of step: there is
 * nothing to compare with then. A message with one question. */
static bool are_in_step(struct bytes message, const ldns_pkt *pkt)
{
    size_t at = strict_name(message.at, message.n, MESSAGE_HEADER) + 4;
    return is_in_step(message, &at, bytes_read_u16(message.at + 6), ldns_pkt_answer(pkt)) &&
           is_in_step(message, &at, bytes_read_u16(message.at + 8), ldns_pkt_authority(pkt));
}

static void compare_query(struct bytes message, const ldns_pkt *theirs)
{
    struct query_message query;
    if (message_read_query(message, &query) != MESSAGE_OK)
        return;
    assert(theirs != NULL || strict_message(message.at, message.n));
    struct query_wish wish = {.question = &query.question, .want_do = true, .pad_to = 128};
    uint8_t out[QUERY_MAX];
    owned(pkt_freep) ldns_pkt *ours = ldns_read(bytes_of(out, message_write_query(&wish, out)));
    assert(ours != NULL && ldns_pkt_edns_do(ours) && ldns_pkt_edns_udp_size(ours) == 4096);
    if (theirs != NULL)
        all_are_in(ldns_pkt_question(ours), ldns_pkt_question(theirs));
}

static bool question_of(struct bytes message, struct question *ret_question)
{
    struct cursor c = cursor_over(message);
    cursor_take(&c, MESSAGE_HEADER);
    if (c.failed || !name_read_plain(&c, &ret_question->name))
        return false;
    name_lower(&ret_question->name);
    ret_question->type = cursor_u16(&c);
    ret_question->class = cursor_u16(&c);
    return !c.failed;
}

static void compare_answer(struct bytes message, const ldns_pkt *theirs)
{
    struct question question;
    if (!question_of(message, &question))
        return;
    struct answer_expect expect = {
        .question = &question, .id = -1, .max_ttl_s = 86400, .negative_max_ttl_s = 3600};
    owned(answer_unrefp) struct answer *answer = NULL;
    if (answer_read(message, &expect, &answer) != ANSWER_OK)
        return;
    assert(theirs != NULL || strict_message(message.at, message.n));
    struct bytes wire = answer_wire(answer);
    assert(strict_message(wire.at, wire.n) && bytes_read_u16(wire.at + 6) == answer->n_answers);
    if (theirs == NULL)
        return;
    assert(ldns_pkt_get_rcode(theirs) == (answer->rcode & 15));
    if (!are_in_step(message, theirs))
        return;
    owned(pkt_freep) ldns_pkt *ours = ldns_read(wire);
    assert(ours != NULL);
    assert(ldns_rr_list_rr_count(ldns_pkt_answer(ours)) == answer->n_answers);
    all_are_in(ldns_pkt_answer(ours), ldns_pkt_answer(theirs));
    all_are_in(ldns_pkt_authority(ours), ldns_pkt_authority(theirs));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes message = bytes_of(data, size);
    owned(pkt_freep) ldns_pkt *theirs = ldns_read(message);
    compare_query(message, theirs);
    compare_answer(message, theirs);
    return 0;
}
