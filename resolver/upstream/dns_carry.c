/* SPDX-License-Identifier: MIT */
/* How plain DNS is carried: by plain.h instead of the exchange; UDP, then TCP when the answer did
 * not fit; a datagram that may be lost is sent once more. */
#include "resolver/upstream/upstream.h"

#include <errno.h>

#define MEDIA_TYPE "application/dns-message"

enum { TIMEOUT_MS = 2000, AGAIN_MS = 600 /* a datagram gets lost, most of all by radio */ };

/* The provider's server; one that has none stands for the local resolvers, which take turns. */
static const char *server_of(const struct upstream *u)
{
    const struct plain *plain = u->pool->params.bootstrap;
    if (u->params->server != NULL) {
        return u->params->server;
    }
    size_t n = plain != NULL ? plain_n_preferred(plain) : 0;
    return n > 0 ? plain_server(plain, u->turn % n) : NULL;
}

static void on_done(struct plain_call *call, enum plain_result result, struct bytes message,
                    uint32_t rtt_us)
{
    struct attempt *a = (struct attempt *)((char *)call - offsetof(struct attempt, plain));
    struct exchange_reply reply = {
        .result = result == PLAIN_REPLIED ? EXCHANGE_DONE : EXCHANGE_UNREACHABLE,
        .status = 200,
        .media_type = MEDIA_TYPE,
        .body = message,
        .detail = result == PLAIN_TIMED_OUT ? "no reply from the server" : "no way to the server",
    };
    (void)rtt_us;
    bool is_cut = result == PLAIN_REPLIED && message.n >= MESSAGE_HEADER &&
                  (bytes_read_u16(message.at + 2) & FLAG_TC) != 0;
    if (is_cut && !a->tcp) {
        a->tcp = true;
        if (dns_send(a) == 0) {
            return;
        }
    }
    a->upstream->turn += result != PLAIN_REPLIED;
    attempt_finish(a, &reply);
}

/* To ask it would be to ask ourselves. */
static bool is_barred(const struct upstream *u)
{
    const atomic_uint *barred = u->pool->params.barred;
    unsigned bit = 1u << (u - u->pool->upstreams);
    return barred != NULL && (atomic_load_explicit(barred, memory_order_relaxed) & bit) != 0;
}

int dns_send(struct attempt *a)
{
    struct upstream *u = a->upstream;
    if (is_barred(u)) {
        return -ELOOP;
    }
    struct plain_request request = {
        .server = server_of(u),
        .question = &a->question,
        .tcp = a->tcp,
        .want_do = a->want_do,
        .timeout_ms = TIMEOUT_MS,
        .again_ms = AGAIN_MS,
    };
    a->plain = (struct plain_call){.on_done = on_done};
    return request.server != NULL ? plain_ask(u->pool->params.bootstrap, &request, &a->plain)
                                  : -EHOSTUNREACH;
}

void dns_cancel(struct attempt *a)
{
    plain_cancel(a->upstream->pool->params.bootstrap, &a->plain);
}
