/* SPDX-License-Identifier: MIT */
/* Aliyun's service addresses (PROVIDERS §4.5): asked of the addresses we start with, and asked
 * again from time to time; those stay behind the others as the last resort. The memory of both
 * aliyun drivers, and their errand. */
#ifndef RESOLVER_UPSTREAM_SERVICE_H
#define RESOLVER_UPSTREAM_SERVICE_H

#include "resolver/upstream/driver.h"

enum {
    SERVICE_ADDRESSES_MAX = 16,
    SERVICE_SETS = 8, /* the one in use, and those that requests under way may refer to */
    SERVICE_GOOD_S = 6 * 3600,
    SERVICE_BAD_S = 300,
    SERVICE_HASTE_S = 10, /* at least, between two askings */
};

/* Where to begin in the region that is asked from if none is named; NULL at the end. */
extern const char *const service_addresses[];
/* lends those of a region, NULL when there is none of that name. */
const char *const *service_addresses_of(const char *region);

int service_open(const struct provider_params *provider, struct driver_memory *memory);
void service_close(struct driver_memory *memory);
enum driver_errand service_errand(struct driver_call *call, struct driver_room *room,
                                  struct exchange_request *request);
struct driver_addresses service_errand_done(struct driver_call *call,
                                            const struct exchange_reply *reply);
/* The server in use is no good: the next is to be asked, and the list again. */
struct driver_addresses service_rotate(struct driver_call *call);

#endif
