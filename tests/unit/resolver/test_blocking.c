/* SPDX-License-Identifier: MIT */
/* What lists make of a query on its whole way: names that hide behind other names, and what policy
 * zones want beside a denial. */
#include "tests/unit/messages.h"
#include "tests/unit/query_world.h"
#include "tests/unit/resolver/maker.h"
#include "tests/unit/suite.h"

#include <stdlib.h>
#include <unistd.h>

static char path[40];

static void on_told(void *ctx, bool is_trouble, const char *text)
{
    (void)ctx;
    (void)is_trouble;
    (void)text;
}

/* One list with this text, and nothing else, is what holds from now on. */
static void list_is(const char *text, struct policy_params params)
{
    static const uint8_t secret[16] = {5};
    struct policy_list list = {.path = path, .name = "test"};
    struct policy_teller teller = {.tell = on_told};
    struct policy *policy;
    strcpy(path, "/tmp/test_blocking.XXXXXX");
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    params.lists = &list;
    params.n_lists = 1;
    params.block_ttl_s = 60;
    ck_assert_int_eq(policy_load(&params, POLICY_WHOLE, secret, &teller, &policy), 0);
    unlink(path);
    resolver_set_policy(world.resolver, policy);
}

static const struct policy_params with_cnames = {.block_cnames = true};

/* www.shop.example is x.metrics.example, and that is an address. */
static struct answer *cloaked(void)
{
    static struct maker m;
    struct question question = {.name = made_name("www.shop.example"), TYPE_A, CLASS_IN};
    struct answer_expect expect = {.question = &question,
                                   .id = -1,
                                   .now_us = port_now_us(port()),
                                   .max_ttl_s = 86400,
                                   .negative_max_ttl_s = 3600};
    struct answer *answer;
    maker_begin(&m, FLAG_QR | FLAG_RA, "www.shop.example", TYPE_A);
    maker_put_alias(&m, ANSWER, (struct head){"www.shop.example", TYPE_CNAME, 300},
                    "X.Metrics.example");
    maker_put_a(&m, ANSWER, "X.Metrics.example", 300);
    ck_assert_int_eq(answer_read(maker_message(&m), &expect, &answer), ANSWER_OK);
    return answer;
}

static void learn_cloaked(size_t client)
{
    ck_assert_int_eq(ask(client, "www.shop.example"), RESOLVER_PENDING);
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, cloaked());
}

START_TEST(name_is_blocked_whose_cname_leads_to_a_listed_one_when_it_is_learnt_and_from_the_cache)
{
    struct resolver_counts counts;
    list_is("metrics.example\n", with_cnames);
    learn_cloaked(0);
    ck_assert_int_eq(ask(1, "www.shop.example"), RESOLVER_ANSWERED);
    for (size_t i = 0; i < 2; i++) {
        ck_assert_uint_eq(rcode_of(i), RCODE_NXDOMAIN);
        ck_assert_uint_eq(n_answers_of(i), 0);
        ck_assert_int_eq(ede_of(i), EDE_BLOCKED);
    }
    resolver_count(world.resolver, &counts);
    ck_assert_uint_eq(counts.n_blocked, 2);
}
END_TEST

START_TEST(answer_in_the_cache_follows_the_lists_of_now)
{
    list_is("other.example\n", with_cnames);
    learn_cloaked(0);
    ck_assert_uint_eq(n_answers_of(0), 2);
    list_is("metrics.example\n", with_cnames);
    ck_assert_int_eq(ask(1, "www.shop.example"), RESOLVER_ANSWERED);
    ck_assert_uint_eq(rcode_of(1), RCODE_NXDOMAIN);
    list_is("other.example\n", with_cnames);
    ck_assert_int_eq(ask(2, "www.shop.example"), RESOLVER_ANSWERED);
    ck_assert_uint_eq(n_answers_of(2), 2);
}
END_TEST

START_TEST(targets_are_let_pass_by_choice_by_an_exception_and_for_a_name_that_is_allowed)
{
    static const char *const names[] = {"shop.example", "x.metrics.example"};
    struct policy_params params = with_cnames;
    list_is("metrics.example\n", (struct policy_params){0});
    learn_cloaked(0);
    ck_assert_uint_eq(n_answers_of(0), 2);
    for (size_t i = 0; i < 2; i++) {
        params.allow = (struct policy_texts){&names[i], 1};
        list_is("metrics.example\n", params);
        ck_assert_int_eq(ask(1 + i, "www.shop.example"), RESOLVER_ANSWERED);
        ck_assert_uint_eq(n_answers_of(1 + i), 2);
    }
    list_is("||metrics.example^\n@@||x.metrics.example^\n", with_cnames);
    ask(3, "www.shop.example");
    ck_assert_uint_eq(n_answers_of(3), 2);
    list_is("||metrics.example^\n@@||shop.example^\n", with_cnames);
    ask(4, "www.shop.example");
    ck_assert_uint_eq(n_answers_of(4), 2);
    list_is("||metrics.example^\n", with_cnames);
    ask(5, "www.shop.example");
    ck_assert_uint_eq(rcode_of(5), RCODE_NXDOMAIN);
}
END_TEST

START_TEST(policy_zone_speaks_of_targets_too)
{
    list_is("@ SOA a. b. 1 2 3 4 5\n*.metrics.example CNAME *.\n", with_cnames);
    learn_cloaked(0);
    ck_assert_uint_eq(rcode_of(0), RCODE_NOERROR);
    ck_assert_uint_eq(n_answers_of(0), 0);
    ck_assert_int_eq(ede_of(0), EDE_BLOCKED);
    list_is("@ SOA a. b. 1 2 3 4 5\n*.metrics.example CNAME .\nwww.shop.example CNAME "
            "rpz-passthru.\n",
            with_cnames);
    ask(1, "www.shop.example");
    ck_assert_uint_eq(n_answers_of(1), 2);
    list_is("@ SOA a. b. 1 2 3 4 5\nx.metrics.example CNAME rpz-drop.\n", with_cnames);
    ask(2, "www.shop.example");
    ck_assert_uint_eq(rcode_of(2), RCODE_NXDOMAIN); /* its client is not left to wait */
    list_is("@ SOA a. b. 1 2 3 4 5\nx.metrics.example CNAME rpz-tcp-only.\n", with_cnames);
    ask(3, "www.shop.example");
    ck_assert_uint_eq(n_answers_of(3), 2);
}
END_TEST

START_TEST(policy_zone_drops_a_query_and_counts_it)
{
    struct resolver_counts counts;
    list_is("@ SOA a. b. 1 2 3 4 5\nquiet.example CNAME rpz-drop.\n", with_cnames);
    ck_assert_int_eq(ask(0, "quiet.example"), RESOLVER_BLOCKED);
    ck_assert_uint_eq(world.clients[0].n_replies, 0);
    resolver_count(world.resolver, &counts);
    ck_assert_uint_eq(counts.n_dropped, 1);
    ck_assert_uint_eq(counts.n_blocked, 1);
    ck_assert_uint_eq(counts.n_live, 0);
}
END_TEST

static void on_late_reply(const struct resolver_client *client, struct bytes reply)
{
    (void)client;
    ck_assert_uint_eq(bytes_read_u16(reply.at), 7);
}

static enum resolver_outcome ask_over(bool is_stream, struct buf *out)
{
    struct test_query query = {
        .id = 7, .flags = FLAG_RD, .name = "shy.example", .type = TYPE_A, .edns_size = 1232};
    struct resolver_client client = {.on_reply = on_late_reply, .is_stream = is_stream};
    uint8_t at[512];
    size_t n = test_query_write(&query, at);
    return resolver_ask(world.resolver, bytes_of(at, n), &client, out);
}

START_TEST(policy_zone_sends_a_client_to_tcp_and_there_it_is_answered)
{
    uint8_t at[1232];
    struct buf out = buf_over(at, sizeof at);
    list_is("@ SOA a. b. 1 2 3 4 5\nshy.example CNAME rpz-tcp-only.\n", with_cnames);
    ck_assert_int_eq(ask_over(false, &out), RESOLVER_ANSWERED);
    ck_assert_uint_ne(bytes_read_u16(at + 2) & FLAG_TC, 0);
    ck_assert_int_eq(ask_over(true, &out), RESOLVER_PENDING);
    ck_assert_uint_eq(world.pool.n_live, 1);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        name_is_blocked_whose_cname_leads_to_a_listed_one_when_it_is_learnt_and_from_the_cache,
        answer_in_the_cache_follows_the_lists_of_now,
        targets_are_let_pass_by_choice_by_an_exception_and_for_a_name_that_is_allowed,
        policy_zone_speaks_of_targets_too,
        policy_zone_drops_a_query_and_counts_it,
        policy_zone_sends_a_client_to_tcp_and_there_it_is_answered,
    };
    return suite_run("blocking", tests, sizeof tests / sizeof tests[0], world_set_up,
                     world_tear_down);
}
