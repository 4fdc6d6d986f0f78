/* SPDX-License-Identifier: MIT */
#include "tests/unit/fake_plain.h"

#include <assert.h>
#include <stdlib.h>

struct fake_call {
    struct plain *plain;
    struct plain_call *call;
    struct port_timer timer;
    struct fake_plain_reply reply;
};

int plain_global_init(void)
{
    return 0;
}

void plain_global_done(void)
{
}

struct plain *plain_new(struct port *port, const char *const *servers, size_t n_servers)
{
    struct plain *plain = calloc(1, sizeof *plain);
    assert(plain != NULL);
    plain->port = port;
    plain_set_servers(plain, servers, n_servers, n_servers);
    return plain;
}

struct plain *plain_free(struct plain *plain)
{
    if (plain != NULL) {
        assert(plain->n_live == 0);
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

bool plain_server_is_valid(const char *text)
{
    return text[0] != '\0';
}

static void end(struct fake_call *fake)
{
    port_timer_stop(fake->plain->port, &fake->timer);
    fake->call->handle = NULL;
    fake->plain->n_live--;
}

static void on_timer(struct port_timer *timer)
{
    struct fake_call *fake =
        (struct fake_call *)(void *)((char *)timer - offsetof(struct fake_call, timer));
    end(fake);
    struct plain_call *call = fake->call;
    call->on_done(call, fake->reply.result, bytes_of(fake->reply.at, fake->reply.n),
                  fake->reply.rtt_us);
    free(fake);
}

int plain_ask(struct plain *plain, const struct plain_request *request, struct plain_call *call)
{
    plain->n_asked++;
    if (plain->failure < 0) {
        return plain->failure;
    }
    struct fake_call *fake = calloc(1, sizeof *fake);
    assert(fake != NULL);
    fake->plain = plain;
    fake->call = call;
    fake->timer.on_fire = on_timer;
    fake->reply = (struct fake_plain_reply){.result = PLAIN_REPLIED, .rtt_us = 20000};
    plain->respond(plain->ctx, request, &fake->reply);
    bool silent = fake->reply.result == PLAIN_TIMED_OUT;
    uint64_t wait_us = silent ? (uint64_t)request->timeout_ms * 1000 : fake->reply.rtt_us;
    int failure = port_timer_start(plain->port, &fake->timer, port_now_us(plain->port) + wait_us);
    if (failure < 0) {
        free(fake);
        return failure;
    }
    plain->n_live++;
    call->handle = fake;
    return 0;
}

void plain_cancel(struct plain *plain, struct plain_call *call)
{
    struct fake_call *fake = call->handle;
    if (fake != NULL) {
        assert(fake->plain == plain);
        end(fake);
        free(fake);
    }
}
