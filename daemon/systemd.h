/* SPDX-License-Identifier: MIT */
/* The door to libsystemd: the service manager and the journal. Everything here does nothing, and
 * says so, when there is no service manager. The library is loaded when there is one. */
#ifndef DAEMON_SYSTEMD_H
#define DAEMON_SYSTEMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/* NULL; or the name of the library when a service manager waits for us and it cannot be loaded. */
const char *systemd_lacks(void);

/* sd_notify(3): lines of KEY=VALUE. */
void systemd_notify(const char *state);
/* STATUS= and RELOADING=1 with the time stamp that Type=notify-reload wants. */
void systemd_notify_reloading(void);

/* Sockets handed over (sd_listen_fds(3)): the first descriptor, and how many follow on each other.
 * The environment is cleared. */
int systemd_listen_fds(int *ret_first);

/* How often the manager wants to hear WATCHDOG=1, in microseconds; 0: not at all. */
uint64_t systemd_watchdog_us(void);

/* One journal entry (sd_journal_sendv(3)): fields "KEY=value". 0 or a negative errno. */
int systemd_journal(const struct iovec *fields, int n_fields);

#endif
