/* SPDX-License-Identifier: MIT */
/* Whatever a target or a relay sends: configurations, replies, and what stands sealed inside. The
 * first octet says which. */
#include "tests/unit/odoh_target.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_configs(struct bytes configs)
{
    struct odoh_key key;
    int outcome = odoh_key_read(configs, &key);
    assert(outcome <= 0);
    if (outcome == 0) {
        bool found = false;
        for (size_t i = 0; i + HPKE_KEY <= configs.n && !found; i++) {
            found = memcmp(configs.at + i, key.public, HPKE_KEY) == 0;
        }
        assert(found);
    }
}

static void try_reply(const struct odoh_pending *pending, struct bytes reply)
{
    struct bytes message;
    uint8_t *room = malloc(reply.n + 1);
    assert(room != NULL);
    if (odoh_open(pending, reply, room, &message) == 0) {
        assert(message.n > 0 && message.at >= room && message.at + message.n <= room + reply.n);
    }
    free(room);
}

static void try_plain(const struct odoh_pending *pending, struct bytes plain)
{
    if (plain.n > UINT16_MAX - AEAD_TAG) {
        return;
    }
    uint8_t *reply = malloc(plain.n + ODOH_TARGET_OVERHEAD);
    assert(reply != NULL);
    try_reply(pending, bytes_of(reply, odoh_target_reply(pending, plain, reply)));
    free(reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct odoh_pending pending = {.n_plain = 132};
    if (size == 0) {
        return 0;
    }
    struct bytes rest = bytes_of(data + 1, size - 1);
    switch (data[0] % 3) {
    case 0:
        try_configs(rest);
        break;
    case 1:
        try_reply(&pending, rest);
        break;
    case 2:
        try_plain(&pending, rest);
        break;
    }
    return 0;
}
