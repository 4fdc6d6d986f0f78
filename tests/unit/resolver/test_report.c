/* SPDX-License-Identifier: MIT */
/* Every class of alert: that it can be fired, and that the catalog explains it. */
#include "resolver/audit/report.h"

#include "tests/unit/audit_world.h"
#include "tests/unit/suite.h"

#include <stdio.h>
#include <syslog.h>

static struct told_alert last;
static int last_priority;
static size_t n_told;

static int64_t some_time(void *ctx)
{
    (void)ctx;
    return 1767225600;
}

static void on_test_alert(void *ctx, const struct alert *alert)
{
    (void)ctx;
    n_told++;
    last_priority = alert->priority;
    snprintf(last.message, sizeof last.message, "%s", alert->message);
    snprintf(last.verdict, sizeof last.verdict, "%s", alert->verdict);
    snprintf(last.message_id, sizeof last.message_id, "%s", alert->message_id);
    size_t n = 0;
    for (size_t i = 0; i < alert->n_fields && n < sizeof last.fields; i++) {
        n += (size_t)snprintf(last.fields + n, sizeof last.fields - n, "%s=%s\n",
                              alert->fields[i].key, alert->fields[i].value);
    }
}

static const struct audit_door door = {.unix_s = some_time, .on_alert = on_test_alert};

START_TEST(every_class_can_be_fired_on_purpose_and_says_that_it_is_a_test)
{
    struct fake_port port;
    fake_port_init(&port, 1);
    size_t n = 0;
    for (const char *class; (class = audit_alert_class(n)) != NULL; n++) {
        ck_assert_msg(audit_alert_test(&door, &port.port, class), "%s", class);
        ck_assert_uint_eq(n_told, n + 1);
        ck_assert_str_eq(last.verdict, class);
        ck_assert_uint_eq(strlen(last.message_id), 32);
        assert_says(last.fields, "EVENT=test\n");
        assert_says(last.message, "A TEST");
        assert_says(last.message, "192.0.2.80");
        assert_says(last.message, "HTTPS (1 of 1 providers) says 198.51.100.7");
        assert_says(last.message, "Clients of httpdnsd get the HTTPS answer");
        ck_assert(last_priority >= LOG_WARNING && last_priority <= LOG_INFO);
    }
    ck_assert_uint_ge(n, 14);
    ck_assert(!audit_alert_test(&door, &port.port, "HIJACK"));
    ck_assert(!audit_alert_test(&door, &port.port, "NONE"));
    ck_assert(!audit_alert_test(&door, &port.port, "FILTERED_LOCAL_OR_ISP"));
    port_done(&port.port);
}
END_TEST

START_TEST(what_is_stale_or_declared_is_never_above_notice)
{
    struct fake_port port;
    fake_port_init(&port, 1);
    static const char *const quiet[] = {"STALE_TTL", "STALE_SIGNATURE", "STALE_LAG",
                                        "STALE_HARMFUL", "FILTERED_DECLARED"};
    for (size_t i = 0; i < sizeof quiet / sizeof quiet[0]; i++) {
        ck_assert(audit_alert_test(&door, &port.port, quiet[i]));
        ck_assert_int_ge(last_priority, LOG_NOTICE);
        ck_assert_ptr_null(strstr(last.message, "DNS hijack"));
        ck_assert_ptr_null(strstr(last.message, "do not trust"));
    }
    /* To say so is what RFC 8767 asks of it. */
    ck_assert(!audit_alert_test(&door, &port.port, "STALE_DECLARED"));
    port_done(&port.port);
}
END_TEST

static char *read_catalog(void)
{
    static char text[65536];
    FILE *file = fopen("systemd/httpdnsd.catalog", "r");
    ck_assert_ptr_nonnull(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

START_TEST(every_message_id_is_its_own_and_explained_in_the_catalog)
{
    const char *catalog = read_catalog();
    size_t n_ids = 0, n_entries = 0;
    for (int i = 0; i < N_FINDINGS; i++) {
        const char *id = report_message_id((enum finding)i);
        if (id == NULL) {
            continue;
        }
        char entry[64];
        snprintf(entry, sizeof entry, "-- %s\nSubject: ", id);
        ck_assert_msg(strstr(catalog, entry) != NULL, "%s %s", finding_word((enum finding)i), id);
        n_ids++;
        for (int k = 0; k < i; k++) {
            const char *other = report_message_id((enum finding)k);
            ck_assert(other == NULL || strcmp(other, id) != 0);
        }
    }
    for (const char *at = catalog; (at = strstr(at, "\n-- ")) != NULL; at++) {
        n_entries++;
    }
    ck_assert_uint_eq(n_entries, n_ids);
}
END_TEST

START_TEST(certificates_and_names_cannot_forge_lines)
{
    struct fake_port port;
    fake_port_init(&port, 1);
    struct asker asker = {.port = &port.port, .door = door, .n_controls = 2};
    struct question question = question_for("a\\010b.example", TYPE_A);
    struct judge_meeting meeting = {
        .n_controls = 1,
        .local = {.answered = true},
        .controls = {{.answered = true}},
        .certificate = {.subject = "CN=evil\nMESSAGE_ID=0", .issuer = "\x1b[2J", .sha256 = "00"}};
    struct judgement judgement = {
        .verdict = VERDICT_CONFIRMED, .rule = RULE_P1, .finding = FINDING_HIJACK_REDIRECT};
    struct report_facts facts = {
        .judgement = &judgement, .question = &question, .meeting = &meeting};
    struct ledger_view view = {.subject = {.finding = FINDING_HIJACK_REDIRECT, .rule = RULE_P1}};
    report_detection(&asker, &facts, &view);
    ck_assert_ptr_null(strchr(last.message, '\n'));
    assert_says(last.fields, "TLS_SUBJECT=CN=evil?MESSAGE_ID=0\n");
    assert_says(last.fields, "TLS_ISSUER=?[2J\n");
    ck_assert_ptr_null(strchr(last.fields, '\x1b'));
    port_done(&port.port);
}
END_TEST

static void set_up(void)
{
    n_told = 0;
}

int main(void)
{
    const TTest *const tests[] = {
        every_class_can_be_fired_on_purpose_and_says_that_it_is_a_test,
        what_is_stale_or_declared_is_never_above_notice,
        every_message_id_is_its_own_and_explained_in_the_catalog,
        certificates_and_names_cannot_forge_lines,
    };
    return suite_run("report", tests, sizeof tests / sizeof tests[0], set_up, NULL);
}
