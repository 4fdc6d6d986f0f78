/* SPDX-License-Identifier: MIT */
/* The one door to libloc. */
#include "resolver/late.h"
#include "resolver/origin/kinds.h"

#include <errno.h>
#include <stdlib.h>

#include <libloc/database.h>
#include <libloc/libloc.h>
#include <libloc/network.h>

#define FUNCTIONS(X)       \
    X(loc_new)             \
    X(loc_unref)           \
    X(loc_set_log_fn)      \
    X(loc_database_new)    \
    X(loc_database_unref)  \
    X(loc_database_lookup) \
    X(loc_network_get_asn) \
    X(loc_network_unref)

struct functions {
    FUNCTIONS(LATE_MEMBER)
};

static const char *const names[] = {FUNCTIONS(LATE_NAME)};

struct loc {
    struct functions lib;
    struct loc_ctx *ctx;
    struct loc_database *database;
};

static const uint8_t magic[] = {'L', 'O', 'C', 'D', 'B', 'X', 'X'};

static bool knows(struct bytes head)
{
    return head.n >= sizeof magic && memcmp(head.at, magic, sizeof magic) == 0;
}

/* The library would write to standard error. */
static void say_nothing(struct loc_ctx *ctx, int priority, const char *file, int line,
                        const char *function, const char *format, va_list args)
{
    (void)ctx, (void)priority, (void)file, (void)line, (void)function, (void)format, (void)args;
}

static void close_loc(void *handle)
{
    struct loc *loc = handle;
    if (loc->database != NULL) {
        loc->lib.loc_database_unref(loc->database);
    }
    if (loc->ctx != NULL) {
        loc->lib.loc_unref(loc->ctx);
    }
    free(loc);
}

static int open_loc(const char *path, void **ret_handle)
{
    struct loc *loc = calloc(1, sizeof *loc);
    if (loc == NULL) {
        return -ENOMEM;
    }
    if (late_load(LIBLOC_SONAME, names, sizeof names / sizeof names[0], &loc->lib) < 0) {
        free(loc);
        return -ELIBACC;
    }
    if (loc->lib.loc_new(&loc->ctx) != 0) {
        free(loc);
        return -ENOMEM;
    }
    loc->lib.loc_set_log_fn(loc->ctx, say_nothing);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        int failure = -errno;
        close_loc(loc);
        return failure;
    }
    /* The database has a file of its own from then on. */
    int error = loc->lib.loc_database_new(loc->ctx, &loc->database, file);
    fclose(file);
    if (error != 0 || loc->database == NULL) {
        loc->database = NULL;
        close_loc(loc);
        return -EINVAL;
    }
    *ret_handle = loc;
    return 0;
}

/* IPv4 addresses stand in the tree as IPv4-mapped ones. */
static uint32_t as(void *handle, struct bytes address)
{
    const struct loc *loc = handle;
    struct in6_addr key = {.s6_addr = {[10] = 0xff, [11] = 0xff}};
    memcpy(key.s6_addr + sizeof key.s6_addr - address.n, address.at, address.n);
    struct loc_network *network = NULL;
    if (loc->lib.loc_database_lookup(loc->database, &key, &network) != 0 || network == NULL) {
        return 0;
    }
    uint32_t asn = loc->lib.loc_network_get_asn(network);
    loc->lib.loc_network_unref(network);
    return asn;
}

const struct origin_kind origin_loc = {"libloc", knows, open_loc, close_loc, as};
