/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/curl/detail.h"
#include "tests/unit/suite.h"

#include <stdio.h>

START_TEST(bad_certificate_is_told_in_the_same_words_by_all_versions)
{
    static const char *const said[][2] = {
        {"SSL certificate OpenSSL verify result: certificate has expired (10)",
         "SSL certificate problem: certificate has expired"},
        {"SSL certificate OpenSSL verify result: ", "SSL certificate problem: "},
        {"SSL certificate OpenSSL verify result: (", "SSL certificate problem: ("},
        {"SSL certificate problem: certificate has expired",
         "SSL certificate problem: certificate has expired"},
        {"Connection refused (111)", "Connection refused (111)"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        char detail[256];
        snprintf(detail, sizeof detail, "%s", said[i][0]);
        detail_shorten(detail);
        ck_assert_str_eq(detail, said[i][1]);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {bad_certificate_is_told_in_the_same_words_by_all_versions};
    return suite_run("detail", tests, sizeof tests / sizeof tests[0], NULL, NULL);
}
