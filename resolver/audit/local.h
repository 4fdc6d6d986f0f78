/* SPDX-License-Identifier: MIT */
/* Where the local resolvers are found although /etc/resolv.conf may point at us: in the files that
 * the network programs keep (places[] in local.c), and last of all at the default gateway. Reads
 * files, asks nobody; NetworkManager's files say what its D-Bus would.
 *
 * Never taken: loopback addresses (a stub there leads back to us, or to resolved, which asks us),
 * and whatever the caller names: our own listeners, our providers. The first tier that names any
 * server is in use: what the configuration says; else what is in force now; else leases; else a
 * resolv.conf that was put aside; else the gateway. The others are listed all the same.
 *
 * Bounds: LOCAL_MAX servers, of which AUDIT_SERVERS_MAX are in use; LOCAL_FILES_MAX files a folder,
 * 64 KiB a file. */
#ifndef RESOLVER_AUDIT_LOCAL_H
#define RESOLVER_AUDIT_LOCAL_H

#include "resolver/audit/address.h"
#include "resolver/audit/audit.h"
#include "resolver/audit/sources.h"

enum { LOCAL_MAX = 16, LOCAL_FILES_MAX = 32, LOCAL_PATH_MAX = 160 };

/* In order of trust. */
enum local_source {
    LOCAL_CONFIGURED,
    LOCAL_RESOLVED,
    LOCAL_NETWORK_MANAGER,
    LOCAL_NETWORKD,
    LOCAL_DHCPCD,
    LOCAL_RESOLVCONF,
    LOCAL_RESOLV_CONF,
    LOCAL_LEASE,
    LOCAL_SAVED,
    LOCAL_GATEWAY,
};

struct local_resolver {
    char text[PLAIN_SERVER_TEXT_MAX];     /* as plain.h takes it */
    char interface[SOURCE_INTERFACE_MAX]; /* "" where the source does not say */
    char path[LOCAL_PATH_MAX];            /* the file; "" for configured ones */
    enum local_source source;
    int64_t written_s; /* when the file was last written, Unix time; 0: not known */
    bool in_use;
};

struct local_resolvers {
    struct local_resolver at[LOCAL_MAX];
    size_t n;
};

struct local_params {
    const char *root; /* before every path; "" for the system's own files */
    const char *const *configured;
    size_t n_configured;
    const struct address *never; /* ours: taken from no file */
    size_t n_never;
};

void local_find(const struct local_params *params, struct local_resolvers *ret_found);

/* A number that changes when local_find() may find something else, for the price of looking at the
 * files' dates. */
uint64_t local_mark(const struct local_params *params);

/* What tells this network from others: the default gateway, and who it is. */
enum { LOCAL_NETWORK_TEXT_MAX = 20, LOCAL_HARDWARE_MAX = 32 };
struct local_network {
    uint64_t way;                      /* a hash of the gateway's address and the interface */
    char hardware[LOCAL_HARDWARE_MAX]; /* its address on the link; "": not known, or not yet */
};
void local_network(const char *root, struct local_network *ret_network);
/* Are they one network for all that is known? Hardware that one of them does not know is no
 * difference: the kernel learns it with the first packet, and forgets it. */
bool local_same_network(const struct local_network *a, const struct local_network *b);
/* 16 hex digits; returns `out`. */
const char *local_network_text(const struct local_network *network,
                               char out[LOCAL_NETWORK_TEXT_MAX]);

/* "systemd-resolved", "dhcp-lease": for people and machines, for ever. */
const char *local_source_word(enum local_source source);

/* Adds the servers of one text that may be asked. For tests and fuzzing. */
void local_read(enum source_format format, struct bytes text, struct local_resolvers *found);

#endif
