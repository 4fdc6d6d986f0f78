/* SPDX-License-Identifier: MIT */
/* One provider as configured: whom to ask, and in which protocol. */
#ifndef RESOLVER_UPSTREAM_PROVIDER_H
#define RESOLVER_UPSTREAM_PROVIDER_H

#include "resolver/exchange.h"

enum pool_protocol {
    PROTOCOL_DOH,
    PROTOCOL_DOH_GET,
    PROTOCOL_JSON,
    PROTOCOL_ALIDNS,
    PROTOCOL_ALIYUN,
    PROTOCOL_ALIYUN2,
    PROTOCOL_TENCENT,
    PROTOCOL_VOLC,
    PROTOCOL_BAIDU,
    PROTOCOL_GENERIC,
    PROTOCOL_ODOH,
    PROTOCOL_DNS,
};

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

/* Whether the length of a question is hidden (RFC 7830, RFC 8467). */
enum provider_padding { PADDING_YES, PADDING_NO };

/* Oblivious DoH: the provider's endpoint is the relay, its URL the relay's for this target. */
struct provider_odoh {
    const char *url;          /* the target's */
    const char *relay;        /* the relay's template */
    const char *configs_path; /* where the target shows its keys */
    const char *configs_file; /* or a file with them; NULL: none */
    struct bytes configs;     /* what stands in that file */
    struct exchange_endpoint
        target;         /* where the keys are fetched; id = the provider's + POOL_MAX */
    bool configs_dns;   /* the keys are looked for in the target's HTTPS record first */
    bool same_operator; /* relay and target may be one's own */
};

enum { PROVIDER_TEXTS_MAX = 8 };
struct provider_texts {
    const char *at[PROVIDER_TEXTS_MAX];
    size_t n;
};

enum provider_cipher {
    CIPHER_NONE,
    CIPHER_AES_CBC, /* aliyun2: m=1 */
    CIPHER_AES_GCM, /* aliyun2: m=2 */
    CIPHER_AES,     /* tencent */
    CIPHER_DES,     /* tencent; hides nothing from whoever tries */
};

/* Who we are to a vendor, and how it is to be asked (PROVIDERS §3–§7). */
struct provider_account {
    const char *id;                    /* account number, "uid" of alidns */
    struct provider_secret access_key; /* alidns: AccessKey ID */
    struct provider_secret secret;     /* what requests are signed with */
    struct provider_secret token;      /* tencent over HTTPS */
    struct provider_secret cipher_key;
    enum provider_cipher cipher;
    const char *region;         /* aliyun: whose service addresses */
    bool fixed_addresses;       /* aliyun: do not ask for the service's addresses */
    bool dispatch;              /* tencent, volc: ask for the service's addresses */
    bool batch;                 /* aliyun: by the calls for several hosts */
    struct provider_texts sdns; /* aliyun: "key=value" for the account's own scripts; plain text
                                   without '"' and '\\' */
    const char *tags;           /* aliyun2: the same for its statistics; NULL: none */
    bool name_expiry;           /* tencent: the name is sent with an expiry */
    bool plain_subnet;          /* tencent: the client subnet is not enciphered */
    bool insecure_http, insecure_des;
};

/* A vendor by configuration alone (PROVIDERS §7.7). {…} in url, sign and header stand for values.
 */
enum provider_hash { HASH_MD5, HASH_SHA256, HASH_HMAC_SHA256 };
struct provider_template {
    const char *sign;   /* what is signed; NULL: nothing */
    const char *header; /* a further header field; NULL: none */
    enum provider_hash hash;
    uint32_t expiry_s;                 /* how long from now {t} lies ahead */
    struct provider_texts addresses;   /* JSON pointers to addresses, or to arrays of them */
    const char *ttl;                   /* JSON pointer; NULL: none */
    const char *code;                  /* JSON pointer to what tells errors; NULL: none */
    struct provider_texts good_codes;  /* its values that are none */
    struct provider_texts clock_codes; /* … that say the signature's time is wrong */
    struct provider_texts empty_codes; /* … that say there is no address */
    struct provider_texts auth_codes;  /* … that say that we may not ask */
    struct provider_texts other_codes; /* … that say that this name or type is not to be had */
    struct provider_texts types;       /* "A", "AAAA": what it is asked for; none: both */
};

/* Strings are lent by the configuration. */
struct provider_params {
    const char *name;
    enum pool_protocol protocol;
    struct exchange_endpoint endpoint; /* id = index in the array */
    const char *server; /* with PROTOCOL_DNS, as plain.h has them; NULL: the local resolvers */
    struct provider_odoh odoh; /* with PROTOCOL_ODOH */
    const char *group;         /* asked only by routes that name it; NULL: by the default route */
    bool filtering; /* it withholds names by policy: no witness against others (HIJACK §3.0) */
    bool trust_ad;  /* JSON: its word that an answer was validated is passed on */
    bool preset_addresses; /* the endpoint's are its preset's */
    struct provider_subnet client_subnet;
    enum provider_padding padding; /* of DoH by POST */
    struct provider_account account;
    struct provider_template template;
};

#endif
