/* SPDX-License-Identifier: MIT */
#include "resolver/policy/listparts.h"

#include <arpa/inet.h>
#include <strings.h>

bool list_is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

struct bytes list_trim(struct bytes b)
{
    while (b.n > 0 && list_is_space(b.at[0])) {
        b = bytes_of(b.at + 1, b.n - 1);
    }
    while (b.n > 0 && list_is_space(b.at[b.n - 1])) {
        b.n--;
    }
    return b;
}

struct bytes list_take_word(struct bytes *rest)
{
    *rest = list_trim(*rest);
    size_t n = 0;
    while (n < rest->n && !list_is_space(rest->at[n])) {
        n++;
    }
    struct bytes word = bytes_of(rest->at, n);
    *rest = bytes_of(rest->at + n, rest->n - n);
    return word;
}

bool list_is(struct bytes word, const char *text)
{
    size_t n = strlen(text);
    return word.n == n && strncasecmp((const char *)word.at, text, n) == 0;
}

bool list_take_prefix(struct bytes *b, const char *text)
{
    size_t n = strlen(text);
    if (b->n < n || strncasecmp((const char *)b->at, text, n) != 0) {
        return false;
    }
    *b = bytes_of(b->at + n, b->n - n);
    return true;
}

struct bytes list_before(struct bytes b, char end)
{
    const uint8_t *at = b.n > 0 ? memchr(b.at, end, b.n) : NULL;
    return at != NULL ? bytes_of(b.at, (size_t)(at - b.at)) : b;
}

size_t list_address(struct bytes text, uint8_t out[16])
{
    char copy[INET6_ADDRSTRLEN];
    if (text.n == 0 || text.n >= sizeof copy) {
        return 0;
    }
    memcpy(copy, text.at, text.n);
    copy[text.n] = '\0';
    if (inet_pton(AF_INET, copy, out) == 1) {
        return 4;
    }
    return inet_pton(AF_INET6, copy, out) == 1 ? 16 : 0;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 'a' - 'A') : c;
}

static bool is_name_octet(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool list_name(struct bytes text, struct name *ret_name)
{
    size_t n = 1, label_at = 0;
    if (text.n > 0 && text.at[text.n - 1] == '.') {
        text.n--;
    }
    if (text.n == 0 || text.n > NAME_MAX_OCTETS - 2) {
        return false;
    }
    for (size_t i = 0; i <= text.n; i++) {
        uint8_t c = i < text.n ? lower(text.at[i]) : '.';
        if (c != '.') {
            if (!is_name_octet(c)) {
                return false;
            }
            ret_name->at[n++] = c;
            continue;
        }
        size_t label = n - label_at - 1;
        if (label == 0 || label > 63) {
            return false;
        }
        ret_name->at[label_at] = (uint8_t)label;
        label_at = n++;
    }
    ret_name->at[label_at] = 0;
    ret_name->n = (uint8_t)n;
    return true;
}
