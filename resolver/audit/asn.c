/* SPDX-License-Identifier: MIT */
/* Owners that answer from more than one AS. Small on purpose: it only exonerates, and what it does
 * not know is left to the TLS proof. */
#include "resolver/audit/judge_parts.h"

enum { SIBLINGS_MAX = 8 };

static const uint32_t owners[][SIBLINGS_MAX] = {
    {20940, 16625, 36183, 12222, 35994, 63949, 32787},          /* Akamai */
    {16509, 14618, 8987, 7224, 39111},                          /* Amazon */
    {714, 6185, 2709},                                          /* Apple */
    {13335, 209242, 132892, 395747, 139242},                    /* Cloudflare */
    {54113, 394192},                                            /* Fastly */
    {15169, 396982, 36040, 36492, 19527, 43515, 139070, 16591}, /* Google */
    {8075, 8068, 8069, 12076, 6584},                            /* Microsoft */
    {32934, 63293, 54115, 149642},                              /* Meta */
    {2906, 40027, 55095},                                       /* Netflix */
    {13414, 35995, 54888},                                      /* X */
    {36692, 30607},                                             /* OpenDNS */
    {22822, 55429, 15133, 14210},                               /* Edgio */
    {60068, 212238},                                            /* CDN77 */
    {45102, 37963, 134963},                                     /* Alibaba */
    {132203, 45090},                                            /* Tencent */
};

static bool is_owned(const uint32_t owner[SIBLINGS_MAX], uint32_t asn)
{
    for (size_t i = 0; i < SIBLINGS_MAX && owner[i] != 0; i++) {
        if (owner[i] == asn) {
            return true;
        }
    }
    return false;
}

bool asn_same_owner(uint32_t a, uint32_t b)
{
    if (a == 0 || b == 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof owners / sizeof owners[0]; i++) {
        if (is_owned(owners[i], a) && is_owned(owners[i], b)) {
            return true;
        }
    }
    return a == b;
}
