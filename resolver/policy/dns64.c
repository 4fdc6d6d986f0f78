/* SPDX-License-Identifier: MIT */
#include "resolver/policy/dns64.h"

#include "resolver/policy/guard.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

enum { V4 = 4, V6 = 16, U_OCTET = 8 /* bits 64 to 71 stay zero: RFC 6052 section 2.2 */ };

static const uint8_t lengths[] = {96, 64, 56, 48, 40, 32};

/* Where octet i of the IPv4 address stands. */
static size_t place_of(unsigned bits, size_t i)
{
    size_t at = bits / 8 + i;
    return bits < 96 && at >= U_OCTET ? at + 1 : at;
}

bool dns64_prefix_parse(const char *text, struct dns64_prefix *ret_prefix)
{
    static const uint8_t zero[V6];
    char address[INET6_ADDRSTRLEN];
    struct dns64_prefix prefix = {.bits = 0};
    const char *slash = strchr(text, '/');
    if (slash == NULL || (size_t)(slash - text) >= sizeof address) {
        return false;
    }
    memcpy(address, text, (size_t)(slash - text));
    address[slash - text] = '\0';
    for (size_t i = 0; i < sizeof lengths; i++) {
        char *end;
        if (strtol(slash + 1, &end, 10) == lengths[i] && *end == '\0') {
            prefix.bits = lengths[i];
        }
    }
    if (prefix.bits == 0 || inet_pton(AF_INET6, address, prefix.at) != 1 ||
        memcmp(prefix.at + prefix.bits / 8, zero, V6 - prefix.bits / 8u) != 0) {
        return false;
    }
    *ret_prefix = prefix;
    return true;
}

void dns64_embed(const struct dns64_prefix *prefix, const uint8_t v4[4], uint8_t ret_v6[16])
{
    memcpy(ret_v6, prefix->at, V6);
    for (size_t i = 0; i < V4; i++) {
        ret_v6[place_of(prefix->bits, i)] = v4[i];
    }
}

bool dns64_may_embed(const struct dns64_prefix *prefix, const uint8_t v4[4])
{
    static const uint8_t well_known[12] = {0, 0x64, 0xff, 0x9b};
    return prefix->bits != 96 || memcmp(prefix->at, well_known, sizeof well_known) != 0 ||
           !guard_is_inner_v4(v4);
}

bool dns64_extract(const struct dns64_prefix *prefix, const uint8_t v6[16], uint8_t ret_v4[4])
{
    if (prefix->bits == 0 || memcmp(v6, prefix->at, prefix->bits / 8u) != 0) {
        return false;
    }
    for (size_t i = 0; i < V4; i++) {
        ret_v4[i] = v6[place_of(prefix->bits, i)];
    }
    return true;
}

/* RFC 7050 section 3: 192.0.0.170 and 192.0.0.171 stand behind it. */
static bool discover_in(const uint8_t v6[16], struct dns64_prefix *ret_prefix)
{
    static const uint8_t known[3] = {192, 0, 0};
    uint8_t v4[V4];
    for (size_t i = 0; i < sizeof lengths; i++) {
        struct dns64_prefix prefix = {.bits = lengths[i]};
        memcpy(prefix.at, v6, lengths[i] / 8u);
        if (dns64_extract(&prefix, v6, v4) && memcmp(v4, known, sizeof known) == 0 &&
            (v4[3] == 170 || v4[3] == 171)) {
            *ret_prefix = prefix;
            return true;
        }
    }
    return false;
}

struct dns64_prefix dns64_discover(const struct answer *answer)
{
    struct dns64_prefix prefix = {.bits = 0};
    struct answer_walk walk = answer_walk(answer);
    struct answer_record record;
    while (walk.n_done < answer->n_answers && answer_next(&walk, &record)) {
        if (record.type == TYPE_AAAA && discover_in(record.rdata.at, &prefix)) {
            break;
        }
    }
    return prefix;
}

bool dns64_range_parse(const char *text, struct dns64_range *ret_range)
{
    char address[INET6_ADDRSTRLEN], *end;
    struct dns64_range range;
    const char *slash = strchr(text, '/');
    if (slash == NULL || (size_t)(slash - text) >= sizeof address || slash[1] < '0' ||
        slash[1] > '9') {
        return false;
    }
    memcpy(address, text, (size_t)(slash - text));
    address[slash - text] = '\0';
    long bits = strtol(slash + 1, &end, 10);
    if (*end != '\0' || bits < 0 || bits > 8 * V6 || inet_pton(AF_INET6, address, range.at) != 1) {
        return false;
    }
    range.bits = (uint8_t)bits;
    *ret_range = range;
    return true;
}

static bool is_within(const uint8_t v6[16], const struct dns64_range *range)
{
    size_t whole = range->bits / 8u, rest = range->bits % 8u;
    return memcmp(v6, range->at, whole) == 0 &&
           (rest == 0 || (v6[whole] ^ range->at[whole]) >> (8 - rest) == 0);
}

bool dns64_is_usable(const uint8_t v6[16], const struct dns64_ranges *unusable)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    bool usable = memcmp(v6, mapped, sizeof mapped) != 0;
    for (size_t i = 0; usable && unusable != NULL && i < unusable->n; i++) {
        usable = !is_within(v6, &unusable->at[i]);
    }
    return usable;
}

static bool has(const struct answer *answer, const struct dns64_ranges *unusable, bool usable)
{
    struct answer_walk walk = answer_walk(answer);
    struct answer_record record;
    while (walk.n_done < answer->n_answers && answer_next(&walk, &record)) {
        if (record.type == TYPE_AAAA && dns64_is_usable(record.rdata.at, unusable) == usable) {
            return true;
        }
    }
    return false;
}

bool dns64_has_address(const struct answer *answer, const struct dns64_ranges *unusable)
{
    return has(answer, unusable, true);
}

bool dns64_has_unusable(const struct answer *answer, const struct dns64_ranges *unusable)
{
    return has(answer, unusable, false);
}

static int nibble_of(const uint8_t *label)
{
    static const char hex[] = "0123456789abcdef";
    const char *at = label[0] == 1 && label[1] != 0 ? strchr(hex, label[1]) : NULL;
    return at != NULL ? (int)(at - hex) : -1;
}

bool dns64_is_reverse(const struct name *name, uint8_t ret_v6[16])
{
    static const uint8_t zone[] = "\3ip6\4arpa";
    uint8_t v6[V6] = {0};
    if (name->n != 4 * V6 + sizeof zone || memcmp(name->at + 4 * V6, zone, sizeof zone) != 0) {
        return false;
    }
    for (size_t i = 0; i < 2 * V6; i++) {
        int nibble = nibble_of(name->at + 2 * i);
        if (nibble < 0) {
            return false;
        }
        size_t at = V6 - 1 - i / 2;
        v6[at] = (uint8_t)(v6[at] | nibble << (i % 2 == 0 ? 0 : 4));
    }
    memcpy(ret_v6, v6, sizeof v6);
    return true;
}

bool dns64_reverse(const struct dns64_prefix *prefix, const struct name *name,
                   struct name *ret_name)
{
    uint8_t v6[V6], v4[V4];
    char text[40];
    if (!dns64_is_reverse(name, v6) || !dns64_extract(prefix, v6, v4)) {
        return false;
    }
    snprintf(text, sizeof text, "%u.%u.%u.%u.in-addr.arpa", v4[3], v4[2], v4[1], v4[0]);
    return name_from_text(text, ret_name) == 0;
}
