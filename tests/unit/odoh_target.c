/* SPDX-License-Identifier: MIT */
#include "tests/unit/odoh_target.h"

#include "resolver/crypto/hkdf.h"
#include "resolver/wire/cursor.h"

#include <assert.h>
#include <stdlib.h>

void odoh_target_init(struct odoh_target *target, struct bytes seed)
{
    struct buf b = buf_over(target->configs, sizeof target->configs);
    int failure = hpke_derive_pair(seed, &target->pair);
    assert(failure == 0);
    buf_put_u16(&b, ODOH_TARGET_CONFIGS - 2);
    buf_put_u16(&b, 1);
    buf_put_u16(&b, ODOH_TARGET_CONFIGS - 6);
    buf_put_u16(&b, HPKE_KEM);
    buf_put_u16(&b, HPKE_KDF);
    buf_put_u16(&b, HPKE_AEAD);
    buf_put_u16(&b, HPKE_KEY);
    buf_put(&b, target->pair.public, HPKE_KEY);
    assert(!b.overflow && b.n == ODOH_TARGET_CONFIGS);
    failure = odoh_key_read(bytes_of(b.at, b.n), &target->key);
    assert(failure == 0);
}

bool odoh_target_open(const struct odoh_target *target, struct bytes query,
                      struct odoh_pending *ret_pending)
{
    struct hpke hpke;
    struct cursor c = cursor_over(query);
    uint8_t type = cursor_u8(&c);
    struct bytes id = cursor_take(&c, cursor_u16(&c));
    struct bytes aad = bytes_of(query.at, c.at);
    struct bytes encrypted = cursor_take(&c, cursor_u16(&c));
    if (c.failed || cursor_left(&c) > 0 || type != 1 ||
        !bytes_equal(id, bytes_of(target->key.id, ODOH_KEY_ID)) ||
        encrypted.n < HPKE_ENC + AEAD_TAG ||
        encrypted.n - HPKE_ENC - AEAD_TAG > sizeof ret_pending->plain) {
        return false;
    }
    struct bytes sealed = bytes_of(encrypted.at + HPKE_ENC, encrypted.n - HPKE_ENC);
    ret_pending->n_plain = (uint16_t)(sealed.n - AEAD_TAG);
    return hpke_init_receiver(&hpke, &target->pair, encrypted.at, bytes_of("odoh query", 10)) ==
               0 &&
           hpke_open(&hpke, aad, sealed, ret_pending->plain) == 0 &&
           hpke_export(&hpke, bytes_of("odoh response", 13), ret_pending->secret, ODOH_SECRET) == 0;
}

size_t odoh_target_reply(const struct odoh_pending *pending, struct bytes plain, uint8_t *ret_reply)
{
    static const uint8_t head[] = {2,   0,   16,  'n', 'o', 't', ' ', 's', 'o', ' ',
                                   'f', 'r', 'e', 's', 'h', ' ', 'n', 'o', 'n'};
    uint8_t salt[ODOH_PLAIN_MAX + 18], prk[HKDF_KEY], key[16], nonce[AEAD_NONCE];
    memcpy(salt, pending->plain, pending->n_plain);
    memcpy(salt + pending->n_plain, head + 1, 18);
    int failure = hkdf_extract(bytes_of(salt, pending->n_plain + 18u),
                               bytes_of(pending->secret, ODOH_SECRET), prk);
    assert(failure == 0);
    failure = hkdf_expand(prk, bytes_of("odoh key", 8), key, sizeof key);
    assert(failure == 0);
    failure = hkdf_expand(prk, bytes_of("odoh nonce", 10), nonce, sizeof nonce);
    assert(failure == 0);
    memcpy(ret_reply, head, sizeof head);
    bytes_write_u16(ret_reply + sizeof head, (uint16_t)(plain.n + AEAD_TAG));
    struct aead aead = {bytes_of(key, sizeof key), nonce, bytes_of(head, sizeof head)};
    failure = aead_seal(&aead, plain, ret_reply + sizeof head + 2);
    assert(failure == 0);
    return plain.n + ODOH_TARGET_OVERHEAD;
}

size_t odoh_target_answer(const struct odoh_pending *pending, struct bytes message,
                          size_t n_padding, uint8_t *ret_reply)
{
    static const uint8_t zeros[32];
    assert(n_padding <= sizeof zeros);
    uint8_t *plain = malloc(message.n + 4 + n_padding);
    assert(plain != NULL);
    struct buf b = buf_over(plain, message.n + 4 + n_padding);
    buf_put_u16(&b, (uint16_t)message.n);
    buf_put(&b, message.at, message.n);
    buf_put_u16(&b, (uint16_t)n_padding);
    buf_put(&b, zeros, n_padding);
    size_t n = odoh_target_reply(pending, bytes_of(b.at, b.n), ret_reply);
    free(plain);
    return n;
}

struct bytes odoh_target_message(const struct odoh_pending *pending)
{
    return bytes_of(pending->plain + 2, bytes_read_u16(pending->plain));
}
