/* SPDX-License-Identifier: MIT */
/* Lists of known block addresses (P7), from files that the operator names; none is shipped.
 *
 * A list is one of: a CSV with a header line and the columns `pattern` or `response` and `scope`
 * (nat, isp, prod, inst, vbw, br: as OONI and the Citizen Lab publish them); lines of
 * "bogus-nxdomain=ADDRESS" (dnsmasq); or an address or name a line. Empty lines and those that
 * begin with '#' are passed over. Lines without a scope have the file's: "noisy", "learned",
 * "product", "pool", "isp" or "nation" before a colon in front of the path, or else "isp" for
 * dnsmasq's form and "pool" for the last. Bound: FINGERPRINTS_MAX entries over all lists. */
#ifndef RESOLVER_AUDIT_FINGERPRINT_H
#define RESOLVER_AUDIT_FINGERPRINT_H

#include "resolver/audit/evidence.h"

enum { FINGERPRINTS_MAX = 100000, FINGERPRINTS_WHY_MAX = 320 };

struct fingerprints;

/* gives an empty set; NULL without memory. */
struct fingerprints *fingerprints_new(void);
struct fingerprints *fingerprints_free(struct fingerprints *set);

/* Reads "PATH" or "SCOPE:PATH". A failure with one line in `why`: file, line, reason. */
int fingerprints_load(struct fingerprints *set, const char *file, char why[FINGERPRINTS_WHY_MAX]);
/* lends the path in "SCOPE:PATH" or "PATH"; does it begin at the root? */
const char *fingerprints_path(const char *file);
bool fingerprints_is_list(const char *file);
size_t fingerprints_count(const struct fingerprints *set);
/* To be called once after the last list, before the first look. */
void fingerprints_sort(struct fingerprints *set);

/* The weightiest entry for an address or the CNAME of `said` becomes its fingerprint, unless it has
 * one. */
void fingerprints_mark(const struct fingerprints *set, struct said *said);

#endif
