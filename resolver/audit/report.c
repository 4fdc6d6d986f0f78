/* SPDX-License-Identifier: MIT */
#include "resolver/audit/report.h"

#include "resolver/audit/redact.h"
#include "resolver/wire/text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>

enum {
    FIELDS_MAX = 48,
    VALUE_MAX = REPORT_VALUE_MAX,
    MESSAGE_TEXT_MAX = 2048,
    COUNT_MAX = 48,
    LISTED_MAX = 4, /* addresses spelled out; of the rest the number */
};

#define SAFE "Clients of httpdnsd get the HTTPS answer"

/* How a finding is told. */
struct class
{
    const char *message_id; /* NULL: never told */
    int priority;
    const char *word;   /* behind the rule: "P2 bogon" */
    const char *reason; /* behind what the local resolver says */
};

static const struct class classes[N_FINDINGS] = {
    [FINDING_NONE] = {"6e0f9c1d7a5244d8b0c35f1e28a94b73", LOG_WARNING, "overflow", ""},
    [FINDING_HIJACK_BOGON] = {"3c1f8a52d7e04b6f9b1d6e52a47c90e3", LOG_WARNING, "bogon",
                              ", an address no public name can have"},
    [FINDING_NXDOMAIN_REWRITE] = {"b7d24e9061a34c0c8f35ad7b1e6f2d48", LOG_WARNING,
                                  "NXDOMAIN rewrite", " for names that do not exist"},
    [FINDING_HIJACK_REDIRECT] = {"0f6b2ce4583d4a0e9d7714c8a3e5b926", LOG_WARNING, "redirect",
                                 ", which is not where this name lives"},
    [FINDING_INJECTION] = {"94d1e7a05b8c4f3daf2260c9e81b7d35", LOG_WARNING, "injection",
                           ": somebody on the path answers, too"},
    [FINDING_PATH_INTERCEPTED] = {"5ab83f0e9c614d27b1e4d2078cf6a91d", LOG_WARNING, "interception",
                                  ""},
    [FINDING_HIJACK_FORGED] = {"e27c5d91ab3f4608847d90f5c1a2be64", LOG_WARNING, "forged",
                               ", with a signature that does not hold"},
    [FINDING_BLOCKED_NEGATIVE] = {"81f3a64cd0e94be2a7590b3d6c8e12f7", LOG_WARNING, "blocked",
                                  ", while it answers for other names"},
    [FINDING_FILTERED_DECLARED] = {"2d9e07b64f1c4835ba60e8d7935c1fa4", LOG_NOTICE, "filter",
                                   ", and says itself that it withholds the name"},
    [FINDING_TLS_INTERCEPTED_BY_LOCAL_ROOT] = {"c40b9d58e6f743a1932f7e1a05bd68c2", LOG_INFO,
                                               "local root",
                                               ", where TLS holds only by a root certificate "
                                               "that was added on this machine"},
    [FINDING_CAPTIVE] = {"7f52c8e13ad046b99e0b4f6d21c7a085", LOG_INFO, "captive portal", ""},
    [FINDING_ISP_RESOLVER_UNUSABLE] = {"a9061ed4c7b84f52813d5e0fb29c74e6", LOG_INFO, "unusable",
                                       ""},
    [FINDING_STALE_TTL] = {"d36a90e8f14b4c7cbd52713e0fa8964b", LOG_INFO, "stretched TTL",
                           ", for longer than its owner lets it"},
    [FINDING_STALE_SIGNATURE] = {"4b8e1f6c29d0437d9ca5e0f73862b1da", LOG_INFO, "old signature",
                                 ", with a signature whose time is over"},
    [FINDING_STALE_LAG] = {"f5d207c94ea841b6801b6d3ec59f7a20", LOG_INFO, "old content",
                           ", which its owner has given up"},
    [FINDING_STALE_HARMFUL] = {"63ea4c0b8d7f4912a5cb17f9e04d628e", LOG_NOTICE,
                               "harmful old content", ", where the name is served no more"},
};

bool report_is_told(enum finding finding)
{
    return finding != FINDING_NONE && classes[finding].message_id != NULL;
}

const char *report_message_id(enum finding finding)
{
    return classes[finding].message_id;
}

/* ---- fields ---- */

struct field_texts {
    struct alert_field at[FIELDS_MAX];
    char values[FIELDS_MAX][VALUE_MAX];
    size_t n;
};

/* What others wrote may hold anything: only printable ASCII goes on. */
static void make_printable(char *text)
{
    for (; *text != '\0'; text++) {
        if (*text < ' ' || *text > '~') {
            *text = '?';
        }
    }
}

static void __attribute__((format(printf, 3, 4)))
add(struct field_texts *fields, const char *key, const char *format, ...)
{
    assert(fields->n < FIELDS_MAX);
    char *value = fields->values[fields->n];
    va_list args;
    va_start(args, format);
    vsnprintf(value, VALUE_MAX, format, args);
    va_end(args);
    make_printable(value);
    fields->at[fields->n++] = (struct alert_field){.key = key, .value = value};
}

const char *report_answers(const struct said *said, char out[VALUE_MAX])
{
    if (!said->answered) {
        snprintf(out, VALUE_MAX, "nothing");
        return out;
    }
    if (said->n == 0) {
        char rcode[TEXT_MNEMONIC_MAX];
        text_of_rcode(said->rcode, rcode);
        snprintf(out, VALUE_MAX, "%s%s", rcode,
                 said->rcode == RCODE_NOERROR ? " without addresses" : "");
        return out;
    }
    size_t n = 0;
    for (size_t i = 0; i < said->n && i < LISTED_MAX; i++) {
        char text[ADDRESS_TEXT_MAX];
        n += (size_t)snprintf(out + n, VALUE_MAX - n, "%s%s", i > 0 ? " " : "",
                              address_to_text(&said->at[i], text));
    }
    if (said->n > LISTED_MAX) {
        snprintf(out + n, VALUE_MAX - n, " and %zu more", said->n - LISTED_MAX);
    }
    return out;
}

static const char *list_asns(const struct said *said, char out[VALUE_MAX])
{
    size_t n = 0;
    out[0] = '\0';
    for (size_t i = 0; i < said->n_asns; i++) {
        n += (size_t)snprintf(out + n, VALUE_MAX - n, "%sAS%" PRIu32, i > 0 ? " " : "",
                              said->asns[i]);
    }
    return out;
}

/* As people write names: without the last dot. */
static const char *name_text(const struct name *name, char out[NAME_MAX_TEXT])
{
    name_to_text(name, out);
    size_t n = strlen(out);
    if (n > 1) {
        out[n - 1] = '\0';
    }
    return out;
}

/* The first control that bears witness; failing that the first. */
static const struct said *first_witness(const struct judge_meeting *meeting)
{
    for (size_t i = 0; i < meeting->n_controls; i++) {
        if (said_bears_witness(&meeting->controls[i])) {
            return &meeting->controls[i];
        }
    }
    return &meeting->controls[0];
}

static const char *flags_text(uint16_t flags, char out[16])
{
    snprintf(out, 16, "%s%s%s%s", flags & FLAG_AA ? "aa " : "", flags & FLAG_RA ? "ra " : "",
             flags & FLAG_AD ? "ad " : "", flags & FLAG_TC ? "tc " : "");
    size_t n = strlen(out);
    if (n > 0) {
        out[n - 1] = '\0';
    }
    return out;
}

static const char *tls_text(const struct said *said)
{
    static const char *const words[] = {
        [TLS_UNTRIED] = "skipped",       [TLS_OK] = "ok",           [TLS_WRONG_NAME] = "wrong_name",
        [TLS_UNTRUSTED] = "untrusted",   [TLS_EXPIRED] = "expired", [TLS_FAILED] = "conn_fail",
        [TLS_LOCAL_ROOT] = "local_root",
    };
    enum tls_outcome outcome = TLS_UNTRIED;
    for (size_t i = 0; i < said->n; i++) {
        if (said->tls[i] != TLS_UNTRIED && outcome != TLS_OK) {
            outcome = (enum tls_outcome)said->tls[i];
        }
    }
    return words[outcome];
}

static const char *event_word(enum ledger_event event)
{
    switch (event) {
    case LEDGER_DETECT:
        return "detect";
    case LEDGER_REPEAT:
        return "repeat";
    case LEDGER_CLUSTER:
        return "cluster";
    case LEDGER_CLEAR:
        return "clear";
    case LEDGER_OVERFLOW:
    case LEDGER_QUIET:
        break;
    }
    return "state";
}

static const char *time_text(int64_t unix_s, char out[VALUE_MAX])
{
    snprintf(out, VALUE_MAX, "%" PRId64, unix_s);
    return out;
}

static void add_event(struct field_texts *fields, const struct asker *asker, const char *event,
                      const struct ledger_view *view)
{
    char text[VALUE_MAX], id[2 * sizeof view->id + 1];
    for (size_t i = 0; i < sizeof view->id; i++) {
        snprintf(id + 2 * i, 3, "%02x", view->id[i]);
    }
    const struct ledger_subject *subject = &view->subject;
    add(fields, "SCHEMA", "1");
    add(fields, "EVENT", "%s", event);
    add(fields, "EVENT_ID", "%s", id);
    add(fields, "VERDICT", "%s", finding_word(subject->finding));
    add(fields, "CONFIDENCE", "confirmed");
    add(fields, "RULE", "%s", rule_word(subject->rule));
    if (subject->artefact.n > 0) {
        char address[ADDRESS_TEXT_MAX];
        add(fields, "ARTEFACT", "%s", address_to_text(&subject->artefact, address));
    }
    add(fields, "ISP_RESOLVER", "%s", subject->server);
    add(fields, "NETWORK_ID", "%s", subject->network);
    add(fields, "IFACE", "%s", asker->interface);
    add(fields, "FIRST_SEEN", "%s", time_text(view->first_unix_s, text));
    add(fields, "LAST_SEEN", "%s", time_text(view->last_unix_s, text));
    add(fields, "COUNT", "%" PRIu64, view->n_met);
    add(fields, "ACTION", "served_doh");
}

static void add_question(struct field_texts *fields, const struct question *question)
{
    char name[NAME_MAX_TEXT], word[TEXT_MNEMONIC_MAX];
    add(fields, "QNAME", "%s", name_text(&question->name, name));
    add(fields, "QTYPE", "%s", text_of_type(question->type, word));
}

static void add_local(struct field_texts *fields, const struct said *local)
{
    char word[TEXT_MNEMONIC_MAX], list[VALUE_MAX], flags[16];
    add(fields, "TRANSPORT", "%s", local->over_tcp ? "tcp" : "udp");
    add(fields, "ISP_RCODE", "%s", text_of_rcode(local->rcode, word));
    add(fields, "ISP_ANSWERS", "%s", report_answers(local, list));
    add(fields, "ISP_TTL", "%" PRIu32, local->ttl_s);
    add(fields, "ISP_FLAGS", "%s", flags_text(local->flags, flags));
    add(fields, "ISP_RTT_MS", "%" PRIu32, local->rtt_us / 1000);
    if (local->ede != EDE_NONE) {
        add(fields, "ISP_EDE", "%d", local->ede);
    }
    if (local->n_asns > 0) {
        add(fields, "ISP_ASNS", "%s", list_asns(local, list));
    }
}

static void add_controls(struct field_texts *fields, const struct asker *asker,
                         const struct judge_meeting *meeting)
{
    char word[TEXT_MNEMONIC_MAX], list[VALUE_MAX] = "";
    const struct said *control = first_witness(meeting);
    size_t n = 0;
    for (unsigned i = 0; asker->control_names != NULL && i < meeting->n_controls; i++) {
        int got =
            snprintf(list + n, sizeof list - n, "%s%s", i > 0 ? " " : "", asker->control_names[i]);
        n += got > 0 && (size_t)got < sizeof list - n ? (size_t)got : 0;
    }
    add(fields, "CONTROL", "%s", list);
    add(fields, "CONTROL_RCODE", "%s", text_of_rcode(control->rcode, word));
    add(fields, "CONTROL_ANSWERS", "%s", report_answers(control, list));
    add(fields, "CONTROL_AD", "%d", (control->flags & FLAG_AD) != 0);
    add(fields, "CONTROL_ASNS", "%s", list_asns(control, list));
    add(fields, "TLS_CONTROL", "%s", tls_text(control));
}

static void add_proof(struct field_texts *fields, const struct judge_meeting *meeting)
{
    char list[VALUE_MAX];
    add(fields, "TLS_ISP", "%s", tls_text(&meeting->local));
    if (meeting->certificate.sha256[0] != '\0') {
        add(fields, "TLS_CERT_SHA256", "%s", meeting->certificate.sha256);
    }
    if (meeting->certificate.subject[0] != '\0') {
        add(fields, "TLS_SUBJECT", "%s", meeting->certificate.subject);
    }
    if (meeting->certificate.issuer[0] != '\0') {
        add(fields, "TLS_ISSUER", "%s", meeting->certificate.issuer);
    }
    if (meeting->second.answered) {
        add(fields, "REPLIES", "2 %" PRIu32 "ms %" PRIu32 "ms ttl %u %u",
            meeting->local.rtt_us / 1000, meeting->second.rtt_us / 1000, meeting->local.ip_ttl,
            meeting->second.ip_ttl);
        add(fields, "SECOND_ANSWERS", "%s", report_answers(&meeting->second, list));
    }
    if (meeting->local.fingerprint != FINGERPRINT_NONE) {
        add(fields, "FINGERPRINT", "%d", (int)meeting->local.fingerprint);
    }
}

static void add_facts(struct field_texts *fields, const struct asker *asker,
                      const struct report_facts *facts)
{
    char families[JUDGE_FAMILIES_TEXT_MAX];
    const struct judge_meeting *meeting = facts->meeting;
    unsigned set = facts->judgement->families;
    if (set == 0) {
        set = facts->judgement->rule == RULE_P3 ? FAMILY_BEHAVIOUR : FAMILY_MESSAGE;
    }
    add(fields, "FAMILIES", "%s", families_text(set, families));
    if (facts->question != NULL) {
        add_question(fields, facts->question);
    }
    if (meeting != NULL) {
        add_local(fields, &meeting->local);
    }
    if (meeting != NULL && meeting->n_controls > 0) {
        add_controls(fields, asker, meeting);
    }
    if (meeting != NULL) {
        add_proof(fields, meeting);
    }
    add(fields, "CONTROL_COUNT", "%zu", facts->judgement->n_witnesses);
    add(fields, "TRIES", "%u", facts->n_tries);
    add(fields, "SPAN_S", "%" PRIu64, facts->span_us / 1000000);
}

/* ---- messages ---- */

static bool is_accusation(enum finding finding)
{
    return classes[finding].priority <= LOG_WARNING;
}

/* What to do, for who reads it at night. */
static const char *const advices[N_FINDINGS] = {
    [FINDING_HIJACK_BOGON] = "; do not trust this resolver.",
    [FINDING_HIJACK_REDIRECT] = "; do not trust this resolver.",
    [FINDING_NXDOMAIN_REWRITE] =
        "; do not trust this resolver: access providers often have a switch for this.",
    [FINDING_HIJACK_FORGED] = "; do not trust this resolver.",
    [FINDING_BLOCKED_NEGATIVE] = "; do not trust this resolver, unless you chose its filter.",
    [FINDING_INJECTION] =
        "; plain DNS cannot be trusted on this network, whichever resolver is asked.",
    [FINDING_PATH_INTERCEPTED] = "; no plain resolver can be trusted on this network: look at the "
                                 "router first, then ask the access provider.",
    [FINDING_FILTERED_DECLARED] = "; whoever runs the resolver can tell why.",
    [FINDING_TLS_INTERCEPTED_BY_LOCAL_ROOT] = "; find out who added the root.",
    [FINDING_STALE_TTL] = "; tell whoever runs the resolver.",
    [FINDING_STALE_SIGNATURE] = "; tell whoever runs the resolver.",
    [FINDING_STALE_LAG] = "; tell whoever runs the resolver.",
    [FINDING_STALE_HARMFUL] = "; tell whoever runs the resolver.",
};

static const char *advice_for(enum finding finding)
{
    return advices[finding] != NULL ? advices[finding] : ".";
}

/* What was met once and needs no more to be sure of is not said to be met twice. */
static void span_text(const struct report_facts *facts, char out[VALUE_MAX])
{
    out[0] = '\0';
    if (facts->judgement->verdict == VERDICT_CONFIRMED) {
        snprintf(out, VALUE_MAX, "; met twice over %" PRIu64 " s", facts->span_us / 1000000);
    }
}

/* "DNS hijack CONFIRMED (P2 bogon)". */
static void head_text(const struct ledger_subject *subject, const char *state, char out[VALUE_MAX])
{
    const struct class *class = &classes[subject->finding];
    const char *what = is_accusation(subject->finding)                 ? "DNS hijack"
                       : subject->finding == FINDING_FILTERED_DECLARED ? "DNS filter"
                                                                       : "DNS state";
    snprintf(out, VALUE_MAX, "%s %s (%s%s%s)", what, state, rule_word(subject->rule),
             subject->rule != RULE_NONE ? " " : "", class->word);
}

static const char *state_of(const struct report_facts *facts)
{
    return facts->judgement->verdict == VERDICT_STALE ? "STALE" : "CONFIRMED";
}

static void certificate_text(const struct judge_meeting *meeting, char out[VALUE_MAX])
{
    const char *subject = meeting->certificate.subject;
    bool untrusted = memchr(meeting->local.tls, TLS_UNTRUSTED, meeting->local.n) != NULL;
    snprintf(out, VALUE_MAX,
             ", where the server shows %s (%.60s), while the one at the HTTPS answer's address "
             "proves to be the name's",
             untrusted ? "a certificate that nobody vouches for" : "somebody else's certificate",
             subject[0] != '\0' ? subject : "of no name told here");
    make_printable(out);
}

/* How we know. */
static void proof_text(const struct report_facts *facts, char out[VALUE_MAX])
{
    const struct judge_meeting *meeting = facts->meeting;
    enum finding finding = facts->judgement->finding;
    char second[VALUE_MAX];
    if (facts->judgement->rule == RULE_P1) {
        certificate_text(meeting, out);
    } else if (facts->judgement->rule == RULE_P7) {
        snprintf(out, VALUE_MAX, ", a known block address by a list of yours");
    } else if (facts->judgement->rule == RULE_P10) {
        snprintf(out, VALUE_MAX, ", as it does for other, unrelated names");
    } else if (finding == FINDING_INJECTION && meeting->second.answered) {
        snprintf(out, VALUE_MAX, ", and %.80s in a second reply to the same question%s",
                 report_answers(&meeting->second, second), classes[finding].reason);
    } else if (finding == FINDING_FILTERED_DECLARED && meeting->local.ede != EDE_NONE) {
        snprintf(out, VALUE_MAX, "%s (Extended DNS Error %d)", classes[finding].reason,
                 meeting->local.ede);
    } else if (finding == FINDING_STALE_TTL) {
        snprintf(out, VALUE_MAX, " with a TTL of %" PRIu32 " s%s", meeting->local.ttl_s,
                 classes[finding].reason);
    } else {
        snprintf(out, VALUE_MAX, "%s", classes[finding].reason);
    }
}

static void name_message(const struct asker *asker, const struct report_facts *facts,
                         const struct ledger_view *view, char out[MESSAGE_TEXT_MAX])
{
    char name[NAME_MAX_TEXT], type[TEXT_MNEMONIC_MAX], lie[VALUE_MAX], truth[VALUE_MAX];
    char head[VALUE_MAX], proof[VALUE_MAX], span[VALUE_MAX], count[COUNT_MAX] = "";
    const struct judge_meeting *meeting = facts->meeting;
    head_text(&view->subject, state_of(facts), head);
    proof_text(facts, proof);
    span_text(facts, span);
    if (facts->judgement->n_witnesses > 0) {
        snprintf(count, sizeof count, " (%zu of %u providers)", facts->judgement->n_witnesses,
                 asker->n_controls);
    }
    snprintf(out, MESSAGE_TEXT_MAX,
             "%s: %s %s: local resolver %s says %s%s, but HTTPS%s says %s%s. " SAFE "%s", head,
             name_text(&facts->question->name, name), text_of_type(facts->question->type, type),
             view->subject.server, report_answers(&meeting->local, lie), proof, count,
             report_answers(first_witness(meeting), truth), span,
             advice_for(view->subject.finding));
}

/* What `detail` says, about no name of its own. */
static void plain_message(const struct asker *asker, const struct report_facts *facts,
                          const struct ledger_view *view, char out[MESSAGE_TEXT_MAX])
{
    char head[VALUE_MAX], span[VALUE_MAX];
    head_text(&view->subject, state_of(facts), head);
    span_text(facts, span);
    if (facts->path != NULL) {
        snprintf(out, MESSAGE_TEXT_MAX, "%s: %s. " SAFE "%s", head, facts->detail,
                 advice_for(view->subject.finding));
        return;
    }
    snprintf(out, MESSAGE_TEXT_MAX, "%s: local resolver %s%s%s. " SAFE "%s", head,
             view->subject.server, facts->detail, span, advice_for(view->subject.finding));
    (void)asker;
}

static void raise_alert(const struct asker *asker, const struct field_texts *fields,
                        enum finding finding, const char *message)
{
    struct alert alert = {
        .message = message,
        .message_id = classes[finding].message_id,
        .verdict = finding == FINDING_NONE ? "OVERFLOW" : finding_word(finding),
        .priority = classes[finding].priority,
        .fields = fields->at,
        .n_fields = fields->n,
    };
    asker->door.on_alert(asker->door.ctx, &alert);
}

void report_detection_as(const struct asker *asker, const struct report_facts *facts,
                         const struct ledger_view *view, const char *event)
{
    struct field_texts fields = {.n = 0};
    char message[MESSAGE_TEXT_MAX];
    add_event(&fields, asker, event, view);
    add_facts(&fields, asker, facts);
    if (facts->detail != NULL) {
        plain_message(asker, facts, view, message);
    } else {
        name_message(asker, facts, view, message);
    }
    raise_alert(asker, &fields, view->subject.finding, message);
}

void report_detection(const struct asker *asker, const struct report_facts *facts,
                      const struct ledger_view *view)
{
    report_detection_as(asker, facts, view, event_word(LEDGER_DETECT));
}

/* "a.example, b.example". */
static void list_names(const struct ledger_view *view, char out[MESSAGE_TEXT_MAX / 2])
{
    size_t n = 0, room = MESSAGE_TEXT_MAX / 2;
    out[0] = '\0';
    for (size_t i = 0; i < view->n_samples; i++) {
        char name[NAME_MAX_TEXT];
        int got = snprintf(out + n, room - n, "%s%s", i > 0 ? ", " : "",
                           name_text(&view->samples[i].name, name));
        if (got < 0 || (size_t)got >= room - n) {
            out[n] = '\0';
            return;
        }
        n += (size_t)got;
    }
}

static void event_message(enum ledger_event event, const struct ledger_view *view,
                          char out[MESSAGE_TEXT_MAX])
{
    char head[VALUE_MAX], names[MESSAGE_TEXT_MAX / 2], artefact[ADDRESS_TEXT_MAX] = "one answer";
    const struct ledger_subject *subject = &view->subject;
    uint64_t age_s = (view->last_us - view->first_us) / 1000000;
    bool on_path = subject->finding == FINDING_PATH_INTERCEPTED;
    list_names(view, names);
    if (subject->artefact.n > 0) {
        address_to_text(&subject->artefact, artefact);
    }
    switch (event) {
    case LEDGER_REPEAT:
        head_text(subject, "GOES ON", head);
        snprintf(out, MESSAGE_TEXT_MAX,
                 "%s: local resolver %s: met %" PRIu64 " times over %" PRIu64 " s%s%s. " SAFE "%s",
                 head, subject->server, view->n_met, age_s, names[0] != '\0' ? ", for " : "", names,
                 advice_for(subject->finding));
        return;
    case LEDGER_CLUSTER:
        head_text(subject, "CLUSTER", head);
        snprintf(out, MESSAGE_TEXT_MAX,
                 "%s: local resolver %s gives %s for %zu names or more, such as %s. " SAFE "%s",
                 head, subject->server, artefact, view->n_names, names,
                 advice_for(subject->finding));
        return;
    case LEDGER_CLEAR:
        head_text(subject, "CLEARED", head);
        snprintf(out, MESSAGE_TEXT_MAX,
                 "%s: %s%s%s as it should again%s%s; it was met %" PRIu64 " times over %" PRIu64
                 " s",
                 head, on_path ? "port 53 leads where it is sent" : "local resolver ",
                 on_path ? "," : subject->server, on_path ? "" : " answers",
                 names[0] != '\0' ? " for " : "", names, view->n_met, age_s);
        return;
    case LEDGER_OVERFLOW:
        snprintf(out, MESSAGE_TEXT_MAX,
                 "DNS hijack ALERTS HELD BACK: more than %d in an hour; all verdicts are kept: "
                 "`httpdnsctl hijacks` lists them",
                 LEDGER_ALERTS_AN_HOUR);
        return;
    case LEDGER_DETECT:
    case LEDGER_QUIET:
        break;
    }
    assert(false);
}

void report_event(const struct asker *asker, enum ledger_event event,
                  const struct ledger_view *view)
{
    struct field_texts fields = {.n = 0};
    char message[MESSAGE_TEXT_MAX], names[MESSAGE_TEXT_MAX / 2];
    struct ledger_view shown = *view;
    for (size_t i = 0; i < shown.n_samples; i++) {
        redact_name(asker->redact_key, &shown.samples[i].name);
    }
    add_event(&fields, asker, event_word(event), view);
    list_names(&shown, names);
    add(&fields, "QNAMES", "%s", names);
    add(&fields, "N_QNAMES", "%zu", view->n_names);
    event_message(event, &shown, message);
    enum finding finding = event == LEDGER_OVERFLOW ? FINDING_NONE : view->subject.finding;
    raise_alert(asker, &fields, finding, message);
}
