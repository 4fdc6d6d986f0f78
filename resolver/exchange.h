/* SPDX-License-Identifier: MIT */
/* The seam to a provider: bytes to an endpoint, bytes back, once. The daemon's exchange is libcurl
 * (resolver/upstream/curl/); the tests' exchange is a script.
 *
 * Knows HTTP only as far as a DNS driver needs it; knows no DNS. Bound: EXCHANGE_BODY_MAX bytes a
 * reply, or as many as its request allows, enforced while it streams in. */
#ifndef RESOLVER_EXCHANGE_H
#define RESOLVER_EXCHANGE_H

#include "resolver/bytes.h"

struct exchange;
struct exchange_call;

enum {
    EXCHANGE_BODY_MAX = 65535, /* a DNS message is no longer: RFC 1035 §4.2.2 */
    EXCHANGE_JSON_MAX = 256 * 1024,
    EXCHANGE_REQUEST_MAX = 1024,
    EXCHANGE_TYPE_MAX = 128,
    EXCHANGE_DETAIL_MAX = 128,
};

/* How packets get there. All strings are lent; NULL and 0: as the system does it. */
enum exchange_family { EXCHANGE_ANY_FAMILY, EXCHANGE_IPV4, EXCHANGE_IPV6 };
struct exchange_road {
    const char *pins; /* "sha256//BASE64;…": one of them is the public key's, or it fails */
    const char *client_cert; /* PEM file */
    const char *client_key;  /* PEM file */
    const char *proxy;       /* socks5://ADDRESS:PORT or http://ADDRESS:PORT */
    const char *interface;   /* its packets leave by this one */
    const char *source;      /* literal address they come from */
    uint32_t mark;           /* firewall mark; needs CAP_NET_ADMIN */
    enum exchange_family family;
};

/* Where to: all strings and arrays are lent for as long as the exchange lives; what stands behind
 * `addresses` may become something else when `edition` does. `id` is small, unique within
 * one exchange (the provider's index): what an exchange keeps for an endpoint it keeps by id. */
struct exchange_endpoint {
    unsigned id;
    const char *url;              /* https://host[:port]/path */
    const char *const *addresses; /* n_addresses literals of either family; an exchange
                                 looks no name up: none and no literal in the URL is UNREACHABLE */
    size_t n_addresses;
    unsigned edition;    /* of the addresses: another number when they are others */
    const char *ca_file; /* NULL: the system's roots */
    bool plaintext;      /* the URL may be http:// */
    bool redirects;      /* one to the same host may be followed, once */
    bool http3;          /* is tried, where the exchange has it, and HTTP/2 beside */
    struct exchange_road road;
};

enum exchange_method { EXCHANGE_POST, EXCHANGE_GET };

/* Borrowed during start(), save the endpoint. */
struct exchange_request {
    const struct exchange_endpoint *endpoint;
    enum exchange_method method;
    const char *media_type; /* Accept, and Content-Type with POST */
    const char *header;     /* a further field, "Name: value", or one that is left out, "Name:";
                               NULL: none */
    struct bytes body;      /* POST: EXCHANGE_REQUEST_MAX octets at most */
    const char *target;     /* GET: the whole URL; NULL: endpoint->url */
    size_t body_max;        /* octets the reply may have; 0: EXCHANGE_BODY_MAX */
    bool wants_date;        /* fill the reply's date_s */
    bool fresh;             /* do not reuse a connection */
    bool renew;  /* those that there are may swallow what is sent: on one that is made for it, and
                    which is used from now on if they owe a reply and say nothing until its own has
                    come. Where that cannot be, as `fresh` says */
    bool spread; /* use more than one connection, as requests under way need them */
    const struct exchange_call *apart_from; /* another one than this call's; NULL: no matter */
};

/* How far it came. Ordered by how much was heard from the other side. */
enum exchange_result {
    EXCHANGE_UNREACHABLE, /* no connection: refused, no route, no address */
    EXCHANGE_UNTRUSTED,   /* TLS: the certificate or its name does not hold */
    EXCHANGE_TLS_FAILED,  /* TLS: any other trouble of the handshake */
    EXCHANGE_BROKEN,      /* connection lost, stream reset, protocol error, before a whole reply */
    EXCHANGE_TOO_LARGE,   /* more than body_max */
    EXCHANGE_DONE,        /* a whole HTTP reply: look at status */
};

/* The versions of HTTP, by how many requests a connection takes at once: one, or many. */
enum exchange_http { EXCHANGE_HTTP_UNKNOWN, EXCHANGE_HTTP1, EXCHANGE_HTTP2, EXCHANGE_HTTP3 };

struct exchange_reply {
    enum exchange_result result;
    unsigned status;          /* HTTP status, with DONE */
    const char *media_type;   /* Content-Type as received, "" when absent */
    uint32_t age_s;           /* Age header (RFC 9111 §5.1): absent or nonsense is 0 */
    bool has_max_age;         /* Cache-Control: max-age (RFC 9111 §5.2.2.1) */
    uint32_t max_age_s;       /* the lowest, where there are several */
    uint32_t retry_after_s;   /* Retry-After, 0 when absent */
    int64_t date_s;           /* Date header as Unix time, when wanted; absent or nonsense is 0 */
    bool connected;           /* with DONE: a connection was made for it */
    enum exchange_http http;  /* with DONE: which version was spoken */
    const char *proxy_status; /* Proxy-Status (RFC 9209), its beginning; NULL when absent */
    struct bytes body;
    const char *detail; /* one line for a person; "" when DONE */
};

/* One exchange under way, embedded in its owner. `on_done` is called exactly once unless cancelled,
 * never from inside start(); the reply is borrowed during the call, which may free the owner. */
struct exchange_call {
    void (*on_done)(struct exchange_call *call, const struct exchange_reply *reply);
    void *handle; /* the backend's */
};

struct exchange_ops {
    /* 0, or -ENOMEM / -EINVAL (unusable URL): then on_done is not called. */
    int (*start)(struct exchange *exchange, const struct exchange_request *request,
                 struct exchange_call *call);
    /* After it on_done is not called. Harmless when the call is not under way. */
    void (*cancel)(struct exchange *exchange, struct exchange_call *call);
    /* Someone has waited `silent_us` for a reply from there. Connections of the endpoint on which
     * nothing that was sent since is known to have arrived are given up: what waits on them ends
     * BROKEN, later, and nothing new is sent on them. */
    void (*doubt)(struct exchange *exchange, const struct exchange_endpoint *endpoint,
                  uint64_t silent_us);
    /* The network is another one: every connection is given up as by doubt(), idle ones too. */
    void (*retire)(struct exchange *exchange);
    /* Frees the exchange; every call must have ended. */
    void (*free)(struct exchange *exchange);
};

struct exchange {
    const struct exchange_ops *ops;
};

#endif
