/* SPDX-License-Identifier: MIT */
#include "resolver/audit/ledger.h"

#include <pthread.h>
#include <stdlib.h>

#define SECOND_US UINT64_C(1000000)
#define MINUTE_US (60 * SECOND_US)
#define HOUR_US   (60 * MINUTE_US)
#define DAY_US    (24 * HOUR_US)

enum { FOLLOW_STEPS_MAX = 5 };

struct incident {
    bool used, told, cluster_told;
    struct ledger_view view;
    uint64_t names[LEDGER_NAMES_MAX]; /* hashes */
    uint64_t n_met_told;              /* how often it was met when it was last told */
    unsigned n_summaries;
    /* Since it was last met: */
    unsigned n_consistent;
    uint64_t consistent_since_us;
    unsigned n_follows;
    uint64_t follow_us;
    size_t next_sample;
};

struct ledger {
    pthread_mutex_t lock;
    uint64_t clear_after_us;
    struct incident incidents[LEDGER_INCIDENTS_MAX];
    /* The alert budget, in µs: one alert costs an hour's tenth. */
    uint64_t credit_us, credit_at_us;
    bool has_credit_time, overflowing;
    uint64_t n_untold;
    struct ledger_record ring[LEDGER_RING_MAX];
    size_t n_ring, ring_next;
};

struct ledger *ledger_new(uint32_t clear_after_s)
{
    struct ledger *ledger = calloc(1, sizeof *ledger);
    if (ledger == NULL || pthread_mutex_init(&ledger->lock, NULL) != 0) {
        free(ledger);
        return NULL;
    }
    ledger->clear_after_us = clear_after_s * SECOND_US;
    return ledger;
}

struct ledger *ledger_free(struct ledger *ledger)
{
    if (ledger != NULL) {
        for (size_t i = 0; i < LEDGER_RING_MAX; i++) {
            free(ledger->ring[i].evidence);
        }
        pthread_mutex_destroy(&ledger->lock);
        free(ledger);
    }
    return NULL;
}

void ledger_set_clear_after(struct ledger *ledger, uint32_t clear_after_s)
{
    pthread_mutex_lock(&ledger->lock);
    ledger->clear_after_us = clear_after_s * SECOND_US;
    pthread_mutex_unlock(&ledger->lock);
}

/* ---- finding an incident ---- */

/* With its type: that IPv6 addresses are fine says nothing about IPv4 ones. */
static uint64_t hash_question(const struct question *question)
{
    const struct name *name = &question->name;
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ question->type;
    for (size_t i = 0; i < name->n; i++) {
        hash = (hash ^ name->at[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

static bool has_name(const struct incident *one, const struct question *question)
{
    uint64_t hash = hash_question(question);
    for (size_t i = 0; i < one->view.n_names; i++) {
        if (one->names[i] == hash) {
            return true;
        }
    }
    return false;
}

static bool same_place(const struct incident *one, const struct ledger_subject *subject)
{
    return one->used && strcmp(one->view.subject.network, subject->network) == 0 &&
           strcmp(one->view.subject.server, subject->server) == 0;
}

/* What a resolver does to whatever it is asked for is one incident, not one a name. */
static bool is_of_all_names(enum finding finding)
{
    return finding == FINDING_STALE_TTL || finding == FINDING_STALE_SIGNATURE;
}

static bool is_about(const struct incident *one, const struct ledger_subject *subject)
{
    if (!same_place(one, subject) || one->view.subject.finding != subject->finding) {
        return false;
    }
    bool nameless = subject->question.name.n == 0 || is_of_all_names(subject->finding);
    bool same_artefact =
        subject->artefact.n > 0 && address_equal(&one->view.subject.artefact, &subject->artefact);
    return nameless || same_artefact || has_name(one, &subject->question);
}

static struct incident *find(struct ledger *ledger, const struct ledger_subject *subject)
{
    for (size_t i = 0; i < LEDGER_INCIDENTS_MAX; i++) {
        if (is_about(&ledger->incidents[i], subject)) {
            return &ledger->incidents[i];
        }
    }
    return NULL;
}

/* A free place, or that of the incident met longest ago. */
static struct incident *make_room(struct ledger *ledger)
{
    struct incident *oldest = &ledger->incidents[0];
    for (size_t i = 0; i < LEDGER_INCIDENTS_MAX; i++) {
        struct incident *one = &ledger->incidents[i];
        if (!one->used) {
            return one;
        }
        if (one->view.last_us < oldest->view.last_us) {
            oldest = one;
        }
    }
    return oldest;
}

static void add_name(struct incident *one, const struct question *question)
{
    struct ledger_view *view = &one->view;
    if (question->name.n == 0 || has_name(one, question) || view->n_names == LEDGER_NAMES_MAX) {
        return;
    }
    one->names[view->n_names++] = hash_question(question);
    if (view->n_samples < LEDGER_SAMPLES_MAX) {
        view->samples[view->n_samples++] = *question;
    }
}

static struct incident *begin(struct ledger *ledger, const struct ledger_now *now,
                              const struct ledger_subject *subject)
{
    struct incident *one = make_room(ledger);
    *one = (struct incident){.used = true};
    one->view.subject = *subject;
    one->view.first_us = port_now_us(now->port);
    one->view.first_unix_s = now->unix_s;
    now->port->ops->random(now->port, one->view.id, sizeof one->view.id);
    return one;
}

/* ---- what may be told ---- */

static bool take_credit(struct ledger *ledger, uint64_t now_us)
{
    const uint64_t cost_us = HOUR_US / LEDGER_ALERTS_AN_HOUR;
    uint64_t earned_us = ledger->has_credit_time ? now_us - ledger->credit_at_us : HOUR_US;
    uint64_t missing_us = HOUR_US - ledger->credit_us;
    ledger->credit_us += earned_us < missing_us ? earned_us : missing_us;
    ledger->credit_at_us = now_us;
    ledger->has_credit_time = true;
    if (ledger->credit_us < cost_us) {
        return false;
    }
    ledger->credit_us -= cost_us;
    return true;
}

/* The event, if there is credit for it; else one OVERFLOW, then silence until there is again. */
static enum ledger_event tell(struct ledger *ledger, struct incident *one, enum ledger_event event,
                              uint64_t now_us)
{
    if (take_credit(ledger, now_us)) {
        ledger->overflowing = false;
        ledger->n_untold = 0;
        one->told = true;
        one->n_met_told = one->view.n_met;
        return event;
    }
    ledger->n_untold++;
    bool first = !ledger->overflowing;
    ledger->overflowing = true;
    return first ? LEDGER_OVERFLOW : LEDGER_QUIET;
}

static void copy_view(const struct ledger *ledger, const struct incident *one,
                      struct ledger_view *ret_view)
{
    *ret_view = one->view;
    ret_view->n_untold = ledger->n_untold;
}

/* 10 minutes after it was first met, an hour, then every day. */
static uint64_t summary_us(const struct incident *one)
{
    static const uint64_t first_two[] = {10 * MINUTE_US, HOUR_US};
    uint64_t after_us =
        one->n_summaries < 2 ? first_two[one->n_summaries] : (one->n_summaries - 1) * DAY_US;
    return one->view.first_us + after_us;
}

/* 1/3 of the time after which it counts as over, doubled each time that it is met again. */
static void plan_follow(struct ledger *ledger, struct incident *one, const struct ledger_now *now)
{
    uint64_t wait_us = (ledger->clear_after_us / LEDGER_CLEAR_CHECKS) << one->n_follows;
    uint32_t spread = (uint32_t)(wait_us / 8 / 1000);
    uint64_t jitter_us = spread > 0 ? port_random_below(now->port, spread) * UINT64_C(1000) : 0;
    one->follow_us = port_now_us(now->port) + wait_us + jitter_us;
}

static enum ledger_event confirm(struct ledger *ledger, const struct ledger_now *now,
                                 const struct ledger_subject *subject, struct incident **ret_one)
{
    uint64_t now_us = port_now_us(now->port);
    struct incident *one = find(ledger, subject);
    if (one == NULL) {
        one = begin(ledger, now, subject);
    }
    *ret_one = one;
    one->view.n_met++;
    one->view.last_us = now_us;
    one->view.last_unix_s = now->unix_s;
    one->n_consistent = 0;
    add_name(one, &subject->question);
    plan_follow(ledger, one, now);
    one->n_follows += one->n_follows < FOLLOW_STEPS_MAX;
    if (!one->told) {
        return tell(ledger, one, LEDGER_DETECT, now_us);
    }
    bool has_artefact = one->view.subject.artefact.n > 0;
    if (!one->cluster_told && has_artefact && one->view.n_names >= LEDGER_CLUSTER_NAMES) {
        enum ledger_event event = tell(ledger, one, LEDGER_CLUSTER, now_us);
        one->cluster_told = event == LEDGER_CLUSTER;
        return event;
    }
    return LEDGER_QUIET;
}

enum ledger_event ledger_confirmed(struct ledger *ledger, const struct ledger_now *now,
                                   const struct ledger_subject *subject,
                                   struct ledger_view *ret_view)
{
    struct incident *one;
    pthread_mutex_lock(&ledger->lock);
    enum ledger_event event = confirm(ledger, now, subject, &one);
    if (event != LEDGER_QUIET) {
        copy_view(ledger, one, ret_view);
    }
    pthread_mutex_unlock(&ledger->lock);
    return event;
}

/* ---- the end of an incident ---- */

static bool is_contradicted(const struct incident *one, const struct ledger_subject *subject)
{
    if (!same_place(one, subject)) {
        return false;
    }
    if (subject->question.name.n == 0) {
        return one->view.subject.finding == subject->finding;
    }
    return has_name(one, &subject->question);
}

/* Counts one good check; true when it is over. */
static bool note_good(struct ledger *ledger, struct incident *one, const struct ledger_now *now)
{
    uint64_t now_us = port_now_us(now->port);
    if (one->n_consistent++ == 0) {
        one->consistent_since_us = now_us;
    }
    one->n_follows = 0;
    plan_follow(ledger, one, now);
    return one->n_consistent >= LEDGER_CLEAR_CHECKS &&
           now_us - one->consistent_since_us >= ledger->clear_after_us;
}

enum ledger_event ledger_consistent(struct ledger *ledger, const struct ledger_now *now,
                                    const struct ledger_subject *subject,
                                    struct ledger_view *ret_view)
{
    enum ledger_event event = LEDGER_QUIET;
    pthread_mutex_lock(&ledger->lock);
    for (size_t i = 0; i < LEDGER_INCIDENTS_MAX && event == LEDGER_QUIET; i++) {
        struct incident *one = &ledger->incidents[i];
        if (is_contradicted(one, subject) && note_good(ledger, one, now)) {
            bool was_told = one->told;
            one->used = false;
            event = was_told ? tell(ledger, one, LEDGER_CLEAR, port_now_us(now->port)) : event;
            copy_view(ledger, one, ret_view);
        }
    }
    pthread_mutex_unlock(&ledger->lock);
    return event;
}

/* ---- as time goes by ---- */

/* A summary that has nothing new to say is passed over. */
static bool summary_is_due(struct incident *one, uint64_t now_us)
{
    bool due = false;
    while (one->used && one->told && summary_us(one) <= now_us) {
        one->n_summaries++;
        due = true;
    }
    return due && one->view.n_met > one->n_met_told;
}

enum ledger_event ledger_summary(struct ledger *ledger, const struct ledger_now *now,
                                 struct ledger_view *ret_view)
{
    uint64_t now_us = port_now_us(now->port);
    enum ledger_event event = LEDGER_QUIET;
    pthread_mutex_lock(&ledger->lock);
    for (size_t i = 0; i < LEDGER_INCIDENTS_MAX && event == LEDGER_QUIET; i++) {
        struct incident *one = &ledger->incidents[i];
        if (summary_is_due(one, now_us)) {
            event = tell(ledger, one, LEDGER_REPEAT, now_us);
            copy_view(ledger, one, ret_view);
        }
    }
    pthread_mutex_unlock(&ledger->lock);
    return event;
}

bool ledger_follow(struct ledger *ledger, const struct ledger_now *now, const char *network,
                   const char *server, struct ledger_subject *ret_subject)
{
    bool found = false;
    pthread_mutex_lock(&ledger->lock);
    for (size_t i = 0; i < LEDGER_INCIDENTS_MAX && !found; i++) {
        struct incident *one = &ledger->incidents[i];
        found = one->used && one->follow_us <= port_now_us(now->port) &&
                strcmp(one->view.subject.network, network) == 0 &&
                strcmp(one->view.subject.server, server) == 0;
        if (!found) {
            continue;
        }
        *ret_subject = one->view.subject;
        if (one->view.n_samples > 0) {
            ret_subject->question = one->view.samples[one->next_sample++ % one->view.n_samples];
        }
        plan_follow(ledger, one, now);
    }
    pthread_mutex_unlock(&ledger->lock);
    return found;
}

size_t ledger_n_open(struct ledger *ledger)
{
    size_t n = 0;
    pthread_mutex_lock(&ledger->lock);
    for (size_t i = 0; i < LEDGER_INCIDENTS_MAX; i++) {
        n += ledger->incidents[i].used;
    }
    pthread_mutex_unlock(&ledger->lock);
    return n;
}

/* ---- verdicts with their evidence ---- */

void ledger_keep(struct ledger *ledger, const struct ledger_record *record)
{
    pthread_mutex_lock(&ledger->lock);
    struct ledger_record *place = &ledger->ring[ledger->ring_next];
    free(place->evidence);
    *place = *record;
    ledger->ring_next = (ledger->ring_next + 1) % LEDGER_RING_MAX;
    ledger->n_ring += ledger->n_ring < LEDGER_RING_MAX;
    pthread_mutex_unlock(&ledger->lock);
}

size_t ledger_records(struct ledger *ledger, struct ledger_record *ret_records, size_t room)
{
    pthread_mutex_lock(&ledger->lock);
    size_t n = ledger->n_ring < room ? ledger->n_ring : room;
    for (size_t i = 0; i < n; i++) {
        size_t at = (ledger->ring_next + LEDGER_RING_MAX - 1 - i) % LEDGER_RING_MAX;
        const char *evidence = ledger->ring[at].evidence;
        ret_records[i] = ledger->ring[at];
        /* Without memory the record goes without its evidence. */
        ret_records[i].evidence = evidence != NULL ? strdup(evidence) : NULL;
    }
    pthread_mutex_unlock(&ledger->lock);
    return n;
}
