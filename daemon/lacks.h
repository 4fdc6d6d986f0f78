/* SPDX-License-Identifier: MIT */
/* What the configuration asks for and the installed libraries cannot do. Nothing fails by it. */
#ifndef DAEMON_LACKS_H
#define DAEMON_LACKS_H

#include "config/config.h"

/* Says each in the log, with its mend. */
void lacks_say(const struct config *config);

#endif
