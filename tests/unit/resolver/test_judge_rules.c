/* SPDX-License-Identifier: MIT */
/* Rule by rule, gates, exonerations, artefacts: what hits it, and what comes near and must not. */
#include "tests/unit/judge_cases.h"

/* ---- gates ---- */

START_TEST(g2_an_unsettled_or_captive_network_is_not_judged)
{
    struct judge_case c = case_with("10.0.0.1", "93.184.216.34");
    c.network.changed_s = 29;
    expect(&c, VERDICT_NO_DATA, RULE_G2, FINDING_NONE);
    c.network.changed_s = 30;
    expect(&c, VERDICT_CONFIRMED, RULE_P2, FINDING_HIJACK_BOGON);
    c.network.captive = true;
    expect(&c, VERDICT_UNUSABLE, RULE_G2, FINDING_CAPTIVE);
    c = case_with("123.123.123.123", "93.184.216.34");
    expect(&c, VERDICT_UNUSABLE, RULE_G2, FINDING_CAPTIVE);
}
END_TEST

START_TEST(g3_silence_for_every_name_is_a_broken_resolver)
{
    struct judge_case c = case_with("", "93.184.216.34");
    expect(&c, VERDICT_UNUSABLE, RULE_G3, FINDING_ISP_RESOLVER_UNUSABLE);
    c.sandwiched = true;
    expect(&c, VERDICT_UNUSABLE, RULE_G3, FINDING_ISP_RESOLVER_UNUSABLE);
    sandwich(&c);
    expect(&c, VERDICT_PROBABLE, RULE_P11, FINDING_BLOCKED_NEGATIVE);
}
END_TEST

START_TEST(g5_and_g6_a_wrong_clock_or_trust_store_takes_handshakes_out)
{
    struct judge_case c = different();
    set_tls(&c, TLS_WRONG_NAME, TLS_OK);
    c.network.clock_is_wrong = true;
    expect(&c, VERDICT_INCONCLUSIVE, RULE_G5, FINDING_NONE);
    c.network.clock_is_wrong = false;
    c.network.n_control_failures = 4;
    expect(&c, VERDICT_INCONCLUSIVE, RULE_G6, FINDING_NONE);
    c.network.n_control_failures = 3;
    expect(&c, VERDICT_CONFIRMED, RULE_P1, FINDING_HIJACK_REDIRECT);
}
END_TEST

START_TEST(meetings_too_close_together_are_one)
{
    struct judge_case c = case_with("10.0.0.1", "93.184.216.34");
    c.gap_us = 30000000;
    c.meetings[0].at_us = 1000000;
    c.meetings[1].at_us = 30999999;
    expect(&c, VERDICT_PROBABLE, RULE_P2, FINDING_HIJACK_BOGON);
    c.meetings[1].at_us = 31000000;
    expect(&c, VERDICT_CONFIRMED, RULE_P2, FINDING_HIJACK_BOGON);
}
END_TEST

/* ---- exonerations ---- */

START_TEST(s2_what_was_learnt_before_exonerates)
{
    struct judge_case c = different();
    c.history.known[0] = address_of("5.5.5.5");
    c.history.n_known = 1;
    expect(&c, VERDICT_CONSISTENT, RULE_S2, FINDING_NONE);
    c.history.known[0] = address_of("5.5.5.6");
    expect(&c, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
}
END_TEST

START_TEST(s3_one_cname_zone_exonerates)
{
    const struct {
        const char *local, *control;
        bool consistent;
    } rows[] = {
        {"e1.g.cdn.example", "e1.g.cdn.example", true},
        {"a.fra.cdn.example", "b.lon.cdn.example", true},
        {"cdn.example", "edge.cdn.example", true},
        {"a.cdn.example", "a.block.example", false},
        {"a.foo.co.uk", "b.foo.co.uk", true},
        {"a.foo.co.uk", "a.bar.co.uk", false},
        {"a.foo.com", "a.bar.com", false},
        {"co.uk", "co.uk", true},
        {"x.co.uk", "co.uk", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct judge_case c = different();
        BOTH(c, meeting->local.cname = name_of(rows[i].local);
             meeting->controls[1].cname = name_of(rows[i].control));
        struct judgement got = judge(&c);
        ck_assert_msg((got.rule == RULE_S3) == rows[i].consistent, "%s %s: %s", rows[i].local,
                      rows[i].control, rule_word(got.rule));
    }
    struct judge_case one_sided = different();
    BOTH(one_sided, meeting->local.cname = name_of("a.cdn.example"));
    expect(&one_sided, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
}
END_TEST

START_TEST(s4_a_common_network_or_owner_exonerates_but_not_in_the_access_network)
{
    struct judge_case c = case_with("93.184.216.200", "93.184.216.34");
    expect(&c, VERDICT_CONSISTENT, RULE_S4, FINDING_NONE);
    c = case_with("93.184.217.34", "93.184.216.34");
    expect(&c, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
    c = case_with("2606:4700:1:2::1", "2606:4700:1:3::1");
    expect(&c, VERDICT_CONSISTENT, RULE_S4, FINDING_NONE);
    c = case_with("2606:4700:2::1", "2606:4700:1::1");
    expect(&c, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
    c = different();
    set_asns(&c, 64500, 64500);
    expect(&c, VERDICT_CONSISTENT, RULE_S4, FINDING_NONE);
    set_asns(&c, 16509, 14618); /* both of one owner */
    expect(&c, VERDICT_CONSISTENT, RULE_S4, FINDING_NONE);
    set_asns(&c, 0, 0);
    expect(&c, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
    set_asns(&c, 64500, 64501);
    expect(&c, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
    set_asns(&c, 64500, 64500);
    c.network.asns[0] = 64500;
    c.network.n_asns = 1;
    expect(&c, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
    set_tls(&c, TLS_OK, TLS_OK);
    expect(&c, VERDICT_CONSISTENT, RULE_S9, FINDING_NONE);
}
END_TEST

START_TEST(s5_a_valid_signature_exonerates)
{
    struct judge_case c = different();
    BOTH(c, meeting->local.signature = SIGNATURE_VALID);
    expect(&c, VERDICT_CONSISTENT, RULE_S5, FINDING_NONE);
}
END_TEST

START_TEST(s6_a_translated_address_is_the_one_it_translates)
{
    struct judge_case c = case_with("64:ff9b::5db8:d822", "2606:4700::1");
    c.dns64 = address_of("64:ff9b::");
    c.dns64_bits = 96;
    c.v4 = said_of("93.184.216.34");
    expect(&c, VERDICT_CONSISTENT, RULE_S6, FINDING_NONE);
    c.v4 = said_of("93.184.216.35");
    expect(&c, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
    c = case_with("2a00:1:2:3:5d:b8d8:2200:0", "2606:4700::1"); /* RFC 6052 §2.2: /64 */
    c.dns64 = address_of("2a00:1:2:3::");
    c.dns64_bits = 64;
    c.v4 = said_of("93.184.216.34");
    expect(&c, VERDICT_CONSISTENT, RULE_S6, FINDING_NONE);
    c.dns64.n = 0;
    expect(&c, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
}
END_TEST

START_TEST(s9_a_handshake_that_passes_exonerates_and_tells_of_a_foreign_network)
{
    struct judge_case c = different();
    set_tls(&c, TLS_OK, TLS_UNTRIED);
    set_asns(&c, 64500, 64501);
    struct judgement got = judge(&c);
    ck_assert_int_eq(got.rule, RULE_S9);
    ck_assert(got.via_foreign_as);
    set_asns(&c, 0, 64501);
    ck_assert(!judge(&c).via_foreign_as);
    set_tls(&c, TLS_LOCAL_ROOT, TLS_OK);
    expect(&c, VERDICT_INCONCLUSIVE, RULE_S9, FINDING_TLS_INTERCEPTED_BY_LOCAL_ROOT);
}
END_TEST

START_TEST(a_private_address_that_controls_give_too_is_rebinding)
{
    struct judge_case c = case_with("192.168.1.1", "192.168.1.1");
    expect(&c, VERDICT_CONSISTENT, RULE_S1, FINDING_REBIND);
}
END_TEST

/* ---- artefacts ---- */

START_TEST(p1_needs_every_local_address_elsewhere_and_a_control_that_passes)
{
    const struct {
        enum tls_outcome local, control;
        enum verdict verdict;
    } rows[] = {
        {TLS_WRONG_NAME, TLS_OK, VERDICT_CONFIRMED},
        {TLS_UNTRUSTED, TLS_OK, VERDICT_CONFIRMED},
        {TLS_EXPIRED, TLS_OK, VERDICT_INCONCLUSIVE},
        {TLS_FAILED, TLS_OK, VERDICT_INCONCLUSIVE},
        {TLS_UNTRIED, TLS_OK, VERDICT_INCONCLUSIVE},
        {TLS_FAILED, TLS_FAILED, VERDICT_INCONCLUSIVE},
        {TLS_WRONG_NAME, TLS_FAILED, VERDICT_INCONCLUSIVE},
        {TLS_WRONG_NAME, TLS_WRONG_NAME, VERDICT_INCONCLUSIVE},
        {TLS_UNTRUSTED, TLS_UNTRIED, VERDICT_INCONCLUSIVE},
        {TLS_WRONG_NAME, TLS_UNTRIED, VERDICT_PROBABLE},
        {TLS_LOCAL_ROOT, TLS_OK, VERDICT_INCONCLUSIVE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct judge_case c = different();
        set_tls(&c, rows[i].local, rows[i].control);
        struct judgement got = judge(&c);
        ck_assert_msg(got.verdict == rows[i].verdict, "row %zu: %s", i, verdict_word(got.verdict));
    }
    struct judge_case c = case_with("5.5.5.5 5.5.5.6", "93.184.216.34");
    set_tls(&c, TLS_WRONG_NAME, TLS_OK);
    BOTH(c, meeting->local.tls[1] = TLS_FAILED);
    expect(&c, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
    BOTH(c, meeting->local.tls[1] = TLS_OK);
    expect(&c, VERDICT_CONSISTENT, RULE_S9, FINDING_NONE);
    BOTH(c, meeting->local.tls[1] = TLS_UNTRUSTED);
    struct judgement got = judge(&c);
    ck_assert_int_eq(got.verdict, VERDICT_CONFIRMED);
    ck_assert_uint_eq(got.families, FAMILY_ENDPOINT);
    c.n_meetings = 1;
    expect(&c, VERDICT_PROBABLE, RULE_P1, FINDING_HIJACK_REDIRECT);
    c.n_meetings = 2;
    c.meetings[1].n_controls = 1;
    expect(&c, VERDICT_PROBABLE, RULE_P1, FINDING_HIJACK_REDIRECT);
}
END_TEST

START_TEST(p2_stands_beside_a_common_cname_or_network)
{
    struct judge_case c = case_with("10.10.34.34", "93.184.216.34");
    BOTH(c, meeting->local.cname = meeting->controls[0].cname = name_of("e.cdn.example"));
    expect(&c, VERDICT_CONFIRMED, RULE_P2, FINDING_HIJACK_BOGON);
    BOTH(c, meeting->local.signature = SIGNATURE_VALID);
    expect(&c, VERDICT_CONSISTENT, RULE_S5, FINDING_NONE);
}
END_TEST

START_TEST(p2_through_a_private_resolver_needs_a_list_or_a_direct_question)
{
    struct judge_case c = case_with("10.10.34.34", "93.184.216.34");
    c.local_may_filter = true;
    expect(&c, VERDICT_PROBABLE, RULE_P2, FINDING_FILTERED_LOCAL_OR_ISP);
    c.history.n_names = 5;
    expect(&c, VERDICT_PROBABLE, RULE_P2, FINDING_FILTERED_LOCAL_OR_ISP);
    BOTH(c, meeting->local.fingerprint = FINGERPRINT_PRODUCT);
    ck_assert_int_eq(judge(&c).verdict, VERDICT_PROBABLE);
    BOTH(c, meeting->local.fingerprint = FINGERPRINT_NATION);
    expect(&c, VERDICT_CONFIRMED, RULE_P2, FINDING_HIJACK_BOGON);
    BOTH(c, meeting->local.fingerprint = FINGERPRINT_NONE);
    BOTH(c, meeting->direct = said_of("10.10.34.34"));
    expect(&c, VERDICT_CONFIRMED, RULE_P2, FINDING_HIJACK_BOGON);
    BOTH(c, meeting->direct = said_of("93.184.216.34"));
    expect(&c, VERDICT_PROBABLE, RULE_P2, FINDING_FILTERED_LOCAL_OR_ISP);
    c = case_with("0.0.0.0", "93.184.216.34");
    c.local_may_filter = true;
    BOTH(c,
         meeting->local.fingerprint = FINGERPRINT_NATION); /* no list can tell whose 0.0.0.0 is */
    expect(&c, VERDICT_PROBABLE, RULE_P2, FINDING_FILTERED_LOCAL_OR_ISP);
}
END_TEST

START_TEST(c5_p4_two_replies_that_cannot_both_be_true_are_an_injection)
{
    struct judge_case c = case_with("93.184.216.34", "93.184.216.34");
    BOTH(c, meeting->second = said_of("93.46.8.89"));
    struct judgement got = judge(&c);
    expect(&c, VERDICT_CONFIRMED, RULE_P4, FINDING_INJECTION);
    struct address forged = address_of("93.46.8.89");
    ck_assert(address_equal(&got.artefact, &forged));
    struct judge_case other_way = case_with("93.46.8.89", "93.184.216.34");
    BOTH(other_way, meeting->second = said_of("93.184.216.34"));
    struct judgement same = judge(&other_way);
    expect(&other_way, VERDICT_CONFIRMED, RULE_P4, FINDING_INJECTION);
    ck_assert(address_equal(&same.artefact, &forged));
    ck_assert_uint_eq(got.families, FAMILY_PATH);
    c.meetings[1].second = (struct said){0};
    expect(&c, VERDICT_CONSISTENT, RULE_S1, FINDING_NONE);
    c.n_meetings = 1;
    expect(&c, VERDICT_PROBABLE, RULE_P4, FINDING_INJECTION);
    got = judge(&c);
    ck_assert(judgement_wants_recheck(&got, 1));

    const char *const harmless[] = {"93.184.216.34", "93.184.216.77", "SERVFAIL", "NODATA"};
    for (size_t i = 0; i < 4; i++) {
        struct judge_case h = case_with("93.184.216.34", "93.184.216.34");
        BOTH(h, meeting->second = said_of(harmless[i]));
        expect(&h, VERDICT_CONSISTENT, RULE_S1, FINDING_NONE);
    }
    struct judge_case nx = case_with("NXDOMAIN", "93.184.216.34");
    BOTH(nx, meeting->second = said_of("93.184.216.34"));
    expect(&nx, VERDICT_CONFIRMED, RULE_P4, FINDING_INJECTION);
    /* Neither is known to be true: two faces of one balancer may be that. */
    struct judge_case neither = case_with("5.5.5.5", "93.184.216.34");
    BOTH(neither, meeting->second = said_of("6.6.6.6"));
    expect(&neither, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
    set_asns(&neither, 64500, 64501);
    BOTH(neither, meeting->second.asns[0] = 64502; meeting->second.n_asns = 1);
    expect(&neither, VERDICT_CONFIRMED, RULE_P4, FINDING_INJECTION);
    BOTH(neither, meeting->second.asns[0] = 64500);
    expect(&neither, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
}
END_TEST

/* A network that sends questions twice, and a name with two content networks. */
START_TEST(p4_two_replies_that_are_both_the_names_are_no_injection)
{
    struct judge_case c = case_with("93.184.216.34", "93.184.216.34");
    BOTH(c, meeting->second = said_of("6.6.6.6"));
    set_asns(&c, 64500, 64500);
    BOTH(c, meeting->second.asns[0] = 64502; meeting->second.n_asns = 1);
    expect(&c, VERDICT_CONFIRMED, RULE_P4, FINDING_INJECTION);
    c.history.known[0] = address_of("6.6.6.6");
    c.history.n_known = 1;
    expect(&c, VERDICT_CONSISTENT, RULE_S1, FINDING_NONE);
    c.history.n_known = 0;
    BOTH(c, meeting->controls[1] = said_of("6.6.6.6"));
    expect(&c, VERDICT_CONSISTENT, RULE_S1, FINDING_NONE);
}
END_TEST

/* Its owner publishes a private address beside a public one: every witness gives both. */
START_TEST(p4_an_impossible_address_that_witnesses_give_beside_a_good_one_is_no_injection)
{
    struct judge_case c = case_with("93.184.216.34", "93.184.216.34 10.0.0.1");
    BOTH(c, meeting->second = said_of("10.0.0.1"));
    expect(&c, VERDICT_CONSISTENT, RULE_S1, FINDING_NONE);
    BOTH(
        c, for (size_t i = 0; i < meeting->n_controls;
                i++) { meeting->controls[i] = said_of("93.184.216.34"); });
    expect(&c, VERDICT_CONFIRMED, RULE_P4, FINDING_INJECTION);
}
END_TEST

START_TEST(p6_a_signature_that_does_not_fit_is_forgery_whatever_else_agrees)
{
    struct judge_case c = case_with("93.184.216.34", "93.184.216.34");
    BOTH(c, meeting->local.signature = SIGNATURE_INVALID);
    expect(&c, VERDICT_CONSISTENT, RULE_S1, FINDING_NONE); /* nobody verified it elsewhere */
    BOTH(c, meeting->controls[1].signature = SIGNATURE_VALID);
    expect(&c, VERDICT_CONFIRMED, RULE_P6, FINDING_HIJACK_FORGED);
    c.n_meetings = 1;
    expect(&c, VERDICT_PROBABLE, RULE_P6, FINDING_HIJACK_FORGED);
    c.n_meetings = 2;
    BOTH(c, meeting->controls[0] = said_of("93.184.216.34 93.184.216.35"));
    expect(&c, VERDICT_CONSISTENT, RULE_S1, FINDING_NONE); /* picked from what was signed */
    BOTH(c, meeting->local = said_of("93.184.216.34 62.1.1.1");
         meeting->local.signature = SIGNATURE_INVALID);
    expect(&c, VERDICT_CONFIRMED, RULE_P6, FINDING_HIJACK_FORGED);
    BOTH(c, meeting->local = said_of("93.184.216.34");
         meeting->local.signature = SIGNATURE_EXPIRED);
    expect(&c, VERDICT_CONSISTENT, RULE_S1, FINDING_NONE);
    BOTH(c, meeting->local.signature = SIGNATURE_ABSENT);
    expect(&c, VERDICT_DOWNGRADE, RULE_T12, FINDING_DNSSEC_STRIPPED);
}
END_TEST

START_TEST(p7_a_listed_block_address_is_proof_by_the_lists_scope)
{
    const struct {
        enum fingerprint fingerprint;
        enum verdict verdict;
    } rows[] = {
        {FINGERPRINT_NONE, VERDICT_INCONCLUSIVE}, {FINGERPRINT_NOISY, VERDICT_INCONCLUSIVE},
        {FINGERPRINT_LEARNED, VERDICT_PROBABLE},  {FINGERPRINT_PRODUCT, VERDICT_PROBABLE},
        {FINGERPRINT_POOL, VERDICT_PROBABLE},     {FINGERPRINT_ISP, VERDICT_CONFIRMED},
        {FINGERPRINT_NATION, VERDICT_CONFIRMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct judge_case c = different();
        BOTH(c, meeting->local.fingerprint = rows[i].fingerprint);
        struct judgement got = judge(&c);
        ck_assert_msg(got.verdict == rows[i].verdict, "row %zu: %s", i, verdict_word(got.verdict));
    }
    struct judge_case c = different();
    BOTH(c, meeting->local.fingerprint = FINGERPRINT_NATION);
    set_asns(&c, 32934, 32934); /* an injector's address that is the name's own network */
    expect(&c, VERDICT_CONSISTENT, RULE_S4, FINDING_NONE);
    set_asns(&c, 64500, 32934);
    expect(&c, VERDICT_CONFIRMED, RULE_P7, FINDING_HIJACK_REDIRECT);
    BOTH(c, meeting->controls[1].fingerprint = FINGERPRINT_NATION); /* a polluted control */
    expect(&c, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
    c = different();
    BOTH(c, meeting->local.fingerprint = FINGERPRINT_NATION; meeting->n_controls = 0);
    expect(&c, VERDICT_PROBABLE, RULE_P7, FINDING_HIJACK_REDIRECT);
    BOTH(c, meeting->local.fingerprint = FINGERPRINT_POOL);
    expect(&c, VERDICT_NO_DATA, RULE_G4, FINDING_NONE);
}
END_TEST

START_TEST(p8_an_answer_that_declares_itself_filtered_is_believed)
{
    for (int16_t ede = 0; ede < 30; ede++) {
        struct judge_case c = case_with("NXDOMAIN", "93.184.216.34");
        BOTH(c, meeting->local.ede = ede);
        bool declared = ede == 4 || (ede >= 15 && ede <= 18);
        struct judgement got = judge(&c);
        ck_assert_msg((got.verdict == VERDICT_FILTERED_DECLARED) == declared, "%d", ede);
    }
    struct judge_case acl = case_with("REFUSED", "93.184.216.34");
    BOTH(acl, meeting->local.ede = 18);
    ck_assert_int_lt(judge(&acl).verdict, VERDICT_PROBABLE);
    sandwich(&acl);
    expect(&acl, VERDICT_FILTERED_DECLARED, RULE_P8, FINDING_FILTERED_DECLARED);
    acl.control_name = said_of("REFUSED");
    expect(&acl, VERDICT_UNUSABLE, RULE_G3, FINDING_ISP_RESOLVER_UNUSABLE);
}
END_TEST

START_TEST(p10_one_address_for_many_names_lifts_what_is_probable_of_it)
{
    struct judge_case c = different();
    c.history.n_names = 2;
    expect(&c, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
    c.history.n_names = 3;
    expect(&c, VERDICT_PROBABLE, RULE_P10, FINDING_HIJACK_REDIRECT);
    BOTH(c, meeting->local.fingerprint = FINGERPRINT_POOL);
    expect(&c, VERDICT_CONFIRMED, RULE_P10, FINDING_HIJACK_REDIRECT);
    ck_assert_uint_eq(judge(&c).families, FAMILY_MESSAGE | FAMILY_BEHAVIOUR);
    c.n_meetings = 1;
    struct judgement once = judge(&c);
    ck_assert_int_eq(once.verdict, VERDICT_PROBABLE);
    ck_assert(judgement_wants_recheck(&once, 1)); /* met again, it is proved */
    c.n_meetings = 2;
    c.local_may_filter = true;
    ck_assert_int_eq(judge(&c).verdict, VERDICT_PROBABLE);
    c.local_may_filter = false;
    set_tls(&c, TLS_OK, TLS_OK); /* the ISP's own cache */
    expect(&c, VERDICT_CONSISTENT, RULE_S9, FINDING_NONE);
}
END_TEST

static struct judge_case blocked(const char *word)
{
    struct judge_case c = case_with(word, "93.184.216.34");
    sandwich(&c);
    c.negative.n_tries = 3;
    c.negative.over_udp = c.negative.over_tcp = true;
    c.negative.sibling = said_of(strcmp(word, "NXDOMAIN") == 0 ? "NODATA" : "NXDOMAIN");
    return c;
}

START_TEST(p11_a_negative_answer_for_one_name_is_proved_by_what_surrounds_it)
{
    const char *const words[] = {"NXDOMAIN", "NODATA", "SERVFAIL", "REFUSED"};
    for (size_t i = 0; i < 4; i++) {
        struct judge_case c = blocked(words[i]);
        expect(&c, VERDICT_CONFIRMED, RULE_P11, FINDING_BLOCKED_NEGATIVE);
        c.sandwiched = false;
        ck_assert_int_eq(judge(&c).verdict, i < 2 ? VERDICT_PROBABLE : VERDICT_SUSPECTED);
        c = blocked(words[i]);
        c.negative.n_tries = 2;
        expect(&c, VERDICT_PROBABLE, RULE_P11, FINDING_BLOCKED_NEGATIVE);
        c = blocked(words[i]);
        c.negative.over_tcp = false;
        expect(&c, VERDICT_PROBABLE, RULE_P11, FINDING_BLOCKED_NEGATIVE);
        c = blocked(words[i]);
        c.negative.sibling = said_of(words[i]);
        expect(&c, VERDICT_PROBABLE, RULE_P11, FINDING_BLOCKED_NEGATIVE);
        c = blocked(words[i]);
        c.n_meetings = 1;
        expect(&c, VERDICT_PROBABLE, RULE_P11, FINDING_BLOCKED_NEGATIVE);
        c = blocked(words[i]);
        c.local_may_filter = true;
        expect(&c, VERDICT_PROBABLE, RULE_P11, FINDING_FILTERED_LOCAL_OR_ISP);
        c = blocked(words[i]);
        c.control_name = said_of("SERVFAIL");
        expect(&c, VERDICT_UNUSABLE, RULE_G3, FINDING_ISP_RESOLVER_UNUSABLE);
        c = blocked(words[i]);
        c.meetings[1].local = said_of("93.184.216.34");
        ck_assert_int_eq(judge(&c).verdict, VERDICT_CONSISTENT);
    }
    struct judge_case silent = blocked("");
    expect(&silent, VERDICT_PROBABLE, RULE_P11, FINDING_BLOCKED_NEGATIVE);
    struct judge_case broken = blocked("SERVFAIL");
    BOTH(broken, meeting->controls[0].ede = 22);
    expect(&broken, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
    struct judge_case absent = blocked("NODATA");
    absent.control_is_absent = true;
    absent.control_name = said_of("NXDOMAIN");
    expect(&absent, VERDICT_CONFIRMED, RULE_P11, FINDING_BLOCKED_NEGATIVE);
    struct judge_case remembered = blocked("NODATA"); /* by a cache, as its SOA may mean */
    BOTH(remembered, meeting->local.has_serial = true);
    expect(&remembered, VERDICT_PROBABLE, RULE_P11, FINDING_BLOCKED_NEGATIVE);
    remembered = blocked("NODATA");
    remembered.negative.sibling.lacks_soa = true;
    expect(&remembered, VERDICT_PROBABLE, RULE_P11, FINDING_BLOCKED_NEGATIVE);
    struct judge_case half = blocked("NODATA"); /* of a chain */
    BOTH(half, ck_assert_int_eq(name_from_text("edge.example.net", &meeting->local.cname), 0));
    expect(&half, VERDICT_PROBABLE, RULE_P11, FINDING_BLOCKED_NEGATIVE);
    struct judge_case reasoned = blocked("SERVFAIL");
    BOTH(reasoned, meeting->local.ede = 6); /* its signatures do not hold */
    expect(&reasoned, VERDICT_PROBABLE, RULE_P11, FINDING_BLOCKED_NEGATIVE);
    struct judge_case nothing = blocked("NXDOMAIN");
    BOTH(nothing, meeting->controls[0] = meeting->controls[1] = said_of("NODATA"));
    expect(&nothing, VERDICT_INCONCLUSIVE, RULE_G4, FINDING_NONE);
}
END_TEST

START_TEST(artefacts_of_two_families_are_told_together)
{
    struct judge_case c = case_with("10.10.34.34", "93.184.216.34");
    BOTH(c, meeting->second = said_of("93.184.216.34"));
    struct judgement got = judge(&c);
    char text[JUDGE_FAMILIES_TEXT_MAX];
    ck_assert_int_eq(got.rule, RULE_P2);
    ck_assert_str_eq(families_text(got.families, text), "message path");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        g2_an_unsettled_or_captive_network_is_not_judged,
        g3_silence_for_every_name_is_a_broken_resolver,
        g5_and_g6_a_wrong_clock_or_trust_store_takes_handshakes_out,
        meetings_too_close_together_are_one,
        s2_what_was_learnt_before_exonerates,
        s3_one_cname_zone_exonerates,
        s4_a_common_network_or_owner_exonerates_but_not_in_the_access_network,
        s5_a_valid_signature_exonerates,
        s6_a_translated_address_is_the_one_it_translates,
        s9_a_handshake_that_passes_exonerates_and_tells_of_a_foreign_network,
        a_private_address_that_controls_give_too_is_rebinding,
        p1_needs_every_local_address_elsewhere_and_a_control_that_passes,
        p2_stands_beside_a_common_cname_or_network,
        p2_through_a_private_resolver_needs_a_list_or_a_direct_question,
        c5_p4_two_replies_that_cannot_both_be_true_are_an_injection,
        p4_two_replies_that_are_both_the_names_are_no_injection,
        p4_an_impossible_address_that_witnesses_give_beside_a_good_one_is_no_injection,
        p6_a_signature_that_does_not_fit_is_forgery_whatever_else_agrees,
        p7_a_listed_block_address_is_proof_by_the_lists_scope,
        p8_an_answer_that_declares_itself_filtered_is_believed,
        p10_one_address_for_many_names_lifts_what_is_probable_of_it,
        p11_a_negative_answer_for_one_name_is_proved_by_what_surrounds_it,
        artefacts_of_two_families_are_told_together,
    };
    return suite_run("judge_rules", tests, sizeof tests / sizeof tests[0], NULL, NULL);
}
