/* SPDX-License-Identifier: MIT */
#include "config/presets.h"
#include "resolver/bytes.h"
#include "tests/unit/suite.h"

#include <arpa/inet.h>

START_TEST(every_preset_is_https_has_addresses_and_a_name_of_its_own)
{
    size_t n = 0;
    for (const struct preset *p; (p = preset_at(n)) != NULL; n++) {
        struct in6_addr at;
        ck_assert_msg(strncmp(p->url, "https://", 8) == 0, "%s", p->id);
        ck_assert_ptr_nonnull(p->addresses[0]);
        for (size_t i = 0; p->addresses[i] != NULL; i++) {
            ck_assert_msg(inet_pton(AF_INET, p->addresses[i], &at) == 1 ||
                              inet_pton(AF_INET6, p->addresses[i], &at) == 1,
                          "%s: %s", p->id, p->addresses[i]);
        }
        ck_assert_ptr_eq(preset_find(p->id), p);
    }
    ck_assert_uint_gt(n, 20);
}
END_TEST

START_TEST(those_that_filter_say_so)
{
    ck_assert(preset_find("quad9")->filtering);
    ck_assert(!preset_find("cloudflare")->filtering);
    ck_assert(!preset_find("google")->filtering);
    ck_assert_ptr_null(preset_find("nobody"));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {every_preset_is_https_has_addresses_and_a_name_of_its_own,
                                  those_that_filter_say_so};
    return suite_run("presets", tests, sizeof tests / sizeof tests[0], NULL, NULL);
}
