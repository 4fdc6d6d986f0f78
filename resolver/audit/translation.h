/* SPDX-License-Identifier: MIT */
/* DNS64: which prefix does a resolver put before IPv4 addresses (RFC 7050)? Pure. */
#ifndef RESOLVER_AUDIT_TRANSLATION_H
#define RESOLVER_AUDIT_TRANSLATION_H

#include "resolver/audit/evidence.h"

struct question;
/* The question that shows it: ipv4only.arpa, type AAAA. */
void translation_question(struct question *ret_question);
/* The prefix that the reply to it shows, and its length; false when it shows none. */
bool translation_prefix(const struct said *said, struct address *ret_prefix, unsigned *ret_bits);

#endif
