/* SPDX-License-Identifier: MIT */
/* The auditor puts its parts together: what is told (told.h) or due (patrol.h) becomes a case
 * (case.h), within the budget and once in a while for each name (seen.h); a probe (probe.h) runs at
 * the start, every six hours, and when there is reason to; what is proved is reported (report.h),
 * once. */
#include "resolver/audit/audit.h"

#include "resolver/audit/budget.h"
#include "resolver/audit/case.h"
#include "resolver/audit/counts.h"
#include "resolver/audit/echo.h"
#include "resolver/audit/patrol.h"
#include "resolver/audit/personal.h"
#include "resolver/audit/popular.h"
#include "resolver/audit/probe.h"
#include "resolver/audit/sample.h"
#include "resolver/audit/seen.h"
#include "resolver/audit/telling.h"
#include "resolver/audit/told.h"
#include "resolver/audit/turn.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define SECOND_US UINT64_C(1000000)
#define MINUTE_US (60 * SECOND_US)
#define HOUR_US   (60 * MINUTE_US)

enum {
    PROBE_FIRST_MS = 1000,
    PROBE_FIRST_SPREAD_MS = 1000,
    PROBE_EVERY_S = 6 * 3600,
    PROBE_SPREAD_S = 1800,
    PROBE_RETRY_S = 60, /* doubled each time it could not be decided */
    PROBE_RETRY_SPREAD_S = 30,
    PROBE_RETRIES_MAX = 8,
    LOOP_AGAIN_S = 3600, /* a local resolver that leads back to us is looked at again */
    PROBE_AGAIN_S = 600, /* not triggered again so soon after it was decided */
    CASES_AN_HOUR = 600,
    INCIDENTS_EVERY_S = 1, /* how often open incidents are looked at */
};

struct audit {
    struct audit_params params;
    struct asker asker;
    struct told *told;          /* NULL when the mode does not want clients' questions */
    struct budget budget, hour; /* of cases; by the hour in all modes but `all` */
    struct audit_counters counts;
    struct turn turn; /* of the local resolvers */
    struct echo echo; /* does it lead back to us? */
    bool loop_told;
    enum finding state_told;
    uint64_t settled_us; /* nothing is checked before */
    struct patrol patrol;
    struct probe probe;
    struct path_probe path;
    struct port_timer probe_timer;
    unsigned n_probe_retries;
    uint64_t probe_decided_us; /* 0: not yet */
    struct audit_case cases[AUDIT_CASES_MAX];
    struct history *history;
    struct seen checked; /* (name, type), until it may be checked again */
    struct port_timer incidents_timer;
};

static bool may_filter(const struct audit *audit, const char *server)
{
    struct address address;
    switch (audit->params.filters) {
    case AUDIT_FILTERS_AUTO:
        return address_from_server(server, &address) && address_is_private(&address);
    case AUDIT_FILTERS_YES:
        return true;
    case AUDIT_FILTERS_NO:
        break;
    }
    return false;
}

static uint64_t question_key(const struct audit *audit, const struct question *question)
{
    uint8_t type[2];
    bytes_write_u16(type, question->type);
    uint64_t key = seen_key(&audit->checked, 0, name_bytes(&question->name));
    return seen_key(&audit->checked, key, bytes_of(type, sizeof type));
}

static bool may_ask(const struct audit *audit)
{
    return turn_now(&audit->turn) != NULL && audit->asker.n_controls > 0 &&
           port_now_us(audit->asker.port) >= audit->settled_us;
}

/* Without a route nothing is learnt. */
static void begin_path(struct audit *audit)
{
    if (audit->params.path_probe == AUDIT_PATH_YES && audit->path.state == PATH_IDLE) {
        (void)path_begin(&audit->path, turn_now(&audit->turn));
    }
}

static void on_path_end(struct path_probe *path)
{
    struct audit *audit = path->ctx;
    telling_path(&audit->asker, path);
}

static bool is_probing(const struct audit *audit)
{
    return audit->echo.asking_now || audit->probe.state != PROBE_IDLE;
}

/* First of all: is it somebody else? */
static void begin_probe(struct audit *audit)
{
    port_timer_stop(audit->asker.port, &audit->probe_timer);
    if (may_ask(audit)) {
        echo_begin(&audit->echo, turn_now(&audit->turn));
    }
}

/* A name that does not exist over HTTPS has addresses here: is that so for any such name? */
static void trigger_probe(struct audit *audit)
{
    uint64_t now_us = port_now_us(audit->asker.port);
    bool recent = audit->probe_decided_us != 0 &&
                  now_us - audit->probe_decided_us < PROBE_AGAIN_S * SECOND_US;
    if (!is_probing(audit) && !recent && audit->probe.judgement.verdict != VERDICT_CONFIRMED) {
        begin_probe(audit);
    }
}

static void on_probe_timer(struct port_timer *timer)
{
    struct audit *audit =
        (struct audit *)(void *)((char *)timer - offsetof(struct audit, probe_timer));
    turn_forgive(&audit->turn);
    begin_probe(audit);
}

static void schedule_probe(struct audit *audit, uint64_t wait_us)
{
    struct port *port = audit->asker.port;
    /* Without memory the probe waits for a reason to run. */
    (void)port_timer_start(port, &audit->probe_timer, port_now_us(port) + wait_us);
}

static uint64_t jittered_us(struct audit *audit, uint32_t least_s, uint32_t spread_s)
{
    return (least_s + port_random_below(audit->asker.port, spread_s + 1)) * SECOND_US;
}

/* A program of this machine's is taken at its word; another host could send back what it is asked,
 * so as not to be looked at. */
static bool is_on_this_machine(const struct audit *audit, const char *server)
{
    const struct audit_door *door = &audit->asker.door;
    struct address address;
    return address_from_server(server, &address) &&
           (address_is_loopback(&address) ||
            (door->is_own != NULL && door->is_own(door->ctx, &address)));
}

static void tell_loop(struct audit *audit, const char *server)
{
    const struct audit_door *door = &audit->asker.door;
    if (!audit->loop_told && door->on_loop != NULL) {
        door->on_loop(door->ctx, server);
    }
    audit->loop_told = true;
}

static void on_echo(struct echo *echo)
{
    struct audit *audit = echo->ctx;
    if (echo_was_heard(echo)) {
        tell_loop(audit, echo->server);
        if (is_on_this_machine(audit, echo->server)) {
            turn_leave_out(&audit->turn, echo->server);
            schedule_probe(audit, turn_now(&audit->turn) != NULL ? 0 : LOOP_AGAIN_S * SECOND_US);
            return;
        }
    }
    begin_path(audit);
    probe_begin(&audit->probe, echo->server, may_filter(audit, echo->server));
}

/* What it gives for names that do not exist is a block page for others too. */
static void note_rewriter(struct audit *audit)
{
    struct asker *asker = &audit->asker;
    const struct judgement *judgement = &audit->probe.judgement;
    bool proved = judgement->verdict == VERDICT_CONFIRMED;
    snprintf(asker->rewriter, sizeof asker->rewriter, "%s", proved ? audit->probe.server : "");
    asker->rewritten = judgement->artefact;
}

/* Once, until it is otherwise: a portal, or a resolver that cannot be looked at. */
static void tell_state(struct audit *audit, const struct probe *probe)
{
    const struct audit_door *door = &audit->asker.door;
    enum finding finding = FINDING_NONE;
    if (probe->judgement.verdict == VERDICT_UNUSABLE) {
        finding = audit->asker.captive ? FINDING_CAPTIVE : FINDING_ISP_RESOLVER_UNUSABLE;
    }
    if (finding != audit->state_told && finding != FINDING_NONE && door->on_state != NULL) {
        door->on_state(door->ctx, finding_word(finding), probe->server);
    }
    audit->state_told = finding;
}

static void on_probe_end(struct probe *probe)
{
    struct audit *audit = probe->ctx;
    enum verdict verdict = probe->judgement.verdict;
    counts_add_verdict(&audit->counts, verdict);
    audit->asker.captive = probe->judgement.finding == FINDING_CAPTIVE;
    tell_state(audit, probe);
    if (verdict == VERDICT_NO_DATA || verdict == VERDICT_UNUSABLE) {
        /* Whoever has logged in is not to wait. */
        unsigned n = audit->asker.captive ? 0 : audit->n_probe_retries;
        uint32_t retry_s = (uint32_t)PROBE_RETRY_S << n;
        audit->n_probe_retries = n + (n < PROBE_RETRIES_MAX);
        schedule_probe(audit, jittered_us(audit, retry_s, PROBE_RETRY_SPREAD_S));
        if (probe->judgement.rule == RULE_G3) {
            turn_pass(&audit->turn, probe->server);
        }
        return;
    }
    audit->n_probe_retries = 0;
    audit->probe_decided_us = port_now_us(audit->asker.port);
    schedule_probe(audit, jittered_us(audit, PROBE_EVERY_S - PROBE_SPREAD_S, 2 * PROBE_SPREAD_S));
    note_rewriter(audit);
    telling_probe(&audit->asker, probe);
}

static void on_case_end(struct audit_case *one)
{
    struct audit *audit = one->ctx;
    const struct said *local = &one->evidence.meetings[0].local;
    const struct said *told = &one->evidence.told;
    enum verdict verdict = one->judgement.verdict;
    counts_add_verdict(&audit->counts, verdict);
    history_note_end(audit->history, &one->evidence, &one->judgement,
                     port_now_us(audit->asker.port));
    seen_put(&audit->checked, question_key(audit, &one->evidence.question),
             port_now_us(audit->asker.port) + counts_life_us(verdict));
    telling_case(&audit->asker, one);
    if (verdict == VERDICT_UNUSABLE && !local->answered) {
        turn_pass(&audit->turn, one->server);
    }
    if (told->answered && told->rcode == RCODE_NXDOMAIN && said_gives_addresses(local)) {
        trigger_probe(audit);
    }
    /* Last: it may begin a new case in this one's place. */
    audit_drain(audit);
}

static struct audit_case *find_idle_case(struct audit *audit)
{
    for (size_t i = 0; i < AUDIT_CASES_MAX; i++) {
        if (audit->cases[i].state == CASE_IDLE) {
            return &audit->cases[i];
        }
    }
    return NULL;
}

static bool may_spend(struct audit *audit, uint64_t now_us)
{
    if (!budget_take(&audit->budget, now_us)) {
        return false;
    }
    if (audit->params.mode != AUDIT_ALL && !budget_take(&audit->hour, now_us)) {
        budget_give_back(&audit->budget);
        return false;
    }
    return true;
}

/* Begins a case, if there is a place for it and it is not done or under way. */
static void check(struct audit *audit, const struct question *question, const struct said *told,
                  enum case_depth depth)
{
    struct audit_case *one = find_idle_case(audit);
    uint64_t now_us = port_now_us(audit->asker.port);
    uint64_t key = question_key(audit, question);
    if (!may_ask(audit) || audit->asker.captive || seen_has(&audit->checked, key, now_us)) {
        return;
    }
    if (one == NULL || !may_spend(audit, now_us)) {
        counts_add(&audit->counts.n_dropped);
        return;
    }
    /* While it is under way it counts as done; it ends long before that. */
    seen_put(&audit->checked, key, now_us + one->recheck_us + HOUR_US);
    const char *server = turn_now(&audit->turn);
    struct case_begin begin = {
        .asker = &audit->asker,
        .question = question,
        .told = told,
        .server = server,
        .local_may_filter = may_filter(audit, server),
        .depth = depth,
    };
    case_begin(one, &begin);
}

static void on_due(void *ctx, const struct question *question, const struct said *told)
{
    if (judge_is_eligible(question)) {
        check(ctx, question, told, told == NULL ? CASE_PATROL : CASE_BRIEF);
    }
}

/* An open incident is looked at again: has it gone on, or is it over? */
static void follow(struct audit *audit)
{
    struct ledger_subject subject;
    if (!may_ask(audit) || !telling_follow(&audit->asker, turn_now(&audit->turn), &subject)) {
        return;
    }
    if (subject.finding == FINDING_PATH_INTERCEPTED) {
        begin_path(audit);
    } else if (subject.finding == FINDING_NXDOMAIN_REWRITE) {
        if (!is_probing(audit)) {
            begin_probe(audit);
        }
    } else if (subject.question.name.n > 0) {
        seen_forget(&audit->checked, question_key(audit, &subject.question));
        bool second = subject.finding == FINDING_INJECTION;
        check(audit, &subject.question, NULL, second ? CASE_THOROUGH : CASE_PATROL);
    }
}

static void on_incidents_timer(struct port_timer *timer)
{
    struct audit *audit =
        (struct audit *)(void *)((char *)timer - offsetof(struct audit, incidents_timer));
    struct port *port = audit->asker.port;
    /* Without memory for the timer nothing is summed up and nothing ends. */
    (void)port_timer_start(port, timer, port_now_us(port) + INCIDENTS_EVERY_S * SECOND_US);
    telling_summaries(&audit->asker);
    follow(audit);
}

static void consider(struct audit *audit, const struct told_item *item)
{
    if (!judge_is_eligible(&item->question) || personal_looks(&item->question.name)) {
        return;
    }
    struct said told;
    said_read(item->answer, item->question.type, &told);
    if (audit->params.mode == AUDIT_ALL) {
        check(audit, &item->question, &told, CASE_BRIEF);
        return;
    }
    if (sample_takes(&audit->checked, audit->asker.port, audit->params.sample, &item->question) &&
        !patrol_put_off(&audit->patrol, &item->question, &told)) {
        sample_forget(&audit->checked, &item->question);
        counts_add(&audit->counts.n_dropped);
    }
}

void audit_drain(struct audit *audit)
{
    struct told_item item;
    /* What finds no place waits in the ring; the end of a case drains on. */
    while (audit->told != NULL && find_idle_case(audit) != NULL && told_take(audit->told, &item)) {
        consider(audit, &item);
        answer_unref(item.answer);
    }
}

void audit_hear(struct audit *audit, const struct question *question)
{
    echo_hear(&audit->echo, &question->name);
}

void audit_tell(struct audit *audit, const struct question *question, const struct answer *answer)
{
    if (audit->told == NULL || question->class != CLASS_IN) {
        return;
    }
    if (question->type != TYPE_A && question->type != TYPE_AAAA) {
        return;
    }
    if (answer->rcode != RCODE_NOERROR && answer->rcode != RCODE_NXDOMAIN) {
        return;
    }
    if (echo_is_ours(&audit->echo, &question->name)) {
        return;
    }
    counts_add(&audit->counts.n_told);
    switch (told_put(audit->told, question, answer)) {
    case TOLD_FIRST:
        audit->asker.door.wake(audit->asker.door.ctx);
        return;
    case TOLD_FULL:
        counts_add(&audit->counts.n_dropped);
        return;
    case TOLD_QUEUED:
        return;
    }
}

void audit_set_fingerprints(struct audit *audit, const struct fingerprints *fingerprints)
{
    audit->asker.fingerprints = fingerprints;
}

static void stop_all(struct audit *audit)
{
    for (size_t i = 0; i < AUDIT_CASES_MAX; i++) {
        case_stop(&audit->cases[i]);
    }
    echo_stop(&audit->echo);
    probe_stop(&audit->probe);
    path_stop(&audit->path);
    port_timer_stop(audit->asker.port, &audit->probe_timer);
}

void audit_name_network(struct audit *audit, const char *network)
{
    struct asker *asker = &audit->asker;
    snprintf(asker->network, sizeof asker->network, "%s", network != NULL ? network : "");
}

static void copy_place(struct audit *audit, const struct audit_place *place)
{
    struct asker *asker = &audit->asker;
    turn_set(&audit->turn, place->servers, place->n_servers);
    audit->loop_told = false;
    audit->state_told = FINDING_NONE;
    asker->captive = false;
    asker->dns64_server[0] = '\0';
    asker->rewriter[0] = '\0';
    asker->https_memory = (struct https_memory){.next = 0};
    audit_name_network(audit, place->network);
    snprintf(asker->interface, sizeof asker->interface, "%s",
             place->interface != NULL ? place->interface : "");
    asker->n_own = place->n_own < AUDIT_OWN_MAX ? place->n_own : AUDIT_OWN_MAX;
    for (size_t i = 0; i < asker->n_own; i++) {
        asker->own[i] = place->own[i];
    }
}

void audit_set_place(struct audit *audit, const struct audit_place *place)
{
    if (audit->params.mode == AUDIT_OFF) {
        return;
    }
    stop_all(audit);
    copy_place(audit, place);
    audit->checked = (struct seen){.secret = audit->checked.secret};
    audit->n_probe_retries = 0;
    audit->probe_decided_us = 0;
    audit->probe.judgement = (struct judgement){0};
    audit->settled_us = port_now_us(audit->asker.port) + AUDIT_SETTLE_S * SECOND_US;
    schedule_probe(audit, AUDIT_SETTLE_S * SECOND_US);
}

void audit_count(struct audit *audit, struct audit_counts *ret_counts)
{
    counts_read(&audit->counts, ret_counts);
}

static void init_cases(struct audit *audit)
{
    uint64_t recheck_us = audit->params.recheck_s * SECOND_US;
    for (size_t i = 0; i < AUDIT_CASES_MAX; i++) {
        audit->cases[i].recheck_us = recheck_us;
        audit->cases[i].history = audit->history;
        audit->cases[i].on_end = on_case_end;
        audit->cases[i].ctx = audit;
    }
    audit->probe.asker = &audit->asker;
    audit->probe.recheck_us = recheck_us;
    audit->probe.on_end = on_probe_end;
    audit->probe.ctx = audit;
    audit->path.asker = &audit->asker;
    audit->path.recheck_us = recheck_us;
    audit->path.on_end = on_path_end;
    audit->path.ctx = audit;
    echo_init(&audit->echo, &audit->asker, on_echo, audit);
    audit->probe_timer.on_fire = on_probe_timer;
    audit->incidents_timer.on_fire = on_incidents_timer;
}

/* The schedule, as the mode has it. */
static void start(struct audit *audit)
{
    const struct audit_params *params = &audit->params;
    struct port *port = audit->asker.port;
    const char *const *names = NULL;
    size_t n_names = 0;
    if (params->mode == AUDIT_CANARY) {
        names = popular_names(&n_names);
        n_names = POPULAR_CANARIES;
    } else if (params->mode == AUDIT_WATCHLIST) {
        names = params->watchlist;
        n_names = params->n_watchlist;
    }
    audit->patrol.on_due = on_due;
    audit->patrol.ctx = audit;
    audit->patrol.interval_s = params->interval_s;
    patrol_init(&audit->patrol, port, names, n_names);
    (void)port_timer_start(port, &audit->incidents_timer,
                           port_now_us(port) + INCIDENTS_EVERY_S * SECOND_US);
    uint32_t first_ms = PROBE_FIRST_MS + port_random_below(port, PROBE_FIRST_SPREAD_MS);
    schedule_probe(audit, (uint64_t)first_ms * 1000);
}

static size_t n_public_of(const struct audit_params *params)
{
    assert(params->n_public_servers <= AUDIT_PUBLIC_MAX);
    return params->path_probe == AUDIT_PATH_YES ? params->n_public_servers : 0;
}

struct audit *audit_new(const struct audit_params *params, const struct audit_door *door,
                        struct port *port, struct plain *plain)
{
    struct audit *audit = calloc(1, sizeof *audit);
    if (audit == NULL) {
        return NULL;
    }
    audit->params = *params;
    size_t n_controls =
        params->n_controls < AUDIT_CONTROLS_MAX ? params->n_controls : AUDIT_CONTROLS_MAX;
    audit->asker = (struct asker){
        .port = port,
        .plain = plain,
        .door = *door,
        .n_controls = (unsigned)n_controls,
        .control_names = params->control_names,
        .control_operators = params->control_operators,
        .public_servers = params->public_servers,
        .n_public_servers = n_public_of(params),
    };
    audit->asker.redact_key = params->redact == AUDIT_REDACT_HASH ? audit->params.redact_key : NULL;
    audit->patrol.port = port;
    audit->history = history_new();
    if (audit->history == NULL) {
        free(audit);
        return NULL;
    }
    budget_init(&audit->asker.tls_budget, port_now_us(port), MINUTE_US / PROVING_A_MINUTE,
                PROVING_A_MINUTE);
    init_cases(audit);
    struct audit_place place = {
        .network = params->network,
        .interface = params->interface,
        .servers = params->servers,
        .n_servers = params->n_servers,
        .own = params->own,
        .n_own = params->n_own,
    };
    copy_place(audit, &place);
    if (params->mode == AUDIT_OFF || n_controls == 0) {
        return audit;
    }
    bool wants_told = params->mode == AUDIT_ALL || params->mode == AUDIT_SAMPLE;
    if (wants_told) {
        audit->told = told_new(AUDIT_QUEUE_MAX);
        if (audit->told == NULL) {
            return audit_free(audit);
        }
    }
    port->ops->random(port, &audit->checked.secret, sizeof audit->checked.secret);
    bool eager = params->mode == AUDIT_ALL;
    budget_init(&audit->budget, port_now_us(port), eager ? SECOND_US / 10 : SECOND_US,
                eager ? 50 : 5);
    /* What is saved up and what is earned meanwhile: 600 in any hour. */
    budget_init(&audit->hour, port_now_us(port), HOUR_US / (CASES_AN_HOUR / 2), CASES_AN_HOUR / 2);
    start(audit);
    return audit;
}

struct audit *audit_free(struct audit *audit)
{
    if (audit == NULL) {
        return NULL;
    }
    stop_all(audit);
    port_timer_stop(audit->asker.port, &audit->incidents_timer);
    patrol_done(&audit->patrol);
    audit->told = told_free(audit->told);
    history_free(audit->history);
    free(audit);
    return NULL;
}
