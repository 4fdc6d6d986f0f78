/* SPDX-License-Identifier: MIT */
#include "resolver/wire/compress.h"

#include "resolver/wire/message.h"

#include <errno.h>
#include <stdlib.h>

enum {
    LABEL_MAX = 63,
    LABEL_POINTER = 0xc0,
    LABELS_MAX = 127,
    HOPS_MAX = 127,    /* M6 */
    PROBES_MAX = 48,   /* with at most one node a bucket, chance never fills one so far */
    REACH = 0x4000,    /* what a pointer's 14 bits reach */
    NO_TARGET = 0xffff /* a run of labels that ends in the root */
};

/* What reading from one place on gave, for places a pointer can reach. */
struct names_memo {
    uint16_t node;   /* NAMES_NONE: never read */
    uint16_t target; /* of the pointer that ends the run of labels here, or NO_TARGET */
    uint8_t n_hops;
};

int names_init(struct names *names, struct bytes message)
{
    unsigned bits = 4;
    while ((size_t)1 << bits < message.n)
        bits++;
    *names = (struct names){.message = message, .bucket_shift = 64 - bits};
    names->room = message.n + 2 < UINT16_MAX ? message.n + 2 : UINT16_MAX;
    names->n_memos = message.n < REACH ? message.n : REACH;
    names->nodes = malloc(names->room * sizeof *names->nodes);
    names->memos = calloc(names->n_memos + 1, sizeof *names->memos);
    names->buckets = calloc((size_t)1 << bits, sizeof *names->buckets);
    if (names->nodes == NULL || names->memos == NULL || names->buckets == NULL) {
        names_done(names);
        return -ENOMEM;
    }
    names->nodes[NAMES_NONE] = (struct names_node){0};
    names->nodes[NAMES_ROOT] = (struct names_node){.folded = NAMES_ROOT, .n_octets = 1};
    names->n_nodes = NAMES_ROOT + 1;
    return 0;
}

void names_done(struct names *names)
{
    free(names->nodes);
    free(names->memos);
    free(names->buckets);
    *names = (struct names){0};
}

/* The label of a node as the message has it. Every label_at was checked by the cursor. */
static struct bytes label_of(const struct names *names, uint16_t label_at)
{
    const uint8_t *at = names->message.at + label_at;
    return bytes_of(at + 1, at[0]);
}

static inline uint8_t lower(uint8_t c)
{
    return (uint8_t)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

/* lends the label in lower case, in `at`. */
static struct bytes lower_label(struct bytes label, uint8_t at[LABEL_MAX])
{
    size_t n = label.n <= LABEL_MAX ? label.n : LABEL_MAX;
    for (size_t i = 0; i < n; i++)
        at[i] = lower(label.at[i]);
    return bytes_of(at, n);
}

/* Eight octets a step: labels of a hostile message may overlap, and are hashed often. */
static size_t bucket_of(const struct names *names, uint16_t parent, struct bytes label)
{
    const uint64_t odd = 0x9e3779b97f4a7c15u;
    uint64_t hash = (parent + ((uint64_t)label.n << 16)) * odd;
    uint64_t part = 0;
    size_t at = 0;
    for (; label.n - at >= sizeof part; at += sizeof part) {
        memcpy(&part, label.at + at, sizeof part);
        hash = (hash ^ (hash >> 29) ^ part) * odd;
    }
    for (part = 0; at < label.n; at++)
        part = part << 8 | label.at[at];
    hash = (hash ^ (hash >> 29) ^ part) * odd;
    return (size_t)((hash ^ (hash >> 32)) * odd >> names->bucket_shift);
}

/* Whether `node` is `label` below `parent`: a folded node is in lower case, whatever the message
 * has where it was met first. */
static bool is_node(const struct names *names, uint16_t node, uint16_t parent, struct bytes label)
{
    const struct names_node *nd = &names->nodes[node];
    if (nd->parent != parent)
        return false;
    struct bytes own = label_of(names, nd->label_at);
    if (nd->folded != node)
        return bytes_equal(own, label);
    if (own.n != label.n)
        return false;
    for (size_t i = 0; i < own.n; i++) {
        if (lower(own.at[i]) != label.at[i])
            return false;
    }
    return true;
}

/* The node for `label` below `parent`, made when there is none: then `folded` is 0 still, and the
 * label stands at `label_at`, case aside. */
static uint16_t find_or_add(struct names *names, uint16_t parent, struct bytes label,
                            uint16_t label_at)
{
    uint16_t *bucket = &names->buckets[bucket_of(names, parent, label)];
    unsigned n_probes = 0;
    for (uint16_t node = *bucket; node != NAMES_NONE; node = names->nodes[node].next) {
        if (is_node(names, node, parent, label))
            return node;
        if (++n_probes > PROBES_MAX)
            return NAMES_NONE;
    }
    size_t n_octets = names->nodes[parent].n_octets + label.n + 1;
    if (n_octets > NAME_MAX_OCTETS || names->n_nodes == names->room)
        return NAMES_NONE;
    uint16_t node = (uint16_t)names->n_nodes++;
    names->nodes[node] = (struct names_node){
        .parent = parent, .label_at = label_at, .next = *bucket, .n_octets = (uint8_t)n_octets};
    *bucket = node;
    return node;
}

/* The node for the label at `label_at` below `parent`, with its lower-case twin. */
static uint16_t intern(struct names *names, uint16_t parent, uint16_t label_at)
{
    struct bytes label = label_of(names, label_at);
    uint16_t node = find_or_add(names, parent, label, label_at);
    if (node == NAMES_NONE || names->nodes[node].folded != NAMES_NONE)
        return node;
    uint8_t at[LABEL_MAX];
    struct bytes lowered = lower_label(label, at);
    uint16_t folded = node;
    if (names->nodes[parent].folded != parent || !bytes_equal(lowered, label))
        folded = find_or_add(names, names->nodes[parent].folded, lowered, label_at);
    if (folded == NAMES_NONE)
        return NAMES_NONE;
    names->nodes[folded].folded = folded;
    names->nodes[node].folded = folded;
    return node;
}

/* A name being read: the places passed, front to back, and what is known about their end. */
struct reading {
    struct cursor run;
    size_t run_began;
    size_t end; /* behind the name in place; 0: no pointer yet */
    uint16_t places[LABELS_MAX + HOPS_MAX];
    unsigned n_labels;
    unsigned n_hops;
    struct names_memo last;
};

static bool push(struct reading *r, size_t place)
{
    if (r->n_labels > LABELS_MAX || r->n_hops > HOPS_MAX)
        return false;
    r->places[r->n_labels + r->n_hops - 1] = (uint16_t)place;
    return true;
}

/* A place met after a pointer that was read before: the rest is known. It must be as strict as if
 * it was read from here. */
static bool take_memo(struct reading *r, const struct names_memo *memo)
{
    if (memo->target != NO_TARGET && memo->target >= r->run_began)
        return false;
    r->last = *memo;
    return r->n_hops + memo->n_hops <= HOPS_MAX;
}

/* What a pointer leads to stands before it, whole: nothing of it behind the name in place. */
static bool is_ahead(const struct reading *r)
{
    return r->end != 0 && r->run.at > r->end;
}

static bool follow(struct names *names, struct reading *r, size_t place, uint8_t high)
{
    size_t target = (size_t)(high & ~LABEL_POINTER) << 8 | cursor_u8(&r->run);
    r->n_hops++;
    if (r->run.failed || is_ahead(r) || target < MESSAGE_HEADER || target >= r->run_began ||
        !push(r, place))
        return false;
    if (r->end == 0)
        r->end = r->run.at;
    r->run = cursor_over(names->message);
    r->run.at = r->run_began = target;
    return true;
}

/* Walks to the name's end: the root, or a place known already. */
static bool walk(struct names *names, struct reading *r)
{
    for (;;) {
        size_t place = r->run.at;
        if (r->end != 0 && place < names->n_memos && names->memos[place].node != NAMES_NONE)
            return take_memo(r, &names->memos[place]);
        uint8_t length = cursor_u8(&r->run);
        if (r->run.failed || is_ahead(r) || (length > LABEL_MAX && length < LABEL_POINTER))
            return false;
        if (length == 0) {
            r->last = (struct names_memo){.node = NAMES_ROOT, .target = NO_TARGET};
            return true;
        }
        if (length >= LABEL_POINTER) {
            if (!follow(names, r, place, length))
                return false;
            continue;
        }
        cursor_take(&r->run, length);
        r->n_labels++;
        if (r->run.failed || is_ahead(r) || !push(r, place))
            return false;
    }
}

uint16_t names_read(struct names *names, struct cursor *c)
{
    struct reading r;
    r.run = *c;
    r.run_began = c->at;
    r.end = 0;
    r.n_labels = r.n_hops = 0;
    bool ok = walk(names, &r);

    /* Back from the end to the front, each place on top of what follows it. */
    struct names_memo memo = r.last;
    for (unsigned i = r.n_labels + r.n_hops; ok && i-- > 0;) {
        uint16_t place = r.places[i];
        uint8_t length = names->message.at[place];
        if (length >= LABEL_POINTER) {
            memo.target = bytes_read_u16(names->message.at + place) & (REACH - 1);
            memo.n_hops++;
        } else {
            memo.node = intern(names, memo.node, place);
            ok = memo.node != NAMES_NONE;
        }
        if (ok && place < names->n_memos)
            names->memos[place] = memo;
    }
    if (!ok) {
        c->failed = true;
        return NAMES_NONE;
    }
    c->at = r.end != 0 ? r.end : r.run.at;
    return memo.node;
}

/* Where the name stands that a pointer may be set to; 0: nowhere. */
static uint16_t place_written(const struct names *names, uint16_t node, enum names_style style,
                              bool *ret_loose)
{
    const struct names_node *nd = &names->nodes[node];
    uint16_t question = names->nodes[nd->folded].out_loose;
    *ret_loose = style == NAMES_OWNER && question != 0 && question < names->question_end;
    if (*ret_loose)
        return question;
    if (style == NAMES_PLAIN)
        return 0;
    if (nd->out != 0 || style != NAMES_OWNER)
        return nd->out;
    *ret_loose = nd->out_loose != 0;
    return nd->out_loose;
}

/* Notes where the labels from `node` up to `stop` were written: `at` and on. */
static void note_places(struct names *names, uint16_t node, uint16_t stop, size_t at, bool loose)
{
    while (node != stop && at < REACH) {
        struct names_node *nd = &names->nodes[node];
        *(loose ? &nd->out_loose : &nd->out) = (uint16_t)at;
        at += 1u + label_of(names, nd->label_at).n;
        node = nd->parent;
    }
}

static void put_label(const struct names *names, uint16_t node, struct buf *out)
{
    struct bytes label = label_of(names, names->nodes[node].label_at);
    uint8_t at[LABEL_MAX];
    if (names->nodes[node].folded == node)
        label = lower_label(label, at);
    buf_put_u8(out, (uint8_t)label.n);
    buf_put(out, label.at, label.n);
}

void names_write(struct names *names, uint16_t node, enum names_style style, struct buf *out)
{
    size_t began = out->n;
    uint16_t stop = node, place = 0;
    bool loose = false;
    while (stop != NAMES_ROOT && (place = place_written(names, stop, style, &loose)) == 0) {
        put_label(names, stop, out);
        stop = names->nodes[stop].parent;
    }
    if (place != 0)
        buf_put_u16(out, (uint16_t)(LABEL_POINTER << 8 | place));
    else
        buf_put_u8(out, 0);
    if (style != NAMES_PLAIN && !out->overflow)
        note_places(names, node, stop, began, loose);
}

void names_write_question(struct names *names, uint16_t node, struct buf *out)
{
    size_t began = out->n;
    uint16_t folded = names->nodes[node].folded;
    names_write(names, folded, NAMES_PLAIN, out);
    names->question_end = out->n;
    note_places(names, folded, NAMES_ROOT, began, true);
}
