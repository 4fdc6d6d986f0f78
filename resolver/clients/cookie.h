/* SPDX-License-Identifier: MIT */
/* Server cookies (RFC 7873, RFC 9018): who sends one back has been reached at its address. Made and
 * checked without remembering any client; whoever shares the secret takes them too. */
#ifndef RESOLVER_CLIENTS_COOKIE_H
#define RESOLVER_CLIENTS_COOKIE_H

#include "resolver/clients/address.h"

enum {
    COOKIE_CLIENT = 8,          /* octets of a client's part */
    COOKIE_SERVER = 16,         /* of ours */
    COOKIE_MAX = 40,            /* of both, by whomever */
    COOKIE_OLD_S = 3600,        /* RFC 9018 §4.3: older ones are not taken */
    COOKIE_YOUNG_S = 300,       /* nor ones from the future */
    COOKIE_RENEW_S = 1800,      /* from then on the client gets a new one */
    COOKIE_SECRET = 16,         /* octets */
    COOKIE_SECRETS_MAX = 2,     /* the one in force, and the one before it */
    COOKIE_EPOCH_S = 24 * 3600, /* without fixed secrets each day has its own */
};

struct cookie_keys {
    uint8_t at[COOKIE_SECRETS_MAX][COOKIE_SECRET];
    size_t n;                    /* 0: none are fixed */
    uint8_t root[COOKIE_SECRET]; /* random; each day's secret is made from it */
};

/* "HEX [HEX]": 32 digits each. False when it is anything else. */
bool cookie_keys_read(const char *text, struct cookie_keys *ret_keys);

/* Where a cookie option stands. */
struct cookie_client {
    const struct client_address *from;
    struct bytes cookie; /* the option's octets: COOKIE_CLIENT at least */
    uint32_t now_s;      /* Unix time */
};

/* Writes what the reply is to carry (the client's part and ours, COOKIE_CLIENT + COOKIE_SERVER
 * octets). True when the cookie that came was good. */
bool cookie_answer(const struct cookie_keys *keys, const struct cookie_client *client,
                   uint8_t ret_cookie[COOKIE_CLIENT + COOKIE_SERVER]);

#endif
