/* SPDX-License-Identifier: MIT */
#include "config/config.h"
#include "tests/unit/suite.h"

#include <errno.h>

static struct config_errors errors;

static int outcome(const char *yaml)
{
    struct config *config = NULL;
    int failure = config_parse(bytes_of(yaml, strlen(yaml)), &config, &errors);
    config_free(config);
    return failure;
}

/* The text is refused; its first error stands in line 3 at that column and holds that phrase. */
static void refuses(const char *third_line, unsigned column, const char *phrase)
{
    char yaml[512];
    snprintf(yaml, sizeof yaml, "providers:\n  - name: x\n%s\n", third_line);
    ck_assert_msg(outcome(yaml) == -EINVAL, "taken: %s", yaml);
    ck_assert_msg(errors.at[0].line == 3 && errors.at[0].column == column &&
                      strstr(errors.at[0].text, phrase) != NULL,
                  "%s\nsays %u:%u: %s", yaml, errors.at[0].line, errors.at[0].column,
                  errors.at[0].text);
}

static void takes(const char *third_line)
{
    char yaml[512];
    snprintf(yaml, sizeof yaml, "providers:\n  - name: x\n%s\n", third_line);
    ck_assert_msg(outcome(yaml) == 0, "%s\nsays %u:%u: %s", yaml, errors.at[0].line,
                  errors.at[0].column, errors.at[0].text);
}

#define GENERIC "\n    protocol: generic\n    answers: [/ip]"

START_TEST(url_of_a_message_provider_holds_no_braces_that_nobody_fills_in)
{
    takes("    url: https://a.example/dns-query{?dns}");
    refuses("    url: \"https://a.example/{dns}\"", 10, "braces at its end alone");
    refuses("    url: \"https://a.example/dns-query{&dns}\"", 10, "braces at its end alone");
    refuses("    url: \"https://a.example/{host}\"\n    protocol: json", 10, "protocol generic");
}
END_TEST

START_TEST(port_of_a_url_is_one)
{
    takes("    url: https://a.example:8443/q");
    takes("    url: \"https://[2001:db8::1]:8443\"");
    takes("    url: \"https://[2001:db8::1]/q\"");
    takes("    url: https://a.example/q:99999");
    refuses("    url: https://a.example:0/", 10, "from 1 to 65535");
    refuses("    url: https://a.example:65536/", 10, "from 1 to 65535");
    refuses("    url: \"https://a.example:/\"", 10, "from 1 to 65535");
    refuses("    url: https://a.example:dns/", 10, "from 1 to 65535");
    refuses("    url: https://a.example:4430000000/", 10, "from 1 to 65535");
    refuses("    url: \"https://[2001:db8::1]:0\"", 10, "from 1 to 65535");
}
END_TEST

START_TEST(value_that_a_template_names_exists)
{
    takes("    url: \"https://a.example/{account}?h={host}&{}&s={sign}\"" GENERIC);
    refuses("    url: \"https://a.example/?h={host}&n={hots}\"" GENERIC, 10,
            "url: no value is called {hots}");
    refuses("    sign: \"{host}-{Secret}\"\n    url: \"https://a.example/{host}\"" GENERIC, 11,
            "sign: no value is called {Secret}");
    refuses("    header: \"X: {token}\"\n    url: \"https://a.example/{host}\"" GENERIC, 13,
            "header: no value is called {token}");
}
END_TEST

START_TEST(pointer_begins_with_a_slash)
{
    refuses("    answers: [/a, b]\n    protocol: generic\n    url: https://a.example/", 19,
            "'b' is no JSON pointer");
    refuses("    ttl: ttl\n    url: https://a.example/" GENERIC, 10, "'ttl' is no JSON pointer");
    refuses("    code: code\n    url: https://a.example/" GENERIC, 11, "'code' is no JSON pointer");
}
END_TEST

START_TEST(path_that_depends_on_where_it_was_started_is_refused)
{
    ck_assert_int_eq(outcome("state-dir: /var/lib/x\ncontrol: {socket: /run/x.sock}\n"), 0);
    ck_assert_int_eq(outcome("state-dir: auto\ncontrol: {socket: off}\n"), 0);
    ck_assert_int_eq(outcome("state-dir: state\n"), -EINVAL);
    ck_assert_str_eq(
        errors.at[0].text,
        "state-dir takes an absolute path, which begins with '/', or one of: auto, off");
    ck_assert_int_eq(outcome("control: {socket: ./x.sock}\n"), -EINVAL);
    ck_assert_uint_eq(errors.at[0].column, 19);
    ck_assert_int_eq(outcome("hijack: {asn-database: my.mmdb}\n"), -EINVAL);
    ck_assert_int_eq(outcome("hijack: {ca-file: roots.pem}\n"), -EINVAL);
    ck_assert_int_eq(outcome("hijack: {ca-file: /dev/null}\n"), 0);
    ck_assert_int_eq(outcome("hijack: {ca-file: /no/such/roots.pem}\n"), -EINVAL);
    ck_assert_str_eq(errors.at[0].text,
                     "ca-file '/no/such/roots.pem' cannot be read: No such file or directory");
}
END_TEST

START_TEST(prefix_is_allowed_or_denied_and_not_both)
{
    ck_assert_int_eq(outcome("access: {allow: [10.0.0.0/8], deny: [10.0.0.0/9]}\n"), 0);
    ck_assert_int_eq(outcome("access: {allow: [10.0.0.0/8, \"2001:db8::/32\"],"
                             " deny: [192.0.2.1, \"2001:db8::/32\"]}\n"),
                     -EINVAL);
    ck_assert_str_eq(errors.at[0].text,
                     "2001:db8::/32 stands in access.allow and in access.deny: leave one out");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        url_of_a_message_provider_holds_no_braces_that_nobody_fills_in,
        port_of_a_url_is_one,
        value_that_a_template_names_exists,
        pointer_begins_with_a_slash,
        path_that_depends_on_where_it_was_started_is_refused,
        prefix_is_allowed_or_denied_and_not_both,
    };
    return suite_run("generic", tests, sizeof tests / sizeof tests[0], NULL, NULL);
}
