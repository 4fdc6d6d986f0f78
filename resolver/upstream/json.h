/* SPDX-License-Identifier: MIT */
/* A DNS answer as JSON, in the schema that Google began and others bent (PROVIDERS §2.3): read into
 * a DNS message. Private to the drivers that speak it. */
#ifndef RESOLVER_UPSTREAM_JSON_H
#define RESOLVER_UPSTREAM_JSON_H

#include "resolver/upstream/driver.h"

enum { JSON_RECORDS_MAX = 512, JSON_NAME_MAX = 1024, JSON_TTL_MAX_S = 604800 };

/* What may be asked: types with a text form, names whose text means the same to all, DO unset. */
enum driver_serves json_serves(const struct provider_params *provider,
                               const struct question *question, bool want_do, bool want_cd);
/* Appends "name=…&type=…" behind the URL, and the flags. -EMSGSIZE. */
int json_build_target(const struct driver_call *call, struct driver_room *room, struct buf *target);
/* The question's name as json_build_target() writes it. Returns `out`. */
const char *json_name(const struct question *question, char out[NAME_MAX_TEXT]);
/* A driver_class, or -ENOMEM. Of a reply with a 2xx status. */
int json_read(const struct driver_call *call, const struct exchange_reply *reply,
              const struct answer_expect *expect, struct driver_found *found);

#endif
