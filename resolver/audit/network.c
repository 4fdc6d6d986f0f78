/* SPDX-License-Identifier: MIT */
#include "resolver/audit/network.h"

/* No clock that was ever set says less: this was written in November 2026. */
#define SOURCE_DATE_S INT64_C(1793491200)

static void add_as(struct judge_network *network, const struct asker *asker,
                   const struct address *address)
{
    const struct audit_door *door = &asker->door;
    uint32_t asn = door->origin_as != NULL ? door->origin_as(door->ctx, address) : 0;
    if (asn != 0 && network->n_asns < AUDIT_ASNS_MAX) {
        network->asns[network->n_asns++] = asn;
    }
}

struct judge_network network_of(const struct asker *asker, const char *server)
{
    uint64_t now_us = port_now_us(asker->port);
    struct judge_network network = {
        .captive = asker->captive,
        .clock_is_wrong = asker->door.unix_s(asker->door.ctx) < SOURCE_DATE_S,
        .n_control_failures = trouble_count(&asker->trouble, now_us),
    };
    for (size_t i = 0; i < asker->n_own; i++) {
        add_as(&network, asker, &asker->own[i]);
    }
    struct address address;
    if (address_from_server(server, &address)) {
        add_as(&network, asker, &address);
    }
    return network;
}
