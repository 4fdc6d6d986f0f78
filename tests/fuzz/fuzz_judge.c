/* SPDX-License-Identifier: MIT */
/* Any octets as evidence. Whatever was said: the judge is of the same mind whatever the order of
 * the controls; it confirms nothing that was met once, that fewer than two controls bear out (save
 * what the path alone proves), or that any control shares; and an answer that exonerates leaves
 * only what stands on its own: P4, P6 and P8. */
#include "resolver/audit/judge.h"

#include "resolver/wire/cursor.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Few addresses, so that parties often say the same. */
static struct address read_address(struct cursor *c)
{
    static const uint8_t v4[8][4] = {{10, 0, 0, 1},      {0, 0, 0, 0},   {5, 6, 7, 8},
                                     {93, 184, 216, 34}, {127, 0, 0, 1}, {9, 9, 9, 9},
                                     {192, 0, 2, 1},     {100, 64, 0, 1}};
    uint8_t choice = cursor_u8(c);
    struct address address = {.n = choice & 0x40 ? 16 : 4};
    if (choice & 0x80) {
        struct bytes raw = cursor_take(c, address.n);
        memcpy(address.at, raw.n > 0 ? raw.at : v4[0], raw.n);
    } else {
        memcpy(address.at, v4[choice & 7], 4);
    }
    return address;
}

static struct said read_said(struct cursor *c)
{
    uint8_t form = cursor_u8(c);
    struct said said = {
        .answered = (form & 0x01) == 0,
        .filters = (form & 0x02) != 0 && (form & 0x04) != 0,
        .truncated = (form & 0x08) != 0,
        .flags = form & 0x10 ? 0 : FLAG_RA,
        .rcode = (uint16_t)(form >> 5 == 7 ? cursor_u8(c) : (form >> 5) & 3),
        .ede = EDE_NONE,
    };
    uint8_t more = cursor_u8(c);
    said.ede = more & 0x80 ? (int16_t)(more >> 4 & 3) + 14 : EDE_NONE;
    size_t n = (more & 0x40) != 0 ? more & 0x0f : more & 0x03;
    for (size_t i = 0; i < n; i++) {
        said.at[said.n++] = read_address(c);
    }
    return said;
}

static struct judge_meeting read_meeting(struct cursor *c)
{
    struct judge_meeting meeting = {.local = read_said(c)};
    meeting.n_controls = cursor_u8(c) % (AUDIT_CONTROLS_MAX + 1);
    for (size_t i = 0; i < meeting.n_controls; i++) {
        meeting.controls[i] = read_said(c);
    }
    return meeting;
}

static void swap_controls(struct judge_meeting *meeting)
{
    for (size_t i = 0; i < meeting->n_controls / 2; i++) {
        struct said *a = &meeting->controls[i];
        struct said *b = &meeting->controls[meeting->n_controls - 1 - i];
        struct said one = *a;
        *a = *b;
        *b = one;
    }
}

static void check_same(const struct judgement *a, const struct judgement *b)
{
    assert(a->verdict == b->verdict && a->rule == b->rule && a->finding == b->finding);
    assert(a->n_witnesses == b->n_witnesses && address_equal(&a->artefact, &b->artefact));
}

static void check_words(const struct judgement *judgement)
{
    char text[JUDGE_FAMILIES_TEXT_MAX];
    assert(verdict_word(judgement->verdict)[0] != '\0');
    assert(rule_word(judgement->rule) != NULL);
    assert(finding_word(judgement->finding)[0] != '\0');
    bool accuses = judgement->verdict >= VERDICT_PROBABLE;
    assert(!accuses || judgement->finding != FINDING_NONE);
    assert(!accuses || families_text(judgement->families, text)[0] != '\0');
}

static void check_unshared(const struct judge_case *evidence)
{
    for (size_t m = 0; m < 2; m++) {
        const struct judge_meeting *meeting = &evidence->meetings[m];
        assert(said_common(&meeting->local, &evidence->told) == NULL || !evidence->told.answered);
        for (size_t i = 0; i < meeting->n_controls; i++) {
            assert(!meeting->controls[i].answered ||
                   said_common(&meeting->local, &meeting->controls[i]) == NULL);
        }
    }
}

static bool stands_alone(enum rule rule)
{
    return rule == RULE_P4 || rule == RULE_P6 || rule == RULE_P8;
}

static void check_confirmed(const struct judge_case *evidence, const struct judgement *judgement)
{
    assert(evidence->n_meetings == 2);
    assert(judgement->rule == RULE_P4 || judgement->n_witnesses >= 2);
    assert(judgement->rule != RULE_P2 || address_is_bogon(&judgement->artefact));
    if (!stands_alone(judgement->rule)) {
        check_unshared(evidence);
    }
}

/* The client was told what the local resolver says: no verdict becomes graver. */
static void check_exonerated(const struct judge_case *evidence, const struct judgement *before)
{
    struct judge_case shared = *evidence;
    if (shared.n_meetings == 0 || shared.meetings[0].local.n == 0) {
        return;
    }
    shared.told = shared.meetings[0].local;
    shared.told.answered = true;
    struct judgement after = judge(&shared);
    assert(after.verdict <= before->verdict || after.verdict <= VERDICT_DOWNGRADE);
    assert(after.verdict < VERDICT_SUSPECTED || stands_alone(after.rule));
}

/* What older inputs do not reach is zero: not looked at. */
static void extend_said(struct cursor *c, struct said *said)
{
    uint8_t form = cursor_u8(c), more = cursor_u8(c);
    said->fingerprint = (enum fingerprint)((form & 7) % (FINGERPRINT_NATION + 1));
    said->signature = (enum signature)((form >> 3 & 7) % (SIGNATURE_EXPIRED + 1));
    said->case_lost = (form & 0x40) != 0;
    said->lacks_soa = (form & 0x80) != 0;
    for (size_t i = 0; i < said->n; i++) {
        said->tls[i] = (more & 7) > TLS_LOCAL_ROOT ? TLS_OK : more & 7;
    }
    said->n_asns = more >> 3 & 1;
    said->asns[0] = 64500 + (more >> 4 & 1);
    said->ttl_s = (more & 0x20) != 0 ? 100000 : 60;
    said->inception_s = more >> 6;
    if ((more & 0xc0) == 0xc0) {
        said->cname = (struct name){.n = 5, .at = {3, 'c', 'd', (uint8_t)('a' + (form & 1)), 0}};
    }
}

static void extend_case(struct cursor *c, struct judge_case *evidence)
{
    for (size_t m = 0; m < evidence->n_meetings; m++) {
        struct judge_meeting *meeting = &evidence->meetings[m];
        uint8_t form = cursor_u8(c);
        if (form & 1) {
            meeting->second = read_said(c);
        }
        if (form & 2) {
            meeting->direct = read_said(c);
        }
        extend_said(c, &meeting->local);
        for (size_t i = 0; i < meeting->n_controls; i++) {
            extend_said(c, &meeting->controls[i]);
        }
    }
    uint8_t form = cursor_u8(c), more = cursor_u8(c);
    evidence->network.captive = form == 0xff;
    evidence->network.changed_s = form == 0xfe ? 1 : 0;
    evidence->network.clock_is_wrong = form == 0xfd;
    evidence->history.n_names = form & 3;
    evidence->negative.n_tries = form >> 2 & 3;
    evidence->negative.over_udp = evidence->negative.over_tcp = (form & 16) != 0;
    if (form & 32) {
        evidence->negative.sibling = read_said(c);
    }
    if (form & 64) {
        evidence->history.old[evidence->history.n_old++] = read_address(c);
        evidence->history.gone_s = 100000;
        evidence->history.n_lag_tries = 3;
    }
    evidence->local_https = (enum https_records)(more & 3);
    evidence->control_https = (enum https_records)(more >> 2 & 3);
    evidence->a_is_fine = (more & 16) != 0;
    evidence->gap_us = more & 32 ? 10 : 0;
    evidence->meetings[0].at_us = more >> 6;
    evidence->meetings[1].at_us = 5;
}

static void check_case(struct cursor *c)
{
    uint8_t form = cursor_u8(c);
    struct judge_case evidence = {
        .question = {.type = form & 1 ? TYPE_AAAA : TYPE_A, .class = CLASS_IN},
        .local_may_filter = (form & 2) != 0,
        .n_meetings = (form >> 2 & 3) % (JUDGE_MEETINGS_MAX + 1),
        .sandwiched = (form & 16) != 0,
    };
    struct name name;
    bool named = (form & 32) != 0 && name_read_plain(c, &name);
    if (!named) {
        assert(name_from_text("www.example.net", &name) == 0);
        c->failed = false;
    }
    evidence.question.name = name;
    if (form & 64) {
        evidence.told = read_said(c);
    }
    evidence.control_name = read_said(c);
    for (size_t m = 0; m < evidence.n_meetings; m++) {
        evidence.meetings[m] = read_meeting(c);
    }
    extend_case(c, &evidence);
    struct judgement judgement = judge(&evidence);
    check_words(&judgement);
    if (judgement.verdict == VERDICT_CONFIRMED) {
        check_confirmed(&evidence, &judgement);
    }
    check_exonerated(&evidence, &judgement);
    for (size_t m = 0; m < evidence.n_meetings; m++) {
        swap_controls(&evidence.meetings[m]);
    }
    struct judgement swapped = judge(&evidence);
    check_same(&judgement, &swapped);
}

static void check_probe(struct cursor *c)
{
    uint8_t form = cursor_u8(c);
    struct judge_probe evidence = {
        .local_may_filter = (form & 1) != 0,
        .n_runs = (form >> 1 & 3) % (JUDGE_MEETINGS_MAX + 1),
    };
    for (size_t r = 0; r < evidence.n_runs; r++) {
        evidence.runs[r].control_name = read_said(c);
        for (size_t i = 0; i < JUDGE_PROBE_NAMES; i++) {
            evidence.runs[r].names[i].tld = cursor_u8(c) & 3;
            evidence.runs[r].names[i].meeting = read_meeting(c);
        }
    }
    struct judgement judgement = judge_probe(&evidence);
    check_words(&judgement);
    if (judgement.verdict == VERDICT_CONFIRMED) {
        assert(judgement.rule == RULE_P3 && judgement.n_witnesses >= 2);
        assert(evidence.n_runs == JUDGE_MEETINGS_MAX);
        assert(!said_has(&evidence.runs[0].control_name, &judgement.artefact));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor c = cursor_over(bytes_of(data, size));
    if (cursor_u8(&c) & 1) {
        check_probe(&c);
    } else {
        check_case(&c);
    }
    return 0;
}
