/* SPDX-License-Identifier: MIT */
#include "resolver/audit/evidence.h"

#include "resolver/wire/cursor.h"

static void add_address(struct said *said, const struct address *address)
{
    if (said_has(said, address)) {
        return;
    }
    if (said->n < AUDIT_ADDRESSES_MAX) {
        said->at[said->n++] = *address;
    } else if (address_is_bogon(address)) {
        said->at[AUDIT_ADDRESSES_MAX - 1] = *address;
    }
}

/* The first text of a TXT record, printable. */
static void read_text(const struct answer_record *record, char out[SAID_TEXT_MAX])
{
    size_t n = record->rdata.n > 0 ? record->rdata.at[0] : 0;
    n = n < record->rdata.n ? n : record->rdata.n - (record->rdata.n > 0);
    n = n < SAID_TEXT_MAX ? n : SAID_TEXT_MAX - 1;
    for (size_t k = 0; k < n; k++) {
        uint8_t c = record->rdata.at[1 + k];
        out[k] = c >= ' ' && c <= '~' ? (char)c : '?';
    }
    out[n] = '\0';
}

void said_text(const struct answer *answer, char out[SAID_TEXT_MAX])
{
    struct answer_walk walk = answer_walk(answer);
    struct answer_record record;
    out[0] = '\0';
    for (size_t i = 0; i < answer->n_answers && answer_next(&walk, &record); i++) {
        if (record.type == TYPE_TXT) {
            read_text(&record, out);
            return;
        }
    }
}

/* A parameter of a record (RFC 9460 §2.2) that holds keys for an encrypted ClientHello. */
static bool has_ech(const struct answer *answer, const struct answer_record *record)
{
    enum { KEY_ECH = 5 };
    struct cursor c = cursor_over(answer_wire(answer));
    struct name target;
    cursor_take(&c, record->rdata_at);
    size_t end = record->rdata_at + record->rdata.n;
    cursor_u16(&c);
    if (!name_read(&c, &target)) {
        return false;
    }
    while (!c.failed && c.at < end) {
        uint16_t key = cursor_u16(&c);
        cursor_take(&c, cursor_u16(&c));
        if (key == KEY_ECH && !c.failed && c.at <= end) {
            return true;
        }
    }
    return false;
}

static void read_https(const struct answer *answer, const struct answer_record *record,
                       struct said *said)
{
    if (said->https != HTTPS_ECH) {
        said->https = has_ech(answer, record) ? HTTPS_ECH : HTTPS_PLAIN;
    }
}

/* Old forwarders do not know the type; those that say so have no records of it. SERVFAIL says
 * nothing. */
static bool lacks_https(uint16_t rcode)
{
    return rcode == RCODE_NOERROR || rcode == RCODE_FORMERR || rcode == RCODE_NXDOMAIN ||
           rcode == RCODE_NOTIMP || rcode == RCODE_REFUSED;
}

/* An address in the answer section: of the asked type, or spelt in a text. */
static void read_address(const struct answer_record *record, uint16_t type, struct said *said)
{
    struct address address = {.n = type == TYPE_A ? 4 : 16};
    char text[SAID_TEXT_MAX];
    if (type == TYPE_TXT) {
        read_text(record, text);
        if (address_from_server(text, &address)) {
            add_address(said, &address);
        }
    } else if (record->rdata.n == address.n) {
        memcpy(address.at, record->rdata.at, address.n);
        add_address(said, &address);
    }
}

/* The serial of an SOA stands behind its two names (RFC 1035 §3.3.13). */
static void read_soa(const struct answer *answer, const struct answer_record *record,
                     struct said *said)
{
    struct cursor c = cursor_over(answer_wire(answer));
    struct name skipped;
    cursor_take(&c, record->rdata_at);
    if (name_read(&c, &skipped) && name_read(&c, &skipped)) {
        uint32_t serial = cursor_u32(&c);
        said->has_serial = !c.failed;
        said->serial = said->has_serial ? serial : 0;
    }
}

static void read_cname(const struct answer *answer, const struct answer_record *record,
                       struct said *said)
{
    struct cursor c = cursor_over(answer_wire(answer));
    cursor_take(&c, record->rdata_at);
    if (name_read(&c, &said->cname)) {
        name_lower(&said->cname);
    } else {
        said->cname = (struct name){0};
    }
}

static void read_authority(const struct answer *answer, struct answer_walk *walk, struct said *said)
{
    struct answer_record record;
    bool has_soa = false;
    while (answer_next(walk, &record)) {
        if (record.type == TYPE_SOA && !has_soa) {
            has_soa = true;
            read_soa(answer, &record, said);
        }
    }
    bool negative = said->n == 0 && (said->rcode == RCODE_NOERROR || said->rcode == RCODE_NXDOMAIN);
    said->lacks_soa = negative && !has_soa;
}

void said_read(const struct answer *answer, uint16_t type, struct said *ret_said)
{
    *ret_said = (struct said){.ede = EDE_NONE};
    if (answer == NULL) {
        return;
    }
    ret_said->answered = true;
    ret_said->truncated = (answer->flags & FLAG_TC) != 0;
    ret_said->flags = answer->flags;
    ret_said->rcode = answer->rcode;
    ret_said->ede = answer->ede;
    ret_said->ttl_s = answer->ttl_s;

    struct answer_walk walk = answer_walk(answer);
    struct answer_record record;
    for (size_t i = 0; i < answer->n_answers && answer_next(&walk, &record); i++) {
        if (record.type == TYPE_HTTPS && type == TYPE_HTTPS && record.class == CLASS_IN) {
            read_https(answer, &record, ret_said);
        } else if (record.type == type && record.class == CLASS_IN) {
            read_address(&record, type, ret_said);
        } else if (record.type == TYPE_CNAME && record.class == CLASS_IN) {
            read_cname(answer, &record, ret_said);
        }
    }
    read_authority(answer, &walk, ret_said);
    if (type == TYPE_HTTPS && ret_said->https == HTTPS_UNKNOWN && lacks_https(answer->rcode)) {
        ret_said->https = HTTPS_ABSENT;
    }
}

bool said_has(const struct said *said, const struct address *address)
{
    for (size_t i = 0; i < said->n; i++) {
        if (address_equal(&said->at[i], address)) {
            return true;
        }
    }
    return false;
}

const struct address *said_bogon(const struct said *said)
{
    for (size_t i = 0; i < said->n; i++) {
        if (address_is_bogon(&said->at[i])) {
            return &said->at[i];
        }
    }
    return NULL;
}

const struct address *said_common(const struct said *a, const struct said *b)
{
    for (size_t i = 0; i < a->n; i++) {
        if (said_has(b, &a->at[i])) {
            return &a->at[i];
        }
    }
    return NULL;
}

bool said_gives_addresses(const struct said *said)
{
    return said->answered && said->rcode == RCODE_NOERROR && said->n > 0;
}

bool said_bears_witness(const struct said *said)
{
    if (!said->answered || said->filters) {
        return false;
    }
    if (said->ede == EDE_BLOCKED || said->ede == EDE_CENSORED || said->ede == EDE_FILTERED) {
        return false;
    }
    for (size_t i = 0; i < said->n; i++) {
        if (address_is_unspecified(&said->at[i])) {
            return false;
        }
    }
    return said->rcode == RCODE_NOERROR || said->rcode == RCODE_NXDOMAIN;
}
