/* SPDX-License-Identifier: MIT */
#include "resolver/wire/message.h"

#include <assert.h>

enum {
    TYPE_SIG = 24,
    OPCODE_UPDATE = 5 << 11,
    OUR_EDNS_SIZE = 4096, /* over HTTPS and TCP; answers come whole */
    OPT_OCTETS = 11,      /* root owner, type, class, TTL, RDLENGTH */
    OPTION_OCTETS = 4,    /* code and length */
    EDNS_DO = 0x8000,
};

/* What is learnt while the records of a query are read. */
struct reading {
    struct cursor cursor;
    struct query_message *query;
    bool odd; /* something that calls for FORMERR, while the reading can go on */
    bool version_above_0;
    bool is_signed;
    bool ended;      /* by a signature */
    bool odd_update; /* RFC 2136 §3.2.4, §3.4.1.3: class ANY has no RDATA there */
};

/* An NSEC3 stands at a hash, in base32hex without padding (RFC 5155 §3.3, RFC 4648 §7). */
static bool is_hash_label(struct bytes owner)
{
    struct cursor c = cursor_over(owner);
    struct bytes label = cursor_take(&c, cursor_u8(&c));
    bool is = label.n > 0;
    for (size_t i = 0; i < label.n; i++) {
        uint8_t octet = label.at[i], letter = octet | 0x20;
        is = is && ((octet >= '0' && octet <= '9') || (letter >= 'a' && letter <= 'v'));
    }
    return is;
}

/* Passes over an owner name without following it: nobody needs to know it. */
static void skip_name(struct cursor *c)
{
    for (;;) {
        uint8_t length = cursor_u8(c);
        if (length >= 0xc0)
            cursor_u8(c);
        if (length == 0 || length >= 0xc0)
            return;
        if (length > 63)
            c->failed = true;
        cursor_take(c, length);
    }
}

/* RFC 7873 §5.2.2: a client cookie is 8 octets, with a server cookie 16 to 40. Of several the first
 * counts. */
static bool read_cookie(struct query_message *query, struct bytes value)
{
    if (value.n < 8 || (value.n > 8 && value.n < 16) || value.n > MESSAGE_COOKIE_MAX)
        return false;
    if (query->n_cookie == 0) {
        query->n_cookie = (uint8_t)value.n;
        memcpy(query->cookie, value.at, value.n);
    }
    return true;
}

static bool read_options(struct query_message *query, struct bytes rdata)
{
    struct cursor c = cursor_over(rdata);
    while (cursor_left(&c) > 0) {
        uint16_t code = cursor_u16(&c);
        struct bytes value = cursor_take(&c, cursor_u16(&c));
        if (c.failed || (code == EDNS_OPTION_COOKIE && !read_cookie(query, value)))
            return false;
        if (code == EDNS_OPTION_KEEPALIVE) {
            query->has_keepalive = true;
            query->odd_keepalive = query->odd_keepalive || value.n > 0;
        }
    }
    return true;
}

/* RFC 6891 §6.1: the class is the client's size; the TTL is extended rcode, version and flags. */
static void read_opt(struct reading *r, uint16_t size, uint32_t ttl, struct bytes rdata)
{
    struct query_message *query = r->query;
    if (query->has_edns) {
        r->odd = true;
        return;
    }
    query->has_edns = true;
    query->edns_size = size < 512 ? 512 : size;
    query->edns_do = (ttl & EDNS_DO) != 0;
    r->version_above_0 = (ttl >> 16 & 0xff) != 0;
    /* What a later version puts there is not ours to judge. */
    if (!r->version_above_0 && !read_options(query, rdata))
        r->odd = true;
}

/* RFC 8945 §4.2: algorithm, time and fudge, MAC, original ID and error, other data. */
static bool fills_tsig(struct bytes rdata)
{
    struct cursor c = cursor_over(rdata);
    skip_name(&c);
    cursor_take(&c, 8);
    cursor_take(&c, cursor_u16(&c));
    cursor_take(&c, 4);
    cursor_take(&c, cursor_u16(&c));
    return !c.failed && cursor_left(&c) == 0;
}

/* RFC 2931 §3: a SIG that covers no type; its signer stands before the signature. */
static bool is_sig0(struct bytes rdata)
{
    struct cursor c = cursor_over(rdata);
    bool covers_none = cursor_u16(&c) == 0;
    cursor_take(&c, 16);
    skip_name(&c);
    return covers_none && !c.failed;
}

/* True when the octets are one whole name that leans on nothing else. */
static bool is_plain_name(struct bytes octets)
{
    struct cursor c = cursor_over(octets);
    struct name name;
    return name_read_plain(&c, &name) && cursor_left(&c) == 0;
}

/* What the error will need to name the key that is not known (RFC 8945 §5.2). */
static void keep_tsig(struct query_message *query, struct bytes owner, struct bytes rdata)
{
    struct cursor c = cursor_over(rdata);
    struct name algorithm;
    if (is_plain_name(owner) && name_read_plain(&c, &algorithm)) {
        query->tsig_key = owner;
        query->tsig = rdata;
    }
}

/* TSIG is of class ANY and the last record (RFC 8945 §5.2); nothing but its like or a TSIG stands
 * behind a SIG(0) (RFC 2931 §3.1). */
static void read_signature(struct reading *r, struct bytes owner, uint16_t type, uint16_t class,
                           struct bytes rdata)
{
    bool is_whole = type == TYPE_TSIG ? class == CLASS_ANY && fills_tsig(rdata) : is_sig0(rdata);
    r->odd = r->odd || !is_whole || r->is_signed;
    r->is_signed = r->is_signed || type == TYPE_TSIG;
    r->ended = true;
    if (type == TYPE_TSIG && is_whole)
        keep_tsig(r->query, owner, rdata);
}

static void read_record(struct reading *r, bool in_additional)
{
    struct cursor *c = &r->cursor;
    size_t owner_at = c->at;
    skip_name(c);
    size_t owner_octets = c->at - owner_at;
    bool owner_is_root = owner_octets == 1;
    uint16_t type = cursor_u16(c);
    uint16_t class = cursor_u16(c);
    uint32_t ttl = cursor_u32(c);
    struct bytes rdata = cursor_take(c, cursor_u16(c));
    if (c->failed)
        return;
    if (!in_additional) {
        r->odd = true;
        r->query->odd_owner |=
            type == TYPE_NSEC3 && !is_hash_label(bytes_of(c->all.at + owner_at, owner_octets));
        r->odd_update = r->odd_update || (class == CLASS_ANY && rdata.n > 0);
    } else if (type == TYPE_TSIG || type == TYPE_SIG) {
        read_signature(r, bytes_of(c->all.at + owner_at, owner_octets), type, class, rdata);
    } else {
        bool is_opt = type == TYPE_OPT && owner_is_root;
        r->odd = r->odd || !is_opt || r->ended;
        if (is_opt)
            read_opt(r, class, ttl, rdata);
    }
}

static void read_question(struct reading *r)
{
    struct cursor *c = &r->cursor;
    struct question *question = &r->query->question;
    size_t began = c->at;
    if (!name_read_plain(c, &question->name))
        return;
    question->type = cursor_u16(c);
    question->class = cursor_u16(c);
    if (c->failed)
        return;
    name_lower(&question->name);
    r->query->raw_question = bytes_of(c->all.at + began, c->at - began);
    r->query->has_question = true;
}

/* More than one question is an error whatever they are; what follows them tells of EDNS. */
static void skip_questions(struct cursor *c, unsigned n)
{
    for (unsigned i = 0; i < n && !c->failed; i++) {
        skip_name(c);
        cursor_u32(c); /* type and class */
    }
}

/* True when counts and rcode are not those of any query: chance octets have such. */
static bool has_no_header(struct bytes message)
{
    enum { FLAGS_AT = 2, COUNTS_AT = 4, SECTIONS = 4, QUESTION_MIN = 5, RECORD_MIN = 11 };
    unsigned n_odd = 0;
    for (size_t i = 0; i < SECTIONS; i++) {
        size_t n = bytes_read_u16(message.at + COUNTS_AT + 2 * i);
        n_odd += n * (i == 0 ? QUESTION_MIN : RECORD_MIN) > UINT16_MAX - MESSAGE_HEADER;
    }
    return n_odd > 1 || (n_odd == 1 && (bytes_read_u16(message.at + FLAGS_AT) & FLAG_RCODE) != 0);
}

/* True when the message ends in the midst of the name that begins behind its header. */
static bool ends_within_name(struct bytes message)
{
    size_t at = MESSAGE_HEADER;
    while (at < message.n && message.at[at] > 0 && message.at[at] <= 63) {
        at += 1 + (size_t)message.at[at];
    }
    return at > MESSAGE_HEADER && at >= message.n;
}

/* The reading goes on behind what is odd as far as it can, so that a client that speaks EDNS finds
 * an OPT in the error as well (RFC 6891 §7). */
static enum message_outcome read_sections(struct reading *r)
{
    struct cursor *c = &r->cursor;
    unsigned n_questions = cursor_u16(c);
    unsigned n_before = cursor_u16(c);
    n_before += cursor_u16(c);
    unsigned n_additional = cursor_u16(c);

    if (n_questions == 1)
        read_question(r);
    else
        skip_questions(c, n_questions);
    r->odd = n_questions > 1;
    for (unsigned i = 0; i < n_before + n_additional && !c->failed; i++)
        read_record(r, i >= n_before);
    if (c->failed && n_questions == 1 && !r->query->has_question && ends_within_name(c->all))
        return MESSAGE_GARBLED;
    if (c->failed || r->odd)
        return MESSAGE_FORMERR;
    if (cursor_left(c) > 0)
        return n_questions == 1 ? MESSAGE_GARBLED : MESSAGE_FORMERR;
    if (r->version_above_0)
        return MESSAGE_BADVERS;
    if (r->is_signed)
        return MESSAGE_NOTAUTH;
    return n_questions == 1 ? MESSAGE_OK : MESSAGE_UNASKED;
}

enum message_outcome message_read_query(struct bytes message, struct query_message *ret_query)
{
    struct reading r = {.cursor = cursor_over(message), .query = ret_query};
    uint16_t id = cursor_u16(&r.cursor);
    uint16_t flags = cursor_u16(&r.cursor);
    if (message.n < MESSAGE_HEADER || (flags & FLAG_QR) != 0)
        return MESSAGE_DROP;

    /* Field by field: the name's 256 octets need no clearing. */
    ret_query->id = id;
    ret_query->flags = flags;
    ret_query->has_question = false;
    ret_query->raw_question = bytes_of(NULL, 0);
    ret_query->has_edns = false;
    ret_query->edns_do = false;
    ret_query->edns_size = 512;
    ret_query->has_keepalive = false;
    ret_query->odd_keepalive = false;
    ret_query->odd_owner = false;
    ret_query->tsig_key = ret_query->tsig = bytes_of(NULL, 0);
    ret_query->n_cookie = 0;
    ret_query->cookie_is = MESSAGE_COOKIE_IGNORED;
    ret_query->n_options = 0;

    enum message_outcome outcome = read_sections(&r);
    bool is_query = (flags & FLAG_OPCODE) == 0;
    if (is_query && outcome != MESSAGE_FORMERR)
        return outcome;
    if (!is_query)
        ret_query->has_question = false; /* they put other things there (RFC 2136 §2.3) */
    if (has_no_header(message))
        return MESSAGE_GARBLED;
    bool odd_update = (flags & FLAG_OPCODE) == OPCODE_UPDATE && r.odd_update;
    return is_query || odd_update ? MESSAGE_FORMERR : MESSAGE_NOTIMP;
}

void message_tell_option(struct query_message *query, uint16_t code, struct bytes value)
{
    struct buf b = {.at = query->options, .n = query->n_options, .size = sizeof query->options};
    if (!query->has_edns)
        return;
    buf_put_u16(&b, code);
    buf_put_u16(&b, (uint16_t)value.n);
    buf_put(&b, value.at, value.n);
    assert(!b.overflow);
    query->n_options = (uint8_t)b.n;
}

/* How much padding brings `n` octets to a multiple of `pad_to`, as far as there is room. */
static size_t padding_for(size_t n, size_t pad_to)
{
    size_t whole = (n + pad_to - 1) / pad_to * pad_to;
    return (whole > QUERY_MAX ? QUERY_MAX : whole) - n;
}

static void put_opt(struct buf *b, const struct query_wish *wish)
{
    buf_put_u8(b, 0);
    buf_put_u16(b, TYPE_OPT);
    buf_put_u16(b, OUR_EDNS_SIZE);
    buf_put_u32(b, wish->want_do ? EDNS_DO : 0);
    size_t n_subnet = wish->subnet.n > 0 ? OPTION_OCTETS + wish->subnet.n : 0;
    size_t n =
        wish->pad_to > 0 ? padding_for(b->n + 2 + n_subnet + OPTION_OCTETS, wish->pad_to) : 0;
    buf_put_u16(b, (uint16_t)(n_subnet + (wish->pad_to > 0 ? OPTION_OCTETS + n : 0)));
    if (wish->subnet.n > 0) {
        buf_put_u16(b, EDNS_OPTION_SUBNET);
        buf_put_u16(b, (uint16_t)wish->subnet.n);
        buf_put(b, wish->subnet.at, wish->subnet.n);
    }
    if (wish->pad_to == 0) {
        return;
    }
    buf_put_u16(b, EDNS_OPTION_PADDING);
    buf_put_u16(b, (uint16_t)n);
    static const uint8_t zeros[QUERY_MAX];
    buf_put(b, zeros, n);
}

size_t message_write_query(const struct query_wish *wish, uint8_t out[QUERY_MAX])
{
    static_assert(MESSAGE_HEADER + NAME_MAX_OCTETS + 4 + OPT_OCTETS + 2 * OPTION_OCTETS + 20 <=
                      QUERY_MAX,
                  "the longest question fits");
    struct buf b = buf_over(out, QUERY_MAX);
    struct name name = wish->question->name;
    name_lower(&name);
    buf_put_u16(&b, wish->id);
    buf_put_u16(
        &b, (uint16_t)(FLAG_RD | (wish->want_cd ? FLAG_CD : 0) | (wish->want_ad ? FLAG_AD : 0)));
    buf_put_u16(&b, 1);
    buf_put_u16(&b, 0);
    buf_put_u16(&b, 0);
    buf_put_u16(&b, !wish->no_edns);
    buf_put(&b, name.at, name.n);
    buf_put_u16(&b, wish->question->type);
    buf_put_u16(&b, wish->question->class);
    if (!wish->no_edns) {
        put_opt(&b, wish);
    }
    assert(!b.overflow);
    return b.n;
}
