/* SPDX-License-Identifier: MIT */
#include "daemon/alert.h"
#include "tests/unit/suite.h"

#include <stdlib.h>
#include <syslog.h>

static const struct alert_origin origin = {"gateway", 4711, 1767225600};

/* The formatted message as a string. */
static const char *format(const struct alert *alert)
{
    static char out[ALERT_SYSLOG_MAX + 1];
    size_t n = alert_format_syslog(alert, &origin, out);
    ck_assert_uint_le(n, ALERT_SYSLOG_MAX);
    out[n] = '\0';
    return out;
}

START_TEST(message_has_rfc_5424_header_structured_data_and_text)
{
    static const struct alert_field fields[] = {{"RULE", "P2"}, {"ISP_RESOLVER", "192.0.2.53"}};
    struct alert alert = {.message = "DNS hijack CONFIRMED",
                          .verdict = "HIJACK_BOGON",
                          .priority = LOG_WARNING,
                          .fields = fields,
                          .n_fields = 2};
    ck_assert_str_eq(format(&alert),
                     "<28>1 2026-01-01T00:00:00Z gateway httpdnsd 4711 HIJACK_BOGON "
                     "[httpdns@32473 rule=\"P2\" ispResolver=\"192.0.2.53\"] "
                     "DNS hijack CONFIRMED");
}
END_TEST

START_TEST(quote_backslash_and_bracket_are_escaped_in_values)
{
    static const struct alert_field fields[] = {{"QNAME", "a\"b\\c]d"}};
    struct alert alert = {
        .message = "m", .verdict = "V", .priority = LOG_ERR, .fields = fields, .n_fields = 1};
    ck_assert_ptr_nonnull(strstr(format(&alert), "qname=\"a\\\"b\\\\c\\]d\"]"));
}
END_TEST

START_TEST(fields_that_do_not_fit_are_left_out_whole_and_the_message_stays)
{
    char value[1500];
    memset(value, 'x', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    struct alert_field fields[] = {{"A", value}, {"B", value}, {"C", "short"}};
    struct alert alert = {.message = "the message",
                          .verdict = "V",
                          .priority = LOG_ERR,
                          .fields = fields,
                          .n_fields = 3};
    const char *text = format(&alert);
    ck_assert_ptr_nonnull(strstr(text, " a=\"xxx"));
    ck_assert_ptr_null(strstr(text, " b=\""));
    ck_assert_ptr_nonnull(strstr(text, " c=\"short\"] the message"));
}
END_TEST

START_TEST(message_longer_than_the_datagram_is_cut)
{
    char message[4000];
    memset(message, 'm', sizeof message - 1);
    message[sizeof message - 1] = '\0';
    struct alert alert = {.message = message, .verdict = "V", .priority = LOG_ERR};
    ck_assert_uint_eq(strlen(format(&alert)), ALERT_SYSLOG_MAX);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        message_has_rfc_5424_header_structured_data_and_text,
        quote_backslash_and_bracket_are_escaped_in_values,
        fields_that_do_not_fit_are_left_out_whole_and_the_message_stays,
        message_longer_than_the_datagram_is_cut,
    };
    return suite_run("alert", tests, sizeof tests / sizeof tests[0], NULL, NULL);
}
