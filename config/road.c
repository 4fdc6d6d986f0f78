/* SPDX-License-Identifier: MIT */
/* What a provider's entry says of the way there. */
#include "config/lists.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdlib.h>

enum { PIN_N = 8 + 44, PINS_MAX = 8, PORT_MAX = 65535, PORT_DIGITS = 5 };

static bool is_pin(const char *text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    return strlen(text) == PIN_N && strncmp(text, "sha256//", 8) == 0 &&
           strspn(text + 8, digits) == PIN_N - 8 - 1 && text[PIN_N - 1] == '=';
}

void road_read_pins(struct reader *r, const struct yaml_node *node)
{
    struct provider_params *p = r->base;
    char pins[PINS_MAX * (PIN_N + 1) + 1] = "";
    size_t count = 0;
    if (node->kind != YAML_SEQUENCE || node->first == NULL) {
        errors_add(r->errors, node->line, node->column, "pins takes a list: [\"sha256//BASE64\"]");
        return;
    }
    for (const struct yaml_node *n = node->first; n != NULL; n = n->next) {
        const char *text = schema_text(r, n, "a pin");
        if (text != NULL && (!is_pin(text) || count == PINS_MAX)) {
            errors_add(r->errors, n->line, n->column,
                       "a pin is sha256// and 44 characters of Base64, and there are %d at most",
                       PINS_MAX);
        } else if (text != NULL) {
            strcat(strcat(pins, count++ > 0 ? ";" : ""), text);
        }
    }
    p->endpoint.road.pins = arena_text(r->arena, pins, strlen(pins));
    r->no_memory = r->no_memory || p->endpoint.road.pins == NULL;
}

void road_print_pins(const void *base, FILE *to)
{
    const char *at = ((const struct provider_params *)base)->endpoint.road.pins;
    for (const char *lead = "[\""; *at != '\0'; lead = "\", \"") {
        size_t n = strcspn(at, ";");
        fprintf(to, "%s%.*s", lead, (int)n, at);
        at += n + (at[n] == ';');
    }
    fputs("\"]", to);
}

bool road_has_pins(const void *base)
{
    return ((const struct provider_params *)base)->endpoint.road.pins != NULL;
}

/* ":PORT" and nothing behind it. */
static bool is_port(const char *text)
{
    size_t n = text[0] == ':' ? strspn(text + 1, "0123456789") : 0;
    unsigned long port =
        n > 0 && n <= PORT_DIGITS && text[1 + n] == '\0' ? strtoul(text + 1, NULL, 10) : 0;
    return port >= 1 && port <= PORT_MAX;
}

/* A proxy's name would have to be looked up, and we are the ones who look names up. */
static bool is_proxy(const char *text)
{
    static const char *const schemes[] = {"socks5://", "socks5h://", "http://"};
    char host[INET6_ADDRSTRLEN];
    struct in6_addr at;
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        size_t n = strlen(schemes[i]);
        if (strncmp(text, schemes[i], n) != 0) {
            continue;
        }
        bool is_v6 = text[n] == '[';
        const char *from = text + n + is_v6;
        size_t n_host = strcspn(from, is_v6 ? "]" : ":");
        snprintf(host, sizeof host, "%.*s", (int)(n_host < sizeof host ? n_host : 0), from);
        return inet_pton(is_v6 ? AF_INET6 : AF_INET, host, &at) == 1 &&
               is_port(from + n_host + is_v6);
    }
    return false;
}

void road_check(struct reader *r, const struct yaml_node *mapping, const struct provider_params *p)
{
    const struct exchange_road *road = &p->endpoint.road;
    struct in6_addr at;
    const struct yaml_node *node = mapping;
    if (road->client_cert != NULL) {
        schema_check_file(r, provider_node(mapping, "client-cert"), road->client_cert);
    }
    if (road->client_key != NULL) {
        node = provider_node(mapping, "client-key");
        schema_check_file(r, node, road->client_key);
        if (road->client_cert == NULL) {
            errors_add(r->errors, node->line, node->column,
                       "client-key needs client-cert: the certificate that it belongs to");
        }
    }
    if (road->proxy != NULL && !is_proxy(road->proxy)) {
        node = provider_node(mapping, "proxy");
        errors_add(r->errors, node->line, node->column,
                   "proxy is socks5://ADDRESS:PORT or http://ADDRESS:PORT, with an address and "
                   "not a name, and a port from 1 to 65535");
    }
    if (road->source != NULL && inet_pton(AF_INET, road->source, &at) != 1 &&
        inet_pton(AF_INET6, road->source, &at) != 1) {
        node = provider_node(mapping, "source-address");
        errors_add(r->errors, node->line, node->column, "'%.60s' is not an IPv4 or IPv6 address",
                   road->source);
    }
    if (road->interface != NULL && strlen(road->interface) >= IF_NAMESIZE) {
        node = provider_node(mapping, "interface");
        errors_add(r->errors, node->line, node->column, "an interface has 15 characters at most");
    }
}
