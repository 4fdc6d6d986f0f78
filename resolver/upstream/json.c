/* SPDX-License-Identifier: MIT */
/* The JSON API as Google, Cloudflare, Quad9, AliDNS, DNSPod, 360 and AdGuard speak it. */
#include "resolver/upstream/json.h"

#include "resolver/presentation/rdata.h"
#include "resolver/upstream/drivers.h"
#include "resolver/upstream/encode.h"
#include "resolver/upstream/subnet.h"

#include <errno.h>

/* Letters, digits, '-' and '_': providers differ on how they escape the rest. */
static bool is_plain(const struct name *name)
{
    struct cursor c = cursor_over(name_bytes(name));
    for (;;) {
        struct bytes label = cursor_take(&c, cursor_u8(&c));
        if (label.n == 0) {
            return !c.failed;
        }
        for (size_t i = 0; i < label.n; i++) {
            uint8_t o = label.at[i];
            bool good = (o >= 'a' && o <= 'z') || (o >= 'A' && o <= 'Z') ||
                        (o >= '0' && o <= '9') || o == '-' || o == '_';
            if (!good) {
                return false;
            }
        }
    }
}

enum driver_serves json_serves(const struct provider_params *provider,
                               const struct question *question, bool want_do, bool want_cd)
{
    (void)provider, (void)want_cd;
    bool can = !want_do && question->class == CLASS_IN && question->name.n > 1 &&
               rdata_has_text(question->type) && is_plain(&question->name);
    return can ? DRIVER_READILY : DRIVER_NEVER;
}

const char *json_name(const struct question *question, char out[NAME_MAX_TEXT])
{
    name_to_text(&question->name, out);
    out[strlen(out) - 1] = '\0'; /* the last dot */
    return out;
}

int json_build_target(const struct driver_call *call, struct driver_room *room, struct buf *target)
{
    char name[NAME_MAX_TEXT];
    const char *url = call->endpoint->url;
    *target = buf_over(room->target, sizeof room->target - 1);
    encode_text(url, target);
    encode_text(strchr(url, '?') != NULL ? "&name=" : "?name=", target);
    encode_text(json_name(call->question, name), target);
    encode_text("&type=", target);
    encode_number(call->question->type, target);
    if (call->want_cd) {
        encode_text("&cd=1", target);
    }
    subnet_put(&call->provider->client_subnet, "&edns_client_subnet=", SUBNET_WITH_LENGTH, target);
    return target->overflow ? -EMSGSIZE : 0;
}

static int json_driver_build(struct driver_call *call, struct driver_room *room,
                             struct exchange_request *request)
{
    struct buf target;
    int failure = json_build_target(call, room, &target);
    room->target[target.n] = '\0';
    request->method = EXCHANGE_GET;
    request->media_type = "application/dns-json";
    request->target = room->target;
    return failure;
}

static int json_driver_read(struct driver_call *call, const struct exchange_reply *reply,
                            const struct answer_expect *expect, struct driver_found *found)
{
    if (reply->status == 429) {
        return DRIVER_RATE;
    }
    return reply->status >= 200 && reply->status <= 299 ? json_read(call, reply, expect, found)
                                                        : DRIVER_SERVER;
}

const struct driver driver_json = {
    .name = "json",
    .body_max = EXCHANGE_JSON_MAX,
    .serves = json_serves,
    .build = json_driver_build,
    .read = json_driver_read,
};
