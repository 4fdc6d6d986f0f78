/* SPDX-License-Identifier: MIT */
#include "tests/unit/audit_message.h"

#include <check.h>
#include <stdio.h>

static void put_head(struct buf *b, uint16_t owner_at, uint16_t type, uint32_t ttl_s)
{
    buf_put_u16(b, 0xc000 | owner_at);
    buf_put_u16(b, type);
    buf_put_u16(b, CLASS_IN);
    buf_put_u32(b, ttl_s);
}

/* RFC 9460: priority 1, the name itself, alpn h2, and keys for ECH or none. */
static void put_records(struct buf *b, uint16_t owner_at, enum https_records https)
{
    static const uint8_t plain[] = {0, 1, 0, 0, 1, 0, 3, 2, 'h', '2'};
    static const uint8_t keys[] = {0, 5, 0, 2, 0xfe, 0x0d};
    size_t n_keys = https == HTTPS_ECH ? sizeof keys : 0;
    put_head(b, owner_at, TYPE_HTTPS, 300);
    buf_put_u16(b, (uint16_t)(sizeof plain + n_keys));
    buf_put(b, plain, sizeof plain);
    buf_put(b, keys, n_keys);
}

size_t audit_message(const struct question *question, const struct said *said,
                     uint8_t out[FAKE_PLAIN_REPLY_MAX])
{
    struct buf b = buf_over(out, FAKE_PLAIN_REPLY_MAX);
    uint16_t owner_at = 12;
    bool has_records = said->https >= HTTPS_PLAIN;
    buf_put_u16(&b, 0);
    buf_put_u16(&b, (uint16_t)(FLAG_QR | FLAG_RD | said->flags | said->rcode));
    buf_put_u16(&b, 1);
    buf_put_u16(&b, (uint16_t)(said->n + has_records + (said->cname.n > 0)));
    buf_put_u32(&b, 0);
    buf_put(&b, question->name.at, question->name.n);
    buf_put_u16(&b, question->type);
    buf_put_u16(&b, question->class);
    if (said->cname.n > 0) {
        put_head(&b, owner_at, TYPE_CNAME, 300);
        buf_put_u16(&b, said->cname.n);
        owner_at = (uint16_t)b.n;
        buf_put(&b, said->cname.at, said->cname.n);
    }
    for (size_t i = 0; i < said->n; i++) {
        put_head(&b, owner_at, question->type, said->ttl_s != 0 ? said->ttl_s : 300);
        buf_put_u16(&b, said->at[i].n);
        buf_put(&b, said->at[i].at, said->at[i].n);
    }
    if (has_records) {
        put_records(&b, owner_at, said->https);
    }
    ck_assert(!b.overflow);
    return b.n;
}

size_t audit_message_text(const struct question *question, const char *text,
                          uint8_t out[FAKE_PLAIN_REPLY_MAX])
{
    struct said nothing = {0};
    struct buf b = buf_over(out, FAKE_PLAIN_REPLY_MAX);
    b.n = audit_message(question, &nothing, out);
    bytes_write_u16(out + 6, 1);
    buf_put_u16(&b, 0xc00c);
    buf_put_u16(&b, TYPE_TXT);
    buf_put_u16(&b, question->class);
    buf_put_u32(&b, 0);
    buf_put_u16(&b, (uint16_t)(1 + strlen(text)));
    buf_put_u8(&b, (uint8_t)strlen(text));
    buf_put(&b, text, strlen(text));
    ck_assert(!b.overflow);
    return b.n;
}

size_t audit_message_zone(const struct question *question, const char *words,
                          uint8_t out[FAKE_PLAIN_REPLY_MAX])
{
    struct said nothing = {.flags = FLAG_RA};
    char zone_text[64], primary_text[64];
    unsigned serial;
    struct name zone, primary;
    size_t n = audit_message(question, &nothing, out);
    if (words == NULL) {
        return n;
    }
    ck_assert_int_eq(sscanf(words, "%63s %63s %u", zone_text, primary_text, &serial), 3);
    ck_assert_int_eq(name_from_text(zone_text, &zone) | name_from_text(primary_text, &primary), 0);
    struct buf b = buf_over(out, FAKE_PLAIN_REPLY_MAX);
    b.n = n;
    bytes_write_u16(out + 8, 1); /* in the authority section */
    buf_put(&b, zone.at, zone.n);
    buf_put_u16(&b, TYPE_SOA);
    buf_put_u16(&b, CLASS_IN);
    buf_put_u32(&b, 300);
    buf_put_u16(&b, (uint16_t)(2U * primary.n + 20));
    buf_put(&b, primary.at, primary.n);
    buf_put(&b, primary.at, primary.n); /* whom to write to */
    buf_put_u32(&b, serial);
    for (unsigned i = 0; i < 4; i++) {
        buf_put_u32(&b, AUDIT_MESSAGE_REFRESH_S);
    }
    ck_assert(!b.overflow);
    return b.n;
}
