/* SPDX-License-Identifier: MIT */
#include "resolver/clients/clients.h"

#include <assert.h>
#include <stdlib.h>

struct clients {
    struct access *access;
    enum clients_denied denied;
    struct rate *rate; /* NULL: no limit */
    enum clients_over over;
    enum clients_unproven unproven;
    bool gives_cookies;
    struct cookie_keys keys;
};

static struct access *make_access(const struct clients_params *params)
{
    size_t n = params->n_allow + params->n_deny;
    struct access_rule *rules = calloc(n + 1, sizeof rules[0]);
    if (rules == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        bool allow = i < params->n_allow;
        rules[i] = allow ? params->allow[i] : params->deny[i - params->n_allow];
        rules[i].allow = allow;
    }
    struct access *access = access_new(rules, n);
    free(rules);
    return access;
}

struct clients *clients_new(const struct clients_params *params, const uint8_t secret[16])
{
    assert(params->cookies != CLIENTS_COOKIES_AUTO);
    struct clients *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return NULL;
    }
    c->denied = params->denied;
    c->over = params->over;
    c->unproven = params->unproven;
    c->gives_cookies = params->cookies == CLIENTS_COOKIES_ON;
    if (params->cookie_secrets != NULL) {
        cookie_keys_read(params->cookie_secrets, &c->keys);
    }
    memcpy(c->keys.root, secret, sizeof c->keys.root);
    c->access = make_access(params);
    if (params->rate.per_s > 0) {
        c->rate = rate_new(&params->rate, secret);
    }
    bool good = c->access != NULL && (c->rate != NULL || params->rate.per_s == 0);
    return good ? c : clients_free(c);
}

struct clients *clients_free(struct clients *c)
{
    if (c != NULL) {
        access_free(c->access);
        rate_free(c->rate);
        explicit_bzero(&c->keys, sizeof c->keys);
        free(c);
    }
    return NULL;
}

enum clients_access clients_access(const struct clients *c, const struct client_address *from)
{
    if (access_allows(c->access, from)) {
        return CLIENTS_ALLOWED;
    }
    return c->denied == CLIENTS_DENIED_DROP ? CLIENTS_UNHEARD : CLIENTS_REFUSED;
}

/* True when the client has shown that it gets what is sent to its address. */
static bool take_cookie(const struct clients *c, const struct cookie_client *client,
                        struct query_message *message)
{
    if (!c->gives_cookies || client->cookie.n == 0 || client->from->kind == CLIENT_UNIX) {
        return false;
    }
    uint8_t cookie[COOKIE_CLIENT + COOKIE_SERVER];
    bool good = cookie_answer(&c->keys, client, cookie);
    bool is_bare = client->cookie.n == COOKIE_CLIENT;
    message->cookie_is = good      ? MESSAGE_COOKIE_GOOD
                         : is_bare ? MESSAGE_COOKIE_NEW
                                   : MESSAGE_COOKIE_BAD;
    message_tell_option(message, EDNS_OPTION_COOKIE, bytes_of(cookie, sizeof cookie));
    return good;
}

enum clients_verdict clients_judge(struct clients *c, const struct client_address *from,
                                   const struct clients_moment *moment,
                                   struct query_message *message)
{
    struct cookie_client client = {
        .from = from,
        .cookie = bytes_of(message->cookie, message->n_cookie),
        .now_s = moment->wall_s,
    };
    bool is_proven = take_cookie(c, &client, message);
    if (is_proven || !moment->is_datagram || from->is_own) {
        return CLIENTS_SERVE;
    }
    if (c->rate != NULL && !rate_take(c->rate, from, moment->now_us)) {
        if (c->over == CLIENTS_OVER_DROP) {
            return CLIENTS_DROP;
        }
        return c->gives_cookies && client.cookie.n > 0 ? CLIENTS_BAD_COOKIE : CLIENTS_TRUNCATE;
    }
    return c->unproven == CLIENTS_UNPROVEN_TRUNCATE ? CLIENTS_SERVE_SMALL : CLIENTS_SERVE;
}
