/* SPDX-License-Identifier: MIT */
/* The auditor in a small world of names: what the local resolver says and what HTTPS says. The
 * clock is virtual, providers and local resolvers are scripted. */
#include "resolver/audit/audit.h"

#include "tests/unit/fake_plain.h"
#include "tests/unit/fake_port.h"
#include "tests/unit/said.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { CONTROLS_LIVE_MAX = 256, FACTS_MAX = 16, ALERTS_MAX = 32 };

#define SECOND UINT64_C(1000000)
#define HOUR   (3600 * SECOND)

/* What is said of a name; words as in said.h. */
struct fact {
    const char *name;
    const char *local, *https;
};

struct control {
    bool live;
    struct audit_ask *ask;
    struct question question;
    struct port_timer timer;
};

struct told_alert {
    char message[2100];
    char verdict[32];
    char message_id[40];
    char fields[4000];
};

static struct world {
    struct fake_port clock;
    struct plain *plain;
    struct audit *audit;
    struct audit_params params;
    const char *servers[2];

    struct fact facts[FACTS_MAX];
    size_t n_facts;
    const char *rewrite;  /* what the local resolver says for names that do not exist */
    const char *captive;  /* what it says for every name */
    const char *elsewise; /* what it says from the second asking of a name on */
    const char *dead_server;
    char asked_names[512][64]; /* by the local resolver, in order */
    size_t n_asked;
    bool controls_dead;

    struct control controls[CONTROLS_LIVE_MAX];
    size_t n_control_asked;
    atomic_size_t n_wakes;
    struct told_alert alerts[ALERTS_MAX];
    size_t n_alerts;
} world;

/* Writes a response that says what `said` holds. */
static size_t write_response(const struct question *question, const struct said *said,
                             uint8_t out[FAKE_PLAIN_REPLY_MAX])
{
    struct buf b = buf_over(out, FAKE_PLAIN_REPLY_MAX);
    buf_put_u16(&b, 0);
    buf_put_u16(&b, (uint16_t)(FLAG_QR | FLAG_RD | said->flags | said->rcode));
    buf_put_u16(&b, 1);
    buf_put_u16(&b, (uint16_t)said->n);
    buf_put_u32(&b, 0);
    buf_put(&b, question->name.at, question->name.n);
    buf_put_u16(&b, question->type);
    buf_put_u16(&b, question->class);
    for (size_t i = 0; i < said->n; i++) {
        buf_put_u16(&b, 0xc00c);
        buf_put_u16(&b, question->type);
        buf_put_u16(&b, CLASS_IN);
        buf_put_u32(&b, 300);
        buf_put_u16(&b, said->at[i].n);
        buf_put(&b, said->at[i].at, said->at[i].n);
    }
    ck_assert(!b.overflow);
    return b.n;
}

static struct question question_for(const char *name, uint16_t type)
{
    struct question question = {.type = type, .class = CLASS_IN};
    ck_assert_int_eq(name_from_text(name, &question.name), 0);
    return question;
}

/* The words are about IPv4; there is no IPv6 in this world. */
static struct said said_to(const struct question *question, const char *words)
{
    struct said said = said_of(words);
    bool wrong_family = question->type == TYPE_AAAA && said.n > 0 && said.at[0].n == 4;
    return wrong_family ? said_of("NODATA") : said;
}

static struct answer *answer_for(const struct question *question, const char *words)
{
    struct said said = said_to(question, words);
    uint8_t message[FAKE_PLAIN_REPLY_MAX];
    struct answer_expect expect = {
        .question = question,
        .id = -1,
        .now_us = world.clock.now_us,
        .max_ttl_s = 86400,
        .negative_max_ttl_s = 3600,
    };
    struct answer *answer = NULL;
    ck_assert_int_eq(
        answer_read(bytes_of(message, write_response(question, &said, message)), &expect, &answer),
        ANSWER_OK);
    return answer;
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

static size_t times_asked(const char *name)
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
    if (world.captive != NULL) {
        return world.captive;
    }
    if (fact == NULL) {
        return world.rewrite != NULL ? world.rewrite : "NXDOMAIN";
    }
    bool again = world.elsewise != NULL && times_asked(name) > 1;
    return again && strcmp(name, "example.com.") != 0 ? world.elsewise : fact->local;
}

static void respond(void *ctx, const struct plain_request *request, struct fake_plain_reply *reply)
{
    (void)ctx;
    char text[NAME_MAX_TEXT];
    name_to_text(&request->question->name, text);
    ck_assert_uint_lt(world.n_asked, 512);
    snprintf(world.asked_names[world.n_asked++], 64, "%.63s", text);
    const char *words = local_words(request->question, text);
    bool dead = world.dead_server != NULL && strcmp(world.dead_server, request->server) == 0;
    if (words[0] == '\0' || dead) {
        reply->result = PLAIN_TIMED_OUT;
        return;
    }
    struct said said = said_to(request->question, words);
    reply->n = write_response(request->question, &said, reply->at);
}

static void on_control_timer(struct port_timer *timer)
{
    struct control *control =
        (struct control *)(void *)((char *)timer - offsetof(struct control, timer));
    control->live = false;
    const struct fact *fact = find_fact(&control->question);
    const char *words = fact != NULL ? fact->https : "NXDOMAIN";
    owned(answer_unrefp) struct answer *answer =
        world.controls_dead ? NULL : answer_for(&control->question, words);
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

static void wake(void *ctx)
{
    (void)ctx;
    atomic_fetch_add(&world.n_wakes, 1);
}

static void add_fact(const char *name, const char *local, const char *https)
{
    ck_assert_uint_lt(world.n_facts, FACTS_MAX);
    world.facts[world.n_facts++] = (struct fact){name, local, https};
}

static void set_up(void)
{
    memset(&world, 0, sizeof world);
    fake_port_init(&world.clock, 42);
    world.plain = plain_new(&world.clock.port, NULL, 0);
    world.plain->respond = respond;
    world.servers[0] = "192.0.2.53";
    world.servers[1] = "192.0.2.54";
    world.params = (struct audit_params){
        .mode = AUDIT_ALL,
        .recheck_s = 30,
        .servers = world.servers,
        .n_servers = 1,
        .n_controls = 2,
    };
    add_fact("example.com", "93.184.216.34", "93.184.216.34");
    add_fact("honest.example.net", "5.6.7.8", "5.6.7.8");
    add_fact("cdn.example.net", "5.6.7.8", "9.10.11.12");
    add_fact("news.example.net", "10.0.0.1", "5.6.7.8 5.6.7.9");
}

static void start(void)
{
    struct audit_door door = {
        .ask_control = ask_control,
        .cancel_control = cancel_control,
        .on_alert = on_alert,
        .wake = wake,
    };
    world.audit = audit_new(&world.params, &door, &world.clock.port, world.plain);
    ck_assert_ptr_nonnull(world.audit);
}

static void tear_down(void)
{
    ck_assert_ptr_null(audit_free(world.audit));
    for (size_t i = 0; i < CONTROLS_LIVE_MAX; i++) {
        ck_assert(!world.controls[i].live);
    }
    plain_free(world.plain);
    ck_assert_uint_eq(world.clock.port.n_timers, 0);
    port_done(&world.clock.port);
}

static void pass(uint64_t seconds)
{
    fake_port_advance(&world.clock, seconds * SECOND);
}

static void tell(const char *name, const char *https)
{
    struct question question = question_for(name, TYPE_A);
    owned(answer_unrefp) struct answer *answer = answer_for(&question, https);
    audit_tell(world.audit, &question, answer);
    audit_drain(world.audit);
}

static struct audit_counts counts(void)
{
    struct audit_counts now;
    audit_count(world.audit, &now);
    return now;
}

static void assert_says(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) != NULL, "\"%s\" is not in: %s", part, text);
}

START_TEST(a_bogon_raises_one_alert_that_reads_alone)
{
    start();
    tell("news.example.net", "5.6.7.8");
    pass(20);
    ck_assert_uint_eq(world.n_alerts, 0);
    pass(20);
    ck_assert_uint_eq(world.n_alerts, 1);
    const struct told_alert *alert = &world.alerts[0];
    ck_assert_ptr_eq(strstr(alert->message, "DNS hijack CONFIRMED (P2 bogon)"), alert->message);
    assert_says(alert->message, "news.example.net A");
    assert_says(alert->message, "local resolver 192.0.2.53 says 10.0.0.1");
    assert_says(alert->message, "HTTPS (2 of 2 providers) says 5.6.7.8 5.6.7.9");
    assert_says(alert->message, "met twice over 30 s");
    ck_assert_ptr_null(strchr(alert->message, '\n'));
    ck_assert_str_eq(alert->verdict, "HIJACK_BOGON");
    ck_assert_uint_eq(strspn(alert->message_id, "0123456789abcdef"), 32);
    ck_assert_uint_eq(strlen(alert->message_id), 32);
    assert_says(alert->fields, "VERDICT=HIJACK_BOGON\n");
    assert_says(alert->fields, "RULE=P2\n");
    assert_says(alert->fields, "QNAME=news.example.net\n");
    assert_says(alert->fields, "QTYPE=A\n");
    assert_says(alert->fields, "ISP_RESOLVER=192.0.2.53\n");
    assert_says(alert->fields, "ISP_ANSWERS=10.0.0.1\n");
    assert_says(alert->fields, "CONTROL_ANSWERS=5.6.7.8 5.6.7.9\n");
    assert_says(alert->fields, "ARTEFACT=10.0.0.1\n");
    ck_assert_uint_eq(counts().n_confirmed, 1);
}
END_TEST

START_TEST(a_hijack_that_goes_on_is_told_once_and_counted)
{
    start();
    for (unsigned i = 0; i < 200; i++) {
        tell("news.example.net", "5.6.7.8");
        pass(60);
    }
    ck_assert_uint_eq(world.n_alerts, 1);
    ck_assert_uint_gt(counts().n_confirmed, 5);
}
END_TEST

START_TEST(one_forged_address_for_many_names_is_one_alert)
{
    add_fact("other.example.org", "10.0.0.1", "7.7.7.7");
    add_fact("third.example.org", "10.0.0.2", "7.7.7.8");
    start();
    tell("news.example.net", "5.6.7.8");
    tell("other.example.org", "7.7.7.7");
    pass(60);
    ck_assert_uint_eq(world.n_alerts, 1);
    tell("third.example.org", "7.7.7.8");
    pass(60);
    ck_assert_uint_eq(world.n_alerts, 2);
}
END_TEST

START_TEST(a_bogon_that_is_gone_when_asked_again_raises_no_alert)
{
    world.elsewise = "5.6.7.8";
    start();
    tell("news.example.net", "5.6.7.8");
    pass(120);
    ck_assert_uint_eq(world.n_alerts, 0);
    ck_assert_uint_eq(times_asked("news.example.net."), 2);
}
END_TEST

START_TEST(answers_that_agree_cost_one_local_question_and_no_other)
{
    start();
    tell("honest.example.net", "5.6.7.8");
    pass(1);
    ck_assert_uint_eq(times_asked("honest.example.net."), 1);
    ck_assert_uint_eq(world.n_control_asked, 0);
    ck_assert_uint_eq(counts().n_consistent, 1);
}
END_TEST

START_TEST(answers_that_merely_differ_raise_no_alert)
{
    start();
    tell("cdn.example.net", "9.10.11.12");
    pass(600);
    ck_assert_uint_eq(world.n_alerts, 0);
    ck_assert_uint_eq(counts().n_inconclusive, 1);
}
END_TEST

START_TEST(a_name_is_not_checked_again_while_its_verdict_stands)
{
    start();
    for (unsigned i = 0; i < 100; i++) {
        tell("honest.example.net", "5.6.7.8");
        pass(30);
    }
    ck_assert_uint_eq(times_asked("honest.example.net."), 1);
    pass(3600);
    tell("honest.example.net", "5.6.7.8");
    pass(30);
    ck_assert_uint_eq(times_asked("honest.example.net."), 2);
}
END_TEST

START_TEST(a_local_resolver_at_a_private_address_may_be_the_users_own_filter)
{
    world.servers[0] = "192.168.1.1:53";
    start();
    tell("news.example.net", "5.6.7.8");
    pass(120);
    ck_assert_uint_eq(world.n_alerts, 0);
    ck_assert_uint_eq(counts().n_probable, 1);
}
END_TEST

START_TEST(unless_the_configuration_says_that_it_does_not_filter)
{
    world.servers[0] = "127.0.0.1:5353";
    world.params.filters = AUDIT_FILTERS_NO;
    start();
    tell("news.example.net", "5.6.7.8");
    pass(120);
    ck_assert_uint_eq(world.n_alerts, 1);
}
END_TEST

START_TEST(one_provider_alone_convicts_nobody)
{
    world.params.n_controls = 1;
    world.rewrite = "62.138.238.45";
    start();
    tell("news.example.net", "5.6.7.8");
    pass(600);
    ck_assert_uint_eq(world.n_alerts, 0);
    ck_assert_uint_eq(counts().n_probable, 2);
}
END_TEST

START_TEST(dead_providers_convict_nobody)
{
    world.controls_dead = true;
    world.rewrite = "62.138.238.45";
    start();
    tell("news.example.net", "5.6.7.8");
    pass(600);
    ck_assert_uint_eq(world.n_alerts, 0);
}
END_TEST

START_TEST(a_local_resolver_that_fails_the_control_name_is_not_judged)
{
    world.facts[0].local = "SERVFAIL";
    start();
    tell("news.example.net", "5.6.7.8");
    pass(120);
    ck_assert_uint_eq(world.n_alerts, 0);
    ck_assert_uint_eq(counts().n_probable, 0);
}
END_TEST

START_TEST(a_captive_portal_raises_no_alert)
{
    world.captive = "10.0.0.1";
    start();
    tell("news.example.net", "5.6.7.8");
    tell("honest.example.net", "5.6.7.8");
    pass(600);
    ck_assert_uint_eq(world.n_alerts, 0);
}
END_TEST

START_TEST(a_case_costs_the_local_resolver_four_questions_at_most)
{
    start();
    pass(10); /* the probe at the start is over */
    size_t before = world.n_asked;
    tell("news.example.net", "5.6.7.8");
    pass(120);
    ck_assert_uint_eq(world.n_alerts, 1);
    ck_assert_uint_le(world.n_asked - before, 4);
}
END_TEST

START_TEST(a_silent_local_resolver_ends_the_case_and_gives_way_to_the_next)
{
    world.params.n_servers = 2;
    world.dead_server = "192.0.2.53";
    start();
    tell("honest.example.net", "5.6.7.8");
    pass(5);
    ck_assert_uint_eq(counts().n_consistent, 0);
    tell("news.example.net", "5.6.7.8");
    pass(120);
    ck_assert_uint_eq(world.n_alerts, 1);
    assert_says(world.alerts[0].message, "192.0.2.54");
}
END_TEST

START_TEST(a_failing_door_ends_the_case)
{
    world.plain->failure = -EBUSY;
    start();
    tell("news.example.net", "5.6.7.8");
    pass(120);
    ck_assert_uint_eq(world.n_alerts, 0);
    ck_assert_uint_gt(counts().n_checked, 0);
}
END_TEST

START_TEST(rewritten_nxdomain_is_told_once_for_ever)
{
    world.rewrite = "62.138.238.45 62.138.239.45";
    start();
    pass(3);
    ck_assert_uint_eq(world.n_alerts, 0);
    pass(60);
    ck_assert_uint_eq(world.n_alerts, 1);
    const struct told_alert *alert = &world.alerts[0];
    ck_assert_ptr_eq(strstr(alert->message, "DNS hijack CONFIRMED (P3 NXDOMAIN rewrite)"),
                     alert->message);
    assert_says(alert->message, "192.0.2.53 says 62.138.238.45 62.138.239.45");
    assert_says(alert->message, "6 of 6 random names");
    assert_says(alert->message, "HTTPS (2 of 2 providers) says NXDOMAIN");
    assert_says(alert->fields, "RULE=P3\n");
    assert_says(alert->fields, "CONTROL_RCODE=NXDOMAIN\n");
    ck_assert_str_eq(alert->verdict, "NXDOMAIN_REWRITE");
    for (unsigned day = 0; day < 3; day++) {
        fake_port_advance(&world.clock, 24 * HOUR);
        world.n_asked = 0;
    }
    ck_assert_uint_eq(world.n_alerts, 1);
    ck_assert_uint_gt(counts().n_confirmed, 8);
}
END_TEST

START_TEST(an_honest_resolver_is_probed_every_six_hours_without_alert)
{
    world.params.mode = AUDIT_WATCHLIST;
    start();
    fake_port_advance(&world.clock, 24 * HOUR);
    ck_assert_uint_eq(world.n_alerts, 0);
    ck_assert_uint_eq(world.n_control_asked, 0);
    size_t n_probes = times_asked("example.com.");
    ck_assert_uint_ge(n_probes, 4);
    ck_assert_uint_le(n_probes, 6);
    ck_assert_uint_eq(world.n_asked, 4 * n_probes);
}
END_TEST

START_TEST(a_rewritten_name_of_a_client_is_reason_to_probe_at_once)
{
    start();
    pass(3600);
    world.rewrite = "62.138.238.45";
    tell("no-such-name.example.net", "NXDOMAIN");
    pass(60);
    ck_assert_uint_eq(world.n_alerts, 1);
    ck_assert_str_eq(world.alerts[0].verdict, "NXDOMAIN_REWRITE");
}
END_TEST

START_TEST(an_undecided_probe_is_tried_again)
{
    world.controls_dead = true;
    world.rewrite = "62.138.238.45";
    start();
    pass(30);
    ck_assert_uint_eq(world.n_alerts, 0);
    world.controls_dead = false;
    pass(180);
    ck_assert_uint_eq(world.n_alerts, 1);
}
END_TEST

START_TEST(names_that_are_not_public_never_reach_the_local_resolver)
{
    start();
    pass(10);
    size_t before = world.n_asked;
    tell("intranet", "5.6.7.8");
    tell("printer.local", "5.6.7.8");
    tell("1.0.0.10.in-addr.arpa", "5.6.7.8");
    pass(60);
    ck_assert_uint_eq(world.n_asked, before);
}
END_TEST

START_TEST(a_full_queue_drops_the_newcomer_and_wakes_only_once)
{
    start();
    struct question question = question_for("honest.example.net", TYPE_A);
    struct answer *answer = answer_for(&question, "5.6.7.8");
    for (size_t i = 0; i < AUDIT_QUEUE_MAX + 10; i++) {
        audit_tell(world.audit, &question, answer);
    }
    ck_assert_uint_eq(world.n_wakes, 1);
    ck_assert_uint_eq(counts().n_told, AUDIT_QUEUE_MAX + 10);
    ck_assert_uint_eq(counts().n_dropped, 10);
    audit_drain(world.audit);
    ck_assert_uint_eq(atomic_load(&answer->n_refs), 1);
    audit_tell(world.audit, &question, answer);
    ck_assert_uint_eq(world.n_wakes, 2);
    audit_drain(world.audit);
    answer_unref(answer);
}
END_TEST

START_TEST(other_types_classes_and_errors_are_not_told)
{
    start();
    struct question question = question_for("honest.example.net", TYPE_A);
    struct answer *answer = answer_for(&question, "5.6.7.8");
    struct answer *error = answer_for(&question, "SERVFAIL");
    audit_tell(world.audit, &question, error);
    question.type = TYPE_MX;
    audit_tell(world.audit, &question, answer);
    question.type = TYPE_A;
    question.class = CLASS_CH;
    audit_tell(world.audit, &question, answer);
    ck_assert_uint_eq(counts().n_told, 0);
    ck_assert_uint_eq(world.n_wakes, 0);
    answer_unref(answer);
    answer_unref(error);
}
END_TEST

START_TEST(more_names_than_places_wait_and_more_than_the_budget_are_dropped)
{
    start();
    pass(10);
    for (unsigned i = 0; i < 200; i++) {
        char name[64];
        snprintf(name, sizeof name, "host%u.example.net", i);
        struct question question = question_for(name, TYPE_A);
        struct answer *answer = answer_for(&question, "NXDOMAIN");
        audit_tell(world.audit, &question, answer);
        answer_unref(answer);
    }
    audit_drain(world.audit);
    pass(60);
    struct audit_counts now = counts();
    ck_assert_uint_eq(now.n_told, 200);
    ck_assert_uint_ge(now.n_consistent, 50);
    ck_assert_uint_le(now.n_consistent, 60);
    ck_assert_uint_eq(now.n_consistent - 1 + now.n_dropped, 200);
}
END_TEST

START_TEST(mode_off_asks_nobody_and_wants_nothing)
{
    world.params.mode = AUDIT_OFF;
    world.rewrite = "62.138.238.45";
    start();
    tell("news.example.net", "5.6.7.8");
    fake_port_advance(&world.clock, 24 * HOUR);
    ck_assert_uint_eq(world.n_asked, 0);
    ck_assert_uint_eq(world.n_wakes, 0);
    ck_assert_uint_eq(world.n_alerts, 0);
}
END_TEST

START_TEST(without_local_resolver_nothing_is_asked)
{
    world.params.n_servers = 0;
    start();
    tell("news.example.net", "5.6.7.8");
    fake_port_advance(&world.clock, HOUR);
    ck_assert_uint_eq(world.n_asked, 0);
}
END_TEST

START_TEST(canary_mode_asks_nothing_that_clients_ask)
{
    world.params.mode = AUDIT_CANARY;
    start();
    tell("news.example.net", "5.6.7.8");
    fake_port_advance(&world.clock, 2 * HOUR);
    ck_assert_uint_eq(times_asked("news.example.net."), 0);
    ck_assert_uint_eq(world.n_wakes, 0);
    ck_assert_uint_eq(counts().n_told, 0);
    /* One every 2 to 5 minutes, and the probe's four. */
    ck_assert_uint_ge(world.n_asked, 24 + 4);
    ck_assert_uint_le(world.n_asked, 60 + 4);
}
END_TEST

START_TEST(a_hijacked_name_of_the_watchlist_is_found)
{
    const char *const names[] = {"Honest.example.net", "news.example.net."};
    world.params.mode = AUDIT_WATCHLIST;
    world.params.watchlist = names;
    world.params.n_watchlist = 2;
    start();
    pass(1200);
    ck_assert_uint_eq(world.n_alerts, 1);
    assert_says(world.alerts[0].message, "news.example.net A");
}
END_TEST

START_TEST(sampled_questions_are_checked_30_to_600_seconds_later)
{
    world.params.mode = AUDIT_SAMPLE;
    world.params.sample = 1.0;
    start();
    tell("honest.example.net", "5.6.7.8");
    pass(29);
    ck_assert_uint_eq(times_asked("honest.example.net."), 0);
    pass(572);
    ck_assert_uint_eq(times_asked("honest.example.net."), 1);
}
END_TEST

START_TEST(a_sample_is_about_the_share_that_was_wished)
{
    world.params.mode = AUDIT_SAMPLE;
    world.params.sample = 0.25;
    start();
    pass(10);
    size_t before = world.n_asked;
    for (unsigned i = 0; i < 400; i++) {
        char name[64];
        snprintf(name, sizeof name, "host%u.example.net", i);
        tell(name, "NXDOMAIN");
        pass(15);
    }
    pass(600);
    ck_assert_uint_ge(world.n_asked - before, 60);
    ck_assert_uint_le(world.n_asked - before, 140);
}
END_TEST

START_TEST(the_auditor_can_end_with_everything_under_way)
{
    world.rewrite = "62.138.238.45";
    start();
    fake_port_advance(&world.clock, 2 * SECOND + 35000);
    tell("news.example.net", "5.6.7.8");
    fake_port_advance(&world.clock, 35000);
    tell("cdn.example.net", "9.10.11.12");
    tell("honest.example.net", "5.6.7.8");
    struct question question = question_for("waiting.example.net", TYPE_A);
    struct answer *answer = answer_for(&question, "5.6.7.8");
    audit_tell(world.audit, &question, answer);
    answer_unref(answer);
}
END_TEST

static void *tell_often(void *arg)
{
    (void)arg;
    struct question question = question_for("honest.example.net", TYPE_A);
    struct answer *answer = answer_for(&question, "5.6.7.8");
    for (unsigned i = 0; i < 20000; i++) {
        audit_tell(world.audit, &question, answer);
    }
    answer_unref(answer);
    return NULL;
}

START_TEST(any_thread_may_tell)
{
    start();
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, tell_often, NULL), 0);
    }
    for (unsigned i = 0; i < 1000; i++) {
        audit_drain(world.audit);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    audit_drain(world.audit);
    ck_assert_uint_eq(counts().n_told, 80000);
    pass(60);
    ck_assert_uint_eq(times_asked("honest.example.net."), 1);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_bogon_raises_one_alert_that_reads_alone,
        a_hijack_that_goes_on_is_told_once_and_counted,
        one_forged_address_for_many_names_is_one_alert,
        a_bogon_that_is_gone_when_asked_again_raises_no_alert,
        answers_that_agree_cost_one_local_question_and_no_other,
        answers_that_merely_differ_raise_no_alert,
        a_name_is_not_checked_again_while_its_verdict_stands,
        a_local_resolver_at_a_private_address_may_be_the_users_own_filter,
        unless_the_configuration_says_that_it_does_not_filter,
        one_provider_alone_convicts_nobody,
        dead_providers_convict_nobody,
        a_local_resolver_that_fails_the_control_name_is_not_judged,
        a_captive_portal_raises_no_alert,
        a_case_costs_the_local_resolver_four_questions_at_most,
        a_silent_local_resolver_ends_the_case_and_gives_way_to_the_next,
        a_failing_door_ends_the_case,
        rewritten_nxdomain_is_told_once_for_ever,
        an_honest_resolver_is_probed_every_six_hours_without_alert,
        a_rewritten_name_of_a_client_is_reason_to_probe_at_once,
        an_undecided_probe_is_tried_again,
        names_that_are_not_public_never_reach_the_local_resolver,
        a_full_queue_drops_the_newcomer_and_wakes_only_once,
        other_types_classes_and_errors_are_not_told,
        more_names_than_places_wait_and_more_than_the_budget_are_dropped,
        mode_off_asks_nobody_and_wants_nothing,
        without_local_resolver_nothing_is_asked,
        canary_mode_asks_nothing_that_clients_ask,
        a_hijacked_name_of_the_watchlist_is_found,
        sampled_questions_are_checked_30_to_600_seconds_later,
        a_sample_is_about_the_share_that_was_wished,
        the_auditor_can_end_with_everything_under_way,
        any_thread_may_tell,
    };
    return suite_run("audit", tests, sizeof tests / sizeof tests[0], set_up, tear_down);
}
