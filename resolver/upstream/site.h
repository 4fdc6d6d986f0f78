/* SPDX-License-Identifier: MIT */
/* The sites that names belong to, so that who owns one cannot speak for others. Knows no provider
 * and no clock. */
#ifndef RESOLVER_UPSTREAM_SITE_H
#define RESOLVER_UPSTREAM_SITE_H

#include "resolver/wire/name.h"

enum { SITES_MAX = 16 };

/* The last ones that had a say, each for a minute; zeroed at first. */
struct sites {
    struct {
        uint64_t hash, at_us;
    } at[SITES_MAX];
    unsigned next;
};

/* FNV-1a of the part of the name that names of one site share, about: the last two labels, three
 * when the last but one is as short as in co.uk or com.cn; case aside. No secret. */
uint64_t site_hash(const struct name *name);
/* The same hash, of further octets. */
uint64_t site_hash_on(uint64_t hash, struct bytes octets);

/* True when this site had no say in the last minute; now it has had. */
bool sites_note(struct sites *sites, uint64_t site, uint64_t now_us);

#endif
