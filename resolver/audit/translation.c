/* SPDX-License-Identifier: MIT */
#include "resolver/audit/translation.h"

#include <assert.h>

/* RFC 6052 §2.2: octet 8 is left out. */
static bool holds(const struct address *address, size_t at, const uint8_t v4[4])
{
    for (size_t i = 0; i < 4; i++) {
        at += at == 8;
        if (address->at[at++] != v4[i]) {
            return false;
        }
    }
    return true;
}

/* RFC 7050 §2.2: the well-known addresses of ipv4only.arpa. Longer prefixes are likelier. */
static size_t prefix_octets(const struct address *address)
{
    static const uint8_t well_known[2][4] = {{192, 0, 0, 170}, {192, 0, 0, 171}};
    static const size_t octets[] = {12, 8, 7, 6, 5, 4};
    for (size_t i = 0; i < sizeof octets / sizeof octets[0]; i++) {
        if (holds(address, octets[i], well_known[0]) || holds(address, octets[i], well_known[1])) {
            return octets[i];
        }
    }
    return 0;
}

void translation_question(struct question *ret_question)
{
    *ret_question = (struct question){.type = TYPE_AAAA, .class = CLASS_IN};
    int failure = name_from_text("ipv4only.arpa", &ret_question->name);
    assert(failure == 0);
}

bool translation_prefix(const struct said *said, struct address *ret_prefix, unsigned *ret_bits)
{
    for (size_t i = 0; i < said->n; i++) {
        size_t n = said->at[i].n == 16 ? prefix_octets(&said->at[i]) : 0;
        if (n > 0) {
            *ret_prefix = (struct address){.n = 16};
            memcpy(ret_prefix->at, said->at[i].at, n);
            *ret_bits = (unsigned)n * 8;
            return true;
        }
    }
    return false;
}
