/* SPDX-License-Identifier: MIT */
/* Names that leave the auditor as keyed hashes. */
#include "resolver/audit/redact.h"
#include "tests/unit/audit_world.h"
#include "tests/unit/suite.h"

#include <stdio.h>
#include <stdlib.h>

static const uint8_t key[16] = {1, 2, 3}, other_key[16] = {3, 2, 1};

/* Of `text`, under the key. */
static const char *redacted(const uint8_t *with, const char *text)
{
    static char out[4][NAME_MAX_TEXT];
    static unsigned n;
    struct name name;
    char *to = out[n++ % 4];
    ck_assert_int_eq(name_from_text(text, &name), 0);
    redact_name(with, &name);
    name_to_text(&name, to);
    return to;
}

START_TEST(a_name_has_always_the_same_hash_under_one_key_and_another_under_another)
{
    ck_assert_str_eq(redacted(key, "www.example.net"), redacted(key, "WWW.Example.NET"));
    ck_assert_str_ne(redacted(key, "www.example.net"), redacted(key, "ww2.example.net"));
    ck_assert_str_ne(redacted(key, "www.example.net"), redacted(other_key, "www.example.net"));
    ck_assert_ptr_null(strstr(redacted(key, "www.bank.net"), "bank"));
    ck_assert_str_eq(redacted(NULL, "www.example.net"), "www.example.net.");
}
END_TEST

START_TEST(names_of_one_zone_have_their_end_in_common)
{
    const char *a = strchr(redacted(key, "www.example.net"), '.');
    ck_assert_str_eq(a, strchr(redacted(key, "a.b.example.net"), '.'));
    ck_assert_str_ne(a, strchr(redacted(key, "www.example.org"), '.'));
}
END_TEST

static void assert_clean(const char *text)
{
    ck_assert_msg(strstr(text, "news") == NULL && strstr(text, "edge.example.org") == NULL, "%s",
                  text);
}

/* Found, gone on, over: and what is kept of it. */
START_TEST(no_alert_and_no_evidence_holds_a_users_name)
{
    world.params.redact = AUDIT_REDACT_HASH;
    memcpy(world.params.redact_key, key, sizeof key);
    fact_of("news.example.net")->local_end = "edge.example.org";
    start();
    pass(3);
    tell("news.example.net", "5.6.7.8");
    pass(700);
    fact_of("news.example.net")->local = "5.6.7.8";
    pass(4 * 3600);
    ck_assert_uint_eq(n_alerts_of("detect"), 1);
    ck_assert_uint_ge(n_alerts_of("repeat"), 1);
    ck_assert_uint_eq(n_alerts_of("clear"), 1);
    char shown[NAME_MAX_TEXT];
    snprintf(shown, sizeof shown, "%s", redacted(key, "news.example.net"));
    shown[strlen(shown) - 1] = '\0';
    for (size_t i = 0; i < world.n_alerts; i++) {
        assert_clean(world.alerts[i].message);
        assert_clean(world.alerts[i].fields);
        assert_says(world.alerts[i].message, shown);
    }
    static struct ledger_record records[LEDGER_RING_MAX];
    size_t n = ledger_records(world.ledger, records, LEDGER_RING_MAX);
    ck_assert_uint_gt(n, 0);
    for (size_t i = 0; i < n; i++) {
        char name[NAME_MAX_TEXT];
        assert_clean(name_to_text(&records[i].subject.question.name, name));
        assert_clean(records[i].evidence);
        assert_says(records[i].evidence, shown);
    }
    static struct evidence evidence;
    char why[EVIDENCE_WHY_MAX];
    const char *text = records[n - 1].evidence;
    ck_assert_msg(evidence_read(bytes_of(text, strlen(text)), &evidence, why) == 0, "%s", why);
    ck_assert_int_eq(evidence_judge(&evidence).verdict, VERDICT_CONFIRMED);
    for (size_t i = 0; i < n; i++) {
        free(records[i].evidence);
    }
}
END_TEST

START_TEST(the_subject_of_a_certificate_that_may_hold_the_name_is_left_out)
{
    world.params.redact = AUDIT_REDACT_HASH;
    world.tls = true;
    world.stands[0] = (struct stand){"62.1.1.1", TLS_WRONG_NAME};
    world.stands[1] = (struct stand){"5.6.7.8", TLS_OK};
    add_fact("bank.example.net", "62.1.1.1", "5.6.7.8");
    start();
    pass(3);
    tell("bank.example.net", "5.6.7.8");
    pass(60);
    ck_assert_uint_eq(world.n_alerts, 1);
    ck_assert_ptr_null(strstr(world.alerts[0].fields, "TLS_SUBJECT"));
    ck_assert_ptr_null(strstr(world.alerts[0].message, "CN=block.isp.example"));
    assert_says(world.alerts[0].fields, "TLS_CERT_SHA256=00ff\n");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_name_has_always_the_same_hash_under_one_key_and_another_under_another,
        names_of_one_zone_have_their_end_in_common,
        no_alert_and_no_evidence_holds_a_users_name,
        the_subject_of_a_certificate_that_may_hold_the_name_is_left_out,
    };
    return suite_run("redact", tests, sizeof tests / sizeof tests[0], audit_world_set_up,
                     audit_world_tear_down);
}
