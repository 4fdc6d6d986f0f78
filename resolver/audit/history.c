/* SPDX-License-Identifier: MIT */
#include "resolver/audit/history.h"

#include "resolver/audit/judge_parts.h"

#include <stdlib.h>

#define HOUR_US UINT64_C(3600000000)
#define DAY_US  (24 * HOUR_US)

enum { ARTEFACT_NAMES = 8, RTT_WEIGHT = 8 };

struct known {
    struct address address;
    uint64_t until_us;
};

/* Of one name and type. */
struct entry {
    uint64_t key; /* 0: free */
    uint64_t used_us;
    struct known pool[HISTORY_POOL];
    size_t next;
    uint32_t ttl_s;
    unsigned n_samples, providers; /* a bit each */
    uint64_t ttl_until_us;
    /* The set that all witnesses gave last, and the one before it. */
    struct address current[HISTORY_POOL], old[HISTORY_POOL];
    size_t n_current, n_old;
    unsigned n_stable;
    uint32_t current_ttl_s, old_ttl_s;
    uint64_t gone_us;
    unsigned n_lag_tries;
    uint64_t fine_until_us;
    /* What the local resolver gave when it was not explained, since when without a break, and how
     * long an honest copy of it had to live then. */
    struct address given[HISTORY_POOL];
    size_t n_given;
    uint64_t given_us;
    uint32_t given_life_s;
};

struct artefact {
    struct address address; /* n == 0: free */
    uint64_t names[ARTEFACT_NAMES], until_us[ARTEFACT_NAMES];
    uint64_t used_us;
};

struct history {
    struct entry names[HISTORY_NAMES];
    struct artefact artefacts[HISTORY_ARTEFACTS];
    uint32_t usual_rtt_us;
};

struct history *history_new(void)
{
    return calloc(1, sizeof(struct history));
}

struct history *history_free(struct history *history)
{
    free(history);
    return NULL;
}

static uint64_t key_of(const struct name *name, uint16_t type)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ type;
    for (size_t i = 0; i < name->n; i++) {
        hash = (hash ^ name->at[i]) * UINT64_C(0x100000001b3);
    }
    return hash | 1;
}

static struct entry *find(struct history *history, uint64_t key)
{
    for (size_t i = 0; i < HISTORY_NAMES; i++) {
        if (history->names[i].key == key) {
            return &history->names[i];
        }
    }
    return NULL;
}

static struct entry *obtain(struct history *history, uint64_t key, uint64_t now_us)
{
    struct entry *entry = find(history, key), *oldest = &history->names[0];
    for (size_t i = 0; i < HISTORY_NAMES && entry == NULL; i++) {
        struct entry *one = &history->names[i];
        oldest = one->used_us < oldest->used_us ? one : oldest;
    }
    if (entry == NULL) {
        entry = oldest;
        *entry = (struct entry){.key = key};
    }
    entry->used_us = now_us;
    return entry;
}

/* ---- what HTTPS says ---- */

static void add_known(struct entry *entry, const struct address *address, uint64_t now_us)
{
    struct known *place = &entry->pool[entry->next];
    for (size_t i = 0; i < HISTORY_POOL; i++) {
        if (address_equal(&entry->pool[i].address, address)) {
            entry->pool[i].until_us = now_us + 7 * DAY_US;
            return;
        }
    }
    *place = (struct known){*address, now_us + 7 * DAY_US};
    entry->next = (entry->next + 1) % HISTORY_POOL;
}

static void note_ttl(struct entry *entry, unsigned provider, uint32_t ttl_s, uint64_t now_us)
{
    if (entry->ttl_until_us <= now_us) {
        entry->ttl_s = 0;
        entry->n_samples = entry->providers = 0;
        entry->ttl_until_us = now_us + DAY_US;
    }
    entry->ttl_s = ttl_s > entry->ttl_s ? ttl_s : entry->ttl_s;
    entry->n_samples++;
    entry->providers |= 1u << provider;
}

static bool set_has(const struct address *set, size_t n, const struct address *address)
{
    for (size_t i = 0; i < n; i++) {
        if (address_equal(&set[i], address)) {
            return true;
        }
    }
    return false;
}

static bool is_set(const struct said *said, const struct address *set, size_t n)
{
    for (size_t i = 0; i < said->n; i++) {
        if (!set_has(set, n, &said->at[i])) {
            return false;
        }
    }
    return said->n == n;
}

/* The set that at least two witnesses gave, and none another; NULL when there is none. */
static const struct said *common_set(const struct judge_meeting *meeting)
{
    const struct said *first = NULL;
    size_t n = 0;
    for (size_t i = 0; i < meeting->n_controls; i++) {
        const struct said *control = &meeting->controls[i];
        if (!said_bears_witness(control)) {
            continue;
        }
        if (!said_gives_addresses(control) || control->n > HISTORY_POOL ||
            (first != NULL && !is_set(control, first->at, first->n))) {
            return NULL;
        }
        first = control;
        n++;
    }
    return n >= 2 ? first : NULL;
}

static void take_current(struct entry *entry, const struct said *set)
{
    entry->n_current = set->n;
    entry->n_stable = 1;
    entry->current_ttl_s = set->ttl_s;
    memcpy(entry->current, set->at, set->n * sizeof set->at[0]);
}

static bool is_disjoint(const struct entry *entry, const struct said *set)
{
    for (size_t i = 0; i < set->n; i++) {
        if (set_has(entry->current, entry->n_current, &set->at[i])) {
            return false;
        }
    }
    return true;
}

static void note_set(struct entry *entry, const struct said *set, uint64_t now_us)
{
    if (set == NULL) {
        entry->n_current = entry->n_old = entry->n_stable = 0;
        return;
    }
    if (is_set(set, entry->current, entry->n_current)) {
        entry->n_stable++;
        entry->current_ttl_s =
            set->ttl_s > entry->current_ttl_s ? set->ttl_s : entry->current_ttl_s;
        return;
    }
    bool changed = entry->n_stable >= HISTORY_STABLE && is_disjoint(entry, set);
    entry->n_old = changed ? entry->n_current : 0;
    entry->n_lag_tries = 0;
    if (changed) {
        memcpy(entry->old, entry->current, sizeof entry->old);
        entry->old_ttl_s = entry->current_ttl_s;
        entry->gone_us = now_us;
    }
    take_current(entry, set);
}

/* An address that HTTPS gives too is nobody's artefact. */
static void forget_artefact(struct history *history, const struct address *address)
{
    for (size_t i = 0; i < HISTORY_ARTEFACTS; i++) {
        if (address_equal(&history->artefacts[i].address, address)) {
            history->artefacts[i] = (struct artefact){.used_us = 0};
        }
    }
}

void history_note_controls(struct history *history, const struct question *question,
                           const struct judge_meeting *meeting, uint64_t now_us)
{
    struct entry *entry = obtain(history, key_of(&question->name, question->type), now_us);
    for (unsigned i = 0; i < meeting->n_controls; i++) {
        const struct said *control = &meeting->controls[i];
        if (!said_bears_witness(control) || !said_gives_addresses(control)) {
            continue;
        }
        note_ttl(entry, i, control->ttl_s, now_us);
        for (size_t k = 0; k < control->n; k++) {
            add_known(entry, &control->at[k], now_us);
            forget_artefact(history, &control->at[k]);
        }
    }
    note_set(entry, common_set(meeting), now_us);
}

/* ---- what the local resolver says ---- */

static struct artefact *obtain_artefact(struct history *history, const struct address *address)
{
    struct artefact *oldest = &history->artefacts[0];
    for (size_t i = 0; i < HISTORY_ARTEFACTS; i++) {
        struct artefact *one = &history->artefacts[i];
        if (address_equal(&one->address, address)) {
            return one;
        }
        oldest = one->used_us < oldest->used_us ? one : oldest;
    }
    *oldest = (struct artefact){.address = *address};
    return oldest;
}

static void note_artefact(struct history *history, const struct address *address,
                          const struct name *name, uint64_t now_us)
{
    struct artefact *one = obtain_artefact(history, address);
    uint64_t zone = judge_zone_hash(name);
    size_t place = 0;
    one->used_us = now_us;
    for (size_t i = 0; i < ARTEFACT_NAMES; i++) {
        if (one->names[i] == zone) {
            place = i;
            break;
        }
        place = one->until_us[i] < one->until_us[place] ? i : place;
    }
    one->names[place] = zone;
    one->until_us[place] = now_us + DAY_US;
}

static unsigned count_names(struct history *history, const struct address *address,
                            const struct name *name, uint64_t now_us)
{
    uint64_t zone = judge_zone_hash(name);
    unsigned n = 1;
    for (size_t i = 0; i < HISTORY_ARTEFACTS; i++) {
        const struct artefact *one = &history->artefacts[i];
        if (!address_equal(&one->address, address)) {
            continue;
        }
        for (size_t k = 0; k < ARTEFACT_NAMES; k++) {
            n += one->until_us[k] > now_us && one->names[k] != zone;
        }
    }
    return n;
}

static bool gives_old_only(const struct entry *entry, const struct said *local)
{
    for (size_t i = 0; i < local->n; i++) {
        if (!set_has(entry->old, entry->n_old, &local->at[i])) {
            return false;
        }
    }
    return entry->n_old > 0 && said_gives_addresses(local);
}

static void note_honest(struct history *history, struct entry *entry, const struct said *local,
                        uint64_t now_us)
{
    entry->fine_until_us = now_us + DAY_US;
    if (local->rtt_us != 0) {
        history->usual_rtt_us = history->usual_rtt_us == 0
                                    ? local->rtt_us
                                    : history->usual_rtt_us - history->usual_rtt_us / RTT_WEIGHT +
                                          local->rtt_us / RTT_WEIGHT;
    }
    for (size_t i = 0; i < local->n; i++) {
        if (local->tls[i] == TLS_OK) {
            add_known(entry, &local->at[i], now_us);
        }
        forget_artefact(history, &local->at[i]);
    }
}

static bool gives_given(const struct entry *entry, const struct said *local)
{
    bool any = false;
    for (size_t i = 0; i < local->n; i++) {
        any = any || set_has(entry->given, entry->n_given, &local->at[i]);
    }
    return any;
}

static void note_given(struct entry *entry, const struct judge_meeting *meeting, uint64_t now_us)
{
    const struct said *local = &meeting->local;
    if (gives_given(entry, local)) {
        return;
    }
    entry->n_given = local->n < HISTORY_POOL ? local->n : HISTORY_POOL;
    memcpy(entry->given, local->at, entry->n_given * sizeof local->at[0]);
    entry->given_us = now_us;
    entry->given_life_s = judge_copy_life_s(meeting);
}

void history_note_end(struct history *history, const struct judge_case *evidence,
                      const struct judgement *judgement, uint64_t now_us)
{
    const struct question *question = &evidence->question;
    if (evidence->n_meetings == 0) {
        return;
    }
    const struct said *local = &evidence->meetings[evidence->n_meetings - 1].local;
    struct entry *entry = obtain(history, key_of(&question->name, question->type), now_us);
    entry->n_lag_tries = gives_old_only(entry, local) ? entry->n_lag_tries + 1 : 0;
    if (judgement->verdict == VERDICT_CONSISTENT) {
        note_honest(history, entry, local, now_us);
        entry->n_given = 0;
        return;
    }
    bool unexplained = judgement->verdict >= VERDICT_INCONCLUSIVE;
    if (unexplained) {
        note_given(entry, &evidence->meetings[evidence->n_meetings - 1], now_us);
    }
    for (size_t i = 0; i < local->n && unexplained; i++) {
        note_artefact(history, &local->at[i], &question->name, now_us);
    }
}

void history_tell(struct history *history, const struct judge_case *evidence, uint64_t now_us,
                  struct judge_history *ret_history)
{
    const struct question *question = &evidence->question;
    *ret_history = (struct judge_history){.usual_rtt_us = history->usual_rtt_us};
    if (evidence->n_meetings > 0 && evidence->meetings[0].local.n > 0) {
        ret_history->n_names =
            count_names(history, &evidence->meetings[0].local.at[0], &question->name, now_us);
    }
    const struct entry *entry = find(history, key_of(&question->name, question->type));
    if (entry == NULL) {
        return;
    }
    for (size_t i = 0; i < HISTORY_POOL; i++) {
        if (entry->pool[i].until_us > now_us) {
            ret_history->known[ret_history->n_known++] = entry->pool[i].address;
        }
    }
    if (evidence->n_meetings > 0 && gives_given(entry, &evidence->meetings[0].local)) {
        ret_history->given_s = (uint32_t)((now_us - entry->given_us) / 1000000);
        ret_history->given_life_s = entry->given_life_s;
    }
    if (entry->ttl_until_us > now_us) {
        ret_history->ttl_s = entry->ttl_s;
        ret_history->n_ttl_samples = entry->n_samples;
        ret_history->n_ttl_providers = (unsigned)__builtin_popcount(entry->providers);
    }
    if (entry->n_old > 0 && entry->n_stable >= HISTORY_STABLE) {
        memcpy(ret_history->old, entry->old, entry->n_old * sizeof entry->old[0]);
        ret_history->n_old = entry->n_old;
        ret_history->gone_s = (uint32_t)((now_us - entry->gone_us) / 1000000);
        ret_history->old_ttl_s = entry->old_ttl_s;
        ret_history->n_lag_tries = entry->n_lag_tries;
    }
}

bool history_a_is_fine(struct history *history, const struct name *name, uint64_t now_us)
{
    const struct entry *entry = find(history, key_of(name, TYPE_A));
    return entry != NULL && entry->fine_until_us > now_us;
}
