/* SPDX-License-Identifier: MIT */
/* Aliyun's service addresses (PROVIDERS §4.5): asked of the addresses we start with, and asked
 * again from time to time. What both aliyun drivers have in common. */
#ifndef RESOLVER_UPSTREAM_SERVICE_H
#define RESOLVER_UPSTREAM_SERVICE_H

#include "resolver/upstream/dispatch.h"

enum { SERVICE_GOOD_S = 6 * 3600 };

#define SERVICE_URL "https://resolvers.httpdns.aliyuncs.com"
/* Where to begin in the region that is asked from if none is named; NULL at the end. */
extern const char *const service_addresses[];
/* lends those of a region, NULL when there is none of that name. */
const char *const *service_addresses_of(const char *region);

/* Appends `before`, "sdns-" and "key=value" for each, sorted by key, the value as it is or as a URL
 * has it: what "custom resolution" is told. One without a value is left out, as it is of what is
 * signed. Neither version signs them otherwise than so. */
void service_put_sdns(const struct provider_texts *sdns, const char *before, bool in_url,
                      struct buf *out);

/* errand() and errand_done() of a driver, on the memory of dispatch.h. */
enum driver_errand service_errand(struct driver_call *call, struct driver_room *room,
                                  struct exchange_request *request);
struct driver_addresses service_errand_done(struct driver_call *call,
                                            const struct exchange_reply *reply);

#endif
