/* SPDX-License-Identifier: MIT */
/* AES-GCM with a nonce of 12 and a tag of 16 octets (RFC 5116), on OpenSSL. Pure: whoever seals
 * sees to it that a nonce is used once with a key. */
#ifndef RESOLVER_CRYPTO_AEAD_H
#define RESOLVER_CRYPTO_AEAD_H

#include "resolver/bytes.h"

enum { AEAD_NONCE = 12, AEAD_TAG = 16 };

/* Everything borrowed. */
struct aead {
    struct bytes key;     /* 16 or 32 octets */
    const uint8_t *nonce; /* AEAD_NONCE octets */
    struct bytes aad;     /* what is proved but not hidden */
};

/* Writes plain.n + AEAD_TAG octets. -ENOTSUP when OpenSSL will not. */
int aead_seal(const struct aead *aead, struct bytes plain, uint8_t *ret_sealed);
/* Writes sealed.n - AEAD_TAG octets; -EBADMSG, with nothing of worth written, when the seal is
 * broken. */
int aead_open(const struct aead *aead, struct bytes sealed, uint8_t *ret_plain);

/* Overwrites a secret for good. */
void aead_forget(void *at, size_t n);

#endif
