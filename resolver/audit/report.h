/* SPDX-License-Identifier: MIT */
/* Confirmed verdicts put into words: one line that a person can read alone, and the fields a
 * machine reads (HIJACK §4). Says nothing the evidence does not hold. */
#ifndef RESOLVER_AUDIT_REPORT_H
#define RESOLVER_AUDIT_REPORT_H

#include "resolver/audit/case.h"
#include "resolver/audit/probe.h"

/* Both hand a finished alert to asker->door.on_alert. The judgement must be CONFIRMED. */
void report_case(const struct asker *asker, const struct audit_case *one);
void report_probe(const struct asker *asker, const struct probe *probe);

#endif
