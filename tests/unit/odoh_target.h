/* SPDX-License-Identifier: MIT */
/* The other end of Oblivious DoH, for tests: opens questions, seals replies. */
#ifndef TESTS_UNIT_ODOH_TARGET_H
#define TESTS_UNIT_ODOH_TARGET_H

#include "resolver/upstream/odoh.h"

enum { ODOH_TARGET_CONFIGS = 46, ODOH_TARGET_OVERHEAD = 1 + 2 + 16 + 2 + AEAD_TAG };

struct odoh_target {
    struct hpke_pair pair;
    uint8_t configs[ODOH_TARGET_CONFIGS]; /* ObliviousDoHConfigs with this one key */
    struct odoh_key key;
};

/* The key pair is derived from the seed (HPKE_KEY octets). */
void odoh_target_init(struct odoh_target *target, struct bytes seed);

/* Opens a question: what its client keeps, as the target learns it. False for one that cannot be
 * opened with this key. */
bool odoh_target_open(const struct odoh_target *target, struct bytes query,
                      struct odoh_pending *ret_pending);

/* Seals a whole plaintext (lengths and padding included) as a reply; returns its length, which is
 * plain.n + ODOH_TARGET_OVERHEAD. */
size_t odoh_target_reply(const struct odoh_pending *pending, struct bytes plain,
                         uint8_t *ret_reply);

/* The same for a DNS message, padded with n_padding zeros (32 at most). */
size_t odoh_target_answer(const struct odoh_pending *pending, struct bytes message,
                          size_t n_padding, uint8_t *ret_reply);

/* lends the DNS message of the question. */
struct bytes odoh_target_message(const struct odoh_pending *pending);

#endif
