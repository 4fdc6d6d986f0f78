/* SPDX-License-Identifier: MIT */
#include "daemon/sockets.h"

#include "resolver/clients/address.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 4096, FASTOPEN_QUEUE = 128, UDP_RECEIVE_BYTES = 4 * 1024 * 1024 };

void sockets_init(struct sockets *s)
{
    s->n = 0;
}

static void entry_close(struct socket_entry *e)
{
    if (e->transport == LISTEN_UNIX && !e->handed_over && e->n_fds > 0) {
        unlink(((struct sockaddr_un *)&e->address)->sun_path);
    }
    for (size_t i = 0; i < e->n_fds; i++) {
        close(e->fds[i]);
    }
    e->n_fds = 0;
}

void sockets_done(struct sockets *s)
{
    for (size_t i = 0; i < s->n; i++) {
        entry_close(&s->at[i]);
    }
    s->n = 0;
}

bool sockets_is_wildcard(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET) {
        return ((const struct sockaddr_in *)address)->sin_addr.s_addr == htonl(INADDR_ANY);
    }
    return address->ss_family == AF_INET6 &&
           IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)address)->sin6_addr);
}

bool sockets_reach_beyond_host(const struct sockets *s)
{
    for (size_t i = 0; i < s->n; i++) {
        const struct socket_entry *e = &s->at[i];
        struct client_address address;
        client_address_set(&address, (const struct sockaddr *)&e->address, NULL);
        if (e->wanted && e->n_fds > 0 && !address.is_own) {
            return true;
        }
    }
    return false;
}

int sockets_dup(const struct socket_entry *e, size_t worker)
{
    return fcntl(e->fds[worker % e->n_fds], F_DUPFD_CLOEXEC, 0);
}

/* ---- sockets handed over ---- */

static void entry_describe(struct socket_entry *e)
{
    char ip[INET6_ADDRSTRLEN] = "";
    const char *scheme = e->transport == LISTEN_UDP ? "udp" : "tcp";
    if (e->transport == LISTEN_UNIX) {
        snprintf(e->text, sizeof e->text, "unix://%s",
                 ((struct sockaddr_un *)&e->address)->sun_path);
    } else if (e->address.ss_family == AF_INET) {
        struct sockaddr_in *in = (struct sockaddr_in *)&e->address;
        inet_ntop(AF_INET, &in->sin_addr, ip, sizeof ip);
        snprintf(e->text, sizeof e->text, "%s://%s:%u", scheme, ip, ntohs(in->sin_port));
    } else {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&e->address;
        inet_ntop(AF_INET6, &in6->sin6_addr, ip, sizeof ip);
        snprintf(e->text, sizeof e->text, "%s://[%s]:%u", scheme, ip, ntohs(in6->sin6_port));
    }
}

/* False when the socket is of no kind we can serve. */
static bool transport_of(int fd, sa_family_t family, enum listen_transport *ret_transport)
{
    int type = 0;
    socklen_t n = sizeof type;
    bool is_inet = family == AF_INET || family == AF_INET6;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) < 0) {
        return false;
    }
    if (is_inet && type == SOCK_DGRAM) {
        *ret_transport = LISTEN_UDP;
    } else if (is_inet && type == SOCK_STREAM) {
        *ret_transport = LISTEN_TCP;
    } else if (family == AF_UNIX && type == SOCK_STREAM) {
        *ret_transport = LISTEN_UNIX;
    } else {
        return false;
    }
    return true;
}

int sockets_adopt(struct sockets *s, int first, int n, char error[SOCKETS_ERROR_MAX])
{
    for (int fd = first; fd < first + n; fd++) {
        if (s->n == CONFIG_LISTEN_MAX) {
            snprintf(error, SOCKETS_ERROR_MAX,
                     "the service manager handed over more than %d sockets", CONFIG_LISTEN_MAX);
            return -E2BIG;
        }
        struct socket_entry *e = &s->at[s->n];
        memset(e, 0, sizeof *e);
        e->n_address = sizeof e->address;
        if (getsockname(fd, (struct sockaddr *)&e->address, &e->n_address) < 0 ||
            !transport_of(fd, e->address.ss_family, &e->transport)) {
            snprintf(error, SOCKETS_ERROR_MAX,
                     "descriptor %d handed over by the service manager is neither a UDP, a TCP "
                     "nor a Unix stream socket",
                     fd);
            return -EINVAL;
        }
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
        fcntl(fd, F_SETFD, FD_CLOEXEC);
        e->handed_over = true;
        e->wanted = true;
        e->fds[0] = fd;
        e->n_fds = 1;
        entry_describe(e);
        s->n++;
    }
    return 0;
}

/* ---- sockets of our own ---- */

int sockets_take_unix(struct sockets *s, const char *path)
{
    for (size_t i = 0; i < s->n; i++) {
        struct socket_entry *e = &s->at[i];
        const struct sockaddr_un *un = (const struct sockaddr_un *)&e->address;
        if (e->transport == LISTEN_UNIX && e->n_fds > 0 && strcmp(un->sun_path, path) == 0) {
            int fd = e->fds[0];
            memmove(e, e + 1, (s->n - i - 1) * sizeof *e);
            s->n--;
            return fd;
        }
    }
    return -1;
}

static int on(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof value);
}

/* Small replies in one datagram whatever somebody tells the kernel about the path (PROMISES U2),
 * and room for a burst in the receive queue: the default holds 256 queries. */
static void set_udp_options(int fd, int family)
{
    if (on(fd, SOL_SOCKET, SO_RCVBUFFORCE, UDP_RECEIVE_BYTES) < 0) {
        on(fd, SOL_SOCKET, SO_RCVBUF, UDP_RECEIVE_BYTES);
    }
    if (family == AF_INET) {
        on(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
    } else {
        on(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT);
    }
}

/* A bound socket, or -errno. */
static int bind_inet(const struct listen_address *a, bool share)
{
    int type = a->transport == LISTEN_UDP ? SOCK_DGRAM : SOCK_STREAM;
    int fd = socket(a->address.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -errno;
    }
    if (a->address.ss_family == AF_INET6) {
        on(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    }
    if (type == SOCK_STREAM) {
        on(fd, SOL_SOCKET, SO_REUSEADDR, 1);
        on(fd, IPPROTO_TCP, TCP_FASTOPEN, FASTOPEN_QUEUE); /* RFC 7413; where the host allows it */
    } else {
        set_udp_options(fd, a->address.ss_family);
        on(fd, SOL_SOCKET, SO_REUSEPORT, share);
    }
    if (bind(fd, (const struct sockaddr *)&a->address, a->n_address) < 0 ||
        (type == SOCK_STREAM && listen(fd, BACKLOG) < 0)) {
        int failure = -errno;
        close(fd);
        return failure;
    }
    return fd;
}

/* SO_REUSEPORT would let us in beside another daemon of the same user: a first bind without it
 * finds out. */
static int probe_udp(const struct listen_address *a)
{
    int fd = bind_inet(a, false);
    if (fd >= 0) {
        close(fd);
        return 0;
    }
    return fd;
}

/* True when the file is a socket nobody listens on. */
static bool is_stale(const struct sockaddr_un *un)
{
    struct stat st;
    if (lstat(un->sun_path, &st) < 0 || !S_ISSOCK(st.st_mode)) {
        return false;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return false;
    }
    bool refused =
        connect(fd, (const struct sockaddr *)un, sizeof *un) < 0 && errno == ECONNREFUSED;
    close(fd);
    return refused;
}

static int set_unix_access(const char *path, const struct listen_params *params)
{
    if (chmod(path, params->unix_mode) < 0) {
        return -errno;
    }
    if (params->unix_group == NULL) {
        return 0;
    }
    struct group *group = getgrnam(params->unix_group);
    if (group == NULL) {
        return -ESRCH;
    }
    return chown(path, (uid_t)-1, group->gr_gid) < 0 ? -errno : 0;
}

static int bind_unix(const struct listen_address *a, const struct listen_params *params)
{
    const struct sockaddr_un *un = (const struct sockaddr_un *)&a->address;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -errno;
    }
    if (is_stale(un)) {
        unlink(un->sun_path);
    }
    if (bind(fd, (const struct sockaddr *)un, a->n_address) < 0) {
        int failure = -errno;
        close(fd);
        return failure;
    }
    /* Not listening yet: nobody gets in before mode and group are set. */
    int failure = set_unix_access(un->sun_path, params);
    if (failure == 0 && listen(fd, BACKLOG) < 0) {
        failure = -errno;
    }
    if (failure < 0) {
        unlink(un->sun_path);
        close(fd);
        return failure;
    }
    return fd;
}

static const char *advice(const struct listen_address *a, int failure)
{
    switch (-failure) {
    case EADDRINUSE:
        return a->transport == LISTEN_UNIX ? "another process listens there, or the file is no "
                                             "socket: remove it or choose another path"
                                           : "another process listens there ('ss -lnptu' shows "
                                             "which): stop it or choose another port";
    case EACCES:
    case EPERM:
        return a->transport == LISTEN_UNIX
                   ? "no permission to make the socket there"
                   : "ports below 1024 need root or socket activation (httpdnsd.socket)";
    case EADDRNOTAVAIL:
        return "no interface of this machine has that address";
    case ENOENT:
        return "the folder does not exist: make it first";
    case ESRCH:
        return "unix-socket.group names no group of this machine: 'groupadd --system NAME' makes "
               "one";
    default:
        return strerror(-failure);
    }
}

static int open_entry(struct socket_entry *e, const struct listen_address *a,
                      const struct listen_params *params, size_t n_workers)
{
    size_t n_wanted = a->transport == LISTEN_UDP ? n_workers : 1;
    if (a->transport == LISTEN_UNIX && e->n_fds > 0) {
        /* Open since an earlier configuration, which may have wanted another mode. */
        return set_unix_access(((struct sockaddr_un *)&e->address)->sun_path, params);
    }
    if (a->transport == LISTEN_UDP && e->n_fds == 0) {
        int failure = probe_udp(a);
        if (failure < 0) {
            return failure;
        }
    }
    while (e->n_fds < n_wanted) {
        int fd = a->transport == LISTEN_UNIX ? bind_unix(a, params) : bind_inet(a, true);
        if (fd < 0) {
            return fd;
        }
        e->fds[e->n_fds++] = fd;
    }
    return 0;
}

static bool is_absent_loopback(const struct listen_address *a, int failure)
{
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&a->address;
    return a->address.ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr) &&
           (failure == -EADDRNOTAVAIL || failure == -EAFNOSUPPORT);
}

static bool same_address(const struct socket_entry *e, const struct listen_address *a)
{
    if (e->transport != a->transport || e->address.ss_family != a->address.ss_family) {
        return false;
    }
    if (a->transport == LISTEN_UNIX) {
        return strcmp(((const struct sockaddr_un *)&e->address)->sun_path,
                      ((const struct sockaddr_un *)&a->address)->sun_path) == 0;
    }
    if (a->address.ss_family == AF_INET) {
        const struct sockaddr_in *x = (const void *)&e->address, *y = (const void *)&a->address;
        return x->sin_port == y->sin_port && x->sin_addr.s_addr == y->sin_addr.s_addr;
    }
    const struct sockaddr_in6 *x = (const void *)&e->address, *y = (const void *)&a->address;
    return x->sin6_port == y->sin6_port && x->sin6_scope_id == y->sin6_scope_id &&
           memcmp(&x->sin6_addr, &y->sin6_addr, sizeof x->sin6_addr) == 0;
}

static struct socket_entry *find_entry(struct sockets *s, const struct listen_address *a)
{
    for (size_t i = 0; i < s->n; i++) {
        if (same_address(&s->at[i], a)) {
            return &s->at[i];
        }
    }
    return NULL;
}

static struct socket_entry *new_entry(struct sockets *s, const struct listen_address *a)
{
    assert(s->n < SOCKETS_MAX);
    struct socket_entry *e = &s->at[s->n++];
    memset(e, 0, sizeof *e);
    e->transport = a->transport;
    e->address = a->address;
    e->n_address = a->n_address;
    snprintf(e->text, sizeof e->text, "%s", a->text);
    return e;
}

/* What is open when sockets_open() begins, to go back to when it fails. */
static void close_beyond(struct sockets *s, size_t n_entries, const size_t *n_fds)
{
    while (s->n > n_entries) {
        entry_close(&s->at[--s->n]);
    }
    for (size_t i = 0; i < n_entries; i++) {
        while (s->at[i].n_fds > n_fds[i]) {
            close(s->at[i].fds[--s->at[i].n_fds]);
        }
    }
}

int sockets_open(struct sockets *s, const struct listen_params *params, size_t n_workers,
                 char error[SOCKETS_ERROR_MAX])
{
    size_t n_before = s->n;
    size_t n_fds_before[SOCKETS_MAX];
    bool wanted_before[SOCKETS_MAX];
    for (size_t i = 0; i < s->n; i++) {
        n_fds_before[i] = s->at[i].n_fds;
        wanted_before[i] = s->at[i].wanted;
        s->at[i].wanted = s->at[i].handed_over;
    }
    for (size_t i = 0; i < params->n; i++) {
        const struct listen_address *a = &params->at[i];
        struct socket_entry *e = find_entry(s, a);
        if (e == NULL) {
            e = new_entry(s, a);
        }
        e->wanted = true;
        int failure = e->handed_over ? 0 : open_entry(e, a, params, n_workers);
        if (failure < 0 && !is_absent_loopback(a, failure)) {
            snprintf(error, SOCKETS_ERROR_MAX, "cannot listen on %s: %s", a->text,
                     advice(a, failure));
            close_beyond(s, n_before, n_fds_before);
            for (size_t k = 0; k < n_before; k++) {
                s->at[k].wanted = wanted_before[k];
            }
            return failure;
        }
    }
    return 0;
}

void sockets_prune(struct sockets *s, size_t n_workers)
{
    size_t n_kept = 0;
    for (size_t i = 0; i < s->n; i++) {
        struct socket_entry *e = &s->at[i];
        if (!e->wanted) {
            entry_close(e);
            continue;
        }
        while (!e->handed_over && e->n_fds > n_workers) {
            close(e->fds[--e->n_fds]);
        }
        if (n_kept != i) {
            s->at[n_kept] = *e;
        }
        n_kept++;
    }
    s->n = n_kept;
}
