/* SPDX-License-Identifier: MIT */
/* Whatever a target or a relay sends: configurations, replies, and what stands sealed inside. The
 * first octet says which. */
#include "tests/unit/odoh_target.h"

#include <assert.h>
#include <errno.h>
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

/* As the whole answer to the question for the target's HTTPS record. */
static void try_record(struct bytes message)
{
    struct question question = {.type = TYPE_HTTPS, .class = CLASS_IN};
    struct answer_expect expect = {.question = &question, .id = -1, .max_ttl_s = 86400};
    struct answer *answer = NULL;
    struct odoh_key key;
    int failure = name_from_text("t.example", &question.name);
    assert(failure == 0);
    if (answer_read(message, &expect, &answer) == ANSWER_OK) {
        int outcome = odoh_key_find(answer, &key);
        assert(outcome == 0 || outcome == -ENOENT);
    }
    answer_unref(answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct odoh_pending pending = {.n_plain = 132};
    if (size == 0) {
        return 0;
    }
    struct bytes rest = bytes_of(data + 1, size - 1);
    switch (data[0] % 4) {
    case 0:
        try_configs(rest);
        break;
    case 1:
        try_reply(&pending, rest);
        break;
    case 2:
        try_plain(&pending, rest);
        break;
    case 3:
        try_record(rest);
        break;
    }
    return 0;
}
