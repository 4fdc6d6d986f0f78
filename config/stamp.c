/* SPDX-License-Identifier: MIT */
#include "config/stamp.h"

#include "resolver/wire/cursor.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

enum { PORT_HTTPS = 443, PORT_MAX = 65535, HASH = 32, MORE = 0x80 };

static const char cut_short[] = "the stamp is cut short, or not one";

/* base64url without padding (RFC 4648 §5); false for other characters and for bits left over. */
static bool decode(const char *text, struct buf *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint32_t bits = 0;
    unsigned n_bits = 0;
    for (; *text != '\0'; text++) {
        const char *digit = strchr(digits, *text);
        if (digit == NULL) {
            return false;
        }
        bits = (bits << 6 | (uint32_t)(digit - digits)) & 0xffffff;
        n_bits += 6;
        if (n_bits >= 8) {
            n_bits -= 8;
            buf_put_u8(out, (uint8_t)(bits >> n_bits));
        }
    }
    return n_bits < 6 && (bits & ((1u << n_bits) - 1)) == 0 && !out->overflow;
}

/* LP(x): a text of printable characters, without quotes. */
static bool take_text(struct cursor *c, char ret_text[STAMP_FIELD_MAX + 1])
{
    struct bytes field = cursor_take(c, cursor_u8(c));
    for (size_t i = 0; i < field.n; i++) {
        if (!isgraph(field.at[i]) || field.at[i] == '"' || field.at[i] == '\\') {
            return false;
        }
    }
    if (field.n > 0) {
        memcpy(ret_text, field.at, field.n);
    }
    ret_text[field.n] = '\0';
    return !c->failed;
}

/* VLP(x…): gives how many there are that are not empty; false when one is neither empty nor `n`
 * octets (0: any number). */
static bool take_set(struct cursor *c, size_t n, unsigned *ret_count)
{
    uint8_t length;
    *ret_count = 0;
    do {
        length = cursor_u8(c);
        struct bytes field = cursor_take(c, length & (MORE - 1));
        if (c->failed || (n > 0 && field.n > 0 && field.n != n)) {
            return false;
        }
        *ret_count += field.n > 0;
    } while ((length & MORE) != 0);
    return true;
}

/* Takes ":port" off the end of `text`; 0 when there is none, -1 when it is none. */
static int take_port(char *text)
{
    char *colon = strrchr(text, ':'), *end;
    const char *bracket = strrchr(text, ']');
    if (colon == NULL || (bracket != NULL && bracket > colon)) {
        return 0;
    }
    unsigned long port = strtoul(colon + 1, &end, 10);
    bool digits = colon[1] != '\0' && colon[1 + strspn(colon + 1, "0123456789")] == '\0';
    if (!digits || port < 1 || port > PORT_MAX) {
        return -1;
    }
    *colon = '\0';
    return (int)port;
}

/* "192.0.2.1:443", "[2001:db8::1]", ":443" or nothing. */
static const char *read_address(struct stamp *stamp, int *ret_port)
{
    struct in6_addr at;
    char *text = stamp->address;
    *ret_port = take_port(text);
    size_t n = strlen(text);
    if (text[0] == '[' && n > 1 && text[n - 1] == ']') {
        memmove(text, text + 1, n - 2);
        text[n - 2] = '\0';
    }
    if (*ret_port < 0 || (text[0] != '\0' && inet_pton(AF_INET, text, &at) != 1 &&
                          inet_pton(AF_INET6, text, &at) != 1)) {
        return "the stamp's address is none";
    }
    return NULL;
}

/* A host name, or a literal. */
static const char *read_host(struct stamp *stamp, int address_port)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";
    static const char literal[] = "0123456789abcdefABCDEF:.[]";
    int port = take_port(stamp->host);
    size_t n = strlen(stamp->host);
    const char *allowed = stamp->host[0] == '[' ? literal : letters;
    if (port < 0 || n == 0 || stamp->host[strspn(stamp->host, allowed)] != '\0') {
        return "the stamp's host name is none";
    }
    port = port == 0 ? address_port : port;
    if (port != 0 && port != PORT_HTTPS) {
        snprintf(stamp->host + n, sizeof stamp->host - n, ":%d", port);
    }
    return NULL;
}

static const char *name_of(uint8_t protocol)
{
    switch (protocol) {
    case 0x00:
        return "the stamp is one of plain DNS, which is not taken";
    case 0x01:
    case 0x81:
        return "the stamp is one of DNSCrypt, which is not taken";
    case 0x03:
        return "the stamp is one of DNS over TLS, which is not taken";
    case 0x04:
        return "the stamp is one of DNS over QUIC, which is not taken";
    default:
        return "the stamp is of a protocol that is not known";
    }
}

/* What follows the protocol: 8 octets of properties, the lowest first, then the fields. */
static const char *read_fields(struct cursor *c, struct stamp *stamp)
{
    uint8_t properties = cursor_u8(c);
    int port = 0;
    unsigned n_resolvers;
    cursor_take(c, 7);
    stamp->dnssec = (properties & 1) != 0;
    stamp->no_logs = (properties & 2) != 0;
    stamp->no_filter = (properties & 4) != 0;
    if (stamp->protocol != STAMP_ODOH_TARGET) {
        if (!take_text(c, stamp->address) || !take_set(c, HASH, &stamp->n_hashes)) {
            return cut_short;
        }
        const char *why = read_address(stamp, &port);
        if (why != NULL) {
            return why;
        }
    }
    if (!take_text(c, stamp->host) || !take_text(c, stamp->path)) {
        return cut_short;
    }
    /* DoH's and a relay's may end in resolvers for their names; ours are configured. */
    if (stamp->protocol != STAMP_ODOH_TARGET && cursor_left(c) > 0 &&
        !take_set(c, 0, &n_resolvers)) {
        return cut_short;
    }
    if (cursor_left(c) > 0) {
        return "the stamp has something behind its end";
    }
    if (stamp->path[0] != '/') {
        return "the stamp's path does not begin with '/'";
    }
    if (strpbrk(stamp->path, "#{}") != NULL) {
        return "the stamp's path holds '#' or braces, which never reach a server";
    }
    return read_host(stamp, port);
}

const char *stamp_read(const char *text, struct stamp *ret_stamp)
{
    static const char scheme[] = "sdns://";
    uint8_t room[STAMP_TEXT_MAX];
    struct buf octets = buf_over(room, sizeof room);
    if (strncmp(text, scheme, sizeof scheme - 1) != 0) {
        return "a stamp begins with sdns://";
    }
    if (strlen(text) > STAMP_TEXT_MAX || !decode(text + sizeof scheme - 1, &octets) ||
        octets.n == 0) {
        return "behind sdns:// stands no base64url";
    }
    struct cursor c = cursor_over(bytes_of(octets.at, octets.n));
    uint8_t protocol = cursor_u8(&c);
    *ret_stamp = (struct stamp){.protocol = (enum stamp_protocol)protocol};
    switch (protocol) {
    case STAMP_DOH:
    case STAMP_ODOH_TARGET:
    case STAMP_ODOH_RELAY:
        return read_fields(&c, ret_stamp);
    default:
        return name_of(protocol);
    }
}
