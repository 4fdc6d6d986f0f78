/* SPDX-License-Identifier: MIT */
/* The options that are more than one value: listen addresses, providers, servers, watched names. */
#ifndef CONFIG_LISTS_H
#define CONFIG_LISTS_H

#include "config/schema.h"

/* Keeps the texts of a list that `is_good` takes; `what` names one of them. */
struct text_list {
    const char *what;
    const char *form;
    size_t max;
    bool (*is_good)(const char *text);
};
const char *const *lists_read_texts(struct reader *reader, const struct yaml_node *node,
                                    const struct text_list *list, size_t *ret_n);
void lists_print_texts(const char *const *texts, size_t n, FILE *to);

void lists_read_listen(struct reader *reader, const struct yaml_node *node);
void lists_print_listen(const void *base, FILE *to);
void lists_read_servers(struct reader *reader, const struct yaml_node *node);
void lists_print_servers(const void *base, FILE *to);
void lists_read_public(struct reader *reader, const struct yaml_node *node);
void lists_print_public(const void *base, FILE *to);
void lists_read_watchlist(struct reader *reader, const struct yaml_node *node);
void lists_print_watchlist(const void *base, FILE *to);
void lists_read_fingerprints(struct reader *reader, const struct yaml_node *node);
void lists_print_fingerprints(const void *base, FILE *to);

/* allow.c: the prefixes of clients. */
void lists_read_allow(struct reader *reader, const struct yaml_node *node);
void lists_print_allow(const void *base, FILE *to);
void lists_read_deny(struct reader *reader, const struct yaml_node *node);
void lists_print_deny(const void *base, FILE *to);
/* No prefix may stand in both. */
void lists_check_access(struct reader *reader);

/* policy.c */
enum { LOCAL_VALUES_MAX = 64 };
void policy_read_rules(struct reader *reader, const struct yaml_node *node);
void policy_print_rules(const void *base, FILE *to);
void policy_read_hosts(struct reader *reader, const struct yaml_node *node);
void policy_print_hosts(const void *base, FILE *to);
void policy_read_locals(struct reader *reader, const struct yaml_node *node);
void policy_print_locals(const void *base, FILE *to);
void policy_read_lists(struct reader *reader, const struct yaml_node *node);
void policy_print_lists(const void *base, FILE *to);
void policy_read_allow(struct reader *reader, const struct yaml_node *node);
void policy_print_allow(const void *base, FILE *to);
void policy_read_guard_allow(struct reader *reader, const struct yaml_node *node);
void policy_print_guard_allow(const void *base, FILE *to);
void policy_read_dns64(struct reader *reader, const struct yaml_node *node);
void policy_print_dns64(const void *base, FILE *to);
void policy_read_dns64_exclude(struct reader *reader, const struct yaml_node *node);
void policy_print_dns64_exclude(const void *base, FILE *to);
/* What no single option can know: which providers a rule's group has. */
void policy_check(struct reader *reader);

/* Which protocols take a key: struct schema_row's takers. */
#define TAKES(protocol) (1U << PROTOCOL_##protocol)
#define TAKERS_SIGNING \
    (TAKES(ALIDNS) | TAKES(ALIYUN) | TAKES(ALIYUN2) | TAKES(VOLC) | TAKES(BAIDU) | TAKES(GENERIC))
#define TAKERS_VENDORS (TAKERS_SIGNING | TAKES(TENCENT))
#define TAKERS_CIPHER  (TAKES(ALIYUN2) | TAKES(TENCENT))
#define TAKERS_HTTPS   (TAKERS_VENDORS | TAKES(DOH) | TAKES(DOH_GET) | TAKES(JSON) | TAKES(ODOH))
enum { TAKERS_TEXT_MAX = 100 };

/* provider.c: the names of protocols; lends row i of an entry, NULL behind the last. */
extern const struct schema_word provider_protocols[];
const struct schema_row *provider_row_at(size_t i);

/* entry.c: one entry of the list. `node` is a mapping. */
void provider_read(struct reader *reader, const struct yaml_node *node,
                   struct provider_params *provider);
void provider_print(const struct provider_params *provider, FILE *to);
void provider_print_reference(FILE *to);
/* lends the value of `key` in a mapping, NULL when it is not there. */
const struct yaml_node *provider_node(const struct yaml_node *mapping, const char *key);

/* The addresses of a list, into the endpoint; `key` names the list in errors. */
void provider_read_addresses(struct reader *reader, const struct yaml_node *node, const char *key,
                             struct exchange_endpoint *endpoint);

/* odoh.c: the keys of Oblivious DoH and stamps, and what they must be together. */
void odoh_read_stamp(struct reader *reader, const struct yaml_node *node);
void odoh_read_relay(struct reader *reader, const struct yaml_node *node);
void odoh_read_configs_file(struct reader *reader, const struct yaml_node *node);
void odoh_read_configs_path(struct reader *reader, const struct yaml_node *node);
void odoh_read_target_addresses(struct reader *reader, const struct yaml_node *node);
void odoh_finish(struct reader *reader, const struct yaml_node *mapping,
                 struct provider_params *provider);

/* generic.c: the URL of any provider, templates and pointers of a generic one. `mapping` is its
 * entry. */
void generic_check(struct reader *reader, const struct yaml_node *mapping,
                   const struct provider_params *provider);

/* vendors.c: lends row i of a vendor's keys; NULL behind the last. */
const struct schema_row *vendor_row_at(size_t i);

/* secrets.c: the row's secret from a file, or by a bare name from the service manager's
 * credentials. */
void secret_read_file(struct reader *reader, const struct schema_row *row,
                      const struct yaml_node *node);

/* providers.c */
void providers_read(struct reader *reader, const struct yaml_node *node);
void providers_print(const void *base, FILE *to);

/* "udp://127.0.0.1:53", "tcp://[::1]:53", "unix:///run/x.sock". *ret_why is what is wrong, on
 * -EINVAL. `text` is kept in *ret_address. */
int listen_parse(const char *text, struct listen_address *ret_address, const char **ret_why);

/* The way to a provider (road.c): its pins, and what its keys must be together. */
void road_read_pins(struct reader *reader, const struct yaml_node *node);
void road_print_pins(const void *base, FILE *to);
bool road_has_pins(const void *base);
void road_check(struct reader *reader, const struct yaml_node *mapping,
                const struct provider_params *provider);

#endif
