/* SPDX-License-Identifier: MIT */
/* Aliyun EMAS HTTPDNS, API v2 (PROVIDERS §5): addresses, and the reason when there are none;
 * signed by HMAC-SHA256, and hidden by AES where a key is given. */
#include "resolver/crypto/aead.h"
#include "resolver/crypto/block.h"
#include "resolver/upstream/drivers.h"
#include "resolver/upstream/service.h"
#include "resolver/upstream/vendor.h"

#include <errno.h>
#include <stdlib.h>

enum { AES_KEY = 16, HMAC_KEY_MAX = 256, PLAIN_MAX = 1536, HIDDEN_MAX = PLAIN_MAX + 64 };

/* A key as configured, in hexadecimal. False when it is none of that length (0: of any). */
static bool read_key(const struct provider_secret *secret, size_t length, struct buf *out)
{
    struct bytes text = bytes_of(secret->text, strlen(secret->text));
    return decode_hex(text, out) == 0 && (length == 0 || out->n == length);
}

/* ---- asking ---- */

struct wish {
    char host[HOSTS_NAME_MAX];
    char subnet[SUBNET_TEXT_MAX];    /* "": none */
    char hidden[2 * HIDDEN_MAX + 1]; /* "": in clear */
    int64_t expiry_s;
};

static char mode_of(const struct driver_call *call)
{
    switch (call->provider->account.cipher) {
    case CIPHER_AES_CBC:
        return '1';
    case CIPHER_AES_GCM:
        return '2';
    case CIPHER_NONE:
    case CIPHER_AES:
    case CIPHER_DES:
        break;
    }
    return '0';
}

/* The IV, what is enciphered, and with GCM the tag. */
static int hide(const struct driver_call *call, struct bytes plain, struct buf *out)
{
    uint8_t key_at[AES_KEY], iv[BLOCK_IV];
    bool gcm = mode_of(call) == '2';
    size_t n_iv = gcm ? AEAD_NONCE : BLOCK_IV;
    struct buf key = buf_over(key_at, sizeof key_at);
    int failure = -EINVAL;
    if (read_key(&call->provider->account.cipher_key, AES_KEY, &key)) {
        struct bytes key_bytes = bytes_of(key_at, AES_KEY);
        struct block block = {BLOCK_AES_128_CBC, key_bytes, iv};
        struct aead aead = {key_bytes, iv, bytes_of(NULL, 0)};
        call->port->ops->random(call->port, iv, n_iv);
        buf_put(out, iv, n_iv);
        failure =
            gcm ? aead_seal(&aead, plain, out->at + out->n) : block_encrypt(&block, plain, out);
        out->n += gcm && failure == 0 ? plain.n + AEAD_TAG : 0;
    }
    aead_forget(key_at, sizeof key_at);
    return failure;
}

/* What is empty is neither sent nor signed. */
static bool has_tags(const struct provider_account *account)
{
    return account->tags != NULL && account->tags[0] != '\0';
}

/* ,"sdns-key":"value" for each, and ,"tags":…: they hold nothing that JSON escapes. */
static void put_hidden_sdns(const struct provider_account *account, struct buf *plain)
{
    for (size_t i = 0; i < account->sdns.n; i++) {
        const char *text = account->sdns.at[i];
        size_t n_key = strcspn(text, "=");
        if (text[n_key + 1] == '\0') {
            continue;
        }
        encode_text(",\"sdns-", plain);
        buf_put(plain, text, n_key);
        encode_text("\":\"", plain);
        encode_text(text + n_key + 1, plain);
        encode_text("\"", plain);
    }
    if (has_tags(account)) {
        encode_text(",\"tags\":\"", plain);
        encode_text(account->tags, plain);
        encode_text("\"", plain);
    }
}

/* {"dn":…,"q":…,"cip":…} enciphered, in hexadecimal. */
static int make_hidden(const struct driver_call *call, struct wish *wish)
{
    uint8_t plain_at[PLAIN_MAX], hidden_at[HIDDEN_MAX];
    struct buf plain = buf_over(plain_at, sizeof plain_at);
    struct buf hidden = buf_over(hidden_at, sizeof hidden_at);
    struct buf hex = buf_over(wish->hidden, sizeof wish->hidden - 1);
    encode_text("{\"dn\":\"", &plain);
    encode_text(wish->host, &plain);
    encode_text("\",\"q\":\"4,6\"", &plain);
    if (wish->subnet[0] != '\0') {
        encode_text(",\"cip\":\"", &plain);
        encode_text(wish->subnet, &plain);
        encode_text("\"", &plain);
    }
    put_hidden_sdns(&call->provider->account, &plain);
    encode_text("}", &plain);
    int failure = plain.overflow ? -EMSGSIZE : hide(call, bytes_of(plain_at, plain.n), &hidden);
    if (failure == 0) {
        encode_hex(bytes_of(hidden_at, hidden.n), &hex);
        wish->hidden[hex.n] = '\0';
    }
    return failure;
}

static void put(const char *name, const char *value, struct buf *out)
{
    encode_text(out->n > 0 && out->at[out->n - 1] != '?' ? "&" : "", out);
    encode_text(name, out);
    encode_text("=", out);
    encode_text(value, out);
}

/* The same with a value that may need escaping. */
static void put_free(const char *name, const char *value, bool in_url, struct buf *out)
{
    put(name, in_url ? "" : value, out);
    if (in_url) {
        encode_url(bytes_of(value, strlen(value)), out);
    }
}

/* The parameters that are signed, sorted by name. In a URL values are escaped, where they need it.
 */
static void put_parameters(const struct driver_call *call, const struct wish *wish, bool in_url,
                           struct buf *out)
{
    const struct provider_account *account = &call->provider->account;
    char number[24] = "", mode[2] = {mode_of(call), '\0'};
    struct buf expiry = buf_over(number, sizeof number - 1);
    bool clear = wish->hidden[0] == '\0';
    encode_number(wish->expiry_s, &expiry);
    if (clear && wish->subnet[0] != '\0') {
        put("cip", wish->subnet, out);
    }
    if (clear) {
        put("dn", wish->host, out);
    } else {
        put("enc", wish->hidden, out);
    }
    put("exp", number, out);
    put_free("id", account->id, in_url, out);
    put("m", mode, out);
    if (clear) {
        put("q", "4,6", out);
        service_put_sdns(&account->sdns, "&", in_url, out);
    }
    if (clear && has_tags(account)) {
        put_free("tags", account->tags, in_url, out);
    }
    put("v", "1.0", out);
}

static int put_signature(const struct driver_call *call, const struct wish *wish, struct buf *url)
{
    uint8_t key_at[HMAC_KEY_MAX], room[VENDOR_SIGNED_MAX];
    struct buf key = buf_over(key_at, sizeof key_at), message = buf_over(room, sizeof room);
    int failure = -EINVAL;
    if (read_key(&call->provider->account.secret, 0, &key)) {
        put_parameters(call, wish, false, &message);
        encode_text("&s=", url);
        failure = vendor_put_digest(DIGEST_HMAC_SHA256, bytes_of(key_at, key.n), &message, url);
    }
    aead_forget(key_at, sizeof key_at);
    return failure;
}

static int build(struct driver_call *call, struct driver_room *room,
                 struct exchange_request *request)
{
    struct wish wish = {.expiry_s = driver_now_s(call) + VENDOR_EXPIRY_S};
    struct buf subnet = buf_over(wish.subnet, sizeof wish.subnet - 1);
    if (dispatch_is_stopped(call)) {
        return -ESHUTDOWN;
    }
    hosts_name(call->question, wish.host);
    subnet_put(&call->provider->client_subnet, "", SUBNET_ADDRESS, &subnet);
    int failure = mode_of(call) != '0' ? make_hidden(call, &wish) : 0;
    struct buf url = vendor_url_below(room, call->endpoint->url, "/v2/d?");
    put_parameters(call, &wish, true, &url);
    if (failure == 0 && call->provider->account.secret.text != NULL) {
        failure = put_signature(call, &wish, &url);
    }
    return failure < 0 ? failure : vendor_get(room, &url, request);
}

/* ---- reading ---- */

/* base64 of IV, what is enciphered, and with GCM the tag; deciphered in place of `out`. */
static int reveal(const struct driver_call *call, char mode, struct bytes sealed, struct buf *out)
{
    uint8_t key_at[AES_KEY];
    struct buf key = buf_over(key_at, sizeof key_at);
    const struct provider_secret *secret = &call->provider->account.cipher_key;
    size_t n_iv = mode == '2' ? AEAD_NONCE : BLOCK_IV;
    int failure = -EBADMSG;
    if (secret->text != NULL && sealed.n > n_iv && read_key(secret, AES_KEY, &key)) {
        struct bytes key_bytes = bytes_of(key_at, AES_KEY);
        struct bytes rest = bytes_of(sealed.at + n_iv, sealed.n - n_iv);
        struct block block = {BLOCK_AES_128_CBC, key_bytes, sealed.at};
        struct aead aead = {key_bytes, sealed.at, bytes_of(NULL, 0)};
        if (mode != '2') {
            failure = block_decrypt(&block, rest, out);
        } else if (rest.n >= AEAD_TAG && rest.n - AEAD_TAG <= out->size) {
            failure = aead_open(&aead, rest, out->at);
            out->n = rest.n - AEAD_TAG;
        }
    }
    aead_forget(key_at, sizeof key_at);
    return failure;
}

/* The tree that stood enciphered in `text`. */
static int open_data(const struct driver_call *call, char mode, struct bytes text,
                     struct driver_found *found, struct jsonv **ret_root)
{
    struct buf sealed = buf_over(malloc(text.n + 1), text.n + 1);
    struct buf plain = buf_over(malloc(text.n + BLOCK_MAX), text.n + BLOCK_MAX);
    int class = -ENOMEM;
    if (sealed.at != NULL && plain.at != NULL) {
        bool good = decode_base64(text, &sealed) == 0 &&
                    reveal(call, mode, bytes_of(sealed.at, sealed.n), &plain) == 0;
        class = good ? vendor_parse(bytes_of(plain.at, plain.n), found, ret_root)
                     : vendor_garbage(found, "data that cannot be deciphered");
    }
    free(sealed.at);
    free(plain.at);
    return class;
}

static int why_of(const struct jsonv *code)
{
    struct bytes text = tree_text(code);
    if (text.n == 0) {
        return DRIVER_UNKNOWN_EMPTY;
    }
    if (tree_text_is(code, "RRNotExist")) {
        return DRIVER_NODATA;
    }
    return tree_text_is(code, "DomainNotExist") ? DRIVER_NXDOMAIN : DRIVER_NOT_SERVED;
}

static bool add_family(struct hosts *hosts, struct hosts_family *family, const struct jsonv *entry)
{
    if (entry == NULL) {
        return true;
    }
    family->ttl_s = vendor_ttl(jsonv_member(entry, "ttl"));
    family->why = why_of(jsonv_member(entry, "no_ip_code"));
    return vendor_add_addresses(hosts, jsonv_member(entry, "ips"));
}

static int read_answers(const struct driver_call *call, const struct jsonv *data,
                        const struct answer_expect *expect, struct driver_found *found)
{
    struct hosts hosts;
    const struct jsonv *answers = jsonv_member(data, "answers");
    bool good = tree_is_array(answers) || (answers != NULL && tree_is_null(answers)), known = false;
    hosts_init(&hosts, false);
    for (size_t i = 0; i < jsonv_count(answers) && good; i++) {
        const struct jsonv *entry = jsonv_element(answers, i);
        if (vendor_is_host(call, jsonv_member(entry, "dn"))) {
            known = true;
            good = add_family(&hosts, &hosts.v4, jsonv_member(entry, "v4")) &&
                   add_family(&hosts, &hosts.v6, jsonv_member(entry, "v6"));
        }
    }
    if (!good || (!known && jsonv_count(answers) > 0)) {
        return vendor_garbage(found, good ? "answer to another question" : "no address");
    }
    return hosts_answer(&hosts, expect, found);
}

static int read_success(const struct driver_call *call, const struct jsonv *root,
                        const struct answer_expect *expect, struct driver_found *found)
{
    owned(jsonv_freep) struct jsonv *opened = NULL;
    int64_t mode = 0;
    const struct jsonv *data = jsonv_member(root, "data"), *given = jsonv_member(root, "mode");
    if (given != NULL && !tree_is_null(given) && !tree_number(given, 0, 2, &mode)) {
        return vendor_garbage(found, "a mode that is not known");
    }
    if (mode == 0 && mode_of(call) != '0' && strncmp(call->endpoint->url, "http:", 5) == 0) {
        return vendor_garbage(found, "a reply in clear where anybody can write one");
    }
    if (mode != 0) {
        int class = open_data(call, mode == 1 ? '1' : '2', tree_text(data), found, &opened);
        if (class != DRIVER_OK) {
            return class;
        }
        data = opened;
    }
    return tree_is_object(data) ? read_answers(call, data, expect, found)
                                : vendor_garbage(found, "no data in the reply");
}

static int read_reply(struct driver_call *call, const struct exchange_reply *reply,
                      const struct answer_expect *expect, struct driver_found *found)
{
    owned(jsonv_freep) struct jsonv *root = NULL;
    int class = vendor_parse(reply->body, found, &root);
    const struct jsonv *code = jsonv_member(root, "code");
    bool good = reply->status >= 200 && reply->status <= 299;
    if (class == DRIVER_OK && tree_text(code).at != NULL && !tree_text_is(code, "success")) {
        class = vendor_class_of_code(call, reply, tree_text(code), found);
    } else if (class != -ENOMEM && !good) {
        class = vendor_class_of_status(call, reply, found);
    } else if (class == DRIVER_OK && code == NULL) {
        class = vendor_garbage(found, "no code in the reply");
    } else if (class == DRIVER_OK) {
        class = read_success(call, root, expect, found);
    }
    return dispatch_heed(call, class, found);
}

const struct driver driver_aliyun2 = {
    .name = "aliyun2",
    .url = SERVICE_URL,
    .addresses = service_addresses,
    .addresses_alone = true,
    .wants_date = true,
    .body_max = EXCHANGE_JSON_MAX,
    .serves = hosts_serves,
    .build = build,
    .read = read_reply,
    .asks_both = hosts_asks_both,
    .open = dispatch_open,
    .close = dispatch_close,
    .failed = dispatch_rotate,
    .errand = service_errand,
    .errand_done = service_errand_done,
};
