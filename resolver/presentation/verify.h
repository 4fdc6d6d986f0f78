/* SPDX-License-Identifier: MIT */
/* Do the signatures (RRSIG) of an answer hold? ldns verifies; which keys are trusted is for the
 * caller to know. Pure.
 *
 * Looks at the RRset that the question asks for, under the question's own name: behind a CNAME or a
 * wildcard a good signature alone proves nothing, so that there only UNKNOWN or worse is said.
 * Bound: VERIFY_TRIES_MAX pairs of a key and a signature are tried (CVE-2023-50387, KeyTrap). */
#ifndef RESOLVER_PRESENTATION_VERIFY_H
#define RESOLVER_PRESENTATION_VERIFY_H

#include "resolver/wire/message.h"

enum { VERIFY_TRIES_MAX = 8, VERIFY_RECORDS_MAX = 64 };

enum verify_outcome {
    VERIFY_UNKNOWN = 1, /* no such RRset, no key of that tag (a rolled key?), or not to be told */
    VERIFY_ABSENT,      /* the RRset is there, without a signature */
    VERIFY_VALID,
    VERIFY_INVALID, /* the very keys that the signatures name say: not this RRset */
    VERIFY_EXPIRED, /* a signature fits, but its time is over */
};

struct verify_wish {
    const struct question *question;
    struct bytes message; /* a whole answer to it */
    /* Answers to the question for the DNSKEYs of `signer`; a key counts when it is in each. */
    const struct name *signer;
    const struct bytes *keys;
    size_t n_keys;
    int64_t now_s; /* Unix time */
};

struct verify_result {
    enum verify_outcome outcome;
    uint32_t original_ttl_s, inception_s; /* of the signature that fits; 0: none does */
};

/* Who signed the asked RRset: a zone at or above the name. False when nobody did. */
bool verify_signer(struct bytes message, const struct question *question, struct name *ret_signer);

void verify_answer(const struct verify_wish *wish, struct verify_result *ret_result);

#endif
