/* SPDX-License-Identifier: MIT */
/* The single entry: whom resolver_ask() answers, and with what, by address and transport. */
#include "tests/unit/messages.h"
#include "tests/unit/query_world.h"
#include "tests/unit/suite.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>

enum { OPTION_COOKIE = 10, OPTION_KEEPALIVE = 11, RCODE_BAD_COOKIE = 23 };

static struct {
    struct clients *clients;
    struct access_rule lan;
    uint8_t reply[4096];
    size_t n_reply;
    uint8_t option[64]; /* goes into the OPT of the next query */
    size_t n_option;
    uint16_t type;   /* of the next query; 0: A */
    bool is_unasked; /* it has no question */
    size_t n_asked;  /* its octets */
} rig;

static struct clients_params params(void)
{
    return (struct clients_params){
        .allow = &rig.lan,
        .n_allow = 1,
        .rate = {.per_s = 1, .burst = 3, .ipv4_bits = 32, .ipv6_bits = 56},
        .cookies = CLIENTS_COOKIES_ON,
    };
}

static void use(const struct clients_params *clients)
{
    static const uint8_t secret[16] = {3};
    struct resolver_params resolver = {.query_timeout_ms = BUDGET_MS, .max_queries = MAX_QUERIES};
    world.resolver = resolver_free(world.resolver);
    clients_free(rig.clients);
    rig.clients = clients != NULL ? clients_new(clients, secret) : NULL;
    resolver.clients = rig.clients;
    world.resolver = resolver_new(&resolver, port(), world.cache, &world.pool, &world.audit);
    ck_assert_ptr_nonnull(world.resolver);
}

static void set_up(void)
{
    const char *why;
    memset(&rig, 0, sizeof rig);
    world_set_up();
    ck_assert(access_read_prefix("192.0.2.0/24", &rig.lan, &why));
}

static void tear_down(void)
{
    world_tear_down();
    clients_free(rig.clients);
}

static void set_option(uint16_t code, const void *at, size_t n)
{
    struct buf b = buf_over(rig.option, sizeof rig.option);
    buf_put_u16(&b, code);
    buf_put_u16(&b, (uint16_t)n);
    buf_put(&b, at, n);
    rig.n_option = b.n;
}

/* Asks for localhost, which is answered at once without anybody's help. */
static enum resolver_outcome ask_from(const char *where, bool is_stream)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct client_address from;
    uint8_t at[512];
    struct test_query query = {.id = 7,
                               .flags = FLAG_RD,
                               .name = rig.type == TYPE_ANY ? "www.example.com" : "localhost",
                               .type = rig.type != 0 ? rig.type : TYPE_A,
                               .edns_size = 1232};
    size_t n = test_query_write(&query, at);
    memcpy(at + n, rig.option, rig.n_option);
    bytes_write_u16(at + n - 2, (uint16_t)rig.n_option);
    n += rig.n_option;
    if (rig.is_unasked) {
        size_t n_opt = 11 + rig.n_option;
        bytes_write_u16(at + 4, 0);
        memmove(at + MESSAGE_HEADER, at + n - n_opt, n_opt);
        n = MESSAGE_HEADER + n_opt;
    }
    ck_assert_int_eq(inet_pton(AF_INET, where, &in.sin_addr), 1);
    client_address_set(&from, (struct sockaddr *)&in, NULL);
    struct resolver_client client = {.from = &from, .is_stream = is_stream, .keepalive_ds = 100};
    struct buf out = buf_over(rig.reply, sizeof rig.reply);
    enum resolver_outcome outcome = resolver_ask(world.resolver, bytes_of(at, n), &client, &out);
    rig.n_reply = out.n;
    rig.n_asked = n;
    return outcome;
}

static unsigned rcode(void)
{
    /* The OPT stands behind the question and the records; its extended rcode is found by its
     * type and our size. */
    unsigned low = rig.reply[3] & 15;
    for (size_t i = MESSAGE_HEADER; i + 11 <= rig.n_reply; i++) {
        if (memcmp(rig.reply + i, "\0\0\x29\x04\xd0", 5) == 0) {
            return (unsigned)rig.reply[i + 5] << 4 | low;
        }
    }
    return low;
}

static bool is_truncated(void)
{
    return (rig.reply[2] & FLAG_TC >> 8) != 0;
}

/* lends the value of an option of the reply; its length -1 when it is not there. */
static const uint8_t *option_of(uint16_t code, int *ret_n)
{
    *ret_n = -1;
    for (size_t i = MESSAGE_HEADER; i + 11 <= rig.n_reply; i++) {
        if (memcmp(rig.reply + i, "\0\0\x29\x04\xd0", 5) != 0) {
            continue;
        }
        for (size_t at = i + 11; at + 4 <= rig.n_reply;) {
            size_t n = bytes_read_u16(rig.reply + at + 2);
            if (bytes_read_u16(rig.reply + at) == code) {
                *ret_n = (int)n;
                return rig.reply + at + 4;
            }
            at += 4 + n;
        }
    }
    return NULL;
}

START_TEST(stranger_is_refused_with_ede_18_on_each_transport)
{
    struct clients_params p = params();
    use(&p);
    for (int stream = 0; stream < 2; stream++) {
        int n;
        ck_assert_int_eq(ask_from("198.51.100.1", stream), RESOLVER_ANSWERED);
        ck_assert_uint_eq(rcode(), RCODE_REFUSED);
        const uint8_t *ede = option_of(EDNS_OPTION_EDE, &n);
        ck_assert_int_ge(n, 2);
        ck_assert_uint_eq(bytes_read_u16(ede), EDE_PROHIBITED);
        ck_assert_int_eq(ask_from("192.0.2.9", stream), RESOLVER_ANSWERED);
        ck_assert_uint_eq(rcode(), RCODE_NOERROR);
        ck_assert_int_eq(ask_from("127.0.0.1", stream), RESOLVER_ANSWERED);
        ck_assert_uint_eq(rcode(), RCODE_NOERROR);
    }
}
END_TEST

START_TEST(stranger_can_be_left_without_any_reply)
{
    struct clients_params p = params();
    p.denied = CLIENTS_DENIED_DROP;
    use(&p);
    struct resolver_counts counts;
    ck_assert_int_eq(ask_from("198.51.100.1", false), RESOLVER_DENIED);
    ck_assert_int_eq(ask_from("198.51.100.1", true), RESOLVER_DENIED);
    resolver_count(world.resolver, &counts);
    ck_assert_uint_eq(counts.n_received, counts.n_answered + counts.n_dropped);
}
END_TEST

START_TEST(over_its_rate_a_client_is_sent_to_tcp_and_this_host_is_not)
{
    struct clients_params p = params();
    use(&p);
    for (int i = 0; i < 3; i++) {
        ask_from("192.0.2.9", false);
        ck_assert(!is_truncated());
    }
    ck_assert_int_eq(ask_from("192.0.2.9", false), RESOLVER_ANSWERED);
    ck_assert(is_truncated());
    ck_assert_uint_eq(rcode(), RCODE_NOERROR);
    ck_assert_uint_le(rig.n_reply, 12 + 15 + 11); /* no larger than the query */
    ask_from("192.0.2.9", true);
    ck_assert(!is_truncated());
    ask_from("192.0.2.10", false);
    ck_assert(!is_truncated());
    for (int i = 0; i < 100; i++) {
        ask_from("127.0.0.1", false);
        ck_assert(!is_truncated());
    }
    p.over = CLIENTS_OVER_DROP;
    use(&p);
    for (int i = 0; i < 3; i++) {
        ask_from("192.0.2.9", false);
    }
    ck_assert_int_eq(ask_from("192.0.2.9", false), RESOLVER_LIMITED);
}
END_TEST

START_TEST(e11_client_with_a_good_cookie_is_over_no_rate)
{
    struct clients_params p = params();
    int n;
    use(&p);
    set_option(OPTION_COOKIE, "client_1", 8);
    for (int i = 0; i < 3; i++) {
        ask_from("192.0.2.9", false);
        ck_assert_uint_eq(rcode(), RCODE_NOERROR);
    }
    ask_from("192.0.2.9", false);
    ck_assert_uint_eq(rcode(), RCODE_BAD_COOKIE);
    const uint8_t *cookie = option_of(OPTION_COOKIE, &n);
    ck_assert_int_eq(n, 24);
    ck_assert_mem_eq(cookie, "client_1", 8);
    set_option(OPTION_COOKIE, cookie, 24);
    for (int i = 0; i < 10; i++) {
        ask_from("192.0.2.9", false);
        ck_assert_uint_eq(rcode(), RCODE_NOERROR);
        ck_assert(!is_truncated());
    }
    ask_from("192.0.2.10", false); /* another address: its own tokens, and a new cookie */
    ck_assert_ptr_nonnull(option_of(OPTION_COOKIE, &n));
    ck_assert_mem_ne(option_of(OPTION_COOKIE, &n), rig.option + 4, 24);
}
END_TEST

START_TEST(e11_cookie_without_a_question_asks_for_ours_or_whether_it_is_good)
{
    struct clients_params p = params();
    int n;
    p.rate.burst = 100;
    rig.is_unasked = true;
    for (unsigned is_stream = 0; is_stream < 2; is_stream++) {
        use(&p);
        set_option(OPTION_COOKIE, "client_1", 8);
        ask_from("192.0.2.9", is_stream);
        ck_assert_uint_eq(rcode(), RCODE_NOERROR);
        ck_assert_mem_eq(rig.reply + 4, "\0\0\0\0\0\0\0\1", 8);
        const uint8_t *cookie = option_of(OPTION_COOKIE, &n);
        ck_assert_int_eq(n, 24);
        set_option(OPTION_COOKIE, cookie, 24);
        ask_from("192.0.2.9", is_stream);
        ck_assert_uint_eq(rcode(), RCODE_NOERROR);
        rig.option[27] ^= 1;
        ask_from("192.0.2.9", is_stream);
        ck_assert_uint_eq(rcode(), RCODE_BAD_COOKIE);
        ck_assert_ptr_nonnull(option_of(OPTION_COOKIE, &n));
        set_option(OPTION_COOKIE, "client", 7);
        ask_from("192.0.2.9", is_stream);
        ck_assert_uint_eq(rcode(), RCODE_FORMERR);
        set_option(OPTION_KEEPALIVE, NULL, 0);
        ask_from("192.0.2.9", is_stream);
        ck_assert_uint_eq(rcode(), RCODE_FORMERR);
    }
    p.cookies = CLIENTS_COOKIES_OFF;
    use(&p);
    set_option(OPTION_COOKIE, "client_1", 8);
    ask_from("192.0.2.9", false);
    ck_assert_uint_eq(rcode(), RCODE_FORMERR);
    ck_assert_ptr_null(option_of(OPTION_COOKIE, &n));
}
END_TEST

START_TEST(e11_without_cookies_of_ours_the_option_is_ignored)
{
    struct clients_params p = params();
    int n;
    p.cookies = CLIENTS_COOKIES_OFF;
    use(&p);
    set_option(OPTION_COOKIE, "client_1", 8);
    ask_from("192.0.2.9", false);
    ck_assert_uint_eq(rcode(), RCODE_NOERROR);
    ck_assert_ptr_null(option_of(OPTION_COOKIE, &n));
    use(NULL);
    ask_from("192.0.2.9", false);
    ck_assert_ptr_null(option_of(OPTION_COOKIE, &n));
}
END_TEST

START_TEST(unproven_client_gets_nothing_larger_than_its_query_when_so_told)
{
    struct clients_params p = params();
    int n;
    p.unproven = CLIENTS_UNPROVEN_TRUNCATE;
    use(&p);
    ask_from("192.0.2.9", false);
    ck_assert(is_truncated());
    ck_assert_uint_le(rig.n_reply, 12 + 15 + 11);
    ask_from("127.0.0.1", false);
    ck_assert(!is_truncated());
    set_option(OPTION_COOKIE, "client_1", 8);
    ask_from("192.0.2.9", false);
    const uint8_t *cookie = option_of(OPTION_COOKIE, &n);
    ck_assert_int_eq(n, 24);
    set_option(OPTION_COOKIE, cookie, 24);
    ask_from("192.0.2.9", false);
    ck_assert(!is_truncated());
}
END_TEST

START_TEST(t6_keepalive_is_answered_over_streams_alone)
{
    int n;
    use(NULL);
    set_option(OPTION_KEEPALIVE, NULL, 0);
    ask_from("127.0.0.1", true);
    const uint8_t *idle = option_of(OPTION_KEEPALIVE, &n);
    ck_assert_int_eq(n, 2);
    ck_assert_uint_eq(bytes_read_u16(idle), 100);
    ask_from("127.0.0.1", false);
    ck_assert_ptr_null(option_of(OPTION_KEEPALIVE, &n));
    ck_assert_uint_eq(rcode(), RCODE_NOERROR);
    set_option(OPTION_KEEPALIVE, "ab", 2);
    ask_from("127.0.0.1", true);
    ck_assert_uint_eq(rcode(), RCODE_FORMERR);
    ask_from("127.0.0.1", false);
    ck_assert_uint_eq(rcode(), RCODE_NOERROR);
    rig.n_option = 0;
    ask_from("127.0.0.1", true);
    ck_assert_ptr_null(option_of(OPTION_KEEPALIVE, &n));
}
END_TEST

START_TEST(s5_any_is_no_lever_over_udp_where_strangers_ask)
{
    struct clients_params clients = params();
    rig.type = TYPE_ANY;
    use(&clients);
    ask_from("192.0.2.9", false);
    ck_assert(is_truncated());
    ck_assert_uint_le(rig.n_reply, rig.n_asked);
    ask_from("192.0.2.9", true);
    ck_assert(!is_truncated());
    ck_assert_uint_gt(rig.n_reply, rig.n_asked);
    use(NULL); /* nobody but this host */
    ask_from("127.0.0.1", false);
    ck_assert(!is_truncated());
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        stranger_is_refused_with_ede_18_on_each_transport,
        stranger_can_be_left_without_any_reply,
        over_its_rate_a_client_is_sent_to_tcp_and_this_host_is_not,
        e11_client_with_a_good_cookie_is_over_no_rate,
        e11_cookie_without_a_question_asks_for_ours_or_whether_it_is_good,
        e11_without_cookies_of_ours_the_option_is_ignored,
        unproven_client_gets_nothing_larger_than_its_query_when_so_told,
        s5_any_is_no_lever_over_udp_where_strangers_ask,
        t6_keepalive_is_answered_over_streams_alone,
    };
    return suite_run("admission", tests, sizeof tests / sizeof tests[0], set_up, tear_down);
}
