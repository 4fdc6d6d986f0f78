/* SPDX-License-Identifier: MIT */
/* Tencent's API: what is asked, and what its replies come to. */
#include "tests/unit/vendor_rig.h"

START_TEST(tencent_asks_by_token_or_hidden)
{
    begin(&driver_tencent);
    rig_ask(&rig, "www.dnspod.cn", TYPE_A);
    rig.provider.account.token = secret("123456789");
    ck_assert_str_eq(rig_url(&rig), "https://119.29.29.99/d?dn=www.dnspod.cn&token=123456789&ttl=1&"
                                    "clientip=1&query=1&type=addrs");
    rig.provider.account.id = "96";
    rig.provider.account.cipher = CIPHER_DES;
    rig.provider.account.cipher_key = secret("dnspodpass");
    ck_assert_str_eq(rig_url(&rig),
                     "https://119.29.29.99/d?dn=87ae992c1321f299da3c0210a9900ae7&id=96&alg=des&"
                     "ttl=1&clientip=1&query=1&type=addrs");
    rig.provider.account.cipher = CIPHER_AES;
    rig.provider.account.cipher_key = secret("0123456789abcdef");
    const char *url = rig_url(&rig);
    ck_assert_ptr_nonnull(strstr(url, "&id=96&alg=aes&ttl=1"));
    ck_assert_ptr_null(strstr(url, "dnspod"));
    ck_assert_ptr_null(strstr(url, "123456789&"));
}
END_TEST

START_TEST(tencent_text_is_read_by_its_grammar)
{
    static const struct {
        const char *body, *a, *aaaa;
    } cases[] = {
        {"192.0.2.1;192.0.2.2", "OK NOERROR: A 60 192.0.2.1; A 60 192.0.2.2", "NODATA"},
        {"192.0.2.1;,303|198.51.100.7\n", "OK NOERROR: A 303 192.0.2.1", "NODATA"},
        {"www.Example.com.:192.0.2.1,120-2001:db8::1;2001:db8::2,90|127.0.0.1",
         "OK NOERROR: A 120 192.0.2.1", "OK NOERROR: AAAA 90 2001:db8::1; AAAA 90 2001:db8::2"},
        {"www.example.com.:0-2001:db8::1,90", "NODATA", "OK NOERROR: AAAA 90 2001:db8::1"},
        {"www.example.com.:-2001:db8::1,90", "NODATA", "OK NOERROR: AAAA 90 2001:db8::1"},
        {"2001:db8::1,77", "NODATA", "OK NOERROR: AAAA 77 2001:db8::1"},
        {"www.a.example.:192.0.2.9,60|1.1.1.1\r\nwww.example.com.:192.0.2.1,60|1.1.1.1",
         "OK NOERROR: A 60 192.0.2.1", "NODATA"},
        {"www.a.example.:192.0.2.9,60", "PARSE", "PARSE"}, /* to another question */
        {"www.a.example.:192.0.2.9,60\nwww.b.example.:0", "PARSE", "PARSE"},
        {"www.a.example.:192.0.2.9,60\nwww.example.com.:0", "UNKNOWN_EMPTY", "UNKNOWN_EMPTY"},
        {"www.example.com.:|1.1.1.1", "UNKNOWN_EMPTY", "UNKNOWN_EMPTY"},
        {"-", "UNKNOWN_EMPTY", "UNKNOWN_EMPTY"},
        {"www.example.com:192.0.2.1,60", "PARSE", "PARSE"},
        {"", "UNKNOWN_EMPTY", "UNKNOWN_EMPTY"},
        {"0", "UNKNOWN_EMPTY", "UNKNOWN_EMPTY"},
        {"www.example.com.:0-0,60|1.1.1.1", "UNKNOWN_EMPTY", "UNKNOWN_EMPTY"},
        {"<html><body>portal</body></html>", "PARSE", "PARSE"},
        {"192.0.2.1;nonsense", "PARSE", "PARSE"},
        {"192.0.2.1,1x", "PARSE", "PARSE"},
        {"192.0.2.1,99999999999999999999", "OK NOERROR: A 86400 192.0.2.1", "NODATA"},
        {"192.0.2.1;x-2001:db8::g", "PARSE", "PARSE"},
        {"192.0.2.1,9-2001:db8::g", "OK NOERROR: A 9 192.0.2.1", "PARSE"},
        {"192.0.2.1;x,9-2001:db8::1,9", "PARSE", "OK NOERROR: AAAA 9 2001:db8::1"},
    };
    begin(&driver_tencent);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        rig_ask(&rig, "www.example.com", TYPE_A);
        ck_assert_msg(begins(rig_read(&rig, 200, "text/plain", cases[i].body), cases[i].a),
                      "%s: %s", cases[i].body, rig.text);
        rig_ask(&rig, "www.example.com", TYPE_AAAA);
        ck_assert_msg(begins(rig_read(&rig, 200, "text/plain", cases[i].body), cases[i].aaaa),
                      "%s: %s", cases[i].body, rig.text);
    }
    reads(401, "", "AUTH");
    reads(403, "", "SERVER");
    reads(503, "", "SERVER");
}
END_TEST

START_TEST(tencent_body_is_deciphered)
{
    begin(&driver_tencent);
    rig.provider.account.cipher = CIPHER_DES;
    rig.provider.account.cipher_key = secret("dnspodpass");
    reads(200,
          "a5f634d77458615490714903b173cfddfba7c64904568a4e82b5b4cdd28751211ac226bfa049df0957401d41"
          "cf68832d",
          "OK NOERROR: A 303 123.59.226.2; A 303 123.59.226.3");
    reads(200, "a5f634d77458615490714903b173cfdd", "PARSE");
    reads(200, "not hex", "PARSE");
    rig.provider.account.cipher = CIPHER_AES;
    reads(200, "00", "PARSE");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        tencent_asks_by_token_or_hidden,
        tencent_text_is_read_by_its_grammar,
        tencent_body_is_deciphered,
    };
    return suite_run("tencent", tests, sizeof tests / sizeof tests[0], NULL, vendor_rig_end);
}
