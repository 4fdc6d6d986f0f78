/* SPDX-License-Identifier: MIT */
#include "resolver/wire/response.h"

#include <errno.h>
#include <stdlib.h>

enum { RECORD_MIN = 11 /* root owner, type, class, TTL, RDLENGTH */ };

enum section { SECTION_ANSWER, SECTION_AUTHORITY, SECTION_ADDITIONAL };

/* The first extended error is kept (RFC 8914); codes beyond what struct answer holds are private
 * to that upstream (§5.2) and become "other". */
static bool read_ede(struct response *r, struct bytes option)
{
    if (option.n < 2)
        return false;
    uint16_t code = bytes_read_u16(option.at);
    if (r->ede == EDE_NONE)
        r->ede = code <= INT16_MAX ? (int16_t)code : EDE_OTHER;
    return true;
}

/* RFC 6891 §6.1.1: one OPT, in the additional section, owned by the root. */
static bool read_opt(struct response *r, const struct record *record, enum section section)
{
    if (r->has_opt || section != SECTION_ADDITIONAL || record->owner != NAMES_ROOT)
        return false;
    r->has_opt = true;
    r->rcode = (uint16_t)(r->rcode | (record->ttl_s >> 24) << 4);
    struct cursor c = cursor_over(bytes_of(r->message.at + record->rdata_at, record->n_rdata));
    while (cursor_left(&c) > 0) {
        uint16_t code = cursor_u16(&c);
        struct bytes option = cursor_take(&c, cursor_u16(&c));
        if (c.failed || (code == EDNS_OPTION_EDE && !read_ede(r, option)))
            return false;
    }
    return true;
}

static bool read_record(struct response *r, struct cursor *c, enum section section)
{
    struct record record = {.in_answer = section == SECTION_ANSWER};
    record.owner = names_read(&r->names, c);
    record.type = cursor_u16(c);
    record.class = cursor_u16(c);
    record.ttl_s = cursor_u32(c);
    record.n_rdata = cursor_u16(c);
    record.rdata_at = (uint16_t)c->at;
    cursor_take(c, record.n_rdata);
    if (c->failed)
        return false;
    if (record.type == TYPE_OPT)
        return read_opt(r, &record, section);
    if (!rdata_check(&r->names, &record))
        return false;
    if (record.ttl_s > INT32_MAX)
        record.ttl_s = 0; /* RFC 2181 §8 */
    if (section != SECTION_ADDITIONAL)
        r->records[r->n_records++] = record;
    return true;
}

static bool read_section(struct response *r, struct cursor *c, enum section section, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!read_record(r, c, section))
            return false;
    }
    return true;
}

/* The records behind the question. A cut message is taken as far as it is whole. */
static int read_records(struct response *r, struct cursor *c, const uint16_t n_records[3])
{
    size_t n_fit = cursor_left(c) / RECORD_MIN;
    size_t n_kept = (size_t)n_records[SECTION_ANSWER] + n_records[SECTION_AUTHORITY];
    if (!r->may_be_cut && n_kept + n_records[SECTION_ADDITIONAL] > n_fit)
        return ANSWER_MALFORMED;
    r->records = malloc((n_kept < n_fit ? n_kept + 1 : n_fit + 1) * sizeof *r->records);
    if (r->records == NULL)
        return -ENOMEM;
    bool whole = read_section(r, c, SECTION_ANSWER, n_records[SECTION_ANSWER]) &&
                 read_section(r, c, SECTION_AUTHORITY, n_records[SECTION_AUTHORITY]) &&
                 read_section(r, c, SECTION_ADDITIONAL, n_records[SECTION_ADDITIONAL]) &&
                 cursor_left(c) == 0;
    return whole || r->may_be_cut ? ANSWER_OK : ANSWER_MALFORMED;
}

/* H5. The question comes first in the message: nothing is there to be pointed at. */
static int read_question(struct response *r, struct cursor *c, const struct question *expected)
{
    struct cursor again = *c;
    struct name name;
    if (!name_read_plain(c, &name))
        return ANSWER_MALFORMED;
    uint16_t type = cursor_u16(c);
    uint16_t class = cursor_u16(c);
    if (c->failed)
        return ANSWER_MALFORMED;
    if (type != expected->type || class != expected->class || !name_equal(&name, &expected->name))
        return ANSWER_WRONG_QUESTION;
    r->question = names_read(&r->names, &again);
    return r->question != NAMES_NONE ? ANSWER_OK : ANSWER_MALFORMED;
}

int response_read(struct bytes message, const struct answer_expect *expect,
                  struct response *ret_response)
{
    struct response *r = ret_response;
    *r = (struct response){.message = message, .ede = EDE_NONE};
    if (message.n < MESSAGE_HEADER || message.n > MESSAGE_MAX)
        return ANSWER_MALFORMED;
    struct cursor c = cursor_over(message);
    uint16_t id = cursor_u16(&c);
    r->flags = cursor_u16(&c);
    r->rcode = r->flags & FLAG_RCODE;
    uint16_t n_questions = cursor_u16(&c);
    uint16_t n_records[3];
    for (size_t i = 0; i < 3; i++)
        n_records[i] = cursor_u16(&c);
    if ((r->flags & FLAG_QR) == 0 || (r->flags & FLAG_OPCODE) != 0)
        return ANSWER_NOT_A_RESPONSE;
    if (n_questions != 1 || (expect->id >= 0 && id != expect->id))
        return ANSWER_WRONG_QUESTION;
    if (names_init(&r->names, message) < 0)
        return -ENOMEM;
    int outcome = read_question(r, &c, expect->question);
    if (outcome != ANSWER_OK)
        return outcome;
    r->may_be_cut = (r->flags & FLAG_TC) != 0;
    if (r->may_be_cut && !expect->allow_tc)
        return ANSWER_TRUNCATED;
    return read_records(r, &c, n_records);
}

void response_done(struct response *r)
{
    free(r->records);
    r->records = NULL;
    names_done(&r->names);
}
