/* SPDX-License-Identifier: MIT */
/* How packets get to an endpoint, in curl's words. Private to the exchange. */
#ifndef RESOLVER_UPSTREAM_CURL_ROAD_H
#define RESOLVER_UPSTREAM_CURL_ROAD_H

#include "resolver/exchange.h"

#include <curl/curl.h>

/* Sets what the road says on a transfer. `road` must outlive it. False: curl does not know how, and
 * nothing must be sent. */
bool road_set(CURL *easy, const struct exchange_road *road);

#endif
