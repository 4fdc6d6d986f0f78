/* SPDX-License-Identifier: MIT */
#include "resolver/audit/soa.h"

#include "resolver/wire/cursor.h"

#include <assert.h>

enum { WITNESSES = 2, LOCAL_TRIES = 2 };

/* ---- what it shows ---- */

/* RFC 1035 §3.3.13: the primary server, whom to write to, serial, refresh, … */
static void read_record(const struct answer *answer, const struct answer_record *record,
                        struct judge_zone *ret_zone)
{
    struct cursor c = cursor_over(answer_wire(answer));
    struct judge_zone zone = {.name = record->owner};
    struct name whom;
    cursor_take(&c, record->rdata_at);
    if (!name_read(&c, &zone.primary) || !name_read(&c, &whom)) {
        return;
    }
    zone.serial = cursor_u32(&c);
    zone.refresh_s = cursor_u32(&c);
    name_lower(&zone.name);
    name_lower(&zone.primary);
    if (!c.failed) {
        *ret_zone = zone;
    }
}

void soa_read(const struct answer *answer, struct judge_zone *ret_zone)
{
    *ret_zone = (struct judge_zone){.serial = 0};
    if (answer == NULL || (answer->rcode != RCODE_NOERROR && answer->rcode != RCODE_NXDOMAIN)) {
        return;
    }
    struct answer_walk walk = answer_walk(answer);
    struct answer_record record;
    while (ret_zone->name.n == 0 && answer_next(&walk, &record)) {
        if (record.class == CLASS_IN && record.type == TYPE_CNAME) {
            return;
        }
        if (record.class == CLASS_IN && record.type == TYPE_SOA) {
            read_record(answer, &record, ret_zone);
        }
    }
}

static size_t take_controls(struct soa_look *look)
{
    const struct asking *asking = &look->asking;
    struct judge_case *evidence = look->evidence;
    size_t n = 0;
    for (size_t i = 0; i < asking->asker->n_controls; i++) {
        struct judge_zone *zone = &evidence->control_zones[i];
        *zone = (struct judge_zone){.serial = 0};
        if (said_bears_witness(&asking->controls[i].said)) {
            soa_read(asking->controls[i].answer, zone);
        }
        n += zone->name.n > 0;
    }
    return n;
}

/* ---- the steps ---- */

void soa_stop(struct soa_look *look)
{
    if (look->step != SOA_IDLE) {
        look->step = SOA_IDLE;
        asking_stop(&look->asking);
    }
}

static void finish(struct soa_look *look)
{
    soa_stop(look);
    look->on_done(look);
}

static void on_asked(struct asking *asking)
{
    struct soa_look *look = asking->ctx;
    switch (look->step) {
    case SOA_CONTROLS:
        if (take_controls(look) < WITNESSES) {
            finish(look);
            return;
        }
        look->step = SOA_LOCAL;
        look->n_asked++;
        asking_local(&look->asking, look->server, LOCAL_TRIES);
        return;
    case SOA_LOCAL:
        soa_read(asking->answer, &look->evidence->local_zone);
        finish(look);
        return;
    case SOA_IDLE:
        assert(false);
    }
}

void soa_init(struct soa_look *look, struct asker *asker, void (*on_done)(struct soa_look *look),
              void *ctx)
{
    *look = (struct soa_look){.asker = asker, .on_done = on_done, .ctx = ctx};
    asking_init(&look->asking, asker, on_asked, look);
    look->asking.keeps = true;
}

void soa_begin(struct soa_look *look, const char *server, struct judge_case *evidence)
{
    assert(look->step == SOA_IDLE);
    look->server = server;
    look->evidence = evidence;
    look->n_asked = 0;
    look->step = SOA_CONTROLS;
    look->asking.question = evidence->question;
    look->asking.question.type = TYPE_SOA;
    asking_controls(&look->asking);
}
