/* SPDX-License-Identifier: MIT */
/* libcurl's words for people, which differ between its versions. Private to the exchange. */
#ifndef RESOLVER_UPSTREAM_CURL_DETAIL_H
#define RESOLVER_UPSTREAM_CURL_DETAIL_H

/* Why a certificate does not hold, said as before libcurl 8.17, in place: the later words are so
 * many that little of the reason fits where it is told. Others stay as they are. */
void detail_shorten(char *detail);

#endif
