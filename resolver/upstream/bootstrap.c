/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/bootstrap.h"

#include "resolver/wire/answer.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

enum { N_CALLS = 2, ASK_TIMEOUT_MS = 1500, HOST_TEXT_MAX = 256 };

/* One set of addresses. Sets are kept to the end: requests under way may still point at an old one,
 * and a provider moves a few times a year. */
struct address_set {
    struct address_set *former;
    size_t n;
    const char *at[BOOTSTRAP_ADDRESSES_MAX];
    char text[BOOTSTRAP_ADDRESSES_MAX][INET6_ADDRSTRLEN];
};

struct bootstrap_call {
    struct plain_call call; /* first */
    struct bootstrap *bootstrap;
    struct question question;
};

struct bootstrap {
    struct port *port;
    struct plain *plain;
    void (*on_done)(void *ctx);
    void *ctx;
    bool has_name;
    struct bootstrap_call calls[N_CALLS]; /* A, AAAA */
    unsigned n_pending;
    size_t server;
    struct address_set *set;   /* in use */
    struct address_set *fresh; /* what the round under way has found */
    uint64_t asked_us, found_us;
    bool asked;
};

bool bootstrap_host_of(const char *url, struct name *ret_host)
{
    static const char scheme[] = "https://";
    char text[HOST_TEXT_MAX];
    struct in_addr v4;
    if (strncmp(url, scheme, sizeof scheme - 1) != 0 || url[sizeof scheme - 1] == '[') {
        return false;
    }
    const char *host = url + sizeof scheme - 1;
    size_t n = strcspn(host, ":/?#");
    if (n == 0 || n >= sizeof text) {
        return false;
    }
    memcpy(text, host, n);
    text[n] = '\0';
    return inet_pton(AF_INET, text, &v4) != 1 && name_from_text(text, ret_host) == 0;
}

struct bootstrap *bootstrap_new(struct port *port, struct plain *plain, const char *url,
                                void (*on_done)(void *ctx), void *ctx)
{
    static const uint16_t types[N_CALLS] = {TYPE_A, TYPE_AAAA};
    struct bootstrap *b = calloc(1, sizeof *b);
    struct name host;
    if (b == NULL) {
        return NULL;
    }
    b->port = port;
    b->plain = plain;
    b->on_done = on_done;
    b->ctx = ctx;
    b->has_name = bootstrap_host_of(url, &host);
    for (size_t i = 0; i < N_CALLS && b->has_name; i++) {
        name_lower(&host);
        b->calls[i].bootstrap = b;
        b->calls[i].question = (struct question){host, types[i], CLASS_IN};
    }
    return b;
}

struct bootstrap *bootstrap_free(struct bootstrap *b)
{
    if (b == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < N_CALLS && b->n_pending > 0; i++) {
        plain_cancel(b->plain, &b->calls[i].call);
    }
    free(b->fresh);
    while (b->set != NULL) {
        struct address_set *set = b->set;
        b->set = set->former;
        free(set);
    }
    free(b);
    return NULL;
}

struct bootstrap_found bootstrap_found(const struct bootstrap *b)
{
    if (b->set == NULL) {
        return (struct bootstrap_found){0};
    }
    return (struct bootstrap_found){b->set->at, b->set->n};
}

bool bootstrap_is_old(const struct bootstrap *b)
{
    return b->set == NULL ||
           port_now_us(b->port) - b->found_us >= (uint64_t)BOOTSTRAP_KEEP_S * 1000000;
}

/* ---- a round ---- */

static void add_address(struct address_set *set, int family, struct bytes rdata)
{
    size_t n = family == AF_INET ? 4 : 16;
    if (rdata.n != n || set->n == BOOTSTRAP_ADDRESSES_MAX) {
        return;
    }
    inet_ntop(family, rdata.at, set->text[set->n], sizeof set->text[0]);
    set->at[set->n] = set->text[set->n];
    set->n++;
}

static void add_answer(struct bootstrap_call *c, struct bytes message)
{
    struct bootstrap *b = c->bootstrap;
    struct answer_expect expect = {
        .question = &c->question, .id = -1, .now_us = port_now_us(b->port), .max_ttl_s = 86400};
    owned(answer_unrefp) struct answer *answer = NULL;
    if (answer_read(message, &expect, &answer) != ANSWER_OK) {
        return;
    }
    struct answer_walk walk = answer_walk(answer);
    struct answer_record record;
    while (answer_next(&walk, &record) && walk.n_done <= answer->n_answers) {
        if (record.type == c->question.type) {
            add_address(b->fresh, record.type == TYPE_A ? AF_INET : AF_INET6, record.rdata);
        }
    }
}

static bool same_set(const struct address_set *a, const struct address_set *b)
{
    if (a == NULL || a->n != b->n) {
        return false;
    }
    for (size_t i = 0; i < a->n; i++) {
        bool found = false;
        for (size_t k = 0; k < b->n; k++) {
            found = found || strcmp(a->text[i], b->text[k]) == 0;
        }
        if (!found) {
            return false;
        }
    }
    return true;
}

static bool ask_next_server(struct bootstrap *b);

static void end_round(struct bootstrap *b)
{
    if (b->fresh->n > 0) {
        b->found_us = port_now_us(b->port);
        if (!same_set(b->set, b->fresh)) {
            b->fresh->former = b->set;
            b->set = b->fresh;
            b->fresh = NULL;
        }
    } else {
        b->server++;
        if (ask_next_server(b)) {
            return;
        }
    }
    free(b->fresh);
    b->fresh = NULL;
    b->on_done(b->ctx);
}

static void on_said(struct plain_call *call, enum plain_result result, struct bytes message,
                    uint32_t rtt_us)
{
    (void)rtt_us;
    struct bootstrap_call *c = (struct bootstrap_call *)call;
    if (result == PLAIN_REPLIED) {
        add_answer(c, message);
    }
    if (--c->bootstrap->n_pending == 0) {
        end_round(c->bootstrap);
    }
}

/* Asks the present server for both families; false when no question could be asked. */
static bool ask_server(struct bootstrap *b)
{
    for (size_t i = 0; i < N_CALLS; i++) {
        struct plain_request request = {
            .server = plain_server(b->plain, b->server),
            .question = &b->calls[i].question,
            .timeout_ms = ASK_TIMEOUT_MS,
        };
        b->calls[i].call = (struct plain_call){.on_done = on_said};
        b->n_pending += plain_ask(b->plain, &request, &b->calls[i].call) == 0;
    }
    return b->n_pending > 0;
}

/* From the present server on, the first that can be asked. */
static bool ask_next_server(struct bootstrap *b)
{
    while (b->server < plain_n_servers(b->plain) && !ask_server(b)) {
        b->server++;
    }
    return b->n_pending > 0;
}

bool bootstrap_ask(struct bootstrap *b)
{
    uint64_t now_us = port_now_us(b->port);
    if (b->n_pending > 0) {
        return true;
    }
    if (!b->has_name || plain_n_servers(b->plain) == 0 ||
        (b->asked && now_us - b->asked_us < (uint64_t)BOOTSTRAP_PAUSE_S * 1000000)) {
        return false;
    }
    b->fresh = calloc(1, sizeof *b->fresh);
    if (b->fresh == NULL) {
        return false;
    }
    b->asked = true;
    b->asked_us = now_us;
    b->server = 0;
    if (!ask_next_server(b)) {
        free(b->fresh);
        b->fresh = NULL;
    }
    return b->n_pending > 0;
}

void bootstrap_ask_anew(struct bootstrap *b)
{
    b->asked = false;
    bootstrap_ask(b);
}
