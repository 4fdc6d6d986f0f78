/* SPDX-License-Identifier: MIT */
#include "resolver/siphash.h"

#include <endian.h>

static uint64_t rotate(uint64_t x, int n)
{
    return x << n | x >> (64 - n);
}

static uint64_t read_le64(const uint8_t *at)
{
    uint64_t v;
    memcpy(&v, at, sizeof v);
    return le64toh(v);
}

/* The last octets, less than eight. */
static uint64_t read_tail(const uint8_t *at, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++) {
        v |= (uint64_t)at[i] << (8 * i);
    }
    return v;
}

static inline void rounds(uint64_t v[4], int n)
{
    for (int i = 0; i < n; i++) {
        v[0] += v[1];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[0] = rotate(v[0], 32);
        v[2] += v[3];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] += v[3];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[2] += v[1];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[2] = rotate(v[2], 32);
    }
}

/* Inlined where c and d are constants: the rounds then need no loop. */
static inline __attribute__((always_inline)) uint64_t sip(const uint8_t key[16], struct bytes bytes,
                                                          int c, int d)
{
    uint64_t k0 = read_le64(key), k1 = read_le64(key + 8);
    uint64_t v[4] = {
        k0 ^ UINT64_C(0x736f6d6570736575),
        k1 ^ UINT64_C(0x646f72616e646f6d),
        k0 ^ UINT64_C(0x6c7967656e657261),
        k1 ^ UINT64_C(0x7465646279746573),
    };
    size_t whole = bytes.n & ~(size_t)7;
    for (size_t i = 0; i < whole; i += 8) {
        uint64_t m = read_le64(bytes.at + i);
        v[3] ^= m;
        rounds(v, c);
        v[0] ^= m;
    }
    uint64_t last = read_tail(bytes.at + whole, bytes.n - whole) | (uint64_t)(bytes.n & 0xff) << 56;
    v[3] ^= last;
    rounds(v, c);
    v[0] ^= last;
    v[2] ^= 0xff;
    rounds(v, d);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t siphash(const uint8_t key[16], struct bytes bytes, int c, int d)
{
    return sip(key, bytes, c, d);
}

uint64_t siphash13(const uint8_t key[16], struct bytes bytes)
{
    return sip(key, bytes, 1, 3);
}
