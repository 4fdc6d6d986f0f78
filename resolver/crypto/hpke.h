/* SPDX-License-Identifier: MIT */
/* Hybrid public key encryption (RFC 9180) in base mode with DHKEM(X25519, HKDF-SHA256),
 * HKDF-SHA256 and AES-128-GCM, on OpenSSL 3.0's EVP: seal to a public key, open with the private
 * one. Oblivious DoH stands on it; whatever must be written where others read may too.
 *
 * Dice come from the port, once a sender: an ephemeral key seals to one receiver once, and only a
 * test's port can make it the same twice. Secrets are overwritten by hpke_done(). Bounds: info and
 * the context of an export, HPKE_INFO_MAX octets. */
#ifndef RESOLVER_CRYPTO_HPKE_H
#define RESOLVER_CRYPTO_HPKE_H

#include "resolver/crypto/aead.h"
#include "resolver/port.h"

enum {
    HPKE_KEM = 0x0020,  /* RFC 9180 §7: DHKEM(X25519, HKDF-SHA256) */
    HPKE_KDF = 0x0001,  /* HKDF-SHA256 */
    HPKE_AEAD = 0x0001, /* AES-128-GCM */
    HPKE_KEY = 32,      /* octets of a public or private key, and of a seed */
    HPKE_ENC = 32,      /* … of what the receiver needs to begin */
    HPKE_AEAD_KEY = 16,
    HPKE_SECRET = 32,
    HPKE_INFO_MAX = 256,
};

struct hpke_pair {
    uint8_t secret[HPKE_KEY], public[HPKE_KEY];
};

/* One direction between one sender and one receiver. */
struct hpke {
    uint8_t key[HPKE_AEAD_KEY];
    uint8_t base_nonce[AEAD_NONCE];
    uint8_t exporter[HPKE_SECRET];
    uint64_t n_used; /* messages sealed or opened */
};

/* DeriveKeyPair (RFC 9180 §7.1.3): the same pair from the same seed, HPKE_KEY octets at least. */
int hpke_derive_pair(struct bytes seed, struct hpke_pair *ret_pair);

/* SetupBaseS and SetupBaseR (§5.1.1). -EBADMSG for a public key that is none, -ENOTSUP when OpenSSL
 * will not. End both by hpke_done(). */
int hpke_init_sender(struct hpke *hpke, struct port *port, const uint8_t to[HPKE_KEY],
                     struct bytes info, uint8_t ret_enc[HPKE_ENC]);
int hpke_init_receiver(struct hpke *hpke, const struct hpke_pair *pair, const uint8_t *enc,
                       struct bytes info);
void hpke_done(struct hpke *hpke);

/* §5.2, in the order of sealing. Lengths and outcomes as aead_seal() and aead_open(); what cannot
 * be opened uses up no place in the order. */
int hpke_seal(struct hpke *hpke, struct bytes aad, struct bytes plain, uint8_t *ret_sealed);
int hpke_open(struct hpke *hpke, struct bytes aad, struct bytes sealed, uint8_t *ret_plain);

/* §5.3: n octets that only the two ends know. */
int hpke_export(const struct hpke *hpke, struct bytes context, uint8_t *ret_out, size_t n);

#endif
