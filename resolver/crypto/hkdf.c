/* SPDX-License-Identifier: MIT */
#include "resolver/crypto/hkdf.h"

#include <assert.h>
#include <errno.h>

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

/* OpenSSL takes no empty parameter for "none", but its absence. */
static int derive(int mode, struct bytes key, struct bytes other, uint8_t *out, size_t n)
{
    const char *name =
        mode == EVP_KDF_HKDF_MODE_EXTRACT_ONLY ? OSSL_KDF_PARAM_SALT : OSSL_KDF_PARAM_INFO;
    static char digest[] = "SHA256";
    OSSL_PARAM params[5] = {
        OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)key.at, key.n),
        OSSL_PARAM_construct_end(),
        OSSL_PARAM_construct_end(),
    };
    if (other.n > 0) {
        params[3] = OSSL_PARAM_construct_octet_string(name, (void *)(uintptr_t)other.at, other.n);
    }
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *ctx = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
    bool good = ctx != NULL && EVP_KDF_derive(ctx, out, n, params) == 1;
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    return good ? 0 : -ENOTSUP;
}

int hkdf_extract(struct bytes salt, struct bytes secret, uint8_t ret_key[HKDF_KEY])
{
    assert(secret.n > 0);
    return derive(EVP_KDF_HKDF_MODE_EXTRACT_ONLY, secret, salt, ret_key, HKDF_KEY);
}

int hkdf_expand(const uint8_t key[HKDF_KEY], struct bytes info, uint8_t *ret_out, size_t n)
{
    assert(n > 0 && n <= HKDF_OUT_MAX);
    return derive(EVP_KDF_HKDF_MODE_EXPAND_ONLY, bytes_of(key, HKDF_KEY), info, ret_out, n);
}
