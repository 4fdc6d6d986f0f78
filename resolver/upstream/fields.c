/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/fields.h"

#include <strings.h>
#include <time.h>

struct bytes fields_value(struct bytes line, const char *name)
{
    size_t n = strlen(name);
    if (line.n <= n || line.at[n] != ':' || strncasecmp((const char *)line.at, name, n) != 0) {
        return (struct bytes){0};
    }
    size_t from = n + 1, to = line.n;
    while (from < to && (line.at[from] == ' ' || line.at[from] == '\t')) {
        from++;
    }
    while (to > from && (uint8_t)(line.at[to - 1]) <= ' ') {
        to--;
    }
    return bytes_of(line.at + from, to - from);
}

uint32_t fields_seconds(struct bytes text)
{
    uint64_t v = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.at[i] < '0' || text.at[i] > '9') {
            return 0;
        }
        v = v * 10 + (text.at[i] - '0');
        v = v > UINT32_C(0x80000000) ? UINT32_C(0x80000000) : v;
    }
    return (uint32_t)v;
}

int64_t fields_date(struct bytes text)
{
    enum { FIXDATE = 29 };
    char copy[FIXDATE + 1] = "";
    struct tm at = {0};
    if (text.n != FIXDATE) {
        return 0;
    }
    memcpy(copy, text.at, FIXDATE);
    const char *end = strptime(copy, "%a, %d %b %Y %H:%M:%S GMT", &at);
    return end != NULL && *end == '\0' ? timegm(&at) : 0;
}
