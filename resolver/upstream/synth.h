/* SPDX-License-Identifier: MIT */
/* A DNS message made of what came in another form. It goes through the same checks as a provider's
 * own message: what is made wrong is refused there. */
#ifndef RESOLVER_UPSTREAM_SYNTH_H
#define RESOLVER_UPSTREAM_SYNTH_H

#include "resolver/upstream/driver.h"

enum {
    SYNTH_NEGATIVE_MIN_S = 30,
    SYNTH_NEGATIVE_MAX_S = 60,
    SYNTH_LOOKS = 32, /* so many records back a second telling is looked for */
};

enum synth_section { SYNTH_ANSWER, SYNTH_AUTHORITY };

struct synth {
    struct buf out;
    uint16_t counts[2];
    struct synth_place {
        uint16_t begin, rdata, end;
        enum synth_section section;
    } places[SYNTH_LOOKS]; /* of the last records, as a ring */
    unsigned n_places;
    int ede; /* EDE_NONE */
    uint16_t rcode;
};

/* `flags` besides QR and RA. -ENOMEM; end by synth_finish() or synth_drop(). */
int synth_begin(struct synth *synth, const struct question *question, uint16_t flags,
                uint16_t rcode);
/* A record of class IN in whole; records of one section stand together, answers first. */
void synth_record(struct synth *synth, enum synth_section section, const struct answer_record *r);
/* The same with its data yet to come: returns where; synth_close_record() ends it. One that was
 * told already is left out again, the lower TTL kept: no RRset has duplicates (RFC 2181 §5). */
size_t synth_open_record(struct synth *synth, const struct answer_record *r);
void synth_close_record(struct synth *synth, enum synth_section section, size_t at);
/* The SOA that tells how long an absence may be remembered (RFC 2308): owned by the question's
 * parent, because an apex of a zone we do not know. */
void synth_negative(struct synth *synth, const struct question *question, uint32_t ttl_s);
/* As driver_read_message(): DRIVER_OK, DRIVER_PARSE, -ENOMEM. */
int synth_finish(struct synth *synth, const struct answer_expect *expect,
                 struct driver_found *found);
void synth_drop(struct synth *synth);

/* A message that says nothing but NODATA, or NXDOMAIN, for ttl_s. */
int synth_absence(uint16_t rcode, uint32_t ttl_s, const struct answer_expect *expect,
                  struct driver_found *found);

/* gives NODATA for a question that no provider takes and that only ever makes others faster (HTTPS,
 * SVCB): its askers go on with an address, where an error would hold them up (PROVIDERS §11). NULL
 * for all else, and without memory. */
struct answer *synth_nothing(const struct question *question, uint64_t now_us);

#endif
