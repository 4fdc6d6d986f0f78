/* SPDX-License-Identifier: MIT */
/* Rules stand in one array: longest prefixes first, those of one length together and in the order
 * of their addresses. A look-up is a binary search a length; configurations have few lengths. */
#include "resolver/clients/access.h"

#include <arpa/inet.h>
#include <stdlib.h>

enum { LENGTHS_MAX = 129, ADDRESS_BITS = 128, IPV4_BEFORE = 96 };

/* The rules of one length. */
struct access_length {
    unsigned bits;
    size_t from, n;
};

struct access {
    size_t n_lengths;
    struct access_length lengths[LENGTHS_MAX];
    size_t n;
    struct access_rule rules[];
};

static int compare_address(const void *a, const void *b)
{
    const struct access_rule *x = a, *y = b;
    return memcmp(x->at, y->at, sizeof x->at);
}

static int compare_rules(const void *a, const void *b)
{
    const struct access_rule *x = a, *y = b;
    return x->bits != y->bits ? (x->bits < y->bits) - (x->bits > y->bits) : compare_address(a, b);
}

static bool same_prefix(const struct access_rule *a, const struct access_rule *b)
{
    return a->bits == b->bits && compare_address(a, b) == 0;
}

/* Takes in rule `r`, over an earlier one for the same. */
static void add_rule(struct access *access, const struct access_rule *r)
{
    size_t i = 0;
    while (i < access->n && !same_prefix(&access->rules[i], r)) {
        i++;
    }
    access->rules[i] = *r;
    access->n += i == access->n;
}

static void note_lengths(struct access *access)
{
    for (size_t i = 0; i < access->n; i++) {
        if (i == 0 || access->rules[i].bits != access->rules[i - 1].bits) {
            access->lengths[access->n_lengths++] =
                (struct access_length){.bits = access->rules[i].bits, .from = i};
        }
        access->lengths[access->n_lengths - 1].n++;
    }
}

struct access *access_new(const struct access_rule *rules, size_t n)
{
    struct access *access = calloc(1, sizeof *access + n * sizeof access->rules[0]);
    if (access == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        add_rule(access, &rules[i]);
    }
    qsort(access->rules, access->n, sizeof access->rules[0], compare_rules);
    note_lengths(access);
    return access;
}

struct access *access_free(struct access *access)
{
    free(access);
    return NULL;
}

bool access_allows(const struct access *access, const struct client_address *client)
{
    if (client->kind == CLIENT_UNIX) {
        return true;
    }
    struct access_rule wanted = {0};
    memcpy(wanted.at, client->at, sizeof wanted.at);
    for (size_t i = 0; i < access->n_lengths; i++) {
        const struct access_length *l = &access->lengths[i];
        if (client->kind == CLIENT_IPV4 && l->bits < IPV4_BEFORE) {
            break; /* ::/0 speaks of IPv6 */
        }
        client_address_mask(wanted.at, l->bits);
        const struct access_rule *found = bsearch(&wanted, access->rules + l->from, l->n,
                                                  sizeof access->rules[0], compare_address);
        if (found != NULL) {
            return found->allow;
        }
    }
    return client->is_own;
}

/* ---- reading ---- */

static bool read_bits(const char *text, unsigned max, unsigned *ret_bits)
{
    char *end;
    if (text[0] < '0' || text[0] > '9') {
        return false;
    }
    unsigned long bits = strtoul(text, &end, 10);
    *ret_bits = (unsigned)bits;
    return *end == '\0' && bits <= max;
}

static bool read_address(const char *text, struct access_rule *rule, unsigned *ret_before)
{
    struct in_addr in;
    *ret_before = 0;
    if (inet_pton(AF_INET6, text, rule->at) == 1) {
        return true;
    }
    if (inet_pton(AF_INET, text, &in) != 1) {
        return false;
    }
    memset(rule->at, 0, sizeof rule->at);
    rule->at[10] = rule->at[11] = 0xff;
    memcpy(rule->at + 12, &in, 4);
    *ret_before = IPV4_BEFORE;
    return true;
}

bool access_read_prefix(const char *text, struct access_rule *ret_rule, const char **ret_why)
{
    char address[INET6_ADDRSTRLEN];
    size_t n = strcspn(text, "/");
    unsigned before, bits;
    struct access_rule rule = {.bits = ADDRESS_BITS};
    *ret_why = "write an address or a prefix: 192.0.2.0/24, 2001:db8::/32, 192.0.2.1";
    if (n >= sizeof address) {
        return false;
    }
    memcpy(address, text, n);
    address[n] = '\0';
    if (!read_address(address, &rule, &before)) {
        return false;
    }
    if (text[n] == '/') {
        if (!read_bits(text + n + 1, ADDRESS_BITS - before, &bits)) {
            *ret_why = "the length behind '/' is 0 to 32 for IPv4, 0 to 128 for IPv6";
            return false;
        }
        rule.bits = before + bits;
    }
    uint8_t masked[16];
    memcpy(masked, rule.at, sizeof masked);
    client_address_mask(masked, rule.bits);
    if (memcmp(masked, rule.at, sizeof masked) != 0) {
        *ret_why = "it has bits set behind its length: write the network's own address";
        return false;
    }
    *ret_rule = rule;
    return true;
}
