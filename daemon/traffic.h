/* SPDX-License-Identifier: MIT */
/* What came from clients and what became of it, a transport (PROMISES §5.1): at rest
 *     n_received = n_answered + n_dropped[...] + n_in_flight.
 * Written by one worker's thread, read by any. */
#ifndef DAEMON_TRAFFIC_H
#define DAEMON_TRAFFIC_H

#include "config/config.h"

#include <stdatomic.h>

enum { TRAFFIC_TRANSPORTS = LISTEN_UNIX + 1 };

enum traffic_drop {
    TRAFFIC_SHORT,    /* M1: under 12 octets; of a stream also what is no one whole message */
    TRAFFIC_RESPONSE, /* M2: QR set */
    TRAFFIC_SOURCE,   /* U4: a source nobody can be answered at */
    TRAFFIC_ACCESS,   /* not allowed to ask, and not to be told so */
    TRAFFIC_RATE,     /* over its rate */
    TRAFFIC_POLICY,   /* a policy zone wants no reply */
    TRAFFIC_GONE,     /* the client left, or its reply could not be sent */
    TRAFFIC_DROPS,
};

struct traffic {
    _Atomic uint64_t n_received, n_answered, n_in_flight;
    _Atomic uint64_t n_dropped[TRAFFIC_DROPS];
};

/* The same at one moment, or summed up. */
struct traffic_counts {
    uint64_t n_received, n_answered, n_in_flight;
    uint64_t n_dropped[TRAFFIC_DROPS];
};

/* One writer: no locked instruction is needed. */
static inline void traffic_count(_Atomic uint64_t *counter, uint64_t n)
{
    uint64_t now = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, now + n, memory_order_relaxed);
}

static inline void traffic_uncount(_Atomic uint64_t *counter)
{
    traffic_count(counter, UINT64_MAX);
}

/* Adds what `traffic` says now to *counts. */
void traffic_add(struct traffic_counts *counts, const struct traffic *traffic);
/* One line for people, such as "udp: 12 received, 11 answered, 1 dropped (short 1), 0 in flight".
 */
enum { TRAFFIC_LINE_MAX = 400 };
void traffic_print(enum listen_transport transport, const struct traffic_counts *counts,
                   char out[TRAFFIC_LINE_MAX]);

#endif
