/* SPDX-License-Identifier: MIT */
/* Old and narrowed content, and weak signals: what hits a rule, and what comes near and must not.
 */
#include "tests/unit/judge_cases.h"

/* ---- staleness and narrowing ---- */

START_TEST(st1_a_declared_stale_answer_is_stale)
{
    struct judge_case c = case_with("93.184.216.34", "93.184.216.34");
    BOTH(c, meeting->local.ede = 3);
    expect(&c, VERDICT_STALE, RULE_ST1, FINDING_STALE_DECLARED);
    c = different();
    BOTH(c, meeting->local.ede = 19);
    expect(&c, VERDICT_STALE, RULE_ST1, FINDING_STALE_DECLARED);
}
END_TEST

START_TEST(st2_a_ttl_above_the_owners_is_stale_when_it_is_proved)
{
    struct judge_case c = case_with("93.184.216.34", "93.184.216.34");
    BOTH(c, meeting->local.ttl_s = 301; meeting->local.original_ttl_s = 300);
    expect(&c, VERDICT_STALE, RULE_ST2, FINDING_STALE_TTL);
    BOTH(c, meeting->local.ttl_s = 300);
    expect(&c, VERDICT_CONSISTENT, RULE_S1, FINDING_NONE);
    BOTH(c, meeting->local.original_ttl_s = 0);
    c.history.ttl_s = 300;
    c.history.n_ttl_samples = 5;
    c.history.n_ttl_providers = 2;
    BOTH(c, meeting->local.ttl_s = 450);
    expect(&c, VERDICT_CONSISTENT, RULE_S1, FINDING_NONE);
    BOTH(c, meeting->local.ttl_s = 451);
    expect(&c, VERDICT_STALE, RULE_ST2, FINDING_STALE_TTL);
    c.n_meetings = 1;
    expect(&c, VERDICT_CONSISTENT, RULE_S1, FINDING_NONE);
    c.n_meetings = 2;
    c.history.n_ttl_samples = 4;
    expect(&c, VERDICT_CONSISTENT, RULE_S1, FINDING_NONE);
    c.history.n_ttl_samples = 5;
    c.history.n_ttl_providers = 1;
    expect(&c, VERDICT_CONSISTENT, RULE_S1, FINDING_NONE);
    c.history.n_ttl_providers = 2;
    c.history.ttl_s = 20;
    BOTH(c, meeting->local.ttl_s = 80); /* over one half more, but only a minute */
    expect(&c, VERDICT_CONSISTENT, RULE_S1, FINDING_NONE);
}
END_TEST

START_TEST(st3_an_expired_signature_is_stale_when_a_newer_one_exists)
{
    struct judge_case c = case_with("93.184.216.34", "93.184.216.34");
    BOTH(c, meeting->local.signature = SIGNATURE_EXPIRED; meeting->local.inception_s = 1000;
         meeting->controls[0].signature = SIGNATURE_VALID; meeting->controls[0].inception_s = 1001);
    expect(&c, VERDICT_STALE, RULE_ST3, FINDING_STALE_SIGNATURE);
    BOTH(c, meeting->controls[0].inception_s = 1000);
    expect(&c, VERDICT_CONSISTENT, RULE_S1, FINDING_NONE);
}
END_TEST

static struct judge_case lagging(void)
{
    struct judge_case c = different();
    c.history.old[0] = address_of("5.5.5.5");
    c.history.n_old = 1;
    c.history.old_ttl_s = 300;
    c.history.gone_s = 601;
    c.history.n_lag_tries = 3;
    return c;
}

START_TEST(st4_old_addresses_long_after_a_witnessed_change_are_stale)
{
    struct judge_case c = lagging();
    expect(&c, VERDICT_STALE, RULE_ST4, FINDING_STALE_LAG);
    set_tls(&c, TLS_FAILED, TLS_OK);
    expect(&c, VERDICT_STALE, RULE_ST4, FINDING_STALE_HARMFUL);
    set_tls(&c, TLS_OK, TLS_OK);
    expect(&c, VERDICT_STALE, RULE_ST4, FINDING_STALE_LAG);
    c = lagging();
    c.history.gone_s = 599;
    expect(&c, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
    c = lagging();
    c.history.old_ttl_s = 301;
    expect(&c, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
    c = lagging();
    c.history.n_lag_tries = 2;
    expect(&c, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
    BOTH(c, meeting->local.has_serial = meeting->controls[0].has_serial = true;
         meeting->local.serial = UINT32_MAX; meeting->controls[0].serial = 1); /* ST5, around 0 */
    c.history.refresh_s = 600;
    expect(&c, VERDICT_STALE, RULE_ST4, FINDING_STALE_LAG);
    BOTH(c, meeting->controls[0].serial = 0);
    expect(&c, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
    c = lagging();
    BOTH(c, meeting->local = said_of("5.5.5.5 6.6.6.6"));
    expect(&c, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
}
END_TEST

static void set_zone(struct judge_zone *zone, const char *primary, uint32_t serial)
{
    *zone = (struct judge_zone){
        .name = name_of("example.net"), .primary = name_of(primary), .serial = serial};
    zone->refresh_s = 600;
}

START_TEST(st5_supports_st4_where_the_zone_is_the_same_and_versions_behind)
{
    struct judge_case c = lagging();
    c.history.n_lag_tries = 1;
    set_zone(&c.local_zone, "ns1.example.net", UINT32_MAX);
    set_zone(&c.control_zones[1], "ns1.example.net", 1);
    expect(&c, VERDICT_STALE, RULE_ST4, FINDING_STALE_LAG);
    c.control_zones[1].serial = 0; /* one behind: on its way */
    expect(&c, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
    c.control_zones[1].serial = 1;
    c.control_zones[1].refresh_s = 601; /* it may have to wait for so long */
    expect(&c, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
    set_zone(&c.control_zones[1], "ns9.example.net", 1); /* another operator's numbers */
    expect(&c, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
    c.history.n_old = 0; /* never alone */
    set_zone(&c.control_zones[1], "ns1.example.net", 1);
    expect(&c, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
}
END_TEST

START_TEST(n3_somebody_elses_zone_is_suspected_never_more)
{
    struct judge_case c = different();
    set_zone(&c.local_zone, "ns1.isp-page.org", 1);
    set_zone(&c.control_zones[0], "ns1.example.net", 1);
    expect(&c, VERDICT_SUSPECTED, RULE_N3, FINDING_NONE);
    BOTH(c, meeting->local.flags |= FLAG_AA; meeting->local.case_lost = true);
    expect(&c, VERDICT_SUSPECTED, RULE_N3, FINDING_NONE);
    set_zone(&c.control_zones[1], "a.isp-page.org", 1); /* a witness knows him */
    expect(&c, VERDICT_SUSPECTED, RULE_WEAK, FINDING_NONE);
    c = case_with("93.184.216.34", "93.184.216.34");
    set_zone(&c.local_zone, "ns1.isp-page.org", 1);
    set_zone(&c.control_zones[0], "ns1.example.net", 1);
    expect(&c, VERDICT_CONSISTENT, RULE_S1, FINDING_NONE);
}
END_TEST

START_TEST(t10_missing_ipv6_addresses_are_a_downgrade_never_a_block)
{
    struct judge_case c = case_with("NODATA", "2606:4700::1");
    expect(&c, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
    c.a_is_fine = true;
    expect(&c, VERDICT_DOWNGRADE, RULE_T10, FINDING_AAAA_FILTERED);
    BOTH(c, meeting->local = said_of("SERVFAIL"));
    expect(&c, VERDICT_DOWNGRADE, RULE_T10, FINDING_AAAA_FILTERED);
    BOTH(c, meeting->local = said_of("2606:4700::1"));
    expect(&c, VERDICT_CONSISTENT, RULE_S1, FINDING_NONE);
}
END_TEST

START_TEST(t11_a_stripped_https_record_is_a_downgrade)
{
    struct judge_case c = case_with("93.184.216.34", "93.184.216.34");
    c.control_https = HTTPS_ECH;
    c.local_https = HTTPS_ECH;
    expect(&c, VERDICT_CONSISTENT, RULE_S1, FINDING_NONE);
    c.local_https = HTTPS_UNKNOWN;
    expect(&c, VERDICT_CONSISTENT, RULE_S1, FINDING_NONE);
    c.local_https = HTTPS_PLAIN;
    expect(&c, VERDICT_DOWNGRADE, RULE_T11, FINDING_ECH_STRIPPED);
    c.local_https = HTTPS_ABSENT;
    expect(&c, VERDICT_DOWNGRADE, RULE_T11, FINDING_HTTPS_STRIPPED);
    c.https_of_others_is_absent = true;
    expect(&c, VERDICT_DOWNGRADE, RULE_T11, FINDING_TYPE_UNSUPPORTED);
    c.control_https = HTTPS_ABSENT;
    expect(&c, VERDICT_CONSISTENT, RULE_S1, FINDING_NONE);
}
END_TEST

START_TEST(weak_signals_never_add_up_to_more_than_a_suspicion)
{
    struct judge_case c = different();
    set_asns(&c, 64500, 64501);
    expect(&c, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
    BOTH(c, meeting->local.case_lost = true);
    expect(&c, VERDICT_SUSPECTED, RULE_WEAK, FINDING_NONE);
    c.history.usual_rtt_us = 20000;
    BOTH(c, meeting->local.rtt_us = 900; meeting->local.lacks_soa = true;
         meeting->local.fingerprint = FINGERPRINT_NOISY);
    expect(&c, VERDICT_SUSPECTED, RULE_WEAK, FINDING_NONE);
    c.history.ttl_s = 300;
    BOTH(c, meeting->local.flags |= FLAG_AA; meeting->local.n_asns = 0);
    expect(&c, VERDICT_SUSPECTED, RULE_WEAK, FINDING_NONE);
    struct judgement got = judge(&c);
    ck_assert(!judgement_wants_recheck(&got, 1));
}
END_TEST

START_TEST(answer_that_no_cache_can_have_in_nobodys_network_is_probable_never_more)
{
    struct judge_case c = different();
    set_asns(&c, 64500, 64501);
    c.history.ttl_s = 300;
    c.history.n_ttl_samples = 5;
    c.history.n_ttl_providers = 2;
    BOTH(c, meeting->local.ttl_s = 86400);
    expect(&c, VERDICT_PROBABLE, RULE_WEAK, FINDING_HIJACK_REDIRECT);
    BOTH(c, meeting->local.ttl_s = 0);
    expect(&c, VERDICT_PROBABLE, RULE_WEAK, FINDING_HIJACK_REDIRECT);
    BOTH(c, meeting->local.flags |= FLAG_AA; meeting->local.ttl_s = 300);
    expect(&c, VERDICT_PROBABLE, RULE_WEAK, FINDING_HIJACK_REDIRECT);
    struct judgement got = judge(&c);
    ck_assert(!judgement_wants_recheck(&got, 1));
    set_asns(&c, 64501, 64501); /* an owner's own server answers with AA */
    expect(&c, VERDICT_CONSISTENT, RULE_S4, FINDING_NONE);
    set_asns(&c, 64500, 64501);
    BOTH(c, meeting->controls[1].asns[0] = 64500); /* one witness has that network, too */
    ck_assert_int_eq(judge(&c).verdict, VERDICT_CONSISTENT);
    BOTH(c, meeting->controls[1].n_asns = 0); /* or may have */
    expect(&c, VERDICT_INCONCLUSIVE, RULE_NONE, FINDING_NONE);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        st1_a_declared_stale_answer_is_stale,
        st2_a_ttl_above_the_owners_is_stale_when_it_is_proved,
        st3_an_expired_signature_is_stale_when_a_newer_one_exists,
        st4_old_addresses_long_after_a_witnessed_change_are_stale,
        st5_supports_st4_where_the_zone_is_the_same_and_versions_behind,
        n3_somebody_elses_zone_is_suspected_never_more,
        t10_missing_ipv6_addresses_are_a_downgrade_never_a_block,
        t11_a_stripped_https_record_is_a_downgrade,
        weak_signals_never_add_up_to_more_than_a_suspicion,
        answer_that_no_cache_can_have_in_nobodys_network_is_probable_never_more,
    };
    return suite_run("judge_stale", tests, sizeof tests / sizeof tests[0], NULL, NULL);
}
