/* SPDX-License-Identifier: MIT */
/* An upstream's answer after it was checked whole and written anew: what the cache keeps, the
 * auditor looks at and replies are made from. Immutable once made, counted by reference, shared
 * between threads.
 *
 * Its wire form is a DNS message without OPT: id 0, QR and RA set, the question in lower case, then
 * the records, owner names compressed (RFC 1035 §4.1.4), RDATA names compressed only where RFC 3597
 * §4 lets them be. A reply is a copy of it with id, flags, the client's question bytes and the TTLs
 * patched in, and an OPT behind. */
#ifndef RESOLVER_WIRE_ANSWER_H
#define RESOLVER_WIRE_ANSWER_H

#include "resolver/wire/message.h"

#include <stdatomic.h>

enum {
    ANSWER_EDE_TEXT_MAX = 64,
    ANSWER_HEADROOM = 40, /* octets in front of the struct, see answer_claim_headroom() */
};

struct answer {
    atomic_uint n_refs;
    atomic_bool claimed; /* the headroom is somebody's */
    uint16_t flags;      /* header flags as upstream sent them: AD and AA are looked at */
    uint16_t rcode;      /* extended rcode, 12 bits (RFC 6891 §6.1.3) */
    uint16_t n_answers;  /* records in the answer section */
    uint16_t n_ttls;     /* entries in ttl_offsets = records in all sections */
    uint16_t n_wire;
    int16_t ede;      /* upstream's first EDE info-code, or EDE_NONE */
    bool has_alias;   /* a CNAME leads on from the question's name */
    bool rotates;     /* its answers, all of one length, begin with another one in each reply */
    uint32_t ttl_s;   /* how long it may be kept: lowest TTL, or the negative TTL; 0: not at all */
    uint64_t made_us; /* port time the TTLs count from */
    /* Behind the struct, one allocation: uint16_t ttl_offsets[n_ttls], then wire[n_wire]. */
    uint16_t ttl_offsets[];
};

static inline struct bytes answer_wire(const struct answer *a)
{
    return bytes_of((const uint8_t *)(a->ttl_offsets + a->n_ttls), a->n_wire);
}

/* lends the ANSWER_HEADROOM octets in front of the answer, the beginning of its allocation: who
 * keeps answers keeps his own words about one there, and a lookup fetches one piece of memory, not
 * two. Aligned for pointers. */
static inline void *answer_headroom(const struct answer *a)
{
    return (uint8_t *)(uintptr_t)a - ANSWER_HEADROOM;
}
static inline struct answer *answer_behind(void *headroom)
{
    return (struct answer *)(void *)((uint8_t *)headroom + ANSWER_HEADROOM);
}

/* Why an upstream's message was refused: each is a reason not to believe this upstream now. */
enum answer_outcome {
    ANSWER_OK = 1,
    ANSWER_MALFORMED,      /* not one well-formed DNS message (M6, M8, two OPTs, …) */
    ANSWER_NOT_A_RESPONSE, /* QR=0, or opcode not QUERY */
    ANSWER_WRONG_QUESTION, /* not ours: name (case aside), type or class (H5) */
    ANSWER_TRUNCATED,      /* TC=1 where it cannot be */
    ANSWER_BAD_CHAIN,      /* CNAME/DNAME loop, or more than 16 links (K2) */
};

/* What an answer is checked against, and how its TTLs are bounded. */
struct answer_expect {
    const struct question *question;
    int32_t id;         /* the ID we sent; -1: do not look */
    bool allow_tc;      /* plain DNS over UDP (the audit): TC=1 is no reason to refuse */
    uint64_t now_us;    /* becomes made_us */
    bool strip_dnssec;  /* DO was not set: DNSSEC's records are left out unless they are what was
                           asked for (RFC 4035 §3.2.1) */
    bool minimal;       /* beside what was asked for, or its denial, the zone's NS are left out */
    uint32_t age_s;     /* taken off every TTL, floor 0 (RFC 8484 §5.1) */
    bool has_max_age;   /* HTTP's word on how long it is fresh, counted from where the age is: */
    uint32_t max_age_s; /* bounds how long it may be kept, and never extends it */
    uint32_t min_ttl_s; /* TTLs below are raised: 0 by default */
    uint32_t max_ttl_s; /* TTLs above are cut */
    uint32_t negative_max_ttl_s;
};

/* Parses `message` whole, checks it and writes it anew.
 *   - Every record parsed to the end; trailing octets refused (M8); compression M6.
 *   - Records of the answer section not reached by the CNAME/DNAME chain from the question are left
 *     out (K2), RRSIGs follow what they cover. qtype ANY, RRSIG keep all at the owner name.
 *   - Authority: kept whole where its owner is an ancestor-or-self of a name of the chain, or
 * NSEC/NSEC3/RRSIG/SOA thereof; else left out. Additional: left out, save nothing (clients get
 * none; RFC 2181 §9 allows).
 *   - TTLs: top bit set is 0 (RFC 2181 §8); one TTL an RRset, the lowest (M15); Age taken off;
 * clamped.
 *   - Negative (NXDOMAIN, or NOERROR without the asked type): ttl_s = min(SOA TTL, SOA MINIMUM),
 *     bounded (RFC 2308 §5), 0 without SOA (K3). SERVFAIL and other rcodes: ttl_s 0.
 * gives *ret_answer (one reference) on ANSWER_OK. -ENOMEM without memory. */
int answer_read(struct bytes message, const struct answer_expect *expect,
                struct answer **ret_answer);

struct answer *answer_ref(const struct answer *answer);
/* gives a reference to an answer like `answer` whose headroom is the caller's until
 * answer_yield_headroom(): the same one, or a copy where that room is taken. NULL without memory.
 */
struct answer *answer_claim_headroom(const struct answer *answer);
void answer_yield_headroom(struct answer *answer);
/* Takes NULL; returns NULL. Frees with the last reference. */
struct answer *answer_unref(struct answer *answer);
/* For owned(). */
static inline void answer_unrefp(struct answer **answer)
{
    *answer = answer_unref(*answer);
}

/* True when it names servers that know more in place of answering: NS and no SOA in the authority,
 * nothing in the answer, and not authoritative (RFC 2308 section 2.2). */
bool answer_is_referral(const struct answer *answer);
/* True when its chain of CNAMEs ends without what was asked for and without a word about why: the
 * server knew the first names alone. *ret_target: where the chain leads, in lower case. */
bool answer_lacks_end(const struct answer *answer, uint16_t asked_type, struct name *ret_target);

/* Seconds until the answer must not be used as fresh any more; 0 when that is past. */
uint32_t answer_left_s(const struct answer *answer, uint64_t now_us);

/* The records, one by one, in wire order: `at` starts at 0 records. False after the last. */
struct answer_record {
    struct name owner;
    uint16_t type;
    uint16_t class;
    uint32_t ttl_s;     /* as of made_us */
    struct bytes rdata; /* inside the answer's wire: may hold compressed names */
    size_t rdata_at;    /* its offset in the wire form */
};
struct answer_walk {
    const struct answer *answer;
    struct cursor cursor;
    unsigned n_done; /* records walked; the first n_answers are the answer section */
};
struct answer_walk answer_walk(const struct answer *answer);
bool answer_next(struct answer_walk *walk, struct answer_record *ret_record);

#endif
