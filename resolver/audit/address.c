/* SPDX-License-Identifier: MIT */
#include "resolver/audit/address.h"

#include <arpa/inet.h>
#include <assert.h>

/* A range: the first `bits` bits of `at`. */
struct range {
    uint8_t at[16];
    unsigned bits;
};

static const struct range private_v4[] = {
    {{10}, 8}, {{127}, 8}, {{169, 254}, 16}, {{172, 16}, 12}, {{192, 168}, 16},
};

static const struct range private_v6[] = {
    {{[15] = 1}, 128},  /* ::1 */
    {{0xfc}, 7},        /* RFC 4193 */
    {{0xfe, 0x80}, 10}, /* link-local */
};

static const struct range bogon_v4[] = {
    {{0}, 8},          /* "this" network */
    {{100, 64}, 10},   /* RFC 6598 */
    {{192, 0, 2}, 24}, /* RFC 5737, with the two below */
    {{198, 51, 100}, 24},
    {{203, 0, 113}, 24},
    {{224}, 4}, /* multicast */
    {{240}, 4}, /* reserved, and the broadcast address */
};

static const struct range bogon_v6[] = {
    {{0}, 128},                       /* :: */
    {{[10] = 0xff, [11] = 0xff}, 96}, /* IPv4-mapped */
    {{0x20, 0x01, 0, 0}, 32},         /* Teredo */
    {{0x20, 0x01, 0x0d, 0xb8}, 32},   /* RFC 3849 */
    {{0xff}, 8},                      /* multicast */
};

static bool in_range(const struct address *a, const struct range *range)
{
    size_t whole = range->bits / 8;
    unsigned rest = range->bits % 8;
    if (memcmp(a->at, range->at, whole) != 0) {
        return false;
    }
    return rest == 0 || ((a->at[whole] ^ range->at[whole]) >> (8 - rest)) == 0;
}

static bool in_any(const struct address *a, const struct range *ranges, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (in_range(a, &ranges[i])) {
            return true;
        }
    }
    return false;
}

#define IN_ANY(a, ranges) in_any(a, ranges, sizeof(ranges) / sizeof((ranges)[0]))

bool address_equal(const struct address *a, const struct address *b)
{
    return a->n == b->n && memcmp(a->at, b->at, a->n) == 0;
}

/* ::ffff:192.0.2.1 is 192.0.2.1 to a socket. */
static struct address unmapped(const struct address *a)
{
    static const struct range mapped = {{[10] = 0xff, [11] = 0xff}, 96};
    if (a->n != 16 || !in_range(a, &mapped)) {
        return *a;
    }
    struct address v4 = {.n = 4};
    memcpy(v4.at, a->at + 12, 4);
    return v4;
}

bool address_is_unspecified(const struct address *address)
{
    static const uint8_t zero[16];
    struct address a = unmapped(address);
    return a.n != 0 && memcmp(a.at, zero, a.n) == 0;
}

bool address_is_loopback(const struct address *address)
{
    static const struct range v4 = {{127}, 8};
    static const struct range v6 = {{[15] = 1}, 128};
    struct address a = unmapped(address);
    return a.n != 0 && in_range(&a, a.n == 4 ? &v4 : &v6);
}

bool address_is_private(const struct address *address)
{
    struct address a = unmapped(address);
    if (a.n == 4) {
        return IN_ANY(&a, private_v4);
    }
    return a.n == 16 && IN_ANY(&a, private_v6);
}

bool address_is_bogon(const struct address *address)
{
    if (address_is_private(address)) {
        return true;
    }
    if (address->n == 4) {
        return IN_ANY(address, bogon_v4);
    }
    return address->n == 16 && IN_ANY(address, bogon_v6);
}

/* The length of the address in a server text that is not in brackets: "192.0.2.1:53",
 * "2001:db8::1", "fe80::1%eth0". A single colon can only stand before a port. */
static size_t bare_length(const char *server)
{
    size_t n = strcspn(server, "%");
    const char *colon = strchr(server, ':');
    bool has_port = colon != NULL && strchr(colon + 1, ':') == NULL;
    return has_port ? (size_t)(colon - server) : n;
}

bool address_from_server(const char *server, struct address *ret_address)
{
    bool bracketed = server[0] == '[';
    const char *from = bracketed ? server + 1 : server;
    size_t n = bracketed ? strcspn(from, "%]") : bare_length(from);
    char text[ADDRESS_TEXT_MAX];
    if (n == 0 || n >= sizeof text) {
        return false;
    }
    memcpy(text, from, n);
    text[n] = '\0';
    struct address got = {0};
    if (inet_pton(AF_INET, text, got.at) == 1) {
        got.n = 4;
    } else if (inet_pton(AF_INET6, text, got.at) == 1) {
        got.n = 16;
    } else {
        return false;
    }
    *ret_address = got;
    return true;
}

const char *address_to_text(const struct address *address, char out[ADDRESS_TEXT_MAX])
{
    assert(address->n == 4 || address->n == 16);
    const char *text =
        inet_ntop(address->n == 4 ? AF_INET : AF_INET6, address->at, out, ADDRESS_TEXT_MAX);
    assert(text != NULL);
    return text;
}
