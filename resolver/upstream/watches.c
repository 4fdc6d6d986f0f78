/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/watches.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    DELAYED_ACK_US = 40000,
    TICKS_US = 10000, /* the kernel counts in such steps */
    DATAGRAMS_SILENT_US = 300000,
    LEFT_WAITING_US = 100000,
};

struct watch {
    struct watches *all;
    struct watch *next;
    struct port_watch *port_watch;
    const void *owner;
    int fd;
    uint64_t socket; /* which one this was when the watch began; 0: no socket */
    unsigned events; /* what the port watches for */
    bool ended;      /* by us */
    bool datagrams;
    uint64_t heard_us;  /* when the other side was heard last; 0: not yet */
    uint64_t wanted_us; /* since then it is waited for, unless it rests */
    bool resting;
    uint64_t rests_us; /* since then */
    uint64_t stirs_us; /* while it rests: when the other side was heard first; 0: not yet */
};

void watches_init(struct watches *w, struct port *port,
                  void (*on_ready)(void *ctx, int fd, unsigned events), void *ctx)
{
    *w = (struct watches){.port = port, .on_ready = on_ready, .ctx = ctx};
}

static void watch_end(struct watches *w, struct watch **at)
{
    struct watch *watch = *at;
    *at = watch->next;
    w->port->ops->unwatch(watch->port_watch);
    free(watch);
}

/* What is no socket is the library's own way to wake itself, which newer ones have watched too, and
 * which ended with it. */
void watches_done(struct watches *w)
{
    while (w->first != NULL) {
        assert(w->first->socket == 0);
        watch_end(w, &w->first);
    }
}

/* lends the place that refers to fd's watch, or the end of the list. */
static struct watch **find(struct watches *w, int fd)
{
    struct watch **at = &w->first;
    while (*at != NULL && (*at)->fd != fd) {
        at = &(*at)->next;
    }
    return at;
}

/* A number that no other socket of this boot has; 0 for what is none. */
static uint64_t socket_of(int fd)
{
    uint64_t cookie = 0;
    socklen_t n = sizeof cookie;
    return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &n) == 0 ? cookie : 0;
}

static int type_of(int fd)
{
    int type = 0;
    socklen_t n = sizeof type;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) == 0 ? type : 0;
}

/* The other side closed a resting connection, or speaks unasked: that is for the next request to
 * find out, and not to be told again and again. */
static void on_ready(void *ctx, int fd, unsigned events)
{
    struct watch *watch = ctx;
    if ((events & PORT_READ) != 0) {
        watch->heard_us = port_now_us(watch->all->port);
    }
    if (watch->resting && watch->stirs_us == 0) {
        watch->stirs_us = port_now_us(watch->all->port);
    }
    if (!watch->resting) {
        watch->all->on_ready(watch->all->ctx, fd, events);
    } else if (watch->all->port->ops->rewatch(watch->port_watch, 0) == 0) {
        watch->events = 0;
    }
}

int watches_want(struct watches *w, int fd, unsigned events, const void *owner)
{
    struct watch *watch = *find(w, fd);
    if (watch != NULL) {
        watch->wanted_us = watch->resting ? port_now_us(w->port) : watch->wanted_us;
        watch->resting = false;
        watch->owner = owner;
        int failure =
            watch->events == events ? 0 : w->port->ops->rewatch(watch->port_watch, events);
        watch->events = failure < 0 ? watch->events : events;
        return failure;
    }
    watch = calloc(1, sizeof *watch);
    if (watch == NULL) {
        return -ENOMEM;
    }
    int failure = w->port->ops->watch(w->port, fd, events, &watch->port_watch, on_ready, watch);
    if (failure < 0) {
        free(watch);
        return failure;
    }
    watch->all = w;
    watch->owner = owner;
    watch->fd = fd;
    watch->wanted_us = port_now_us(w->port);
    watch->socket = socket_of(fd);
    watch->datagrams = type_of(fd) == SOCK_DGRAM;
    watch->events = events;
    watch->next = w->first;
    w->first = watch;
    return 0;
}

void watches_rest(struct watches *w, int fd)
{
    struct watch *watch = *find(w, fd);
    if (watch == NULL) {
        return;
    }
    if (socket_of(fd) != watch->socket) {
        watches_forget(w, fd);
        return;
    }
    watch->resting = true;
    watch->rests_us = port_now_us(w->port);
    watch->stirs_us = 0;
    if ((watch->events & PORT_WRITE) != 0 &&
        w->port->ops->rewatch(watch->port_watch, PORT_READ) == 0) {
        watch->events = PORT_READ;
    }
}

int watches_socket(const struct watches *w, int family, int type, int protocol)
{
    int fd = socket(family, type, protocol);
    for (const struct watch *watch = w->first; fd >= 0 && watch != NULL;) {
        if (watch->fd != fd) {
            watch = watch->next;
            continue;
        }
        int taken = fd;
        fd = fcntl(taken, F_DUPFD_CLOEXEC, taken + 1);
        close(taken);
        watch = w->first;
    }
    return fd;
}

/* A descriptor that is no TCP socket refuses, and is as fast as before. */
static void cork(const struct watches *w, int on)
{
    for (const struct watch *watch = w->first; watch != NULL; watch = watch->next) {
        (void)setsockopt(watch->fd, IPPROTO_TCP, TCP_CORK, &on, sizeof on);
    }
}

void watches_hold(const struct watches *w)
{
    cork(w, 1);
}

void watches_release(const struct watches *w)
{
    cork(w, 0);
}

bool watches_is_black_hole(const struct tcp_info *info, uint64_t silent_us)
{
    if (info->tcpi_state != TCP_ESTABLISHED || info->tcpi_unacked == 0) {
        return false;
    }
    uint64_t usual_us = info->tcpi_rtt + 4 * (uint64_t)info->tcpi_rttvar + DELAYED_ACK_US;
    uint64_t wait_us = silent_us > usual_us ? silent_us : usual_us;
    bool is_sent_again = info->tcpi_retransmits > 0;
    bool is_sent_long_ago = (uint64_t)info->tcpi_last_data_sent * 1000 + TICKS_US >= wait_us;
    return (uint64_t)info->tcpi_last_ack_recv * 1000 >= wait_us &&
           (is_sent_again || is_sent_long_ago);
}

static bool is_black_hole(int fd, uint64_t silent_us)
{
    struct tcp_info info = {0};
    socklen_t n = sizeof info;
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) == 0 &&
           watches_is_black_hole(&info, silent_us);
}

/* A socket of datagrams that is shut down would be ready for ever. */
static void end(struct watch *watch)
{
    static const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
    watch->ended = true;
    if (watch->datagrams) {
        (void)connect(watch->fd, &nobody, sizeof nobody);
    } else {
        shutdown(watch->fd, SHUT_RDWR);
    }
}

/* Of datagrams the kernel knows nothing but when they came. */
static bool is_silent(const struct watch *watch, uint64_t silent_us)
{
    uint64_t unheard_us = port_now_us(watch->all->port) - watch->heard_us;
    return silent_us >= DATAGRAMS_SILENT_US && unheard_us >= silent_us;
}

bool watches_doubt(const struct watches *w, const void *owner, uint64_t silent_us)
{
    bool any = false;
    for (struct watch *watch = w->first; watch != NULL; watch = watch->next) {
        bool dead =
            watch->owner == owner && !watch->ended &&
            (watch->datagrams ? is_silent(watch, silent_us) : is_black_hole(watch->fd, silent_us));
        if (dead) {
            end(watch);
            any = any || watch->datagrams;
        }
    }
    return any;
}

/* Whoever rests has said what it was asked for, unless nobody waited for that any more. */
static bool owes(const struct watch *watch, uint64_t since_us)
{
    bool is_left = watch->resting && watch->heard_us + LEFT_WAITING_US <= watch->rests_us;
    return !watch->ended && watch->heard_us < since_us && watch->wanted_us < since_us &&
           (!watch->resting || is_left);
}

bool watches_owe(const struct watches *w, const void *owner, uint64_t since_us)
{
    const struct watch *watch = w->first;
    while (watch != NULL && (watch->owner != owner || !owes(watch, since_us))) {
        watch = watch->next;
    }
    return watch != NULL;
}

void watches_end_rest(const struct watches *w, const void *owner, uint64_t rested_us)
{
    uint64_t now_us = port_now_us(w->port);
    for (struct watch *watch = w->first; watch != NULL; watch = watch->next) {
        if (watch->owner == owner && watch->resting && now_us - watch->rests_us >= rested_us) {
            end(watch);
        }
    }
}

void watches_retire(const struct watches *w)
{
    for (struct watch *watch = w->first; watch != NULL; watch = watch->next) {
        end(watch);
    }
}

/* What it said while it rested was its farewell, if it has closed its end. */
static void tell_closed(const struct watch *watch)
{
    const struct watches *w = watch->all;
    struct tcp_info info = {0};
    socklen_t n = sizeof info;
    if (w->on_closed != NULL && watch->resting && !watch->ended && watch->stirs_us != 0 &&
        getsockopt(watch->fd, IPPROTO_TCP, TCP_INFO, &info, &n) == 0 &&
        (info.tcpi_state == TCP_CLOSE_WAIT || info.tcpi_state == TCP_CLOSE)) {
        w->on_closed(w->ctx, watch->owner, watch->stirs_us - watch->rests_us);
    }
}

void watches_forget(struct watches *w, int fd)
{
    struct watch **at = find(w, fd);
    if (*at != NULL) {
        tell_closed(*at);
        watch_end(w, at);
    }
}
