/* SPDX-License-Identifier: MIT */
/* Where the local resolver is found when the configuration says `auto`: systemd-resolved's uplink
 * file, then /etc/resolv.conf, whichever first names a server that is not ourselves. Never a
 * loopback stub: 127.0.0.53/54 lead back to resolved, the listeners of ours to ourselves. Reads
 * files, asks nobody. Bound: AUDIT_SERVERS_MAX servers, 64 KiB a file. */
#ifndef RESOLVER_AUDIT_LOCAL_H
#define RESOLVER_AUDIT_LOCAL_H

#include "resolver/audit/audit.h"

struct local_resolvers {
    char text[AUDIT_SERVERS_MAX][PLAIN_SERVER_TEXT_MAX];
    size_t n;
    const char *source; /* the file they come from; NULL when none was found */
};

/* `files`: paths in the order they are tried (NULL-terminated; NULL: the system's). */
void local_find(const char *const *files, struct local_resolvers *ret_found);

/* Reads resolv.conf(5) text: nameserver lines that are usable. For tests and fuzzing. */
void local_parse(struct bytes text, struct local_resolvers *ret_found);

#endif
