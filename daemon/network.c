/* SPDX-License-Identifier: MIT */
#include "daemon/network.h"

#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* ---- what it looks like ---- */

/* FNV-1a. */
static uint64_t hash_on(uint64_t hash, const void *at, size_t n)
{
    const unsigned char *c = at;
    for (size_t i = 0; i < n; i++) {
        hash = (hash ^ c[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

static uint64_t hash_of(const void *at, size_t n)
{
    uint64_t hash = hash_on(UINT64_C(0xcbf29ce484222325), at, n);
    return (hash ^ hash >> 31) * UINT64_C(0xff51afd7ed558ccd);
}

/* Loopback and link-local addresses reach no provider. */
static uint64_t hash_of_address(const struct ifaddrs *one)
{
    const struct sockaddr *address = one->ifa_addr;
    if (address == NULL || (one->ifa_flags & IFF_UP) == 0 || (one->ifa_flags & IFF_LOOPBACK) != 0) {
        return 0;
    }
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
        return hash_of(&v4->sin_addr, sizeof v4->sin_addr);
    }
    if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;
        return IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr)
                   ? 0
                   : hash_of(&v6->sin6_addr, sizeof v6->sin6_addr);
    }
    return 0;
}

static uint64_t hash_of_addresses(void)
{
    struct ifaddrs *all = NULL;
    uint64_t sum = 0;
    if (getifaddrs(&all) < 0) {
        return 0;
    }
    for (const struct ifaddrs *one = all; one != NULL; one = one->ifa_next) {
        sum += hash_of_address(one);
    }
    freeifaddrs(all);
    return sum;
}

/* The kernel's table of IPv4 routes: interface, destination, gateway, … in hexadecimal. */
static uint64_t hash_of_routes_v4(void)
{
    char line[256], interface[IF_NAMESIZE];
    unsigned destination, gateway;
    uint64_t sum = 0;
    FILE *file = fopen("/proc/self/net/route", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "%15s %8x %8x", interface, &destination, &gateway) == 3 &&
            destination == 0) {
            sum += hash_on(hash_of(interface, strlen(interface)), &gateway, sizeof gateway);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return sum;
}

/* That of IPv6 routes: destination, its length, source, its length, next hop, … */
static uint64_t hash_of_routes_v6(void)
{
    static const char all[] = "00000000000000000000000000000000 00 ";
    enum { HOP_AT = 72, HOP_N = 32 };
    char line[256];
    uint64_t sum = 0;
    FILE *file = fopen("/proc/self/net/ipv6_route", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        bool is_ours = strlen(line) > HOP_AT + HOP_N && strstr(line, " lo\n") == NULL;
        if (is_ours && strncmp(line, all, sizeof all - 1) == 0) {
            sum += hash_of(line + HOP_AT, HOP_N);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return sum;
}

uint64_t network_fingerprint(void)
{
    return hash_of_addresses() + 3 * hash_of_routes_v4() + 5 * hash_of_routes_v6();
}

/* ---- sleep ---- */

static int64_t ms_of(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t machine_asleep_ms(void *ctx)
{
    (void)ctx;
    return ms_of(CLOCK_BOOTTIME) - ms_of(CLOCK_MONOTONIC);
}

/* ---- watching ---- */

static uint64_t machine_fingerprint(void *ctx)
{
    (void)ctx;
    return network_fingerprint();
}

static int64_t asleep_ms(struct network *network)
{
    return network->params.asleep_ms(network->params.ctx);
}

void network_look(struct network *network)
{
    int64_t asleep = asleep_ms(network);
    uint64_t seen = network->params.fingerprint(network->params.ctx);
    bool slept = asleep - network->asleep_ms >= NETWORK_ASLEEP_MS;
    bool changed = slept || seen != network->seen;
    network->asleep_ms = asleep;
    network->seen = seen;
    if (changed) {
        network->params.on_change(network->params.ctx, slept);
    }
}

static void on_settled(uv_timer_t *timer)
{
    network_look(timer->data);
}

/* The kernel's messages may get lost; sleep has none. */
static void on_look(uv_timer_t *timer)
{
    struct network *network = timer->data;
    if (network->fd < 0 || asleep_ms(network) - network->asleep_ms >= NETWORK_ASLEEP_MS) {
        network_look(network);
    }
}

/* What it says is not read: one change comes as many messages, and where too many came some are
 * missing. */
static void on_message(uv_poll_t *poll, int status, int events)
{
    struct network *network = poll->data;
    char message[8192];
    (void)events;
    if (status < 0) {
        /* More came than there was room for: libuv has stopped the handle, reading clears it. */
        uv_poll_start(poll, UV_READABLE, on_message);
    }
    while (recv(network->fd, message, sizeof message, MSG_DONTWAIT | MSG_TRUNC) > 0) {
    }
    if (!uv_is_active((uv_handle_t *)&network->settle)) {
        uv_timer_start(&network->settle, on_settled, NETWORK_SETTLE_MS, 0);
    }
}

static int open_netlink(void)
{
    struct sockaddr_nl groups = {
        .nl_family = AF_NETLINK,
        .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_IFADDR |
                     RTMGRP_IPV6_ROUTE,
    };
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&groups, sizeof groups) < 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

void network_open(struct network *network, uv_loop_t *loop, const struct network_params *params)
{
    *network = (struct network){.fd = open_netlink(), .params = *params};
    if (params->asleep_ms == NULL) {
        network->params.asleep_ms = machine_asleep_ms;
    }
    if (params->fingerprint == NULL) {
        network->params.fingerprint = machine_fingerprint;
    }
    network->asleep_ms = asleep_ms(network);
    network->seen = network->params.fingerprint(params->ctx);
    uv_timer_init(loop, &network->look);
    uv_timer_init(loop, &network->settle);
    network->look.data = network->settle.data = network->poll.data = network;
    uv_timer_start(&network->look, on_look, NETWORK_LOOK_MS, NETWORK_LOOK_MS);
    if (network->fd >= 0 && uv_poll_init(loop, &network->poll, network->fd) == 0) {
        uv_poll_start(&network->poll, UV_READABLE, on_message);
    } else if (network->fd >= 0) {
        close(network->fd);
        network->fd = -1;
    }
}

void network_close(struct network *network)
{
    uv_close((uv_handle_t *)&network->look, NULL);
    uv_close((uv_handle_t *)&network->settle, NULL);
    if (network->fd >= 0) {
        uv_close((uv_handle_t *)&network->poll, NULL);
        close(network->fd);
    }
}
