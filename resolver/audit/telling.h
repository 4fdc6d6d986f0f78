/* SPDX-License-Identifier: MIT */
/* From verdicts to what is told: each goes into the ledger with its evidence, and what the ledger
 * says is to be told goes out as an alert. */
#ifndef RESOLVER_AUDIT_TELLING_H
#define RESOLVER_AUDIT_TELLING_H

#include "resolver/audit/path.h"
#include "resolver/audit/report.h"

/* A case or a probe has ended. */
void telling_case(const struct asker *asker, const struct audit_case *one);
void telling_probe(const struct asker *asker, const struct probe *probe);
void telling_path(const struct asker *asker, const struct path_probe *probe);
/* What has gone on is summed up. */
void telling_summaries(const struct asker *asker);
/* What is open on this network and is due to be looked at again. */
bool telling_follow(const struct asker *asker, const char *server,
                    struct ledger_subject *ret_subject);

#endif
