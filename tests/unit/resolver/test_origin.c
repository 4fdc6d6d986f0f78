/* SPDX-License-Identifier: MIT */
/* ASN databases: files made here, in each format that this build reads. */
#include "resolver/origin/origin.h"
#include "tests/unit/suite.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef HTTPDNSD_WITH_LIBLOC
#include <libloc/writer.h>
#endif

static char path[64];

static void set_up(void)
{
    snprintf(path, sizeof path, "/tmp/httpdnsd-origin-XXXXXX");
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
}

static void tear_down(void)
{
    unlink(path);
}

static void write_file(const void *at, size_t n)
{
    FILE *file = fopen(path, "we");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(at, 1, n, file), n);
    ck_assert_int_eq(fclose(file), 0);
}

static uint32_t as_of(const struct origin *origin, const char *text)
{
    uint8_t at[16];
    if (inet_pton(AF_INET, text, at) == 1) {
        return origin_as(origin, bytes_of(at, 4));
    }
    ck_assert_int_eq(inet_pton(AF_INET6, text, at), 1);
    return origin_as(origin, bytes_of(at, 16));
}

static void check_lookups(const char *format)
{
    struct origin *origin;
    ck_assert_int_eq(origin_open(path, &origin), 0);
    ck_assert_str_eq(origin_format(origin), format);
    ck_assert_uint_eq(as_of(origin, "185.31.16.0"), 64500);
    ck_assert_uint_eq(as_of(origin, "185.31.19.255"), 64500);
    ck_assert_uint_eq(as_of(origin, "185.31.20.0"), 0);
    ck_assert_uint_eq(as_of(origin, "93.184.216.34"), 4200000001);
    ck_assert_uint_eq(as_of(origin, "2a04:4e42::810"), 64501);
    ck_assert_uint_eq(as_of(origin, "2a04:4e43::810"), 0);
    ck_assert_uint_eq(as_of(origin, "127.0.0.1"), 0);
    ck_assert_uint_eq(as_of(origin, "::"), 0);
    ck_assert_uint_eq(origin_as(origin, bytes_of((const uint8_t *)"abc", 3)), 0);
    ck_assert_ptr_null(origin_free(origin));
}

static bool reads(const char *format)
{
    bool can = strstr(origin_formats(), format) != NULL;
    if (!can) {
        printf("skipped: this build reads no %s files\n", format);
    }
    return can;
}

/* ---- MaxMind's format (the published specification, version 2.0), as small as may be ---- */

enum { NODES_MAX = 512, NOTHING = -1, TEXT = 2, U16 = 5, U32 = 6, MAP = 7, U64 = 9, ARRAY = 11 };

struct tree {
    int at[NODES_MAX][2]; /* NOTHING, a node, or NODES_MAX + where the data stands */
    int n;
};

static int new_node(struct tree *tree)
{
    ck_assert_int_lt(tree->n, NODES_MAX);
    tree->at[tree->n][0] = tree->at[tree->n][1] = NOTHING;
    return tree->n++;
}

static void put_network(struct tree *tree, const char *text, unsigned bits, size_t data_at)
{
    uint8_t key[16] = {0};
    if (inet_pton(AF_INET, text, key + 12) == 1) {
        bits += 96;
    } else {
        ck_assert_int_eq(inet_pton(AF_INET6, text, key), 1);
    }
    int node = 0;
    for (unsigned i = 0; i < bits; i++) {
        int *next = &tree->at[node][key[i / 8] >> (7 - i % 8) & 1];
        if (i == bits - 1) {
            *next = NODES_MAX + (int)data_at;
        } else if (*next == NOTHING) {
            *next = new_node(tree);
        }
        node = *next;
    }
}

static void put_head(struct buf *b, unsigned type, size_t n)
{
    ck_assert_uint_lt(n, 29);
    if (type > MAP) {
        buf_put_u8(b, (uint8_t)n);
        buf_put_u8(b, (uint8_t)(type - MAP));
    } else {
        buf_put_u8(b, (uint8_t)(type << 5 | n));
    }
}

static void put_text(struct buf *b, const char *text)
{
    put_head(b, TEXT, strlen(text));
    buf_put(b, text, strlen(text));
}

static void put_number(struct buf *b, const char *key, unsigned type, uint32_t number)
{
    put_text(b, key);
    put_head(b, type, type == U16 ? 2 : 4);
    if (type == U16) {
        buf_put_u16(b, (uint16_t)number);
    } else {
        buf_put_u32(b, number);
    }
}

static void put_metadata(struct buf *b, uint32_t n_nodes)
{
    static const char marker[] = "\xab\xcd\xefMaxMind.com";
    buf_put(b, marker, sizeof marker - 1);
    put_head(b, MAP, 9);
    put_number(b, "binary_format_major_version", U16, 2);
    put_number(b, "binary_format_minor_version", U16, 0);
    put_number(b, "build_epoch", U64, 1800000000);
    put_text(b, "database_type");
    put_text(b, "Test-ASN");
    put_text(b, "description");
    put_head(b, MAP, 0);
    put_number(b, "ip_version", U16, 6);
    put_text(b, "languages");
    put_head(b, ARRAY, 0);
    put_number(b, "node_count", U32, n_nodes);
    put_number(b, "record_size", U16, 24);
}

static void put_record(struct buf *b, int to, int n_nodes)
{
    enum { SEPARATOR = 16 };
    int value = to == NOTHING    ? n_nodes
                : to < NODES_MAX ? to
                                 : to - NODES_MAX + n_nodes + SEPARATOR;
    buf_put_u8(b, (uint8_t)(value >> 16));
    buf_put_u16(b, (uint16_t)value);
}

/* Publishers differ in how they name and write the number. */
static size_t put_asn(struct buf *data, const char *key, unsigned type, uint32_t asn)
{
    char text[16];
    size_t at = data->n;
    put_head(data, MAP, 1);
    if (type == TEXT) {
        snprintf(text, sizeof text, "AS%u", asn);
        put_text(data, key);
        put_text(data, text);
    } else {
        put_number(data, key, type, asn);
    }
    return at;
}

static size_t make_mmdb(uint8_t *out, size_t room)
{
    static struct tree tree;
    uint8_t data_at[256];
    struct buf data = buf_over(data_at, sizeof data_at), b = buf_over(out, room);
    tree.n = 0;
    new_node(&tree);
    put_network(&tree, "185.31.16.0", 22, put_asn(&data, "autonomous_system_number", U16, 64500));
    put_network(&tree, "93.184.216.0", 24,
                put_asn(&data, "autonomous_system_number", U32, 4200000001));
    put_network(&tree, "2a04:4e42::", 32, put_asn(&data, "asn", TEXT, 64501));
    put_network(&tree, "198.18.0.0", 15, put_asn(&data, "country", TEXT, 7));
    for (int i = 0; i < tree.n; i++) {
        put_record(&b, tree.at[i][0], tree.n);
        put_record(&b, tree.at[i][1], tree.n);
    }
    buf_put(&b, (const uint8_t[16]){0}, 16);
    buf_put(&b, data_at, data.n);
    put_metadata(&b, (uint32_t)tree.n);
    ck_assert(!b.overflow && !data.overflow);
    return b.n;
}

START_TEST(addresses_are_found_in_a_file_of_maxminds_format)
{
    uint8_t file[8192];
    if (reads("MaxMind")) {
        write_file(file, make_mmdb(file, sizeof file));
        check_lookups("MaxMind");
    }
}
END_TEST

/* Cut anywhere, or with any octet turned, it is refused or says something: it does not crash. */
START_TEST(a_damaged_file_harms_nobody)
{
    uint8_t file[8192];
    if (!reads("MaxMind")) {
        return;
    }
    size_t n = make_mmdb(file, sizeof file);
    struct origin *origin;
    for (size_t i = 0; i < n; i += 7) {
        file[i] ^= 0xff;
        write_file(file, n);
        if (origin_open(path, &origin) == 0) {
            (void)as_of(origin, "185.31.16.1");
            (void)as_of(origin, "2a04:4e42::810");
            origin_free(origin);
        }
        file[i] ^= 0xff;
        write_file(file, i);
        if (origin_open(path, &origin) == 0) {
            (void)as_of(origin, "185.31.16.1");
            origin_free(origin);
        }
    }
}
END_TEST

/* ---- libloc's ---- */

#ifdef HTTPDNSD_WITH_LIBLOC
static void add_loc_network(struct loc_writer *writer, const char *text, uint32_t asn)
{
    struct loc_network *network;
    ck_assert_int_eq(loc_writer_add_network(writer, &network, text), 0);
    loc_network_set_asn(network, asn);
    loc_network_unref(network);
}

START_TEST(addresses_are_found_in_a_libloc_database)
{
    struct loc_ctx *ctx;
    struct loc_writer *writer;
    ck_assert_int_eq(loc_new(&ctx), 0);
    ck_assert_int_eq(loc_writer_new(ctx, &writer, NULL, NULL), 0);
    add_loc_network(writer, "185.31.16.0/22", 64500);
    add_loc_network(writer, "93.184.216.0/24", 4200000001);
    add_loc_network(writer, "2a04:4e42::/32", 64501);
    FILE *file = fopen(path, "we");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(loc_writer_write(writer, file, LOC_DATABASE_VERSION_LATEST), 0);
    fclose(file);
    loc_writer_unref(writer);
    loc_unref(ctx);
    check_lookups("libloc");
    struct origin *origin;
    ck_assert_int_eq(truncate(path, 100), 0);
    ck_assert_int_eq(origin_open(path, &origin), -EINVAL);
}
END_TEST
#else
START_TEST(addresses_are_found_in_a_libloc_database)
{
    ck_assert(!reads("libloc"));
    ck_assert_ptr_null(origin_usual_path(0));
}
END_TEST
#endif

START_TEST(the_distributions_database_is_read_where_it_is_installed)
{
    const char *usual;
    struct origin *origin;
    for (size_t i = 0; (usual = origin_usual_path(i)) != NULL; i++) {
        if (access(usual, R_OK) == 0) {
            ck_assert_int_eq(origin_open(usual, &origin), 0);
            ck_assert_uint_eq(as_of(origin, "8.8.8.8"), 15169);
            ck_assert_uint_eq(as_of(origin, "2606:4700:4700::1111"), 13335);
            ck_assert_uint_eq(as_of(origin, "10.0.0.1"), 0);
            origin_free(origin);
            return;
        }
    }
    printf("skipped: the distribution's ASN database is not installed\n");
}
END_TEST

START_TEST(what_is_no_database_is_told_by_its_failure)
{
    struct origin *origin;
    ck_assert_int_eq(origin_open("/nonexistent/asn.mmdb", &origin), -ENOENT);
    ck_assert_int_eq(origin_open("/dev/null", &origin), -EINVAL);
    ck_assert_int_eq(origin_open("/tmp", &origin), -EINVAL);
    ck_assert_int_eq(origin_open(path, &origin), -EINVAL); /* empty */
    write_file("not a database at all", 21);
    ck_assert_int_eq(origin_open(path, &origin), strcmp(origin_formats(), "none") == 0 ||
                                                         strcmp(origin_formats(), "libloc") == 0
                                                     ? -ENOTSUP
                                                     : -EINVAL);
    unlink(path);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_int_eq(origin_open(path, &origin), -EINVAL); /* and nobody waits for a writer */
    ck_assert_ptr_null(origin_free(NULL));
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        addresses_are_found_in_a_file_of_maxminds_format,
        a_damaged_file_harms_nobody,
        addresses_are_found_in_a_libloc_database,
        the_distributions_database_is_read_where_it_is_installed,
        what_is_no_database_is_told_by_its_failure,
    };
    return suite_run("origin", tests, sizeof tests / sizeof tests[0], set_up, tear_down);
}
