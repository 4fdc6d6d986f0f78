/* SPDX-License-Identifier: MIT */
#include "resolver/audit/https.h"

#include "resolver/audit/judge_parts.h"

#include <assert.h>

#define DAY_US (UINT64_C(24) * 3600 * 1000000)

enum { WITNESSES = 2, LOCAL_TRIES = 2 };

/* ---- what it shows ---- */

static bool same_end(const struct name *a, const struct name *b)
{
    return a->n == b->n && (a->n == 0 || name_equal(a, b));
}

/* What all witnesses say, two at least, of names that end at one place. */
static enum https_records of_controls(struct https_look *look)
{
    const struct asking *asking = &look->asking;
    enum https_records least = HTTPS_ECH; /* keys for some may come and go */
    size_t n = 0;
    for (size_t i = 0; i < asking->asker->n_controls; i++) {
        const struct said *control = &asking->controls[i].said;
        if (!said_bears_witness(control)) {
            continue;
        }
        if (n++ == 0) {
            look->end = control->cname;
        }
        if (control->https < HTTPS_PLAIN || !same_end(&control->cname, &look->end)) {
            return HTTPS_UNKNOWN;
        }
        least = control->https < least ? control->https : least;
    }
    return n >= WITNESSES ? least : HTTPS_UNKNOWN;
}

/* Who answers for the name's addresses, and is silent here, holds the records back. */
static enum https_records of_local(const struct https_look *look)
{
    const struct said *said = &look->asking.local;
    const struct judge_case *evidence = look->evidence;
    const struct said *addresses = &evidence->meetings[evidence->n_meetings - 1].local;
    const struct name *end = said->cname.n > 0 ? &said->cname : &addresses->cname;
    if (!said_gives_addresses(addresses) || !same_end(end, &look->end)) {
        return HTTPS_UNKNOWN;
    }
    return said->answered ? said->https : HTTPS_ABSENT;
}

/* ---- what is remembered ---- */

static void note_lacking(struct https_memory *memory, uint64_t zone, uint64_t now_us)
{
    size_t place = memory->next;
    for (size_t i = 0; i < HTTPS_LACKING_MAX; i++) {
        place = memory->lacking[i].zone == zone ? i : place;
    }
    memory->next = place == memory->next ? (place + 1) % HTTPS_LACKING_MAX : memory->next;
    memory->lacking[place].zone = zone;
    memory->lacking[place].until_us = now_us + DAY_US;
}

static bool others_lack(const struct https_memory *memory, uint64_t zone, uint64_t now_us)
{
    size_t n = 0;
    for (size_t i = 0; i < HTTPS_LACKING_MAX; i++) {
        n += memory->lacking[i].until_us > now_us && memory->lacking[i].zone != zone;
    }
    return n >= HTTPS_OTHERS;
}

/* One name whose records come is enough to know that the type is known. */
static void conclude(struct https_look *look)
{
    struct asker *asker = look->asker;
    struct judge_case *evidence = look->evidence;
    struct https_memory *memory = &asker->https_memory;
    uint64_t zone = judge_zone_hash(&look->question.name);
    uint64_t now_us = port_now_us(asker->port);
    evidence->local_https = of_local(look);
    evidence->https_of_others_is_absent = others_lack(memory, zone, now_us);
    if (evidence->local_https == HTTPS_ABSENT) {
        note_lacking(memory, zone, now_us);
    } else if (evidence->local_https != HTTPS_UNKNOWN) {
        *memory = (struct https_memory){.next = 0};
    }
}

/* ---- the steps ---- */

void https_stop(struct https_look *look)
{
    if (look->step != HTTPS_IDLE) {
        look->step = HTTPS_IDLE;
        asking_stop(&look->asking);
    }
}

static void finish(struct https_look *look)
{
    https_stop(look);
    look->on_done(look);
}

static void on_asked(struct asking *asking)
{
    struct https_look *look = asking->ctx;
    switch (look->step) {
    case HTTPS_CONTROLS:
        look->evidence->control_https = of_controls(look);
        if (look->evidence->control_https == HTTPS_UNKNOWN) {
            finish(look);
            return;
        }
        look->step = HTTPS_LOCAL;
        look->n_asked++;
        asking_local(&look->asking, look->server, LOCAL_TRIES);
        return;
    case HTTPS_LOCAL:
        conclude(look);
        finish(look);
        return;
    case HTTPS_IDLE:
        assert(false);
    }
}

void https_init(struct https_look *look, struct asker *asker,
                void (*on_done)(struct https_look *look), void *ctx)
{
    *look = (struct https_look){.asker = asker, .on_done = on_done, .ctx = ctx};
    asking_init(&look->asking, asker, on_asked, look);
}

void https_begin(struct https_look *look, const char *server, struct judge_case *evidence)
{
    assert(look->step == HTTPS_IDLE);
    look->question = evidence->question;
    look->server = server;
    look->evidence = evidence;
    look->n_asked = 0;
    look->step = HTTPS_CONTROLS;
    look->asking.question = evidence->question;
    look->asking.question.type = TYPE_HTTPS;
    asking_controls(&look->asking);
}
