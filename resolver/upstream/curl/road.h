/* SPDX-License-Identifier: MIT */
/* How packets get to an endpoint, in curl's words. Private to the exchange. */
#ifndef RESOLVER_UPSTREAM_CURL_ROAD_H
#define RESOLVER_UPSTREAM_CURL_ROAD_H

#include "resolver/exchange.h"

#include <curl/curl.h>

/* Sets what the road says on a transfer. `road` must outlive it. False: curl does not know how, and
 * nothing must be sent. */
bool road_set(CURL *easy, const struct exchange_road *road);

/* Whose certificates hold: those in `ca_file`, NULL: the system's roots. curl reads a file once an
 * hour for all connections, but a folder for each of them: where the system has both, which say the
 * same, that costs every handshake some 25 ms. */
bool road_trust(CURL *easy, const char *ca_file);

#endif
