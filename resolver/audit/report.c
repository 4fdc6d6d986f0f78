/* SPDX-License-Identifier: MIT */
#include "resolver/audit/report.h"

#include "resolver/wire/text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>

enum {
    FIELDS_MAX = 32,
    VALUE_MAX = 256,
    MESSAGE_TEXT_MAX = 2048,
    LISTED_MAX = 4, /* addresses spelled out; of the rest the number */
};

/* One a verdict class, for ever: journalctl finds the class by it. */
static const char id_bogon[] = "3c1f8a52d7e04b6f9b1d6e52a47c90e3";
static const char id_nxdomain_rewrite[] = "b7d24e9061a34c0c8f35ad7b1e6f2d48";

struct field_texts {
    struct alert_field at[FIELDS_MAX];
    char values[FIELDS_MAX][VALUE_MAX];
    size_t n;
};

static void __attribute__((format(printf, 3, 4)))
add(struct field_texts *fields, const char *key, const char *format, ...)
{
    assert(fields->n < FIELDS_MAX);
    char *value = fields->values[fields->n];
    va_list args;
    va_start(args, format);
    vsnprintf(value, VALUE_MAX, format, args);
    va_end(args);
    fields->at[fields->n++] = (struct alert_field){.key = key, .value = value};
}

/* "198.51.100.7 198.51.100.8 and 3 more", or the rcode when there are none. */
static const char *list_addresses(const struct said *said, char out[VALUE_MAX])
{
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

/* The first control that bears witness. */
static const struct said *first_witness(const struct judge_meeting *meeting)
{
    for (size_t i = 0; i < meeting->n_controls; i++) {
        if (said_bears_witness(&meeting->controls[i])) {
            return &meeting->controls[i];
        }
    }
    assert(false);
    return NULL;
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

static void add_event(struct field_texts *fields, struct port *port,
                      const struct judgement *judgement)
{
    uint64_t id[2];
    port->ops->random(port, id, sizeof id);
    add(fields, "SCHEMA", "1");
    add(fields, "EVENT", "detect");
    add(fields, "EVENT_ID", "%016" PRIx64 "%016" PRIx64, id[0], id[1]);
    add(fields, "VERDICT", "%s", finding_word(judgement->finding));
    add(fields, "CONFIDENCE", "confirmed");
    add(fields, "RULE", "%s", rule_word(judgement->rule));
    add(fields, "FAMILIES", "%s", judgement->rule == RULE_P2 ? "message" : "behaviour");
    char text[ADDRESS_TEXT_MAX];
    add(fields, "ARTEFACT", "%s", address_to_text(&judgement->artefact, text));
    add(fields, "ACTION", "served_doh");
}

/* What was said on both sides at one meeting. */
static void add_meeting(struct field_texts *fields, const struct question *question,
                        const struct judge_meeting *meeting)
{
    char name[NAME_MAX_TEXT], word[TEXT_MNEMONIC_MAX], list[VALUE_MAX], flags[16];
    const struct said *local = &meeting->local;
    const struct said *control = first_witness(meeting);
    add(fields, "QNAME", "%s", name_text(&question->name, name));
    add(fields, "QTYPE", "%s", text_of_type(question->type, word));
    add(fields, "ISP_RCODE", "%s", text_of_rcode(local->rcode, word));
    add(fields, "ISP_ANSWERS", "%s", list_addresses(local, list));
    add(fields, "ISP_TTL", "%" PRIu32, local->ttl_s);
    add(fields, "ISP_FLAGS", "%s", flags_text(local->flags, flags));
    add(fields, "ISP_RTT_MS", "%" PRIu32, local->rtt_us / 1000);
    if (local->ede != EDE_NONE) {
        add(fields, "ISP_EDE", "%d", local->ede);
    }
    add(fields, "CONTROL_RCODE", "%s", text_of_rcode(control->rcode, word));
    add(fields, "CONTROL_ANSWERS", "%s", list_addresses(control, list));
    add(fields, "CONTROL_AD", "%d", (control->flags & FLAG_AD) != 0);
}

static void add_circumstances(struct field_texts *fields, const char *server,
                              const struct judgement *judgement, uint64_t span_us)
{
    add(fields, "ISP_RESOLVER", "%s", server);
    add(fields, "TRANSPORT", "udp");
    add(fields, "CONTROL_COUNT", "%zu", judgement->n_witnesses);
    add(fields, "TRIES", "%d", JUDGE_MEETINGS_MAX);
    add(fields, "SPAN_S", "%" PRIu64, span_us / 1000000);
    add(fields, "COUNT", "1");
}

static void raise_alert(const struct asker *asker, const struct field_texts *fields,
                        const char *message_id, const struct judgement *judgement,
                        const char *message)
{
    struct alert alert = {
        .message = message,
        .message_id = message_id,
        .verdict = finding_word(judgement->finding),
        .priority = LOG_WARNING,
        .fields = fields->at,
        .n_fields = fields->n,
    };
    asker->door.on_alert(asker->door.ctx, &alert);
}

void report_case(const struct asker *asker, const struct audit_case *one)
{
    const struct judgement *judgement = &one->judgement;
    assert(judgement->verdict == VERDICT_CONFIRMED);
    const struct judge_meeting *meeting = &one->evidence.meetings[JUDGE_MEETINGS_MAX - 1];
    uint64_t span_us = one->met_us[JUDGE_MEETINGS_MAX - 1] - one->met_us[0];

    struct field_texts fields = {.n = 0};
    add_event(&fields, asker->port, judgement);
    add_meeting(&fields, &one->evidence.question, meeting);
    add_circumstances(&fields, one->server, judgement, span_us);

    char message[MESSAGE_TEXT_MAX];
    char name[NAME_MAX_TEXT], type[TEXT_MNEMONIC_MAX], lie[VALUE_MAX], truth[VALUE_MAX];
    snprintf(
        message, sizeof message,
        "DNS hijack CONFIRMED (P2 bogon): %s %s: local resolver %s says %s, an address no "
        "public name can have, but HTTPS (%zu of %u providers) says %s; met twice over %" PRIu64
        " s. Clients of httpdnsd get the HTTPS answer; do not trust this resolver.",
        name_text(&one->evidence.question.name, name),
        text_of_type(one->evidence.question.type, type), one->server,
        list_addresses(&meeting->local, lie), judgement->n_witnesses, asker->n_controls,
        list_addresses(first_witness(meeting), truth), span_us / 1000000);
    raise_alert(asker, &fields, id_bogon, judgement, message);
}

/* The first name of the run that was given the rewriter's address. */
static size_t find_example(const struct judge_probe_run *run, const struct address *artefact)
{
    for (size_t i = 0; i < JUDGE_PROBE_NAMES; i++) {
        if (said_has(&run->names[i].meeting.local, artefact)) {
            return i;
        }
    }
    assert(false);
    return 0;
}

static unsigned count_rewritten(const struct judge_probe *evidence)
{
    unsigned n = 0;
    for (size_t r = 0; r < evidence->n_runs; r++) {
        for (size_t i = 0; i < JUDGE_PROBE_NAMES; i++) {
            n += said_gives_addresses(&evidence->runs[r].names[i].meeting.local);
        }
    }
    return n;
}

void report_probe(const struct asker *asker, const struct probe *probe)
{
    const struct judgement *judgement = &probe->judgement;
    assert(judgement->verdict == VERDICT_CONFIRMED);
    const struct judge_probe_run *run = &probe->evidence.runs[0];
    size_t i = find_example(run, &judgement->artefact);
    const struct question *question = &probe->names[0][i];
    uint64_t span_us = probe->met_us[JUDGE_MEETINGS_MAX - 1] - probe->met_us[0];

    struct field_texts fields = {.n = 0};
    add_event(&fields, asker->port, judgement);
    add_meeting(&fields, question, &run->names[i].meeting);
    add_circumstances(&fields, probe->server, judgement, span_us);

    char message[MESSAGE_TEXT_MAX];
    char name[NAME_MAX_TEXT], lie[VALUE_MAX];
    snprintf(message, sizeof message,
             "DNS hijack CONFIRMED (P3 NXDOMAIN rewrite): local resolver %s says %s for names that "
             "do not exist (%u of %d random names, such as %s A), but HTTPS (%zu of %u providers) "
             "says NXDOMAIN; met twice over %" PRIu64
             " s. Clients of httpdnsd get the HTTPS answer; do not trust this resolver.",
             probe->server, list_addresses(&run->names[i].meeting.local, lie),
             count_rewritten(&probe->evidence), JUDGE_MEETINGS_MAX * JUDGE_PROBE_NAMES,
             name_text(&question->name, name), judgement->n_witnesses, asker->n_controls,
             span_us / 1000000);
    raise_alert(asker, &fields, id_nxdomain_rewrite, judgement, message);
}
