/* SPDX-License-Identifier: MIT */
#include "resolver/clients/address.h"

#include <netinet/in.h>

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

static enum client_kind spread(const struct sockaddr *from, uint8_t at[16])
{
    memset(at, 0, 16);
    if (from->sa_family == AF_INET) {
        memcpy(at, mapped, sizeof mapped);
        memcpy(at + 12, &((const struct sockaddr_in *)from)->sin_addr, 4);
        return CLIENT_IPV4;
    }
    if (from->sa_family == AF_INET6) {
        memcpy(at, &((const struct sockaddr_in6 *)from)->sin6_addr, 16);
        return memcmp(at, mapped, sizeof mapped) == 0 ? CLIENT_IPV4 : CLIENT_IPV6;
    }
    return CLIENT_UNIX;
}

static bool is_loopback(const struct client_address *a)
{
    static const uint8_t one[16] = {[15] = 1};
    return a->kind == CLIENT_IPV4 ? a->at[12] == 127 : memcmp(a->at, one, sizeof one) == 0;
}

void client_address_set(struct client_address *ret_address, const struct sockaddr *from,
                        const struct sockaddr *to)
{
    ret_address->kind = spread(from, ret_address->at);
    ret_address->is_own = ret_address->kind == CLIENT_UNIX || is_loopback(ret_address);
    uint8_t asked_at[16];
    if (!ret_address->is_own && to != NULL && spread(to, asked_at) == ret_address->kind) {
        ret_address->is_own = memcmp(asked_at, ret_address->at, sizeof asked_at) == 0;
    }
}

void client_address_mask(uint8_t at[16], unsigned bits)
{
    for (unsigned i = 0; i < 16; i++) {
        unsigned kept = bits > 8 * i ? bits - 8 * i : 0;
        at[i] = (uint8_t)(kept >= 8 ? at[i] : at[i] & ~(0xffu >> kept));
    }
}
