/* SPDX-License-Identifier: MIT */
/* A checking cursor over borrowed bytes. Every read either succeeds whole or fails, and a failed
 * cursor stays failed: read a run of fields, then ask once. Nobody else walks raw pointers. */
#ifndef RESOLVER_WIRE_CURSOR_H
#define RESOLVER_WIRE_CURSOR_H

#include "resolver/bytes.h"

struct cursor {
    struct bytes all;
    size_t at;
    bool failed;
};

static inline struct cursor cursor_over(struct bytes all)
{
    return (struct cursor){.all = all};
}

static inline size_t cursor_left(const struct cursor *c)
{
    return c->failed ? 0 : c->all.n - c->at;
}

/* lends `n` bytes from inside the message; {NULL, 0} on failure. */
static inline struct bytes cursor_take(struct cursor *c, size_t n)
{
    if (c->failed || c->all.n - c->at < n) {
        c->failed = true;
        return (struct bytes){0};
    }
    struct bytes got = bytes_of(c->all.at + c->at, n);
    c->at += n;
    return got;
}

static inline uint8_t cursor_u8(struct cursor *c)
{
    struct bytes b = cursor_take(c, 1);
    return b.n ? b.at[0] : 0;
}

static inline uint16_t cursor_u16(struct cursor *c)
{
    struct bytes b = cursor_take(c, 2);
    return b.n ? bytes_read_u16(b.at) : 0;
}

static inline uint32_t cursor_u32(struct cursor *c)
{
    struct bytes b = cursor_take(c, 4);
    return b.n ? bytes_read_u32(b.at) : 0;
}

#endif
