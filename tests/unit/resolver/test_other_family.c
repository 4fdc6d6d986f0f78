/* SPDX-License-Identifier: MIT */
/* What a reply tells of a name's other address family is known to whoever asks for that next. */
#include "resolver/wire/compose.h"
#include "tests/unit/messages.h"
#include "tests/unit/query_world.h"
#include "tests/unit/suite.h"

static enum resolver_outcome ask_aaaa(size_t i, bool want_do)
{
    struct test_query query = {.id = (uint16_t)(1000 + i),
                               .flags = FLAG_RD,
                               .name = "www.example.com",
                               .type = TYPE_AAAA,
                               .edns_size = 1232,
                               .want_do = want_do};
    uint8_t at[512];
    return ask_bytes(i, bytes_of(at, test_query_write(&query, at)));
}

/* One address, or with NULL none, and its absence to be kept as long. */
static struct answer *aaaa(const uint8_t address[16])
{
    uint8_t records[64];
    struct question question = {.type = TYPE_AAAA, .class = CLASS_IN};
    ck_assert_int_eq(name_from_text("www.example.com", &question.name), 0);
    struct buf b = buf_over(records, sizeof records);
    buf_put_u16(&b, TYPE_AAAA);
    buf_put_u16(&b, CLASS_IN);
    buf_put_u32(&b, 60);
    buf_put_u16(&b, 16);
    buf_put(&b, address, address != NULL ? 16 : 0);
    struct reply_local local = {.ttl_s = 60, .ede = EDE_NONE};
    if (address != NULL) {
        local.records = bytes_of(records, b.n);
        local.n_records = 1;
    }
    struct answer *answer = NULL;
    ck_assert_int_eq(compose_local(&question, &local, port_now_us(port()), &answer), 0);
    return answer;
}

/* Client 0 is told A, with `other` beside it. */
static void learn(struct answer *other)
{
    ask(0, "www.example.com");
    fake_pool_end_at(&world.pool, 0,
                     (struct attempt_end){.verdict = ATTEMPT_ANSWERED,
                                          .answer = good("www.example.com", 60),
                                          .other = other,
                                          .detail = ""});
    ck_assert_uint_eq(rcode_of(0), RCODE_NOERROR);
}

static void set_policy(struct policy_params params)
{
    static const uint8_t secret[16];
    struct policy *policy = NULL;
    struct policy_teller teller = {0};
    ck_assert_int_eq(policy_load(&params, POLICY_FILELESS, secret, &teller, &policy), 0);
    resolver_set_policy(world.resolver, policy);
}

static const uint8_t public_v6[16] = {0x2a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
static const uint8_t private_v6[16] = {0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

START_TEST(other_family_is_known_from_the_same_reply)
{
    learn(aaaa(public_v6));
    ck_assert_int_eq(ask_aaaa(1, false), RESOLVER_ANSWERED);
    ck_assert_uint_eq(n_answers_of(1), 1);
    ck_assert_int_eq(ask_aaaa(2, true), RESOLVER_PENDING);
    ck_assert_uint_eq(world.pool.n_live, 1);
}
END_TEST

START_TEST(absence_of_the_other_family_is_known_as_well)
{
    learn(aaaa(NULL));
    ck_assert_int_eq(ask_aaaa(1, false), RESOLVER_ANSWERED);
    ck_assert_uint_eq(n_answers_of(1), 0);
    ck_assert_uint_eq(rcode_of(1), RCODE_NOERROR);
}
END_TEST

START_TEST(it_is_known_though_what_was_asked_for_is_not)
{
    ask(0, "www.example.com");
    fake_pool_end_at(&world.pool, 0,
                     (struct attempt_end){
                         .verdict = ATTEMPT_RETRY_NEXT, .other = aaaa(public_v6), .detail = ""});
    ck_assert_int_eq(ask_aaaa(1, false), RESOLVER_ANSWERED);
    ck_assert_uint_eq(world.clients[0].n_replies, 0);
}
END_TEST

START_TEST(private_address_is_not_learnt_beside_a_public_one)
{
    set_policy((struct policy_params){.guard = POLICY_YES});
    learn(aaaa(private_v6));
    ck_assert_int_eq(ask_aaaa(1, false), RESOLVER_PENDING);
}
END_TEST

START_TEST(absence_that_dns64_would_fill_is_not_learnt)
{
    set_policy((struct policy_params){.dns64 = POLICY_DNS64_AUTO});
    learn(aaaa(NULL));
    ck_assert_int_eq(ask_aaaa(1, false), RESOLVER_PENDING);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        other_family_is_known_from_the_same_reply,
        absence_of_the_other_family_is_known_as_well,
        it_is_known_though_what_was_asked_for_is_not,
        private_address_is_not_learnt_beside_a_public_one,
        absence_that_dns64_would_fill_is_not_learnt,
    };
    return suite_run("other_family", tests, sizeof tests / sizeof tests[0], world_set_up,
                     world_tear_down);
}
