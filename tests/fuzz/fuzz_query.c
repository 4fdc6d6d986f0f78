/* SPDX-License-Identifier: MIT */
/* Any octets as a client's query. What is accepted can be written again and reads the same; every
 * outcome but a drop has a reply that fits and carries the client's id. */
#include "resolver/wire/reply.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_reply(const struct query_message *query, const uint8_t *reply, size_t n)
{
    assert(n >= MESSAGE_HEADER && n <= REPLY_ERROR_MAX);
    assert(bytes_read_u16(reply) == query->id);
    uint16_t flags = bytes_read_u16(reply + 2);
    assert((flags & FLAG_QR) != 0);
    assert((flags & FLAG_OPCODE) == (query->flags & FLAG_OPCODE));
    struct query_message dropped;
    assert(message_read_query(bytes_of(reply, n), &dropped) == MESSAGE_DROP);
    if (query->has_question)
        assert(memcmp(reply + MESSAGE_HEADER, query->raw_question.at, query->raw_question.n) == 0);
}

static void check_round_trip(const struct query_message *query)
{
    static const uint16_t pads[] = {0, 128, 468};
    for (size_t i = 0; i < sizeof pads / sizeof *pads; i++) {
        struct query_wish wish = {.question = &query->question, .pad_to = pads[i], .want_do = true};
        uint8_t out[QUERY_MAX];
        size_t n = message_write_query(&wish, out);
        assert(pads[i] == 0 || n % pads[i] == 0);
        struct query_message again;
        assert(message_read_query(bytes_of(out, n), &again) == MESSAGE_OK);
        assert(again.edns_do && again.question.type == query->question.type);
        assert(again.question.class == query->question.class);
        assert(bytes_equal(name_bytes(&again.question.name), name_bytes(&query->question.name)));
    }
    char text[NAME_MAX_TEXT];
    struct name name;
    assert(name_from_text(name_to_text(&query->question.name, text), &name) == 0);
    assert(bytes_equal(name_bytes(&name), name_bytes(&query->question.name)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct query_message query;
    enum message_outcome outcome = message_read_query(bytes_of(data, size), &query);
    if (outcome == MESSAGE_DROP)
        return 0;
    uint8_t out[REPLY_ERROR_MAX];
    struct reply_error error = {RCODE_BADVERS, EDE_OTHER,
                                "a text as long as a text may be, and "
                                "then some more of it \xc3\xa4\xc3\xb6"};
    check_reply(&query, out, reply_error(&query, &error, out));
    assert(query.edns_size >= 512 && reply_udp_limit(&query) <= REPLY_UDP_CAP);
    if (outcome != MESSAGE_OK)
        return 0;
    assert(query.has_question);
    check_round_trip(&query);
    static const char record[] = "\0\1\0\1\0\0\0\x3c\0\4\x7f\0\0\1";
    struct reply_local local = {.records = bytes_of(record, sizeof record - 1), .n_records = 1};
    check_reply(&query, out, reply_local(&query, &local, sizeof out, out));
    local.n_records = 0;
    check_reply(&query, out, reply_local(&query, &local, sizeof out, out));
    return 0;
}
