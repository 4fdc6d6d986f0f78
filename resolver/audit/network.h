/* SPDX-License-Identifier: MIT */
/* What the judge may know of the network and of this machine, from what the asker has seen. */
#ifndef RESOLVER_AUDIT_NETWORK_H
#define RESOLVER_AUDIT_NETWORK_H

#include "resolver/audit/asking.h"
#include "resolver/audit/judge.h"

/* `server` is the local resolver that is asked. */
struct judge_network network_of(const struct asker *asker, const char *server);

#endif
