/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/curl/endpoint.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* "host:port:address,address" for CURLOPT_RESOLVE; false without memory or for a URL that is none.
 */
static bool make_resolve(const struct exchange_endpoint *endpoint, struct curl_slist **ret_list)
{
    bool done = false;
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
            fprintf(to, is_v6 ? "%s[%s]" : "%s%s", i > 0 ? "," : "", address);
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
    if (endpoint->n_addresses > 0 && !make_resolve(endpoint, &list)) {
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

void endpoint_done(struct known_endpoint *known)
{
    curl_slist_free_all(known->resolve);
    curl_slist_free_all(known->former);
}
