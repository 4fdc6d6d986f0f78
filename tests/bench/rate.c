/* SPDX-License-Identifier: MIT */
/* Asks one question over UDP at a steady rate and says how long the answers took: an open loop, so
 * that a server that stalls is not asked less for it.
 *
 * usage: bench_rate PORT QUERIES_A_SECOND SECONDS NAME      127.0.0.1; NAME's A record
 * prints: sent N answered N lost N p50 US p99 US p999 US */
#include "resolver/wire/message.h"

#include <arpa/inet.h>
#include <assert.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

enum {
    IDS = 65536,
    RATE_MAX = 1000000,
    SECONDS_MAX = 600,
    GRACE_NS = 1000000000, /* for the last answers */
    S_NS = 1000000000,
    ROOM = 64 << 20,
};

struct load {
    int fd;
    uint8_t query[QUERY_MAX];
    size_t n_query;
    uint64_t sent_ns[IDS]; /* 0: nothing is awaited under that ID */
    uint32_t *took_ns;
    size_t n_sent, n_answered, n_planned;
};

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * S_NS + (uint64_t)t.tv_nsec;
}

static int connect_to(uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), room = ROOM;
    /* What we are too slow to take is not the server's loss; without the right to it, the usual. */
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
    return fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0 ? fd : -1;
}

static void send_one(struct load *l, uint64_t due_ns)
{
    uint16_t id = (uint16_t)l->n_sent++;
    bytes_write_u16(l->query, id);
    /* Counted from when it was due, not from when we came to send it. */
    l->sent_ns[id] = due_ns;
    (void)!send(l->fd, l->query, l->n_query, 0);
}

static void receive_all(struct load *l)
{
    uint8_t reply[4096];
    ssize_t n;
    while ((n = recv(l->fd, reply, sizeof reply, 0)) > 0) {
        uint64_t *sent_ns = n >= MESSAGE_HEADER ? &l->sent_ns[bytes_read_u16(reply)] : NULL;
        if (sent_ns == NULL || *sent_ns == 0 || l->n_answered == l->n_planned) {
            continue;
        }
        uint64_t took_ns = now_ns() - *sent_ns;
        l->took_ns[l->n_answered++] = took_ns < UINT32_MAX ? (uint32_t)took_ns : UINT32_MAX;
        *sent_ns = 0;
    }
}

static void run(struct load *l, uint64_t rate)
{
    uint64_t began_ns = now_ns(), last_ns = 0;
    while (l->n_sent < l->n_planned || now_ns() < last_ns + GRACE_NS) {
        uint64_t due_ns = began_ns + l->n_sent * S_NS / rate;
        bool more = l->n_sent < l->n_planned;
        while (more && due_ns <= now_ns()) {
            send_one(l, due_ns);
            last_ns = due_ns;
            due_ns = began_ns + l->n_sent * S_NS / rate;
            more = l->n_sent < l->n_planned;
        }
        if (!more && l->n_answered == l->n_planned) {
            return;
        }
        uint64_t left_ns = more && due_ns > now_ns() ? due_ns - now_ns() : S_NS / 1000;
        struct pollfd awaited = {.fd = l->fd, .events = POLLIN};
        struct timespec wait = {.tv_nsec = (long)(left_ns % S_NS)};
        ppoll(&awaited, 1, &wait, NULL);
        receive_all(l);
    }
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static double share_us(const struct load *l, size_t thousandths)
{
    return l->n_answered > 0 ? l->took_ns[(l->n_answered - 1) * thousandths / 1000] / 1000.0 : 0;
}

int main(int argc, char **argv)
{
    static struct load l;
    struct question question = {.type = TYPE_A, .class = CLASS_IN};
    if (argc != 5 || name_from_text(argv[4], &question.name) < 0) {
        fprintf(stderr, "usage: bench_rate PORT QUERIES_A_SECOND SECONDS NAME\n");
        return 1;
    }
    uint64_t rate = strtoul(argv[2], NULL, 10), seconds = strtoul(argv[3], NULL, 10);
    l.fd = connect_to((uint16_t)strtoul(argv[1], NULL, 10));
    if (l.fd < 0 || rate < 1 || rate > RATE_MAX || seconds < 1 || seconds > SECONDS_MAX) {
        fprintf(stderr, "bench_rate: no such port, or out of bounds\n");
        return 1;
    }
    l.n_query = message_write_query(&(struct query_wish){.question = &question}, l.query);
    l.n_planned = rate * seconds;
    l.took_ns = calloc(l.n_planned, sizeof l.took_ns[0]);
    assert(l.took_ns != NULL);
    run(&l, rate);
    qsort(l.took_ns, l.n_answered, sizeof l.took_ns[0], by_size);
    printf("sent %zu answered %zu lost %zu p50 %.0f p99 %.0f p999 %.0f\n", l.n_sent, l.n_answered,
           l.n_sent - l.n_answered, share_us(&l, 500), share_us(&l, 990), share_us(&l, 999));
    free(l.took_ns);
    return 0;
}
