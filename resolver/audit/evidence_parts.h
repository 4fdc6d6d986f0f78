/* SPDX-License-Identifier: MIT */
/* A reply as JSON, for evidence_json.c only. */
#ifndef RESOLVER_AUDIT_EVIDENCE_PARTS_H
#define RESOLVER_AUDIT_EVIDENCE_PARTS_H

#include "resolver/audit/evidence.h"
#include "resolver/audit/members.h"

#define COUNT(list)    (sizeof(list) / sizeof((list)[0]))
#define MILLISECOND_US UINT64_C(1000)

/* Enumerations behind words: `lvalue` is read and written through an unsigned. */
#define WORD(f, key, lvalue, words)                        \
    do {                                                   \
        unsigned word_ = (unsigned)(lvalue);               \
        members_word(f, key, &word_, words, COUNT(words)); \
        (lvalue) = word_;                                  \
    } while (0)

/* The object under hand is a reply, unless it says that none came. Flags that are not told count as
 * a resolver's: RA. */
void evidence_said_object(struct members *f, struct said *said);
/* A reply of someone, or nothing at all. */
void evidence_said(struct members *f, const char *key, struct said *said);
/* At most AUDIT_CONTROLS_MAX of them. */
void evidence_said_list(struct members *f, const char *key, struct said *at, size_t *n);

#endif
