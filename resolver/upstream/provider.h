/* SPDX-License-Identifier: MIT */
/* One provider as configured: whom to ask, and in which protocol. */
#ifndef RESOLVER_UPSTREAM_PROVIDER_H
#define RESOLVER_UPSTREAM_PROVIDER_H

#include "resolver/exchange.h"

enum pool_protocol { PROTOCOL_DOH, PROTOCOL_DOH_GET, PROTOCOL_JSON };

/* A secret: never printed, never told. */
struct provider_secret {
    const char *text; /* NULL: none */
    const char *file; /* where it was read from; NULL: it stands in the configuration itself */
};

/* What the provider is told of where its answers are wanted (RFC 7871). */
struct provider_subnet {
    uint8_t at[16];
    uint8_t n;      /* octets of the address: 4, 16, or 0 for nothing told */
    uint8_t length; /* bits; the rest are zero */
    bool from_here; /* configured as auto: this host's own, if it has a public address */
};

/* Strings are lent by the configuration. */
struct provider_params {
    const char *name;
    enum pool_protocol protocol;
    struct exchange_endpoint endpoint; /* id = index in the array */
    const char *group; /* asked only by routes that name it; NULL: by the default route */
    bool filtering;    /* it withholds names by policy: no witness against others (HIJACK §3.0) */
    bool trust_ad;     /* JSON: its word that an answer was validated is passed on */
    struct provider_subnet client_subnet;
};

#endif
