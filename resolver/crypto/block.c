/* SPDX-License-Identifier: MIT */
#include "resolver/crypto/block.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

enum { DES_KEY = 8, KEY_MAX = 32 };

static const char *name_of(enum block_kind kind, size_t *ret_n_key)
{
    switch (kind) {
    case BLOCK_AES_128_CBC:
        *ret_n_key = 16;
        return "AES-128-CBC";
    case BLOCK_AES_256_ECB:
        *ret_n_key = 32;
        return "AES-256-ECB";
    case BLOCK_DES_ECB:
        *ret_n_key = DES_KEY;
        return "DES-EDE3-ECB";
    }
    assert(false);
    return NULL;
}

/* The key as OpenSSL takes it. */
static void spread_key(const struct block *block, uint8_t key[KEY_MAX])
{
    memcpy(key, block->key.at, block->key.n);
    if (block->kind == BLOCK_DES_ECB) {
        memcpy(key + DES_KEY, block->key.at, DES_KEY);
        memcpy(key + 2 * DES_KEY, block->key.at, DES_KEY);
    }
}

/* -ENOTSUP when the cipher is not to be had, -EBADMSG when it could not be carried through. */
static int run(const struct block *block, bool encrypts, struct bytes in, struct buf *out)
{
    size_t n_key;
    uint8_t key[KEY_MAX] = {0};
    int n = 0, n_last = 0, outcome = -ENOTSUP;
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, name_of(block->kind, &n_key), NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    assert(block->key.n == n_key);
    spread_key(block, key);
    if (cipher != NULL && ctx != NULL &&
        EVP_CipherInit_ex2(ctx, cipher, key, block->iv, encrypts, NULL) == 1) {
        bool good = EVP_CipherUpdate(ctx, out->at + out->n, &n, in.at, (int)in.n) == 1 &&
                    EVP_CipherFinal_ex(ctx, out->at + out->n + n, &n_last) == 1;
        outcome = good ? 0 : -EBADMSG;
    }
    OPENSSL_cleanse(key, sizeof key);
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
    if (outcome < 0) {
        ERR_clear_error();
        return outcome;
    }
    out->n += (size_t)(n + n_last);
    return 0;
}

static bool has_room(const struct buf *out, size_t n)
{
    return n <= INT_MAX - BLOCK_MAX && out->size - out->n >= n + BLOCK_MAX;
}

int block_encrypt(const struct block *block, struct bytes plain, struct buf *out)
{
    return has_room(out, plain.n) ? run(block, true, plain, out) : -EMSGSIZE;
}

int block_decrypt(const struct block *block, struct bytes cipher, struct buf *out)
{
    if (cipher.n == 0) {
        return -EBADMSG;
    }
    return has_room(out, cipher.n) ? run(block, false, cipher, out) : -EMSGSIZE;
}
