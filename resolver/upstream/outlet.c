/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/outlet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum outlet_trouble outlet_dress(const struct exchange_road *road, int fd, int *ret_error)
{
    enum outlet_trouble trouble = OUTLET_OPEN;
    if (road->mark != 0 &&
        setsockopt(fd, SOL_SOCKET, SO_MARK, &road->mark, sizeof road->mark) < 0) {
        trouble = OUTLET_MARK;
    } else if (road->interface != NULL &&
               setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, road->interface,
                          (socklen_t)strnlen(road->interface, IFNAMSIZ)) < 0) {
        trouble = OUTLET_INTERFACE;
    }
    *ret_error = trouble != OUTLET_OPEN ? errno : 0;
    return trouble;
}

/* 0 when there is none to come from. */
static socklen_t source_of(const struct exchange_road *road, struct sockaddr_storage *ret_address)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    if (road->source != NULL && inet_pton(AF_INET, road->source, &v4.sin_addr) == 1) {
        memcpy(ret_address, &v4, sizeof v4);
        return sizeof v4;
    }
    if (road->source != NULL && inet_pton(AF_INET6, road->source, &v6.sin6_addr) == 1) {
        memcpy(ret_address, &v6, sizeof v6);
        return sizeof v6;
    }
    return 0;
}

enum outlet_trouble outlet_try(const struct exchange_road *road, int *ret_error)
{
    struct sockaddr_storage source = {.ss_family = AF_INET};
    *ret_error = 0;
    if (road->mark == 0 && road->interface == NULL && road->source == NULL) {
        return OUTLET_OPEN;
    }
    socklen_t n_source = source_of(road, &source);
    int fd = socket(source.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return OUTLET_OPEN; /* that is another trouble */
    }
    enum outlet_trouble trouble = outlet_dress(road, fd, ret_error);
    if (trouble == OUTLET_OPEN && n_source > 0 &&
        bind(fd, (struct sockaddr *)&source, n_source) < 0) {
        *ret_error = errno;
        trouble = OUTLET_SOURCE;
    }
    close(fd);
    return trouble;
}

const char *outlet_words(const struct exchange_road *road, enum outlet_trouble trouble, int error,
                         char out[OUTLET_TEXT_MAX])
{
    const char *why = strerrordesc_np(error);
    why = why != NULL ? why : "error";
    out[0] = '\0';
    switch (trouble) {
    case OUTLET_OPEN:
        break;
    case OUTLET_MARK:
        snprintf(out, OUTLET_TEXT_MAX, "mark %" PRIu32 ": %s", road->mark, why);
        break;
    case OUTLET_INTERFACE:
        snprintf(out, OUTLET_TEXT_MAX, "interface %s: %s", road->interface, why);
        break;
    case OUTLET_SOURCE:
        snprintf(out, OUTLET_TEXT_MAX, "source-address %s: %s", road->source, why);
        break;
    }
    return out;
}
