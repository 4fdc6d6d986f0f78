/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/vendor.h"

#include <errno.h>

struct buf vendor_url(struct driver_room *room, const char *base)
{
    struct buf url = buf_over(room->target, sizeof room->target - 1);
    encode_text(base, &url);
    return url;
}

struct buf vendor_url_below(struct driver_room *room, const char *base, const char *path)
{
    struct buf url = buf_over(room->target, sizeof room->target - 1);
    size_t n = strlen(base);
    while (n > 0 && base[n - 1] == '/') {
        n--;
    }
    buf_put(&url, base, n);
    encode_text(path, &url);
    return url;
}

struct buf vendor_url_beside(struct driver_room *room, const char *base, const char *part)
{
    struct buf url = buf_over(room->target, sizeof room->target - 1);
    size_t n = strcspn(base, "?");
    const uint8_t *slash = memrchr(base, '/', n);
    buf_put(&url, base, slash != NULL ? (size_t)((const char *)slash - base) + 1 : n);
    encode_text(part, &url);
    return url;
}

void vendor_put_first(const char *base, const char *name, struct buf *url)
{
    encode_text(strchr(base, '?') != NULL ? "&" : "?", url);
    encode_text(name, url);
}

int vendor_get(struct driver_room *room, const struct buf *url, struct exchange_request *request)
{
    if (url->overflow) {
        return -EMSGSIZE;
    }
    room->target[url->n] = '\0';
    request->method = EXCHANGE_GET;
    request->media_type = "application/json";
    request->target = room->target;
    return 0;
}

int vendor_put_digest(enum digest_kind kind, struct bytes key, const struct buf *message,
                      struct buf *out)
{
    struct digest digest;
    if (message->overflow) {
        return -EMSGSIZE;
    }
    int failure = digest_of(kind, key, bytes_of(message->at, message->n), &digest);
    if (failure == 0) {
        encode_hex(bytes_of(digest.at, digest.n), out);
    }
    return failure;
}

int vendor_put_md5(const struct driver_call *call, const char *subject, const char *before,
                   struct buf *url)
{
    uint8_t room[VENDOR_SIGNED_MAX];
    struct buf message = buf_over(room, sizeof room);
    int64_t expiry_s = driver_now_s(call) + VENDOR_EXPIRY_S;
    encode_text(subject, &message);
    encode_text("-", &message);
    encode_text(call->provider->account.secret.text, &message);
    encode_text("-", &message);
    encode_number(expiry_s, &message);
    encode_text("&t=", url);
    encode_number(expiry_s, url);
    encode_text(before, url);
    int failure = vendor_put_digest(DIGEST_MD5, bytes_of(NULL, 0), &message, url);
    explicit_bzero(room, sizeof room);
    return failure;
}

/* ---- errors ---- */

bool vendor_is_clock_off(const struct driver_call *call, const struct exchange_reply *reply)
{
    int64_t off_s = reply->date_s - driver_now_s(call);
    return reply->date_s != 0 && (off_s > VENDOR_SKEW_S || off_s < -VENDOR_SKEW_S);
}

int vendor_class_of_status(const struct driver_call *call, const struct exchange_reply *reply,
                           struct driver_found *found)
{
    found->why = NULL; /* the status says it all */
    if (reply->status == 401 || reply->status == 403) {
        return vendor_is_clock_off(call, reply) ? DRIVER_CLOCK : DRIVER_AUTH;
    }
    if (reply->status == 429) {
        return DRIVER_RATE;
    }
    return reply->status >= 500 ? DRIVER_SERVER : DRIVER_PARSE;
}

int vendor_class_of_code(const struct driver_call *call, const struct exchange_reply *reply,
                         struct bytes code, struct driver_found *found)
{
    static const struct {
        const char *code; /* lent for ever: it is told */
        int class;
    } known[] = {
        {"MissingArgument", DRIVER_NOT_SERVED}, {"InvalidHost", DRIVER_NOT_SERVED},
        {"TooManyHosts", DRIVER_NOT_SERVED},    {"SdnsNotSupported", DRIVER_NOT_SERVED},
        {"SignatureExpired", DRIVER_CLOCK},     {"InvalidDuration", DRIVER_AUTH},
        {"InvalidSignature", DRIVER_AUTH},      {"UnsignedInterfaceDisabled", DRIVER_AUTH},
        {"InvalidAccount", DRIVER_AUTH},        {"AccountNotExists", DRIVER_AUTH},
        {"ServiceLevelDeny", DRIVER_SERVER},    {"MethodNotAllowed", DRIVER_PARSE},
        {"InternalError", DRIVER_SERVER},       {"HOST_FORBIDDEN", DRIVER_NOT_SERVED},
        {"UNAUTHORIZED", DRIVER_AUTH},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (bytes_equal(code, bytes_of(known[i].code, strlen(known[i].code)))) {
            found->why = known[i].code;
            bool time = strcmp(known[i].code, "InvalidDuration") == 0;
            return time && vendor_is_clock_off(call, reply) ? DRIVER_CLOCK : known[i].class;
        }
    }
    if (reply->status >= 200 && reply->status < 300) {
        found->why = "an error of a kind that is not known";
        return DRIVER_NOT_SERVED;
    }
    return reply->status == 400 ? DRIVER_NOT_SERVED : vendor_class_of_status(call, reply, found);
}

/* ---- what bodies are made of ---- */

bool vendor_add_addresses(struct hosts *hosts, const struct jsonv *tree)
{
    if (tree == NULL || tree_is_null(tree)) {
        return true;
    }
    if (!tree_is_array(tree)) {
        struct bytes text = tree_text(tree);
        return text.at != NULL && (text.n == 0 || hosts_add(hosts, text));
    }
    for (size_t i = 0; i < jsonv_count(tree); i++) {
        if (!hosts_add(hosts, tree_text(jsonv_element(tree, i)))) {
            return false;
        }
    }
    return true;
}

int64_t vendor_ttl(const struct jsonv *tree)
{
    int64_t ttl_s;
    return tree_number(tree, 1, INT64_MAX, &ttl_s) ? ttl_s : 0;
}

bool vendor_is_name(const struct driver_call *call, const char *name)
{
    struct name read;
    return name_from_text(name, &read) == 0 && name_equal(&read, &call->question->name);
}

bool vendor_is_host(const struct driver_call *call, const struct jsonv *name)
{
    const char *text = jsonv_string(name);
    return text != NULL && vendor_is_name(call, text);
}

int vendor_garbage(struct driver_found *found, const char *why)
{
    found->why = why;
    return DRIVER_PARSE;
}

int vendor_parse(struct bytes body, struct driver_found *found, struct jsonv **ret_root)
{
    struct jsonv *root = NULL;
    int failure = tree_parse(body, &root);
    if (failure == -ENOMEM) {
        return failure;
    }
    if (failure < 0 || !tree_is_object(root)) {
        jsonv_free(root);
        return vendor_garbage(found, "no JSON object in the reply");
    }
    *ret_root = root;
    return DRIVER_OK;
}
