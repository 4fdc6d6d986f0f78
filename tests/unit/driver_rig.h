/* SPDX-License-Identifier: MIT */
/* One driver, one question, one reply: what became of it, in a line of text. */
#ifndef TESTS_UNIT_DRIVER_RIG_H
#define TESTS_UNIT_DRIVER_RIG_H

#include "resolver/upstream/drivers.h"
#include "tests/unit/fake_port.h"

enum { RIG_TEXT_MAX = 4096 };

struct rig {
    const struct driver *driver;
    struct provider_params provider;
    struct driver_memory memory;
    struct driver_room room;
    struct exchange_request request;
    struct question question;
    bool want_cd;
    int64_t date_s; /* the reply's Date; 0: none */
    struct fake_port port;
    struct driver_found found;
    char text[RIG_TEXT_MAX];
};

/* Asks `name` for `type` from here on. */
void rig_begin(struct rig *rig, const struct driver *driver, const char *url);
void rig_ask(struct rig *rig, const char *name, uint16_t type);
/* build(); returns its outcome, the request is in rig->request. */
int rig_build(struct rig *rig);
/* The URL of the request built; "" when it failed. */
const char *rig_url(struct rig *rig);
/* read(): "CLASS RCODE ad ede=N: TYPE TTL DATA; …/ TYPE TTL DATA", addresses as such, all else in
 * hexadecimal; a failure is its number. */
const char *rig_read(struct rig *rig, unsigned status, const char *media_type, const char *body);
void rig_end(struct rig *rig);

#endif
