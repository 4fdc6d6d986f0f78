/* SPDX-License-Identifier: MIT */
#include "daemon/systemd.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
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

/* Where there is no journal the library reports success, and where it reads nothing more the
 * library waits for it: for ever. */
static int look_at_journal(void)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = "/run/systemd/journal/socket"};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -errno;
    }
    struct pollfd room = {.fd = fd, .events = POLLOUT};
    int failure = connect(fd, (struct sockaddr *)&to, sizeof to) < 0 ? -errno : 0;
    if (failure == 0 && poll(&room, 1, 0) != 1) {
        failure = -EAGAIN;
    }
    close(fd);
    return failure;
}

int systemd_journal(const struct iovec *fields, int n_fields)
{
    int failure = look_at_journal();
    return failure < 0 ? failure : sd_journal_sendv(fields, n_fields);
}
