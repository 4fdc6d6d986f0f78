/* SPDX-License-Identifier: MIT */
/* The driver of RFC 8484: a question as an HTTP request, an HTTP reply as an answer. Pure: no I/O,
 * no memory of its own. */
#ifndef RESOLVER_UPSTREAM_DOH_H
#define RESOLVER_UPSTREAM_DOH_H

#include "resolver/exchange.h"
#include "resolver/wire/answer.h"

#define DOH_MEDIA_TYPE "application/dns-message"

/* A query's 512 octets in base64url, and room for a long URL. */
enum { DOH_TARGET_MAX = 2048, DOH_PAD_TO = 128 };

struct doh_wish {
    const struct question *question;
    bool want_do, want_cd;
    bool get;
};

/* What a built request refers to; must outlive it. */
struct doh_room {
    uint8_t message[QUERY_MAX];
    char target[DOH_TARGET_MAX];
};

/* Fills method, media_type, and body or target (RFC 8484 §4.1); POST is padded (RFC 8467 §4.1), GET
 * is not (it would only lengthen what caches compare). -EMSGSIZE when the URL grows too long. */
int doh_build(const struct doh_wish *wish, struct doh_room *room, struct exchange_request *request);

/* True for a 2xx status with our media type, parameters aside: only then is the body DNS. */
bool doh_is_message(const struct exchange_reply *reply);

#endif
