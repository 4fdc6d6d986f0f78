/* SPDX-License-Identifier: MIT */
/* The ASN database as the configuration names it, and the addresses by which the world sees this
 * machine. For the auditor's thread. */
#ifndef DAEMON_ORIGINS_H
#define DAEMON_ORIGINS_H

#include "config/config.h"
#include "resolver/origin/origin.h"

/* gives the database of hijack.asn-database, NULL when there is none; says in the log which, and
 * what is wrong with a configured one. */
struct origin *origins_open(const struct audit_params *params);

/* The addresses this machine would send from to the world, one a family; nothing is sent. Returns
 * how many. */
size_t origins_own(struct address ret_own[AUDIT_OWN_MAX]);

#endif
