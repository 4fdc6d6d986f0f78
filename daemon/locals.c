/* SPDX-License-Identifier: MIT */
#include "daemon/locals.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>

enum { NEVER_MAX = 256 };

struct locals {
    const struct config *config;
    const char *root;
    uint64_t mark;
    pthread_mutex_t lock;
    /* Under the lock: */
    struct local_resolvers found;
    char network[LOCAL_NETWORK_TEXT_MAX];
};

struct never {
    struct address at[NEVER_MAX];
    size_t n;
};

static void add_never(struct never *never, const struct address *address)
{
    if (address->n > 0 && never->n < NEVER_MAX) {
        never->at[never->n++] = *address;
    }
}

static struct address address_of(const struct sockaddr *from)
{
    struct address address = {0};
    if (from != NULL && from->sa_family == AF_INET) {
        address.n = 4;
        memcpy(address.at, &((const struct sockaddr_in *)(const void *)from)->sin_addr, 4);
    } else if (from != NULL && from->sa_family == AF_INET6) {
        address.n = 16;
        memcpy(address.at, &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr, 16);
    }
    return address;
}

/* Who listens on every address listens on each of this machine's. */
static void add_own_addresses(struct never *never)
{
    struct ifaddrs *all = NULL;
    if (getifaddrs(&all) < 0) {
        return;
    }
    for (const struct ifaddrs *one = all; one != NULL; one = one->ifa_next) {
        struct address address = address_of(one->ifa_addr);
        add_never(never, &address);
    }
    freeifaddrs(all);
}

static void add_listeners(const struct listen_params *listen, struct never *never)
{
    for (size_t i = 0; i < listen->n; i++) {
        const struct listen_address *one = &listen->at[i];
        if (one->transport == LISTEN_UNIX) {
            continue;
        }
        struct address address = address_of((const struct sockaddr *)&one->address);
        if (address_is_unspecified(&address)) {
            add_own_addresses(never);
        }
        add_never(never, &address);
    }
}

static void add_providers(const struct config *config, struct never *never)
{
    for (size_t i = 0; i < config->n_providers; i++) {
        const struct exchange_endpoint *endpoint = &config->providers[i].endpoint;
        for (size_t k = 0; k < endpoint->n_addresses; k++) {
            struct address address;
            if (address_from_server(endpoint->addresses[k], &address)) {
                add_never(never, &address);
            }
        }
    }
}

static void find(struct locals *locals, struct local_resolvers *ret_found)
{
    struct never never = {.n = 0};
    add_listeners(&locals->config->listen, &never);
    add_providers(locals->config, &never);
    struct local_params params = {
        .root = locals->root,
        .configured = locals->config->audit.servers,
        .n_configured = locals->config->audit.n_servers,
        .never = never.at,
        .n_never = never.n,
    };
    local_find(&params, ret_found);
}

size_t locals_in_use(const struct local_resolvers *found,
                     const char *ret_servers[AUDIT_SERVERS_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < found->n && n < AUDIT_SERVERS_MAX; i++) {
        if (found->at[i].in_use) {
            ret_servers[n++] = found->at[i].text;
        }
    }
    return n;
}

static bool same_in_use(const struct local_resolvers *a, const struct local_resolvers *b)
{
    const char *of_a[AUDIT_SERVERS_MAX], *of_b[AUDIT_SERVERS_MAX];
    size_t n = locals_in_use(a, of_a);
    if (n != locals_in_use(b, of_b)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (strcmp(of_a[i], of_b[i]) != 0) {
            return false;
        }
    }
    return true;
}

bool locals_refresh(struct locals *locals)
{
    struct local_params params = {.root = locals->root};
    uint64_t mark = local_mark(&params);
    if (mark == locals->mark) {
        return false;
    }
    struct local_resolvers found;
    char network[LOCAL_NETWORK_TEXT_MAX];
    locals->mark = mark;
    find(locals, &found);
    local_network(locals->root, network);
    pthread_mutex_lock(&locals->lock);
    bool same = same_in_use(&found, &locals->found) && strcmp(network, locals->network) == 0;
    locals->found = found;
    memcpy(locals->network, network, sizeof network);
    pthread_mutex_unlock(&locals->lock);
    return !same;
}

struct locals *locals_new(const struct config *config, const char *root)
{
    struct locals *locals = calloc(1, sizeof *locals);
    if (locals == NULL || pthread_mutex_init(&locals->lock, NULL) != 0) {
        free(locals);
        return NULL;
    }
    locals->config = config;
    locals->root = root;
    locals_refresh(locals);
    return locals;
}

struct locals *locals_free(struct locals *locals)
{
    if (locals != NULL) {
        pthread_mutex_destroy(&locals->lock);
        free(locals);
    }
    return NULL;
}

void locals_snapshot(struct locals *locals, struct local_resolvers *ret_found)
{
    pthread_mutex_lock(&locals->lock);
    *ret_found = locals->found;
    pthread_mutex_unlock(&locals->lock);
}

void locals_network(struct locals *locals, char out[LOCAL_NETWORK_TEXT_MAX])
{
    pthread_mutex_lock(&locals->lock);
    memcpy(out, locals->network, LOCAL_NETWORK_TEXT_MAX);
    pthread_mutex_unlock(&locals->lock);
}
