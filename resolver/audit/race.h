/* SPDX-License-Identifier: MIT */
/* One question on a UDP socket of its own that stays open when the first reply has come: every
 * reply with the right ID from the right address and port is collected, with the IP TTL it came
 * with, and every ICMP error with its sender. Who answers twice, or where no DNS can be, shows
 * himself (HIJACK N6, N7). c-ares cannot do this: it is done with the first reply.
 *
 * Says what came; decides nothing. Bounds: RACE_REPLIES_MAX replies and RACE_ICMP_MAX errors kept,
 * RACE_WINDOW_MS, RACE_BATCH datagrams a turn of the loop. */
#ifndef RESOLVER_AUDIT_RACE_H
#define RESOLVER_AUDIT_RACE_H

#include "resolver/audit/evidence.h"

enum {
    RACE_WINDOW_MS = 3000,
    RACE_REPLIES_MAX = 4,
    RACE_ICMP_MAX = 4,
    RACE_BATCH = 64,
};

struct race_reply {
    struct said said;         /* rtt_us: since the question was sent; ip_ttl: hop limit in IPv6 */
    char text[SAID_TEXT_MAX]; /* of the first TXT record, printable; "" for none */
};

struct race_icmp {
    uint8_t type, code;  /* of ICMP, or ICMPv6 for a v6 server */
    struct address from; /* n == 0: the kernel does not say */
    uint32_t after_us;
};

/* Embedded in its owner. `on_done` is called once, at the end of the window, unless cancelled; it
 * may free the owner. */
struct race {
    void (*on_done)(struct race *race);
    void *ctx; /* the owner's */
    /* May the question be sent from this address of ours? NULL: from any. */
    bool (*may_send)(const struct address *own);
    void *handle;
    struct address own; /* ours, that the question was sent from; n == 0: not known */
    size_t n_replies;   /* different ones, in order; those after RACE_REPLIES_MAX are not kept */
    struct race_reply replies[RACE_REPLIES_MAX];
    size_t n_copies;  /* the same bytes again */
    size_t n_strange; /* wrong ID or question, or no DNS: ignored, the wait goes on */
    size_t n_icmp;
    struct race_icmp icmp[RACE_ICMP_MAX];
};

/* Sends `question` (borrowed) to `server`, a text as plain.h takes it. -EINVAL for an unusable
 * server, -EADDRNOTAVAIL when may_send says no, or what the system says: -ENETUNREACH … */
int race_start(struct race *race, struct port *port, const char *server,
               const struct question *question);
/* Harmless when it is not under way. */
void race_cancel(struct race *race);

#endif
