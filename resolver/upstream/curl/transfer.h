/* SPDX-License-Identifier: MIT */
/* One request to an endpoint and its reply, in curl's words: an easy handle that is kept for the
 * endpoint's next request, so that what never changes is set once. Knows nothing of the multi
 * handle. Private to the exchange. Bounds: EXCHANGE_REQUEST_MAX octets out; body_max octets and
 * some header fields in. */
#ifndef RESOLVER_UPSTREAM_CURL_TRANSFER_H
#define RESOLVER_UPSTREAM_CURL_TRANSFER_H

#include "resolver/upstream/curl/curl.h"
#include "resolver/upstream/curl/endpoint.h"
#include "resolver/upstream/watches.h"

#include <curl/curl.h>

enum {
    STREAMS_A_CONNECTION = 100, /* RFC 9113 section 6.5.2: servers should allow so many */
};

struct transfer {
    CURL *easy;
    struct known_endpoint *endpoint; /* it serves no other: its options stay */
    struct lane *lane;
    struct curl_slist *connects_to; /* the lane's, as set */
    struct exchange_call *call;
    uint64_t began_us;
    struct transfer *next; /* in its endpoint's free list or among the unreachable */
    bool is_set, is_post, is_fresh, is_eager, is_http3; /* which options it has */
    bool is_elsewhere;          /* its URL is that of its last request alone */
    bool wants_fresh;           /* counted in endpoint->n_fresh */
    bool renews;                /* by a lane whose turn it is not yet: counted there */
    struct curl_slist *headers; /* this request's own; NULL: the endpoint's */
    uint8_t request[EXCHANGE_REQUEST_MAX];
    uint8_t *body;
    size_t n_body, body_room, body_max;
    bool may_follow; /* one redirect, to the same host */
    bool may_repeat; /* what a connection's end took with it, once */
    size_t header_bytes;
    unsigned n_headers;
    bool has_age, encoded, too_large, wants_date;
    uint32_t age_s;
    bool has_max_age;
    uint32_t max_age_s;
    int64_t date_s;
    char proxy_status[EXCHANGE_DETAIL_MAX];
    const struct exchange_road *road; /* its endpoint's */
    char detail[CURL_ERROR_SIZE];
};

/* gives an idle transfer, NULL without memory. Its sockets are made and closed by `watches`, which
 * is borrowed for as long as its connections live. */
struct transfer *transfer_new(const struct curl_exchange_params *params, struct watches *watches,
                              struct known_endpoint *endpoint);
/* It must be in no multi handle. */
void transfer_free(struct transfer *t);

/* Takes up `request` for `call`, on this lane, now; nothing is heard yet. */
void transfer_begin(struct transfer *t, const struct exchange_request *request, struct lane *lane,
                    struct exchange_call *call, uint64_t now_us);
/* Sets what the request needs and is not as it was with the last one; then it may be added to the
 * multi handle. False without memory, or when curl cannot do it. */
bool transfer_set(struct transfer *t, const struct exchange_request *request);
/* After the transfer has left the multi handle: is it to be added again? It is when it was
 * redirected and may follow, or when its connection said GOAWAY before it was seen. */
bool transfer_goes_on(struct transfer *t, CURLcode code);
/* Tells whoever called what came of it, after the transfer has left the multi handle. */
void transfer_tell(struct transfer *t, CURLcode code);
/* It is idle again, and in its endpoint's free list. */
void transfer_release(struct transfer *t);

#endif
