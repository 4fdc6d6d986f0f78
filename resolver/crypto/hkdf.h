/* SPDX-License-Identifier: MIT */
/* HKDF with SHA-256 (RFC 5869), on OpenSSL. Pure: no state, no dice. */
#ifndef RESOLVER_CRYPTO_HKDF_H
#define RESOLVER_CRYPTO_HKDF_H

#include "resolver/bytes.h"

enum { HKDF_KEY = 32, HKDF_OUT_MAX = 255 * HKDF_KEY };

/* RFC 5869 §2.2; an empty salt counts as zeros. -ENOTSUP when OpenSSL will not (a FIPS provider, no
 * memory). */
int hkdf_extract(struct bytes salt, struct bytes secret, uint8_t ret_key[HKDF_KEY]);
/* RFC 5869 §2.3; n is 1 … HKDF_OUT_MAX. */
int hkdf_expand(const uint8_t key[HKDF_KEY], struct bytes info, uint8_t *ret_out, size_t n);

#endif
