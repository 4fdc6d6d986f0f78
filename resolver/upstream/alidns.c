/* SPDX-License-Identifier: MIT */
/* AliDNS's JSON API with an account's key (PROVIDERS §3): every type, as text; no DNSSEC. */
#include "resolver/upstream/dispatch.h"
#include "resolver/upstream/drivers.h"
#include "resolver/upstream/json.h"
#include "resolver/upstream/vendor.h"

/* SHA-256 over uid, secret, time, name and key ID, nothing between them. */
static int put_key(const struct driver_call *call, int64_t now_s, struct buf *url)
{
    const struct provider_account *account = &call->provider->account;
    uint8_t room[VENDOR_SIGNED_MAX];
    char name[NAME_MAX_TEXT];
    struct buf message = buf_over(room, sizeof room);
    encode_text(account->id, &message);
    encode_text(account->secret.text, &message);
    encode_number(now_s, &message);
    encode_text(json_name(call->question, name), &message);
    encode_text(account->access_key.text, &message);
    int failure = vendor_put_digest(DIGEST_SHA256, bytes_of(NULL, 0), &message, url);
    explicit_bzero(room, sizeof room);
    return failure;
}

static void put(const char *key, const char *value, struct buf *url)
{
    encode_text(key, url);
    encode_url(bytes_of(value, strlen(value)), url);
}

static int build(struct driver_call *call, struct driver_room *room,
                 struct exchange_request *request)
{
    const struct provider_account *account = &call->provider->account;
    int64_t now_s = driver_now_s(call);
    struct buf url;
    int failure = json_build_target(call, room, &url);
    if (failure == 0 && account->id != NULL) {
        put("&uid=", account->id, &url);
    }
    if (failure == 0 && account->secret.text != NULL) {
        put("&ak=", account->access_key.text, &url);
        encode_text("&key=", &url);
        failure = put_key(call, now_s, &url);
        encode_text("&ts=", &url);
        encode_number(now_s, &url);
    }
    return failure < 0 ? failure : vendor_get(room, &url, request);
}

/* What their refusals look like is not documented: a key, a quota or a time that does not hold. */
static int read_body(struct driver_call *call, const struct exchange_reply *reply,
                     const struct answer_expect *expect, struct driver_found *found)
{
    if (reply->status >= 200 && reply->status <= 299) {
        return json_read(call, reply, expect, found);
    }
    int class = vendor_class_of_status(call, reply, found);
    bool denied = class == DRIVER_PARSE && reply->status >= 400;
    return !denied ? class : vendor_is_clock_off(call, reply) ? DRIVER_CLOCK : DRIVER_AUTH;
}

static int read_reply(struct driver_call *call, const struct exchange_reply *reply,
                      const struct answer_expect *expect, struct driver_found *found)
{
    return dispatch_heed(call, read_body(call, reply, expect, found), found);
}

static const char *const addresses[] = {"223.5.5.5", "223.6.6.6", "2400:3200::1",
                                        "2400:3200:baba::1", NULL};

const struct driver driver_alidns = {
    .name = "alidns",
    .url = "https://dns.alidns.com/resolve",
    .addresses = addresses,
    .wants_date = true,
    .body_max = EXCHANGE_JSON_MAX,
    .serves = json_serves,
    .build = build,
    .read = read_reply,
    .open = dispatch_open,
    .close = dispatch_close,
    .failed = dispatch_rotate,
};
