/* SPDX-License-Identifier: MIT */
/* What the longest messages cost, made by somebody who wants them to cost much (PROMISES M6). */
#include "tests/unit/resolver/answering.h"

#include <time.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__OPTIMIZE__)
#define SLOW_BUILD 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) || \
    __has_feature(thread_sanitizer)
#define SLOW_BUILD 1
#endif
#endif
#ifndef SLOW_BUILD
#define SLOW_BUILD 0
#endif

enum {
    BOUND_US = SLOW_BUILD ? 50000 : 1000,
    ROUNDS = 3000, /* until one is within the bound: a busy machine is not the subject */
    OPAQUE = 65400,
};

static uint64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void costs_little(int wanted)
{
    uint64_t best_us = UINT64_MAX;
    for (int i = 0; i < ROUNDS && best_us >= BOUND_US; i++) {
        uint64_t began_us = now_us();
        ck_assert_int_eq(outcome(), wanted);
        uint64_t took_us = now_us() - began_us;
        best_us = took_us < best_us ? took_us : best_us;
    }
    ck_assert_msg(best_us < BOUND_US, "%lu us", (unsigned long)best_us);
}

static size_t room(void)
{
    return m.b.size - m.b.n;
}

/* A record owned by what stands at `owner_at`, with `n` octets of RDATA to follow. */
static void put_head(size_t owner_at, uint16_t type, size_t n)
{
    buf_put_u16(&m.b, (uint16_t)(0xc000 | owner_at));
    maker_put_fixed(&m, ANSWER, type, 300, bytes_of(NULL, 0));
    bytes_write_u16(m.at + m.b.n - 2, (uint16_t)n);
}

/* Fills the message up with addresses of what stands at `owner_at`. */
static void fill_up(size_t owner_at)
{
    while (room() >= 16) {
        put_head(owner_at, TYPE_A, 4);
        buf_put_u32(&m.b, 1);
    }
}

/* Puts `n` pointers, each to the one before. Returns where the last one stands. */
static size_t put_pointers(size_t n)
{
    size_t target = MESSAGE_HEADER;
    put_head(target, OPAQUE, 2 * n);
    for (size_t i = 0; i < n; i++) {
        size_t here = m.b.n;
        buf_put_u16(&m.b, (uint16_t)(0xc000 | target));
        target = here;
    }
    return target;
}

START_TEST(thousands_of_addresses_are_cheap)
{
    begin("www.example.com", TYPE_A);
    fill_up(MESSAGE_HEADER);
    costs_little(ANSWER_OK);
}
END_TEST

START_TEST(m6_long_chain_of_pointers_is_refused_at_once)
{
    begin("a", TYPE_A);
    fill_up(put_pointers(8000));
    costs_little(ANSWER_MALFORMED);
}
END_TEST

/* The root, as it happens, where the ID is 0. */
START_TEST(m6_pointer_into_the_header_is_refused)
{
    begin("a", TYPE_A);
    bytes_write_u16(m.at, 0);
    put_head(0, OPAQUE, 0);
    costs_little(ANSWER_MALFORMED);
}
END_TEST

/* Into the midst of the question's name, where an octet is the length of a label that ends behind
 * the pointer. */
START_TEST(m6_name_that_runs_on_past_its_pointer_is_refused)
{
    enum { DIGIT_AT = MESSAGE_HEADER + 2, N = 64 };
    static const uint8_t roots[N];
    begin("a0", TYPE_A);
    put_head(DIGIT_AT, OPAQUE, N);
    buf_put(&m.b, roots, N);
    costs_little(ANSWER_MALFORMED);
}
END_TEST

START_TEST(e5_a_thousand_empty_options_cost_next_to_nothing)
{
    static const uint8_t options[4 * 16000]; /* and as many as a message holds */
    static const size_t counts[] = {1000, sizeof options / 4};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        begin("a", TYPE_A);
        bytes_write_u16(m.at + 2, FLAG_RD);
        maker_put_opt(&m, 1232, 0, bytes_of(options, 4 * counts[i]));
        uint64_t best_us = UINT64_MAX;
        for (int round = 0; round < ROUNDS && best_us >= BOUND_US; round++) {
            struct query_message query;
            uint64_t began_us = now_us();
            ck_assert_int_eq(message_read_query(maker_message(&m), &query), MESSAGE_OK);
            uint64_t took_us = now_us() - began_us;
            best_us = took_us < best_us ? took_us : best_us;
        }
        ck_assert_uint_lt(best_us, BOUND_US);
    }
}
END_TEST

START_TEST(chain_of_pointers_within_bounds_is_walked_once)
{
    begin("a", TYPE_A);
    fill_up(put_pointers(126));
    costs_little(ANSWER_OK);
}
END_TEST

START_TEST(names_that_overlap_are_cheap)
{
    for (uint8_t length = 1; length < 64; length = (uint8_t)(length + 2)) {
        begin("a", OPAQUE);
        put_head(MESSAGE_HEADER, OPAQUE, 16000);
        size_t began = m.b.n;
        memset(m.at + began, length, 16000);
        memset(m.at + began + 15900, 0, 100);
        m.b.n += 16000;
        /* Each name begins within the one before and ends in the same place. */
        for (size_t at = began + 15899; at > began && room() >= 14; at--) {
            if (15900 - (at - began) < 254)
                put_head(at, OPAQUE, 0);
        }
        for (size_t at = began + 1; room() >= 14; at += 3)
            put_head(began + 15700 + at % 199, OPAQUE, 0);
        /* Some grow beyond 255 octets and are refused: cheap is what counts. */
        costs_little(outcome());
    }
}
END_TEST

START_TEST(names_of_127_labels_are_cheap)
{
    unsigned n = 0;
    begin("a", TYPE_A);
    while (room() >= 300) {
        for (int i = 0; i < 126; i++) {
            buf_put_u8(&m.b, 1);
            buf_put_u8(&m.b, (uint8_t)(n++ * 7));
        }
        buf_put_u8(&m.b, 0);
        maker_put_fixed(&m, ANSWER, TYPE_A, 300, bytes_of("abcd", 4));
    }
    costs_little(ANSWER_OK);
}
END_TEST

/* Thousands of owners that differ in `n_octets` octets of a number, in steps of `step`. */
static void put_owners(size_t n_octets, uint32_t step)
{
    uint32_t number = 0;
    begin("a", TYPE_NS);
    while (room() >= 40) {
        uint8_t label[16] = "XXXXXXXXXXXXXXX";
        bytes_write_u32(label, number += step);
        buf_put_u8(&m.b, (uint8_t)n_octets);
        buf_put(&m.b, label, n_octets);
        buf_put_u16(&m.b, 0xc000 | MESSAGE_HEADER);
        maker_put_fixed(&m, AUTHORITY, 47, 300, bytes_of("\0\0\1\1", 4));
    }
}

START_TEST(owners_in_a_pattern_are_not_mistaken_for_an_attack)
{
    for (size_t n_octets = 4; n_octets < 16; n_octets++) {
        for (unsigned shift = 0; shift <= 16; shift += 4) {
            put_owners(n_octets, 1u << shift);
            costs_little(ANSWER_OK);
        }
    }
}
END_TEST

START_TEST(thousands_of_types_are_cheap)
{
    for (uint16_t step = 1; step < 11; step++) {
        uint16_t type = 256;
        begin("a", TYPE_ANY);
        while (room() >= 12) {
            put_head(MESSAGE_HEADER, type, 0);
            type = (uint16_t)(type < 256 ? 300 : type + step);
        }
        costs_little(ANSWER_OK);
    }
}
END_TEST

START_TEST(names_that_grow_when_decompressed_are_refused_in_time)
{
    char text[260];
    for (size_t i = 0; i < 127; i++)
        memcpy(text + 2 * i, "a.", 3);
    begin(text, TYPE_SRV);
    while (room() >= 20) {
        put_head(MESSAGE_HEADER, TYPE_SRV, 8);
        buf_put(&m.b, "\0\0\0\0\0\0\300\014", 8);
    }
    costs_little(ANSWER_MALFORMED);
}
END_TEST

START_TEST(counts_of_65535_are_refused_at_once)
{
    begin("a", TYPE_A);
    fill_up(MESSAGE_HEADER);
    for (size_t at = ANSWER; at <= ADDITIONAL; at += 2)
        bytes_write_u16(m.at + at, UINT16_MAX);
    costs_little(ANSWER_MALFORMED);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        thousands_of_addresses_are_cheap,
        m6_long_chain_of_pointers_is_refused_at_once,
        m6_pointer_into_the_header_is_refused,
        m6_name_that_runs_on_past_its_pointer_is_refused,
        e5_a_thousand_empty_options_cost_next_to_nothing,
        chain_of_pointers_within_bounds_is_walked_once,
        names_that_overlap_are_cheap,
        names_of_127_labels_are_cheap,
        owners_in_a_pattern_are_not_mistaken_for_an_attack,
        thousands_of_types_are_cheap,
        names_that_grow_when_decompressed_are_refused_in_time,
        counts_of_65535_are_refused_at_once,
    };
    return suite_run("cost", tests, sizeof tests / sizeof *tests, NULL, let_go);
}
