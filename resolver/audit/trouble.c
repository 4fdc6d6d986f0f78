/* SPDX-License-Identifier: MIT */
#include "resolver/audit/trouble.h"

static uint32_t hash_of(const struct name *name)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < name->n; i++) {
        hash = (hash ^ name->at[i]) * 16777619u;
    }
    return hash;
}

/* One good handshake anywhere shows that the instrument works. */
void trouble_note(struct trouble *trouble, const struct name *name, bool good, uint64_t now_us)
{
    static const uint64_t life_us = UINT64_C(600) * 1000000;
    uint32_t hash = hash_of(name);
    if (good) {
        *trouble = (struct trouble){.next = 0};
        return;
    }
    for (size_t i = 0; i < TROUBLE_MAX; i++) {
        if (trouble->at[i].name == hash && trouble->at[i].until_us > now_us) {
            trouble->at[i].until_us = now_us + life_us;
            return;
        }
    }
    trouble->at[trouble->next].name = hash;
    trouble->at[trouble->next].until_us = now_us + life_us;
    trouble->next = (trouble->next + 1) % TROUBLE_MAX;
}

unsigned trouble_count(const struct trouble *trouble, uint64_t now_us)
{
    unsigned n = 0;
    for (size_t i = 0; i < TROUBLE_MAX; i++) {
        n += trouble->at[i].until_us > now_us;
    }
    return n;
}
