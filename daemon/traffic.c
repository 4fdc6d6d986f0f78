/* SPDX-License-Identifier: MIT */
#include "daemon/traffic.h"

#include <inttypes.h>

static uint64_t value(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

void traffic_add(struct traffic_counts *counts, const struct traffic *t)
{
    counts->n_received += value(&t->n_received);
    counts->n_answered += value(&t->n_answered);
    counts->n_in_flight += value(&t->n_in_flight);
    for (size_t i = 0; i < TRAFFIC_DROPS; i++) {
        counts->n_dropped[i] += value(&t->n_dropped[i]);
    }
}

void traffic_print(enum listen_transport transport, const struct traffic_counts *counts,
                   char out[TRAFFIC_LINE_MAX])
{
    static const char *const names[TRAFFIC_TRANSPORTS] = {"udp", "tcp", "unix"};
    static const char *const reasons[TRAFFIC_DROPS] = {
        [TRAFFIC_SHORT] = "short",   [TRAFFIC_RESPONSE] = "response", [TRAFFIC_SOURCE] = "source",
        [TRAFFIC_ACCESS] = "access", [TRAFFIC_RATE] = "rate",         [TRAFFIC_GONE] = "gone",
        [TRAFFIC_POLICY] = "policy"};
    uint64_t dropped = 0;
    char why[160] = "";
    size_t n = 0;
    for (size_t i = 0; i < TRAFFIC_DROPS; i++) {
        dropped += counts->n_dropped[i];
        if (counts->n_dropped[i] > 0 && n < sizeof why) {
            n += (size_t)snprintf(why + n, sizeof why - n, "%s%s %" PRIu64, n > 0 ? ", " : " (",
                                  reasons[i], counts->n_dropped[i]);
        }
    }
    snprintf(out, TRAFFIC_LINE_MAX,
             "%s: %" PRIu64 " received, %" PRIu64 " answered, %" PRIu64 " dropped%s%s, %" PRIu64
             " in flight",
             names[transport], counts->n_received, counts->n_answered, dropped, why,
             n > 0 ? ")" : "", counts->n_in_flight);
}
