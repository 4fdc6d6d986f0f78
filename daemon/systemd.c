/* SPDX-License-Identifier: MIT */
#include "daemon/systemd.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>

void systemd_notify(const char *state)
{
    sd_notify(0, state);
}

void systemd_notify_reloading(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
               (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
}

int systemd_listen_fds(int *ret_first)
{
    int n = sd_listen_fds(1);
    *ret_first = SD_LISTEN_FDS_START;
    return n > 0 ? n : 0;
}

uint64_t systemd_watchdog_us(void)
{
    uint64_t us = 0;
    return sd_watchdog_enabled(1, &us) > 0 ? us : 0;
}

int systemd_journal(const struct iovec *fields, int n_fields)
{
    /* Where there is no journal the library reports success. */
    if (access("/run/systemd/journal/socket", F_OK) < 0) {
        return -errno;
    }
    return sd_journal_sendv(fields, n_fields);
}
