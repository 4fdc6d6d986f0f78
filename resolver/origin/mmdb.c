/* SPDX-License-Identifier: MIT */
/* The one door to libmaxminddb. */
#include "resolver/late.h"
#include "resolver/origin/kinds.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include <maxminddb.h>

enum { NUMBER_TEXT_MAX = 16 };

#define FUNCTIONS(X) X(MMDB_open) X(MMDB_close) X(MMDB_get_value) X(MMDB_lookup_sockaddr)

struct functions {
    FUNCTIONS(LATE_MEMBER)
};

static const char *const names[] = {FUNCTIONS(LATE_NAME)};

struct mmdb {
    struct functions lib;
    MMDB_s file;
};

/* A file of this format is told by a marker near its end, which opening it looks for. */
static bool knows(struct bytes head)
{
    (void)head;
    return true;
}

static void close_mmdb(void *handle)
{
    struct mmdb *mmdb = handle;
    mmdb->lib.MMDB_close(&mmdb->file);
    free(mmdb);
}

static int open_mmdb(const char *path, void **ret_handle)
{
    struct mmdb *mmdb = calloc(1, sizeof *mmdb);
    if (mmdb == NULL) {
        return -ENOMEM;
    }
    if (late_load(LIBMAXMINDDB_SONAME, names, sizeof names / sizeof names[0], &mmdb->lib) < 0) {
        free(mmdb);
        return -ELIBACC;
    }
    int status = mmdb->lib.MMDB_open(path, MMDB_MODE_MMAP, &mmdb->file);
    if (status != MMDB_SUCCESS) {
        free(mmdb);
        return status == MMDB_OUT_OF_MEMORY_ERROR ? -ENOMEM : -EINVAL;
    }
    *ret_handle = mmdb;
    return 0;
}

/* "AS64500", as some publishers write it. */
static uint32_t number_in(const MMDB_entry_data_s *data)
{
    char text[NUMBER_TEXT_MAX] = "";
    if (data->data_size < 3 || data->data_size >= sizeof text ||
        memcmp(data->utf8_string, "AS", 2) != 0) {
        return 0;
    }
    memcpy(text, data->utf8_string + 2, data->data_size - 2);
    char *end;
    unsigned long long number = strtoull(text, &end, 10);
    return *end == '\0' && number <= UINT32_MAX ? (uint32_t)number : 0;
}

static uint32_t number_of(const struct mmdb *mmdb, MMDB_entry_s *entry, const char *key)
{
    MMDB_entry_data_s data;
    if (mmdb->lib.MMDB_get_value(entry, &data, key, NULL) != MMDB_SUCCESS || !data.has_data) {
        return 0;
    }
    switch (data.type) {
    case MMDB_DATA_TYPE_UINT16:
        return data.uint16;
    case MMDB_DATA_TYPE_UINT32:
        return data.uint32;
    case MMDB_DATA_TYPE_UTF8_STRING:
        return number_in(&data);
    default: /* of a library, and no enum */
        return 0;
    }
}

static uint32_t as(void *handle, struct bytes address)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    const struct sockaddr *key;
    if (address.n == sizeof v4.sin_addr) {
        memcpy(&v4.sin_addr, address.at, address.n);
        key = (const struct sockaddr *)(const void *)&v4;
    } else {
        memcpy(&v6.sin6_addr, address.at, sizeof v6.sin6_addr);
        key = (const struct sockaddr *)(const void *)&v6;
    }
    const struct mmdb *mmdb = handle;
    int error;
    MMDB_lookup_result_s found = mmdb->lib.MMDB_lookup_sockaddr(&mmdb->file, key, &error);
    if (error != MMDB_SUCCESS || !found.found_entry) {
        return 0;
    }
    uint32_t asn = number_of(mmdb, &found.entry, "autonomous_system_number");
    return asn != 0 ? asn : number_of(mmdb, &found.entry, "asn");
}

const struct origin_kind origin_mmdb = {"MaxMind", knows, open_mmdb, close_mmdb, as};
