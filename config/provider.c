/* SPDX-License-Identifier: MIT */
/* One provider: a preset by name, or spelled out. What may stand in an entry is a table of rows, as
 * for the options themselves: the same row reads, prints and documents its key. */
#include "config/lists.h"
#include "config/presets.h"
#include "config/units.h"
#include "resolver/upstream/subnet.h"

#include <arpa/inet.h>
#include <errno.h>

enum { NAME_TEXT_MAX = 64 };

const struct schema_word provider_protocols[] = {{"doh", PROTOCOL_DOH},
                                                 {"doh-get", PROTOCOL_DOH_GET},
                                                 {"json", PROTOCOL_JSON},
                                                 {"alidns", PROTOCOL_ALIDNS},
                                                 {"aliyun", PROTOCOL_ALIYUN},
                                                 {"aliyun2", PROTOCOL_ALIYUN2},
                                                 {"tencent", PROTOCOL_TENCENT},
                                                 {"volc", PROTOCOL_VOLC},
                                                 {"baidu", PROTOCOL_BAIDU},
                                                 {"generic", PROTOCOL_GENERIC},
                                                 {"odoh", PROTOCOL_ODOH},
                                                 {"dns", PROTOCOL_DNS},
                                                 {NULL, 0}};

static void error_at(struct reader *r, const struct yaml_node *node, const char *why)
{
    errors_add(r->errors, node->line, node->column, "%s", why);
}

/* ---- the fields that take more than one step ---- */

static void read_preset(struct reader *r, const struct yaml_node *node)
{
    struct provider_params *p = r->base;
    const char *id = schema_text(r, node, "preset");
    const struct preset *preset = id != NULL ? preset_find(id) : NULL;
    if (preset != NULL) {
        p->name = preset->id;
        p->filtering = preset->filtering;
        p->endpoint.url = preset->url;
        p->endpoint.addresses = preset->addresses;
        p->preset_addresses = true;
        while (preset->addresses[p->endpoint.n_addresses] != NULL) {
            p->endpoint.n_addresses++;
        }
        return;
    }
    const char *nearest = NULL;
    unsigned distance = UNITS_FAR;
    for (size_t i = 0; id != NULL && preset_at(i) != NULL; i++) {
        if (units_is_nearer(id, preset_at(i)->id, &distance)) {
            nearest = preset_at(i)->id;
        }
    }
    if (id != NULL) {
        errors_add(r->errors, node->line, node->column, "no built-in preset '%.40s'%s%s%s", id,
                   nearest != NULL ? ": did you mean '" : "", nearest != NULL ? nearest : "",
                   nearest != NULL ? "'?" : "");
    }
}

/* False when a port follows the host and is none. */
static bool has_good_port(const char *host, size_t n)
{
    const char *bracket = host[0] == '[' ? memchr(host, ']', n) : NULL;
    const char *from = bracket != NULL ? bracket + 1 : host;
    const char *colon = memchr(from, ':', n - (size_t)(from - host));
    char text[8] = "";
    uint64_t port;
    if (colon == NULL) {
        return true;
    }
    size_t n_port = n - (size_t)(colon + 1 - host);
    if (n_port < sizeof text) {
        memcpy(text, colon + 1, n_port);
    }
    return units_read_count(text, &port) == 0 && port >= 1 && port <= UINT16_MAX;
}

/* What is wrong with it; NULL when it is good. */
static const char *check_url(const char *url, bool plaintext)
{
    static const char https[] = "https://", http[] = "http://";
    bool clear = plaintext && strncmp(url, http, sizeof http - 1) == 0;
    if (!clear && strncmp(url, https, sizeof https - 1) != 0) {
        return plaintext ? "url must begin with https:// or http://"
                         : "url must begin with https://";
    }
    const char *host = url + (clear ? sizeof http : sizeof https) - 1;
    size_t n = strcspn(host, "/?#");
    if (n == 0 || host[0] == ':') {
        return "url has no host";
    }
    if (memchr(host, '@', n) != NULL) {
        return "url must not hold a user or password";
    }
    if (!has_good_port(host, n)) {
        return "url has no port from 1 to 65535 behind its host's colon";
    }
    if (strchr(host, '#') != NULL) {
        return "url must not hold a fragment ('#')";
    }
    for (const char *c = url; *c != '\0'; c++) {
        if (*c <= ' ' || *c == 0x7f || *c == '"') {
            return "url must not hold spaces, quotes or control characters";
        }
    }
    return NULL;
}

static void read_url(struct reader *r, const struct yaml_node *node)
{
    static const char template[] = "{?dns}";
    struct provider_params *p = r->base;
    const char *url = schema_text(r, node, "url");
    if (url == NULL) {
        return;
    }
    size_t n = strlen(url), n_template = sizeof template - 1;
    if (n > n_template && strcmp(url + n - n_template, template) == 0) {
        url = arena_text(r->arena, url, n - n_template);
        r->no_memory = r->no_memory || url == NULL;
    }
    const char *why = url != NULL ? check_url(url, p->account.insecure_http) : NULL;
    if (why != NULL) {
        error_at(r, node, why);
    }
    p->endpoint.url = url;
    p->endpoint.plaintext = p->account.insecure_http;
}

static void print_url(const void *base, FILE *to)
{
    const struct provider_params *p = base;
    schema_print_text(p->odoh.url != NULL ? p->odoh.url : p->endpoint.url, to);
}

void provider_read_addresses(struct reader *r, const struct yaml_node *node, const char *key,
                             struct exchange_endpoint *endpoint)
{
    struct in6_addr at;
    if (node->kind != YAML_SEQUENCE || node->first == NULL) {
        errors_add(r->errors, node->line, node->column,
                   "%s takes a list: [192.0.2.1, \"2001:db8::1\"]", key);
        return;
    }
    const char **list = arena_take(r->arena, CONFIG_ADDRESSES_MAX * sizeof list[0]);
    r->no_memory = r->no_memory || list == NULL;
    size_t count = 0;
    for (const struct yaml_node *n = node->first; n != NULL && list != NULL; n = n->next) {
        const char *text = schema_text(r, n, "an address");
        if (text == NULL) {
            continue;
        }
        if (inet_pton(AF_INET, text, &at) != 1 && inet_pton(AF_INET6, text, &at) != 1) {
            errors_add(r->errors, n->line, n->column, "'%.60s' is not an IPv4 or IPv6 address",
                       text);
        } else if (count == CONFIG_ADDRESSES_MAX) {
            errors_add(r->errors, n->line, n->column, "more than %d addresses",
                       CONFIG_ADDRESSES_MAX);
            break;
        } else {
            list[count++] = text;
        }
    }
    endpoint->addresses = list;
    endpoint->n_addresses = count;
}

static bool has_url(const void *base)
{
    const struct provider_params *p = base;
    return p->endpoint.url != NULL && p->endpoint.url[0] != '\0';
}

static void read_addresses(struct reader *r, const struct yaml_node *node)
{
    struct provider_params *p = r->base;
    p->preset_addresses = false;
    provider_read_addresses(r, node, "addresses", &p->endpoint);
}

static void print_list(const struct exchange_endpoint *endpoint, FILE *to)
{
    for (size_t i = 0; i < endpoint->n_addresses; i++) {
        fputs(i > 0 ? ", " : "[", to);
        schema_print_text(endpoint->addresses[i], to);
    }
    fputc(']', to);
}

static void print_addresses(const void *base, FILE *to)
{
    print_list(&((const struct provider_params *)base)->endpoint, to);
}

static bool has_addresses(const void *base)
{
    return ((const struct provider_params *)base)->endpoint.n_addresses > 0;
}

static void print_target_addresses(const void *base, FILE *to)
{
    print_list(&((const struct provider_params *)base)->odoh.target, to);
}

static bool has_target_addresses(const void *base)
{
    return ((const struct provider_params *)base)->odoh.target.n_addresses > 0;
}

static void read_ca_file(struct reader *r, const struct yaml_node *node)
{
    struct provider_params *p = r->base;
    p->endpoint.ca_file = schema_text(r, node, "ca-file");
    if (p->endpoint.ca_file != NULL) {
        schema_check_file(r, node, p->endpoint.ca_file);
    }
}

static void print_ca_file(const void *base, FILE *to)
{
    schema_print_text(((const struct provider_params *)base)->endpoint.ca_file, to);
}

static bool has_ca_file(const void *base)
{
    return ((const struct provider_params *)base)->endpoint.ca_file != NULL;
}

static void read_name(struct reader *r, const struct yaml_node *node)
{
    struct provider_params *p = r->base;
    p->name = schema_text(r, node, "name");
    if (p->name != NULL && (p->name[0] == '\0' || strlen(p->name) > NAME_TEXT_MAX)) {
        error_at(r, node, "name must have 1 to 64 characters");
    }
}

static void print_name(const void *base, FILE *to)
{
    schema_print_text(((const struct provider_params *)base)->name, to);
}

static void read_subnet(struct reader *r, const struct yaml_node *node)
{
    struct provider_params *p = r->base;
    const char *text = schema_text(r, node, "client-subnet");
    if (text == NULL || strcmp(text, "off") == 0) {
        return;
    }
    if (strcmp(text, "auto") == 0) {
        p->client_subnet.from_here = true; /* which it is, the pool finds out on each network */
        return;
    }
    switch (subnet_read(text, &p->client_subnet)) {
    case 0:
        return;
    case -ERANGE:
        error_at(r, node, "client-subnet tells /24 of an IPv4 and /56 of an IPv6 address at most");
        return;
    case -EDOM:
        error_at(r, node,
                 "client-subnet has bits behind its length: write the subnet's first address");
        return;
    default:
        error_at(r, node, "client-subnet takes off, auto, or a subnet such as 192.0.2.0/24");
    }
}

static void print_subnet(const void *base, FILE *to)
{
    const struct provider_subnet *subnet = &((const struct provider_params *)base)->client_subnet;
    char text[SUBNET_TEXT_MAX];
    struct buf out = buf_over(text, sizeof text);
    subnet_put(subnet, "", SUBNET_WITH_LENGTH, &out);
    if (subnet->from_here || subnet->n == 0) {
        fputs(subnet->from_here ? "auto" : "off", to);
    } else {
        fprintf(to, "\"%.*s\"", (int)out.n, text);
    }
}

static void read_server(struct reader *r, const struct yaml_node *node)
{
    struct provider_params *p = r->base;
    const char *text = schema_text(r, node, "server");
    if (text != NULL && !plain_server_is_valid(text)) {
        error_at(r, node, "server must be an address, with or without a port: 192.0.2.1:53");
    }
    p->server = text;
    p->endpoint.url = p->endpoint.url != NULL ? p->endpoint.url : "";
    p->protocol = PROTOCOL_DNS;
    p->filtering = true; /* it is no witness: it is the one that is doubted */
}

static void print_server(const void *base, FILE *to)
{
    schema_print_text(((const struct provider_params *)base)->server, to);
}

static bool has_server(const void *base)
{
    return ((const struct provider_params *)base)->server != NULL;
}

/* ---- the rows, read in this order ---- */

#define AT(field) offsetof(struct provider_params, field)

static const struct schema_word families[] = {
    {"auto", EXCHANGE_ANY_FAMILY}, {"ipv4", EXCHANGE_IPV4}, {"ipv6", EXCHANGE_IPV6}, {NULL, 0}};

static const struct schema_word padding[] = {{"yes", PADDING_YES}, {"no", PADDING_NO}, {NULL, 0}};

static const struct schema_row rows[] = {
    {.key = "preset",
     .kind = SCHEMA_OTHER,
     .read = read_preset,
     .help = "The name of a built-in provider: quad9, cloudflare, google, mullvad, "
             "adguard-unfiltered and others; a wrong name is answered with the nearest right one. "
             "It brings its addresses along. Excludes url."},
    {.key = "stamp",
     .kind = SCHEMA_OTHER,
     .read = odoh_read_stamp,
     .help = "A DNS stamp (sdns://...) of a DoH provider or an Oblivious DoH target, instead of "
             "url; brings an address along where it has one. The certificate hashes in it are not "
             "checked, the certificate itself is."},
    {.key = "name",
     .kind = SCHEMA_OTHER,
     .read = read_name,
     .print = print_name,
     .help = "What messages call it; needed with url. A stamp's is its host."},
    {.key = "insecure-http",
     .kind = SCHEMA_FLAG,
     .offset = AT(account.insecure_http),
     .help =
         "yes to allow a url that begins with http://, where the vendor's own cipher is all that "
         "hides; no unless said."},
    {.key = "url",
     .kind = SCHEMA_OTHER,
     .read = read_url,
     .print = print_url,
     .is_set = has_url,
     .help = "https://HOST[:PORT]/PATH; a template's {?dns} at the end is taken off. The vendors' "
             "protocols know theirs, or with a server alone its path; generic takes {host}, "
             "{account}, {key}, {t}, {tms}, {sign}, "
             "{ip}, {type} (A or AAAA) and {family} (4 or 6) in it."},
    {.key = "protocol",
     .kind = SCHEMA_WORD,
     .offset = AT(protocol),
     .words = provider_protocols,
     .fallback = "doh",
     .help = "doh (RFC 8484 by POST), doh-get (by GET), json (the JSON API of Google, Cloudflare "
             "and others, for networks where only that gets through: no DNSSEC records), odoh "
             "(Oblivious DoH, RFC 9230: url is the target, relay the one in between), or a "
             "vendor's: alidns, and for addresses alone aliyun, aliyun2, tencent, volc, baidu, "
             "generic."},
    {.key = "addresses",
     .kind = SCHEMA_OTHER,
     .takers = TAKERS_HTTPS,
     .read = read_addresses,
     .print = print_addresses,
     .is_set = has_addresses,
     .help = "A list of IPv4 and IPv6 addresses of the host. Without it they are asked of the "
             "local resolvers; TLS makes a lie there harmless."},
    {.key = "ca-file",
     .kind = SCHEMA_OTHER,
     .takers = TAKERS_HTTPS,
     .read = read_ca_file,
     .print = print_ca_file,
     .is_set = has_ca_file,
     .help = "The file with the certificates to trust for this provider, instead of the system's."},
    {.key = "server",
     .kind = SCHEMA_OTHER,
     .takers = TAKES(DNS),
     .read = read_server,
     .print = print_server,
     .is_set = has_server,
     .help =
         "Instead of url: a DNS server of the own network (192.0.2.1, [2001:db8::1]:5353), asked "
         "in the clear over UDP and TCP. It needs a group: it is asked by rules alone. It may not "
         "be "
         "one of our own listeners."},
    {.key = "group",
     .kind = SCHEMA_STRING,
     .offset = AT(group),
     .help = "A name for providers that are asked only where a rule names their group; without it, "
             "for everything else."},
    {.key = "pins",
     .kind = SCHEMA_OTHER,
     .takers = TAKERS_HTTPS,
     .read = road_read_pins,
     .print = road_print_pins,
     .is_set = road_has_pins,
     .help = "A list of sha256//BASE64 hashes of public keys (SPKI): the server's must be one of "
             "them, beside its certificate being good."},
    {.key = "client-cert",
     .kind = SCHEMA_STRING,
     .takers = TAKERS_HTTPS,
     .offset = AT(endpoint.road.client_cert),
     .help = "The PEM file with the certificate that we show to the provider."},
    {.key = "client-key",
     .kind = SCHEMA_STRING,
     .takers = TAKERS_HTTPS,
     .offset = AT(endpoint.road.client_key),
     .help = "The PEM file with its key."},
    {.key = "proxy",
     .kind = SCHEMA_STRING,
     .takers = TAKERS_HTTPS,
     .offset = AT(endpoint.road.proxy),
     .help = "socks5://ADDRESS:PORT or http://ADDRESS:PORT to go through, and never around. SOCKS5 "
             "is told the provider's address (its name with socks5h), HTTP its name. The "
             "environment's proxies are not looked at."},
    {.key = "interface",
     .kind = SCHEMA_STRING,
     .takers = TAKERS_HTTPS,
     .offset = AT(endpoint.road.interface),
     .help = "The network interface to leave by; while it is not there the provider is not asked."},
    {.key = "source-address",
     .kind = SCHEMA_STRING,
     .takers = TAKERS_HTTPS,
     .offset = AT(endpoint.road.source),
     .help = "The local address to come from; while this host has it not the provider is not "
             "asked."},
    {.key = "mark",
     .kind = SCHEMA_COUNT,
     .takers = TAKERS_HTTPS,
     .offset = AT(endpoint.road.mark),
     .max = UINT32_MAX,
     .fallback = "0",
     .help = "A firewall mark (SO_MARK) for its packets. The daemon needs CAP_NET_ADMIN or "
             "CAP_NET_RAW for that, cannot ask the provider without, and says so: the unit as "
             "shipped has no capability, see httpdnsd(8)."},
    {.key = "family",
     .kind = SCHEMA_WORD,
     .takers = TAKERS_HTTPS,
     .offset = AT(endpoint.road.family),
     .words = families,
     .fallback = "auto",
     .help = "The addresses to use: ipv4, ipv6, or auto, both at once with IPv6 a little ahead."},
    {.key = "allow-redirects",
     .kind = SCHEMA_FLAG,
     .takers = TAKERS_HTTPS,
     .offset = AT(endpoint.redirects),
     .help = "yes to follow a redirection, once, to the same host and port by https, with the same "
             "method; to another host none is ever followed, nor is any unless this is said."},
    {.key = "http3",
     .kind = SCHEMA_FLAG,
     .takers = TAKERS_HTTPS,
     .offset = AT(endpoint.http3),
     .help =
         "yes to try HTTP/3 when a connection is made, and HTTP/2 beside it. It needs a libcurl "
         "that has it ('httpdnsctl status' says so; Debian 12's has not), and what finds dead "
         "connections and lost packets out knows TCP alone: so no unless said."},
    {.key = "filtering",
     .kind = SCHEMA_FLAG,
     .offset = AT(filtering),
     .fallback = "no",
     .help = "yes when the provider withholds names by policy; it is then no witness against "
             "others. Presets know it of themselves; vendors never are one."},
    {.key = "trust-ad",
     .kind = SCHEMA_FLAG,
     .takers = TAKES(JSON) | TAKES(ALIDNS),
     .offset = AT(trust_ad),
     .help = "yes to pass on a JSON provider's word that it validated an answer (AD); no unless "
             "said."},
    {.key = "padding",
     .kind = SCHEMA_WORD,
     .takers = TAKES(DOH),
     .offset = AT(padding),
     .words = padding,
     .fallback = "yes",
     .help = "Whether questions by POST are filled up to a multiple of 128 octets (RFC 8467), so "
             "that their length does not tell their name; no for a provider that cannot take it. "
             "Oblivious DoH always fills its own, GET and the vendors' protocols cannot."},
    {.key = "client-subnet",
     .kind = SCHEMA_OTHER,
     .takers = TAKERS_HTTPS,
     .read = read_subnet,
     .print = print_subnet,
     .help = "The part of the network that answers are wanted for, told to the provider: off (the "
             "default, nothing), auto (of this host's own address if that is a public one), or a "
             "subnet such as 192.0.2.0/24; at most /24 or /56. Answers are cached for all clients "
             "alike. Oblivious DoH tells none."},
    {.key = "relay",
     .kind = SCHEMA_STRING,
     .takers = TAKES(ODOH),
     .offset = AT(odoh.relay),
     .read = odoh_read_relay,
     .help = "The URL of the Oblivious DoH relay, a template with targethost and targetpath: "
             "https://relay.example/proxy{?targethost,targetpath}; or a relay's stamp. addresses "
             "are then the relay's."},
    {.key = "insecure-same-operator",
     .kind = SCHEMA_FLAG,
     .takers = TAKES(ODOH),
     .offset = AT(odoh.same_operator),
     .help = "yes lets relay and target stand under one domain: whoever runs both sees who asks "
             "and what."},
    {.key = "odoh-configs-path",
     .kind = SCHEMA_STRING,
     .takers = TAKES(ODOH),
     .offset = AT(odoh.configs_path),
     .read = odoh_read_configs_path,
     .help = "Where the target shows its keys, when it is not /.well-known/odohconfigs. They are "
             "fetched from the target itself, which so learns an address, but no question."},
    {.key = "odoh-configs-dns",
     .kind = SCHEMA_FLAG,
     .takers = TAKES(ODOH),
     .offset = AT(odoh.configs_dns),
     .help = "yes to look for the target's keys in its HTTPS record (odohconfig, key 32769) first, "
             "asked of another provider, so that the target learns nothing at all; they are "
             "fetched from the target only when it has none. no unless said."},
    {.key = "odoh-configs-file",
     .kind = SCHEMA_STRING,
     .takers = TAKES(ODOH),
     .offset = AT(odoh.configs_file),
     .read = odoh_read_configs_file,
     .help = "A file with the target's keys (ObliviousDoHConfigs); nothing is then fetched from "
             "the target."},
    {.key = "target-addresses",
     .kind = SCHEMA_OTHER,
     .takers = TAKES(ODOH),
     .read = odoh_read_target_addresses,
     .print = print_target_addresses,
     .is_set = has_target_addresses,
     .help = "The addresses of an Oblivious DoH target, for its keys; looked up when missing."},
};

const struct schema_row *provider_row_at(size_t i)
{
    enum { N_ROWS = sizeof rows / sizeof rows[0] };
    return i < N_ROWS ? &rows[i] : vendor_row_at(i - N_ROWS);
}
