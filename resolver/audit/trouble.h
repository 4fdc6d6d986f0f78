/* SPDX-License-Identifier: MIT */
/* G6: is it our instrument that is broken? Names whose handshake failed where the witnesses say
 * they live, within ten minutes. Bound: TROUBLE_MAX. */
#ifndef RESOLVER_AUDIT_TROUBLE_H
#define RESOLVER_AUDIT_TROUBLE_H

#include "resolver/wire/name.h"

enum { TROUBLE_MAX = 8 };

struct trouble {
    struct {
        uint32_t name; /* hash */
        uint64_t until_us;
    } at[TROUBLE_MAX];
    size_t next;
};

void trouble_note(struct trouble *trouble, const struct name *name, bool good, uint64_t now_us);
unsigned trouble_count(const struct trouble *trouble, uint64_t now_us);

#endif
