/* SPDX-License-Identifier: MIT */
/* Whether two hosts may well be one operator's: they stand under one registrable domain, by the
 * public suffix list. */
#ifndef CONFIG_OPERATOR_H
#define CONFIG_OPERATOR_H

#include "resolver/bytes.h"

/* Names or literal addresses, without ports; a literal is like itself only. */
bool operator_is_same(struct bytes host, struct bytes other);

#endif
