/* SPDX-License-Identifier: MIT */
/* The drivers there are, one a file; chosen by driver_of(). */
#ifndef RESOLVER_UPSTREAM_DRIVERS_H
#define RESOLVER_UPSTREAM_DRIVERS_H

#include "resolver/upstream/driver.h"

extern const struct driver driver_doh, driver_doh_get; /* RFC 8484 */
extern const struct driver driver_json;                /* the JSON API of public resolvers */
extern const struct driver driver_odoh;                /* RFC 9230 */
extern const struct driver driver_alidns;              /* the same, with an account's key */
extern const struct driver driver_aliyun, driver_aliyun2;
extern const struct driver driver_tencent, driver_volc, driver_baidu, driver_generic;
extern const struct driver driver_dns; /* plain DNS in the own network */

/* lends the first "{word}" of a generic provider's template that is the name of no value, *ret_n
 * octets of it; NULL when there is none. */
const char *generic_stranger(const char *template, size_t *ret_n);

/* For drivers whose reply holds a DNS message: answer_read(), its outcome as a class. */
int driver_read_message(struct bytes message, const struct answer_expect *expect,
                        struct driver_found *found);

#endif
