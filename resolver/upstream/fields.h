/* SPDX-License-Identifier: MIT */
/* What an exchange reads of HTTP's header fields. Pure. */
#ifndef RESOLVER_UPSTREAM_FIELDS_H
#define RESOLVER_UPSTREAM_FIELDS_H

#include "resolver/bytes.h"

/* lends the value inside `line` ("Name: value", with or without its line end) when its name is
 * `name`, case aside (RFC 9110 §5.1); {NULL, 0} otherwise. */
struct bytes fields_value(struct bytes line, const char *name);

/* delta-seconds (RFC 9111 §1.2.2): nonsense is 0, what is too large is 2^31. */
uint32_t fields_seconds(struct bytes text);

/* The value of Age: the first when there are several; nonsense is 0 (RFC 9111 §5.1). */
uint32_t fields_age(struct bytes text);

/* The max-age of a Cache-Control value (RFC 9111 §5.2.2.1), quoted or not. False without one that
 * is a number. */
bool fields_max_age(struct bytes text, uint32_t *ret_s);

/* IMF-fixdate, "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 §5.6.7), as Unix time; 0 when it is none.
 */
int64_t fields_date(struct bytes text);

#endif
