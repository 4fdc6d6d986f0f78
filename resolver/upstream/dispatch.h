/* SPDX-License-Identifier: MIT */
/* The servers of a vendor that tells where they are: what it has told, which of them is in use, and
 * when to ask again. Those we start with stay behind the others as the last resort. The memory of
 * the drivers that have such a call, and of those whose vendor has several servers that never
 * change; how it is asked and read is theirs.
 *
 * Bounds: DISPATCH_ADDRESSES_MAX addresses; DISPATCH_SETS sets of them, the one in use and those
 * that requests under way may refer to. */
#ifndef RESOLVER_UPSTREAM_DISPATCH_H
#define RESOLVER_UPSTREAM_DISPATCH_H

#include "resolver/upstream/driver.h"

enum {
    DISPATCH_ADDRESSES_MAX = 16,
    DISPATCH_SETS = 8,
    DISPATCH_BAD_S = 300,  /* until the next asking, after one that told nothing */
    DISPATCH_HASTE_S = 10, /* at least, between two askings */
};

/* open() and close() of a driver. */
int dispatch_open(const struct provider_params *provider, struct driver_memory *memory);
void dispatch_close(struct driver_memory *memory);

/* True when it is time to ask; counts as asked then. */
bool dispatch_is_due(struct driver_call *call);
/* A number of the vendor's, kept from one asking to the next; 0 at first. */
int64_t *dispatch_mark(struct driver_call *call);

/* What was told becomes a new set: begun, filled, taken into use. add() passes over what is no
 * address. use() adds those we start with, and says when to ask again; without any that was told it
 * is {NULL, 0}. */
void dispatch_begin(struct driver_call *call);
void dispatch_add(struct driver_call *call, struct bytes text);
struct driver_addresses dispatch_use(struct driver_call *call, uint32_t good_s);

/* The vendor has switched the service off for the account: nothing is to be asked until a list is
 * taken into use again. */
void dispatch_stop(struct driver_call *call);
bool dispatch_is_stopped(const struct driver_call *call);

/* failed() of a driver, and what its read() does when a server will not serve: the next one is to
 * be asked, and the list again soon. */
struct driver_addresses dispatch_rotate(struct driver_call *call);
/* The class as it is; with SERVER and PARSE rotates. */
int dispatch_heed(struct driver_call *call, int class, struct driver_found *found);

#endif
