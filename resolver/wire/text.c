/* SPDX-License-Identifier: MIT */
#include "resolver/wire/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

struct mnemonic {
    uint16_t value;
    const char *text;
};

static const struct mnemonic types[] = {
    {1, "A"},           {2, "NS"},       {3, "MD"},        {4, "MF"},       {5, "CNAME"},
    {6, "SOA"},         {7, "MB"},       {8, "MG"},        {9, "MR"},       {10, "NULL"},
    {11, "WKS"},        {12, "PTR"},     {13, "HINFO"},    {14, "MINFO"},   {15, "MX"},
    {16, "TXT"},        {17, "RP"},      {18, "AFSDB"},    {19, "X25"},     {20, "ISDN"},
    {21, "RT"},         {22, "NSAP"},    {23, "NSAP-PTR"}, {24, "SIG"},     {25, "KEY"},
    {26, "PX"},         {27, "GPOS"},    {28, "AAAA"},     {29, "LOC"},     {30, "NXT"},
    {31, "EID"},        {32, "NIMLOC"},  {33, "SRV"},      {34, "ATMA"},    {35, "NAPTR"},
    {36, "KX"},         {37, "CERT"},    {38, "A6"},       {39, "DNAME"},   {40, "SINK"},
    {41, "OPT"},        {42, "APL"},     {43, "DS"},       {44, "SSHFP"},   {45, "IPSECKEY"},
    {46, "RRSIG"},      {47, "NSEC"},    {48, "DNSKEY"},   {49, "DHCID"},   {50, "NSEC3"},
    {51, "NSEC3PARAM"}, {52, "TLSA"},    {53, "SMIMEA"},   {55, "HIP"},     {56, "NINFO"},
    {57, "RKEY"},       {58, "TALINK"},  {59, "CDS"},      {60, "CDNSKEY"}, {61, "OPENPGPKEY"},
    {62, "CSYNC"},      {63, "ZONEMD"},  {64, "SVCB"},     {65, "HTTPS"},   {66, "DSYNC"},
    {99, "SPF"},        {104, "NID"},    {105, "L32"},     {106, "L64"},    {107, "LP"},
    {108, "EUI48"},     {109, "EUI64"},  {128, "NXNAME"},  {249, "TKEY"},   {250, "TSIG"},
    {251, "IXFR"},      {252, "AXFR"},   {253, "MAILB"},   {254, "MAILA"},  {255, "ANY"},
    {256, "URI"},       {257, "CAA"},    {258, "AVC"},     {259, "DOA"},    {260, "AMTRELAY"},
    {261, "RESINFO"},   {262, "WALLET"}, {32768, "TA"},    {32769, "DLV"},
};

static const struct mnemonic classes[] = {
    {1, "IN"}, {3, "CH"}, {4, "HS"}, {254, "NONE"}, {255, "ANY"},
};

static const struct mnemonic rcodes[] = {
    {0, "NOERROR"},  {1, "FORMERR"},  {2, "SERVFAIL"},  {3, "NXDOMAIN"},   {4, "NOTIMP"},
    {5, "REFUSED"},  {6, "YXDOMAIN"}, {7, "YXRRSET"},   {8, "NXRRSET"},    {9, "NOTAUTH"},
    {10, "NOTZONE"}, {16, "BADVERS"}, {17, "BADKEY"},   {18, "BADTIME"},   {19, "BADMODE"},
    {20, "BADNAME"}, {21, "BADALG"},  {22, "BADTRUNC"}, {23, "BADCOOKIE"},
};

struct mnemonics {
    const struct mnemonic *at;
    size_t n;
    const char *prefix; /* of a value that has none */
};

#define MNEMONICS(table, text) \
    ((struct mnemonics){.at = (table), .n = sizeof(table) / sizeof *(table), .prefix = (text)})

static const char *text_of(struct mnemonics all, uint16_t value, char out[TEXT_MNEMONIC_MAX])
{
    for (size_t i = 0; i < all.n; i++) {
        if (all.at[i].value == value) {
            snprintf(out, TEXT_MNEMONIC_MAX, "%s", all.at[i].text);
            return out;
        }
    }
    snprintf(out, TEXT_MNEMONIC_MAX, "%s%u", all.prefix, (unsigned)value);
    return out;
}

/* RFC 3629 §4 */
size_t text_character(const char *text)
{
    static const struct {
        uint8_t first, last; /* of the first octet */
        uint8_t low, high;   /* of the second */
        size_t n;
    } forms[] = {
        {0xc2, 0xc2, 0xa0, 0xbf, 2}, {0xc3, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    const uint8_t *at = (const uint8_t *)text;
    size_t i = 0, n = 2;
    if (at[0] < 0x80) {
        return at[0] >= ' ' && at[0] != 0x7f ? 1 : 0;
    }
    while (i < sizeof forms / sizeof *forms && (at[0] < forms[i].first || at[0] > forms[i].last)) {
        i++;
    }
    if (i == sizeof forms / sizeof *forms || at[1] < forms[i].low || at[1] > forms[i].high) {
        return 0;
    }
    while (n < forms[i].n && (at[n] & 0xc0) == 0x80) {
        n++;
    }
    return n == forms[i].n ? n : 0;
}

void text_clean(const char *from, char *out, size_t size)
{
    size_t at = 0;
    while (*from != '\0') {
        size_t n = text_character(from);
        if (at + (n > 0 ? n : 1) >= size) {
            break;
        }
        memcpy(out + at, n > 0 ? from : "?", n > 0 ? n : 1);
        at += n > 0 ? n : 1;
        from += n > 0 ? n : 1;
    }
    out[at] = '\0';
}

int text_to_type(const char *text, uint16_t *ret_type)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (strcasecmp(text, types[i].text) == 0) {
            *ret_type = types[i].value;
            return 0;
        }
    }
    const char *digits = text + 4;
    if (strncasecmp(text, "TYPE", 4) != 0 || *digits < '0' || *digits > '9')
        return -EINVAL;
    char *end;
    unsigned long value = strtoul(digits, &end, 10);
    if (*end != '\0' || value > UINT16_MAX)
        return -EINVAL;
    *ret_type = (uint16_t)value;
    return 0;
}

const char *text_of_type(uint16_t type, char out[TEXT_MNEMONIC_MAX])
{
    return text_of(MNEMONICS(types, "TYPE"), type, out);
}

const char *text_of_class(uint16_t class, char out[TEXT_MNEMONIC_MAX])
{
    return text_of(MNEMONICS(classes, "CLASS"), class, out);
}

const char *text_of_rcode(uint16_t rcode, char out[TEXT_MNEMONIC_MAX])
{
    return text_of(MNEMONICS(rcodes, "RCODE"), rcode, out);
}
