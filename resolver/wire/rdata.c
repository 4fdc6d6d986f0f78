/* SPDX-License-Identifier: MIT */
#include "resolver/wire/rdata.h"
#include "resolver/wire/message.h"

#include <assert.h>

/* A layout is a string of steps:
 *   1 … 8  so many octets
 *   s      a character-string; S: one or more, to the end
 *   N      a name that is compressed when written (RFC 1035 types only: RFC 3597 §4)
 *   n      a name that may come compressed, but is written plain (RFC 3597 §4)
 *   p      a name that must not come compressed (RFC 4034 §3.1.7, §4.1.1; RFC 9460 §2.2)
 *   k      SvcParams to the end: keys in strictly increasing order
 *   r      the rest, whatever it is */
static const char *layout_of(uint16_t type, uint16_t class)
{
    static const char *const layouts[] = {
        [TYPE_NS] = "N",
        [3] = "N", /* MD */
        [4] = "N", /* MF */
        [TYPE_CNAME] = "N",
        [TYPE_SOA] = "NN44444",
        [7] = "N", /* MB */
        [8] = "N", /* MG */
        [9] = "N", /* MR */
        [TYPE_PTR] = "N",
        [13] = "ss", /* HINFO */
        [14] = "NN", /* MINFO */
        [TYPE_MX] = "2N",
        [TYPE_TXT] = "S",
        [17] = "nn",        /* RP */
        [18] = "2n",        /* AFSDB */
        [21] = "2n",        /* RT */
        [24] = "2114442nr", /* SIG */
        [26] = "2nn",       /* PX */
        [TYPE_AAAA] = "88",
        [30] = "nr", /* NXT */
        [TYPE_SRV] = "222n",
        [35] = "22sssn", /* NAPTR */
        [36] = "2n",     /* KX */
        [TYPE_DNAME] = "n",
        [TYPE_RRSIG] = "2114442pr",
        [TYPE_NSEC] = "pr",
        [TYPE_SVCB] = "2pk",
        [TYPE_HTTPS] = "2pk",
    };
    if (type == TYPE_A) /* another class has another address there (RFC 1035 §3.4.1) */
        return class == CLASS_IN ? "4" : "r";
    if (type < sizeof layouts / sizeof *layouts && layouts[type] != NULL)
        return layouts[type];
    return "r";
}

/* The rest as character-strings, one at least. */
static bool take_strings(struct cursor *c)
{
    do
        cursor_take(c, cursor_u8(c));
    while (cursor_left(c) > 0);
    return !c->failed;
}

static bool take_svc_params(struct cursor *c)
{
    for (long key, before = -1; cursor_left(c) > 0; before = key) {
        key = cursor_u16(c);
        cursor_take(c, cursor_u16(c));
        if (c->failed || key <= before)
            return false;
    }
    return true;
}

/* Takes what one step of a layout says; a name becomes *ret_node. */
static bool take_step(struct names *names, char step, struct cursor *c, uint16_t *ret_node)
{
    size_t began = c->at;
    switch (step) {
    case 'N':
    case 'n':
    case 'p':
        *ret_node = names_read(names, c);
        /* A pointer makes the name in place longer or shorter, never the same. */
        return *ret_node != NAMES_NONE &&
               (step != 'p' || c->at - began == names_at(names, *ret_node)->n_octets);
    case 's':
        cursor_take(c, cursor_u8(c));
        return !c->failed;
    case 'S':
        return take_strings(c);
    case 'k':
        return take_svc_params(c);
    case 'r':
        cursor_take(c, cursor_left(c));
        return true;
    default:
        cursor_take(c, (size_t)(step - '0'));
        return !c->failed;
    }
}

/* A cursor that stands at the RDATA and ends with it: pointers lead out of it all the same. */
static struct cursor cursor_at(const struct names *names, const struct record *record)
{
    size_t end = (size_t)record->rdata_at + record->n_rdata;
    struct cursor c = cursor_over(bytes_of(names->message.at, end));
    c.at = record->rdata_at;
    return c;
}

bool rdata_check(struct names *names, struct record *record)
{
    struct cursor c = cursor_at(names, record);
    record->covered = 0;
    record->target = NAMES_NONE;
    for (const char *step = layout_of(record->type, record->class); *step != '\0'; step++) {
        uint16_t node = NAMES_NONE;
        if (!take_step(names, *step, &c, &node))
            return false;
        if (record->target == NAMES_NONE)
            record->target = node;
    }
    if (record->type == TYPE_RRSIG)
        record->covered = bytes_read_u16(names->message.at + record->rdata_at);
    return cursor_left(&c) == 0;
}

void rdata_write(struct names *names, const struct record *record, struct buf *out)
{
    struct cursor c = cursor_at(names, record);
    size_t length_at = out->n;
    buf_put_u16(out, 0);
    for (const char *step = layout_of(record->type, record->class); *step != '\0'; step++) {
        size_t began = c.at;
        uint16_t node = NAMES_NONE;
        bool ok = take_step(names, *step, &c, &node);
        assert(ok);
        if (node == NAMES_NONE)
            buf_put(out, names->message.at + began, c.at - began);
        else
            names_write(names, node, *step == 'N' ? NAMES_RDATA : NAMES_PLAIN, out);
    }
    if (!out->overflow)
        bytes_write_u16(out->at + length_at, (uint16_t)(out->n - length_at - 2));
}
