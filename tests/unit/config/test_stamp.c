/* SPDX-License-Identifier: MIT */
#include "config/stamp.h"
#include "tests/unit/suite.h"

#include <stdlib.h>

START_TEST(published_stamps_are_read)
{
    static const struct {
        const char *text;
        struct stamp stamp;
    } cases[] = {
        {"sdns://AgcAAAAAAAAABzEuMC4wLjEAEmRucy5jbG91ZGZsYXJlLmNvbQovZG5zLXF1ZXJ5",
         {STAMP_DOH, true, true, true, 0, "1.0.0.1", "dns.cloudflare.com", "/dns-query"}},
        {"sdns://BQcAAAAAAAAAF29kb2guY2xvdWRmbGFyZS1kbnMuY29tCi9kbnMtcXVlcnk",
         {STAMP_ODOH_TARGET, true, true, true, 0, "", "odoh.cloudflare-dns.com", "/dns-query"}},
        {"sdns://hQcAAAAAAAAAAAASb2RvaC1yZWxheS5udW1hLnJzBi9yZWxheQ",
         {STAMP_ODOH_RELAY, true, true, true, 0, "", "odoh-relay.numa.rs", "/relay"}},
        {"sdns://hQcAAAAAAAAAAAAab2RvaC1yZWxheS5lZGdlY29tcHV0ZS5hcHABLw",
         {STAMP_ODOH_RELAY, true, true, true, 0, "", "odoh-relay.edgecompute.app", "/"}},
        {"sdns://hQAAAAAAAAAADjEyNy4wLjAuMTo4MDgwAA5sb2NhbGhvc3Q6ODA4MAYvcHJveHk",
         {STAMP_ODOH_RELAY, false, false, false, 0, "127.0.0.1", "localhost:8080", "/proxy"}},
        {"sdns://hQcAAAAAAAAADDg5LjM4LjEzMS4zOAAYb2RvaC1ubC5hbGVrYmVyZy5uZXQ6NDQzBi9wcm94eQ",
         {STAMP_ODOH_RELAY, true, true, true, 0, "89.38.131.38", "odoh-nl.alekberg.net", "/proxy"}},
        /* An IPv6 address with a port, two certificates. */
        {"sdns://"
         "AgUAAAAAAAAAElsyMDAxOmRiODo6MV06ODQ0M6BhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYSBiYmJiY"
         "mJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYgtkbnMuZXhhbXBsZQIvcQ",
         {STAMP_DOH, true, false, true, 2, "2001:db8::1", "dns.example:8443", "/q"}},
        /* Resolvers for the name at its end. */
        {"sdns://AgUAAAAAAAAAAAAPZG5zLmV4YW1wbGU6NDQ0Ai9xhzkuOS45LjkHMS4xLjEuMQ",
         {STAMP_DOH, true, false, true, 0, "", "dns.example:444", "/q"}},
        /* A port instead of an address. */
        {"sdns://AgUAAAAAAAAABTo4NDQzAAtkbnMuZXhhbXBsZQIvcQ",
         {STAMP_DOH, true, false, true, 0, "", "dns.example:8443", "/q"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct stamp got;
        const struct stamp *want = &cases[i].stamp;
        const char *why = stamp_read(cases[i].text, &got);
        ck_assert_msg(why == NULL, "case %zu: %s", i, why);
        ck_assert_int_eq(got.protocol, want->protocol);
        ck_assert(got.dnssec == want->dnssec && got.no_logs == want->no_logs &&
                  got.no_filter == want->no_filter);
        ck_assert_uint_eq(got.n_hashes, want->n_hashes);
        ck_assert_str_eq(got.address, want->address);
        ck_assert_str_eq(got.host, want->host);
        ck_assert_str_eq(got.path, want->path);
    }
}
END_TEST

START_TEST(what_is_no_stamp_of_ours_says_why)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"https://dns.example/", "a stamp begins with sdns://"},
        {"sdns://", "behind sdns:// stands no base64url"},
        {"sdns://Ag=", "behind sdns:// stands no base64url"},
        {"sdns://Ag/A", "behind sdns:// stands no base64url"},
        {"sdns://AgcAAAAAAAAAB", "behind sdns:// stands no base64url"},
        {"sdns://Ah", "behind sdns:// stands no base64url"},
        {"sdns://AAcAAAAAAAAACTEyNy4wLjAuMQ", "the stamp is one of plain DNS, which is not taken"},
        {"sdns://gQkxMjcuMC4wLjE", "the stamp is one of DNSCrypt, which is not taken"},
        {"sdns://AwUAAAAAAAAAAAALZG5zLmV4YW1wbGU",
         "the stamp is one of DNS over TLS, which is not taken"},
        {"sdns://_w", "the stamp is of a protocol that is not known"},
        {"sdns://Ag", "the stamp is cut short, or not one"},
        {"sdns://AgUAAAAAAAAAAAVzaG9ydAtkbnMuZXhhbXBsZQIvcQ", "the stamp is cut short, or not one"},
        {"sdns://AgUAAAAAAAAAAAALZG5zLmV4YW1wbGUEL3EgCg", "the stamp is cut short, or not one"},
        {"sdns://AgUAAAAAAAAAC2Rucy5leGFtcGxlAAtkbnMuZXhhbXBsZQIvcQ",
         "the stamp's address is none"},
        {"sdns://AgUAAAAAAAAADTEuMS4xLjE6OTk5OTkAC2Rucy5leGFtcGxlAi9x",
         "the stamp's address is none"},
        {"sdns://AgUAAAAAAAAAAAAHZG5zX3gveQIvcQ", "the stamp's host name is none"},
        {"sdns://AgUAAAAAAAAAAAAAAi9x", "the stamp's host name is none"},
        {"sdns://AgUAAAAAAAAAAAALZG5zLmV4YW1wbGUBcQ", "the stamp's path does not begin with '/'"},
        {"sdns://AgcAAAAAAAAAAAAJaC5leGFtcGxlEC9kbnMtcXVlcnl7P2Ruc30",
         "the stamp's path holds '#' or braces, which never reach a server"},
        {"sdns://AgcAAAAAAAAAAAAJaC5leGFtcGxlBC9hI2I",
         "the stamp's path holds '#' or braces, which never reach a server"},
        {"sdns://BQUAAAAAAAAAC2Rucy5leGFtcGxlAi9xAA", "the stamp has something behind its end"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct stamp stamp;
        const char *why = stamp_read(cases[i].text, &stamp);
        ck_assert_msg(why != NULL && strcmp(why, cases[i].why) == 0, "case %zu: %s", i,
                      why != NULL ? why : "taken");
    }
}
END_TEST

START_TEST(every_cut_of_a_stamp_is_refused)
{
    static const char whole[] =
        "sdns://"
        "AgUAAAAAAAAAElsyMDAxOmRiODo6MV06ODQ0M6BhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYSBiYmJiYm"
        "JiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYgtkbnMuZXhhbXBsZQIvcQ";
    struct stamp stamp;
    ck_assert_ptr_null(stamp_read(whole, &stamp));
    for (size_t n = 0; n < sizeof whole - 1; n++) {
        char *cut = strndup(whole, n);
        ck_assert_ptr_nonnull(stamp_read(cut, &stamp));
        free(cut);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        published_stamps_are_read,
        what_is_no_stamp_of_ours_says_why,
        every_cut_of_a_stamp_is_refused,
    };
    return suite_run("stamp", tests, sizeof tests / sizeof tests[0], NULL, NULL);
}
