/* SPDX-License-Identifier: MIT */
/* How a policy is made: everything that names something is read once, in order of precedence, into
 * a draft of suffixes and into local data. */
#include "resolver/policy/snapshot.h"
#include "resolver/policy/special.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { TEXT_MAX = 400, REVERSE_MAX = 80 };

struct loading {
    const struct policy_params *params;
    struct policy_teller *teller;
    struct policy *policy;
    struct suffixes_draft draft;
    unsigned value; /* of what is being read: a rule, or a list */
};

static void tell(struct loading *l, bool is_trouble, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void tell(struct loading *l, bool is_trouble, const char *format, ...)
{
    char text[TEXT_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    l->teller->tell(l->teller->ctx, is_trouble, text);
}

static void tell_unreadable(struct loading *l, const char *path, int failure)
{
    l->teller->n_failed++;
    tell(l, true, "%.200s cannot be read: %s", path, strerror(-failure));
}

static bool gives_up(void *ctx)
{
    struct loading *l = ctx;
    return l->teller->gives_up != NULL && l->teller->gives_up(l->teller->ctx);
}

/* ---- local data ---- */

static int add_record(struct loading *l, const struct localdata_owner *owner,
                      const struct localdata_record *record)
{
    struct name name = {.n = (uint8_t)owner->name.n};
    struct suffix_entry entry = {
        .reach = owner->wildcard ? SUFFIX_BELOW : SUFFIX_SELF,
        .class = CLASS_LOCAL,
    };
    memcpy(name.at, owner->name.at, owner->name.n);
    int outcome = localdata_add(l->policy->local, owner, record);
    return outcome <= 0 ? outcome : suffixes_add(&l->draft, &name, &entry);
}

/* "4.3.2.1.in-addr.arpa", or the nibbles below ip6.arpa. */
static void reverse_name(const uint8_t *address, size_t n, struct name *ret_name)
{
    static const char hex[] = "0123456789abcdef";
    char text[REVERSE_MAX];
    size_t at = 0;
    if (n == 4) {
        snprintf(text, sizeof text, "%u.%u.%u.%u.in-addr.arpa", address[3], address[2], address[1],
                 address[0]);
    } else {
        for (size_t i = n; i-- > 0;) {
            text[at++] = hex[address[i] & 15];
            text[at++] = '.';
            text[at++] = hex[address[i] >> 4];
            text[at++] = '.';
        }
        strcpy(text + at, "ip6.arpa");
    }
    list_name(bytes_of(text, strlen(text)), ret_name);
}

static bool read_owner(const char *text, struct name *name, bool *ret_wildcard)
{
    *ret_wildcard = strncmp(text, "*.", 2) == 0;
    if (name_from_text(*ret_wildcard ? text + 2 : text, name) < 0) {
        return false;
    }
    name_lower(name);
    return true;
}

static int deny_local(struct loading *l, const struct localdata_owner *owner,
                      enum policy_local_kind kind)
{
    struct name name = {.n = (uint8_t)owner->name.n};
    struct suffix_entry entry = {
        .reach = owner->wildcard ? SUFFIX_BELOW : SUFFIX_SELF,
        .class = CLASS_LOCAL,
    };
    memcpy(name.at, owner->name.at, owner->name.n);
    int outcome =
        localdata_deny(l->policy->local, owner,
                       kind == POLICY_LOCAL_NXDOMAIN ? LOCALDATA_NXDOMAIN : LOCALDATA_NODATA);
    return outcome <= 0 ? outcome : suffixes_add(&l->draft, &name, &entry);
}

/* One address, or another name. */
static int add_value(struct loading *l, const struct localdata_owner *owner, const char *value)
{
    uint8_t address[16];
    struct name target;
    struct localdata_record record = {.ttl_s = l->params->local_ttl_s};
    size_t n = list_address(bytes_of(value, strlen(value)), address);
    if (n > 0) {
        record.type = n == 4 ? TYPE_A : TYPE_AAAA;
        record.rdata = bytes_of(address, n);
    } else if (name_from_text(value, &target) == 0) {
        name_lower(&target);
        record.type = TYPE_CNAME;
        record.rdata = name_bytes(&target);
    } else {
        return 0;
    }
    return add_record(l, owner, &record);
}

static int load_locals(struct loading *l)
{
    int failure = 0;
    for (size_t i = 0; i < l->params->n_locals && failure >= 0; i++) {
        const struct policy_local *local = &l->params->locals[i];
        struct name name;
        struct localdata_owner owner = {.source = LOCALDATA_CONFIG};
        if (!read_owner(local->name, &name, &owner.wildcard)) {
            continue;
        }
        owner.name = name_bytes(&name);
        if (local->kind != POLICY_LOCAL_RECORDS) {
            failure = deny_local(l, &owner, local->kind);
        }
        for (size_t k = 0; k < local->values.n && failure >= 0; k++) {
            failure = add_value(l, &owner, local->values.at[k]);
        }
    }
    return failure < 0 ? failure : 0;
}

/* ---- hosts files ---- */

/* The names of one line, and the first of them for the address. localhost is loopback, whatever a
 * file that knows one family of it, or a list of names to block, has there (RFC 6761 section 6.3).
 */
static int take_host(void *ctx, const struct hosts_entry *host)
{
    struct loading *l = ctx;
    struct name reverse;
    struct special_zone zone;
    struct localdata_owner owner = {.name = name_bytes(&host->name), .source = LOCALDATA_HOSTS};
    struct localdata_record record = {
        .type = host->n_address == 4 ? TYPE_A : TYPE_AAAA,
        .ttl_s = l->params->local_ttl_s,
        .rdata = bytes_of(host->address, host->n_address),
    };
    bool is_loopback = special_find(&host->name, &zone) == SPECIAL_LOCALHOST;
    int failure = is_loopback ? 0 : add_record(l, &owner, &record);
    if (failure < 0 || !host->is_first) {
        return failure;
    }
    reverse_name(host->address, host->n_address, &reverse);
    owner.name = name_bytes(&reverse);
    record.type = TYPE_PTR;
    record.rdata = name_bytes(&host->name);
    return add_record(l, &owner, &record);
}

static int load_hosts(struct loading *l)
{
    int failure = 0;
    for (size_t i = 0; i < l->params->hosts.n && failure >= 0; i++) {
        struct list_reader reader = {
            .format = LIST_ADDRESSES, .on_host = take_host, .gives_up = gives_up, .ctx = l};
        list_begin(&reader);
        int outcome = list_read_file(&reader, l->params->hosts.at[i]);
        failure = reader.failure;
        if (outcome < 0 && failure == 0 && outcome != -ENOENT) {
            tell_unreadable(l, l->params->hosts.at[i], outcome);
        }
    }
    return failure < 0 ? failure : 0;
}

/* ---- rules ---- */

static int take_rule_entry(void *ctx, const struct list_entry *entry)
{
    struct loading *l = ctx;
    struct suffix_entry suffix = {
        .reach = (enum suffix_reach)((entry->self ? SUFFIX_SELF : 0) |
                                     (entry->below ? SUFFIX_BELOW : 0)),
        .class = CLASS_RULE,
        .value = l->value,
    };
    return suffixes_add(&l->draft, &entry->name, &suffix);
}

/* Triggers of a policy zone that nobody but a full resolver, or nobody here, can know. */
static void tell_others(struct loading *l, const struct list_reader *reader, const char *path)
{
    const size_t *n = reader->n_other;
    if (n[LIST_TRIGGER_ADDRESS] + n[LIST_TRIGGER_SERVER] + n[LIST_TRIGGER_CLIENT] > 0) {
        tell(l, true,
             "%.200s: only names that are asked for are looked at: passed over are %zu triggers by "
             "an answer's address, %zu by a name server and %zu by a client",
             path, n[LIST_TRIGGER_ADDRESS], n[LIST_TRIGGER_SERVER], n[LIST_TRIGGER_CLIENT]);
    }
}

/* Reads one list or rule file. `what` is for the person who reads the log. */
static int load_file(struct loading *l, struct list_reader *reader, const char *path,
                     const char *what)
{
    list_begin(reader);
    int outcome = list_read_file(reader, path);
    if (reader->failure < 0) {
        return reader->failure;
    }
    if (outcome < 0) {
        tell_unreadable(l, path, outcome);
        return 0;
    }
    tell(l, false, "%s %.200s: %zu entries", what, path, reader->n_entries);
    if (reader->n_skipped > 0) {
        tell(l, true, "%.200s: %zu lines are not for a resolver, the first is line %zu: %s", path,
             reader->n_skipped, reader->first_skipped, reader->note);
    }
    tell_others(l, reader, path);
    return 0;
}

static int load_rule_domains(struct loading *l, const struct policy_texts *domains)
{
    int failure = 0;
    for (size_t i = 0; i < domains->n && failure == 0; i++) {
        struct list_entry entry = {.self = true, .below = true};
        bool wildcard;
        if (read_owner(domains->at[i], &entry.name, &wildcard)) {
            entry.self = !wildcard;
            failure = take_rule_entry(l, &entry);
        }
    }
    return failure;
}

static int load_rules(struct loading *l, bool with_files)
{
    int failure = 0;
    for (size_t i = 0; i < l->params->n_rules && failure == 0; i++) {
        const struct policy_rule *rule = &l->params->rules[i];
        l->value = (unsigned)i;
        l->policy->rule_is_local[i] = rule->is_local;
        failure = load_rule_domains(l, &rule->domains);
        for (size_t k = 0; with_files && k < rule->files.n && failure == 0; k++) {
            struct list_reader reader = {
                .on_entry = take_rule_entry, .gives_up = gives_up, .ctx = l};
            failure = load_file(l, &reader, rule->files.at[k], "rule list");
        }
    }
    return failure;
}

/* ---- block lists ---- */

static int add_listed(struct loading *l, const struct list_entry *entry, unsigned class,
                      unsigned action)
{
    struct suffix_entry suffix = {
        .reach = (enum suffix_reach)((entry->self ? SUFFIX_SELF : 0) |
                                     (entry->below ? SUFFIX_BELOW : 0)),
        .class = class,
        .value = action << ACTION_SHIFT | l->value,
    };
    return suffixes_add(&l->draft, &entry->name, &suffix);
}

/* What a policy zone says instead of the truth. */
static int add_zone_record(struct loading *l, const struct list_entry *entry)
{
    struct localdata_owner owner = {
        .name = name_bytes(&entry->name), .wildcard = entry->below, .source = LOCALDATA_ZONE};
    struct localdata_record record = {entry->type, entry->ttl_s, entry->rdata};
    int outcome = localdata_add(l->policy->local, &owner, &record);
    return outcome < 0 ? outcome : add_listed(l, entry, CLASS_BLOCK, BLOCK_RECORD);
}

static int take_list_entry(void *ctx, const struct list_entry *entry)
{
    struct loading *l = ctx;
    switch (entry->action) {
    case LIST_NAME:
        return add_listed(l, entry, CLASS_BLOCK, BLOCK_AS_SAID);
    case LIST_IMPORTANT:
        return add_listed(l, entry, CLASS_BLOCK, BLOCK_IMPORTANT);
    case LIST_NXDOMAIN:
        return add_listed(l, entry, CLASS_BLOCK, BLOCK_NXDOMAIN);
    case LIST_NODATA:
        return add_listed(l, entry, CLASS_BLOCK, BLOCK_NODATA);
    case LIST_DROP:
        return add_listed(l, entry, CLASS_BLOCK, BLOCK_DROP);
    case LIST_TCP_ONLY:
        return add_listed(l, entry, CLASS_BLOCK, BLOCK_TCP_ONLY);
    case LIST_ALLOW:
        return add_listed(l, entry, CLASS_PASS, PASS_ALLOW);
    case LIST_EXCEPT:
        return add_listed(l, entry, CLASS_PASS, PASS_EXCEPT);
    case LIST_PASS:
        return add_listed(l, entry, CLASS_PASS, PASS_SPECIFIC);
    case LIST_RECORD:
        return add_zone_record(l, entry);
    }
    return 0;
}

/* False when it is no range of addresses, but a name. */
static bool take_range(struct policy *p, const char *text)
{
    struct dns64_range range;
    if (!dns64_range_parse(text, &range)) {
        return false;
    }
    if (p->unusable.n < DNS64_RANGES_MAX) {
        p->unusable.at[p->unusable.n++] = range;
    }
    return true;
}

static int load_passes(struct loading *l, const struct policy_texts *texts, unsigned class,
                       unsigned action)
{
    int failure = 0;
    l->value = 0;
    for (size_t i = 0; i < texts->n && failure == 0; i++) {
        struct list_entry entry = {.self = true, .below = true};
        bool wildcard;
        if (class == CLASS_TRUE_ONLY && take_range(l->policy, texts->at[i])) {
            continue;
        }
        if (read_owner(texts->at[i], &entry.name, &wildcard)) {
            entry.self = !wildcard;
            failure = add_listed(l, &entry, class, action);
        }
    }
    return failure;
}

static int load_allow(struct loading *l)
{
    int failure = load_passes(l, &l->params->allow, CLASS_PASS, PASS_ALLOW);
    if (failure == 0) {
        failure = load_passes(l, &l->params->guard_allow, CLASS_INNER, 0);
    }
    return failure == 0 ? load_passes(l, &l->params->dns64_exclude, CLASS_TRUE_ONLY, 0) : failure;
}

static int load_lists(struct loading *l)
{
    int failure = 0;
    for (size_t i = 0; i < l->params->n_lists && failure == 0; i++) {
        const struct policy_list *list = &l->params->lists[i];
        struct list_reader reader = {
            .format = list->format, .on_entry = take_list_entry, .gives_up = gives_up, .ctx = l};
        l->value = (unsigned)i;
        snprintf(l->policy->list_texts[i], LIST_TEXT_MAX, "blocked by %s", list->name);
        failure = load_file(l, &reader, list->path, "block list");
    }
    return failure;
}

/* ---- the whole ---- */

static void copy_text(char out[256], const char *text)
{
    snprintf(out, 256, "%s", text != NULL ? text : "");
}

static int load_all(struct loading *l, enum policy_extent extent)
{
    int failure = load_locals(l);
    if (failure == 0 && extent != POLICY_FILELESS) {
        failure = load_hosts(l);
    }
    if (failure == 0) {
        failure = load_rules(l, extent != POLICY_FILELESS);
    }
    if (failure == 0) {
        failure = load_allow(l);
    }
    if (failure == 0 && extent == POLICY_WHOLE) {
        failure = load_lists(l);
    }
    if (failure < 0) {
        suffixes_drop(&l->draft);
        return failure;
    }
    if (l->draft.n == 0) {
        suffixes_drop(&l->draft);
        return 0;
    }
    return suffixes_make(&l->draft, &l->policy->suffixes);
}

int policy_load(const struct policy_params *params, enum policy_extent extent,
                const uint8_t secret[16], struct policy_teller *teller, struct policy **ret_policy)
{
    struct policy *p = calloc(1, sizeof *p);
    struct loading l = {.params = params, .teller = teller, .policy = p};
    teller->n_failed = 0;
    if (p == NULL) {
        return -ENOMEM;
    }
    atomic_init(&p->n_refs, 1);
    p->params = *params;
    copy_text(p->version, params->version);
    copy_text(p->id, params->id);
    copy_text(p->hostname, params->hostname);
    p->local = localdata_new(secret);
    suffixes_begin(&l.draft, secret);
    int failure = p->local != NULL ? load_all(&l, extent) : -ENOMEM;
    if (failure < 0) {
        policy_unref(p);
        return failure;
    }
    *ret_policy = p;
    return 0;
}

struct policy *policy_ref(struct policy *p)
{
    atomic_fetch_add_explicit(&p->n_refs, 1, memory_order_relaxed);
    return p;
}

struct policy *policy_unref(struct policy *p)
{
    if (p != NULL && atomic_fetch_sub_explicit(&p->n_refs, 1, memory_order_acq_rel) == 1) {
        suffixes_free(p->suffixes);
        localdata_free(p->local);
        free(p);
    }
    return NULL;
}

const char *policy_file(const struct policy_params *params, size_t i)
{
    if (i < params->hosts.n) {
        return params->hosts.at[i];
    }
    i -= params->hosts.n;
    for (size_t k = 0; k < params->n_rules; k++) {
        if (i < params->rules[k].files.n) {
            return params->rules[k].files.at[i];
        }
        i -= params->rules[k].files.n;
    }
    return i < params->n_lists ? params->lists[i].path : NULL;
}

void policy_count(const struct policy *p, struct policy_counts *ret_counts)
{
    *ret_counts = (struct policy_counts){
        .n_suffixes = suffixes_count(p->suffixes),
        .n_local = localdata_count(p->local),
        .used_bytes = suffixes_bytes(p->suffixes) + localdata_bytes(p->local),
    };
}
