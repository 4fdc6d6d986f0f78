/* SPDX-License-Identifier: MIT */
#include "resolver/policy/policy.h"
#include "resolver/wire/compose.h"
#include "tests/unit/messages.h"
#include "tests/unit/query_world.h"
#include "tests/unit/suite.h"

/* A resolver whose policy has this; nobody else refers to it. */
static void obey(const struct policy_params *params)
{
    static const uint8_t secret[16] = {5};
    struct policy_teller teller = {0};
    struct policy *policy = NULL;
    ck_assert_int_eq(policy_load(params, POLICY_FILELESS, secret, &teller, &policy), 0);
    resolver_set_policy(world.resolver, policy);
}

static enum resolver_outcome ask_for(size_t i, const char *name, uint16_t type)
{
    struct test_query query = {.id = (uint16_t)(1000 + i),
                               .flags = FLAG_RD,
                               .name = name,
                               .type = type,
                               .edns_size = 1232};
    uint8_t at[512];
    return ask_bytes(i, bytes_of(at, test_query_write(&query, at)));
}

/* The oldest question under way is about this name and type. */
static void expect_asked(const char *name, uint16_t type)
{
    char text[NAME_MAX_TEXT];
    ck_assert_uint_gt(world.pool.n_live, 0);
    const struct question *asked = world.pool.live[0]->wish.question;
    ck_assert_str_eq(name_to_text(&asked->name, text), name);
    ck_assert_uint_eq(asked->type, type);
}

/* It is answered: the name is there, but has nothing of this type. */
static void answer_nothing(const char *name, uint16_t type)
{
    struct question question = {.type = type, .class = CLASS_IN};
    struct reply_local nothing = {.rcode = RCODE_NOERROR, .ttl_s = 60, .ede = EDE_NONE};
    struct answer *answer = NULL;
    ck_assert_int_eq(name_from_text(name, &question.name), 0);
    ck_assert_int_eq(compose_local(&question, &nothing, port_now_us(port()), &answer), 0);
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, answer);
}

static void pass_ms(uint64_t ms)
{
    fake_port_advance(&world.port, ms * 1000);
}

static void expect_servfail_with_a_reason(size_t i)
{
    ck_assert_uint_eq(rcode_of(i), RCODE_SERVFAIL);
    ck_assert_int_eq(ede_of(i), EDE_NO_REACHABLE);
    ck_assert_uint_eq(n_answers_of(i), 0);
}

static void dns64(enum policy_dns64 how)
{
    struct policy_params params = {.dns64 = how};
    if (how == POLICY_DNS64_PREFIX) {
        ck_assert(dns64_prefix_parse("64:ff9b::/96", &params.dns64_prefix));
    }
    obey(&params);
}

START_TEST(client_of_an_alias_is_told_in_time_when_its_target_is_never_answered)
{
    static const char *const target[] = {"target.example"};
    struct policy_local local = {.name = "alias.example", .values = {target, 1}};
    obey(&(struct policy_params){.locals = &local, .n_locals = 1, .local_ttl_s = 60});
    ck_assert_int_eq(ask_for(0, "alias.example", TYPE_A), RESOLVER_PENDING);
    expect_asked("target.example.", TYPE_A);
    pass_ms(BUDGET_MS - 1);
    ck_assert_uint_eq(world.clients[0].n_replies, 0);
    pass_ms(1);
    expect_servfail_with_a_reason(0);
}
END_TEST

START_TEST(client_is_told_in_time_when_the_address_for_dns64_is_never_answered)
{
    dns64(POLICY_DNS64_PREFIX);
    ck_assert_int_eq(ask_for(0, "v4.example", TYPE_AAAA), RESOLVER_PENDING);
    pass_ms(400);
    answer_nothing("v4.example", TYPE_AAAA);
    expect_asked("v4.example.", TYPE_A);
    ck_assert_int_eq(ask_for(1, "v4.example", TYPE_AAAA), RESOLVER_PENDING); /* waits with it */
    pass_ms(BUDGET_MS - 401);
    ck_assert_uint_eq(world.clients[0].n_replies, 0);
    pass_ms(1);
    expect_servfail_with_a_reason(0);
    expect_servfail_with_a_reason(1);
}
END_TEST

/* It is answered with an address of the family that was asked for. */
static void answer_aaaa(const char *name)
{
    static const uint8_t record[] = "\0\x1c\0\1\0\0\0\x3c\0\x10\x20\1\xd\xb8klmnopqrstuv";
    struct question question = {.type = TYPE_AAAA, .class = CLASS_IN};
    struct reply_local local = {
        .rcode = RCODE_NOERROR, .records = {record, 26}, .n_records = 1, .ede = EDE_NONE};
    struct answer *answer = NULL;
    ck_assert_int_eq(name_from_text(name, &question.name), 0);
    ck_assert_int_eq(compose_local(&question, &local, port_now_us(port()), &answer), 0);
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, answer);
}

/* The name has lost its AAAA, and nobody tells its A. */
START_TEST(k5_stale_addresses_are_told_when_dns64_has_none_to_make_fresh_ones_of)
{
    dns64(POLICY_DNS64_PREFIX);
    ck_assert_int_eq(ask_for(0, "v6.example", TYPE_AAAA), RESOLVER_PENDING);
    answer_aaaa("v6.example");
    pass_ms(70000);
    ck_assert_int_eq(ask_for(1, "v6.example", TYPE_AAAA), RESOLVER_PENDING);
    answer_nothing("v6.example", TYPE_AAAA);
    expect_asked("v6.example.", TYPE_A);
    fake_pool_end(&world.pool, ATTEMPT_RETRY_NEXT, NULL);
    fake_pool_end(&world.pool, ATTEMPT_RETRY_NEXT, NULL);
    ck_assert_int_eq(ask_for(2, "v6.example", TYPE_AAAA), RESOLVER_ANSWERED);
    for (size_t i = 0; i < 3; i++) {
        ck_assert_uint_eq(n_answers_of(i), 1);
        ck_assert_int_eq(ede_of(i), i == 0 ? EDE_NONE : EDE_STALE);
    }
}
END_TEST

START_TEST(stale_addresses_made_by_dns64_are_told_while_what_they_are_made_of_is_stale)
{
    dns64(POLICY_DNS64_PREFIX);
    ck_assert_int_eq(ask_for(0, "v4.example", TYPE_AAAA), RESOLVER_PENDING);
    answer_nothing("v4.example", TYPE_AAAA);
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good("v4.example", 60));
    pass_ms(70000);
    ck_assert_int_eq(ask_for(1, "v4.example", TYPE_AAAA), RESOLVER_PENDING);
    answer_nothing("v4.example", TYPE_AAAA);
    fake_pool_end(&world.pool, ATTEMPT_RETRY_NEXT, NULL);
    fake_pool_end(&world.pool, ATTEMPT_RETRY_NEXT, NULL);
    ck_assert_uint_eq(n_answers_of(1), 1);
    ck_assert_int_eq(ede_of(1), EDE_STALE);
}
END_TEST

/* A provider's reply with this rcode and no record. */
static void answer_error(const char *name, uint16_t type, enum rcode rcode)
{
    struct question question = {.type = type, .class = CLASS_IN};
    struct reply_local error = {.rcode = rcode, .ttl_s = 60, .ede = EDE_NONE};
    struct answer *answer = NULL;
    ck_assert_int_eq(name_from_text(name, &question.name), 0);
    ck_assert_int_eq(compose_local(&question, &error, port_now_us(port()), &answer), 0);
    fake_pool_end(&world.pool, ATTEMPT_RETRY_NEXT, answer);
}

START_TEST(error_for_aaaa_of_all_providers_is_taken_for_an_empty_answer)
{
    dns64(POLICY_DNS64_PREFIX);
    ck_assert_int_eq(ask_for(0, "v4.example", TYPE_AAAA), RESOLVER_PENDING);
    answer_error("v4.example", TYPE_AAAA, RCODE_SERVFAIL);
    expect_asked("v4.example.", TYPE_AAAA); /* of the other provider */
    answer_error("v4.example", TYPE_AAAA, RCODE_SERVFAIL);
    expect_asked("v4.example.", TYPE_A);
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good("v4.example", 60));
    ck_assert_int_eq(ask_for(1, "v4.example", TYPE_AAAA), RESOLVER_ANSWERED);
    for (size_t i = 0; i < 2; i++) {
        ck_assert_uint_eq(rcode_of(i), RCODE_NOERROR);
        ck_assert_uint_eq(n_answers_of(i), 1);
        ck_assert_int_eq(ede_of(i), EDE_NONE);
    }
}
END_TEST

START_TEST(error_for_aaaa_stays_one_when_a_has_no_address_either)
{
    dns64(POLICY_DNS64_PREFIX);
    for (size_t i = 0; i < 3; i++) {
        char name[] = "v0.example";
        name[1] = (char)('0' + i);
        ck_assert_int_eq(ask_for(i, name, TYPE_AAAA), RESOLVER_PENDING);
        answer_error(name, TYPE_AAAA, RCODE_SERVFAIL);
        answer_error(name, TYPE_AAAA, RCODE_SERVFAIL);
        if (i == 0) {
            answer_nothing(name, TYPE_A);
        } else {
            answer_error(name, TYPE_A, RCODE_SERVFAIL);
            answer_error(name, TYPE_A, RCODE_SERVFAIL);
        }
        ck_assert_uint_eq(rcode_of(i), RCODE_SERVFAIL);
        ck_assert_int_ne(ede_of(i), EDE_NONE);
        ck_assert_int_eq(ask_for(i + 3, name, TYPE_AAAA), RESOLVER_ANSWERED);
        ck_assert_int_eq(ede_of(i + 3), EDE_CACHED_ERROR);
    }
    ck_assert_int_eq(ask_for(6, "dead.example", TYPE_AAAA), RESOLVER_PENDING);
    fake_pool_end(&world.pool, ATTEMPT_RETRY_NEXT, NULL); /* nobody was heard: nobody will be */
    fake_pool_end(&world.pool, ATTEMPT_RETRY_NEXT, NULL);
    ck_assert_uint_eq(rcode_of(6), RCODE_SERVFAIL);
    ck_assert_uint_eq(world.pool.n_live, 0);
}
END_TEST

START_TEST(client_is_told_in_time_when_nobody_tells_the_prefix)
{
    dns64(POLICY_DNS64_AUTO);
    ck_assert_int_eq(ask_for(0, "v4.example", TYPE_AAAA), RESOLVER_PENDING);
    pass_ms(400);
    answer_nothing("v4.example", TYPE_AAAA);
    expect_asked("ipv4only.arpa.", TYPE_AAAA);
    pass_ms(BUDGET_MS - 400);
    expect_servfail_with_a_reason(0);
}
END_TEST

START_TEST(answer_that_comes_after_the_client_was_told_is_kept_and_told_to_nobody)
{
    dns64(POLICY_DNS64_PREFIX);
    ck_assert_int_eq(ask_for(0, "v4.example", TYPE_AAAA), RESOLVER_PENDING);
    pass_ms(400);
    answer_nothing("v4.example", TYPE_AAAA);
    pass_ms(BUDGET_MS - 400);
    expect_servfail_with_a_reason(0);
    expect_asked("v4.example.", TYPE_A);
    fake_pool_end(&world.pool, ATTEMPT_ANSWERED, good("v4.example", 300));
    ck_assert_uint_eq(world.clients[0].n_replies, 1);
    ck_assert_int_eq(ask_for(1, "v4.example", TYPE_A), RESOLVER_ANSWERED);
    pass_ms(31000); /* that it failed is forgotten */
    ck_assert_int_eq(ask_for(2, "v4.example", TYPE_AAAA), RESOLVER_PENDING);
    answer_nothing("v4.example", TYPE_AAAA);
    ck_assert_uint_eq(rcode_of(2), RCODE_NOERROR);
    ck_assert_uint_eq(n_answers_of(2), 1);
}
END_TEST

START_TEST(resolver_that_ends_while_its_queries_wait_for_their_own_answers_them_all)
{
    static const char *const target[] = {"target.example"};
    struct policy_local local = {.name = "alias.example", .values = {target, 1}};
    struct policy_params params = {.locals = &local, .n_locals = 1, .local_ttl_s = 60};
    params.dns64 = POLICY_DNS64_AUTO;
    obey(&params);
    ck_assert_int_eq(ask_for(0, "alias.example", TYPE_A), RESOLVER_PENDING);
    world.pool.at_once = 1;
    ck_assert_int_eq(ask_for(1, "v4.example", TYPE_AAAA), RESOLVER_PENDING);
    world.resolver = resolver_free(world.resolver);
    ck_assert_uint_eq(rcode_of(0), RCODE_SERVFAIL);
    ck_assert_uint_eq(rcode_of(1), RCODE_SERVFAIL);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        client_of_an_alias_is_told_in_time_when_its_target_is_never_answered,
        client_is_told_in_time_when_the_address_for_dns64_is_never_answered,
        k5_stale_addresses_are_told_when_dns64_has_none_to_make_fresh_ones_of,
        stale_addresses_made_by_dns64_are_told_while_what_they_are_made_of_is_stale,
        error_for_aaaa_of_all_providers_is_taken_for_an_empty_answer,
        error_for_aaaa_stays_one_when_a_has_no_address_either,
        client_is_told_in_time_when_nobody_tells_the_prefix,
        answer_that_comes_after_the_client_was_told_is_kept_and_told_to_nobody,
        resolver_that_ends_while_its_queries_wait_for_their_own_answers_them_all,
    };
    return suite_run("chase", tests, sizeof tests / sizeof tests[0], world_set_up, world_tear_down);
}
