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

/* What stands before the first `end` in `text`, blanks around it aside; *text is what follows. */
static struct bytes take_until(struct bytes *text, char end)
{
    const uint8_t *at = text->n > 0 ? memchr(text->at, end, text->n) : NULL;
    struct bytes part = bytes_of(text->at, at != NULL ? (size_t)(at - text->at) : text->n);
    size_t n_taken = at != NULL ? part.n + 1 : part.n;
    *text = bytes_of(text->at + n_taken, text->n - n_taken);
    while (part.n > 0 && (part.at[0] == ' ' || part.at[0] == '\t')) {
        part = bytes_of(part.at + 1, part.n - 1);
    }
    while (part.n > 0 && part.at[part.n - 1] <= ' ') {
        part.n--;
    }
    return part;
}

uint32_t fields_age(struct bytes text)
{
    return fields_seconds(take_until(&text, ','));
}

bool fields_max_age(struct bytes text, uint32_t *ret_s)
{
    static const char name[] = "max-age";
    bool found = false;
    while (text.n > 0) {
        struct bytes rest = take_until(&text, ',');
        struct bytes directive = take_until(&rest, '=');
        struct bytes value = take_until(&rest, '=');
        if (directive.n != sizeof name - 1 ||
            strncasecmp((const char *)directive.at, name, directive.n) != 0) {
            continue;
        }
        if (value.n >= 2 && value.at[0] == '"' && value.at[value.n - 1] == '"') {
            value = bytes_of(value.at + 1, value.n - 2);
        }
        if (value.n == 0 || value.at[0] < '0' || value.at[0] > '9') {
            continue;
        }
        uint32_t s = fields_seconds(value);
        *ret_s = found && *ret_s < s ? *ret_s : s;
        found = true;
    }
    return found;
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
