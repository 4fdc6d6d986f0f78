/* SPDX-License-Identifier: MIT */
/* The keys of a provider that is a vendor's: who we are to it, and how it is asked. */
#include "config/lists.h"
#include "resolver/upstream/service.h"

static const struct schema_word ciphers[] = {
    {"none", CIPHER_NONE}, {"aes-cbc", CIPHER_AES_CBC}, {"aes-gcm", CIPHER_AES_GCM},
    {"aes", CIPHER_AES},   {"des", CIPHER_DES},         {NULL, 0}};
static const struct schema_word hashes[] = {
    {"md5", HASH_MD5}, {"sha256", HASH_SHA256}, {"hmac-sha256", HASH_HMAC_SHA256}, {NULL, 0}};

static void read_region(struct reader *r, const struct yaml_node *node)
{
    struct provider_params *p = r->base;
    const char *region = schema_text(r, node, "region");
    if (region == NULL) {
        return;
    }
    const char *const *addresses = service_addresses_of(region);
    if (addresses == NULL) {
        errors_add(r->errors, node->line, node->column,
                   "region is one of global, cn, hk, sg, us, de");
        return;
    }
    p->account.region = region;
    if (p->endpoint.n_addresses == 0 && p->endpoint.url == NULL) {
        p->endpoint.addresses = addresses;
    }
}

static void print_region(const void *base, FILE *to)
{
    schema_print_text(((const struct provider_params *)base)->account.region, to);
}

static bool has_region(const void *base)
{
    return ((const struct provider_params *)base)->account.region != NULL;
}

#define AT(field) offsetof(struct provider_params, field)

static const struct schema_row rows[] = {
    {.key = "account",
     .kind = SCHEMA_STRING,
     .takers = TAKERS_VENDORS,
     .offset = AT(account.id),
     .help = "The account's number at the vendor; alidns calls it uid."},
    {.key = "access-key",
     .kind = SCHEMA_SECRET,
     .takers = TAKES(ALIDNS) | TAKES(GENERIC),
     .offset = AT(account.access_key),
     .help =
         "alidns: the AccessKey ID. A file that holds a secret must not be readable by others."},
    {.key = "access-key-file",
     .kind = SCHEMA_SECRET_FILE,
     .takers = TAKES(ALIDNS) | TAKES(GENERIC),
     .offset = AT(account.access_key),
     .help = "The same from a file: an absolute path, or the bare name of a credential that the "
             "service manager passes on (LoadCredential=)."},
    {.key = "secret",
     .kind = SCHEMA_SECRET,
     .takers = TAKERS_SIGNING,
     .offset = AT(account.secret),
     .help = "What requests are signed with; aliyun2: in hexadecimal."},
    {.key = "secret-file",
     .kind = SCHEMA_SECRET_FILE,
     .takers = TAKERS_SIGNING,
     .offset = AT(account.secret),
     .help = "The same from a file or a credential."},
    {.key = "token",
     .kind = SCHEMA_SECRET,
     .takers = TAKES(TENCENT),
     .offset = AT(account.token),
     .help = "tencent over HTTPS: the token that stands in for a signature."},
    {.key = "token-file",
     .kind = SCHEMA_SECRET_FILE,
     .takers = TAKES(TENCENT),
     .offset = AT(account.token),
     .help = "The same from a file or a credential."},
    {.key = "cipher",
     .kind = SCHEMA_WORD,
     .takers = TAKERS_CIPHER,
     .offset = AT(account.cipher),
     .words = ciphers,
     .help = "What hides question and answer inside the connection: none (the default); aes-cbc or "
             "aes-gcm with aliyun2; aes or des with tencent."},
    {.key = "cipher-key",
     .kind = SCHEMA_SECRET,
     .takers = TAKERS_CIPHER,
     .offset = AT(account.cipher_key),
     .help = "Its key: 32 hexadecimal digits with aliyun2, text with tencent."},
    {.key = "cipher-key-file",
     .kind = SCHEMA_SECRET_FILE,
     .takers = TAKERS_CIPHER,
     .offset = AT(account.cipher_key),
     .help = "The same from a file or a credential."},
    {.key = "insecure-des",
     .kind = SCHEMA_FLAG,
     .takers = TAKES(TENCENT),
     .offset = AT(account.insecure_des),
     .help = "yes to allow cipher des, which hides nothing from whoever tries; no unless said."},
    {.key = "region",
     .kind = SCHEMA_OTHER,
     .takers = TAKES(ALIYUN) | TAKES(ALIYUN2),
     .read = read_region,
     .print = print_region,
     .is_set = has_region,
     .help = "aliyun, aliyun2: whose service addresses are used: global (the default), cn, hk, sg, "
             "us or de."},
    {.key = "fixed-addresses",
     .kind = SCHEMA_FLAG,
     .takers = TAKES(ALIYUN) | TAKES(ALIYUN2) | TAKES(TENCENT) | TAKES(VOLC),
     .offset = AT(account.fixed_addresses),
     .help = "aliyun, aliyun2: yes to keep to the addresses given and not to ask the service for "
             "its own; no unless said."},
    {.key = "dispatch",
     .kind = SCHEMA_FLAG,
     .takers = TAKES(TENCENT) | TAKES(VOLC),
     .offset = AT(account.dispatch),
     .help = "tencent, volc: yes to ask the service for its own addresses (conf, svc_meta); no "
             "unless said."},
    {.key = "batch",
     .kind = SCHEMA_FLAG,
     .takers = TAKES(ALIYUN),
     .offset = AT(account.batch),
     .help = "aliyun: yes to ask by the calls for several hosts (resolve, sign_resolve); no unless "
             "said."},
    {.key = "sdns",
     .kind = SCHEMA_TEXTS,
     .takers = TAKES(ALIYUN) | TAKES(ALIYUN2),
     .offset = AT(account.sdns),
     .help = "aliyun, aliyun2: what the account's own resolution scripts are told, such as "
             "[\"key=value\"]."},
    {.key = "tags",
     .kind = SCHEMA_STRING,
     .takers = TAKES(ALIYUN2),
     .offset = AT(account.tags),
     .help = "aliyun2: a tag for the account's statistics."},
    {.key = "name-expiry",
     .kind = SCHEMA_FLAG,
     .takers = TAKES(TENCENT),
     .offset = AT(account.name_expiry),
     .help = "tencent: yes to send the name with an expiry, against replay; no unless said."},
    {.key = "plain-subnet",
     .kind = SCHEMA_FLAG,
     .takers = TAKES(TENCENT),
     .offset = AT(account.plain_subnet),
     .help = "tencent: yes to leave the client subnet unenciphered; no unless said."},
    {.key = "sign",
     .kind = SCHEMA_STRING,
     .takers = TAKES(GENERIC),
     .offset = AT(template.sign),
     .help = "generic: what the signature {sign} is made of; takes what url takes, and {secret}."},
    {.key = "sign-hash",
     .kind = SCHEMA_WORD,
     .takers = TAKES(GENERIC),
     .offset = AT(template.hash),
     .words = hashes,
     .help = "generic: md5 (the default), sha256, or hmac-sha256 with the secret as key."},
    {.key = "header",
     .kind = SCHEMA_STRING,
     .takers = TAKES(GENERIC),
     .offset = AT(template.header),
     .help = "generic: a further header field, such as \"Authorization: {sign}\"."},
    {.key = "expiry",
     .kind = SCHEMA_DURATION_S,
     .takers = TAKES(GENERIC),
     .offset = AT(template.expiry_s),
     .max = 3600,
     .help = "generic: how long {t} and {tms} lie ahead of now; 0s unless said."},
    {.key = "answers",
     .kind = SCHEMA_TEXTS,
     .takers = TAKES(GENERIC),
     .offset = AT(template.addresses),
     .help = "generic: JSON pointers to the addresses, such as [/ips, /ipsv6]."},
    {.key = "ttl",
     .kind = SCHEMA_STRING,
     .takers = TAKES(GENERIC),
     .offset = AT(template.ttl),
     .help = "generic: the JSON pointer to the TTL in seconds, such as /ttl."},
    {.key = "code",
     .kind = SCHEMA_STRING,
     .takers = TAKES(GENERIC),
     .offset = AT(template.code),
     .help = "generic: the JSON pointer to what tells an error, such as /code."},
    {.key = "good-codes",
     .kind = SCHEMA_TEXTS,
     .takers = TAKES(GENERIC),
     .offset = AT(template.good_codes),
     .help = "generic: values there that tell of none, such as [0, ok]."},
    {.key = "clock-codes",
     .kind = SCHEMA_TEXTS,
     .takers = TAKES(GENERIC),
     .offset = AT(template.clock_codes),
     .help = "generic: values that say the signature's time does not hold: the clock is set right "
             "by the reply's Date, and the question asked again."},
    {.key = "empty-codes",
     .kind = SCHEMA_TEXTS,
     .takers = TAKES(GENERIC),
     .offset = AT(template.empty_codes),
     .help = "generic: values that say no address was found, and not why."},
    {.key = "auth-codes",
     .kind = SCHEMA_TEXTS,
     .takers = TAKES(GENERIC),
     .offset = AT(template.auth_codes),
     .help =
         "generic: values that say the credentials do not hold: it is left alone for a minute."},
    {.key = "other-codes",
     .kind = SCHEMA_TEXTS,
     .takers = TAKES(GENERIC),
     .offset = AT(template.other_codes),
     .help = "generic: values that say this name or type is not to be had there."},
    {.key = "types",
     .kind = SCHEMA_TEXTS,
     .takers = TAKES(GENERIC),
     .offset = AT(template.types),
     .help = "generic: what it is asked for, such as [A]; A and AAAA unless said."},
};

const struct schema_row *vendor_row_at(size_t i)
{
    return i < sizeof rows / sizeof rows[0] ? &rows[i] : NULL;
}
