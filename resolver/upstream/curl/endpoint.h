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
    struct curl_slist *resolve;         /* the addresses in curl's words */
    struct curl_slist *former;          /* what a transfer that waits to begin may still refer to */
    bool resolved;                      /* curl has used them, and keeps them: it needs no list */
    bool is_literal;                    /* the URL holds an address */
    char media_type[EXCHANGE_TYPE_MAX]; /* what the headers below are for; "": none made yet */
    struct curl_slist *post_headers, *get_headers;
    struct transfer *free;
    unsigned n_live;  /* transfers begun and not ended */
    unsigned n_fresh; /* of these, those that insist on a connection of their own */
};

/* Brings `known` (zeroed before first use) up to date. -EINVAL for an unusable URL or without
 * memory. */
int endpoint_update(struct known_endpoint *known, const struct exchange_endpoint *endpoint);
/* lends the header fields of a request that has none of its own: made once, because an endpoint
 * speaks one media type. NULL when that is another, or without memory. */
struct curl_slist *endpoint_headers(struct known_endpoint *known, const char *media_type,
                                    bool post);
/* gives those of any other request. NULL without memory. */
struct curl_slist *endpoint_make_headers(const char *media_type, bool post, const char *header);
/* No transfer may refer to it any more. */
void endpoint_done(struct known_endpoint *known);

#endif
