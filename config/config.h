/* SPDX-License-Identifier: MIT */
/* The configuration: what each room asks for, side by side, read once from YAML and never written
 * again. Reading is config_load() here; the rows that say what may stand where are in options/;
 * the door to libyaml is yaml.c. Never logs, prints or exits.
 *
 * Bounds: a file of 1 MiB, 16 levels deep, 10000 nodes; no aliases, anchors, tags or duplicate
 * keys. */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "resolver/audit/audit.h"
#include "resolver/cache/cache.h"
#include "resolver/clients/clients.h"
#include "resolver/policy/policy.h"
#include "resolver/resolver.h"
#include "resolver/upstream/pool.h"

#include <stdio.h>
#include <sys/socket.h>

enum {
    CONFIG_LISTEN_MAX = 32,
    CONFIG_WORKERS_MAX = 64,
    CONFIG_ADDRESSES_MAX = 16,
    CONFIG_PATH_MAX = 107,
    CONFIG_ERRORS_MAX = 64
};

enum listen_transport { LISTEN_UDP, LISTEN_TCP, LISTEN_UNIX };

struct listen_address {
    enum listen_transport transport;
    struct sockaddr_storage address; /* sockaddr_in, _in6 (with scope) or _un */
    socklen_t n_address;
    const char *text; /* as configured: for messages */
};

struct listen_params {
    struct listen_address at[CONFIG_LISTEN_MAX];
    size_t n;
    uint32_t unix_mode;
    const char *unix_group;        /* NULL: leave it */
    uint32_t tcp_idle_ms;          /* PROMISES T5: 10 s */
    uint32_t max_connections;      /* T10: 1024 */
    uint32_t max_per_client;       /* of them one address may hold; IPv6: its /64 */
    uint32_t max_per_local_client; /* the same for this host's own programs, who share an address */
    uint32_t max_in_flight;        /* queries waiting a connection; then it is not read */
};

/* The group of the local resolvers, which no provider has. */
#define CONFIG_LOCAL_GROUP "local-resolver"

enum alert_sink { ALERT_AUTO, ALERT_JOURNAL, ALERT_SYSLOG, ALERT_STDERR };
enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* What a client is given beside what it asked for. */
enum answers { ANSWERS_COMPLETE, ANSWERS_MINIMAL };

/* Whom a rule's names are asked of, as written; and where. */
struct config_rule {
    const char *group, *fallback; /* fallback NULL: none */
    unsigned line, column;
};

struct config {
    struct listen_params listen;
    struct clients_params clients;
    struct provider_secret cookie_secrets;
    uint32_t workers; /* 0: one per core */
    struct provider_params providers[POOL_MAX];
    size_t n_providers;
    enum pool_strategy strategy;
    uint32_t n_race;
    uint32_t query_timeout_ms;
    uint32_t connection_age_s;
    enum answers answers;
    enum resolver_unserved unserved;
    struct cache_params cache;
    struct cache_stale stale;
    struct audit_params
        audit; /* servers empty: find them (local.h). n_controls = providers that do not filter */
    enum alert_sink alert;
    struct policy_params policy;
    struct config_rule rules[POLICY_RULES_MAX];     /* policy.n_rules of them */
    struct pool_route routes[POLICY_RULES_MAX + 1]; /* and of what the local resolvers are asked */
    const char *state_dir;      /* a path, "off", or "auto": daemon_state_folder() */
    const char *control_socket; /* a path, or "off" */
    enum log_level log_level;
    bool has_inline_secret; /* a secret stands in the text itself, not in a file of its own */
    /* All strings and arrays above live here; config_free() ends them. */
    struct config_arena *arena;
};

/* One thing wrong, and how to mend it. line and column count from 1; 0: about the file as such. */
struct config_error {
    unsigned line, column;
    char text[240];
};
struct config_errors {
    struct config_error at[CONFIG_ERRORS_MAX];
    size_t n; /* counts on past CONFIG_ERRORS_MAX */
};

/* Reads and checks the file. gives *ret_config on 0; -EINVAL with every error found in *errors, or
 * another failure of reading the file (-ENOENT, -EACCES …; *errors then holds one that says so). */
int config_load(const char *path, struct config **ret_config, struct config_errors *errors);
/* The same for text in memory. */
int config_parse(struct bytes yaml, struct config **ret_config, struct config_errors *errors);
/* Takes NULL; returns NULL. */
struct config *config_free(struct config *config);

/* The configuration in force as YAML that config_load() reads back, every option with its value. */
void config_print(const struct config *config, FILE *to);

/* The options as the body of a manual page (roff, one .TP each), from the same rows that read them.
 */
void config_print_reference(FILE *to);

#endif
