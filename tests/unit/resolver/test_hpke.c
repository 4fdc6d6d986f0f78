/* SPDX-License-Identifier: MIT */
#include "resolver/crypto/hkdf.h"
#include "resolver/crypto/hpke.h"
#include "tests/unit/fake_port.h"
#include "tests/unit/suite.h"
#include "tests/unit/vectors.h"

#include <errno.h>

/* A port whose dice say what a test vector wants. */
static struct vector dice;

static void say_dice(struct port *port, void *at, size_t n)
{
    (void)port;
    ck_assert_uint_eq(n, dice.n);
    memcpy(at, dice.at, n);
}

static const struct port_ops loaded_ops = {.random = say_dice};
static struct port loaded = {.ops = &loaded_ops};

static struct fake_port fair;

static void set_up(void)
{
    fake_port_init(&fair, 7);
}

static void tear_down(void)
{
    port_done(&fair.port);
}

START_TEST(hkdf_gives_the_vectors_of_rfc_5869)
{
    struct vector salt = vector_text("000102030405060708090a0b0c");
    struct vector secret = vector_text("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b");
    struct vector info = vector_text("f0f1f2f3f4f5f6f7f8f9");
    struct vector prk =
        vector_text("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
    struct vector okm =
        vector_text("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
                    "34007208d5b887185865");
    uint8_t key[HKDF_KEY], out[42];
    ck_assert_int_eq(hkdf_extract(vector_bytes(&salt), vector_bytes(&secret), key), 0);
    vector_is(&prk, key, sizeof key);
    ck_assert_int_eq(hkdf_expand(key, vector_bytes(&info), out, sizeof out), 0);
    vector_is(&okm, out, sizeof out);
    /* Appendix A.3: neither salt nor info. */
    prk = vector_text("19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04");
    okm = vector_text("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
                      "9d201395faa4b61a96c8");
    ck_assert_int_eq(hkdf_extract((struct bytes){0}, vector_bytes(&secret), key), 0);
    vector_is(&prk, key, sizeof key);
    ck_assert_int_eq(hkdf_expand(key, (struct bytes){0}, out, sizeof out), 0);
    vector_is(&okm, out, sizeof out);
}
END_TEST

START_TEST(first_message_of_rfc_9180_a_1_1_comes_out_octet_for_octet)
{
    struct vector info = vector_text("4f6465206f6e2061204772656369616e2055726e");
    struct vector receiver_seed =
        vector_text("6db9df30aa07dd42ee5e8181afdb977e538f5e1fec8a06223f33f7013e525037");
    struct vector enc =
        vector_text("37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431");
    struct vector key = vector_text("4531685d41d65f03dc48f6b8302c05b0");
    struct vector nonce = vector_text("56d890e5accaaf011cff4b7d");
    struct vector exporter =
        vector_text("45ff1c2e220db587171952c0592d5f5ebe103f1561a2614e38f2ffd47e99e3f8");
    struct vector aad = vector_text("436f756e742d30");
    struct vector plain = vector_text("4265617574792069732074727574682c20747275746820626561757479");
    struct vector sealed =
        vector_text("f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a3"
                    "55a96d8770ac83d07bea87e13c512a");
    struct hpke_pair receiver;
    struct hpke sender;
    uint8_t sent[HPKE_ENC], out[64];
    dice = vector_text("7268600d403fce431561aef583ee1613527cff655c1343f29812e66706df3234");
    ck_assert_int_eq(hpke_derive_pair(vector_bytes(&receiver_seed), &receiver), 0);
    ck_assert_int_eq(hpke_init_sender(&sender, &loaded, receiver.public, vector_bytes(&info), sent),
                     0);
    vector_is(&enc, sent, sizeof sent);
    vector_is(&key, sender.key, sizeof sender.key);
    vector_is(&nonce, sender.base_nonce, sizeof sender.base_nonce);
    vector_is(&exporter, sender.exporter, sizeof sender.exporter);
    ck_assert_int_eq(hpke_seal(&sender, vector_bytes(&aad), vector_bytes(&plain), out), 0);
    vector_is(&sealed, out, plain.n + AEAD_TAG);
    hpke_done(&sender);
}
END_TEST

static void check_pair(const struct vector *seed, const struct vector *secret,
                       struct hpke_pair *ret_pair)
{
    ck_assert_int_eq(hpke_derive_pair(vector_bytes(seed), ret_pair), 0);
    vector_is(secret, ret_pair->secret, HPKE_KEY);
}

static void check_encryptions(const char **at, struct hpke *sender, struct hpke *receiver)
{
    enum { N_ENCRYPTIONS = 257 };
    uint8_t out[VECTOR_MAX];
    for (size_t i = 0; i < N_ENCRYPTIONS; i++) {
        struct vector aad = vectors_next(at, "aad"), sealed = vectors_next(at, "ct");
        struct vector plain = vectors_next(at, "pt");
        ck_assert_int_eq(hpke_seal(sender, vector_bytes(&aad), vector_bytes(&plain), out), 0);
        vector_is(&sealed, out, plain.n + AEAD_TAG);
        ck_assert_int_eq(hpke_open(receiver, vector_bytes(&aad), vector_bytes(&sealed), out), 0);
        vector_is(&plain, out, sealed.n - AEAD_TAG);
    }
}

static void check_exports(const char **at, const struct hpke *sender, const struct hpke *receiver)
{
    enum { N_EXPORTS = 3, LENGTH = 32 };
    uint8_t out[LENGTH];
    for (size_t i = 0; i < N_EXPORTS; i++) {
        struct vector context = vectors_next(at, "exporter_context");
        struct vector value = vectors_next(at, "exported_value");
        ck_assert_int_eq(hpke_export(sender, vector_bytes(&context), out, LENGTH), 0);
        vector_is(&value, out, LENGTH);
        ck_assert_int_eq(hpke_export(receiver, vector_bytes(&context), out, LENGTH), 0);
        vector_is(&value, out, LENGTH);
    }
}

START_TEST(all_vectors_of_rfc_9180_come_out_octet_for_octet)
{
    char *text = vectors_load("rfc9180-x25519-sha256-aes128gcm-base.json");
    if (text == NULL) {
        return;
    }
    const char *at = text;
    struct vector info = vectors_next(&at, "info"), seed_r = vectors_next(&at, "ikmR");
    struct vector seed_e = vectors_next(&at, "ikmE"), secret_r = vectors_next(&at, "skRm");
    struct vector secret_e = vectors_next(&at, "skEm"), enc = vectors_next(&at, "enc");
    struct hpke_pair receiver_pair, ephemeral_pair;
    struct hpke sender, receiver;
    uint8_t sent[HPKE_ENC];
    check_pair(&seed_r, &secret_r, &receiver_pair);
    check_pair(&seed_e, &secret_e, &ephemeral_pair);
    dice = seed_e;
    ck_assert_int_eq(
        hpke_init_sender(&sender, &loaded, receiver_pair.public, vector_bytes(&info), sent), 0);
    vector_is(&enc, sent, sizeof sent);
    ck_assert_int_eq(hpke_init_receiver(&receiver, &receiver_pair, sent, vector_bytes(&info)), 0);
    check_encryptions(&at, &sender, &receiver);
    check_exports(&at, &sender, &receiver);
    free(text);
}
END_TEST

START_TEST(each_sender_has_an_ephemeral_key_of_its_own)
{
    struct hpke_pair receiver;
    struct hpke one, two;
    uint8_t seed[HPKE_KEY] = {9}, enc_one[HPKE_ENC], enc_two[HPKE_ENC];
    ck_assert_int_eq(hpke_derive_pair(bytes_of(seed, sizeof seed), &receiver), 0);
    ck_assert_int_eq(hpke_init_sender(&one, &fair.port, receiver.public, bytes_of("x", 1), enc_one),
                     0);
    ck_assert_int_eq(hpke_init_sender(&two, &fair.port, receiver.public, bytes_of("x", 1), enc_two),
                     0);
    ck_assert_mem_ne(enc_one, enc_two, HPKE_ENC);
    ck_assert_mem_ne(one.key, two.key, sizeof one.key);
}
END_TEST

START_TEST(what_was_touched_on_the_way_is_not_opened)
{
    struct hpke_pair pair;
    struct hpke sender, receiver;
    uint8_t seed[HPKE_KEY] = {9}, enc[HPKE_ENC], sealed[5 + AEAD_TAG], out[5];
    struct bytes info = bytes_of("about", 5), aad = bytes_of("aad", 3), text = bytes_of("hello", 5);
    ck_assert_int_eq(hpke_derive_pair(bytes_of(seed, sizeof seed), &pair), 0);
    ck_assert_int_eq(hpke_init_sender(&sender, &fair.port, pair.public, info, enc), 0);
    ck_assert_int_eq(hpke_init_receiver(&receiver, &pair, enc, info), 0);
    ck_assert_int_eq(hpke_seal(&sender, aad, text, sealed), 0);
    for (size_t i = 0; i < sizeof sealed; i++) {
        sealed[i] ^= 1;
        ck_assert_int_eq(hpke_open(&receiver, aad, bytes_of(sealed, sizeof sealed), out), -EBADMSG);
        sealed[i] ^= 1;
    }
    ck_assert_int_eq(hpke_open(&receiver, text, bytes_of(sealed, sizeof sealed), out), -EBADMSG);
    ck_assert_int_eq(hpke_open(&receiver, aad, bytes_of(sealed, AEAD_TAG - 1), out), -EBADMSG);
    ck_assert_int_eq(hpke_open(&receiver, aad, bytes_of(sealed, sizeof sealed), out), 0);
    ck_assert_mem_eq(out, "hello", 5);
}
END_TEST

START_TEST(public_key_of_small_order_is_refused)
{
    static const uint8_t nothing[HPKE_KEY] = {0}, one[HPKE_KEY] = {1};
    struct hpke sender;
    uint8_t enc[HPKE_ENC];
    ck_assert_int_eq(hpke_init_sender(&sender, &fair.port, nothing, bytes_of("x", 1), enc),
                     -EBADMSG);
    ck_assert_int_eq(hpke_init_sender(&sender, &fair.port, one, bytes_of("x", 1), enc), -EBADMSG);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        hkdf_gives_the_vectors_of_rfc_5869,
        first_message_of_rfc_9180_a_1_1_comes_out_octet_for_octet,
        all_vectors_of_rfc_9180_come_out_octet_for_octet,
        each_sender_has_an_ephemeral_key_of_its_own,
        what_was_touched_on_the_way_is_not_opened,
        public_key_of_small_order_is_refused,
    };
    return suite_run("hpke", tests, sizeof tests / sizeof tests[0], set_up, tear_down);
}
