/* SPDX-License-Identifier: MIT */
#include "resolver/audit/redact.h"

#include "resolver/audit/judge_parts.h"
#include "resolver/siphash.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

static struct bytes zone_of(const struct name *name, struct name *ret_zone)
{
    struct name above;
    unsigned n_labels = judge_n_registrable(name);
    *ret_zone = *name;
    while (name_n_labels(ret_zone) > n_labels) {
        name_parent(ret_zone, &above);
        *ret_zone = above;
    }
    return name_bytes(ret_zone);
}

void redact_name(const uint8_t *key, struct name *name)
{
    if (key == NULL || name->n == 0 || name_n_labels(name) == 0) {
        return;
    }
    char text[64];
    struct name lower = *name, zone;
    name_lower(&lower);
    uint64_t whole = siphash(key, name_bytes(&lower), 2, 4);
    snprintf(text, sizeof text, "h%016" PRIx64 ".h%016" PRIx64 ".example", whole,
             siphash(key, zone_of(&lower, &zone), 2, 4));
    int failure = name_from_text(text, name);
    assert(failure == 0);
}

static void redact_said(const uint8_t *key, struct said *said)
{
    redact_name(key, &said->cname);
}

static void redact_zone(const uint8_t *key, struct judge_zone *zone)
{
    redact_name(key, &zone->name);
    redact_name(key, &zone->primary);
}

void redact_case(const uint8_t *key, struct judge_case *evidence)
{
    if (key == NULL) {
        return;
    }
    redact_name(key, &evidence->question.name);
    redact_said(key, &evidence->told);
    redact_zone(key, &evidence->local_zone);
    for (size_t i = 0; i < AUDIT_CONTROLS_MAX; i++) {
        redact_zone(key, &evidence->control_zones[i]);
    }
    redact_said(key, &evidence->v4);
    redact_said(key, &evidence->negative.sibling);
    for (size_t m = 0; m < evidence->n_meetings; m++) {
        struct judge_meeting *meeting = &evidence->meetings[m];
        redact_said(key, &meeting->local);
        redact_said(key, &meeting->second);
        redact_said(key, &meeting->direct);
        meeting->certificate.subject[0] = '\0';
        for (size_t i = 0; i < meeting->n_controls; i++) {
            redact_said(key, &meeting->controls[i]);
        }
    }
}
