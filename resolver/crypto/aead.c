/* SPDX-License-Identifier: MIT */
#include "resolver/crypto/aead.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

static const EVP_CIPHER *cipher_of(struct bytes key)
{
    assert(key.n == 16 || key.n == 32);
    return key.n == 16 ? EVP_aes_128_gcm() : EVP_aes_256_gcm();
}

/* Starts a context with key, nonce and additional data; NULL when OpenSSL will not. */
static EVP_CIPHER_CTX *begin(const struct aead *aead, bool encrypts)
{
    int n;
    assert(aead->aad.n <= INT_MAX);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    if (ctx == NULL ||
        EVP_CipherInit_ex(ctx, cipher_of(aead->key), NULL, aead->key.at, aead->nonce, encrypts) !=
            1 ||
        (aead->aad.n > 0 && EVP_CipherUpdate(ctx, NULL, &n, aead->aad.at, (int)aead->aad.n) != 1)) {
        EVP_CIPHER_CTX_free(ctx);
        return NULL;
    }
    return ctx;
}

int aead_seal(const struct aead *aead, struct bytes plain, uint8_t *ret_sealed)
{
    int n = 0;
    assert(plain.n <= INT_MAX - AEAD_TAG);
    EVP_CIPHER_CTX *ctx = begin(aead, true);
    bool good =
        ctx != NULL &&
        (plain.n == 0 || EVP_CipherUpdate(ctx, ret_sealed, &n, plain.at, (int)plain.n) == 1) &&
        EVP_CipherFinal_ex(ctx, ret_sealed + n, &n) == 1 &&
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG, ret_sealed + plain.n) == 1;
    EVP_CIPHER_CTX_free(ctx);
    return good ? 0 : -ENOTSUP;
}

int aead_open(const struct aead *aead, struct bytes sealed, uint8_t *ret_plain)
{
    int n = 0;
    uint8_t tag[AEAD_TAG];
    assert(sealed.n <= INT_MAX);
    if (sealed.n < AEAD_TAG) {
        return -EBADMSG;
    }
    size_t n_plain = sealed.n - AEAD_TAG;
    memcpy(tag, sealed.at + n_plain, sizeof tag);
    EVP_CIPHER_CTX *ctx = begin(aead, false);
    if (ctx == NULL) {
        return -ENOTSUP;
    }
    bool good =
        (n_plain == 0 || EVP_CipherUpdate(ctx, ret_plain, &n, sealed.at, (int)n_plain) == 1) &&
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG, tag) == 1 &&
        EVP_CipherFinal_ex(ctx, ret_plain + n, &n) == 1;
    EVP_CIPHER_CTX_free(ctx);
    if (!good) {
        aead_forget(ret_plain, n_plain);
    }
    return good ? 0 : -EBADMSG;
}

void aead_forget(void *at, size_t n)
{
    OPENSSL_cleanse(at, n);
}
