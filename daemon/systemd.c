/* SPDX-License-Identifier: MIT */
#include "daemon/systemd.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>

enum { NOTIFY_WAIT_MS = 200, RELOADING_MAX = 64 };

/* Whether a socket of the service manager would take a datagram; where nobody reads it, its library
 * would wait for ever. '@' stands for the abstract namespace's NUL. 0, or -errno. */
static int look_at(const char *path, int wait_ms)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t n = strlen(path);
    if (n >= sizeof to.sun_path) {
        return -ENAMETOOLONG;
    }
    memcpy(to.sun_path, path, n);
    if (path[0] == '@') {
        to.sun_path[0] = '\0';
    }
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -errno;
    }
    struct pollfd room = {.fd = fd, .events = POLLOUT};
    socklen_t n_to = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    int failure = connect(fd, (struct sockaddr *)&to, n_to) < 0 ? -errno : 0;
    if (failure == 0 && poll(&room, 1, wait_ms) != 1) {
        failure = -EAGAIN;
    }
    close(fd);
    return failure;
}

void systemd_notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    if (path != NULL && look_at(path, NOTIFY_WAIT_MS) != -EAGAIN) {
        sd_notify(0, state);
    }
}

void systemd_notify_reloading(void)
{
    struct timespec now;
    char state[RELOADING_MAX];
    clock_gettime(CLOCK_MONOTONIC, &now);
    snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
             (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
    systemd_notify(state);
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
int systemd_journal(const struct iovec *fields, int n_fields)
{
    int failure = look_at("/run/systemd/journal/socket", 0);
    return failure < 0 ? failure : sd_journal_sendv(fields, n_fields);
}
