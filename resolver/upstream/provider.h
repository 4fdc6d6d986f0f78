/* SPDX-License-Identifier: MIT */
/* One provider as configured: whom to ask, and in which protocol. */
#ifndef RESOLVER_UPSTREAM_PROVIDER_H
#define RESOLVER_UPSTREAM_PROVIDER_H

#include "resolver/exchange.h"

enum pool_protocol { PROTOCOL_DOH, PROTOCOL_DOH_GET, PROTOCOL_JSON, PROTOCOL_ODOH };

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

/* Oblivious DoH: the provider's endpoint is the relay, its URL the relay's for this target. */
struct provider_odoh {
    const char *url;          /* the target's */
    const char *relay;        /* the relay's template */
    const char *configs_path; /* where the target shows its keys */
    const char *configs_file; /* or a file with them; NULL: none */
    struct bytes configs;     /* what stands in that file */
    struct exchange_endpoint
        target;         /* where the keys are fetched; id = the provider's + POOL_MAX */
    bool same_operator; /* relay and target may be one's own */
};

/* Strings are lent by the configuration. */
struct provider_params {
    const char *name;
    enum pool_protocol protocol;
    struct exchange_endpoint endpoint; /* id = index in the array */
    struct provider_odoh odoh;         /* with PROTOCOL_ODOH */
    const char *group; /* asked only by routes that name it; NULL: by the default route */
    bool filtering;    /* it withholds names by policy: no witness against others (HIJACK §3.0) */
    bool trust_ad;     /* JSON: its word that an answer was validated is passed on */
    struct provider_subnet client_subnet;
};

#endif
