/* SPDX-License-Identifier: MIT */
/* Which questions of clients the mode `sample` looks at: a share of those for popular names, each
 * name and type once a day; no other, so that the local resolver learns nothing by being asked. */
#ifndef RESOLVER_AUDIT_SAMPLE_H
#define RESOLVER_AUDIT_SAMPLE_H

#include "resolver/audit/seen.h"

/* What is taken is remembered in `seen`. `share`: 0 … 1. */
bool sample_takes(struct seen *seen, struct port *port, double share,
                  const struct question *question);

/* What was taken has found no place: it may be taken again. */
void sample_forget(struct seen *seen, const struct question *question);

#endif
