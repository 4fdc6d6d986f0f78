/* SPDX-License-Identifier: MIT */
/* Says, once each, which providers cannot be reached because packets may not leave as their entries
 * want (resolver/upstream/outlet.h), how to mend that, and when it has mended itself. */
#ifndef DAEMON_OUTLETS_H
#define DAEMON_OUTLETS_H

#include "config/config.h"
#include "resolver/upstream/outlet.h"

struct outlets {
    enum outlet_trouble told[POOL_MAX]; /* of the configuration looked at last */
};

/* Another configuration is in force: everything is news. */
void outlets_forget(struct outlets *outlets);
void outlets_look(struct outlets *outlets, const struct config *config);

#endif
