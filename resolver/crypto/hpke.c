/* SPDX-License-Identifier: MIT */
#include "resolver/crypto/hpke.h"

#include "resolver/crypto/hkdf.h"

#include <assert.h>
#include <errno.h>

#include <openssl/evp.h>

/* What a derivation is made for (§4): the KEM's own, or the whole suite's. */
static const uint8_t suite_kem[] = {'K', 'E', 'M', 0x00, 0x20};
static const uint8_t suite_hpke[] = {'H', 'P', 'K', 'E', 0x00, 0x20, 0x00, 0x01, 0x00, 0x01};

enum { LABEL_ROOM = 64, LABELED_MAX = LABEL_ROOM + HPKE_INFO_MAX + 2 * HPKE_KEY };

/* "HPKE-v1" || suite || label || data, with a length before it when it is for expanding. */
static struct bytes label(struct buf *b, struct bytes suite, const char *what, struct bytes data)
{
    buf_put(b, "HPKE-v1", 7);
    buf_put(b, suite.at, suite.n);
    buf_put(b, what, strlen(what));
    buf_put(b, data.at, data.n);
    assert(!b->overflow);
    return bytes_of(b->at, b->n);
}

struct labeled {
    struct bytes suite;
    const char *label;
    struct bytes data; /* the secret to extract from, or the info to expand with */
};

static int labeled_extract(struct bytes salt, const struct labeled *l, uint8_t ret_key[HKDF_KEY])
{
    uint8_t room[LABELED_MAX];
    struct buf b = buf_over(room, sizeof room);
    int failure = hkdf_extract(salt, label(&b, l->suite, l->label, l->data), ret_key);
    aead_forget(room, sizeof room);
    return failure;
}

static int labeled_expand(const uint8_t key[HKDF_KEY], const struct labeled *l, uint8_t *out,
                          size_t n)
{
    uint8_t room[LABELED_MAX];
    struct buf b = buf_over(room, sizeof room);
    buf_put_u16(&b, (uint16_t)n);
    return hkdf_expand(key, label(&b, l->suite, l->label, l->data), out, n);
}

/* ---- X25519 ---- */

static int public_of(const uint8_t secret[HPKE_KEY], uint8_t ret_public[HPKE_KEY])
{
    size_t n = HPKE_KEY;
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, secret, HPKE_KEY);
    bool good = key != NULL && EVP_PKEY_get_raw_public_key(key, ret_public, &n) == 1;
    EVP_PKEY_free(key);
    return good && n == HPKE_KEY ? 0 : -ENOTSUP;
}

/* OpenSSL refuses the all-zero result that a bad public key leads to (§7.1.4). */
static int agree(const uint8_t secret[HPKE_KEY], const uint8_t public[HPKE_KEY],
                 uint8_t ret_shared[HPKE_KEY])
{
    size_t n = HPKE_KEY;
    int failure = -ENOTSUP;
    EVP_PKEY *mine = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, secret, HPKE_KEY);
    EVP_PKEY *theirs = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, public, HPKE_KEY);
    EVP_PKEY_CTX *ctx = mine != NULL ? EVP_PKEY_CTX_new(mine, NULL) : NULL;
    if (ctx != NULL && theirs != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
        EVP_PKEY_derive_set_peer(ctx, theirs) == 1) {
        failure = EVP_PKEY_derive(ctx, ret_shared, &n) == 1 && n == HPKE_KEY ? 0 : -EBADMSG;
    }
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(theirs);
    EVP_PKEY_free(mine);
    return failure;
}

int hpke_derive_pair(struct bytes seed, struct hpke_pair *ret_pair)
{
    uint8_t key[HKDF_KEY];
    struct bytes suite = bytes_of(suite_kem, sizeof suite_kem);
    assert(seed.n >= HPKE_KEY && seed.n <= HPKE_INFO_MAX);
    int failure =
        labeled_extract((struct bytes){0}, &(struct labeled){suite, "dkp_prk", seed}, key);
    if (failure == 0) {
        failure =
            labeled_expand(key, &(struct labeled){suite, "sk", {0}}, ret_pair->secret, HPKE_KEY);
    }
    aead_forget(key, sizeof key);
    return failure == 0 ? public_of(ret_pair->secret, ret_pair->public) : failure;
}

/* ---- set-up ---- */

/* The end of Encap and Decap (§4.1): both sides have agreed on `dh`. */
static int shared_secret(const uint8_t dh[HPKE_KEY], const uint8_t enc[HPKE_ENC],
                         const uint8_t receiver[HPKE_KEY], uint8_t ret_secret[HPKE_SECRET])
{
    uint8_t key[HKDF_KEY], context[HPKE_ENC + HPKE_KEY];
    struct bytes suite = bytes_of(suite_kem, sizeof suite_kem);
    memcpy(context, enc, HPKE_ENC);
    memcpy(context + HPKE_ENC, receiver, HPKE_KEY);
    int failure = labeled_extract((struct bytes){0},
                                  &(struct labeled){suite, "eae_prk", bytes_of(dh, HPKE_KEY)}, key);
    if (failure == 0) {
        failure = labeled_expand(
            key, &(struct labeled){suite, "shared_secret", bytes_of(context, sizeof context)},
            ret_secret, HPKE_SECRET);
    }
    aead_forget(key, sizeof key);
    return failure;
}

/* KeySchedule in base mode (§5.1). */
static int schedule(struct hpke *hpke, const uint8_t shared[HPKE_SECRET], struct bytes info)
{
    enum { MODE_BASE = 0 };
    uint8_t secret[HKDF_KEY], context[1 + 2 * HKDF_KEY] = {MODE_BASE};
    struct bytes none = {0}, suite = bytes_of(suite_hpke, sizeof suite_hpke);
    struct bytes about = bytes_of(context, sizeof context);
    assert(info.n <= HPKE_INFO_MAX);
    int failure = labeled_extract(none, &(struct labeled){suite, "psk_id_hash", none}, context + 1);
    if (failure == 0) {
        failure = labeled_extract(none, &(struct labeled){suite, "info_hash", info},
                                  context + 1 + HKDF_KEY);
    }
    if (failure == 0) {
        failure = labeled_extract(bytes_of(shared, HPKE_SECRET),
                                  &(struct labeled){suite, "secret", none}, secret);
    }
    if (failure == 0 && (labeled_expand(secret, &(struct labeled){suite, "key", about}, hpke->key,
                                        sizeof hpke->key) < 0 ||
                         labeled_expand(secret, &(struct labeled){suite, "base_nonce", about},
                                        hpke->base_nonce, sizeof hpke->base_nonce) < 0 ||
                         labeled_expand(secret, &(struct labeled){suite, "exp", about},
                                        hpke->exporter, sizeof hpke->exporter) < 0)) {
        failure = -ENOTSUP;
    }
    aead_forget(secret, sizeof secret);
    hpke->n_used = 0;
    return failure;
}

/* Both ways: `mine` is the ephemeral or the receiver's pair, `other` the public key of the far end.
 */
static int set_up(struct hpke *hpke, const struct hpke_pair *mine, const uint8_t other[HPKE_KEY],
                  bool sends, struct bytes info)
{
    uint8_t dh[HPKE_KEY], shared[HPKE_SECRET];
    int failure = agree(mine->secret, other, dh);
    if (failure == 0) {
        failure = sends ? shared_secret(dh, mine->public, other, shared)
                        : shared_secret(dh, other, mine->public, shared);
    }
    if (failure == 0) {
        failure = schedule(hpke, shared, info);
    }
    aead_forget(dh, sizeof dh);
    aead_forget(shared, sizeof shared);
    return failure;
}

int hpke_init_sender(struct hpke *hpke, struct port *port, const uint8_t to[HPKE_KEY],
                     struct bytes info, uint8_t ret_enc[HPKE_ENC])
{
    uint8_t seed[HPKE_KEY];
    struct hpke_pair ephemeral;
    port->ops->random(port, seed, sizeof seed);
    int failure = hpke_derive_pair(bytes_of(seed, sizeof seed), &ephemeral);
    if (failure == 0) {
        failure = set_up(hpke, &ephemeral, to, true, info);
    }
    if (failure == 0) {
        memcpy(ret_enc, ephemeral.public, HPKE_ENC);
    }
    aead_forget(seed, sizeof seed);
    aead_forget(&ephemeral, sizeof ephemeral);
    return failure;
}

int hpke_init_receiver(struct hpke *hpke, const struct hpke_pair *pair, const uint8_t *enc,
                       struct bytes info)
{
    return set_up(hpke, pair, enc, false, info);
}

void hpke_done(struct hpke *hpke)
{
    aead_forget(hpke, sizeof *hpke);
}

/* ---- messages ---- */

/* ComputeNonce (§5.2): the number of the message, exclusive-or the base. */
static void next_nonce(const struct hpke *hpke, uint8_t nonce[AEAD_NONCE])
{
    memcpy(nonce, hpke->base_nonce, AEAD_NONCE);
    for (size_t i = 0; i < sizeof hpke->n_used; i++) {
        nonce[AEAD_NONCE - 1 - i] ^= (uint8_t)(hpke->n_used >> (8 * i));
    }
}

int hpke_seal(struct hpke *hpke, struct bytes aad, struct bytes plain, uint8_t *ret_sealed)
{
    uint8_t nonce[AEAD_NONCE];
    next_nonce(hpke, nonce);
    struct aead aead = {bytes_of(hpke->key, sizeof hpke->key), nonce, aad};
    int failure = aead_seal(&aead, plain, ret_sealed);
    hpke->n_used += failure == 0;
    return failure;
}

int hpke_open(struct hpke *hpke, struct bytes aad, struct bytes sealed, uint8_t *ret_plain)
{
    uint8_t nonce[AEAD_NONCE];
    next_nonce(hpke, nonce);
    struct aead aead = {bytes_of(hpke->key, sizeof hpke->key), nonce, aad};
    int failure = aead_open(&aead, sealed, ret_plain);
    hpke->n_used += failure == 0;
    return failure;
}

int hpke_export(const struct hpke *hpke, struct bytes context, uint8_t *ret_out, size_t n)
{
    assert(context.n <= HPKE_INFO_MAX);
    return labeled_expand(
        hpke->exporter, &(struct labeled){bytes_of(suite_hpke, sizeof suite_hpke), "sec", context},
        ret_out, n);
}
