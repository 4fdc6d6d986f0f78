/* SPDX-License-Identifier: MIT */
#include "resolver/audit/members.h"

#include <arpa/inet.h>
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

/* "meetings[1].local" into `out`. */
static void path_text(const struct members *f, const char *key, char *out, size_t size)
{
    size_t n = 0;
    out[0] = '\0';
    for (size_t i = 0; i < f->depth && n < size; i++) {
        const char *dot = i > 0 && f->path[i].key != NULL ? "." : "";
        int put = f->path[i].index < 0 ? snprintf(out + n, size - n, "%s%s", dot, f->path[i].key)
                                       : snprintf(out + n, size - n, "[%d]", f->path[i].index);
        n += put > 0 ? (size_t)put : 0;
    }
    if (key != NULL && n < size) {
        snprintf(out + n, size - n, "%s%s", f->depth > 0 ? "." : "", key);
    }
}

void members_fail(struct members *f, const char *key, const char *reason)
{
    if (f->failed) {
        return;
    }
    char path[200];
    path_text(f, key, path, sizeof path);
    snprintf(f->why, sizeof f->why, "%s%s%s", path, path[0] != '\0' ? ": " : "", reason);
    f->failed = true;
}

/* The member, unless it is not there, is null, or something failed already. */
static const struct jsonv *find(const struct members *f, const char *key)
{
    const struct jsonv *value = f->failed ? NULL : jsonv_member(f->from, key);
    return value == NULL || jsonv_kind(value) == JSONV_NULL ? NULL : value;
}

bool members_has(const struct members *f, const char *key)
{
    return members_reading(f) && find(f, key) != NULL;
}

static void push(struct members *f, const char *key, int index, const struct jsonv *inner)
{
    assert(f->depth < MEMBERS_NEST_MAX);
    f->path[f->depth].key = key;
    f->path[f->depth].index = index;
    f->path[f->depth++].outer = f->from;
    f->from = inner;
}

static void pop(struct members *f)
{
    assert(f->depth > 0);
    f->from = f->path[--f->depth].outer;
}

bool members_enter(struct members *f, const char *key, bool here)
{
    if (!members_reading(f)) {
        if (here) {
            jsonv_begin_object(f->to, key);
        }
        return here;
    }
    const struct jsonv *value = find(f, key);
    if (value != NULL && jsonv_kind(value) != JSONV_OBJECT) {
        members_fail(f, key, "an object is due here");
        return false;
    }
    if (value != NULL) {
        push(f, key, -1, value);
    }
    return value != NULL;
}

void members_leave(struct members *f)
{
    if (members_reading(f)) {
        pop(f);
    } else {
        jsonv_end(f->to);
    }
}

static const struct jsonv *find_array(struct members *f, const char *key, size_t max)
{
    const struct jsonv *value = find(f, key);
    if (value == NULL) {
        return NULL;
    }
    char reason[64];
    if (jsonv_kind(value) != JSONV_ARRAY) {
        members_fail(f, key, "an array is due here");
        return NULL;
    }
    if (jsonv_count(value) > max) {
        snprintf(reason, sizeof reason, "more than %zu elements", max);
        members_fail(f, key, reason);
        return NULL;
    }
    return value;
}

bool members_enter_list(struct members *f, const char *key, size_t *n, size_t max)
{
    if (!members_reading(f)) {
        if (*n > 0) {
            jsonv_begin_array(f->to, key);
        }
        return *n > 0;
    }
    const struct jsonv *value = find_array(f, key, max);
    *n = value != NULL ? jsonv_count(value) : 0;
    if (value != NULL) {
        push(f, key, -1, value);
    }
    return value != NULL;
}

void members_enter_item(struct members *f, size_t i)
{
    if (!members_reading(f)) {
        jsonv_begin_object(f->to, NULL);
        return;
    }
    const struct jsonv *value = f->failed ? NULL : jsonv_element(f->from, i);
    push(f, NULL, (int)i, value);
    if (value == NULL || jsonv_kind(value) != JSONV_OBJECT) {
        members_fail(f, NULL, "an object is due here");
    }
}

void members_bool(struct members *f, const char *key, bool *value)
{
    if (!members_reading(f)) {
        if (*value) {
            jsonv_put_bool(f->to, key, true);
        }
        return;
    }
    const struct jsonv *got = find(f, key);
    if (got != NULL && !jsonv_bool(got, value)) {
        members_fail(f, key, "true or false is due here");
    }
}

static bool read_number(struct members *f, const char *key, const struct jsonv *got, uint32_t max,
                        uint32_t *ret_value)
{
    double number;
    if (got == NULL) {
        return false;
    }
    /* 60.0 is as whole as 60: many a writer knows no other numbers. */
    if (!jsonv_real(got, &number) || !(number >= 0 && number <= max) ||
        number != (double)(uint32_t)number) {
        char reason[64];
        snprintf(reason, sizeof reason, "a whole number from 0 to %" PRIu32 " is due here", max);
        members_fail(f, key, reason);
        return false;
    }
    *ret_value = (uint32_t)number;
    return true;
}

void members_u32(struct members *f, const char *key, uint32_t *value, uint32_t max)
{
    if (members_reading(f)) {
        read_number(f, key, find(f, key), max, value);
    } else if (*value != 0) {
        jsonv_put_integer(f->to, key, *value);
    }
}

void members_unsigned(struct members *f, const char *key, unsigned *value)
{
    uint32_t number = *value;
    members_u32(f, key, &number, INT32_MAX);
    *value = number;
}

void members_time(struct members *f, const char *key, uint64_t *us, uint64_t unit_us)
{
    if (!members_reading(f)) {
        if (*us != 0) {
            jsonv_put_real(f->to, key, (double)*us / (double)unit_us);
        }
        return;
    }
    const struct jsonv *got = find(f, key);
    double number = 0;
    if (got == NULL) {
        return;
    }
    if (!jsonv_real(got, &number) || !(number >= 0) || number > 1e11) {
        members_fail(f, key, "a number from 0 to 100000000000 is due here");
        return;
    }
    *us = (uint64_t)(number * (double)unit_us + 0.5);
}

static const char *read_text(struct members *f, const char *key, const struct jsonv *got)
{
    const char *text = got != NULL ? jsonv_string(got) : NULL;
    if (got != NULL && text == NULL) {
        members_fail(f, key, "a string is due here");
    }
    return text;
}

void members_text(struct members *f, const char *key, char *value, size_t size)
{
    if (!members_reading(f)) {
        if (value[0] != '\0') {
            jsonv_put_string(f->to, key, value);
        }
        return;
    }
    const char *text = read_text(f, key, find(f, key));
    if (text == NULL) {
        return;
    }
    if (strlen(text) >= size) {
        members_fail(f, key, "the string is too long");
        return;
    }
    memcpy(value, text, strlen(text) + 1);
}

/* The index of the word; n, and an error that lists the words, when it is none. */
static size_t find_word(struct members *f, const char *key, const char *text,
                        const char *const *words, size_t n)
{
    char reason[200] = "one of these is due here:";
    for (size_t i = 0; i < n; i++) {
        if (strcmp(text, words[i]) == 0) {
            return i;
        }
        size_t used = strlen(reason);
        snprintf(reason + used, sizeof reason - used, " %s", words[i]);
    }
    members_fail(f, key, reason);
    return n;
}

void members_word(struct members *f, const char *key, unsigned *value, const char *const *words,
                  size_t n)
{
    if (!members_reading(f)) {
        if (*value != 0) {
            jsonv_put_string(f->to, key, words[*value]);
        }
        return;
    }
    const char *text = read_text(f, key, find(f, key));
    if (text != NULL) {
        size_t i = find_word(f, key, text, words, n);
        *value = i < n ? (unsigned)i : *value;
    }
}

void members_words(struct members *f, const char *key, unsigned *set, const char *const *words,
                   size_t n)
{
    if (!members_reading(f)) {
        jsonv_begin_array(f->to, key);
        for (size_t i = 0; i < n; i++) {
            if ((*set & 1U << i) != 0) {
                jsonv_put_string(f->to, NULL, words[i]);
            }
        }
        jsonv_end(f->to);
        return;
    }
    const struct jsonv *got = find_array(f, key, 2 * n);
    if (got == NULL) {
        return;
    }
    *set = 0;
    for (size_t i = 0; i < jsonv_count(got); i++) {
        const char *text = read_text(f, key, jsonv_element(got, i));
        size_t bit = text != NULL ? find_word(f, key, text, words, n) : n;
        *set |= bit < n ? 1U << bit : 0;
    }
}

void members_name(struct members *f, const char *key, struct name *value)
{
    if (!members_reading(f)) {
        char text[NAME_MAX_TEXT];
        if (value->n > 0) {
            name_to_text(value, text);
            size_t n = strlen(text);
            text[n - (n > 1)] = '\0'; /* as people write names: without the last dot */
            jsonv_put_string(f->to, key, text);
        }
        return;
    }
    const char *text = read_text(f, key, find(f, key));
    if (text == NULL) {
        return;
    }
    struct name name;
    if (name_from_text(text, &name) < 0) {
        members_fail(f, key, "a domain name is due here");
        return;
    }
    name_lower(&name);
    *value = name;
}

static bool read_address(struct members *f, const char *key, const char *text,
                         struct address *ret_address)
{
    struct address address = {0};
    if (text == NULL) {
        return false;
    }
    if (inet_pton(AF_INET, text, address.at) == 1) {
        address.n = 4;
    } else if (inet_pton(AF_INET6, text, address.at) == 1) {
        address.n = 16;
    } else {
        members_fail(f, key, "an IPv4 or IPv6 address is due here");
        return false;
    }
    *ret_address = address;
    return true;
}

void members_address(struct members *f, const char *key, struct address *value)
{
    char text[ADDRESS_TEXT_MAX];
    if (members_reading(f)) {
        read_address(f, key, read_text(f, key, find(f, key)), value);
    } else if (value->n != 0) {
        jsonv_put_string(f->to, key, address_to_text(value, text));
    }
}

static void read_words_of(struct members *f, const struct members_each *each,
                          const char *const *words, size_t n)
{
    struct jsonv_walk walk = jsonv_walk(f->from);
    const char *key;
    const struct jsonv *got;
    while (!f->failed && jsonv_next(&walk, &key, &got)) {
        struct address address;
        unsigned value = 0;
        if (!read_address(f, key, key, &address)) {
            return;
        }
        members_word(f, key, &value, words, n);
        for (size_t i = 0; i < each->n; i++) {
            if (address_equal(&each->at[i], &address)) {
                each->value[i] = (uint8_t)value;
            }
        }
    }
}

void members_words_of(struct members *f, const char *key, const struct members_each *each,
                      const char *const *words, size_t n)
{
    bool here = false;
    for (size_t i = 0; i < each->n; i++) {
        here = here || each->value[i] != 0;
    }
    if (!members_enter(f, key, here)) {
        return;
    }
    if (members_reading(f)) {
        read_words_of(f, each, words, n);
    }
    for (size_t i = 0; i < each->n && !members_reading(f); i++) {
        char text[ADDRESS_TEXT_MAX];
        unsigned value = each->value[i];
        members_word(f, address_to_text(&each->at[i], text), &value, words, n);
    }
    members_leave(f);
}

static void add_address(struct address *at, size_t *n, size_t max, const struct address *address)
{
    for (size_t i = 0; i < *n; i++) {
        if (address_equal(&at[i], address)) {
            return;
        }
    }
    if (*n < max) {
        at[(*n)++] = *address;
    } else if (address_is_bogon(address)) {
        at[max - 1] = *address;
    }
}

enum { LIST_MAX = 1024 };

void members_addresses(struct members *f, const char *key, struct address *at, size_t *n,
                       size_t max)
{
    char text[ADDRESS_TEXT_MAX];
    if (!members_reading(f)) {
        if (*n > 0) {
            jsonv_begin_array(f->to, key);
            for (size_t i = 0; i < *n; i++) {
                jsonv_put_string(f->to, NULL, address_to_text(&at[i], text));
            }
            jsonv_end(f->to);
        }
        return;
    }
    const struct jsonv *got = find_array(f, key, LIST_MAX);
    for (size_t i = 0; got != NULL && i < jsonv_count(got); i++) {
        struct address address;
        if (read_address(f, key, read_text(f, key, jsonv_element(got, i)), &address)) {
            add_address(at, n, max, &address);
        }
    }
}

void members_numbers(struct members *f, const char *key, uint32_t *at, size_t *n, size_t max)
{
    if (!members_reading(f)) {
        if (*n > 0) {
            jsonv_begin_array(f->to, key);
            for (size_t i = 0; i < *n; i++) {
                jsonv_put_integer(f->to, NULL, at[i]);
            }
            jsonv_end(f->to);
        }
        return;
    }
    const struct jsonv *got = find_array(f, key, LIST_MAX);
    for (size_t i = 0; got != NULL && i < jsonv_count(got); i++) {
        uint32_t number;
        if (read_number(f, key, jsonv_element(got, i), UINT32_MAX, &number) && *n < max) {
            at[(*n)++] = number;
        }
    }
}
