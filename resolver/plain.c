/* SPDX-License-Identifier: MIT */
/* The one door to c-ares. A call's life:
 *   1. plain_ask: a channel of its own, one server, one try, no file of the system looked at; the
 *      query goes out through ares_send in our own encoding.
 *      A second time, by the same channel, when that is wished and nothing came for a while.
 *   2. c-ares tells which sockets to watch; readiness is handed to it.
 *   3. Its callback only notes the end (on_ares_end): a channel is never touched from inside its
 *      own callback. The call ends from a port timer: at once then, or at the deadline.
 *   4. finish: channel destroyed, callbacks muted, then on_done.
 * The deadline is the port's, not c-ares': one clock decides. */
#include "resolver/plain.h"

#include "resolver/plain_server.h"

#include <ares.h>
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* From this one on a datagram that is no DNS message ends the call, and sockets are told more of.
 */
#define ARES_DISTRUST 0x012200

enum {
    SOCKETS_MAX = 4,        /* a channel with one server has one; two while it changes over */
    DATAGRAMS_MAX = 64,     /* passed over in one go */
    ARES_SLACK_MS = 5000,   /* c-ares' own timeout comes after ours, that is never */
    ARES_SCOPES = 0x011800, /* c-ares 1.24.0 reads "%eth0" in a server text */
};

struct socket_watch {
    struct port_watch *watch;
    ares_socket_t fd;
    unsigned events;
};

/* One call under way. */
struct running {
    struct plain *plain;
    struct plain_call *call;
    ares_channel channel;
    struct port_timer timer;
    uint64_t began_us, deadline_us;
    bool sends_again; /* when the timer fires */
    bool want_do;
    struct question question;
    struct socket_watch sockets[SOCKETS_MAX];
    bool muted; /* being destroyed: what c-ares says now is not meant */
    bool ended;
    enum plain_result result;
    uint8_t *message; /* owned */
    size_t n_message;
    uint64_t ended_us;
};

struct plain {
    struct port *port;
    const char *const *servers;
    size_t n_servers, n_preferred;
    size_t n_running;
};

int plain_global_init(void)
{
    return ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS ? 0 : -ENOMEM;
}

void plain_global_done(void)
{
    ares_library_cleanup();
}

struct plain *plain_new(struct port *port, const char *const *servers, size_t n_servers)
{
    struct plain *plain = calloc(1, sizeof *plain);
    if (plain == NULL) {
        return NULL;
    }
    plain->port = port;
    plain_set_servers(plain, servers, n_servers, n_servers);
    return plain;
}

struct plain *plain_free(struct plain *plain)
{
    if (plain != NULL) {
        assert(plain->n_running == 0);
        free(plain);
    }
    return NULL;
}

void plain_set_servers(struct plain *plain, const char *const *servers, size_t n_servers,
                       size_t n_preferred)
{
    assert(n_preferred <= n_servers);
    plain->servers = servers;
    plain->n_servers = n_servers;
    plain->n_preferred = n_preferred;
}

size_t plain_n_preferred(const struct plain *plain)
{
    return plain->n_preferred;
}

size_t plain_n_servers(const struct plain *plain)
{
    return plain->n_servers;
}

const char *plain_server(const struct plain *plain, size_t i)
{
    assert(i < plain->n_servers);
    return plain->servers[i];
}

static struct running *running_of(struct port_timer *timer)
{
    return (struct running *)(void *)((char *)timer - offsetof(struct running, timer));
}

/* Frees the call with all it holds, save the message. */
static void running_free(struct running *running)
{
    running->muted = true;
    port_timer_stop(running->plain->port, &running->timer);
    if (running->channel != NULL) {
        ares_destroy(running->channel);
    }
    for (size_t i = 0; i < SOCKETS_MAX; i++) {
        assert(running->sockets[i].watch == NULL);
    }
    running->plain->n_running--;
    free(running);
}

static void finish(struct running *running)
{
    struct plain_call *call = running->call;
    enum plain_result result = running->ended ? running->result : PLAIN_TIMED_OUT;
    uint64_t end_us = running->ended ? running->ended_us : port_now_us(running->plain->port);
    uint64_t rtt_us = end_us - running->began_us;
    uint8_t *message = running->message;
    size_t n_message = running->n_message;
    running_free(running);

    call->handle = NULL;
    call->on_done(call, result, bytes_of(message, n_message),
                  rtt_us < UINT32_MAX ? (uint32_t)rtt_us : UINT32_MAX);
    free(message);
}

static void send_query(struct running *running);

static void on_timer(struct port_timer *timer)
{
    struct running *running = running_of(timer);
    bool again = running->sends_again && !running->ended;
    running->sends_again = false;
    if (again &&
        port_timer_start(running->plain->port, &running->timer, running->deadline_us) == 0) {
        send_query(running);
        return;
    }
    finish(running);
}

/* Without a reply: was nobody there, or did nothing come that can be used? */
static enum plain_result result_of(int status)
{
    bool unreachable =
        status == ARES_ECONNREFUSED || status == ARES_ENOMEM || status == ARES_EBADQUERY;
    return unreachable ? PLAIN_REFUSED : PLAIN_TIMED_OUT;
}

static void note_end(struct running *running, enum plain_result result)
{
    running->ended = true;
    running->result = result;
    running->ended_us = port_now_us(running->plain->port);
    /* The timer runs already, so that moving it needs no memory. */
    int failure = port_timer_start(running->plain->port, &running->timer, running->ended_us);
    assert(failure == 0);
}

static void on_ares_end(void *arg, int status, int timeouts, unsigned char *message, int n_message)
{
    struct running *running = arg;
    (void)timeouts;
    if (running->muted || running->ended) {
        return;
    }
    if (message == NULL || n_message <= 0) {
        note_end(running, result_of(status));
        return;
    }
    running->message = malloc((size_t)n_message);
    if (running->message == NULL) {
        note_end(running, PLAIN_TIMED_OUT);
        return;
    }
    memcpy(running->message, message, (size_t)n_message);
    running->n_message = (size_t)n_message;
    note_end(running, PLAIN_REPLIED);
}

static void on_ready(void *ctx, int fd, unsigned events)
{
    struct running *running = ctx;
    ares_process_fd(running->channel, events & PORT_READ ? fd : ARES_SOCKET_BAD,
                    events & PORT_WRITE ? fd : ARES_SOCKET_BAD);
}

/* The place of `fd`; failing that a free one; NULL when there is none. */
static struct socket_watch *find_socket(struct running *running, ares_socket_t fd)
{
    struct socket_watch *free_place = NULL;
    for (size_t i = 0; i < SOCKETS_MAX; i++) {
        struct socket_watch *place = &running->sockets[i];
        if (place->watch != NULL && place->fd == fd) {
            return place;
        }
        if (place->watch == NULL && free_place == NULL) {
            free_place = place;
        }
    }
    return free_place;
}

static int watch_socket(struct running *running, struct socket_watch *place, ares_socket_t fd,
                        unsigned events)
{
    struct port *port = running->plain->port;
    if (place->watch != NULL) {
        return place->events == events ? 0 : port->ops->rewatch(place->watch, events);
    }
    place->fd = fd;
    return port->ops->watch(port, fd, events, &place->watch, on_ready, running);
}

/* c-ares: this socket is to be watched so, or is about to be closed (neither). */
static void on_socket_state(void *data, ares_socket_t fd, int readable, int writable)
{
    struct running *running = data;
    struct socket_watch *place = find_socket(running, fd);
    unsigned events = (readable ? PORT_READ : 0u) | (writable ? PORT_WRITE : 0u);
    if (events == 0) {
        if (place != NULL && place->watch != NULL) {
            running->plain->port->ops->unwatch(place->watch);
            *place = (struct socket_watch){0};
        }
        return;
    }
    if (place == NULL || watch_socket(running, place, fd, events) < 0) {
        if (!running->ended && !running->muted) {
            note_end(running, PLAIN_REFUSED);
        }
        return;
    }
    place->events = events;
}

/* c-ares takes a query, or another opcode, for a reply, and a later one ends the call for the first
 * datagram that it cannot read, from whomever it came: here they are passed over, like those with
 * another ID. */
static bool may_be_reply(const uint8_t *at, size_t n)
{
    if (n < MESSAGE_HEADER || (bytes_read_u16(at + 2) & (FLAG_QR | FLAG_OPCODE)) != FLAG_QR) {
        return false;
    }
#if ARES_VERSION >= ARES_DISTRUST
    ares_dns_record_t *record = NULL;
    bool is = ares_dns_parse(at, n, 0, &record) == ARES_SUCCESS;
    ares_dns_record_destroy(record);
    return is;
#else
    return true;
#endif
}

static ares_ssize_t receive(ares_socket_t fd, void *buffer, size_t size, int flags,
                            struct sockaddr *from, ares_socklen_t *n_from, void *data)
{
    ares_socklen_t room = from != NULL ? *n_from : 0;
    (void)data;
    for (int i = 0; i < DATAGRAMS_MAX; i++) {
        ares_ssize_t n = recvfrom(fd, buffer, size, flags, from, n_from);
        if (n < 0 || from == NULL || may_be_reply(buffer, (size_t)n)) {
            return n;
        }
        *n_from = room;
    }
    errno = EAGAIN;
    return -1;
}

static ares_socket_t open_socket(int domain, int type, int protocol, void *data)
{
    (void)data;
    return socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
}

static int close_socket(ares_socket_t fd, void *data)
{
    (void)data;
    return close(fd);
}

#if ARES_VERSION >= ARES_DISTRUST
static ares_ssize_t send_to(ares_socket_t fd, const void *bytes, size_t n, int flags,
                            const struct sockaddr *to, ares_socklen_t n_to, void *data)
{
    (void)data;
    return sendto(fd, bytes, n, flags | MSG_NOSIGNAL, to, n_to);
}

static int connect_socket(ares_socket_t fd, const struct sockaddr *to, ares_socklen_t n_to,
                          unsigned flags, void *data)
{
    (void)flags;
    (void)data;
    return connect(fd, to, n_to);
}

/* None is needed. */
static int set_option(ares_socket_t fd, ares_socket_opt_t option, const void *value,
                      ares_socklen_t n, void *data)
{
    (void)fd;
    (void)option;
    (void)value;
    (void)n;
    (void)data;
    errno = ENOSYS;
    return -1;
}

static int own_address(ares_socket_t fd, struct sockaddr *address, ares_socklen_t *n, void *data)
{
    (void)data;
    return getsockname(fd, address, n);
}

static unsigned interface_index(const char *name, void *data)
{
    (void)data;
    return if_nametoindex(name);
}

static const char *interface_name(unsigned i, char *name, size_t size, void *data)
{
    (void)data;
    return size >= IF_NAMESIZE ? if_indextoname(i, name) : NULL;
}

static void distrust_datagrams(struct running *running)
{
    static const struct ares_socket_functions_ex functions = {
        .version = 1,
        .flags = ARES_SOCKFUNC_FLAG_NONBLOCKING,
        .asocket = open_socket,
        .aclose = close_socket,
        .asetsockopt = set_option,
        .aconnect = connect_socket,
        .arecvfrom = receive,
        .asendto = send_to,
        .agetsockname = own_address,
        .aif_nametoindex = interface_index,
        .aif_indextoname = interface_name,
    };
    ares_set_socket_functions_ex(running->channel, &functions, NULL);
}
#else
static int connect_socket(ares_socket_t fd, const struct sockaddr *to, ares_socklen_t n_to,
                          void *data)
{
    (void)data;
    return connect(fd, to, n_to);
}

static ares_ssize_t send_parts(ares_socket_t fd, const struct iovec *parts, int n, void *data)
{
    struct msghdr message = {.msg_iov = (struct iovec *)parts, .msg_iovlen = (size_t)n};
    (void)data;
    return sendmsg(fd, &message, MSG_NOSIGNAL);
}

static void distrust_datagrams(struct running *running)
{
    static const struct ares_socket_functions functions = {
        .asocket = open_socket,
        .aclose = close_socket,
        .aconnect = connect_socket,
        .arecvfrom = receive,
        .asendv = send_parts,
    };
    ares_set_socket_functions(running->channel, &functions, NULL);
}
#endif

/* Everything is set, so that neither files nor the environment have a say. */
static int open_channel(struct running *running, const struct plain_request *request)
{
    struct in_addr nobody = {.s_addr = htonl(INADDR_LOOPBACK)};
    char lookups[] = "b";
    char no_file[] = "/dev/null";
    struct ares_options options = {
        .flags = ARES_FLAG_NOCHECKRESP | ARES_FLAG_IGNTC | ARES_FLAG_NOSEARCH |
                 ARES_FLAG_NOALIASES | ARES_FLAG_EDNS | (request->tcp ? ARES_FLAG_USEVC : 0),
        .timeout = (int)request->timeout_ms + ARES_SLACK_MS,
        .tries = 1,
        .ndots = 1,
        .ednspsz = 4096,
        .servers = &nobody,
        .nservers = 1,
        .lookups = lookups,
        .resolvconf_path = no_file,
        .sock_state_cb = on_socket_state,
        .sock_state_cb_data = running,
    };
    int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS |
               ARES_OPT_EDNSPSZ | ARES_OPT_SERVERS | ARES_OPT_DOMAINS | ARES_OPT_LOOKUPS |
               ARES_OPT_SORTLIST | ARES_OPT_RESOLVCONF | ARES_OPT_NOROTATE | ARES_OPT_SOCK_STATE_CB;
#ifdef ARES_OPT_QUERY_CACHE
    options.qcache_max_ttl = 0;
    mask |= ARES_OPT_QUERY_CACHE;
#endif
    return ares_init_options(&running->channel, &options, mask) == ARES_SUCCESS ? 0 : -ENOMEM;
}

static int set_server(struct running *running, const struct plain_server *server)
{
    /* Before 1.24 c-ares knows no scope: there the socket is bound to the interface instead. */
    bool has_scope = server->scope[0] != '\0';
    bool in_text = has_scope && ARES_VERSION >= ARES_SCOPES;
    char text[PLAIN_SERVER_TEXT_MAX + 16];
    snprintf(text, sizeof text, "%s%s%s%s%s:%u", server->v6 ? "[" : "", server->address,
             in_text ? "%" : "", in_text ? server->scope : "", server->v6 ? "]" : "",
             (unsigned)server->port);
    if (has_scope && !in_text) {
        ares_set_local_dev(running->channel, server->scope);
    }
    int status = ares_set_servers_ports_csv(running->channel, text);
    if (status == ARES_ENOMEM) {
        return -ENOMEM;
    }
    return status == ARES_SUCCESS ? 0 : -EINVAL;
}

static void send_query(struct running *running)
{
    struct port *port = running->plain->port;
    uint16_t id;
    port->ops->random(port, &id, sizeof id);
    uint8_t query[QUERY_MAX];
    struct query_wish wish = {
        .question = &running->question,
        .id = id,
        .want_do = running->want_do,
    };
    size_t n = message_write_query(&wish, query);
    /* Newer c-ares would rather parse for us; we want the bytes. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    ares_send(running->channel, query, (int)n, on_ares_end, running);
#pragma GCC diagnostic pop
}

static int start(struct running *running, const struct plain_request *request)
{
    struct plain_server server;
    if (!plain_server_read(request->server, &server)) {
        return -EINVAL;
    }
    struct port *port = running->plain->port;
    running->began_us = port_now_us(port);
    running->deadline_us = running->began_us + (uint64_t)request->timeout_ms * 1000;
    running->sends_again =
        !request->tcp && request->again_ms > 0 && request->again_ms < request->timeout_ms;
    uint32_t wait_ms = running->sends_again ? request->again_ms : request->timeout_ms;
    int failure =
        port_timer_start(port, &running->timer, running->began_us + (uint64_t)wait_ms * 1000);
    if (failure == 0) {
        failure = open_channel(running, request);
    }
    if (failure == 0) {
        distrust_datagrams(running);
        failure = set_server(running, &server);
    }
    if (failure == 0) {
        running->question = *request->question;
        running->want_do = request->want_do;
        send_query(running);
    }
    return failure;
}

int plain_ask(struct plain *plain, const struct plain_request *request, struct plain_call *call)
{
    if (plain->n_running == PLAIN_CALLS_MAX) {
        return -EBUSY;
    }
    struct running *running = calloc(1, sizeof *running);
    if (running == NULL) {
        return -ENOMEM;
    }
    running->plain = plain;
    running->call = call;
    running->timer.on_fire = on_timer;
    plain->n_running++;
    int failure = start(running, request);
    if (failure < 0) {
        running_free(running);
        return failure;
    }
    call->handle = running;
    return 0;
}

void plain_cancel(struct plain *plain, struct plain_call *call)
{
    struct running *running = call->handle;
    if (running == NULL) {
        return;
    }
    assert(running->plain == plain);
    call->handle = NULL;
    free(running->message);
    running_free(running);
}
