/* SPDX-License-Identifier: MIT */
#include "daemon/systemd.h"

#include "resolver/late.h"

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

#define FUNCTIONS(X) X(sd_notify) X(sd_listen_fds) X(sd_watchdog_enabled) X(sd_journal_sendv)

struct functions {
    FUNCTIONS(LATE_MEMBER)
};

static const char *const names[] = {FUNCTIONS(LATE_NAME)};

static bool load(struct functions *lib)
{
    return late_load(LIBSYSTEMD_SONAME, names, sizeof names / sizeof names[0], lib) == 0;
}

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
    struct functions lib;
    const char *path = getenv("NOTIFY_SOCKET");
    if (path != NULL && look_at(path, NOTIFY_WAIT_MS) != -EAGAIN && load(&lib)) {
        lib.sd_notify(0, state);
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

const char *systemd_lacks(void)
{
    struct functions lib;
    bool wanted = getenv("NOTIFY_SOCKET") != NULL || getenv("LISTEN_PID") != NULL;
    return wanted && !load(&lib) ? LIBSYSTEMD_SONAME : NULL;
}

int systemd_listen_fds(int *ret_first)
{
    struct functions lib;
    *ret_first = SD_LISTEN_FDS_START;
    int n = getenv("LISTEN_PID") != NULL && load(&lib) ? lib.sd_listen_fds(1) : 0;
    return n > 0 ? n : 0;
}

uint64_t systemd_watchdog_us(void)
{
    struct functions lib;
    uint64_t us = 0;
    bool wanted = getenv("WATCHDOG_USEC") != NULL && load(&lib);
    return wanted && lib.sd_watchdog_enabled(1, &us) > 0 ? us : 0;
}

/* Where there is no journal the library reports success, and where it reads nothing more the
 * library waits for it: for ever. */
int systemd_journal(const struct iovec *fields, int n_fields)
{
    struct functions lib;
    int failure = look_at("/run/systemd/journal/socket", 0);
    if (failure == 0 && !load(&lib)) {
        failure = -ELIBACC;
    }
    return failure < 0 ? failure : lib.sd_journal_sendv(fields, n_fields);
}
