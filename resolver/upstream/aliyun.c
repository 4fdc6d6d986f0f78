/* SPDX-License-Identifier: MIT */
/* Aliyun EMAS HTTPDNS, API v1 (PROVIDERS §4): addresses alone; signed by MD5 when there is a
 * secret. Both families are asked for at once, so that one alone says that the other is absent. */
#include "resolver/upstream/drivers.h"
#include "resolver/upstream/service.h"
#include "resolver/upstream/vendor.h"

#include <errno.h>

static int build(struct driver_call *call, struct driver_room *room,
                 struct exchange_request *request)
{
    const struct provider_account *account = &call->provider->account;
    bool is_signed = account->secret.text != NULL;
    char host[HOSTS_NAME_MAX];
    if (dispatch_is_stopped(call)) {
        return -ESHUTDOWN;
    }
    hosts_name(call->question, host);
    struct buf url = vendor_url_below(room, call->endpoint->url, "/");
    encode_url(bytes_of(account->id, strlen(account->id)), &url);
    encode_text(is_signed ? "/sign_" : "/", &url);
    encode_text(account->batch ? "resolve?host=" : "d?host=", &url);
    encode_text(host, &url);
    encode_text("&query=4,6", &url);
    subnet_put(&call->provider->client_subnet, "&ip=", SUBNET_ADDRESS, &url);
    service_put_sdns(&account->sdns, "&", true, &url);
    int failure = is_signed ? vendor_put_md5(call, host, "&s=", &url) : 0;
    return failure < 0 ? failure : vendor_get(room, &url, request);
}

/* One host's entry. The families are told apart by the addresses themselves: "type" is documented,
 * and not always there. */
static bool add_entry(struct hosts *hosts, const struct jsonv *entry)
{
    int64_t ttl_s = vendor_ttl(jsonv_member(entry, "ttl"));
    size_t n_v4 = hosts->v4.n, n_v6 = hosts->v6.n;
    bool good = vendor_add_addresses(hosts, jsonv_member(entry, "ips")) &&
                vendor_add_addresses(hosts, jsonv_member(entry, "ipsv6"));
    bool empty = hosts->v4.n == n_v4 && hosts->v6.n == n_v6;
    if (hosts->v4.n > n_v4 || (empty && hosts->v4.n == 0)) {
        hosts->v4.ttl_s = ttl_s;
    }
    if (hosts->v6.n > n_v6 || (empty && hosts->v6.n == 0)) {
        hosts->v6.ttl_s = ttl_s;
    }
    return good;
}

static int read_hosts(const struct driver_call *call, const struct jsonv *root,
                      const struct answer_expect *expect, struct driver_found *found)
{
    struct hosts hosts;
    const struct jsonv *list = jsonv_member(root, "dns");
    const struct jsonv *host = jsonv_member(root, "host");
    bool good = true, known = jsonv_count(list) == 0;
    hosts_init(&hosts, true);
    if (tree_is_array(list)) {
        for (size_t i = 0; i < jsonv_count(list) && good; i++) {
            const struct jsonv *entry = jsonv_element(list, i);
            bool ours = vendor_is_host(call, jsonv_member(entry, "host"));
            known = known || ours;
            good = !ours || add_entry(&hosts, entry);
        }
    } else if (host == NULL) {
        return vendor_garbage(found, "no host in the reply");
    } else if (!vendor_is_host(call, host)) {
        return vendor_garbage(found, "answer to another question");
    } else {
        good = add_entry(&hosts, root);
    }
    if (!good || !known) {
        return vendor_garbage(found, good ? "answer to another question" : "no address");
    }
    return hosts_answer(&hosts, expect, found);
}

static int read_reply(struct driver_call *call, const struct exchange_reply *reply,
                      const struct answer_expect *expect, struct driver_found *found)
{
    owned(jsonv_freep) struct jsonv *root = NULL;
    int class = vendor_parse(reply->body, found, &root);
    struct bytes code = tree_text(jsonv_member(root, "code"));
    bool good = reply->status >= 200 && reply->status <= 299;
    if (class == DRIVER_OK && code.at != NULL) {
        class = vendor_class_of_code(call, reply, code, found);
    } else if (class != -ENOMEM && !good) {
        class = vendor_class_of_status(call, reply, found);
    } else if (class == DRIVER_OK) {
        class = read_hosts(call, root, expect, found);
    }
    return dispatch_heed(call, class, found);
}

const struct driver driver_aliyun = {
    .name = "aliyun",
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
