/* SPDX-License-Identifier: MIT */
/* The exchange on libcurl: the one door to it. HTTP/2 over TLS with verification always on, one
 * multi handle an exchange, on the port's watches and timers, easy handles reused. Follows no
 * redirects but one to the same host where that is allowed, never uses the environment's proxies,
 * cookies, netrc, HSTS or alt-svc (H12); refuses content encodings (H6). */
#ifndef RESOLVER_UPSTREAM_CURL_H
#define RESOLVER_UPSTREAM_CURL_H

#include "resolver/exchange.h"
#include "resolver/port.h"

/* Once a process, before threads start; curl_exchange_global_done() last. -ENOTSUP with a detail
 * when the installed libcurl lacks TLS or HTTP/2. */
int curl_exchange_global_init(const char **ret_detail);
void curl_exchange_global_done(void);

struct curl_exchange_params {
    const char *user_agent;
    uint32_t connect_timeout_ms; /* per connection: 1000 */
    uint32_t total_timeout_ms;   /* whatever happens, a call ends by then */
    long max_connections;        /* per endpoint */
    uint32_t connection_age_s;   /* older ones are replaced; 0: never */
};

/* gives an exchange (exchange->ops->free ends it), NULL without memory. */
struct exchange *curl_exchange_new(const struct curl_exchange_params *params, struct port *port);

bool curl_exchange_has_http3(void);
/* "libcurl/7.88.1 OpenSSL/3.0.16 …", lent for ever. */
const char *curl_exchange_version(void);

#endif
