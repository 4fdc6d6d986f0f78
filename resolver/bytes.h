/* SPDX-License-Identifier: MIT */
/* Borrowed bytes, a bounded output buffer and the ownership attribute: the three things every room
 * shares. Knows nothing of DNS. Nothing here allocates. */
#ifndef RESOLVER_BYTES_H
#define RESOLVER_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Bytes that somebody else owns; valid as long as their lender says. */
struct bytes {
    const uint8_t *at;
    size_t n;
};

/* A bounded buffer that is written front to back. A write that does not fit writes nothing and sets
 * `overflow`, which stays set: check it once, at the end. */
struct buf {
    uint8_t *at;
    size_t n;
    size_t size;
    bool overflow;
};

static inline struct bytes bytes_of(const void *at, size_t n)
{
    return (struct bytes){.at = at, .n = n};
}

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.at, b.at, a.n) == 0);
}

static inline struct buf buf_over(void *at, size_t size)
{
    return (struct buf){.at = at, .size = size};
}

static inline bool buf_fits(struct buf *b, size_t n)
{
    if (b->overflow || b->size - b->n < n) {
        b->overflow = true;
        return false;
    }
    return true;
}

static inline void buf_put(struct buf *b, const void *at, size_t n)
{
    if (buf_fits(b, n) && n > 0) {
        memcpy(b->at + b->n, at, n);
        b->n += n;
    }
}

static inline void buf_put_u8(struct buf *b, uint8_t v)
{
    buf_put(b, &v, 1);
}

/* Network byte order, as everywhere in DNS (RFC 1035 §2.3.2). */
static inline void bytes_write_u16(uint8_t *at, uint16_t v)
{
    at[0] = (uint8_t)(v >> 8);
    at[1] = (uint8_t)v;
}

static inline void bytes_write_u32(uint8_t *at, uint32_t v)
{
    bytes_write_u16(at, (uint16_t)(v >> 16));
    bytes_write_u16(at + 2, (uint16_t)v);
}

static inline uint16_t bytes_read_u16(const uint8_t *at)
{
    return (uint16_t)((unsigned)at[0] << 8 | at[1]);
}

static inline uint32_t bytes_read_u32(const uint8_t *at)
{
    return (uint32_t)bytes_read_u16(at) << 16 | bytes_read_u16(at + 2);
}

static inline void buf_put_u16(struct buf *b, uint16_t v)
{
    uint8_t w[2];
    bytes_write_u16(w, v);
    buf_put(b, w, sizeof w);
}

static inline void buf_put_u32(struct buf *b, uint32_t v)
{
    uint8_t w[4];
    bytes_write_u32(w, v);
    buf_put(b, w, sizeof w);
}

/* An owning local: `owned(cache_free) struct cache *c` frees itself at the end of its scope. The
 * free function is given a pointer to the variable. */
#define owned(fn) __attribute__((cleanup(fn)))

#endif
