/* SPDX-License-Identifier: MIT */
/* Does the path lose packets? A lost one stalls all that share its connection, until it is sent
 * again: late replies that none which was asked for afterwards has overtaken. A provider that is
 * slow for one name answers others meanwhile; one less than 4 ms away is late because somebody is
 * busy. Knows no attempt and no clock. */
#ifndef RESOLVER_UPSTREAM_STALLS_H
#define RESOLVER_UPSTREAM_STALLS_H

#include "resolver/bytes.h"

struct stalls {
    uint64_t least_us;    /* what a reply takes when nothing holds it up; 0: not known */
    uint64_t answered_us; /* when the youngest question that was answered began */
    uint64_t stalled_us;  /* when the last stall was seen */
    uint32_t level;       /* stalls of late, in 256ths: a reply takes one away */
    uint64_t until_us;    /* requests are spread over several connections until then */
};

/* A reply came to what was asked at began_us; n_live: questions under way, that one too. */
void stalls_note(struct stalls *stalls, uint64_t began_us, size_t n_live, uint64_t now_us);
/* Six stalls, beyond one in 256 replies, were seen within the last minute. */
bool stalls_spread(const struct stalls *stalls, uint64_t now_us);
/* When a reply has probably been stalled. */
uint64_t stalls_patience_us(const struct stalls *stalls);

#endif
