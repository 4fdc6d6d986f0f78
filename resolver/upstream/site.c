/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/site.h"

enum { KEPT_US = 60000000 };

static struct bytes site_of(const struct name *name)
{
    enum { SHORT = 3, LABELS_MAX = 128 };
    size_t starts[LABELS_MAX], n = 0, at = 0;
    while (at < name->n && name->at[at] != 0 && n < LABELS_MAX) {
        starts[n++] = at;
        at += 1u + name->at[at];
    }
    size_t keep = n >= 2 && name->at[starts[n - 2]] <= SHORT ? 3 : 2;
    size_t from = n > keep ? starts[n - keep] : 0;
    return bytes_of(name->at + from, at - from);
}

uint64_t site_hash_on(uint64_t hash, struct bytes octets)
{
    for (size_t i = 0; i < octets.n; i++) {
        uint8_t c = octets.at[i];
        c = c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
        hash = (hash ^ c) * UINT64_C(0x100000001b3);
    }
    return hash;
}

uint64_t site_hash(const struct name *name)
{
    return site_hash_on(UINT64_C(0xcbf29ce484222325), site_of(name));
}

bool sites_note(struct sites *sites, uint64_t site, uint64_t now_us)
{
    for (size_t i = 0; i < SITES_MAX; i++) {
        bool is_kept = sites->at[i].at_us != 0 && now_us - sites->at[i].at_us < KEPT_US;
        if (is_kept && sites->at[i].hash == site) {
            return false;
        }
    }
    sites->at[sites->next].hash = site;
    sites->at[sites->next].at_us = now_us > 0 ? now_us : 1;
    sites->next = (sites->next + 1) % SITES_MAX;
    return true;
}
