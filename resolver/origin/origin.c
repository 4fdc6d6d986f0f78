/* SPDX-License-Identifier: MIT */
#include "resolver/origin/origin.h"

#include "resolver/origin/kinds.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEAD_SIZE = 16 };

/* The last takes what no other knows: its files are told by their end. */
static const struct origin_kind *const kinds[] = {
#ifdef HTTPDNSD_WITH_LIBLOC
    &origin_loc,
#endif
#ifdef HTTPDNSD_WITH_MAXMINDDB
    &origin_mmdb,
#endif
    NULL,
};

struct origin {
    const struct origin_kind *kind;
    void *handle;
};

/* Only a regular file: a pipe would have us wait for whoever writes it. */
static int read_head(const char *path, uint8_t head[HEAD_SIZE], size_t *ret_n)
{
    struct stat about;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        return -errno;
    }
    bool regular = fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
    ssize_t n = regular ? read(fd, head, HEAD_SIZE) : -1;
    close(fd);
    *ret_n = n > 0 ? (size_t)n : 0;
    return n > 0 ? 0 : -EINVAL;
}

int origin_open(const char *path, struct origin **ret_origin)
{
    uint8_t head[HEAD_SIZE];
    size_t n = 0; /* newer compilers cannot see that a failure is negative */
    int failure = read_head(path, head, &n);
    if (failure < 0) {
        return failure;
    }
    const struct origin_kind *kind = NULL;
    for (size_t i = 0; kinds[i] != NULL && kind == NULL; i++) {
        kind = kinds[i]->knows(bytes_of(head, n)) ? kinds[i] : NULL;
    }
    if (kind == NULL) {
        return -ENOTSUP;
    }
    struct origin *origin = calloc(1, sizeof *origin);
    if (origin == NULL) {
        return -ENOMEM;
    }
    origin->kind = kind;
    failure = kind->open(path, &origin->handle);
    if (failure < 0) {
        free(origin);
        return failure;
    }
    *ret_origin = origin;
    return 0;
}

struct origin *origin_free(struct origin *origin)
{
    if (origin != NULL) {
        origin->kind->close(origin->handle);
        free(origin);
    }
    return NULL;
}

uint32_t origin_as(const struct origin *origin, struct bytes address)
{
    bool is_address = address.n == 4 || address.n == 16;
    return is_address ? origin->kind->as(origin->handle, address) : 0;
}

const char *origin_format(const struct origin *origin)
{
    return origin->kind->name;
}

const char *origin_formats(void)
{
#if defined HTTPDNSD_WITH_LIBLOC && defined HTTPDNSD_WITH_MAXMINDDB
    return "libloc, MaxMind";
#elif defined HTTPDNSD_WITH_LIBLOC
    return "libloc";
#elif defined HTTPDNSD_WITH_MAXMINDDB
    return "MaxMind";
#else
    return "none";
#endif
}

/* Where location(8) puts what it fetches, and where the package libloc-database does. */
const char *origin_usual_path(size_t i)
{
#ifdef HTTPDNSD_WITH_LIBLOC
    static const char *const paths[] = {
        "/var/lib/location/database.db",
        "/usr/share/libloc-location/location.db",
    };
    return i < sizeof paths / sizeof paths[0] ? paths[i] : NULL;
#else
    (void)i;
    return NULL;
#endif
}
