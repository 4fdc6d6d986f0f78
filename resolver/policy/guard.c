/* SPDX-License-Identifier: MIT */
#include "resolver/policy/guard.h"

enum { V4 = 4, V6 = 16, KEY_IPV4HINT = 4, KEY_IPV6HINT = 6 /* RFC 9460 section 14.3.2 */ };

bool guard_is_inner_v4(const uint8_t a[4])
{
    return a[0] == 0 || a[0] == 10 || a[0] == 127 || (a[0] == 100 && (a[1] & 0xc0) == 64) ||
           (a[0] == 169 && a[1] == 254) || (a[0] == 172 && (a[1] & 0xf0) == 16) ||
           (a[0] == 192 && a[1] == 168);
}

static bool is_inner_v6(const uint8_t *a)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    static const uint8_t zero[15];
    if (memcmp(a, mapped, sizeof mapped) == 0) {
        return guard_is_inner_v4(a + sizeof mapped);
    }
    return (memcmp(a, zero, sizeof zero) == 0 && a[15] <= 1) || (a[0] & 0xfe) == 0xfc ||
           (a[0] == 0xfe && (a[1] & 0xc0) == 0x80);
}

static bool has_inner(struct bytes addresses, size_t n)
{
    for (size_t at = 0; at + n <= addresses.n; at += n) {
        const uint8_t *a = addresses.at + at;
        if (n == V4 ? guard_is_inner_v4(a) : is_inner_v6(a)) {
            return true;
        }
    }
    return false;
}

/* SvcPriority, TargetName, SvcParams (RFC 9460 section 2.2). */
static bool hints_inside(struct bytes rdata)
{
    struct cursor c = cursor_over(rdata);
    struct name target;
    cursor_u16(&c);
    name_read_plain(&c, &target);
    while (cursor_left(&c) > 0) {
        uint16_t key = cursor_u16(&c);
        struct bytes value = cursor_take(&c, cursor_u16(&c));
        if ((key == KEY_IPV4HINT && has_inner(value, V4)) ||
            (key == KEY_IPV6HINT && has_inner(value, V6))) {
            return true;
        }
    }
    return false;
}

bool guard_finds(const struct answer *answer)
{
    struct answer_walk walk = answer_walk(answer);
    struct answer_record record;
    while (walk.n_done < answer->n_answers && answer_next(&walk, &record)) {
        bool found = record.type == TYPE_A      ? has_inner(record.rdata, V4)
                     : record.type == TYPE_AAAA ? has_inner(record.rdata, V6)
                     : record.type == TYPE_SVCB || record.type == TYPE_HTTPS
                         ? hints_inside(record.rdata)
                         : false;
        if (found) {
            return true;
        }
    }
    return false;
}
