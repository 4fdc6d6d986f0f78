/* SPDX-License-Identifier: MIT */
#include "daemon/tally.h"
#include "tests/unit/suite.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>

static void key_of(const char *text, uint8_t key[16])
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    struct client_address client;
    if (inet_pton(AF_INET, text, &in.sin_addr) == 1) {
        client_address_set(&client, (struct sockaddr *)&in, NULL);
    } else {
        ck_assert_int_eq(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
        client_address_set(&client, (struct sockaddr *)&in6, NULL);
    }
    tally_key(&client, key);
}

START_TEST(connections_are_counted_an_address_and_an_ipv6_network)
{
    uint8_t a[16], b[16];
    struct tally *tally = tally_new(8);
    key_of("192.0.2.1", a);
    key_of("192.0.2.2", b);
    ck_assert_uint_eq(tally_add(tally, a), 1);
    ck_assert_uint_eq(tally_add(tally, a), 2);
    ck_assert_uint_eq(tally_add(tally, b), 1);
    key_of("::ffff:192.0.2.1", b);
    ck_assert_uint_eq(tally_add(tally, b), 3);
    key_of("2001:db8:1:2::1", a);
    key_of("2001:db8:1:2:ffff::2", b);
    ck_assert_uint_eq(tally_add(tally, a), 1);
    ck_assert_uint_eq(tally_add(tally, b), 2);
    key_of("2001:db8:1:3::1", b);
    ck_assert_uint_eq(tally_add(tally, b), 1);
    tally_free(tally);
}
END_TEST

START_TEST(table_agrees_with_plain_counters_over_many_steps)
{
    enum { KEYS = 40, MAX = 40 };
    unsigned counts[KEYS] = {0};
    struct tally *tally = tally_new(MAX);
    uint64_t dice = 1;
    for (int step = 0; step < 200000; step++) {
        dice = dice * UINT64_C(6364136223846793005) + 1442695040888963407u;
        unsigned k = (unsigned)(dice >> 40) % KEYS;
        uint8_t key[16] = {[15] = (uint8_t)k, [3] = (uint8_t)(k * 7)};
        if ((dice >> 33 & 1) && counts[k] > 0) {
            tally_remove(tally, key);
            counts[k]--;
        } else {
            ck_assert_uint_eq(tally_add(tally, key), ++counts[k]);
        }
    }
    tally_free(tally);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        connections_are_counted_an_address_and_an_ipv6_network,
        table_agrees_with_plain_counters_over_many_steps,
    };
    return suite_run("tally", tests, sizeof tests / sizeof tests[0], NULL, NULL);
}
