/* SPDX-License-Identifier: MIT */
#include "resolver/siphash.h"
#include "tests/unit/suite.h"

#include <stdio.h>

/* Key 00 01 … 0f, message 00 01 … n-1: the vectors published with SipHash-2-4. */
static uint64_t published(size_t n, int c, int d)
{
    uint8_t key[16], message[64];
    for (uint8_t i = 0; i < 64; i++) {
        message[i] = i;
        if (i < 16) {
            key[i] = i;
        }
    }
    return siphash(key, bytes_of(message, n), c, d);
}

START_TEST(siphash_2_4_gives_the_published_vectors)
{
    ck_assert_uint_eq(published(0, 2, 4), UINT64_C(0x726fdb47dd0e0e31));
    ck_assert_uint_eq(published(1, 2, 4), UINT64_C(0x74f839c593dc67fd));
    ck_assert_uint_eq(published(7, 2, 4), UINT64_C(0xab0200f58b01d137));
    ck_assert_uint_eq(published(8, 2, 4), UINT64_C(0x93f5f5799a932462));
    ck_assert_uint_eq(published(15, 2, 4), UINT64_C(0xa129ca6149be45e5));
    ck_assert_uint_eq(published(63, 2, 4), UINT64_C(0x958a324ceb064572));
}
END_TEST

START_TEST(another_key_gives_another_hash)
{
    uint8_t a[16] = {1}, b[16] = {2};
    struct bytes message = bytes_of("www.example.com", 15);
    ck_assert_uint_ne(siphash13(a, message), siphash13(b, message));
    ck_assert_uint_eq(siphash13(a, message), siphash13(a, message));
}
END_TEST

/* Which of 1024 buckets a name made of a number falls into. */
static unsigned bucket_of(const uint8_t key[16], uint32_t i)
{
    char name[32];
    size_t n = (size_t)snprintf(name, sizeof name, "\7h%06x\7example", (unsigned)i) + 1;
    return (unsigned)(siphash13(key, bytes_of(name, n)) % 1024);
}

/* Who knows the key fills one bucket; under another key the same names spread like any others. */
START_TEST(k8_names_in_a_pattern_spread_like_any_others)
{
    static const uint8_t known[16] = {1}, secret[16] = {2};
    unsigned filled[1024] = {0}, patterned[1024] = {0}, n_chosen = 0, fullest = 0, fullest_of = 0;
    for (uint32_t i = 0; i < 2000000 && n_chosen < 1024; i++) {
        if (bucket_of(known, i) == 0) {
            filled[bucket_of(secret, i)]++;
            n_chosen++;
        }
    }
    ck_assert_uint_eq(n_chosen, 1024);
    for (uint32_t i = 0; i < 1024; i++) {
        patterned[bucket_of(secret, i)]++;
    }
    for (size_t i = 0; i < 1024; i++) {
        fullest = filled[i] > fullest ? filled[i] : fullest;
        fullest_of = patterned[i] > fullest_of ? patterned[i] : fullest_of;
    }
    ck_assert_uint_le(fullest, 9); /* chance gives 6, and 10 once in ten thousand keys */
    ck_assert_uint_le(fullest_of, 9);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {siphash_2_4_gives_the_published_vectors,
                                  another_key_gives_another_hash,
                                  k8_names_in_a_pattern_spread_like_any_others};
    return suite_run("siphash", tests, sizeof tests / sizeof tests[0], NULL, NULL);
}
