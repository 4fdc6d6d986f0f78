/* SPDX-License-Identifier: MIT */
/* Digests and block ciphers against what their standards and the vendors publish. */
#include "resolver/crypto/block.h"
#include "resolver/crypto/digest.h"
#include "resolver/upstream/encode.h"
#include "tests/unit/suite.h"

#include <errno.h>

static struct bytes text(const char *at)
{
    return bytes_of(at, strlen(at));
}

static void digests(enum digest_kind kind, const char *key, const char *message, const char *wanted)
{
    struct digest digest;
    char hex[2 * DIGEST_MAX + 1] = "";
    struct buf out = buf_over(hex, sizeof hex - 1);
    ck_assert_int_eq(digest_of(kind, text(key), text(message), &digest), 0);
    encode_hex(bytes_of(digest.at, digest.n), &out);
    ck_assert_str_eq(hex, wanted);
}

START_TEST(digests_are_those_of_their_standards)
{
    digests(DIGEST_MD5, "", "abc", "900150983cd24fb0d6963f7d28e17f72");
    digests(DIGEST_SHA256, "", "abc",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    digests(DIGEST_HMAC_SHA256, "Jefe", "what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    digests(DIGEST_HMAC_SHA256, "", "",
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}
END_TEST

static const char *cipher(enum block_kind kind, const char *key, const uint8_t *iv,
                          const char *plain)
{
    static char hex[256];
    uint8_t sealed[128], opened[128];
    struct block block = {.kind = kind, .key = text(key), .iv = iv};
    struct buf out = buf_over(sealed, sizeof sealed), back = buf_over(opened, sizeof opened);
    memset(hex, 0, sizeof hex);
    struct buf as_hex = buf_over(hex, sizeof hex - 1);
    ck_assert_int_eq(block_encrypt(&block, text(plain), &out), 0);
    ck_assert_int_eq(block_decrypt(&block, bytes_of(out.at, out.n), &back), 0);
    ck_assert(bytes_equal(bytes_of(back.at, back.n), text(plain)));
    encode_hex(bytes_of(out.at, out.n), &as_hex);
    return hex;
}

START_TEST(ciphers_are_the_vendors)
{
    static const uint8_t iv[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    ck_assert_str_eq(cipher(BLOCK_AES_128_CBC, "0123456789abcdef", iv, "www.dnspod.cn"),
                     "556fad2b1e6696ecb7b748a48d600025");
    ck_assert_str_eq(cipher(BLOCK_DES_ECB, "dnspodpa", NULL, "www.dnspod.cn"),
                     "87ae992c1321f299da3c0210a9900ae7");
    ck_assert_str_eq(cipher(BLOCK_DES_ECB, "weijianl", NULL, "www.google.com"),
                     "cd52888ecabcac455a14ddbac7f03d97");
    cipher(BLOCK_AES_256_ECB, "0123456789abcdef0123456789abcdef", NULL, "");
}
END_TEST

START_TEST(what_has_no_padding_is_refused)
{
    uint8_t out_at[64];
    struct block block = {.kind = BLOCK_DES_ECB, .key = text("dnspodpa")};
    struct buf out = buf_over(out_at, sizeof out_at);
    ck_assert_int_eq(block_decrypt(&block, text("01234567"), &out), -EBADMSG);
    ck_assert_int_eq(block_decrypt(&block, text("0123456"), &out), -EBADMSG);
    ck_assert_int_eq(block_decrypt(&block, text(""), &out), -EBADMSG);
    out = buf_over(out_at, 20);
    ck_assert_int_eq(block_encrypt(&block, text("0123456"), &out), -EMSGSIZE);
}
END_TEST

static void decodes(int (*decode)(struct bytes, struct buf *), const char *in, const char *wanted)
{
    char at[64] = "";
    struct buf out = buf_over(at, sizeof at - 1);
    int outcome = decode(text(in), &out);
    ck_assert_int_eq(outcome, wanted != NULL ? 0 : -EINVAL);
    if (wanted != NULL) {
        ck_assert(bytes_equal(bytes_of(out.at, out.n), text(wanted)));
    }
}

START_TEST(hexadecimal_and_base64_are_read_strictly)
{
    decodes(decode_hex, "4a4B", "JK");
    decodes(decode_hex, "", "");
    decodes(decode_hex, "4a4", NULL);
    decodes(decode_hex, "4g", NULL);
    decodes(decode_base64, "Zm9vYmFy", "foobar");
    decodes(decode_base64, "Zm9v\r\nYg==", "foob");
    decodes(decode_base64, "Zm8=", "fo");
    decodes(decode_base64, "Zm8", NULL);
    decodes(decode_base64, "Z===", NULL);
    decodes(decode_base64, "Zg==Zg==", NULL);
    decodes(decode_base64, "Zm9-", NULL);
}
END_TEST

START_TEST(url_escapes_all_that_is_not_unreserved)
{
    char at[64] = "";
    struct buf out = buf_over(at, sizeof at - 1);
    encode_url(text("aZ9-._~ /?&=+%,\xff"), &out);
    ck_assert_str_eq(at, "aZ9-._~%20%2F%3F%26%3D%2B%25%2C%FF");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        digests_are_those_of_their_standards,   ciphers_are_the_vendors,
        what_has_no_padding_is_refused,         hexadecimal_and_base64_are_read_strictly,
        url_escapes_all_that_is_not_unreserved,
    };
    return suite_run("digest", tests, sizeof tests / sizeof tests[0], NULL, NULL);
}
