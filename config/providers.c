/* SPDX-License-Identifier: MIT */
/* The list of providers, and what an entry of it must be as a whole. */
#include "config/lists.h"
#include "resolver/upstream/driver.h"

#define HEX "0123456789abcdefABCDEF"

enum { SDNS_MAX = 1000, SECRET_DIGITS_MAX = 512 };

static void error_at(struct reader *r, const struct yaml_node *node, const char *why)
{
    errors_add(r->errors, node->line, node->column, "%s", why);
}

static const char *check_cipher(const struct provider_params *p)
{
    const struct provider_account *a = &p->account;
    bool tencent = p->protocol == PROTOCOL_TENCENT;
    size_t n = a->cipher_key.text != NULL ? strlen(a->cipher_key.text) : 0;
    switch (a->cipher) {
    case CIPHER_NONE:
        return NULL;
    case CIPHER_AES_CBC:
    case CIPHER_AES_GCM:
        if (tencent) {
            return "cipher aes-cbc and aes-gcm are aliyun2's";
        }
        return n != 32 || strspn(a->cipher_key.text, HEX) != n
                   ? "cipher-key must be 32 hexadecimal digits"
                   : NULL;
    case CIPHER_DES:
        if (!a->insecure_des) {
            return "cipher des hides nothing: 'insecure-des: yes' allows it all the same";
        }
        break;
    case CIPHER_AES:
        break;
    }
    return !tencent ? "cipher aes and des are tencent's"
           : n == 0 ? "cipher needs cipher-key"
                    : NULL;
}

static bool is_octets(const char *text)
{
    size_t n = strlen(text);
    return n > 0 && n % 2 == 0 && n <= SECRET_DIGITS_MAX && strspn(text, HEX) == n;
}

static bool is_simple(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text <= ' ' || *text >= 0x7f || *text == '"' || *text == '\\') {
            return false;
        }
    }
    return true;
}

static const char *check_sdns(const struct provider_params *p)
{
    static const char key[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    const struct provider_account *a = &p->account;
    size_t n = a->tags != NULL ? strlen(a->tags) : 0;
    bool good = a->tags == NULL || is_simple(a->tags);
    for (size_t i = 0; i < a->sdns.n; i++) {
        size_t n_key = strspn(a->sdns.at[i], key);
        good = good && n_key > 0 && a->sdns.at[i][n_key] == '=' && is_simple(a->sdns.at[i]);
        n += strlen(a->sdns.at[i]);
    }
    return !good          ? "sdns takes key=value, and tags a word: without spaces, quotes and '\\'"
           : n > SDNS_MAX ? "sdns and tags are too long: 1000 octets in all"
                          : NULL;
}

static const char *check_aliyun2(const struct provider_params *p)
{
    const char *why = check_cipher(p);
    return why != NULL ? why : check_sdns(p);
}

static const char *check_tencent(const struct provider_params *p, bool clear)
{
    const char *why = check_cipher(p);
    return why == NULL && clear && !p->account.insecure_http
               ? "tencent takes a cipher by http: 'insecure-http: yes' allows it, or give a url"
               : why;
}

static const char *check_types(const struct provider_texts *types)
{
    for (size_t i = 0; i < types->n; i++) {
        if (strcmp(types->at[i], "A") != 0 && strcmp(types->at[i], "AAAA") != 0) {
            return "types takes A and AAAA";
        }
    }
    return NULL;
}

/* What a vendor's protocol lacks, or has and may not; NULL when it is good. */
static const char *check_account(const struct provider_params *p)
{
    const struct provider_account *a = &p->account;
    bool signs = a->id != NULL && a->secret.text != NULL;
    bool clear = p->endpoint.url != NULL && strncmp(p->endpoint.url, "http:", 5) == 0;
    switch (p->protocol) {
    case PROTOCOL_DOH:
    case PROTOCOL_DOH_GET:
    case PROTOCOL_JSON:
    case PROTOCOL_ODOH:
    case PROTOCOL_DNS:
        return clear ? "only vendors with a cipher or a signature of their own are asked by http"
                     : NULL;
    case PROTOCOL_ALIDNS:
        return a->secret.text != NULL && (a->id == NULL || a->access_key.text == NULL)
                   ? "alidns signs with account, access-key and secret: give all three"
                   : NULL;
    case PROTOCOL_ALIYUN2:
        if (a->secret.text != NULL && !is_octets(a->secret.text)) {
            return "aliyun2's secret is hexadecimal, an even number of digits up to 512";
        }
        return a->id == NULL ? "aliyun2 needs account" : check_aliyun2(p);
    case PROTOCOL_ALIYUN:
        return a->id == NULL ? "aliyun needs account" : check_sdns(p);
    case PROTOCOL_TENCENT:
        if (a->cipher == CIPHER_NONE) {
            return clear || a->token.text == NULL
                       ? "tencent needs token over https, or cipher, cipher-key and account"
                       : NULL;
        }
        return a->id == NULL ? "tencent with a cipher needs account" : check_tencent(p, clear);
    case PROTOCOL_VOLC:
    case PROTOCOL_BAIDU:
        return !signs ? "volc and baidu need account and secret" : NULL;
    case PROTOCOL_GENERIC:
        return p->template.addresses.n == 0 || p->endpoint.url == NULL
                   ? "generic needs url and answers"
                   : check_types(&p->template.types);
    }
    return NULL;
}

static bool is_vendor(enum pool_protocol protocol)
{
    switch (protocol) {
    case PROTOCOL_DOH:
    case PROTOCOL_DOH_GET:
    case PROTOCOL_JSON:
    case PROTOCOL_ODOH:
    case PROTOCOL_DNS:
        return false;
    case PROTOCOL_ALIDNS:
    case PROTOCOL_ALIYUN:
    case PROTOCOL_ALIYUN2:
    case PROTOCOL_TENCENT:
    case PROTOCOL_VOLC:
    case PROTOCOL_BAIDU:
    case PROTOCOL_GENERIC:
        break;
    }
    return true;
}

/* What follows the host: a path, a query or nothing. */
static const char *behind_host(const char *url)
{
    const char *host = strstr(url, "://");
    return host != NULL ? host + 3 + strcspn(host + 3, "/?#") : url + strlen(url);
}

/* A URL that names a server and no path means the vendor's own there. */
static void complete_url(struct reader *r, struct provider_params *p)
{
    const struct driver *driver = driver_of(p->protocol);
    const char *url = p->endpoint.url;
    if (url == NULL || driver->url == NULL || url[0] == '\0') {
        return;
    }
    const char *rest = behind_host(url), *path = behind_host(driver->url);
    size_t n_host = (size_t)(rest - url), n = strlen(url) + strlen(path) + 1;
    rest += rest[0] == '/';
    if (path[0] == '\0' || (rest[0] != '\0' && rest[0] != '?')) {
        return;
    }
    char *whole = arena_take(r->arena, n);
    r->no_memory = r->no_memory || whole == NULL;
    if (whole != NULL) {
        snprintf(whole, n, "%.*s%s%s", (int)n_host, url, path, rest);
        p->endpoint.url = whole;
    }
}

/* A vendor's service is where its driver says, unless the entry says otherwise. */
static void set_defaults(struct provider_params *p, bool has_preset)
{
    const struct driver *driver = driver_of(p->protocol);
    /* A vendor answers for what its console allows, and by where we are: no witness. */
    p->filtering = p->filtering || is_vendor(p->protocol);
    if (has_preset || driver->url == NULL || p->endpoint.url != NULL) {
        return;
    }
    bool clear = p->account.cipher != CIPHER_NONE && driver->clear_url != NULL;
    p->endpoint.url = clear ? driver->clear_url : driver->url;
    p->endpoint.plaintext = p->account.insecure_http;
    p->name = p->name != NULL ? p->name : driver->name;
    if (p->endpoint.addresses == NULL) {
        p->endpoint.addresses = clear ? driver->clear_addresses : driver->addresses;
    }
    while (p->endpoint.addresses != NULL && p->endpoint.n_addresses < CONFIG_ADDRESSES_MAX &&
           p->endpoint.addresses[p->endpoint.n_addresses] != NULL) {
        p->endpoint.n_addresses++;
    }
}

/* Names that nobody routes to the own network are never asked there in the clear. */
static void check_server(struct reader *r, const struct yaml_node *node,
                         const struct provider_params *p)
{
    if (p->server == NULL) {
        error_at(r, node, "protocol dns needs 'server: ADDRESS' instead of a url");
    } else if (p->endpoint.url[0] != '\0') {
        error_at(r, node, "server and url exclude each other: leave one out");
    }
    if (p->group == NULL) {
        error_at(r, node, "a plain DNS server is asked by rules alone: give it a group");
    }
}

static void check_whole(struct reader *r, const struct yaml_node *node, struct provider_params *p)
{
    const struct config *config = r->config;
    const struct yaml_node *preset = provider_node(node, "preset"),
                           *url = provider_node(node, "url"), *stamp = provider_node(node, "stamp");
    set_defaults(p, preset != NULL || stamp != NULL);
    complete_url(r, p);
    const char *why = check_account(p);
    if (why != NULL) {
        error_at(r, node, why);
    } else if (preset == NULL && stamp == NULL && (p->name == NULL || p->endpoint.url == NULL)) {
        error_at(r, node, "a provider needs a preset, a stamp, or a name and a url");
    }
    if (p->protocol == PROTOCOL_DNS) {
        check_server(r, node, p);
    }
    if (preset != NULL && url != NULL) {
        error_at(r, url, "url and preset exclude each other: leave one out");
    }
    if (stamp != NULL && (preset != NULL || url != NULL)) {
        error_at(r, stamp, "stamp takes the place of url and preset: leave one out");
    }
    for (size_t i = 0; i < config->n_providers && p->name != NULL; i++) {
        if (config->providers[i].name != NULL && strcmp(config->providers[i].name, p->name) == 0) {
            errors_add(r->errors, node->line, node->column,
                       "provider '%.64s' stands here twice: give one another name", p->name);
        }
    }
}

static void read_provider(struct reader *r, const struct yaml_node *node)
{
    struct config *config = r->config;
    if (node->kind != YAML_MAPPING) {
        error_at(r, node, "a provider is written 'preset: NAME', or with name and url");
        return;
    }
    if (config->n_providers == POOL_MAX - 1) {
        errors_add(r->errors, node->line, node->column, "more than %d providers", POOL_MAX - 1);
        return;
    }
    struct provider_params *p = &config->providers[config->n_providers];
    p->endpoint.id = (unsigned)config->n_providers;
    provider_read(r, node, p);
    odoh_finish(r, node, p);
    check_whole(r, node, p);
    generic_check(r, node, p);
    road_check(r, node, p);
    config->n_providers++;
}

static void add_preset(struct reader *r, const char *id)
{
    struct yaml_node name = {.kind = YAML_SCALAR, .text = id, .key = "preset"};
    struct yaml_node node = {.kind = YAML_MAPPING, .first = &name};
    read_provider(r, &node);
}

void providers_read(struct reader *r, const struct yaml_node *node)
{
    if (node == NULL) {
        add_preset(r, "quad9");
        add_preset(r, "cloudflare");
        add_preset(r, "google");
        return;
    }
    if (node->kind != YAML_SEQUENCE || node->first == NULL) {
        error_at(r, node, "providers takes a list with at least one entry: '- preset: quad9'");
        return;
    }
    for (const struct yaml_node *n = node->first; n != NULL; n = n->next) {
        read_provider(r, n);
    }
}

void providers_print(const void *base, FILE *to)
{
    const struct config *config = base;
    for (size_t i = 0; i < config->n_providers; i++) {
        provider_print(&config->providers[i], to);
    }
}
