/* SPDX-License-Identifier: MIT */
/* What must hold of any evidence at all: many cases made by chance out of few words, so that most
 * of what can come together does. CONFIRMED must stand on an artefact that proves itself, met
 * twice. */
#include "tests/unit/judge_cases.h"

enum { N_CASES = 40000 };

static uint64_t state;

static unsigned below(unsigned n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)(state >> 33) % n;
}

static bool once_in(unsigned n)
{
    return below(n) == 0;
}

/* ---- evidence by chance ---- */

static struct said any_said(bool is_local)
{
    static const char *const words[] = {"5.5.5.5",       "6.6.6.6",  "93.184.216.34",
                                        "93.184.216.99", "10.0.0.1", "0.0.0.0",
                                        "NXDOMAIN",      "NODATA",   "SERVFAIL",
                                        "REFUSED",       "",         "5.5.5.5 93.184.216.34"};
    static const uint8_t outcomes[] = {
        TLS_UNTRIED,    TLS_UNTRIED,   TLS_OK,        TLS_OK,      TLS_OK,     TLS_WRONG_NAME,
        TLS_WRONG_NAME, TLS_UNTRUSTED, TLS_UNTRUSTED, TLS_EXPIRED, TLS_FAILED, TLS_LOCAL_ROOT};
    struct said said = said_of(words[is_local ? below(12) : below(3) + 2]);
    if (!is_local && once_in(12)) {
        said = said_of(words[below(12)]);
    }
    for (size_t i = 0; i < said.n; i++) {
        said.tls[i] = outcomes[below(sizeof outcomes)];
    }
    said.n_asns = once_in(2) ? 0 : 1;
    said.asns[0] = 64500 + below(3);
    said.ttl_s = below(2) * 300 + below(3);
    said.fingerprint = once_in(4) ? (enum fingerprint)below(FINGERPRINT_NATION + 1) : 0;
    said.signature = once_in(3) ? (enum signature)below(SIGNATURE_EXPIRED + 1) : 0;
    said.ede = once_in(10) ? (int16_t)below(24) : EDE_NONE;
    said.flags = (uint16_t)(said.flags ^ (once_in(6) ? FLAG_AA : 0) ^ (once_in(12) ? FLAG_RA : 0));
    said.lacks_soa = once_in(3);
    said.has_serial = !said.lacks_soa && once_in(2);
    said.case_lost = once_in(5);
    said.filters = !is_local && once_in(10);
    said.truncated = once_in(20);
    return said;
}

static struct judge_meeting any_meeting(void)
{
    struct judge_meeting meeting = {.local = any_said(true), .n_controls = below(4)};
    for (size_t i = 0; i < meeting.n_controls; i++) {
        meeting.controls[i] = any_said(false);
    }
    meeting.second = once_in(4) ? any_said(true) : said_of("");
    meeting.direct = once_in(4) ? any_said(true) : said_of("");
    return meeting;
}

static struct judge_case any_case(void)
{
    struct judge_case c = {.n_meetings = 1 + below(2)};
    c.question = question_for("www.example.net", once_in(8) ? TYPE_AAAA : TYPE_A);
    c.local_may_filter = once_in(3);
    c.told = once_in(4) ? any_said(false) : said_of("");
    c.v4 = said_of("");
    c.meetings[0] = any_meeting();
    c.meetings[1] = once_in(3) ? any_meeting() : c.meetings[0];
    c.meetings[0].at_us = once_in(2) ? 0 : 1000000;
    c.meetings[1].at_us = c.meetings[0].at_us == 0 ? 0 : 1000000 + below(100) * UINT64_C(10000000);
    c.gap_us = once_in(2) ? 0 : 30000000;
    c.sandwiched = once_in(2);
    c.control_name = once_in(4) ? any_said(true) : said_of("93.184.216.77");
    c.doubles = once_in(4);
    c.network.clock_is_wrong = once_in(12);
    c.network.n_control_failures = below(6) * once_in(4);
    c.network.captive = once_in(30);
    c.history.n_names = below(5);
    c.history.n_known = once_in(5);
    c.history.known[0] = address_of("6.6.6.6");
    c.negative.n_tries = below(5);
    c.negative.over_udp = once_in(2);
    c.negative.over_tcp = once_in(2);
    c.negative.sibling = any_said(true);
    return c;
}

/* ---- what an artefact is, said again in other words ---- */

static size_t n_witnesses_with_addresses(const struct judge_meeting *m)
{
    size_t n = 0;
    for (size_t i = 0; i < m->n_controls; i++) {
        const struct said *control = &m->controls[i];
        n += said_bears_witness(control) && said_gives_addresses(control) &&
             said_bogon(control) == NULL;
    }
    return n;
}

static bool tried_are_somebody_elses(const struct said *said)
{
    size_t n = 0;
    for (size_t i = 0; i < said->n; i++) {
        bool elsewhere = said->tls[i] == TLS_WRONG_NAME || said->tls[i] == TLS_UNTRUSTED;
        if (said->tls[i] != TLS_UNTRIED && !elsewhere) {
            return false;
        }
        n += elsewhere;
    }
    return n > 0;
}

static bool any_control_passes(const struct judge_meeting *m)
{
    for (size_t i = 0; i < m->n_controls; i++) {
        if (memchr(m->controls[i].tls, TLS_OK, m->controls[i].n) != NULL) {
            return true;
        }
    }
    return false;
}

static bool any_control_verifies(const struct judge_meeting *m)
{
    for (size_t i = 0; i < m->n_controls; i++) {
        if (m->controls[i].signature == SIGNATURE_VALID) {
            return true;
        }
    }
    return false;
}

/* Does the meeting show, by itself, what the rule stands on? */
static bool proves_itself(const struct judge_case *c, const struct judge_meeting *m, enum rule rule)
{
    const struct said *local = &m->local;
    bool by_tls = tried_are_somebody_elses(local) && any_control_passes(m);
    bool by_list = local->fingerprint >= FINGERPRINT_ISP;
    switch ((int)rule) {
    case RULE_P1:
        return by_tls && !c->network.clock_is_wrong;
    case RULE_P2:
        return said_bogon(local) != NULL;
    case RULE_P4:
        return local->answered && m->second.answered && said_common(local, &m->second) == NULL;
    case RULE_P6:
        return local->signature == SIGNATURE_INVALID && any_control_verifies(m);
    case RULE_P7:
        return by_list;
    case RULE_P10:
        return c->history.n_names >= 3 &&
               (tried_are_somebody_elses(local) || local->fingerprint > FINGERPRINT_NOISY);
    case RULE_P11:
        return local->n == 0 && local->answered && c->sandwiched && c->negative.n_tries >= 3 &&
               c->negative.over_tcp && c->negative.over_udp && !c->local_may_filter;
    }
    return false;
}

static void for_any_case(void (*holds)(const struct judge_case *c, const struct judgement *got))
{
    state = UINT64_C(0x9e3779b97f4a7c15);
    for (unsigned i = 0; i < N_CASES; i++) {
        struct judge_case c = any_case();
        struct judgement got = judge(&c);
        holds(&c, &got);
    }
}

static void stands_on_an_artefact(const struct judge_case *c, const struct judgement *got)
{
    if (got->verdict != VERDICT_CONFIRMED) {
        return;
    }
    ck_assert_uint_eq(c->n_meetings, 2);
    for (size_t m = 0; m < 2; m++) {
        const struct judge_meeting *meeting = &c->meetings[m];
        ck_assert_msg(proves_itself(c, meeting, got->rule), "%s", rule_word(got->rule));
        ck_assert(got->rule == RULE_P4 || n_witnesses_with_addresses(meeting) >= 2);
    }
}

START_TEST(confirmed_stands_on_an_artefact_that_both_meetings_show_and_two_witnesses_bear_out)
{
    for_any_case(stands_on_an_artefact);
}
END_TEST

static void is_not_met_once(const struct judge_case *c, const struct judgement *got)
{
    if (got->verdict != VERDICT_CONFIRMED) {
        return;
    }
    for (size_t m = 0; m < 2; m++) {
        struct judge_case once = *c;
        once.meetings[0] = c->meetings[m];
        once.n_meetings = 1;
        ck_assert_int_lt(judge(&once).verdict, VERDICT_CONFIRMED);
    }
    struct judge_case together = *c;
    together.gap_us = 30000000;
    together.meetings[0].at_us = 1000000;
    together.meetings[1].at_us = 1000001;
    ck_assert_int_lt(judge(&together).verdict, VERDICT_CONFIRMED);
}

START_TEST(nothing_that_was_met_once_is_confirmed)
{
    for_any_case(is_not_met_once);
}
END_TEST

/* Less is told of each party: no list, no handshake, no signature, no second reply … */
static void blind(struct said *said)
{
    memset(said->tls, TLS_UNTRIED, sizeof said->tls);
    said->fingerprint = FINGERPRINT_NONE;
    said->signature = SIGNATURE_UNKNOWN;
}

static void is_nothing_without_artefacts(const struct judge_case *c, const struct judgement *got)
{
    (void)got;
    struct judge_case less = *c;
    for (size_t m = 0; m < 2; m++) {
        struct judge_meeting *meeting = &less.meetings[m];
        blind(&meeting->local);
        meeting->second = said_of("");
        for (size_t i = 0; i < meeting->n_controls; i++) {
            blind(&meeting->controls[i]);
        }
        if (said_bogon(&meeting->local) != NULL || !said_gives_addresses(&meeting->local)) {
            meeting->local = said_of("5.5.5.5");
        }
    }
    ck_assert_int_lt(judge(&less).verdict, VERDICT_CONFIRMED);
}

START_TEST(addresses_networks_ttls_flags_and_speed_never_confirm_anything)
{
    for_any_case(is_nothing_without_artefacts);
}
END_TEST

static bool confirms_an_address(const struct judgement *got)
{
    bool about_address = got->rule == RULE_P1 || got->rule == RULE_P2 || got->rule == RULE_P7 ||
                         got->rule == RULE_P10;
    return got->verdict == VERDICT_CONFIRMED && about_address;
}

/* One thing more that speaks for the local resolver. The path and the message may still be proved
 * to be tampered with. */
static void is_ended_by_agreement(const struct judge_case *c, const struct judgement *got)
{
    if (!confirms_an_address(got)) {
        return;
    }
    struct judge_case more[3] = {*c, *c, *c};
    more[0].told = said_of("9.9.9.9");
    more[0].told.at[0] = c->meetings[1].local.at[0];
    more[1].history.n_known = 1;
    more[1].history.known[0] = c->meetings[0].local.at[0];
    more[2].meetings[0].controls[0] = more[2].meetings[0].local;
    for (size_t i = 0; i < 3; i++) {
        struct judgement again = judge(&more[i]);
        ck_assert_msg(!confirms_an_address(&again), "%zu %s", i, rule_word(again.rule));
    }
}

START_TEST(what_one_honest_party_gives_too_is_never_confirmed_as_a_false_address)
{
    for_any_case(is_ended_by_agreement);
}
END_TEST

/* What is not known of anybody is not held against anybody. */
static void is_not_sharpened_by_ignorance(const struct judge_case *c, const struct judgement *got)
{
    if (got->verdict == VERDICT_CONFIRMED) {
        return;
    }
    struct judge_case less = *c;
    for (size_t m = 0; m < 2; m++) {
        struct judge_meeting *meeting = &less.meetings[m];
        meeting->local.fingerprint = FINGERPRINT_NONE;
        meeting->local.signature = SIGNATURE_UNKNOWN;
        meeting->second = said_of("");
        meeting->direct = said_of("");
    }
    less.history.n_names = 0;
    struct judgement again = judge(&less);
    if (again.verdict == VERDICT_CONFIRMED) {
        /* Then it was exonerated by what is forgotten now: a signature that holds, a list that a
         * witness stands in, too. It must still prove itself. */
        stands_on_an_artefact(&less, &again);
    }
}

START_TEST(evidence_that_is_missing_confirms_nothing_that_does_not_prove_itself)
{
    for_any_case(is_not_sharpened_by_ignorance);
}
END_TEST

static void is_reached(const struct judge_case *c, const struct judgement *got)
{
    static unsigned n[N_RULES];
    static unsigned n_cases;
    (void)c;
    n[got->rule] += got->verdict == VERDICT_CONFIRMED;
    if (++n_cases == N_CASES) {
        const enum rule rules[] = {RULE_P1, RULE_P2, RULE_P4, RULE_P6, RULE_P7, RULE_P11};
        for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
            printf("%s: %u\n", rule_word(rules[i]), n[rules[i]]);
            ck_assert_msg(n[rules[i]] >= 5, "%s", rule_word(rules[i]));
        }
    }
}

START_TEST(chance_comes_by_every_proof_often_enough_for_these_tests_to_mean_something)
{
    for_any_case(is_reached);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        confirmed_stands_on_an_artefact_that_both_meetings_show_and_two_witnesses_bear_out,
        nothing_that_was_met_once_is_confirmed,
        addresses_networks_ttls_flags_and_speed_never_confirm_anything,
        what_one_honest_party_gives_too_is_never_confirmed_as_a_false_address,
        evidence_that_is_missing_confirms_nothing_that_does_not_prove_itself,
        chance_comes_by_every_proof_often_enough_for_these_tests_to_mean_something,
    };
    return suite_run("judge_properties", tests, sizeof tests / sizeof tests[0], NULL, NULL);
}
