/* SPDX-License-Identifier: MIT */
#include "resolver/audit/knowledge.h"

#include "resolver/audit/fingerprint.h"
#include "resolver/audit/network.h"

static void look_up_asns(const struct asker *asker, struct said *said)
{
    const struct audit_door *door = &asker->door;
    said->n_asns = 0;
    for (size_t i = 0; door->origin_as != NULL && i < said->n && said->n_asns < AUDIT_ASNS_MAX;
         i++) {
        uint32_t asn = door->origin_as(door->ctx, &said->at[i]);
        if (asn != 0) {
            said->asns[said->n_asns++] = asn;
        }
    }
}

static void mark(const struct asker *asker, const char *server, struct said *said)
{
    if (asker->fingerprints != NULL) {
        fingerprints_mark(asker->fingerprints, said);
    }
    bool learned = strcmp(asker->rewriter, server) == 0 && said_has(said, &asker->rewritten);
    if (learned && said->fingerprint == FINGERPRINT_NONE) {
        said->fingerprint = FINGERPRINT_LEARNED;
    }
}

static void add_to(const struct asker *asker, const char *server, struct said *said)
{
    look_up_asns(asker, said);
    mark(asker, server, said);
}

/* The prefix that the local resolver puts before IPv4 addresses. */
static void add_prefix(const struct asker *asker, const char *server, struct judge_case *evidence)
{
    if (strcmp(asker->dns64_server, server) == 0) {
        evidence->dns64 = asker->dns64;
        evidence->dns64_bits = asker->dns64_bits;
    }
}

void knowledge_add(const struct asker *asker, struct history *history, const char *server,
                   struct judge_case *evidence)
{
    uint64_t now_us = port_now_us(asker->port);
    struct judge_meeting *meeting = &evidence->meetings[evidence->n_meetings - 1];
    evidence->network = network_of(asker, server);
    evidence->a_is_fine = evidence->question.type == TYPE_AAAA &&
                          history_a_is_fine(history, &evidence->question.name, now_us);
    history_tell(history, evidence, now_us, &evidence->history);
    add_prefix(asker, server, evidence);
    add_to(asker, server, &meeting->local);
    add_to(asker, server, &meeting->second);
    for (size_t i = 0; i < meeting->n_controls; i++) {
        add_to(asker, server, &meeting->controls[i]);
    }
}
