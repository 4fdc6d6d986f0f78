/* SPDX-License-Identifier: MIT */
/* What one party said to one question, reduced to what the judge looks at. Pure. */
#ifndef RESOLVER_AUDIT_EVIDENCE_H
#define RESOLVER_AUDIT_EVIDENCE_H

#include "resolver/audit/address.h"
#include "resolver/audit/audit.h"

enum { AUDIT_ASNS_MAX = 8, AUDIT_CERTIFICATE_TEXT_MAX = 64, SAID_TEXT_MAX = 64 };

/* The signatures (RRSIG) over the asked RRset, when DO=1 was sent. */
enum signature {
    SIGNATURE_UNKNOWN, /* not asked for, or not looked at */
    SIGNATURE_ABSENT,
    SIGNATURE_VALID,   /* verified to the chain of trust learnt over HTTPS */
    SIGNATURE_INVALID, /* does not verify the RRset */
    SIGNATURE_EXPIRED, /* verifies, but for its time */
};

/* A handshake with an address for the asked name: SNI and verification on, port 443. */
enum tls_outcome {
    TLS_UNTRIED,
    TLS_OK,         /* chain to a public root, and the name */
    TLS_WRONG_NAME, /* a certificate of someone else */
    TLS_UNTRUSTED,  /* a chain to no known root */
    TLS_EXPIRED,    /* right but for its time */
    TLS_FAILED,     /* no connection, reset, time-out, end: says nothing of who is there */
    TLS_LOCAL_ROOT, /* right, but only by a root that was added on this machine */
};

/* An address or CNAME target that stands in a list of known block addresses. */
enum fingerprint {
    FINGERPRINT_NONE,
    FINGERPRINT_NOISY,   /* a list known to hold honest addresses too: a weak signal */
    FINGERPRINT_LEARNED, /* what this resolver was proved to give for names that do not exist */
    FINGERPRINT_PRODUCT, /* of a filter that people or institutions choose */
    FINGERPRINT_POOL,    /* one of the addresses that an injector cycles through */
    FINGERPRINT_ISP,
    FINGERPRINT_NATION,
};

/* T11: records of type HTTPS (65) of a name. */
enum https_records {
    HTTPS_UNKNOWN,
    HTTPS_ABSENT, /* NOERROR without, NOTIMP, or silence */
    HTTPS_PLAIN,  /* without `ech` */
    HTTPS_ECH,
};

/* Zeroed: nothing was said. What was not looked at stays zero, which never accuses. */
struct said {
    bool answered;  /* a well-formed reply to the question came */
    bool filters;   /* this party withholds names by policy, as configured */
    bool truncated; /* TC: there would have been more */
    bool case_lost; /* 0x20: the question came back in another case */
    bool lacks_soa; /* a negative answer without SOA */
    bool over_tcp;  /* for the report */
    uint8_t ip_ttl; /* of the datagram; 0: unknown */
    uint16_t flags;
    uint16_t rcode;
    int16_t ede;
    uint32_t ttl_s; /* lowest of the addresses' TTLs */
    uint32_t rtt_us;
    size_t n; /* addresses of the asked type at the end of the chain */
    struct address at[AUDIT_ADDRESSES_MAX];
    uint8_t tls[AUDIT_ADDRESSES_MAX]; /* enum tls_outcome at each address */
    size_t n_asns;                    /* origin ASes of the addresses; 0: unknown */
    uint32_t asns[AUDIT_ASNS_MAX];
    struct name cname; /* where the chain ends, in lower case; n == 0: no CNAME */
    enum fingerprint fingerprint;
    enum https_records https; /* of an answer to a question for them; else UNKNOWN */
    enum signature signature;
    uint32_t original_ttl_s; /* of the RRSIG; 0: none */
    uint32_t inception_s;    /* of the RRSIG, Unix time; 0: none */
    uint32_t serial;         /* of the zone's SOA */
    bool has_serial;
};

/* The certificate an address showed, for the report; the judge looks at the outcome only. */
struct certificate {
    char subject[AUDIT_CERTIFICATE_TEXT_MAX];
    char issuer[AUDIT_CERTIFICATE_TEXT_MAX];
    char sha256[AUDIT_CERTIFICATE_TEXT_MAX + 1]; /* hex; "" when none was seen */
};

/* Reads `answer` (NULL: nothing was said) to a question for `type`; for TXT the addresses are those
 * that texts spell, as whoami names do, for HTTPS there are none. Of more than
 * AUDIT_ADDRESSES_MAX addresses the first are kept, but a bogon is never left out. */
void said_read(const struct answer *answer, uint16_t type, struct said *ret_said);
/* The first text of the answer's first TXT record, of any class: printable, cut where it is longer;
 * "" for none. */
void said_text(const struct answer *answer, char out[SAID_TEXT_MAX]);

bool said_has(const struct said *said, const struct address *address);
/* The first bogon; NULL when there is none. Lent by `said`. */
const struct address *said_bogon(const struct said *said);
/* The first address of `a` that `b` has too; NULL when there is none. Lent by `a`. */
const struct address *said_common(const struct said *a, const struct said *b);
bool said_gives_addresses(const struct said *said);

/* A control that tells of the world and not of a policy of its own (HIJACK §3.0): not one that
 * filters by configuration, by EDE 15, 16 or 17, or by the address 0.0.0.0 or ::. */
bool said_bears_witness(const struct said *said);

#endif
