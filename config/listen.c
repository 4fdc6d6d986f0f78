/* SPDX-License-Identifier: MIT */
#include "config/lists.h"
#include "config/units.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <sys/un.h>

enum { HOST_MAX = 80 };

static int parse_unix(const char *path, struct listen_address *a, const char **ret_why)
{
    struct sockaddr_un *un = (struct sockaddr_un *)&a->address;
    if (path[0] != '/') {
        *ret_why = "a Unix socket needs an absolute path: unix:///run/httpdnsd/dns.sock";
        return -EINVAL;
    }
    if (strlen(path) > CONFIG_PATH_MAX) {
        *ret_why = "the path is longer than the 107 octets a Unix socket may have";
        return -EINVAL;
    }
    a->transport = LISTEN_UNIX;
    un->sun_family = AF_UNIX;
    strcpy(un->sun_path, path);
    a->n_address = (socklen_t)sizeof *un;
    return 0;
}

/* "[v6%scope]:port" or "v4:port" apart. */
static bool split(const char *text, char host[HOST_MAX], const char **ret_port, bool *ret_v6)
{
    *ret_v6 = text[0] == '[';
    const char *end = *ret_v6 ? strstr(text, "]:") : strchr(text, ':');
    if (end == NULL) {
        return false;
    }
    const char *from = text + *ret_v6;
    size_t n = (size_t)(end - from);
    if (n == 0 || n >= HOST_MAX) {
        return false;
    }
    memcpy(host, from, n);
    host[n] = '\0';
    *ret_port = end + (*ret_v6 ? 2 : 1);
    return true;
}

static bool set_v6(struct listen_address *a, char *host, in_port_t port)
{
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&a->address;
    char *scope = strchr(host, '%');
    if (scope != NULL) {
        *scope++ = '\0';
        in6->sin6_scope_id = if_nametoindex(scope);
        if (in6->sin6_scope_id == 0) {
            return false;
        }
    }
    in6->sin6_family = AF_INET6;
    in6->sin6_port = port;
    a->n_address = (socklen_t)sizeof *in6;
    return inet_pton(AF_INET6, host, &in6->sin6_addr) == 1;
}

static bool set_v4(struct listen_address *a, const char *host, in_port_t port)
{
    struct sockaddr_in *in = (struct sockaddr_in *)&a->address;
    in->sin_family = AF_INET;
    in->sin_port = port;
    a->n_address = (socklen_t)sizeof *in;
    return inet_pton(AF_INET, host, &in->sin_addr) == 1;
}

static int parse_inet(const char *text, struct listen_address *a, const char **ret_why)
{
    char host[HOST_MAX];
    const char *port_text;
    uint64_t port;
    bool v6;
    if (!split(text, host, &port_text, &v6)) {
        *ret_why =
            "write ADDRESS:PORT, with brackets around IPv6: udp://127.0.0.1:53, udp://[::1]:53";
        return -EINVAL;
    }
    if (units_read_count(port_text, &port) < 0 || port < 1 || port > 65535) {
        *ret_why = "the port must be a number from 1 to 65535";
        return -EINVAL;
    }
    in_port_t net_port = htons((uint16_t)port);
    if (v6 ? !set_v6(a, host, net_port) : !set_v4(a, host, net_port)) {
        *ret_why =
            v6 ? "not an IPv6 address of this machine's kind, or no such interface behind '%'"
               : "not an IPv4 address: a name cannot stand here";
        return -EINVAL;
    }
    return 0;
}

int listen_parse(const char *text, struct listen_address *ret_address, const char **ret_why)
{
    struct listen_address a = {.text = text};
    int failure = -EINVAL;
    *ret_why = "write udp://ADDRESS:PORT, tcp://ADDRESS:PORT or unix://PATH";
    if (strncmp(text, "unix://", 7) == 0) {
        failure = parse_unix(text + 7, &a, ret_why);
    } else if (strncmp(text, "udp://", 6) == 0 || strncmp(text, "tcp://", 6) == 0) {
        a.transport = text[0] == 'u' ? LISTEN_UDP : LISTEN_TCP;
        failure = parse_inet(text + 6, &a, ret_why);
    }
    if (failure == 0) {
        *ret_address = a;
    }
    return failure;
}

static void add_listen(struct reader *r, const struct yaml_node *node, const char *text)
{
    struct listen_params *listen = &r->config->listen;
    const char *why;
    if (listen->n == CONFIG_LISTEN_MAX) {
        errors_add(r->errors, node->line, node->column, "more than %d listen addresses",
                   CONFIG_LISTEN_MAX);
        return;
    }
    struct listen_address *a = &listen->at[listen->n];
    if (listen_parse(text, a, &why) < 0) {
        errors_add(r->errors, node->line, node->column, "'%.80s': %s", text, why);
        return;
    }
    for (size_t i = 0; i < listen->n; i++) {
        if (listen->at[i].transport == a->transport && listen->at[i].n_address == a->n_address &&
            memcmp(&listen->at[i].address, &a->address, a->n_address) == 0) {
            errors_add(r->errors, node->line, node->column, "'%.80s' stands here twice", text);
            return;
        }
    }
    listen->n++;
}

void lists_read_listen(struct reader *r, const struct yaml_node *node)
{
    static const char *const fallback[] = {
        "udp://127.0.0.1:53",
        "tcp://127.0.0.1:53",
        "udp://[::1]:53",
        "tcp://[::1]:53",
        "unix:///run/httpdnsd/dns.sock",
    };
    static const struct yaml_node nowhere = {.kind = YAML_SCALAR};
    if (node == NULL) {
        for (size_t i = 0; i < sizeof fallback / sizeof fallback[0]; i++) {
            add_listen(r, &nowhere, fallback[i]);
        }
        return;
    }
    if (node->kind != YAML_SEQUENCE || node->first == NULL) {
        errors_add(r->errors, node->line, node->column,
                   "listen takes a list with at least one address: '- udp://127.0.0.1:53'");
        return;
    }
    for (const struct yaml_node *n = node->first; n != NULL; n = n->next) {
        const char *text = schema_text(r, n, "a listen address");
        if (text != NULL) {
            add_listen(r, n, text);
        }
    }
}

void lists_print_listen(const void *base, FILE *to)
{
    const struct config *config = base;
    for (size_t i = 0; i < config->listen.n; i++) {
        fputs("\n  - ", to);
        schema_print_text(config->listen.at[i].text, to);
    }
}
