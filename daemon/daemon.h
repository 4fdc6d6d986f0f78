/* SPDX-License-Identifier: MIT */
/* The composition root: everything hangs from struct daemon, is made in one order and torn down in
 * the reverse one. Runs on the main thread: signals, configuration, the service manager. */
#ifndef DAEMON_DAEMON_H
#define DAEMON_DAEMON_H

#include "config/config.h"

enum daemon_exit { DAEMON_EXIT_OK = 0, DAEMON_EXIT_FAILURE = 1, DAEMON_EXIT_CONFIG = 78 };

/* Runs until SIGTERM or SIGINT; takes `config`, which came from the file `path`. */
enum daemon_exit daemon_run(const char *path, struct config *config);

#endif
