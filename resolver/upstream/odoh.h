/* SPDX-License-Identifier: MIT */
/* The messages of Oblivious DoH (RFC 9230): a target's configurations, a question sealed for it,
 * and its reply. Pure but for the dice of the port; knows no HTTP.
 *
 * Bounds: ODOH_CONFIGS_MAX configurations are looked at; a question's message is at most
 * ODOH_MESSAGE_MAX octets. */
#ifndef RESOLVER_UPSTREAM_ODOH_H
#define RESOLVER_UPSTREAM_ODOH_H

#include "resolver/crypto/hpke.h"
#include "resolver/wire/answer.h"

#define ODOH_MEDIA_TYPE "application/oblivious-dns-message"

enum {
    ODOH_CONFIGS_MAX = 10,
    ODOH_KEY_ID = 32,
    ODOH_PAD_TO = 128, /* RFC 8467 §4.1's block, here filled by ODoH's own padding */
    ODOH_MESSAGE_MAX = 3 * ODOH_PAD_TO,
    ODOH_PLAIN_MAX = 2 + 2 + ODOH_MESSAGE_MAX, /* with the two lengths */
    ODOH_SECRET = 16,
    ODOH_QUERY_MAX = 1 + 2 + ODOH_KEY_ID + 2 + HPKE_ENC + ODOH_PLAIN_MAX + AEAD_TAG,
};

/* A target's public key, and what it calls it. */
struct odoh_key {
    uint8_t public[HPKE_KEY];
    uint8_t id[ODOH_KEY_ID];
};

/* What is kept of a question until its reply is there; odoh_forget() ends it. */
struct odoh_pending {
    uint8_t secret[ODOH_SECRET];
    uint16_t n_plain;
    uint8_t plain[ODOH_PLAIN_MAX];
};

/* The first configuration that we can use (§6.1: they stand in order of preference); versions and
 * suites that we do not know are passed over. -EBADMSG when it is no ObliviousDoHConfigs, -ENOENT
 * when none is for us. */
int odoh_key_read(struct bytes configs, struct odoh_key *ret_key);

/* The same from the HTTPS record of the target, SvcParam odohconfig (a private number of the
 * drafts, PROVIDERS §8.4); of several records the first that has one for us. -ENOENT when none has.
 */
enum { ODOH_SVC_PARAM = 32769 };
int odoh_key_find(const struct answer *answer, struct odoh_key *ret_key);

/* §6.3: pads and seals a DNS message. Writes to ret_query, gives its length. -EMSGSIZE for a
 * message that is too long; -EBADMSG for a key that is none. */
int odoh_seal(const struct odoh_key *key, struct port *port, struct bytes message,
              struct odoh_pending *ret_pending, struct buf *query);

/* §6.3: opens a reply into `room` (reply.n octets); lends the DNS message inside it. -EBADMSG when
 * it is none, is sealed otherwise, or is padded with anything but zeros. */
int odoh_open(const struct odoh_pending *pending, struct bytes reply, uint8_t *room,
              struct bytes *ret_message);

void odoh_forget(struct odoh_pending *pending);

#endif
