/* SPDX-License-Identifier: MIT */
#include "daemon/origins.h"

#include "daemon/log.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static struct origin *open_usual(void)
{
    struct origin *origin = NULL;
    const char *path;
    for (size_t i = 0; (path = origin_usual_path(i)) != NULL; i++) {
        int failure = origin_open(path, &origin);
        if (failure == 0) {
            log_say(LOG_LEVEL_INFO, "cross-check: ASN database %s (%s)", path,
                    origin_format(origin));
            return origin;
        }
        if (failure != -ENOENT) {
            log_say(LOG_LEVEL_WARNING, "cross-check: ASN database %s cannot be used: %s", path,
                    strerror(-failure));
        }
    }
    return NULL;
}

static const char *why(int failure)
{
    switch (failure) {
    case -EINVAL:
        return "it is damaged, or no file of its kind";
    case -ENOTSUP:
        return "this build does not read its format";
    default: /* an errno, and no enum */
        return strerror(-failure);
    }
}

struct origin *origins_open(const struct audit_params *params)
{
    struct origin *origin = NULL;
    const char *path = params->asn_database;
    if (params->mode == AUDIT_OFF || strcmp(path, "off") == 0) {
        return NULL;
    }
    if (strcmp(path, "auto") == 0) {
        return open_usual();
    }
    int failure = origin_open(path, &origin);
    if (failure < 0) {
        log_say(LOG_LEVEL_WARNING,
                "cross-check: hijack.asn-database %s cannot be used: %s (formats of this build: "
                "%s)",
                path, why(failure), origin_formats());
        return NULL;
    }
    log_say(LOG_LEVEL_INFO, "cross-check: ASN database %s (%s)", path, origin_format(origin));
    return origin;
}

/* ---- own addresses ---- */

/* Connecting a datagram socket only has the kernel choose a route and a source address. */
static bool source_towards(const char *server, struct address *ret_address)
{
    struct sockaddr_storage to, from;
    socklen_t n, n_from = sizeof from;
    if (!plain_server_address(server, &to, &n)) {
        return false;
    }
    int fd = socket(to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return false;
    }
    bool found = connect(fd, (const struct sockaddr *)&to, n) == 0 &&
                 getsockname(fd, (struct sockaddr *)&from, &n_from) == 0;
    close(fd);
    if (found && from.ss_family == AF_INET) {
        ret_address->n = 4;
        memcpy(ret_address->at, &((struct sockaddr_in *)(void *)&from)->sin_addr, 4);
    } else if (found) {
        ret_address->n = 16;
        memcpy(ret_address->at, &((struct sockaddr_in6 *)(void *)&from)->sin6_addr, 16);
    }
    return found;
}

size_t origins_own(struct address ret_own[AUDIT_OWN_MAX])
{
    /* Documentation addresses: as the world's go, and nobody's. */
    static const char *const world[AUDIT_OWN_MAX] = {"192.0.2.1", "2001:db8::1"};
    size_t n = 0;
    for (size_t i = 0; i < AUDIT_OWN_MAX; i++) {
        n += source_towards(world[i], &ret_own[n]);
    }
    return n;
}
