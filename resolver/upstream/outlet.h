/* SPDX-License-Identifier: MIT */
/* Can packets leave as a provider's entry wants: with its mark, by its interface, from its source
 * address? A socket that goes nowhere is asked. Knows no provider and sends nothing. */
#ifndef RESOLVER_UPSTREAM_OUTLET_H
#define RESOLVER_UPSTREAM_OUTLET_H

#include "resolver/exchange.h"

enum outlet_trouble { OUTLET_OPEN, OUTLET_MARK, OUTLET_INTERFACE, OUTLET_SOURCE };

/* What is in the way now, the first of them; *ret_error is then its errno. */
enum outlet_trouble outlet_try(const struct exchange_road *road, int *ret_error);

/* One line without the mend, cut at OUTLET_TEXT_MAX: "mark 7: Operation not permitted". Returns
 * `out`. */
enum { OUTLET_TEXT_MAX = 120 };
const char *outlet_words(const struct exchange_road *road, enum outlet_trouble trouble, int error,
                         char out[OUTLET_TEXT_MAX]);

/* Marks the socket and binds it to the interface; what curl's and our own sockets have in common.
 */
enum outlet_trouble outlet_dress(const struct exchange_road *road, int fd, int *ret_error);

#endif
