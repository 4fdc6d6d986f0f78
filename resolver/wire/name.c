/* SPDX-License-Identifier: MIT */
#include "resolver/wire/name.h"

#include <errno.h>

enum {
    LABEL_MAX = 63,
    LABEL_POINTER = 0xc0, /* RFC 1035 §4.1.4: the two upper bits of a length octet */
    HOPS_MAX = 127,       /* a name has no more labels than that */
};

/* Length octets are at most 63 and so never look like a capital letter (65 … 90): whole names are
 * lowered and compared octet by octet, without walking their labels. */
static inline uint8_t lower(uint8_t c)
{
    return (uint8_t)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

static bool fail(struct cursor *c)
{
    c->failed = true;
    return false;
}

/* Adds one label; `n` is how much of the name is there. False when it would grow too long, the root
 * label still to come counted in. */
static bool append(struct name *name, size_t *n, struct bytes label)
{
    if (label.n > LABEL_MAX || *n + 1 + label.n + 1 > NAME_MAX_OCTETS)
        return false;
    name->at[(*n)++] = (uint8_t)label.n;
    memcpy(name->at + *n, label.at, label.n);
    *n += label.n;
    return true;
}

static void finish(struct name *name, size_t n)
{
    name->at[n] = 0;
    name->n = (uint8_t)(n + 1);
}

bool name_read_plain(struct cursor *c, struct name *ret_name)
{
    size_t n = 0;
    for (;;) {
        uint8_t length = cursor_u8(c);
        if (c->failed || length > LABEL_MAX)
            return fail(c);
        if (length == 0)
            break;
        struct bytes label = cursor_take(c, length);
        if (c->failed || !append(ret_name, &n, label))
            return fail(c);
    }
    finish(ret_name, n);
    return true;
}

bool name_read(struct cursor *c, struct name *ret_name)
{
    struct cursor run = *c;
    size_t run_began = c->at, end = 0, n = 0;
    for (unsigned n_hops = 0;;) {
        uint8_t length = cursor_u8(&run);
        if (run.failed)
            return fail(c);
        if (length == 0)
            break;
        if (length >= LABEL_POINTER) {
            size_t target = (size_t)(length & ~LABEL_POINTER) << 8 | cursor_u8(&run);
            if (run.failed || target >= run_began || ++n_hops > HOPS_MAX)
                return fail(c);
            if (n_hops == 1)
                end = run.at;
            run.at = run_began = target;
            continue;
        }
        struct bytes label = cursor_take(&run, length);
        if (run.failed || !append(ret_name, &n, label))
            return fail(c);
    }
    finish(ret_name, n);
    c->at = end != 0 ? end : run.at;
    return true;
}

void name_lower(struct name *name)
{
    for (size_t i = 0; i < name->n; i++)
        name->at[i] = lower(name->at[i]);
}

static bool equal_octets(const uint8_t *a, const uint8_t *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (lower(a[i]) != lower(b[i]))
            return false;
    }
    return true;
}

bool name_equal(const struct name *a, const struct name *b)
{
    return a->n == b->n && equal_octets(a->at, b->at, a->n);
}

bool name_within(const struct name *name, const struct name *zone)
{
    if (name->n < zone->n)
        return false;
    size_t tail = (size_t)name->n - zone->n, at = 0;
    while (at < tail)
        at += 1u + name->at[at];
    return at == tail && equal_octets(name->at + tail, zone->at, zone->n);
}

unsigned name_n_labels(const struct name *name)
{
    unsigned n_labels = 0;
    for (size_t at = 0; name->at[at] != 0; at += 1u + name->at[at])
        n_labels++;
    return n_labels;
}

void name_parent(const struct name *name, struct name *ret_parent)
{
    size_t skip = name->at[0] == 0 ? 0 : 1u + name->at[0];
    size_t n = name->n - skip;
    memmove(ret_parent->at, name->at + skip, n);
    ret_parent->n = (uint8_t)n;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads one octet of a label, escaped or not, and moves *text behind it. -1: a bad escape. */
static int octet_from_text(const char **text)
{
    const char *at = *text;
    if (*at != '\\') {
        *text = at + 1;
        return (uint8_t)*at;
    }
    if (at[1] == '\0')
        return -1;
    if (!is_digit(at[1])) {
        *text = at + 2;
        return (uint8_t)at[1];
    }
    if (!is_digit(at[2]) || !is_digit(at[3]))
        return -1;
    int value = (at[1] - '0') * 100 + (at[2] - '0') * 10 + (at[3] - '0');
    *text = at + 4;
    return value > UINT8_MAX ? -1 : value;
}

/* Reads a label and the dot behind it. False: empty, oversize or badly escaped. */
static bool label_from_text(const char **text, uint8_t label[LABEL_MAX], size_t *ret_n)
{
    size_t n = 0;
    while (**text != '\0' && **text != '.') {
        int octet = octet_from_text(text);
        if (octet < 0 || n == LABEL_MAX)
            return false;
        label[n++] = (uint8_t)octet;
    }
    if (**text == '.')
        (*text)++;
    *ret_n = n;
    return n > 0;
}

int name_from_text(const char *text, struct name *ret_name)
{
    struct name name;
    size_t n = 0;
    if (text[0] == '\0')
        return -EINVAL;
    if (text[0] == '.' && text[1] == '\0')
        text++;
    while (*text != '\0') {
        uint8_t label[LABEL_MAX];
        size_t n_label;
        if (!label_from_text(&text, label, &n_label) ||
            !append(&name, &n, bytes_of(label, n_label)))
            return -EINVAL;
    }
    finish(&name, n);
    ret_name->n = name.n;
    memcpy(ret_name->at, name.at, name.n);
    return 0;
}

static char *octet_to_text(char *out, uint8_t c)
{
    if (c <= ' ' || c > '~') {
        *out++ = '\\';
        *out++ = (char)('0' + c / 100);
        *out++ = (char)('0' + c / 10 % 10);
        *out++ = (char)('0' + c % 10);
        return out;
    }
    if (strchr(".;\\()\"@$", c) != NULL)
        *out++ = '\\';
    *out++ = (char)c;
    return out;
}

const char *name_to_text(const struct name *name, char out[NAME_MAX_TEXT])
{
    char *end = out;
    for (size_t at = 0; name->at[at] != 0; at += 1u + name->at[at]) {
        for (size_t i = 1; i <= name->at[at]; i++)
            end = octet_to_text(end, name->at[at + i]);
        *end++ = '.';
    }
    if (end == out)
        *end++ = '.';
    *end = '\0';
    return out;
}
