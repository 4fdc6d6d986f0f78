/* SPDX-License-Identifier: MIT */
#include "resolver/audit/sources.h"

#include "resolver/wire/cursor.h"

#include <arpa/inet.h>
#include <stdio.h>

enum {
    LEASES_MAX = 16,       /* interfaces of one lease file */
    LEASE_SERVERS_MAX = 4, /* of one lease */
    DHCP_COOKIE_AT = 236,  /* RFC 2131 §2 */
    DHCP_PAD = 0,
    DHCP_SERVERS = 6, /* RFC 2132 §3.8 */
    DHCP_END = 255,
    ROUTE_COLUMNS = 10,
};

/* ---- lines and words ---- */

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* lends the bytes up to the end of the line; the line's end is taken too. */
static struct bytes take_line(struct cursor *text)
{
    const uint8_t *from = text->all.at + text->at;
    const uint8_t *end = memchr(from, '\n', cursor_left(text));
    if (end == NULL) {
        return cursor_take(text, cursor_left(text));
    }
    struct bytes line = cursor_take(text, (size_t)(end - from));
    cursor_take(text, 1);
    return line;
}

static bool is_between(uint8_t c, const char *ends)
{
    return is_blank(c) || (c != '\0' && strchr(ends, c) != NULL);
}

/* lends the next word, which ends at a blank or at one of `ends`; empty at the end of the line. */
static struct bytes take_word(struct cursor *line, const char *ends)
{
    while (cursor_left(line) > 0 && is_between(line->all.at[line->at], ends)) {
        cursor_take(line, 1);
    }
    size_t n = 0;
    while (n < cursor_left(line) && !is_between(line->all.at[line->at + n], ends)) {
        n++;
    }
    return cursor_take(line, n);
}

static bool is_word(struct bytes word, const char *text)
{
    return bytes_equal(word, bytes_of(text, strlen(text)));
}

/* Copies a word as text; false when it is empty, too long or holds a NUL. */
static bool copy_word(struct bytes word, char *to, size_t size)
{
    if (word.n == 0 || word.n >= size || memchr(word.at, '\0', word.n) != NULL) {
        return false;
    }
    memcpy(to, word.at, word.n);
    to[word.n] = '\0';
    return true;
}

static void tell(const struct source_sink *sink, struct bytes word, const char *interface)
{
    char server[SOURCE_SERVER_MAX];
    if (copy_word(word, server, sizeof server)) {
        sink->on_server(sink->ctx, server, interface);
    }
}

/* ---- resolv.conf(5) ---- */

/* A comment sign ends the line where a word could begin. */
static struct bytes take_uncommented(struct cursor *line)
{
    struct bytes word = take_word(line, "");
    bool comment = word.n > 0 && (word.at[0] == '#' || word.at[0] == ';');
    return comment ? (struct bytes){0} : word;
}

static void read_resolv_conf(struct cursor *text, const struct source_sink *sink)
{
    while (cursor_left(text) > 0) {
        struct cursor line = cursor_over(take_line(text));
        if (is_word(take_uncommented(&line), "nameserver")) {
            tell(sink, take_uncommented(&line), "");
        }
    }
}

/* ---- KEY=value ---- */

static bool is_server_key(struct bytes key)
{
    return is_word(key, "DNS") || is_word(key, "SERVERS") || is_word(key, "domain_name_servers") ||
           is_word(key, "dhcp6_name_servers");
}

/* systemd writes a server's TLS name behind '#'. */
static struct bytes without_tls_name(struct bytes word)
{
    const uint8_t *end = word.n > 0 ? memchr(word.at, '#', word.n) : NULL;
    return end != NULL ? bytes_of(word.at, (size_t)(end - word.at)) : word;
}

static void read_keys(struct cursor *text, const struct source_sink *sink)
{
    while (cursor_left(text) > 0) {
        struct cursor line = cursor_over(take_line(text));
        if (!is_server_key(take_word(&line, "="))) {
            continue;
        }
        struct bytes word;
        while ((word = take_word(&line, "=,;\"'")).n > 0) {
            tell(sink, without_tls_name(word), "");
        }
    }
}

/* ---- dhclient.leases(5) ---- */

struct lease {
    char interface[SOURCE_INTERFACE_MAX];
    char servers[LEASE_SERVERS_MAX][SOURCE_SERVER_MAX];
    size_t n;
};

struct leases {
    struct lease at[LEASES_MAX];
    size_t n;
};

static void read_lease_servers(struct cursor *line, struct lease *lease)
{
    struct bytes word;
    lease->n = 0;
    while ((word = take_word(line, ",;")).n > 0 && lease->n < LEASE_SERVERS_MAX) {
        lease->n += copy_word(word, lease->servers[lease->n], SOURCE_SERVER_MAX);
    }
}

/* A later lease of the same interface stands for the earlier ones. */
static void keep_lease(struct leases *leases, const struct lease *lease)
{
    for (size_t i = 0; i < leases->n; i++) {
        if (strcmp(leases->at[i].interface, lease->interface) == 0) {
            leases->at[i] = *lease;
            return;
        }
    }
    if (leases->n < LEASES_MAX) {
        leases->at[leases->n++] = *lease;
    }
}

/* `lease6` keeps its options in blocks of its own: only a brace at the first column ends a lease.
 */
static void read_lease_line(struct bytes bare, struct lease *lease, struct leases *leases)
{
    struct cursor line = cursor_over(bare);
    if (bare.n > 0 && bare.at[0] == '}') {
        if (lease->n > 0) {
            keep_lease(leases, lease);
        }
        *lease = (struct lease){0};
        return;
    }
    struct bytes word = take_word(&line, ";");
    if (is_word(word, "interface")) {
        /* Without a name that fits it counts as not named. */
        (void)copy_word(take_word(&line, ";\""), lease->interface, SOURCE_INTERFACE_MAX);
    } else if (is_word(word, "option")) {
        word = take_word(&line, ";");
        if (is_word(word, "domain-name-servers") || is_word(word, "dhcp6.name-servers")) {
            read_lease_servers(&line, lease);
        }
    }
}

static void read_dhclient(struct cursor *text, const struct source_sink *sink)
{
    struct leases leases = {.n = 0};
    struct lease lease = {.n = 0};
    while (cursor_left(text) > 0) {
        read_lease_line(take_line(text), &lease, &leases);
    }
    for (size_t i = 0; i < leases.n; i++) {
        for (size_t k = 0; k < leases.at[i].n; k++) {
            sink->on_server(sink->ctx, leases.at[i].servers[k], leases.at[i].interface);
        }
    }
}

/* ---- a DHCP acknowledgement ---- */

static void tell_octets(const struct source_sink *sink, int family, const void *at,
                        const char *interface)
{
    char text[INET6_ADDRSTRLEN];
    if (inet_ntop(family, at, text, sizeof text) != NULL) {
        sink->on_server(sink->ctx, text, interface);
    }
}

static void read_dhcp_packet(struct cursor *packet, const struct source_sink *sink)
{
    static const uint8_t cookie[] = {99, 130, 83, 99};
    cursor_take(packet, DHCP_COOKIE_AT);
    if (!bytes_equal(cursor_take(packet, sizeof cookie), bytes_of(cookie, sizeof cookie))) {
        return;
    }
    while (cursor_left(packet) > 0) {
        uint8_t code = cursor_u8(packet);
        if (code == DHCP_END) {
            return;
        }
        struct bytes value = {0};
        if (code != DHCP_PAD) {
            value = cursor_take(packet, cursor_u8(packet));
        }
        for (size_t i = 0; code == DHCP_SERVERS && i + 4 <= value.n; i += 4) {
            tell_octets(sink, AF_INET, value.at + i, "");
        }
    }
}

/* ---- routes ---- */

static bool is_zero_text(struct bytes word)
{
    for (size_t i = 0; i < word.n; i++) {
        if (word.at[i] != '0') {
            return false;
        }
    }
    return word.n > 0;
}

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_hex(struct bytes word, uint8_t *to, size_t n)
{
    if (word.n != 2 * n) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        int high = hex_value(word.at[2 * i]), low = hex_value(word.at[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        to[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* Iface Destination Gateway Flags RefCnt Use Metric Mask …; addresses as the machine keeps a
 * network-order word, printed as a number. */
static void read_routes_v4(struct cursor *text, const struct source_sink *sink)
{
    while (cursor_left(text) > 0) {
        struct cursor line = cursor_over(take_line(text));
        struct bytes column[ROUTE_COLUMNS];
        for (size_t i = 0; i < ROUTE_COLUMNS; i++) {
            column[i] = take_word(&line, "");
        }
        char interface[SOURCE_INTERFACE_MAX];
        uint8_t number[4];
        bool is_default = is_zero_text(column[1]) && is_zero_text(column[7]);
        if (is_default && !is_zero_text(column[2]) && read_hex(column[2], number, 4) &&
            copy_word(column[0], interface, sizeof interface)) {
            uint32_t gateway = bytes_read_u32(number);
            tell_octets(sink, AF_INET, &gateway, interface);
        }
    }
}

/* Destination, its length, source, its length, next hop, metric, refcount, use, flags, interface.
 */
static void read_routes_v6(struct cursor *text, const struct source_sink *sink)
{
    while (cursor_left(text) > 0) {
        struct cursor line = cursor_over(take_line(text));
        struct bytes column[ROUTE_COLUMNS];
        for (size_t i = 0; i < ROUTE_COLUMNS; i++) {
            column[i] = take_word(&line, "");
        }
        char interface[SOURCE_INTERFACE_MAX], address[INET6_ADDRSTRLEN];
        char scoped[INET6_ADDRSTRLEN + SOURCE_INTERFACE_MAX + 1];
        uint8_t hop[16];
        bool is_default = is_zero_text(column[0]) && is_zero_text(column[1]);
        if (!is_default || is_zero_text(column[4]) || !read_hex(column[4], hop, 16) ||
            !copy_word(column[9], interface, sizeof interface)) {
            continue;
        }
        inet_ntop(AF_INET6, hop, address, sizeof address);
        bool link_local = hop[0] == 0xfe && (hop[1] & 0xc0) == 0x80;
        snprintf(scoped, sizeof scoped, "%s%s%s", address, link_local ? "%" : "",
                 link_local ? interface : "");
        sink->on_server(sink->ctx, scoped, interface);
    }
}

void source_read(enum source_format format, struct bytes text, const struct source_sink *sink)
{
    struct cursor cursor = cursor_over(text);
    switch (format) {
    case SOURCE_RESOLV_CONF:
        read_resolv_conf(&cursor, sink);
        return;
    case SOURCE_KEYS:
        read_keys(&cursor, sink);
        return;
    case SOURCE_DHCLIENT:
        read_dhclient(&cursor, sink);
        return;
    case SOURCE_DHCP_PACKET:
        read_dhcp_packet(&cursor, sink);
        return;
    case SOURCE_ROUTES_V4:
        read_routes_v4(&cursor, sink);
        return;
    case SOURCE_ROUTES_V6:
        read_routes_v6(&cursor, sink);
        return;
    }
}
