/* SPDX-License-Identifier: MIT */
/* Questions that would come back to us: a server to be asked that is one of our own listeners. */
#ifndef CONFIG_LOOPS_H
#define CONFIG_LOOPS_H

#include "config/own.h"
#include "config/yaml.h"

struct reader;

/* Is what is sent to `to` heard by a socket that listens at `at`? One that listens on every address
 * hears loopback and this host's own (`own`). Ports count, scopes do not; IPv4 inside IPv6 is
 * IPv4. */
bool loops_hears(const struct sockaddr_storage *at, const struct sockaddr_storage *to,
                 const struct own *own);

/* Notes each server, URL and address of the file that leads to one of its listeners as this host is
 * now. `root` may be NULL. */
void loops_check(struct reader *reader, const struct yaml_node *root);

#endif
