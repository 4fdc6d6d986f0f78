/* SPDX-License-Identifier: MIT */
/* Which autonomous system an address is announced by, looked up in a file: libloc's database (the
 * distribution's package libloc-database) or a MaxMind-format file (GeoLite2-ASN and its like).
 * Either library may be left out of the build. The file is mapped, not read: opening costs no
 * memory in proportion to it.
 *
 * One thread at a time; what a lookup touches is the file's. Knows nothing of DNS. */
#ifndef RESOLVER_ORIGIN_ORIGIN_H
#define RESOLVER_ORIGIN_ORIGIN_H

#include "resolver/bytes.h"

struct origin;

/* gives the database at `path`. -ENOENT and the like; -EINVAL when it is not a regular file or is
 * damaged; -ENOTSUP when its format is none that this build reads; -ELIBACC when the library for it
 * is not installed. */
int origin_open(const char *path, struct origin **ret_origin);
struct origin *origin_free(struct origin *origin);

/* `address`: 4 or 16 octets in network order. 0 when it is not known. */
uint32_t origin_as(const struct origin *origin, struct bytes address);

/* "libloc", "MaxMind". */
const char *origin_format(const struct origin *origin);
/* What this build reads: "libloc, MaxMind"; "none". */
const char *origin_formats(void);
/* lends the i-th place where the distribution keeps its database, the freshest first; NULL behind
 * the last, or when this build cannot read it. */
const char *origin_usual_path(size_t i);

#endif
