/* SPDX-License-Identifier: MIT */
/* Alerts fired on purpose, so that it can be seen where they go (audit_alert_test()): with names
 * and addresses of documentation in them and EVENT=test; everything else is as in a real one. */
#include "resolver/audit/report.h"

#include <assert.h>
#include <stdio.h>

static struct said test_said(const char *a, uint16_t flags)
{
    struct said said = {
        .answered = true, .flags = flags, .ede = EDE_NONE, .ttl_s = 300, .rtt_us = 20000, .n = 1};
    bool good = address_from_server(a, &said.at[0]);
    assert(good);
    return said;
}

static bool fire(const struct asker *asker, enum finding finding)
{
    if (!report_is_told(finding)) {
        return false;
    }
    struct question question = {.type = TYPE_A, .class = CLASS_IN};
    int failure = name_from_text("alert-test.example", &question.name);
    assert(failure == 0);
    struct judge_meeting meeting = {
        .local = test_said("192.0.2.80", FLAG_QR | FLAG_RA),
        .n_controls = 1,
        .controls = {test_said("198.51.100.7", FLAG_QR | FLAG_RA)},
    };
    struct judgement judgement = {
        .verdict = VERDICT_CONFIRMED,
        .finding = finding,
        .artefact = meeting.local.at[0],
        .n_witnesses = 1,
    };
    struct report_facts facts = {.judgement = &judgement,
                                 .question = &question,
                                 .meeting = &meeting,
                                 .n_tries = JUDGE_MEETINGS_MAX};
    struct ledger_view view = {
        .subject = {.finding = finding, .artefact = judgement.artefact, .question = question},
        .n_met = 1,
        .first_unix_s = asker->door.unix_s(asker->door.ctx),
    };
    view.last_unix_s = view.first_unix_s;
    snprintf(view.subject.server, sizeof view.subject.server, "192.0.2.53 (A TEST, asked for)");
    asker->port->ops->random(asker->port, view.id, sizeof view.id);
    report_detection_as(asker, &facts, &view, "test");
    return true;
}

bool audit_alert_test(const struct audit_door *door, struct port *port, const char *class)
{
    struct asker asker = {.port = port, .door = *door, .n_controls = 1};
    for (int i = 0; i < N_FINDINGS; i++) {
        if (strcmp(finding_word((enum finding)i), class) == 0) {
            return fire(&asker, (enum finding)i);
        }
    }
    return false;
}

const char *audit_alert_class(size_t n)
{
    for (int i = 0; i < N_FINDINGS; i++) {
        if (report_is_told((enum finding)i) && n-- == 0) {
            return finding_word((enum finding)i);
        }
    }
    return NULL;
}
