/* SPDX-License-Identifier: MIT */
/* Digests with which vendors have their requests signed, on OpenSSL. Pure. An algorithm that the
 * installed OpenSSL withholds (MD5 under FIPS) is said to be missing, by -ENOTSUP. */
#ifndef RESOLVER_CRYPTO_DIGEST_H
#define RESOLVER_CRYPTO_DIGEST_H

#include "resolver/bytes.h"

enum digest_kind { DIGEST_MD5, DIGEST_SHA256, DIGEST_HMAC_SHA256 };

enum { DIGEST_MAX = 32 };

struct digest {
    uint8_t at[DIGEST_MAX];
    size_t n;
};

/* `key` is for HMAC alone. */
int digest_of(enum digest_kind kind, struct bytes key, struct bytes message,
              struct digest *ret_digest);

#endif
