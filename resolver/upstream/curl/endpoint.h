/* SPDX-License-Identifier: MIT */
/* What the curl exchange keeps for an endpoint: its addresses in curl's words, its idle transfers.
 * Private to the exchange. */
#ifndef RESOLVER_UPSTREAM_CURL_ENDPOINT_H
#define RESOLVER_UPSTREAM_CURL_ENDPOINT_H

#include "resolver/exchange.h"
#include "resolver/upstream/idle.h"

#include <curl/curl.h>

struct transfer;

/* Connections that share nothing: to libcurl each lane but the first is a host of its own, by a
 * name that nobody looks up (CURLOPT_CONNECT_TO); TLS and HTTP know the provider's name alone. */
enum { LANES = 8, LANE_NAME_MAX = 16 };

/* Each lane has an heir, a lane of another name: the two take turns. When the connections of one
 * are old, a copy of a question makes one for the heir; then it is the heir's turn, and the old
 * ones rest when they are done. Nobody waits for that. When they may swallow what is sent, a
 * question that asks for it goes by the heir itself. */
enum { ALL_LANES = 2 * LANES };

struct lane {
    struct curl_slist *connect_to; /* NULL: the first, or there are no others */
    struct curl_slist *resolve;    /* the addresses in curl's words */
    struct curl_slist *former;     /* what a transfer that waits to begin may still refer to */
    bool resolved;                 /* curl has used them, and keeps them: it needs no list */
    unsigned n_live;               /* transfers begun and not ended … */
    unsigned n_renewing;           /* … and those of them that find out whether it is its turn */
    uint64_t renews_us;            /* when its latest connection for that was asked for */
    struct known_endpoint *endpoint; /* whose it is; NULL: not set up yet */
    bool waits;                      /* it is its heir's turn */
    uint64_t born_us;                /* when it had its first connection, about; 0: none yet */
};

struct known_endpoint {
    CURLU *url; /* taken apart once, and not for each request; NULL: not set up yet */
    const char *const *addresses;
    size_t n_addresses;
    unsigned edition; /* of them */
    struct lane lanes[ALL_LANES];
    bool has_lanes;                     /* more than the first */
    bool is_literal;                    /* the URL holds an address */
    bool is_serial;                     /* it spoke HTTP/1.1: one request a connection at a time */
    char media_type[EXCHANGE_TYPE_MAX]; /* what the headers below are for; "": none made yet */
    struct curl_slist *post_headers, *get_headers;
    CURLSH *sessions;           /* of TLS, for whatever connection is made next; NULL: none yet */
    struct idle idle;           /* how long it lets connections rest */
    uint64_t no_http3_until_us; /* packets of HTTP/3 got lost on their way there */
    struct exchange_call succession; /* the copy that makes a lane's heir its connection … */
    struct lane *heir;               /* … which */
    uint64_t tried_us;               /* when that began last */
    uint64_t renew_after_us;         /* what is lost takes no heir before */
    uint64_t pause_us; /* until then, when it was set last; 0: the last one was right */
    struct transfer *free;
    unsigned n_fresh; /* transfers under way that insist on a connection of their own */
};

/* Brings `known` (zeroed before first use) up to date. -EINVAL for an unusable URL or without
 * memory. */
int endpoint_update(struct known_endpoint *known, const struct exchange_endpoint *endpoint);
/* The lane with the least under way; apart from `other` (NULL: no matter), of those that have had a
 * connection: what is to overtake must not wait for a handshake, nor break one off when it is
 * overtaken. The first when there is no such lane, or no wish to spread. */
struct lane *endpoint_lane(struct known_endpoint *known, bool spread, const struct lane *other);
/* A request begins on this lane. lends its heir, when the connections are older than `age_us` (0:
 * never are) and a copy of the request is to go to the heir; NULL otherwise. */
struct lane *endpoint_heir(struct known_endpoint *known, struct lane *lane, uint64_t now_us,
                           uint64_t age_us);
/* The heir has a connection: it is its turn. */
void endpoint_succeed(struct known_endpoint *known);
/* What this lane's connections carry may be swallowed. lends its heir for a request that is to find
 * that out, `lost` when it was sent there already: by a connection that is made for it, or for
 * another one like it within a second. NULL when that is not possible, or after a lost one too soon
 * for another: 1 s, doubling to 4 s while they find that nothing was swallowed. */
struct lane *endpoint_renew(struct known_endpoint *known, struct lane *lane, bool lost,
                            uint64_t now_us);
/* The lane's connections are found to swallow: it is its heir's turn, if that has none like them.
 */
void endpoint_renewed(struct known_endpoint *known, struct lane *lane, uint64_t now_us);
/* It has been the lane's turn for so short a time that what is told of its connections may be about
 * those before. */
bool endpoint_is_renewed(const struct lane *lane, uint64_t now_us);
/* lends the header fields of a request that has none of its own: made once, because an endpoint
 * speaks one media type. NULL when that is another, or without memory. */
struct curl_slist *endpoint_headers(struct known_endpoint *known, const char *media_type,
                                    bool post);
/* gives those of any other request. NULL without memory. */
struct curl_slist *endpoint_make_headers(const char *media_type, bool post, const char *header);
/* TLS sessions of this endpoint's connections serve `easy`, one of its own, and nobody else's:
 * whatever verifies them is the same for all that is asked of it. False without memory. */
bool endpoint_share_sessions(struct known_endpoint *known, CURL *easy);
/* What was learnt of it on another network. */
void endpoint_forget(struct known_endpoint *known);
/* No transfer may refer to it any more. */
void endpoint_done(struct known_endpoint *known);

#endif
