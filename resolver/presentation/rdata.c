/* SPDX-License-Identifier: MIT */
#include "resolver/presentation/rdata.h"

#include "resolver/wire/message.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <ldns/ldns.h>

enum {
    TYPE_SPF = 99,
    TYPE_CDS = 59,
    TYPE_CDNSKEY = 60,
    TYPE_CAA = 257,
    STRING_MAX = 255, /* of a character-string */
    TOKENS_MAX = 64,
    TYPE_TEXT = 16,
    SVCB_NAMED_MAX = 6, /* the keys that have had a name from the first (RFC 9460) */
};

/* The fields of a type: 1, 2, 4 an unsigned number of so many octets; n a name; w a word; q a
 * string; a an address; s SVCB's parameters, and x hexadecimal or b base64 to the end. */
static const struct shape {
    uint16_t type;
    const char *fields;
} shapes[] = {
    {TYPE_A, "a"},         {TYPE_AAAA, "a"},       {TYPE_CNAME, "n"},  {TYPE_NS, "n"},
    {TYPE_PTR, "n"},       {TYPE_DNAME, "n"},      {TYPE_MX, "2n"},    {TYPE_SRV, "222n"},
    {TYPE_SOA, "nn44444"}, {TYPE_CAA, "1wq"},      {TYPE_DS, "211x"},  {TYPE_CDS, "211x"},
    {TYPE_DNSKEY, "211b"}, {TYPE_CDNSKEY, "211b"}, {TYPE_SVCB, "2ns"}, {TYPE_HTTPS, "2ns"},
};

static const char *fields_of(uint16_t type)
{
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        if (shapes[i].type == type) {
            return shapes[i].fields;
        }
    }
    return NULL;
}

bool rdata_has_text(uint16_t type)
{
    return type == TYPE_TXT || type == TYPE_SPF || fields_of(type) != NULL;
}

/* ---- words ---- */

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static void skip_spaces(struct bytes *text)
{
    while (text->n > 0 && is_space(text->at[0])) {
        *text = bytes_of(text->at + 1, text->n - 1);
    }
}

/* The next word; a quoted part may hold spaces. {NULL, 0} at the end. */
static struct bytes next_word(struct bytes *text)
{
    size_t n = 0;
    bool quoted = false;
    skip_spaces(text);
    while (n < text->n && (quoted || !is_space(text->at[n]))) {
        quoted = text->at[n] == '"' ? !quoted : quoted;
        n += text->at[n] == '\\' && n + 1 < text->n ? 2 : 1;
    }
    struct bytes word = n > 0 ? bytes_of(text->at, n) : bytes_of(NULL, 0);
    *text = bytes_of(text->at + n, text->n - n);
    return word;
}

static bool is_number(struct bytes word, uint64_t max)
{
    uint64_t value = 0;
    for (size_t i = 0; i < word.n; i++) {
        if (word.at[i] < '0' || word.at[i] > '9') {
            return false;
        }
        value = value * 10 + (word.at[i] - '0');
        if (value > max) {
            return false;
        }
    }
    return word.n > 0;
}

/* Nothing that a zone file reads as something other than part of a word. */
static bool is_plain(struct bytes word)
{
    for (size_t i = 0; i < word.n; i++) {
        uint8_t c = word.at[i];
        if (c <= ' ' || c >= 0x7f || strchr(";()@\"$", c) != NULL) {
            return false;
        }
    }
    return word.n > 0;
}

static bool is_all_of(struct bytes word, const char *alphabet)
{
    for (size_t i = 0; i < word.n; i++) {
        if (word.at[i] == '\0' || strchr(alphabet, word.at[i]) == NULL) {
            return false;
        }
    }
    return word.n > 0;
}

/* "…" as one word, without a quote inside or a line end. */
static bool is_quoted(struct bytes word)
{
    if (word.n < 2 || word.at[0] != '"' || word.at[word.n - 1] != '"') {
        return false;
    }
    for (size_t i = 1; i < word.n - 1; i++) {
        if (word.at[i] < ' ' || word.at[i] >= 0x7f || word.at[i] == '"' || word.at[i] == '\\') {
            return false;
        }
    }
    return true;
}

/* The same, where \" and \\ may stand in it (CAA: RFC 8659 section 4.1.1). */
static bool is_string(struct bytes word)
{
    if (word.n < 2 || word.at[0] != '"' || word.at[word.n - 1] != '"') {
        return false;
    }
    for (size_t i = 1; i < word.n - 1; i++) {
        uint8_t c = word.at[i];
        if (c == '\\' && i + 2 < word.n && strchr("\"\\", word.at[i + 1]) != NULL) {
            i++;
        } else if (c < ' ' || c >= 0x7f || c == '"' || c == '\\') {
            return false;
        }
    }
    return true;
}

/* key=value of SVCB (RFC 9460 section 2.1): the keys whose forms are common to all who print them,
 * and keyN. */
static bool is_service_parameter(struct bytes word)
{
    static const char *const keys[] = {
        "mandatory=", "alpn=", "port=", "ipv4hint=", "ech=", "ipv6hint="};
    static const char no_alpn[] = "no-default-alpn";
    if (bytes_equal(word, bytes_of(no_alpn, sizeof no_alpn - 1))) {
        return true;
    }
    const uint8_t *equals = memchr(word.at, '=', word.n);
    size_t n = equals != NULL ? (size_t)(equals - word.at) + 1 : word.n;
    struct bytes value = bytes_of(word.at + n, word.n - n);
    bool plain = value.n == 0 || is_plain(value) || is_quoted(value);
    if (word.n > 3 && memcmp(word.at, "key", 3) == 0) {
        size_t n_digits = n - 3 - (equals != NULL ? 1 : 0);
        struct bytes digits = bytes_of(word.at + 3, n_digits);
        /* Those with a name: some print what the name's form is, some what the octets are. */
        return is_number(digits, UINT16_MAX - 1) && !is_number(digits, SVCB_NAMED_MAX) && plain;
    }
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (n == strlen(keys[i]) && memcmp(word.at, keys[i], n) == 0) {
            bool port = strcmp(keys[i], "port=") == 0;
            return value.n > 0 && (port ? is_number(value, UINT16_MAX) : plain);
        }
    }
    return false;
}

static bool is_field(char field, struct bytes word)
{
    static const char hex[] = "0123456789abcdefABCDEF";
    static const char base64[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
    switch (field) {
    case '1':
        return is_number(word, UINT8_MAX);
    case '2':
        return is_number(word, UINT16_MAX);
    case '4':
        return is_number(word, UINT32_MAX);
    case 'q':
        return is_string(word);
    case 'x':
        return is_all_of(word, hex);
    case 'b':
        return is_all_of(word, base64);
    case 's':
        return is_service_parameter(word);
    default:
        return is_plain(word);
    }
}

/* True when the text has the fields of its shape, each certain, and nothing else. The last field
 * of some is any number of words: at least one, save SVCB's parameters. */
static bool fits(const char *fields, struct bytes text)
{
    bool repeats = false, seen = false;
    size_t n_digits = 0; /* of the hexadecimal: two are an octet */
    for (unsigned n = 0; n < TOKENS_MAX; n++) {
        struct bytes word = next_word(&text);
        repeats = strchr("sxb", *fields) != NULL && *fields != '\0';
        if (word.n == 0) {
            bool whole = n_digits % 2 == 0;
            return *fields == '\0' || (repeats && whole && (seen || *fields == 's'));
        }
        n_digits += *fields == 'x' ? word.n : 0;
        if (*fields == '\0' || !is_field(*fields, word)) {
            return false;
        }
        seen = repeats;
        fields += !repeats;
    }
    return false;
}

/* ---- SVCB once written: what ldns lets pass ---- */

/* RFC 9460 section 2.2: keys in strictly ascending order, and none in alias mode. */
static bool is_service(struct bytes rdata)
{
    struct cursor c = cursor_over(rdata);
    struct name target;
    int last = -1;
    uint16_t priority = cursor_u16(&c);
    if (!name_read_plain(&c, &target)) {
        return false;
    }
    while (cursor_left(&c) > 0) {
        uint16_t key = cursor_u16(&c);
        cursor_take(&c, cursor_u16(&c));
        if (c.failed || key <= last || priority == 0) {
            return false;
        }
        last = key;
    }
    return !c.failed;
}

/* ---- the ways to read ---- */

static int put_wire(const ldns_rr *rr, struct buf *out)
{
    int outcome = 0;
    ldns_buffer *wire = ldns_buffer_new(LDNS_MAX_PACKETLEN);
    if (wire == NULL) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < ldns_rr_rd_count(rr) && outcome == 0; i++) {
        outcome = ldns_rdf2buffer_wire(wire, ldns_rr_rdf(rr, i)) == LDNS_STATUS_OK ? 0 : -EINVAL;
    }
    if (outcome == 0) {
        buf_put(out, ldns_buffer_begin(wire), ldns_buffer_position(wire));
        outcome = out->overflow ? -EMSGSIZE : 0;
    }
    ldns_buffer_free(wire);
    return outcome;
}

static int read_with_ldns(uint16_t type, struct bytes text, struct buf *out)
{
    ldns_rr *rr = NULL;
    ldns_rdf *root = ldns_dname_new_frm_str(".");
    char *line = malloc(text.n + TYPE_TEXT + 16);
    int outcome = -ENOMEM;
    if (root != NULL && line != NULL) {
        snprintf(line, text.n + TYPE_TEXT + 16, ". 0 IN TYPE%u %.*s", type, (int)text.n,
                 (const char *)text.at);
        bool good = ldns_rr_new_frm_str(&rr, line, 0, root, NULL) == LDNS_STATUS_OK;
        outcome = good ? put_wire(rr, out) : -EINVAL;
    }
    ldns_rr_free(rr);
    ldns_rdf_deep_free(root);
    free(line);
    return outcome;
}

/* "\# n hex …", blanks anywhere between the digits. */
static int read_generic(struct bytes text, struct buf *out)
{
    uint8_t octet = 0;
    size_t n = 0, n_digits = 0;
    next_word(&text);
    struct bytes count = next_word(&text);
    if (!is_number(count, UINT16_MAX)) {
        return -EINVAL;
    }
    for (size_t i = 0; i < count.n; i++) {
        n = n * 10 + (size_t)(count.at[i] - '0');
    }
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.at[i];
        if (is_space(c)) {
            continue;
        }
        if (!isxdigit(c)) {
            return -EINVAL;
        }
        octet = (uint8_t)(octet << 4 | (isdigit(c) ? c - '0' : (c | 0x20) - 'a' + 10));
        if (++n_digits % 2 == 0) {
            buf_put_u8(out, octet);
        }
    }
    if (n_digits != 2 * n) {
        return -EINVAL;
    }
    return out->overflow ? -EMSGSIZE : 0;
}

/* Cut at 255 octets; an empty one stays one. */
static void put_strings(struct bytes octets, struct buf *out)
{
    do {
        size_t n = octets.n < STRING_MAX ? octets.n : STRING_MAX;
        buf_put_u8(out, (uint8_t)n);
        buf_put(out, octets.at, n);
        octets = bytes_of(octets.at + n, octets.n - n);
    } while (octets.n > 0);
}

/* One "…" with its escapes, taken off the text; false when it has no end or a broken escape. */
static bool unquote(struct bytes *text, struct buf *into)
{
    struct cursor c = cursor_over(bytes_of(text->at + 1, text->n - 1));
    for (;;) {
        uint8_t octet = cursor_u8(&c);
        if (c.failed || octet == '"') {
            break;
        }
        if (octet == '\\') {
            octet = cursor_u8(&c);
            if (octet >= '0' && octet <= '9') {
                struct bytes rest = cursor_take(&c, 2);
                unsigned value = (octet - '0') * 100u;
                if (rest.n != 2 || !is_number(rest, 99)) {
                    return false;
                }
                value += (rest.at[0] - '0') * 10u + (rest.at[1] - '0');
                if (value > UINT8_MAX) {
                    return false;
                }
                octet = (uint8_t)value;
            }
        }
        buf_put_u8(into, octet);
    }
    if (c.failed || into->overflow) {
        return false;
    }
    *text = bytes_of(c.all.at + c.at, c.all.n - c.at);
    return true;
}

/* Quoted strings, or all of it as one bare string: providers differ (PROVIDERS section 2.4). */
static int read_strings(struct bytes text, struct buf *out)
{
    struct bytes whole = text;
    skip_spaces(&text);
    if (text.n == 0 || text.at[0] != '"') {
        put_strings(whole, out);
        return out->overflow ? -EMSGSIZE : 0;
    }
    uint8_t *room = malloc(text.n);
    if (room == NULL) {
        return -ENOMEM;
    }
    int outcome = 0;
    while (text.n > 0 && outcome == 0) {
        struct buf string = buf_over(room, text.n);
        if (text.at[0] != '"' || !unquote(&text, &string)) {
            outcome = -EINVAL;
        }
        put_strings(bytes_of(string.at, string.n), out);
        skip_spaces(&text);
    }
    free(room);
    if (outcome == 0 && out->overflow) {
        outcome = -EMSGSIZE;
    }
    return outcome;
}

/* UTF-8 beyond ASCII: the octets that were meant are lost in JSON's characters. */
static bool has_odd_octet(struct bytes text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.at[i] == '\0' || text.at[i] >= 0x80) {
            return true;
        }
    }
    return false;
}

static int read_shaped(uint16_t type, struct bytes text, struct buf *out)
{
    const char *fields = fields_of(type);
    size_t began = out->n;
    if (fields == NULL || !fits(fields, text)) {
        return -EINVAL;
    }
    int outcome = read_with_ldns(type, text, out);
    bool service = type == TYPE_SVCB || type == TYPE_HTTPS;
    if (outcome == 0 && service && !is_service(bytes_of(out->at + began, out->n - began))) {
        out->n = began;
        outcome = -EINVAL;
    }
    return outcome;
}

int rdata_from_text(uint16_t type, struct bytes text, struct buf *out)
{
    if (text.n > RDATA_TEXT_MAX || has_odd_octet(text)) {
        return -EINVAL;
    }
    struct bytes rest = text;
    struct bytes first = next_word(&rest);
    if (bytes_equal(first, bytes_of("\\#", 2))) {
        return read_generic(text, out);
    }
    if (type == TYPE_TXT || type == TYPE_SPF) {
        return read_strings(text, out);
    }
    return read_shaped(type, text, out);
}
