/* SPDX-License-Identifier: MIT */
#include "config/loops.h"

#include "config/lists.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>

enum { PORT_HTTPS = 443, PORT_HTTP = 80, HOST_MAX = 64 };

/* ---- one address and another ---- */

struct spot {
    struct address address;
    uint16_t port;
};

/* False for what is no address of IPv4 or IPv6. */
static bool spot_of(const struct sockaddr_storage *from, struct spot *ret_spot)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    struct spot spot = {.address = own_address_of((const struct sockaddr *)from)};
    if (spot.address.n == 16 && memcmp(spot.address.at, mapped, sizeof mapped) == 0) {
        memmove(spot.address.at, spot.address.at + sizeof mapped, 4);
        memset(spot.address.at + 4, 0, sizeof mapped);
        spot.address.n = 4;
    }
    spot.port = ntohs(from->ss_family == AF_INET
                          ? ((const struct sockaddr_in *)(const void *)from)->sin_port
                          : ((const struct sockaddr_in6 *)(const void *)from)->sin6_port);
    *ret_spot = spot;
    return spot.address.n > 0;
}

bool loops_hears(const struct sockaddr_storage *at, const struct sockaddr_storage *to,
                 const struct own *own)
{
    struct spot ear, goal;
    if (!spot_of(at, &ear) || !spot_of(to, &goal) || ear.port != goal.port ||
        ear.address.n != goal.address.n) {
        return false;
    }
    bool here = address_is_loopback(&goal.address) || own_has(own, &goal.address);
    if (address_is_unspecified(&goal.address)) {
        /* To nowhere is to this host itself. */
        return address_is_unspecified(&ear.address) || address_is_loopback(&ear.address);
    }
    return address_is_unspecified(&ear.address) ? here : address_equal(&ear.address, &goal.address);
}

/* ---- the file ---- */

struct check {
    struct reader *reader;
    struct own own;
};

/* lends the text of the listener that hears it; NULL when none does. */
static const char *heard_by(const struct check *check, const struct sockaddr_storage *to,
                            bool stream_only)
{
    const struct listen_params *listen = &check->reader->config->listen;
    for (size_t i = 0; i < listen->n; i++) {
        const struct listen_address *one = &listen->at[i];
        bool counts =
            one->transport == LISTEN_TCP || (one->transport == LISTEN_UDP && !stream_only);
        if (counts && loops_hears(&one->address, to, &check->own)) {
            return one->text;
        }
    }
    return NULL;
}

static void check_server(const struct check *check, const struct yaml_node *node, const char *mend)
{
    struct sockaddr_storage to;
    socklen_t n_to;
    if (node == NULL || node->kind != YAML_SCALAR ||
        !plain_server_address(node->text, &to, &n_to)) {
        return; /* said already, or no address */
    }
    const char *heard = heard_by(check, &to, false);
    if (heard != NULL) {
        errors_add(check->reader->errors, node->line, node->column,
                   "'%.60s' is our own listener %.60s: %s", node->text, heard, mend);
    }
}

/* The host and port of a URL: the host as text, without brackets. False when it makes no sense. */
static bool split_url(const char *url, char host[HOST_MAX], unsigned *ret_port)
{
    const char *from = strstr(url, "://");
    if (from == NULL) {
        return false;
    }
    from += 3;
    bool is_v6 = from[0] == '[';
    from += is_v6;
    size_t n = strcspn(from, is_v6 ? "]" : ":/?#");
    const char *end = from + n + (is_v6 && from[n] == ']');
    *ret_port = strncmp(url, "http:", 5) == 0 ? PORT_HTTP : PORT_HTTPS;
    if (*end == ':') {
        *ret_port = (unsigned)strtoul(end + 1, NULL, 10);
    }
    snprintf(host, HOST_MAX, "%.*s", n < HOST_MAX ? (int)n : 0, from);
    return true;
}

static bool leads_here(const struct check *check, const char *address, unsigned port,
                       const char **ret_listener)
{
    char text[HOST_MAX + 16];
    struct sockaddr_storage to;
    socklen_t n_to;
    bool is_v6 = strchr(address, ':') != NULL;
    snprintf(text, sizeof text, "%s%s%s:%u", is_v6 ? "[" : "", address, is_v6 ? "]" : "", port);
    *ret_listener = plain_server_address(text, &to, &n_to) ? heard_by(check, &to, true) : NULL;
    return *ret_listener != NULL;
}

/* `mapping` is its entry; `key` names its list of addresses there. */
static void check_endpoint(const struct check *check, const struct yaml_node *mapping,
                           const char *key, const struct exchange_endpoint *endpoint)
{
    char host[HOST_MAX];
    unsigned port;
    const char *listener;
    if (endpoint->url == NULL || !split_url(endpoint->url, host, &port)) {
        return;
    }
    const struct yaml_node *list = provider_node(mapping, key),
                           *url = provider_node(mapping, "url");
    const struct yaml_node *where =
        list != NULL && list->kind == YAML_SEQUENCE ? list->first : NULL;
    bool literal = leads_here(check, host, port, &listener);
    for (size_t i = 0; !literal && i < endpoint->n_addresses; i++) {
        if (leads_here(check, endpoint->addresses[i], port, &listener)) {
            where = where != NULL ? where : mapping;
            errors_add(check->reader->errors, where->line, where->column,
                       "'%.60s' with port %u is our own listener %.60s: name the provider's "
                       "address",
                       endpoint->addresses[i], port, listener);
        }
        where = where != NULL ? where->next : NULL;
    }
    if (literal) {
        where = url != NULL ? url : mapping;
        errors_add(check->reader->errors, where->line, where->column,
                   "the url leads to our own listener %.60s: name the provider's", listener);
    }
}

static const struct yaml_node *find_node(const struct yaml_node *mapping, const char *key)
{
    bool has = mapping != NULL && mapping->kind == YAML_MAPPING;
    return has ? provider_node(mapping, key) : NULL;
}

static void check_providers(const struct check *check, const struct yaml_node *list)
{
    const struct config *config = check->reader->config;
    const struct yaml_node *n = list != NULL && list->kind == YAML_SEQUENCE ? list->first : NULL;
    size_t i = 0;
    for (; n != NULL && i < config->n_providers; n = n->next) {
        if (n->kind != YAML_MAPPING) {
            continue;
        }
        const struct provider_params *p = &config->providers[i++];
        check_server(check, provider_node(n, "server"),
                     "it would ask itself; name the server of the own network");
        check_endpoint(check, n, "addresses", &p->endpoint);
        check_endpoint(check, n, "target-addresses", &p->odoh.target);
    }
}

void loops_check(struct reader *r, const struct yaml_node *root)
{
    struct check check = {.reader = r};
    const struct yaml_node *servers = find_node(find_node(root, "local-resolver"), "servers");
    own_find(&check.own);
    if (servers != NULL && servers->kind == YAML_SEQUENCE) {
        for (const struct yaml_node *n = servers->first; n != NULL; n = n->next) {
            check_server(&check, n, "name the resolver of the network, or auto");
        }
    }
    check_providers(&check, find_node(root, "providers"));
}
