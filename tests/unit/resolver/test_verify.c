/* SPDX-License-Identifier: MIT */
#include "resolver/presentation/verify.h"
#include "tests/unit/signed.h"
#include "tests/unit/suite.h"

#include <stdlib.h>

#define MESSAGE(at) bytes_of(at, sizeof at)

enum { NOW = 1800000000, LATE = 1810000001 };

static struct question question;
static struct name signer;

static void set_up(void)
{
    question = (struct question){.type = TYPE_A, .class = CLASS_IN};
    ck_assert_int_eq(name_from_text("www.signed.example.net", &question.name), 0);
    ck_assert_int_eq(name_from_text("signed.example.net", &signer), 0);
}

static struct verify_result verify_with(struct bytes message, const struct bytes *keys, size_t n,
                                        int64_t now_s)
{
    struct verify_result result;
    struct verify_wish wish = {&question, message, &signer, keys, n, now_s};
    verify_answer(&wish, &result);
    return result;
}

static struct verify_result verify(struct bytes message, int64_t now_s)
{
    struct bytes keys = MESSAGE(signed_keys);
    return verify_with(message, &keys, 1, now_s);
}

/* The message with the address 5.6.7.8 made another. */
static struct bytes forged(struct bytes message, uint8_t out[512])
{
    static const uint8_t was[] = {5, 6, 7, 8};
    memcpy(out, message.at, message.n);
    uint8_t *at = memmem(out, message.n, was, sizeof was);
    ck_assert_ptr_nonnull(at);
    at[0] = 62;
    return bytes_of(out, message.n);
}

START_TEST(a_signature_of_the_zones_key_verifies)
{
    struct verify_result result = verify(MESSAGE(signed_good), NOW);
    ck_assert_int_eq(result.outcome, VERIFY_VALID);
    ck_assert_uint_eq(result.original_ttl_s, 300);
    ck_assert_uint_eq(result.inception_s, 1790000000);
    struct name found;
    ck_assert(verify_signer(MESSAGE(signed_good), &question, &found));
    ck_assert(name_equal(&found, &signer));
}
END_TEST

START_TEST(an_altered_address_does_not_verify)
{
    uint8_t room[512];
    struct verify_result result = verify(forged(MESSAGE(signed_good), room), NOW);
    ck_assert_int_eq(result.outcome, VERIFY_INVALID);
    ck_assert_uint_eq(result.original_ttl_s, 0);
    ck_assert_int_eq(verify(forged(MESSAGE(signed_good), room), LATE).outcome, VERIFY_INVALID);
}
END_TEST

START_TEST(a_signature_whose_time_is_over_is_told_as_that)
{
    struct verify_result result = verify(MESSAGE(signed_good), LATE);
    ck_assert_int_eq(result.outcome, VERIFY_EXPIRED);
    ck_assert_uint_eq(result.inception_s, 1790000000);
}
END_TEST

START_TEST(a_signature_by_a_key_that_is_not_there_says_nothing)
{
    uint8_t room[512];
    ck_assert_int_eq(verify(MESSAGE(signed_rolled), NOW).outcome, VERIFY_UNKNOWN);
    ck_assert_int_eq(verify(forged(MESSAGE(signed_rolled), room), NOW).outcome, VERIFY_UNKNOWN);
    ck_assert_int_eq(verify_with(MESSAGE(signed_good), NULL, 0, NOW).outcome, VERIFY_UNKNOWN);
}
END_TEST

START_TEST(a_key_counts_only_when_every_witness_gives_it)
{
    struct bytes keys[] = {MESSAGE(signed_keys), MESSAGE(signed_keys)};
    ck_assert_int_eq(verify_with(MESSAGE(signed_good), keys, 2, NOW).outcome, VERIFY_VALID);
    keys[1] = MESSAGE(signed_other_keys);
    ck_assert_int_eq(verify_with(MESSAGE(signed_good), keys, 2, NOW).outcome, VERIFY_UNKNOWN);
    keys[1] = bytes_of(signed_keys, 20);
    ck_assert_int_eq(verify_with(MESSAGE(signed_good), keys, 2, NOW).outcome, VERIFY_UNKNOWN);
}
END_TEST

START_TEST(no_signature_is_told_apart_from_no_answer)
{
    struct name found;
    ck_assert_int_eq(verify(MESSAGE(signed_bare), NOW).outcome, VERIFY_ABSENT);
    ck_assert(!verify_signer(MESSAGE(signed_bare), &question, &found));
    question.type = TYPE_AAAA;
    ck_assert_int_eq(verify(MESSAGE(signed_good), NOW).outcome, VERIFY_UNKNOWN);
}
END_TEST

START_TEST(a_wildcards_signature_proves_nothing)
{
    ck_assert_int_eq(verify(MESSAGE(signed_wildcard), NOW).outcome, VERIFY_UNKNOWN);
}
END_TEST

START_TEST(a_signer_beside_the_name_is_none)
{
    struct name found;
    ck_assert_int_eq(name_from_text("www.elsewhere.net", &question.name), 0);
    ck_assert(!verify_signer(MESSAGE(signed_good), &question, &found));
    ck_assert_int_eq(verify(MESSAGE(signed_good), NOW).outcome, VERIFY_UNKNOWN);
}
END_TEST

/* Any octet turned or anything cut: never VALID with another address, never a crash. */
START_TEST(damaged_messages_are_never_valid_with_other_addresses)
{
    uint8_t room[512];
    struct bytes good = MESSAGE(signed_good);
    for (size_t i = 0; i < good.n; i++) {
        memcpy(room, good.at, good.n);
        room[i] ^= 0x55;
        (void)verify(bytes_of(room, good.n), NOW);
        ck_assert_int_ne(verify(bytes_of(good.at, i), NOW).outcome, VERIFY_VALID);
    }
}
END_TEST

/* ---- KeyTrap (CVE-2023-50387) ---- */

static size_t record_end(const uint8_t *at, size_t from)
{
    while (at[from] != 0 && at[from] < 0xc0) {
        from += 1u + at[from];
    }
    from += at[from] != 0 ? 2 : 1;
    return from + 10 + bytes_read_u16(at + from + 8);
}

/* The zone's keys, each behind `n` others of the same tag: two words of a key change places, which
 * its checksum does not see. */
static struct bytes colliding_keys(size_t n, uint8_t out[4096])
{
    struct bytes keys = MESSAGE(signed_keys);
    uint16_t n_records = bytes_read_u16(keys.at + 6), n_out = 0;
    size_t from = 12 + signer.n + 4, end = from;
    memcpy(out, keys.at, from);
    for (uint16_t i = 0; i < n_records; i++) {
        size_t next = record_end(keys.at, from), length = next - from;
        size_t words = length - bytes_read_u16(keys.at + from + 10) + 4;
        for (size_t k = 0; k < n && bytes_read_u16(keys.at + from + 2) == TYPE_DNSKEY; k++) {
            uint8_t *copy = out + end, *word = copy + words + 2 * k;
            memcpy(copy, keys.at + from, length);
            memcpy(word, keys.at + from + words + 2 * k + 2, 2);
            memcpy(word + 2, keys.at + from + words + 2 * k, 2);
            end += length;
            n_out++;
        }
        memcpy(out + end, keys.at + from, length);
        end += length;
        n_out++;
        from = next;
    }
    bytes_write_u16(out + 6, n_out);
    return bytes_of(out, end);
}

START_TEST(few_keys_of_one_tag_are_all_tried)
{
    uint8_t room[4096];
    struct bytes keys = colliding_keys(3, room);
    ck_assert_int_eq(verify_with(MESSAGE(signed_good), &keys, 1, NOW).outcome, VERIFY_VALID);
}
END_TEST

START_TEST(many_keys_of_one_tag_cost_eight_tries_and_prove_nothing)
{
    uint8_t room[4096], message[512];
    struct bytes keys = colliding_keys(VERIFY_TRIES_MAX, room);
    ck_assert_int_eq(verify_with(MESSAGE(signed_good), &keys, 1, NOW).outcome, VERIFY_UNKNOWN);
    struct bytes altered = forged(MESSAGE(signed_good), message);
    ck_assert_int_eq(verify_with(altered, &keys, 1, NOW).outcome, VERIFY_UNKNOWN);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        a_signature_of_the_zones_key_verifies,
        an_altered_address_does_not_verify,
        a_signature_whose_time_is_over_is_told_as_that,
        a_signature_by_a_key_that_is_not_there_says_nothing,
        a_key_counts_only_when_every_witness_gives_it,
        no_signature_is_told_apart_from_no_answer,
        a_wildcards_signature_proves_nothing,
        a_signer_beside_the_name_is_none,
        damaged_messages_are_never_valid_with_other_addresses,
        few_keys_of_one_tag_are_all_tried,
        many_keys_of_one_tag_cost_eight_tries_and_prove_nothing,
    };
    return suite_run("verify", tests, sizeof tests / sizeof tests[0], set_up, NULL);
}
