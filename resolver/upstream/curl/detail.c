/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/curl/detail.h"

#include <string.h>

void detail_shorten(char *detail)
{
    static const char later[] = "SSL certificate OpenSSL verify result: ";
    static const char before[] = "SSL certificate problem: ";
    size_t n_later = sizeof later - 1, n_before = sizeof before - 1;
    if (strncmp(detail, later, n_later) != 0) {
        return;
    }
    size_t n = strlen(detail) + 1;
    memmove(detail + n_before, detail + n_later, n - n_later);
    memcpy(detail, before, n_before);
    char *number = strrchr(detail, '('); /* OpenSSL's for the reason */
    if (number != NULL && number > detail + n_before && number[-1] == ' ') {
        number[-1] = '\0';
    }
}
