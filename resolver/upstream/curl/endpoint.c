/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/curl/endpoint.h"

#include "resolver/crypto/sessions.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    SUCCESSION_PAUSE_US = 1000000,
    RENEW_PAUSE_MIN_US = 1000000,
    RENEW_PAUSE_MAX_US = 4000000,
    SHARED_US = 1000000, /* a new connection that takes longer may be lost itself */
    RENEWED_US = 2000000,
};

static bool is_wanted(enum exchange_family family, const char *address)
{
    bool is_v6 = strchr(address, ':') != NULL;
    return family == EXCHANGE_ANY_FAMILY || is_v6 == (family == EXCHANGE_IPV6);
}

/* Has it an address that may be used? libcurl must not be left with none: it would look one up. */
static bool has_wanted(const struct exchange_endpoint *endpoint)
{
    for (size_t i = 0; i < endpoint->n_addresses; i++) {
        if (is_wanted(endpoint->road.family, endpoint->addresses[i])) {
            return true;
        }
    }
    return false;
}

/* "host:port:address,address" for CURLOPT_RESOLVE; false without memory. */
static bool make_resolve(const struct exchange_endpoint *endpoint, const char *host,
                         const char *port, struct curl_slist **ret_list)
{
    const char *lead = "";
    char *line = NULL;
    size_t n;
    FILE *to = open_memstream(&line, &n);
    *ret_list = NULL;
    if (to != NULL) {
        fprintf(to, "%s:%s:", host, port);
        for (size_t i = 0; i < endpoint->n_addresses; i++) {
            const char *address = endpoint->addresses[i];
            bool is_v6 = strchr(address, ':') != NULL && address[0] != '[';
            if (is_wanted(endpoint->road.family, address)) {
                fprintf(to, is_v6 ? "%s[%s]" : "%s%s", lead, address);
                lead = ",";
            }
        }
    }
    if (to != NULL && fclose(to) == 0) {
        *ret_list = curl_slist_append(NULL, line);
    }
    free(line);
    return *ret_list != NULL;
}

/* A new list, or none: the former one is kept for whoever still refers to it. */
static bool lane_renew(struct lane *lane, const struct exchange_endpoint *endpoint,
                       const char *host, const char *port)
{
    struct curl_slist *list = NULL;
    if (has_wanted(endpoint) && !make_resolve(endpoint, host, port, &list)) {
        return false;
    }
    curl_slist_free_all(lane->former);
    lane->former = lane->resolve;
    lane->resolve = list;
    lane->resolved = false;
    return true;
}

/* The lanes beside the first. A proxy would be told their names. */
static bool renew_lanes(struct known_endpoint *known, const struct exchange_endpoint *endpoint,
                        const char *port)
{
    known->has_lanes = endpoint->road.proxy == NULL && has_wanted(endpoint);
    for (unsigned i = 1; i < ALL_LANES && known->has_lanes; i++) {
        struct lane *lane = &known->lanes[i];
        char name[LANE_NAME_MAX], line[LANE_NAME_MAX + 16];
        snprintf(name, sizeof name, "p%u-%u.invalid", endpoint->id, i);
        snprintf(line, sizeof line, "::%s:%s", name, port);
        if (lane->connect_to == NULL) {
            lane->connect_to = curl_slist_append(NULL, line);
        }
        if (lane->connect_to == NULL || !lane_renew(lane, endpoint, name, port)) {
            return false;
        }
    }
    return true;
}

static bool renew(struct known_endpoint *known, const struct exchange_endpoint *endpoint)
{
    bool done = false;
    char *host = NULL, *port = NULL;
    if (curl_url_get(known->url, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
        curl_url_get(known->url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK) {
        done = lane_renew(&known->lanes[0], endpoint, host, port) &&
               renew_lanes(known, endpoint, port);
        /* A name that curl would have to look up must not get that far. */
        known->is_literal = host[0] == '[' || host[strspn(host, "0123456789.")] == '\0';
    }
    curl_free(host);
    curl_free(port);
    return done;
}

/* The URL stays what it is for as long as the endpoint is known. */
static bool set_up(struct known_endpoint *known, const struct exchange_endpoint *endpoint)
{
    for (unsigned i = 0; i < ALL_LANES; i++) {
        known->lanes[i].endpoint = known;
        known->lanes[i].waits = i >= LANES;
    }
    known->url = curl_url();
    return known->url != NULL &&
           curl_url_set(known->url, CURLUPART_URL, endpoint->url, 0) == CURLUE_OK;
}

int endpoint_update(struct known_endpoint *known, const struct exchange_endpoint *endpoint)
{
    if (known->addresses == endpoint->addresses && known->n_addresses == endpoint->n_addresses &&
        known->edition == endpoint->edition && (known->is_literal || known->n_addresses > 0)) {
        return 0;
    }
    if ((known->url == NULL && !set_up(known, endpoint)) || !renew(known, endpoint)) {
        return -EINVAL;
    }
    known->addresses = endpoint->addresses;
    known->n_addresses = endpoint->n_addresses;
    known->edition = endpoint->edition;
    return 0;
}

struct lane *endpoint_lane(struct known_endpoint *known, bool spread, const struct lane *other)
{
    struct lane *best = NULL;
    for (unsigned i = 0; i < ALL_LANES && spread && known->has_lanes; i++) {
        struct lane *lane = &known->lanes[i];
        bool may = !lane->waits && (other == NULL || (lane != other && lane->resolved));
        if (may && (best == NULL || lane->n_live < best->n_live)) {
            best = lane;
        }
    }
    return best != NULL ? best : &known->lanes[known->lanes[0].waits ? LANES : 0];
}

static struct lane *counterpart(struct known_endpoint *known, const struct lane *lane)
{
    return &known->lanes[(size_t)(lane - known->lanes + LANES) % ALL_LANES];
}

struct lane *endpoint_heir(struct known_endpoint *known, struct lane *lane, uint64_t now_us,
                           uint64_t age_us)
{
    if (lane->born_us == 0) {
        lane->born_us = now_us;
    }
    if (age_us == 0 || now_us - lane->born_us < age_us || !known->has_lanes ||
        known->succession.handle != NULL || now_us - known->tried_us < SUCCESSION_PAUSE_US) {
        return NULL;
    }
    known->tried_us = now_us;
    known->heir = counterpart(known, lane);
    known->heir->born_us = now_us;
    return known->heir;
}

void endpoint_succeed(struct known_endpoint *known)
{
    struct lane *old = counterpart(known, known->heir);
    known->heir->waits = false;
    old->waits = true;
    old->born_us = 0;
}

/* Doubles until one was right. */
static bool may_renew(struct known_endpoint *known, uint64_t now_us)
{
    if (now_us < known->renew_after_us) {
        return false;
    }
    uint64_t pause_us = known->pause_us == 0 ? RENEW_PAUSE_MIN_US : 2 * known->pause_us;
    known->pause_us = pause_us < RENEW_PAUSE_MAX_US ? pause_us : RENEW_PAUSE_MAX_US;
    known->renew_after_us = now_us + known->pause_us;
    return true;
}

/* One that has something else under way has connections of its own, which may be no better. */
struct lane *endpoint_renew(struct known_endpoint *known, struct lane *lane, bool lost,
                            uint64_t now_us)
{
    struct lane *heir = counterpart(known, lane);
    if (!known->has_lanes || lane->waits || heir->n_live > heir->n_renewing) {
        return NULL;
    }
    if (heir->n_renewing > 0 && now_us - heir->renews_us < SHARED_US) {
        return heir;
    }
    if (lost && !may_renew(known, now_us)) {
        return NULL;
    }
    heir->renews_us = now_us;
    return heir;
}

void endpoint_renewed(struct known_endpoint *known, struct lane *lane, uint64_t now_us)
{
    struct lane *heir = counterpart(known, lane);
    known->pause_us = 0;
    if (heir->n_renewing > 0 || heir->n_live == 0) {
        heir->waits = false;
        heir->born_us = heir->renews_us = now_us;
        lane->waits = true;
        lane->born_us = 0;
    }
}

bool endpoint_is_renewed(const struct lane *lane, uint64_t now_us)
{
    return lane->renews_us != 0 && now_us - lane->renews_us < RENEWED_US;
}

/* Appends to *list; false, and the list freed, without memory. */
static bool append(struct curl_slist **list, const char *name, const char *value)
{
    char line[EXCHANGE_TYPE_MAX + 16];
    snprintf(line, sizeof line, "%s%s", name, value);
    struct curl_slist *longer = curl_slist_append(*list, line);
    if (longer == NULL) {
        curl_slist_free_all(*list);
    }
    *list = longer;
    return longer != NULL;
}

struct curl_slist *endpoint_make_headers(const char *media_type, bool post, const char *header)
{
    struct curl_slist *list = NULL;
    if (!append(&list, "Accept: ", media_type) ||
        (post && !append(&list, "Content-Type: ", media_type))) {
        return NULL;
    }
    struct curl_slist *whole = header != NULL ? curl_slist_append(list, header) : list;
    if (whole == NULL) {
        curl_slist_free_all(list);
    }
    return whole;
}

struct curl_slist *endpoint_headers(struct known_endpoint *known, const char *media_type, bool post)
{
    if (known->media_type[0] == '\0') {
        snprintf(known->media_type, sizeof known->media_type, "%s", media_type);
        known->post_headers = endpoint_make_headers(media_type, true, NULL);
        known->get_headers = endpoint_make_headers(media_type, false, NULL);
    }
    if (strcmp(known->media_type, media_type) != 0) {
        return NULL;
    }
    return post ? known->post_headers : known->get_headers;
}

static CURLcode on_tls(CURL *easy, void *ssl_ctx, void *ctx)
{
    (void)easy;
    (void)ctx;
    sessions_make_resumable(ssl_ctx);
    return CURLE_OK;
}

/* Eight sessions, one a lane: curl keeps them by the name it connects to. */
bool endpoint_share_sessions(struct known_endpoint *known, CURL *easy)
{
    if (known->sessions == NULL) {
        known->sessions = curl_share_init();
        if (known->sessions == NULL ||
            curl_share_setopt(known->sessions, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION) !=
                CURLSHE_OK) {
            return false;
        }
    }
    return curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_tls) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SHARE, known->sessions) == CURLE_OK;
}

void endpoint_forget(struct known_endpoint *known)
{
    known->is_serial = false;
    known->idle = (struct idle){0};
    known->no_http3_until_us = 0;
    for (unsigned i = 0; i < ALL_LANES; i++) {
        known->lanes[i].born_us = 0; /* its connections end */
    }
}

void endpoint_done(struct known_endpoint *known)
{
    curl_share_cleanup(known->sessions);
    curl_url_cleanup(known->url);
    curl_slist_free_all(known->post_headers);
    curl_slist_free_all(known->get_headers);
    for (unsigned i = 0; i < ALL_LANES; i++) {
        curl_slist_free_all(known->lanes[i].connect_to);
        curl_slist_free_all(known->lanes[i].resolve);
        curl_slist_free_all(known->lanes[i].former);
    }
}
