/* SPDX-License-Identifier: MIT */
/* What a provider of Oblivious DoH has besides: its relay, and where its target's keys come from.
 * And stamps, which bring a provider or a relay in one text. */
#include "config/lists.h"
#include "config/operator.h"
#include "config/stamp.h"
#include "config/template.h"
#include "resolver/upstream/odoh.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { CONFIGS_MAX = 4096, URL_TEXT_MAX = 1024 };

#define CONFIGS_PATH "/.well-known/odohconfigs"

static const char *keep(struct reader *r, const char *text)
{
    const char *kept = arena_text(r->arena, text, strlen(text));
    r->no_memory = r->no_memory || kept == NULL;
    return kept;
}

/* A stamp's one address becomes the endpoint's list. */
static void keep_address(struct reader *r, const struct stamp *stamp,
                         struct exchange_endpoint *endpoint)
{
    if (stamp->address[0] == '\0') {
        return;
    }
    const char **list = arena_take(r->arena, sizeof list[0]);
    r->no_memory = r->no_memory || list == NULL;
    if (list != NULL) {
        list[0] = keep(r, stamp->address);
        endpoint->addresses = list;
        endpoint->n_addresses = 1;
    }
}

/* ---- stamps ---- */

static void use_stamp(struct reader *r, const struct stamp *stamp, struct provider_params *p)
{
    char url[URL_TEXT_MAX];
    snprintf(url, sizeof url, "https://%s%s", stamp->host, stamp->path);
    p->endpoint.url = keep(r, url);
    p->name = keep(r, stamp->host);
    p->filtering = !stamp->no_filter;
    keep_address(r, stamp, &p->endpoint);
    if (stamp->protocol == STAMP_ODOH_TARGET) {
        p->protocol = PROTOCOL_ODOH;
    }
}

void odoh_read_stamp(struct reader *r, const struct yaml_node *node)
{
    struct stamp stamp;
    const char *text = schema_text(r, node, "stamp");
    const char *why = text != NULL ? stamp_read(text, &stamp) : NULL;
    if (text == NULL) {
        return;
    }
    if (why == NULL && stamp.protocol == STAMP_ODOH_RELAY) {
        why = "the stamp is a relay's: it stands behind 'relay:', beside the stamp of a target";
    }
    if (why != NULL) {
        errors_add(r->errors, node->line, node->column, "stamp: %s", why);
        return;
    }
    use_stamp(r, &stamp, r->base);
}

void odoh_read_relay(struct reader *r, const struct yaml_node *node)
{
    struct provider_params *p = r->base;
    struct stamp stamp;
    char template[URL_TEXT_MAX];
    p->odoh.relay = schema_text(r, node, "relay");
    if (p->odoh.relay == NULL || strncmp(p->odoh.relay, "sdns://", 7) != 0) {
        return;
    }
    const char *why = stamp_read(p->odoh.relay, &stamp);
    if (why == NULL && stamp.protocol != STAMP_ODOH_RELAY) {
        why = "the stamp is not a relay's";
    }
    if (why != NULL) {
        errors_add(r->errors, node->line, node->column, "relay: %s", why);
        return;
    }
    snprintf(template, sizeof template, "https://%s%s{%ctargethost,targetpath}", stamp.host,
             stamp.path, strchr(stamp.path, '?') != NULL ? '&' : '?');
    p->odoh.relay = keep(r, template);
    if (p->endpoint.n_addresses == 0) {
        keep_address(r, &stamp, &p->endpoint);
    }
}

/* ---- keys of a target ---- */

/* The whole file, CONFIGS_MAX octets at most; -errno. */
static ssize_t read_file(const char *path, uint8_t room[CONFIGS_MAX])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    ssize_t n = fd >= 0 ? read(fd, room, CONFIGS_MAX) : -1;
    int failure = -errno;
    if (fd >= 0) {
        close(fd);
    }
    return n < 0 ? failure : n;
}

void odoh_read_configs_file(struct reader *r, const struct yaml_node *node)
{
    struct provider_params *p = r->base;
    uint8_t room[CONFIGS_MAX];
    struct odoh_key key;
    const char *path = schema_text(r, node, "odoh-configs-file");
    if (path == NULL) {
        return;
    }
    ssize_t n = read_file(path, room);
    struct bytes configs = bytes_of(room, n > 0 ? (size_t)n : 0);
    int outcome = n < 0 ? (int)n : odoh_key_read(configs, &key);
    if (outcome < 0) {
        const char *why = n < 0                ? strerror(-outcome)
                          : outcome == -ENOENT ? "holds no key of a kind that we can use (X25519, "
                                                 "HKDF-SHA256, AES-128-GCM)"
                                               : "is no ObliviousDoHConfigs (RFC 9230 §6.1)";
        errors_add(r->errors, node->line, node->column, "odoh-configs-file '%.100s': %s", path,
                   why);
        return;
    }
    uint8_t *kept = arena_take(r->arena, configs.n);
    r->no_memory = r->no_memory || kept == NULL;
    if (kept != NULL) {
        memcpy(kept, configs.at, configs.n);
        p->odoh.configs = bytes_of(kept, configs.n);
        p->odoh.configs_file = path;
    }
}

void odoh_read_configs_path(struct reader *r, const struct yaml_node *node)
{
    struct provider_params *p = r->base;
    p->odoh.configs_path = schema_text(r, node, "odoh-configs-path");
    if (p->odoh.configs_path != NULL &&
        (p->odoh.configs_path[0] != '/' || strpbrk(p->odoh.configs_path, " \t\"#") != NULL)) {
        errors_add(r->errors, node->line, node->column,
                   "odoh-configs-path is a path on the target, such as " CONFIGS_PATH);
    }
}

void odoh_read_target_addresses(struct reader *r, const struct yaml_node *node)
{
    struct provider_params *p = r->base;
    provider_read_addresses(r, node, "target-addresses", &p->odoh.target);
}

/* ---- the whole ---- */

/* What stands in a URL between "https://" and its path. */
static struct bytes authority_of(const char *url)
{
    const char *host = url + sizeof "https://" - 1;
    return bytes_of(host, strcspn(host, "/?#"));
}

static struct bytes without_port(struct bytes authority)
{
    const uint8_t *end = memrchr(authority.at, ':', authority.n);
    const uint8_t *bracket = memrchr(authority.at, ']', authority.n);
    bool has_port = end != NULL && (bracket == NULL || bracket < end);
    return has_port ? bytes_of(authority.at, (size_t)(end - authority.at)) : authority;
}

/* What is wrong; NULL when nothing is. */
static const char *finish(struct reader *r, struct provider_params *p)
{
    char host[URL_TEXT_MAX], url[URL_TEXT_MAX], relay[TEMPLATE_URL_MAX];
    struct bytes authority = authority_of(p->odoh.url);
    const char *path = (const char *)authority.at + authority.n;
    const char *configs_path = p->odoh.configs_path != NULL ? p->odoh.configs_path : CONFIGS_PATH;
    snprintf(host, sizeof host, "%.*s", (int)authority.n, (const char *)authority.at);
    struct template_target target = {host, path[0] == '/' ? path : "/"};
    const char *why = template_expand(p->odoh.relay, &target, relay);
    if (why != NULL) {
        return why;
    }
    if (!p->odoh.same_operator &&
        operator_is_same(without_port(authority), without_port(authority_of(relay)))) {
        return "is of the target's own domain, and who runs both sees who asks and what: take "
               "another's relay, or write 'insecure-same-operator: yes'";
    }
    if (snprintf(url, sizeof url, "https://%s%s", host, configs_path) >= (int)sizeof url) {
        return "and odoh-configs-path make too long a URL";
    }
    p->endpoint.url = keep(r, relay);
    p->odoh.target.id = p->endpoint.id + POOL_MAX;
    p->odoh.target.url = keep(r, url);
    p->odoh.target.ca_file = p->endpoint.ca_file;
    /* The keys are fetched by the same way; who we are is shown to the relay alone, whose the pins
     * are. */
    p->odoh.target.road = p->endpoint.road;
    p->odoh.target.road.pins = NULL;
    p->odoh.target.road.client_cert = p->odoh.target.road.client_key = NULL;
    return NULL;
}

void odoh_finish(struct reader *r, const struct yaml_node *mapping, struct provider_params *p)
{
    const struct yaml_node *relay = provider_node(mapping, "relay");
    if (p->protocol != PROTOCOL_ODOH) {
        return;
    }
    if (p->client_subnet.n > 0 || p->client_subnet.from_here) {
        errors_add(r->errors, mapping->line, mapping->column,
                   "client-subnet would tell the target what the relay hides from it: leave it "
                   "out");
    }
    if (relay == NULL) {
        errors_add(r->errors, mapping->line, mapping->column,
                   "odoh needs a relay: 'relay: "
                   "https://relay.example/proxy{?targethost,targetpath}', or a relay's stamp");
        return;
    }
    if (p->odoh.relay == NULL || p->endpoint.url == NULL ||
        strncmp(p->endpoint.url, "https://", 8) != 0) {
        return; /* said already */
    }
    p->odoh.url = p->endpoint.url;
    const char *why = finish(r, p);
    if (why != NULL) {
        errors_add(r->errors, relay->line, relay->column, "relay %s", why);
    }
}
