/* SPDX-License-Identifier: MIT */
#include "daemon/locals.h"

#include "config/loops.h"

#include <pthread.h>
#include <stdlib.h>

enum { NEVER_MAX = 256 };

struct locals {
    const struct config *config;
    const char *root;
    struct sockaddr_storage ears[2 * CONFIG_LISTEN_MAX]; /* where we listen, but for Unix sockets */
    size_t n_ears;
    /* Held while it is looked, which may take the time of reading files: */
    pthread_mutex_t looking;
    uint64_t mark;
    struct own own;
    uint64_t n_changes;
    /* Held for a moment: */
    pthread_mutex_t lock;
    struct local_resolvers found;
    struct local_network network;
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

/* Who listens on every address listens on each of this machine's. */
static void add_listeners(const struct locals *locals, const struct own *own, struct never *never)
{
    bool everywhere = false;
    for (size_t i = 0; i < locals->n_ears; i++) {
        struct address address = own_address_of((const struct sockaddr *)&locals->ears[i]);
        everywhere = everywhere || address_is_unspecified(&address);
        add_never(never, &address);
    }
    for (size_t i = 0; everywhere && i < own->n; i++) {
        add_never(never, &own->at[i]);
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

static bool leads_here(const struct locals *locals, const struct own *own, const char *server)
{
    struct sockaddr_storage to;
    socklen_t n_to;
    bool here = false;
    for (size_t i = 0; !here && i < locals->n_ears; i++) {
        here = plain_server_address(server, &to, &n_to) && loops_hears(&locals->ears[i], &to, own);
    }
    return here;
}

static void find(struct locals *locals, struct local_resolvers *ret_found)
{
    const struct own *own = &locals->own;
    const struct audit_params *audit = &locals->config->audit;
    const char *configured[AUDIT_SERVERS_MAX];
    struct never never = {.n = 0};
    add_listeners(locals, own, &never);
    add_providers(locals->config, &never);
    struct local_params params = {
        .root = locals->root,
        .configured = configured,
        .never = never.at,
        .n_never = never.n,
    };
    for (size_t i = 0; i < audit->n_servers; i++) {
        if (!leads_here(locals, own, audit->servers[i])) {
            configured[params.n_configured++] = audit->servers[i];
        }
    }
    /* Nobody else than those who were named. */
    ret_found->n = 0;
    if (audit->n_servers == 0 || params.n_configured > 0) {
        local_find(&params, ret_found);
    }
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

size_t locals_all(const struct local_resolvers *found, const char *ret_servers[LOCAL_MAX])
{
    size_t n = 0;
    for (unsigned in_use = 2; in_use-- > 0;) {
        for (size_t i = 0; i < found->n; i++) {
            if (found->at[i].in_use == (in_use == 1)) {
                ret_servers[n++] = found->at[i].text;
            }
        }
    }
    return n;
}

static bool same_servers(const struct local_resolvers *a, const struct local_resolvers *b)
{
    bool same = a->n == b->n;
    for (size_t i = 0; same && i < a->n; i++) {
        same = a->at[i].in_use == b->at[i].in_use && strcmp(a->at[i].text, b->at[i].text) == 0;
    }
    return same;
}

/* What was not known of the network is learnt with its first packets: that is no other network. */
static bool is_another_network(struct locals *locals)
{
    struct local_network network;
    local_network(locals->root, &network);
    bool same = local_same_network(&network, &locals->network);
    if (!same || network.hardware[0] != '\0') {
        pthread_mutex_lock(&locals->lock);
        locals->network = network;
        pthread_mutex_unlock(&locals->lock);
    }
    return !same;
}

/* An address of this machine's may come late, as that of a link does: it counts where it changes
 * what is found. */
static bool are_other_servers(struct locals *locals)
{
    struct local_params params = {.root = locals->root};
    uint64_t mark = local_mark(&params);
    struct own own;
    own_find(&own);
    if (mark == locals->mark && own_equal(&own, &locals->own)) {
        return false;
    }
    struct local_resolvers found;
    locals->own = own;
    locals->mark = mark;
    find(locals, &found);
    pthread_mutex_lock(&locals->lock);
    bool same = same_servers(&found, &locals->found);
    locals->found = found;
    pthread_mutex_unlock(&locals->lock);
    return !same;
}

static void look(struct locals *locals)
{
    bool moved = is_another_network(locals);
    locals->n_changes += are_other_servers(locals) || moved;
}

uint64_t locals_refresh(struct locals *locals)
{
    pthread_mutex_lock(&locals->looking);
    look(locals);
    uint64_t n_changes = locals->n_changes;
    pthread_mutex_unlock(&locals->looking);
    return n_changes;
}

static void take_ears(struct locals *locals, const struct sockets *sockets)
{
    for (size_t i = 0; i < sockets->n; i++) {
        const struct socket_entry *entry = &sockets->at[i];
        if (entry->transport != LISTEN_UNIX && entry->wanted && entry->n_fds > 0) {
            locals->ears[locals->n_ears++] = entry->address;
        }
    }
}

struct locals *locals_new(const struct config *config, const struct sockets *sockets,
                          const char *root)
{
    struct locals *locals = calloc(1, sizeof *locals);
    if (locals == NULL) {
        return NULL;
    }
    pthread_mutex_init(&locals->lock, NULL);
    pthread_mutex_init(&locals->looking, NULL);
    locals->config = config;
    locals->root = root;
    take_ears(locals, sockets);
    locals_refresh(locals);
    return locals;
}

struct locals *locals_free(struct locals *locals)
{
    if (locals != NULL) {
        pthread_mutex_destroy(&locals->lock);
        pthread_mutex_destroy(&locals->looking);
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

void locals_network(struct locals *locals, struct local_network *ret_network)
{
    pthread_mutex_lock(&locals->lock);
    *ret_network = locals->network;
    pthread_mutex_unlock(&locals->lock);
}
