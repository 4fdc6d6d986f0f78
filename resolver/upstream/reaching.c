/* SPDX-License-Identifier: MIT */
/* An endpoint and its bootstrap: where it begins, what is found, and what became of it. */
#include "resolver/upstream/upstream.h"

#include <errno.h>

/* The name of the endpoint's host, as the table of kept ones has it; "" when it has none. */
static const char *host_of(const struct exchange_endpoint *endpoint, char out[NAME_MAX_TEXT])
{
    struct name host;
    out[0] = '\0';
    if (bootstrap_host_of(endpoint->url, &host)) {
        name_lower(&host);
        name_to_text(&host, out);
    }
    return out;
}

int upstream_bootstrap(struct upstream *u, struct exchange_endpoint *endpoint,
                       void (*on_done)(void *ctx), struct bootstrap **ret)
{
    const struct pool *pool = u->pool;
    char host[NAME_MAX_TEXT];
    const char *addresses[KEPT_ADDRESSES_MAX];
    *ret = NULL;
    if (endpoint->n_addresses > 0 || host_of(endpoint, host)[0] == '\0') {
        return 0;
    }
    struct bootstrap_params params = {
        .port = pool->port,
        .plain = pool->params.bootstrap,
        .door = through_door(u),
        .url = endpoint->url,
        .kept = addresses,
        .on_done = on_done,
        .ctx = u,
    };
    const struct kept_host *kept =
        pool->params.kept != NULL ? kept_find(pool->params.kept, host) : NULL;
    while (kept != NULL && params.n_kept < kept->n) {
        addresses[params.n_kept] = kept->address[params.n_kept];
        params.n_kept++;
    }
    *ret = bootstrap_new(&params);
    if (*ret == NULL) {
        return -ENOMEM;
    }
    upstream_take_addresses(endpoint, *ret);
    return 0;
}

/* Memory that held addresses may hold others later: by where they stand alone, whoever has looked
 * away meanwhile could not tell. */
void upstream_move(struct exchange_endpoint *endpoint, const char *const *addresses, size_t n)
{
    endpoint->edition += endpoint->addresses != addresses || endpoint->n_addresses != n;
    endpoint->addresses = addresses;
    endpoint->n_addresses = n;
}

void upstream_take_addresses(struct exchange_endpoint *endpoint, const struct bootstrap *bootstrap)
{
    struct bootstrap_found found = bootstrap_found(bootstrap);
    upstream_move(endpoint, found.addresses, found.n_addresses);
}

bool upstream_learn_addresses(struct upstream *u, struct exchange_endpoint *endpoint,
                              struct bootstrap *bootstrap, const char *const *addresses,
                              const struct exchange_reply *reply)
{
    const struct pool_params *params = &u->pool->params;
    if (bootstrap == NULL) {
        return false;
    }
    if (reply->result == EXCHANGE_UNREACHABLE || reply->result == EXCHANGE_UNTRUSTED ||
        reply->result == EXCHANGE_TLS_FAILED) {
        if (!bootstrap_note_bad(bootstrap, addresses)) {
            return false;
        }
        upstream_take_addresses(endpoint, bootstrap);
        return true;
    }
    if (reply->result == EXCHANGE_DONE &&
        bootstrap_note_good(bootstrap, addresses, reply->connected) && params->on_reached != NULL) {
        char host[NAME_MAX_TEXT];
        struct bootstrap_found found = bootstrap_found(bootstrap);
        params->on_reached(params->on_reached_ctx, host_of(endpoint, host), found.addresses,
                           found.n_addresses);
    }
    return false;
}
