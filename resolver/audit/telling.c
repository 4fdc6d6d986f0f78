/* SPDX-License-Identifier: MIT */
#include "resolver/audit/telling.h"

#include "resolver/audit/evidence_json.h"
#include "resolver/audit/redact.h"

#include <stdio.h>
#include <stdlib.h>

enum { DETAIL_MAX = 512 };

static struct ledger_now now_of(const struct asker *asker)
{
    return (struct ledger_now){asker->port, asker->door.unix_s(asker->door.ctx)};
}

static struct ledger_subject subject_of(const struct asker *asker, const char *server,
                                        const struct judgement *judgement)
{
    struct ledger_subject subject = {
        .finding = judgement->finding,
        .rule = judgement->rule,
        .artefact = judgement->artefact,
    };
    snprintf(subject.network, sizeof subject.network, "%s", asker->network);
    snprintf(subject.server, sizeof subject.server, "%s", server);
    return subject;
}

/* What is worth to be looked up later: whatever is more than a difference. */
static bool is_kept(enum verdict verdict)
{
    switch (verdict) {
    case VERDICT_STALE:
    case VERDICT_DOWNGRADE:
    case VERDICT_SUSPECTED:
    case VERDICT_PROBABLE:
    case VERDICT_FILTERED_DECLARED:
    case VERDICT_CONFIRMED:
        return true;
    case VERDICT_NO_DATA:
    case VERDICT_INELIGIBLE:
    case VERDICT_UNUSABLE:
    case VERDICT_CONSISTENT:
    case VERDICT_INCONCLUSIVE:
        break;
    }
    return false;
}

/* gives the evidence as JSON; NULL without memory, or when it is too long to be kept. */
static char *evidence_text(const struct evidence *evidence)
{
    char *text = evidence_write(evidence);
    if (text != NULL && strlen(text) > LEDGER_JSON_MAX) {
        free(text);
        return NULL;
    }
    return text;
}

static void keep(const struct asker *asker, const struct ledger_subject *subject,
                 enum verdict verdict, const struct evidence *evidence)
{
    struct ledger_record record = {
        .subject = *subject,
        .verdict = verdict,
        .unix_s = asker->door.unix_s(asker->door.ctx),
    };
    redact_name(asker->redact_key, &record.subject.question.name);
    if (is_kept(verdict)) {
        record.evidence = evidence_text(evidence);
        ledger_keep(asker->door.ledger, &record);
    }
}

/* The judge's word for it: CONFIRMED, or what declares itself; and old content, for information. */
static bool is_proved(const struct judgement *judgement)
{
    bool proved = judgement->verdict == VERDICT_CONFIRMED ||
                  judgement->verdict == VERDICT_FILTERED_DECLARED ||
                  judgement->verdict == VERDICT_STALE;
    return proved && report_is_told(judgement->finding);
}

static void tell_consistent(const struct asker *asker, const struct ledger_subject *subject)
{
    struct ledger_view view;
    struct ledger_now now = now_of(asker);
    enum ledger_event event;
    while ((event = ledger_consistent(asker->door.ledger, &now, subject, &view)) != LEDGER_QUIET) {
        report_event(asker, event, &view);
        if (event == LEDGER_OVERFLOW) {
            return;
        }
    }
}

static void tell_proved(const struct asker *asker, const struct report_facts *facts,
                        const struct ledger_subject *subject)
{
    struct ledger_view view;
    struct ledger_now now = now_of(asker);
    enum ledger_event event = ledger_confirmed(asker->door.ledger, &now, subject, &view);
    if (event == LEDGER_DETECT) {
        report_detection(asker, facts, &view);
    } else if (event != LEDGER_QUIET) {
        report_event(asker, event, &view);
    }
}

void telling_case(const struct asker *asker, const struct audit_case *one)
{
    const struct judgement *judgement = &one->judgement;
    const struct judge_case *evidence = &one->evidence;
    struct ledger_subject subject = subject_of(asker, one->server, judgement);
    subject.question = evidence->question;
    struct evidence kept = {.kind = EVIDENCE_NAME, .name = *evidence};
    redact_case(asker->redact_key, &kept.name);
    keep(asker, &subject, judgement->verdict, &kept);
    if (judgement->verdict == VERDICT_CONSISTENT) {
        tell_consistent(asker, &subject);
    }
    if (evidence->n_meetings == 0 || !is_proved(judgement)) {
        return;
    }
    size_t last = evidence->n_meetings - 1;
    struct report_facts facts = {
        .judgement = judgement,
        .question = &kept.name.question,
        .meeting = &kept.name.meetings[last],
        .n_tries = (unsigned)evidence->n_meetings,
        .span_us = one->met_us[last] - one->met_us[0],
    };
    tell_proved(asker, &facts, &subject);
}

/* The first name of the run that was given the rewriter's address. */
static size_t find_example(const struct judge_probe_run *run, const struct address *artefact)
{
    for (size_t i = 0; i < JUDGE_PROBE_NAMES; i++) {
        if (said_has(&run->names[i].meeting.local, artefact)) {
            return i;
        }
    }
    return 0;
}

static unsigned count_rewritten(const struct judge_probe *evidence)
{
    unsigned n = 0;
    for (size_t r = 0; r < evidence->n_runs; r++) {
        for (size_t i = 0; i < JUDGE_PROBE_NAMES; i++) {
            n += said_gives_addresses(&evidence->runs[r].names[i].meeting.local);
        }
    }
    return n;
}

static void rewrite_detail(const struct asker *asker, const struct probe *probe, size_t example,
                           char out[DETAIL_MAX])
{
    const struct judgement *judgement = &probe->judgement;
    const struct said *local = &probe->evidence.runs[0].names[example].meeting.local;
    char name[NAME_MAX_TEXT], answers[REPORT_VALUE_MAX];
    name_to_text(&probe->names[0][example].name, name);
    size_t n = strlen(name);
    snprintf(out, DETAIL_MAX,
             " says %s for names that do not exist (%u of %d random names, such as %.*s A), but "
             "HTTPS (%zu of %u providers) says NXDOMAIN",
             report_answers(local, answers), count_rewritten(&probe->evidence),
             JUDGE_MEETINGS_MAX * JUDGE_PROBE_NAMES, n > 0 ? (int)n - 1 : 0, name,
             judgement->n_witnesses, asker->n_controls);
}

void telling_probe(const struct asker *asker, const struct probe *probe)
{
    const struct judgement *judgement = &probe->judgement;
    struct ledger_subject subject = subject_of(asker, probe->server, judgement);
    struct evidence kept = {.kind = EVIDENCE_NONEXISTENT, .nonexistent = probe->evidence};
    keep(asker, &subject, judgement->verdict, &kept);
    if (judgement->verdict == VERDICT_CONSISTENT) {
        subject.finding = FINDING_NXDOMAIN_REWRITE;
        tell_consistent(asker, &subject);
    }
    if (!is_proved(judgement)) {
        return;
    }
    const struct judge_probe_run *run = &probe->evidence.runs[0];
    size_t example = find_example(run, &judgement->artefact);
    char detail[DETAIL_MAX];
    rewrite_detail(asker, probe, example, detail);
    struct report_facts facts = {
        .judgement = judgement,
        .question = &probe->names[0][example],
        .meeting = &run->names[example].meeting,
        .n_tries = JUDGE_MEETINGS_MAX,
        .span_us = probe->met_us[JUDGE_MEETINGS_MAX - 1] - probe->met_us[0],
        .detail = detail,
    };
    tell_proved(asker, &facts, &subject);
}

static unsigned nowhere_detail(const struct path_probe *probe, char out[DETAIL_MAX])
{
    char target[ADDRESS_TEXT_MAX];
    unsigned n = 0;
    for (size_t i = 0; i < probe->evidence.n_tries; i++) {
        n += probe->evidence.tries[i].replied;
    }
    snprintf(out, DETAIL_MAX,
             "a DNS question sent to %s, where no DNS can be, was answered (%u of %zu such "
             "addresses): somebody on the path answers for whomever port 53 is asked",
             address_to_text(&probe->judgement.artefact, target), n, probe->evidence.n_tries);
    return n;
}

/* What was heard at the odd public resolver tells who it was. */
static unsigned signals_detail(const struct path_probe *probe, char out[DETAIL_MAX])
{
    const struct judge_path *evidence = &probe->evidence;
    char target[ADDRESS_TEXT_MAX];
    const char *text = "";
    for (size_t i = 0; i < evidence->n_signals; i++) {
        const struct judge_path_signal *signal = &evidence->signals[i];
        bool there = address_equal(&signal->target, &probe->judgement.artefact);
        text = there && text[0] == '\0' ? signal->text[0] : text;
    }
    snprintf(out, DETAIL_MAX,
             "what is sent to public resolvers on port 53 is answered by somebody else: asked who "
             "it is, %s says \"%s\", which is not its operator's (%zu questions heard, each put "
             "twice)",
             address_to_text(&probe->judgement.artefact, target), text, evidence->n_signals);
    return (unsigned)probe->n_rounds;
}

void telling_path(const struct asker *asker, const struct path_probe *probe)
{
    const struct judgement *judgement = &probe->judgement;
    struct ledger_subject subject = subject_of(asker, probe->server, judgement);
    struct evidence kept = {.kind = EVIDENCE_PATH, .path = probe->evidence};
    keep(asker, &subject, judgement->verdict, &kept);
    if (judgement->verdict == VERDICT_CONSISTENT) {
        subject.finding = FINDING_PATH_INTERCEPTED;
        tell_consistent(asker, &subject);
    }
    if (!is_proved(judgement)) {
        return;
    }
    char detail[DETAIL_MAX];
    struct report_facts facts = {
        .judgement = judgement, .path = &probe->evidence, .detail = detail};
    facts.n_tries =
        judgement->rule == RULE_P9 ? signals_detail(probe, detail) : nowhere_detail(probe, detail);
    tell_proved(asker, &facts, &subject);
}

void telling_summaries(const struct asker *asker)
{
    struct ledger_view view;
    struct ledger_now now = now_of(asker);
    enum ledger_event event;
    while ((event = ledger_summary(asker->door.ledger, &now, &view)) != LEDGER_QUIET) {
        report_event(asker, event, &view);
    }
}

bool telling_follow(const struct asker *asker, const char *server,
                    struct ledger_subject *ret_subject)
{
    struct ledger_now now = now_of(asker);
    return ledger_follow(asker->door.ledger, &now, asker->network, server, ret_subject);
}
