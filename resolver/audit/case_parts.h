/* SPDX-License-Identifier: MIT */
/* What the rooms of a case share, for case*.c only. */
#ifndef RESOLVER_AUDIT_CASE_PARTS_H
#define RESOLVER_AUDIT_CASE_PARTS_H

#include "resolver/audit/case.h"

enum { CASE_QUESTIONS_MAX = 4 }; /* to the local resolver, a meeting */

/* The present one. */
static inline struct judge_meeting *case_meeting(struct audit_case *one)
{
    return &one->evidence.meetings[one->evidence.n_meetings - 1];
}

/* An answer without addresses. */
bool case_is_negative(const struct said *said);
/* Is the stage, one of the closer looks, wanted now? Each at most once a meeting. */
bool case_wants(struct audit_case *one, enum case_state stage);

#endif
