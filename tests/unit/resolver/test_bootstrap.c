/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/bootstrap.h"
#include "tests/unit/fake_plain.h"
#include "tests/unit/fake_port.h"
#include "tests/unit/messages.h"
#include "tests/unit/suite.h"

#include <stdio.h>

enum { S = 1000000 };

static const char *const servers[] = {"192.0.2.53", "192.0.2.54"};
static struct fake_port fake_port;
static struct plain *plain;
static struct bootstrap *bootstrap;
static unsigned n_done;
static uint32_t address;   /* what the servers say; 0: nothing */
static const char *silent; /* a server that does not answer */

static void respond(void *ctx, const struct plain_request *request, struct fake_plain_reply *reply)
{
    (void)ctx;
    struct test_response response = {
        .name = "dns.example", .type = request->question->type, .ttl_s = 300, .address = address};
    bool says = address != 0 && request->question->type == TYPE_A;
    if (silent != NULL && strcmp(request->server, silent) == 0) {
        reply->result = PLAIN_TIMED_OUT;
        return;
    }
    response.rcode = says ? RCODE_NOERROR : RCODE_NXDOMAIN;
    reply->result = PLAIN_REPLIED;
    reply->rtt_us = 5000;
    reply->n = test_response_write(&response, reply->at);
}

static void on_done(void *ctx)
{
    (void)ctx;
    n_done++;
}

static void set_up(void)
{
    n_done = 0;
    address = 0x05060708;
    silent = NULL;
    fake_port_init(&fake_port, 9);
    plain = plain_new(&fake_port.port, servers, 2);
    plain->respond = respond;
    bootstrap = bootstrap_new(&fake_port.port, plain, "https://dns.example/q", on_done, NULL);
    ck_assert_ptr_nonnull(bootstrap);
}

static void tear_down(void)
{
    bootstrap = bootstrap_free(bootstrap);
    plain = plain_free(plain);
    port_done(&fake_port.port);
}

static const char *first(void)
{
    struct bootstrap_found found = bootstrap_found(bootstrap);
    return found.n_addresses > 0 ? found.addresses[0] : "none";
}

START_TEST(host_of_a_url_is_a_name_unless_it_is_an_address)
{
    struct name host;
    char text[NAME_MAX_TEXT];
    ck_assert(bootstrap_host_of("https://dns.example:8443/q", &host));
    ck_assert_str_eq(name_to_text(&host, text), "dns.example.");
    ck_assert(!bootstrap_host_of("https://192.0.2.1/q", &host));
    ck_assert(!bootstrap_host_of("https://[2001:db8::1]:443/q", &host));
    ck_assert(!bootstrap_host_of("http://dns.example/q", &host));
}
END_TEST

START_TEST(first_server_that_knows_gives_the_address)
{
    ck_assert(bootstrap_ask(bootstrap));
    fake_port_advance(&fake_port, 1 * S);
    ck_assert_uint_eq(n_done, 1);
    ck_assert_str_eq(first(), "5.6.7.8");
    ck_assert(!bootstrap_is_old(bootstrap));
}
END_TEST

START_TEST(silent_server_is_followed_by_the_next)
{
    silent = servers[0];
    ck_assert(bootstrap_ask(bootstrap));
    fake_port_advance(&fake_port, 5 * S);
    ck_assert_uint_eq(n_done, 1);
    ck_assert_str_eq(first(), "5.6.7.8");
}
END_TEST

START_TEST(nobody_knowing_ends_the_round_and_is_not_asked_again_at_once)
{
    address = 0;
    ck_assert(bootstrap_ask(bootstrap));
    fake_port_advance(&fake_port, 5 * S);
    ck_assert_uint_eq(n_done, 1);
    ck_assert_str_eq(first(), "none");
    ck_assert(!bootstrap_ask(bootstrap));
    fake_port_advance(&fake_port, BOOTSTRAP_PAUSE_S * S);
    ck_assert(bootstrap_ask(bootstrap));
}
END_TEST

START_TEST(old_addresses_stay_in_use_until_others_are_found)
{
    bootstrap_ask(bootstrap);
    fake_port_advance(&fake_port, 1 * S);
    struct bootstrap_found before = bootstrap_found(bootstrap);
    fake_port_advance(&fake_port, UINT64_C(1) * BOOTSTRAP_KEEP_S * S);
    ck_assert(bootstrap_is_old(bootstrap));
    address = 0;
    bootstrap_ask(bootstrap);
    fake_port_advance(&fake_port, 5 * S);
    ck_assert_ptr_eq(bootstrap_found(bootstrap).addresses, before.addresses);
    fake_port_advance(&fake_port, BOOTSTRAP_PAUSE_S * S);
    address = 0x09090909;
    bootstrap_ask(bootstrap);
    fake_port_advance(&fake_port, 1 * S);
    ck_assert_str_eq(first(), "9.9.9.9");
    ck_assert_str_eq(before.addresses[0], "5.6.7.8");
}
END_TEST

START_TEST(same_addresses_again_stay_the_same_array)
{
    bootstrap_ask(bootstrap);
    fake_port_advance(&fake_port, 1 * S);
    struct bootstrap_found before = bootstrap_found(bootstrap);
    fake_port_advance(&fake_port, UINT64_C(1) * BOOTSTRAP_KEEP_S * S);
    bootstrap_ask(bootstrap);
    fake_port_advance(&fake_port, 1 * S);
    ck_assert_ptr_eq(bootstrap_found(bootstrap).addresses, before.addresses);
}
END_TEST

START_TEST(ending_in_the_middle_of_a_round_is_harmless)
{
    bootstrap_ask(bootstrap);
    bootstrap = bootstrap_free(bootstrap);
    fake_port_advance(&fake_port, 5 * S);
    ck_assert_uint_eq(n_done, 0);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        host_of_a_url_is_a_name_unless_it_is_an_address,
        first_server_that_knows_gives_the_address,
        silent_server_is_followed_by_the_next,
        nobody_knowing_ends_the_round_and_is_not_asked_again_at_once,
        old_addresses_stay_in_use_until_others_are_found,
        same_addresses_again_stay_the_same_array,
        ending_in_the_middle_of_a_round_is_harmless,
    };
    return suite_run("bootstrap", tests, sizeof tests / sizeof tests[0], set_up, tear_down);
}
