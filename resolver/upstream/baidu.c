/* SPDX-License-Identifier: MIT */
/* Baidu Cloud HTTPDNS (PROVIDERS §7.2): addresses by host and family; signed by MD5. One family is
 * asked for at a time, because what comes without being told which is not documented. */
#include "resolver/upstream/dispatch.h"
#include "resolver/upstream/drivers.h"
#include "resolver/upstream/vendor.h"

#include <errno.h>

static int build(struct driver_call *call, struct driver_room *room,
                 struct exchange_request *request)
{
    const char *id = call->provider->account.id;
    char host[HOSTS_NAME_MAX];
    hosts_name(call->question, host);
    struct buf url = vendor_url(room, call->endpoint->url);
    vendor_put_first(call->endpoint->url, "account_id=", &url);
    encode_url(bytes_of(id, strlen(id)), &url);
    encode_text("&dn=", &url);
    encode_text(host, &url);
    encode_text(call->question->type == TYPE_A ? "&type=ipv4" : "&type=ipv6", &url);
    subnet_put(&call->provider->client_subnet, "&ip=", SUBNET_ADDRESS, &url);
    int failure = vendor_put_md5(call, host, "&sign=", &url);
    return failure < 0 ? failure : vendor_get(room, &url, request);
}

static bool add_family(struct hosts *hosts, struct hosts_family *family, const struct jsonv *entry)
{
    if (entry == NULL) {
        return true;
    }
    family->ttl_s = vendor_ttl(jsonv_member(entry, "ttl"));
    return vendor_add_addresses(hosts, jsonv_member(entry, "ip"));
}

/* Our host's entry; NULL when there is none. */
static const struct jsonv *entry_of(const struct driver_call *call, const struct jsonv *data)
{
    struct jsonv_walk walk = jsonv_walk(data);
    const char *host;
    const struct jsonv *entry;
    while (jsonv_next(&walk, &host, &entry)) {
        if (vendor_is_name(call, host)) {
            return entry;
        }
    }
    return NULL;
}

/* v4 of their API has {"ipv4": {"ip", "ttl"}, "ipv6": …}, v3 {"ip", "ttl"}. */
static int read_host(const struct driver_call *call, const struct jsonv *root,
                     const struct answer_expect *expect, struct driver_found *found)
{
    struct hosts hosts;
    const struct jsonv *data = jsonv_member(root, "data");
    const struct jsonv *entry = entry_of(call, data);
    bool list = tree_is_object(data) || tree_is_array(data);
    bool empty = (data != NULL && tree_is_null(data)) || (list && jsonv_count(data) == 0);
    if (!empty && entry == NULL) {
        return vendor_garbage(found, "answer to another question");
    }
    hosts_init(&hosts, false);
    hosts.v4.ttl_s = hosts.v6.ttl_s = vendor_ttl(jsonv_member(entry, "ttl"));
    if (!vendor_add_addresses(&hosts, jsonv_member(entry, "ip")) ||
        !add_family(&hosts, &hosts.v4, jsonv_member(entry, "ipv4")) ||
        !add_family(&hosts, &hosts.v6, jsonv_member(entry, "ipv6"))) {
        return vendor_garbage(found, "no address");
    }
    return hosts_answer(&hosts, expect, found);
}

static int read_body(struct driver_call *call, const struct exchange_reply *reply,
                     const struct answer_expect *expect, struct driver_found *found)
{
    owned(jsonv_freep) struct jsonv *root = NULL;
    int class = vendor_parse(reply->body, found, &root);
    bool good = reply->status >= 200 && reply->status <= 299;
    const struct jsonv *word = jsonv_member(root, "msg");
    if (class == DRIVER_OK && tree_text(word).at != NULL && !tree_text_is(word, "ok")) {
        tree_number(jsonv_member(root, "timestamp"), 1, INT64_C(1) << 40, &found->server_s);
        return vendor_class_of_code(call, reply, tree_text(word), found);
    }
    if (class != -ENOMEM && !good) {
        return vendor_class_of_status(call, reply, found);
    }
    return class == DRIVER_OK ? read_host(call, root, expect, found) : class;
}

static int read_reply(struct driver_call *call, const struct exchange_reply *reply,
                      const struct answer_expect *expect, struct driver_found *found)
{
    return dispatch_heed(call, read_body(call, reply, expect, found), found);
}

static const char *const addresses[] = {"180.76.76.200", "240c:4006::6666", NULL};

const struct driver driver_baidu = {
    .name = "baidu",
    .url = "https://httpdns.baidubce.com/v4/resolve",
    .addresses = addresses,
    .addresses_alone = true,
    .wants_date = true,
    .body_max = EXCHANGE_JSON_MAX,
    .serves = hosts_serves,
    .build = build,
    .read = read_reply,
    .open = dispatch_open,
    .close = dispatch_close,
    .failed = dispatch_rotate,
};
