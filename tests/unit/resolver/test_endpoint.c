/* SPDX-License-Identifier: MIT */
/* What the curl exchange keeps for an endpoint follows the endpoint's addresses. */
#include "resolver/upstream/curl/endpoint.h"
#include "tests/unit/suite.h"

#define S UINT64_C(1000000)

static struct known_endpoint known;
static char text[2][16];
static const char *const addresses[] = {text[0], text[1]};
static struct exchange_endpoint endpoint;

static void set_up(void)
{
    known = (struct known_endpoint){0};
    endpoint = (struct exchange_endpoint){
        .id = 3, .url = "https://doh.example/q", .addresses = addresses, .n_addresses = 2};
    strcpy(text[0], "192.0.2.1");
    strcpy(text[1], "2001:db8::1");
    ck_assert_int_eq(endpoint_update(&known, &endpoint), 0);
}

static void tear_down(void)
{
    endpoint_done(&known);
}

static void leads_to(unsigned lane, const char *line)
{
    ck_assert_ptr_nonnull(known.lanes[lane].resolve);
    ck_assert_str_eq(known.lanes[lane].resolve->data, line);
}

START_TEST(each_lane_is_a_host_of_its_own_at_the_same_addresses)
{
    leads_to(0, "doh.example:443:192.0.2.1,[2001:db8::1]");
    leads_to(1, "p3-1.invalid:443:192.0.2.1,[2001:db8::1]");
    ck_assert_str_eq(known.lanes[1].connect_to->data, "::p3-1.invalid:443");
}
END_TEST

START_TEST(same_addresses_are_not_told_to_curl_twice)
{
    const struct curl_slist *before = known.lanes[0].resolve;
    known.lanes[0].resolved = true;
    ck_assert_int_eq(endpoint_update(&known, &endpoint), 0);
    ck_assert_ptr_eq(known.lanes[0].resolve, before);
    ck_assert(known.lanes[0].resolved);
}
END_TEST

START_TEST(other_addresses_that_stand_where_the_former_stood_are_noticed_by_their_edition)
{
    known.lanes[0].resolved = true;
    strcpy(text[0], "192.0.2.2");
    endpoint.edition++;
    ck_assert_int_eq(endpoint_update(&known, &endpoint), 0);
    leads_to(0, "doh.example:443:192.0.2.2,[2001:db8::1]");
    leads_to(1, "p3-1.invalid:443:192.0.2.2,[2001:db8::1]");
    ck_assert(!known.lanes[0].resolved);
}
END_TEST

START_TEST(addresses_of_the_other_family_alone_are_none)
{
    endpoint.road.family = EXCHANGE_IPV6;
    endpoint.n_addresses = 1;
    ck_assert_int_eq(endpoint_update(&known, &endpoint), 0);
    ck_assert_ptr_null(known.lanes[0].resolve);
    ck_assert(!known.has_lanes);
}
END_TEST

START_TEST(lost_request_goes_by_the_heir_which_takes_over_when_the_lane_is_found_to_swallow)
{
    struct lane *lane = &known.lanes[0], *heir = &known.lanes[LANES];
    ck_assert_ptr_eq(endpoint_renew(&known, lane, true, 10 * S), heir);
    heir->n_live = heir->n_renewing = 1;
    ck_assert_ptr_eq(endpoint_renew(&known, lane, true, 10 * S + 1), heir); /* shares it */
    endpoint_renewed(&known, lane, 11 * S);
    ck_assert(lane->waits && !heir->waits);
    ck_assert(endpoint_is_renewed(heir, 11 * S) && !endpoint_is_renewed(heir, 20 * S));
    ck_assert_ptr_eq(endpoint_lane(&known, false, NULL), heir);
    ck_assert_ptr_null(endpoint_renew(&known, lane, true, 12 * S)); /* it is no lane in use */
    lane->n_live = 1;
    ck_assert_ptr_null(endpoint_renew(&known, heir, true, 12 * S)); /* what swallowed is there */
    endpoint_renewed(&known, heir, 12 * S);
    ck_assert(lane->waits && !heir->waits);
}
END_TEST

START_TEST(lost_requests_that_find_nothing_wrong_make_ever_fewer_connections)
{
    struct lane *lane = &known.lanes[0];
    unsigned n_made = 0;
    for (uint64_t at_us = 10 * S; at_us < 30 * S; at_us += S / 10) {
        n_made += endpoint_renew(&known, lane, true, at_us) != NULL;
    }
    ck_assert_uint_eq(n_made, 7); /* after 1, 2, 4, 4, 4 and 4 s */
    ck_assert_ptr_nonnull(endpoint_renew(&known, lane, false, 30 * S)); /* was never bounded */
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        each_lane_is_a_host_of_its_own_at_the_same_addresses,
        same_addresses_are_not_told_to_curl_twice,
        other_addresses_that_stand_where_the_former_stood_are_noticed_by_their_edition,
        addresses_of_the_other_family_alone_are_none,
        lost_request_goes_by_the_heir_which_takes_over_when_the_lane_is_found_to_swallow,
        lost_requests_that_find_nothing_wrong_make_ever_fewer_connections,
    };
    return suite_run("endpoint", tests, sizeof tests / sizeof tests[0], set_up, tear_down);
}
