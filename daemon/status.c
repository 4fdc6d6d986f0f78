/* SPDX-License-Identifier: MIT */
#include "daemon/status.h"

#include "daemon/auditor.h"
#include "resolver/audit/ledger.h"
#include "resolver/jsonv.h"
#include "resolver/upstream/curl/curl.h"
#include "resolver/wire/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- /v1/status ---- */

static void put_count(struct jsonv_builder *b, const char *key, uint64_t n)
{
    jsonv_put_integer(b, key, n < INT64_MAX ? (int64_t)n : INT64_MAX);
}

static void put_traffic(struct jsonv_builder *b, const struct generation *generation)
{
    static const char *const transports[TRAFFIC_TRANSPORTS] = {"udp", "tcp", "unix"};
    static const char *const drops[TRAFFIC_DROPS] = {"short", "response", "source", "access",
                                                     "rate",  "policy",   "gone"};
    struct traffic_counts counts[TRAFFIC_TRANSPORTS] = {0};
    generation_add_traffic(generation, counts);
    jsonv_begin_object(b, "traffic");
    for (size_t i = 0; i < TRAFFIC_TRANSPORTS; i++) {
        jsonv_begin_object(b, transports[i]);
        put_count(b, "received", counts[i].n_received);
        put_count(b, "answered", counts[i].n_answered);
        put_count(b, "in-flight", counts[i].n_in_flight);
        jsonv_begin_object(b, "dropped");
        for (size_t k = 0; k < TRAFFIC_DROPS; k++) {
            put_count(b, drops[k], counts[i].n_dropped[k]);
        }
        jsonv_end(b);
        jsonv_end(b);
    }
    jsonv_end(b);
}

static void put_queries(struct jsonv_builder *b, const struct generation_report *report)
{
    const struct resolver_counts *q = &report->queries;
    jsonv_begin_object(b, "queries");
    put_count(b, "received", q->n_received);
    put_count(b, "answered", q->n_answered);
    put_count(b, "dropped", q->n_dropped);
    put_count(b, "live", q->n_live);
    put_count(b, "servfail", q->n_servfail);
    put_count(b, "coalesced", q->n_coalesced);
    put_count(b, "hedged", q->n_hedged);
    put_count(b, "stale", q->n_stale);
    put_count(b, "blocked", q->n_blocked);
    put_count(b, "rebinding", q->n_rebinding);
    put_count(b, "refreshing", q->n_refreshing);
    jsonv_end(b);
}

static void put_cache(struct jsonv_builder *b, struct cache *cache)
{
    struct cache_counts c;
    cache_count(cache, &c);
    jsonv_begin_object(b, "cache");
    put_count(b, "entries", c.n_entries);
    put_count(b, "bytes", c.used_bytes);
    put_count(b, "hits", c.n_hits);
    put_count(b, "misses", c.n_misses);
    put_count(b, "stale", c.n_stale);
    put_count(b, "stored", c.n_stored);
    put_count(b, "evicted", c.n_evicted);
    put_count(b, "expired", c.n_expired);
    jsonv_end(b);
}

static void put_policy(struct jsonv_builder *b, const struct generation *generation)
{
    struct policy_counts c;
    generation_count_policy(generation, &c);
    jsonv_begin_object(b, "policy");
    put_count(b, "listed", c.n_suffixes);
    put_count(b, "local", c.n_local);
    put_count(b, "bytes", c.used_bytes);
    jsonv_end(b);
}

static void put_sockets(struct jsonv_builder *b, const struct sockets *sockets)
{
    jsonv_begin_array(b, "listening");
    for (size_t i = 0; i < sockets->n; i++) {
        if (sockets->at[i].n_fds > 0) {
            jsonv_put_string(b, NULL, sockets->at[i].text);
        }
    }
    jsonv_end(b);
}

static void put_audit(struct jsonv_builder *b, const struct generation *generation)
{
    struct audit_counts c;
    if (!generation_count_audit(generation, &c)) {
        jsonv_put_null(b, "cross-check");
        return;
    }
    jsonv_begin_object(b, "cross-check");
    put_count(b, "told", c.n_told);
    put_count(b, "dropped", c.n_dropped);
    put_count(b, "checked", c.n_checked);
    put_count(b, "consistent", c.n_consistent);
    put_count(b, "inconclusive", c.n_inconclusive);
    put_count(b, "probable", c.n_probable);
    put_count(b, "confirmed", c.n_confirmed);
    jsonv_end(b);
}

/* What of our memory is in RAM; 0 when the kernel does not say. */
static uint64_t resident_bytes(void)
{
    uint64_t n_all, n_resident = 0;
    FILE *statm = fopen("/proc/self/statm", "re");
    if (statm != NULL) {
        if (fscanf(statm, "%" SCNu64 " %" SCNu64, &n_all, &n_resident) != 2) {
            n_resident = 0;
        }
        fclose(statm);
    }
    return n_resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static bool put_status(const struct status_view *view, const struct control_request *request,
                       struct jsonv_builder *b)
{
    (void)request;
    struct generation_report report;
    generation_report(view->generation, &report);
    jsonv_put_string(b, "version", HTTPDNSD_VERSION);
    jsonv_put_string(b, "libraries", curl_exchange_version());
    jsonv_put_bool(b, "http3", curl_exchange_has_http3());
    jsonv_put_integer(b, "pid", getpid());
    put_count(b, "uptime-s", view->uptime_s);
    put_count(b, "memory-bytes", resident_bytes());
    put_sockets(b, view->sockets);
    put_count(b, "workers", report.n_workers);
    put_count(b, "workers-silent", report.n_silent);
    put_traffic(b, view->generation);
    put_queries(b, &report);
    put_cache(b, view->cache);
    put_policy(b, view->generation);
    put_audit(b, view->generation);
    return true;
}

/* ---- the others ---- */

/* What it said that was not believed. */
static void put_refused(struct jsonv_builder *b, const struct upstream_state *p)
{
    jsonv_begin_object(b, "refused");
    for (unsigned i = 0; i < UPSTREAM_REFUSALS; i++) {
        put_count(b, upstream_refusal_word((enum upstream_refusal)i), p->n_refused[i]);
    }
    jsonv_end(b);
}

static bool put_providers(const struct status_view *view, const struct control_request *request,
                          struct jsonv_builder *b)
{
    (void)request;
    struct generation_report report;
    generation_report(view->generation, &report);
    jsonv_begin_array(b, "providers");
    for (size_t i = 0; i < report.n_providers; i++) {
        const struct upstream_state *p = &report.providers[i];
        jsonv_begin_object(b, NULL);
        jsonv_put_string(b, "name", p->name);
        put_count(b, "sent", p->n_sent);
        put_count(b, "good", p->n_good);
        put_count(b, "failed", p->n_failed);
        put_refused(b, p);
        jsonv_put_bool(b, "down", p->down);
        jsonv_put_string(b, "breaker", health_word(p->health));
        put_count(b, "in-flight", p->n_live);
        put_count(b, "latency-us", p->latency_us);
        put_count(b, "hedge-after-us", p->patience_us);
        put_count(b, "errors-ppm", p->error_ppm);
        put_count(b, "addresses", p->n_addresses);
        jsonv_put_string(b, "addresses-from", upstream_addresses_word(p->source));
        jsonv_put_bool(b, "get-only", p->wants_get);
        jsonv_put_string(b, "trouble", p->trouble != NULL ? p->trouble : "none");
        jsonv_put_string(b, "spoken", upstream_http_word(p->http));
        jsonv_end(b);
    }
    jsonv_end(b);
    return true;
}

static bool put_locals(const struct status_view *view, const struct control_request *request,
                       struct jsonv_builder *b)
{
    (void)request;
    struct local_resolvers found;
    struct local_network network;
    char text[LOCAL_NETWORK_TEXT_MAX];
    locals_snapshot(generation_locals(view->generation), &found);
    locals_network(generation_locals(view->generation), &network);
    jsonv_put_string(b, "network", local_network_text(&network, text));
    jsonv_begin_array(b, "local-resolvers");
    for (size_t i = 0; i < found.n; i++) {
        const struct local_resolver *r = &found.at[i];
        jsonv_begin_object(b, NULL);
        jsonv_put_string(b, "server", r->text);
        jsonv_put_string(b, "interface", r->interface);
        jsonv_put_string(b, "source", local_source_word(r->source));
        jsonv_put_string(b, "file", r->path);
        jsonv_put_integer(b, "written", r->written_s);
        jsonv_put_bool(b, "in-use", r->in_use);
        jsonv_end(b);
    }
    jsonv_end(b);
    return true;
}

/* ---- /v1/hijacks ---- */

static void put_evidence(struct jsonv_builder *b, const char *evidence)
{
    static const struct jsonv_limits limits = {.max_bytes = LEDGER_JSON_MAX,
                                               .max_depth = JSONV_NEST_MAX - 2,
                                               .max_string_bytes = LEDGER_JSON_MAX,
                                               .max_members = LEDGER_JSON_MAX};
    owned(jsonv_freep) struct jsonv *value = NULL;
    if (evidence != NULL &&
        jsonv_read(bytes_of(evidence, strlen(evidence)), &limits, &value, NULL) == 0) {
        jsonv_put_value(b, "evidence", value);
    }
}

static void put_subject(struct jsonv_builder *b, const struct ledger_subject *subject)
{
    char name[NAME_MAX_TEXT], type[TEXT_MNEMONIC_MAX], artefact[ADDRESS_TEXT_MAX];
    bool has_name = subject->question.name.n > 0;
    jsonv_put_string(b, "finding", finding_word(subject->finding));
    jsonv_put_string(b, "rule", rule_word(subject->rule));
    jsonv_put_string(b, "name", has_name ? name_to_text(&subject->question.name, name) : NULL);
    jsonv_put_string(b, "type", has_name ? text_of_type(subject->question.type, type) : NULL);
    jsonv_put_string(b, "resolver", subject->server);
    jsonv_put_string(b, "artefact",
                     subject->artefact.n > 0 ? address_to_text(&subject->artefact, artefact)
                                             : NULL);
    jsonv_put_string(b, "network", subject->network);
}

static bool put_hijacks(const struct status_view *view, const struct control_request *request,
                        struct jsonv_builder *b)
{
    (void)request;
    struct ledger_record *records = calloc(LEDGER_RING_MAX, sizeof *records);
    size_t n = records != NULL ? ledger_records(view->ledger, records, LEDGER_RING_MAX) : 0;
    put_count(b, "open", ledger_n_open(view->ledger));
    jsonv_begin_array(b, "verdicts");
    for (size_t i = 0; i < n; i++) {
        jsonv_begin_object(b, NULL);
        jsonv_put_string(b, "verdict", verdict_word(records[i].verdict));
        put_subject(b, &records[i].subject);
        jsonv_put_integer(b, "at", records[i].unix_s);
        put_evidence(b, records[i].evidence);
        jsonv_end(b);
        free(records[i].evidence);
    }
    jsonv_end(b);
    free(records);
    return true;
}

static bool fire_alert(const struct status_view *view, const struct control_request *request,
                       struct jsonv_builder *b)
{
    if (auditor_alert_test(generation_config(view->generation), request->argument)) {
        jsonv_put_string(b, "fired", request->argument);
        return true;
    }
    jsonv_put_string(b, "error", "there is no such class of alert: see \"classes\"");
    jsonv_begin_array(b, "classes");
    for (size_t i = 0; audit_alert_class(i) != NULL; i++) {
        jsonv_put_string(b, NULL, audit_alert_class(i));
    }
    jsonv_end(b);
    return false;
}

static bool flush_cache(const struct status_view *view, const struct control_request *request,
                        struct jsonv_builder *b)
{
    (void)request;
    struct cache_counts before;
    cache_count(view->cache, &before);
    cache_flush(view->cache);
    put_count(b, "flushed", before.n_entries);
    return true;
}

/* ---- which is which ---- */

static const struct {
    const char *path;
    bool is_post;
    /* False: the argument is bad, and b says why. */
    bool (*put)(const struct status_view *view, const struct control_request *request,
                struct jsonv_builder *b);
} paths[] = {
    {"/v1/status", false, put_status},          {"/v1/providers", false, put_providers},
    {"/v1/local-resolvers", false, put_locals}, {"/v1/hijacks", false, put_hijacks},
    {"/v1/alert-test", true, fire_alert},       {"/v1/flush", true, flush_cache},
};

static void refuse(struct control_answer *answer, unsigned status, const char *why)
{
    struct jsonv_builder *b = jsonv_build();
    if (b != NULL) {
        jsonv_put_string(b, "error", why);
        *answer = (struct control_answer){status, jsonv_finish(b, false)};
    }
}

void status_answer(const struct status_view *view, const struct control_request *request,
                   struct control_answer *ret_answer)
{
    *ret_answer = (struct control_answer){500, NULL};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        if (strcmp(request->path, paths[i].path) != 0) {
            continue;
        }
        if (request->is_post != paths[i].is_post) {
            refuse(ret_answer, 405, paths[i].is_post ? "ask with POST" : "ask with GET");
            return;
        }
        struct jsonv_builder *b = jsonv_build();
        if (b != NULL) {
            unsigned status = paths[i].put(view, request, b) ? 200 : 400;
            *ret_answer = (struct control_answer){status, jsonv_finish(b, false)};
        }
        return;
    }
    refuse(ret_answer, 404, "no such thing is known here");
}
