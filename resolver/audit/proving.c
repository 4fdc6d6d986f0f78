/* SPDX-License-Identifier: MIT */
#include "resolver/audit/proving.h"

#include <assert.h>
#include <errno.h>

enum { WAIT_MS = 500 };

/* Whoever connects there is reported as infected. */
static const struct address sinkholes[] = {
    {.n = 4, .at = {35, 205, 61, 67}},
    {.n = 4, .at = {208, 91, 112, 55}},
};

static bool may_connect(const struct asker *asker, const struct address *address)
{
    const struct audit_door *door = &asker->door;
    if (door->is_own != NULL && door->is_own(door->ctx, address)) {
        return false;
    }
    for (size_t i = 0; i < sizeof sinkholes / sizeof sinkholes[0]; i++) {
        if (address_equal(address, &sinkholes[i])) {
            return false;
        }
    }
    return !address_is_bogon(address);
}

/* The same by name, where a chain leads there. */
static bool leads_to_sinkhole(const struct said *said)
{
    struct name sinkhole;
    int failure = name_from_text("sinkhole.paloaltonetworks.com", &sinkhole);
    assert(failure == 0);
    return said->cname.n > 0 && name_within(&said->cname, &sinkhole);
}

static const struct address *find_allowed(const struct asker *asker, const struct said *said,
                                          size_t from, size_t *ret_at)
{
    for (size_t i = from; i < said->n; i++) {
        if (may_connect(asker, &said->at[i])) {
            *ret_at = i;
            return &said->at[i];
        }
    }
    return NULL;
}

static struct said *find_control(const struct asker *asker, struct judge_meeting *meeting,
                                 size_t *ret_at)
{
    for (size_t i = 0; i < meeting->n_controls; i++) {
        struct said *control = &meeting->controls[i];
        if (said_bears_witness(control) && said_gives_addresses(control) &&
            find_allowed(asker, control, 0, ret_at) != NULL) {
            return control;
        }
    }
    return NULL;
}

/* What a witness gives too is honest whoever stands there. */
static bool agrees(const struct said *said, const struct judge_meeting *meeting)
{
    for (size_t i = 0; i < meeting->n_controls; i++) {
        if (said_common(said, &meeting->controls[i]) != NULL) {
            return true;
        }
    }
    return false;
}

static bool is_worth(const struct asker *asker, const struct said *said,
                     const struct judge_meeting *meeting)
{
    size_t at;
    return said_gives_addresses(said) && said_bogon(said) == NULL && !agrees(said, meeting) &&
           !leads_to_sinkhole(said) && find_allowed(asker, said, 0, &at) != NULL;
}

bool proving_is_worth(const struct asker *asker, const struct judge_meeting *meeting)
{
    size_t at;
    struct judge_meeting *to_look_at = (struct judge_meeting *)(uintptr_t)meeting;
    return asker->door.prove != NULL && find_control(asker, to_look_at, &at) != NULL &&
           (is_worth(asker, &meeting->local, meeting) ||
            is_worth(asker, &meeting->second, meeting));
}

void proving_init(struct proving *proving, struct asker *asker,
                  void (*on_done)(struct proving *proving), void *ctx)
{
    *proving = (struct proving){.asker = asker, .on_done = on_done, .ctx = ctx};
}

static void finish(struct proving *proving)
{
    proving_stop(proving);
    proving->on_done(proving);
}

static void try_next(struct proving *proving);

static struct said *party_after(struct judge_meeting *meeting, const struct said *said)
{
    if (said == &meeting->second) {
        return NULL;
    }
    return said == &meeting->local ? &meeting->second : &meeting->local;
}

/* The next address of the party under test, or the first of the next party. */
static bool advance(struct proving *proving, bool is_done)
{
    struct judge_meeting *meeting = proving->meeting;
    bool more = !is_done && proving->n_tried < PROVING_ADDRESSES;
    if (more &&
        find_allowed(proving->asker, proving->said, proving->at + 1, &proving->at) != NULL) {
        proving->n_tried++;
        return true;
    }
    do {
        proving->said = party_after(meeting, proving->said);
    } while (proving->said != NULL && !is_worth(proving->asker, proving->said, meeting));
    proving->n_tried = 1;
    return proving->said != NULL &&
           find_allowed(proving->asker, proving->said, 0, &proving->at) != NULL;
}

static void on_proof(struct audit_proof *proof, unsigned outcome,
                     const struct certificate *certificate)
{
    struct proving *proving =
        (struct proving *)(void *)((char *)proof - offsetof(struct proving, proof));
    struct judge_meeting *meeting = proving->meeting;
    proving->live = false;
    proving->said->tls[proving->at] = (uint8_t)outcome;
    bool is_control = proving->said != &meeting->local && proving->said != &meeting->second;
    if (is_control) {
        trouble_note(&proving->asker->trouble, &proving->question.name, outcome == TLS_OK,
                     port_now_us(proving->asker->port));
    } else if (proving->said == &meeting->local) {
        meeting->certificate = *certificate;
    }
    bool fails_there = is_control && outcome != TLS_OK;
    if (fails_there || !advance(proving, is_control || outcome == TLS_OK)) {
        finish(proving);
        return;
    }
    try_next(proving);
}

static void on_timer(struct port_timer *timer)
{
    try_next((struct proving *)(void *)((char *)timer - offsetof(struct proving, timer)));
}

/* Others are at it, or the minute's budget is spent: later, but not for ever. A turn later in any
 * case, so that nothing ends inside its own beginning. */
static void wait_ms(struct proving *proving, uint32_t ms)
{
    struct port *port = proving->asker->port;
    if (++proving->n_waits > PROVING_WAITS_MAX ||
        port_timer_start(port, &proving->timer, port_now_us(port) + ms * UINT64_C(1000)) < 0) {
        finish(proving);
    }
}

static void try_next(struct proving *proving)
{
    struct asker *asker = proving->asker;
    if (!budget_take(&asker->tls_budget, port_now_us(asker->port))) {
        wait_ms(proving, WAIT_MS);
        return;
    }
    proving->proof.on_done = on_proof;
    int failure = asker->door.prove(asker->door.ctx, &proving->question.name,
                                    &proving->said->at[proving->at], &proving->proof);
    if (failure == -EBUSY) {
        budget_give_back(&asker->tls_budget);
        wait_ms(proving, WAIT_MS);
    } else if (failure < 0) {
        finish(proving);
    } else {
        proving->live = true;
    }
}

void proving_begin(struct proving *proving, const struct question *question,
                   struct judge_meeting *meeting)
{
    assert(!proving->live);
    proving->question = *question;
    proving->meeting = meeting;
    proving->n_tried = 0;
    proving->n_waits = 0;
    proving->timer.on_fire = on_timer;
    proving->said = find_control(proving->asker, meeting, &proving->at);
    assert(proving->said != NULL);
    wait_ms(proving, 0);
}

void proving_stop(struct proving *proving)
{
    port_timer_stop(proving->asker->port, &proving->timer);
    if (proving->live) {
        proving->live = false;
        proving->asker->door.cancel_proof(proving->asker->door.ctx, &proving->proof);
    }
}
