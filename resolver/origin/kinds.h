/* SPDX-License-Identifier: MIT */
/* The formats of origin.h, each behind its library. Private to this room. */
#ifndef RESOLVER_ORIGIN_KINDS_H
#define RESOLVER_ORIGIN_KINDS_H

#include "resolver/bytes.h"

struct origin_kind {
    const char *name;
    /* Does the file begin like one of this format? */
    bool (*knows)(struct bytes head);
    /* gives the library's handle; -EINVAL for a damaged file, or another failure. */
    int (*open)(const char *path, void **ret_handle);
    void (*close)(void *handle);
    uint32_t (*as)(void *handle, struct bytes address);
};

extern const struct origin_kind origin_loc, origin_mmdb;

#endif
