/* SPDX-License-Identifier: MIT */
/* What network programs leave behind in files, read for the name servers in it: resolv.conf(5), the
 * KEY=value state of systemd and NetworkManager, leases of dhclient and dhcpcd, the kernel's
 * routes. Pure: bytes in, servers out, in the order in which they stand. Whether a server is one to
 * be asked is not known here. */
#ifndef RESOLVER_AUDIT_SOURCES_H
#define RESOLVER_AUDIT_SOURCES_H

#include "resolver/bytes.h"

enum source_format {
    SOURCE_RESOLV_CONF, /* nameserver lines */
    SOURCE_KEYS,        /* DNS=, SERVERS=, domain_name_servers=, dhcp6_name_servers= */
    SOURCE_DHCLIENT,    /* dhclient.leases(5): of each interface the last lease */
    SOURCE_DHCP_PACKET, /* an acknowledgement as it came: what dhcpcd keeps */
    SOURCE_ROUTES_V4,   /* /proc/net/route: the gateways of default routes */
    SOURCE_ROUTES_V6,   /* /proc/net/ipv6_route */
};

enum { SOURCE_SERVER_MAX = 80, SOURCE_INTERFACE_MAX = 16 };

/* Texts are borrowed during the call; `interface` is "" where the file does not name one. */
struct source_sink {
    void (*on_server)(void *ctx, const char *server, const char *interface);
    void *ctx;
};

void source_read(enum source_format format, struct bytes text, const struct source_sink *sink);

#endif
