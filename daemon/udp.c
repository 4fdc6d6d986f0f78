/* SPDX-License-Identifier: MIT */
#include "daemon/udp.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

/* Room for the larger of the two packet-info messages. */
enum { CONTROL_MAX = CMSG_SPACE(sizeof(struct in6_pktinfo)) };

struct udp_slot {
    _Alignas(8) uint8_t control[CONTROL_MAX];
    struct sockaddr_storage peer;
    uint8_t query[UDP_QUERY_MAX];
    uint8_t reply[REPLY_UDP_CAP];
};

/* What a reply needs to find its way back; stands in resolver_client.room until it is known. */
struct udp_return {
    struct sockaddr_in6 peer; /* or sockaddr_in */
    socklen_t n_peer;
    size_t n_control;
    _Alignas(8) uint8_t control[CONTROL_MAX];
};
_Static_assert(sizeof(struct udp_return) <= sizeof((struct resolver_client){0}.room),
               "a client's way back fits its room");

/* A reply that came later than its query's batch. */
struct udp_late {
    struct udp_return back;
    uint8_t reply[REPLY_UDP_CAP];
};

struct udp_batch {
    struct mmsghdr in[UDP_BATCH], out[UDP_BATCH];
    struct iovec in_at[UDP_BATCH], out_at[UDP_BATCH];
    struct udp_slot slots[UDP_BATCH];
    const struct udp_listener *prepared_for; /* `in` is; all of it but the first n_used */
    unsigned n_used;
    unsigned n_pending; /* of the batch that came last: those that wait for a provider */
    struct udp_late late[UDP_BATCH];
    struct iovec late_at[UDP_BATCH];
    struct mmsghdr late_out[UDP_BATCH];
    unsigned n_late;
    struct udp_listener *late_of; /* whose they are */
    struct traffic *traffic;
    bool asks_who; /* the resolver wants to know who asks */
};

struct udp_listener {
    uv_poll_t poll;
    struct loop *loop;
    struct resolver *resolver;
    struct udp_batch *batch;
    int fd;
    bool wildcard;
    struct sockaddr_storage own;
};

/* Where a datagram went to, or came from. */
union udp_address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};

struct udp_batch *udp_batch_new(struct traffic *traffic, bool asks_who)
{
    struct udp_batch *batch = calloc(1, sizeof *batch);
    if (batch != NULL) {
        batch->traffic = traffic;
        batch->asks_who = asks_who;
    }
    return batch;
}

struct udp_batch *udp_batch_free(struct udp_batch *batch)
{
    free(batch);
    return NULL;
}

/* ---- receiving ---- */

/* The kernel writes into what it used: only that is made ready again. */
static void prepare(struct udp_batch *b, const struct udp_listener *l)
{
    size_t n = b->prepared_for == l ? b->n_used : UDP_BATCH;
    b->prepared_for = l;
    b->n_used = 0;
    for (size_t i = 0; i < n; i++) {
        struct udp_slot *slot = &b->slots[i];
        b->in_at[i] = (struct iovec){slot->query, sizeof slot->query};
        b->in[i].msg_hdr = (struct msghdr){
            .msg_name = &slot->peer,
            .msg_namelen = sizeof slot->peer,
            .msg_iov = &b->in_at[i],
            .msg_iovlen = 1,
            .msg_control = l->wildcard ? slot->control : NULL,
            .msg_controllen = l->wildcard ? sizeof slot->control : 0,
        };
    }
}

static int receive(struct udp_listener *l)
{
    struct udp_batch *b = l->batch;
    prepare(b, l);
    int n;
    do {
        n = recvmmsg(l->fd, b->in, UDP_BATCH, MSG_DONTWAIT, NULL);
    } while (n < 0 && errno == EINTR);
    b->n_used = n > 0 ? (unsigned)n : 0;
    return n;
}

/* The packet info that came says where to; sent back it must say where from. */
static void turn_control(const struct udp_listener *l, struct msghdr *m, union udp_address *ret_to)
{
    memcpy(ret_to, &l->own, sizeof *ret_to);
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo *info = (struct in_pktinfo *)CMSG_DATA(c);
            info->ipi_spec_dst = info->ipi_addr;
            ret_to->in.sin_addr = info->ipi_addr;
        } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
            ret_to->in6.sin6_addr = ((const struct in6_pktinfo *)CMSG_DATA(c))->ipi6_addr;
        }
    }
}

static bool is_bad_source_v4(const struct sockaddr_in *from, const struct sockaddr_in *to)
{
    unsigned net = ntohl(from->sin_addr.s_addr) >> 24;
    bool is_own = from->sin_port == to->sin_port && from->sin_addr.s_addr == to->sin_addr.s_addr;
    return from->sin_port == 0 || net == 0 || net >= 224 || is_own;
}

static bool is_bad_source_v6(const struct sockaddr_in6 *from, const struct sockaddr_in6 *to)
{
    const struct in6_addr *at = &from->sin6_addr;
    bool is_own =
        from->sin6_port == to->sin6_port && memcmp(at, &to->sin6_addr, sizeof to->sin6_addr) == 0;
    return from->sin6_port == 0 || IN6_IS_ADDR_MULTICAST(at) || IN6_IS_ADDR_UNSPECIFIED(at) ||
           is_own;
}

bool udp_is_bad_source(const struct sockaddr *from, const struct sockaddr *to)
{
    return from->sa_family == AF_INET6 ? is_bad_source_v6((const void *)from, (const void *)to)
                                       : is_bad_source_v4((const void *)from, (const void *)to);
}

/* ---- sending ---- */

/* A datagram that cannot leave now is tried once more and then lost, as datagrams are. */
static bool send_one(const struct udp_listener *l, const struct msghdr *m)
{
    return sendmsg(l->fd, m, MSG_DONTWAIT) >= 0 || sendmsg(l->fd, m, MSG_DONTWAIT) >= 0;
}

static void send_all(struct udp_listener *l, struct mmsghdr *out, unsigned n)
{
    struct traffic *traffic = l->batch->traffic;
    unsigned done = 0, n_lost = 0;
    while (done < n) {
        int sent = sendmmsg(l->fd, out + done, n - done, MSG_DONTWAIT);
        if (sent > 0) {
            done += (unsigned)sent;
        } else {
            /* The error belongs to the first datagram alone. */
            n_lost += !send_one(l, &out[done++].msg_hdr);
        }
    }
    traffic_count(&traffic->n_answered, n - n_lost);
    traffic_count(&traffic->n_dropped[TRAFFIC_GONE], n_lost);
}

void udp_batch_flush(struct udp_batch *b)
{
    if (b->n_late > 0) {
        send_all(b->late_of, b->late_out, b->n_late);
        b->n_late = 0;
    }
}

/* Replies that become known in one turn of the loop leave together, at its end. */
static void on_reply(const struct resolver_client *client, struct bytes reply)
{
    struct udp_listener *l = client->listener;
    struct udp_batch *b = l->batch;
    if (b->n_late == UDP_BATCH || b->late_of != l) {
        udp_batch_flush(b);
    }
    struct udp_late *late = &b->late[b->n_late];
    assert(reply.n <= sizeof late->reply);
    memcpy(&late->back, client->room, sizeof late->back);
    memcpy(late->reply, reply.at, reply.n);
    b->late_at[b->n_late] = (struct iovec){late->reply, reply.n};
    b->late_out[b->n_late].msg_hdr = (struct msghdr){
        .msg_name = &late->back.peer,
        .msg_namelen = late->back.n_peer,
        .msg_iov = &b->late_at[b->n_late],
        .msg_iovlen = 1,
        .msg_control = late->back.n_control > 0 ? late->back.control : NULL,
        .msg_controllen = late->back.n_control,
    };
    b->late_of = l;
    b->n_late++;
    traffic_uncount(&b->traffic->n_in_flight);
}

static void set_return(struct resolver_client *client, const struct msghdr *m)
{
    struct udp_return *back = (struct udp_return *)client->room;
    assert(m->msg_namelen <= sizeof back->peer && m->msg_controllen <= sizeof back->control);
    memcpy(&back->peer, m->msg_name, m->msg_namelen);
    back->n_peer = m->msg_namelen;
    back->n_control = m->msg_controllen;
    if (m->msg_controllen > 0) {
        memcpy(back->control, m->msg_control, m->msg_controllen);
    }
}

/* Asks for datagram i; true when a reply stands in its slot. */
static bool answer_slot(struct udp_listener *l, unsigned i, size_t *ret_n)
{
    struct udp_slot *slot = &l->batch->slots[i];
    struct traffic *traffic = l->batch->traffic;
    struct msghdr *m = &l->batch->in[i].msg_hdr;
    size_t n = l->batch->in[i].msg_len;
    union udp_address to;
    turn_control(l, m, &to);
    if (udp_is_bad_source((const struct sockaddr *)&slot->peer, &to.any)) {
        traffic_count(&traffic->n_dropped[TRAFFIC_SOURCE], 1);
        return false;
    }
    if (m->msg_flags & MSG_TRUNC) {
        /* The header alone makes it FORMERR; the cut bytes are never looked at (PROMISES U5). */
        n = MESSAGE_HEADER;
    }
    struct resolver_client client;
    client.on_reply = on_reply;
    client.listener = l;
    client.reply_limit = 0;
    client.from = NULL;
    client.is_stream = false;
    client.chase = (struct resolver_chase){0};
    client.keepalive_ds = 0;
    struct client_address from;
    if (l->batch->asks_who) {
        client_address_set(&from, (const struct sockaddr *)&slot->peer, &to.any);
        client.from = &from;
    }
    set_return(&client, m);
    struct buf out = buf_over(slot->reply, sizeof slot->reply);
    switch (resolver_ask(l->resolver, bytes_of(slot->query, n), &client, &out)) {
    case RESOLVER_ANSWERED:
        *ret_n = out.n;
        return true;
    case RESOLVER_PENDING:
        l->batch->n_pending++;
        traffic_count(&traffic->n_in_flight, 1);
        return false;
    case RESOLVER_GARBLED:
    case RESOLVER_DROPPED:
        traffic_count(&traffic->n_dropped[n < MESSAGE_HEADER ? TRAFFIC_SHORT : TRAFFIC_RESPONSE],
                      1);
        return false;
    case RESOLVER_DENIED:
        traffic_count(&traffic->n_dropped[TRAFFIC_ACCESS], 1);
        return false;
    case RESOLVER_BLOCKED:
        traffic_count(&traffic->n_dropped[TRAFFIC_POLICY], 1);
        return false;
    case RESOLVER_LIMITED:
        traffic_count(&traffic->n_dropped[TRAFFIC_RATE], 1);
        return false;
    }
    assert(false);
    return false;
}

/* One batch in, its ready answers out; true when so many came that more will have come meanwhile:
 * to look costs less than to wait for the next turn of the loop. */
static bool serve_batch(struct udp_listener *l)
{
    struct udp_batch *b = l->batch;
    int n = receive(l);
    if (n <= 0) {
        return false;
    }
    traffic_count(&b->traffic->n_received, (unsigned)n);
    b->n_pending = 0;
    unsigned n_out = 0;
    for (unsigned i = 0; i < (unsigned)n; i++) {
        size_t n_reply;
        if (!answer_slot(l, i, &n_reply)) {
            continue;
        }
        const struct msghdr *in = &b->in[i].msg_hdr;
        b->out_at[n_out] = (struct iovec){b->slots[i].reply, n_reply};
        b->out[n_out].msg_hdr = (struct msghdr){
            .msg_name = in->msg_name,
            .msg_namelen = in->msg_namelen,
            .msg_iov = &b->out_at[n_out],
            .msg_iovlen = 1,
            .msg_control = in->msg_controllen > 0 ? in->msg_control : NULL,
            .msg_controllen = in->msg_controllen,
        };
        n_out++;
    }
    send_all(l, b->out, n_out);
    return n >= UDP_BUSY;
}

/* Who was busy and finds nothing lets the others run once before it sleeps: on a loaded machine
 * they are its clients, who answer with more, and nobody has to be woken. But what many wait for is
 * the loop's next turn: a connection is not to begin after a burst is read, but while. */
static void serve(struct udp_listener *l)
{
    bool was_busy = false;
    for (int i = 0; i < UDP_TURNS; i++) {
        bool busy = serve_batch(l);
        if (busy ? l->batch->n_pending >= UDP_BATCH / 2 : !was_busy) {
            return;
        }
        if (!busy) {
            sched_yield();
        }
        was_busy = busy;
    }
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)events;
    struct udp_listener *l = poll->data;
    if (status < 0) {
        /* Some client's ICMP: libuv has stopped the handle, reading clears it (PROMISES U3). */
        uv_poll_start(poll, UV_READABLE, on_readable);
    }
    loop_tick(l->loop);
    serve(l);
}

/* ---- life ---- */

static int want_packet_info(int fd, int family)
{
    int yes = 1;
    return family == AF_INET6 ? setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &yes, sizeof yes)
                              : setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &yes, sizeof yes);
}

struct udp_listener *udp_listener_new(struct loop *loop, struct resolver *resolver,
                                      struct udp_batch *batch, const struct socket_entry *entry,
                                      int fd)
{
    struct udp_listener *l = calloc(1, sizeof *l);
    if (l == NULL) {
        close(fd);
        return NULL;
    }
    l->loop = loop;
    l->resolver = resolver;
    l->batch = batch;
    l->fd = fd;
    l->own = entry->address;
    l->wildcard = sockets_is_wildcard(&entry->address);
    if ((l->wildcard && want_packet_info(fd, entry->address.ss_family) < 0) ||
        uv_poll_init(&loop->uv, &l->poll, fd) < 0) {
        close(fd);
        free(l);
        return NULL;
    }
    l->poll.data = l;
    uv_poll_start(&l->poll, UV_READABLE, on_readable);
    return l;
}

void udp_listener_stop(struct udp_listener *l)
{
    loop_tick(l->loop);
    for (int i = 0; i < UDP_TURNS && serve_batch(l); i++) {
    }
    uv_poll_stop(&l->poll);
}

static void on_closed(uv_handle_t *handle)
{
    struct udp_listener *l = handle->data;
    if (l->batch->prepared_for == l) {
        l->batch->prepared_for = NULL; /* another may come to stand at the same address */
    }
    close(l->fd);
    free(l);
}

void udp_listener_close(struct udp_listener *l)
{
    uv_close((uv_handle_t *)&l->poll, on_closed);
}
