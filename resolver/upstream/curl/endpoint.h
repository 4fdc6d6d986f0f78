/* SPDX-License-Identifier: MIT */
/* What the curl exchange keeps for an endpoint: its addresses in curl's words, its idle transfers.
 * Private to the exchange. */
#ifndef RESOLVER_UPSTREAM_CURL_ENDPOINT_H
#define RESOLVER_UPSTREAM_CURL_ENDPOINT_H

#include "resolver/exchange.h"

#include <curl/curl.h>

struct transfer;

struct known_endpoint {
    const char *const *addresses;
    size_t n_addresses;
    struct curl_slist *resolve; /* the addresses in curl's words */
    struct curl_slist *former;  /* what a transfer that waits to begin may still refer to */
    bool resolved;              /* curl has used them, and keeps them: it needs no list */
    bool is_literal;            /* the URL holds an address */
    struct transfer *free;
    unsigned n_live; /* transfers begun and not ended */
};

/* Brings `known` (zeroed before first use) up to date. -EINVAL for an unusable URL or without
 * memory. */
int endpoint_update(struct known_endpoint *known, const struct exchange_endpoint *endpoint);
/* No transfer may refer to it any more. */
void endpoint_done(struct known_endpoint *known);

#endif
