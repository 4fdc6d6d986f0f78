/* SPDX-License-Identifier: MIT */
#include "tests/unit/driver_rig.h"

#include "resolver/wire/text.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>

void rig_begin(struct rig *rig, const struct driver *driver, const char *url)
{
    memset(rig, 0, sizeof *rig);
    rig->driver = driver;
    rig->provider.name = driver->name;
    rig->provider.endpoint.url = url;
    fake_port_init(&rig->port, 7);
    if (driver->open != NULL) {
        ck_assert_int_eq(driver->open(&rig->provider, &rig->memory), 0);
    }
    rig_ask(rig, "www.example.com", TYPE_A);
}

void rig_ask(struct rig *rig, const char *name, uint16_t type)
{
    rig->question = (struct question){.type = type, .class = CLASS_IN};
    ck_assert_int_eq(name_from_text(name, &rig->question.name), 0);
    name_lower(&rig->question.name);
}

static struct driver_call call_of(struct rig *rig)
{
    return (struct driver_call){
        .provider = &rig->provider,
        .endpoint = &rig->provider.endpoint,
        .question = &rig->question,
        .want_cd = rig->want_cd,
        .memory = &rig->memory,
        .port = &rig->port.port,
    };
}

int rig_build(struct rig *rig)
{
    struct driver_call call = call_of(rig);
    rig->request = (struct exchange_request){.endpoint = &rig->provider.endpoint};
    return rig->driver->build(&call, &rig->room, &rig->request);
}

const char *rig_url(struct rig *rig)
{
    if (rig_build(rig) < 0) {
        return "";
    }
    return rig->request.target != NULL ? rig->request.target : rig->provider.endpoint.url;
}

static const char *const classes[] = {
    [DRIVER_OK] = "OK",
    [DRIVER_NODATA] = "NODATA",
    [DRIVER_NXDOMAIN] = "NXDOMAIN",
    [DRIVER_UNKNOWN_EMPTY] = "UNKNOWN_EMPTY",
    [DRIVER_AUTH] = "AUTH",
    [DRIVER_NOT_SERVED] = "NOT_SERVED",
    [DRIVER_SERVER] = "SERVER",
    [DRIVER_CLOCK] = "CLOCK",
    [DRIVER_RATE] = "RATE",
    [DRIVER_PARSE] = "PARSE",
    [DRIVER_AGAIN] = "AGAIN",
};

static void put_record(const struct answer_record *record, FILE *to)
{
    char word[TEXT_MNEMONIC_MAX], address[INET6_ADDRSTRLEN];
    fprintf(to, "%s %u ", text_of_type(record->type, word), record->ttl_s);
    if (record->type == TYPE_A || record->type == TYPE_AAAA) {
        int family = record->type == TYPE_A ? AF_INET : AF_INET6;
        fputs(inet_ntop(family, record->rdata.at, address, sizeof address), to);
        return;
    }
    for (size_t i = 0; i < record->rdata.n; i++) {
        fprintf(to, "%02x", record->rdata.at[i]);
    }
}

static void put_answer(const struct answer *answer, FILE *to)
{
    char word[TEXT_MNEMONIC_MAX];
    fprintf(to, " %s", text_of_rcode(answer->rcode, word));
    fputs((answer->flags & FLAG_AD) != 0 ? " ad" : "", to);
    if (answer->ede != EDE_NONE) {
        fprintf(to, " ede=%d", answer->ede);
    }
    struct answer_walk walk = answer_walk(answer);
    struct answer_record record;
    for (unsigned n = 0; answer_next(&walk, &record); n++) {
        bool first = n == 0 || n == answer->n_answers;
        fputs(n == answer->n_answers ? " /" : n == 0 ? ":" : "", to);
        fputs(first ? " " : "; ", to);
        put_record(&record, to);
    }
}

const char *rig_read(struct rig *rig, unsigned status, const char *media_type, const char *body)
{
    struct driver_call call = call_of(rig);
    struct answer_expect expect = {.question = &rig->question,
                                   .now_us = rig->port.now_us,
                                   .max_ttl_s = 604800,
                                   .negative_max_ttl_s = 3600};
    struct exchange_reply reply = {.result = EXCHANGE_DONE,
                                   .status = status,
                                   .date_s = rig->date_s,
                                   .media_type = media_type,
                                   .body = bytes_of(body, strlen(body)),
                                   .detail = ""};
    answer_unref(rig->found.answer);
    answer_unref(rig->found.other.answer);
    rig->found = (struct driver_found){0};
    int class = rig->driver->read(&call, &reply, &expect, &rig->found);
    FILE *to = fmemopen(rig->text, sizeof rig->text, "w");
    if (class > 0) {
        fputs(classes[class], to);
    } else {
        fprintf(to, "%d", class);
    }
    if (rig->found.answer != NULL) {
        put_answer(rig->found.answer, to);
    }
    fclose(to);
    return rig->text;
}

void rig_end(struct rig *rig)
{
    rig->found.answer = answer_unref(rig->found.answer);
    rig->found.other.answer = answer_unref(rig->found.other.answer);
    if (rig->driver->close != NULL) {
        rig->driver->close(&rig->memory);
    }
    port_done(&rig->port.port);
}
