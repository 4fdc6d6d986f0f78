/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/service.h"

#include "resolver/upstream/vendor.h"

#include <stdlib.h>

enum { NONCE = 5, HTTP_PORT = 80, HTTPS_PORT = 443 };

const char *const service_addresses[] = {"203.107.1.1",
                                         "203.107.1.97",
                                         "203.107.1.100",
                                         "203.119.238.240",
                                         "106.11.25.239",
                                         "59.82.99.47",
                                         "2401:b180:7001::31d",
                                         "2408:4003:1f40::30a",
                                         "2401:b180:2000:20::10",
                                         "2401:b180:2000:30::1c",
                                         NULL};
static const char *const hk[] = {"47.56.234.194", "47.56.119.115", "240b:4000:f10::178",
                                 "240b:4000:f10::188", NULL};
static const char *const sg[] = {"161.117.200.122", "47.74.222.190", "240b:4000:f10::178",
                                 "240b:4000:f10::188", NULL};
static const char *const us[] = {"47.246.131.175", "47.246.131.141", "2404:2280:4000::2bb",
                                 "2404:2280:4000::23e", NULL};
static const char *const de[] = {"47.89.80.182", "47.246.146.77", "2404:2280:3000::176",
                                 "2404:2280:3000::188", NULL};

const char *const *service_addresses_of(const char *region)
{
    static const struct {
        const char *region;
        const char *const *at;
    } regions[] = {{"global", service_addresses},
                   {"cn", service_addresses},
                   {"hk", hk},
                   {"sg", sg},
                   {"us", us},
                   {"de", de}};
    for (size_t i = 0; i < sizeof regions / sizeof regions[0]; i++) {
        if (strcmp(regions[i].region, region) == 0) {
            return regions[i].at;
        }
    }
    return NULL;
}

static size_t key_of(const char *text)
{
    return strcspn(text, "=");
}

/* Octet by octet, the shorter of two that begin alike first. */
static int by_key(const void *a, const void *b)
{
    const char *x = *(const char *const *)a, *y = *(const char *const *)b;
    size_t n_x = key_of(x), n_y = key_of(y);
    int order = memcmp(x, y, n_x < n_y ? n_x : n_y);
    return order != 0 ? order : (n_x > n_y) - (n_x < n_y);
}

void service_put_sdns(const struct provider_texts *sdns, const char *before, bool in_url,
                      struct buf *out)
{
    struct provider_texts sorted = *sdns;
    qsort(sorted.at, sorted.n, sizeof sorted.at[0], by_key);
    for (size_t i = 0; i < sorted.n; i++) {
        const char *value = sorted.at[i] + key_of(sorted.at[i]) + 1;
        if (value[0] == '\0') {
            continue;
        }
        encode_text(before, out);
        encode_text("sdns-", out);
        buf_put(out, sorted.at[i], key_of(sorted.at[i]) + 1);
        if (in_url) {
            encode_url(bytes_of(value, strlen(value)), out);
        } else {
            encode_text(value, out);
        }
    }
}

/* ---- asking ---- */

static int put_signature(const struct driver_call *call, struct buf *url)
{
    uint8_t dice[NONCE];
    char nonce[2 * NONCE + 1] = "";
    struct buf hex = buf_over(nonce, sizeof nonce - 1);
    call->port->ops->random(call->port, dice, sizeof dice);
    encode_hex(bytes_of(dice, sizeof dice), &hex);
    encode_text("&n=", url);
    encode_text(nonce, url);
    return vendor_put_md5(call, nonce, "&s=", url);
}

static int build(struct driver_call *call, struct driver_room *room,
                 struct exchange_request *request)
{
    const struct provider_account *account = &call->provider->account;
    struct buf url = vendor_url_below(room, call->endpoint->url, "/");
    encode_url(bytes_of(account->id, strlen(account->id)), &url);
    encode_text("/ss?region=", &url);
    encode_text(account->region != NULL ? account->region : "global", &url);
    int failure = account->secret.text != NULL ? put_signature(call, &url) : 0;
    return failure < 0 ? failure : vendor_get(room, &url, request);
}

enum driver_errand service_errand(struct driver_call *call, struct driver_room *room,
                                  struct exchange_request *request)
{
    bool due = !call->provider->account.fixed_addresses && dispatch_is_due(call);
    return due && build(call, room, request) == 0 ? DRIVER_ERRAND_DUE : DRIVER_ERRAND_NONE;
}

/* ---- what came ---- */

/* Of a URL that the configuration has found to be good. */
static int64_t port_of(const char *url)
{
    const char *host = strstr(url, "://") + 3;
    size_t n = strcspn(host, "/?#");
    const char *colon = memrchr(host, ':', n), *bracket = memrchr(host, ']', n);
    if (colon != NULL && (bracket == NULL || bracket < colon)) {
        return strtol(colon + 1, NULL, 10);
    }
    return strncmp(url, "http:", 5) == 0 ? HTTP_PORT : HTTPS_PORT;
}

/* An address whose port is another than ours cannot be used: the endpoint has one. */
static void add_list(struct driver_call *call, const struct jsonv *addresses,
                     const struct jsonv *ports)
{
    int64_t ours = port_of(call->endpoint->url);
    for (size_t i = 0; i < jsonv_count(addresses); i++) {
        int64_t port = ours;
        const struct jsonv *given = jsonv_element(ports, i);
        bool told = given == NULL || tree_number(given, 0, UINT16_MAX, &port);
        if (told && (port == ours || port == 0)) {
            dispatch_add(call, tree_text(jsonv_element(addresses, i)));
        }
    }
}

struct driver_addresses service_errand_done(struct driver_call *call,
                                            const struct exchange_reply *reply)
{
    owned(jsonv_freep) struct jsonv *root = NULL;
    if (reply->result != EXCHANGE_DONE || reply->status != 200 ||
        tree_parse(reply->body, &root) < 0) {
        return (struct driver_addresses){NULL, 0};
    }
    if (tree_text_is(jsonv_member(root, "service_status"), "disable")) {
        dispatch_stop(call);
        return (struct driver_addresses){NULL, 0};
    }
    dispatch_begin(call);
    add_list(call, jsonv_member(root, "service_ip"), jsonv_member(root, "service_ip_port"));
    add_list(call, jsonv_member(root, "service_ipv6"), jsonv_member(root, "service_ipv6_port"));
    return dispatch_use(call, SERVICE_GOOD_S);
}
