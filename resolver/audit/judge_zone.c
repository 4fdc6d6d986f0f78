/* SPDX-License-Identifier: MIT */
/* N3 and ST5: what the zone's own record tells. A strong sign and a support, never a proof. */
#include "resolver/audit/judge_parts.h"

static bool same_zone_as(const struct name *a, const struct name *b)
{
    return judge_zone_hash(a) == judge_zone_hash(b);
}

bool judge_zone_is_foreign(const struct judge_case *evidence)
{
    const struct judge_zone *local = &evidence->local_zone;
    size_t n = 0;
    for (size_t i = 0; i < AUDIT_CONTROLS_MAX && local->name.n > 0; i++) {
        const struct judge_zone *control = &evidence->control_zones[i];
        if (control->name.n == 0) {
            continue;
        }
        if (same_zone_as(&local->primary, &control->primary)) {
            return false;
        }
        n++;
    }
    return n > 0;
}

/* More than one version behind (RFC 1982 §3.2). */
static bool is_behind(uint32_t local, uint32_t control)
{
    uint32_t ahead = control - local;
    return ahead > 1 && ahead < UINT32_C(1) << 31;
}

static bool is_behind_by_zone(const struct judge_case *evidence)
{
    const struct judge_zone *local = &evidence->local_zone;
    for (size_t i = 0; i < AUDIT_CONTROLS_MAX && local->name.n > 0; i++) {
        const struct judge_zone *control = &evidence->control_zones[i];
        if (control->name.n > 0 && name_equal(&local->name, &control->name) &&
            name_equal(&local->primary, &control->primary) &&
            is_behind(local->serial, control->serial) &&
            evidence->history.gone_s > control->refresh_s) {
            return true;
        }
    }
    return false;
}

static bool is_behind_by_reply(const struct judge_case *evidence,
                               const struct judge_meeting *meeting)
{
    const struct said *local = &meeting->local;
    for (size_t i = 0; i < meeting->n_controls; i++) {
        const struct said *control = &meeting->controls[i];
        if (said_bears_witness(control) && local->has_serial && control->has_serial &&
            is_behind(local->serial, control->serial) &&
            evidence->history.gone_s > evidence->history.refresh_s) {
            return true;
        }
    }
    return false;
}

bool judge_zone_is_behind(const struct judge_case *evidence)
{
    bool by_reply = evidence->n_meetings > 0;
    for (size_t m = 0; m < evidence->n_meetings; m++) {
        by_reply = by_reply && is_behind_by_reply(evidence, &evidence->meetings[m]);
    }
    return by_reply || is_behind_by_zone(evidence);
}
