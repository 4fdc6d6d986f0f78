/* SPDX-License-Identifier: MIT */
/* Volcengine HTTPDNS (PROVIDERS §7.1): addresses of both families in one list; signed by MD5. */
#include "resolver/upstream/dispatch.h"
#include "resolver/upstream/drivers.h"
#include "resolver/upstream/vendor.h"

#include <errno.h>
#include <stdlib.h>

enum { N_SIGNED = 6, NUMBER = 24, META_MINUTES = 30, META_MINUTES_MAX = 1440 };

static int by_octets(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* MD5 over the values in order of their octets, joined by '_'; what is not sent counts as empty. */
static int put_signature(const char *values[N_SIGNED], struct buf *url)
{
    uint8_t room[VENDOR_SIGNED_MAX];
    struct buf message = buf_over(room, sizeof room);
    qsort(values, N_SIGNED, sizeof values[0], by_octets);
    for (size_t i = 0; i < N_SIGNED; i++) {
        encode_text(i > 0 ? "_" : "", &message);
        encode_text(values[i], &message);
    }
    int failure = vendor_put_digest(DIGEST_MD5, bytes_of(NULL, 0), &message, url);
    explicit_bzero(room, sizeof room);
    return failure;
}

static void put_time(const struct driver_call *call, char time[NUMBER])
{
    struct buf text = buf_over(time, NUMBER - 1);
    memset(time, 0, NUMBER);
    encode_number((driver_now_s(call) + VENDOR_EXPIRY_S) * 1000, &text);
}

static int build(struct driver_call *call, struct driver_room *room,
                 struct exchange_request *request)
{
    const struct provider_account *account = &call->provider->account;
    char host[HOSTS_NAME_MAX], time[NUMBER], subnet[SUBNET_TEXT_MAX] = "";
    struct buf subnet_text = buf_over(subnet, sizeof subnet - 1);
    put_time(call, time);
    subnet_put(&call->provider->client_subnet, "", SUBNET_ADDRESS, &subnet_text);
    hosts_name(call->question, host);

    struct buf url = vendor_url(room, call->endpoint->url);
    vendor_put_first(call->endpoint->url, "domain=", &url);
    encode_text(host, &url);
    encode_text("&account_id=", &url);
    encode_url(bytes_of(account->id, strlen(account->id)), &url);
    encode_text("&timestamp=", &url);
    encode_text(time, &url);
    if (subnet[0] != '\0') {
        encode_text("&ip=", &url);
        encode_url(bytes_of(subnet, strlen(subnet)), &url);
    }
    encode_text("&sign=", &url);
    const char *values[N_SIGNED] = {account->secret.text, time, account->id, host, subnet, ""};
    int failure = put_signature(values, &url);
    return failure < 0 ? failure : vendor_get(room, &url, request);
}

static int read_body(struct driver_call *call, const struct exchange_reply *reply,
                     const struct answer_expect *expect, struct driver_found *found)
{
    owned(jsonv_freep) struct jsonv *root = NULL;
    struct hosts hosts;
    if (reply->status < 200 || reply->status > 299) {
        return vendor_class_of_status(call, reply, found);
    }
    int class = vendor_parse(reply->body, found, &root);
    if (class != DRIVER_OK) {
        return class;
    }
    hosts_init(&hosts, true);
    const struct jsonv *host = jsonv_member(root, "host");
    if (host == NULL || !vendor_is_host(call, host)) {
        return vendor_garbage(found, "answer to another question");
    }
    if (!vendor_add_addresses(&hosts, jsonv_member(root, "ips"))) {
        return vendor_garbage(found, "no address");
    }
    hosts.v4.ttl_s = hosts.v6.ttl_s = vendor_ttl(jsonv_member(root, "ttl"));
    return hosts_answer(&hosts, expect, found);
}

static int read_reply(struct driver_call *call, const struct exchange_reply *reply,
                      const struct answer_expect *expect, struct driver_found *found)
{
    return dispatch_heed(call, read_body(call, reply, expect, found), found);
}

/* ---- the service's own addresses ---- */

/* How this is signed is not documented: as a question without a domain. */
static enum driver_errand meta_errand(struct driver_call *call, struct driver_room *room,
                                      struct exchange_request *request)
{
    const struct provider_account *account = &call->provider->account;
    char time[NUMBER];
    if (!account->dispatch || !dispatch_is_due(call)) {
        return DRIVER_ERRAND_NONE;
    }
    put_time(call, time);
    struct buf url = vendor_url_beside(room, call->endpoint->url, "svc_meta");
    encode_text("?account_id=", &url);
    encode_url(bytes_of(account->id, strlen(account->id)), &url);
    encode_text("&timestamp=", &url);
    encode_text(time, &url);
    encode_text("&svc_meta_ts=", &url);
    encode_number(*dispatch_mark(call), &url);
    encode_text("&sign=", &url);
    const char *values[N_SIGNED] = {account->secret.text, time, account->id, "", "", ""};
    bool good = put_signature(values, &url) == 0 && vendor_get(room, &url, request) == 0;
    return good ? DRIVER_ERRAND_DUE : DRIVER_ERRAND_NONE;
}

/* Names among them are of no use: only addresses can be asked. */
static void add_list(struct driver_call *call, const struct jsonv *list)
{
    for (size_t i = 0; i < jsonv_count(list); i++) {
        dispatch_add(call, tree_text(jsonv_element(list, i)));
    }
}

static struct driver_addresses meta_errand_done(struct driver_call *call,
                                                const struct exchange_reply *reply)
{
    owned(jsonv_freep) struct jsonv *root = NULL;
    int64_t minutes = META_MINUTES;
    if (reply->result != EXCHANGE_DONE || reply->status != 200 ||
        tree_parse(reply->body, &root) < 0) {
        return (struct driver_addresses){NULL, 0};
    }
    const struct jsonv *meta = jsonv_member(root, "svc_meta");
    tree_number(jsonv_member(root, "ts"), 1, INT64_MAX, dispatch_mark(call));
    tree_number(jsonv_member(root, "update_interval_min"), 1, META_MINUTES_MAX, &minutes);
    dispatch_begin(call);
    add_list(call, jsonv_member(meta, "main_domains"));
    add_list(call, jsonv_member(meta, "backup_domains"));
    return dispatch_use(call, (uint32_t)minutes * 60);
}

const struct driver driver_volc = {
    .name = "volc",
    .url = "https://httpdns.volcengineapi.com/resolve",
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
    .errand = meta_errand,
    .errand_done = meta_errand_done,
};
