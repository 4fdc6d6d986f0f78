/* SPDX-License-Identifier: MIT */
#include "resolver/policy/policy.h"

enum special { SPECIAL_LOCALHOST, SPECIAL_NONE_SUCH };

/* Zones that never leave the host: `zone` in wire form, and everything below it. */
static const struct {
    const char *zone;
    enum special special;
    const char *why;
} specials[] = {
    {"\11localhost", SPECIAL_LOCALHOST, NULL},
    {"\7invalid", SPECIAL_NONE_SUCH, "special-use name: RFC 6761"},
    {"\5onion", SPECIAL_NONE_SUCH, "special-use name: RFC 7686"},
    {"\3alt", SPECIAL_NONE_SUCH, "special-use name: RFC 9476"},
    {"\5local", SPECIAL_NONE_SUCH, "special-use name: RFC 6762, ask by multicast DNS"},
    {"\10resolver\4arpa", SPECIAL_NONE_SUCH, "special-use name: RFC 9462"},
    {"\23use-application-dns\3net", SPECIAL_NONE_SUCH, "keeps browsers on this resolver"},
};

static const uint8_t loopback_v4[4] = {127, 0, 0, 1};
static const uint8_t loopback_v6[16] = {[15] = 1};

/* `zone` lacks the root label that every name ends in; its terminating NUL stands for it. */
static bool is_within(const struct name *name, const char *zone)
{
    size_t n = strlen(zone) + 1;
    if (name->n < n || memcmp(name->at + name->n - n, zone, n) != 0) {
        return false;
    }
    size_t at = 0;
    while (at < name->n - n) {
        at += 1u + name->at[at];
    }
    return at == name->n - n;
}

static struct bytes localhost_rdata(uint16_t type)
{
    if (type == TYPE_A) {
        return bytes_of(loopback_v4, sizeof loopback_v4);
    }
    return type == TYPE_AAAA ? bytes_of(loopback_v6, sizeof loopback_v6) : (struct bytes){0};
}

static enum policy_outcome refuse(struct reply_error *ret_error, enum rcode rcode, const char *text)
{
    *ret_error = (struct reply_error){rcode, EDE_NOT_SUPPORTED, text};
    return POLICY_ERROR;
}

enum policy_outcome policy_decide(const struct question *question, struct reply_error *ret_error,
                                  struct bytes *ret_rdata)
{
    switch (question->type) {
    case TYPE_OPT:
    case TYPE_TSIG:
    case TYPE_TKEY:
        return refuse(ret_error, RCODE_FORMERR, "a meta type is no question");
    case 0:
    case TYPE_IXFR:
    case TYPE_AXFR:
    case TYPE_MAILA:
    case TYPE_MAILB:
        return refuse(ret_error, RCODE_REFUSED, "type not served");
    }
    if (question->class != CLASS_IN) {
        return refuse(ret_error, RCODE_REFUSED, "class not served");
    }
    for (size_t i = 0; i < sizeof specials / sizeof specials[0]; i++) {
        if (!is_within(&question->name, specials[i].zone)) {
            continue;
        }
        if (specials[i].special == SPECIAL_LOCALHOST) {
            *ret_rdata = localhost_rdata(question->type);
            return POLICY_LOCAL;
        }
        *ret_error = (struct reply_error){RCODE_NXDOMAIN, EDE_BLOCKED, specials[i].why};
        return POLICY_ERROR;
    }
    return POLICY_FORWARD;
}
