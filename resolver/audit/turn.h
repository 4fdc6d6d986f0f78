/* SPDX-License-Identifier: MIT */
/* Whose turn it is of the local resolvers: the first, unless it is silent, or turned out to lead
 * back to us. Pure. */
#ifndef RESOLVER_AUDIT_TURN_H
#define RESOLVER_AUDIT_TURN_H

#include "resolver/audit/audit.h"

struct turn {
    char servers[AUDIT_SERVERS_MAX][PLAIN_SERVER_TEXT_MAX];
    size_t n, at;
    unsigned loops; /* those that lead back to us, a bit each */
};

/* Others than before. Texts are copied; those that do not fit are left out. */
void turn_set(struct turn *turn, const char *const *servers, size_t n);
/* lends the one whose turn it is, until turn_set(); NULL when there is none. */
const char *turn_now(const struct turn *turn);
/* It is silent: the next one's turn, if it is still that one's. */
void turn_pass(struct turn *turn, const char *server);
/* It leads back to us: it has no turn any more. */
void turn_leave_out(struct turn *turn, const char *server);
/* None is left out any more: it may be another program by now. */
void turn_forgive(struct turn *turn);

#endif
