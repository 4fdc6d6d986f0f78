/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/curl/redirect.h"

#include <string.h>
#include <strings.h>

#include <curl/curl.h>

/* The CURLU's part, to be freed with curl_free(); NULL when there is none. */
static char *part_of(CURLU *url, CURLUPart part)
{
    char *text = NULL;
    return curl_url_get(url, part, &text, CURLU_DEFAULT_PORT) == CURLUE_OK ? text : NULL;
}

static bool is_same(CURLU *a, CURLU *b, CURLUPart part)
{
    char *of_a = part_of(a, part), *of_b = part_of(b, part);
    bool same = of_a != NULL && of_b != NULL && strcasecmp(of_a, of_b) == 0;
    curl_free(of_a);
    curl_free(of_b);
    return same;
}

static bool has(CURLU *url, CURLUPart part)
{
    char *text = part_of(url, part);
    curl_free(text);
    return text != NULL;
}

static bool is_https(CURLU *url)
{
    char *scheme = part_of(url, CURLUPART_SCHEME);
    bool https = scheme != NULL && strcmp(scheme, "https") == 0;
    curl_free(scheme);
    return https;
}

bool redirect_stays(const char *from, const char *to)
{
    CURLU *a = curl_url(), *b = curl_url();
    bool stays = a != NULL && b != NULL && curl_url_set(a, CURLUPART_URL, from, 0) == CURLUE_OK &&
                 curl_url_set(b, CURLUPART_URL, to, 0) == CURLUE_OK && is_https(a) && is_https(b) &&
                 is_same(a, b, CURLUPART_HOST) && is_same(a, b, CURLUPART_PORT) &&
                 !has(b, CURLUPART_USER) && !has(b, CURLUPART_PASSWORD);
    curl_url_cleanup(a);
    curl_url_cleanup(b);
    return stays;
}

bool redirect_keeps(long status, bool post)
{
    bool always = status == 307 || status == 308;
    return always || (!post && (status == 301 || status == 302 || status == 303));
}
