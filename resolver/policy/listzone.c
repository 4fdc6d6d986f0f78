/* SPDX-License-Identifier: MIT */
/* Response policy zones (draft-vixie-dns-rpz): zone files that say what is to become of a name. The
 * asked name is the trigger that is taken; others are counted. */
#include "resolver/policy/listparts.h"

/* A zone file's name: relative to the origin unless it ends in a dot; "@" is the origin. */
static bool zone_name(const struct list_reader *r, struct bytes word, struct name *ret_name)
{
    if (list_is(word, "@")) {
        *ret_name = r->origin;
        return true;
    }
    if (list_is(word, ".")) {
        *ret_name = (struct name){.n = 1};
        return true;
    }
    if (!list_name(word, ret_name)) {
        return false;
    }
    size_t n = ret_name->n - 1u;
    if (word.at[word.n - 1] == '.' || n + r->origin.n > NAME_MAX_OCTETS) {
        return word.at[word.n - 1] == '.';
    }
    memcpy(ret_name->at + n, r->origin.at, r->origin.n);
    ret_name->n = (uint8_t)(n + r->origin.n);
    return true;
}

/* What the trigger is about: the owner without the policy zone's name behind it. Of the root none
 * but a wildcard is one, for all names. */
static bool trigger_of(const struct list_reader *r, struct name *ret_name)
{
    const struct name *owner = &r->owner;
    *ret_name = *owner;
    if (r->apex.n > 1 && name_within(owner, &r->apex)) {
        ret_name->n = (uint8_t)(owner->n - r->apex.n + 1);
        ret_name->at[ret_name->n - 1] = 0;
    }
    return ret_name->n > 1 || r->owner_is_tree;
}

static uint32_t unit_s(uint8_t c)
{
    static const char letters[] = "smhdwSMHDW";
    static const uint32_t units[] = {1, 60, 3600, 86400, 604800};
    const char *at = c != '\0' ? strchr(letters, c) : NULL;
    return at != NULL ? units[(at - letters) % 5] : 0;
}

/* "90", or with units as BIND has them: "1h30m". */
static bool read_ttl(struct bytes word, uint32_t *ret_ttl_s)
{
    uint64_t sum_s = 0, n = 0;
    bool has_digit = false;
    for (size_t i = 0; i < word.n; i++) {
        uint8_t c = word.at[i];
        if (c >= '0' && c <= '9') {
            n = n < LIST_TTL_MAX_S ? 10 * n + (uint64_t)(c - '0') : n;
            has_digit = true;
            continue;
        }
        if (!has_digit || unit_s(c) == 0) {
            return false;
        }
        sum_s += n * unit_s(c);
        n = 0;
        has_digit = false;
    }
    sum_s += n;
    *ret_ttl_s = sum_s < LIST_TTL_MAX_S ? (uint32_t)sum_s : LIST_TTL_MAX_S;
    return word.n > 0;
}

/* What a CNAME to one of these names says is to be done; LIST_RECORD: it is another name. */
static enum list_action action_of(struct bytes word)
{
    static const struct {
        const char *target;
        enum list_action action;
    } known[] = {{".", LIST_NXDOMAIN},
                 {"*.", LIST_NODATA},
                 {"rpz-passthru", LIST_PASS},
                 {"rpz-drop", LIST_DROP},
                 {"rpz-tcp-only", LIST_TCP_ONLY}};
    struct bytes bare = word;
    bare.n -= word.n > 2 && word.at[word.n - 1] == '.';
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (list_is(bare, known[i].target)) {
            return known[i].action;
        }
    }
    return LIST_RECORD;
}

/* "*.garden.": the asked name itself, with this behind it. */
static bool read_target(const struct list_reader *r, struct bytes word, struct name *target)
{
    enum { STAR = 2 };
    struct bytes rest = word;
    bool is_pattern = list_take_prefix(&rest, "*.");
    if (!zone_name(r, rest, target)) {
        return false;
    }
    if (!is_pattern) {
        return true;
    }
    if (target->n + STAR > NAME_MAX_OCTETS) {
        return false;
    }
    memmove(target->at + STAR, target->at, target->n);
    memcpy(target->at, "\1*", STAR);
    target->n = (uint8_t)(target->n + STAR);
    return true;
}

static bool read_cname(const struct list_reader *r, struct bytes word, struct list_entry *entry,
                       struct name *target)
{
    struct bytes rest = word;
    entry->action = action_of(word);
    if (entry->action != LIST_RECORD) {
        return true;
    }
    if (list_take_prefix(&rest, "rpz-") || !read_target(r, word, target)) {
        return false;
    }
    if (entry->self && bytes_equal(name_bytes(target), name_bytes(&entry->name))) {
        entry->action = LIST_PASS; /* a name that is itself: how it was written at first */
        return true;
    }
    entry->type = TYPE_CNAME;
    entry->rdata = name_bytes(target);
    return true;
}

/* One string of a TXT record, in quotes or without, taken off `rest`. */
static bool take_string(struct bytes *rest, struct buf *out)
{
    size_t at = out->n, i = 0;
    bool quoted = rest->at[0] == '"';
    buf_put_u8(out, 0);
    for (i = quoted; i < rest->n; i++) {
        uint8_t c = rest->at[i];
        if (quoted ? c == '"' : list_is_space(c)) {
            break;
        }
        if (c == '\\' && i + 1 < rest->n) {
            c = rest->at[++i];
        }
        buf_put_u8(out, c);
    }
    if (out->overflow || out->n - at > 256 || (quoted && i == rest->n)) {
        return false;
    }
    out->at[at] = (uint8_t)(out->n - at - 1);
    i += quoted;
    *rest = list_trim(bytes_of(rest->at + i, rest->n - i));
    return true;
}

static bool read_texts(struct bytes rest, struct list_entry *entry, struct buf *out)
{
    bool good = rest.n > 0;
    while (good && rest.n > 0) {
        good = take_string(&rest, out);
    }
    entry->action = LIST_RECORD;
    entry->type = TYPE_TXT;
    entry->rdata = bytes_of(out->at, out->n);
    return good;
}

/* The owner's name of a line that has one; a line without is about the same. */
static bool read_owner(struct list_reader *r, struct bytes word)
{
    struct bytes bare = word;
    if (list_is(word, "*")) {
        r->owner_is_tree = r->has_owner = true;
        r->owner = r->origin;
        return true;
    }
    r->owner_is_tree = list_take_prefix(&bare, "*.");
    r->has_owner = zone_name(r, bare, &r->owner);
    return r->has_owner;
}

/* "rpz-ip" and its like at the end: a trigger that is no asked name. LIST_TRIGGERS: it is one. */
static enum list_trigger other_trigger(const struct name *name)
{
    static const struct {
        const char *label;
        enum list_trigger trigger;
    } known[] = {{"rpz-ip", LIST_TRIGGER_ADDRESS},
                 {"rpz-client-ip", LIST_TRIGGER_CLIENT},
                 {"rpz-nsdname", LIST_TRIGGER_SERVER},
                 {"rpz-nsip", LIST_TRIGGER_SERVER}};
    size_t last = 0;
    for (size_t at = 0; name->at[at] != 0; at += 1u + name->at[at]) {
        last = at;
    }
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (list_is(bytes_of(name->at + last + 1, name->at[last]), known[i].label)) {
            return known[i].trigger;
        }
    }
    return LIST_TRIGGERS;
}

static void count_parentheses(struct list_reader *r, struct bytes line)
{
    for (size_t i = 0; i < line.n; i++) {
        r->depth += line.at[i] == '(';
        r->depth -= line.at[i] == ')' && r->depth > 0;
    }
}

static void take_directive(struct list_reader *r, struct bytes line)
{
    struct bytes rest = line;
    struct bytes key = list_take_word(&rest), value = list_take_word(&rest);
    if (list_is(key, "$TTL") && read_ttl(value, &r->ttl_s)) {
        return;
    }
    struct name origin; /* may be relative to the one before */
    if (!list_is(key, "$ORIGIN") || !zone_name(r, value, &origin)) {
        list_skip(r, line);
        return;
    }
    r->origin = origin;
    r->apex = r->has_apex ? r->apex : origin;
    r->has_origin = true;
}

/* What the record says is to become of the name; `room` is for its data. */
static bool read_data(struct list_reader *r, struct bytes type, struct bytes rest,
                      struct list_entry *entry, struct buf *room)
{
    struct bytes text = list_trim(rest);
    struct bytes value = list_take_word(&rest);
    size_t n = list_address(value, room->at);
    if (list_is(type, "TXT")) {
        return read_texts(text, entry, room);
    }
    if (list_is(type, "CNAME")) {
        return read_cname(r, value, entry, &r->target);
    }
    entry->action = LIST_RECORD;
    entry->type = n == 4 ? TYPE_A : TYPE_AAAA;
    entry->rdata = bytes_of(room->at, n);
    return (list_is(type, "A") && n == 4) || (list_is(type, "AAAA") && n == 16);
}

/* The SOA's owner is the zone's own name, and what names are relative to until somebody says what
 * else is: whoever dumps a zone begins each of its branches with an $ORIGIN. */
static void begin_zone(struct list_reader *r)
{
    r->apex = r->owner;
    r->has_apex = r->owner.n > 1;
    r->origin = r->has_origin ? r->origin : r->owner;
}

/* The type and data of a record, its owner known. */
static void take_record(struct list_reader *r, struct bytes line, struct bytes rest)
{
    uint8_t data[NAME_MAX_OCTETS];
    struct buf room = buf_over(data, sizeof data);
    struct list_entry entry = {
        .ttl_s = r->ttl_s, .self = !r->owner_is_tree, .below = r->owner_is_tree};
    struct bytes type = list_take_word(&rest);
    while (list_is(type, "IN") || read_ttl(type, &entry.ttl_s)) {
        type = list_take_word(&rest);
    }
    if (list_is(type, "SOA")) {
        begin_zone(r);
        count_parentheses(r, line);
        return;
    }
    if (list_is(type, "NS")) {
        return;
    }
    bool named = trigger_of(r, &entry.name);
    enum list_trigger other = named ? other_trigger(&entry.name) : LIST_TRIGGERS;
    if (other != LIST_TRIGGERS) {
        r->n_other[other]++;
    } else if (named && read_data(r, type, rest, &entry, &room)) {
        list_tell(r, &entry);
    } else {
        list_skip(r, line);
    }
}

/* Up to the comment; a semicolon in quotes begins none. */
static struct bytes without_comment(struct bytes line)
{
    bool quoted = false;
    for (size_t i = 0; i < line.n; i++) {
        quoted = quoted != (line.at[i] == '"');
        if (line.at[i] == ';' && !quoted) {
            line.n = i;
        }
    }
    return line;
}

void list_take_zone(struct list_reader *r, struct bytes whole)
{
    struct bytes line = list_trim(without_comment(whole));
    struct bytes rest = line;
    if (r->depth > 0) {
        count_parentheses(r, line);
        return;
    }
    if (line.n == 0) {
        return;
    }
    if (line.at[0] == '$') {
        take_directive(r, line);
        return;
    }
    bool has_owner =
        list_is_space(whole.at[0]) ? r->has_owner : read_owner(r, list_take_word(&rest));
    if (has_owner) {
        take_record(r, line, rest);
    } else {
        list_skip(r, line);
    }
}
