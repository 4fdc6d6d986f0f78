/* SPDX-License-Identifier: MIT */
/* What is to be told put into words: one line that a person can read alone, and the fields a
 * machine reads (HIJACK §4). Says nothing the evidence does not hold; decides nothing. The words
 * and ids here are for ever; systemd/httpdnsd.catalog explains each id. */
#ifndef RESOLVER_AUDIT_REPORT_H
#define RESOLVER_AUDIT_REPORT_H

#include "resolver/audit/case.h"
#include "resolver/audit/ledger.h"
#include "resolver/audit/probe.h"

/* The evidence behind a finding, as far as there is any. */
struct report_facts {
    const struct judgement *judgement;
    const struct question *question;     /* NULL: about no name */
    const struct judge_meeting *meeting; /* the last one; NULL: none */
    const struct judge_path *path;       /* of the path probe; NULL: not about the path */
    unsigned n_tries;
    uint64_t span_us;   /* from first to last meeting */
    const char *detail; /* of a probe: what was met how often; NULL: none */
};

/* Hands an alert about `view` to asker->door.on_alert: a detection, with what proves it. */
void report_detection(const struct asker *asker, const struct report_facts *facts,
                      const struct ledger_view *view);
/* The same under another word for the event than "detect". */
void report_detection_as(const struct asker *asker, const struct report_facts *facts,
                         const struct ledger_view *view, const char *event);
/* The same for what the view alone tells: REPEAT, CLUSTER, CLEAR, OVERFLOW. */
void report_event(const struct asker *asker, enum ledger_event event,
                  const struct ledger_view *view);

/* "198.51.100.7 198.51.100.8 and 3 more", or the rcode when there are none. Returns `out`. */
enum { REPORT_VALUE_MAX = 256 };
const char *report_answers(const struct said *said, char out[REPORT_VALUE_MAX]);

/* True when findings of this kind are ever told. */
bool report_is_told(enum finding finding);
/* lends 32 hex digits, one a finding; NULL when it is never told. FINDING_NONE: the overflow. */
const char *report_message_id(enum finding finding);

#endif
