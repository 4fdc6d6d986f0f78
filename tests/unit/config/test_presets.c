/* SPDX-License-Identifier: MIT */
#include "config/presets.h"
#include "resolver/bytes.h"
#include "tests/unit/suite.h"

#include <arpa/inet.h>

START_TEST(every_preset_is_https_has_good_addresses_and_a_name_of_its_own)
{
    size_t n = 0;
    for (const struct preset *p; (p = preset_at(n)) != NULL; n++) {
        struct in6_addr at;
        ck_assert_msg(strncmp(p->url, "https://", 8) == 0, "%s", p->id);
        ck_assert_ptr_nonnull(p->logging);
        ck_assert(strchr("yn?", p->dnssec[0]) != NULL && strchr("yno?", p->ecs[0]) != NULL);
        ck_assert(p->filter == NULL || p->filtering);
        for (size_t i = 0; p->addresses[i] != NULL; i++) {
            ck_assert_msg(inet_pton(AF_INET, p->addresses[i], &at) == 1 ||
                              inet_pton(AF_INET6, p->addresses[i], &at) == 1,
                          "%s: %s", p->id, p->addresses[i]);
        }
        ck_assert_ptr_eq(preset_find(p->id), p);
    }
    ck_assert_uint_ge(n, 40);
}
END_TEST

START_TEST(those_that_filter_say_so)
{
    ck_assert(preset_find("quad9")->filtering);
    ck_assert(!preset_find("cloudflare")->filtering);
    ck_assert(!preset_find("google")->filtering);
    ck_assert(preset_find("google-dns64")->filtering); /* its AAAA are made up */
    ck_assert_ptr_null(preset_find("nobody"));
}
END_TEST

START_TEST(one_without_addresses_is_looked_up_and_one_of_another_tls_is_left_out)
{
    ck_assert_ptr_null(preset_find("360")->addresses[0]);
    ck_assert_ptr_null(preset_find("appliedprivacy")->addresses[0]);
    ck_assert_ptr_null(preset_find("dnspod-sm2"));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        every_preset_is_https_has_good_addresses_and_a_name_of_its_own, those_that_filter_say_so,
        one_without_addresses_is_looked_up_and_one_of_another_tls_is_left_out};
    return suite_run("presets", tests, sizeof tests / sizeof tests[0], NULL, NULL);
}
