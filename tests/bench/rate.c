/* SPDX-License-Identifier: MIT */
/* Asks over UDP at a steady rate and says how long the answers took: an open loop, so that a server
 * that stalls is not asked less for it.
 *
 * usage: bench_rate PORT QUERIES_A_SECOND SECONDS NAME [RETRY_MS]      127.0.0.1; NAME's A record
 * A '%' in NAME is another number in each question, "%%" in each tenth and the same in the others:
 * what is known nine times of ten. With RETRY_MS what has no answer by then is
 * asked once more, as stubs do; the answer's time counts from the first.
 * prints: sent N answered N lost N p50 US p99 US p999 US max US retried N bad N
 * (bad: answers that say SERVFAIL or anything else than NOERROR) */
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
    RETRY_MAX_MS = 10000,
    S_NS = 1000000000,
    MS_NS = 1000000,
    ROOM = 64 << 20,
    TEXT_MAX = 300,
    BATCH = 8,
};
#define GRACE_NS (UINT64_C(5) * S_NS) /* for the last answers */

struct load {
    int fd;
    const char *name, *percent; /* percent: where in name the number goes, or NULL */
    bool is_tenth;
    uint8_t query[QUERY_MAX];
    size_t n_query;
    uint64_t sent_ns[IDS]; /* 0: nothing is awaited under that ID */
    uint64_t retry_ns;     /* 0: never */
    size_t n_retry_seen;   /* the first so many need no second try, or have had it */
    uint32_t *took_ns;
    size_t n_sent, n_answered, n_planned, n_retried, n_bad;
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

/* The query for the n-th name; false when that is no name. */
static bool write_query(struct load *l, size_t n)
{
    struct question question = {.type = TYPE_A, .class = CLASS_IN};
    char text[TEXT_MAX];
    int before = l->percent != NULL ? (int)(l->percent - l->name) : 0;
    if (l->percent != NULL) {
        size_t number = l->is_tenth && n % 10 != 0 ? 1 : n;
        snprintf(text, sizeof text, "%.*s%zu%s", before, l->name, number,
                 l->percent + 1 + l->is_tenth);
    }
    if (name_from_text(l->percent != NULL ? text : l->name, &question.name) < 0) {
        return false;
    }
    l->n_query = message_write_query(&(struct query_wish){.question = &question}, l->query);
    return true;
}

static void send_query(struct load *l, size_t n)
{
    if (l->percent != NULL) {
        (void)write_query(l, n);
    }
    bytes_write_u16(l->query, (uint16_t)n);
    (void)!send(l->fd, l->query, l->n_query, 0);
}

static void send_one(struct load *l, uint64_t due_ns)
{
    /* Counted from when it was due, not from when we came to send it. */
    l->sent_ns[(uint16_t)l->n_sent] = due_ns;
    send_query(l, l->n_sent++);
}

static void retry_late(struct load *l, uint64_t now)
{
    while (l->retry_ns > 0 && l->n_retry_seen < l->n_sent) {
        uint64_t sent_ns = l->sent_ns[(uint16_t)l->n_retry_seen];
        if (sent_ns + l->retry_ns > now) {
            return;
        }
        if (sent_ns != 0) {
            l->n_retried++;
            send_query(l, l->n_retry_seen);
        }
        l->n_retry_seen++;
    }
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
        l->n_bad += (reply[3] & 15) != RCODE_NOERROR;
        *sent_ns = 0;
    }
}

static void run(struct load *l, uint64_t rate)
{
    uint64_t began_ns = now_ns(), last_ns = 0;
    while (l->n_sent < l->n_planned || now_ns() < last_ns + GRACE_NS) {
        uint64_t due_ns = began_ns + l->n_sent * S_NS / rate;
        bool more = l->n_sent < l->n_planned;
        /* However late we are, what has come is taken in between: or it would seem to be late. */
        for (int i = 0; i < BATCH && more && due_ns <= now_ns(); i++) {
            send_one(l, due_ns);
            last_ns = due_ns;
            due_ns = began_ns + l->n_sent * S_NS / rate;
            more = l->n_sent < l->n_planned;
        }
        if (!more && l->n_answered == l->n_planned) {
            return;
        }
        retry_late(l, now_ns());
        uint64_t now = now_ns(), left_ns = more ? (due_ns > now ? due_ns - now : 0) : MS_NS;
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

static void print(struct load *l)
{
    qsort(l->took_ns, l->n_answered, sizeof l->took_ns[0], by_size);
    printf(
        "sent %zu answered %zu lost %zu p50 %.0f p99 %.0f p999 %.0f max %.0f retried %zu bad %zu\n",
        l->n_sent, l->n_answered, l->n_sent - l->n_answered, share_us(l, 500), share_us(l, 990),
        share_us(l, 999), share_us(l, 1000), l->n_retried, l->n_bad);
}

int main(int argc, char **argv)
{
    static struct load l;
    uint64_t rate = argc >= 5 ? strtoul(argv[2], NULL, 10) : 0;
    double seconds = argc >= 5 ? strtod(argv[3], NULL) : 0;
    uint64_t retry_ms = argc == 6 ? strtoul(argv[5], NULL, 10) : 0;
    l.name = argc >= 5 ? argv[4] : "";
    l.percent = strchr(l.name, '%');
    l.is_tenth = l.percent != NULL && l.percent[1] == '%';
    if (argc > 6 || rate < 1 || rate > RATE_MAX || !(seconds > 0 && seconds <= SECONDS_MAX) ||
        retry_ms > RETRY_MAX_MS || !write_query(&l, 0)) {
        fprintf(stderr, "usage: bench_rate PORT QUERIES_A_SECOND SECONDS NAME [RETRY_MS]\n");
        return 1;
    }
    l.fd = connect_to((uint16_t)strtoul(argv[1], NULL, 10));
    if (l.fd < 0) {
        fprintf(stderr, "bench_rate: no such port\n");
        return 1;
    }
    l.n_planned = (size_t)((double)rate * seconds);
    l.retry_ns = retry_ms * MS_NS;
    l.took_ns = calloc(l.n_planned + 1, sizeof l.took_ns[0]);
    assert(l.took_ns != NULL);
    run(&l, rate);
    print(&l);
    free(l.took_ns);
    return 0;
}
