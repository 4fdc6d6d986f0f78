/* SPDX-License-Identifier: MIT */
/* What is known besides what was said, put into a case's evidence: whose the addresses are, whether
 * a list knows them, what the network is like, what is remembered of the name. Asks nobody. */
#ifndef RESOLVER_AUDIT_KNOWLEDGE_H
#define RESOLVER_AUDIT_KNOWLEDGE_H

#include "resolver/audit/history.h"
#include "resolver/audit/asking.h"

/* About the last meeting with `server`. */
void knowledge_add(const struct asker *asker, struct history *history, const char *server,
                   struct judge_case *evidence);

#endif
