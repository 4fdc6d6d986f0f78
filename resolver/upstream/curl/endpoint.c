/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/curl/endpoint.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

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

/* "host:port:address,address" for CURLOPT_RESOLVE; false without memory or for a URL that is none.
 */
static bool make_resolve(const struct exchange_endpoint *endpoint, struct curl_slist **ret_list)
{
    bool done = false;
    const char *lead = "";
    char *host = NULL, *port = NULL, *line = NULL;
    size_t n;
    FILE *to = open_memstream(&line, &n);
    CURLU *url = curl_url();
    if (to != NULL && url != NULL &&
        curl_url_set(url, CURLUPART_URL, endpoint->url, 0) == CURLUE_OK &&
        curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
        curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK) {
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
    if (to != NULL && fclose(to) == 0 && port != NULL) {
        *ret_list = curl_slist_append(NULL, line);
        done = *ret_list != NULL;
    }
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(url);
    free(line);
    return done;
}

/* A name that curl would have to look up must not get that far. */
static bool has_literal_host(const char *text)
{
    char *host = NULL;
    bool literal = false;
    CURLU *url = curl_url();
    if (url != NULL && curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK &&
        curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
        literal = host[0] == '[' || host[strspn(host, "0123456789.")] == '\0';
    }
    curl_free(host);
    curl_url_cleanup(url);
    return literal;
}

int endpoint_update(struct known_endpoint *known, const struct exchange_endpoint *endpoint)
{
    if (known->addresses == endpoint->addresses && known->n_addresses == endpoint->n_addresses &&
        (known->is_literal || known->n_addresses > 0)) {
        return 0;
    }
    struct curl_slist *list = NULL;
    if (has_wanted(endpoint) && !make_resolve(endpoint, &list)) {
        return -EINVAL;
    }
    curl_slist_free_all(known->former);
    known->former = known->resolve;
    known->resolve = list;
    known->addresses = endpoint->addresses;
    known->n_addresses = endpoint->n_addresses;
    known->resolved = false;
    known->is_literal = has_literal_host(endpoint->url);
    return 0;
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

void endpoint_done(struct known_endpoint *known)
{
    curl_slist_free_all(known->post_headers);
    curl_slist_free_all(known->get_headers);
    curl_slist_free_all(known->resolve);
    curl_slist_free_all(known->former);
}
