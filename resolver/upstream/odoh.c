/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/odoh.h"

#include "resolver/crypto/hkdf.h"
#include "resolver/wire/cursor.h"

#include <errno.h>

enum {
    VERSION = 0x0001,
    TYPE_QUERY = 0x01,
    TYPE_RESPONSE = 0x02,
    NONCE = 16, /* of a response: max(Nn, Nk) */
};

static struct bytes text_bytes(const char *text)
{
    return bytes_of(text, strlen(text));
}

/* opaque x<0..2^16-1> */
static struct bytes take_opaque(struct cursor *c)
{
    uint16_t n = cursor_u16(c);
    return cursor_take(c, n);
}

static bool is_whole(const struct cursor *c)
{
    return !c->failed && cursor_left(c) == 0;
}

/* ---- configurations ---- */

/* 1 when we can use it, 0 when not, -EBADMSG when it is none, -ENOTSUP when OpenSSL will not. */
static int read_contents(struct bytes contents, struct odoh_key *ret_key)
{
    uint8_t prk[HKDF_KEY];
    struct cursor c = cursor_over(contents);
    bool ours = cursor_u16(&c) == HPKE_KEM;
    ours = (cursor_u16(&c) == HPKE_KDF) && ours;
    ours = (cursor_u16(&c) == HPKE_AEAD) && ours;
    struct bytes public = take_opaque(&c);
    if (!is_whole(&c) || public.n == 0) {
        return -EBADMSG;
    }
    if (!ours || public.n != HPKE_KEY) {
        return 0;
    }
    memcpy(ret_key->public, public.at, HPKE_KEY);
    int failure = hkdf_extract((struct bytes){0}, contents, prk);
    if (failure == 0) {
        failure = hkdf_expand(prk, text_bytes("odoh key id"), ret_key->id, ODOH_KEY_ID);
    }
    return failure < 0 ? failure : 1;
}

int odoh_key_read(struct bytes configs, struct odoh_key *ret_key)
{
    struct cursor all = cursor_over(configs);
    struct cursor c = cursor_over(take_opaque(&all));
    struct odoh_key key;
    int found = 0;
    if (!is_whole(&all) || c.all.n == 0) {
        return -EBADMSG;
    }
    for (size_t i = 0; i < ODOH_CONFIGS_MAX && cursor_left(&c) > 0; i++) {
        uint16_t version = cursor_u16(&c);
        struct bytes contents = take_opaque(&c);
        if (c.failed) {
            break;
        }
        int outcome = version == VERSION ? read_contents(contents, &key) : 0;
        if (outcome < 0) {
            return outcome;
        }
        if (outcome == 1 && found == 0) {
            *ret_key = key;
            found = 1;
        }
    }
    if (c.failed) {
        return -EBADMSG;
    }
    return found == 1 ? 0 : -ENOENT;
}

/* The value of the parameter (RFC 9460 §2.2); {NULL, 0} when there is none, or in alias mode. */
static struct bytes service_parameter(struct bytes rdata, uint16_t wanted)
{
    struct cursor c = cursor_over(rdata);
    struct name target;
    if (cursor_u16(&c) == 0 || !name_read_plain(&c, &target)) {
        return bytes_of(NULL, 0);
    }
    while (cursor_left(&c) > 0) {
        uint16_t key = cursor_u16(&c);
        struct bytes value = take_opaque(&c);
        if (key == wanted && !c.failed) {
            return value;
        }
    }
    return bytes_of(NULL, 0);
}

int odoh_key_find(const struct answer *answer, struct odoh_key *ret_key)
{
    struct answer_walk walk = answer_walk(answer);
    struct answer_record record;
    for (unsigned i = 0; i < answer->n_answers && answer_next(&walk, &record); i++) {
        struct bytes configs = record.type == TYPE_HTTPS
                                   ? service_parameter(record.rdata, ODOH_SVC_PARAM)
                                   : bytes_of(NULL, 0);
        if (configs.n > 0 && odoh_key_read(configs, ret_key) == 0) {
            return 0;
        }
    }
    return -ENOENT;
}

/* ---- a question ---- */

static int write_plain(struct bytes message, struct odoh_pending *pending)
{
    struct buf b = buf_over(pending->plain, sizeof pending->plain);
    size_t n_padding = (ODOH_PAD_TO - message.n % ODOH_PAD_TO) % ODOH_PAD_TO;
    if (message.n == 0 || message.n > ODOH_MESSAGE_MAX) {
        return -EMSGSIZE;
    }
    memset(pending->plain, 0, sizeof pending->plain);
    buf_put_u16(&b, (uint16_t)message.n);
    buf_put(&b, message.at, message.n);
    buf_put_u16(&b, (uint16_t)n_padding);
    pending->n_plain = (uint16_t)(b.n + n_padding);
    return 0;
}

/* Seals into `query` behind what stands in it, and exports the secret of the reply. */
static int seal_plain(const struct odoh_key *key, struct port *port, struct bytes aad,
                      struct odoh_pending *pending, struct buf *query)
{
    struct hpke hpke;
    uint8_t sealed[HPKE_ENC + ODOH_PLAIN_MAX + AEAD_TAG];
    struct bytes plain = bytes_of(pending->plain, pending->n_plain);
    int failure = hpke_init_sender(&hpke, port, key->public, text_bytes("odoh query"), sealed);
    if (failure == 0) {
        failure = hpke_seal(&hpke, aad, plain, sealed + HPKE_ENC);
    }
    if (failure == 0) {
        failure = hpke_export(&hpke, text_bytes("odoh response"), pending->secret, ODOH_SECRET);
    }
    if (failure == 0) {
        size_t n = HPKE_ENC + plain.n + AEAD_TAG;
        buf_put_u16(query, (uint16_t)n);
        buf_put(query, sealed, n);
    }
    hpke_done(&hpke);
    return failure;
}

int odoh_seal(const struct odoh_key *key, struct port *port, struct bytes message,
              struct odoh_pending *ret_pending, struct buf *query)
{
    int failure = write_plain(message, ret_pending);
    if (failure < 0) {
        return failure;
    }
    buf_put_u8(query, TYPE_QUERY);
    buf_put_u16(query, ODOH_KEY_ID);
    buf_put(query, key->id, ODOH_KEY_ID);
    /* What stands now is what the target proves the rest with: type and key. */
    struct bytes aad = bytes_of(query->at, query->n);
    failure = seal_plain(key, port, aad, ret_pending, query);
    return failure == 0 && query->overflow ? -EMSGSIZE : failure;
}

/* ---- its reply ---- */

/* The key and nonce that the reply is sealed with (§6.2). */
static int derive_response(const struct odoh_pending *pending, struct bytes nonce,
                           uint8_t ret_key[HPKE_AEAD_KEY], uint8_t ret_nonce[AEAD_NONCE])
{
    uint8_t room[ODOH_PLAIN_MAX + 2 + NONCE], prk[HKDF_KEY];
    struct buf salt = buf_over(room, sizeof room);
    buf_put(&salt, pending->plain, pending->n_plain);
    buf_put_u16(&salt, (uint16_t)nonce.n);
    buf_put(&salt, nonce.at, nonce.n);
    int failure = hkdf_extract(bytes_of(salt.at, salt.n),
                               bytes_of(pending->secret, sizeof pending->secret), prk);
    if (failure == 0) {
        failure = hkdf_expand(prk, text_bytes("odoh key"), ret_key, HPKE_AEAD_KEY);
    }
    if (failure == 0) {
        failure = hkdf_expand(prk, text_bytes("odoh nonce"), ret_nonce, AEAD_NONCE);
    }
    aead_forget(prk, sizeof prk);
    return failure;
}

static bool is_zeros(struct bytes b)
{
    uint8_t any = 0;
    for (size_t i = 0; i < b.n; i++) {
        any |= b.at[i];
    }
    return any == 0;
}

static int read_plain(struct bytes plain, struct bytes *ret_message)
{
    struct cursor c = cursor_over(plain);
    struct bytes message = take_opaque(&c), padding = take_opaque(&c);
    if (!is_whole(&c) || message.n == 0 || !is_zeros(padding)) {
        return -EBADMSG;
    }
    *ret_message = message;
    return 0;
}

int odoh_open(const struct odoh_pending *pending, struct bytes reply, uint8_t *room,
              struct bytes *ret_message)
{
    uint8_t key[HPKE_AEAD_KEY], own_nonce[AEAD_NONCE];
    struct cursor c = cursor_over(reply);
    uint8_t type = cursor_u8(&c);
    struct bytes nonce = take_opaque(&c);
    struct bytes aad = bytes_of(reply.at, c.at), sealed = take_opaque(&c);
    if (!is_whole(&c) || type != TYPE_RESPONSE || nonce.n != NONCE || sealed.n < AEAD_TAG) {
        return -EBADMSG;
    }
    int failure = derive_response(pending, nonce, key, own_nonce);
    if (failure == 0) {
        struct aead aead = {bytes_of(key, sizeof key), own_nonce, aad};
        failure = aead_open(&aead, sealed, room);
    }
    aead_forget(key, sizeof key);
    return failure < 0 ? failure : read_plain(bytes_of(room, sealed.n - AEAD_TAG), ret_message);
}

void odoh_forget(struct odoh_pending *pending)
{
    aead_forget(pending, sizeof *pending);
}
