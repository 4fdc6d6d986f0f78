/* SPDX-License-Identifier: MIT */
/* Replies to clients: from a checked answer, or an error of our own. Writes into the caller's
 * buffer; never allocates. PROMISES M12–M16, E1, E4, E6–E10. */
#ifndef RESOLVER_WIRE_REPLY_H
#define RESOLVER_WIRE_REPLY_H

#include "resolver/wire/answer.h"

enum {
    REPLY_UDP_CAP = 1232,  /* RFC 9715: what we send and what our OPT announces over UDP */
    REPLY_ERROR_MAX = 512, /* no error reply is longer */
};

/* An error of ours with its reason; `text` is UTF-8, at most 64 octets are sent, NULL for none. */
struct reply_error {
    enum rcode rcode;
    enum ede ede;
    const char *text;
};

/* When a reply is made, and the TTL it has when the answer is past its own. */
struct reply_moment {
    uint64_t now_us;
    uint32_t stale_ttl_s;
};

/* Writes the reply to `query` from `answer` as of that moment: TTLs counted down; in an answer that
 * is past its time all are `stale_ttl_s`, and EDE 3 or 19 says so (RFC 8767 section 4). What does
 * not fit `limit` octets (REPLY_ERROR_MAX at least) is cut between RRsets, and TC is set when more
 * than the authority's NS were left out (RFC 2181 section 9).
 * AD only when the client set AD or DO (E10). The OPT only when the query had one. Returns the
 * octets written (> 0). */
size_t reply_from_answer(const struct query_message *query, const struct answer *answer,
                         const struct reply_moment *moment, size_t limit, uint8_t *out);

/* Writes an error reply; EDE only when the query had EDNS. out holds REPLY_ERROR_MAX octets. */
size_t reply_error(const struct query_message *query, const struct reply_error *error,
                   uint8_t *out);

/* What we know ourselves about a name. */
struct reply_local {
    enum rcode rcode;     /* NOERROR or NXDOMAIN */
    bool authoritative;   /* the zone is ours: AA (M14) */
    struct bytes records; /* each TYPE, CLASS, TTL, RDLENGTH, RDATA; owned by the question's name */
    size_t n_records;
    uint8_t zone_at; /* without records: where in the question's name its zone begins, whose SOA
                        says for how long (RFC 2308 section 3, RFC 6303 section 3) */
    uint32_t ttl_s;  /* of that SOA */
    enum ede ede;
    const char *text; /* as in struct reply_error */
};

/* Writes a local answer; truncated when it does not fit `limit` octets. out holds `limit` octets,
 * REPLY_ERROR_MAX at least. */
size_t reply_local(const struct query_message *query, const struct reply_local *local, size_t limit,
                   uint8_t *out);

/* The octets a UDP reply to this query may have: min(client's size, our cap), 512 at least. */
size_t reply_udp_limit(const struct query_message *query);

#endif
