/* SPDX-License-Identifier: MIT */
#include "resolver/audit/local.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX_BYTES = 64 * 1024, FULL_PATH_MAX = 4096 };

/* How a file of a folder tells which interface it is about. */
enum naming {
    NAMING_NONE,
    NAMING_INDEX,  /* it is called as the interface's number */
    NAMING_PREFIX, /* "eth0.dhclient" */
    NAMING_SUFFIX, /* "dhclient-eth0.leases", "internal-UUID-eth0.lease" */
};

/* A file, or with a naming the files of a folder that end in `ending`. */
struct place {
    enum local_source source;
    enum source_format format;
    enum naming naming;
    const char *path;
    const char *ending;
};

static const char routes_v4[] = "/proc/self/net/route";
static const char routes_v6[] = "/proc/self/net/ipv6_route";

static const struct place places[] = {
    {LOCAL_RESOLVED, SOURCE_KEYS, NAMING_INDEX, "/run/systemd/resolve/netif", ""},
    {LOCAL_RESOLVED, SOURCE_RESOLV_CONF, NAMING_NONE, "/run/systemd/resolve/resolv.conf", ""},
    {LOCAL_NETWORK_MANAGER, SOURCE_KEYS, NAMING_INDEX, "/run/NetworkManager/devices", ""},
    {LOCAL_NETWORK_MANAGER, SOURCE_RESOLV_CONF, NAMING_NONE,
     "/run/NetworkManager/no-stub-resolv.conf", ""},
    {LOCAL_NETWORK_MANAGER, SOURCE_RESOLV_CONF, NAMING_NONE, "/run/NetworkManager/resolv.conf", ""},
    {LOCAL_NETWORKD, SOURCE_KEYS, NAMING_INDEX, "/run/systemd/netif/links", ""},
    {LOCAL_NETWORKD, SOURCE_KEYS, NAMING_INDEX, "/run/systemd/netif/leases", ""},
    {LOCAL_NETWORKD, SOURCE_KEYS, NAMING_NONE, "/run/systemd/netif/state", ""},
    {LOCAL_DHCPCD, SOURCE_RESOLV_CONF, NAMING_PREFIX, "/run/dhcpcd/hook-state/resolv.conf", ""},
    {LOCAL_DHCPCD, SOURCE_RESOLV_CONF, NAMING_PREFIX, "/run/dhcpcd/resolv.conf", ""},
    {LOCAL_RESOLVCONF, SOURCE_RESOLV_CONF, NAMING_PREFIX, "/run/resolvconf/interface", ""},
    {LOCAL_RESOLVCONF, SOURCE_RESOLV_CONF, NAMING_PREFIX, "/run/resolvconf/interfaces", ""},
    {LOCAL_RESOLV_CONF, SOURCE_RESOLV_CONF, NAMING_NONE, "/etc/resolv.conf", ""},
    {LOCAL_LEASE, SOURCE_DHCLIENT, NAMING_SUFFIX, "/var/lib/dhcp", ".leases"},
    {LOCAL_LEASE, SOURCE_DHCLIENT, NAMING_SUFFIX, "/var/lib/dhclient", ".leases"},
    {LOCAL_LEASE, SOURCE_KEYS, NAMING_SUFFIX, "/var/lib/NetworkManager", ".lease"},
    {LOCAL_LEASE, SOURCE_DHCP_PACKET, NAMING_PREFIX, "/var/lib/dhcpcd", ".lease"},
    {LOCAL_LEASE, SOURCE_DHCP_PACKET, NAMING_SUFFIX, "/var/lib/dhcpcd5", ".lease"},
    {LOCAL_SAVED, SOURCE_RESOLV_CONF, NAMING_NONE, "/etc/resolv.conf.before-httpdnsd", ""},
    {LOCAL_SAVED, SOURCE_RESOLV_CONF, NAMING_NONE, "/etc/resolv.conf.orig", ""},
    {LOCAL_SAVED, SOURCE_RESOLV_CONF, NAMING_NONE, "/etc/resolv.conf.bak", ""},
    {LOCAL_SAVED, SOURCE_RESOLV_CONF, NAMING_NONE, "/etc/resolv.conf.backup", ""},
    {LOCAL_SAVED, SOURCE_RESOLV_CONF, NAMING_NONE, "/etc/resolv.conf.old", ""},
    {LOCAL_GATEWAY, SOURCE_ROUTES_V4, NAMING_NONE, routes_v4, ""},
    {LOCAL_GATEWAY, SOURCE_ROUTES_V6, NAMING_NONE, routes_v6, ""},
};

/* ---- files ---- */

static void close_file(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
}

static void free_buffer(uint8_t **buffer)
{
    free(*buffer);
}

/* As many of the file's bytes as fit; the rest of a longer file is not looked at. */
static size_t read_some(int fd, uint8_t *at, size_t size)
{
    size_t n = 0;
    while (n < size) {
        ssize_t got = read(fd, at + n, size - n);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            break;
        }
        n += (size_t)got;
    }
    return n;
}

/* gives the file's bytes in *ret_buffer; false when it cannot be read. */
static bool read_file(const char *path, uint8_t **ret_buffer, size_t *ret_n)
{
    owned(close_file) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    uint8_t *buffer = fd >= 0 ? malloc(FILE_MAX_BYTES) : NULL;
    if (buffer == NULL) {
        return false;
    }
    *ret_buffer = buffer;
    *ret_n = read_some(fd, buffer, FILE_MAX_BYTES);
    return true;
}

/* ---- the walk over all places ---- */

struct visit {
    const struct place *place;
    const char *path; /* with the root */
    const char *interface;
};

struct walk {
    const char *root;
    void (*on_file)(void *ctx, const struct visit *visit);
    void *ctx;
};

static void copy_text(char *to, size_t size, const char *from, size_t n)
{
    n = n < size ? n : size - 1;
    memcpy(to, from, n);
    to[n] = '\0';
}

/* The interface of that number, by the kernel's list of them. */
static void interface_of_index(const char *root, const char *index, char *out)
{
    char folder[FULL_PATH_MAX], path[FULL_PATH_MAX + NAME_MAX + 16];
    snprintf(folder, sizeof folder, "%s/sys/class/net", root);
    DIR *all = opendir(folder);
    struct dirent *entry;
    while (all != NULL && out[0] == '\0' && (entry = readdir(all)) != NULL) {
        owned(free_buffer) uint8_t *text = NULL;
        size_t n = 0;
        snprintf(path, sizeof path, "%s/%s/ifindex", folder, entry->d_name);
        if (entry->d_name[0] != '.' && read_file(path, &text, &n) && n == strlen(index) + 1 &&
            memcmp(text, index, n - 1) == 0) {
            copy_text(out, SOURCE_INTERFACE_MAX, entry->d_name, strlen(entry->d_name));
        }
    }
    if (all != NULL) {
        closedir(all);
    }
}

static void interface_of_file(const struct walk *walk, const struct place *place, const char *file,
                              char out[SOURCE_INTERFACE_MAX])
{
    const char *dash = strrchr(file, '-');
    size_t n_stem = strlen(file) - strlen(place->ending);
    out[0] = '\0';
    switch (place->naming) {
    case NAMING_NONE:
        return;
    case NAMING_INDEX:
        interface_of_index(walk->root, file, out);
        return;
    case NAMING_PREFIX:
        copy_text(out, SOURCE_INTERFACE_MAX, file, strcspn(file, "."));
        return;
    case NAMING_SUFFIX:
        if (dash != NULL && (size_t)(dash - file) < n_stem) {
            copy_text(out, SOURCE_INTERFACE_MAX, dash + 1, n_stem - (size_t)(dash - file) - 1);
        }
        return;
    }
}

static bool ends_with(const char *text, const char *ending)
{
    size_t n = strlen(text), n_ending = strlen(ending);
    return n >= n_ending && strcmp(text + n - n_ending, ending) == 0;
}

static void walk_folder(const struct walk *walk, const struct place *place, const char *folder)
{
    struct dirent **entries;
    int n = scandir(folder, &entries, NULL, alphasort);
    size_t n_taken = 0;
    for (int i = 0; i < n; i++) {
        const char *file = entries[i]->d_name;
        if (file[0] != '.' && ends_with(file, place->ending) && n_taken < LOCAL_FILES_MAX) {
            char path[FULL_PATH_MAX + NAME_MAX], interface[SOURCE_INTERFACE_MAX];
            snprintf(path, sizeof path, "%s/%s", folder, file);
            interface_of_file(walk, place, file, interface);
            struct visit visit = {place, path, interface};
            walk->on_file(walk->ctx, &visit);
            n_taken++;
        }
        free(entries[i]);
    }
    if (n >= 0) {
        free(entries);
    }
}

static void walk_places(const struct walk *walk)
{
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        const struct place *place = &places[i];
        char path[FULL_PATH_MAX];
        snprintf(path, sizeof path, "%s%s", walk->root, place->path);
        struct visit visit = {place, path, ""};
        if (place->naming == NAMING_NONE) {
            walk->on_file(walk->ctx, &visit);
        } else {
            walk_folder(walk, place, path);
        }
    }
}

/* ---- servers ---- */

struct finder {
    const struct local_params *params;
    struct local_resolvers *found;
    enum local_source source;
    const char *path, *interface;
    int64_t written_s;
};

static bool is_known(const struct local_resolvers *found, const char *server)
{
    for (size_t i = 0; i < found->n; i++) {
        if (strcmp(found->at[i].text, server) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_never(const struct local_params *params, const struct address *address)
{
    for (size_t i = 0; params != NULL && i < params->n_never; i++) {
        if (address_equal(&params->never[i], address)) {
            return true;
        }
    }
    return false;
}

/* A bare address, as these files have it: no port, no brackets; and not one that leads back. */
static bool is_usable(const struct finder *finder, const char *server)
{
    struct address address;
    if (server[0] == '[' || strpbrk(server, ",/") != NULL) {
        return false;
    }
    const char *colon = strchr(server, ':');
    bool has_port = colon != NULL && strchr(colon + 1, ':') == NULL;
    return !has_port && plain_server_is_valid(server) && address_from_server(server, &address) &&
           !address_is_loopback(&address) && !address_is_unspecified(&address) &&
           !is_never(finder->params, &address);
}

static void add(struct finder *finder, const char *server, const char *interface)
{
    struct local_resolvers *found = finder->found;
    if (found->n == LOCAL_MAX || is_known(found, server)) {
        return;
    }
    struct local_resolver *one = &found->at[found->n++];
    *one = (struct local_resolver){.source = finder->source, .written_s = finder->written_s};
    copy_text(one->text, sizeof one->text, server, strlen(server));
    copy_text(one->interface, sizeof one->interface, interface, strlen(interface));
    copy_text(one->path, sizeof one->path, finder->path, strlen(finder->path));
}

/* A link-local address means nothing without its interface. */
static void on_server(void *ctx, const char *server, const char *interface)
{
    struct finder *finder = ctx;
    char scoped[SOURCE_SERVER_MAX + SOURCE_INTERFACE_MAX + 1];
    struct address address;
    interface = interface[0] != '\0' ? interface : finder->interface;
    bool needs_scope = address_from_server(server, &address) && address.n == 16 &&
                       address.at[0] == 0xfe && (address.at[1] & 0xc0) == 0x80 &&
                       strchr(server, '%') == NULL && interface[0] != '\0';
    snprintf(scoped, sizeof scoped, "%s%s%s", server, needs_scope ? "%" : "",
             needs_scope ? interface : "");
    if (strlen(scoped) < PLAIN_SERVER_TEXT_MAX && is_usable(finder, scoped)) {
        add(finder, scoped, interface);
    }
}

static void on_file(void *ctx, const struct visit *visit)
{
    struct finder *finder = ctx;
    owned(free_buffer) uint8_t *text = NULL;
    size_t n;
    struct stat st;
    if (!read_file(visit->path, &text, &n)) {
        return;
    }
    bool dated = visit->place->source != LOCAL_GATEWAY && stat(visit->path, &st) == 0;
    finder->source = visit->place->source;
    finder->path = visit->path + strlen(finder->params->root);
    finder->interface = visit->interface;
    finder->written_s = dated ? (int64_t)st.st_mtime : 0;
    struct source_sink sink = {on_server, finder};
    source_read(visit->place->format, bytes_of(text, n), &sink);
}

/* ---- which of them are in use ---- */

static unsigned tier_of(enum local_source source)
{
    switch (source) {
    case LOCAL_CONFIGURED:
        return 0;
    case LOCAL_RESOLVED:
    case LOCAL_NETWORK_MANAGER:
    case LOCAL_NETWORKD:
    case LOCAL_DHCPCD:
    case LOCAL_RESOLVCONF:
    case LOCAL_RESOLV_CONF:
        return 1;
    case LOCAL_LEASE:
        return 2;
    case LOCAL_SAVED:
        return 3;
    case LOCAL_GATEWAY:
        break;
    }
    return 4;
}

/* They stand in order of their tiers. */
static void choose(struct local_resolvers *found)
{
    for (size_t i = 0; i < found->n && i < AUDIT_SERVERS_MAX; i++) {
        found->at[i].in_use = tier_of(found->at[i].source) == tier_of(found->at[0].source);
    }
}

void local_find(const struct local_params *params, struct local_resolvers *ret_found)
{
    *ret_found = (struct local_resolvers){.n = 0};
    struct finder finder = {.params = params, .found = ret_found, .path = "", .interface = ""};
    for (size_t i = 0; i < params->n_configured; i++) {
        add(&finder, params->configured[i], "");
    }
    struct walk walk = {params->root, on_file, &finder};
    walk_places(&walk);
    choose(ret_found);
}

void local_read(enum source_format format, struct bytes text, struct local_resolvers *found)
{
    struct finder finder = {
        .found = found, .source = LOCAL_RESOLV_CONF, .path = "", .interface = ""};
    struct source_sink sink = {on_server, &finder};
    source_read(format, text, &sink);
}

/* ---- what changes ---- */

#define FNV_START UINT64_C(0xcbf29ce484222325)

static void mix(uint64_t *hash, const void *at, size_t n)
{
    const uint8_t *from = at;
    for (size_t i = 0; i < n; i++) {
        *hash = (*hash ^ from[i]) * UINT64_C(0x100000001b3);
    }
}

static void mix_text(uint64_t *hash, const char *text)
{
    mix(hash, text, strlen(text) + 1);
}

static void mix_server(void *ctx, const char *server, const char *interface)
{
    mix_text(ctx, server);
    mix_text(ctx, interface);
}

/* The kernel's files have no date: there it is the gateways themselves. */
static void mix_gateways(uint64_t *hash, const char *path, enum source_format format)
{
    owned(free_buffer) uint8_t *text = NULL;
    size_t n;
    if (read_file(path, &text, &n)) {
        struct source_sink sink = {mix_server, hash};
        source_read(format, bytes_of(text, n), &sink);
    }
}

static void mix_file(void *ctx, const struct visit *visit)
{
    uint64_t *hash = ctx;
    struct stat st;
    if (visit->place->source == LOCAL_GATEWAY) {
        mix_gateways(hash, visit->path, visit->place->format);
    } else if (stat(visit->path, &st) == 0) {
        mix_text(hash, visit->path);
        mix_text(hash, visit->interface);
        mix(hash, &st.st_mtim.tv_sec, sizeof st.st_mtim.tv_sec);
        mix(hash, &st.st_mtim.tv_nsec, sizeof st.st_mtim.tv_nsec);
        mix(hash, &st.st_ino, sizeof st.st_ino);
        mix(hash, &st.st_size, sizeof st.st_size);
    }
}

uint64_t local_mark(const struct local_params *params)
{
    uint64_t hash = FNV_START;
    struct walk walk = {params->root, mix_file, &hash};
    walk_places(&walk);
    return hash;
}

/* ---- the network ---- */

struct gateway {
    char text[SOURCE_SERVER_MAX];
    char interface[SOURCE_INTERFACE_MAX];
};

static void on_gateway(void *ctx, const char *server, const char *interface)
{
    struct gateway *gateway = ctx;
    if (gateway->text[0] == '\0') {
        copy_text(gateway->text, sizeof gateway->text, server, strlen(server));
        copy_text(gateway->interface, sizeof gateway->interface, interface, strlen(interface));
    }
}

static void find_gateway(const char *root, const char *file, enum source_format format,
                         struct gateway *gateway)
{
    char path[FULL_PATH_MAX];
    owned(free_buffer) uint8_t *text = NULL;
    size_t n;
    snprintf(path, sizeof path, "%s%s", root, file);
    if (gateway->text[0] == '\0' && read_file(path, &text, &n)) {
        struct source_sink sink = {on_gateway, gateway};
        source_read(format, bytes_of(text, n), &sink);
    }
}

/* In the kernel's ARP table: address, type, flags, hardware address, mask, interface. What else
 * stands in it comes and goes. */
static void find_hardware(const char *root, const struct gateway *gateway,
                          char out[LOCAL_HARDWARE_MAX])
{
    char path[FULL_PATH_MAX], line[256], address[64], hardware[LOCAL_HARDWARE_MAX], interface[64];
    snprintf(path, sizeof path, "%s/proc/self/net/arp", root);
    FILE *file = fopen(path, "re");
    out[0] = '\0';
    while (file != NULL && out[0] == '\0' && fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "%63s %*s %*s %31s %*s %63s", address, hardware, interface) == 3 &&
            strcmp(address, gateway->text) == 0 && strcmp(interface, gateway->interface) == 0 &&
            strcmp(hardware, "00:00:00:00:00:00") != 0) {
            memcpy(out, hardware, sizeof hardware);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
}

void local_network(const char *root, struct local_network *ret_network)
{
    struct gateway gateway = {0};
    find_gateway(root, routes_v4, SOURCE_ROUTES_V4, &gateway);
    find_gateway(root, routes_v6, SOURCE_ROUTES_V6, &gateway);
    ret_network->way = FNV_START;
    mix_text(&ret_network->way, gateway.text);
    mix_text(&ret_network->way, gateway.interface);
    find_hardware(root, &gateway, ret_network->hardware);
}

bool local_same_network(const struct local_network *a, const struct local_network *b)
{
    bool both_known = a->hardware[0] != '\0' && b->hardware[0] != '\0';
    return a->way == b->way && (!both_known || strcmp(a->hardware, b->hardware) == 0);
}

const char *local_network_text(const struct local_network *network,
                               char out[LOCAL_NETWORK_TEXT_MAX])
{
    uint64_t hash = network->way;
    if (network->hardware[0] != '\0') {
        mix_text(&hash, network->hardware);
    }
    snprintf(out, LOCAL_NETWORK_TEXT_MAX, "%016" PRIx64, hash);
    return out;
}

const char *local_source_word(enum local_source source)
{
    static const char *const words[] = {
        [LOCAL_CONFIGURED] = "configuration",
        [LOCAL_RESOLVED] = "systemd-resolved",
        [LOCAL_NETWORK_MANAGER] = "NetworkManager",
        [LOCAL_NETWORKD] = "systemd-networkd",
        [LOCAL_DHCPCD] = "dhcpcd",
        [LOCAL_RESOLVCONF] = "resolvconf",
        [LOCAL_RESOLV_CONF] = "resolv.conf",
        [LOCAL_LEASE] = "dhcp-lease",
        [LOCAL_SAVED] = "saved resolv.conf",
        [LOCAL_GATEWAY] = "default gateway",
    };
    return words[source];
}
