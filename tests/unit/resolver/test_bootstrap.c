/* SPDX-License-Identifier: MIT */
#include "resolver/upstream/bootstrap.h"
#include "tests/unit/fake_plain.h"
#include "tests/unit/fake_port.h"
#include "tests/unit/messages.h"
#include "tests/unit/suite.h"

#include <malloc.h>
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

/* ---- other providers ---- */

static size_t n_others;
static bool others_good;
static uint32_t others_address; /* 0: they are silent */
static unsigned n_cancelled;
static struct later {
    struct port_timer timer;
    struct bootstrap_asked *asked;
    const struct question *question;
} asked[8];

static size_t count_others(void *ctx, bool *ret_good)
{
    (void)ctx;
    *ret_good = others_good;
    return n_others;
}

static void other_says(struct port_timer *timer)
{
    struct later *l = (struct later *)(void *)((char *)timer - offsetof(struct later, timer));
    struct test_response response = {.name = "dns.example",
                                     .type = l->question->type,
                                     .ttl_s = 300,
                                     .address = others_address,
                                     .rcode = l->question->type == TYPE_A ? RCODE_NOERROR
                                                                          : RCODE_NXDOMAIN};
    uint8_t wire[512];
    size_t n = test_response_write(&response, wire);
    struct answer_expect expect = {.question = l->question, .id = -1, .max_ttl_s = 60};
    owned(answer_unrefp) struct answer *answer = NULL;
    ck_assert_int_eq(answer_read(bytes_of(wire, n), &expect, &answer), ANSWER_OK);
    struct bootstrap_asked *call = l->asked;
    l->asked = NULL;
    call->on_done(call, answer);
}

static int ask_other(void *ctx, size_t i, const struct question *q, struct bootstrap_asked *call)
{
    (void)ctx;
    ck_assert_uint_lt(i, n_others);
    struct later *l = asked;
    while (l->asked != NULL) {
        l++;
    }
    l->asked = call;
    l->question = q;
    l->timer.on_fire = other_says;
    call->handle = l;
    uint64_t after_us = others_address != 0 ? 20000 : 60 * (uint64_t)S;
    return port_timer_start(&fake_port.port, &l->timer, port_now_us(&fake_port.port) + after_us);
}

static void cancel_other(void *ctx, struct bootstrap_asked *call)
{
    (void)ctx;
    struct later *l = call->handle;
    port_timer_stop(&fake_port.port, &l->timer);
    l->asked = NULL;
    n_cancelled++;
}

static void make(const char *const *kept, size_t n_kept)
{
    struct bootstrap_params params = {
        .port = &fake_port.port,
        .plain = plain,
        .door = {.count = count_others, .ask = ask_other, .cancel = cancel_other},
        .url = "https://DNS.example/q",
        .kept = kept,
        .n_kept = n_kept,
        .on_done = on_done,
    };
    bootstrap_free(bootstrap);
    bootstrap = bootstrap_new(&params);
    ck_assert_ptr_nonnull(bootstrap);
}

static void set_up(void)
{
    n_done = 0;
    address = 0x05060708;
    silent = NULL;
    fake_port_init(&fake_port, 9);
    plain = plain_new(&fake_port.port, servers, 2);
    plain->respond = respond;
    n_others = 0;
    others_good = false;
    others_address = 0x0A0B0C0D;
    n_cancelled = 0;
    memset(asked, 0, sizeof asked);
    make(NULL, 0);
}

static void tear_down(void)
{
    bootstrap = bootstrap_free(bootstrap);
    plain = plain_free(plain);
    port_done(&fake_port.port);
}

static const char *const *at(void)
{
    return bootstrap_found(bootstrap).addresses;
}

/* A whole round in which the local resolvers say this. */
static void find(uint32_t what)
{
    address = what;
    fake_port_advance(&fake_port, (uint64_t)BOOTSTRAP_PAUSE_S * S);
    ck_assert(bootstrap_ask(bootstrap));
    fake_port_advance(&fake_port, 5 * S);
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
    fake_port_advance(&fake_port, S / 2);
    ck_assert_uint_eq(n_done, 1);
    ck_assert_str_eq(first(), "none");
    ck_assert(!bootstrap_ask(bootstrap));
    fake_port_advance(&fake_port, BOOTSTRAP_HURRY_S * S);
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

START_TEST(silent_server_holds_the_next_one_up_for_a_moment_only)
{
    silent = servers[0];
    ck_assert(bootstrap_ask(bootstrap));
    fake_port_advance(&fake_port, (BOOTSTRAP_STAGGER_MS + 10) * 1000);
    ck_assert_str_eq(first(), "5.6.7.8");
    ck_assert_uint_eq(plain->n_live, 0);
}
END_TEST

START_TEST(h8_without_local_resolvers_another_provider_is_asked)
{
    plain->n_servers = 0;
    ck_assert(!bootstrap_ask(bootstrap));
    n_others = 2;
    ck_assert(bootstrap_ask(bootstrap));
    fake_port_advance(&fake_port, 1 * S);
    ck_assert_str_eq(first(), "10.11.12.13");
    ck_assert_int_eq(bootstrap_found(bootstrap).source, BOOTSTRAP_PROVIDER);
}
END_TEST

START_TEST(provider_that_has_answered_lately_is_asked_before_the_local_resolvers)
{
    n_others = 1;
    others_good = true;
    ck_assert(bootstrap_ask(bootstrap));
    fake_port_advance(&fake_port, 1 * S);
    ck_assert_str_eq(first(), "10.11.12.13");
    ck_assert_uint_eq(plain->n_asked, 0);
}
END_TEST

START_TEST(silent_provider_is_cancelled_when_a_local_resolver_knows)
{
    n_others = 1;
    others_good = true;
    others_address = 0;
    ck_assert(bootstrap_ask(bootstrap));
    fake_port_advance(&fake_port, 1 * S);
    ck_assert_str_eq(first(), "5.6.7.8");
    ck_assert_int_eq(bootstrap_found(bootstrap).source, BOOTSTRAP_PLAIN);
    ck_assert_uint_eq(n_cancelled, 2);
}
END_TEST

START_TEST(kept_addresses_are_used_at_once_and_asked_again)
{
    static const char *const kept[] = {"192.0.2.7", "2001:db8::7"};
    make(kept, 2);
    ck_assert_str_eq(first(), "192.0.2.7");
    ck_assert_uint_eq(bootstrap_found(bootstrap).n_addresses, 2);
    ck_assert_int_eq(bootstrap_found(bootstrap).source, BOOTSTRAP_KEPT);
    ck_assert(bootstrap_is_old(bootstrap));
    find(0x05060708);
    ck_assert_str_eq(first(), "5.6.7.8");
    ck_assert(!bootstrap_is_old(bootstrap));
}
END_TEST

START_TEST(addresses_are_worth_keeping_once_when_the_provider_proved_itself_there)
{
    find(0x05060708);
    ck_assert(bootstrap_note_good(bootstrap, at(), false));
    ck_assert(!bootstrap_note_good(bootstrap, at(), true));
    const char *const *former = at();
    find(0x09090909);
    ck_assert(!bootstrap_note_good(bootstrap, former, true));
    ck_assert(!bootstrap_note_good(bootstrap, at(), false)); /* by an old connection */
    ck_assert(bootstrap_note_good(bootstrap, at(), true));
}
END_TEST

START_TEST(lie_about_the_address_leads_back_to_the_proved_one_and_is_not_believed_again)
{
    find(0x05060708);
    bootstrap_note_good(bootstrap, at(), true);
    find(0x06060606);
    ck_assert_str_eq(first(), "6.6.6.6");
    ck_assert(bootstrap_note_bad(bootstrap, at()));
    ck_assert_str_eq(first(), "5.6.7.8");
    find(0x06060606);
    ck_assert_str_eq(first(), "5.6.7.8");
    ck_assert(!bootstrap_note_bad(bootstrap, at())); /* now it has moved after all */
    find(0x06060606);
    ck_assert_str_eq(first(), "6.6.6.6");
}
END_TEST

START_TEST(source_that_led_nowhere_is_asked_after_the_others)
{
    n_others = 1;
    find(0x06060606);
    ck_assert_str_eq(first(), "6.6.6.6");
    bootstrap_note_bad(bootstrap, at());
    fake_port_advance(&fake_port, 5 * S);
    find(0x06060606);
    bootstrap_note_bad(bootstrap, at());
    find(0x06060606);
    ck_assert_str_eq(first(), "10.11.12.13");
}
END_TEST

START_TEST(round_to_the_old_networks_servers_begins_anew_on_another_network)
{
    static const char *const elsewhere[] = {"198.51.100.53"};
    silent = servers[0];
    plain_set_servers(plain, servers, 1, 1);
    ck_assert(bootstrap_ask(bootstrap));
    plain_set_servers(plain, elsewhere, 1, 1);
    bootstrap_ask_anew(bootstrap);
    fake_port_advance(&fake_port, S / 10);
    ck_assert_uint_eq(n_done, 1);
    ck_assert_str_eq(first(), "5.6.7.8");
}
END_TEST

START_TEST(round_that_finds_nobody_to_ask_anew_ends)
{
    silent = servers[0];
    ck_assert(bootstrap_ask(bootstrap));
    plain_set_servers(plain, NULL, 0, 0);
    bootstrap_ask_anew(bootstrap);
    fake_port_advance(&fake_port, S / 10);
    ck_assert_uint_eq(n_done, 1);
}
END_TEST

/* Who lies may say another thing each time, for as long as we run. */
START_TEST(addresses_that_change_without_end_take_no_more_memory)
{
    enum { FIRST = 500, ROUNDS = 5000, BOUND = 16384 };
    struct mallinfo2 before = {0}, after;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        before = i == FIRST ? mallinfo2() : before;
        find(0x0b000001 + i);
    }
    ck_assert_str_eq(first(), "11.0.19.136");
    after = mallinfo2();
    ck_assert_uint_le(after.uordblks, before.uordblks + BOUND);
}
END_TEST

START_TEST(addresses_a_request_may_still_be_going_to_stay_where_they_are)
{
    find(0x0b000001);
    const char *const *sent_to = at();
    for (uint32_t i = 0; i < BOOTSTRAP_LENT_S / (BOOTSTRAP_PAUSE_S + 5); i++) {
        find(0x0c000001 + i);
    }
    ck_assert_str_eq(sent_to[0], "11.0.0.1");
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
        silent_server_holds_the_next_one_up_for_a_moment_only,
        h8_without_local_resolvers_another_provider_is_asked,
        provider_that_has_answered_lately_is_asked_before_the_local_resolvers,
        silent_provider_is_cancelled_when_a_local_resolver_knows,
        kept_addresses_are_used_at_once_and_asked_again,
        addresses_are_worth_keeping_once_when_the_provider_proved_itself_there,
        lie_about_the_address_leads_back_to_the_proved_one_and_is_not_believed_again,
        source_that_led_nowhere_is_asked_after_the_others,
        round_to_the_old_networks_servers_begins_anew_on_another_network,
        round_that_finds_nobody_to_ask_anew_ends,
        addresses_that_change_without_end_take_no_more_memory,
        addresses_a_request_may_still_be_going_to_stay_where_they_are,
    };
    return suite_run("bootstrap", tests, sizeof tests / sizeof tests[0], set_up, tear_down);
}
