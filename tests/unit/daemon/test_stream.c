/* SPDX-License-Identifier: MIT */
/* Connections over socket pairs of the kernel, with a resolver that does what the message says. */
#include "daemon/stream.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* The octet behind the header of a message: what the resolver makes of it. */
enum { AT_ONCE = 'e', LATER = 'l', DROP = 'd', LARGE = 'x' };
enum { LARGE_OCTETS = 60000, WAITING_MAX = 512, MESSAGE_OCTETS = 45, IN_FLIGHT = 100, S = 1000 };

static struct {
    struct loop loop;
    struct stream_server *server;
    struct stream_listener *listener;
    struct sockaddr_un address;
    atomic_uint n_connections;
    struct listen_params limits;
    struct traffic traffic[TRAFFIC_TRANSPORTS];
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
    static uint8_t large[LARGE_OCTETS];
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
        memset(large, message.at[1], sizeof large);
        buf_put(out, large, sizeof large);
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

/* PROMISES §5.1, at rest. */
static void check_identity(void)
{
    struct traffic_counts counts = {0};
    traffic_add(&counts, &world.traffic[LISTEN_UNIX]);
    uint64_t sum = counts.n_answered;
    for (size_t i = 0; i < TRAFFIC_DROPS; i++) {
        sum += counts.n_dropped[i];
    }
    ck_assert_uint_eq(counts.n_in_flight, 0);
    ck_assert_uint_eq(counts.n_received, sum);
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

static void set_up(void)
{
    memset(&world, 0, sizeof world);
    signal(SIGPIPE, SIG_IGN);
    ck_assert_int_eq(loop_init(&world.loop), 0);
    world.server = calloc(1, sizeof *world.server);
    world.server->loop = &world.loop;
    world.limits = (struct listen_params){.tcp_idle_ms = 10 * S,
                                          .max_per_client = 100,
                                          .max_per_local_client = 100,
                                          .max_in_flight = IN_FLIGHT};
    world.server->limits = &world.limits;
    world.server->max_connections = 100;
    world.server->tally = tally_new(200);
    world.server->traffic = world.traffic;
    stream_server_init(world.server);
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
    settle();
    stream_server_stop(world.server);
    loop_done(&world.loop);
    ck_assert_uint_eq(atomic_load(&world.n_connections), 0);
    check_identity();
    stream_server_done(world.server);
    tally_free(world.server->tally);
    free(world.server);
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

static void send_part(int fd, const uint8_t *at, size_t n)
{
    ck_assert_int_eq(send(fd, at, n, MSG_NOSIGNAL), (ssize_t)n);
    settle();
}

START_TEST(t1_each_of_all_2_cut_splits_of_three_queries_gives_the_same_answers)
{
    uint8_t stream[256], got[256];
    size_t n = put_frame(stream, AT_ONCE, 1);
    n += put_frame(stream + n, AT_ONCE, 2);
    n += put_frame(stream + n, AT_ONCE, 3);
    unsigned n_cases = 0;
    for (size_t first = 1; first < n; first++) {
        for (size_t second = first + 1; second < n; second++) {
            int fd = connect_client();
            send_part(fd, stream, first);
            send_part(fd, stream + first, second - first);
            send_part(fd, stream + second, n - second);
            ck_assert_int_eq(receive(fd, got, sizeof got), (ssize_t)n);
            ck_assert_mem_eq(got, stream, n);
            close(fd);
            settle();
            n_cases++;
        }
    }
    ck_assert_uint_gt(n_cases, 9000);
}
END_TEST

START_TEST(t1_octet_by_octet_gives_the_same_answers)
{
    uint8_t stream[256], got[256];
    size_t n = put_frame(stream, AT_ONCE, 1);
    n += put_frame(stream + n, AT_ONCE, 2);
    int fd = connect_client();
    for (size_t i = 0; i < n; i++) {
        send_part(fd, stream + i, 1);
    }
    ck_assert_int_eq(receive(fd, got, sizeof got), (ssize_t)n);
    ck_assert_mem_eq(got, stream, n);
    close(fd);
}
END_TEST

START_TEST(t2_answers_go_out_as_they_come)
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

START_TEST(t10_reading_pauses_at_the_bound_of_queries_in_flight)
{
    enum { N = IN_FLIGHT + 50 };
    static uint8_t stream[N * (2 + MESSAGE_OCTETS)];
    uint8_t got[64];
    size_t n = 0;
    int fd = connect_client();
    for (uint16_t i = 0; i < N; i++) {
        n += put_frame(stream + n, LATER, i);
    }
    ck_assert_int_eq(send(fd, stream, n, 0), (ssize_t)n);
    settle();
    ck_assert_uint_eq(world.n_asked, IN_FLIGHT);
    for (uint16_t i = 0; i < N; i++) {
        answer_one();
        ck_assert_int_eq(receive(fd, got, 4), 4);
        ck_assert_uint_eq(bytes_read_u16(got + 2), i);
    }
    ck_assert_uint_eq(world.n_asked, N);
    close(fd);
}
END_TEST

START_TEST(t8_client_that_does_not_read_stops_being_read)
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

START_TEST(t7_half_closed_connection_ends_after_its_last_answer)
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

START_TEST(t7_client_that_left_is_forgotten_when_its_answer_comes)
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

START_TEST(t4_length_below_a_header_ends_the_connection)
{
    uint8_t got[64];
    int fd = connect_client();
    ck_assert_int_eq(send(fd, "\0\x0b", 2, 0), 2);
    ck_assert_int_eq(receive(fd, got, sizeof got), -1);
    close(fd);
}
END_TEST

START_TEST(m2_response_is_dropped_and_leaves_the_connection_open)
{
    uint8_t got[64];
    int fd = connect_client();
    send_frame(fd, DROP, 1);
    send_frame(fd, AT_ONCE, 2);
    ck_assert_int_eq(receive(fd, got, sizeof got), 2 + MESSAGE_OCTETS);
    close(fd);
}
END_TEST

START_TEST(t10_over_the_limit_the_one_idle_the_longest_goes)
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

START_TEST(t3_answers_that_leave_in_parts_are_whole_and_in_order)
{
    enum { N = 30 };
    static uint8_t got[LARGE_OCTETS + 2];
    int fd = connect_client();
    for (uint16_t i = 0; i < N; i++) {
        uint8_t frame[64];
        size_t n = put_frame(frame, i % 3 == 0 ? AT_ONCE : LARGE, i);
        ck_assert_int_eq(send(fd, frame, n, MSG_NOSIGNAL), (ssize_t)n);
    }
    for (uint16_t i = 0; i < N; i++) {
        size_t n_wanted = i % 3 == 0 ? MESSAGE_OCTETS + 2 : LARGE_OCTETS + 2, n = 0;
        while (n < n_wanted) {
            size_t step = n_wanted - n < 7001 ? n_wanted - n : 7001;
            ssize_t more = receive(fd, got + n, step);
            ck_assert_int_gt(more, 0);
            n += (size_t)more;
        }
        ck_assert_uint_eq(bytes_read_u16(got), n_wanted - 2);
        ck_assert_uint_eq(got[3], i);
        ck_assert_uint_eq(got[n_wanted - 1], i % 3 == 0 ? 0 : i);
    }
    close(fd);
}
END_TEST

START_TEST(t4_short_length_waits_for_the_pending_answers)
{
    uint8_t got[64];
    int fd = connect_client();
    send_frame(fd, LATER, 7);
    send_part(fd, (const uint8_t *)"\0\0 and what is no DNS", 20);
    ck_assert_int_eq(receive(fd, got, sizeof got), 0);
    answer_one();
    ck_assert_int_eq(receive(fd, got, 4), 4);
    ck_assert_int_eq(receive(fd, got, 4), -1);
    close(fd);
}
END_TEST

/* Turns the loop until the client sees the end; how long that took. */
static double wait_for_end_s(int fd, const uint8_t *trickle)
{
    uint8_t got[64];
    uint64_t began_us = uv_hrtime() / 1000;
    size_t n_sent = 0;
    while (receive(fd, got, sizeof got) != -1) {
        ck_assert_uint_lt(uv_hrtime() / 1000 - began_us, 5000000);
        if (trickle != NULL && n_sent < 200) {
            (void)!send(fd, trickle + n_sent % 2, 1, MSG_NOSIGNAL);
            n_sent++;
        }
        usleep(1000);
    }
    return (double)(uv_hrtime() / 1000 - began_us) / 1e6;
}

START_TEST(t4_length_that_never_arrives_ends_at_the_idle_time)
{
    world.limits.tcp_idle_ms = 150;
    int fd = connect_client();
    send_part(fd, (const uint8_t *)"\x10\0half", 6);
    double s = wait_for_end_s(fd, NULL);
    ck_assert_double_ge(s, 0.1);
    ck_assert_double_le(s, 2);
    close(fd);
}
END_TEST

START_TEST(t5_trickling_octets_do_not_keep_a_connection)
{
    world.limits.tcp_idle_ms = 150;
    int fd = connect_client();
    send_frame(fd, AT_ONCE, 1);
    send_part(fd, (const uint8_t *)"\x10\0", 2);
    ck_assert_double_le(wait_for_end_s(fd, (const uint8_t *)"ab"), 2);
    close(fd);
}
END_TEST

START_TEST(t5_each_answer_starts_the_idle_time_anew)
{
    uint8_t got[64];
    world.limits.tcp_idle_ms = 200;
    int fd = connect_client();
    uint64_t began_us = uv_hrtime() / 1000;
    while (uv_hrtime() / 1000 - began_us < 700000) {
        send_frame(fd, AT_ONCE, 1);
        ck_assert_int_eq(receive(fd, got, sizeof got), 2 + MESSAGE_OCTETS);
        usleep(20000);
    }
    ck_assert_double_ge(wait_for_end_s(fd, NULL), 0.1);
    close(fd);
}
END_TEST

START_TEST(t5_waiting_for_a_slow_answer_is_not_idle)
{
    uint8_t got[64];
    world.limits.tcp_idle_ms = 100;
    int fd = connect_client();
    send_frame(fd, LATER, 1);
    uint64_t began_us = uv_hrtime() / 1000;
    while (uv_hrtime() / 1000 - began_us < 400000) {
        ck_assert_int_eq(receive(fd, got, sizeof got), 0);
        usleep(10000);
    }
    answer_one();
    ck_assert_int_eq(receive(fd, got, sizeof got), 4);
    close(fd);
}
END_TEST

START_TEST(t8_late_answers_nobody_reads_are_cut_off_at_the_cap)
{
    static uint8_t large[LARGE_OCTETS];
    int fd = connect_client();
    for (uint16_t i = 0; i < IN_FLIGHT; i++) {
        send_frame(fd, LATER, i);
    }
    ck_assert_uint_eq(world.n_waiting, IN_FLIGHT);
    while (world.n_waiting > 0) {
        struct resolver_client client = world.waiting[--world.n_waiting];
        client.on_reply(&client, bytes_of(large, sizeof large));
    }
    settle();
    ck_assert_uint_eq(atomic_load(&world.n_connections), 0);
    struct traffic_counts counts = {0};
    traffic_add(&counts, &world.traffic[LISTEN_UNIX]);
    ck_assert_uint_gt(counts.n_dropped[TRAFFIC_GONE], 80);
    close(fd);
}
END_TEST

START_TEST(t8_client_that_never_reads_is_closed_at_the_idle_time)
{
    world.limits.tcp_idle_ms = 150;
    int fd = connect_client();
    for (uint16_t i = 0; i < 20; i++) {
        send_frame(fd, LARGE, i);
    }
    uint64_t began_us = uv_hrtime() / 1000;
    while (atomic_load(&world.n_connections) > 0) {
        ck_assert_uint_lt(uv_hrtime() / 1000 - began_us, 3000000);
        settle();
        usleep(1000);
    }
    close(fd);
}
END_TEST

START_TEST(t9_what_a_client_still_sends_does_not_reset_its_last_answers)
{
    uint8_t got[64], garbage[1000] = {0};
    int fd = connect_client();
    send_frame(fd, AT_ONCE, 1);
    for (int i = 0; i < 50; i++) {
        send_part(fd, garbage, sizeof garbage);
    }
    ck_assert_int_eq(recv(fd, got, sizeof got, 0), 2 + MESSAGE_OCTETS);
    ck_assert_int_eq(recv(fd, got, sizeof got, 0), 0); /* an end, no reset */
    while (send(fd, garbage, sizeof garbage, MSG_NOSIGNAL | MSG_DONTWAIT) > 0) {
        settle(); /* a flood is cut off all the same */
    }
    settle();
    ck_assert_uint_eq(atomic_load(&world.n_connections), 0);
    close(fd);
}
END_TEST

START_TEST(t10_one_client_over_its_limit_loses_its_own_oldest)
{
    uint8_t got[64];
    world.limits.max_per_local_client = 2;
    int fds[3];
    for (int i = 0; i < 3; i++) {
        fds[i] = connect_client();
    }
    ck_assert_int_eq(receive(fds[0], got, sizeof got), -1);
    ck_assert_int_eq(receive(fds[1], got, sizeof got), 0);
    send_frame(fds[2], AT_ONCE, 1);
    ck_assert_int_gt(receive(fds[2], got, sizeof got), 0);
    for (int i = 0; i < 3; i++) {
        close(fds[i]);
    }
}
END_TEST

START_TEST(t10_busy_connections_are_not_cut_off_for_a_newcomer)
{
    uint8_t got[64];
    world.server->max_connections = 2;
    int fds[3];
    for (uint16_t i = 0; i < 2; i++) {
        fds[i] = connect_client();
        send_frame(fds[i], LATER, i);
    }
    fds[2] = connect_client();
    ck_assert_int_eq(receive(fds[2], got, sizeof got), -1);
    answer_one();
    answer_one();
    ck_assert_int_eq(receive(fds[0], got, sizeof got), 4);
    ck_assert_int_eq(receive(fds[1], got, sizeof got), 4);
    for (int i = 0; i < 3; i++) {
        close(fds[i]);
    }
}
END_TEST

static int highest_fd(void)
{
    int fd = dup(0);
    close(fd);
    return fd;
}

START_TEST(t11_without_descriptors_newcomers_are_accepted_and_closed)
{
    uint8_t got[64];
    struct rlimit before, low;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    int held = connect_client(), fds[8];
    for (int i = 0; i < 8; i++) {
        fds[i] = socket(AF_UNIX, SOCK_STREAM, 0);
    }
    low = before;
    low.rlim_cur = (rlim_t)highest_fd();
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &low), 0);
    socklen_t n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 6);
    for (int i = 0; i < 8; i++) {
        ck_assert_int_eq(connect(fds[i], (struct sockaddr *)&world.address, n), 0);
        ck_assert_int_eq(receive(fds[i], got, sizeof got), -1);
    }
    send_frame(held, AT_ONCE, 1);
    ck_assert_int_gt(receive(held, got, sizeof got), 0);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    int fd = connect_client();
    send_frame(fd, AT_ONCE, 1);
    ck_assert_int_gt(receive(fd, got, sizeof got), 0);
    for (int i = 0; i < 8; i++) {
        close(fds[i]);
    }
    close(held);
    close(fd);
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
        t1_each_of_all_2_cut_splits_of_three_queries_gives_the_same_answers,
        t2_answers_go_out_as_they_come,
        t10_reading_pauses_at_the_bound_of_queries_in_flight,
        t8_client_that_does_not_read_stops_being_read,
        t7_half_closed_connection_ends_after_its_last_answer,
        t7_client_that_left_is_forgotten_when_its_answer_comes,
        t4_length_below_a_header_ends_the_connection,
        m2_response_is_dropped_and_leaves_the_connection_open,
        t10_over_the_limit_the_one_idle_the_longest_goes,
        t1_octet_by_octet_gives_the_same_answers,
        t3_answers_that_leave_in_parts_are_whole_and_in_order,
        t4_short_length_waits_for_the_pending_answers,
        t4_length_that_never_arrives_ends_at_the_idle_time,
        t5_trickling_octets_do_not_keep_a_connection,
        t5_each_answer_starts_the_idle_time_anew,
        t5_waiting_for_a_slow_answer_is_not_idle,
        t8_late_answers_nobody_reads_are_cut_off_at_the_cap,
        t8_client_that_never_reads_is_closed_at_the_idle_time,
        t9_what_a_client_still_sends_does_not_reset_its_last_answers,
        t10_one_client_over_its_limit_loses_its_own_oldest,
        t10_busy_connections_are_not_cut_off_for_a_newcomer,
        t11_without_descriptors_newcomers_are_accepted_and_closed,
        draining_answers_what_is_pending_and_then_says_empty,
    };
    return suite_run("stream", tests, sizeof tests / sizeof tests[0], set_up, tear_down);
}
