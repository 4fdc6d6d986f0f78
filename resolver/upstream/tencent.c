/* SPDX-License-Identifier: MIT */
/* Tencent Cloud HTTPDNS, once DNSPod's D+ (PROVIDERS §6): addresses alone, as lines of text; by
 * token over HTTPS, or enciphered by AES (or, where that is insisted on, by DES). */
#include "resolver/crypto/aead.h"
#include "resolver/crypto/block.h"
#include "resolver/upstream/dispatch.h"
#include "resolver/upstream/drivers.h"
#include "resolver/upstream/vendor.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

enum {
    AES_KEY = 16,
    DES_KEY = 8,
    NAME_EXPIRY_S = 600,
    PLAIN_MAX = 320,
    TEXT_MAX = 8192, /* of a reply in clear */
    BODY_MAX = 2 * (TEXT_MAX + BLOCK_IV + BLOCK_MAX),
    CONF_MINUTES = 60,
    CONF_MINUTES_MAX = 1440,
};

static bool is_hidden(const struct driver_call *call)
{
    return call->provider->account.cipher != CIPHER_NONE;
}

static bool is_des(const struct driver_call *call)
{
    return call->provider->account.cipher == CIPHER_DES;
}

/* The key's octets as the vendor's own clients take them: cut, or filled up with '0'. */
static struct block block_of(const struct driver_call *call, uint8_t key[AES_KEY],
                             const uint8_t *iv)
{
    const char *text = call->provider->account.cipher_key.text;
    size_t n_key = is_des(call) ? DES_KEY : AES_KEY, n_text = strlen(text);
    memset(key, '0', AES_KEY);
    memcpy(key, text, n_text < n_key ? n_text : n_key);
    return (struct block){
        .kind = is_des(call) ? BLOCK_DES_ECB : BLOCK_AES_128_CBC,
        .key = bytes_of(key, n_key),
        .iv = is_des(call) ? NULL : iv,
    };
}

/* ---- asking ---- */

/* The IV, unless it is DES, and what is enciphered, in hexadecimal. */
static int put_hidden(const struct driver_call *call, struct bytes plain, struct buf *url)
{
    uint8_t key[AES_KEY], iv[BLOCK_IV] = {0}, hidden_at[PLAIN_MAX + BLOCK_MAX];
    struct block block = block_of(call, key, iv);
    struct buf hidden = buf_over(hidden_at, sizeof hidden_at);
    if (!is_des(call)) {
        call->port->ops->random(call->port, iv, sizeof iv);
        encode_hex(bytes_of(iv, sizeof iv), url);
    }
    int failure = block_encrypt(&block, plain, &hidden);
    encode_hex(bytes_of(hidden_at, hidden.n), url);
    aead_forget(key, sizeof key);
    return failure;
}

static int put_value(const struct driver_call *call, struct bytes plain, struct buf *url)
{
    if (is_hidden(call)) {
        return put_hidden(call, plain, url);
    }
    encode_url(plain, url);
    return 0;
}

static int put_name(const struct driver_call *call, struct buf *url)
{
    char host[HOSTS_NAME_MAX], room[PLAIN_MAX];
    struct buf name = buf_over(room, sizeof room);
    encode_text(hosts_name(call->question, host), &name);
    if (call->provider->account.name_expiry) {
        encode_text(";", &name);
        encode_number(driver_now_s(call) + NAME_EXPIRY_S, &name);
    }
    return put_value(call, bytes_of(name.at, name.n), url);
}

static int put_subnet(const struct driver_call *call, struct buf *url)
{
    char room[SUBNET_TEXT_MAX];
    struct buf subnet = buf_over(room, sizeof room);
    subnet_put(&call->provider->client_subnet, "", SUBNET_ADDRESS, &subnet);
    if (subnet.n == 0) {
        return 0;
    }
    encode_text("&ip=", url);
    struct bytes plain = bytes_of(room, subnet.n);
    if (call->provider->account.plain_subnet) {
        encode_url(plain, url);
        return 0;
    }
    return put_value(call, plain, url);
}

static void put_text(const char *key, const char *value, struct buf *url)
{
    if (value != NULL) {
        encode_text(key, url);
        encode_url(bytes_of(value, strlen(value)), url);
    }
}

/* Who asks; `lead` stands before the first parameter. */
static void put_account(const struct driver_call *call, const char *lead, struct buf *url)
{
    const struct provider_account *account = &call->provider->account;
    const char *how = !is_hidden(call) ? "token=" : "alg=";
    const char *what = !is_hidden(call) ? account->token.text : is_des(call) ? "des" : "aes";
    if (account->id != NULL) {
        encode_text(lead, url);
        put_text("id=", account->id, url);
        lead = "&";
    }
    encode_text(lead, url);
    put_text(how, what, url);
}

static int build(struct driver_call *call, struct driver_room *room,
                 struct exchange_request *request)
{
    struct buf url = vendor_url(room, call->endpoint->url);
    vendor_put_first(call->endpoint->url, "dn=", &url);
    int failure = put_name(call, &url);
    put_account(call, "&", &url);
    encode_text("&ttl=1&clientip=1&query=1&type=addrs", &url);
    failure = failure == 0 ? put_subnet(call, &url) : failure;
    return failure < 0 ? failure : vendor_get(room, &url, request);
}

/* ---- reading ---- */

static struct bytes cut_before(struct bytes text, const uint8_t *end)
{
    return end != NULL ? bytes_of(text.at, (size_t)(end - text.at)) : text;
}

static struct bytes behind(struct bytes text, size_t n)
{
    return bytes_of(text.at + n, text.n - n);
}

/* "ip;ip;,ttl": false when there is anything else among the addresses. "0" says that there is none.
 */
static bool read_set(struct bytes set, struct hosts *hosts, int64_t *ret_ttl_s)
{
    const uint8_t *comma = set.n > 0 ? memrchr(set.at, ',', set.n) : NULL;
    struct bytes rest = cut_before(set, comma);
    *ret_ttl_s = 0;
    for (const uint8_t *c = comma != NULL ? comma + 1 : set.at + set.n; c < set.at + set.n; c++) {
        if (*c < '0' || *c > '9') {
            return false;
        }
        *ret_ttl_s = *ret_ttl_s * 10 + (*c - '0');
        *ret_ttl_s = *ret_ttl_s < INT32_MAX ? *ret_ttl_s : INT32_MAX;
    }
    if (bytes_equal(rest, bytes_of("0", 1))) {
        return true;
    }
    while (rest.n > 0) {
        struct bytes token = cut_before(rest, memchr(rest.at, ';', rest.n));
        if (token.n > 0 && !hosts_add(hosts, token)) {
            return false;
        }
        rest = behind(rest, token.n < rest.n ? token.n + 1 : token.n);
    }
    return true;
}

/* "set", or "v4set-v6set". A set with anything else in it is no good as a whole, and says nothing
 * of the other one. */
static void read_data(struct bytes data, struct hosts *hosts)
{
    const uint8_t *dash = data.n > 0 ? memchr(data.at, '-', data.n) : NULL;
    struct bytes first = cut_before(data, dash);
    size_t n_v6 = hosts->v6.n;
    int64_t first_s, second_s;
    bool first_good = read_set(first, hosts, &first_s), second_good = first_good;
    second_s = first_s;
    if (dash != NULL) {
        second_good = read_set(behind(data, first.n + 1), hosts, &second_s);
    }
    hosts->v4.ttl_s = first_s;
    hosts->v6.ttl_s = dash != NULL && hosts->v6.n > n_v6 ? second_s : first_s;
    if (!first_good) {
        hosts_spoil(&hosts->v4);
    }
    if (!second_good) {
        hosts_spoil(&hosts->v6);
    }
}

/* Takes "name.:" off, the client's case aside. The first ':' of a line may be an address's. */
static bool take_name(struct bytes *line, const char *host)
{
    size_t n = strlen(host);
    if (line->n < n + 2 || strncasecmp((const char *)line->at, host, n) != 0 ||
        memcmp(line->at + n, ".:", 2) != 0) {
        return false;
    }
    *line = behind(*line, n + 2);
    return true;
}

/* True for "some.other.name.:…". */
static bool has_other_name(struct bytes line)
{
    for (size_t i = 1; i + 1 < line.n; i++) {
        if (line.at[i] == '.' && line.at[i + 1] == ':') {
            return true;
        }
    }
    return false;
}

static int read_text(const struct driver_call *call, struct bytes text,
                     const struct answer_expect *expect, struct driver_found *found)
{
    struct hosts hosts;
    char host[HOSTS_NAME_MAX];
    size_t n_others = 0, n_ours = 0;
    hosts_name(call->question, host);
    hosts_init(&hosts, true);
    while (text.n > 0) {
        struct bytes line = cut_before(text, memchr(text.at, '\n', text.n));
        text = behind(text, line.n < text.n ? line.n + 1 : line.n);
        line = cut_before(line, memchr(line.at, '\r', line.n));
        line = cut_before(line, line.n > 0 ? memrchr(line.at, '|', line.n) : NULL);
        if (!take_name(&line, host) && has_other_name(line)) {
            n_others++;
            continue;
        }
        n_ours++;
        read_data(line, &hosts);
    }
    if (n_others > 0 && n_ours == 0) {
        return vendor_garbage(found, "answer to another question");
    }
    return hosts_answer(&hosts, expect, found);
}

static struct bytes trim(struct bytes body)
{
    while (body.n > 0 && body.at[body.n - 1] <= ' ') {
        body.n--;
    }
    return body;
}

/* The reply's text out of its hexadecimal. */
static int reveal(const struct driver_call *call, struct bytes body, struct buf *out)
{
    uint8_t key[AES_KEY], *octets = malloc(body.n / 2 + 1);
    struct buf sealed = buf_over(octets, body.n / 2 + 1);
    size_t n_iv = is_des(call) ? 0 : BLOCK_IV;
    int failure = octets == NULL ? -ENOMEM : decode_hex(body, &sealed);
    if (failure == 0) {
        struct block block = block_of(call, key, octets);
        failure = sealed.n > n_iv
                      ? block_decrypt(&block, bytes_of(octets + n_iv, sealed.n - n_iv), out)
                      : -EBADMSG;
    }
    aead_forget(key, sizeof key);
    free(octets);
    return failure;
}

static int read_hidden(const struct driver_call *call, struct bytes body,
                       const struct answer_expect *expect, struct driver_found *found)
{
    struct buf text = buf_over(malloc(BODY_MAX), BODY_MAX);
    int class = text.at == NULL ? -ENOMEM : reveal(call, body, &text);
    if (class == 0) {
        class = read_text(call, trim(bytes_of(text.at, text.n)), expect, found);
    } else if (class != -ENOMEM) {
        class = vendor_garbage(found, "a body that cannot be deciphered");
    }
    free(text.at);
    return class;
}

static int read_body(struct driver_call *call, const struct exchange_reply *reply,
                     const struct answer_expect *expect, struct driver_found *found)
{
    struct bytes body = trim(reply->body);
    if (reply->status == 401) {
        return DRIVER_AUTH;
    }
    if (reply->status != 200) {
        return reply->status == 429 ? DRIVER_RATE : DRIVER_SERVER;
    }
    bool hidden = is_hidden(call) && body.n > 0 && !bytes_equal(body, bytes_of("0", 1));
    return hidden ? read_hidden(call, body, expect, found) : read_text(call, body, expect, found);
}

static int read_reply(struct driver_call *call, const struct exchange_reply *reply,
                      const struct answer_expect *expect, struct driver_found *found)
{
    return dispatch_heed(call, read_body(call, reply, expect, found), found);
}

/* ---- the service's own addresses: "log:1|domain:0|ip:1.1.1.1;2.2.2.2|ttl:60" ---- */

static enum driver_errand conf_errand(struct driver_call *call, struct driver_room *room,
                                      struct exchange_request *request)
{
    if (!call->provider->account.dispatch || !dispatch_is_due(call)) {
        return DRIVER_ERRAND_NONE;
    }
    struct buf url = vendor_url_beside(room, call->endpoint->url, "conf");
    encode_text("?", &url);
    put_account(call, "", &url);
    return vendor_get(room, &url, request) == 0 ? DRIVER_ERRAND_DUE : DRIVER_ERRAND_NONE;
}

/* What stands behind "key:" among the fields; {NULL, 0} without it. */
static struct bytes field_of(struct bytes text, const char *key)
{
    size_t n_key = strlen(key);
    while (text.n > 0) {
        struct bytes field = cut_before(text, memchr(text.at, '|', text.n));
        if (field.n > n_key && memcmp(field.at, key, n_key) == 0 && field.at[n_key] == ':') {
            return behind(field, n_key + 1);
        }
        text = behind(text, field.n < text.n ? field.n + 1 : field.n);
    }
    return bytes_of(NULL, 0);
}

static uint32_t minutes_of(struct bytes text)
{
    uint32_t minutes = 0;
    for (size_t i = 0;
         i < text.n && text.at[i] >= '0' && text.at[i] <= '9' && minutes < CONF_MINUTES_MAX; i++) {
        minutes = minutes * 10 + (text.at[i] - '0');
    }
    minutes = minutes < CONF_MINUTES_MAX ? minutes : CONF_MINUTES_MAX;
    return minutes > 0 ? minutes : CONF_MINUTES;
}

static struct driver_addresses take_conf(struct driver_call *call, struct bytes text)
{
    struct bytes list = field_of(text, "ip");
    dispatch_begin(call);
    while (list.n > 0) {
        struct bytes address = cut_before(list, memchr(list.at, ';', list.n));
        dispatch_add(call, address);
        list = behind(list, address.n < list.n ? address.n + 1 : address.n);
    }
    return dispatch_use(call, minutes_of(field_of(text, "ttl")) * 60);
}

static struct driver_addresses conf_errand_done(struct driver_call *call,
                                                const struct exchange_reply *reply)
{
    struct driver_addresses none = {NULL, 0};
    struct bytes body = trim(reply->body);
    if (reply->result != EXCHANGE_DONE || reply->status != 200) {
        return none;
    }
    if (!is_hidden(call)) {
        return take_conf(call, body);
    }
    struct buf text = buf_over(malloc(BODY_MAX), BODY_MAX);
    bool good = text.at != NULL && body.n <= BODY_MAX && reveal(call, body, &text) == 0;
    struct driver_addresses found = good ? take_conf(call, trim(bytes_of(text.at, text.n))) : none;
    free(text.at);
    return found;
}

static const char *const addresses[] = {"119.29.29.99", NULL};
static const char *const clear_addresses[] = {"119.29.29.98", "119.28.28.98", NULL};

const struct driver driver_tencent = {
    .name = "tencent",
    .url = "https://119.29.29.99/d",
    .addresses = addresses,
    .clear_url = "http://119.29.29.98/d",
    .clear_addresses = clear_addresses,
    .addresses_alone = true,
    .body_max = BODY_MAX,
    .serves = hosts_serves,
    .build = build,
    .read = read_reply,
    .asks_both = hosts_asks_both,
    .open = dispatch_open,
    .close = dispatch_close,
    .failed = dispatch_rotate,
    .errand = conf_errand,
    .errand_done = conf_errand_done,
};
