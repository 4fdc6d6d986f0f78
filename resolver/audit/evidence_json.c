/* SPDX-License-Identifier: MIT */
#include "resolver/audit/evidence_json.h"

#include "resolver/audit/evidence_parts.h"
#include "resolver/wire/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define SECOND_US UINT64_C(1000000)

enum { GAP_S = 30 };

static const char *const kinds[] = {"name", "nonexistent", "path"};
static const char *const https_words[] = {"unknown", "absent", "plain", "ech"};
static const char *const transports[] = {"udp", "tcp"};
static const char *const signals[] = {"none",   "whoami",   "chaos",      "dnssec",
                                      "v6only", "nxdomain", "truncation", "case"};

static void certificate(struct members *f, struct certificate *certificate)
{
    bool here = certificate->subject[0] != '\0' || certificate->issuer[0] != '\0' ||
                certificate->sha256[0] != '\0';
    if (members_enter(f, "certificate", here)) {
        members_text(f, "subject", certificate->subject, sizeof certificate->subject);
        members_text(f, "issuer", certificate->issuer, sizeof certificate->issuer);
        members_text(f, "sha256", certificate->sha256, sizeof certificate->sha256);
        members_leave(f);
    }
}

static void meeting(struct members *f, struct judge_meeting *meeting)
{
    members_time(f, "at_s", &meeting->at_us, SECOND_US);
    evidence_said(f, "local", &meeting->local);
    evidence_said_list(f, "controls", meeting->controls, &meeting->n_controls);
    evidence_said(f, "second", &meeting->second);
    evidence_said(f, "direct", &meeting->direct);
    certificate(f, &meeting->certificate);
}

/* "times": what was seen once stands for so many meetings. True: for two. */
static bool stands_for_two(struct members *f)
{
    uint32_t times = 0;
    if (!members_reading(f)) {
        return false;
    }
    members_u32(f, "times", &times, JUDGE_MEETINGS_MAX);
    return times == 2;
}

/* A clock may begin at 0, which inside says that no time is known. */
static void leave_zero(struct judge_case *c, const bool begins[JUDGE_MEETINGS_MAX])
{
    for (size_t i = 0; i < c->n_meetings && (begins[0] || begins[1]); i++) {
        c->meetings[i].at_us += begins[i] || c->meetings[i].at_us != 0;
    }
}

static void meetings(struct members *f, struct judge_case *c)
{
    if (!members_enter_list(f, "meetings", &c->n_meetings, JUDGE_MEETINGS_MAX)) {
        return;
    }
    bool twice = false, begins[JUDGE_MEETINGS_MAX] = {0};
    for (size_t i = 0; i < c->n_meetings; i++) {
        members_enter_item(f, i);
        meeting(f, &c->meetings[i]);
        begins[i] = members_has(f, "at_s") && c->meetings[i].at_us == 0;
        twice = stands_for_two(f);
        members_leave(f);
    }
    members_leave(f);
    leave_zero(c, begins);
    if (twice && c->n_meetings == 1) {
        c->meetings[1] = c->meetings[0];
        c->meetings[0].at_us = c->meetings[1].at_us = 0;
        c->n_meetings = 2;
    } else if (twice) {
        members_fail(f, "meetings", "\"times\" is for one meeting only");
    }
}

static void network(struct members *f, struct judge_network *network)
{
    bool here = network->changed_s != 0 || network->captive || network->clock_is_wrong ||
                network->n_control_failures != 0 || network->n_asns != 0;
    if (members_enter(f, "network", here)) {
        members_u32(f, "changed_s", &network->changed_s, UINT32_MAX);
        members_bool(f, "captive", &network->captive);
        members_bool(f, "clock_is_wrong", &network->clock_is_wrong);
        members_unsigned(f, "control_tls_failures", &network->n_control_failures);
        members_numbers(f, "asns", network->asns, &network->n_asns, AUDIT_ASNS_MAX);
        members_leave(f);
    }
}

static void history(struct members *f, struct judge_history *history)
{
    bool here = history->n_known != 0 || history->n_names != 0 || history->given_s != 0 ||
                history->usual_rtt_us != 0 || history->n_ttl_samples != 0 || history->ttl_s != 0 ||
                history->n_old != 0;
    if (!members_enter(f, "history", here)) {
        return;
    }
    members_addresses(f, "known", history->known, &history->n_known, AUDIT_ADDRESSES_MAX);
    members_unsigned(f, "names_on_artefact", &history->n_names);
    if (members_enter(f, "given", history->given_s != 0)) {
        members_u32(f, "since_s", &history->given_s, UINT32_MAX);
        members_u32(f, "life_s", &history->given_life_s, UINT32_MAX);
        members_leave(f);
    }
    uint64_t rtt_us = history->usual_rtt_us;
    members_time(f, "usual_rtt_ms", &rtt_us, MILLISECOND_US);
    history->usual_rtt_us = rtt_us < UINT32_MAX ? (uint32_t)rtt_us : UINT32_MAX;
    if (members_enter(f, "ttl", history->n_ttl_samples != 0 || history->ttl_s != 0)) {
        members_u32(f, "most_s", &history->ttl_s, UINT32_MAX);
        members_unsigned(f, "samples", &history->n_ttl_samples);
        members_unsigned(f, "providers", &history->n_ttl_providers);
        members_leave(f);
    }
    if (members_enter(f, "old", history->n_old != 0)) {
        members_addresses(f, "addresses", history->old, &history->n_old, AUDIT_ADDRESSES_MAX);
        members_u32(f, "gone_s", &history->gone_s, UINT32_MAX);
        members_u32(f, "ttl_s", &history->old_ttl_s, UINT32_MAX);
        members_unsigned(f, "tries", &history->n_lag_tries);
        members_u32(f, "refresh_s", &history->refresh_s, UINT32_MAX);
        members_leave(f);
    }
    members_leave(f);
}

static void negative(struct members *f, struct judge_negative *negative)
{
    if (!members_enter(f, "negative", negative->n_tries != 0 || negative->sibling.answered)) {
        return;
    }
    unsigned set = (negative->over_udp ? 1U : 0) | (negative->over_tcp ? 2U : 0);
    members_unsigned(f, "tries", &negative->n_tries);
    members_words(f, "transports", &set, transports, COUNT(transports));
    negative->over_udp = (set & 1) != 0;
    negative->over_tcp = (set & 2) != 0;
    evidence_said(f, "sibling", &negative->sibling);
    members_leave(f);
}

static void control_name(struct members *f, struct judge_case *c)
{
    if (members_enter(f, "control_name", c->sandwiched)) {
        c->sandwiched = true;
        members_bool(f, "absent", &c->control_is_absent);
        members_bool(f, "doubled", &c->doubles);
        evidence_said(f, "local", &c->control_name);
        members_leave(f);
    }
}

static void dns64(struct members *f, struct judge_case *c)
{
    if (members_enter(f, "dns64", c->dns64.n != 0)) {
        members_address(f, "prefix", &c->dns64);
        members_unsigned(f, "bits", &c->dns64_bits);
        evidence_said(f, "a", &c->v4);
        members_leave(f);
    }
}

static void zone(struct members *f, struct judge_zone *zone)
{
    members_name(f, "zone", &zone->name);
    members_name(f, "primary", &zone->primary);
    members_u32(f, "serial", &zone->serial, UINT32_MAX);
    members_u32(f, "refresh_s", &zone->refresh_s, UINT32_MAX);
}

/* Who tells no zone is left out: who told which is not looked at. */
static void soa(struct members *f, struct judge_case *c)
{
    size_t n = 0;
    for (size_t i = 0; i < AUDIT_CONTROLS_MAX && !members_reading(f); i++) {
        if (c->control_zones[i].name.n > 0) {
            c->control_zones[n++] = c->control_zones[i];
        }
    }
    if (!members_enter(f, "soa", n > 0 || c->local_zone.name.n > 0)) {
        return;
    }
    if (members_enter(f, "local", c->local_zone.name.n > 0)) {
        zone(f, &c->local_zone);
        members_leave(f);
    }
    if (members_enter_list(f, "controls", &n, AUDIT_CONTROLS_MAX)) {
        for (size_t i = 0; i < n; i++) {
            members_enter_item(f, i);
            zone(f, &c->control_zones[i]);
            members_leave(f);
        }
        members_leave(f);
    }
    members_leave(f);
}

static void https(struct members *f, struct judge_case *c)
{
    if (members_enter(f, "https", c->local_https != 0 || c->control_https != 0)) {
        WORD(f, "local", c->local_https, https_words);
        WORD(f, "control", c->control_https, https_words);
        members_bool(f, "others_absent", &c->https_of_others_is_absent);
        members_leave(f);
    }
}

static void question(struct members *f, struct question *question)
{
    char type[TEXT_MNEMONIC_MAX] = "A";
    members_name(f, "name", &question->name);
    if (!members_reading(f)) {
        text_of_type(question->type, type);
        jsonv_put_string(f->to, "type", type);
        return;
    }
    question->class = CLASS_IN;
    members_text(f, "type", type, sizeof type);
    if (text_to_type(type, &question->type) < 0) {
        members_fail(f, "type", "a record type is due here");
    }
    if (question->name.n == 0) {
        members_fail(f, "name", "it is missing");
    }
}

static void name_case(struct members *f, struct judge_case *c)
{
    question(f, &c->question);
    members_bool(f, "local_may_filter", &c->local_may_filter);
    evidence_said(f, "told", &c->told);
    uint64_t gap_us = members_reading(f) ? GAP_S * SECOND_US : c->gap_us;
    members_time(f, "gap_s", &gap_us, SECOND_US);
    if (!members_reading(f) && gap_us == 0) {
        jsonv_put_integer(f->to, "gap_s", 0);
    }
    c->gap_us = gap_us;
    meetings(f, c);
    control_name(f, c);
    network(f, &c->network);
    history(f, &c->history);
    negative(f, &c->negative);
    dns64(f, c);
    members_bool(f, "a_is_fine", &c->a_is_fine);
    soa(f, c);
    https(f, c);
}

/* Of a top-level domain the judge knows only whether it is another: a number, which stands for
 * itself, or a hash. */
static unsigned tld_number(const char *tld)
{
    char *end;
    unsigned long number = strtoul(tld, &end, 10);
    if (tld[0] >= '0' && tld[0] <= '9' && *end == '\0' && number <= UINT32_MAX) {
        return (unsigned)number;
    }
    uint32_t hash = 0;
    for (const char *c = tld; *c != '\0'; c++) {
        hash = hash * 257 + (uint8_t)*c;
    }
    return hash;
}

static void random_name(struct members *f, struct judge_probe_run *run, size_t i)
{
    struct judge_probe_name *name = &run->names[i];
    char tld[64] = "";
    members_enter_item(f, i);
    if (!members_reading(f)) {
        snprintf(tld, sizeof tld, "%u", name->tld);
    }
    members_text(f, "tld", tld, sizeof tld);
    if (members_reading(f) && tld[0] == '\0') {
        members_fail(f, "tld", "it is missing");
    }
    name->tld = members_reading(f) ? tld_number(tld) : name->tld;
    evidence_said(f, "local", &name->meeting.local);
    evidence_said_list(f, "controls", name->meeting.controls, &name->meeting.n_controls);
    members_leave(f);
}

static void probe_run(struct members *f, struct judge_probe_run *run)
{
    size_t n = JUDGE_PROBE_NAMES;
    if (members_enter_list(f, "names", &n, JUDGE_PROBE_NAMES)) {
        for (size_t i = 0; i < n; i++) {
            random_name(f, run, i);
        }
        members_leave(f);
    }
    evidence_said(f, "control_name", &run->control_name);
}

static void nonexistent(struct members *f, struct judge_probe *probe)
{
    bool twice = false;
    members_bool(f, "local_may_filter", &probe->local_may_filter);
    network(f, &probe->network);
    if (!members_enter_list(f, "runs", &probe->n_runs, JUDGE_MEETINGS_MAX)) {
        return;
    }
    for (size_t i = 0; i < probe->n_runs; i++) {
        members_enter_item(f, i);
        probe_run(f, &probe->runs[i]);
        twice = stands_for_two(f);
        members_leave(f);
    }
    members_leave(f);
    if (twice && probe->n_runs == 1) {
        probe->runs[1] = probe->runs[0];
        probe->n_runs = 2;
    } else if (twice) {
        members_fail(f, "runs", "\"times\" is for one run only");
    }
}

static void got(struct members *f, struct judge_path_signal *signal)
{
    bool twice = false;
    if (!members_enter_list(f, "got", &signal->n_got, JUDGE_MEETINGS_MAX)) {
        return;
    }
    for (size_t i = 0; i < signal->n_got; i++) {
        members_enter_item(f, i);
        signal->got[i].ede = members_reading(f) ? EDE_NONE : signal->got[i].ede;
        evidence_said_object(f, &signal->got[i]);
        members_text(f, "text", signal->text[i], JUDGE_PATH_TEXT_MAX);
        twice = stands_for_two(f);
        members_leave(f);
    }
    members_leave(f);
    if (twice && signal->n_got == 1) {
        signal->got[1] = signal->got[0];
        memcpy(signal->text[1], signal->text[0], JUDGE_PATH_TEXT_MAX);
        signal->n_got = 2;
    }
}

static void path(struct members *f, struct judge_path *path)
{
    network(f, &path->network);
    if (members_enter_list(f, "signals", &path->n_signals, JUDGE_PATH_SIGNALS_MAX)) {
        for (size_t i = 0; i < path->n_signals; i++) {
            struct judge_path_signal *signal = &path->signals[i];
            members_enter_item(f, i);
            WORD(f, "signal", signal->signal, signals);
            members_unsigned(f, "operator", &signal->operator);
            members_address(f, "target", &signal->target);
            got(f, signal);
            evidence_said(f, "due", &signal->due);
            members_text(f, "due_text", signal->due_text, sizeof signal->due_text);
            members_leave(f);
        }
        members_leave(f);
    }
    if (members_enter_list(f, "tries", &path->n_tries, JUDGE_INJECTION_TRIES)) {
        for (size_t i = 0; i < path->n_tries; i++) {
            members_enter_item(f, i);
            members_address(f, "target", &path->tries[i].target);
            members_bool(f, "replied", &path->tries[i].replied);
            members_bool(f, "icmp", &path->tries[i].icmp);
            members_leave(f);
        }
        members_leave(f);
    }
}

static void evidence_members(struct members *f, struct evidence *e)
{
    uint32_t version = EVIDENCE_VERSION;
    if (members_reading(f) && !members_has(f, "v")) {
        members_fail(f, "v", "it is missing: the version, 1");
    }
    members_u32(f, "v", &version, UINT32_MAX);
    if (version != EVIDENCE_VERSION) {
        members_fail(f, "v", "this program knows version 1 only");
    }
    WORD(f, "kind", e->kind, kinds);
    members_text(f, "id", e->id, sizeof e->id);
    switch (e->kind) {
    case EVIDENCE_NAME:
        name_case(f, &e->name);
        return;
    case EVIDENCE_NONEXISTENT:
        nonexistent(f, &e->nonexistent);
        return;
    case EVIDENCE_PATH:
        path(f, &e->path);
        return;
    }
}

int evidence_read(struct bytes line, struct evidence *ret_evidence, char why[EVIDENCE_WHY_MAX])
{
    static const struct jsonv_limits limits = {EVIDENCE_LINE_MAX, 12, 2048, 1024};
    struct jsonv *value = NULL;
    char reason[JSONV_WHY_MAX];
    int failure = jsonv_read(line, &limits, &value, reason);
    if (failure < 0) {
        snprintf(why, EVIDENCE_WHY_MAX, "%s", failure == -ENOMEM ? "out of memory" : reason);
        return failure;
    }
    struct members f = {.from = value};
    memset(ret_evidence, 0, sizeof *ret_evidence);
    if (jsonv_kind(value) != JSONV_OBJECT) {
        members_fail(&f, NULL, "an object is due on each line");
    } else {
        evidence_members(&f, ret_evidence);
    }
    jsonv_free(value);
    if (f.failed) {
        snprintf(why, EVIDENCE_WHY_MAX, "%s", f.why);
        return -EINVAL;
    }
    return 0;
}

char *evidence_write(const struct evidence *evidence)
{
    struct evidence *copy = malloc(sizeof *copy);
    if (copy == NULL) {
        return NULL;
    }
    struct members f = {.to = jsonv_build()};
    if (f.to == NULL) {
        free(copy);
        return NULL;
    }
    *copy = *evidence;
    evidence_members(&f, copy);
    free(copy);
    return jsonv_finish(f.to, false);
}

struct judgement evidence_judge(const struct evidence *evidence)
{
    switch (evidence->kind) {
    case EVIDENCE_NAME:
        return judge(&evidence->name);
    case EVIDENCE_NONEXISTENT:
        return judge_probe(&evidence->nonexistent);
    case EVIDENCE_PATH:
        break;
    }
    return judge_path(&evidence->path);
}

char *evidence_write_judgement(const struct judgement *judgement, uint64_t line, const char *id)
{
    struct jsonv_builder *b = jsonv_build();
    if (b == NULL) {
        return NULL;
    }
    jsonv_put_integer(b, "line", (int64_t)line);
    if (id[0] != '\0') {
        jsonv_put_string(b, "id", id);
    }
    jsonv_put_string(b, "verdict", verdict_word(judgement->verdict));
    jsonv_put_string(b, "rule", rule_word(judgement->rule));
    jsonv_put_string(b, "finding", finding_word(judgement->finding));
    jsonv_begin_array(b, "families");
    for (unsigned bit = FAMILY_MESSAGE; bit <= FAMILY_BEHAVIOUR; bit <<= 1) {
        char word[JUDGE_FAMILIES_TEXT_MAX];
        if ((judgement->families & bit) != 0) {
            jsonv_put_string(b, NULL, families_text(bit, word));
        }
    }
    jsonv_end(b);
    char text[ADDRESS_TEXT_MAX];
    bool has = judgement->artefact.n != 0;
    jsonv_put_string(b, "artefact", has ? address_to_text(&judgement->artefact, text) : NULL);
    jsonv_put_integer(b, "witnesses", (int64_t)judgement->n_witnesses);
    jsonv_put_bool(b, "via_foreign_as", judgement->via_foreign_as);
    return jsonv_finish(b, false);
}
