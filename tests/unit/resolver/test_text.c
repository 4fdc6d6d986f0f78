/* SPDX-License-Identifier: MIT */
#include "resolver/wire/text.h"
#include "tests/unit/suite.h"

#include <errno.h>

START_TEST(known_types_have_their_mnemonic)
{
    char out[TEXT_MNEMONIC_MAX];
    ck_assert_str_eq(text_of_type(TYPE_A, out), "A");
    ck_assert_str_eq(text_of_type(TYPE_HTTPS, out), "HTTPS");
    ck_assert_str_eq(text_of_type(TYPE_ANY, out), "ANY");
    ck_assert_str_eq(text_of_class(CLASS_IN, out), "IN");
    ck_assert_str_eq(text_of_rcode(RCODE_NXDOMAIN, out), "NXDOMAIN");
    ck_assert_str_eq(text_of_rcode(RCODE_BADVERS, out), "BADVERS");
}
END_TEST

START_TEST(unknown_values_are_written_as_rfc_3597_has_it)
{
    char out[TEXT_MNEMONIC_MAX];
    ck_assert_str_eq(text_of_type(65400, out), "TYPE65400");
    ck_assert_str_eq(text_of_class(65535, out), "CLASS65535");
    ck_assert_str_eq(text_of_rcode(4095, out), "RCODE4095");
}
END_TEST

START_TEST(every_type_survives_the_way_to_text_and_back)
{
    for (unsigned type = 0; type <= UINT16_MAX; type++) {
        char out[TEXT_MNEMONIC_MAX];
        uint16_t again;
        ck_assert_int_eq(text_to_type(text_of_type((uint16_t)type, out), &again), 0);
        ck_assert_uint_eq(again, type);
    }
}
END_TEST

START_TEST(types_are_read_whatever_their_case)
{
    uint16_t type;
    ck_assert_int_eq(text_to_type("aaaa", &type), 0);
    ck_assert_uint_eq(type, TYPE_AAAA);
    ck_assert_int_eq(text_to_type("type65", &type), 0);
    ck_assert_uint_eq(type, TYPE_HTTPS);
}
END_TEST

START_TEST(what_is_no_type_is_refused)
{
    static const char *const bad[] = {
        "",       "AA",     "TYPE", "TYPE65536", "TYPE-1",
        "TYPE 1", "TYPE1x", "28",   "TYPE+1",    "TYPE99999999999999999999"};
    uint16_t type;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(text_to_type(bad[i], &type) == -EINVAL, "\"%s\" was taken", bad[i]);
}
END_TEST

START_TEST(e8_text_that_is_sent_is_utf_8_and_commands_no_terminal)
{
    static const struct {
        const char *from, *wanted;
    } rows[] = {
        {"", ""},
        {"j: HTTP status 403", "j: HTTP status 403"},
        {"CN 'a\x1b[2J\n\x7f'", "CN 'a?[2J?"
                                "?'"},
        {"d\xc3\xbcsseldorf \xe4\xb8\xad \xf0\x9f\x98\x80",
         "d\xc3\xbcsseldorf \xe4\xb8\xad \xf0\x9f\x98\x80"},
        {"\xc2\x9b\x31m", "??1m"},
        {"\xff \xc0\xaf \xed\xa0\x80 \xf4\x90\x80\x80 \xe4\xb8", "? ?? ??? ???? ??"},
        {"123456789012345", "123456789012345"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char out[64];
        text_clean(rows[i].from, out, sizeof out);
        ck_assert_str_eq(out, rows[i].wanted);
    }
    char out[6];
    text_clean("1234\xc3\xbc", out, sizeof out);
    ck_assert_str_eq(out, "1234");
    text_clean("123\xc3\xbc"
               "4",
               out, sizeof out);
    ck_assert_str_eq(out, "123\xc3\xbc");
    text_clean("\x01\x02\x03\x04\x05\x06", out, sizeof out);
    ck_assert_str_eq(out, "?????");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        known_types_have_their_mnemonic,
        unknown_values_are_written_as_rfc_3597_has_it,
        every_type_survives_the_way_to_text_and_back,
        types_are_read_whatever_their_case,
        what_is_no_type_is_refused,
        e8_text_that_is_sent_is_utf_8_and_commands_no_terminal,
    };
    return suite_run("text", tests, sizeof tests / sizeof *tests, NULL, NULL);
}
