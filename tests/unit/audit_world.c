/* SPDX-License-Identifier: MIT */
#include "tests/unit/audit_world.h"

#include "tests/unit/audit_message.h"
#include "tests/unit/said.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>

struct audit_world world;

static struct answer *read_answer(const struct question *question, struct bytes message)
{
    struct answer_expect expect = {
        .question = question,
        .id = -1,
        .now_us = world.clock.now_us,
        .max_ttl_s = 86400,
        .negative_max_ttl_s = 3600,
    };
    struct answer *answer = NULL;
    ck_assert_int_eq(answer_read(message, &expect, &answer), ANSWER_OK);
    return answer;
}

static struct answer *text_answer(const struct question *question, const char *text)
{
    uint8_t message[FAKE_PLAIN_REPLY_MAX];
    return read_answer(question, bytes_of(message, audit_message_text(question, text, message)));
}

struct question question_for(const char *name, uint16_t type)
{
    struct question question = {.type = type, .class = CLASS_IN};
    ck_assert_int_eq(name_from_text(name, &question.name), 0);
    return question;
}

/* Words about records of type HTTPS. */
static struct said said_of_records(const char *words)
{
    struct said said = said_of("NODATA");
    if (words != NULL && strcmp(words, "NOTIMP") == 0) {
        said.rcode = RCODE_NOTIMP;
    } else if (words != NULL) {
        said.https = strcmp(words, "ech") == 0 ? HTTPS_ECH : HTTPS_PLAIN;
    }
    return said;
}

static const struct fact *find_fact(const struct question *question);

static bool has_copy(const struct fact *fact)
{
    return world.clock.now_us < fact->local_until_us;
}

static uint32_t local_ttl_s(const struct fact *fact)
{
    uint64_t left_us = fact->local_until_us - world.clock.now_us;
    return has_copy(fact) ? (uint32_t)((left_us + SECOND - 1) / SECOND) : fact->local_ttl_s;
}

/* The words are about IPv4; there is no IPv6 in this world. */
static struct said said_to(const struct question *question, const char *words, bool is_local)
{
    struct said said = said_of(words);
    const struct fact *fact = find_fact(question);
    bool wrong_family = question->type == TYPE_AAAA && said.n > 0 && said.at[0].n == 4;
    if (wrong_family) {
        return said_of("NODATA");
    }
    if (fact == NULL) {
        return said;
    }
    if (question->type == TYPE_HTTPS) {
        said = said_of_records(is_local ? fact->local_records : fact->https_records);
    }
    const char *end = is_local ? fact->local_end : fact->https_end;
    said.ttl_s = is_local ? local_ttl_s(fact) : 0;
    ck_assert(end == NULL || name_from_text(end, &said.cname) == 0);
    return said;
}

/* What the local resolver, or HTTPS, says in those words. */
static size_t message_of(const struct question *question, const char *words, bool is_local,
                         uint8_t out[FAKE_PLAIN_REPLY_MAX])
{
    const struct fact *fact = find_fact(question);
    if (question->type == TYPE_SOA && fact != NULL) {
        return audit_message_zone(question, is_local ? fact->local_zone : fact->https_zone, out);
    }
    struct said said = said_to(question, words, is_local);
    return audit_message(question, &said, out);
}

static struct answer *answer_of(const struct question *question, const char *words, bool is_local)
{
    uint8_t message[FAKE_PLAIN_REPLY_MAX];
    return read_answer(question, bytes_of(message, message_of(question, words, is_local, message)));
}

struct answer *answer_for(const struct question *question, const char *words)
{
    return answer_of(question, words, false);
}

static const struct fact *find_fact(const struct question *question)
{
    for (size_t i = 0; i < world.n_facts; i++) {
        struct question of_fact = question_for(world.facts[i].name, TYPE_A);
        if (name_equal(&of_fact.name, &question->name)) {
            return &world.facts[i];
        }
    }
    return NULL;
}

struct fact *fact_of(const char *name)
{
    struct question question = question_for(name, TYPE_A);
    const struct fact *fact = find_fact(&question);
    ck_assert_ptr_nonnull(fact);
    return &world.facts[fact - world.facts];
}

size_t times_asked(const char *name)
{
    size_t n = 0;
    for (size_t i = 0; i < world.n_asked; i++) {
        n += strcmp(world.asked_names[i], name) == 0;
    }
    return n;
}

static const char *local_words(const struct question *question, const char *name)
{
    const struct fact *fact = find_fact(question);
    const char *records = fact != NULL ? fact->local_records : NULL;
    bool silent = records != NULL && records[0] == '\0';
    if (question->type == TYPE_HTTPS && silent) {
        return "";
    }
    if (world.captive != NULL) {
        return world.captive;
    }
    if (world.translated != NULL && strcmp(name, "ipv4only.arpa.") == 0) {
        return world.translated;
    }
    if (fact == NULL) {
        return world.rewrite != NULL ? world.rewrite : "NXDOMAIN";
    }
    if (fact->local_until_us != 0 && !has_copy(fact)) {
        return fact->https;
    }
    bool again = world.elsewise != NULL && times_asked(name) > 1;
    return again && strcmp(name, "example.com.") != 0 ? world.elsewise : fact->local;
}

/* What the server says, counted as asked; "" for silence. */
static const char *words_of(const char *server, const struct question *question)
{
    char text[NAME_MAX_TEXT];
    name_to_text(&question->name, text);
    ck_assert_uint_lt(world.n_asked, 512);
    snprintf(world.asked_names[world.n_asked++], 64, "%.63s", text);
    bool dead = world.dead_server != NULL && strcmp(world.dead_server, server) == 0;
    return dead ? "" : local_words(question, text);
}

/* Who is a public resolver? True: the server is one that is asked. */
static bool respond_public(const char *server, const struct question *question, struct race *race)
{
    for (size_t i = 0; i < AUDIT_PUBLIC_MAX && question->type == TYPE_TXT; i++) {
        const struct public_resolver *one = &world.publics[i];
        if (one->server == NULL || strcmp(one->server, server) != 0) {
            continue;
        }
        const char *text = question->class == CLASS_CH ? one->id : one->whoami;
        world.n_public_asked++;
        if (text != NULL) {
            owned(answer_unrefp) struct answer *answer = text_answer(question, text);
            said_read(answer, TYPE_TXT, &race->replies[0].said);
            said_text(answer, race->replies[0].text);
            race->n_replies = 1;
        }
        return true;
    }
    return false;
}

static void respond_race(const char *server, const struct question *question, struct race *race)
{
    static const char *const nowhere[] = {"192.0.2.1", "198.51.100.1", "203.0.113.1"};
    for (size_t i = 0; i < 3; i++) {
        if (strcmp(server, nowhere[i]) == 0) {
            world.n_nowhere_asked++;
            race->n_replies = i < world.n_intercepted;
            return;
        }
    }
    ck_assert(address_from_server("192.168.1.7", &race->own));
    if (respond_public(server, question, race)) {
        return;
    }
    const char *words = words_of(server, question);
    race->n_copies = world.doubles;
    const struct fact *fact = find_fact(question);
    const char *second = fact != NULL ? fact->second : NULL;
    if (words[0] == '\0') {
        return;
    }
    for (size_t i = 0; i < 2 && (i == 0 || second != NULL); i++) {
        owned(answer_unrefp) struct answer *answer =
            answer_of(question, i == 0 ? words : second, true);
        said_read(answer, question->type, &race->replies[i].said);
        if (world.truncates) {
            race->replies[i].said = said_of("NODATA");
            race->replies[i].said.truncated = true;
        }
        race->replies[i].said.rtt_us = 5000 + 20000 * (uint32_t)i;
        race->n_replies++;
    }
}

static void respond(void *ctx, const struct plain_request *request, struct fake_plain_reply *reply)
{
    (void)ctx;
    if (world.loop_server != NULL && strcmp(world.loop_server, request->server) == 0) {
        audit_hear(world.audit, request->question);
    }
    bool public = world.public_server != NULL && strcmp(world.public_server, request->server) == 0;
    const char *words =
        public ? find_fact(request->question)->https : words_of(request->server, request->question);
    world.n_tcp_asked += request->tcp;
    world.n_records_asked += request->question->type == TYPE_HTTPS;
    world.n_zones_asked += request->question->type == TYPE_SOA;
    if (words[0] == '\0') {
        reply->result = PLAIN_TIMED_OUT;
        return;
    }
    world.n_signed_asked += request->want_do;
    if (request->want_do && world.signed_local.n > 0) {
        memcpy(reply->at, world.signed_local.at, world.signed_local.n);
        reply->n = world.signed_local.n;
        return;
    }
    if (world.truncates && !request->tcp) {
        struct said said = said_of("NODATA");
        said.flags |= FLAG_TC;
        reply->n = audit_message(request->question, &said, reply->at);
        return;
    }
    reply->n = message_of(request->question, words, true, reply->at);
}

/* gives the signed answer; NULL when there is none. */
static struct answer *signed_answer(const struct question *question)
{
    struct bytes message = question->type == TYPE_DNSKEY ? world.signed_keys : world.signed_control;
    struct answer_expect expect = {
        .question = question,
        .id = -1,
        .now_us = world.clock.now_us,
        .max_ttl_s = 86400,
        .negative_max_ttl_s = 3600,
    };
    struct answer *answer = NULL;
    if (message.n > 0) {
        ck_assert_int_eq(answer_read(message, &expect, &answer), ANSWER_OK);
    }
    return answer;
}

static void on_control_timer(struct port_timer *timer)
{
    struct control *control =
        (struct control *)(void *)((char *)timer - offsetof(struct control, timer));
    control->live = false;
    const struct fact *fact = find_fact(&control->question);
    const char *words = fact != NULL ? fact->https : "NXDOMAIN";
    bool is_chaos = control->question.class == CLASS_CH;
    const char *id = is_chaos ? world.id_over_https : world.whoami_over_https;
    bool is_id = control->question.type == TYPE_TXT && id != NULL;
    owned(answer_unrefp) struct answer *answer = NULL;
    if (!world.controls_dead && control->ask->want_do) {
        answer = signed_answer(&control->question);
    } else if (!world.controls_dead) {
        answer =
            is_id ? text_answer(&control->question, id) : answer_for(&control->question, words);
    }
    control->ask->on_done(control->ask, answer);
}

static int ask_control(void *ctx, unsigned control, const struct question *question,
                       struct audit_ask *ask)
{
    (void)ctx;
    ck_assert_uint_lt(control, world.params.n_controls);
    world.n_control_asked++;
    for (size_t i = 0; i < CONTROLS_LIVE_MAX; i++) {
        struct control *one = &world.controls[i];
        if (!one->live) {
            *one = (struct control){true, ask, *question, {.on_fire = on_control_timer}};
            ask->handle = one;
            return port_timer_start(&world.clock.port, &one->timer, world.clock.now_us + 30000);
        }
    }
    return -EBUSY;
}

static void cancel_control(void *ctx, struct audit_ask *ask)
{
    (void)ctx;
    struct control *control = ask->handle;
    ck_assert(control->live);
    control->live = false;
    port_timer_stop(&world.clock.port, &control->timer);
}

static void on_proof_timer(struct port_timer *timer)
{
    struct proof *one = (struct proof *)(void *)((char *)timer - offsetof(struct proof, timer));
    static const struct certificate certificate = {
        .subject = "CN=block.isp.example", .issuer = "CN=some CA", .sha256 = "00ff"};
    one->live = false;
    one->proof->on_done(one->proof, one->outcome, &certificate);
}

static int prove(void *ctx, const struct name *name, const struct address *address,
                 struct audit_proof *proof)
{
    (void)ctx, (void)name;
    ck_assert(!address_is_bogon(address));
    for (size_t i = 0; i < PROOFS_LIVE_MAX; i++) {
        struct proof *one = &world.proofs[i];
        if (one->live) {
            continue;
        }
        *one = (struct proof){true, proof, TLS_FAILED, {.on_fire = on_proof_timer}};
        ck_assert_uint_lt(world.n_proved, 256);
        const char *text = address_to_text(address, world.proved[world.n_proved++]);
        for (size_t k = 0; k < STANDS_MAX && world.stands[k].address != NULL; k++) {
            if (strcmp(world.stands[k].address, text) == 0) {
                one->outcome = world.stands[k].outcome;
            }
        }
        proof->handle = one;
        return port_timer_start(&world.clock.port, &one->timer, world.clock.now_us + 50000);
    }
    return -EBUSY;
}

static void cancel_proof(void *ctx, struct audit_proof *proof)
{
    (void)ctx;
    struct proof *one = proof->handle;
    ck_assert(one->live);
    one->live = false;
    port_timer_stop(&world.clock.port, &one->timer);
}

static bool is_own(void *ctx, const struct address *address)
{
    (void)ctx;
    char text[ADDRESS_TEXT_MAX];
    return world.own_address != NULL &&
           strcmp(address_to_text(address, text), world.own_address) == 0;
}

static uint32_t origin_as(void *ctx, const struct address *address)
{
    (void)ctx;
    char text[ADDRESS_TEXT_MAX];
    address_to_text(address, text);
    for (size_t i = 0; i < HOMES_MAX && world.homes[i].address != NULL; i++) {
        if (strcmp(world.homes[i].address, text) == 0) {
            return world.homes[i].asn;
        }
    }
    return 0;
}

static void on_alert(void *ctx, const struct alert *alert)
{
    (void)ctx;
    ck_assert_uint_lt(world.n_alerts, ALERTS_MAX);
    struct told_alert *told = &world.alerts[world.n_alerts++];
    snprintf(told->message, sizeof told->message, "%s", alert->message);
    snprintf(told->verdict, sizeof told->verdict, "%s", alert->verdict);
    snprintf(told->message_id, sizeof told->message_id, "%s", alert->message_id);
    size_t n = 0;
    for (size_t i = 0; i < alert->n_fields && n < sizeof told->fields; i++) {
        n += (size_t)snprintf(told->fields + n, sizeof told->fields - n, "%s=%s\n",
                              alert->fields[i].key, alert->fields[i].value);
    }
}

static int64_t unix_s(void *ctx)
{
    (void)ctx;
    return 1800000000 + (int64_t)(world.clock.now_us / SECOND);
}

static void on_loop(void *ctx, const char *server)
{
    (void)ctx;
    world.n_loops_told++;
    snprintf(world.loop_told, sizeof world.loop_told, "%s", server);
}

static void on_state(void *ctx, const char *finding, const char *server)
{
    (void)ctx, (void)server;
    world.n_states_told++;
    snprintf(world.state_told, sizeof world.state_told, "%s", finding);
}

static void wake(void *ctx)
{
    (void)ctx;
    atomic_fetch_add(&world.n_wakes, 1);
}

void add_fact(const char *name, const char *local, const char *https)
{
    ck_assert_uint_lt(world.n_facts, FACTS_MAX);
    world.facts[world.n_facts++] = (struct fact){.name = name, .local = local, .https = https};
}

void audit_world_set_up(void)
{
    memset(&world, 0, sizeof world);
    fake_port_init(&world.clock, 42);
    world.plain = plain_new(&world.clock.port, NULL, 0);
    world.plain->respond = respond;
    fake_race_respond = respond_race;
    fake_race_failure = 0;
    world.ledger = ledger_new(600);
    ck_assert_ptr_nonnull(world.ledger);
    world.servers[0] = "192.0.2.53";
    world.servers[1] = "192.0.2.54";
    world.params = (struct audit_params){
        .mode = AUDIT_ALL,
        .recheck_s = 30,
        .interval_s = 210,
        .servers = world.servers,
        .n_servers = 1,
        .n_controls = 2,
    };
    add_fact("example.com", "93.184.216.34", "93.184.216.34");
    add_fact("honest.example.net", "5.6.7.8", "5.6.7.8");
    add_fact("cdn.example.net", "5.6.7.8", "9.10.11.12");
    add_fact("news.example.net", "10.0.0.1", "5.6.7.8 5.6.7.9");
}

void start(void)
{
    struct audit_door door = {
        .ledger = world.ledger,
        .unix_s = unix_s,
        .ask_control = ask_control,
        .cancel_control = cancel_control,
        .prove = world.tls ? prove : NULL,
        .cancel_proof = cancel_proof,
        .is_own = is_own,
        .origin_as = origin_as,
        .on_alert = on_alert,
        .on_loop = on_loop,
        .on_state = on_state,
        .wake = wake,
    };
    world.audit = audit_new(&world.params, &door, &world.clock.port, world.plain);
    ck_assert_ptr_nonnull(world.audit);
}

void audit_world_tear_down(void)
{
    ck_assert_ptr_null(audit_free(world.audit));
    for (size_t i = 0; i < CONTROLS_LIVE_MAX; i++) {
        ck_assert(!world.controls[i].live);
    }
    ledger_free(world.ledger);
    for (size_t i = 0; i < PROOFS_LIVE_MAX; i++) {
        ck_assert(!world.proofs[i].live);
    }
    ck_assert_uint_eq(fake_race_n_live, 0);
    plain_free(world.plain);
    ck_assert_uint_eq(world.clock.port.n_timers, 0);
    port_done(&world.clock.port);
}

void pass(uint64_t seconds)
{
    fake_port_advance(&world.clock, seconds * SECOND);
}

static void tell_of_type(const char *name, uint16_t type, const char *https)
{
    struct question question = question_for(name, type);
    owned(answer_unrefp) struct answer *answer = answer_for(&question, https);
    audit_tell(world.audit, &question, answer);
    audit_drain(world.audit);
}

void tell(const char *name, const char *https)
{
    tell_of_type(name, TYPE_A, https);
}

void tell_v6(const char *name, const char *https)
{
    tell_of_type(name, TYPE_AAAA, https);
}

struct audit_counts counts(void)
{
    struct audit_counts now;
    audit_count(world.audit, &now);
    return now;
}

void assert_says(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) != NULL, "\"%s\" is not in: %s", part, text);
}

size_t n_alerts_of(const char *event)
{
    char field[32];
    size_t n = 0;
    snprintf(field, sizeof field, "EVENT=%s\n", event);
    for (size_t i = 0; i < world.n_alerts; i++) {
        n += strstr(world.alerts[i].fields, field) != NULL;
    }
    return n;
}
