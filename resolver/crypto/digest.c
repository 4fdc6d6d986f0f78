/* SPDX-License-Identifier: MIT */
#include "resolver/crypto/digest.h"

#include <assert.h>
#include <errno.h>

#include <openssl/err.h>
#include <openssl/evp.h>

static bool plain_digest(const char *name, struct bytes message, struct digest *digest)
{
    return EVP_Q_digest(NULL, name, NULL, message.at, message.n, digest->at, &digest->n) == 1;
}

/* OpenSSL takes a NULL key for "the same as before". */
static bool keyed_digest(struct bytes key, struct bytes message, struct digest *digest)
{
    const void *at = key.at != NULL ? key.at : (const void *)"";
    return EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, at, key.n, message.at, message.n,
                     digest->at, sizeof digest->at, &digest->n) != NULL;
}

static bool make(enum digest_kind kind, struct bytes key, struct bytes message,
                 struct digest *digest)
{
    switch (kind) {
    case DIGEST_MD5:
        return plain_digest("MD5", message, digest);
    case DIGEST_SHA256:
        return plain_digest("SHA256", message, digest);
    case DIGEST_HMAC_SHA256:
        return keyed_digest(key, message, digest);
    }
    assert(false);
    return false;
}

int digest_of(enum digest_kind kind, struct bytes key, struct bytes message,
              struct digest *ret_digest)
{
    struct digest digest = {.n = 0};
    if (!make(kind, key, message, &digest)) {
        ERR_clear_error();
        return -ENOTSUP;
    }
    *ret_digest = digest;
    return 0;
}
