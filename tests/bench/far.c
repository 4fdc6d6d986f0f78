/* SPDX-License-Identifier: MIT */
/* Stands between the daemon and a provider as a long way does: what either says comes so much
 * later. With JITTER_MS each piece has its own delay, up to so much more; their order stays.
 *
 * usage: bench_far PORT MS [JITTER_MS]       carries a port of its own, which it prints, to PORT;
 * both 127.0.0.1
 *
 * Only for benches: it ends by a signal, and believes that there is memory. */
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>

enum {
    WAYS_MAX = 512,
    CHUNK_MAX = 16384,
    S_NS = 1000000000,
    MS_NS = 1000000,
    DELAY_MAX_MS = 10000
};

/* What came at once; nothing in it: no more comes. */
struct chunk {
    struct chunk *next;
    uint64_t due_ns;
    size_t n, n_sent;
    char at[CHUNK_MAX];
};

/* One direction of a connection. */
struct way {
    int from, to;
    bool ended; /* `from` says no more */
    bool full;  /* `to` takes no more at present */
    struct chunk *first, **end;
};

struct far {
    struct way ways[WAYS_MAX]; /* 2n and 2n + 1 are of one connection */
    size_t n;
    uint64_t delay_ns, jitter_ns;
    uint16_t port;
    int listener;
};

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * S_NS + (uint64_t)t.tv_nsec;
}

static struct sockaddr_in local(uint16_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return at;
}

static void begin_way(struct far *f, int from, int to)
{
    int one = 1;
    struct way *way = &f->ways[f->n++];
    setsockopt(to, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    *way = (struct way){.from = from, .to = to};
    way->end = &way->first;
}

static void accept_one(struct far *f)
{
    struct sockaddr_in to = local(f->port);
    int here = accept(f->listener, NULL, NULL), there = socket(AF_INET, SOCK_STREAM, 0);
    bool good = here >= 0 && there >= 0 && f->n + 2 <= WAYS_MAX;
    if (!good || connect(there, (struct sockaddr *)&to, sizeof to) < 0) {
        close(here);
        close(there);
        return;
    }
    begin_way(f, here, there);
    begin_way(f, there, here);
}

static uint64_t due(const struct far *f)
{
    uint64_t more_ns = f->jitter_ns > 0 ? (uint64_t)random() % f->jitter_ns : 0;
    return now_ns() + f->delay_ns + more_ns;
}

static void take(struct way *way, uint64_t due_ns)
{
    struct chunk *chunk = malloc(sizeof *chunk);
    assert(chunk != NULL);
    ssize_t n = recv(way->from, chunk->at, CHUNK_MAX, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) {
        free(chunk);
        return;
    }
    chunk->n = n > 0 ? (size_t)n : 0;
    chunk->n_sent = 0;
    chunk->due_ns = due_ns;
    chunk->next = NULL;
    way->ended = n <= 0;
    *way->end = chunk;
    way->end = &chunk->next;
}

static void drop_first(struct way *way)
{
    struct chunk *chunk = way->first;
    way->first = chunk->next;
    way->end = way->first != NULL ? way->end : &way->first;
    free(chunk);
}

/* Sends what is due, and returns when the next is. */
static uint64_t give(struct way *way, uint64_t now)
{
    while (way->first != NULL && way->first->due_ns <= now) {
        struct chunk *chunk = way->first;
        size_t left = chunk->n - chunk->n_sent;
        if (chunk->n == 0) {
            shutdown(way->to, SHUT_WR);
            drop_first(way);
            continue;
        }
        ssize_t n = send(way->to, chunk->at + chunk->n_sent, left, MSG_DONTWAIT | MSG_NOSIGNAL);
        way->full = n < 0 && errno == EAGAIN;
        if (way->full) {
            return UINT64_MAX;
        }
        chunk->n_sent += n > 0 ? (size_t)n : left;
        if (chunk->n_sent == chunk->n) {
            drop_first(way);
        }
    }
    return way->first != NULL ? way->first->due_ns : UINT64_MAX;
}

static void close_done(struct far *f)
{
    for (size_t i = 0; i < f->n; i += 2) {
        struct way *a = &f->ways[i], *b = &f->ways[i + 1];
        if (a->ended && b->ended && a->first == NULL && b->first == NULL) {
            close(a->from);
            close(b->from);
            f->n -= 2;
            *a = f->ways[f->n];
            *b = f->ways[f->n + 1];
            a->end = a->first != NULL ? a->end : &a->first;
            b->end = b->first != NULL ? b->end : &b->first;
        }
    }
}

static void turn(struct far *f)
{
    struct pollfd polled[1 + 2 * WAYS_MAX];
    uint64_t now = now_ns(), next_ns = UINT64_MAX;
    size_t n = f->n;
    for (size_t i = 0; i < n; i++) {
        struct way *way = &f->ways[i];
        uint64_t due_ns = give(way, now);
        next_ns = due_ns < next_ns ? due_ns : next_ns;
        polled[2 * i] = (struct pollfd){.fd = way->ended ? -1 : way->from, .events = POLLIN};
        polled[2 * i + 1] = (struct pollfd){.fd = way->full ? way->to : -1, .events = POLLOUT};
    }
    polled[2 * n] = (struct pollfd){.fd = f->listener, .events = POLLIN};
    uint64_t wait_ns = next_ns == UINT64_MAX ? S_NS : next_ns > now ? next_ns - now : 0;
    struct timespec wait = {(time_t)(wait_ns / S_NS), (long)(wait_ns % S_NS)};
    if (ppoll(polled, (nfds_t)(2 * n + 1), &wait, NULL) > 0) {
        for (size_t i = 0; i < n; i++) {
            if (polled[2 * i].revents != 0) {
                take(&f->ways[i], due(f));
            }
        }
        if (polled[2 * n].revents != 0) {
            accept_one(f);
        }
    }
    close_done(f);
}

int main(int argc, char **argv)
{
    static struct far f;
    struct sockaddr_in at = local(0);
    socklen_t n = sizeof at;
    unsigned long ms = argc >= 3 ? strtoul(argv[2], NULL, 10) : DELAY_MAX_MS + 1;
    unsigned long jitter_ms = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;
    f.listener = socket(AF_INET, SOCK_STREAM, 0);
    if (ms > DELAY_MAX_MS || jitter_ms > DELAY_MAX_MS ||
        bind(f.listener, (struct sockaddr *)&at, n) < 0 || listen(f.listener, 128) < 0) {
        fprintf(stderr, "usage: bench_far PORT MS [JITTER_MS]\n");
        return 1;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    f.port = (uint16_t)strtoul(argv[1], NULL, 10);
    f.delay_ns = ms * MS_NS;
    f.jitter_ns = jitter_ms * MS_NS;
    getsockname(f.listener, (struct sockaddr *)&at, &n);
    printf("%u\n", ntohs(at.sin_port));
    fflush(stdout);
    while (true) {
        turn(&f);
    }
}
