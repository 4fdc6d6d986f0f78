/* SPDX-License-Identifier: MIT */
#include "tests/unit/fake_port.h"
#include "tests/unit/odoh_target.h"
#include "tests/unit/suite.h"
#include "tests/unit/vectors.h"

#include <errno.h>

/* RFC 9230's published configuration and the identifier of its key. */
static const char config[] = "00010028002000010001"
                             "0020c6a793bedbd601c25970b1cc46bea80fdb1a8ec51540d79e4f9f17b8baa9da33";
static const char key_id[] = "9265d14d640ff991b31892f36326ab601ea84d61964fc7a9c7f981a5313e58b9";
static const char seed[] = "c9d84d04e6369fccb8a4d5a264001491221f1b97d9b80dd32c35834bb4462383";

static struct fake_port port;
static struct odoh_target target;

static void set_up(void)
{
    struct vector v = vector_text(seed);
    fake_port_init(&port, 11);
    odoh_target_init(&target, vector_bytes(&v));
}

static void tear_down(void)
{
    port_done(&port.port);
}

/* Configurations in hexadecimal, with their length before them. */
static int read_configs(const char *hex, struct odoh_key *ret_key)
{
    struct vector v = vector_text(hex), all = {.n = v.n + 2};
    bytes_write_u16(all.at, (uint16_t)v.n);
    memcpy(all.at + 2, v.at, v.n);
    return odoh_key_read(vector_bytes(&all), ret_key);
}

START_TEST(published_configuration_gives_the_published_key_identifier)
{
    struct odoh_key key;
    struct vector id = vector_text(key_id);
    ck_assert_int_eq(read_configs(config, &key), 0);
    vector_is(&id, key.id, ODOH_KEY_ID);
    ck_assert_mem_eq(key.public, target.pair.public, HPKE_KEY);
    ck_assert_mem_eq(key.id, target.key.id, ODOH_KEY_ID);
}
END_TEST

START_TEST(versions_and_suites_of_others_are_passed_over)
{
    char text[512];
    struct odoh_key key;
    struct vector id = vector_text(key_id);
    static const char *const strange[] = {
        "ff060003aabbcc", /* a version of a draft */
        "0002"
        "0000", /* a version to come, empty */
        "0001000d002100010001"
        "0005"
        "0102030405", /* another KEM */
        "0001000d002000020001"
        "0005"
        "0102030405", /* another KDF */
        "0001000d002000010003"
        "0005"
        "0102030405", /* another AEAD */
        "0001000d002000010001"
        "0005"
        "0102030405", /* our suite, a key that cannot be one */
    };
    for (size_t i = 0; i < sizeof strange / sizeof strange[0]; i++) {
        ck_assert_int_eq(read_configs(strange[i], &key), -ENOENT);
        snprintf(text, sizeof text, "%s%s", strange[i], config);
        ck_assert_int_eq(read_configs(text, &key), 0);
        vector_is(&id, key.id, ODOH_KEY_ID);
        snprintf(text, sizeof text, "%s%s", config, strange[i]);
        ck_assert_int_eq(read_configs(text, &key), 0);
        vector_is(&id, key.id, ODOH_KEY_ID);
    }
}
END_TEST

START_TEST(first_of_two_usable_configurations_is_preferred)
{
    char text[512];
    struct odoh_key key;
    snprintf(text, sizeof text, "0001002800200001000100200900%060d%s", 0, config);
    ck_assert_int_eq(read_configs(text, &key), 0);
    ck_assert_uint_eq(key.public[0], 9);
}
END_TEST

START_TEST(only_ten_configurations_are_looked_at)
{
    char text[512] = "";
    struct odoh_key key;
    for (int i = 0; i < ODOH_CONFIGS_MAX; i++) {
        strcat(text, "00020000");
    }
    strcat(text, config);
    ck_assert_int_eq(read_configs(text, &key), -ENOENT);
    ck_assert_int_eq(read_configs(text + 8, &key), 0);
}
END_TEST

START_TEST(what_is_no_list_of_configurations_is_refused)
{
    struct odoh_key key;
    struct vector v = vector_text(config), all = {.n = v.n + 2};
    bytes_write_u16(all.at, (uint16_t)v.n);
    memcpy(all.at + 2, v.at, v.n);
    for (size_t n = 0; n < all.n; n++) {
        ck_assert_int_eq(odoh_key_read(bytes_of(all.at, n), &key), -EBADMSG);
        ck_assert(n < 2 || n == 2 || odoh_key_read(bytes_of(all.at + 2, n), &key) < 0);
    }
    all.at[all.n++] = 0; /* something behind it */
    ck_assert_int_eq(odoh_key_read(vector_bytes(&all), &key), -EBADMSG);
    ck_assert_int_eq(odoh_key_read(bytes_of("<html>", 6), &key), -EBADMSG);
    /* A key one octet shorter than its configuration says. */
    ck_assert_int_eq(read_configs("0001000e002000010001"
                                  "0005"
                                  "010203040506",
                                  &key),
                     -EBADMSG);
    ck_assert_int_eq(read_configs("00010008002000010001"
                                  "0000",
                                  &key),
                     -EBADMSG);
}
END_TEST

static void check_transaction(const char **at, const struct odoh_target *with)
{
    struct odoh_pending pending;
    struct bytes message;
    uint8_t room[VECTOR_MAX];
    struct vector asked = vectors_next(at, "query");
    size_t n_padding = strtoul(vectors_seek(at, "queryPaddingLength"), NULL, 10);
    struct vector answered = vectors_next(at, "response");
    struct vector query = vectors_next(at, "obliviousQuery");
    struct vector reply = vectors_next(at, "obliviousResponse");
    ck_assert(odoh_target_open(with, vector_bytes(&query), &pending));
    message = odoh_target_message(&pending);
    vector_is(&asked, message.at, message.n);
    ck_assert_uint_eq(pending.n_plain, asked.n + n_padding + 4);
    ck_assert_int_eq(odoh_open(&pending, vector_bytes(&reply), room, &message), 0);
    vector_is(&answered, message.at, message.n);
}

START_TEST(all_published_transactions_are_opened)
{
    enum { N_TRANSACTIONS = 16 };
    char *text = vectors_load("odoh-test-vectors.json");
    if (text == NULL) {
        return;
    }
    const char *at = text;
    struct odoh_key key;
    struct odoh_target published;
    struct vector configs = vectors_next(&at, "odohconfigs");
    struct vector key_seed = vectors_next(&at, "public_key_seed"), id = vectors_next(&at, "key_id");
    odoh_target_init(&published, vector_bytes(&key_seed));
    vector_is(&configs, published.configs, sizeof published.configs);
    ck_assert_int_eq(odoh_key_read(vector_bytes(&configs), &key), 0);
    vector_is(&id, key.id, ODOH_KEY_ID);
    for (int i = 0; i < N_TRANSACTIONS; i++) {
        check_transaction(&at, &published);
    }
    ck_assert_ptr_null(vectors_seek(&at, "query"));
    free(text);
}
END_TEST

/* Seals `message`; gives what was sent and what is kept. */
static struct bytes seal(struct bytes message, struct odoh_pending *ret_pending)
{
    static uint8_t room[ODOH_QUERY_MAX];
    struct buf query = buf_over(room, sizeof room);
    ck_assert_int_eq(odoh_seal(&target.key, &port.port, message, ret_pending, &query), 0);
    return bytes_of(query.at, query.n);
}

START_TEST(target_opens_what_was_sealed_for_it_and_its_length_tells_little)
{
    uint8_t text[ODOH_MESSAGE_MAX];
    memset(text, 'q', sizeof text);
    for (size_t n = 1; n <= sizeof text; n++) {
        struct odoh_pending kept, seen;
        struct bytes query = seal(bytes_of(text, n), &kept);
        ck_assert(odoh_target_open(&target, query, &seen));
        ck_assert(bytes_equal(odoh_target_message(&seen), bytes_of(text, n)));
        ck_assert_mem_eq(kept.secret, seen.secret, ODOH_SECRET);
        ck_assert_uint_eq((seen.n_plain - 4u) % ODOH_PAD_TO, 0);
        ck_assert_uint_lt(seen.n_plain - 4u - n, ODOH_PAD_TO);
    }
}
END_TEST

START_TEST(same_question_twice_looks_like_two)
{
    struct odoh_pending pending;
    uint8_t first[ODOH_QUERY_MAX];
    struct bytes query = seal(bytes_of("question", 8), &pending);
    memcpy(first, query.at, query.n);
    query = seal(bytes_of("question", 8), &pending);
    /* Behind the type, the key and the length nothing is the same. */
    ck_assert_mem_ne(first + 37, query.at + 37, HPKE_ENC);
    ck_assert_mem_ne(first + 37 + HPKE_ENC, query.at + 37 + HPKE_ENC, 100);
}
END_TEST

START_TEST(message_too_long_is_said)
{
    uint8_t text[ODOH_MESSAGE_MAX + 1] = {0}, room[ODOH_QUERY_MAX];
    struct odoh_pending pending;
    struct buf query = buf_over(room, sizeof room), small = buf_over(room, 100);
    ck_assert_int_eq(
        odoh_seal(&target.key, &port.port, bytes_of(text, sizeof text), &pending, &query),
        -EMSGSIZE);
    ck_assert_int_eq(odoh_seal(&target.key, &port.port, bytes_of(text, 9), &pending, &small),
                     -EMSGSIZE);
}
END_TEST

START_TEST(reply_is_believed_only_when_nothing_about_it_was_changed)
{
    struct odoh_pending pending, other;
    uint8_t reply[256], room[256];
    struct bytes message;
    seal(bytes_of("question", 8), &pending);
    seal(bytes_of("question", 8), &other);
    size_t n = odoh_target_answer(&pending, bytes_of("answer", 6), 7, reply);
    ck_assert_int_eq(odoh_open(&pending, bytes_of(reply, n), room, &message), 0);
    ck_assert(bytes_equal(message, bytes_of("answer", 6)));
    ck_assert_int_eq(odoh_open(&other, bytes_of(reply, n), room, &message), -EBADMSG);
    for (size_t i = 0; i < n; i++) {
        reply[i] ^= 0x40;
        ck_assert_int_eq(odoh_open(&pending, bytes_of(reply, n), room, &message), -EBADMSG);
        reply[i] ^= 0x40;
        ck_assert_int_eq(odoh_open(&pending, bytes_of(reply, i), room, &message), -EBADMSG);
    }
    ck_assert_int_eq(odoh_open(&pending, bytes_of(reply, n + 1), room, &message), -EBADMSG);
}
END_TEST

START_TEST(plaintext_of_a_reply_is_checked_too)
{
    static const char *const bad[] = {
        "",         /* nothing */
        "00000000", /* no message */
        "000161"
        "0001"
        "01", /* padding that is not zero */
        "000161"
        "0002"
        "00", /* padding shorter than it says */
        "000161"
        "0000"
        "00",     /* something behind the padding */
        "000261", /* message shorter than it says */
    };
    struct odoh_pending pending;
    uint8_t reply[256], room[256];
    struct bytes message;
    seal(bytes_of("question", 8), &pending);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct vector plain = vector_text(bad[i]);
        size_t n = odoh_target_reply(&pending, vector_bytes(&plain), reply);
        ck_assert_int_eq(odoh_open(&pending, bytes_of(reply, n), room, &message), -EBADMSG);
    }
}
END_TEST

START_TEST(what_is_forgotten_is_gone)
{
    static const struct odoh_pending nothing;
    struct odoh_pending pending;
    seal(bytes_of("question", 8), &pending);
    odoh_forget(&pending);
    ck_assert_mem_eq(&pending, &nothing, sizeof pending);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        published_configuration_gives_the_published_key_identifier,
        versions_and_suites_of_others_are_passed_over,
        first_of_two_usable_configurations_is_preferred,
        only_ten_configurations_are_looked_at,
        what_is_no_list_of_configurations_is_refused,
        all_published_transactions_are_opened,
        target_opens_what_was_sealed_for_it_and_its_length_tells_little,
        same_question_twice_looks_like_two,
        message_too_long_is_said,
        reply_is_believed_only_when_nothing_about_it_was_changed,
        plaintext_of_a_reply_is_checked_too,
        what_is_forgotten_is_gone,
    };
    return suite_run("odoh", tests, sizeof tests / sizeof tests[0], set_up, tear_down);
}
