/* SPDX-License-Identifier: MIT */
#include "resolver/audit/race.h"

#include "resolver/plain.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/errqueue.h>

enum { DATAGRAM_MAX = 4096, CONTROL_MAX = 512 };

struct running {
    struct race *race;
    struct port *port;
    struct port_watch *watch;
    struct port_timer timer;
    int fd;
    uint16_t id;
    struct question question;
    uint64_t began_us;
    uint64_t hashes[RACE_REPLIES_MAX]; /* of the replies kept */
};

static struct running *running_free(struct running *running)
{
    if (running->watch != NULL) {
        running->port->ops->unwatch(running->watch);
    }
    port_timer_stop(running->port, &running->timer);
    if (running->fd >= 0) {
        close(running->fd);
    }
    free(running);
    return NULL;
}

static uint32_t since_us(const struct running *running)
{
    return (uint32_t)(port_now_us(running->port) - running->began_us);
}

/* ---- replies ---- */

static uint64_t hash_of(struct bytes message)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < message.n; i++) {
        hash = (hash ^ message.at[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

static bool is_copy(const struct running *running, uint64_t hash)
{
    for (size_t i = 0; i < running->race->n_replies; i++) {
        if (running->hashes[i] == hash) {
            return true;
        }
    }
    return false;
}

static void keep_reply(struct running *running, struct bytes message, const struct answer *answer,
                       uint8_t ip_ttl)
{
    struct race *race = running->race;
    uint64_t hash = hash_of(message);
    if (is_copy(running, hash)) {
        race->n_copies++;
        return;
    }
    if (race->n_replies == RACE_REPLIES_MAX) {
        return;
    }
    struct race_reply *reply = &race->replies[race->n_replies];
    running->hashes[race->n_replies++] = hash;
    said_read(answer, running->question.type, &reply->said);
    reply->said.rtt_us = since_us(running);
    reply->said.ip_ttl = ip_ttl;
    said_text(answer, reply->text);
}

static void read_reply(struct running *running, struct bytes message, uint8_t ip_ttl)
{
    struct answer_expect expect = {
        .question = &running->question,
        .id = running->id,
        .allow_tc = true,
        .now_us = port_now_us(running->port),
        .max_ttl_s = INT32_MAX,
        .negative_max_ttl_s = INT32_MAX,
    };
    owned(answer_unrefp) struct answer *answer = NULL;
    if (answer_read(message, &expect, &answer) == ANSWER_OK) {
        keep_reply(running, message, answer, ip_ttl);
    } else {
        running->race->n_strange++;
    }
}

/* ---- the socket ---- */

static uint8_t read_ip_ttl(struct msghdr *header)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c != NULL; c = CMSG_NXTHDR(header, c)) {
        bool v4 = c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL;
        bool v6 = c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_HOPLIMIT;
        int ttl;
        if ((v4 || v6) && c->cmsg_len >= CMSG_LEN(sizeof ttl)) {
            memcpy(&ttl, CMSG_DATA(c), sizeof ttl);
            return (uint8_t)ttl;
        }
    }
    return 0;
}

/* True while there may be more. An error that waits on the socket says nothing: the error queue
 * has it. */
static bool take_datagram(struct running *running)
{
    uint8_t message[DATAGRAM_MAX];
    char control[CONTROL_MAX];
    struct iovec part = {message, sizeof message};
    struct msghdr header = {.msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = control,
                            .msg_controllen = sizeof control};
    ssize_t n = recvmsg(running->fd, &header, MSG_DONTWAIT);
    if (n < 0) {
        return errno != EAGAIN && errno != EWOULDBLOCK && errno != EBADF;
    }
    read_reply(running, bytes_of(message, (size_t)n), read_ip_ttl(&header));
    return true;
}

static struct address address_of(const struct sockaddr *from)
{
    struct address address = {0};
    if (from->sa_family == AF_INET) {
        address.n = 4;
        memcpy(address.at, &((const struct sockaddr_in *)(const void *)from)->sin_addr, 4);
    } else if (from->sa_family == AF_INET6) {
        address.n = 16;
        memcpy(address.at, &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr, 16);
    }
    return address;
}

static void keep_error(struct running *running, const struct cmsghdr *c)
{
    const struct sock_extended_err *error = (const void *)CMSG_DATA(c);
    struct race *race = running->race;
    bool icmp = error->ee_origin == SO_EE_ORIGIN_ICMP || error->ee_origin == SO_EE_ORIGIN_ICMP6;
    if (!icmp || race->n_icmp == RACE_ICMP_MAX) {
        return;
    }
    race->icmp[race->n_icmp++] = (struct race_icmp){
        .type = error->ee_type,
        .code = error->ee_code,
        .from = address_of(SO_EE_OFFENDER(error)), /* who sent it stands behind the error */
        .after_us = since_us(running),
    };
}

static bool take_error(struct running *running)
{
    uint8_t message[DATAGRAM_MAX];
    char control[CONTROL_MAX];
    struct iovec part = {message, sizeof message};
    struct msghdr header = {.msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = control,
                            .msg_controllen = sizeof control};
    if (recvmsg(running->fd, &header, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) {
        return false;
    }
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&header); c != NULL; c = CMSG_NXTHDR(&header, c)) {
        bool v4 = c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR;
        bool v6 = c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR;
        if ((v4 || v6) &&
            c->cmsg_len >= CMSG_LEN(sizeof(struct sock_extended_err) + sizeof(struct sockaddr))) {
            keep_error(running, c);
        }
    }
    return true;
}

static void on_ready(void *ctx, int fd, unsigned events)
{
    struct running *running = ctx;
    (void)fd, (void)events;
    for (unsigned i = 0; i < RACE_BATCH && take_error(running); i++) {
    }
    for (unsigned i = 0; i < RACE_BATCH && take_datagram(running); i++) {
    }
}

static void on_timer(struct port_timer *timer)
{
    struct running *running =
        (struct running *)(void *)((char *)timer - offsetof(struct running, timer));
    struct race *race = running->race;
    on_ready(running, running->fd, PORT_READ);
    running_free(running);
    race->handle = NULL;
    race->on_done(race);
}

static int set_options(int fd, bool v6)
{
    const int on = 1;
    int level = v6 ? IPPROTO_IPV6 : IPPROTO_IP;
    if (setsockopt(fd, level, v6 ? IPV6_RECVHOPLIMIT : IP_RECVTTL, &on, sizeof on) < 0 ||
        setsockopt(fd, level, v6 ? IPV6_RECVERR : IP_RECVERR, &on, sizeof on) < 0) {
        return -errno;
    }
    return 0;
}

static int open_socket(struct running *running, const char *server)
{
    struct sockaddr_storage to;
    socklen_t n_to;
    if (!plain_server_address(server, &to, &n_to)) {
        return -EINVAL;
    }
    running->fd = socket(to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (running->fd < 0) {
        return -errno;
    }
    int failure = set_options(running->fd, to.ss_family == AF_INET6);
    if (failure == 0 && connect(running->fd, (struct sockaddr *)&to, n_to) < 0) {
        failure = -errno;
    }
    return failure;
}

static bool may_send(const struct running *running)
{
    struct sockaddr_storage from = {0};
    socklen_t n = sizeof from;
    struct address own = {0};
    if (getsockname(running->fd, (struct sockaddr *)&from, &n) == 0) {
        own = address_of((const struct sockaddr *)&from);
    }
    running->race->own = own;
    return running->race->may_send == NULL || running->race->may_send(&own);
}

static int send_question(struct running *running)
{
    uint8_t query[QUERY_MAX];
    running->port->ops->random(running->port, &running->id, sizeof running->id);
    struct query_wish wish = {.question = &running->question, .id = running->id};
    size_t n = message_write_query(&wish, query);
    running->began_us = port_now_us(running->port);
    return send(running->fd, query, n, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static int start(struct running *running, const char *server)
{
    struct port *port = running->port;
    int failure = open_socket(running, server);
    if (failure == 0 && !may_send(running)) {
        failure = -EADDRNOTAVAIL;
    }
    if (failure == 0) {
        failure =
            port->ops->watch(port, running->fd, PORT_READ, &running->watch, on_ready, running);
    }
    if (failure == 0) {
        failure = port_timer_start(port, &running->timer,
                                   port_now_us(port) + RACE_WINDOW_MS * UINT64_C(1000));
    }
    return failure == 0 ? send_question(running) : failure;
}

int race_start(struct race *race, struct port *port, const char *server,
               const struct question *question)
{
    struct running *running = calloc(1, sizeof *running);
    if (running == NULL) {
        return -ENOMEM;
    }
    *running = (struct running){.race = race, .port = port, .fd = -1, .question = *question};
    running->timer.on_fire = on_timer;
    race->n_replies = race->n_copies = race->n_strange = race->n_icmp = 0;
    race->handle = NULL;
    int failure = start(running, server);
    if (failure < 0) {
        running_free(running);
        return failure;
    }
    race->handle = running;
    return 0;
}

void race_cancel(struct race *race)
{
    if (race->handle != NULL) {
        race->handle = running_free(race->handle);
    }
}
