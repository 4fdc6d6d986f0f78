/* SPDX-License-Identifier: MIT */
/* What a service that knows addresses alone can be asked, and how what it says becomes a DNS
 * message (PROVIDERS §11). An absence that was not explained stays unexplained: it never becomes
 * NXDOMAIN. */
#ifndef RESOLVER_UPSTREAM_HOSTS_H
#define RESOLVER_UPSTREAM_HOSTS_H

#include "resolver/upstream/driver.h"

enum { HOSTS_ADDRESSES_MAX = 64, HOSTS_TTL_MAX_S = 86400, HOSTS_TTL_S = 60 };

/* What was said of one family. */
struct hosts_family {
    int why;       /* when there is no address: NODATA, NXDOMAIN, NOT_SERVED, PARSE; else
                      UNKNOWN_EMPTY */
    int64_t ttl_s; /* 0 or less: not said */
    size_t n;
    uint8_t at[HOSTS_ADDRESSES_MAX][16];
};

struct hosts {
    struct hosts_family v4, v6;
    bool asked_both; /* so that one family alone says that the other is absent */
};

/* Makes *hosts empty, both families unknown. */
void hosts_init(struct hosts *hosts, bool asked_both);
/* Takes an address of either family; false when the text is none. More than HOSTS_ADDRESSES_MAX are
 * dropped. */
bool hosts_add(struct hosts *hosts, struct bytes text);
/* What was said of the family is garbage. */
void hosts_spoil(struct hosts_family *family);
/* The class, with found->answer as it calls for, and the same of the other family; -ENOMEM. */
int hosts_answer(const struct hosts *hosts, const struct answer_expect *expect,
                 struct driver_found *found);

/* asks_both() of a service that is always asked for both families. */
bool hosts_asks_both(const struct provider_params *provider);
/* serves() of an address-only service: A and AAAA of ordinary host names; with DO or CD
 * reluctantly. */
enum driver_serves hosts_serves(const struct provider_params *provider,
                                const struct question *question, bool want_do, bool want_cd);
/* The name as such a service is asked for it: lower case, without the last dot. Returns `out`. */
enum { HOSTS_NAME_MAX = 256 };
const char *hosts_name(const struct question *question, char out[HOSTS_NAME_MAX]);

#endif
