/* SPDX-License-Identifier: MIT */
#include "daemon/sockets.h"
#include "tests/unit/suite.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockets *sockets;
static struct listen_params params;
static char error[SOCKETS_ERROR_MAX];
static char folder[] = "/tmp/httpdnsd-test-XXXXXX";
static char path[64];

static void set_up(void)
{
    sockets = calloc(1, sizeof *sockets);
    sockets_init(sockets);
    memset(&params, 0, sizeof params);
    params.unix_mode = 0600;
    strcpy(folder + sizeof folder - 7, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/x.sock", folder);
}

static void tear_down(void)
{
    sockets_done(sockets);
    free(sockets);
    unlink(path);
    ck_assert_int_eq(rmdir(folder), 0);
}

/* A port of 127.0.0.1 that is free for UDP and TCP. */
static in_port_t free_port(void)
{
    for (;;) {
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t n = sizeof in;
        int tcp = socket(AF_INET, SOCK_STREAM, 0), udp = socket(AF_INET, SOCK_DGRAM, 0);
        ck_assert_int_eq(bind(tcp, (struct sockaddr *)&in, n), 0);
        ck_assert_int_eq(getsockname(tcp, (struct sockaddr *)&in, &n), 0);
        bool is_free = bind(udp, (struct sockaddr *)&in, n) == 0;
        close(tcp);
        close(udp);
        if (is_free) {
            return in.sin_port;
        }
    }
}

static void want(enum listen_transport transport, in_port_t port)
{
    struct listen_address *a = &params.at[params.n++];
    struct sockaddr_in *in = (struct sockaddr_in *)&a->address;
    *a = (struct listen_address){.transport = transport, .text = "the address"};
    in->sin_family = AF_INET;
    in->sin_port = port;
    in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    a->n_address = sizeof *in;
}

static void want_unix(void)
{
    struct listen_address *a = &params.at[params.n++];
    struct sockaddr_un *un = (struct sockaddr_un *)&a->address;
    *a = (struct listen_address){.transport = LISTEN_UNIX, .text = "the path"};
    un->sun_family = AF_UNIX;
    strcpy(un->sun_path, path);
    a->n_address = sizeof *un;
}

static bool is_wanted(in_port_t port)
{
    bool found = false;
    for (size_t i = 0; i < params.n; i++) {
        found = found || ((struct sockaddr_in *)&params.at[i].address)->sin_port == port;
    }
    return found;
}

/* One handed over, as many as may be, and as many others on a reload. */
START_TEST(all_that_is_open_and_all_that_is_wanted_find_room_together)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&in, sizeof in), 0);
    ck_assert_int_eq(sockets_adopt(sockets, fd, 1, error), 0);
    for (unsigned round = 0; round < 2; round++) {
        params.n = 0;
        while (params.n < CONFIG_LISTEN_MAX) {
            in_port_t port = free_port();
            if (!is_wanted(port)) { /* free ports are drawn by lot */
                want(LISTEN_TCP, port);
            }
        }
        ck_assert_int_eq(sockets_open(sockets, &params, 1, error), 0);
        ck_assert_uint_eq(sockets->n, 1 + (1 + round) * CONFIG_LISTEN_MAX);
    }
    sockets_prune(sockets, 1);
    ck_assert_uint_eq(sockets->n, 1 + CONFIG_LISTEN_MAX);
}
END_TEST

START_TEST(udp_has_a_socket_a_worker_and_tcp_one_for_all)
{
    want(LISTEN_UDP, free_port());
    want(LISTEN_TCP, free_port());
    ck_assert_int_eq(sockets_open(sockets, &params, 3, error), 0);
    ck_assert_uint_eq(sockets->at[0].n_fds, 3);
    ck_assert_uint_eq(sockets->at[1].n_fds, 1);
}
END_TEST

START_TEST(u2_replies_are_not_shrunk_by_what_the_path_is_said_to_bear)
{
    int value = -1;
    socklen_t n = sizeof value;
    want(LISTEN_UDP, free_port());
    ck_assert_int_eq(sockets_open(sockets, &params, 1, error), 0);
    ck_assert_int_eq(getsockopt(sockets->at[0].fds[0], IPPROTO_IP, IP_MTU_DISCOVER, &value, &n), 0);
    ck_assert_int_eq(value, IP_PMTUDISC_OMIT);
    struct listen_address *a = &params.at[0];
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&a->address;
    *a = (struct listen_address){.transport = LISTEN_UDP, .text = "v6", .n_address = sizeof *in6};
    in6->sin6_family = AF_INET6;
    in6->sin6_addr = in6addr_loopback;
    in6->sin6_port = free_port();
    ck_assert_int_eq(sockets_open(sockets, &params, 1, error), 0);
    if (sockets->at[1].n_fds > 0) {
        ck_assert_int_eq(
            getsockopt(sockets->at[1].fds[0], IPPROTO_IPV6, IPV6_MTU_DISCOVER, &value, &n), 0);
        ck_assert_int_eq(value, IPV6_PMTUDISC_OMIT);
    }
}
END_TEST

START_TEST(second_daemon_on_the_same_udp_port_is_noticed)
{
    in_port_t port = free_port();
    struct sockets *other = calloc(1, sizeof *other);
    sockets_init(other);
    want(LISTEN_UDP, port);
    ck_assert_int_eq(sockets_open(sockets, &params, 2, error), 0);
    ck_assert_int_eq(sockets_open(other, &params, 2, error), -EADDRINUSE);
    ck_assert_ptr_nonnull(strstr(error, "cannot listen on the address: another process listens"));
    ck_assert_uint_eq(other->n, 0);
    sockets_done(other);
    free(other);
}
END_TEST

START_TEST(what_is_open_stays_the_same_socket_when_it_is_wanted_again)
{
    want(LISTEN_UDP, free_port());
    ck_assert_int_eq(sockets_open(sockets, &params, 1, error), 0);
    int fd = sockets->at[0].fds[0];
    want(LISTEN_TCP, free_port());
    ck_assert_int_eq(sockets_open(sockets, &params, 2, error), 0);
    sockets_prune(sockets, 2);
    ck_assert_int_eq(sockets->at[0].fds[0], fd);
    ck_assert_uint_eq(sockets->at[0].n_fds, 2);
    ck_assert_uint_eq(sockets->n, 2);
}
END_TEST

START_TEST(failure_opens_nothing_and_forgets_nothing)
{
    in_port_t taken = free_port();
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    want(LISTEN_UDP, free_port());
    ck_assert_int_eq(sockets_open(sockets, &params, 1, error), 0);
    params.n = 0;
    want(LISTEN_UDP, free_port());
    want(LISTEN_TCP, taken);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&params.at[1].address, sizeof(struct sockaddr_in)),
                     0);
    ck_assert_int_eq(listen(fd, 1), 0);
    ck_assert_int_eq(sockets_open(sockets, &params, 1, error), -EADDRINUSE);
    ck_assert_uint_eq(sockets->n, 1);
    ck_assert(sockets->at[0].wanted);
    close(fd);
}
END_TEST

START_TEST(what_is_not_wanted_any_more_is_closed)
{
    want(LISTEN_UDP, free_port());
    want_unix();
    ck_assert_int_eq(sockets_open(sockets, &params, 2, error), 0);
    ck_assert_int_eq(access(path, F_OK), 0);
    params.n = 1;
    ck_assert_int_eq(sockets_open(sockets, &params, 1, error), 0);
    sockets_prune(sockets, 1);
    ck_assert_uint_eq(sockets->n, 1);
    ck_assert_uint_eq(sockets->at[0].n_fds, 1);
    ck_assert_int_lt(access(path, F_OK), 0);
}
END_TEST

START_TEST(unix_socket_gets_its_mode_and_a_later_one_too)
{
    struct stat st;
    want_unix();
    ck_assert_int_eq(sockets_open(sockets, &params, 1, error), 0);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0600);
    params.unix_mode = 0660;
    ck_assert_int_eq(sockets_open(sockets, &params, 1, error), 0);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0660);
    params.unix_group = "no-such-group-here";
    ck_assert_int_eq(sockets_open(sockets, &params, 1, error), -ESRCH);
    ck_assert_ptr_nonnull(strstr(error, "groupadd"));
}
END_TEST

START_TEST(stale_socket_file_is_replaced_but_no_other_file)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    strcpy(un.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&un, sizeof un), 0);
    close(fd);
    want_unix();
    ck_assert_int_eq(sockets_open(sockets, &params, 1, error), 0);
    sockets_done(sockets);
    fd = open(path, O_CREAT | O_WRONLY, 0600);
    close(fd);
    ck_assert_int_eq(sockets_open(sockets, &params, 1, error), -EADDRINUSE);
    ck_assert_int_eq(access(path, F_OK), 0);
}
END_TEST

START_TEST(sockets_handed_over_are_taken_by_address_and_never_closed_by_a_reload)
{
    int handed = socket(AF_INET, SOCK_DGRAM, 0);
    want(LISTEN_UDP, free_port());
    ck_assert_int_eq(
        bind(handed, (struct sockaddr *)&params.at[0].address, sizeof(struct sockaddr_in)), 0);
    ck_assert_int_eq(sockets_adopt(sockets, handed, 1, error), 0);
    ck_assert_int_eq(sockets_open(sockets, &params, 4, error), 0);
    ck_assert_uint_eq(sockets->n, 1);
    ck_assert_uint_eq(sockets->at[0].n_fds, 1);
    params.n = 0;
    ck_assert_int_eq(sockets_open(sockets, &params, 4, error), 0);
    sockets_prune(sockets, 4);
    ck_assert_uint_eq(sockets->n, 1);
    int pipes[2];
    ck_assert_int_eq(pipe(pipes), 0);
    ck_assert_int_eq(sockets_adopt(sockets, pipes[0], 1, error), -EINVAL);
    ck_assert_ptr_nonnull(strstr(error, "neither a UDP"));
    close(pipes[0]);
    close(pipes[1]);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        udp_has_a_socket_a_worker_and_tcp_one_for_all,
        all_that_is_open_and_all_that_is_wanted_find_room_together,
        u2_replies_are_not_shrunk_by_what_the_path_is_said_to_bear,
        second_daemon_on_the_same_udp_port_is_noticed,
        what_is_open_stays_the_same_socket_when_it_is_wanted_again,
        failure_opens_nothing_and_forgets_nothing,
        what_is_not_wanted_any_more_is_closed,
        unix_socket_gets_its_mode_and_a_later_one_too,
        stale_socket_file_is_replaced_but_no_other_file,
        sockets_handed_over_are_taken_by_address_and_never_closed_by_a_reload,
    };
    return suite_run("sockets", tests, sizeof tests / sizeof tests[0], set_up, tear_down);
}
