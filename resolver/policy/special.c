/* SPDX-License-Identifier: MIT */
#include "resolver/policy/special.h"

enum { LABELS_SEEN = 40, OCTETS = 4 };

/* The last labels of a name, the top one first. */
struct labels {
    const struct name *name;
    uint8_t at[LABELS_SEEN];
    size_t n;
};

static const struct {
    const char *zone; /* wire form; its terminating NUL is the root */
    enum special special;
    const char *why;
} tops[] = {
    {"\11localhost", SPECIAL_LOCALHOST, "special-use name: RFC 6761"},
    {"\7invalid", SPECIAL_ABSENT, "special-use name: RFC 6761"},
    {"\4test", SPECIAL_TEST, "special-use name: RFC 6761"},
    {"\5onion", SPECIAL_ABSENT, "special-use name: RFC 7686"},
    {"\3alt", SPECIAL_ABSENT, "special-use name: RFC 9476"},
    {"\5local", SPECIAL_ABSENT, "special-use name: RFC 6762, ask by multicast DNS"},
};

enum { CANARY = 0 };

static const struct {
    const char *zone;
    enum special special;
    const char *why;
} others[] = {
    [CANARY] = {"\23use-application-dns\3net", SPECIAL_CANARY, "keeps browsers on this resolver"},
    {"\4home\4arpa", SPECIAL_DELEGATED, "special-use name: RFC 8375"},
    {"\7service\4arpa", SPECIAL_DELEGATED, "special-use name: RFC 9665"},
    {"\10resolver\4arpa", SPECIAL_ABSENT, "special-use name: RFC 9462"},
    {"\0066tisch\4arpa", SPECIAL_ABSENT, "special-use name: RFC 9031"},
    {"\10eap-noob\4arpa", SPECIAL_ABSENT, "special-use name: RFC 9140"},
    {"\10ipv4only\4arpa", SPECIAL_IPV4ONLY, "special-use name: RFC 8880"},
};

static const char reverse_why[] = "reverse zone of private use: RFC 6303";

static bool ends_in(const struct name *name, const char *zone)
{
    size_t n = strlen(zone) + 1;
    return name->n >= n && memcmp(name->at + name->n - n, zone, n) == 0;
}

/* The labels from the top down. */
static void find_labels(const struct name *name, struct labels *ret_labels)
{
    uint8_t all[128];
    size_t n = 0;
    for (size_t at = 0; name->at[at] != 0; at += 1u + name->at[at]) {
        all[n++] = (uint8_t)at;
    }
    ret_labels->name = name;
    ret_labels->n = n < LABELS_SEEN ? n : LABELS_SEEN;
    for (size_t i = 0; i < ret_labels->n; i++) {
        ret_labels->at[i] = all[n - 1 - i];
    }
}

static enum special found(const struct labels *l, size_t depth, enum special special,
                          const char *why, struct special_zone *ret_zone)
{
    *ret_zone = (struct special_zone){.at = l->at[depth - 1], .depth = (uint8_t)depth, .why = why};
    return special;
}

/* A label's decimal number up to 255; -1: it is none. */
static int octet_of(const struct labels *l, size_t i)
{
    const uint8_t *label = l->name->at + l->at[i];
    int value = 0;
    if (label[0] < 1 || label[0] > 3 || (label[0] > 1 && label[1] == '0')) {
        return -1;
    }
    for (size_t k = 1; k <= label[0]; k++) {
        if (label[k] < '0' || label[k] > '9') {
            return -1;
        }
        value = 10 * value + label[k] - '0';
    }
    return value <= 255 ? value : -1;
}

/* How many octets of the address (the rest are -1) the zone of private use has that it is in; 0:
 * none. RFC 6303 section 4, RFC 7793. */
static size_t private_octets(const int o[OCTETS])
{
    if (o[0] == 0 || o[0] == 10 || o[0] == 127) {
        return 1;
    }
    bool two = (o[0] == 100 && o[1] >= 64 && o[1] <= 127) || (o[0] == 169 && o[1] == 254) ||
               (o[0] == 172 && o[1] >= 16 && o[1] <= 31) || (o[0] == 192 && o[1] == 168);
    if (two) {
        return 2;
    }
    bool three = (o[0] == 192 && o[1] == 0 && o[2] == 2) ||
                 (o[0] == 198 && o[1] == 51 && o[2] == 100) ||
                 (o[0] == 203 && o[1] == 0 && o[2] == 113);
    if (three) {
        return 3;
    }
    return o[0] == 255 && o[1] == 255 && o[2] == 255 && o[3] == 255 ? 4 : 0;
}

static size_t private_v4(const struct labels *l)
{
    int octets[OCTETS] = {-1, -1, -1, -1};
    for (size_t i = 2; i < l->n && i < 2 + OCTETS; i++) {
        octets[i - 2] = octet_of(l, i);
        if (octets[i - 2] < 0) {
            break;
        }
    }
    size_t n = private_octets(octets);
    return n > 0 ? n + 2 : 0;
}

/* The same of nibbles: ::, ::1, fc00::/7, fe80::/10, 2001:db8::/32. */
static size_t private_v6(const struct labels *l)
{
    static const char *const zones[] = {"00000000000000000000000000000000",
                                        "00000000000000000000000000000001",
                                        "fc",
                                        "fd",
                                        "fe8",
                                        "fe9",
                                        "fea",
                                        "feb",
                                        "20010db8"};
    char nibbles[33] = "";
    size_t n = 0;
    for (size_t i = 2; i < l->n && n < sizeof nibbles - 1; i++) {
        const uint8_t *label = l->name->at + l->at[i];
        if (label[0] != 1) {
            break;
        }
        nibbles[n++] = (char)label[1];
    }
    for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
        size_t length = strlen(zones[i]);
        if (n >= length && memcmp(nibbles, zones[i], length) == 0) {
            return length + 2;
        }
    }
    return 0;
}

static enum special find_lower(const struct name *name, struct special_zone *ret_zone)
{
    struct labels labels;
    find_labels(name, &labels);
    for (size_t i = 0; i < sizeof others / sizeof others[0] && labels.n >= 2; i++) {
        size_t n = strlen(others[i].zone) + 1;
        if (ends_in(name, others[i].zone) && labels.at[1] == name->n - n) {
            return found(&labels, 2, others[i].special, others[i].why, ret_zone);
        }
    }
    size_t depth = 0;
    if (labels.n > 2 && ends_in(name, "\7in-addr\4arpa")) {
        depth = private_v4(&labels);
    } else if (labels.n > 2 && ends_in(name, "\3ip6\4arpa")) {
        depth = private_v6(&labels);
    }
    return depth > 0 ? found(&labels, depth, SPECIAL_DELEGATED, reverse_why, ret_zone)
                     : SPECIAL_NONE;
}

enum special special_find(const struct name *name, struct special_zone *ret_zone)
{
    size_t last = 0, depth = 0;
    for (size_t at = 0; name->at[at] != 0; at += 1u + name->at[at]) {
        last = at;
        depth++;
    }
    const char *top = (const char *)name->at + last;
    if (depth == 0) {
        return SPECIAL_NONE;
    }
    switch (top[0] << 8 | top[1]) {
    case 4 << 8 | 'a': /* arpa */
        return find_lower(name, ret_zone);
    case 3 << 8 | 'n': /* net: nearly all of it is ordinary */
        return ends_in(name, others[CANARY].zone) ? find_lower(name, ret_zone) : SPECIAL_NONE;
    case 9 << 8 | 'l':
    case 7 << 8 | 'i':
    case 4 << 8 | 't':
    case 5 << 8 | 'o':
    case 3 << 8 | 'a':
    case 5 << 8 | 'l':
        break;
    default:
        return SPECIAL_NONE;
    }
    for (size_t i = 0; i < sizeof tops / sizeof tops[0]; i++) {
        if (strcmp(top, tops[i].zone) == 0) {
            *ret_zone = (struct special_zone){(uint8_t)last, 1, tops[i].why};
            return tops[i].special;
        }
    }
    return SPECIAL_NONE;
}
