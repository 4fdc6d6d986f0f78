/* SPDX-License-Identifier: MIT */
/* Which redirections may be followed. Private to the exchange. */
#ifndef RESOLVER_UPSTREAM_CURL_REDIRECT_H
#define RESOLVER_UPSTREAM_CURL_REDIRECT_H

#include <stdbool.h>

/* Does it lead to the same host and port, by https? Another host's address would have to be looked
 * up, and it is not the one that is trusted with questions, signatures and client certificates. */
bool redirect_stays(const char *from, const char *to);
/* Does a request with this method, sent once more as it is, do what the status calls for? */
bool redirect_keeps(long status, bool post);

#endif
