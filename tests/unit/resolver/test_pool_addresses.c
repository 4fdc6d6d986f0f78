/* SPDX-License-Identifier: MIT */
/* Providers whose address is not known. */
#include "tests/unit/pool_rig.h"

static const struct provider_params nameless[] = {
    {.name = "lost", .endpoint = {.id = 0, .url = "https://lost.example/q"}},
    {.name = "found",
     .endpoint =
         {.id = 1, .url = "https://found.example/q", .addresses = addresses, .n_addresses = 1}},
};

static struct {
    unsigned n;
    char host[64], address[64];
} reached;

static void on_reached(void *ctx, const char *host, const char *const *at, size_t n)
{
    (void)ctx;
    reached.n++;
    ck_assert_uint_ge(n, 1);
    snprintf(reached.host, sizeof reached.host, "%s", host);
    snprintf(reached.address, sizeof reached.address, "%s", at[0]);
}

static void use_nameless(const struct kept *kept)
{
    struct pool_params params = {
        .providers = nameless,
        .n_providers = 2,
        .max_attempts = MAX_ATTEMPTS,
        .patience_max_ms = 500,
        .max_ttl_s = 86400,
        .negative_max_ttl_s = 3600,
        .kept = kept,
        .on_reached = on_reached,
    };
    memset(&reached, 0, sizeof reached);
    pool_free(pool);
    pool = pool_new(&params, &fake_port.port, &fake.exchange);
    ck_assert_ptr_nonnull(pool);
}

static enum upstream_addresses source_of(unsigned provider)
{
    struct upstream_state state;
    pool_state(pool, provider, &state);
    return state.source;
}

START_TEST(h8_address_of_a_provider_is_asked_of_another_whose_address_is_known)
{
    use_nameless(NULL);
    ck_assert_int_eq(source_of(0), ADDRESSES_NONE);
    start(0);
    ck_assert_uint_eq(fake.n_live, 2); /* A and AAAA, at the other one */
    ck_assert_uint_eq(fake.live[0].provider, 1);
    answer_with("lost.example", RCODE_NOERROR);
    end_with_status(404, 0);
    fake_port_advance(&fake_port, S / 2);
    ck_assert_uint_eq(fake.n_live, 1);
    ck_assert_uint_eq(fake.live[0].provider, 0);
    ck_assert_uint_eq(fake.live[0].n_addresses, 1);
    ck_assert_int_eq(source_of(0), ADDRESSES_BY_PROVIDER);
    ck_assert_uint_eq(reached.n, 0);
    answer_with("www.example.com", RCODE_NOERROR);
    ck_assert_int_eq(ended.verdict, ATTEMPT_ANSWERED);
    ck_assert_uint_eq(reached.n, 1);
    ck_assert_str_eq(reached.host, "lost.example.");
    ck_assert_str_eq(reached.address, "1.2.3.4");
}
END_TEST

START_TEST(kept_address_is_used_at_once_and_asked_again_beside)
{
    static const char *const at[] = {"192.0.2.77"};
    struct kept kept = {.n = 0};
    kept_put(&kept, "lost.example.", at, 1);
    use_nameless(&kept);
    ck_assert_int_eq(source_of(0), ADDRESSES_KEPT);
    start(0);
    ck_assert_uint_eq(fake.n_live, 3);
    ck_assert_uint_eq(fake.live[2].provider, 0);
    ck_assert_uint_eq(fake.live[2].n_addresses, 1);
    ck_assert_int_eq(source_of(1), ADDRESSES_CONFIGURED);
    while (fake.n_live > 0) {
        end_with(EXCHANGE_UNREACHABLE);
    }
    ck_assert_int_eq(ended.verdict, ATTEMPT_RETRY_NEXT);
}
END_TEST

START_TEST(address_that_leads_nowhere_costs_no_answer_while_the_proved_one_is_known)
{
    static const char *const at[] = {"192.0.2.77"};
    struct kept kept = {.n = 0};
    kept_put(&kept, "lost.example.", at, 1);
    use_nameless(&kept);
    start(0);
    answer_with("lost.example", RCODE_NOERROR); /* 1.2.3.4, and there is nobody */
    end_with_status(404, 0);
    answer_with("www.example.com", RCODE_NOERROR);
    fake_port_advance(&fake_port, S / 2);
    ck_assert_int_eq(source_of(0), ADDRESSES_BY_PROVIDER);
    start(0);
    end_with(EXCHANGE_UNREACHABLE);
    ck_assert_int_eq(ended.verdict, ATTEMPT_RETRY_SAME);
    ck_assert_int_eq(source_of(0), ADDRESSES_KEPT);
}
END_TEST

START_TEST(pool_that_ends_while_an_address_is_asked_for_leaves_nothing_behind)
{
    use_nameless(NULL);
    struct attempt *attempt = start(0);
    ck_assert_uint_eq(fake.n_live, 2);
    attempt_free(attempt, false);
    pool = pool_free(pool);
    ck_assert_uint_eq(fake.n_cancelled, 2);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        h8_address_of_a_provider_is_asked_of_another_whose_address_is_known,
        kept_address_is_used_at_once_and_asked_again_beside,
        address_that_leads_nowhere_costs_no_answer_while_the_proved_one_is_known,
        pool_that_ends_while_an_address_is_asked_for_leaves_nothing_behind,
    };
    return suite_run("pool_addresses", tests, sizeof tests / sizeof tests[0], set_up, tear_down);
}
