/* SPDX-License-Identifier: MIT */
#include "resolver/audit/signing.h"

#include "resolver/presentation/verify.h"

#include <assert.h>

enum { LOCAL_TRIES = 2 };

static void forget(struct signing *signing)
{
    for (size_t i = 0; i < AUDIT_CONTROLS_MAX; i++) {
        signing->controls[i] = answer_unref(signing->controls[i]);
        signing->keys[i] = answer_unref(signing->keys[i]);
    }
}

void signing_stop(struct signing *signing)
{
    if (signing->step != SIGNING_IDLE) {
        signing->step = SIGNING_IDLE;
        asking_stop(&signing->asking);
        forget(signing);
    }
}

static void finish(struct signing *signing)
{
    signing_stop(signing);
    signing->on_done(signing);
}

static void take_answers(struct signing *signing, struct answer *ret_taken[AUDIT_CONTROLS_MAX])
{
    for (size_t i = 0; i < signing->asking.asker->n_controls; i++) {
        ret_taken[i] = signing->asking.controls[i].answer;
        signing->asking.controls[i].answer = NULL;
    }
}

/* ---- what it shows ---- */

static size_t gather_keys(const struct signing *signing, struct bytes ret_keys[AUDIT_CONTROLS_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < AUDIT_CONTROLS_MAX; i++) {
        const struct answer *answer = signing->keys[i];
        if (answer != NULL && answer->rcode == RCODE_NOERROR && (answer->flags & FLAG_AD) != 0) {
            ret_keys[n++] = answer_wire(answer);
        }
    }
    return n;
}

static enum signature signature_of(enum verify_outcome outcome)
{
    switch (outcome) {
    case VERIFY_ABSENT:
        return SIGNATURE_ABSENT;
    case VERIFY_VALID:
        return SIGNATURE_VALID;
    case VERIFY_INVALID:
        return SIGNATURE_INVALID;
    case VERIFY_EXPIRED:
        return SIGNATURE_EXPIRED;
    case VERIFY_UNKNOWN:
        break;
    }
    return SIGNATURE_UNKNOWN;
}

static void note(struct verify_wish *wish, const struct answer *answer, struct said *said)
{
    struct verify_result result;
    wish->message = answer_wire(answer);
    verify_answer(wish, &result);
    said->signature = signature_of(result.outcome);
    said->original_ttl_s = result.original_ttl_s;
    said->inception_s = result.inception_s;
}

/* A good signature speaks for what was signed: not for other addresses, given to who does not ask
 * for signatures. */
static void note_local(struct verify_wish *wish, const struct asking *asking, struct said *local)
{
    note(wish, asking->answer, local);
    if (local->signature == SIGNATURE_VALID && said_common(local, &asking->local) == NULL) {
        local->signature = SIGNATURE_UNKNOWN;
        local->original_ttl_s = local->inception_s = 0;
    }
}

static void conclude(struct signing *signing)
{
    const struct asker *asker = signing->asking.asker;
    struct bytes keys[AUDIT_CONTROLS_MAX];
    struct verify_wish wish = {
        .question = &signing->question,
        .signer = &signing->signer,
        .keys = keys,
        .n_keys = gather_keys(signing, keys),
        .now_s = asker->door.unix_s(asker->door.ctx),
    };
    for (size_t i = 0; i < signing->meeting->n_controls; i++) {
        if (signing->controls[i] != NULL) {
            note(&wish, signing->controls[i], &signing->meeting->controls[i]);
        }
    }
    if (signing->asking.answer != NULL) {
        note_local(&wish, &signing->asking, &signing->meeting->local);
    }
}

/* ---- the steps ---- */

static bool find_signer(struct signing *signing)
{
    for (size_t i = 0; i < AUDIT_CONTROLS_MAX; i++) {
        const struct answer *answer = signing->controls[i];
        if (answer != NULL &&
            verify_signer(answer_wire(answer), &signing->question, &signing->signer)) {
            return true;
        }
    }
    return false;
}

static void ask_for_keys(struct signing *signing)
{
    signing->step = SIGNING_KEYS;
    signing->asking.question =
        (struct question){.name = signing->signer, .type = TYPE_DNSKEY, .class = CLASS_IN};
    asking_controls(&signing->asking);
}

static void ask_local(struct signing *signing)
{
    signing->step = SIGNING_LOCAL;
    signing->asking.question = signing->question;
    signing->n_asked++;
    asking_local(&signing->asking, signing->server, LOCAL_TRIES);
}

static void on_asked(struct asking *asking)
{
    struct signing *signing = asking->ctx;
    struct bytes keys[AUDIT_CONTROLS_MAX];
    switch (signing->step) {
    case SIGNING_CONTROLS:
        take_answers(signing, signing->controls);
        if (find_signer(signing)) {
            ask_for_keys(signing);
        } else {
            finish(signing);
        }
        return;
    case SIGNING_KEYS:
        take_answers(signing, signing->keys);
        if (gather_keys(signing, keys) > 0) {
            ask_local(signing);
        } else {
            finish(signing);
        }
        return;
    case SIGNING_LOCAL:
        conclude(signing);
        finish(signing);
        return;
    case SIGNING_IDLE:
        assert(false);
    }
}

void signing_init(struct signing *signing, const struct asker *asker,
                  void (*on_done)(struct signing *signing), void *ctx)
{
    *signing = (struct signing){.on_done = on_done, .ctx = ctx};
    asking_init(&signing->asking, asker, on_asked, signing);
    signing->asking.want_do = true;
}

void signing_begin(struct signing *signing, const struct question *question, const char *server,
                   struct judge_meeting *meeting)
{
    assert(signing->step == SIGNING_IDLE);
    signing->question = *question;
    signing->server = server;
    signing->meeting = meeting;
    signing->n_asked = 0;
    signing->step = SIGNING_CONTROLS;
    signing->asking.question = *question;
    asking_controls(&signing->asking);
}
