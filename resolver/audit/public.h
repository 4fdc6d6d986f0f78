/* SPDX-License-Identifier: MIT */
/* Whose a public resolver is: two answers accuse only when they come from two operators. What is
 * not in the table has one operator together, so that not knowing never accuses. Pure. */
#ifndef RESOLVER_AUDIT_PUBLIC_H
#define RESOLVER_AUDIT_PUBLIC_H

#include "resolver/audit/address.h"

enum { PUBLIC_OPERATOR_UNKNOWN = 0 };

/* A number for each operator. */
unsigned public_operator_of_address(const struct address *address);
/* Of a provider's URL: https://dns.google/dns-query, https://1.1.1.1/… */
unsigned public_operator_of_url(const char *url);

#endif
