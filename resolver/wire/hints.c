/* SPDX-License-Identifier: MIT */
#include "resolver/wire/hints.h"

enum { KEY_MANDATORY = 0 };

/* Takes SvcPriority and TargetName (RFC 9460 section 2.2). */
static struct cursor cursor_at_params(struct bytes rdata)
{
    struct cursor c = cursor_over(rdata);
    struct name target;
    cursor_u16(&c);
    name_read_plain(&c, &target);
    return c;
}

static uint16_t take_param(struct cursor *c, struct bytes *ret_value)
{
    uint16_t key = cursor_u16(c);
    *ret_value = cursor_take(c, cursor_u16(c));
    return key;
}

static bool lists(struct bytes keys, enum hint hint)
{
    for (size_t at = 0; at + 2 <= keys.n; at += 2) {
        if (bytes_read_u16(keys.at + at) == hint) {
            return true;
        }
    }
    return false;
}

bool hints_has(struct bytes rdata, enum hint hint)
{
    struct cursor c = cursor_at_params(rdata);
    struct bytes value;
    while (cursor_left(&c) > 0) {
        if (take_param(&c, &value) == hint) {
            return true;
        }
    }
    return false;
}

bool hints_put_without(struct bytes rdata, enum hint hint, struct buf *out)
{
    struct cursor c = cursor_at_params(rdata);
    buf_put(out, rdata.at, c.at);
    while (cursor_left(&c) > 0) {
        size_t began = c.at;
        struct bytes value;
        uint16_t key = take_param(&c, &value);
        if (key == KEY_MANDATORY && lists(value, hint)) {
            return false;
        }
        if (key != hint) {
            buf_put(out, rdata.at + began, c.at - began);
        }
    }
    return !c.failed;
}
