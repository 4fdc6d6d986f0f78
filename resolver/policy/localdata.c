/* SPDX-License-Identifier: MIT */
#include "resolver/policy/localdata.h"

#include "resolver/siphash.h"

#include <errno.h>
#include <stdlib.h>

enum { SLOTS_MIN = 64 };

/* In the arena: a name's entry, followed by the name; its records are chained by offset. */
struct entry {
    uint32_t first, last; /* records; 0: none */
    uint16_t n_records;
    uint8_t kind, source, wildcard, n_name;
};

/* Followed by the data. */
struct record {
    uint32_t next;
    uint32_t ttl_s;
    uint16_t type, n_rdata;
};

struct localdata {
    uint8_t secret[16];
    uint32_t *slots; /* offsets of entries, open addressing, half full at most */
    size_t n_slots;
    size_t n;
    uint8_t *arena; /* offset 0 is nothing */
    size_t used, room;
};

struct localdata *localdata_new(const uint8_t secret[16])
{
    struct localdata *data = calloc(1, sizeof *data);
    if (data == NULL) {
        return NULL;
    }
    memcpy(data->secret, secret, sizeof data->secret);
    data->used = sizeof(uint64_t);
    data->n_slots = SLOTS_MIN;
    data->slots = calloc(data->n_slots, sizeof data->slots[0]);
    return data->slots != NULL ? data : localdata_free(data);
}

struct localdata *localdata_free(struct localdata *data)
{
    if (data != NULL) {
        free(data->slots);
        free(data->arena);
        free(data);
    }
    return NULL;
}

static struct entry *entry_at(const struct localdata *data, uint32_t at)
{
    return (struct entry *)(void *)(data->arena + at);
}

static struct record *record_at(const struct localdata *data, uint32_t at)
{
    return (struct record *)(void *)(data->arena + at);
}

static struct bytes entry_name(const struct entry *entry)
{
    return bytes_of(entry + 1, entry->n_name);
}

/* lends the slot where the name stands, or would. */
static uint32_t *find_slot(const struct localdata *data, struct bytes name, bool wildcard)
{
    size_t mask = data->n_slots - 1;
    size_t i = (siphash13(data->secret, name) + wildcard) & mask;
    while (data->slots[i] != 0) {
        const struct entry *entry = entry_at(data, data->slots[i]);
        if (entry->wildcard == wildcard && bytes_equal(entry_name(entry), name)) {
            break;
        }
        i = (i + 1) & mask;
    }
    return &data->slots[i];
}

/* *ret_at: where `n` octets in the arena begin, zeroed and aligned. */
static int arena_take(struct localdata *data, size_t n, uint32_t *ret_at)
{
    size_t need = (n + 7) & ~(size_t)7;
    if (need > LOCALDATA_BYTES_MAX - data->used) {
        return -E2BIG;
    }
    if (data->used + need > data->room) {
        size_t room = data->room == 0 ? 4096 : data->room;
        while (room < data->used + need) {
            room *= 2;
        }
        uint8_t *arena = realloc(data->arena, room);
        if (arena == NULL) {
            return -ENOMEM;
        }
        data->arena = arena;
        data->room = room;
    }
    memset(data->arena + data->used, 0, need);
    *ret_at = (uint32_t)data->used;
    data->used += need;
    return 0;
}

static int grow(struct localdata *data)
{
    if (2 * (data->n + 1) <= data->n_slots) {
        return 0;
    }
    uint32_t *old = data->slots;
    size_t n_old = data->n_slots;
    uint32_t *slots = calloc(2 * n_old, sizeof slots[0]);
    if (slots == NULL) {
        return -ENOMEM;
    }
    data->slots = slots;
    data->n_slots = 2 * n_old;
    for (size_t i = 0; i < n_old; i++) {
        if (old[i] != 0) {
            const struct entry *entry = entry_at(data, old[i]);
            *find_slot(data, entry_name(entry), entry->wildcard) = old[i];
        }
    }
    free(old);
    return 0;
}

/* The owner's entry, made when there is none; 1, 0 when it is another source's, or a failure. */
static int obtain(struct localdata *data, const struct localdata_owner *owner, uint32_t *ret_at)
{
    int failure = grow(data);
    if (failure < 0) {
        return failure;
    }
    uint32_t *slot = find_slot(data, owner->name, owner->wildcard);
    if (*slot != 0) {
        *ret_at = *slot;
        return entry_at(data, *slot)->source == owner->source;
    }
    uint32_t at;
    failure = arena_take(data, sizeof(struct entry) + owner->name.n, &at);
    if (failure < 0) {
        return failure;
    }
    struct entry *entry = entry_at(data, at);
    entry->source = (uint8_t)owner->source;
    entry->wildcard = owner->wildcard;
    entry->n_name = (uint8_t)owner->name.n;
    memcpy(entry + 1, owner->name.at, owner->name.n);
    *slot = at;
    data->n++;
    *ret_at = at;
    return 1;
}

static bool has_record(const struct localdata *data, const struct entry *entry,
                       const struct localdata_record *wanted)
{
    for (uint32_t at = entry->first; at != 0; at = record_at(data, at)->next) {
        const struct record *record = record_at(data, at);
        if (record->type == wanted->type &&
            bytes_equal(bytes_of(record + 1, record->n_rdata), wanted->rdata)) {
            return true;
        }
    }
    return false;
}

int localdata_add(struct localdata *data, const struct localdata_owner *owner,
                  const struct localdata_record *wanted)
{
    uint32_t at, record_offset;
    int outcome = obtain(data, owner, &at);
    if (outcome <= 0) {
        return outcome;
    }
    if (entry_at(data, at)->n_records == LOCALDATA_RECORDS_MAX ||
        has_record(data, entry_at(data, at), wanted)) {
        return 0;
    }
    outcome = arena_take(data, sizeof(struct record) + wanted->rdata.n, &record_offset);
    if (outcome < 0) {
        return outcome;
    }
    struct record *record = record_at(data, record_offset);
    record->ttl_s = wanted->ttl_s;
    record->type = wanted->type;
    record->n_rdata = (uint16_t)wanted->rdata.n;
    memcpy(record + 1, wanted->rdata.at, wanted->rdata.n);
    struct entry *entry = entry_at(data, at);
    if (entry->last != 0) {
        record_at(data, entry->last)->next = record_offset;
    } else {
        entry->first = record_offset;
    }
    entry->last = record_offset;
    entry->n_records++;
    return 1;
}

int localdata_deny(struct localdata *data, const struct localdata_owner *owner,
                   enum localdata_kind kind)
{
    uint32_t at;
    int outcome = obtain(data, owner, &at);
    if (outcome > 0) {
        entry_at(data, at)->kind = (uint8_t)kind;
    }
    return outcome;
}

/* ---- finding ---- */

static bool put_record(struct buf *room, const struct record *record)
{
    enum { FIXED = 10 };
    if (room->size - room->n < FIXED + (size_t)record->n_rdata) {
        return false;
    }
    buf_put_u16(room, record->type);
    buf_put_u16(room, CLASS_IN);
    buf_put_u32(room, record->ttl_s);
    buf_put_u16(room, record->n_rdata);
    buf_put(room, record + 1, record->n_rdata);
    return true;
}

bool localdata_find(const struct localdata *data, const struct localdata_owner *owner,
                    uint16_t type, struct buf *room, struct localdata_found *ret_found)
{
    uint32_t slot = data != NULL ? *find_slot(data, owner->name, owner->wildcard) : 0;
    if (slot == 0) {
        return false;
    }
    const struct entry *entry = entry_at(data, slot);
    struct localdata_found found = {.kind = (enum localdata_kind)entry->kind,
                                    .source = (enum localdata_source)entry->source};
    for (uint32_t at = entry->first; at != 0; at = record_at(data, at)->next) {
        const struct record *record = record_at(data, at);
        struct bytes rdata = bytes_of(record + 1, record->n_rdata);
        bool wants_other = type != TYPE_CNAME && type != TYPE_ANY;
        if (record->type == TYPE_CNAME && (wants_other || localdata_is_pattern(rdata))) {
            found.alias = rdata;
            found.alias_ttl_s = record->ttl_s;
        } else if (record->type == type || type == TYPE_ANY) {
            found.n_records += put_record(room, record);
        }
    }
    *ret_found = found;
    return true;
}

bool localdata_is_pattern(struct bytes target)
{
    return target.n > 2 && target.at[0] == 1 && target.at[1] == '*';
}

size_t localdata_count(const struct localdata *data)
{
    return data != NULL ? data->n : 0;
}

size_t localdata_bytes(const struct localdata *data)
{
    return data != NULL ? sizeof *data + data->room + data->n_slots * sizeof data->slots[0] : 0;
}
