/* SPDX-License-Identifier: MIT */
#include "config/own.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>

struct address own_address_of(const struct sockaddr *from)
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

void own_find(struct own *ret_own)
{
    struct ifaddrs *all = NULL;
    ret_own->n = 0;
    if (getifaddrs(&all) < 0) {
        return;
    }
    for (const struct ifaddrs *one = all; one != NULL && ret_own->n < OWN_MAX;
         one = one->ifa_next) {
        struct address address = own_address_of(one->ifa_addr);
        if (address.n > 0) {
            ret_own->at[ret_own->n++] = address;
        }
    }
    freeifaddrs(all);
}

bool own_equal(const struct own *a, const struct own *b)
{
    bool same = a->n == b->n;
    for (size_t i = 0; same && i < a->n; i++) {
        same = address_equal(&a->at[i], &b->at[i]);
    }
    return same;
}

bool own_has(const struct own *own, const struct address *address)
{
    for (size_t i = 0; i < own->n; i++) {
        if (address_equal(&own->at[i], address)) {
            return true;
        }
    }
    return false;
}
