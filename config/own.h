/* SPDX-License-Identifier: MIT */
/* The addresses of this machine, all of them. */
#ifndef CONFIG_OWN_H
#define CONFIG_OWN_H

#include "resolver/audit/address.h"

#include <sys/socket.h>

enum { OWN_MAX = 256 };

struct own {
    struct address at[OWN_MAX];
    size_t n;
};

/* As they are now; none when the system does not say. */
void own_find(struct own *ret_own);
bool own_equal(const struct own *a, const struct own *b);
bool own_has(const struct own *own, const struct address *address);
/* n == 0 for what is no address of IPv4 or IPv6. */
struct address own_address_of(const struct sockaddr *from);

#endif
