/* SPDX-License-Identifier: MIT */
/* The closer looks of a case: who stands at the addresses, second replies, denials, old content. */
#include "resolver/audit/evidence_json.h"
#include "resolver/audit/translation.h"
#include "tests/unit/audit_world.h"
#include "tests/unit/said.h"
#include "tests/unit/signed.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static void begin(const char *local, const char *https)
{
    world.tls = true;
    add_fact("bank.example.net", local, https);
    start();
    pass(3);
    tell("bank.example.net", https);
}

START_TEST(somebody_elses_certificate_at_the_local_address_is_proof_when_met_twice)
{
    add_stand("62.1.1.1", TLS_WRONG_NAME);
    add_stand("5.6.7.8", TLS_OK);
    begin("62.1.1.1", "5.6.7.8");
    pass(25);
    ck_assert_uint_eq(world.n_alerts, 0);
    pass(30);
    ck_assert_uint_eq(world.n_alerts, 1);
    const struct told_alert *alert = &world.alerts[0];
    ck_assert_str_eq(alert->verdict, "HIJACK_REDIRECT");
    assert_says(alert->message, "DNS hijack CONFIRMED (P1 redirect): bank.example.net A");
    assert_says(alert->message, "shows somebody else's certificate (CN=block.isp.example)");
    assert_says(alert->message, "; do not trust this resolver.");
    assert_says(alert->fields, "TLS_ISP=wrong_name\n");
    assert_says(alert->fields, "TLS_CONTROL=ok\n");
    assert_says(alert->fields, "TLS_CERT_SHA256=00ff\n");
    assert_says(alert->fields, "TLS_SUBJECT=CN=block.isp.example\n");
    assert_says(alert->fields, "FAMILIES=endpoint\n");
    ck_assert_uint_eq(world.n_proved, 4);
    ck_assert_str_eq(world.proved[0], "5.6.7.8"); /* the witness's address first */
    ck_assert_str_eq(world.proved[1], "62.1.1.1");
}
END_TEST

START_TEST(a_valid_certificate_elsewhere_exonerates)
{
    add_stand("62.1.1.1", TLS_OK);
    add_stand("5.6.7.8", TLS_OK);
    begin("62.1.1.1", "5.6.7.8");
    pass(120);
    ck_assert_uint_eq(world.n_alerts, 0);
    ck_assert_uint_eq(counts().n_consistent, 1 + 1); /* and the probe */
    ck_assert_uint_eq(world.n_proved, 2);
}
END_TEST

START_TEST(another_address_of_the_same_network_exonerates_without_a_handshake)
{
    world.homes[0] = (struct home){"62.1.1.1", 64500};
    world.homes[1] = (struct home){"5.6.7.8", 64500};
    add_stand("62.1.1.1", TLS_WRONG_NAME);
    add_stand("5.6.7.8", TLS_OK);
    begin("62.1.1.1", "5.6.7.8");
    pass(120);
    ck_assert_uint_eq(world.n_alerts, 0);
    ck_assert_uint_eq(world.n_proved, 0);
    ck_assert_uint_eq(counts().n_consistent, 1 + 1); /* and the probe */
}
END_TEST

/* There a block page stands beside a content network's genuine cache. */
static void block_page_in_the_access_network(const char *neighbour)
{
    world.homes[0] = (struct home){"62.1.1.1", 64500};
    world.homes[1] = (struct home){"5.6.7.8", 64500};
    world.homes[2] = (struct home){neighbour, 64500};
    add_stand("62.1.1.1", TLS_WRONG_NAME);
    add_stand("5.6.7.8", TLS_OK);
    begin("62.1.1.1", "5.6.7.8");
    pass(60);
    ck_assert_uint_eq(world.n_alerts, 1);
    ck_assert_str_eq(world.alerts[0].verdict, "HIJACK_REDIRECT");
    assert_says(world.alerts[0].fields, "ISP_ASNS=AS64500\n");
    assert_says(world.alerts[0].fields, "CONTROL_ASNS=AS64500\n");
}

START_TEST(the_local_resolvers_own_network_does_not_exonerate)
{
    block_page_in_the_access_network(world.servers[0]);
}
END_TEST

START_TEST(the_network_this_machine_is_in_does_not_exonerate)
{
    static struct address own;
    own = (struct address){.n = 4, .at = {81, 2, 69, 142}};
    world.params.own = &own;
    world.params.n_own = 1;
    block_page_in_the_access_network("81.2.69.142");
}
END_TEST

START_TEST(handshakes_that_fail_at_the_witnesses_address_say_nothing)
{
    add_stand("62.1.1.1", TLS_UNTRUSTED);
    begin("62.1.1.1", "5.6.7.8");
    pass(120);
    ck_assert_uint_eq(world.n_alerts, 0);
    ck_assert_uint_eq(world.n_proved, 1);
    ck_assert_uint_eq(counts().n_confirmed + counts().n_probable, 0);
}
END_TEST

START_TEST(no_handshake_at_the_local_address_says_nothing)
{
    add_stand("5.6.7.8", TLS_OK);
    begin("62.1.1.1", "5.6.7.8");
    pass(120);
    ck_assert_uint_eq(world.n_alerts, 0);
    add_stand("62.1.1.2", TLS_EXPIRED);
    add_fact("old.example.net", "62.1.1.2", "5.6.7.8");
    tell("old.example.net", "5.6.7.8");
    pass(120);
    ck_assert_uint_eq(world.n_alerts, 0);
    ck_assert_uint_eq(counts().n_confirmed + counts().n_probable, 0);
}
END_TEST

START_TEST(private_addresses_and_sinkholes_are_never_connected_to)
{
    /* The world's door fails the test on any bogon. */
    begin("10.0.0.1", "5.6.7.8");
    add_fact("sink.example.net", "35.205.61.67", "5.6.7.8");
    tell("sink.example.net", "5.6.7.8");
    add_fact("mixed.example.net", "192.168.1.1 62.1.1.1", "5.6.7.8");
    tell("mixed.example.net", "5.6.7.8");
    pass(120);
    ck_assert_uint_eq(world.n_proved, 0);
}
END_TEST

START_TEST(no_handshake_goes_where_a_chain_leads_to_a_sinkhole)
{
    add_stand("62.1.1.1", TLS_WRONG_NAME);
    add_stand("5.6.7.8", TLS_OK);
    add_fact("bank.example.net", "62.1.1.1", "5.6.7.8");
    fact_of("bank.example.net")->local_end = "sinkhole.paloaltonetworks.com";
    world.tls = true;
    start();
    pass(3);
    tell("bank.example.net", "5.6.7.8");
    pass(60);
    ck_assert_uint_eq(world.n_proved, 0);
}
END_TEST

START_TEST(no_more_than_six_handshakes_a_minute_and_two_at_once)
{
    char name[32];
    static char locals[20][16];
    world.tls = true;
    add_stand("5.6.7.8", TLS_OK);
    for (unsigned i = 0; i < 12; i++) {
        snprintf(name, sizeof name, "n%u.example.net", i);
        snprintf(locals[i], sizeof locals[i], "62.1.1.%u", i);
        add_fact(strdup(name), locals[i], "5.6.7.8");
    }
    start();
    pass(3);
    for (unsigned i = 0; i < 12; i++) {
        snprintf(name, sizeof name, "n%u.example.net", i);
        tell(name, "5.6.7.8");
    }
    pass(20);
    ck_assert_uint_le(world.n_proved, 6 + 2);
    ck_assert_uint_ge(world.n_proved, 6);
    ck_assert_uint_eq(world.n_alerts, 0);
}
END_TEST

/* ---- signatures ---- */

static uint8_t forged_answer[512];

/* HTTPS gives the signed truth; the local resolver gives `local`, and to DO=1 that message. */
static void begin_signed(const char *local, struct bytes message)
{
    static const uint8_t was[] = {5, 6, 7, 8}, now[] = {62, 1, 1, 1};
    memcpy(forged_answer, signed_good, sizeof signed_good);
    memcpy(memmem(forged_answer, sizeof signed_good, was, sizeof was), now, sizeof now);
    world.signed_control = bytes_of(signed_good, sizeof signed_good);
    world.signed_keys = bytes_of(signed_keys, sizeof signed_keys);
    world.signed_local = message;
    add_fact("www.signed.example.net", local, "5.6.7.8 5.6.7.9");
    start();
    pass(3);
    tell("www.signed.example.net", "5.6.7.8 5.6.7.9");
}

START_TEST(a_signed_answer_that_was_altered_is_proof_when_met_twice)
{
    begin_signed("62.1.1.1", bytes_of(forged_answer, sizeof signed_good));
    pass(25);
    ck_assert_uint_eq(world.n_alerts, 0);
    pass(30);
    ck_assert_uint_eq(world.n_alerts, 1);
    ck_assert_str_eq(world.alerts[0].verdict, "HIJACK_FORGED");
    assert_says(world.alerts[0].message, "CONFIRMED (P6 ");
    assert_says(world.alerts[0].fields, "FAMILIES=message\n");
    ck_assert_uint_eq(world.n_signed_asked, 2);
}
END_TEST

START_TEST(other_addresses_without_a_signature_prove_nothing)
{
    uint8_t bare[sizeof signed_bare];
    memcpy(bare, signed_bare, sizeof bare);
    memcpy(memmem(bare, sizeof bare, (const uint8_t[]){5, 6, 7, 8}, 4),
           (const uint8_t[]){62, 1, 1, 1}, 4);
    begin_signed("62.1.1.1", bytes_of(bare, sizeof bare));
    pass(120);
    ck_assert_uint_eq(world.n_alerts, 0);
    ck_assert_uint_eq(counts().n_confirmed + counts().n_probable, 0);
}
END_TEST

START_TEST(a_key_that_the_witnesses_did_not_validate_proves_nothing)
{
    static uint8_t without_ad[sizeof signed_keys];
    memcpy(without_ad, signed_keys, sizeof signed_keys);
    without_ad[3] &= (uint8_t)~FLAG_AD;
    begin_signed("62.1.1.1", bytes_of(forged_answer, sizeof signed_good));
    world.signed_keys = bytes_of(without_ad, sizeof without_ad);
    pass(120);
    ck_assert_uint_eq(world.n_alerts, 0);
    ck_assert_uint_eq(world.n_signed_asked, 0);
}
END_TEST

START_TEST(a_name_that_is_not_signed_costs_the_local_resolver_no_question)
{
    begin_signed("62.1.1.1", bytes_of(forged_answer, sizeof signed_good));
    world.signed_control = bytes_of(signed_bare, sizeof signed_bare);
    pass(120);
    ck_assert_uint_eq(world.n_signed_asked, 0);
    ck_assert_uint_eq(world.n_alerts, 0);
}
END_TEST

START_TEST(a_good_signature_exonerates_what_the_witnesses_do_not_give)
{
    world.signed_control = bytes_of(signed_good, sizeof signed_good);
    world.signed_keys = bytes_of(signed_keys, sizeof signed_keys);
    world.signed_local = world.signed_control;
    add_fact("www.signed.example.net", "5.6.7.8", "9.10.11.12");
    start();
    pass(3);
    tell("www.signed.example.net", "9.10.11.12");
    pass(120);
    ck_assert_uint_eq(world.n_signed_asked, 1);
    ck_assert_uint_eq(counts().n_consistent, 1 + 1); /* and the probe */
    ck_assert_uint_eq(world.n_alerts, 0);
}
END_TEST

/* To who asks for signatures, the truth; to all others, something else. */
START_TEST(a_good_signature_does_not_speak_for_addresses_it_does_not_cover)
{
    begin_signed("62.1.1.1", bytes_of(signed_good, sizeof signed_good));
    pass(120);
    ck_assert_uint_eq(world.n_signed_asked, 1);
    ck_assert_uint_eq(counts().n_consistent, 1); /* the probe */
    ck_assert_uint_eq(counts().n_inconclusive, 1);
}
END_TEST

START_TEST(without_a_race_socket_the_case_goes_on)
{
    fake_race_failure = -EMFILE;
    start();
    pass(3);
    tell("news.example.net", "5.6.7.8");
    pass(120);
    ck_assert_uint_eq(world.n_alerts, 1);
    ck_assert_str_eq(world.alerts[0].verdict, "HIJACK_BOGON");
}
END_TEST

START_TEST(a_denied_name_is_told_after_three_tries_over_two_transports_between_control_names)
{
    add_fact("denied.example.net", "REFUSED", "5.6.7.8");
    start();
    pass(3);
    size_t before = world.n_asked;
    tell("denied.example.net", "5.6.7.8");
    pass(20);
    ck_assert_uint_eq(world.n_alerts, 0);
    ck_assert_uint_le(world.n_asked - before, 4);
    pass(100);
    ck_assert_uint_eq(world.n_alerts, 1);
    ck_assert_str_eq(world.alerts[0].verdict, "BLOCKED_NEGATIVE");
    assert_says(world.alerts[0].message, "says REFUSED, while it answers for other names");
    ck_assert_uint_ge(world.n_tcp_asked, 1);
    ck_assert_uint_ge(times_asked("example.com."), 2);
}
END_TEST

START_TEST(silence_for_one_name_is_at_most_probable)
{
    add_fact("denied.example.net", "", "5.6.7.8");
    start();
    pass(3);
    size_t before = world.n_asked;
    tell("denied.example.net", "5.6.7.8");
    pass(120);
    ck_assert_uint_eq(world.n_alerts, 0);
    ck_assert_uint_eq(counts().n_probable, 1);
    ck_assert_uint_le(world.n_asked - before, 8);
}
END_TEST

START_TEST(a_resolver_that_refuses_everything_is_not_accused)
{
    world.captive = "REFUSED";
    start();
    pass(3);
    tell("news.example.net", "5.6.7.8");
    tell("cdn.example.net", "9.10.11.12");
    pass(300);
    ck_assert_uint_eq(world.n_alerts, 0);
    ck_assert_uint_eq(counts().n_confirmed + counts().n_probable, 0);
}
END_TEST

START_TEST(one_foreign_address_for_three_unrelated_names_is_at_most_probable)
{
    static const char *const names[] = {"a.one.org", "b.two.org", "c.three.org", "d.four.org"};
    for (size_t i = 0; i < 4; i++) {
        add_fact(names[i], "62.1.1.1", "5.6.7.8");
    }
    start();
    pass(3);
    for (size_t i = 0; i < 4; i++) {
        tell(names[i], "5.6.7.8");
        pass(60);
    }
    ck_assert_uint_eq(world.n_alerts, 0);
    ck_assert_uint_ge(counts().n_probable, 1);
    struct ledger_record record;
    ck_assert_uint_eq(ledger_records(world.ledger, &record, 1), 1);
    ck_assert_int_eq(record.subject.rule, RULE_P10);
    free(record.evidence);
}
END_TEST

START_TEST(a_change_that_the_local_resolver_does_not_follow_is_old_content_for_information)
{
    world.tls = true;
    add_stand("5.6.7.100", TLS_OK);
    add_fact("moved.example.net", "8.8.4.100", "8.8.4.100");
    const char *const names[] = {"moved.example.net"};
    world.params.mode = AUDIT_WATCHLIST;
    world.params.watchlist = names;
    world.params.n_watchlist = 1;
    start();
    for (unsigned i = 0; i < 10; i++) {
        pass(3700); /* the verdict's life: checked again */
    }
    fact_of("moved.example.net")->https = "5.6.7.100";
    for (unsigned i = 0; i < 40; i++) {
        pass(3700);
    }
    ck_assert_uint_eq(n_alerts_of("detect"), 1);
    assert_says(world.alerts[0].message, "DNS state");
    ck_assert_ptr_nonnull(strstr(world.alerts[0].verdict, "STALE_"));
}
END_TEST

START_TEST(what_a_content_network_gives_and_takes_raises_nothing)
{
    static char local[32], https[32];
    add_fact("churn.example.net", local, https);
    start();
    for (unsigned i = 0; i < 300; i++) {
        snprintf(local, sizeof local, "62.%u.1.1", i % 200);
        snprintf(https, sizeof https, "5.%u.7.8", (i * 7 + 3) % 200);
        tell("churn.example.net", https);
        pass(700);
    }
    ck_assert_uint_eq(world.n_alerts, 0);
    ck_assert_uint_eq(counts().n_confirmed + counts().n_probable, 0);
}
END_TEST

/* Whoever looks a verdict up can replay it. */
START_TEST(a_verdict_is_kept_with_evidence_that_gives_the_same_verdict_again)
{
    start();
    pass(3);
    tell("news.example.net", "5.6.7.8");
    pass(60);
    struct ledger_record record;
    static struct evidence evidence;
    char why[EVIDENCE_WHY_MAX];
    ck_assert_uint_eq(ledger_records(world.ledger, &record, 1), 1);
    ck_assert_int_eq(record.verdict, VERDICT_CONFIRMED);
    ck_assert_ptr_nonnull(record.evidence);
    ck_assert_msg(
        evidence_read(bytes_of(record.evidence, strlen(record.evidence)), &evidence, why) == 0,
        "%s", why);
    struct judgement again = evidence_judge(&evidence);
    ck_assert_int_eq(again.verdict, VERDICT_CONFIRMED);
    ck_assert_int_eq(again.rule, RULE_P2);
    free(record.evidence);
}
END_TEST

START_TEST(ipv6_made_of_the_witnesses_ipv4_is_no_difference)
{
    /* Only of type A elsewhere: NODATA for AAAA. */
    add_fact("four.example.net", "2a00:64::506:708", "5.6.7.8");
    add_fact("else.example.net", "2a00:64::506:709", "5.6.7.8");
    world.translated = "2a00:64::c000:aa 2a00:64::c000:ab";
    start();
    pass(3);
    tell_v6("four.example.net", "NODATA");
    pass(60);
    ck_assert_uint_eq(times_asked("ipv4only.arpa."), 1);
    ck_assert_uint_eq(counts().n_consistent, 1 + 1); /* and the probe */
    tell_v6("else.example.net", "NODATA");
    pass(60);
    ck_assert_uint_eq(counts().n_consistent, 1 + 1);     /* the prefix alone excuses nothing */
    ck_assert_uint_eq(times_asked("ipv4only.arpa."), 1); /* it is known now */
    ck_assert_uint_eq(world.n_alerts, 0);
}
END_TEST

START_TEST(without_a_prefix_of_the_network_ipv6_of_its_own_stays_a_difference)
{
    add_fact("four.example.net", "2a00:64::506:708", "5.6.7.8");
    start();
    pass(3);
    tell_v6("four.example.net", "NODATA");
    pass(60);
    ck_assert_uint_eq(times_asked("ipv4only.arpa."), 1);
    ck_assert_uint_eq(counts().n_consistent, 1);
}
END_TEST

START_TEST(a_lie_that_comes_over_tcp_only_is_told_as_such)
{
    world.truncates = true;
    start();
    pass(3);
    tell("news.example.net", "5.6.7.8");
    pass(120);
    ck_assert_uint_eq(world.n_alerts, 1);
    assert_says(world.alerts[0].fields, "TRANSPORT=tcp\n");
    world.truncates = false;
    add_fact("udp.example.net", "10.0.0.9", "5.6.7.8");
    tell("udp.example.net", "5.6.7.8");
    pass(120);
    ck_assert_uint_eq(world.n_alerts, 2);
    assert_says(world.alerts[1].fields, "TRANSPORT=udp\n");
}
END_TEST

START_TEST(each_prefix_length_of_rfc_6052_is_found)
{
    /* RFC 6052 section 2.4, with 192.0.0.170 inside. */
    const struct {
        const char *address, *prefix;
        unsigned bits;
    } rows[] = {
        {"2001:db8:c000:aa::", "2001:db8::", 32},
        {"2001:db8:1c0:0:aa::", "2001:db8:100::", 40},
        {"2001:db8:122:c000:0:aa00::", "2001:db8:122::", 48},
        {"2001:db8:122:3c0:0:aa::", "2001:db8:122:300::", 56},
        {"2001:db8:122:344:c0:0:aa00:0", "2001:db8:122:344::", 64},
        {"2001:db8:122:344::192.0.0.170", "2001:db8:122:344::", 96},
        {"64:ff9b::192.0.0.171", "64:ff9b::", 96},
        {"2a00:1450::5", NULL, 0},
        {"192.0.0.170", NULL, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct said said = said_of(rows[i].address);
        struct address prefix, wanted;
        unsigned bits;
        bool found = translation_prefix(&said, &prefix, &bits);
        ck_assert_msg(found == (rows[i].prefix != NULL), "%s", rows[i].address);
        if (found) {
            wanted = address_of(rows[i].prefix);
            ck_assert_msg(bits == rows[i].bits && address_equal(&prefix, &wanted), "%s: %u",
                          rows[i].address, bits);
        }
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        somebody_elses_certificate_at_the_local_address_is_proof_when_met_twice,
        a_valid_certificate_elsewhere_exonerates,
        another_address_of_the_same_network_exonerates_without_a_handshake,
        the_local_resolvers_own_network_does_not_exonerate,
        the_network_this_machine_is_in_does_not_exonerate,
        a_signed_answer_that_was_altered_is_proof_when_met_twice,
        other_addresses_without_a_signature_prove_nothing,
        a_key_that_the_witnesses_did_not_validate_proves_nothing,
        a_name_that_is_not_signed_costs_the_local_resolver_no_question,
        a_good_signature_exonerates_what_the_witnesses_do_not_give,
        a_good_signature_does_not_speak_for_addresses_it_does_not_cover,
        handshakes_that_fail_at_the_witnesses_address_say_nothing,
        no_handshake_at_the_local_address_says_nothing,
        private_addresses_and_sinkholes_are_never_connected_to,
        no_handshake_goes_where_a_chain_leads_to_a_sinkhole,
        no_more_than_six_handshakes_a_minute_and_two_at_once,
        without_a_race_socket_the_case_goes_on,
        a_denied_name_is_told_after_three_tries_over_two_transports_between_control_names,
        silence_for_one_name_is_at_most_probable,
        a_resolver_that_refuses_everything_is_not_accused,
        one_foreign_address_for_three_unrelated_names_is_at_most_probable,
        a_change_that_the_local_resolver_does_not_follow_is_old_content_for_information,
        what_a_content_network_gives_and_takes_raises_nothing,
        a_verdict_is_kept_with_evidence_that_gives_the_same_verdict_again,
        ipv6_made_of_the_witnesses_ipv4_is_no_difference,
        without_a_prefix_of_the_network_ipv6_of_its_own_stays_a_difference,
        a_lie_that_comes_over_tcp_only_is_told_as_such,
        each_prefix_length_of_rfc_6052_is_found,
    };
    return suite_run("audit_closer", tests, sizeof tests / sizeof tests[0], audit_world_set_up,
                     audit_world_tear_down);
}
