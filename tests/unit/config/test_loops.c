/* SPDX-License-Identifier: MIT */
#include "config/loops.h"
#include "resolver/plain.h"
#include "tests/unit/suite.h"

/* This host has these addresses. */
static struct own own;

static void set_up(void)
{
    own = (struct own){.n = 2};
    ck_assert(address_from_server("192.0.2.7", &own.at[0]));
    ck_assert(address_from_server("2001:db8::7", &own.at[1]));
}

static struct sockaddr_storage address_of(const char *text)
{
    struct sockaddr_storage address;
    socklen_t n;
    ck_assert_msg(plain_server_address(text, &address, &n), "%s", text);
    return address;
}

START_TEST(a_listener_hears_what_is_sent_to_its_address_and_port)
{
    static const struct {
        const char *at, *to;
        bool hears;
    } cases[] = {
        {"127.0.0.1:53", "127.0.0.1:53", true},
        {"127.0.0.1:53", "127.0.0.1", true}, /* 53 unless said */
        {"127.0.0.1:5300", "127.0.0.1:53", false},
        {"127.0.0.1:53", "127.0.0.53:53", false},
        {"127.0.0.1:53", "192.0.2.7:53", false},
        {"192.0.2.7:53", "192.0.2.7:53", true},
        {"[::1]:53", "[::1]:53", true},
        {"[::1]:53", "127.0.0.1:53", false},
        {"[::1]:53", "::ffff:127.0.0.1", false},
        {"127.0.0.1:53", "[::ffff:127.0.0.1]:53", true},
        {"[fe80::1%lo]:53", "[fe80::1]:53", true},
        /* To no address is to this host. */
        {"127.0.0.1:53", "0.0.0.0:53", true},
        {"192.0.2.7:53", "0.0.0.0:53", false},
        {"[::1]:53", "[::]:53", true},
        /* Listening on every address is listening on each of this host's. */
        {"0.0.0.0:53", "0.0.0.0:53", true},
        {"0.0.0.0:53", "127.0.0.1:53", true},
        {"0.0.0.0:53", "127.9.8.7:53", true},
        {"0.0.0.0:53", "192.0.2.7:53", true},
        {"0.0.0.0:53", "[::ffff:192.0.2.7]:53", true},
        {"0.0.0.0:53", "192.0.2.7:5353", false},
        {"0.0.0.0:53", "192.0.2.8:53", false},
        {"0.0.0.0:53", "[2001:db8::7]:53", false},
        {"[::]:53", "[2001:db8::7]:53", true},
        {"[::]:53", "[::1]:53", true},
        {"[::]:53", "[2001:db8::8]:53", false},
        {"[::]:53", "192.0.2.7:53", false}, /* IPV6_V6ONLY */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sockaddr_storage at = address_of(cases[i].at), to = address_of(cases[i].to);
        ck_assert_msg(loops_hears(&at, &to, &own) == cases[i].hears, "%s hears %s", cases[i].at,
                      cases[i].to);
    }
}
END_TEST

START_TEST(a_unix_socket_hears_no_address)
{
    struct sockaddr_storage at = {.ss_family = AF_UNIX}, to = address_of("127.0.0.1:53");
    ck_assert(!loops_hears(&at, &to, &own));
    ck_assert(!loops_hears(&to, &at, &own));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_listener_hears_what_is_sent_to_its_address_and_port,
        a_unix_socket_hears_no_address,
    };
    return suite_run("loops", tests, sizeof tests / sizeof tests[0], set_up, NULL);
}
