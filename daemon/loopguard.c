/* SPDX-License-Identifier: MIT */
#include "daemon/loopguard.h"

#include "config/loops.h"
#include "daemon/log.h"
#include "resolver/plain.h"

void loopguard_forget(struct loopguard *guard)
{
    *guard = (struct loopguard){0};
}

static bool leads_here(const struct sockets *sockets, const struct own *own, const char *server)
{
    struct sockaddr_storage to;
    socklen_t n_to;
    if (server == NULL || !plain_server_address(server, &to, &n_to)) {
        return false;
    }
    for (size_t i = 0; i < sockets->n; i++) {
        const struct socket_entry *entry = &sockets->at[i];
        if (entry->n_fds > 0 && entry->wanted && loops_hears(&entry->address, &to, own)) {
            return true;
        }
    }
    return false;
}

unsigned loopguard_look(struct loopguard *guard, const struct sockets *sockets,
                        const struct config *config)
{
    struct loopguard seen = {0};
    struct own own;
    own_find(&own);
    for (size_t i = 0; i < config->n_providers; i++) {
        const struct provider_params *p = &config->providers[i];
        unsigned bit = leads_here(sockets, &own, p->server) ? 1u << i : 0;
        seen.providers |= bit;
        if ((bit & ~guard->providers) != 0) {
            log_say(LOG_LEVEL_ERROR,
                    "provider '%.64s' is not asked: its server %s is this daemon itself: name the "
                    "server of the own network",
                    p->name, p->server);
        }
    }
    for (size_t i = 0; i < config->audit.n_servers; i++) {
        unsigned bit = leads_here(sockets, &own, config->audit.servers[i]) ? 1u << i : 0;
        seen.locals |= bit;
        if ((bit & ~guard->locals) != 0) {
            log_say(LOG_LEVEL_ERROR,
                    "local-resolver.servers: %s is not asked: it is this daemon itself: name the "
                    "resolver of the network, or auto",
                    config->audit.servers[i]);
        }
    }
    *guard = seen;
    return seen.providers;
}
