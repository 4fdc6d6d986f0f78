/* SPDX-License-Identifier: MIT */
/* Finds, while the daemon runs, what --check could not know: servers to be asked that lead back to
 * us, by a socket that was handed over or an address that this host has got since. */
#ifndef DAEMON_LOOPGUARD_H
#define DAEMON_LOOPGUARD_H

#include "daemon/sockets.h"

struct loopguard {
    unsigned providers; /* of the configuration looked at last: these do; bit i is provider i */
    unsigned locals;    /* … and these of local-resolver.servers */
};

/* Another configuration is in force: everything is news. */
void loopguard_forget(struct loopguard *guard);
/* Looks, says what is new, and returns the providers that must not be asked. */
unsigned loopguard_look(struct loopguard *guard, const struct sockets *sockets,
                        const struct config *config);

#endif
