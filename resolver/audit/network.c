/* SPDX-License-Identifier: MIT */
#include "resolver/audit/network.h"

/* No clock that was ever set says less: this was written in November 2026. */
#define SOURCE_DATE_S INT64_C(1793491200)

struct judge_network network_of(const struct asker *asker, const char *server)
{
    uint64_t now_us = port_now_us(asker->port);
    struct judge_network network = {
        .clock_is_wrong = asker->door.unix_s(asker->door.ctx) < SOURCE_DATE_S,
        .n_control_failures = trouble_count(&asker->trouble, now_us),
    };
    struct address address;
    if (asker->door.origin_as != NULL && address_from_server(server, &address)) {
        uint32_t asn = asker->door.origin_as(asker->door.ctx, &address);
        network.asns[0] = asn;
        network.n_asns = asn != 0;
    }
    return network;
}
