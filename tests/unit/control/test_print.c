/* SPDX-License-Identifier: MIT */
#include "resolver/presentation/print.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <stdlib.h>

/* www.example.com A with a CNAME, an OPT with an EDE 22 "x\nx", the flags of a recursive answer. */
static const uint8_t message[] = "\x12\x34\x81\x80\0\1\0\2\0\0\0\1"
                                 "\3www\7example\3com\0\0\1\0\1"
                                 "\xc0\x0c\0\5\0\1\0\0\1\x2c\0\2\xc0\x10"
                                 "\xc0\x10\0\1\0\1\0\0\1\x2c\0\4\x5d\xb8\xd8\x22"
                                 "\0\0\x29\4\xd0\0\0\x80\0\0\x09\0\x0f\0\5\0\x16x\nx";

static char *print(const void *at, size_t n, int *ret_failure)
{
    char *text = NULL;
    size_t n_text;
    struct print_about about = {"/run/x.sock", 7};
    FILE *to = open_memstream(&text, &n_text);
    *ret_failure = print_message(bytes_of(at, n), &about, to);
    fclose(to);
    return text;
}

START_TEST(message_looks_as_dig_prints_it)
{
    int failure;
    char *text = print(message, sizeof message - 1, &failure);
    ck_assert_int_eq(failure, 0);
    static const char *const parts[] = {
        ";; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 4660\n",
        ";; flags: qr rd ra; QUERY: 1, ANSWER: 2, AUTHORITY: 0, ADDITIONAL: ",
        "; EDNS: version: 0, flags: do; udp: 1232\n",
        "; EDE: 22 (No Reachable Authority): (x.x)\n",
        ";; QUESTION SECTION:\n;www.example.com.",
        ";; ANSWER SECTION:\nwww.example.com.\t300\tIN\tCNAME\texample.com.\n",
        "example.com.\t300\tIN\tA\t93.184.216.34\n",
        ";; Query time: 7 msec\n;; SERVER: /run/x.sock\n;; MSG SIZE  rcvd: ",
    };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        ck_assert_msg(strstr(text, parts[i]) != NULL, "no '%s' in\n%s", parts[i], text);
    }
    free(text);
}
END_TEST

START_TEST(bytes_that_are_no_message_print_nothing)
{
    int failure;
    char *text = print(message, 20, &failure);
    ck_assert_int_eq(failure, -EINVAL);
    ck_assert_str_eq(text, "");
    free(text);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {message_looks_as_dig_prints_it,
                                  bytes_that_are_no_message_print_nothing};
    return suite_run("print", tests, sizeof tests / sizeof tests[0], NULL, NULL);
}
