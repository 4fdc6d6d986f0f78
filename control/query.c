/* SPDX-License-Identifier: MIT */
#include "control/query.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct exchange_state {
    int fd;
    uint64_t deadline_ms;
};

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int wait_for(const struct exchange_state *x, short events)
{
    struct pollfd p = {.fd = x->fd, .events = events};
    uint64_t now = now_ms();
    int left = x->deadline_ms > now ? (int)(x->deadline_ms - now) : 0;
    int n = poll(&p, 1, left);
    if (n < 0) {
        return errno == EINTR ? 0 : -errno;
    }
    return n == 0 ? -ETIMEDOUT : 0;
}

static int send_all(const struct exchange_state *x, struct bytes bytes)
{
    while (bytes.n > 0) {
        int failure = wait_for(x, POLLOUT);
        if (failure < 0) {
            return failure;
        }
        ssize_t n = send(x->fd, bytes.at, bytes.n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN && errno != EINTR) {
            return -errno;
        }
        bytes = n > 0 ? bytes_of(bytes.at + n, bytes.n - (size_t)n) : bytes;
    }
    return 0;
}

static int receive_all(const struct exchange_state *x, uint8_t *at, size_t n)
{
    while (n > 0) {
        int failure = wait_for(x, POLLIN);
        if (failure < 0) {
            return failure;
        }
        ssize_t got = recv(x->fd, at, n, MSG_DONTWAIT);
        if (got == 0) {
            return -ECONNRESET;
        }
        if (got < 0 && errno != EAGAIN && errno != EINTR) {
            return -errno;
        }
        at += got > 0 ? got : 0;
        n -= got > 0 ? (size_t)got : 0;
    }
    return 0;
}

static int converse(const struct exchange_state *x, struct bytes message,
                    struct control_reply *ret_reply)
{
    uint8_t frame[2 + QUERY_MAX], prefix[2];
    bytes_write_u16(frame, (uint16_t)message.n);
    memcpy(frame + 2, message.at, message.n);
    int failure = send_all(x, bytes_of(frame, message.n + 2));
    if (failure == 0) {
        failure = receive_all(x, prefix, sizeof prefix);
    }
    if (failure == 0) {
        ret_reply->n = bytes_read_u16(prefix);
        failure = receive_all(x, ret_reply->at, ret_reply->n);
    }
    return failure;
}

/* A connected socket, or a negative errno. */
static int connect_to(const char *path)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof un.sun_path) {
        return -ENAMETOOLONG;
    }
    memcpy(un.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&un, sizeof un) < 0) {
        int failure = -errno;
        close(fd);
        return failure;
    }
    return fd >= 0 ? fd : -errno;
}

static void explain(const char *path, int failure, char reason[CONTROL_REASON_MAX])
{
    const char *what = strerror(-failure);
    const char *mend = "";
    switch (-failure) {
    case ENOENT:
    case ECONNREFUSED:
        mend = ": is httpdnsd running, and is this its socket (--socket)?";
        break;
    case EACCES:
        mend = ": your user may not use it: is it in the group httpdns?";
        break;
    case ETIMEDOUT:
        what = "no reply in time";
        mend = ": 'systemctl status httpdnsd' may say why";
        break;
    case ECONNRESET:
        what = "httpdnsd closed the connection";
        break;
    default:
        break;
    }
    snprintf(reason, CONTROL_REASON_MAX, "%.107s: %s%s", path, what, mend);
}

int control_ask(const struct control_query *query, struct control_reply *ret_reply,
                char reason[CONTROL_REASON_MAX])
{
    uint8_t message[QUERY_MAX];
    uint16_t id;
    struct query_wish wish = {
        .question = &query->question, .want_do = query->want_do, .want_cd = query->want_cd};
    uint64_t began_ms = now_ms();
    int fd = connect_to(query->socket);
    int failure = fd < 0 ? fd : 0;
    if (failure == 0) {
        struct exchange_state x = {fd, began_ms + query->timeout_ms};
        wish.id = getrandom(&id, sizeof id, 0) == sizeof id ? id : 1;
        size_t n = message_write_query(&wish, message);
        failure = converse(&x, bytes_of(message, n), ret_reply);
        close(fd);
    }
    if (failure < 0) {
        explain(query->socket, failure, reason);
        return failure;
    }
    ret_reply->took_ms = (unsigned)(now_ms() - began_ms);
    return 0;
}
