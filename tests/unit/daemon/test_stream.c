/* SPDX-License-Identifier: MIT */
/* Connections over socket pairs of the kernel, with a resolver that does what the message says. */
#include "daemon/stream.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* The octet behind the header of a message: what the resolver makes of it. */
enum { AT_ONCE = 'e', LATER = 'l', DROP = 'd', LARGE = 'x' };
enum { LARGE_OCTETS = 60000, WAITING_MAX = 512, MESSAGE_OCTETS = MESSAGE_HEADER + 1, S = 1000 };

static struct {
    struct loop loop;
    struct stream_server *server;
    struct stream_listener *listener;
    struct sockaddr_un address;
    atomic_uint n_connections;
    unsigned n_empty;
    struct resolver_client waiting[WAITING_MAX];
    uint16_t waiting_id[WAITING_MAX];
    size_t n_waiting;
    size_t n_asked;
} world;

/* In place of resolver/resolver.c. */
enum resolver_outcome resolver_ask(struct resolver *resolver, struct bytes message,
                                   const struct resolver_client *client, struct buf *out)
{
    static const uint8_t zeros[LARGE_OCTETS];
    (void)resolver;
    world.n_asked++;
    switch (message.at[MESSAGE_HEADER]) {
    case LATER:
        ck_assert_uint_lt(world.n_waiting, WAITING_MAX);
        world.waiting_id[world.n_waiting] = bytes_read_u16(message.at);
        world.waiting[world.n_waiting++] = *client;
        return RESOLVER_PENDING;
    case DROP:
        return RESOLVER_DROPPED;
    case LARGE:
        buf_put(out, zeros, sizeof zeros);
        return RESOLVER_ANSWERED;
    default:
        buf_put(out, message.at, message.n);
        return RESOLVER_ANSWERED;
    }
}

/* The oldest waiting question gets its reply: its ID. */
static void answer_one(void)
{
    ck_assert_uint_gt(world.n_waiting, 0);
    struct resolver_client client = world.waiting[0];
    uint8_t reply[2];
    bytes_write_u16(reply, world.waiting_id[0]);
    world.n_waiting--;
    memmove(&world.waiting[0], &world.waiting[1], world.n_waiting * sizeof world.waiting[0]);
    memmove(&world.waiting_id[0], &world.waiting_id[1],
            world.n_waiting * sizeof world.waiting_id[0]);
    client.on_reply(&client, bytes_of(reply, sizeof reply));
}

static void on_empty(void *ctx)
{
    (void)ctx;
    world.n_empty++;
}

static void set_up(void)
{
    memset(&world, 0, sizeof world);
    signal(SIGPIPE, SIG_IGN);
    ck_assert_int_eq(loop_init(&world.loop), 0);
    world.server = calloc(1, sizeof *world.server);
    world.server->loop = &world.loop;
    world.server->idle_ms = 10 * S;
    world.server->max_connections = 100;
    world.server->n_connections = &world.n_connections;
    world.server->on_empty = on_empty;
    /* An abstract address: nothing is left in the file system. */
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    world.address.sun_family = AF_UNIX;
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&world.address, sizeof(sa_family_t)), 0);
    socklen_t n = sizeof world.address;
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&world.address, &n), 0);
    ck_assert_int_eq(listen(fd, 16), 0);
    struct socket_entry entry = {.transport = LISTEN_UNIX};
    world.listener = stream_listener_new(world.server, &entry, fd);
    ck_assert_ptr_nonnull(world.listener);
}

static void tear_down(void)
{
    stream_listener_close(world.listener);
    while (world.n_waiting > 0) {
        answer_one();
    }
    stream_server_stop(world.server);
    loop_done(&world.loop);
    ck_assert_uint_eq(atomic_load(&world.n_connections), 0);
    free(world.server);
}

/* Turns the loop until nothing happens any more. */
static void settle(void)
{
    for (int quiet = 0; quiet < 3; quiet++) {
        size_t n_asked = world.n_asked;
        uv_run(&world.loop.uv, UV_RUN_NOWAIT);
        if (world.n_asked != n_asked) {
            quiet = 0;
        }
    }
}

static int connect_client(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    socklen_t n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 6);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&world.address, n), 0);
    settle();
    return fd;
}

/* A frame of the given kind and ID, behind `at`. Returns its octets. */
static size_t put_frame(uint8_t *at, uint8_t kind, uint16_t id)
{
    memset(at, 0, 2 + MESSAGE_OCTETS);
    bytes_write_u16(at, MESSAGE_OCTETS);
    bytes_write_u16(at + 2, id);
    at[2 + MESSAGE_HEADER] = kind;
    return 2 + MESSAGE_OCTETS;
}

static void send_frame(int fd, uint8_t kind, uint16_t id)
{
    uint8_t frame[64];
    size_t n = put_frame(frame, kind, id);
    ck_assert_int_eq(send(fd, frame, n, MSG_NOSIGNAL), (ssize_t)n);
    settle();
}

/* What the client can read at once; 0: nothing, -1: the end. */
static ssize_t receive(int fd, uint8_t *at, size_t n)
{
    settle();
    ssize_t got = recv(fd, at, n, MSG_DONTWAIT);
    if (got < 0) {
        ck_assert(errno == EAGAIN || errno == ECONNRESET);
        return errno == EAGAIN ? 0 : -1;
    }
    return got == 0 ? -1 : got;
}

START_TEST(each_way_to_cut_three_queries_in_two_gives_the_same_answers)
{
    uint8_t stream[256], got[256];
    size_t n = put_frame(stream, AT_ONCE, 1);
    n += put_frame(stream + n, AT_ONCE, 2);
    n += put_frame(stream + n, AT_ONCE, 3);
    for (size_t cut = 1; cut < n; cut++) {
        int fd = connect_client();
        ck_assert_int_eq(send(fd, stream, cut, 0), (ssize_t)cut);
        settle();
        ck_assert_int_eq(send(fd, stream + cut, n - cut, 0), (ssize_t)(n - cut));
        size_t n_got = 0;
        while (n_got < n) {
            ssize_t more = receive(fd, got + n_got, sizeof got - n_got);
            ck_assert_int_gt(more, 0);
            n_got += (size_t)more;
        }
        ck_assert_mem_eq(got, stream, n);
        close(fd);
        settle();
    }
}
END_TEST

START_TEST(answers_go_out_as_they_come)
{
    uint8_t got[64];
    int fd = connect_client();
    send_frame(fd, LATER, 1);
    send_frame(fd, AT_ONCE, 2);
    ck_assert_int_eq(receive(fd, got, sizeof got), 2 + MESSAGE_OCTETS);
    ck_assert_uint_eq(bytes_read_u16(got + 2), 2);
    answer_one();
    ck_assert_int_eq(receive(fd, got, sizeof got), 4);
    ck_assert_uint_eq(bytes_read_u16(got + 2), 1);
    close(fd);
}
END_TEST

START_TEST(reading_pauses_at_the_bound_of_queries_in_flight)
{
    enum { N = STREAM_IN_FLIGHT + 50 };
    static uint8_t stream[N * (2 + MESSAGE_OCTETS)];
    uint8_t got[64];
    size_t n = 0;
    int fd = connect_client();
    for (uint16_t i = 0; i < N; i++) {
        n += put_frame(stream + n, LATER, i);
    }
    ck_assert_int_eq(send(fd, stream, n, 0), (ssize_t)n);
    settle();
    ck_assert_uint_eq(world.n_asked, STREAM_IN_FLIGHT);
    for (uint16_t i = 0; i < N; i++) {
        answer_one();
        ck_assert_int_eq(receive(fd, got, 4), 4);
        ck_assert_uint_eq(bytes_read_u16(got + 2), i);
    }
    ck_assert_uint_eq(world.n_asked, N);
    close(fd);
}
END_TEST

START_TEST(client_that_does_not_read_stops_being_read)
{
    int fd = connect_client();
    for (uint16_t i = 0; i < 200; i++) {
        uint8_t frame[64];
        size_t n = put_frame(frame, LARGE, i);
        if (send(fd, frame, n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
            break;
        }
    }
    settle();
    ck_assert_uint_lt(world.n_asked, 20);
    static uint8_t got[65536];
    ssize_t n_got;
    uint64_t total = 0;
    while ((n_got = receive(fd, got, sizeof got)) > 0) {
        total += (uint64_t)n_got;
    }
    ck_assert_uint_eq(world.n_asked, 200);
    ck_assert_uint_eq(total, 200 * UINT64_C(60002));
    close(fd);
}
END_TEST

START_TEST(half_closed_connection_ends_after_its_last_answer)
{
    uint8_t got[64];
    int fd = connect_client();
    send_frame(fd, LATER, 7);
    shutdown(fd, SHUT_WR);
    ck_assert_int_eq(receive(fd, got, sizeof got), 0);
    answer_one();
    ck_assert_int_eq(receive(fd, got, 4), 4);
    ck_assert_int_eq(receive(fd, got, 4), -1);
    close(fd);
}
END_TEST

START_TEST(client_that_left_is_forgotten_when_its_answer_comes)
{
    int fd = connect_client();
    send_frame(fd, LATER, 7);
    close(fd);
    settle();
    answer_one();
    settle();
    ck_assert_uint_eq(atomic_load(&world.n_connections), 0);
}
END_TEST

START_TEST(length_below_a_header_ends_the_connection)
{
    uint8_t got[64];
    int fd = connect_client();
    ck_assert_int_eq(send(fd, "\0\x0b", 2, 0), 2);
    ck_assert_int_eq(receive(fd, got, sizeof got), -1);
    close(fd);
}
END_TEST

START_TEST(dropped_query_leaves_the_connection_open)
{
    uint8_t got[64];
    int fd = connect_client();
    send_frame(fd, DROP, 1);
    send_frame(fd, AT_ONCE, 2);
    ck_assert_int_eq(receive(fd, got, sizeof got), 2 + MESSAGE_OCTETS);
    close(fd);
}
END_TEST

START_TEST(over_the_limit_the_one_idle_the_longest_goes)
{
    uint8_t got[64];
    world.server->max_connections = 3;
    int fds[4];
    for (int i = 0; i < 3; i++) {
        fds[i] = connect_client();
    }
    send_frame(fds[0], AT_ONCE, 1);
    ck_assert_int_gt(receive(fds[0], got, sizeof got), 0);
    fds[3] = connect_client();
    ck_assert_int_eq(receive(fds[1], got, sizeof got), -1);
    ck_assert_int_eq(receive(fds[0], got, sizeof got), 0);
    ck_assert_int_eq(receive(fds[3], got, sizeof got), 0);
    for (int i = 0; i < 4; i++) {
        close(fds[i]);
    }
}
END_TEST

START_TEST(draining_answers_what_is_pending_and_then_says_empty)
{
    uint8_t got[64];
    int idle = connect_client(), busy = connect_client();
    send_frame(busy, LATER, 9);
    stream_server_drain(world.server);
    ck_assert_int_eq(receive(idle, got, sizeof got), -1);
    ck_assert_uint_eq(world.n_empty, 0);
    answer_one();
    ck_assert_int_eq(receive(busy, got, 4), 4);
    ck_assert_int_eq(receive(busy, got, 4), -1);
    ck_assert_uint_eq(world.n_empty, 1);
    close(idle);
    close(busy);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        each_way_to_cut_three_queries_in_two_gives_the_same_answers,
        answers_go_out_as_they_come,
        reading_pauses_at_the_bound_of_queries_in_flight,
        client_that_does_not_read_stops_being_read,
        half_closed_connection_ends_after_its_last_answer,
        client_that_left_is_forgotten_when_its_answer_comes,
        length_below_a_header_ends_the_connection,
        dropped_query_leaves_the_connection_open,
        over_the_limit_the_one_idle_the_longest_goes,
        draining_answers_what_is_pending_and_then_says_empty,
    };
    return suite_run("stream", tests, sizeof tests / sizeof tests[0], set_up, tear_down);
}
