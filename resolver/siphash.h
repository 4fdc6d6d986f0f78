/* SPDX-License-Identifier: MIT */
/* SipHash (Aumasson and Bernstein, 2012): a keyed hash for tables whose keys strangers choose. */
#ifndef RESOLVER_SIPHASH_H
#define RESOLVER_SIPHASH_H

#include "resolver/bytes.h"

/* SipHash-c-d of `bytes` under a 16-octet key; the paper's vectors are of 2-4. */
uint64_t siphash(const uint8_t key[16], struct bytes bytes, int c, int d);

/* What tables use: SipHash-1-3. */
uint64_t siphash13(const uint8_t key[16], struct bytes bytes);

#endif
