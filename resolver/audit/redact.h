/* SPDX-License-Identifier: MIT */
/* What users ask for is theirs: where the operator wants it so, names are replaced by keyed hashes
 * before they leave the auditor, in alerts and in evidence. The same name has always the same hash,
 * names of one registered zone have its end in common, and the judge comes to the same verdict:
 * "h0123456789abcdef.h0123456789abcdef.example". Addresses are evidence and stay. Pure. */
#ifndef RESOLVER_AUDIT_REDACT_H
#define RESOLVER_AUDIT_REDACT_H

#include "resolver/audit/evidence_json.h"

/* In place; with key NULL nothing is changed, here and below. The root and n == 0 stay. */
void redact_name(const uint8_t *key, struct name *name);
/* All names of a case, and the subject of the certificate, which may hold one. Random names and the
 * control name are nobody's and stay. */
void redact_case(const uint8_t *key, struct judge_case *evidence);

#endif
