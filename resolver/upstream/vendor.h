/* SPDX-License-Identifier: MIT */
/* What the vendors' drivers have in common: signing, error codes, arrays of addresses. Private to
 * them. */
#ifndef RESOLVER_UPSTREAM_VENDOR_H
#define RESOLVER_UPSTREAM_VENDOR_H

#include "resolver/crypto/digest.h"
#include "resolver/upstream/encode.h"
#include "resolver/upstream/hosts.h"
#include "resolver/upstream/subnet.h"
#include "resolver/upstream/tree.h"

enum { VENDOR_EXPIRY_S = 300, VENDOR_SIGNED_MAX = 4096, VENDOR_SKEW_S = 60 };

/* Starts a URL in the room. */
struct buf vendor_url(struct driver_room *room, const char *base);
/* The same for a path below the base, which begins with '/'. */
struct buf vendor_url_below(struct driver_room *room, const char *base, const char *path);
/* The same with the last part of the base's path changed: ".../resolve" becomes ".../conf". */
struct buf vendor_url_beside(struct driver_room *room, const char *base, const char *part);
/* "?" and a parameter's "name=", or "&" when the base has parameters already. */
void vendor_put_first(const char *base, const char *name, struct buf *url);
/* Ends it: the request is a GET of it. -EMSGSIZE when it grew too long. */
int vendor_get(struct driver_room *room, const struct buf *url, struct exchange_request *request);

/* Appends the digest of `message` in hexadecimal; a message that overflowed is -EMSGSIZE. */
int vendor_put_digest(enum digest_kind kind, struct bytes key, const struct buf *message,
                      struct buf *out);

/* Appends "&t=" and an expiry, then `before` and the MD5 over subject, secret and expiry with '-'
 * between. */
int vendor_put_md5(const struct driver_call *call, const char *subject, const char *before,
                   struct buf *url);

/* What a vendor's error word means; `status` decides over unknown ones. "…Expired" is CLOCK; so is
 * a complaint about the time's range when the reply's Date shows that our clock is off. */
int vendor_class_of_code(const struct driver_call *call, const struct exchange_reply *reply,
                         struct bytes code, struct driver_found *found);
/* True when the reply's Date says so. */
bool vendor_is_clock_off(const struct driver_call *call, const struct exchange_reply *reply);
/* vendor_class_of_code() for a reply without a word. */
int vendor_class_of_status(const struct driver_call *call, const struct exchange_reply *reply,
                           struct driver_found *found);

/* Adds an address, or all of an array. False when there is something else among them. */
bool vendor_add_addresses(struct hosts *hosts, const struct jsonv *tree);
/* The TTL as whole seconds, 0 when it is missing or nonsense. */
int64_t vendor_ttl(const struct jsonv *tree);
/* True when the name is the one asked for, case and last dot aside. */
bool vendor_is_name(const struct driver_call *call, const char *name);
bool vendor_is_host(const struct driver_call *call, const struct jsonv *name);
/* PARSE, with the reason. */
int vendor_garbage(struct driver_found *found, const char *why);
/* The reply's body as a tree: DRIVER_OK, DRIVER_PARSE, -ENOMEM. */
int vendor_parse(struct bytes body, struct driver_found *found, struct jsonv **ret_root);

#endif
