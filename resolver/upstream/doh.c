/* SPDX-License-Identifier: MIT */
/* RFC 8484: the question as a DNS message, by POST, or by GET where that is asked for or where POST
 * was refused. */
#include "resolver/upstream/drivers.h"
#include "resolver/upstream/subnet.h"

#include <errno.h>
#include <stdio.h>

#define MEDIA_TYPE "application/dns-message"

enum { PAD_TO = 128 /* RFC 8467 section 4.1 */, STATUS_BAD_REQUEST = 400 };

static enum driver_serves doh_serves(const struct provider_params *provider,
                                     const struct question *question, bool want_do, bool want_cd)
{
    (void)provider, (void)question, (void)want_do, (void)want_cd;
    return DRIVER_READILY;
}

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

static int build_target(const char *url, struct bytes message, char target[DRIVER_TARGET_MAX])
{
    char text[(QUERY_MAX * 4 + 2) / 3 + 1];
    base64url(message, text);
    int n = snprintf(target, DRIVER_TARGET_MAX, "%s%cdns=%s", url,
                     strchr(url, '?') != NULL ? '&' : '?', text);
    return n < DRIVER_TARGET_MAX ? 0 : -EMSGSIZE;
}

/* POST is padded (RFC 8467 §4.1) unless configured otherwise; GET is not: it would only lengthen
 * what caches compare. */
static int build(struct driver_call *call, bool get, struct driver_room *room,
                 struct exchange_request *request)
{
    uint8_t subnet[SUBNET_OPTION_MAX];
    bool pads = !get && call->provider->padding == PADDING_YES;
    bool plain = call->memory->no_edns && !call->want_do;
    call->kept = plain ? call->memory : NULL; /* so that read() knows */
    struct query_wish query = {
        .question = call->question,
        .want_do = call->want_do,
        .want_cd = call->want_cd,
        .want_ad = !get, /* RFC 8484 §4.1.1: what caches compare is as plain as can be */
        .no_edns = plain,
        .pad_to = pads ? PAD_TO : 0,
        .subnet = subnet_option(&call->provider->client_subnet, subnet),
    };
    struct bytes message = bytes_of(room->body, message_write_query(&query, room->body));
    request->media_type = MEDIA_TYPE;
    request->method = get ? EXCHANGE_GET : EXCHANGE_POST;
    if (!get) {
        request->body = message;
        return 0;
    }
    request->target = room->target;
    return build_target(request->endpoint->url, message, room->target);
}

static int doh_build(struct driver_call *call, struct driver_room *room,
                     struct exchange_request *request)
{
    return build(call, call->memory->wants_get, room, request);
}

static int doh_get_build(struct driver_call *call, struct driver_room *room,
                         struct exchange_request *request)
{
    return build(call, true, room, request);
}

static const char *word_of_check(int check)
{
    switch (check) {
    case ANSWER_MALFORMED:
        return "malformed message";
    case ANSWER_NOT_A_RESPONSE:
        return "not a response";
    case ANSWER_WRONG_QUESTION:
        return "answer to another question";
    case ANSWER_TRUNCATED:
        return "truncated message";
    case ANSWER_BAD_CHAIN:
        return "CNAME chain without an end";
    default:
        return "out of memory";
    }
}

int driver_read_message(struct bytes message, const struct answer_expect *expect,
                        struct driver_found *found)
{
    int check = answer_read(message, expect, &found->answer);
    if (check == ANSWER_OK) {
        return DRIVER_OK;
    }
    found->check = check;
    found->why = word_of_check(check);
    return check < 0 ? check : DRIVER_PARSE;
}

static int read_reply(const struct exchange_reply *reply, const struct answer_expect *expect,
                      struct driver_found *found)
{
    if (driver_is_type(reply, MEDIA_TYPE)) {
        return driver_read_message(reply->body, expect, found);
    }
    if (reply->status >= 200 && reply->status <= 299) {
        found->why = "media type is not " MEDIA_TYPE;
        return DRIVER_PARSE;
    }
    return reply->status == 429 ? DRIVER_RATE : DRIVER_SERVER;
}

/* It says that our message is bad (RFC 8484 §4.2.1, RFC 6891 §7), with or without the question. */
static bool is_bad_message(const struct exchange_reply *reply)
{
    enum { FLAGS_LOW = 3, RCODE_MASK = 15 };
    return reply->status == STATUS_BAD_REQUEST ||
           (driver_is_type(reply, MEDIA_TYPE) && reply->body.n >= MESSAGE_HEADER &&
            (reply->body.at[FLAGS_LOW] & RCODE_MASK) == RCODE_FORMERR);
}

/* Whoever does not know EDNS finds a message with an OPT bad: the question is asked once more
 * without, and all after it too if that was it. With DO there is nothing to leave out. */
static int read_edns(struct driver_call *call, const struct exchange_reply *reply,
                     const struct answer_expect *expect, struct driver_found *found)
{
    if (!is_bad_message(reply) || call->want_do) {
        return read_reply(reply, expect, found);
    }
    if (call->kept != NULL) {
        call->memory->no_edns = false;
        return read_reply(reply, expect, found);
    }
    call->memory->no_edns = true;
    found->why = "it finds our message bad";
    return DRIVER_AGAIN;
}

static int doh_get_read(struct driver_call *call, const struct exchange_reply *reply,
                        const struct answer_expect *expect, struct driver_found *found)
{
    return read_edns(call, reply, expect, found);
}

static int doh_read(struct driver_call *call, const struct exchange_reply *reply,
                    const struct answer_expect *expect, struct driver_found *found)
{
    if (reply->status == 405 || reply->status == 501) {
        call->memory->wants_get = true; /* the method is not taken */
        return DRIVER_AGAIN;
    }
    return read_edns(call, reply, expect, found);
}

static void doh_forget(struct driver_call *call)
{
    call->kept = NULL; /* nothing was allocated */
}

const struct driver driver_doh = {
    .name = "doh",
    .serves = doh_serves,
    .build = doh_build,
    .read = doh_read,
    .forget = doh_forget,
};

const struct driver driver_doh_get = {
    .name = "doh-get",
    .serves = doh_serves,
    .build = doh_get_build,
    .read = doh_get_read,
    .forget = doh_forget,
};
