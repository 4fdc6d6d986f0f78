/* SPDX-License-Identifier: MIT */
/* The options that are more than one value: listen addresses, providers, servers, watched names. */
#ifndef CONFIG_LISTS_H
#define CONFIG_LISTS_H

#include "config/schema.h"

void lists_read_listen(struct reader *reader, const struct yaml_node *node);
void lists_print_listen(const struct config *config, FILE *to);
void lists_read_servers(struct reader *reader, const struct yaml_node *node);
void lists_print_servers(const struct config *config, FILE *to);
void lists_read_watchlist(struct reader *reader, const struct yaml_node *node);
void lists_print_watchlist(const struct config *config, FILE *to);

/* providers.c */
void providers_read(struct reader *reader, const struct yaml_node *node);
void providers_print(const struct config *config, FILE *to);

/* "udp://127.0.0.1:53", "tcp://[::1]:53", "unix:///run/x.sock". *ret_why is what is wrong, on
 * -EINVAL. `text` is kept in *ret_address. */
int listen_parse(const char *text, struct listen_address *ret_address, const char **ret_why);

#endif
