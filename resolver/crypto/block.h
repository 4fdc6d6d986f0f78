/* SPDX-License-Identifier: MIT */
/* Block ciphers with PKCS#7 padding, as vendors hide names and answers with, on OpenSSL. Pure: the
 * initialisation vector is the caller's dice. None of them proves anything: what is deciphered may
 * be anybody's. A cipher that the installed OpenSSL withholds is said to be missing, by -ENOTSUP.
 */
#ifndef RESOLVER_CRYPTO_BLOCK_H
#define RESOLVER_CRYPTO_BLOCK_H

#include "resolver/bytes.h"

enum block_kind {
    BLOCK_AES_128_CBC,
    BLOCK_AES_256_ECB,
    BLOCK_DES_ECB, /* as 3DES with one key three times: the same, without OpenSSL's legacy provider
                    */
};

enum { BLOCK_IV = 16, BLOCK_MAX = 16 };

struct block {
    enum block_kind kind;
    struct bytes key;  /* 16, 32 or 8 octets */
    const uint8_t *iv; /* BLOCK_IV octets, for CBC; NULL else */
};

/* Append to `out`, which needs up to BLOCK_MAX octets more than went in (-EMSGSIZE). -EBADMSG when
 * what is deciphered has no padding of its kind. */
int block_encrypt(const struct block *block, struct bytes plain, struct buf *out);
int block_decrypt(const struct block *block, struct bytes cipher, struct buf *out);

#endif
