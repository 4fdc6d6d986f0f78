/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/doh.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>

/* base64url without padding (RFC 4648 §5); `out` holds 4/3 of the octets and a NUL. */
static void base64url(struct bytes in, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint32_t bits = 0;
    int n_bits = 0;
    for (size_t i = 0; i < in.n; i++) {
        bits = bits << 8 | in.at[i];
        for (n_bits += 8; n_bits >= 6; n_bits -= 6) {
            *out++ = digits[bits >> (n_bits - 6) & 63];
        }
    }
    if (n_bits > 0) {
        *out++ = digits[bits << (6 - n_bits) & 63];
    }
    *out = '\0';
}

static int build_target(const char *url, struct bytes message, char target[DOH_TARGET_MAX])
{
    char text[(QUERY_MAX * 4 + 2) / 3 + 1];
    base64url(message, text);
    int n = snprintf(target, DOH_TARGET_MAX, "%s%cdns=%s", url,
                     strchr(url, '?') != NULL ? '&' : '?', text);
    return n < DOH_TARGET_MAX ? 0 : -EMSGSIZE;
}

int doh_build(const struct doh_wish *wish, struct doh_room *room, struct exchange_request *request)
{
    struct query_wish query = {
        .question = wish->question,
        .want_do = wish->want_do,
        .want_cd = wish->want_cd,
        .pad_to = wish->get ? 0 : DOH_PAD_TO,
    };
    struct bytes message = bytes_of(room->message, message_write_query(&query, room->message));
    request->media_type = DOH_MEDIA_TYPE;
    request->method = wish->get ? EXCHANGE_GET : EXCHANGE_POST;
    if (!wish->get) {
        request->body = message;
        return 0;
    }
    request->target = room->target;
    return build_target(request->endpoint->url, message, room->target);
}

bool doh_is_message(const struct exchange_reply *reply)
{
    size_t n = strlen(DOH_MEDIA_TYPE);
    if (reply->result != EXCHANGE_DONE || reply->status < 200 || reply->status > 299 ||
        strncasecmp(reply->media_type, DOH_MEDIA_TYPE, n) != 0) {
        return false;
    }
    const char *rest = reply->media_type + n;
    return rest[strspn(rest, " \t")] == '\0' || rest[strspn(rest, " \t")] == ';';
}
