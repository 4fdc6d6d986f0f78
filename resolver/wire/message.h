/* SPDX-License-Identifier: MIT */
/* DNS messages (RFC 1035 §4, RFC 6891): a client's query read and judged, and the constants of the
 * field. Replies are in reply.h, providers' answers in answer.h. No allocation. */
#ifndef RESOLVER_WIRE_MESSAGE_H
#define RESOLVER_WIRE_MESSAGE_H

#include "resolver/wire/name.h"

enum {
    MESSAGE_HEADER = 12,
    MESSAGE_MAX = 65535,
};

/* Second and third octet pair of the header, as one 16-bit number (RFC 1035 §4.1.1, RFC 4035). */
enum {
    FLAG_QR = 0x8000,
    FLAG_OPCODE = 0x7800,
    FLAG_AA = 0x0400,
    FLAG_TC = 0x0200,
    FLAG_RD = 0x0100,
    FLAG_RA = 0x0080,
    FLAG_AD = 0x0020,
    FLAG_CD = 0x0010,
    FLAG_RCODE = 0x000f,
};

enum rcode {
    RCODE_NOERROR = 0,
    RCODE_FORMERR = 1,
    RCODE_SERVFAIL = 2,
    RCODE_NXDOMAIN = 3,
    RCODE_NOTIMP = 4,
    RCODE_REFUSED = 5,
    RCODE_YXDOMAIN = 6,
    RCODE_NOTAUTH = 9,
    RCODE_BADVERS = 16,
    RCODE_BADCOOKIE = 23,
};

enum rrtype {
    TYPE_A = 1,
    TYPE_NS = 2,
    TYPE_CNAME = 5,
    TYPE_SOA = 6,
    TYPE_PTR = 12,
    TYPE_MX = 15,
    TYPE_TXT = 16,
    TYPE_AAAA = 28,
    TYPE_SRV = 33,
    TYPE_DNAME = 39,
    TYPE_OPT = 41,
    TYPE_DS = 43,
    TYPE_RRSIG = 46,
    TYPE_NSEC = 47,
    TYPE_DNSKEY = 48,
    TYPE_NSEC3 = 50,
    TYPE_SVCB = 64,
    TYPE_HTTPS = 65,
    TYPE_TKEY = 249,
    TYPE_TSIG = 250,
    TYPE_IXFR = 251,
    TYPE_AXFR = 252,
    TYPE_MAILB = 253,
    TYPE_MAILA = 254,
    TYPE_ANY = 255,
};

enum rrclass { CLASS_IN = 1, CLASS_CH = 3, CLASS_HS = 4, CLASS_NONE = 254, CLASS_ANY = 255 };

/* Extended DNS Errors (RFC 8914 §4). EDE_NONE is ours: no error to tell. */
enum ede {
    EDE_NONE = -1,
    EDE_OTHER = 0,
    EDE_STALE = 3,
    EDE_FORGED = 4,
    EDE_CACHED_ERROR = 13,
    EDE_NOT_READY = 14,
    EDE_BLOCKED = 15,
    EDE_CENSORED = 16,
    EDE_FILTERED = 17,
    EDE_PROHIBITED = 18,
    EDE_STALE_NXDOMAIN = 19,
    EDE_NOT_AUTHORITATIVE = 20,
    EDE_NOT_SUPPORTED = 21,
    EDE_NO_REACHABLE = 22,
    EDE_NETWORK = 23,
    EDE_INVALID_DATA = 24,
    EDE_INVALID_TYPE = 30,
};

enum {
    EDNS_OPTION_SUBNET = 8,
    EDNS_OPTION_COOKIE = 10,
    EDNS_OPTION_KEEPALIVE = 11,
    EDNS_OPTION_PADDING = 12,
    EDNS_OPTION_EDE = 15,
};

/* Octets of a cookie option, and of the options of ours that a reply may carry. */
enum { MESSAGE_COOKIE_MAX = 40, MESSAGE_OPTIONS_MAX = 40 };

/* The one question of a message. `name` is in lower case: it is the key. The bytes as the client
 * wrote them, case included, stay in the message. */
struct question {
    struct name name;
    uint16_t type;
    uint16_t class;
};

/* AAAA for A, A for AAAA; 0 for all else. */
static inline uint16_t question_other_family(uint16_t type)
{
    return type == TYPE_A ? TYPE_AAAA : type == TYPE_AAAA ? TYPE_A : 0;
}

/* What became of a client's cookie; said by who knows our own. */
enum message_cookie {
    MESSAGE_COOKIE_IGNORED, /* none came, or we give none */
    MESSAGE_COOKIE_NEW,     /* the client's part alone: it has one of ours now */
    MESSAGE_COOKIE_GOOD,
    MESSAGE_COOKIE_BAD, /* not one of ours, or too old */
};

/* A client's query, read. Lives without the message except for `raw_question`. */
struct query_message {
    uint16_t id;
    uint16_t flags; /* as received */
    bool has_question;
    struct question question;
    struct bytes raw_question; /* lent by the message: name, type, class as they came */
    bool has_edns;
    bool edns_do;
    uint16_t edns_size;    /* 512 at least; 512 without EDNS */
    bool has_keepalive;    /* the option of RFC 7828 */
    bool odd_keepalive;    /* with octets in it: an error over TCP, nothing over UDP (§3.3.1) */
    bool odd_owner;        /* an NSEC3 where there can be none: SERVFAIL instead of FORMERR, as BIND
                              tells it */
    struct bytes tsig_key; /* lent by the message, with NOTAUTH: the owner as it stands there, … */
    struct bytes tsig;     /* … and the RDATA; n is 0 where a pointer stands in either */
    uint8_t n_cookie;      /* 0: none; 8: the client's part alone; 16 to 40 */
    uint8_t cookie[MESSAGE_COOKIE_MAX];
    enum message_cookie cookie_is;
    uint8_t n_options; /* what the OPT of the reply is to carry, whole options; by who answers */
    uint8_t options[MESSAGE_OPTIONS_MAX];
};

/* What is to be done with a query, as far as its form tells. */
enum message_outcome {
    MESSAGE_OK = 1,
    MESSAGE_DROP,    /* under 12 octets, or itself a response: no reply, ever (M1, M2) */
    MESSAGE_FORMERR, /* reply with what was read: id, opcode, RD, and the question if has_question
                      */
    MESSAGE_GARBLED, /* no one whole message: octets behind its end, an end within its question's
                      * name, or a header that no message can have. Where a datagram gets FORMERR
                      * or NOTIMP, a stream has lost its framing, or never was one of DNS */
    MESSAGE_NOTIMP,  /* opcode other than QUERY (M4) */
    MESSAGE_BADVERS, /* EDNS version above 0 (E3) */
    MESSAGE_NOTAUTH, /* signed with TSIG: cannot be relayed (M7) */
    MESSAGE_UNASKED, /* whole, but for its question: FORMERR, unless it asks for a cookie (M3) */
};

/* Reads a client's query; PROMISES M1–M8, M13, E2–E5. `message` must outlive *ret_query's use of
 * raw_question. *ret_query is written as far as the reading came, on every outcome but DROP. */
enum message_outcome message_read_query(struct bytes message, struct query_message *ret_query);

/* Adds an option to the OPT of the reply. Nothing for a client without EDNS. */
void message_tell_option(struct query_message *query, uint16_t code, struct bytes value);

/* Writes the query that goes to a provider: id as given (0 over HTTPS: RFC 8484 §4.1), RD set, CD,
 * AD and DO as wanted, one question in lower case, an OPT with size 4096 and no option except
 * padding to a multiple of `pad_to` octets (RFC 7830, RFC 8467 §4.1; 0: no padding). The writing
 * always fits 512 octets. Returns the octets written. */
struct query_wish {
    const struct question *question;
    uint16_t id;
    bool want_do;
    bool want_cd;
    bool want_ad; /* whether it was validated, without DO (RFC 6840 §5.7) */
    bool no_edns; /* without the OPT, and all that goes into it */
    uint16_t pad_to;
    struct bytes subnet; /* data of a client subnet option (RFC 7871 §6); {NULL, 0}: none */
};
enum { QUERY_MAX = 512 };
size_t message_write_query(const struct query_wish *wish, uint8_t out[QUERY_MAX]);

#endif
